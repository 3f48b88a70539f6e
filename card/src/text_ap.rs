//! 券面事項入力補助AP (text AP): its names, and every file's layout, read and written.
//!
//! | EF | content | opened by |
//! |---|---|---|
//! | 0001 | [`NumberFile`] | PIN or 照合番号A |
//! | 0002 | [`AttributesFile`] | PIN or 照合番号B |
//! | 0003 | [`IntegrityFile`] | PIN, A or B |
//! | 0004 | [`Certificate`](crate::certificate::Certificate) | free |
//! | 0005 | [`BasicInfo`] | free |
//! | 0006 | RSA key for secure messaging ([`decode_messaging_key`]) | PIN, A or B |
//! | 0007 | [`CardKeyFile`] | PIN, A or B |
//! | 0011 | PIN, 4 digits, 3 tries | |
//! | 0012 | issued blocked | |
//! | 0013 | the card's signing key, usable with nothing presented | |
//! | 0014, 0015 | 照合番号A, 照合番号B | |
//!
//! Each file keeps its bytes as they stood, since the evidence's digest is over those.

use sha2::{Digest, Sha256};

use crate::attributes::{Attributes, BirthDate, Sex};
use crate::file::{Ef, FileError, MAX_FILE};
use crate::key::{KeyId, PublicKey, Signature, sha256};
use crate::number::{IndividualNumber, NumberError};
use crate::private::Private;
use crate::tlv::{Reader, TlvError, Writer, only};

/// Application id.
pub const AID: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08];

/// EF 0001: individual number.
pub const NUMBER: Ef = Ef::new(0x0001);
/// EF 0002: four attributes.
pub const ATTRIBUTES: Ef = Ef::new(0x0002);
/// EF 0003: digests and their signature.
pub const INTEGRITY: Ef = Ef::new(0x0003);
/// EF 0004: certificate of the signer of 0003 and 0007.
pub const CERTIFICATE: Ef = Ef::new(0x0004);
/// EF 0005: basic information of the application.
pub const BASIC_INFO: Ef = Ef::new(0x0005);
/// EF 0006: RSA key for secure messaging.
pub const MESSAGING_KEY: Ef = Ef::new(0x0006);
/// EF 0007: the card's own public key.
pub const CARD_KEY: Ef = Ef::new(0x0007);
/// EF 0011: PIN.
pub const PIN: Ef = Ef::new(0x0011);
/// EF 0012: issued blocked.
pub const BLOCKED: Ef = Ef::new(0x0012);
/// EF 0013: the card's signing key.
pub const SIGNING_KEY: Ef = Ef::new(0x0013);
/// EF 0014: 照合番号A.
pub const CODE_A: Ef = Ef::new(0x0014);
/// EF 0015: 照合番号B.
pub const CODE_B: Ef = Ef::new(0x0015);

/// EF 0001, 17 bytes: `FF10 0C <12 ASCII digits> FF FF`. The digest H1 of EF 0003 covers all 17.
#[derive(Debug, PartialEq, Eq)]
pub struct NumberFile {
    bytes: Private<[u8; Self::LENGTH]>,
}

impl NumberFile {
    /// Its length, filler included.
    pub const LENGTH: usize = 17;
    const TAG: u16 = 0xFF10;
    const FILLER: [u8; 2] = [0xFF, 0xFF];

    /// Reads EF 0001. The check digit is judged later, by [`number`](Self::number).
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let file = Self {
            bytes: Private::new(bytes.try_into().map_err(|_| FileError::Length)?),
        };
        let mut reader = Reader::new(file.as_bytes());
        let digits = reader.expect(Self::TAG)?.value;
        if digits.len() != 12 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(FileError::Digits);
        }
        if reader.rest() != Self::FILLER {
            return Err(FileError::Tlv(TlvError::Trailing));
        }
        Ok(file)
    }

    /// The file of this number.
    ///
    /// # Panics
    /// Never: header, twelve digits and filler are 17 bytes.
    #[must_use]
    pub fn of(number: &IndividualNumber) -> Self {
        let object = Writer::new()
            .tlv(Self::TAG, number.expose().as_bytes())
            .into_bytes();
        let bytes = [&object[..], &Self::FILLER].concat();
        Self {
            bytes: Private::new(bytes.try_into().expect("header, twelve digits and filler")),
        }
    }

    /// The file as it stands.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The number.
    ///
    /// # Errors
    /// [`NumberError::CheckDigit`] if its check digit is wrong.
    pub fn number(&self) -> Result<IndividualNumber, NumberError> {
        let digits = only(&self.as_bytes()[..15], Self::TAG).map_err(|_| NumberError::Form)?;
        digits.try_into()
    }

    /// H1: SHA-256 of all 17 bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[self.as_bytes()])
    }
}

