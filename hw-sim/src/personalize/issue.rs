//! What a municipality writes on a card.

use std::path::{Path, PathBuf};

use card::card_manager::{self, DataObject};
use card::common_ap::{self, CardRecord};
use card::era::BirthCode;
use card::expiry::ExpiryDate;
use card::jpki_ap::{self, TokenInfo, TokenLabel};
use card::key::{KeyId, PublicKey};
use card::number::IndividualNumber;
use card::surface_ap::{self, AgeRecord};
use card::text_ap::{
    ATTRIBUTES, AttributesFile, BASIC_INFO, BasicInfo, CARD_KEY, CERTIFICATE, CODE_A, CODE_B,
    CardKeyFile, INTEGRITY, IntegrityFile, MESSAGING_KEY, NUMBER, NumberFile, PIN, SIGNING_KEY,
    encode_messaging_key,
};
use card::tlv::{Writer, only};
use card::trust::ApRole;
use rsa::PrivateKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::ap::{Ap, jpki, surface};
use crate::authority::jpki::{JpkiCa, Purpose};
use crate::authority::{AuthorityError, Ca, KeyName, Signer, public_key};
use crate::memory::{Memory, Settings};
use crate::persona::{Person, Persona, Tampering};

/// How many private keys a card has.
pub(super) const KEYS: usize = 5;
/// Tries of 照合番号A and 照合番号B.
const CODE_TRIES: u8 = 10;

/// A municipality, as far as issuing a card goes.
pub(super) struct Issuer {
    text: Chain,
    surface: Chain,
    manager: [Signer; 3],
    jpki: [JpkiCa; 2],
}

/// Who signs for one application.
struct Chain {
    ca: Signer,
    signer: Signer,
}

impl Chain {
    fn load(person: &Person, role: ApRole, authority: &Path) -> Result<Self, AuthorityError> {
        let [ca, signer] = keys_for(person, role);
        Ok(Self {
            ca: ca.load(authority)?,
            signer: signer.load(authority)?,
        })
    }

    fn certificate(&self) -> card::certificate::Certificate {
        self.ca.certify(&self.signer)
    }
}

/// The files of the authority's keys that a card for this person takes.
pub(super) fn authority_keys(person: &Person, authority: &Path) -> impl Iterator<Item = PathBuf> {
    let of_aps = [ApRole::Text, ApRole::Surface].map(|role| keys_for(person, role));
    let of_cards = of_aps.into_iter().flatten().chain(manager_keys(person));
    let of_cards: Vec<_> = of_cards.map(|key| key.file(authority)).collect();
    of_cards.into_iter().chain(jpki_keys(authority))
}

/// The CAs' keys that anchors name, for each application.
pub(super) fn anchored() -> [(ApRole, KeyName); 2] {
    [ApRole::Text, ApRole::Surface].map(|role| (role, KeyName::Ca(Ca::Own, role)))
}

/// The files of the JPKI CAs' keys.
pub(super) fn jpki_keys(authority: &Path) -> [PathBuf; 2] {
    Purpose::ALL.map(|purpose| purpose.ca_key(authority))
}

fn keys_for(person: &Person, role: ApRole) -> [KeyName; 2] {
    [
        KeyName::Ca(person.ca, role),
        KeyName::Signer(person.ca, role, person.municipality),
    ]
}

/// The card manager's chain, from its root.
fn manager_keys(person: &Person) -> [KeyName; 3] {
    [
        KeyName::ManagerRoot,
        KeyName::ManagerIntermediate(person.municipality),
        KeyName::ManagerEnd,
    ]
}

