//! The rest of the card, as `myna-card` reads it: surface AP, common AP, JPKI AP, card manager, and the text AP by
//! secure messaging.

use std::path::Path;

use myna_card::ap::common::CommonAp;
use myna_card::ap::jpki::{JpkiAp, SignatureScheme};
use myna_card::ap::surface::{self, SurfaceAp};
use myna_card::ap::text::{Attributes, TextAp, ef};
use myna_card::mf::MasterFile;
use myna_card::transport::pcsc::{self, Sharing};
use myna_card::{Error, Pin};

use super::{Refused, ca_key};

/// What `myna-card` read from the surface AP.
#[derive(Clone, PartialEq, Eq)]
pub struct AgeRecord {
    /// Tries left of the birth code before it was presented.
    pub tries: Option<u8>,
    /// 生年月日: year, month, day.
    pub birth_date: (u16, u8, u8),
    /// The seven digits of the CA's key id in the certificate.
    pub issuer: String,
    /// The seven digits of the municipal signer's key id.
    pub signer: String,
    /// Certificate under the anchor's key, record under the certificate's, challenge under the record's.
    pub checks: [bool; 3],
}

/// Reads the surface AP: one VERIFY with the birth code (era YYMMDD).
///
/// # Errors
/// What `myna-card` says.
pub fn age_record(reader: &str, code: &str, anchor: &Path) -> Result<AgeRecord, Refused> {
    let ca = ca_key(anchor)?;
    let mut card = pcsc::connect(reader, Sharing::Exclusive)?;
    let mut ap = SurfaceAp::select(&mut card)?;
    let tries = ap.retries(surface::ef::BIRTH_DATE)?.count();
    ap.verify_birth_date(&Pin::numeric(code)?)?;
    let record = ap.read_age_record()?;
    let certificate = ap.read_certificate()?;
    let challenge = b"another challenge of myna-card's";
    let signature = ap.sign(challenge);
    let answered = signature
        .and_then(|signature| record.public_key.verify_pkcs1_sha256(challenge, &signature));
    let checks = [
        certificate.verify_with(&ca).is_ok(),
        record.verify(&certificate.public_key).is_ok(),
        answered.is_ok(),
    ];
    card.transport_mut().power_cycle()?;
    let date = record.birth_date;
    Ok(AgeRecord {
        tries,
        birth_date: (date.year, date.month, date.day),
        issuer: certificate.issuer_key_id.number().to_owned(),
        signer: certificate.subject_key_id.number().to_owned(),
        checks,
    })
}

/// What the common AP says, and what the card manager says of the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Municipality and expiry (`YYYYMMDD`) by the common AP's record.
    pub by_record: (String, String),
    /// The same by data objects 00F0 and 00F2.
    pub by_data: (String, String),
    /// Whether the second certificate of the chain 00F8, 7F21 is under the first.
    pub chained: bool,
}

/// Reads both, with nothing presented.
///
/// # Errors
/// What `myna-card` says.
pub fn identity(reader: &str) -> Result<Identity, Refused> {
    let mut card = pcsc::connect(reader, Sharing::Exclusive)?;
    let info = CommonAp::select(&mut card)?.read_card_info()?;
    let mut manager = MasterFile::select(&mut card)?;
    let mut text =
        |tag| -> Result<String, Refused> { Ok(String::from_utf8(manager.data_object(tag)?)?) };
    let by_data = (text(0x00F0)?, text(0x00F2)?);
    let chain = manager.certificate_chain()?;
    let chained = match &chain[..] {
        [upper, lower] => lower.verify_with(&upper.public_key).is_ok(),
        _ => false,
    };
    card.transport_mut().power_cycle()?;
    let date = info.expiry;
    let expiry = format!("{:04}{:02}{:02}", date.year, date.month, date.day);
    Ok(Identity {
        by_record: (info.municipality_code, expiry),
        by_data,
        chained,
    })
}

