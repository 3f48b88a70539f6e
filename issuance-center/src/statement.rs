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
    Array, KeyId, ProblemCode,
    registry::{Finding, InquiryRequest, Outcome, Receipt, Registration},
};

use crate::certificate::shc::Payload;

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

/// A payload that stands in the register: the only thing that is ever signed. Comes from
/// [`StatementKey::registered`] alone.
pub struct RegisteredPayload {
    payload: Payload,
    kid: KeyId,
}

impl RegisteredPayload {
    /// What to sign.
    #[must_use]
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The key it is registered for.
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

    /// Believes a receipt for this payload, registered like this in this application.
    ///
    /// # Errors
    /// [`StatementRefused`].
    pub fn registered(
        &self,
        payload: Payload,
        registration: Registration,
        application: &Array<16>,
        receipt: &Receipt,
    ) -> Result<RegisteredPayload, StatementRefused> {
        let message = Receipt::message(application, &registration);
        self.verify(&message, &receipt.signature)?;
        if receipt.application != *application || registration.content_digest != payload.digest() {
            return Err(StatementRefused);
        }
        Ok(RegisteredPayload {
            payload,
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
