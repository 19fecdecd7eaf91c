//! Whether a host that lives long takes more and more: its memory, descriptors and threads at rest, early against late.

use std::fmt;

use test_support::processes;

const MIB: u64 = 1 << 20;
/// What may come on top between early and late. Descriptors are connections that are kept for the next question, and
/// the log of each model that ever ran.
const MORE_DESCRIPTORS: u64 = 16;
const MORE_THREADS: u64 = 4;
const MORE_MEMORY_BYTES: u64 = 30 * MIB;
const MORE_MEMORY_PERCENT: u64 = 25;
/// With fewer samples the first stands for early and the last for late, and the bounds are as many times wider: what they
/// see is a host that loses something at every turn, not one that loses a little.
const FEWEST: usize = 12;
const WIDER: u64 = 2;

/// A host at rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    round: u32,
    resident_bytes: u64,
    descriptors: u64,
    threads: u64,
}

impl Sample {
    /// What it has now.
    pub(crate) fn of(round: u32, host: u32) -> Self {
        Self {
            round,
            resident_bytes: processes::resident_bytes(host),
            descriptors: processes::open_descriptors(host) as u64,
            threads: processes::threads(host) as u64,
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "after round {}: {} KiB, {} descriptors, {} threads",
            self.round,
            self.resident_bytes >> 10,
            self.descriptors,
            self.threads
        )
    }
}

/// Samples of one host.
#[derive(Debug, Default)]
pub(crate) struct Growth(Vec<Sample>);

impl Growth {
    /// One more.
    pub(crate) fn add(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// Compares the medians of the first and the last fifth. The first tenth is the host warming up. Where there are few
    /// samples, those are the first and the last.
    ///
    /// # Errors
    /// What grew.
    pub(crate) fn judge(&self) -> Result<String, String> {
        if self.0.len() < 2 {
            return Ok(format!("not judged by {} samples", self.0.len()));
        }
        let wider = if self.0.len() < FEWEST { WIDER } else { 1 };
        let samples = &self.0[self.0.len() / 10..];
        let fifth = (samples.len() / 5).max(1);
        let (early, late) = (&samples[..fifth], &samples[samples.len() - fifth..]);
        let both = |of: fn(&Sample) -> u64| (median(early, of), median(late, of));
        let memory = both(|sample| sample.resident_bytes);
        let descriptors = both(|sample| sample.descriptors);
        let threads = both(|sample| sample.threads);
        let said = format!(
            "{} samples from round {} to {}, medians of the first and the last fifth: {} and {} MiB, {} and {} descriptors, {} and {} threads",
            samples.len(),
            samples[0].round,
            samples[samples.len() - 1].round,
            memory.0 / MIB,
            memory.1 / MIB,
            descriptors.0,
            descriptors.1,
            threads.0,
            threads.1
        );
        let more_memory = MORE_MEMORY_BYTES.max(memory.0 * MORE_MEMORY_PERCENT / 100);
        let is_within = memory.1 <= memory.0 + more_memory * wider
            && descriptors.1 <= descriptors.0 + MORE_DESCRIPTORS * wider
            && threads.1 <= threads.0 + MORE_THREADS * wider;
        if is_within { Ok(said) } else { Err(said) }
    }
}

fn median(samples: &[Sample], of: fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<u64> = samples.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// Sixty samples that change as told.
fn changing(change: impl Fn(u32, &mut Sample)) -> Growth {
    samples(0..60, change)
}

fn samples(rounds: impl Iterator<Item = u32>, change: impl Fn(u32, &mut Sample)) -> Growth {
    let mut growth = Growth::default();
    for round in rounds {
        let mut sample = Sample {
            round,
            resident_bytes: 60 * MIB,
            descriptors: 40,
            threads: 12,
        };
        change(round, &mut sample);
        growth.add(sample);
    }
    growth
}

#[test]
fn what_grows_without_end_is_seen() {
    let grows: [fn(u32, &mut Sample); 3] = [
        |round, sample| sample.resident_bytes += u64::from(round) * MIB,
        |round, sample| sample.descriptors += u64::from(round) / 2,
        |round, sample| sample.threads += u64::from(round) / 8,
    ];
    for grow in grows {
        assert!(changing(grow).judge().is_err());
    }
}

#[test]
fn what_goes_up_and_down_or_only_warms_up_is_no_growth() {
    let stays: [fn(u32, &mut Sample); 3] = [
        |_, _| {},
        |round, sample| sample.descriptors += u64::from(round % 7) * 3,
        |round, sample| sample.resident_bytes += if round < 3 { 0 } else { 100 * MIB },
    ];
    for stay in stays {
        assert!(
            changing(stay).judge().is_ok(),
            "{:?}",
            changing(stay).judge()
        );
    }
}

/// The short run has three samples, of rounds 10, 15 and 20: in it a host that loses much is seen too.
#[test]
fn a_short_run_sees_what_is_lost_at_every_turn() {
    let of_three = |change: fn(u32, &mut Sample)| samples([10, 15, 20].into_iter(), change);
    assert!(of_three(|_, _| {}).judge().is_ok());
    assert!(
        of_three(|round, sample| sample.descriptors += u64::from(round))
            .judge()
            .is_ok()
    );
    let grows: [fn(u32, &mut Sample); 3] = [
        |round, sample| sample.resident_bytes += u64::from(round) * 8 * MIB,
        |round, sample| sample.descriptors += u64::from(round) * 4,
        |round, sample| sample.threads += u64::from(round),
    ];
    for grow in grows {
        assert!(of_three(grow).judge().is_err());
    }
}
