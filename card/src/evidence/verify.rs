use std::fmt;

use super::{Context, Evidence, EvidenceError, SurfaceError, SurfacePart, TextFiles};
use crate::attributes::Attributes;
use crate::key::KeyId;
use crate::number::IndividualNumber;
use crate::trust::{ApRole, TrustStore};

/// Whether the surface AP has to have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// It has to: evidence without its part is refused.
    Required,
    /// It need not: for cards that cannot. Evidence can then be made of one card's files and another
    /// card's answer, by whoever has both. A part that is there still has to verify, unless the trust
    /// store has no anchor for the surface AP: then nothing can be said of it, and it counts for nothing.
    Optional,
}

/// What a genuine card said in this very context. Comes from [`Evidence::verify`] alone; wiped on
/// drop.
#[derive(PartialEq, Eq)]
pub struct Verified {
    number: IndividualNumber,
    attributes: Attributes,
    signer: KeyId,
    surface_signer: Option<KeyId>,
}

impl Verified {
    /// The holder's individual number.
    #[must_use]
    pub const fn number(&self) -> &IndividualNumber {
        &self.number
    }

    /// The holder's four attributes.
    #[must_use]
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The municipal signer's key in the text AP.
    #[must_use]
    pub const fn signer(&self) -> KeyId {
        self.signer
    }

    /// The municipal signer's key in the surface AP, if that AP answered too. It may be another
    /// municipality's: nothing says that a move, after which the text AP is written anew, changes the age
    /// record, so no rule is made of it.
    #[must_use]
    pub const fn surface_signer(&self) -> Option<KeyId> {
        self.surface_signer
    }

    /// All signers' keys: compare each with a list of refused ones.
    pub fn signers(&self) -> impl Iterator<Item = KeyId> {
        [Some(self.signer), self.surface_signer]
            .into_iter()
            .flatten()
    }

    /// The number, and nothing else of the holder any more.
    #[must_use]
    pub fn into_number(self) -> IndividualNumber {
        self.number
    }

    /// Whether the surface AP answered too, so that its card is tied to the birth date. Nothing says that the text AP's
    /// answer is the same card's.
    #[must_use]
    pub const fn is_bound_by_surface(&self) -> bool {
        self.surface_signer.is_some()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(..)")
    }
}

impl Evidence {
    /// Believes the evidence in this context, or says which step failed.
    ///
    /// # Errors
    /// [`EvidenceError`], in the order the [module](super) lists the steps.
    pub fn verify(
        self,
        context: &Context<'_>,
        trust: &TrustStore,
        binding: Binding,
    ) -> Result<Verified, EvidenceError> {
        let Self {
            files,
            answer,
            surface,
        } = self;
        files.verify_signatures(trust)?;
        let digest = context.digest(ApRole::Text, files.named());
        if !files.card_key.key().verifies(&digest, &answer) {
            return Err(EvidenceError::Challenge);
        }
        let surface_signer = match (&surface, binding) {
            (None, Binding::Required) => return Err(SurfaceError::Missing.into()),
            (None, Binding::Optional) => None,
            (Some(_), Binding::Optional) if !trust.covers(ApRole::Surface) => None,
            (Some(part), _) => {
                part.verify(context, &files, trust)?;
                Some(part.certificate.subject())
            }
        };
        Ok(Verified {
            number: files.checked_number()?,
            signer: files.certificate.subject(),
            attributes: files.attributes.into_attributes(),
            surface_signer,
        })
    }
}

impl TextFiles {
    /// Everything but the challenge: what can be said of a dump of a card's files. That they are
    /// genuine says nothing about who holds them now.
    ///
    /// # Errors
    /// [`EvidenceError`], whichever step failed.
    pub fn verify(&self, trust: &TrustStore) -> Result<IndividualNumber, EvidenceError> {
        self.verify_signatures(trust)?;
        self.checked_number()
    }

    fn verify_signatures(&self, trust: &TrustStore) -> Result<(), EvidenceError> {
        trust.judge(ApRole::Text, &self.certificate)?;
        if self.number.digest() != *self.integrity.number_digest() {
            return Err(EvidenceError::NumberDigest);
        }
        if !self.integrity.covers(&self.attributes) {
            return Err(EvidenceError::AttributesDigest);
        }
        let signer = self.certificate.key();
        if !self.integrity.is_signed_by(signer) {
            return Err(EvidenceError::IntegritySignature);
        }
        if !self.card_key.is_signed_by(signer) {
            return Err(EvidenceError::CardKeySignature);
        }
        Ok(())
    }

    fn checked_number(&self) -> Result<IndividualNumber, EvidenceError> {
        self.number.number().map_err(|_| EvidenceError::CheckDigit)
    }
}

impl SurfacePart {
    /// Everything but the challenge and the birth date.
    ///
    /// # Errors
    /// [`SurfaceError`], whichever step failed.
    pub fn verify_signatures(&self, trust: &TrustStore) -> Result<(), SurfaceError> {
        trust.judge(ApRole::Surface, &self.certificate)?;
        if !self.age_record.is_signed_by(self.certificate.key()) {
            return Err(SurfaceError::RecordSignature);
        }
        Ok(())
    }

    /// Everything but the challenge. The birth date is all that ties these files to the text AP's: of
    /// two holders who were born on one day, one's could stand beside the other's.
    ///
    /// # Errors
    /// [`SurfaceError`], whichever step failed.
    pub fn verify_beside(&self, files: &TextFiles, trust: &TrustStore) -> Result<(), SurfaceError> {
        self.verify_signatures(trust)?;
        if self.age_record.birth() == files.attributes.attributes().birth() {
            Ok(())
        } else {
            Err(SurfaceError::BirthDate)
        }
    }

    fn verify(
        &self,
        context: &Context<'_>,
        files: &TextFiles,
        trust: &TrustStore,
    ) -> Result<(), SurfaceError> {
        self.verify_beside(files, trust)?;
        let named = files.named().into_iter().chain(self.named());
        let digest = context.digest(ApRole::Surface, named);
        if self.age_record.key().verifies(&digest, &self.answer) {
            Ok(())
        } else {
            Err(SurfaceError::Challenge)
        }
    }
}
