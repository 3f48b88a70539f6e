//! A signing key in a file: P-256, PKCS#8 in PEM, readable by its owner alone.
//!
//! Ahead of the PEM boundary (RFC 7468, section 2, allows text there) stands `environment: production`, `test-card` or
//! `emulator`: the center does not start with a key of another environment than its trust anchors'.

use std::path::{Path, PathBuf};

use card::trust::Environment;
use issuance_channel::secret_file::{self, Unread};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::Generate,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding},
};

use super::{PublicKey, Signer, SignerFailed};

/// A key that was read, and for which environment it is.
pub struct KeyFile {
    key: SigningKey,
    public: PublicKey,
    environment: Environment,
}

/// Why a key file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Cannot be read.
    #[error("{}: cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// Others than its owner may read or write it.
    #[error("{}: open to others than its owner (chmod 600)", .0.display())]
    Exposed(PathBuf),
    /// Not a P-256 key in PKCS#8 or SPKI PEM.
    #[error("{}: not a P-256 key in PEM", .0.display())]
    Form(PathBuf),
    /// Does not say `environment: …` once, ahead of the PEM.
    #[error("{}: states no environment", .0.display())]
    Environment(PathBuf),
    /// There is a file already, or it cannot be written.
    #[error("{}: cannot be written, or exists already", .0.display())]
    NotWritten(PathBuf),
}

impl KeyFile {
    /// Makes a key: the private half to `path`, the public half beside it as `*.pub.pem`.
    ///
    /// # Errors
    /// [`KeyError::NotWritten`]; an existing file is never touched.
    ///
    /// # Panics
    /// Never: a P-256 key has both PEM forms.
    pub fn create(path: &Path, environment: Environment) -> Result<(), KeyError> {
        let key = SecretKey::generate();
        Self::write(&key, path, environment)?;
        let public = key
            .public_key()
            .to_public_key_pem(LineEnding::LF)
            .expect("a key has a PEM form");
        write(&path.with_extension("pub.pem"), 0o644, &public, environment)
    }

    /// Writes a private key for its owner alone.
    pub(super) fn write(
        key: &SecretKey,
        path: &Path,
        environment: Environment,
    ) -> Result<(), KeyError> {
        let private = key
            .to_pkcs8_pem(LineEnding::LF)
            .expect("a key has a PEM form");
        write(path, 0o600, &private, environment)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text = secret_file::read(path).map_err(|unread| match unread {
            Unread::Unreadable => KeyError::Unreadable(path.to_owned()),
            Unread::Exposed => KeyError::Exposed(path.to_owned()),
        })?;
        let form = || KeyError::Form(path.to_owned());
        let (environment, pem) = Environment::ahead_of_pem(&text).ok_or_else(form)?;
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| form())?;
        Ok(Self {
            public: PublicKey::new(*key.verifying_key()),
            key,
            environment: environment.ok_or_else(|| KeyError::Environment(path.to_owned()))?,
        })
    }

    /// What it may sign for.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// To sign certificates and lists with.
    pub(super) const fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}

fn write(path: &Path, mode: u32, pem: &str, environment: Environment) -> Result<(), KeyError> {
    let head = environment.head();
    secret_file::create(path, mode, &[head.as_bytes(), pem.as_bytes()])
        .map_err(|_| KeyError::NotWritten(path.to_owned()))
}

impl Signer for KeyFile {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerFailed> {
        let signature: Signature = self.key.try_sign(message).map_err(|_| SignerFailed)?;
        Ok(signature.to_bytes().into())
    }
}
