//! Telling that the machine slept.
//!
//! On Linux without waking up for it: a timer that is far away and is cancelled whenever the clock is set, which a
//! resume does; how long it slept is the difference of the clock that goes on in sleep and the one that does not.
//! Elsewhere a slow tick that comes much too late by the wall clock. A clock that somebody sets looks like sleep there;
//! what follows is a look at what runs, which does no harm.

use std::time::Duration;

/// Less is no sleep: clocks are read one after the other.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// Tells sleep from all else that sets a clock.
#[derive(Debug)]
struct SleepMeter {
    /// All sleep since the machine was started, as it was last seen.
    seen: Duration,
}

impl SleepMeter {
    fn new(asleep: Duration) -> Self {
        Self { seen: asleep }
    }

    /// How long the machine slept since this was last asked.
    fn slept(&mut self, asleep: Duration) -> Option<Duration> {
        let slept = asleep.saturating_sub(self.seen);
        self.seen = asleep;
        (slept >= SHORTEST_SLEEP).then_some(slept)
    }
}

#[cfg(target_os = "linux")]
pub(crate) use by_timer::Wake;

#[cfg(not(target_os = "linux"))]
pub(crate) use by_tick::Wake;

#[cfg(target_os = "linux")]
mod by_timer {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::time::{
        ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
        clock_gettime, timerfd_create, timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    use super::SleepMeter;

    /// Waits for the end of sleep.
    pub(crate) struct Wake {
        timer: AsyncFd<OwnedFd>,
        meter: SleepMeter,
    }

    impl Wake {
        /// Begins to watch.
        ///
        /// # Errors
        /// The kernel has no such timer.
        pub(crate) fn new() -> std::io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
            set(&timer)?;
            // SAFETY: the timer is owned by what owns the registration, is lent out only as a reference, and stays the
            // same open file until both are dropped.
            #[allow(unsafe_code)]
            let timer = unsafe { AsyncFd::register(timer) };
            Ok(Self {
                timer: timer.map_err(std::io::Error::from)?,
                meter: SleepMeter::new(asleep()),
            })
        }

        /// The machine slept, and for how long.
        ///
        /// # Errors
        /// The timer is of no use any more.
        pub(crate) async fn slept(&mut self) -> std::io::Result<Duration> {
            loop {
                let mut ready = self.timer.readable().await?;
                let mut expirations = [0_u8; 8];
                let read = rustix::io::read(ready.get_inner(), &mut expirations);
                ready.clear_ready();
                match read {
                    // The clock was set: by a resume, or by somebody.
                    Err(Errno::CANCELED) | Ok(_) => set(ready.get_inner())?,
                    Err(Errno::AGAIN | Errno::INTR) => continue,
                    Err(error) => return Err(error.into()),
                }
                if let Some(slept) = self.meter.slept(asleep()) {
                    return Ok(slept);
                }
            }
        }
    }

    /// Far away, and over as soon as the clock is set.
    fn set(timer: &OwnedFd) -> std::io::Result<()> {
        let never = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: i64::MAX,
                tv_nsec: 0,
            },
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(timer, flags, &never) {
            // Set again between two steps: it is set for the next time all the same.
            Ok(_) | Err(Errno::CANCELED) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// All sleep since the machine was started.
    fn asleep() -> Duration {
        let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
        // In this order: what passes between the two is no sleep.
        let awake = read(ClockId::Monotonic);
        read(ClockId::Boottime).saturating_sub(awake)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Nothing but a clock that is set ends it; setting the machine's is no test's business.
        #[tokio::test]
        async fn it_waits_without_end_while_nothing_happens() {
            let mut wake = Wake::new().unwrap();
            let waited = tokio::time::timeout(Duration::from_millis(100), wake.slept()).await;
            assert!(waited.is_err(), "{waited:?}");
        }
    }
}

#[cfg_attr(target_os = "linux", allow(dead_code))]
mod by_tick {
    use std::time::{Duration, SystemTime};

    use super::SleepMeter;

    const EVERY: Duration = Duration::from_secs(30);
    /// A tick of a busy machine is late, too.
    const LATE: Duration = Duration::from_secs(15);

    /// Waits for the end of sleep.
    pub(crate) struct Wake {
        meter: SleepMeter,
        asleep: Duration,
    }

    impl Wake {
        /// Begins to watch.
        ///
        /// # Errors
        /// None here.
        pub(crate) fn new() -> std::io::Result<Self> {
            Ok(Self {
                meter: SleepMeter::new(Duration::ZERO),
                asleep: Duration::ZERO,
            })
        }

        /// The machine slept, and for about how long.
        ///
        /// # Errors
        /// None here.
        pub(crate) async fn slept(&mut self) -> std::io::Result<Duration> {
            loop {
                let begin = SystemTime::now();
                tokio::time::sleep(EVERY).await;
                self.asleep += gap(begin.elapsed().unwrap_or_default());
                if let Some(slept) = self.meter.slept(self.asleep) {
                    return Ok(slept);
                }
            }
        }
    }

    /// How much of the time between two ticks was sleep.
    pub(super) fn gap(between: Duration) -> Duration {
        let over = between.saturating_sub(EVERY);
        if over >= LATE { over } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clock_that_goes_on_in_sleep_tells_of_sleep() {
        let seconds = Duration::from_secs;
        let mut meter = SleepMeter::new(seconds(100));
        // Somebody set the wall clock.
        assert_eq!(meter.slept(seconds(100)), None);
        assert_eq!(meter.slept(seconds(100) + Duration::from_millis(3)), None);
        assert_eq!(
            meter.slept(seconds(3_700)),
            Some(seconds(3_600) - Duration::from_millis(3))
        );
        assert_eq!(meter.slept(seconds(3_700)), None, "told once");
    }

    #[test]
    fn a_tick_that_comes_much_too_late_was_slept_through() {
        let seconds = Duration::from_secs;
        assert_eq!(by_tick::gap(seconds(31)), Duration::ZERO);
        assert_eq!(by_tick::gap(seconds(630)), seconds(600));
    }
}
