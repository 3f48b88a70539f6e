//! SMART Health Card (specification v1.4.0): from a symbol's text to a payload, and whether its signature holds.

#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, signature::Verifier};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::card::{Card, Statement};
use crate::jwks::Jwks;

/// Longest QR text and JWS looked at: far more than any symbol holds.
const MAX_TEXT: usize = 16 * 1024;

/// Longest payload after inflating.
const MAX_PAYLOAD: usize = 64 * 1024;

/// Why something is no valid health card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The text does not begin with `shc:/`.
    #[error("not the text of a SMART Health Card")]
    NotACard,
    /// The card is split over several symbols, which the specification has given up.
    #[error("split over several QR codes")]
    Chunked,
    /// Digits are missing, or two of them are no character.
    #[error("the digits do not stand for a JWS")]
    Digits,
    /// Longer than any symbol holds.
    #[error("too long")]
    TooLong,
    /// Not three parts of base64url.
    #[error("not a compact JWS")]
    Form,
    /// The header is not JSON with `alg`, `zip` and `kid`.
    #[error("the header is malformed")]
    Header,
    /// Another algorithm than ES256.
    #[error("the algorithm is not ES256")]
    Algorithm,
    /// Another compression than raw DEFLATE.
    #[error("the compression is not DEF")]
    Compression,
    /// No key of this id among those given.
    #[error("the key is not one of the issuer's")]
    KeyUnknown,
    /// The signature is not by that key over this content.
    #[error("the signature is wrong")]
    Signature,
    /// What was signed does not inflate, or to too much.
    #[error("the payload does not inflate")]
    Inflate,
    /// The payload lacks something that it must have, or has it in the wrong form.
    #[error("the payload is malformed")]
    Payload,
    /// `nbf` has a fraction: some verifiers refuse the card for it.
    #[error("nbf is not a whole number of seconds")]
    NotBeforeFraction,
    /// The issuer's URL is not https or ends with a slash.
    #[error("the issuer's URL is malformed")]
    Issuer,
    /// `nbf` lies in the future.
    #[error("not valid yet")]
    NotYetValid,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
}

/// The JWS in the text of a QR symbol.
///
/// # Errors
/// The text is none of a health card in one symbol.
pub fn jws_of(qr_text: &str) -> Result<Zeroizing<String>, CardError> {
    let digits = qr_text.strip_prefix("shc:/").ok_or(CardError::NotACard)?;
    if digits.contains('/') {
        return Err(CardError::Chunked);
    }
    characters_of(digits)
}

/// Two digits a character.
pub(crate) fn characters_of(digits: &str) -> Result<Zeroizing<String>, CardError> {
    if digits.len() > MAX_TEXT {
        return Err(CardError::TooLong);
    }
    let pairs = digits.as_bytes().chunks(2);
    let characters = pairs.map(|pair| match pair {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            let code = 45 + (tens - b'0') * 10 + (ones - b'0');
            Some(char::from(code)).filter(char::is_ascii)
        }
        _ => None,
    });
    let jws: Option<String> = characters.collect();
    jws.map(Zeroizing::new).ok_or(CardError::Digits)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    zip: String,
    kid: String,
}

/// A JWS as it was read: its form is right, and nothing is verified.
pub(crate) struct Jws<'a> {
    signed: &'a str,
    payload: Zeroizing<Vec<u8>>,
    signature: Zeroizing<Vec<u8>>,
    pub(crate) kid: String,
}

impl<'a> Jws<'a> {
    pub(crate) fn read(jws: &'a str) -> Result<Self, CardError> {
        if jws.len() > MAX_TEXT {
            return Err(CardError::TooLong);
        }
        let (signed, signature) = jws.rsplit_once('.').ok_or(CardError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(CardError::Form)?;
        let decode = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part);
            bytes.map(Zeroizing::new).map_err(|_| CardError::Form)
        };
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let header: Header = serde_json::from_slice(&header).map_err(|_| CardError::Header)?;
        if header.alg != "ES256" {
            return Err(CardError::Algorithm);
        }
        if header.zip != "DEF" {
            return Err(CardError::Compression);
        }
        Ok(Self {
            signed,
            payload,
            signature,
            kid: header.kid,
        })
    }

    pub(crate) fn verify(&self, key: &p256::ecdsa::VerifyingKey) -> Result<(), CardError> {
        let signature = Signature::from_slice(&self.signature).map_err(|_| CardError::Signature)?;
        key.verify(self.signed.as_bytes(), &signature)
            .map_err(|_| CardError::Signature)
    }

    /// What it states: to be gone by once the signature holds.
    pub(crate) fn statement(&self) -> Result<Statement, CardError> {
        let json = miniz_oxide::inflate::decompress_to_vec_with_limit(&self.payload, MAX_PAYLOAD);
        let json = Zeroizing::new(json.map_err(|_| CardError::Inflate)?);
        Statement::read(&json)
    }

    /// The same as a card of this project's own.
    fn card(self, now: i64) -> Result<Card, CardError> {
        let statement = self.statement()?;
        if statement.not_before.fract() != 0.0 {
            return Err(CardError::NotBeforeFraction);
        }
        statement.at(now)?;
        statement.into_card(self.kid).ok_or(CardError::Payload)
    }
}

/// Checks a JWS under the issuer's keys; `now` is in seconds since 1970. Stricter than [`judge`](crate::TrustList::judge) in one
/// thing: `nbf` has to be a whole number, as this project's own cards have it.
///
/// # Errors
/// The first check that fails.
pub fn check(jws: &str, keys: &Jwks, now: i64) -> Result<Card, CardError> {
    let jws = Jws::read(jws)?;
    let key = keys.find(&jws.kid).ok_or(CardError::KeyUnknown)?;
    jws.verify(&key.key)?;
    jws.card(now)
}

/// As [`check`], whoever signed it: to be compared with what is known otherwise. Never to be shown, and never to be gone by.
///
/// # Errors
/// The first check that fails.
pub fn unverified(jws: &str, now: i64) -> Result<Card, CardError> {
    Jws::read(jws)?.card(now)
}
