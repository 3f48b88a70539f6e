//! Sealed bodies: HPKE (RFC 9180; DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode), answers as Oblivious
//! HTTP makes them (RFC 9458, section 4.4).
//!
//! ```text
//! request  = 01 ‖ key id (8) ‖ enc (32) ‖ ciphertext of the JSON ‖ tag (16)
//! info     = transcript("shomei seal v1", method, path, client URN, exporter)
//! key id   = first 8 bytes of SHA-256(public key)
//!
//! response = 01 ‖ nonce (32) ‖ ciphertext of (status u16 BE ‖ JSON, with bytes attached or none) ‖ tag (16)
//! secret   = HPKE export("shomei response v1", 32)
//! prk      = HKDF-Extract(salt = enc ‖ nonce, secret)
//! key      = HKDF-Expand(prk, "key", 32);  iv = HKDF-Expand(prk, "nonce", 12)
//! ```
//! So a body opens only for the method and path, between the two parties and on the connection it was made for, and an
//! answer only against its request.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hkdf::Hkdf;
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable,
    aead::{AeadCtxR, AeadCtxS, AeadTag, AesGcm256},
    inout::InOutBuf,
    kdf::HkdfSha256,
    rand_core::{CryptoRng, UnwrapErr},
};
use issuance_api::{Array, Transcript};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

mod kem;

use kem::X25519HkdfSha256;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;
type Tag = AeadTag<AesGcm256>;

const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const ENC: usize = 32;
const NONCE: usize = 32;
const TAG: usize = 16;
const STATUS: usize = 2;
const REQUEST_HEAD: usize = 1 + KEY_ID + ENC;
const RESPONSE_HEAD: usize = 1 + NONCE;
const RESPONSE_LABEL: &[u8] = b"shomei response v1";

/// How long a recipient key is the one given out. It opens for as long again, and no longer: with the keys of a connection that is still
/// open, it opens whatever of it was recorded.
pub const EPOCH: Duration = Duration::from_secs(5 * 60);

/// A server's public recipient key, as `GET /v1/recipient` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// First 8 bytes of the SHA-256 of the public key.
    pub key_id: Array<8>,
    /// X25519.
    pub public_key: Array<32>,
}

/// What a sealed body is bound to.
#[derive(Clone, Copy)]
pub struct Binding<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path, without query.
    pub path: &'a str,
    /// URN in the certificate of whoever sends the request.
    pub client: &'a str,
    /// Exporter of the connection.
    pub exporter: &'a Array<32>,
}

impl Binding<'_> {
    fn info(&self) -> Vec<u8> {
        Transcript::new("shomei seal v1")
            .field(self.method.as_bytes())
            .field(self.path.as_bytes())
            .field(self.client.as_bytes())
            .field(self.exporter.as_bytes())
            .into_bytes()
    }
}

/// A body was not sealed as it had to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealed to a key that is not held any more, or never was.
    #[error("sealed to an unknown recipient key")]
    KeyUnknown,
    /// Wrong version, wrong length, altered, or bound to something else.
    #[error("seal does not open")]
    Invalid,
}

/// Seals a request, and keeps what opens its answer.
///
/// # Errors
/// `Invalid` if the recipient's key is not a point to which one can seal.
pub fn seal_request(
    recipient: &Recipient,
    binding: &Binding<'_>,
    plaintext: &[u8],
) -> Result<(Vec<u8>, ResponseOpener), SealError> {
    seal_request_with(
        recipient,
        binding,
        plaintext,
        &mut UnwrapErr(getrandom::SysRng),
    )
}

fn seal_request_with(
    recipient: &Recipient,
    binding: &Binding<'_>,
    plaintext: &[u8],
    random: &mut impl CryptoRng,
) -> Result<(Vec<u8>, ResponseOpener), SealError> {
    let public = PublicKey::from_bytes(recipient.public_key.as_bytes());
    let public = public.map_err(|_| SealError::Invalid)?;
    let (enc, mut context): (
        EncappedKey,
        AeadCtxS<AesGcm256, HkdfSha256, X25519HkdfSha256>,
    ) = hpke::setup_sender_with_rng(&OpModeS::Base, &public, &binding.info(), random)
        .map_err(|_| SealError::Invalid)?;
    let enc: [u8; ENC] = enc.to_bytes().into();

    let mut body = Vec::with_capacity(REQUEST_HEAD + plaintext.len() + TAG);
    body.push(VERSION);
    body.extend_from_slice(recipient.key_id.as_bytes());
    body.extend_from_slice(&enc);
    body.extend_from_slice(plaintext);
    let (_, content) = body.split_at_mut(REQUEST_HEAD);
    let tag = context
        .seal_inout_detached(InOutBuf::from(content), &[])
        .expect("the first message of a context is always within its limits");
    body.extend_from_slice(&tag.to_bytes());

    let mut secret = Zeroizing::new([0; 32]);
    context
        .export(RESPONSE_LABEL, secret.as_mut())
        .expect("32 bytes are within HKDF's limit");
    Ok((body, ResponseOpener(Response { enc, secret })))
}

