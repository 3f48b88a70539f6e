//! Changes to inputs, each a function of a seed: of bytes, of data objects, of sequences.

mod bytes;
pub(crate) mod parts;
mod tlv;

/// How an input is built, as far as changing it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Bytes.
    Bytes,
    /// One byte, then data objects.
    Tlv,
    /// Evidence: files with their lengths, answers.
    Evidence,
    /// One byte, then parts, each behind its length (u16 BE).
    Parts,
}

/// Numbers without order, the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 to `end` - 1; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// Any byte.
    pub const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// One of these.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// Changes an input along its shape.
pub fn mutate(shape: Shape, input: &mut Vec<u8>, random: &mut Random) {
    // Whatever the shape is, some inputs have to break it.
    if shape == Shape::Bytes || random.below(8) == 0 {
        return bytes::mutate(input, random);
    }
    match shape {
        Shape::Bytes => {}
        Shape::Tlv => with_head(input, random, tlv::mutate),
        Shape::Parts => with_head(input, random, parts::mutate),
        Shape::Evidence => parts::mutate_evidence(input, random),
    }
}

/// The first byte chooses what the rest is for: mostly left alone.
fn with_head(input: &mut Vec<u8>, random: &mut Random, body: fn(&mut Vec<u8>, &mut Random)) {
    if input.is_empty() {
        input.push(random.byte());
    }
    if random.below(16) == 0 {
        input[0] = random.byte();
        return;
    }
    let mut rest = input.split_off(1);
    body(&mut rest, random);
    input.append(&mut rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_change_and_no_shape_fails_on_nothing() {
        for shape in [Shape::Bytes, Shape::Tlv, Shape::Evidence, Shape::Parts] {
            let changed = |seed| {
                let mut input = Vec::new();
                let mut random = Random::new(seed);
                for _ in 0..50 {
                    mutate(shape, &mut input, &mut random);
                }
                input
            };
            assert_eq!(changed(1), changed(1));
            assert_ne!(changed(1), changed(2), "{shape:?}");
        }
    }
}