/// EF 0002: `FF20 len`, in it
/// `DF21 08` four u16 BE offsets from the file's start, `DF22` name, `DF23` address (both UTF-8),
/// `DF24 08 YYYYMMDD`, `DF25 01` sex.
///
/// The digest H2 of EF 0003 covers what follows DF21. The offsets are signed by nobody and so
/// nothing here follows them.
#[derive(Debug, PartialEq, Eq)]
pub struct AttributesFile {
    bytes: Private<Vec<u8>>,
    attributes: Attributes,
    digest: Private<[u8; 32]>,
}

impl AttributesFile {
    const TAG: u16 = 0xFF20;
    const OFFSETS: u16 = 0xDF21;
    const NAME: u16 = 0xDF22;
    const ADDRESS: u16 = 0xDF23;
    const BIRTH: u16 = 0xDF24;
    const SEX: u16 = 0xDF25;

    /// Reads EF 0002.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        if bytes.len() > MAX_FILE {
            return Err(FileError::TooLong);
        }
        let mut reader = Reader::new(only(bytes, Self::TAG)?);
        if reader.expect(Self::OFFSETS)?.value.len() != 8 {
            return Err(FileError::Length);
        }
        let signed = reader.rest();
        let name = text(reader.expect(Self::NAME)?.value)?;
        let address = text(reader.expect(Self::ADDRESS)?.value)?;
        let birth = BirthDate::try_from(reader.expect(Self::BIRTH)?.value)?;
        let [sex] = *reader.expect(Self::SEX)?.value else {
            return Err(FileError::Length);
        };
        reader.finish()?;
        Ok(Self {
            bytes: Private::new(bytes.to_vec()),
            attributes: Attributes::new(name.to_owned(), address.to_owned(), birth, Sex::from(sex)),
            digest: Private::new(sha256(&[signed])),
        })
    }

    /// The file of these attributes.
    ///
    /// # Panics
    /// If the file would be longer than [`MAX_FILE`].
    #[must_use]
    pub fn of(attributes: &Attributes) -> Self {
        Self::try_of(attributes).expect("name and address fit a file of the card")
    }

    /// The file of these attributes, if they fit one.
    ///
    /// # Errors
    /// [`FileError::TooLong`] if the file would be longer than [`MAX_FILE`].
    pub fn try_of(attributes: &Attributes) -> Result<Self, FileError> {
        let objects = [
            (Self::NAME, attributes.name().expose().as_bytes()),
            (Self::ADDRESS, attributes.address().expose().as_bytes()),
            (Self::BIRTH, &attributes.birth().to_digits()),
            (Self::SEX, &[attributes.sex().into()]),
        ]
        .map(|(tag, value)| Writer::new().tlv(tag, value).into_bytes());
        let signed = objects.concat();
        if signed.len() > MAX_FILE {
            return Err(FileError::TooLong);
        }

        // Offsets count from the file's start, so they move with the length of FF20's own header.
        let with_offsets_from = |start: usize| {
            let mut at = start;
            let mut offsets = Vec::with_capacity(8);
            for object in &objects {
                let offset = u16::try_from(at).expect("an offset in MAX_FILE");
                offsets.extend_from_slice(&offset.to_be_bytes());
                at += object.len();
            }
            let head = Writer::new().tlv(Self::OFFSETS, &offsets).into_bytes();
            let content = [&head[..], &signed].concat();
            Writer::new().tlv(Self::TAG, &content).into_bytes()
        };
        let start = with_offsets_from(0).len() - signed.len();
        Self::decode(&with_offsets_from(start))
    }

    /// The file as it stands.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// What it says.
    #[must_use]
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// What it says, and nothing else of it.
    #[must_use]
    pub fn into_attributes(self) -> Attributes {
        self.attributes
    }

    /// H2: SHA-256 of what follows DF21.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        self.digest.expose()
    }
}

