//! Makes cards for personas, as a municipality does for its residents.
//!
//! ```text
//! OUT/authority/*.pem       private keys of the CAs and municipal signers
//! OUT/anchors/*.pem         trust anchors: what a program has to be given to believe the cards
//! OUT/anchors-jpki/*.pem    certificates of the JPKI AP's CAs, X.509
//! OUT/cards/NAME/           a card (see crate::memory), and the persona it was made from
//! ```
//! A card is kept, keys and tries and all, as long as its persona file is the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use crate::authority::jpki::{JpkiCa, Purpose};
use crate::authority::{AuthorityError, generate, store_key};
use crate::files::{write_private, write_public};
use crate::memory::{Memory, MemoryError};
use crate::persona::{Holder, Person, Persona, PersonaError, PersonaName};

mod issue;

use issue::{Issuer, KEYS, anchored, authority_keys, copy, jpki_keys};

/// The persona a card was made from, beside the card.
const PERSONA: &str = "persona.toml";
/// The last line of it: what cards consist of. Cards of another layout are made anew.
const LAYOUT: &str = "\n# hw-sim: cards of layout 2\n";

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
    let [authority, anchors, jpki_anchors, cards] =
        ["authority", "anchors", "anchors-jpki", "cards"].map(|folder| out.join(folder));
    for folder in [&authority, &anchors, &jpki_anchors, &cards] {
        fs::create_dir_all(folder)?;
    }
    let files = PersonaFile::all(personas)?;
    // Cards under a CA whose key is gone would verify under no anchor.
    let cas = anchored().map(|(_, ca)| ca.file(&authority));
    let cas = cas.into_iter().chain(jpki_keys(&authority));
    let force = force || cas.clone().any(|ca| !ca.exists());
    let (people, copies) = split(&files)?;
    let new: Vec<_> = people
        .into_iter()
        .filter(|(file, _)| force || !file.has_card(&cards))
        .collect();

    let missing: BTreeSet<_> = new
        .iter()
        .flat_map(|(_, person)| authority_keys(person, &authority))
        .chain(cas)
        .filter(|file| !file.exists())
        .collect();
    let mut keys = generate(missing.len() + KEYS * new.len())?.into_iter();
    let mut next_key = || keys.next().ok_or(AuthorityError::Generation);
    for file in missing {
        store_key(&file, &next_key()?)?;
    }
    for (role, ca) in anchored() {
        let file = format!("{}-{}.pem", role.as_str(), ca.id().short().as_str());
        let anchor = ca.load(&authority)?.anchor_file(role);
        write_public(&anchors.join(file), anchor.as_bytes())?;
    }
    for purpose in Purpose::ALL {
        let file = jpki_anchors.join(purpose.as_str()).with_extension("pem");
        let certificate = JpkiCa::load(purpose, &authority)?.certificate_pem()?;
        write_public(&file, certificate.as_bytes())?;
    }

    let mut outcome = Outcome::default();
    for (file, person) in new {
        let issuer = Issuer::load(person, &authority)?;
        let memory = issuer.issue(&file.persona, person, &mut next_key)?;
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
            let parsed = || {
                let text = String::from_utf8(fs::read(&path)?).map_err(|_| PersonaError::Text)?;
                Ok((name.parse()?, text.parse()?, text))
            };
            let parsed = parsed();
            let (name, persona, text) =
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
        made_from.is_ok_and(|text| text.strip_suffix(LAYOUT) == Some(&self.text))
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
        let made_from = [&self.text, LAYOUT].concat();
        write_private(&unfinished.join(PERSONA), made_from.as_bytes())?;
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
