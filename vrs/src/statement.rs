//! The key by which VRS signs findings and receipts: Ed25519, PKCS#8 in PEM, readable by its owner alone.
//!
//! Ahead of the PEM boundary (RFC 7468, section 2, allows text there) stands `environment: emulator`, `test-card` or
//! `production`: VRS does not start with a key of another environment than its trust anchors'.

use std::path::Path;

use card::trust::Environment;
use ed25519_dalek::{
    Signer, SigningKey,
    pkcs8::{
        DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::EncodePublicKey,
        spki::der::pem::LineEnding,
    },
};
use issuance_api::Array;
use issuance_channel::secret_file::{self, Unread};

use crate::nonce::random;

/// Why there is no statement key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementKeyError {
    /// The file cannot be opened.
    #[error("the statement key cannot be opened")]
    Unreadable,
    /// Somebody but its owner may read or write it.
    #[error("the statement key is open to others than its owner")]
    Exposed,
    /// Not an Ed25519 key in PKCS#8 PEM.
    #[error("the statement key is not Ed25519 in PKCS#8 PEM")]
    Form,
    /// No environment stated, or another than the trust anchors'.
    #[error("the statement key is of another environment")]
    Environment,
    /// There is a file already, or it cannot be written.
    #[error("the statement key cannot be written")]
    NotWritten,
}

/// The key.
pub struct StatementKey(SigningKey);

impl StatementKey {
    /// Makes a key: the private half to `path`, the public half (SPKI PEM) beside it as `*.pub.pem`.
    ///
    /// # Errors
    /// [`StatementKeyError::NotWritten`]; an existing file is never touched.
    pub fn create(path: &Path, environment: Environment) -> Result<(), StatementKeyError> {
        const FAILED: StatementKeyError = StatementKeyError::NotWritten;
        let seed = random::<32>();
        let key = SigningKey::from_bytes(&seed);
        let head = environment.head();
        // Without the public half inside: every reader of PKCS#8 takes version 1 (RFC 8410, section 7).
        let private = KeypairBytes {
            secret_key: *seed,
            public_key: None,
        }
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| FAILED)?;
        let public = key
            .verifying_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| FAILED)?;
        for (path, mode, pem) in [
            (path.to_owned(), 0o600, private.as_str()),
            (path.with_extension("pub.pem"), 0o644, public.as_str()),
        ] {
            secret_file::create(&path, mode, &[head.as_bytes(), pem.as_bytes()])
                .map_err(|_| FAILED)?;
        }
        Ok(())
    }

    /// Reads a key of this environment.
    ///
    /// # Errors
    /// [`StatementKeyError`].
    pub fn load(path: &Path, environment: Environment) -> Result<Self, StatementKeyError> {
        let text = secret_file::read(path).map_err(|unread| match unread {
            Unread::Unreadable => StatementKeyError::Unreadable,
            Unread::Exposed => StatementKeyError::Exposed,
        })?;
        let (stated, pem) = Environment::ahead_of_pem(&text).ok_or(StatementKeyError::Form)?;
        if stated != Some(environment) {
            return Err(StatementKeyError::Environment);
        }
        SigningKey::from_pkcs8_pem(pem)
            .map(Self)
            .map_err(|_| StatementKeyError::Form)
    }

    /// Signs a message of `issuance_api::registry`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Array<64> {
        Array::new(self.0.sign(message).to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> ed25519_dalek::VerifyingKey {
        self.0.verifying_key()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use ed25519_dalek::{VerifyingKey, pkcs8::DecodePublicKey};

    use super::*;

    #[test]
    fn a_key_is_made_once_read_back_and_of_one_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statement.pem");
        StatementKey::create(&path, Environment::Emulator).unwrap();
        assert_eq!(
            StatementKey::create(&path, Environment::Emulator),
            Err(StatementKeyError::NotWritten)
        );
        let key = StatementKey::load(&path, Environment::Emulator).unwrap();
        let public = std::fs::read_to_string(folder.path().join("statement.pub.pem")).unwrap();
        let pem = &public[public.find("-----BEGIN").unwrap()..];
        assert_eq!(
            VerifyingKey::from_public_key_pem(pem).unwrap(),
            key.public()
        );
        assert_eq!(
            StatementKey::load(&path, Environment::Production).err(),
            Some(StatementKeyError::Environment)
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(
            StatementKey::load(&path, Environment::Emulator).err(),
            Some(StatementKeyError::Exposed)
        );
    }
}
