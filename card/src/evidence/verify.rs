use std::fmt;

use super::{Context, Evidence, EvidenceError, SurfaceError, SurfacePart, TextFiles};
use crate::attributes::{Attributes, BirthDate};
use crate::key::KeyId;
use crate::number::IndividualNumber;
use crate::trust::{ApRole, TrustStore};

/// What a genuine card said in this very context. Comes from [`Evidence::verify`] alone; wiped on
/// drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    number: IndividualNumber,
    attributes: Attributes,
    signer: KeyId,
    surface: bool,
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

    /// The municipal signer's key: compare it with a list of refused ones.
    #[must_use]
    pub const fn signer(&self) -> KeyId {
        self.signer
    }

    /// Whether the surface AP answered too, so that the card that answered is tied to the birth date.
    #[must_use]
    pub const fn is_bound_by_surface(&self) -> bool {
        self.surface
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
        if let Some(part) = &surface {
            part.verify_signatures(trust)?;
            part.verify_birth(files.attributes.attributes().birth())?;
            let named = files.named().into_iter().chain(part.named());
            let digest = context.digest(ApRole::Surface, named);
            if !part.age_record.key().verifies(&digest, &part.answer) {
                return Err(SurfaceError::Challenge.into());
            }
        }
        Ok(Verified {
            number: files.checked_number()?,
            attributes: files.attributes.attributes().clone(),
            signer: files.certificate.subject(),
            surface: surface.is_some(),
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
        if self.attributes.digest() != self.integrity.attributes_digest() {
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

    fn verify_birth(&self, birth: &BirthDate) -> Result<(), SurfaceError> {
        if self.age_record.birth() == birth {
            Ok(())
        } else {
            Err(SurfaceError::BirthDate)
        }
    }
}
