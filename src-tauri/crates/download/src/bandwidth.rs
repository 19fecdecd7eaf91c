//! A cap on bytes a second that all connections share.
//!
//! Whoever took bytes from the network pays afterwards; while the account is overdrawn all wait, in slices, so that a
//! changed cap applies at once.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::sync::lock;

const SLICE: Duration = Duration::from_millis(200);
/// What may be saved up while nothing comes, in seconds of the cap.
const BURST_SECONDS: f64 = 0.25;

#[derive(Debug)]
pub(crate) struct Bandwidth {
    account: Mutex<Account>,
}

#[derive(Debug)]
struct Account {
    bytes_per_second: Option<u64>,
    balance: f64,
    settled: Instant,
}

impl Bandwidth {
    pub(crate) fn new(bytes_per_second: Option<u64>) -> Self {
        Self {
            account: Mutex::new(Account {
                bytes_per_second,
                balance: 0.0,
                settled: Instant::now(),
            }),
        }
    }

    pub(crate) fn set(&self, bytes_per_second: Option<u64>) {
        let mut account = lock(&self.account);
        account.settle();
        account.bytes_per_second = bytes_per_second.filter(|&cap| cap > 0);
    }

    pub(crate) fn cap(&self) -> Option<u64> {
        lock(&self.account).bytes_per_second
    }

    /// Pays for bytes that came; returns when more may come.
    pub(crate) async fn pay(&self, bytes: usize) {
        lock(&self.account).withdraw(bytes);
        loop {
            let wait = lock(&self.account).debt();
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait.min(SLICE)).await;
        }
    }
}

impl Account {
    #[allow(clippy::cast_precision_loss)]
    fn settle(&mut self) {
        let now = Instant::now();
        let seconds = now.duration_since(self.settled).as_secs_f64();
        self.settled = now;
        match self.bytes_per_second {
            Some(cap) => {
                let cap = cap as f64;
                self.balance = (self.balance + cap * seconds).min(cap * BURST_SECONDS);
            }
            None => self.balance = 0.0,
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn withdraw(&mut self, bytes: usize) {
        self.settle();
        if self.bytes_per_second.is_some() {
            self.balance -= bytes as f64;
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn debt(&mut self) -> Duration {
        self.settle();
        match self.bytes_per_second {
            Some(cap) if self.balance < 0.0 => {
                Duration::from_secs_f64((-self.balance / cap as f64).clamp(0.001, 3600.0))
            }
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_cap_holds_over_time_and_changes_at_once() {
        let bandwidth = Bandwidth::new(Some(1_000_000));
        let start = Instant::now();
        for _ in 0..50 {
            bandwidth.pay(100_000).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        assert!((4.5..5.6).contains(&seconds), "{seconds}");

        bandwidth.set(Some(1000));
        let owing = tokio::spawn(async move {
            bandwidth.pay(1_000_000).await;
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!owing.is_finished());
        owing.abort();

        let free = Bandwidth::new(None);
        let start = Instant::now();
        free.pay(usize::MAX / 4).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
