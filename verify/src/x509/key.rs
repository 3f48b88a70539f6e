use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePublicKey;
use rsa::pss::Pss;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::signature_algorithm::{RsaSsaPssParams, SignatureAlgorithm};
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::curve::Curve;

/// A key that signs certificates, lists or documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Rsa(rsa::PublicKey),
}

/// Why a signature does not show what it has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// A key or an algorithm that is not known here.
    Algorithm,
    /// It is not by that key over this content.
    Wrong,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA384: &str = "2.16.840.1.101.3.4.2.2";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";

impl Hash {
    /// SHA-1 is none any more: who makes two certificates of one hash chooses what the CSCA signed.
    fn of(oid: &str) -> Option<Self> {
        match oid {
            SHA256 | "1.2.840.10045.4.3.2" | "1.2.840.113549.1.1.11" => Some(Self::Sha256),
            SHA384 | "1.2.840.10045.4.3.3" | "1.2.840.113549.1.1.12" => Some(Self::Sha384),
            SHA512 | "1.2.840.10045.4.3.4" | "1.2.840.113549.1.1.13" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

impl PublicKey {
    pub(crate) fn of(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let point = info.subject_public_key.data.as_ref();
        match info.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.10045.2.1" => match Curve::of(info.algorithm.parameters.as_ref()?)? {
                Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
                    .ok()
                    .map(Self::P256),
                Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
                    .ok()
                    .map(Self::P384),
                Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
                    .ok()
                    .map(Self::P521),
            },
            // 2048 to 4096 bits: the crate takes no others.
            "1.2.840.113549.1.1.1" => rsa::PublicKey::from_public_key_der(info.raw)
                .ok()
                .map(Self::Rsa),
            _ => None,
        }
    }

    /// Whether this key made the signature of a certificate or a list.
    pub(crate) fn verify(
        &self,
        algorithm: &AlgorithmIdentifier<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unsigned> {
        let oid = algorithm.algorithm.to_id_string();
        let parsed = SignatureAlgorithm::try_from(algorithm).map_err(|_| Unsigned::Algorithm)?;
        match (parsed, self) {
            (SignatureAlgorithm::ECDSA, Self::Rsa(_)) => Err(Unsigned::Algorithm),
            (SignatureAlgorithm::ECDSA, key) => {
                let hash = Hash::of(&oid).ok_or(Unsigned::Algorithm)?;
                key.verify_ecdsa(&hash.digest(message), signature)
            }
            (SignatureAlgorithm::RSA, Self::Rsa(key)) => {
                let hash = Hash::of(&oid).ok_or(Unsigned::Algorithm)?;
                let scheme = match hash {
                    Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                    Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                    Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                };
                key.verify(scheme, &hash.digest(message), signature)
                    .map_err(|_| Unsigned::Wrong)
            }
            (SignatureAlgorithm::RSASSA_PSS(parameters), Self::Rsa(key)) => {
                verify_pss(key, &parameters, message, signature)
            }
            _ => Err(Unsigned::Algorithm),
        }
    }

    fn verify_ecdsa(&self, digest: &[u8], signature: &[u8]) -> Result<(), Unsigned> {
        let wrong = |_| Unsigned::Wrong;
        match self {
            Self::P256(key) => key.verify_prehash(
                digest,
                &p256::ecdsa::Signature::from_der(signature).map_err(wrong)?,
            ),
            Self::P384(key) => key.verify_prehash(
                digest,
                &p384::ecdsa::Signature::from_der(signature).map_err(wrong)?,
            ),
            Self::P521(key) => key.verify_prehash(
                digest,
                &p521::ecdsa::Signature::from_der(signature).map_err(wrong)?,
            ),
            Self::Rsa(_) => return Err(Unsigned::Algorithm),
        }
        .map_err(wrong)
    }
}

/// With MGF1 over the same hash, as RFC 4055 recommends and Doc 9303-12 asks.
fn verify_pss(
    key: &rsa::PublicKey,
    parameters: &RsaSsaPssParams<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Unsigned> {
    let oid = parameters.hash_algorithm_oid().to_id_string();
    let hash = Hash::of(&oid).ok_or(Unsigned::Algorithm)?;
    let mask = parameters.mask_gen_algorithm();
    let mask = mask.map_err(|_| Unsigned::Algorithm)?;
    if mask.mgf.to_id_string() != "1.2.840.113549.1.1.8"
        || mask.hash.to_id_string() != oid
        || parameters.trailer_field() != 1
    {
        return Err(Unsigned::Algorithm);
    }
    let salt = usize::try_from(parameters.salt_length()).map_err(|_| Unsigned::Algorithm)?;
    let digest = hash.digest(message);
    match hash {
        Hash::Sha256 => key.verify(Pss::<Sha256>::new_with_salt(salt), &digest, signature),
        Hash::Sha384 => key.verify(Pss::<Sha384>::new_with_salt(salt), &digest, signature),
        Hash::Sha512 => key.verify(Pss::<Sha512>::new_with_salt(salt), &digest, signature),
    }
    .map_err(|_| Unsigned::Wrong)
}
