//! Who signs emulated cards: a CA, and under it a signer for every municipality that issues cards.
//!
//! Key ids follow those of real cards, but for the first digit of the CA's: 5 is production, 6 test
//! cards, **9 this emulator**. So nothing it signs can be taken for either, and a trust anchor for it is
//! of the environment `emulator`.
//!
//! | key | id |
//! |---|---|
//! | CA for the text AP, for the surface AP | 9000033-001-00000000, 9000023-001-00000000 |
//! | other CAs, in no trust anchor | 9900033-001-00000000, 9900023-001-00000000 |
//! | a municipality's signer | its five digits, 3 for the text AP or 2 for the surface AP, and 1 (2 under the other CA) |
//! | root of the card manager's chain, and the key at its end | 9000020-001-00000000, 9000050-001-00000000 |
//! | a municipality's key between them | its five digits, 30, and version 002 |
//!
//! The JPKI AP's CAs are of another kind, X.509: [`jpki`].

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, io, thread};

use card::certificate::Certificate;
use card::key::{KeyId, PublicKey, Signature};
use card::trust::{Anchor, ApRole, Environment};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files::write_private;
use crate::persona::Municipality;

pub mod jpki;

/// Which CA signs a card's signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ca {
    /// The one in the trust anchors.
    #[default]
    Own,
    /// One that is in none.
    Other,
}

/// Names a key of the authority: what of, and for which application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyName {
    /// A CA's.
    Ca(Ca, ApRole),
    /// A municipality's signer's, under this CA.
    Signer(Ca, ApRole, Municipality),
    /// Root of the card manager's chain of certificates.
    ManagerRoot,
    /// A municipality's in it.
    ManagerIntermediate(Municipality),
    /// The key at its end. What it is for is not known.
    ManagerEnd,
}

/// A CA or a signer: a private key with its id.
#[derive(Debug)]
pub struct Signer {
    id: KeyId,
    key: PrivateKey,
}

/// Why a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Reading or writing failed.
    #[error("authority: {0}")]
    Io(#[from] io::Error),
    /// A file holds no RSA private key of 2048 bits in PKCS#8.
    #[error("authority: a key is none of RSA-2048 in PKCS#8")]
    Key,
    /// An X.509 certificate cannot be made.
    #[error("authority: certificate: {0}")]
    Certificate(#[from] x509_cert::builder::Error),
    /// The generator of keys failed.
    #[error("key generation failed")]
    Generation,
}

impl KeyName {
    /// Its id.
    ///
    /// # Panics
    /// Never: all its digits are digits.
    #[must_use]
    pub fn id(self) -> KeyId {
        let (digits, version) = match self {
            Self::Ca(ca, role) => {
                let second = if ca == Ca::Own { b'0' } else { b'9' };
                (
                    [b'9', second, b'0', b'0', b'0', role.digit(), b'3'],
                    *b"001",
                )
            }
            Self::Signer(ca, role, municipality) => {
                let [a, b, c, d, e] = *municipality.prefix();
                let serial = if ca == Ca::Own { b'1' } else { b'2' };
                ([a, b, c, d, e, role.digit(), serial], *b"000")
            }
            Self::ManagerRoot => (*b"9000020", *b"001"),
            Self::ManagerIntermediate(municipality) => {
                let [a, b, c, d, e] = *municipality.prefix();
                ([a, b, c, d, e, b'3', b'0'], *b"002")
            }
            Self::ManagerEnd => (*b"9000050", *b"001"),
        };
        KeyId::new(digits, version, [0; 4]).expect("all digits")
    }

    /// Its file in the authority's folder.
    #[must_use]
    pub fn file(self, folder: &Path) -> PathBuf {
        folder
            .join(self.id().short().as_str())
            .with_extension("pem")
    }

    /// Reads its private key from the authority's folder.
    ///
    /// # Errors
    /// [`AuthorityError`] if it is not there.
    pub fn load(self, folder: &Path) -> Result<Signer, AuthorityError> {
        Signer::new(self.id(), load_key(&self.file(folder))?)
    }
}

/// Reads a private key of the authority from its file.
///
/// # Errors
/// [`AuthorityError`] if it is not there, or not one in PKCS#8.
pub fn load_key(file: &Path) -> Result<PrivateKey, AuthorityError> {
    let pem = Zeroizing::new(fs::read_to_string(file)?);
    PrivateKey::from_pkcs8_pem(&pem).map_err(|_| AuthorityError::Key)
}

/// Writes a private key of the authority to its file.
///
/// # Errors
/// [`AuthorityError`] if that fails.
pub fn store_key(file: &Path, key: &PrivateKey) -> Result<(), AuthorityError> {
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| AuthorityError::Key)?;
    Ok(write_private(file, pem.as_bytes())?)
}

impl Signer {
    /// Of an id and an RSA-2048 key.
    ///
    /// # Errors
    /// [`AuthorityError::Key`] if it is another kind of key.
    pub fn new(id: KeyId, key: PrivateKey) -> Result<Self, AuthorityError> {
        public_key(&key).ok_or(AuthorityError::Key)?;
        Ok(Self { id, key })
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Signs: PKCS#1 v1.5 with SHA-256.
    ///
    /// # Panics
    /// If the generator of random numbers, which blinds the key, fails.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature = self
            .key
            .sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
            .expect("a checked key of 2048 bits signs any digest");
        signature
            .as_slice()
            .try_into()
            .expect("as long as the modulus")
    }

    /// Certifies another key: a municipal signer's, or the next in the card manager's chain.
    #[must_use]
    pub fn certify(&self, signer: &Self) -> Certificate {
        Certificate::issue(self.id, signer.id, signer.public_key(), |body| {
            self.sign(body)
        })
    }

    /// The trust anchor file that makes programs believe this CA for this application.
    ///
    /// # Panics
    /// Never: an RSA public key can be written as PEM.
    #[must_use]
    pub fn anchor_file(&self, role: ApRole) -> String {
        let anchor = Anchor {
            id: self.id.short(),
            role,
            environment: Environment::Emulator,
            key: self.public_key(),
        };
        let pem = self
            .key
            .to_public_key()
            .to_public_key_pem(LineEnding::LF)
            .expect("an RSA public key");
        format!("{anchor}{pem}")
    }

    fn public_key(&self) -> PublicKey {
        public_key(&self.key).expect("checked when the signer was made")
    }
}

/// The public half of a key, if it is one that cards have.
#[must_use]
pub fn public_key(key: &PrivateKey) -> Option<PublicKey> {
    PublicKey::from_modulus(&key.n().to_be_bytes_trimmed_vartime()).ok()
}

/// Makes so many RSA-2048 keys, on two threads: about a tenth of a second each.
///
/// # Errors
/// [`AuthorityError::Generation`] if the generator of random numbers fails.
pub fn generate(count: usize) -> Result<Vec<PrivateKey>, AuthorityError> {
    let wanted = Mutex::new(0..count);
    let next = || wanted.lock().ok().and_then(|mut wanted| wanted.next());
    let work = || -> Result<Vec<PrivateKey>, AuthorityError> {
        std::iter::from_fn(next)
            .map(|_| {
                PrivateKey::new(&mut rand::rng(), 2048).map_err(|_| AuthorityError::Generation)
            })
            .collect()
    };
    thread::scope(|scope| {
        let second = scope.spawn(work);
        let mut keys = work()?;
        keys.extend(second.join().map_err(|_| AuthorityError::Generation)??);
        Ok(keys)
    })
}
