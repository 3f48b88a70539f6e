//! Revocation ids: what stands in a health card and on the revocation list in place of the certificate id.
//!
//! ```text
//! secret of a kid = HKDF-SHA-256(file secret, info = "shomei rid v1" ‖ kid)        32 bytes
//! rid             = first 12 bytes of HMAC-SHA-256(secret of the kid, id as printed)
//! ```
//! The file's secret is apart from the signing keys, so that lists can be made for keys that are retired or live in an HSM.
//! It has to last as long as certificates do, and to be the same at every center.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use issuance_api::{Array, CertificateId, KeyId};
use sha2::Sha256;
use zeroize::Zeroizing;

use issuance_channel::secret_file::{self, Unread};

/// The secret from which every kid's is derived.
pub struct RidSecret(Hkdf<Sha256>);

/// Why the secret cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RidSecretError {
    /// Cannot be read.
    #[error("{}: cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// Others than its owner may read or write it.
    #[error("{}: open to others than its owner (chmod 600)", .0.display())]
    Exposed(PathBuf),
    /// Not 32 bytes in base64url.
    #[error("{}: not 32 bytes in base64url", .0.display())]
    Form(PathBuf),
    /// There is a file already, or it cannot be written.
    #[error("{}: cannot be written, or exists already", .0.display())]
    NotWritten(PathBuf),
}

impl RidSecret {
    /// Makes a secret.
    ///
    /// # Errors
    /// [`RidSecretError::NotWritten`]; an existing file is never touched.
    pub fn create(path: &Path) -> Result<(), RidSecretError> {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*crate::random::<32>()));
        secret_file::create(path, 0o600, &[text.as_bytes(), b"\n"])
            .map_err(|_| RidSecretError::NotWritten(path.to_owned()))
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// [`RidSecretError`].
    pub fn load(path: &Path) -> Result<Self, RidSecretError> {
        let text = secret_file::read(path).map_err(|unread| match unread {
            Unread::Unreadable => RidSecretError::Unreadable(path.to_owned()),
            Unread::Exposed => RidSecretError::Exposed(path.to_owned()),
        })?;
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map(Zeroizing::new).ok();
        let bytes = bytes.filter(|bytes| bytes.len() == 32);
        let bytes = bytes.ok_or_else(|| RidSecretError::Form(path.to_owned()))?;
        Ok(Self::from_bytes(&bytes))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Hkdf::new(None, bytes))
    }

    /// The revocation id of a certificate signed by this key.
    ///
    /// # Panics
    /// Never: HKDF gives 32 bytes, and HMAC takes a key of any length.
    #[must_use]
    pub fn rid(&self, kid: &KeyId, id: &CertificateId) -> Array<12> {
        let mut secret = Zeroizing::new([0; 32]);
        self.0
            .expand_multi_info(&[b"shomei rid v1", kid.as_str().as_bytes()], &mut *secret)
            .expect("HKDF gives 32 bytes");
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*secret)
            .expect("HMAC takes a key of any length");
        mac.update(id.to_string().as_bytes());
        let mac: [u8; 32] = mac.finalize().into_bytes().into();
        let (first, _) = mac.split_first_chunk().expect("12 is less than 32");
        Array::new(*first)
    }
}
