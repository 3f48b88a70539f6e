//! A card as a folder, and a card's files as a program dumped them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use card::Private;
use card::card_manager::DataObject;
use card::file::{Ef, MAX_FILE};
use rsa::PrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Memory, MemoryError, Settings, everything};
use crate::ap::{Ap, Object};
use crate::files::write_private;

const CARD: &str = "card.toml";
const TRIES: &str = "tries.toml";
const CHANGED: &str = "changed.toml";
/// The card manager's folder.
const MANAGER: &str = "manager";

impl Memory {
    /// Reads a card's folder. What changes is written there from now on.
    ///
    /// # Errors
    /// [`MemoryError`] if there is no card in it.
    pub fn load(folder: &Path) -> Result<Self, MemoryError> {
        let stored: Stored = parse(&fs::read_to_string(folder.join(CARD))?, CARD)?;
        let mut memory = Self::new(stored.settings).with_files_in(folder)?;
        for (ap, ef, object) in everything() {
            if let Object::Reference { .. } = object {
                if let Some(reference) = in_table(&stored.references, ap, ef) {
                    memory =
                        memory.with_reference(ap, ef, reference.value.as_bytes(), reference.tries);
                }
                continue;
            }
            let file = folder.join(ap.name()).join(name(ef)).with_extension("pem");
            if let Some(pem) = if_there(fs::read_to_string(file).map(Zeroizing::new))? {
                let key =
                    PrivateKey::from_pkcs8_pem(&pem).map_err(|_| MemoryError::Key(ef.id()))?;
                memory.keys.insert((ap, ef), key);
            }
        }
        let tries: Table<u8> = parse_if_there(folder, TRIES)?;
        let changed: Table<String> = parse_if_there(folder, CHANGED)?;
        for (ap, ef, _) in everything() {
            if let Some(left) = in_table(&tries, ap, ef) {
                memory.tries.insert((ap, ef), *left);
            }
            if let Some(value) = in_table(&changed, ap, ef) {
                let value = Private::new(value.as_bytes().to_vec());
                memory.changed.insert((ap, ef), Arc::new(value));
            }
        }
        memory.folder = Some(folder.to_owned());
        Ok(memory)
    }

    /// Takes the files that a folder has, by the names of a card's folder.
    pub(super) fn with_files_in(mut self, folder: &Path) -> Result<Self, MemoryError> {
        for (ap, ef, object) in everything() {
            if let Object::File(_) | Object::Records(_) = object {
                let file = folder.join(ap.name()).join(name(ef)).with_extension("bin");
                if let Some(file) = if_there(File::open(file))? {
                    let content = content(file, ap.name(), ef.id())?;
                    self.files.insert((ap, ef), Arc::new(content));
                }
            }
        }
        let Some(objects) = if_there(fs::read_dir(folder.join(MANAGER)))? else {
            return Ok(self);
        };
        for object in objects {
            let path = object?.path();
            let tag = path.file_stem().and_then(|stem| stem.to_str());
            let tag = tag.and_then(|stem| u16::from_str_radix(stem, 16).ok());
            if let Some(tag) = tag
                && path.extension().is_some_and(|extension| extension == "bin")
            {
                let content = content(File::open(&path)?, MANAGER, tag)?;
                self.data.insert(DataObject::new(tag), Arc::new(content));
            }
        }
        Ok(self)
    }

