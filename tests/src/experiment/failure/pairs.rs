//! Two things that fail in one application: how many such pairs there are, and of which both are seen to come about.

use std::fmt::Debug;

use super::Report;

/// Pairs, counted.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// All there are.
    pub(super) there: usize,
    /// But for those of which one keeps the other from ever coming about.
    pub(super) possible: usize,
    tried: usize,
    both: usize,
    /// Of the others: tried, and both came about all the same.
    in_vain: [usize; 2],
    /// The first that came about otherwise than it was to.
    first_wrong: Option<String>,
}

impl Pairs {
    /// One was tried, and both came about or not.
    pub(super) fn tried(&mut self, pair: impl Debug, both: bool) {
        self.tried += 1;
        self.both += usize::from(both);
        if !both {
            self.first_wrong.get_or_insert_with(|| format!("{pair:?}"));
        }
    }

    /// One was tried of which only one can come about.
    pub(super) fn tried_in_vain(&mut self, pair: impl Debug, both: bool) {
        let [tried, came] = &mut self.in_vain;
        *tried += 1;
        *came += usize::from(both);
        if both {
            self.first_wrong.get_or_insert_with(|| format!("{pair:?}"));
        }
    }

    pub(super) fn report(&self, what: &str, report: &mut Report) {
        if self.there == 0 {
            return;
        }
        report.told(format!("{what}: pairs there are"), self.there);
        report.told(
            format!("{what}: of these one keeps the other from ever coming about in"),
            self.there - self.possible,
        );
        report.figure(
            format!("{what}: of the pairs tried, both came about"),
            self.both,
            self.tried,
        );
        let [tried, came] = self.in_vain;
        if tried > 0 {
            report.figure(
                format!("{what}: of {tried} of those in which that is so, both came about"),
                came,
                0,
            );
        }
        if let Some(first) = &self.first_wrong {
            report.told("  the first where it is otherwise", first);
        }
    }
}

/// All pairs of these.
pub(super) fn of<T: Copy>(all: &[T]) -> Vec<[T; 2]> {
    let mut pairs = Vec::new();
    for (n, first) in all.iter().enumerate() {
        pairs.extend(all[n + 1..].iter().map(|second| [*first, *second]));
    }
    pairs
}
