//! What is counted: by model, without waiting for anyone on the way of a request.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paddock_core::{Core, GatewayStats, ModelTraffic, Traffic};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Upper bounds of the histogram of times to the first token, in seconds.
pub(crate) const FIRST_TOKEN_BOUNDS: [f64; 12] = [
    0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
];
/// How often what moves is told.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// All counts. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Meters(Arc<Inner>);

#[derive(Default)]
struct Inner {
    models: Mutex<BTreeMap<String, Arc<ModelMeter>>>,
    /// Requests that concern no model.
    other: Arc<ModelMeter>,
    refused: AtomicU64,
    connections: AtomicU64,
    moved: Notify,
}

/// The counts of one model.
#[derive(Default)]
pub(crate) struct ModelMeter {
    pub(crate) key: String,
    pub(crate) requests: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) waiting: AtomicU64,
    pub(crate) prompt_tokens: AtomicU64,
    pub(crate) completion_tokens: AtomicU64,
    /// Grows while an answer is still coming.
    pub(crate) streamed: AtomicU64,
    pub(crate) first_token: Histogram,
    by_status: Mutex<Vec<((&'static str, u16), u64)>>,
}

/// Counts of times.
#[derive(Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; FIRST_TOKEN_BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Histogram {
    pub(crate) fn record(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = FIRST_TOKEN_BOUNDS
            .iter()
            .position(|bound| seconds <= *bound)
            .unwrap_or(FIRST_TOKEN_BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Relaxed);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(micros, Relaxed);
    }

    /// Counts by bucket, the last one without a bound, and the sum in seconds.
    pub(crate) fn read(&self) -> ([u64; FIRST_TOKEN_BOUNDS.len() + 1], f64) {
        let counts = std::array::from_fn(|index| self.buckets[index].load(Relaxed));
        (counts, self.microseconds.load(Relaxed) as f64 / 1e6)
    }

    fn mean_milliseconds(&self) -> Option<f64> {
        let (counts, sum) = self.read();
        let count: u64 = counts.iter().sum();
        (count > 0).then(|| (sum * 1e3 / count as f64).round())
    }
}

impl ModelMeter {
    pub(crate) fn count(&self, path: &'static str, status: u16) {
        self.requests.fetch_add(1, Relaxed);
        let mut by_status = lock(&self.by_status);
        match by_status
            .iter_mut()
            .find(|(known, _)| *known == (path, status))
        {
            Some((_, count)) => *count += 1,
            None => by_status.push(((path, status), 1)),
        }
    }

    pub(crate) fn by_status(&self) -> Vec<((&'static str, u16), u64)> {
        lock(&self.by_status).clone()
    }

    fn traffic(&self, tokens_per_second: f64) -> Traffic {
        Traffic {
            requests: self.requests.load(Relaxed),
            failed: self.failed.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
            tokens_per_second,
            prompt_tokens: self.prompt_tokens.load(Relaxed),
            completion_tokens: self.completion_tokens.load(Relaxed),
            first_token_milliseconds: self.first_token.mean_milliseconds(),
        }
    }
}

impl Meters {
    /// The counts of a model that the library has.
    pub(crate) fn of(&self, key: &str) -> Arc<ModelMeter> {
        let mut models = lock(&self.0.models);
        if let Some(known) = models.get(key) {
            return Arc::clone(known);
        }
        let meter = Arc::new(ModelMeter {
            key: key.to_owned(),
            ..ModelMeter::default()
        });
        models.insert(key.to_owned(), Arc::clone(&meter));
        meter
    }

    /// The counts of what concerns no model.
    pub(crate) fn other(&self) -> Arc<ModelMeter> {
        Arc::clone(&self.0.other)
    }

    /// All, the models' by key, and what concerns none last.
    pub(crate) fn all(&self) -> Vec<Arc<ModelMeter>> {
        let models = lock(&self.0.models);
        models.values().cloned().chain([self.other()]).collect()
    }

