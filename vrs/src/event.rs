//! What this program says of itself: one JSON object a line on standard error, nothing in it but closed fields.

use std::{io::Write, str::FromStr};

use card::key::KeyId;
use card::trust::RefusedListError;
use issuance_api::MunicipalityCode;
use issuance_channel::request::RequestId;
use sandbox::Extent;
use serde::{Deserialize, Serialize};

use crate::storage::Unavailable;

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
        signer: SignerMunicipality,
        /// Whose record.
        municipality: MunicipalityCode,
    },
    /// A card's two applications are signed by different municipalities. Whether a move leaves a card so is not known; a
    /// mixture of cards can.
    SignersDiffer {
        /// Five digits of the text AP's signer's municipality.
        text: SignerMunicipality,
        /// Five digits of the surface AP's.
        surface: SignerMunicipality,
    },
    /// A card was believed that its surface AP does not bind, as `trust.accept_unbound_cards` allows.
    UnboundCardAccepted,
    /// A card of a refused signer was presented.
    SignerRefused {
        /// Five digits of the signer's municipality.
        signer: SignerMunicipality,
    },
    /// The list of refused signers was read anew.
    RefusedSignersRead {
        /// Entries.
        count: usize,
    },
    /// The list of refused signers cannot be read; the one read before goes on holding.
    RefusedSignersUnreadable,
    /// Alarm: the machine's clock was set since that was told last, or since the start.
    ClockSet {
        /// Which way.
        to: Direction,
        /// By how many seconds.
        seconds: u64,
    },
    /// Certificates were not handed over in time.
    Lapsed {
        /// Whose.
        municipality: MunicipalityCode,
        /// How many.
        count: u64,
    },
}

/// Which way a clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To later.
    Later,
    /// To earlier.
    Earlier,
}

impl Event {
    /// By so many seconds, to later if positive.
    #[must_use]
    pub const fn clock_set(seconds: i64) -> Self {
        Self::ClockSet {
            to: if seconds > 0 {
                Direction::Later
            } else {
                Direction::Earlier
            },
            seconds: seconds.unsigned_abs(),
        }
    }
}

impl From<Result<usize, RefusedListError>> for Event {
    fn from(read: Result<usize, RefusedListError>) -> Self {
        match read {
            Ok(count) => Self::RefusedSignersRead { count },
            Err(_) => Self::RefusedSignersUnreadable,
        }
    }
}

/// The municipality of a card's signer, as the signer's certificate names it: five digits, and nothing else can stand here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignerMunicipality([u8; 5]);

/// Not five digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signer's municipality is five digits")]
pub struct SignerMunicipalityError;

impl SignerMunicipality {
    /// The digits.
    ///
    /// # Panics
    /// Never: parsing admits ASCII digits only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("parsing admits ASCII digits only")
    }
}

impl TryFrom<String> for SignerMunicipality {
    type Error = SignerMunicipalityError;

    fn try_from(text: String) -> Result<Self, SignerMunicipalityError> {
        text.parse()
    }
}

impl FromStr for SignerMunicipality {
    type Err = SignerMunicipalityError;

    fn from_str(text: &str) -> Result<Self, SignerMunicipalityError> {
        let digits = text.as_bytes().try_into().ok();
        let digits = digits.filter(|digits: &[u8; 5]| digits.iter().all(u8::is_ascii_digit));
        digits.map(Self).ok_or(SignerMunicipalityError)
    }
}

impl From<SignerMunicipality> for String {
    fn from(municipality: SignerMunicipality) -> Self {
        municipality.as_str().to_owned()
    }
}

impl From<&KeyId> for SignerMunicipality {
    fn from(signer: &KeyId) -> Self {
        let own = signer.municipality_prefix().parse();
        own.expect("a signer's id begins with five digits")
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