fn text(bytes: &[u8]) -> Result<&str, FileError> {
    std::str::from_utf8(bytes).map_err(|_| FileError::Text)
}

/// EF 0003, 336 bytes: `FF30 82014B | DF31 20 H1 | DF32 20 H2 | DF33 820100 signature`.
///
/// Signed by the key in EF 0004, over DF31 and DF32 whole (tags and lengths included).
#[derive(Debug, PartialEq, Eq)]
pub struct IntegrityFile {
    bytes: Private<Vec<u8>>,
    number: Private<[u8; 32]>,
    attributes: Private<[u8; 32]>,
    signature: Signature,
    signed: [u8; 32],
}

impl IntegrityFile {
    const TAG: u16 = 0xFF30;
    const NUMBER: u16 = 0xDF31;
    const ATTRIBUTES: u16 = 0xDF32;
    const SIGNATURE: u16 = 0xDF33;

    /// Reads EF 0003.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(only(bytes, Self::TAG)?);
        let number = reader.expect(Self::NUMBER)?;
        let attributes = reader.expect(Self::ATTRIBUTES)?;
        let signature = reader.expect(Self::SIGNATURE)?.value.try_into()?;
        reader.finish()?;
        let digest = |value: &[u8]| value.try_into().map_err(|_| FileError::Length);
        Ok(Self {
            bytes: Private::new(bytes.to_vec()),
            number: Private::new(digest(number.value)?),
            attributes: Private::new(digest(attributes.value)?),
            signature,
            signed: sha256(&[number.encoded, attributes.encoded]),
        })
    }

    /// Issues the file over two others: `sign` gets what is to be signed and answers with the
    /// municipal signer's signature.
    #[must_use]
    pub fn issue(
        number: &NumberFile,
        attributes: &AttributesFile,
        sign: impl FnOnce(&[u8]) -> Signature,
    ) -> Self {
        let digests = Writer::new()
            .tlv(Self::NUMBER, &number.digest())
            .tlv(Self::ATTRIBUTES, attributes.digest());
        let signed = sha256(&[digests.as_bytes()]);
        let signature = sign(digests.as_bytes());
        let content = digests
            .tlv(Self::SIGNATURE, signature.as_bytes())
            .into_bytes();
        Self {
            bytes: Private::new(Writer::new().tlv(Self::TAG, &content).into_bytes()),
            number: Private::new(number.digest()),
            attributes: Private::new(*attributes.digest()),
            signature,
            signed,
        }
    }

    /// The file as it stands.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// H1, which EF 0001 has to have.
    #[must_use]
    pub const fn number_digest(&self) -> &[u8; 32] {
        self.number.expose()
    }

    /// H2, which EF 0002 has to have.
    #[must_use]
    pub const fn attributes_digest(&self) -> &[u8; 32] {
        self.attributes.expose()
    }

    /// Whether this EF 0002 is the one it was made for.
    #[must_use]
    pub fn covers(&self, attributes: &AttributesFile) -> bool {
        attributes.digest() == self.attributes_digest()
    }

    /// Whether the municipal signer's key signed it.
    #[must_use]
    pub fn is_signed_by(&self, signer: &PublicKey) -> bool {
        signer.verifies(&self.signed, &self.signature)
    }
}

/// EF 0005: `FF40 82009F | DF41 04 01030E01 | DF42 10 key id | DF43 820080 opaque`. Signed by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicInfo {
    bytes: Vec<u8>,
    capabilities: [u8; 4],
    key_id: KeyId,
}

