//! DHKEM(X25519, HKDF-SHA256) of RFC 9180, section 4.1, over the X25519 that TLS has anyhow: a third of the time of the one in the
//! crate `hpke`, whose key schedule it serves. Its interface speaks of authenticated senders too; there are none here.

use std::{fmt, sync::Arc};

use aws_lc_rs::agreement::{self, UnparsedPublicKey, X25519};
use hkdf::Hkdf;
use hpke::{
    Deserializable, HpkeError, Kem, Serializable, hybrid_array::typenum::U32, kem::SharedSecret,
    rand_core::CryptoRng,
};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

const LENGTH: usize = 32;
const ID: u16 = 0x0020;

/// The KEM.
pub(super) struct X25519HkdfSha256;

/// A point, as it travels. Whether one can agree with it, agreeing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey([u8; LENGTH]);

/// A scalar, with its point.
#[derive(Clone)]
pub(super) struct PrivateKey {
    scalar: Zeroizing<[u8; LENGTH]>,
    key: Arc<agreement::PrivateKey>,
    public: PublicKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

fn read(bytes: &[u8]) -> Result<[u8; LENGTH], HpkeError> {
    bytes
        .try_into()
        .map_err(|_| HpkeError::IncorrectInputLength(LENGTH, bytes.len()))
}

impl Serializable for PublicKey {
    type OutputSize = U32;

    fn write_exact(&self, to: &mut [u8]) {
        to.copy_from_slice(&self.0);
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        read(bytes).map(Self)
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, to: &mut [u8]) {
        to.copy_from_slice(self.scalar.as_slice());
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        let scalar = Zeroizing::new(read(bytes)?);
        let key = agreement::PrivateKey::from_private_key(&X25519, scalar.as_slice());
        let key = key.map_err(|_| HpkeError::ValidationError)?;
        let public = key.compute_public_key();
        let public = public.map_err(|_| HpkeError::ValidationError)?;
        Ok(Self {
            scalar,
            public: PublicKey(read(public.as_ref())?),
            key: Arc::new(key),
        })
    }
}

impl ConstantTimeEq for PrivateKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.scalar.as_slice().ct_eq(other.scalar.as_slice())
    }
}

impl PrivateKey {
    /// `ExtractAndExpand(DH(self, theirs), enc ‖ recipient)`; nothing where the point is of low order.
    fn secret(
        &self,
        theirs: &PublicKey,
        enc: &PublicKey,
        recipient: &PublicKey,
    ) -> Option<SharedSecret<X25519HkdfSha256>> {
        let context = [enc.0, recipient.0].concat();
        let theirs = UnparsedPublicKey::new(&X25519, theirs.0);
        let agreed = agreement::agree(&self.key, theirs, (), |agreed| {
            let mut secret = SharedSecret::default();
            derive(
                b"eae_prk",
                agreed,
                b"shared_secret",
                &context,
                &mut secret.0,
            );
            Ok(secret)
        });
        agreed.ok()
    }
}

/// `LabeledExpand(LabeledExtract("", label, ikm), name, info, 32)`, section 4.
fn derive(label: &[u8], ikm: &[u8], name: &[u8], info: &[u8], to: &mut [u8]) {
    const VERSION: &[u8] = b"HPKE-v1";
    let [high, low] = ID.to_be_bytes();
    let suite = [b'K', b'E', b'M', high, low];
    let labelled = Zeroizing::new([VERSION, &suite, label, ikm].concat());
    let length = [0, u8::try_from(LENGTH).expect("32 is below 256")];
    Hkdf::<Sha256>::new(None, &labelled)
        .expand_multi_info(&[&length, VERSION, &suite, name, info], to)
        .expect("32 bytes are within HKDF's limit");
}

impl Kem for X25519HkdfSha256 {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = PublicKey;
    type NSecret = U32;

    const KEM_ID: u16 = ID;

    fn sk_to_pk(key: &PrivateKey) -> PublicKey {
        key.public.clone()
    }

    fn derive_keypair(ikm: &[u8]) -> (PrivateKey, PublicKey) {
        let mut scalar = Zeroizing::new([0; LENGTH]);
        derive(b"dkp_prk", ikm, b"sk", b"", scalar.as_mut_slice());
        let key = PrivateKey::from_bytes(scalar.as_slice()).expect("any 32 bytes are a key");
        let public = key.public.clone();
        (key, public)
    }

    fn decap(
        recipient: &PrivateKey,
        sender: Option<&PublicKey>,
        enc: &PublicKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        let secret = recipient.secret(enc, enc, &recipient.public);
        secret
            .filter(|_| sender.is_none())
            .ok_or(HpkeError::DecapError)
    }

    fn encap_with_rng(
        recipient: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        random: &mut impl CryptoRng,
    ) -> Result<(SharedSecret<Self>, PublicKey), HpkeError> {
        let (ephemeral, enc) = Self::gen_keypair_with_rng(random);
        let secret = ephemeral.secret(recipient, &enc, recipient);
        let secret = secret.filter(|_| sender.is_none());
        Ok((secret.ok_or(HpkeError::EncapError)?, enc))
    }
}
