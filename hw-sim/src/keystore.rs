//! The keystore of a phone: makes P-256 keys, says of each in X.509 what it is (Android Key Attestation), and signs with
//! them; a private key never leaves it.
//!
//! ```text
//! root (RSA) ── intermediate ── attestation key ── leaf: the app's key, with KeyDescription (1.3.6.1.4.1.11129.2.1.17)
//! root of software, in nobody's list of roots ──── leaf
//! ```
//! | module | what |
//! |---|---|
//! | [`description`] | `KeyDescription`, written |
//! | [`authority`] | the roots and attestation keys that phones are made with here; none is of any real phone |
//! | [`device`] | what kind of phone it is: `devices/*.toml` |
//! | [`server`] | the keystore on a Unix socket (`docs/keystore.md`) |

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::EncodePublicKey;

pub mod authority;
pub mod description;
pub mod device;
pub mod server;

use authority::{Authority, AuthorityError};
use device::Device;

/// How many keys it has room for.
pub const ROOM: usize = 16;

/// Longest challenge, in bytes, as of Android.
pub const LONGEST_CHALLENGE: usize = 128;

/// A phone's keystore.
pub struct Keystore {
    device: Device,
    authority: Authority,
    keys: BTreeMap<u64, SigningKey>,
    made: u64,
}

/// A key and what is said of it.
#[derive(Debug)]
pub struct Generated {
    /// Its number here.
    pub key: u64,
    /// Certificates, DER: its own, then up to the root.
    pub chain: Vec<Vec<u8>>,
}

/// It does not do that.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// A challenge that is empty or longer than [`LONGEST_CHALLENGE`].
    #[error("no challenge of 1 to 128 bytes")]
    Challenge,
    /// No key of this number.
    #[error("no such key")]
    NoKey,
    /// It has [`ROOM`] keys.
    #[error("no room for another key")]
    Full,
    /// The attestation cannot be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl std::fmt::Debug for Keystore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keystore")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Keystore {
    /// That of a phone which was made by this authority.
    #[must_use]
    pub const fn new(device: Device, authority: Authority) -> Self {
        Self {
            device,
            authority,
            keys: BTreeMap::new(),
            made: 0,
        }
    }

    /// Makes a key to sign with, attested over a challenge.
    ///
    /// # Errors
    /// [`KeystoreError`]
    ///
    /// # Panics
    /// Never: a P-256 key has a DER form.
    pub fn generate(&mut self, challenge: &[u8]) -> Result<Generated, KeystoreError> {
        if challenge.is_empty() || challenge.len() > LONGEST_CHALLENGE {
            return Err(KeystoreError::Challenge);
        }
        if self.keys.len() >= ROOM {
            return Err(KeystoreError::Full);
        }
        let key = SigningKey::generate();
        let spki = key.verifying_key().to_public_key_der();
        let spki = spki.expect("a key has a DER form");
        let description = self.device.describe(challenge).to_der();
        let chain =
            self.authority
                .attest(self.device.keystore.attester, spki.as_bytes(), &description)?;
        self.made += 1;
        self.keys.insert(self.made, key);
        Ok(Generated {
            key: self.made,
            chain,
        })
    }

    /// ECDSA with SHA-256 over a message, DER.
    ///
    /// # Errors
    /// [`KeystoreError::NoKey`]
    pub fn sign(&self, key: u64, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        let key = self.keys.get(&key).ok_or(KeystoreError::NoKey)?;
        let signature: DerSignature = key.sign(message);
        Ok(signature.as_bytes().to_vec())
    }

    /// Destroys a key.
    ///
    /// # Errors
    /// [`KeystoreError::NoKey`]
    pub fn delete(&mut self, key: u64) -> Result<(), KeystoreError> {
        let removed = self.keys.remove(&key);
        removed.map(drop).ok_or(KeystoreError::NoKey)
    }

    /// What whoever has an attested key can do with it besides: certify another key, and write of it what they like.
    ///
    /// # Errors
    /// [`KeystoreError`]
    pub fn certify(
        &self,
        key: u64,
        spki: &[u8],
        description: &[u8],
    ) -> Result<Vec<u8>, KeystoreError> {
        let key = self.keys.get(&key).ok_or(KeystoreError::NoKey)?;
        Ok(authority::certify(key, spki, description)?)
    }
}
