//! How often a model failed, and what follows: a back-off that grows, and in the end the breaker. After a while one try
//! is let through it: where nobody is there to load the model anew, one bad hour must not take it from everybody for good.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// This many failures within [`WINDOW`] open the breaker.
pub(crate) const MOST: usize = 5;
pub(crate) const WINDOW: Duration = Duration::from_secs(120);
/// The first restart comes nearly at once; each further one takes twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The failures of one model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crashes {
    at: VecDeque<Instant>,
    /// The breaker lets nobody through before.
    closed_until: Option<Instant>,
    /// One was let through, and the next failure opens it again.
    on_trial: bool,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another try, after this long.
    TryAfter(Duration),
    /// No more tries: it failed so often.
    GiveUp(usize),
}

impl Crashes {
    /// Counts one more failure. `jitter` from 0 to 1 spreads the restarts of models that died together.
    pub(crate) fn count(&mut self, now: Instant, jitter: f64) -> Next {
        self.at.push_back(now);
        while self
            .at
            .front()
            .is_some_and(|first| now.duration_since(*first) > WINDOW)
        {
            self.at.pop_front();
        }
        let count = self.at.len();
        if count >= MOST || self.on_trial {
            self.closed_until = Some(now + WINDOW);
            return Next::GiveUp(count);
        }
        let doublings = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings));
        Next::TryAfter(
            pause
                .min(LONGEST_PAUSE)
                .mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0),
        )
    }

    /// Whether one try may pass the open breaker.
    pub(crate) fn may_be_tried(&self, now: Instant) -> bool {
        self.closed_until.is_none_or(|until| now >= until)
    }

    /// One passes.
    pub(crate) fn try_once(&mut self) {
        self.on_trial = true;
    }

    /// It ran for so long since it was tried: from [`WINDOW`] on, it is like any other.
    pub(crate) fn has_run_for(&mut self, time: Duration) {
        self.on_trial &= time < WINDOW;
    }

    /// Forgets them: the user wants it tried afresh.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// From 0 to 1.
pub(crate) fn jitter() -> f64 {
    let mut byte = [0_u8; 1];
    // Without randomness the restarts are not spread, which is no harm.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_until_the_breaker_opens() {
        let mut crashes = Crashes::default();
        let now = Instant::now();
        let pauses: Vec<Next> = (0..5).map(|_| crashes.count(now, 0.5)).collect();
        let after = |milliseconds| Next::TryAfter(Duration::from_millis(milliseconds));
        assert_eq!(
            pauses,
            [
                after(250),
                after(500),
                after(1_000),
                after(2_000),
                Next::GiveUp(5)
            ]
        );
        crashes.forget();
        assert_eq!(crashes.count(now, 0.5), after(250));
    }

    /// One request passes after a while, and one failure closes it again; two minutes of work make it like any other.
    #[tokio::test(start_paused = true)]
    async fn the_breaker_lets_one_try_through() {
        let mut crashes = Crashes::default();
        for _ in 0..5 {
            crashes.count(Instant::now(), 0.5);
        }
        assert!(!crashes.may_be_tried(Instant::now()));
        for _ in 0..2 {
            tokio::time::advance(WINDOW).await;
            assert!(crashes.may_be_tried(Instant::now()));
            crashes.try_once();
            tokio::time::advance(Duration::from_secs(30)).await;
            crashes.has_run_for(Duration::from_secs(30));
            let next = crashes.count(Instant::now(), 0.5);
            assert!(matches!(next, Next::GiveUp(_)), "{next:?}");
            assert!(!crashes.may_be_tried(Instant::now()));
        }
        tokio::time::advance(WINDOW).await;
        crashes.try_once();
        tokio::time::advance(WINDOW).await;
        crashes.has_run_for(WINDOW);
        let next = crashes.count(Instant::now(), 0.5);
        assert!(matches!(next, Next::TryAfter(_)), "{next:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn failures_of_long_ago_do_not_count() {
        let mut crashes = Crashes::default();
        for _ in 0..20 {
            let next = crashes.count(Instant::now(), 0.0);
            assert!(matches!(next, Next::TryAfter(_)), "{next:?}");
            tokio::time::advance(Duration::from_secs(31)).await;
        }
    }
}
