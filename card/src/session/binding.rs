//! The binding: the surface AP answers the same challenge, with a key that is signed together with the
//! birth date.

use std::fmt;

use super::{Link, SessionError, Step, ask_tries, challenge, verify};
use crate::aid;
use crate::certificate::Certificate;
use crate::era::BirthCode;
use crate::evidence::{Context, Evidence, SurfacePart, TextFiles};
use crate::file::FileError;
use crate::key::Signature;
use crate::status::Status;
use crate::surface_ap::{self, AgeRecord};
use crate::transport::Transport;
use crate::trust::ApRole;

/// Tries of the birth code when nothing was spent. Not published: assumed to be as many as the text AP's
/// 照合番号 are thought to have. This is the one place where it is.
pub const BIRTH_CODE_TRIES: u8 = 10;

/// With fewer tries left than this, half of them, the birth code is not presented.
const TRIES_NEEDED: u8 = BIRTH_CODE_TRIES / 2;

/// The text AP answered. What it proves is not yet bound to the card.
pub struct Answered<'c, T> {
    link: Link<T>,
    context: Context<'c>,
    files: TextFiles,
    answer: Signature,
}

/// What the card proved.
#[derive(Debug, PartialEq, Eq)]
pub enum Proof {
    /// Both applications answered.
    Bound(Evidence),
    /// The text AP alone did.
    Unbound {
        /// Without the surface part.
        evidence: Evidence,
        /// Why it is without.
        reason: Unbound,
    },
}

impl Proof {
    /// The evidence, bound or not. What an unbound one counts is for its verifier to say.
    #[must_use]
    pub fn into_evidence(self) -> Evidence {
        match self {
            Self::Bound(evidence) | Self::Unbound { evidence, .. } => evidence,
        }
    }
}

/// Why a card could not be bound by its surface AP. Says nothing about its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbound {
    /// The card has no surface AP.
    #[error("no surface AP")]
    NoApplication,
    /// EF 0002 has a birth date that no era covers. Nothing was presented.
    #[error("birth date has no code")]
    NoBirthCode,
    /// EF 0002 did not come as the card has it: EF 0003 says otherwise. What it says of the birth date may be wrong, and nothing was presented.
    #[error("EF 0002 and EF 0003 do not go together")]
    NotWhole,
    /// Fewer tries of the birth code are left than half of [`BIRTH_CODE_TRIES`]. Nothing was presented.
    #[error("too few tries of the birth code: {remaining}")]
    TooFewTries {
        /// Tries left.
        remaining: u8,
    },
    /// The card refused the birth code: it expects another form of this birth date. No second form is
    /// tried.
    #[error("birth code refused, tries left: {remaining}")]
    CodeRefused {
        /// Tries left.
        remaining: u8,
    },
    /// The card answered a step with a status word that does not belong there.
    #[error("unexpected status at {step:?}: {status:?}")]
    Unexpected {
        /// The step, in the surface AP.
        step: Step,
        /// What the card answered.
        status: Status,
    },
    /// A file, or the answer, is not laid out as it should be.
    #[error("file: {0}")]
    File(#[from] FileError),
}

/// Why the surface part is not there: the card cannot give it, or the session is over.
enum Failure {
    Unbound(Unbound),
    Session(SessionError),
}

impl From<Unbound> for Failure {
    fn from(reason: Unbound) -> Self {
        Self::Unbound(reason)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::Unbound(Unbound::File(error))
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unexpected { step, status } => {
                Unbound::Unexpected { step, status }.into()
            }
            SessionError::File(error) => error.into(),
            other => Self::Session(other),
        }
    }
}

impl<'c, T: Transport> Answered<'c, T> {
    pub(super) const fn new(
        link: Link<T>,
        context: Context<'c>,
        files: TextFiles,
        answer: Signature,
    ) -> Self {
        Self {
            link,
            context,
            files,
            answer,
        }
    }

    /// Has the surface AP sign the same context with all files of both applications, and powers the card
    /// down. The birth code comes from EF 0002; it is presented at most once, and not at all where that was
    /// misread or fewer than half of its tries are left.
    ///
    /// # Errors
    /// [`SessionError`] only if the card does not answer at all. Whatever else is in the way is a reason
    /// in [`Proof::Unbound`].
    pub fn bind(self) -> Result<Proof, SessionError> {
        let Self {
            mut link,
            context,
            files,
            answer,
        } = self;
        match surface_part(&mut link, &context, &files) {
            Ok(part) => Ok(Proof::Bound(Evidence::new(files, answer, Some(part)))),
            Err(Failure::Unbound(reason)) => Ok(Proof::Unbound {
                evidence: Evidence::new(files, answer, None),
                reason,
            }),
            Err(Failure::Session(error)) => Err(error),
        }
    }

    /// Leaves it at the text AP's answer, and powers the card down.
    #[must_use]
    pub fn unbound(self) -> Evidence {
        Evidence::new(self.files, self.answer, None)
    }
}

fn surface_part<T: Transport>(
    link: &mut Link<T>,
    context: &Context<'_>,
    files: &TextFiles,
) -> Result<SurfacePart, Failure> {
    // A birth date that was misread costs the card a try.
    if !files.integrity.covers(&files.attributes) {
        return Err(Unbound::NotWhole.into());
    }
    let birth = files.attributes.attributes().birth();
    let code = BirthCode::of(birth).ok_or(Unbound::NoBirthCode)?;
    match link.select(&aid::SURFACE_AP)? {
        Status::Success => {}
        Status::NotFound => return Err(Unbound::NoApplication.into()),
        status => return Err(unexpected(Step::Select, status)),
    }
    match ask_tries(link, surface_ap::BIRTH_CODE)? {
        Status::TriesLeft(remaining) if remaining >= TRIES_NEEDED => {}
        Status::TriesLeft(remaining) => return Err(Unbound::TooFewTries { remaining }.into()),
        Status::Blocked => return Err(Unbound::TooFewTries { remaining: 0 }.into()),
        status => return Err(unexpected(Step::Tries, status)),
    }
    let status = link
        .send(&verify(surface_ap::BIRTH_CODE, code.expose()))?
        .status;
    drop(code);
    match status {
        Status::Success => {}
        Status::TriesLeft(remaining) => return Err(Unbound::CodeRefused { remaining }.into()),
        Status::Blocked => return Err(Unbound::CodeRefused { remaining: 0 }.into()),
        status => return Err(unexpected(Step::Verify, status)),
    }
    let age_record = AgeRecord::decode(&link.read_object(surface_ap::AGE_RECORD)?)?;
    let certificate = Certificate::decode(&link.read_object(surface_ap::CERTIFICATE)?)?;
    // What is signed covers the part's files, so the part is there before its answer.
    let mut part = SurfacePart {
        age_record,
        certificate,
        answer: Signature::from([0; 256]),
    };
    let both = files.named().into_iter().chain(part.named());
    part.answer = challenge(link, context, ApRole::Surface, both)?;
    Ok(part)
}

const fn unexpected(step: Step, status: Status) -> Failure {
    Failure::Unbound(Unbound::Unexpected { step, status })
}

impl<T> fmt::Debug for Answered<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answered(..)")
    }
}