impl BasicInfo {
    const TAG: u16 = 0xFF40;
    const CAPABILITIES: u16 = 0xDF41;
    const KEY_ID: u16 = 0xDF42;
    const OPAQUE: u16 = 0xDF43;

    /// Reads EF 0005.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(only(bytes, Self::TAG)?);
        let capabilities = reader.expect(Self::CAPABILITIES)?.value;
        let key_id = reader.expect(Self::KEY_ID)?.value;
        reader.expect(Self::OPAQUE)?;
        reader.finish()?;
        Ok(Self {
            bytes: bytes.to_vec(),
            capabilities: capabilities.try_into().map_err(|_| FileError::Length)?,
            key_id: KeyId::try_from(key_id)?,
        })
    }

    /// The file of these three, its lengths written as the card writes them (not minimal).
    #[must_use]
    pub fn of(capabilities: [u8; 4], key_id: KeyId, opaque: &[u8; 128]) -> Self {
        let content = Writer::new()
            .tlv(Self::CAPABILITIES, &capabilities)
            .tlv(Self::KEY_ID, key_id.as_bytes())
            .long_tlv(Self::OPAQUE, opaque)
            .into_bytes();
        Self {
            bytes: Writer::new().long_tlv(Self::TAG, &content).into_bytes(),
            capabilities,
            key_id,
        }
    }

    /// The file as it stands.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// DF41: version, extended Lc/Le support, vendor (the bytes' exact meaning is not published).
    #[must_use]
    pub const fn capabilities(&self) -> [u8; 4] {
        self.capabilities
    }

    /// DF42.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

/// Reads EF 0006, the RSA key for secure messaging: `A1 820109` key. Signed by nobody.
///
/// # Errors
/// [`FileError`] if it is not laid out so.
pub fn decode_messaging_key(bytes: &[u8]) -> Result<PublicKey, FileError> {
    Ok(PublicKey::decode(only(bytes, MESSAGING_KEY_TAG)?)?)
}

/// Writes EF 0006.
#[must_use]
pub fn encode_messaging_key(key: &PublicKey) -> Vec<u8> {
    Writer::new()
        .tlv(MESSAGING_KEY_TAG, &key.encode())
        .into_bytes()
}

const MESSAGING_KEY_TAG: u16 = 0xA1;

/// EF 0007, 536 bytes: `FF50 820213 | DF51 820109 key | DF52 820100 signature`.
///
/// Signed by the key in EF 0004, over DF51 whole (tag and length included).
#[derive(Debug, PartialEq, Eq)]
pub struct CardKeyFile {
    bytes: Private<Vec<u8>>,
    key: PublicKey,
    signature: Signature,
    signed: [u8; 32],
}

impl CardKeyFile {
    const TAG: u16 = 0xFF50;
    const KEY: u16 = 0xDF51;
    const SIGNATURE: u16 = 0xDF52;

    /// Reads EF 0007.
    ///
    /// # Errors
    /// [`FileError`] if it is not laid out as above.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(only(bytes, Self::TAG)?);
        let key = reader.expect(Self::KEY)?;
        let signature = reader.expect(Self::SIGNATURE)?.value.try_into()?;
        reader.finish()?;
        Ok(Self {
            bytes: Private::new(bytes.to_vec()),
            key: PublicKey::decode(key.value)?,
            signature,
            signed: sha256(&[key.encoded]),
        })
    }

    /// Issues the file: `sign` gets what is to be signed and answers with the municipal signer's
    /// signature.
    #[must_use]
    pub fn issue(key: PublicKey, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let signed = Writer::new().tlv(Self::KEY, &key.encode());
        let digest = Sha256::digest(signed.as_bytes()).into();
        let signature = sign(signed.as_bytes());
        let content = signed
            .tlv(Self::SIGNATURE, signature.as_bytes())
            .into_bytes();
        Self {
            bytes: Private::new(Writer::new().tlv(Self::TAG, &content).into_bytes()),
            key,
            signature,
            signed: digest,
        }
    }

    /// The file as it stands.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The card's key. Nothing vouches for it before [`is_signed_by`](Self::is_signed_by) did.
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
