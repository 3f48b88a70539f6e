//! What the core needs from the outside: a card, a center, a front end. (The fourth, [`Output`](crate::output::Output),
//! has its own module.) Real ones are [`reader`](crate::reader), [`channel`](crate::channel) and the front ends of the
//! program `kiosk`.

use std::sync::Arc;
use std::time::Duration;

use card::evidence::{Context, Evidence};
use card::pin::Pin;
use issuance_api::passport::PassportMrz;
use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, Hours,
    InquiryAnswer, InquiryRequest, IssueAnswer, IssueRequest, Localized, Menu, MunicipalityOffer,
    Preview,
};
use issuance_api::{
    Array, Blob, CenterId, CertificateKind, MunicipalityCode, Problem, ProblemCode, ProgrammeId,
    TerminalUrn, VrsId,
};
use serde::Serialize;

use crate::cabinet::Yen;
use crate::text::Text;

/// A card reader and the card on it.
pub trait Card: Send {
    /// Waits for a card, takes it for this terminal alone, looks whether it has expired, selects the
    /// 券面事項入力補助AP and asks how many tries the PIN has left, spending none. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// A problem of reader or card, `card-expired` among them; `no-card` when the time is over.
    fn open(&mut self, within: Duration) -> impl Future<Output = Result<u8, ProblemCode>> + Send;

    /// Presents the PIN exactly once and, where it is right, reads the files and has both applications of the card
    /// answer: the 券面事項入力補助AP, and the 券面事項確認AP where the card has one that goes along.
    ///
    /// # Errors
    /// A problem of reader or card, `pin-blocked` among them.
    fn read(
        &mut self,
        pin: Pin,
        question: Question,
    ) -> impl Future<Output = Result<Reading, ProblemCode>> + Send;

    /// Waits until the card that is held does not lie there any more, or nothing is known of it: says which. It stays held otherwise, and
    /// dropping the future gives up waiting.
    fn lifted(&mut self) -> impl Future<Output = ProblemCode> + Send;

    /// Waits until no card is there. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// `timed-out`, or a problem of the reader: a card is not gone because nothing is known of it.
    fn gone(&mut self, within: Duration) -> impl Future<Output = Result<(), ProblemCode>> + Send;

    /// Powers the card down and lets go of it. Does nothing if none is held.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// What one PIN entry led to.
#[derive(Debug)]
pub enum Reading {
    /// The PIN was right: everything read, and the card's answers. Without the one of the 券面事項確認AP if the card cannot
    /// give it: the center decides what that counts.
    Read(Box<Evidence>),
    /// The PIN was wrong; so many tries are left, at least one.
    Wrong {
        /// Tries left.
        remaining: u8,
    },
}

/// What the card is to answer over (`card::evidence::Context`, owned).
#[derive(Clone, Debug)]
pub struct Question {
    /// The center's nonce.
    pub center_nonce: Array<32>,
    /// VRS's nonce.
    pub vrs_nonce: Blob,
    /// Center.
    pub center: CenterId,
    /// Record system.
    pub vrs: VrsId,
    /// This terminal.
    pub terminal: TerminalUrn,
    /// TLS exporter of the connection the challenge came over.
    pub exporter: Array<32>,
    /// Public half of the application's session key.
    pub session_key: Array<32>,
}

impl Question {
    /// As the card's library takes it.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context {
            center_nonce: *self.center_nonce.as_bytes(),
            vrs_nonce: self.vrs_nonce.as_bytes(),
            center: self.center.as_str(),
            vrs: self.vrs.as_str(),
            terminal: self.terminal.as_str(),
            exporter: *self.exporter.as_bytes(),
            session_key: *self.session_key.as_bytes(),
        }
    }
}

/// An issuance center. Requests that the session key signs are made for the exporter of the connection they go over,
/// so they come as functions of it.
pub trait Center: Send {
    /// What may be shown.
    ///
    /// # Errors
    /// The center's problem, or that it cannot be reached or believed.
    fn menu(&mut self) -> impl Future<Output = Result<Menu, Problem>> + Send;

