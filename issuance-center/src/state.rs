//! Sealed state: the center's memory of an application, carried by the terminal.
//!
//! ```text
//! state      = version (1 byte, 01) ‖ epoch (u32 BE) ‖ expiry (u64 BE, ms of uptime) ‖ nonce (12) ‖ AES-256-GCM(key of the epoch, JSON)
//! additional = transcript("shomei state v1", version, epoch, terminal URN, expiry)
//! ```
//! At most [`MAX_STATE`] bytes. An epoch is as long as a state holds at most, so the current key and the one before open
//! every state that still holds; older keys are wiped, and all of them with the process.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce, aead::AeadInOut};
use ed25519_dalek::{Signature, VerifyingKey};
use issuance_api::{
    Array, Blob, IssueIntent, KeyId, ProblemCode, TerminalUrn, Transcript, issue_message,
    terminal::Preview,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{center::Caller, random};

/// Bytes of a sealed state at most.
pub const MAX_STATE: usize = 16 * 1024;

/// How long a state holds at most, and how long a key is the current one. Its last third is for the hand-over alone.
pub const MAX_LIFETIME: Duration = Duration::from_secs(900);

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;

/// What the center has to remember between preview and hand-over.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// VRS's ticket: who it is, to VRS.
    pub ticket: Blob,
    /// The application's session key.
    pub session_key: Array<32>,
    /// The application's id.
    pub application: Array<16>,
    /// What the resident was shown.
    pub preview: Preview,
    /// The record version behind it.
    pub record_version: u64,
    /// Until when it can be issued, in milliseconds of uptime.
    pub issue_until: u64,
    /// `nbf`, whole seconds since 1970.
    pub not_before: i64,
    /// The key that is to sign.
    pub kid: KeyId,
    /// For abroad: the barcode signer that is to sign, by the SHA-256 of its certificate.
    pub barcode_signer: Option<Array<32>>,
}

/// A state that opened and whose session key agreed to this use of it.
#[derive(Debug)]
pub struct Redeemed {
    /// What was remembered.
    pub state: State,
    /// SHA-256 of the sealed state, which VRS checks the proof over.
    pub digest: Array<32>,
}

/// Why there is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Does not open: other terminal, other process, or altered.
    #[error("state does not open")]
    Invalid,
    /// Older than it may be.
    #[error("state expired")]
    Expired,
    /// The session key did not sign this use of it.
    #[error("not signed by the session key")]
    Proof,
    /// To be sealed, but too large.
    #[error("state too large")]
    TooLarge,
}

impl From<StateError> for ProblemCode {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Invalid => Self::StateInvalid,
            StateError::Expired => Self::StateExpired,
            StateError::Proof => Self::SessionProofInvalid,
            StateError::TooLarge => Self::CertificateTooLarge,
        }
    }
}

struct Epoch {
    number: u32,
    key: Zeroizing<[u8; 32]>,
}

impl Epoch {
    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.key))
    }
}

/// Seals and opens states.
pub struct States {
    lifetime: Duration,
    epochs: Mutex<(Epoch, Option<Epoch>)>,
}

impl States {
    /// With keys of their own.
    #[must_use]
    pub fn new(lifetime: Duration) -> Self {
        let first = Epoch {
            number: 0,
            key: random(),
        };
        Self {
            lifetime: lifetime.min(MAX_LIFETIME),
            epochs: Mutex::new((first, None)),
        }
    }

    /// From preview to issue: what is issued last can still be handed over, and nothing is promised that VRS's ticket does
    /// not keep.
    #[must_use]
    pub fn issue_within(&self, ticket_holds: Duration) -> Duration {
        (self.lifetime * 2 / 3).min(ticket_holds)
    }

    /// Makes the key of this moment the current one and wipes those whose states have all expired.
    pub fn rotate(&self, uptime: Duration) {
        self.with_epochs(uptime, |_| ());
    }

    /// Seals for this terminal.
    ///
    /// # Errors
    /// [`StateError::TooLarge`].
    ///
    /// # Panics
    /// Never: a state has only string keys, and AES-GCM takes 16 KiB.
    pub fn seal(
        &self,
        state: &State,
        terminal: &TerminalUrn,
        uptime: Duration,
    ) -> Result<Blob, StateError> {
        // Room for all of it, so that growing leaves no copy behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(MAX_STATE));
        serde_json::to_writer(&mut *plain, state).expect("a state has only string keys");
        let expiry = milliseconds(uptime + self.lifetime);
        let nonce = *random::<NONCE>();
        let mut sealed = Vec::with_capacity(MAX_STATE);
        self.with_epochs(uptime, |(epoch, _)| {
            let additional = additional(epoch.number, terminal, expiry);
            epoch
                .cipher()
                .encrypt_in_place(&Nonce::from(nonce), &additional, &mut *plain)
                .expect("AES-GCM takes 16 KiB");
            sealed.push(VERSION);
            sealed.extend_from_slice(&epoch.number.to_be_bytes());
        });
        sealed.extend_from_slice(&expiry.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&plain);
        if sealed.len() > MAX_STATE {
            return Err(StateError::TooLarge);
        }
        Ok(Blob::new(sealed))
    }