/// Signs with both keys of the JPKI AP by every scheme, each signature checked with the certificate on the card.
///
/// # Errors
/// What `myna-card` says, a signature that does not verify among it.
pub fn jpki(reader: &str, pin: &str, password: &str) -> Result<(), Refused> {
    use SignatureScheme::{
        PreHashedDigestInfo, PreHashedPss, Sha256Bare, Sha256DigestInfo, Sha256Pss, Verbatim,
    };
    let mut card = pcsc::connect(reader, Sharing::Exclusive)?;
    let mut ap = JpkiAp::select(&mut card)?;
    if !ap.read_token_type()?.is_physical_card() {
        return Err("no card's token".into());
    }
    ap.read_token_info()?;
    ap.verify_auth_pin(&Pin::numeric(pin)?)?;
    ap.verify_sign_pin(&Pin::new(password)?)?;
    for scheme in [
        Verbatim,
        Sha256Bare,
        PreHashedDigestInfo,
        Sha256DigestInfo,
        PreHashedPss,
        Sha256Pss,
    ] {
        let data = b"32 bytes, as long as a digest is";
        ap.sign_with_auth_key_checked(scheme, data)?;
        ap.sign_with_sign_key_checked(scheme, data)?;
    }
    card.transport_mut().power_cycle()?;
    Ok(())
}

/// Changes the PIN of the text AP.
///
/// # Errors
/// What `myna-card` says.
pub fn change_pin(reader: &str, old: &str, new: &str) -> Result<(), Refused> {
    let mut card = pcsc::connect(reader, Sharing::Exclusive)?;
    let mut text = TextAp::select(&mut card)?;
    text.change_pin(&Pin::numeric(old)?, &Pin::numeric(new)?)?;
    card.transport_mut().power_cycle()?;
    Ok(())
}

/// What `myna-card` read by secure messaging.
#[derive(Clone, PartialEq, Eq)]
pub struct Secured {
    /// EF 0001 and EF 0002 as they came, decrypted.
    pub files: [Vec<u8>; 2],
    /// The same files, read in the clear after that.
    pub in_the_clear: [Vec<u8>; 2],
    /// 氏名, from the decrypted EF 0002.
    pub name: String,
    /// What a command with a counter out of step was answered, and the one after it.
    pub out_of_step: [u16; 2],
}

/// Opens a session with the text AP, presents 照合番号A and reads both files in it; then breaks it.
///
/// # Errors
/// What `myna-card` says.
pub fn secured(reader: &str, pin: &str, code_a: &str) -> Result<Secured, Refused> {
    // A session's counter starts anew, so a seed may never be used again.
    let mut seed = [0; myna_card::sm::SEED_LEN];
    getrandom::fill(&mut seed)?;
    let mut card = pcsc::connect(reader, Sharing::Exclusive)?;
    let mut text = TextAp::select(&mut card)?;
    text.verify_pin(&Pin::numeric(pin)?)?;
    let mut session = text.open_secure_session(&seed)?;
    session.verify(ef::CODE_A, &Pin::numeric(code_a)?)?;
    let files = [
        session.read_ef_physical(ef::MY_NUMBER)?,
        session.read_ef_physical(ef::ATTRIBUTES)?,
    ];
    let name = Attributes::parse(&session.read_ef(ef::ATTRIBUTES)?)?.name;
    let in_the_clear = [text.read_my_number_file()?, text.read_ef(ef::ATTRIBUTES)?];
    // The session is the card's and goes on, whoever dropped it; a key it does not know cannot be what it expects.
    let stray = [[0x86, 0x11, 0x01].as_slice(), &[0x5A; 16]].concat();
    let mut word = || -> Result<u16, Error> {
        let command = myna_card::apdu::Command::with_data(0x08, 0x20, 0x00, 0x91, stray.clone());
        Ok(text.card().call(&command)?.status.value())
    };
    // One stray cryptogram in 255 has a padding that fits: that is a wrong code, and the session goes on.
    let mut first = word()?;
    if first == 0x63C2 {
        first = word()?;
    }
    let out_of_step = [first, word()?];
    card.transport_mut().power_cycle()?;
    Ok(Secured {
        files,
        in_the_clear,
        name,
        out_of_step,
    })
}
