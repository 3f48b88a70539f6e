//! The session key: Ed25519, made for one application, wiped with it.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use issuance_api::Array;
use zeroize::Zeroizing;

/// Signs what this application asks for. Its public half is in the evidence's context and in the ticket.
pub struct SessionKey(SigningKey);

impl SessionKey {
    /// A fresh one.
    ///
    /// # Panics
    /// If the operating system gives no randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).expect("the operating system gives randomness");
        Self(SigningKey::from_bytes(&seed))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Array<32> {
        self.0.verifying_key().to_bytes().into()
    }

    /// Signs a transcript.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Array<64> {
        self.0.sign(message).to_bytes().into()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}