    pub(crate) fn refuse(&self) {
        self.0.refused.fetch_add(1, Relaxed);
        self.moved();
    }

    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    pub(crate) fn set_connections(&self, count: usize) {
        self.0.connections.store(count as u64, Relaxed);
    }

    pub(crate) fn connections(&self) -> u64 {
        self.0.connections.load(Relaxed)
    }

    /// Something happened that is worth telling.
    pub(crate) fn moved(&self) {
        self.0.moved.notify_one();
    }

    /// Tells the core what goes through, for as long as something moves.
    pub(crate) async fn tell(self, core: Core, stop: CancellationToken) {
        let told = async {
            let mut before: BTreeMap<String, u64> = BTreeMap::new();
            loop {
                self.0.moved.notified().await;
                let mut last = Instant::now();
                loop {
                    let elapsed = last.elapsed();
                    last = Instant::now();
                    let stats = self.stats(&mut before, elapsed);
                    let rests = stats.total.in_flight == 0 && stats.total.tokens_per_second == 0.0;
                    core.gateway_stats().send_if_modified(|told| {
                        let is_new = *told != stats;
                        *told = stats;
                        is_new
                    });
                    sleep(TELL_EVERY).await;
                    if rests {
                        break;
                    }
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = stop.cancelled() => {}
        }
    }

    fn stats(&self, before: &mut BTreeMap<String, u64>, elapsed: Duration) -> GatewayStats {
        let mut total = Traffic::default();
        let (mut models, mut first_tokens) = (Vec::new(), (0, 0.0));
        for meter in self.all() {
            let streamed = meter.streamed.load(Relaxed);
            let fresh = streamed - before.insert(meter.key.clone(), streamed).unwrap_or(0);
            // The first look has no time behind it that means anything.
            let rate = if elapsed > TELL_EVERY / 2 {
                (fresh as f64 / elapsed.as_secs_f64() * 10.0).round() / 10.0
            } else {
                0.0
            };
            let traffic = meter.traffic(rate);
            add(&mut total, &traffic);
            let (counts, sum) = meter.first_token.read();
            first_tokens.0 += counts.iter().sum::<u64>();
            first_tokens.1 += sum;
            if !meter.key.is_empty() {
                let key = meter.key.clone();
                models.push(ModelTraffic { key, traffic });
            }
        }
        total.first_token_milliseconds =
            (first_tokens.0 > 0).then(|| (first_tokens.1 * 1e3 / first_tokens.0 as f64).round());
        GatewayStats {
            total,
            models,
            refused: self.refused(),
            connections: self.connections(),
        }
    }
}

fn add(total: &mut Traffic, one: &Traffic) {
    total.requests += one.requests;
    total.failed += one.failed;
    total.in_flight += one.in_flight;
    total.waiting += one.waiting;
    total.tokens_per_second += one.tokens_per_second;
    total.prompt_tokens += one.prompt_tokens;
    total.completion_tokens += one.completion_tokens;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_what_came_since_the_last_look() {
        let meters = Meters::default();
        let meter = meters.of("local/a");
        let mut before = BTreeMap::new();
        meters.stats(&mut before, Duration::ZERO);
        meter.streamed.store(50, Relaxed);
        meter.in_flight.store(2, Relaxed);
        let stats = meters.stats(&mut before, Duration::from_secs(2));
        assert_eq!(stats.models[0].key, "local/a");
        assert_eq!(stats.models[0].traffic.tokens_per_second, 25.0);
        assert_eq!(
            (stats.total.tokens_per_second, stats.total.in_flight),
            (25.0, 2)
        );
        let stats = meters.stats(&mut before, Duration::from_secs(2));
        assert_eq!(stats.total.tokens_per_second, 0.0);
    }

    #[test]
    fn times_fall_into_buckets() {
        let histogram = Histogram::default();
        for seconds in [0.01, 0.025, 0.3, 500.0] {
            histogram.record(Duration::from_secs_f64(seconds));
        }
        let (counts, sum) = histogram.read();
        assert_eq!(counts, [2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert!((sum - 500.335).abs() < 1e-3, "{sum}");
    }
}
