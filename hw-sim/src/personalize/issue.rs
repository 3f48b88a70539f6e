//! What a municipality writes on a card.

use std::path::Path;

use card::era::BirthCode;
use card::key::{KeyId, PublicKey};
use card::number::IndividualNumber;
use card::surface_ap::{self, AgeRecord};
use card::text_ap::{
    ATTRIBUTES, AttributesFile, BASIC_INFO, BasicInfo, CARD_KEY, CERTIFICATE, CODE_A, CODE_B,
    CardKeyFile, INTEGRITY, IntegrityFile, MESSAGING_KEY, NUMBER, NumberFile, PIN, SIGNING_KEY,
    encode_messaging_key,
};
use card::trust::ApRole;
use rsa::PrivateKey;
use zeroize::Zeroizing;

use crate::ap::{Ap, surface};
use crate::authority::{AuthorityError, Ca, KeyName, Signer, public_key};
use crate::memory::{Memory, Settings};
use crate::persona::{Person, Persona};

/// How many private keys a card has.
pub(super) const KEYS: usize = 3;

/// A municipality, as far as issuing a card goes.
pub(super) struct Issuer {
    text: Chain,
    surface: Chain,
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

/// The authority's keys that a card for this person takes.
pub(super) fn authority_keys(person: &Person) -> impl Iterator<Item = KeyName> {
    [ApRole::Text, ApRole::Surface]
        .into_iter()
        .flat_map(|role| keys_for(person, role))
}

/// The CA's key that anchors name, for each application.
pub(super) fn anchored() -> [(ApRole, KeyName); 2] {
    [ApRole::Text, ApRole::Surface].map(|role| (role, KeyName::Ca(Ca::Own, role)))
}

fn keys_for(person: &Person, role: ApRole) -> [KeyName; 2] {
    [
        KeyName::Ca(person.ca, role),
        KeyName::Signer(person.ca, role, person.municipality),
    ]
}

impl Issuer {
    pub(super) fn load(person: &Person, authority: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            text: Chain::load(person, ApRole::Text, authority)?,
            surface: Chain::load(person, ApRole::Surface, authority)?,
        })
    }

    /// Issues a card; `next_key` hands out its private keys, [`KEYS`] of them.
    pub(super) fn issue(
        &self,
        persona: &Persona,
        person: &Person,
        mut next_key: impl FnMut() -> Result<PrivateKey, AuthorityError>,
    ) -> Result<Memory, AuthorityError> {
        let memory = Memory::new(persona.settings);
        let memory = self.text(memory, persona, person, next_key()?, next_key()?)?;
        self.surface(memory, persona, person, next_key()?)
    }

    fn text(
        &self,
        memory: Memory,
        persona: &Persona,
        person: &Person,
        card_key: PrivateKey,
        messaging_key: PrivateKey,
    ) -> Result<Memory, AuthorityError> {
        let Chain { signer, .. } = &self.text;
        let number = NumberFile::of(&person.number);
        let attributes = AttributesFile::of(person.attributes.clone());
        let integrity = IntegrityFile::issue(&number, &attributes, |digests| signer.sign(digests));
        let card_key_file = CardKeyFile::issue(public_half(&card_key)?, |key| signer.sign(key));
        let messaging = encode_messaging_key(&public_half(&messaging_key)?);
        let attributes = person
            .tampered
            .clone()
            .map_or(attributes, AttributesFile::of);

        let memory = memory
            .with_file(Ap::Text, NUMBER, number.as_bytes())
            .with_file(Ap::Text, ATTRIBUTES, attributes.as_bytes())
            .with_file(Ap::Text, INTEGRITY, integrity.as_bytes())
            .with_file(Ap::Text, CERTIFICATE, self.text.certificate().as_bytes())
            .with_file(
                Ap::Text,
                BASIC_INFO,
                basic_info(persona.settings).as_bytes(),
            )
            .with_file(Ap::Text, MESSAGING_KEY, &messaging)
            .with_file(Ap::Text, CARD_KEY, card_key_file.as_bytes())
            .with_reference(Ap::Text, PIN, persona.pin.expose(), persona.tries_left)
            .with_reference(Ap::Text, CODE_A, code_a(&person.number).as_ref(), 10)
            .with_key(Ap::Text, SIGNING_KEY, card_key)
            .with_key(Ap::Text, MESSAGING_KEY, messaging_key);
        Ok(match &person.code_b {
            Some(code) => memory.with_reference(Ap::Text, CODE_B, code.expose(), 10),
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
        let record = AgeRecord::issue(birth.clone(), public_half(&card_key)?, |record| {
            signer.sign(record)
        });
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
                persona.birth_code_tries_left,
            ),
            None => memory,
        })
    }
}

/// All files of another card, none of its keys. Its maker sets a PIN; the codes that follow from what
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
    for (ap, ef) in [(Ap::Text, CODE_A), (Ap::Surface, surface_ap::BIRTH_CODE)] {
        if let Some(code) = original.reference(ap, ef) {
            memory = memory.with_reference(ap, ef, code, original.tries_at_first(ap, ef));
        }
    }
    memory.with_reference(Ap::Text, PIN, persona.pin.expose(), persona.tries_left)
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
