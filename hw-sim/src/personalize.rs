//! Makes cards for personas, as a municipality does for its residents.
//!
//! ```text
//! OUT/authority/*.pem       private keys of the CAs and municipal signers
//! OUT/anchors/*.pem         trust anchors: what a program has to be given to believe the cards
//! OUT/cards/NAME/           a card (see crate::memory), and the persona it was made from
//! ```
//! A card is kept, keys and tries and all, as long as its persona file is the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use card::key::KeyId;
use card::number::IndividualNumber;
use card::text_ap::{
    ATTRIBUTES, AttributesFile, BASIC_INFO, BasicInfo, CARD_KEY, CERTIFICATE, CODE_A, CODE_B,
    CardKeyFile, INTEGRITY, IntegrityFile, MESSAGING_KEY, NUMBER, NumberFile, PIN, SIGNING_KEY,
    encode_messaging_key,
};
use rsa::PrivateKey;
use zeroize::Zeroizing;

use crate::ap::Ap;
use crate::authority::{AuthorityError, Ca, KeyName, Signer, generate, public_key};
use crate::files::{write_private, write_public};
use crate::memory::{Memory, MemoryError};
use crate::persona::{Holder, Person, Persona, PersonaError, PersonaName};

/// The persona a card was made from, beside the card.
const PERSONA: &str = "persona.toml";

/// What [`personalize`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cards that were made.
    pub made: Vec<PersonaName>,
    /// Cards that were there already.
    pub kept: Vec<PersonaName>,
}

/// Why there are no cards.
#[derive(Debug, thiserror::Error)]
pub enum PersonalizeError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A persona file is not one.
    #[error("persona {name}: {error}")]
    Persona {
        /// Its name.
        name: String,
        /// Why.
        error: PersonaError,
    },
    /// A persona is a copy of one that is not among the others, or is itself a copy.
    #[error("persona {0}: what it copies is not there")]
    NothingToCopy(PersonaName),
    /// A key is not to be had.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A card cannot be written, or the one to copy cannot be read.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// Makes a card for every `*.toml` in a folder of personas. With `force` even where there is one.
///
/// # Errors
/// [`PersonalizeError`]; cards made so far are whole.
pub fn personalize(personas: &Path, out: &Path, force: bool) -> Result<Outcome, PersonalizeError> {
    let (authority, anchors, cards) = (
        out.join("authority"),
        out.join("anchors"),
        out.join("cards"),
    );
    for folder in [&authority, &anchors, &cards] {
        fs::create_dir_all(folder)?;
    }
    let files = PersonaFile::all(personas)?;
    // Cards under a CA whose key is gone would verify under no anchor.
    let force = force || !KeyName::Ca(Ca::Own).file(&authority).exists();
    let (people, copies) = split(&files)?;
    let new: Vec<_> = people
        .into_iter()
        .filter(|(file, _)| force || !file.has_card(&cards))
        .collect();

    let needed = new.iter().flat_map(|(_, person)| {
        [
            KeyName::Ca(person.ca),
            KeyName::Signer(person.ca, person.municipality),
        ]
    });
    let missing: BTreeSet<_> = needed
        .chain([KeyName::Ca(Ca::Own)])
        .filter(|name| !name.file(&authority).exists())
        .collect();
    let mut keys = generate(missing.len() + 2 * new.len())?.into_iter();
    let mut next_key = || keys.next().ok_or(AuthorityError::Generation);
    for name in missing {
        name.store(&authority, &next_key()?)?;
    }
    let ca = KeyName::Ca(Ca::Own).load(&authority)?;
    let anchor = format!("text-{}.pem", KeyName::Ca(Ca::Own).id().short().as_str());
    write_public(&anchors.join(anchor), ca.anchor_file().as_bytes())?;

    let mut outcome = Outcome::default();
    for (file, person) in new {
        let issuer = Issuer::load(person, &authority)?;
        let memory = issuer.issue(&file.persona, person, next_key()?, next_key()?)?;
        file.put_card(&memory, &cards)?;
        outcome.made.push(file.name.clone());
    }
    for (file, original) in copies {
        if !force && file.has_card(&cards) && !outcome.made.contains(original) {
            continue;
        }
        let original = Memory::load(&cards.join(original.as_str()))?;
        file.put_card(&copy(&file.persona, &original), &cards)?;
        outcome.made.push(file.name.clone());
    }
    outcome.kept = files
        .into_iter()
        .map(|file| file.name)
        .filter(|name| !outcome.made.contains(name))
        .collect();
    Ok(outcome)
}

/// A persona file with its name and its text.
struct PersonaFile {
    name: PersonaName,
    text: String,
    persona: Persona,
}

