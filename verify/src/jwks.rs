use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// An issuer's public keys, `{issuer}/.well-known/jwks.json`.
#[derive(Clone, Debug)]
pub struct Jwks(BTreeMap<String, CardKey>);

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct CardKey {
    pub(crate) key: VerifyingKey,
    /// `ctr` of the newest revocation list, if the issuer publishes any.
    pub(crate) crl_version: Option<u64>,
}

/// Why a document is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// Not JSON of the right form.
    #[error("not a JSON Web Key Set")]
    Form,
    /// A key that is not on P-256.
    #[error("a key is no point on P-256")]
    Point,
    /// A key whose id is not its RFC 7638 thumbprint, which the specification demands.
    #[error("a key's id is not its thumbprint")]
    Thumbprint,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    y: String,
    #[serde(rename = "crlVersion")]
    crl_version: Option<u64>,
}

impl Jwks {
    /// Reads a key set.
    ///
    /// # Errors
    /// It is none, or one of its keys is not what a health card's key has to be.
    pub fn parse(json: &str) -> Result<Self, JwksError> {
        let document: Document = serde_json::from_str(json).map_err(|_| JwksError::Form)?;
        let keys = document.keys.into_iter().map(Key::read);
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// The keys' ids.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&CardKey> {
        self.0.get(kid)
    }
}

impl Key {
    fn read(self) -> Result<(String, CardKey), JwksError> {
        if self.kty != "EC" || self.crv != "P-256" {
            return Err(JwksError::Point);
        }
        let mut point = vec![4];
        for coordinate in [&self.x, &self.y] {
            let bytes = URL_SAFE_NO_PAD.decode(coordinate);
            let bytes = bytes.map_err(|_| JwksError::Point)?;
            if bytes.len() != 32 {
                return Err(JwksError::Point);
            }
            point.extend(bytes);
        }
        let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| JwksError::Point)?;
        // RFC 7638: the required members, in the order of the alphabet, without spaces. Both are base64url by now.
        let canonical = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            self.x, self.y
        );
        if URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)) != self.kid {
            return Err(JwksError::Thumbprint);
        }
        let crl_version = self.crl_version;
        Ok((self.kid, CardKey { key, crl_version }))
    }
}
