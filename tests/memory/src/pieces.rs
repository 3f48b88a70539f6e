//! What is searched for.

use std::collections::HashMap;

use crate::WINDOW;

/// Pieces of something, each of a kind.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    /// Of eight bytes.
    pub(crate) short: HashMap<u64, &'static str>,
    /// Of sixteen: by the second half, with the first halves there are before it.
    pub(crate) long: HashMap<u64, (&'static str, Vec<u64>)>,
}

impl Pieces {
    /// Every piece of eight bytes, but those that say next to nothing.
    pub fn of(&mut self, kind: &'static str, bytes: &[u8]) {
        for piece in bytes.windows(WINDOW) {
            if says_something(piece) {
                self.short.entry(value(piece)).or_insert(kind);
            }
        }
    }

    /// Every piece of sixteen bytes.
    pub fn long_of(&mut self, kind: &'static str, bytes: &[u8]) {
        for piece in bytes.windows(2 * WINDOW) {
            let (first, second) = piece.split_at(WINDOW);
            if says_something(piece) {
                let (_, before) = self.long.entry(value(second)).or_insert((kind, Vec::new()));
                before.push(value(first));
            }
        }
    }

    /// As [`long_of`](Self::long_of), every so many bytes alone: enough of something long, whose pieces lie one after the other.
    pub fn every(&mut self, step: usize, kind: &'static str, bytes: &[u8]) {
        for piece in bytes.windows(2 * WINDOW).step_by(step) {
            self.long_of(kind, piece);
        }
    }

    /// Takes out what others have, too: it is nobody's.
    pub fn less(&mut self, others: &Self) {
        self.short
            .retain(|piece, _| !others.short.contains_key(piece));
        self.long.retain(|second, (_, before)| {
            if let Some((_, theirs)) = others.long.get(second) {
                before.retain(|first| !theirs.contains(first));
            }
            !before.is_empty()
        });
    }

    /// Those of another, too.
    pub fn add(&mut self, other: Self) {
        self.short.extend(other.short);
        for (second, (kind, before)) in other.long {
            let (_, all) = self.long.entry(second).or_insert((kind, Vec::new()));
            all.extend(before);
        }
    }
}

/// Three values in all places may be anybody's: `9.9.9.9.`, of UTF-16.
fn says_something(piece: &[u8]) -> bool {
    let mut values = piece.to_vec();
    values.sort_unstable();
    values.dedup();
    values.len() > 3
}

pub(crate) fn value(piece: &[u8]) -> u64 {
    piece.try_into().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Search;
    use crate::search::tests::counted;

    #[test]
    fn what_others_have_is_nobodys() {
        let (mut own, mut others) = (Pieces::default(), Pieces::default());
        own.of("it", b"ABCDEFGHI");
        own.long_of("it", b"abcdefghijklmnopq");
        others.of("it", b"ABCDEFGH");
        others.long_of("it", b"abcdefghijklmnop");
        own.less(&others);
        let search = Search::new(own);
        for (bytes, count) in [
            (&b"ABCDEFGH"[..], 0),
            (b"BCDEFGHI", 1),
            (b"abcdefghijklmnop", 0),
            (b"bcdefghijklmnopq", 1),
        ] {
            assert_eq!(counted(&search, bytes), count);
        }
    }
}
