//! 券面事項確認AP (surface AP): its names, and the age record that binds a birth date to a key of the
//! card.
//!
//! EF 0004 is a [`Certificate`](crate::certificate::Certificate) as in the text AP, of another signer
//! under another CA.

use crate::attributes::BirthDate;
use crate::file::{Ef, FileError};
use crate::key::{PublicKey, Signature, sha256};
use crate::private::Private;
use crate::tlv::{Reader, Writer, only};

/// Application id.
pub const AID: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02];

/// EF 0001: age record.
pub const AGE_RECORD: Ef = Ef::new(0x0001);
/// EF 0004: certificate of the signer of the age record.
pub const CERTIFICATE: Ef = Ef::new(0x0004);
/// EF 0011: opens the age record; the birth date as era YYMMDD.
pub const BIRTH_CODE: Ef = Ef::new(0x0011);
/// EF 0012: 照合番号B, which opens the card's face (not read here).
pub const CODE_B: Ef = Ef::new(0x0012);
/// EF 0013: 照合番号A, which opens the card's face and the number as an image (not read here).
pub const CODE_A: Ef = Ef::new(0x0013);

/// EF 0001, 547 bytes:
/// `FF10 82021E | DF11 08 YYYYMMDD | DF12 820109 key | DF13 820100 signature`.
///
/// Signed by the key in the surface AP's EF 0004, over DF11 and DF12 whole (tags and lengths
/// included).
#[derive(Debug, PartialEq, Eq)]
pub struct AgeRecord {
    bytes: Private<Vec<u8>>,
    birth: BirthDate,
    key: PublicKey,
    signature: Signature,
    signed: [u8; 32],
}

impl AgeRecord {
    const TAG: u16 = 0xFF10;
    const BIRTH: u16 = 0xDF11;
    const KEY: u16 = 0xDF12;
    const SIGNATURE: u16 = 0xDF13;

    /// Reads EF 0001.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(only(bytes, Self::TAG)?);
        let birth = reader.expect(Self::BIRTH)?;
        let key = reader.expect(Self::KEY)?;
        let signature = reader.expect(Self::SIGNATURE)?.value.try_into()?;
        reader.finish()?;
        Ok(Self {
            bytes: Private::new(bytes.to_vec()),
            birth: BirthDate::try_from(birth.value)?,
            key: PublicKey::decode(key.value)?,
            signature,
            signed: sha256(&[birth.encoded, key.encoded]),
        })
    }

    /// Issues the record: `sign` gets what is to be signed and answers with the municipal signer's
    /// signature.
    #[must_use]
    pub fn issue(birth: &BirthDate, key: PublicKey, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let record = Writer::new()
            .tlv(Self::BIRTH, &birth.to_digits())
            .tlv(Self::KEY, &key.encode());
        let signed = sha256(&[record.as_bytes()]);
        let signature = sign(record.as_bytes());
        let content = record
            .tlv(Self::SIGNATURE, signature.as_bytes())
            .into_bytes();
        Self {
            bytes: Private::new(Writer::new().tlv(Self::TAG, &content).into_bytes()),
            birth: birth.again(),
            key,
            signature,
            signed,
        }
    }

    /// The file as it stands.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The holder's birth date.
    #[must_use]
    pub const fn birth(&self) -> &BirthDate {
        &self.birth
    }

    /// The card's key in this application. Nothing vouches for it before
    /// [`is_signed_by`](Self::is_signed_by) did.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether the municipal signer's key signed it.
    #[must_use]
    pub fn is_signed_by(&self, signer: &PublicKey) -> bool {
        signer.verifies(&self.signed, &self.signature)
    }
}