impl Issuer {
    pub(super) fn load(person: &Person, authority: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            text: Chain::load(person, ApRole::Text, authority)?,
            surface: Chain::load(person, ApRole::Surface, authority)?,
            manager: {
                let [root, intermediate, end] = manager_keys(person);
                [
                    root.load(authority)?,
                    intermediate.load(authority)?,
                    end.load(authority)?,
                ]
            },
            jpki: [
                JpkiCa::load(Purpose::Authentication, authority)?,
                JpkiCa::load(Purpose::Signature, authority)?,
            ],
        })
    }

    /// Issues a card; `next_key` hands out its private keys, [`KEYS`] of them.
    pub(super) fn issue(
        &self,
        persona: &Persona,
        person: &Person,
        mut next_key: impl FnMut() -> Result<PrivateKey, AuthorityError>,
    ) -> Result<Memory, AuthorityError> {
        let mut memory = Memory::new(persona.settings);
        let text_keys = [next_key()?, next_key()?];
        let surface_key = next_key()?;
        let jpki_keys = [next_key()?, next_key()?];
        let serial = Serial::of(&public_half(&surface_key)?);
        for ap in &persona.applications {
            memory = match ap {
                Ap::Text => self.text(memory, persona, person, text_keys.clone())?,
                Ap::Surface => self.surface(memory, persona, person, surface_key.clone())?,
                Ap::Common => memory.with_file(
                    Ap::Common,
                    common_ap::CARD_RECORD,
                    &serial.record(person).encode(),
                ),
                Ap::Jpki => self.jpki(memory, persona, person, &serial, jpki_keys.clone())?,
            };
        }
        for object in &persona.data_objects {
            memory = memory.with_data(*object, &self.data_object(*object, person, &serial));
        }
        Ok(memory)
    }

    fn text(
        &self,
        memory: Memory,
        persona: &Persona,
        person: &Person,
        [card_key, messaging_key]: [PrivateKey; 2],
    ) -> Result<Memory, AuthorityError> {
        let Chain { signer, .. } = &self.text;
        let number = NumberFile::of(&person.number);
        let attributes = AttributesFile::of(&person.attributes);
        let integrity = IntegrityFile::issue(&number, &attributes, |digests| signer.sign(digests));
        let card_key_file = CardKeyFile::issue(public_half(&card_key)?, |key| signer.sign(key));
        let messaging = encode_messaging_key(&public_half(&messaging_key)?);
        let mut integrity = integrity.as_bytes().to_vec();
        let attributes = match &person.tampering {
            Some(Tampering::Attributes(others)) => AttributesFile::of(others),
            Some(Tampering::Signature) => {
                // The last byte of the file is the signature's.
                integrity
                    .iter_mut()
                    .next_back()
                    .into_iter()
                    .for_each(|byte| *byte ^= 1);
                attributes
            }
            None => attributes,
        };

        let memory = memory
            .with_file(Ap::Text, NUMBER, number.as_bytes())
            .with_file(Ap::Text, ATTRIBUTES, attributes.as_bytes())
            .with_file(Ap::Text, INTEGRITY, &integrity)
            .with_file(Ap::Text, CERTIFICATE, self.text.certificate().as_bytes())
            .with_file(
                Ap::Text,
                BASIC_INFO,
                basic_info(persona.settings).as_bytes(),
            )
            .with_file(Ap::Text, MESSAGING_KEY, &messaging)
            .with_file(Ap::Text, CARD_KEY, card_key_file.as_bytes())
            .with_reference(Ap::Text, PIN, persona.pin.expose(), persona.tries_left.pin)
            .with_reference(
                Ap::Text,
                CODE_A,
                code_a(&person.number).as_ref(),
                CODE_TRIES,
            )
            .with_key(Ap::Text, SIGNING_KEY, card_key)
            .with_key(Ap::Text, MESSAGING_KEY, messaging_key);
        Ok(match &person.code_b {
            Some(code) => memory.with_reference(Ap::Text, CODE_B, code.expose(), CODE_TRIES),
            None => memory,
        })
    }

    fn surface(
        &self,
        memory: Memory,
        persona: &Persona,
        person: &Person,
        card_key: PrivateKey,
    ) -> Result<Memory, AuthorityError> {
        let Chain { signer, .. } = &self.surface;
        let birth = person.attributes.birth();
        let record = AgeRecord::issue(birth, public_half(&card_key)?, |record| signer.sign(record));
        let certificate = self.surface.certificate();
        let memory = memory
            .with_file(Ap::Surface, surface_ap::AGE_RECORD, record.as_bytes())
            .with_file(Ap::Surface, surface_ap::CERTIFICATE, certificate.as_bytes())
            .with_key(Ap::Surface, surface::SIGNING_KEY, card_key);
        Ok(match BirthCode::of(birth) {
            Some(code) => memory.with_reference(
                Ap::Surface,
                surface_ap::BIRTH_CODE,
                code.expose(),
                persona.tries_left.birth_code,
            ),
            None => memory,
        })
    }
    /// Two pairs of keys. A card without the text AP is a phone, and says so.
    fn jpki(
        &self,
        memory: Memory,
        persona: &Persona,
        person: &Person,
        serial: &Serial,
        [authentication_key, signature_key]: [PrivateKey; 2],
    ) -> Result<Memory, AuthorityError> {
        let label = if persona.applications.contains(&Ap::Text) {
            TokenLabel::CARD
        } else {
            TokenLabel::ANDROID
        };
        let [authentication_ca, signature_ca] = &self.jpki;
        let municipality = String::from_utf8_lossy(person.municipality.prefix());
        let certify = |ca: &JpkiCa, key| {
            let subject = format!("{}{municipality}A", serial.subject());
            ca.certify(key, &subject, &person.attributes, &person.expiry)
        };
        let file = |memory: Memory, ef, content: &[u8]| memory.with_file(Ap::Jpki, ef, content);
        let memory = file(
            memory,
            jpki_ap::AUTHENTICATION_CERTIFICATE,
            &certify(authentication_ca, &authentication_key)?,
        );
        let memory = file(
            memory,
            jpki_ap::AUTHENTICATION_CA_CERTIFICATE,
            &authentication_ca.certificate()?,
        );
        let memory = file(
            memory,
            jpki_ap::SIGNATURE_CERTIFICATE,
            &certify(signature_ca, &signature_key)?,
        );
        let memory = file(
            memory,
            jpki_ap::SIGNATURE_CA_CERTIFICATE,
            &signature_ca.certificate()?,
        );
        let info = TokenInfo::of(label, &serial.token());
        let memory = file(memory, jpki_ap::TOKEN_INFO, info.as_bytes());
        let memory = file(memory, jpki::AVAILABILITY, &[0x8F, 0x8F, 0x00]);
        Ok(jpki_secrets(memory, persona)
            .with_key(Ap::Jpki, jpki_ap::AUTHENTICATION_KEY, authentication_key)
            .with_key(Ap::Jpki, jpki_ap::SIGNATURE_KEY, signature_key))
    }

    fn data_object(&self, object: DataObject, person: &Person, serial: &Serial) -> Vec<u8> {
        let [root, intermediate, end] = &self.manager;
        match object {
            card_manager::CARD_ID => serial.0.to_vec(),
            card_manager::MUNICIPALITY => person.municipality.prefix().to_vec(),
            card_manager::EXPIRY => person.expiry.to_digits().to_vec(),
            card_manager::INTERMEDIATE_KEY => intermediate.id().as_bytes().to_vec(),
            card_manager::UPPER_CERTIFICATE => manager_certificate(root, intermediate),
            card_manager::LOWER_CERTIFICATE => manager_certificate(intermediate, end),
            card_manager::RECOGNITION_DATA => RECOGNITION_DATA.to_vec(),
            // 0042. Which key a real card names is not known.
            _ => root.id().as_bytes().to_vec(),
        }
    }
}

