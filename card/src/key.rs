//! RSA public keys, signatures and key ids as the card writes them.
//!
//! ```text
//! key       = 90 03 010001 | 91 820100 modulus        RSA, exactly 2048 bits, e = 65537
//! signature = 256 bytes, PKCS#1 v1.5 with SHA-256
//! key id    = 7 ASCII digits | 08 05 | 3 ASCII digits | 4 bytes
//! ```
//! Of the seven digits of a municipal signer, five name the municipality, the sixth the application
//! (3 text AP, 2 surface AP), and the seventh is a serial.

use std::fmt;

use crypto_bigint::modular::BoxedMontyForm;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, pkcs8::DecodePublicKey};
use sha2::{Digest, Sha256};

use crate::tlv::{Reader, TlvError, Writer};

/// Bytes of a modulus, and so of a signature.
pub const MODULUS_LENGTH: usize = 256;

const EXPONENT: [u8; 3] = [0x01, 0x00, 0x01];
const EXPONENT_TAG: u16 = 0x90;
const MODULUS_TAG: u16 = 0x91;

/// The DER prefix of a `DigestInfo` of SHA-256 (RFC 8017, section 9.2, note 1): what precedes the
/// 32 bytes of the digest in a challenge to the card.
pub const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// Why a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Its data objects are not the two they should be.
    #[error("key: {0}")]
    Tlv(#[from] TlvError),
    /// The public exponent is not 65537.
    #[error("exponent is not 65537")]
    Exponent,
    /// The modulus has not exactly 2048 bits, or is even.
    #[error("modulus is not an odd number of 2048 bits")]
    Modulus,
    /// Not a public key in PEM.
    #[error("not an RSA public key in PEM")]
    Pem,
}

/// An RSA public key of exactly 2048 bits with e = 65537.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: [u8; MODULUS_LENGTH],
    rsa: rsa::PublicKey,
}

impl PublicKey {
    /// Of a modulus, big endian.
    ///
    /// # Errors
    /// [`KeyError::Modulus`] if it has not exactly 2048 bits, or is even.
    pub fn from_modulus(modulus: &[u8]) -> Result<Self, KeyError> {
        let modulus: [u8; MODULUS_LENGTH] = modulus.try_into().map_err(|_| KeyError::Modulus)?;
        if modulus[0] & 0x80 == 0 {
            return Err(KeyError::Modulus);
        }
        let rsa = rsa::PublicKey::new(
            BoxedUint::from_be_slice_vartime(&modulus),
            BoxedUint::from_be_slice_vartime(&EXPONENT),
        )
        .map_err(|_| KeyError::Modulus)?;
        Ok(Self { modulus, rsa })
    }

    /// Reads the card's own form, `90 …, 91 …`.
    ///
    /// # Errors
    /// [`KeyError`], whichever rule it breaks.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        let exponent = reader.expect(EXPONENT_TAG)?.value;
        let modulus = reader.expect(MODULUS_TAG)?.value;
        reader.finish()?;
        if exponent != EXPONENT {
            return Err(KeyError::Exponent);
        }
        Self::from_modulus(modulus)
    }

    /// Writes the card's own form, 265 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .tlv(EXPONENT_TAG, &EXPONENT)
            .tlv(MODULUS_TAG, &self.modulus)
            .into_bytes()
    }

    /// Reads `SubjectPublicKeyInfo` in PEM.
    ///
    /// # Errors
    /// [`KeyError::Pem`], or the rule that the key in it breaks.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = rsa::PublicKey::from_public_key_pem(pem).map_err(|_| KeyError::Pem)?;
        if key.e() != &BoxedUint::from_be_slice_vartime(&EXPONENT) {
            return Err(KeyError::Exponent);
        }
        Self::from_modulus(&key.n_bytes())
    }

    /// The modulus, big endian.
    #[must_use]
    pub const fn modulus(&self) -> &[u8; MODULUS_LENGTH] {
        &self.modulus
    }

    pub(crate) const fn rsa(&self) -> &rsa::PublicKey {
        &self.rsa
    }

    /// Whether this signature (PKCS#1 v1.5) of something with this SHA-256 is by this key.
    ///
    /// Nothing here is secret, and the exponent is the one: sixteen squarings and a product take half the time of the general power of
    /// the crate `rsa`. The result is compared with the one encoding there is (RFC 8017, section 8.2.2).
    #[must_use]
    pub fn verifies(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        let modulus = self.rsa.n_params().modulus().as_ref();
        let signed = BoxedUint::from_be_slice(&signature.0, modulus.bits_precision());
        let Some(signed) = signed.ok().filter(|signed| signed < modulus) else {
            return false;
        };
        let base = BoxedMontyForm::new(signed, self.rsa.n_params());
        let power = (0..16).fold(base.clone(), |power, _| power.square());
        let power = power.mul(&base).retrieve();
        power.to_be_bytes()[..] == encoded(digest)
    }
}

