//! One pass over bytes for all pieces.

use std::collections::BTreeMap;

use crate::pieces::value;
use crate::{Pieces, Scan, WINDOW};

/// Bits of the table that most places are ruled out by.
const BITS: u32 = 24;
const SLOTS: usize = (1 << BITS) - 1;

/// Pieces, searched for all at once.
#[derive(Clone)]
pub struct Search {
    pieces: Pieces,
    table: Vec<u64>,
    /// For what the other lets through: there are a million pieces, and a look among them takes long.
    second: Vec<u64>,
}

/// How often what was found.
pub type Found = BTreeMap<&'static str, usize>;

impl Search {
    /// For these.
    #[must_use]
    pub fn new(pieces: Pieces) -> Self {
        let mut table = vec![0; 1 << (BITS - 6)];
        let mut second = table.clone();
        for piece in pieces.short.keys().chain(pieces.long.keys()) {
            let (slot, other) = (slot(*piece), second_slot(*piece));
            table[slot >> 6] |= 1 << (slot & 63);
            second[other >> 6] |= 1 << (other & 63);
        }
        Self {
            pieces,
            table,
            second,
        }
    }

    /// How many different pieces are searched for.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.pieces.short.len() + self.pieces.long.len()
    }

    /// The same, but for what was found of these kinds.
    #[must_use]
    pub fn less(&self, kinds: &[&str], scan: &Scan) -> Self {
        let mut found = scan.pieces.clone();
        found.short.retain(|_, kind| kinds.contains(kind));
        found.long.retain(|_, (kind, _)| kinds.contains(kind));
        let mut pieces = self.pieces.clone();
        pieces.less(&found);
        Self::new(pieces)
    }

    /// Adds what these bytes hold.
    pub fn count(&self, bytes: &[u8], found: &mut Found) {
        self.each_from(0, bytes, |kind, _| *found.entry(kind).or_default() += 1);
    }

    /// What ends behind the first `from` bytes, and where.
    pub(crate) fn each_from(
        &self,
        from: usize,
        bytes: &[u8],
        mut found: impl FnMut(&'static str, usize),
    ) {
        let begin = from.saturating_sub(WINDOW - 1);
        let mut window = 0_u64;
        for (number, byte) in bytes.iter().enumerate().skip(begin) {
            window = (window >> 8) | (u64::from(*byte) << 56);
            let slot = slot(window);
            if self.table[slot >> 6] & (1 << (slot & 63)) != 0
                && number >= from
                && number + 1 >= WINDOW
                && self.is_in_second(window)
                && let Some(kind) = self.kind(window, &bytes[..=number])
            {
                found(kind, number);
            }
        }
    }

    #[inline]
    fn is_in_second(&self, window: u64) -> bool {
        let slot = second_slot(window);
        self.second[slot >> 6] & (1 << (slot & 63)) != 0
    }

    /// What a window is of, at the end of these bytes.
    fn kind(&self, window: u64, bytes: &[u8]) -> Option<&'static str> {
        if let Some(kind) = self.pieces.short.get(&window) {
            return Some(kind);
        }
        let (kind, before) = self.pieces.long.get(&window)?;
        let end = bytes.len() - WINDOW;
        let first = bytes.get(end.checked_sub(WINDOW)?..end)?;
        before.contains(&value(first)).then_some(kind)
    }
}

/// Which bit of the table is a window's.
#[inline]
const fn slot(window: u64) -> usize {
    let mixed = window ^ (window >> 21) ^ (window >> 43);
    #[allow(clippy::cast_possible_truncation, reason = "some of its bits")]
    let slot = mixed as usize & SLOTS;
    slot
}

/// The same in another order.
const fn second_slot(window: u64) -> usize {
    // The golden ratio's bits; the highest of the product hang on all of the window's.
    slot(window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn search(of: &[u8]) -> Search {
        let mut pieces = Pieces::default();
        pieces.of("it", of);
        Search::new(pieces)
    }

    /// How many pieces stand in these bytes.
    pub(crate) fn counted(search: &Search, bytes: &[u8]) -> usize {
        let mut found = Found::new();
        search.count(bytes, &mut found);
        found.into_values().sum()
    }

    #[test]
    fn a_piece_is_found_wherever_it_stands() {
        let search = search(b"ABCDEFGH");
        let mut found = Found::new();
        search.count(b"ABCDEFGH.ABCDEFG.BCDEFGH.....ABCDEFGH", &mut found);
        assert_eq!(found, Found::from([("it", 2)]));
        // What stands before the first byte is none.
        let begins = self::search(&[0, 0, 0, 0, 1, 2, 3, 4]);
        let mut found = Found::new();
        begins.count(&[1, 2, 3, 4], &mut found);
        assert_eq!(found, Found::new());
    }

    #[test]
    fn a_long_piece_is_found_only_whole() {
        let mut pieces = Pieces::default();
        pieces.long_of("it", b"ABCDEFGHIJKLMNOPQ");
        let search = Search::new(pieces);
        for (bytes, count) in [
            (&b"ABCDEFGHIJKLMNOPQ"[..], 2),
            (b".ABCDEFGHIJKLMNOP.", 1),
            (b"ABCDEFG.IJKLMNOP", 0),
            (b"IJKLMNOP", 0),
        ] {
            assert_eq!(counted(&search, bytes), count);
        }
    }
}
