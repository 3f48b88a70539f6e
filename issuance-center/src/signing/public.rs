//! Public keys as verifiers get them: JSON Web Keys (RFC 7517), named by their thumbprint (RFC 7638).

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use issuance_api::KeyId;
use p256::{ecdsa::VerifyingKey, pkcs8::DecodePublicKey};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::KeyError;

/// A P-256 public key and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    kid: KeyId,
}

impl PublicKey {
    /// Names the key.
    ///
    /// # Panics
    /// Never: a thumbprint is 43 characters of base64url.
    #[must_use]
    pub fn new(key: VerifyingKey) -> Self {
        let (x, y) = coordinates(&key);
        // RFC 7638, section 3: required members, in lexicographic order, without white space.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        let kid = thumbprint
            .parse()
            .expect("a thumbprint is 43 characters of base64url");
        Self { key, kid }
    }

    /// Reads SPKI PEM, text ahead of the boundary allowed.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] or [`KeyError::Form`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text =
            std::fs::read_to_string(path).map_err(|_| KeyError::Unreadable(path.to_owned()))?;
        let pem = text.find("-----BEGIN").map(|start| &text[start..]);
        pem.and_then(|pem| VerifyingKey::from_public_key_pem(pem).ok())
            .map(Self::new)
            .ok_or_else(|| KeyError::Form(path.to_owned()))
    }

    /// The key.
    #[must_use]
    pub const fn get(&self) -> &VerifyingKey {
        &self.key
    }

    /// Its thumbprint.
    #[must_use]
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// As published; `crl_version` is the counter of its revocation list.
    #[must_use]
    pub fn jwk(&self, crl_version: Option<usize>) -> Jwk {
        let (x, y) = coordinates(&self.key);
        Jwk {
            kty: "EC",
            kid: self.kid.clone(),
            r#use: "sig",
            alg: "ES256",
            crv: "P-256",
            x,
            y,
            crl_version,
        }
    }
}

fn coordinates(key: &VerifyingKey) -> (String, String) {
    let point = key.to_sec1_point(false);
    let encode = |coordinate: Option<_>| {
        URL_SAFE_NO_PAD
            .encode::<&[u8]>(coordinate.map_or(&[], |it: &p256::FieldBytes| it.as_slice()))
    };
    (encode(point.x()), encode(point.y()))
}

/// One published key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    kid: KeyId,
    r#use: &'static str,
    alg: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    #[serde(rename = "crlVersion", skip_serializing_if = "Option::is_none")]
    crl_version: Option<usize>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// Current, coming and former ones.
    pub keys: Vec<Jwk>,
}