/// `EMSA-PKCS1-v1_5` of this SHA-256: 00 01 FF … FF 00, `DigestInfo`, digest.
fn encoded(digest: &[u8; 32]) -> [u8; MODULUS_LENGTH] {
    let mut encoded = [0xff; MODULUS_LENGTH];
    encoded[..2].copy_from_slice(&[0x00, 0x01]);
    let (padding, hash) = encoded.split_at_mut(MODULUS_LENGTH - digest.len());
    hash.copy_from_slice(digest);
    let (padding, info) = padding.split_at_mut(padding.len() - SHA256_DIGEST_INFO.len());
    info.copy_from_slice(&SHA256_DIGEST_INFO);
    padding[padding.len() - 1] = 0x00;
    encoded
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A card's own key recognises its holder.
        f.write_str("PublicKey(..)")
    }
}

/// A signature of exactly 256 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature([u8; MODULUS_LENGTH]);

/// A signature that has not 256 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signature is not of 256 bytes")]
pub struct SignatureLengthError;

impl Signature {
    /// The 256 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; MODULUS_LENGTH] {
        &self.0
    }
}

impl From<[u8; MODULUS_LENGTH]> for Signature {
    fn from(bytes: [u8; MODULUS_LENGTH]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Signature {
    type Error = SignatureLengthError;

    fn try_from(bytes: &[u8]) -> Result<Self, SignatureLengthError> {
        bytes.try_into().map(Self).map_err(|_| SignatureLengthError)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// The 16 bytes that name a CA's or a municipal signer's key. Not personal: a municipality's cards
/// share it. Written `1322131-000-00000000`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

/// Not of the form of a key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key id")]
pub struct KeyIdError;

impl KeyId {
    /// Of its three parts: seven ASCII digits, three ASCII digits, four bytes.
    ///
    /// # Errors
    /// [`KeyIdError`] if the digits are not digits.
    pub fn new(digits: [u8; 7], version: [u8; 3], serial: [u8; 4]) -> Result<Self, KeyIdError> {
        if !digits.iter().chain(&version).all(u8::is_ascii_digit) {
            return Err(KeyIdError);
        }
        let mut id = [0x08, 0x05].repeat(8);
        id[..7].copy_from_slice(&digits);
        id[7..9].copy_from_slice(&[0x08, 0x05]);
        id[9..12].copy_from_slice(&version);
        id[12..].copy_from_slice(&serial);
        id.try_into().map(Self).map_err(|_| KeyIdError)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The seven leading digits.
    #[must_use]
    pub fn short(&self) -> ShortKeyId {
        let [a, b, c, d, e, f, g, ..] = self.0;
        ShortKeyId([a, b, c, d, e, f, g])
    }

    /// The five digits of the municipality (全国地方公共団体コード without its check digit), if this
    /// is a municipal signer's key.
    ///
    /// # Panics
    /// Never: parsing admits ASCII digits only.
    #[must_use]
    pub fn municipality_prefix(&self) -> &str {
        std::str::from_utf8(&self.0[..5]).expect("parsing admits ASCII digits only")
    }

    /// The digit of the application, as an ASCII digit: `3` text AP, `2` surface AP.
    #[must_use]
    pub const fn role_digit(&self) -> u8 {
        self.0[5]
    }
}

impl TryFrom<&[u8]> for KeyId {
    type Error = KeyIdError;

    fn try_from(bytes: &[u8]) -> Result<Self, KeyIdError> {
        let mut reader = Reader::new(bytes);
        let mut parse = || {
            let digits = *reader.array()?;
            let mark = *reader.array::<2>()?;
            let version = *reader.array()?;
            let serial = *reader.array()?;
            reader.clone().finish()?;
            Ok::<_, TlvError>((digits, mark, version, serial))
        };
        match parse() {
            Ok((digits, [0x08, 0x05], version, serial)) => Self::new(digits, version, serial),
            _ => Err(KeyIdError),
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [digits @ .., _, _, v1, v2, v3, s1, s2, s3, s4] = &self.0;
        for digit in digits {
            write!(f, "{}", char::from(*digit))?;
        }
        let [v1, v2, v3] = [*v1, *v2, *v3].map(char::from);
        write!(f, "-{v1}{v2}{v3}-{s1:02x}{s2:02x}{s3:02x}{s4:02x}")
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl std::str::FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(KeyIdError);
        let (digits, version, serial) = (part()?, part()?, part()?);
        let canonical = serial.len() == 8
            && serial
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical || parts.next().is_some() {
            return Err(KeyIdError);
        }
        Self::new(
            digits.as_bytes().try_into().map_err(|_| KeyIdError)?,
            version.as_bytes().try_into().map_err(|_| KeyIdError)?,
            u32::from_str_radix(serial, 16)
                .map_err(|_| KeyIdError)?
                .to_be_bytes(),
        )
    }
}

/// The seven leading digits of a [`KeyId`]: how a trust anchor is named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortKeyId([u8; 7]);

impl ShortKeyId {
    /// The seven digits.
    ///
    /// # Panics
    /// Never: parsing admits ASCII digits only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("parsing admits ASCII digits only")
    }
}

impl std::str::FromStr for ShortKeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let digits: [u8; 7] = text.as_bytes().try_into().map_err(|_| KeyIdError)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(KeyIdError)
        }
    }
}

impl fmt::Debug for ShortKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShortKeyId({})", self.as_str())
    }
}

