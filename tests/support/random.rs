//! Choices that differ from round to round and are the same in every run with the same seed.

/// A small generator (SplitMix64); its seed is printed by whoever makes one, so that a failure can be run again.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The seed in `PADDOCK_TEST_SEED`, else `default`; printed.
    #[must_use]
    pub fn from_environment(default: u64) -> Self {
        let seed = std::env::var("PADDOCK_TEST_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(default);
        eprintln!("PADDOCK_TEST_SEED={seed}");
        Self(seed)
    }

    /// One with this seed, from another one.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// One of them.
    pub fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len() as u64);
        of[usize::try_from(index).unwrap()]
    }
}
