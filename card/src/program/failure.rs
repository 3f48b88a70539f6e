//! What went wrong, in words, with the next step and an exit status that stays the same.

use std::fmt;
use std::io;

use card::client::Kind;
use card::environment::Leak;
use card::messaging::MessagingError;
use card::pin::PinOutcome;
use card::session::{SessionError, Step};
use card::status::Status;
use card::transport::TransportError;

/// Why the program did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A PIN would leak.
    Leak(Leak),
    /// There is no card to talk to.
    Unreachable(TransportError),
    /// No reader's name has this in it.
    NoSuchReader,
    /// A phone, or another card.
    NotACard(Kind),
    /// Its last day is over; nothing was asked for.
    Expired,
    /// What was asked for does not go together.
    Usage(&'static str),
    /// Not entered as it should be; nothing was sent.
    Entry(&'static str),
    /// There is no terminal to ask on, or the file descriptor gives nothing.
    NoEntry,
    /// Wrong, with so many tries left.
    Wrong(u8),
    /// Blocked.
    Blocked,
    /// One try left.
    LastTry,
    /// The two entries of a new PIN differ; nothing was sent.
    Different,
    /// The card refused the new PIN.
    NotChanged,
    /// Card and reader did not answer as they should.
    Card(SessionError),
    /// It reads like a card and cannot sign like one.
    Copy(Status),
    /// Not believed, and why.
    NotGenuine(String),
    /// The text AP proved what it can, and what ties it to this card is missing, and why.
    Unbound(String),
    /// There is no certificate for authentication, and `--jpki-cas` asked for it to be checked.
    NoCertificate,
    /// `diagnose` found something.
    Findings,
    /// A file or folder, and what was to be done with it.
    File(&'static str, io::Error),
    /// Trust anchors, a dump or evidence cannot be taken.
    Malformed(String),
}

impl Failure {
    /// The exit status. Each stands in the help.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Unreachable(TransportError::CardLifted | TransportError::Protocol)
            | Self::Card(_)
            | Self::NotChanged => 8,
            Self::Usage(_) => 2,
            Self::Unreachable(_) | Self::NoSuchReader => 3,
            Self::NotACard(_) => 4,
            Self::Entry(_) | Self::NoEntry | Self::Wrong(1..) | Self::Different => 5,
            Self::Wrong(0) | Self::Blocked | Self::LastTry => 6,
            Self::Leak(_) => 7,
            Self::Copy(_) | Self::NotGenuine(_) => 9,
            Self::Findings => 10,
            Self::File(..) | Self::Malformed(_) => 11,
            Self::Unbound(_) | Self::NoCertificate => 12,
            Self::Expired => 13,
        }
    }

    /// What to do now.
    pub(crate) const fn next_step(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable(error) => match error {
                TransportError::NoService => "start it: systemctl start pcscd.socket",
                TransportError::NoReader => {
                    "attach one; if it is attached, `card diagnose` looks for its driver"
                }
                TransportError::NoCard => "place the card on the reader, and leave it there",
                TransportError::CardLifted => {
                    "place it again and leave it there until the program has ended"
                }
                TransportError::InUse => "close the browser or other program that uses the card",
                TransportError::Protocol => "place the card anew; `card diagnose` may tell more",
            },
            Self::NoSuchReader => "`card readers` lists their names",
            Self::NotACard(Kind::Phone(_)) => {
                "a phone has the certificates of the JPKI alone: place the card itself"
            }
            Self::NotACard(_) => "place a My Number Card",
            Self::NoEntry => "give it by --pin-fd, as in: card read --pin-fd 3 3< FILE",
            Self::Wrong(1..) => "another try asks again; with one try left it wants --last-try",
            Self::Wrong(0) | Self::Blocked => {
                "the counter of your municipality sets a new PIN; take the card and proof of identity there"
            }
            Self::LastTry => {
                "nothing was sent. If you are sure of the PIN, add --last-try; if not, the counter of your municipality helps"
            }
            Self::NotChanged => "the old one is in force",
            Self::Card(SessionError::Messaging(MessagingError::ExtendedLength)) => {
                "use another reader, or read without --secure-messaging"
            }
            Self::Card(_) => "place the card anew; `card diagnose` may tell more",
            Self::Entry(_) | Self::Different => "nothing was sent, no try was spent",
            Self::Copy(_) => {
                "if it is the card itself, place it anew; a card that goes on like this needs its municipality"
            }
            Self::Unbound(_) => "if the text AP's proof alone will do, add --accept-unbound",
            Self::Expired => {
                "no PIN was asked for. The counter of your municipality issues a new card; to read this one all the same, add --accept-expired"
            }
            Self::NoCertificate => "without --jpki-cas the rest is checked",
            Self::Leak(_)
            | Self::Usage(_)
            | Self::NotGenuine(_)
            | Self::Findings
            | Self::File(..)
            | Self::Malformed(_) => return None,
        })
    }

    /// Of how a VERIFY ended, unless it was right.
    pub(crate) const fn unless_verified(outcome: PinOutcome) -> Result<(), Self> {
        match outcome {
            PinOutcome::Verified => Ok(()),
            PinOutcome::Wrong { remaining } => Err(Self::Wrong(remaining)),
            PinOutcome::Blocked => Err(Self::Blocked),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leak(leak) => write!(f, "a PIN would leak here: {leak}"),
            Self::Unreachable(TransportError::NoService) => {
                f.write_str("the smart card service (pcscd) is not running")
            }
            Self::Unreachable(error) => error.fmt(f),
            Self::NoSuchReader => f.write_str("no reader of that name"),
            Self::NotACard(Kind::Phone(_)) => f.write_str("this is a phone, not a card"),
            Self::NotACard(_) => f.write_str("this is not a My Number Card"),
            Self::Expired => f.write_str("the card has expired"),
            Self::Usage(what) => f.write_str(what),
            Self::Entry(what) => f.write_str(what),
            Self::NoEntry => f.write_str("no terminal to ask on, and nothing from --pin-fd"),
            Self::Wrong(0) => f.write_str("wrong, and that was the last try: it is blocked now"),
            Self::Wrong(left) => write!(f, "wrong; tries left: {left}"),
            Self::Blocked => f.write_str("it is blocked"),
            Self::LastTry => f.write_str("only one try is left"),
            Self::Different => f.write_str("the two entries of the new one differ"),
            Self::NotChanged => f.write_str("the card refused the new one"),
            Self::Card(error) => write!(f, "the card does not answer as it should: {error}"),
            Self::Copy(status) => write!(
                f,
                "not genuine: it answers every read and cannot answer a challenge ({status:?}): a copy of somebody's files"
            ),
            Self::NotGenuine(why) => write!(f, "not genuine: {why}"),
            Self::Unbound(why) => write!(f, "not bound by the 券面事項確認AP: {why}"),
            Self::NoCertificate => {
                f.write_str("there is no certificate for authentication to check")
            }
            Self::Findings => f.write_str("see the findings above"),
            Self::File(what, error) => write!(f, "{what}: {error}"),
            Self::Malformed(what) => f.write_str(what),
        }
    }
}

impl From<Leak> for Failure {
    fn from(leak: Leak) -> Self {
        Self::Leak(leak)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Unreachable(error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Transport(error) => Self::Unreachable(error),
            SessionError::Phone => Self::NotACard(Kind::Phone(card::jpki_ap::Device::Unknown)),
            SessionError::WrongCard => Self::NotACard(Kind::Other),
            SessionError::Expired => Self::Expired,
            SessionError::PinBlocked => Self::Blocked,
            SessionError::Unexpected {
                step: Step::Change, ..
            } => Self::NotChanged,
            SessionError::Unexpected {
                step: Step::Challenge,
                status,
            } => Self::Copy(status),
            other => Self::Card(other),
        }
    }
}