/// SHA-256 of parts one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNER: &[u8; 16] = b"1322131\x08\x05000\0\0\0\0";

    #[test]
    fn key_ids_have_one_form_each_way() {
        let id = KeyId::try_from(&SIGNER[..]).unwrap();
        assert_eq!(id.to_string(), "1322131-000-00000000");
        assert_eq!("1322131-000-00000000".parse(), Ok(id));
        assert_eq!(id.as_bytes(), SIGNER);
        assert_eq!(id.municipality_prefix(), "13221");
        assert_eq!(id.role_digit(), b'3');
        assert_eq!(id.short().as_str(), "1322131");
        for wrong in [
            &b"132213x\x08\x05000\0\0\0\0"[..],
            b"1322131\x08\x06000\0\0\0\0",
            b"1322131\x08\x0500x\0\0\0\0",
            b"1322131\x08\x05000\0\0\0",
            b"1322131\x08\x05000\0\0\0\0\0",
        ] {
            assert_eq!(KeyId::try_from(wrong), Err(KeyIdError));
        }
        for wrong in [
            "1322131-000-0000000",
            "1322131-000-0000000A",
            "1322131-000-+0000000",
            "1322131-000-00000000-",
            "1322131",
        ] {
            assert_eq!(wrong.parse::<KeyId>(), Err(KeyIdError), "{wrong}");
        }
    }

    /// The crate's own verification says the same, of signatures and of what is none.
    #[test]
    fn a_signature_is_what_the_crate_takes_for_one() {
        use rsa::pkcs1v15::Pkcs1v15Sign;

        let private = rsa::PrivateKey::new(&mut rand::rng(), 2048).unwrap();
        let key = PublicKey::from_modulus(&private.to_public_key().n_bytes()).unwrap();
        let scheme = Pkcs1v15Sign::new::<Sha256>;
        for text in 0..=u8::MAX {
            let digest = sha256(&[&[text]]);
            let signature = private.sign(scheme(), &digest).unwrap();
            let mut signature = Signature::try_from(signature.as_slice()).unwrap();
            assert!(key.verifies(&digest, &signature));
            assert!(!key.verifies(&sha256(&[b"other"]), &signature));
            signature.0[usize::from(text)] ^= 1;
            assert!(!key.verifies(&digest, &signature));
            let theirs = key.rsa.verify(scheme(), &digest, &signature.0);
            assert!(theirs.is_err());
        }
        // As large as the modulus, or larger: no number below it, whatever it leaves.
        let digest = sha256(&[b"text"]);
        for signature in [*key.modulus(), [0xff; MODULUS_LENGTH], [0; MODULUS_LENGTH]] {
            assert!(!key.verifies(&digest, &Signature(signature)));
        }
    }

    #[test]
    fn only_2048_bits_and_65537() {
        let mut modulus = [0xC5; MODULUS_LENGTH];
        let key = PublicKey::from_modulus(&modulus).unwrap();
        assert_eq!(PublicKey::decode(&key.encode()), Ok(key.clone()));

        let with_zero = [&[0][..], &modulus].concat();
        assert_eq!(PublicKey::from_modulus(&with_zero), Err(KeyError::Modulus));
        let other_exponent = Writer::new()
            .tlv(0x90, &[3])
            .tlv(0x91, &modulus)
            .into_bytes();
        assert_eq!(PublicKey::decode(&other_exponent), Err(KeyError::Exponent));
        let trailing = [&key.encode()[..], &[0]].concat();
        assert_eq!(
            PublicKey::decode(&trailing),
            Err(KeyError::Tlv(TlvError::Trailing))
        );
        modulus[0] = 0x45;
        assert_eq!(PublicKey::from_modulus(&modulus), Err(KeyError::Modulus));
        modulus[0] = 0xC5;
        modulus[255] = 0xC4;
        assert_eq!(PublicKey::from_modulus(&modulus), Err(KeyError::Modulus));
    }
}
