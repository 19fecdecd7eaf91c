//! When a file's connections may ask again, and what is said meanwhile.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::sync::lock;

const FIRST_BACK_OFF: Duration = Duration::from_millis(250);
/// Without a byte for so long, the whole file stood still.
const SILENCE: Duration = Duration::from_secs(2);
/// Without a byte for so long, while some wait, all do.
const STILL: Duration = Duration::from_millis(600);

#[derive(Debug)]
pub(crate) struct Gate {
    longest_back_off: Duration,
    /// A pause that a server asked for, and how that is said.
    closed: Mutex<Option<(Instant, String)>>,
    /// One connection got through: the others need not wait out their time.
    opened: Notify,
    /// How many connections the server bears.
    bearable: AtomicUsize,
    flow: Mutex<Flow>,
}

#[derive(Debug, Default)]
struct Flow {
    last_byte: Option<Instant>,
    /// How many wait.
    waiting: usize,
    /// Why the last one that began to wait does.
    problem: String,
}

/// Somebody waits.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a Gate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.0.flow).waiting -= 1;
    }
}

impl Gate {
    pub(crate) fn new(longest_back_off: Duration) -> Self {
        Self {
            longest_back_off,
            closed: Mutex::new(None),
            opened: Notify::new(),
            bearable: AtomicUsize::new(usize::MAX),
            flow: Mutex::default(),
        }
    }

    pub(crate) fn bearable(&self) -> usize {
        self.bearable.load(Ordering::Acquire)
    }

    /// Waits while the server wants a pause.
    pub(crate) async fn pass(&self) {
        loop {
            let closed = lock(&self.closed).clone();
            let Some((until, problem)) = closed.filter(|(until, _)| *until > Instant::now()) else {
                return;
            };
            let _waiting = self.wait_for(problem);
            tokio::time::sleep_until(until).await;
        }
    }

    /// A server asked for a pause, and gets fewer connections after it.
    pub(crate) fn pause(&self, wait: Duration, connections: usize, problem: String) {
        let now = Instant::now();
        let mut until = now + wait.max(FIRST_BACK_OFF);
        let mut closed = lock(&self.closed);
        match &*closed {
            Some((other, _)) if *other > now => until = until.max(*other),
            _ => {
                // Once for each pause, however many connections were told.
                let fewer = (connections.min(self.bearable()) / 2).max(1);
                self.bearable.store(fewer, Ordering::Release);
            }
        }
        *closed = Some((until, problem));
    }

    /// Waits before the next try, the longer the more tries failed; less if another connection gets through.
    pub(crate) async fn back_off(&self, failures: u32, problem: String) {
        let _waiting = self.wait_for(problem);
        let doubled = FIRST_BACK_OFF.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let most = doubled.min(self.longest_back_off);
        let wait = most.mul_f64(0.5 + fastrand::f64() / 2.0);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.opened.notified() => {}
        }
    }

    /// Bytes came. The first ones after a silence wake all that wait: the network is back.
    pub(crate) fn through(&self) {
        let now = Instant::now();
        let before = lock(&self.flow).last_byte.replace(now);
        if before.is_some_and(|before| now.duration_since(before) > SILENCE) {
            self.opened.notify_waiters();
        }
    }

    /// Says why nothing comes, as long as the guard is held.
    pub(crate) fn wait_for(&self, problem: String) -> Waiting<'_> {
        let mut flow = lock(&self.flow);
        flow.waiting += 1;
        flow.problem = problem;
        Waiting(self)
    }

    /// Why nothing comes, while nothing does.
    pub(crate) fn waits(&self) -> Option<String> {
        let flow = lock(&self.flow);
        let still = flow.last_byte.is_none_or(|last| last.elapsed() > STILL);
        (flow.waiting > 0 && still).then(|| flow.problem.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn back_off_grows_to_its_cap_and_ends_early_when_another_gets_through() {
        let gate = Gate::new(Duration::from_secs(30));
        for failures in [1, 5, 40] {
            let start = Instant::now();
            gate.back_off(failures, "x".into()).await;
            assert!(start.elapsed() <= Duration::from_secs(30));
        }
        gate.through();
        let start = Instant::now();
        tokio::join!(gate.back_off(30, "x".into()), async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            gate.through();
        });
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert_eq!(gate.waits(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_all_and_halves_the_connections_once() {
        let gate = Gate::new(Duration::from_secs(30));
        for _ in 0..5 {
            gate.pause(Duration::from_secs(7), 8, "pause".into());
        }
        assert_eq!(gate.bearable(), 4);
        let start = Instant::now();
        tokio::join!(gate.pass(), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(gate.waits().as_deref(), Some("pause"));
        });
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }
}
