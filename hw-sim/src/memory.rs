//! What outlives power-off: contents of files, reference data, private keys, retry counters.
//!
//! On disk a card is a folder:
//! ```text
//! card.toml      what kind of card it is; reference data (PIN, 照合番号); tries at first
//! tries.toml     tries left now; replaced as a whole whenever one changes
//! text/0001.bin  content of an EF of the text AP, and so on
//! text/0013.pem  private key, PKCS#8; where the EF is a file (0006), the other half of the key in it
//! ```
//! A file or key that is not there is not on the card, and an application with none of either is not there. Nothing in `tries.toml` is personal.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use card::Private;
use card::file::Ef;
use rsa::PrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::ap::{Ap, Object};
use crate::files::write_private;

const CARD: &str = "card.toml";
const TRIES: &str = "tries.toml";

/// What one card remembers.
#[derive(Clone, Debug)]
pub struct Memory {
    settings: Settings,
    files: BTreeMap<(Ap, Ef), Private<Vec<u8>>>,
    references: BTreeMap<(Ap, Ef), Private<Vec<u8>>>,
    keys: BTreeMap<(Ap, Ef), PrivateKey>,
    tries_at_first: BTreeMap<(Ap, Ef), u8>,
    tries: BTreeMap<(Ap, Ef), u8>,
    folder: Option<PathBuf>,
}

/// How cards of one kind differ from those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether extended length fields are understood; refused with `6700` if not.
    pub extended_length: bool,
    /// Whether the first command after power-on is answered `6F00`, whatever it is.
    pub first_command_fails: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            extended_length: true,
            first_command_fails: false,
        }
    }
}