    /// A challenge, and the exporter of the connection it came over. That connection is kept for the evidence.
    ///
    /// # Errors
    /// The center's problem, or that it cannot be reached or believed.
    fn challenge(&mut self)
    -> impl Future<Output = Result<(Challenge, Array<32>), Problem>> + Send;

    /// Sends evidence over the connection of the challenge, and over no other.
    ///
    /// # Errors
    /// The center's problem, or that it cannot be reached or believed.
    fn evidence(
        &mut self,
        request: EvidenceRequest,
    ) -> impl Future<Output = Result<EvidenceAnswer, Problem>> + Send;

    /// Asks for one municipality's records.
    ///
    /// # Errors
    /// The center's problem, or that it cannot be reached or believed.
    fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> impl Future<Output = Result<InquiryAnswer, Problem>> + Send;

    /// Has the certificate issued. The same state gives the same bytes, so this may be repeated.
    ///
    /// # Errors
    /// The center's problem, or that it cannot be reached or believed.
    fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> impl Future<Output = Result<IssueAnswer, Problem>> + Send;

    /// Reports the hand-over.
    ///
    /// # Errors
    /// The center's problem, or that it cannot be reached or believed.
    fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> impl Future<Output = Result<DeliveredAnswer, Problem>> + Send;
}

/// What a resident sees. The core pushes views; a front end shows them and sends intents, and decides nothing.
pub trait FrontEnd: Send {
    /// Shows this instead of what was shown before.
    fn show(&mut self, view: &View<'_>);

    /// The resident has so long from now for what is shown, and again when asking for more. Where this is not said there is
    /// no hurry.
    fn time(&mut self, _left: Duration) {}

    /// The resident's next intent. Dropping the future loses none.
    fn intent(&mut self) -> impl Future<Output = Intent> + Send;
}

/// What is to be shown.
#[derive(Debug)]
#[non_exhaustive]
pub enum View<'a> {
    /// Everything that can be applied for.
    Menu(&'a Menu),
    /// A card is waited for.
    PlaceCard,
    /// A kind of certificate is waited for.
    Kind(&'a [CertificateKind]),
    /// The card was read, and another kind may be chosen all the same: the ticket holds for each.
    OtherKind(&'a [CertificateKind]),
    /// The PIN is waited for.
    Pin {
        /// Tries left. One: the warning that comes before the last try belongs here.
        remaining: u8,
    },
    /// The card is being read: it must stay where it is.
    Reading,
    /// The card has to be taken back before anything goes on.
    TakeCard,
    /// The card is gone, and what it said is not judged yet.
    Checking,
    /// A card lies there that no application is about: it has to be taken before one can begin.
    CardLeft,
    /// Paper of an earlier application lies in the tray: it has to be taken before another can begin.
    PaperLeft,
    /// For abroad, where passports are read: the lines of one are waited for, as read by machine.
    Passport,
    /// A municipality, and how many copies, are waited for.
    Municipality {
        /// All that can be chosen.
        offers: &'a [MunicipalityOffer],
        /// The one that the card's address is in.
        home: Option<MunicipalityCode>,
        /// What a copy costs, if anything is paid here.
        fee: Option<Yen>,
        /// Whether there is another kind to go back for.
        back: bool,
    },
    /// Center and printer are asked for what was chosen; the resident waits, or cancels.
    LookingUp,
    /// Exactly what the certificate will say; confirmation is waited for.
    Preview(&'a Arc<Preview>),
    /// The fee is waited for. Shown anew with each coin.
    Fee {
        /// All of it.
        due: Yen,
        /// What is there by now.
        inserted: Yen,
    },
    /// The certificate is being made.
    Issuing,
    /// It was checked and is being written or printed. Shown anew with each copy.
    Delivering {
        /// Copies that are out by now, as far as the printer counts them.
        out: u8,
        /// All of them.
        of: u8,
    },
    /// Nothing came out, and what was in the way was shown: the resident may have it tried again.
    TryAgain,
    /// It came out, and lies in the tray until the resident takes it.
    TakePaper {
        /// The center has been told, or will not be. Until then the application is not interrupted: the certificate would lapse.
        reported: bool,
    },
    /// The resident has it, and the center does not know yet.
    Reporting,
    /// It is there.
    Done(Ended),
    /// Something is in the way. What can be repeated is offered again by the view that follows.
    Problem(&'a Problem),
    /// This ended the application. Whatever was paid has been returned, unless it says otherwise.
    Over(&'a Problem),
    /// Nothing can be applied for as long as this is so; no resident can do anything about it.
    OutOfService(&'a Closed),
}

/// How an application ended that put something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// The center knows. If not, the certificate lapses and has to be applied for again.
    pub reported: bool,
    /// The paper is seen to be taken.
    pub taken: bool,
    /// Money came out again: all that was paid, or what was paid for copies that did not come out.
    pub returned: bool,
    /// Or it should have, and is stuck, or not known to have.
    pub stuck: bool,
}

impl Ended {
    /// What it is told with, where no money is stuck.
    pub fn says(self) -> impl Iterator<Item = Text> {
        let how = match self {
            Self {
                reported: false, ..
            } => Text::NotReported,
            Self { taken: true, .. } => Text::DoneTaken,
            Self { .. } => Text::Done,
        };
        [how]
            .into_iter()
            .chain(self.returned.then_some(Text::FeeReturned))
    }
}

/// Why nothing can be applied for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// As it is told everywhere.
    pub problem: Problem,
    /// What the center says to it, where it does.
    pub says: Option<Says>,
}

/// What a center says that takes no applications now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// When it does.
    Hours(Hours),
    /// Until when it does not, perhaps.
    Words(Localized),
}

impl From<Problem> for Closed {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            says: None,
        }
    }
}

impl From<ProblemCode> for Closed {
    fn from(code: ProblemCode) -> Self {
        Problem::from(code).into()
    }
}

impl From<Closed> for Problem {
    fn from(closed: Closed) -> Self {
        closed.problem
    }
}

/// Steps an application has, for "3/8".
pub const STEPS: u8 = 8;

impl View<'_> {
    /// Which step of [`STEPS`] this is, if it is one.
    #[must_use]
    pub const fn step(&self) -> Option<u8> {
        match self {
            Self::Menu(_) => Some(1),
            Self::PlaceCard => Some(2),
            Self::Kind(_) | Self::OtherKind(_) => Some(3),
            Self::Pin { .. } | Self::Reading | Self::TakeCard | Self::Checking => Some(4),
            Self::Passport | Self::Municipality { .. } | Self::LookingUp => Some(5),
            Self::Preview(_) => Some(6),
            Self::Fee { .. }
            | Self::Issuing
            | Self::Delivering { .. }
            | Self::TryAgain
            | Self::TakePaper { .. }
            | Self::Reporting => Some(7),
            Self::Done(_) => Some(8),
            Self::CardLeft
            | Self::PaperLeft
            | Self::Problem(_)
            | Self::Over(_)
            | Self::OutOfService(_) => None,
        }
    }
}

/// What the resident wants. What does not fit the view shown is ignored.
#[derive(Debug)]
pub enum Intent {
    /// Apply for a certificate of this programme of the menu.
    Apply(ProgrammeId),
    /// This kind of certificate.
    Kind(CertificateKind),
    /// The PIN, well-formed.
    Pin(Pin),
    /// The lines of a passport, as read by machine: nobody types them.
    Passport(PassportMrz),
    /// Records of this municipality.
    Municipality {
        /// Which of those offered.
        code: MunicipalityCode,
        /// Copies, 1 to 10.
        copies: u8,
    },
    /// What was shown is right; or: try again what did not work.
    Go,
    /// To the step before, where there is one that can be gone back to.
    Back,
    /// More time for what is shown.
    MoreTime,
    /// End the application.
    Cancel,
}
