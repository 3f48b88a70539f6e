use super::Random;

/// Values at which lengths, offsets and counts turn over.
const TURNING: [u8; 9] = [0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFE, 0xFF];

/// Flips, sets, inserts, removes or repeats bytes.
pub(super) fn mutate(input: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        once(input, random);
    }
}

fn once(input: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(input.len());
    match random.below(8) {
        0 | 1 if !input.is_empty() => input[at] ^= 1 << random.below(8),
        2 if !input.is_empty() => input[at] = random.byte(),
        3 if !input.is_empty() => {
            input[at] = *random.choose(&TURNING).unwrap_or(&0);
        }
        4 if !input.is_empty() => {
            let count = 1 + random.below((input.len() - at).min(32));
            input.drain(at..at + count);
        }
        5 if !input.is_empty() => {
            let count = 1 + random.below((input.len() - at).min(32));
            let again = input[at..at + count].to_vec();
            input.splice(at..at, again);
        }
        6 => input.truncate(at),
        _ => {
            let count = 1 + random.below(4);
            let new: Vec<u8> = (0..count).map(|_| random.byte()).collect();
            input.splice(at..at, new);
        }
    }
}
