//! The attendant: what lets one in, and what one sees.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::handover::Mismatch;
use crate::output::Warning;

/// Digits of the key, at least and at most.
pub const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=16;
/// Wrong entries until none is taken for [`LOCKED`].
const KEY_TRIES: u8 = 5;
const LOCKED: Duration = Duration::from_secs(300);

/// What opens the attendant's view.
pub struct AttendantKey {
    digits: Zeroizing<Vec<u8>>,
    wrong: u8,
    locked_until: Option<Instant>,
}

impl AttendantKey {
    /// Eight to sixteen digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = Zeroizing::new(text.trim_end().as_bytes().to_vec());
        let fits = KEY_LENGTH.contains(&digits.len());
        (fits && digits.iter().all(u8::is_ascii_digit)).then_some(Self {
            digits,
            wrong: 0,
            locked_until: None,
        })
    }

    /// Whether this is it. After some that were not, none is for a while.
    pub(super) fn fits(&mut self, entry: &[u8], now: Instant) -> bool {
        if self.locked_until.is_some_and(|until| now < until) {
            return false;
        }
        self.locked_until = None;
        if self.digits.ct_eq(entry).into() {
            self.wrong = 0;
            return true;
        }
        self.wrong += 1;
        if self.wrong >= KEY_TRIES {
            self.wrong = 0;
            self.locked_until = Some(now + LOCKED);
        }
        false
    }
}

impl std::fmt::Debug for AttendantKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttendantKey(..)")
    }
}

/// What the attendant sees: nothing of any resident.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Health {
    /// This program's version.
    pub version: &'static str,
    /// This terminal.
    pub terminal: String,
    /// Whether this terminal serves anybody: `ok`, or `content-mismatch` since the hand-over check found what did not belong. Starting
    /// the program again does not undo that: an operator takes the [mark](crate::latch::Mark) away first.
    pub service: String,
    /// What that was, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// The reader: `ok`, or a problem code.
    pub reader: String,
    /// The printer, likewise.
    pub printer: String,
    /// What the printer will need before long: it prints still.
    pub warnings: BTreeSet<Warning>,
    /// The center, likewise.
    pub center: String,
    /// Applications begun since the program started.
    pub begun: u64,
    /// Certificates handed over.
    pub delivered: u64,
    /// Applications ended otherwise, by problem code.
    pub ended: BTreeMap<&'static str, u64>,
    /// Browsers that were lost, and had to be replaced.
    pub browsers: u64,
    /// What became of the last of them; nothing where none was lost.
    pub browser: &'static str,
}
