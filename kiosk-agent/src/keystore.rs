//! The keystore of the device an app runs on: keys are made in it, attested by it, and never leave it.
//!
//! On a phone it is the operating system's (Android Keystore); here what plays it, or brings it, listens on a Unix socket
//! (`docs/keystore.md`).

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use issuance_channel::identity::public_key;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use serde::{Deserialize, Serialize};

const PROTOCOL: &str = "shomei-keystore";
const VERSION: u32 = 1;
/// Longest line, in bytes, with its newline.
const LONGEST: u64 = 64 * 1024;
/// A keystore that takes longer does not answer. A signature is waited for in the middle of a handshake.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// The keystore does not answer, or does not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keystore does not do it")]
pub struct KeystoreFailed;

/// A key that was made, and what is said of it.
#[derive(Clone, Debug)]
pub struct Attested {
    /// Its number in the keystore.
    pub key: u64,
    /// X.509 certificates, DER: its own, then up to a root.
    pub chain: Vec<Vec<u8>>,
}

/// A device's keystore. Calls take a moment and block meanwhile.
pub trait Keystore: Send + Sync + 'static {
    /// Makes a P-256 key to sign with, attested over a challenge of 32 bytes.
    ///
    /// # Errors
    /// [`KeystoreFailed`]
    fn generate(&self, challenge: &[u8; 32]) -> Result<Attested, KeystoreFailed>;

    /// ECDSA with SHA-256 over a message, DER.
    ///
    /// # Errors
    /// [`KeystoreFailed`]
    fn sign(&self, key: u64, message: &[u8]) -> Result<Vec<u8>, KeystoreFailed>;

    /// Destroys a key. One that cannot be destroyed is of no use to anybody once its certificate has ended.
    fn delete(&self, key: u64);
}

/// A keystore behind a socket; each call is a connection of its own.
#[derive(Clone, Debug)]
pub struct SocketKeystore(PathBuf);

#[derive(Serialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Request {
    Hello {
        protocol: &'static str,
        version: u32,
    },
    Generate {
        challenge: String,
    },
    Sign {
        key: u64,
        message: String,
    },
    Delete {
        key: u64,
    },
}

#[derive(Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
enum Reply {
    Hello { version: u32 },
    Generated { key: u64, chain: Vec<String> },
    Signed { signature: String },
    Deleted,
    Refused,
}

impl SocketKeystore {
    /// The one that listens there.
    #[must_use]
    pub const fn at(socket: PathBuf) -> Self {
        Self(socket)
    }

    fn ask(&self, request: &Request) -> Result<Reply, KeystoreFailed> {
        let stream = UnixStream::connect(&self.0).map_err(|_| KeystoreFailed)?;
        let within = Some(ANSWER_WITHIN);
        let limited = stream.set_read_timeout(within);
        let limited = limited.and_then(|()| stream.set_write_timeout(within));
        limited.map_err(|_| KeystoreFailed)?;
        let mut lines = BufReader::new(&stream).take(2 * LONGEST);
        let hello = Request::Hello {
            protocol: PROTOCOL,
            version: VERSION,
        };
        match exchange(&stream, &mut lines, &hello)? {
            Reply::Hello { version: VERSION } => exchange(&stream, &mut lines, request),
            _ => Err(KeystoreFailed),
        }
    }
}

fn exchange(
    mut stream: &UnixStream,
    lines: &mut impl BufRead,
    request: &Request,
) -> Result<Reply, KeystoreFailed> {
    let mut line = serde_json::to_vec(request).map_err(|_| KeystoreFailed)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(|_| KeystoreFailed)?;
    line.clear();
    let read = lines.read_until(b'\n', &mut line);
    read.map_err(|_| KeystoreFailed)?;
    serde_json::from_slice(&line).map_err(|_| KeystoreFailed)
}

impl Keystore for SocketKeystore {
    fn generate(&self, challenge: &[u8; 32]) -> Result<Attested, KeystoreFailed> {
        let challenge = to_hex(challenge);
        match self.ask(&Request::Generate { challenge })? {
            Reply::Generated { key, chain } => {
                let chain = chain.iter().map(|der| from_hex(der));
                let chain = chain.collect::<Option<_>>().ok_or(KeystoreFailed)?;
                Ok(Attested { key, chain })
            }
            _ => Err(KeystoreFailed),
        }
    }

    fn sign(&self, key: u64, message: &[u8]) -> Result<Vec<u8>, KeystoreFailed> {
        let message = to_hex(message);
        match self.ask(&Request::Sign { key, message })? {
            Reply::Signed { signature } => from_hex(&signature).ok_or(KeystoreFailed),
            _ => Err(KeystoreFailed),
        }
    }

    fn delete(&self, key: u64) {
        let _ = self.ask(&Request::Delete { key });
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let digits = pair.iter().all(u8::is_ascii_hexdigit);
        let pair = std::str::from_utf8(pair).ok().filter(|_| digits)?;
        u8::from_str_radix(pair, 16).ok()
    };
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(byte).collect()
}

/// A key in a keystore, as TLS signs with it. Destroyed when the last who has it drops it.
pub struct HeldKey(Arc<Held>);

struct Held {
    keystore: Arc<dyn Keystore>,
    key: u64,
    /// `SubjectPublicKeyInfo`, DER.
    spki: Vec<u8>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.keystore.delete(self.key);
    }
}

impl fmt::Debug for HeldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldKey(..)")
    }
}

impl HeldKey {
    /// Makes one, and says what the keystore attests of it.
    ///
    /// # Errors
    /// [`KeystoreFailed`]
    pub fn generate(
        keystore: Arc<dyn Keystore>,
        challenge: &[u8; 32],
    ) -> Result<(Self, Vec<Vec<u8>>), KeystoreFailed> {
        let Attested { key, chain } = keystore.generate(challenge)?;
        let own = chain.first().map(|own| public_key(&own.as_slice().into()));
        // Whatever is wrong with it, it is in the keystore.
        let held = |spki| {
            Self(Arc::new(Held {
                keystore: Arc::clone(&keystore),
                key,
                spki,
            }))
        };
        match own {
            Some(Ok(spki)) => Ok((held(spki), chain)),
            _ => {
                drop(held(Vec::new()));
                Err(KeystoreFailed)
            }
        }
    }

    /// `SubjectPublicKeyInfo`, DER.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// ECDSA with SHA-256 over a message, DER.
    ///
    /// # Errors
    /// [`KeystoreFailed`]
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreFailed> {
        self.0.keystore.sign(self.0.key, message)
    }
}

impl SigningKey for HeldKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let can = offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256);
        can.then(|| Box::new(Self(Arc::clone(&self.0))) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.0.spki.as_slice().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for HeldKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature = Self::sign(self, message);
        signature.map_err(|_| rustls::Error::General("the keystore does not sign".into()))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_reads_back_and_nothing_else_does() {
        assert_eq!(
            from_hex(&to_hex(&[0, 0x9A, 0xFF])),
            Some(vec![0, 0x9A, 0xFF])
        );
        for wrong in ["0", "0x", "+1", "é"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }
}