impl PersonaFile {
    /// All in a folder, by name.
    fn all(folder: &Path) -> Result<Vec<Self>, PersonalizeError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(&path)?;
            let parsed = name.parse().and_then(|name| Ok((name, text.parse()?)));
            let (name, persona) =
                parsed.map_err(|error| PersonalizeError::Persona { name, error })?;
            files.push(Self {
                name,
                text,
                persona,
            });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn has_card(&self, cards: &Path) -> bool {
        let made_from = fs::read_to_string(cards.join(self.name.as_str()).join(PERSONA));
        made_from.is_ok_and(|text| text == self.text)
    }

    /// Puts a card in the place of the one that may be there, whole or not at all.
    fn put_card(&self, memory: &Memory, cards: &Path) -> Result<(), PersonalizeError> {
        let (place, unfinished) = (
            cards.join(self.name.as_str()),
            cards.join(format!(".{}", self.name)),
        );
        for left_over in [&unfinished, &place] {
            match fs::remove_dir_all(left_over) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        memory.store(&unfinished)?;
        write_private(&unfinished.join(PERSONA), self.text.as_bytes())?;
        Ok(fs::rename(unfinished, place)?)
    }
}

type People<'a> = Vec<(&'a PersonaFile, &'a Person)>;
type Copies<'a> = Vec<(&'a PersonaFile, &'a PersonaName)>;

/// People, and copies of people's cards.
fn split(files: &[PersonaFile]) -> Result<(People<'_>, Copies<'_>), PersonalizeError> {
    let (mut people, mut copies) = (People::new(), Copies::new());
    for file in files {
        match &file.persona.holder {
            Holder::Person(person) => people.push((file, person.as_ref())),
            Holder::CopyOf(original) => copies.push((file, original)),
        }
    }
    match copies
        .iter()
        .find(|(_, original)| !people.iter().any(|(file, _)| file.name == **original))
    {
        Some((file, _)) => Err(PersonalizeError::NothingToCopy(file.name.clone())),
        None => Ok((people, copies)),
    }
}

/// A municipality, as far as issuing a card goes.
struct Issuer {
    ca: Signer,
    signer: Signer,
}

impl Issuer {
    fn load(person: &Person, authority: &Path) -> Result<Self, AuthorityError> {
        Ok(Self {
            ca: KeyName::Ca(person.ca).load(authority)?,
            signer: KeyName::Signer(person.ca, person.municipality).load(authority)?,
        })
    }

    fn issue(
        &self,
        persona: &Persona,
        person: &Person,
        card_key: PrivateKey,
        messaging_key: PrivateKey,
    ) -> Result<Memory, AuthorityError> {
        let number = NumberFile::of(&person.number);
        let attributes = AttributesFile::of(person.attributes.clone());
        let integrity =
            IntegrityFile::issue(&number, &attributes, |digests| self.signer.sign(digests));
        let certificate = self.ca.certify(&self.signer);
        let public_half = public_key(&card_key).ok_or(AuthorityError::Generation)?;
        let card_key_file = CardKeyFile::issue(public_half, |key| self.signer.sign(key));
        let messaging = public_key(&messaging_key).ok_or(AuthorityError::Generation)?;
        let attributes = person
            .tampered
            .clone()
            .map_or(attributes, AttributesFile::of);

        let memory = Memory::new(persona.settings)
            .with_file(Ap::Text, NUMBER, number.as_bytes())
            .with_file(Ap::Text, ATTRIBUTES, attributes.as_bytes())
            .with_file(Ap::Text, INTEGRITY, integrity.as_bytes())
            .with_file(Ap::Text, CERTIFICATE, certificate.as_bytes())
            .with_file(Ap::Text, BASIC_INFO, basic_info(persona).as_bytes())
            .with_file(Ap::Text, MESSAGING_KEY, &encode_messaging_key(&messaging))
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
}

/// All files of another card, none of its keys; its maker sets a PIN.
fn copy(persona: &Persona, original: &Memory) -> Memory {
    let memory = Memory::new(persona.settings);
    let files = Ap::Text
        .objects()
        .filter_map(|(ef, _)| Some((ef, original.file(Ap::Text, ef)?)));
    files
        .fold(memory, |memory, (ef, content)| {
            memory.with_file(Ap::Text, ef, content)
        })
        .with_reference(Ap::Text, PIN, persona.pin.expose(), persona.tries_left)
}

/// EF 0005: version 01, extended length 03 (00 where it is off), vendor 0E 01. What the key it names is for,
/// and what its last 128 bytes are, is not known; nobody signs them.
fn basic_info(persona: &Persona) -> BasicInfo {
    let extended = if persona.settings.extended_length {
        0x03
    } else {
        0x00
    };
    let key_id = KeyId::new(*b"9000034", *b"001", [0; 4]).expect("all digits");
    BasicInfo::of([0x01, extended, 0x0E, 0x01], key_id, &[0; 128])
}

/// 照合番号A: the individual number.
fn code_a(number: &IndividualNumber) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(number.expose().as_bytes().to_vec())
}