/// 0066: GlobalPlatform's card recognition data: its arc, and that the card is one of version 2.1.1.
const RECOGNITION_DATA: [u8; 24] = [
    0x73, 0x16, 0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x01, 0x60, 0x0B, 0x06, 0x09, 0x2A,
    0x86, 0x48, 0x86, 0xFC, 0x6B, 0x02, 0x02, 0x01,
];

/// A certificate as the card manager holds it: what its body consists of (4D), and the content of 7F21.
fn manager_certificate(issuer: &Signer, subject: &Signer) -> Vec<u8> {
    const HEADER_LIST: u16 = 0x4D;
    const PARTS: [u8; 10] = [0x42, 0x10, 0x5F, 0x20, 0x10, 0x5F, 0x49, 0x82, 0x01, 0x09];
    let certificate = issuer.certify(subject);
    let content = only(certificate.as_bytes(), 0x7F21).expect("a certificate is a 7F21");
    let header = Writer::new().tlv(HEADER_LIST, &PARTS).into_bytes();
    [&header[..], content].concat()
}

/// What tells one card from another: 15 ASCII digits, made of its key for the surface AP.
struct Serial([u8; 15]);

impl Serial {
    fn of(key: &PublicKey) -> Self {
        let digest: [u8; 32] = Sha256::digest(key.modulus()).into();
        let mut digits = [b'9'; 15];
        for (digit, byte) in digits.iter_mut().skip(1).zip(digest) {
            *digit = b'0' + byte % 10;
        }
        Self(digits)
    }