/// Why a card cannot be taken from its folder, or put there.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// Reading or writing failed.
    #[error("card folder: {0}")]
    Io(#[from] io::Error),
    /// `card.toml` or `tries.toml` is not as it should be.
    #[error("{0} is not laid out as it should be")]
    Layout(&'static str),
    /// A private key is not one in PKCS#8.
    #[error("EF {0:04X}: no private key in PKCS#8")]
    Key(u16),
}

impl Memory {
    /// An empty memory that is nowhere on disk.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            files: BTreeMap::new(),
            references: BTreeMap::new(),
            keys: BTreeMap::new(),
            tries_at_first: BTreeMap::new(),
            tries: BTreeMap::new(),
            folder: None,
        }
    }

    /// Puts a file there.
    #[must_use]
    pub fn with_file(mut self, ap: Ap, ef: Ef, content: &[u8]) -> Self {
        self.files.insert((ap, ef), Private::new(content.to_vec()));
        self
    }

    /// Puts reference data there, with so many tries left.
    #[must_use]
    pub fn with_reference(mut self, ap: Ap, ef: Ef, value: &[u8], tries_left: u8) -> Self {
        self.references
            .insert((ap, ef), Private::new(value.to_vec()));
        self.tries_at_first.insert((ap, ef), tries_left);
        self
    }

    /// Puts a private key there.
    #[must_use]
    pub fn with_key(mut self, ap: Ap, ef: Ef, key: PrivateKey) -> Self {
        self.keys.insert((ap, ef), key);
        self
    }

    /// Reads a card's folder. Changed counters are written there from now on.
    ///
    /// # Errors
    /// [`MemoryError`] if there is no card in it.
    pub fn load(folder: &Path) -> Result<Self, MemoryError> {
        let stored: Stored = parse(&fs::read_to_string(folder.join(CARD))?, CARD)?;
        let mut memory = Self::new(stored.settings);
        for (ap, ef, object) in everything() {
            let file = |extension| {
                folder
                    .join(ap.name())
                    .join(format!("{:04X}.{extension}", ef.id()))
            };
            if let Object::Reference { .. } = object {
                if let Some(reference) = stored
                    .references
                    .get(ap.name())
                    .and_then(|of_ap| of_ap.get(&name(ef)))
                {
                    memory =
                        memory.with_reference(ap, ef, reference.value.as_bytes(), reference.tries);
                }
                continue;
            }
            if let Some(content) = if_there(fs::read(file("bin")))? {
                memory.files.insert((ap, ef), Private::new(content));
            }
            if let Some(pem) = if_there(fs::read_to_string(file("pem")).map(Zeroizing::new))? {
                let key =
                    PrivateKey::from_pkcs8_pem(&pem).map_err(|_| MemoryError::Key(ef.id()))?;
                memory.keys.insert((ap, ef), key);
            }
        }
        if let Some(tries) = if_there(fs::read_to_string(folder.join(TRIES)))? {
            let tries: StoredTries = parse(&tries, TRIES)?;
            for (ap, ef, _) in everything() {
                if let Some(left) = tries.get(ap.name()).and_then(|of_ap| of_ap.get(&name(ef))) {
                    memory.tries.insert((ap, ef), *left);
                }
            }
        }
        memory.folder = Some(folder.to_owned());
        Ok(memory)
    }

    /// Keeps changed counters to itself from now on: the folder it came from stays as it is.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.folder = None;
        self
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
        for ((ap, ef), value) in &self.references {
            let value =
                String::from_utf8(value.expose().clone()).map_err(|_| MemoryError::Layout(CARD))?;
            let reference = StoredReference {
                value,
                tries: self.tries_at_first(*ap, *ef),
            };
            stored
                .references
                .entry(ap.name().to_owned())
                .or_default()
                .insert(name(*ef), reference);
        }
        let card = toml::to_string(&stored).map_err(|_| MemoryError::Layout(CARD))?;
        write_private(&folder.join(CARD), card.as_bytes())?;
        let path = |ap: Ap, ef: Ef, extension| -> io::Result<PathBuf> {
            let of_ap = folder.join(ap.name());
            fs::create_dir_all(&of_ap)?;
            Ok(of_ap.join(format!("{:04X}.{extension}", ef.id())))
        };
        for ((ap, ef), content) in &self.files {
            write_private(&path(*ap, *ef, "bin")?, content.expose())?;
        }
        for ((ap, ef), key) in &self.keys {
            let pem = key
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| MemoryError::Key(ef.id()))?;
            write_private(&path(*ap, *ef, "pem")?, pem.as_bytes())?;
        }
        Ok(())
    }

    /// Whether extended length fields are understood.
    #[must_use]
    pub const fn extended_length(&self) -> bool {
        self.settings.extended_length
    }

    /// Whether the first command after power-on is answered `6F00`.
    #[must_use]
    pub const fn first_command_fails(&self) -> bool {
        self.settings.first_command_fails
    }

    /// Whether the application is on the card: it has a file or a key.
    #[must_use]
    pub fn has(&self, ap: Ap) -> bool {
        let files = self.files.keys().map(|(ap, _)| *ap);
        let keys = self.keys.keys().map(|(ap, _)| *ap);
        files.chain(keys).any(|present| present == ap)
    }

    /// Whether there is anything behind this EF.
    #[must_use]
    pub fn holds(&self, ap: Ap, ef: Ef) -> bool {
        match ap.object(ef) {
            Some(Object::File(_)) => self.files.contains_key(&(ap, ef)),
            Some(Object::SigningKey(_)) => self.keys.contains_key(&(ap, ef)),
            Some(Object::Reference { .. }) => true,
            None => false,
        }
    }

    /// The content of a file.
    #[must_use]
    pub fn file(&self, ap: Ap, ef: Ef) -> Option<&[u8]> {
        self.files
            .get(&(ap, ef))
            .map(|content| content.expose().as_slice())
    }

    /// A private key that signs.
    #[must_use]
    pub fn signing_key(&self, ap: Ap, ef: Ef) -> Option<&PrivateKey> {
        self.keys.get(&(ap, ef))
    }

    /// Reference data, to put it on another card.
    pub(crate) fn reference(&self, ap: Ap, ef: Ef) -> Option<&[u8]> {
        self.references
            .get(&(ap, ef))
            .map(|value| value.expose().as_slice())
    }

    /// Whether this is the reference data.
    #[must_use]
    pub fn matches(&self, ap: Ap, ef: Ef, value: &[u8]) -> bool {
        self.references
            .get(&(ap, ef))
            .is_some_and(|right| right.expose() == value)
    }

    /// Tries left. 0: blocked.
    #[must_use]
    pub fn tries_left(&self, ap: Ap, ef: Ef) -> u8 {
        self.tries
            .get(&(ap, ef))
            .copied()
            .unwrap_or_else(|| self.tries_at_first(ap, ef))
    }

    /// Tries left of all reference data.
    pub fn tries(&self) -> impl Iterator<Item = (Ap, Ef, u8)> {
        everything()
            .filter(|(ap, _, object)| self.has(*ap) && matches!(object, Object::Reference { .. }))
            .map(|(ap, ef, _)| (ap, ef, self.tries_left(ap, ef)))
    }

    /// Changes a retry counter, on disk first.
    ///
    /// # Errors
    /// [`MemoryError::Io`] if that fails; the counter stays as it was.
    pub fn set_tries(&mut self, ap: Ap, ef: Ef, left: u8) -> Result<(), MemoryError> {
        if self.tries_left(ap, ef) == left {
            return Ok(());
        }
        let mut changed = self.tries.clone();
        changed.insert((ap, ef), left);
        self.replace_tries(changed)
    }

    /// Puts all retry counters back to what they were at first.
    ///
    /// # Errors
    /// [`MemoryError::Io`] if that fails; the counters stay as they were.
    pub fn reset_tries(&mut self) -> Result<(), MemoryError> {
        self.replace_tries(BTreeMap::new())
    }

    fn replace_tries(&mut self, tries: BTreeMap<(Ap, Ef), u8>) -> Result<(), MemoryError> {
        if let Some(folder) = &self.folder {
            let mut stored = StoredTries::new();
            for ((ap, ef), left) in &tries {
                stored
                    .entry(ap.name().to_owned())
                    .or_default()
                    .insert(name(*ef), *left);
            }
            let stored = toml::to_string(&stored).map_err(|_| MemoryError::Layout(TRIES))?;
            write_private(&folder.join(TRIES), stored.as_bytes())?;
        }
        self.tries = tries;
        Ok(())
    }

    pub(crate) fn tries_at_first(&self, ap: Ap, ef: Ef) -> u8 {
        self.tries_at_first.get(&(ap, ef)).copied().unwrap_or(0)
    }
}

/// `card.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    settings: Settings,
    references: BTreeMap<String, BTreeMap<String, StoredReference>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReference {
    value: String,
    tries: u8,
}

/// `tries.toml`: by application, by EF.
type StoredTries = BTreeMap<String, BTreeMap<String, u8>>;

fn parse<T: serde::de::DeserializeOwned>(text: &str, file: &'static str) -> Result<T, MemoryError> {
    // What the parser has to say may quote the file, which may hold a PIN.
    toml::from_str(text).map_err(|_| MemoryError::Layout(file))
}

fn everything() -> impl Iterator<Item = (Ap, Ef, Object)> {
    Ap::ALL
        .into_iter()
        .flat_map(|ap| ap.objects().map(move |(ef, object)| (ap, ef, object)))
}

fn name(ef: Ef) -> String {
    format!("{:04X}", ef.id())
}

fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
