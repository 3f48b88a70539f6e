//! The card-verifiable certificate of a municipal signer: EF 0004 of text AP and surface AP.
//!
//! ```text
//! 7F21 820233 | 5F4E 820129 body | 5F37 820100 signature
//! body = issuer key id (16) | subject key id (16) | 90 03 010001 | 91 820100 modulus
//! ```
//! The signature is by the CA key that the issuer key id names, over the *value* of 5F4E (297 bytes).
//! It is not X.509, has no dates and no revocation, and the CA's key is not on the card.

use crate::file::FileError;
use crate::key::{KeyId, PublicKey, Signature, sha256};
use crate::tlv::{Reader, Writer, only};

const CERTIFICATE: u16 = 0x7F21;
const BODY: u16 = 0x5F4E;
const SIGNATURE: u16 = 0x5F37;

/// A certificate, parsed and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    bytes: Vec<u8>,
    issuer: KeyId,
    subject: KeyId,
    key: PublicKey,
    signature: Signature,
    signed: [u8; 32],
}

impl Certificate {
    /// Reads EF 0004.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(only(bytes, CERTIFICATE)?);
        let body = reader.expect(BODY)?.value;
        let signature = reader.expect(SIGNATURE)?.value.try_into()?;
        reader.finish()?;
        let mut parts = Reader::new(body);
        let issuer = KeyId::try_from(parts.take(16)?)?;
        let subject = KeyId::try_from(parts.take(16)?)?;
        Ok(Self {
            bytes: bytes.to_vec(),
            issuer,
            subject,
            key: PublicKey::decode(parts.rest())?,
            signature,
            signed: sha256(&[body]),
        })
    }

    /// Issues a certificate: `sign` gets what is to be signed and answers with the CA's signature
    /// (RSA-2048, PKCS#1 v1.5, SHA-256).
    #[must_use]
    pub fn issue(
        issuer: KeyId,
        subject: KeyId,
        key: PublicKey,
        sign: impl FnOnce(&[u8]) -> Signature,
    ) -> Self {
        let body = [issuer.as_bytes(), &subject.as_bytes()[..], &key.encode()].concat();
        let signature = sign(&body);
        let content = Writer::new()
            .tlv(BODY, &body)
            .tlv(SIGNATURE, signature.as_bytes());
        Self {
            bytes: Writer::new()
                .tlv(CERTIFICATE, &content.into_bytes())
                .into_bytes(),
            issuer,
            subject,
            key,
            signature,
            signed: sha256(&[&body]),
        }
    }

    /// The file as it stands.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Names the CA key that signed it.
    #[must_use]
    pub const fn issuer(&self) -> KeyId {
        self.issuer
    }

    /// Names the municipal signer.
    #[must_use]
    pub const fn subject(&self) -> KeyId {
        self.subject
    }

    /// The municipal signer's key. Nothing vouches for it before
    /// [`is_signed_by`](Self::is_signed_by) did.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether this CA key signed it.
    #[must_use]
    pub fn is_signed_by(&self, ca: &PublicKey) -> bool {
        ca.verifies(&self.signed, &self.signature)
    }
}
