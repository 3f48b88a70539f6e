use crate::mutate::{Random, mutate};
use crate::targets::Target;

/// At most so many changes to a seed.
const CHANGES: usize = 4;
/// One input in so many begins with a long seed: those take their time.
const LONG: usize = 32;

/// A target's inputs without libFuzzer: changes to its seeds, the same every time.
#[derive(Debug)]
pub struct Inputs {
    target: Target,
    seeds: Vec<Vec<u8>>,
    long: Vec<Vec<u8>>,
    random: Random,
}

impl Inputs {
    /// Of this target, as this number has it.
    #[must_use]
    pub fn of(target: &Target, number: u64) -> Self {
        Self {
            target: *target,
            seeds: (target.seeds)(),
            long: (target.long)(),
            random: Random::new(number),
        }
    }

    /// Where they begin.
    pub fn seeds(&self) -> impl Iterator<Item = &[u8]> {
        self.seeds.iter().chain(&self.long).map(Vec::as_slice)
    }
}

impl Iterator for Inputs {
    type Item = Vec<u8>;

    /// They do not end.
    fn next(&mut self) -> Option<Vec<u8>> {
        let random = &mut self.random;
        let is_long = !self.long.is_empty() && random.below(LONG) == 0;
        let seeds = if is_long { &self.long } else { &self.seeds };
        let mut input = random.choose(seeds).cloned().unwrap_or_default();
        for _ in 0..=random.below(CHANGES) {
            mutate(self.target.shape, &mut input, random);
        }
        input.truncate(self.target.longest);
        Some(input)
    }
}
