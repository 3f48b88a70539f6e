//! What this program says of itself: one JSON object a line on standard error, nothing in it but closed fields.

use std::io::Write;

use card::trust::RefusedListError;
use issuance_channel::{request::RequestId, server};
use sandbox::Extent;
use serde::Serialize;

/// An event of operation. None has a field for free text or for anything about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The program serves.
    Ready,
    /// It ends, as told.
    Stopped,
    /// What it takes from itself is taken; told once, before it serves.
    Confined(Extent),
    /// The list of refused signers was read anew.
    RefusedSignersRead {
        /// Entries.
        count: usize,
    },
    /// The list of refused signers cannot be read; the one read before goes on holding.
    RefusedSignersUnreadable,
    /// A card of a refused signer was presented.
    SignerRefused,
    /// A card was believed that its surface AP does not bind, as `trust.accept_unbound_cards` allows.
    UnboundCardAccepted,
    /// VRS's finding or receipt did not verify.
    StatementRefused,
    /// A signature did not verify before leaving: nothing is signed any more.
    SigningStopped,
    /// The revocation list of barcode signers was read anew.
    BarcodeListRead,
    /// The revocation list of barcode signers cannot be read, is not the CSCA's, or is older than the one read before, which goes
    /// on holding.
    BarcodeListUnreadable,
    /// Alarm: certificates for abroad will not be signed any more after so many days (0: they are not now), since no signer's time,
    /// or the list's, reaches further.
    BarcodeSigningEnds {
        /// Whole days.
        days: i64,
    },
    /// Alarm: the list of a CSCA before this one expires after so many days (0: it has), and then says of nothing that it is not revoked.
    BarcodeFormerListEnds {
        /// Whole days.
        days: i64,
    },
    /// Setting a page or a symbol failed where it cannot.
    PageFailed,
    /// The files for talking to VRS cannot be read again; those read before stay in use.
    VrsFilesUnreadable,
    /// Revocations cannot be fetched; the list fetched before stays published.
    RevocationsUnavailable,
    /// VRS's revocations lack one that was there before; the list fetched before stays published.
    RevocationsShrunk,
    /// Alarm: VRS has more revocations than were fetched so far; the list fetched before stays published until all are.
    RevocationsBehind {
        /// Entries not fetched yet.
        missing: u64,
    },
    /// Revocation lists were published that are longer than before.
    RevocationsPublished {
        /// Entries in all of them.
        count: usize,
    },
    /// Alarm: VRS knows revocations under keys that `signing.published` lacks, so that nobody learns of them.
    RevocationsUnpublished {
        /// Entries.
        count: usize,
    },
    /// An app did not get a certificate; of the same code a line a minute at most.
    EnrolmentRefused {
        /// Why: a problem code.
        code: &'static str,
        /// How often since the line before, without a line of its own.
        left_out: u64,
    },
    /// Something happened at a listener; of the same a line a minute at most.
    Listener {
        /// Which one.
        listener: Listener,
        /// What.
        what: server::Event,
        /// How often since the line before, without a line of its own.
        left_out: u64,
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

/// A listener of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listener {
    /// For terminals.
    Terminals,
    /// For apps that have no certificate yet.
    Enrolment,
    /// Public keys and revocation lists.
    Public,
    /// Health and metrics.
    Admin,
}

impl Listener {
    /// As metrics call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminals => "terminals",
            Self::Enrolment => "enrolment",
            Self::Public => "public",
            Self::Admin => "admin",
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
            #[serde(skip_serializing_if = "Option::is_none")]
            request: Option<RequestId>,
            #[serde(flatten)]
            event: Event,
        }
        let line = Line {
            at: time::OffsetDateTime::now_utc().unix_timestamp(),
            request: RequestId::current(),
            event,
        };
        let mut line = serde_json::to_vec(&line).expect("events have only string keys");
        line.push(b'\n');
        // There is nowhere to report that standard error is gone.
        let _ = std::io::stderr().write_all(&line);
    }
}
