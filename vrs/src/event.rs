//! What this program says of itself: one JSON object a line on standard error, nothing in it but closed fields.

use std::io::Write;

use card::trust::RefusedListError;
use issuance_api::MunicipalityCode;
use sandbox::Extent;
use serde::Serialize;

use crate::storage::Unavailable;

/// An event of operation. None has a field for free text or for anything about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The program serves.
    Ready,
    /// It ends, as told.
    Stopped,
    /// What it takes from itself is taken; told once, before it serves.
    Confined(Extent),
    /// A municipality's records cannot be relied on.
    RecordsUnavailable {
        /// Whose.
        municipality: MunicipalityCode,
        /// Why.
        cause: Unavailable,
    },
    /// They can again.
    RecordsAvailable {
        /// Whose.
        municipality: MunicipalityCode,
    },
    /// Alarm: the signer of a card belongs to another municipality than the record released. Residents who moved
    /// cause it; a wave of them does not.
    SignerElsewhere {
        /// Five digits of the signer's municipality.
        signer: String,
        /// Whose record.
        municipality: MunicipalityCode,
    },
    /// A card's two applications are signed by different municipalities. Whether a move leaves a card so is not known; a
    /// mixture of cards can.
    SignersDiffer {
        /// Five digits of the text AP's signer's municipality.
        text: String,
        /// Five digits of the surface AP's.
        surface: String,
    },
    /// A card was believed that its surface AP does not bind, as `trust.accept_unbound_cards` allows.
    UnboundCardAccepted,
    /// A card of a refused signer was presented.
    SignerRefused {
        /// Five digits of the signer's municipality.
        signer: String,
    },
    /// The list of refused signers was read anew.
    RefusedSignersRead {
        /// Entries.
        count: usize,
    },
    /// The list of refused signers cannot be read; the one read before goes on holding.
    RefusedSignersUnreadable,
    /// Certificates were not handed over in time.
    Lapsed {
        /// Whose.
        municipality: MunicipalityCode,
        /// How many.
        count: u64,
    },
}

impl From<Result<usize, RefusedListError>> for Event {
    fn from(read: Result<usize, RefusedListError>) -> Self {
        match read {
            Ok(count) => Self::RefusedSignersRead { count },
            Err(_) => Self::RefusedSignersUnreadable,
        }
    }
}

/// Where events go.
pub trait Events: Send + Sync + 'static {
    /// Notes one.
    fn note(&self, event: Event);
}

/// Standard error.
#[derive(Debug)]
pub struct StandardError;

impl Events for StandardError {
    fn note(&self, event: Event) {
        #[derive(Serialize)]
        struct Line {
            at: i64,
            #[serde(flatten)]
            event: Event,
        }
        let at = time::OffsetDateTime::now_utc().unix_timestamp();
        let mut line =
            serde_json::to_vec(&Line { at, event }).expect("events have only string keys");
        line.push(b'\n');
        // There is nowhere to report that standard error is gone.
        let _ = std::io::stderr().write_all(&line);
    }
}
