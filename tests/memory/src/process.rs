//! A process's memory, as the kernel tells of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use crate::{Found, Pieces, Search, WINDOW};

/// Read at once.
const PIECE: usize = 1 << 20;
/// Pages are this long on the machines that this runs on; the kernel tells of each.
const PAGE: usize = 4096;

/// Of so many the place is told.
const PLACES: usize = 4;

/// Of one process.
#[derive(Debug, Default)]
pub struct Scan {
    /// Pieces found, by kind.
    pub found: Found,
    /// Where the first of them are: what is mapped there, and how far below its end, as stacks are measured.
    pub places: Vec<String>,
    /// Bytes looked at.
    pub bytes: usize,
    /// What was found, piece by piece.
    pub(crate) pieces: Pieces,
    /// Bytes that are there and could not be read, by what is mapped there.
    pub unread: BTreeMap<String, usize>,
}

impl Scan {
    /// What was found, for whoever tells nothing else of it.
    ///
    /// # Errors
    /// If there is anything that could not be read.
    pub fn whole(self) -> io::Result<Found> {
        if self.unread.is_empty() {
            return Ok(self.found);
        }
        let unread = format!("bytes that could not be read: {:?}", self.unread);
        Err(io::Error::other(unread))
    }

    /// So many bytes of what is mapped there could not be read.
    fn misses(&mut self, name: &str, bytes: usize) {
        *self.unread.entry(name.to_owned()).or_default() += bytes;
    }

    /// Of several processes.
    pub fn add(&mut self, other: Self) {
        for (kind, count) in other.found {
            *self.found.entry(kind).or_default() += count;
        }
        for (name, count) in other.unread {
            *self.unread.entry(name).or_default() += count;
        }
        self.places.extend(other.places);
        self.bytes += other.bytes;
        self.pieces.add(other.pieces);
    }
}

impl Search {
    /// What a process holds: everything that is there, whether its own or mapped from a file, in memory or swapped out, whether it may read it
    /// itself or not.
    ///
    /// # Errors
    /// If the process is not there, or its memory may not be read. A page that cannot be is told of in [`Scan::unread`].
    pub fn process(&self, id: u32) -> io::Result<Scan> {
        self.mappings(id, |_, _| true)
    }

