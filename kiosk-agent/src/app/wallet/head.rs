//! The head of a wallet: its keys, wrapped, and its list.
//!
//! ```text
//! head     = wrapping ‖ SHA-256(wrapping) ‖ list
//! wrapping = terms ‖ nonce (12) ‖ AES-256-GCM-SIV(wrapping key, keys (64), additional = terms)
//! terms    = "SHOMEIW1" ‖ lock (1: 1 passphrase, 2 device key) ‖ memory in KiB, passes, lanes (u32 BE each) ‖ salt (32)
//! wrapping key = Argon2id(passphrase, salt, memory, passes, lanes), or the device key
//! list     = nonce (12) ‖ AES-256-GCM-SIV(key of the list, entries, additional = transcript("shomei wallet list v1", wrapping))
//! entry    = state (1: 1 adding, 2 kept, 3 deleting, 4 kept and not reported) ‖ id (16)
//! ```
//! The digest is no protection: it tells a damaged head from a wrong passphrase.

use std::collections::BTreeMap;
use std::io;

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use argon2::{Algorithm, Argon2, Params, Version};
use issuance_api::Transcript;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::sealed::Keys;
use super::{Id, Lock, Secret, WalletError};

const MAGIC: &[u8; 8] = b"SHOMEIW1";
const SALT_BYTES: usize = 32;
const TERMS_BYTES: usize = MAGIC.len() + 1 + 3 * 4 + SALT_BYTES;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const WRAPPING_BYTES: usize = TERMS_BYTES + NONCE_BYTES + Keys::BYTES + TAG_BYTES;
const DIGEST_BYTES: usize = 32;
const ENTRY_BYTES: usize = 17;

const PASSPHRASE: u8 = 1;
const DEVICE_KEY: u8 = 2;

/// What Argon2id is asked for: RFC 9106, section 4, the second recommended option. 64 MiB, three passes, four lanes.
const COST: Cost = Cost {
    memory: 64 * 1024,
    passes: 3,
    lanes: 4,
};
/// A head that asks for more is damaged: nobody is to wait for minutes, nor run out of memory.
const HIGHEST: Cost = Cost {
    memory: 1024 * 1024,
    passes: 16,
    lanes: 16,
};

/// Memory in KiB.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

const NO_COST: Cost = Cost {
    memory: 0,
    passes: 0,
    lanes: 0,
};

/// How far a certificate's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Adding = 1,
    Kept = 2,
    Deleting = 3,
    /// It is there; whether the center knows that it is, is not known.
    Unreported = 4,
}

/// What is in the wallet.
#[derive(Default)]
pub(super) struct List(BTreeMap<Id, State>);

impl List {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn state(&self, id: Id) -> Option<State> {
        self.0.get(&id).copied()
    }

    pub(super) fn set(&mut self, id: Id, state: State) {
        self.0.insert(id, state);
    }

    pub(super) fn forget(&mut self, id: Id) {
        self.0.remove(&id);
    }

    pub(super) fn entries(&self) -> Vec<(Id, State)> {
        self.0.iter().map(|(id, state)| (*id, *state)).collect()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let entry = |(id, state): (&Id, &State)| [&[*state as u8], id.0.as_slice()].concat();
        self.0.iter().flat_map(entry).collect()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (entries, []) = bytes.as_chunks::<ENTRY_BYTES>() else {
            return None;
        };
        let entry = |entry: &[u8; ENTRY_BYTES]| {
            let (state, id) = entry.split_first()?;
            let state = match state {
                1 => State::Adding,
                2 => State::Kept,
                3 => State::Deleting,
                4 => State::Unreported,
                _ => return None,
            };
            Some((Id(id.try_into().ok()?), state))
        };
        entries.iter().map(entry).collect::<Option<_>>().map(Self)
    }
}

/// How the keys are wrapped.
#[derive(Clone)]
pub(super) struct Head {
    lock: Lock,
    cost: Cost,
    wrapping: [u8; WRAPPING_BYTES],
}

impl Head {
    pub(super) const fn lock(&self) -> Lock {
        self.lock
    }

    /// Wraps the keys under a secret, with a salt and nonce of their own.
    pub(super) fn wrap(keys: &Keys, secret: &Secret) -> io::Result<Self> {
        let (lock, how, cost) = match secret {
            Secret::Passphrase(_) => (Lock::Passphrase, PASSPHRASE, COST),
            Secret::DeviceKey(_) => (Lock::DeviceKey, DEVICE_KEY, NO_COST),
        };
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let numbers = [cost.memory, cost.passes, cost.lanes].map(u32::to_be_bytes);
        let terms = [MAGIC, &[how][..], numbers.as_flattened(), &salt].concat();
        let key = wrapping_key(secret, &salt, cost)?;
        let sealed = seal(&key, keys.bytes(), &terms)?;
        let wrapping = [terms, sealed].concat();
        Ok(Self {
            lock,
            cost,
            wrapping: wrapping
                .try_into()
                .expect("each of its parts has its length"),
        })
    }