/// Both ends' part of an answer.
struct Response {
    enc: [u8; ENC],
    secret: Zeroizing<[u8; 32]>,
}

impl Response {
    /// By TLS's own AES: an answer may hold a page of a hundred kilobytes.
    fn cipher(&self, nonce: &[u8; NONCE]) -> (LessSafeKey, Nonce) {
        let salt = [self.enc, *nonce].concat();
        let prk = Hkdf::<Sha256>::new(Some(&salt), self.secret.as_ref());
        let (mut key, mut iv) = (Zeroizing::new([0; 32]), [0; 12]);
        let expect = "32 and 12 bytes are within HKDF's limit";
        prk.expand(b"key", key.as_mut()).expect(expect);
        prk.expand(b"nonce", &mut iv).expect(expect);
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("the key has 32 bytes");
        (LessSafeKey::new(key), Nonce::assume_unique_for_key(iv))
    }
}

/// Seals the answer to one request. Good for once.
pub struct ResponseSealer(Response);

impl ResponseSealer {
    /// Seals true status and JSON.
    #[must_use]
    pub fn seal(self, status: u16, json: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).expect("the system has randomness");
        self.seal_with(status, json, nonce)
    }

    fn seal_with(self, status: u16, json: &[u8], nonce: [u8; NONCE]) -> Vec<u8> {
        let mut body = Vec::with_capacity(RESPONSE_HEAD + STATUS + json.len() + TAG);
        body.push(VERSION);
        body.extend_from_slice(&nonce);
        body.extend_from_slice(&status.to_be_bytes());
        body.extend_from_slice(json);
        let (cipher, iv) = self.0.cipher(&nonce);
        let (_, content) = body.split_at_mut(RESPONSE_HEAD);
        let tag = cipher
            .seal_in_place_separate_tag(iv, Aad::empty(), content)
            .expect("bodies are capped far below AES-GCM's limit");
        body.extend_from_slice(tag.as_ref());
        body
    }
}

/// Opens the answer to one request. Good for once.
pub struct ResponseOpener(Response);

impl ResponseOpener {
    /// Opens to the true status and the JSON.
    ///
    /// # Errors
    /// `Invalid` for whatever was not sealed in answer to this request.
    pub fn open(self, body: &[u8]) -> Result<(u16, Zeroizing<Vec<u8>>), SealError> {
        let (head, content, tag) = split::<RESPONSE_HEAD>(body)?;
        let nonce = head.last_chunk().ok_or(SealError::Invalid)?;
        let mut plaintext = Zeroizing::new(vec![0; content.len()]);
        let (cipher, iv) = self.0.cipher(nonce);
        cipher
            .open_separate_gather(iv, Aad::empty(), content, tag, &mut plaintext)
            .map_err(|_| SealError::Invalid)?;
        let status = *plaintext.first_chunk().ok_or(SealError::Invalid)?;
        plaintext.drain(..STATUS);
        Ok((u16::from_be_bytes(status), plaintext))
    }
}

/// Head, ciphertext, tag.
type Parts<'a, const HEAD: usize> = (&'a [u8; HEAD], &'a [u8], &'a [u8; TAG]);

/// Takes a body of either kind apart, and checks its version.
fn split<const HEAD: usize>(body: &[u8]) -> Result<Parts<'_, HEAD>, SealError> {
    let (head, rest) = body.split_first_chunk().ok_or(SealError::Invalid)?;
    let (content, tag) = rest.split_last_chunk().ok_or(SealError::Invalid)?;
    if head.first() != Some(&VERSION) {
        return Err(SealError::Invalid);
    }
    Ok((head, content, tag))
}