    /// Writes the card into an empty folder, readable by its owner alone.
    ///
    /// # Errors
    /// [`MemoryError::Io`] if that fails.
    pub fn store(&self, folder: &Path) -> Result<(), MemoryError> {
        fs::create_dir_all(folder)?;
        let mut stored = Stored {
            settings: self.settings,
            references: BTreeMap::new(),
        };
        for (ap, ef) in self.references.keys().copied() {
            let reference = StoredReference {
                value: text(self.reference(ap, ef).unwrap_or_default())?,
                tries: self.tries_at_first(ap, ef),
            };
            insert(&mut stored.references, ap, ef, reference);
        }
        let card = toml::to_string(&stored).map_err(|_| MemoryError::Layout(CARD))?;
        write_private(&folder.join(CARD), card.as_bytes())?;
        let path = |of: &str, id: u16, extension| -> io::Result<PathBuf> {
            let of = folder.join(of);
            fs::create_dir_all(&of)?;
            Ok(of.join(format!("{id:04X}.{extension}")))
        };
        for ((ap, ef), content) in &self.files {
            write_private(&path(ap.name(), ef.id(), "bin")?, content.expose())?;
        }
        for (object, value) in &self.data {
            write_private(&path(MANAGER, object.tag(), "bin")?, value.expose())?;
        }
        for ((ap, ef), key) in &self.keys {
            let pem = key
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| MemoryError::Key(ef.id()))?;
            write_private(&path(ap.name(), ef.id(), "pem")?, pem.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the retry counters, where the card has a folder.
    pub(super) fn keep_tries(&self, tries: &BTreeMap<(Ap, Ef), u8>) -> Result<(), MemoryError> {
        let mut table = Table::new();
        for ((ap, ef), left) in tries {
            insert(&mut table, *ap, *ef, *left);
        }
        self.keep(TRIES, &table)
    }

    /// Writes the PINs that were changed, where the card has a folder.
    pub(super) fn keep_changed(&self) -> Result<(), MemoryError> {
        let mut table = Table::new();
        for ((ap, ef), value) in &self.changed {
            insert(&mut table, *ap, *ef, text(value.expose())?);
        }
        self.keep(CHANGED, &table)
    }

    fn keep<T: Serialize>(&self, file: &'static str, table: &Table<T>) -> Result<(), MemoryError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let text = toml::to_string(table).map_err(|_| MemoryError::Layout(file))?;
        Ok(write_private(&folder.join(file), text.as_bytes())?)
    }
}

/// `card.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    settings: Settings,
    references: Table<StoredReference>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReference {
    value: String,
    tries: u8,
}

/// By application, by EF.
type Table<T> = BTreeMap<String, BTreeMap<String, T>>;

fn insert<T>(table: &mut Table<T>, ap: Ap, ef: Ef, value: T) {
    let of_ap = table.entry(ap.name().to_owned()).or_default();
    of_ap.insert(name(ef), value);
}

fn in_table<T>(table: &Table<T>, ap: Ap, ef: Ef) -> Option<&T> {
    table.get(ap.name())?.get(&name(ef))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, file: &'static str) -> Result<T, MemoryError> {
    // What the parser has to say may quote the file, which may hold a PIN.
    toml::from_str(text).map_err(|_| MemoryError::Layout(file))
}

fn parse_if_there<T: serde::de::DeserializeOwned>(
    folder: &Path,
    file: &'static str,
) -> Result<Table<T>, MemoryError> {
    if_there(fs::read_to_string(folder.join(file)))?
        .map_or_else(|| Ok(Table::new()), |text| parse(&text, file))
}

fn text(value: &[u8]) -> Result<String, MemoryError> {
    String::from_utf8(value.to_vec()).map_err(|_| MemoryError::Layout(CARD))
}

fn name(ef: Ef) -> String {
    format!("{:04X}", ef.id())
}

/// What is in a file, where that is no more than a card can have.
fn content(file: File, of: &str, id: u16) -> Result<Private<Vec<u8>>, MemoryError> {
    let mut content = Zeroizing::new(Vec::with_capacity(MAX_FILE + 1));
    let one_more = u64::try_from(MAX_FILE + 1).unwrap_or(u64::MAX);
    file.take(one_more).read_to_end(&mut content)?;
    if content.len() > MAX_FILE {
        return Err(MemoryError::TooLong(format!("{of}/{id:04X}.bin")));
    }
    Ok(Private::new(std::mem::take(&mut *content)))
}

fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
