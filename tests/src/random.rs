//! Chance that can be had again.

use fuzz_targets::mutate;

/// Numbers without order, the same for the same seed: those of the fuzz targets, and what else is drawn from them here.
#[derive(Debug, Clone)]
pub struct Random(mutate::Random);

impl Random {
    /// Of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(mutate::Random::new(seed))
    }

    /// All of the next one.
    pub const fn next(&mut self) -> u64 {
        self.0.next()
    }

    /// From 0 to 1.
    pub fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// From one to the other.
    pub fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.share()
    }

    /// Whole, below this.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.below(end)
    }

    /// Whether something happens that happens once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Around 0, with deviation 1: a sum of twelve.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.share()).sum::<f32>() - 6.0
    }
}
