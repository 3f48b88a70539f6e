//! Signing: ES256 under P-256 keys, and only what VRS has registered.
//!
//! ```text
//! Registered ── Signing::sign ── Signer (key file, later an HSM) ── verified ── JWS and, for abroad, VDS-NC
//! ```
//! ES256 is deterministic (RFC 6979), so a machine that computes wrongly would hand out the key with two signatures over one
//! message. Each signature is therefore verified before it leaves, by another implementation than the one that made it; the first
//! that does not verify stops signing for good.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use issuance_api::{KeyId, ProblemCode};
use p256::ecdsa::VerifyingKey;

use time::OffsetDateTime;

use crate::{
    certificate::{shc::Jws, vdsnc::VdsNc},
    statement::Registered,
};

mod key;
mod public;
mod rid;
pub mod vdsnc;

pub use key::{KeyError, KeyFile};
pub use public::{Jwk, Jwks, PublicKey};
pub use rid::{RidSecret, RidSecretError};
pub use vdsnc::{BarcodeSigners, SignerPaths, SignersError};

/// Something that signs with a P-256 key it does not show.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public(&self) -> &PublicKey;

    /// ES256 over the message: r ‖ s.
    ///
    /// # Errors
    /// [`SignerFailed`].
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerFailed>;
}

/// The signer gave no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no signature")]
pub struct SignerFailed;

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A signature did not verify, now or before.
    #[error("signing is stopped")]
    Stopped,
    /// Registered for another key, or for a barcode signer that may not sign now.
    #[error("registered for another key")]
    OtherKey,
}

/// A certificate's signed parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The health card.
    pub jws: Jws,
    /// For abroad.
    pub seal: Option<VdsNc>,
}

impl From<SignError> for ProblemCode {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Stopped => Self::SigningStopped,
            SignError::OtherKey => Self::StateInvalid,
        }
    }
}

/// The signer with its guard.
pub struct Signing {
    signer: Box<dyn Signer>,
    barcodes: Option<BarcodeSigners>,
    stopped: AtomicBool,
}

impl Signing {
    /// Guards a signer.
    #[must_use]
    pub fn new(signer: impl Signer + 'static) -> Self {
        Self {
            signer: Box::new(signer),
            barcodes: None,
            stopped: AtomicBool::new(false),
        }
    }

    /// With these for certificates for abroad.
    #[must_use]
    pub fn with_barcodes(mut self, barcodes: Option<BarcodeSigners>) -> Self {
        self.barcodes = barcodes;
        self
    }

    /// Signers of certificates for abroad, where there are any.
    #[must_use]
    pub const fn barcodes(&self) -> Option<&BarcodeSigners> {
        self.barcodes.as_ref()
    }

    /// The public half of its key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        self.signer.public()
    }

    /// Thumbprint of the key.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        self.public().kid()
    }

    /// Whether a signature failed to verify since the start.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Signs what is registered, at this time.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, registered: &Registered, now: OffsetDateTime) -> Result<Signed, SignError> {
        if registered.kid() != self.kid() {
            return Err(SignError::OtherKey);
        }
        let contents = registered.contents();
        let seal = contents.seal.as_ref().map(|seal| {
            let barcodes = self.barcodes.as_ref();
            let signer = barcodes.and_then(|signers| signers.find(&seal.signer, now));
            let signer = signer.and_then(|it| Some((it.key()?, it.certificate().der())));
            let (key, certificate) = signer.ok_or(SignError::OtherKey)?;
            VdsNc::assemble(&seal.data, certificate, |data| self.checked(key, data))
        });
        Ok(Signed {
            seal: seal.transpose()?,
            jws: Jws::assemble(&contents.payload, self.kid(), |message| {
                self.checked(&*self.signer, message)
            })?,
        })
    }

    fn checked(&self, signer: &dyn Signer, message: &[u8]) -> Result<[u8; 64], SignError> {
        if self.is_stopped() {
            return Err(SignError::Stopped);
        }
        let signature = signer.sign(message).ok();
        let good =
            signature.filter(|signature| verifies(signer.public().get(), message, signature));
        good.ok_or_else(|| {
            self.stopped.store(true, Ordering::Release);
            SignError::Stopped
        })
    }
}

fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.to_sec1_point(false));
    key.verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests;
