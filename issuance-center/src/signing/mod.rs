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
pub use vdsnc::{BarcodeSigners, ListPaths, SignerPaths, SignersError};

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

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// SMART Health Cards.
    HealthCards,
    /// VDS-NC barcodes.
    Barcodes,
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
#[derive(Debug, PartialEq, Eq)]
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

/// The signers with their guard. The one whose time has come last signs what is previewed now; those before it, what was previewed in
/// theirs.
pub struct Signing {
    /// In order of time; there is always the first.
    signers: Vec<Timed>,
    barcodes: Option<BarcodeSigners>,
    stopped: AtomicBool,
}

/// A signer, and since when it signs.
struct Timed {
    from: Option<OffsetDateTime>,
    signer: Box<dyn Signer>,
}

impl Timed {
    fn has_begun(&self, now: OffsetDateTime) -> bool {
        self.from.is_none_or(|from| from <= now)
    }
}

impl Signing {
    /// Guards a signer.
    #[must_use]
    pub fn new(signer: impl Signer + 'static) -> Self {
        let first = Timed {
            from: None,
            signer: Box::new(signer),
        };
        Self {
            signers: vec![first],
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

    /// With one that takes over at this time, later than those given before.
    #[must_use]
    pub fn with_next(mut self, from: OffsetDateTime, signer: impl Signer + 'static) -> Self {
        self.signers.push(Timed {
            from: Some(from),
            signer: Box::new(signer),
        });
        self
    }

    /// Each key, for what it is for, behind what is made of it: a device of one's own, or what fails.
    #[must_use]
    pub fn through(
        mut self,
        mut between: impl FnMut(Purpose, Box<dyn Signer>) -> Box<dyn Signer>,
    ) -> Self {
        let signers = self.signers.into_iter().map(|it| Timed {
            signer: between(Purpose::HealthCards, it.signer),
            ..it
        });
        self.signers = signers.collect();
        let mut barcode = |key| between(Purpose::Barcodes, key);
        self.barcodes = self.barcodes.map(|signers| signers.through(&mut barcode));
        self
    }

    /// Signers of certificates for abroad, where there are any.
    #[must_use]
    pub const fn barcodes(&self) -> Option<&BarcodeSigners> {
        self.barcodes.as_ref()
    }

    /// The public half of the key that signs at this time.
    ///
    /// # Panics
    /// Never: the first signer has always begun.
    #[must_use]
    pub fn public(&self, now: OffsetDateTime) -> &PublicKey {
        let mut begun = self.signers.iter().rev();
        let current = begun.find(|it| it.has_begun(now));
        current.expect("the first has always begun").signer.public()
    }

    /// Its thumbprint.
    #[must_use]
    pub fn kid(&self, now: OffsetDateTime) -> &KeyId {
        self.public(now).kid()
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
        let mut begun = self.signers.iter().filter(|it| it.has_begun(now));
        let own = begun.find(|it| it.signer.public().kid() == registered.kid());
        let Timed { signer, .. } = own.ok_or(SignError::OtherKey)?;
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
            jws: Jws::assemble(&contents.payload, registered.kid(), |message| {
                self.checked(&**signer, message)
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