    /// Opens what this terminal presents on this connection, if its session key signed the intent.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn redeem(
        &self,
        sealed: &Blob,
        intent: IssueIntent,
        proof: &Array<64>,
        caller: Caller<'_>,
        uptime: Duration,
    ) -> Result<Redeemed, StateError> {
        let state = self.open(sealed, caller.terminal, uptime)?;
        let digest = Array::new(Sha256::digest(sealed.as_bytes()).into());
        let message = issue_message(intent, &digest, caller.exporter);
        VerifyingKey::from_bytes(state.session_key.as_bytes())
            .and_then(|key| key.verify_strict(&message, &Signature::from_bytes(proof.as_bytes())))
            .map_err(|_| StateError::Proof)?;
        if intent == IssueIntent::Issue && state.issue_until <= milliseconds(uptime) {
            return Err(StateError::Expired);
        }
        Ok(Redeemed { state, digest })
    }

    fn open(
        &self,
        sealed: &Blob,
        terminal: &TerminalUrn,
        uptime: Duration,
    ) -> Result<State, StateError> {
        let parts = Parts::read(sealed.as_bytes()).ok_or(StateError::Invalid)?;
        let expired = parts.expiry <= milliseconds(uptime);
        let additional = additional(parts.epoch, terminal, parts.expiry);
        let cipher = self.with_epochs(uptime, |(current, previous)| {
            let known = [Some(current), previous.as_mut()].into_iter().flatten();
            let mut known = known.filter(|epoch| epoch.number == parts.epoch);
            known.next().map(|epoch| epoch.cipher())
        });
        // The key of what expired may be gone, and then only the state's own word says so: it is refused either way.
        let cipher = cipher.ok_or(if expired {
            StateError::Expired
        } else {
            StateError::Invalid
        })?;
        let mut plain = Zeroizing::new(parts.ciphertext.to_vec());
        cipher
            .decrypt_in_place(&Nonce::from(parts.nonce), &additional, &mut *plain)
            .map_err(|_| StateError::Invalid)?;
        if expired {
            return Err(StateError::Expired);
        }
        serde_json::from_slice(&plain).map_err(|_| StateError::Invalid)
    }

    fn with_epochs<T>(
        &self,
        uptime: Duration,
        use_them: impl FnOnce(&mut (Epoch, Option<Epoch>)) -> T,
    ) -> T {
        let mut epochs = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        let number = uptime.as_secs() / MAX_LIFETIME.as_secs();
        let number = u32::try_from(number).expect("no process runs for a hundred thousand years");
        if number > epochs.0.number {
            let next = Epoch {
                number,
                key: random(),
            };
            let last = std::mem::replace(&mut epochs.0, next);
            epochs.1 = (last.number + 1 == number).then_some(last);
        }
        use_them(&mut epochs)
    }
}

struct Parts<'a> {
    epoch: u32,
    expiry: u64,
    nonce: [u8; NONCE],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(sealed: &'a [u8]) -> Option<Self> {
        if sealed.len() > MAX_STATE {
            return None;
        }
        let ([version], rest) = sealed.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (expiry, rest) = rest.split_first_chunk()?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        (*version == VERSION && ciphertext.len() >= TAG).then_some(Self {
            epoch: u32::from_be_bytes(*epoch),
            expiry: u64::from_be_bytes(*expiry),
            nonce: *nonce,
            ciphertext,
        })
    }
}

fn additional(epoch: u32, terminal: &TerminalUrn, expiry: u64) -> Vec<u8> {
    Transcript::new("shomei state v1")
        .field(&[VERSION])
        .field(&epoch.to_be_bytes())
        .field(terminal.as_str().as_bytes())
        .field(&expiry.to_be_bytes())
        .into_bytes()
}

/// Uptime as it is sealed.
pub(crate) fn milliseconds(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).expect("no process runs for half a billion years")
}

#[cfg(test)]
mod tests;
