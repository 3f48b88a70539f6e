//! All of a process's memory, searched for many things at once.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// Length of what is searched for: whoever keeps no eight bytes of something keeps nothing of it.
pub(super) const WINDOW: usize = 8;

/// Bits of the table that most places are ruled out by.
const BITS: u32 = 20;
/// Read at once.
const PIECE: usize = 1 << 20;
/// Pages are this long on the machines that this runs on; the kernel tells of each.
const PAGE: usize = 4096;

/// Pieces of something, each of a kind.
#[derive(Clone, Default)]
pub(super) struct Pieces {
    /// Of eight bytes.
    short: HashMap<u64, &'static str>,
    /// Of sixteen: by the second half, with the first halves there are before it.
    long: HashMap<u64, (&'static str, Vec<u64>)>,
}

impl Pieces {
    /// Every piece of eight bytes, but those that say next to nothing.
    pub(super) fn of(&mut self, kind: &'static str, bytes: &[u8]) {
        for piece in bytes.windows(WINDOW) {
            if says_something(piece) {
                self.short.entry(value(piece)).or_insert(kind);
            }
        }
    }

    /// Every piece of sixteen bytes.
    pub(super) fn long_of(&mut self, kind: &'static str, bytes: &[u8]) {
        for piece in bytes.windows(2 * WINDOW) {
            let (first, second) = piece.split_at(WINDOW);
            if says_something(piece) {
                let (_, before) = self.long.entry(value(second)).or_insert((kind, Vec::new()));
                before.push(value(first));
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
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

fn value(piece: &[u8]) -> u64 {
    piece.try_into().map_or(0, u64::from_le_bytes)
}

/// Pieces, searched for all at once.
pub(super) struct Search {
    pieces: Pieces,
    table: Vec<u64>,
}

/// How often what was found.
pub(super) type Found = BTreeMap<&'static str, usize>;

/// Of one process.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Pieces found, by kind.
    pub(super) found: Found,
    /// Where the first of them are: what is mapped there, and how far below its end, as stacks are measured.
    pub(super) places: Vec<String>,
    /// Bytes looked at.
    pub(super) bytes: usize,
}

/// Of so many the place is told.
const PLACES: usize = 4;

impl Search {
    pub(super) fn new(pieces: Pieces) -> Self {
        let mut table = vec![0; 1 << (BITS - 6)];
        for piece in pieces.short.keys().chain(pieces.long.keys()) {
            let (word, bit) = place(*piece);
            table[word] |= bit;
        }
        Self { pieces, table }
    }

    /// How many different pieces are searched for.
    pub(super) fn len(&self) -> usize {
        self.pieces.short.len() + self.pieces.long.len()
    }

    /// Adds what these bytes hold.
    pub(super) fn count(&self, bytes: &[u8], found: &mut Found) {
        self.each_from(0, bytes, |kind, _| *found.entry(kind).or_default() += 1);
    }

    /// What ends behind the first `from` bytes, and where.
    fn each_from(&self, from: usize, bytes: &[u8], mut found: impl FnMut(&'static str, usize)) {
        let begin = from.saturating_sub(WINDOW - 1);
        let mut window = 0_u64;
        for (number, byte) in bytes.iter().enumerate().skip(begin) {
            window = (window >> 8) | (u64::from(*byte) << 56);
            let (word, bit) = place(window);
            if self.table[word] & bit != 0
                && number >= from
                && number + 1 >= WINDOW
                && let Some(kind) = self.kind(window, &bytes[..=number])
            {
                found(kind, number);
            }
        }
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

    /// What a process holds: everything it can read, whether its own or mapped from a file, in memory or swapped out.
    pub(super) fn process(&self, id: u32) -> io::Result<Scan> {
        let maps = fs::read_to_string(format!("/proc/{id}/maps"))?;
        let memory = File::open(format!("/proc/{id}/mem"))?;
        let mut pages = File::open(format!("/proc/{id}/pagemap"))?;
        let mut scan = Scan::default();
        for line in maps.lines() {
            let Some((from, to)) = readable(line) else {
                continue;
            };
            let name = line.split_whitespace().nth(5).unwrap_or("without a name");
            let mapping = (to, format!("{} KiB {name}", (to - from) / 1024));
            for (from, to) in present(&mut pages, from, to)? {
                self.region(&memory, from, to, &mapping, &mut scan);
            }
        }
        match scan.bytes {
            0 => Err(io::Error::other("nothing of the process could be read")),
            _ => Ok(scan),
        }
    }

    fn region(
        &self,
        memory: &File,
        from: u64,
        to: u64,
        (end, mapping): &(u64, String),
        scan: &mut Scan,
    ) {
        const NOTHING: [u8; PAGE] = [0; PAGE];
        // What the end of the last piece may be the beginning of.
        const KEPT: usize = 2 * WINDOW - 1;
        let mut buffer = vec![0; PIECE + KEPT];
        let mut kept = 0;
        let mut at = from;
        while at < to {
            let wanted = PIECE.min(usize::try_from(to - at).unwrap_or(PIECE));
            let piece = &mut buffer[..kept + wanted];
            // What the kernel does not show, and what was given back meanwhile, holds nothing of anybody any more.
            if memory.read_exact_at(&mut piece[kept..], at).is_err() {
                break;
            }
            scan.bytes += wanted;
            at += wanted as u64;
            let mut pages = piece[kept..].chunks(PAGE);
            if pages.any(|page| page != &NOTHING[..page.len()]) {
                let begin = at - piece.len() as u64;
                self.each_from(kept, piece, |kind, number| {
                    *scan.found.entry(kind).or_default() += 1;
                    if scan.places.len() < PLACES {
                        let below = end - begin - number as u64;
                        scan.places
                            .push(format!("{kind} {below} bytes below the end of {mapping}"));
                    }
                });
            }
            let end = kept + wanted;
            let next = KEPT.min(end);
            buffer.copy_within(end - next..end, 0);
            kept = next;
        }
    }
}

/// Word and bit of the table.
const fn place(window: u64) -> (usize, u64) {
    let mixed = window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS);
    // Twenty bits: a place in a table of that many.
    #[allow(clippy::cast_possible_truncation, reason = "twenty bits fit")]
    ((mixed >> 6) as usize, 1 << (mixed & 63))
}

fn readable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    words
        .next()
        .filter(|rights| rights.starts_with('r'))
        .and(Some((number(from)?, number(to)?)))
}

/// Parts of a mapping whose pages are there.
fn present(pages: &mut File, from: u64, to: u64) -> io::Result<Vec<(u64, u64)>> {
    const PAGE_BYTES: u64 = PAGE as u64;
    let count = usize::try_from((to - from) / PAGE_BYTES).map_err(io::Error::other)?;
    let mut entries = vec![0; count * 8];
    // Kernel addresses, `[vsyscall]`, have no entries.
    if pages.seek(SeekFrom::Start(from / PAGE_BYTES * 8)).is_err()
        || pages.read_exact(&mut entries).is_err()
    {
        return Ok(Vec::new());
    }
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for (page, entry) in (from..).step_by(PAGE).zip(entries.chunks_exact(8)) {
        // The highest byte: in memory, or swapped.
        if entry[7] & 0b1100_0000 == 0 {
            continue;
        }
        match parts.last_mut() {
            Some((_, end)) if *end == page => *end += PAGE_BYTES,
            _ => parts.push((page, page + PAGE_BYTES)),
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(of: &[u8]) -> Search {
        let mut pieces = Pieces::default();
        pieces.of("it", of);
        Search::new(pieces)
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
            let mut found = Found::new();
            search.count(bytes, &mut found);
            assert_eq!(found.into_values().sum::<usize>(), count);
        }
    }

    #[test]
    fn this_process_is_searched_across_pieces_and_on_its_stack() {
        let mut seed = [0_u8; WINDOW];
        getrandom::fill(&mut seed).unwrap();
        let wanted = seed.map(|byte| !byte);
        let search = search(&wanted);
        let own = || search.process(std::process::id()).unwrap();
        // Here it stands in any case: where it is searched for.
        let before = own().found["it"];
        let mut heap = vec![1; 3 * PIECE];
        for (place, byte) in heap[PIECE - 4..].iter_mut().zip(seed) {
            *place = !byte;
        }
        let stack = std::hint::black_box(seed.map(|byte| !byte));
        let scan = own();
        assert!(scan.found["it"] >= before + 2, "{:?}", scan.found);
        assert!(scan.bytes > heap.len());
        std::hint::black_box((&heap, &stack));
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        assert!(search(b"ABCDEFGH").process(u32::MAX).is_err());
    }
}