/// A server's recipient keys: the current one, and its predecessor for as long again.
///
/// Time is handed in by whoever calls.
pub struct RecipientKeys {
    current: Arc<Key>,
    since: Instant,
    previous: Option<Arc<Key>>,
}

struct Key {
    private: PrivateKey,
    public: Recipient,
}

impl Key {
    fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).expect("the system has randomness");
        Self::from_private(PrivateKey::from_bytes(seed.as_ref()).expect("any 32 bytes are a key"))
    }

    fn from_private(private: PrivateKey) -> Self {
        let public: [u8; 32] = X25519HkdfSha256::sk_to_pk(&private).to_bytes().into();
        let digest = Sha256::digest(public);
        let key_id = *digest.first_chunk().expect("a digest has 32 bytes");
        let (key_id, public_key) = (Array::new(key_id), Array::new(public));
        Self {
            private,
            public: Recipient { key_id, public_key },
        }
    }
}

impl RecipientKeys {
    /// Starts with a fresh key.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            current: Arc::new(Key::generate()),
            since: now,
            previous: None,
        }
    }

    /// The public key to give out.
    pub fn recipient(&mut self, now: Instant) -> Recipient {
        self.rotate(now);
        self.current.public.clone()
    }

    /// Finds the key that a request is sealed to, for [`SealedRequest::open`].
    ///
    /// # Errors
    /// `KeyUnknown`, and `Invalid` for what is not a sealed request at all.
    pub fn find<'a>(
        &mut self,
        body: &'a [u8],
        now: Instant,
    ) -> Result<SealedRequest<'a>, SealError> {
        self.rotate(now);
        let (head, content, tag) = split::<REQUEST_HEAD>(body)?;
        let (id, enc) = (head.get(1..1 + KEY_ID), head.last_chunk());
        let (id, enc) = id.zip(enc).ok_or(SealError::Invalid)?;
        let mut held = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten();
        let key = held.find(|key| key.public.key_id.as_bytes() == id);
        Ok(SealedRequest {
            key: Arc::clone(key.ok_or(SealError::KeyUnknown)?),
            enc: *enc,
            content,
            tag,
        })
    }

    /// Wipes keys whose time is over; called with every request, and regularly besides.
    pub fn rotate(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age < EPOCH {
            return;
        }
        let next = Arc::new(Key::generate());
        let last = std::mem::replace(&mut self.current, next);
        self.previous = (age < 2 * EPOCH).then_some(last);
        self.since = now;
    }
}

/// A request together with the key it is sealed to.
pub struct SealedRequest<'a> {
    key: Arc<Key>,
    enc: [u8; ENC],
    content: &'a [u8],
    tag: &'a [u8; TAG],
}

impl SealedRequest<'_> {
    /// Opens it, and makes what seals the answer.
    ///
    /// # Errors
    /// `Invalid` if it was altered, or is bound to anything else.
    pub fn open(
        self,
        binding: &Binding<'_>,
    ) -> Result<(Zeroizing<Vec<u8>>, ResponseSealer), SealError> {
        let invalid = |_| SealError::Invalid;
        let enc = EncappedKey::from_bytes(&self.enc).map_err(invalid)?;
        let tag = Tag::from_bytes(self.tag).map_err(invalid)?;
        let mut context: AeadCtxR<AesGcm256, HkdfSha256, X25519HkdfSha256> =
            hpke::setup_receiver(&OpModeR::Base, &self.key.private, &enc, &binding.info())
                .map_err(invalid)?;
        let mut plaintext = Zeroizing::new(vec![0; self.content.len()]);
        let buffer = InOutBuf::new(self.content, &mut plaintext).map_err(|_| SealError::Invalid)?;
        context
            .open_inout_detached(buffer, &[], &tag)
            .map_err(invalid)?;
        let mut secret = Zeroizing::new([0; 32]);
        context
            .export(RESPONSE_LABEL, secret.as_mut())
            .expect("32 bytes are within HKDF's limit");
        let enc = self.enc;
        Ok((plaintext, ResponseSealer(Response { enc, secret })))
    }
}

macro_rules! opaque {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
opaque!(RecipientKeys ResponseSealer ResponseOpener);

impl fmt::Debug for SealedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedRequest(..)")
    }
}

#[cfg(test)]
mod tests;
