//! VRS's signed statements, as the center believes them: what was found, and that a certificate is registered.
//!
//! Ed25519 under VRS's statement key, over `registry::Finding::message` and `registry::Receipt::message`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use card::trust::Environment;
use ed25519_dalek::{Signature, VerifyingKey, pkcs8::DecodePublicKey};
use issuance_api::{
    Array, KeyId, ProblemCode, Transcript,
    registry::{Finding, InquiryRequest, Outcome, Receipt, Registration},
};

use sha2::{Digest, Sha256};

use crate::certificate::{shc::Payload, vdsnc::Data};

/// VRS's statement key, public half.
pub struct StatementKey(VerifyingKey);

/// Why there is no statement key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementKeyError {
    /// No Ed25519 public key in SPKI PEM.
    #[error("{}: not an Ed25519 public key in PEM", .0.display())]
    Form(PathBuf),
    /// No environment stated, or another than the configured one.
    #[error("{}: of another environment than the configured one", .0.display())]
    Environment(PathBuf),
}

/// A statement is not what it should be: by another key, about something else, or altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("statement does not verify")]
pub struct StatementRefused;

impl From<StatementRefused> for ProblemCode {
    /// A statement that does not hold is a failure of the lookup, never an answer.
    fn from(_: StatementRefused) -> Self {
        Self::RecordsUnavailable
    }
}

/// What VRS found, believed.
#[derive(Debug)]
pub struct Found {
    /// The application's id.
    pub application: Array<16>,
    /// How long VRS takes the application's ticket.
    pub ticket_holds: Duration,
    /// What.
    pub outcome: Outcome,
}

/// Everything of one certificate that is to be signed.
pub struct Contents {
    /// The health card.
    pub payload: Payload,
    /// For abroad.
    pub seal: Option<Seal>,
}

/// What a barcode signer is to sign.
pub struct Seal {
    /// The data.
    pub data: Data,
    /// Who is to sign it: SHA-256 of the certificate.
    pub signer: Array<32>,
}

impl Contents {
    /// What the register of issues and the receipt are about: the payload's SHA-256, for abroad one over
    /// `transcript("shomei content v1", SHA-256 of the payload, SHA-256 of the data, SHA-256 of the signer's certificate)`.
    #[must_use]
    pub fn digest(&self) -> Array<32> {
        let payload = self.payload.digest();
        let Some(Seal { data, signer }) = &self.seal else {
            return payload;
        };
        let both = Transcript::new("shomei content v1")
            .field(payload.as_bytes())
            .field(data.digest().as_bytes())
            .field(signer.as_bytes())
            .into_bytes();
        Array::new(Sha256::digest(both).into())
    }
}

/// Contents that stand in the register: the only thing that is ever signed. Comes from
/// [`StatementKey::registered`] alone.
pub struct Registered {
    contents: Contents,
    kid: KeyId,
}

impl Registered {
    /// What to sign.
    #[must_use]
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The key the health card is registered for.
    #[must_use]
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }
}

impl StatementKey {
    /// Reads the key of a VRS of this environment, as `vrs keys statement` wrote it.
    ///
    /// # Errors
    /// [`StatementKeyError`].
    pub fn load(path: &Path, environment: Environment) -> Result<Self, StatementKeyError> {
        let form = || StatementKeyError::Form(path.to_owned());
        let text = std::fs::read_to_string(path).map_err(|_| form())?;
        let (stated, pem) = Environment::ahead_of_pem(&text).ok_or_else(form)?;
        if stated != Some(environment) {
            return Err(StatementKeyError::Environment(path.to_owned()));
        }
        VerifyingKey::from_public_key_pem(pem)
            .map(Self)
            .map_err(|_| form())
    }

    /// Takes a key over.
    #[must_use]
    pub const fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// Believes a finding about what was asked.
    ///
    /// # Errors
    /// [`StatementRefused`].
    pub fn found(
        &self,
        finding: Finding,
        asked: &InquiryRequest,
    ) -> Result<Found, StatementRefused> {
        self.verify(&finding.message(), &finding.signature)?;
        if !finding.answers(asked) {
            return Err(StatementRefused);
        }
        Ok(Found {
            application: finding.application,
            ticket_holds: Duration::from_secs(finding.ticket_expires_in_seconds.into()),
            outcome: finding.outcome,
        })
    }

    /// Believes a receipt for these contents, registered like this in this application.
    ///
    /// # Errors
    /// [`StatementRefused`].
    pub fn registered(
        &self,
        contents: Contents,
        registration: Registration,
        application: &Array<16>,
        receipt: &Receipt,
    ) -> Result<Registered, StatementRefused> {
        let message = Receipt::message(application, &registration);
        self.verify(&message, &receipt.signature)?;
        if receipt.application != *application || registration.content_digest != contents.digest() {
            return Err(StatementRefused);
        }
        Ok(Registered {
            contents,
            kid: registration.kid,
        })
    }

    fn verify(&self, message: &[u8], signature: &Array<64>) -> Result<(), StatementRefused> {
        let signature = Signature::from_bytes(signature.as_bytes());
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| StatementRefused)
    }
}