    /// The same, without files that a process has mapped and cannot write to: a browser's dictionaries and fonts have pieces of everybody.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn without_files(&self, id: u32) -> io::Result<Scan> {
        self.mappings(id, |rights, name| rights.contains('w') || !is_a_file(name))
    }

    fn mappings(&self, id: u32, wanted: impl Fn(&str, &str) -> bool) -> io::Result<Scan> {
        let maps = fs::read_to_string(format!("/proc/{id}/smaps"))?;
        let memory = File::open(format!("/proc/{id}/mem"))?;
        let mut pages = File::open(format!("/proc/{id}/pagemap"))?;
        let mut scan = Scan::default();
        for line in occupied(&maps) {
            let mut words = line.split_whitespace();
            let rights = words.nth(1).unwrap_or_default();
            let name = words.nth(3).unwrap_or("without a name");
            let is_wanted = !is_the_kernels(name) && wanted(rights, name);
            let Some((from, to)) = range(line).filter(|_| is_wanted) else {
                continue;
            };
            let mapping = (to, format!("{} KiB {name}", (to - from) / 1024));
            for (from, to) in parts(id, &mut pages, (from, to), name, &mut scan)? {
                for page in self.region(&memory, from, to, &mapping, &mut scan) {
                    // What was given back meanwhile holds nothing of anybody any more.
                    let page = (page, page + PAGE as u64);
                    if !parts(id, &mut pages, page, name, &mut scan)?.is_empty() {
                        scan.misses(name, PAGE);
                    }
                }
            }
        }
        match scan.bytes {
            0 => Err(io::Error::other("nothing of the process could be read")),
            _ => Ok(scan),
        }
    }

    /// Searches a part of a mapping; which of its pages could not be read.
    fn region(
        &self,
        memory: &File,
        from: u64,
        to: u64,
        (end, mapping): &(u64, String),
        scan: &mut Scan,
    ) -> Vec<u64> {
        const NOTHING: [u8; PAGE] = [0; PAGE];
        // What the end of the last piece may be the beginning of.
        const KEPT: usize = 2 * WINDOW - 1;
        let mut buffer = vec![0; PIECE + KEPT];
        let mut unread = Vec::new();
        let mut kept = 0;
        let mut at = from;
        while at < to {
            let mut wanted = PIECE.min(usize::try_from(to - at).unwrap_or(PIECE));
            if memory
                .read_exact_at(&mut buffer[kept..kept + wanted], at)
                .is_err()
            {
                // Page by page, then: what is behind one that cannot be read is looked at all the same.
                wanted = wanted.min(PAGE);
                let page = &mut buffer[kept..kept + wanted];
                if memory.read_exact_at(page, at).is_err() {
                    unread.push(at);
                    (at, kept) = (at + wanted as u64, 0);
                    continue;
                }
            }
            let piece = &buffer[..kept + wanted];
            scan.bytes += wanted;
            at += wanted as u64;
            let mut pages = piece[kept..].chunks(PAGE);
            if pages.any(|page| page != &NOTHING[..page.len()]) {
                let begin = at - piece.len() as u64;
                self.each_from(kept, piece, |kind, number| {
                    *scan.found.entry(kind).or_default() += 1;
                    let held = &piece[..=number];
                    scan.pieces.of(kind, last(held, WINDOW));
                    scan.pieces.long_of(kind, last(held, 2 * WINDOW));
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
        unread
    }
}

/// What the kernel maps into everybody, of its own: `[vvar]`, `[vsyscall]` and their like. Nothing of a process can be in them.
fn is_the_kernels(name: &str) -> bool {
    name.starts_with("[vvar") || name == "[vsyscall]"
}

/// Whether a mapping is of a file on disk, and not of memory that processes share.
fn is_a_file(name: &str) -> bool {
    name.starts_with('/') && !name.starts_with("/dev/shm/") && !name.starts_with("/memfd:")
}

fn last(bytes: &[u8], count: usize) -> &[u8] {
    &bytes[bytes.len().saturating_sub(count)..]
}

fn range(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_whitespace().next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(from)?, number(to)?))
}

/// Mappings of which anything is in memory or swapped out, each as its first line says it. A browser has reserved a terabyte of which nothing
/// is: to ask after each page of that takes minutes.
fn occupied(smaps: &str) -> Vec<&str> {
    let mut mappings = Vec::new();
    for line in smaps.lines() {
        match (range(line), mappings.last_mut()) {
            (Some(_), _) => mappings.push((line, false)),
            (None, Some((_, is_occupied))) => *is_occupied |= says_pages(line),
            (None, None) => {}
        }
    }
    let occupied = mappings.into_iter().filter(|(_, is_occupied)| *is_occupied);
    occupied.map(|(line, _)| line).collect()
}

/// Whether a line about a mapping says that it has pages; or that these are nobody's to count, as a device's are.
fn says_pages(line: &str) -> bool {
    match line.split_once(':') {
        Some(("Rss" | "Swap" | "Shared_Hugetlb" | "Private_Hugetlb", size)) => {
            size.trim() != "0 kB"
        }
        Some(("VmFlags", flags)) => flags
            .split_whitespace()
            .any(|flag| matches!(flag, "io" | "mm" | "pf")),
        _ => false,
    }
}

/// Whether anything is mapped there still. Nothing is in a process that has ended.
fn is_mapped(id: u32, from: u64, to: u64) -> bool {
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap_or_default();
    let mut mappings = maps.lines().filter_map(range);
    mappings.any(|(begin, end)| begin < to && from < end)
}

/// Parts of a mapping that are to be searched. One of whose pages nothing is told is unread, unless it is gone by now.
fn parts(
    id: u32,
    pages: &mut File,
    (from, to): (u64, u64),
    name: &str,
    scan: &mut Scan,
) -> io::Result<Vec<(u64, u64)>> {
    match present(pages, from, to) {
        Err(_) if is_mapped(id, from, to) => {
            let bytes = usize::try_from(to - from).map_err(io::Error::other)?;
            scan.misses(name, bytes);
            Ok(Vec::new())
        }
        Err(_) => Ok(Vec::new()),
        told => told,
    }
}

/// Parts of a mapping whose pages are there. Kernel addresses, `[vsyscall]`, have no entries.
fn present(pages: &mut File, from: u64, to: u64) -> io::Result<Vec<(u64, u64)>> {
    const PAGE_BYTES: u64 = PAGE as u64;
    let count = usize::try_from((to - from) / PAGE_BYTES).map_err(io::Error::other)?;
    let mut entries = vec![0; count * 8];
    pages.seek(SeekFrom::Start(from / PAGE_BYTES * 8))?;
    pages.read_exact(&mut entries)?;
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
    use crate::search::tests::search;

    /// Whether two more copies than before are found, one across pieces and one on the stack.
    fn both_are_found() -> bool {
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
        assert!(scan.bytes > heap.len());
        assert_eq!(scan.unread, BTreeMap::new());
        std::hint::black_box((&heap, &stack));
        scan.found["it"] >= before + 2
    }

    #[test]
    fn this_process_is_searched_across_pieces_and_on_its_stack() {
        // Of what the first search left behind other tests' threads may write over some before the second: then it shows nothing.
        assert!((0..10).any(|_| both_are_found()));
    }

    #[test]
    fn pages_that_cannot_be_read_are_told_and_those_behind_them_searched() {
        // A file that ends has pages beyond its end as a process has pages that nobody may read.
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &[b'.'; PAGE]).unwrap();
        let end = 3 * PAGE as u64;
        let mut scan = Scan::default();
        let mapping = (end, "a file".to_owned());
        let unread = search(b"ABCDEFGH").region(&file, 0, end, &mapping, &mut scan);
        assert_eq!(unread, [PAGE as u64, 2 * PAGE as u64]);
        assert_eq!(scan.bytes, PAGE);
    }

    #[test]
    fn a_mapping_of_whose_pages_nothing_is_told_is_unread_unless_it_is_gone() {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let here = maps.lines().find_map(range).unwrap();
        let (own, none) = (std::process::id(), u32::MAX);
        // Nobody has anything at the lowest address.
        for (id, mapping, is_there) in [
            (own, here, true),
            (own, (0, PAGE as u64), false),
            (none, here, false),
        ] {
            let mut pages = tempfile::tempfile().unwrap();
            let mut scan = Scan::default();
            let searched = parts(id, &mut pages, mapping, "it", &mut scan).unwrap();
            assert!(searched.is_empty());
            let (from, to) = mapping;
            let bytes = usize::try_from(to - from).unwrap();
            assert_eq!(scan.unread.get("it"), is_there.then_some(&bytes));
        }
    }

    #[test]
    fn a_mapping_without_a_page_is_passed_by() {
        let of = |lines: &[&str]| {
            let smaps = format!("1000-3000 rw-p 0 0:0 0 [heap]\n{}\n", lines.join("\n"));
            occupied(&smaps).len()
        };
        assert_eq!(of(&["Size: 8 kB", "Rss: 0 kB", "Swap: 0 kB"]), 0);
        for one in [
            "Rss: 4 kB",
            "Swap: 4 kB",
            "Shared_Hugetlb: 2048 kB",
            "VmFlags: rd pf",
        ] {
            assert_eq!(of(&["Size: 8 kB", one, "VmFlags: rd wr"]), 1, "{one}");
        }
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let own = occupied(&smaps);
        assert!(own.iter().any(|line| line.ends_with("[heap]")) && own.len() > 10);
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        assert!(search(b"ABCDEFGH").process(u32::MAX).is_err());
    }
}
