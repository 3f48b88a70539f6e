//! App to issuance center, before the app has a certificate: enrolment.
//!
//! ```text
//! POST /v1/enrolment/nonce    → Nonce
//! POST /v1/enrolment  Request → Answer
//! ```
//! Both on one connection, which ends with the answer. The device's keystore attests a new key over [`challenge`], and that
//! key signs [`message`].

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Array, Blob, CenterId, Transcript};

/// Where to ask for a nonce.
pub const NONCE_PATH: &str = "/v1/enrolment/nonce";
/// Where to enrol.
pub const PATH: &str = "/v1/enrolment";

/// What an enrolment is about. Good once, on its connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nonce {
    /// Random.
    pub nonce: Array<32>,
    /// The center that made it.
    pub center: CenterId,
    /// Until then it is good.
    pub expires_in_seconds: u32,
}

/// The attested key asks for a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// X.509 certificates, DER: the key's own, with the attestation, then up to the root.
    pub chain: Vec<Blob>,
    /// ECDSA with SHA-256 by that key over [`message`], DER.
    pub signature: Blob,
}

/// A client certificate for that key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// X.509, DER. Its URI SAN names the app: `urn:shomei:terminal:app:{chain}:{id}`, the id random.
    pub certificate: Blob,
    /// Until then it is good.
    pub expires_in_seconds: u32,
}

/// What the keystore attests the key over: SHA-256 of center, nonce and the connection's exporter.
#[must_use]
pub fn challenge(center: &CenterId, nonce: &Array<32>, exporter: &Array<32>) -> [u8; 32] {
    let transcript = Transcript::new("shomei attestation v1")
        .field(center.as_str().as_bytes())
        .field(nonce.as_bytes())
        .field(exporter.as_bytes());
    Sha256::digest(transcript.into_bytes()).into()
}

/// What the attested key signs: center, nonce, the connection's exporter, and the key itself (`SubjectPublicKeyInfo`, DER).
#[must_use]
pub fn message(center: &CenterId, nonce: &Array<32>, exporter: &Array<32>, spki: &[u8]) -> Vec<u8> {
    Transcript::new("shomei enrolment v1")
        .field(center.as_str().as_bytes())
        .field(nonce.as_bytes())
        .field(exporter.as_bytes())
        .field(spki)
        .into_bytes()
}
