//! Keys of one municipality, and what they seal.
//!
//! ```text
//! key file     = master (32 bytes), keys/CODE.key, readable by its owner alone
//! key(purpose) = HKDF-SHA256(ikm = master, info = transcript("shomei vrs key v1", municipality, purpose))
//! index        = HMAC-SHA-256(key("index"), identity), identity = 12 digits of the individual number, or "sentinel"
//! tag          = HMAC-SHA-256 under key("census"): see census.rs
//! sealed       = version (1 byte, 01) ‖ nonce (12) ‖ AES-256-GCM-SIV under key("number") or key("record")
//! additional   = transcript("shomei vrs row v1", municipality, table, row id, bound to)
//! ```
//! `bound to` ties a row to what it hangs on: a person's to its record version, a dose's and a certificate's to the
//! person. So a row copied to another place, person or municipality does not open.

use std::{io::Read, path::Path};

use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use issuance_api::{MunicipalityCode, Transcript};
use issuance_channel::secret_file::{self, Unread};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use zeroize::Zeroizing;

const MASTER_BYTES: usize = 32;
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

/// Why a key file gives no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none, or it cannot be opened.
    #[error("the key file cannot be opened")]
    Unreadable,
    /// Somebody but its owner may read or write it.
    #[error("the key file is open to others than its owner")]
    Exposed,
    /// Not 32 bytes.
    #[error("the key file is not 32 bytes long")]
    Length,
    /// The operating system gave no randomness, or the file could not be written.
    #[error("the key file cannot be made")]
    NotMade,
}

/// A sealed value does not open: other key, other place, or altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotOpened;

/// Where a sealed value stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) table: &'static str,
    pub(super) row: i64,
    pub(super) bound_to: i64,
}

/// Whose row an index leads to.
pub(super) enum Identity<'a> {
    /// The municipality's own row that proves that a lookup works.
    Sentinel,
    /// Twelve digits.
    Number(&'a str),
}

/// The four keys of a municipality.
pub(super) struct Cipher {
    municipality: MunicipalityCode,
    index: Zeroizing<[u8; 32]>,
    number: Aes256GcmSiv,
    record: Aes256GcmSiv,
    /// With its key taken in.
    census: Hmac<Sha256>,
}

impl Cipher {
    /// Makes a new key file; an existing one is never touched.
    pub(super) fn create(path: &Path, municipality: MunicipalityCode) -> Result<Self, KeyError> {
        let mut master = Zeroizing::new([0; MASTER_BYTES]);
        getrandom::fill(master.as_mut_slice()).map_err(|_| KeyError::NotMade)?;
        secret_file::create(path, 0o600, &[master.as_slice()]).map_err(|_| KeyError::NotMade)?;
        Ok(Self::derive(&master, municipality))
    }

    /// Reads the key file.
    pub(super) fn load(path: &Path, municipality: MunicipalityCode) -> Result<Self, KeyError> {
        let mut file = secret_file::open(path).map_err(|unread| match unread {
            Unread::Unreadable => KeyError::Unreadable,
            Unread::Exposed => KeyError::Exposed,
        })?;
        let metadata = file.metadata().map_err(|_| KeyError::Unreadable)?;
        if metadata.len() != MASTER_BYTES as u64 {
            return Err(KeyError::Length);
        }
        let mut master = Zeroizing::new([0; MASTER_BYTES]);
        file.read_exact(master.as_mut_slice())
            .map_err(|_| KeyError::Unreadable)?;
        Ok(Self::derive(&master, municipality))
    }

    fn derive(master: &[u8; MASTER_BYTES], municipality: MunicipalityCode) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, master);
        let key = |purpose: &str| {
            let info = Transcript::new("shomei vrs key v1")
                .field(municipality.as_str().as_bytes())
                .field(purpose.as_bytes())
                .into_bytes();
            let mut key = Zeroizing::new([0; 32]);
            hkdf.expand(&info, key.as_mut_slice())
                .expect("32 bytes are within HKDF's limit");
            key
        };
        Self {
            municipality,
            index: key("index"),
            number: Aes256GcmSiv::new((&*key("number")).into()),
            record: Aes256GcmSiv::new((&*key("record")).into()),
            census: hmac(&key("census")),
        }
    }

    /// Where the row of this identity is found.
    pub(super) fn index(&self, identity: &Identity<'_>) -> [u8; 32] {
        let mut mac = hmac(&self.index);
        mac.update(match identity {
            Identity::Sentinel => b"sentinel",
            Identity::Number(digits) => digits.as_bytes(),
        });
        mac.finalize().into_bytes().into()
    }

    /// What a person's row is to the census.
    pub(super) fn tag(&self, row: &[u8]) -> [u8; 32] {
        let mut mac = self.census.clone();
        mac.update(row);
        mac.finalize().into_bytes().into()
    }

    pub(super) fn seal_number(&self, place: Place, digits: &str) -> Vec<u8> {
        self.seal_bytes(&self.number, place, digits.as_bytes())
    }

    pub(super) fn open_number(
        &self,
        place: Place,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        self.open_bytes(&self.number, place, sealed)
    }

    pub(super) fn seal<T: Serialize>(&self, place: Place, value: &T) -> Vec<u8> {
        // Large enough for any record, so that growing leaves no copy behind.
        let mut json = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *json, value).expect("records have only string keys");
        self.seal_bytes(&self.record, place, &json)
    }

    pub(super) fn open<T: DeserializeOwned>(
        &self,
        place: Place,
        sealed: &[u8],
    ) -> Result<T, NotOpened> {
        let json = self.open_bytes(&self.record, place, sealed)?;
        serde_json::from_slice(&json).map_err(|_| NotOpened)
    }

    fn seal_bytes(&self, key: &Aes256GcmSiv, place: Place, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).expect("the operating system gives randomness");
        let payload = Payload {
            msg: plain,
            aad: &self.additional(place),
        };
        let ciphertext = key
            .encrypt(&Nonce::from(nonce), payload)
            .expect("records are far below the cipher's limit");
        [&[VERSION], nonce.as_slice(), &ciphertext].concat()
    }

    fn open_bytes(
        &self,
        key: &Aes256GcmSiv,
        place: Place,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (version, rest) = sealed.split_first().ok_or(NotOpened)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(NotOpened)?;
        if *version != VERSION {
            return Err(NotOpened);
        }
        let payload = Payload {
            msg: ciphertext,
            aad: &self.additional(place),
        };
        key.decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| NotOpened)
    }

    fn additional(&self, place: Place) -> Vec<u8> {
        Transcript::new("shomei vrs row v1")
            .field(self.municipality.as_str().as_bytes())
            .field(place.table.as_bytes())
            .field(&place.row.to_be_bytes())
            .field(&place.bound_to.to_be_bytes())
            .into_bytes()
    }
}

fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}