    fn record(&self, person: &Person) -> CardRecord {
        let municipality = *person.municipality.prefix();
        let expiry = ExpiryDate::new(person.expiry.last_day());
        CardRecord::new(self.0, municipality, expiry).expect("all digits")
    }

    /// For the token information.
    fn token(&self) -> [u8; 16] {
        let mut token = [b'0'; 16];
        token[1..].copy_from_slice(&self.0);
        token
    }

    /// For a certificate's common name, before the municipality.
    fn subject(&self) -> String {
        String::from_utf8_lossy(&self.0[1..]).into_owned()
    }
}

/// All files of another card, none of its keys. Its maker sets the PINs and the password; the codes that follow from what
/// the files say are as they were.
pub(super) fn copy(persona: &Persona, original: &Memory) -> Memory {
    let mut memory = Memory::new(persona.settings);
    for ap in Ap::ALL {
        for (ef, _) in ap.objects() {
            if let Some(content) = original.file(ap, ef) {
                memory = memory.with_file(ap, ef, content);
            }
        }
    }
    for (object, value) in original.data_objects() {
        memory = memory.with_data(object, value);
    }
    for (ap, ef) in [(Ap::Text, CODE_A), (Ap::Surface, surface_ap::BIRTH_CODE)] {
        if let Some(code) = original.reference(ap, ef) {
            memory = memory.with_reference(ap, ef, code, original.tries_at_first(ap, ef));
        }
    }
    jpki_secrets(memory, persona).with_reference(
        Ap::Text,
        PIN,
        persona.pin.expose(),
        persona.tries_left.pin,
    )
}

fn jpki_secrets(memory: Memory, persona: &Persona) -> Memory {
    memory
        .with_reference(
            Ap::Jpki,
            jpki_ap::AUTHENTICATION_PIN,
            persona.authentication_pin.expose(),
            persona.tries_left.authentication,
        )
        .with_reference(
            Ap::Jpki,
            jpki_ap::SIGNATURE_PASSWORD,
            persona.signature_password.expose(),
            persona.tries_left.signature,
        )
}

/// EF 0005: version 01, extended length 03 (00 where it is off), vendor 0E 01. What the key it names is for,
/// and what its last 128 bytes are, is not known; nobody signs them.
fn basic_info(settings: Settings) -> BasicInfo {
    let extended = if settings.extended_length { 0x03 } else { 0x00 };
    let key_id = KeyId::new(*b"9000034", *b"001", [0; 4]).expect("all digits");
    BasicInfo::of([0x01, extended, 0x0E, 0x01], key_id, &[0; 128])
}

/// 照合番号A: the individual number.
fn code_a(number: &IndividualNumber) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(number.expose().as_bytes().to_vec())
}

fn public_half(key: &PrivateKey) -> Result<PublicKey, AuthorityError> {
    public_key(key).ok_or(AuthorityError::Generation)
}
