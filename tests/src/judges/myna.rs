//! An outside judge of the emulated card: the crate `myna-card`, by its public API alone.
//!
//! It reads over PC/SC what a program reads that never heard of this project, and verifies it by its
//! own means: certificate under the CA key of a trust anchor, integrity record and card key under the certificate,
//! digests of both files, and an answered challenge.

use std::path::Path;

use card::trust::Anchor;
use myna_card::ap::text::{TextAp, ef};
use myna_card::data::{RsaPublicKey, Sex};
use myna_card::transport::pcsc::{self, Sharing};
use myna_card::{Error, Pin, Retries};

mod whole;

pub use whole::{AgeRecord, Identity, Secured, age_record, change_pin, identity, jpki, secured};

type Refused = Box<dyn std::error::Error>;

/// The key of a trust anchor, as `myna-card` takes it.
fn ca_key(anchor: &Path) -> Result<RsaPublicKey, Refused> {
    let anchor: Anchor = std::fs::read_to_string(anchor)?.parse()?;
    Ok(RsaPublicKey {
        exponent: vec![0x01, 0x00, 0x01],
        modulus: anchor.key.modulus().to_vec(),
    })
}

/// What `myna-card` read from a card, and which of its checks the card passed.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// Tries left of the PIN before it was presented.
    pub tries: Option<u8>,
    /// 個人番号.
    pub number: String,
    /// 氏名.
    pub name: String,
    /// 住所.
    pub address: String,
    /// 生年月日: year, month, day.
    pub birth_date: (u16, u8, u8),
    /// 性別.
    pub sex: Sex,
    /// The seven digits of the CA's key id in the certificate.
    pub issuer: String,
    /// The seven digits of the municipal signer's key id.
    pub signer: String,
    /// The checks.
    pub checks: Checks,
}

/// Checks of `myna-card`, each made whatever the others say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Certificate (EF 0004) under the anchor's key.
    pub certificate: bool,
    /// Signature of the integrity record (EF 0003) under the certificate's key.
    pub integrity: bool,
    /// Digest of EF 0001 in it.
    pub number_digest: bool,
    /// Digest of EF 0002 in it.
    pub attributes_digest: bool,
    /// Signature of the card's key (EF 0007) under the certificate's key.
    pub card_key: bool,
    /// Answer to a challenge under the card's key.
    pub challenge: bool,
}

impl Checks {
    /// What a genuine card passes.
    pub const ALL: Self = Self {
        certificate: true,
        integrity: true,
        number_digest: true,
        attributes_digest: true,
        card_key: true,
        challenge: true,
    };
}

/// Reads the card on a reader with `myna-card`: one VERIFY, if any tries are left at all.
///
/// # Errors
/// What `myna-card` says: no reader, no card, [`Error::PinBlocked`], [`Error::PinIncorrect`], a file that it cannot parse.
pub fn read(reader: &str, pin: &str, anchor: &Path) -> Result<Reading, Refused> {
    let ca = ca_key(anchor)?;
    let mut card = pcsc::connect(reader, Sharing::Exclusive)?;
    let mut text = TextAp::select(&mut card)?;
    let tries = match text.retries(ef::PIN)? {
        Retries::Blocked => return Err(Error::PinBlocked.into()),
        tries => tries.count(),
    };
    text.verify_pin(&Pin::numeric(pin)?)?;

    let number = text.read_my_number()?;
    let number_file = text.read_my_number_file()?;
    let attributes = text.read_attributes()?;
    let attributes_file = text.read_ef(ef::ATTRIBUTES)?;
    let integrity = text.read_integrity_record()?;
    let certificate = text.read_certificate()?;
    let card_key = text.read_signed_public_key()?;
    let challenge = b"a challenge of myna-card's";
    let signature = text.sign(challenge);

    let checks = Checks {
        certificate: certificate.verify_with(&ca).is_ok(),
        integrity: integrity.verify(&certificate.public_key).is_ok(),
        number_digest: integrity.matches_my_number_file(&number_file),
        attributes_digest: integrity.matches_attributes_file(&attributes_file)?,
        card_key: card_key.verify(&certificate.public_key).is_ok(),
        challenge: signature
            .and_then(|signature| {
                card_key
                    .public_key
                    .verify_pkcs1_sha256(challenge, &signature)
            })
            .is_ok(),
    };
    card.transport_mut().power_cycle()?;
    Ok(Reading {
        tries,
        number: number.as_str().to_owned(),
        name: attributes.name,
        address: attributes.address,
        birth_date: (
            attributes.birth_date.year,
            attributes.birth_date.month,
            attributes.birth_date.day,
        ),
        sex: attributes.sex,
        issuer: certificate.issuer_key_id.number().to_owned(),
        signer: certificate.subject_key_id.number().to_owned(),
        checks,
    })
}
