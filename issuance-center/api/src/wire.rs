//! Bytes on the wire: base64url without padding (RFC 4648, section 5).

use std::fmt;

use base64::Engine;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use zeroize::{Zeroize, Zeroizing};

/// A page has hundreds of kilobytes: as many at a time as the processor can.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static URL_SAFE_NO_PAD: std::sync::LazyLock<base64::engine::simd::Simd> =
    std::sync::LazyLock::new(|| {
        base64::engine::simd::Simd::url_safe(base64::engine::general_purpose::NO_PAD)
    });

/// Bytes of any length: nonces, tickets, sealed states. Wiped when dropped. Those of a person are [`PersonalBytes`](crate::PersonalBytes).
#[derive(Clone, PartialEq, Eq)]
pub struct Blob(Vec<u8>);

impl Blob {
    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        // A vector's room is wiped at once, its content byte by byte.
        self.0.clear();
        self.0.zeroize();
    }
}

/// Exactly `N` bytes: nonces, keys, digests, signatures.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Array<const N: usize>([u8; N]);

impl<const N: usize> Array<N> {
    /// Wraps the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Array<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

// Lengths only: a blob may hold a ticket, an array a key.
impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl<const N: usize> fmt::Debug for Array<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({N} bytes)")
    }
}

fn encode<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
    let serialized = serializer.serialize_str(&text);
    // As `Blob` is.
    text.clear();
    serialized
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Text;

    impl Visitor<'_> for Text {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("base64url without padding")
        }

        // From the input itself, where it is at hand: no copy is left of it.
        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            // The decoder's message would quote input: say nothing of it.
            let decoded = URL_SAFE_NO_PAD.decode(text);
            decoded.map_err(|_| E::custom("not base64url without padding"))
        }

        fn visit_string<E: Error>(self, text: String) -> Result<Vec<u8>, E> {
            self.visit_str(&Zeroizing::new(text))
        }
    }

    deserializer.deserialize_str(Text)
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode(deserializer).map(Self)
    }
}

impl<const N: usize> Serialize for Array<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode(&self.0, serializer)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Array<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Zeroizing::new(decode(deserializer)?);
        <[u8; N]>::try_from(bytes.as_slice())
            .map(Self)
            .map_err(|_| D::Error::custom("wrong number of bytes"))
    }
}
