//! ICAO's visible digital seal for non-constrained environments (VDS-NC): proof of vaccination, and the envelope of other documents.

mod message;

use std::sync::Arc;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use zeroize::Zeroizing;

use crate::json::{self, JsonError, Object, Value};
use crate::x509::key::{PublicKey, Unsigned};
use crate::x509::signer::{SignerCertificate, SignerError};

pub use message::{Dose, Holder, Vaccination, Vaccine};

/// Longest text looked at: five times what a symbol holds, for spaces.
const MAX_TEXT: usize = 16 * 1024;

/// base64url with or without its padding: the specification's examples and Australia pad, Japan leaves it out of `sigvl`.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A seal as it was read: its form is right, and nothing is verified.
pub struct Vds {
    algorithm: Algorithm,
    signature: Vec<u8>,
    /// What is signed: JCS of `data`.
    signed: Zeroizing<String>,
    pub(crate) signer: SignerCertificate,
    pub(crate) header: Header,
    pub(crate) vaccination: Option<Arc<Vaccination>>,
}

impl std::fmt::Debug for Vds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vds(..)")
    }
}

/// `data.hdr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// `icao.vacc`, `icao.test` or another.
    pub(crate) kind: String,
    /// Three letters of the issuing state or organisation.
    pub(crate) issuer: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Es384,
    Es512,
}

/// Why a text is no seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VdsError {
    /// Longer than any symbol holds.
    #[error("too long")]
    TooLong,
    /// Not JSON with one canonical form.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Not `data` with `hdr` and `msg`, and `sig`, and nothing beside them.
    #[error("not the form of a VDS-NC")]
    Form,
    /// A version other than 1.
    #[error("a version that is not known")]
    Version,
    /// Another algorithm than ES256, ES384 and ES512.
    #[error("the algorithm is none of ES256, ES384 and ES512")]
    Algorithm,
    /// `cer` or `sigvl` is not base64url.
    #[error("not base64url")]
    Base64,
    /// `sigvl` is not r‖s of the algorithm's length.
    #[error("the signature has not the length of its algorithm")]
    SignatureLength,
    /// `cer` is none of a barcode signer.
    #[error("the signer's certificate: {0}")]
    Signer(#[from] SignerError),
    /// A proof of vaccination without something it must have, or with it in the wrong form.
    #[error("the message is malformed")]
    Message,
}

impl Vds {
    /// Reads the text of a QR symbol.
    ///
    /// # Errors
    /// It is none of a seal.
    pub fn read(text: &str) -> Result<Self, VdsError> {
        if text.len() > MAX_TEXT {
            return Err(VdsError::TooLong);
        }
        let document = json::parse(text)?;
        let document = only(&document, &["data", "sig"])?;
        let data_value = document.get("data").ok_or(VdsError::Form)?;
        let data = only(data_value, &["hdr", "msg"])?;
        let header = only(data.get("hdr").ok_or(VdsError::Form)?, &["t", "v", "is"])?;
        let message = data.get("msg").and_then(Value::object);
        let message = message.ok_or(VdsError::Form)?;
        let sig = document.get("sig").ok_or(VdsError::Form)?;
        let sig = only(sig, &["alg", "cer", "sigvl"])?;

        if header.get("v").and_then(Value::count) != Some(1) {
            return Err(VdsError::Version);
        }
        let header = Header {
            kind: text_of(header, "t")?.to_owned(),
            issuer: text_of(header, "is")?.to_owned(),
        };
        let (algorithm, length) = match text_of(sig, "alg")? {
            "ES256" => (Algorithm::Es256, 64),
            "ES384" => (Algorithm::Es384, 96),
            "ES512" => (Algorithm::Es512, 132),
            _ => return Err(VdsError::Algorithm),
        };
        let decode = |name| {
            let bytes = BASE64.decode(text_of(sig, name)?);
            bytes.map_err(|_| VdsError::Base64)
        };
        let (certificate, signature) = (decode("cer")?, decode("sigvl")?);
        if signature.len() != length {
            return Err(VdsError::SignatureLength);
        }
        let signer = SignerCertificate::parse(&certificate)?;
        let allowed = match header.kind.as_str() {
            "icao.vacc" => signer.document_types.iter().any(|name| name == "NV"),
            "icao.test" => signer.document_types.iter().any(|name| name == "NT"),
            // What other types go with is not for this crate to say; their content is not shown.
            _ => true,
        };
        if !allowed {
            return Err(SignerError::DocumentType.into());
        }
        let vaccination = match header.kind.as_str() {
            "icao.vacc" => Some(Arc::new(
                Vaccination::read(message).ok_or(VdsError::Message)?,
            )),
            _ => None,
        };
        Ok(Self {
            algorithm,
            signature,
            signed: json::canonical(data_value, text.len()),
            signer,
            header,
            vaccination,
        })
    }

    /// Whether the key in its own certificate signed it: says nothing of whose key that is.
    pub(crate) fn is_signed(&self) -> Result<(), Unsigned> {
        use p256::ecdsa::signature::Verifier;
        let message = self.signed.as_bytes();
        let wrong = |_| Unsigned::Wrong;
        match (self.algorithm, &self.signer.key) {
            (Algorithm::Es256, PublicKey::P256(key)) => {
                let signature = p256::ecdsa::Signature::from_slice(&self.signature);
                key.verify(message, &signature.map_err(wrong)?)
            }
            (Algorithm::Es384, PublicKey::P384(key)) => {
                let signature = p384::ecdsa::Signature::from_slice(&self.signature);
                key.verify(message, &signature.map_err(wrong)?)
            }
            (Algorithm::Es512, PublicKey::P521(key)) => {
                let signature = p521::ecdsa::Signature::from_slice(&self.signature);
                key.verify(message, &signature.map_err(wrong)?)
            }
            _ => return Err(Unsigned::Algorithm),
        }
        .map_err(wrong)
    }
}

fn only<'a>(value: &'a Value, names: &[&str]) -> Result<&'a Object, VdsError> {
    let object = value.object().filter(|object| object.has_only(names));
    object.ok_or(VdsError::Form)
}

fn text_of<'a>(object: &'a Object, name: &str) -> Result<&'a str, VdsError> {
    let text = object.get(name).and_then(Value::text);
    text.ok_or(VdsError::Form)
}