    /// A head and the sealed list behind it; nothing if it is not whole.
    pub(super) fn parse(head: &[u8]) -> Option<(Self, Vec<u8>)> {
        let (wrapping, rest) = head.split_first_chunk::<WRAPPING_BYTES>()?;
        let (digest, list) = rest.split_first_chunk::<DIGEST_BYTES>()?;
        if *digest != <[u8; DIGEST_BYTES]>::from(Sha256::digest(wrapping)) {
            return None;
        }
        let rest = wrapping.strip_prefix(MAGIC)?;
        let (how, rest) = rest.split_first()?;
        let mut numbers = rest.as_chunks::<4>().0.iter();
        let mut number = || numbers.next().map(|bytes| u32::from_be_bytes(*bytes));
        let cost = Cost {
            memory: number()?,
            passes: number()?,
            lanes: number()?,
        };
        let lock = match *how {
            PASSPHRASE if cost.is_bearable() => Lock::Passphrase,
            DEVICE_KEY if cost == NO_COST => Lock::DeviceKey,
            _ => return None,
        };
        let head = Self {
            lock,
            cost,
            wrapping: *wrapping,
        };
        Some((head, list.to_vec()))
    }

    /// The keys, if this is what opens them.
    pub(super) fn unwrap(&self, secret: &Secret) -> Result<Keys, WalletError> {
        match (self.lock, secret) {
            (Lock::Passphrase, Secret::Passphrase(_)) | (Lock::DeviceKey, Secret::DeviceKey(_)) => {
            }
            _ => return Err(WalletError::OtherLock),
        }
        let (terms, sealed) = self.wrapping.split_at(TERMS_BYTES);
        let (_, salt) = terms
            .split_last_chunk::<SALT_BYTES>()
            .expect("the salt is the end of the terms");
        let key = wrapping_key(secret, salt, self.cost)?;
        let keys = open(&key, sealed, terms).and_then(|keys| Keys::parse(&keys));
        keys.ok_or(WalletError::Wrong)
    }

    /// Head and list, as they are written.
    pub(super) fn with_list(&self, keys: &Keys, list: &List) -> io::Result<Vec<u8>> {
        let sealed = seal(keys.list(), &list.to_bytes(), &self.additional())?;
        let digest = Sha256::digest(self.wrapping);
        Ok([self.wrapping.as_slice(), &digest, &sealed].concat())
    }

    /// The list behind this head, if it is its own.
    pub(super) fn open_list(&self, keys: &Keys, sealed: &[u8]) -> Option<List> {
        List::parse(&open(keys.list(), sealed, &self.additional())?)
    }

    fn additional(&self) -> Vec<u8> {
        Transcript::new("shomei wallet list v1")
            .field(&self.wrapping)
            .into_bytes()
    }
}

impl Cost {
    fn is_bearable(self) -> bool {
        self.memory <= HIGHEST.memory
            && self.passes <= HIGHEST.passes
            && self.lanes <= HIGHEST.lanes
            && self.params().is_ok()
    }

    fn params(self) -> argon2::Result<Params> {
        Params::new(self.memory, self.passes, self.lanes, Some(32))
    }
}

fn wrapping_key(
    secret: &Secret,
    salt: &[u8; SALT_BYTES],
    cost: Cost,
) -> io::Result<Zeroizing<[u8; 32]>> {
    let passphrase = match secret {
        Secret::DeviceKey(key) => return Ok(Zeroizing::new(*key.bytes())),
        Secret::Passphrase(passphrase) => passphrase,
    };
    let params = cost.params().map_err(io::Error::other)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.bytes(), salt, key.as_mut_slice())
        // There is not the memory: all else is checked.
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    Ok(key)
}

/// `nonce ‖ AES-256-GCM-SIV(key, plain)`, with a random nonce.
pub(super) fn seal(key: &[u8; 32], plain: &[u8], additional: &[u8]) -> io::Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    let payload = Payload {
        msg: plain,
        aad: additional,
    };
    let ciphertext = Aes256GcmSiv::new(key.into())
        .encrypt(&Nonce::from(nonce), payload)
        .expect("a certificate is far below the cipher's limit");
    Ok([nonce.as_slice(), &ciphertext].concat())
}

/// Opens what [`seal`] made.
pub(super) fn open(key: &[u8; 32], sealed: &[u8], additional: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let payload = Payload {
        msg: ciphertext,
        aad: additional,
    };
    Aes256GcmSiv::new(key.into())
        .decrypt(&Nonce::from(*nonce), payload)
        .ok()
        .map(Zeroizing::new)
}
