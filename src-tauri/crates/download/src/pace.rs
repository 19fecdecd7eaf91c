//! Speed and time left that do not jump.

use tokio::time::Instant;

/// Over how long the speed is smoothed, in seconds.
const SMOOTHING_SECONDS: f64 = 3.0;
/// How much of a new estimate of the time left is believed at each look.
const BELIEF: f64 = 0.15;

/// Looks at a growing count of bytes a few times a second.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Option<(Instant, u64)>,
    average: f64,
    /// How much of the average is made of looks, which corrects it in the first seconds.
    weight: f64,
    left: Option<f64>,
}

impl Pace {
    /// Takes note of `fetched`, the bytes that came so far in this run.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn look(&mut self, fetched: u64, remaining: Option<u64>) {
        let now = Instant::now();
        let Some((then, before)) = self.last else {
            self.last = Some((now, fetched));
            return;
        };
        let seconds = now.duration_since(then).as_secs_f64();
        if seconds < 0.05 {
            return;
        }
        self.last = Some((now, fetched));
        let speed = fetched.saturating_sub(before) as f64 / seconds;
        let keep = (-seconds / SMOOTHING_SECONDS).exp();
        self.average = self.average * keep + speed * (1.0 - keep);
        self.weight = self.weight * keep + (1.0 - keep);

        let speed = self.speed();
        self.left = match remaining {
            Some(remaining) if speed >= 1.0 => {
                let estimate = remaining as f64 / speed;
                Some(match self.left {
                    Some(left) => {
                        let expected = (left - seconds).max(0.0);
                        // Far off, as after a pause or a new network: damping would only prolong the error.
                        if estimate > 3.0 * expected + 5.0 || estimate * 3.0 + 5.0 < expected {
                            expected + 0.5 * (estimate - expected)
                        } else {
                            expected + BELIEF * (estimate - expected)
                        }
                    }
                    None => estimate,
                })
            }
            _ => None,
        };
    }

    /// Begins anew: what was is no sign of what comes.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    fn speed(&self) -> f64 {
        if self.weight > 0.0 {
            self.average / self.weight
        } else {
            0.0
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(crate) fn bytes_per_second(&self) -> u64 {
        self.speed().round() as u64
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        // Beyond a month nobody knows.
        self.left
            .filter(|&left| left < 30.0 * 86_400.0)
            .map(|left| left.ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn time_left_does_not_jump_with_the_speed() {
        let mut pace = Pace::default();
        let total = 1_000_000_000_u64;
        let mut fetched = 0;
        let mut last: Option<u64> = None;
        pace.look(0, Some(total));
        for look in 0..200_u64 {
            tokio::time::advance(Duration::from_millis(250)).await;
            // Bursts: twice nothing, then three times the speed.
            fetched += if look % 3 == 2 { 7_500_000 } else { 0 };
            pace.look(fetched, Some(total - fetched));
            if look > 12 {
                let left = pace.seconds_left().unwrap();
                if let Some(last) = last {
                    assert!(left.abs_diff(last) <= 4, "{last} -> {left} at look {look}");
                }
                last = Some(left);
                let speed = pace.bytes_per_second();
                assert!((8_000_000..12_500_000).contains(&speed), "{speed}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn speed_is_right_from_the_first_second() {
        let mut pace = Pace::default();
        pace.look(0, Some(100));
        tokio::time::advance(Duration::from_millis(250)).await;
        pace.look(250_000, Some(1_000_000));
        assert_eq!(pace.bytes_per_second(), 1_000_000);
        assert_eq!(pace.seconds_left(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_of_what_is_not_known() {
        let mut pace = Pace::default();
        pace.look(0, None);
        assert_eq!((pace.bytes_per_second(), pace.seconds_left()), (0, None));
    }
}
