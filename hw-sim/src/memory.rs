//! What outlives power-off: contents of files, reference data, private keys, retry counters.
//!
//! On disk a card is a folder:
//! ```text
//! card.toml         what kind of card it is; reference data (PIN, 照合番号); tries at first
//! tries.toml        tries left now; replaced as a whole whenever one changes
//! changed.toml      PINs and the password where their holder changed them; replaced likewise
//! text/0001.bin     content of an EF of the text AP, and so on; common/0001.bin holds its records
//! text/0013.pem     private key, PKCS#8; where the EF is a file (0006), the other half of the key in it
//! manager/00F2.bin  value of a data object of the card manager
//! ```
//! A file or key that is not there is not on the card, and an application with none of either is not there. Nothing in `tries.toml` is personal.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use card::Private;
use card::card_manager::DataObject;
use card::file::Ef;
use rsa::PrivateKey;
use serde::{Deserialize, Serialize};

use crate::ap::{Ap, Object};

mod dump;
mod folder;

/// A value of a card, which copies of the card share.
type Content = Arc<Private<Vec<u8>>>;

/// What one card remembers.
#[derive(Clone, Debug)]
pub struct Memory {
    settings: Settings,
    files: BTreeMap<(Ap, Ef), Content>,
    references: BTreeMap<(Ap, Ef), Content>,
    /// References that took the place of those.
    changed: BTreeMap<(Ap, Ef), Content>,
    data: BTreeMap<DataObject, Content>,
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
    /// A file of the folder is not as it should be.
    #[error("{0} is not laid out as it should be")]
    Layout(&'static str),
    /// The folder of a dump holds no file of a card.
    #[error("no file of a card in the dump")]
    NoDump,
    /// A file is longer than any of a card.
    #[error("{0}: longer than any file of a card")]
    TooLong(String),
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
            changed: BTreeMap::new(),
            data: BTreeMap::new(),
            keys: BTreeMap::new(),
            tries_at_first: BTreeMap::new(),
            tries: BTreeMap::new(),
            folder: None,
        }
    }

    /// Puts a file there.
    #[must_use]
    pub fn with_file(mut self, ap: Ap, ef: Ef, content: &[u8]) -> Self {
        self.files.insert((ap, ef), content_of(content));
        self
    }

    /// Puts reference data there, with so many tries left.
    #[must_use]
    pub fn with_reference(mut self, ap: Ap, ef: Ef, value: &[u8], tries_left: u8) -> Self {
        self.references.insert((ap, ef), content_of(value));
        self.tries_at_first.insert((ap, ef), tries_left);
        self
    }

    /// Puts a private key there.
    #[must_use]
    pub fn with_key(mut self, ap: Ap, ef: Ef, key: PrivateKey) -> Self {
        self.keys.insert((ap, ef), key);
        self
    }

    /// Gives the card manager a data object.
    #[must_use]
    pub fn with_data(mut self, object: DataObject, value: &[u8]) -> Self {
        self.data.insert(object, content_of(value));
        self
    }

    /// Keeps what changes to itself from now on: the folder it came from stays as it is.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.folder = None;
        self
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
            Some(Object::File(_) | Object::Records(_)) => self.files.contains_key(&(ap, ef)),
            Some(Object::SigningKey(_)) => self.keys.contains_key(&(ap, ef)),
            Some(Object::Reference { .. }) => true,
            None => false,
        }
    }

    /// Whether the card manager is there. A card with nothing on it is another kind of card.
    #[must_use]
    pub fn has_card_manager(&self) -> bool {
        !(self.files.is_empty() && self.data.is_empty())
    }

    /// The value of a data object of the card manager.
    #[must_use]
    pub fn data(&self, object: DataObject) -> Option<&[u8]> {
        self.data
            .get(&object)
            .map(|value| value.expose().as_slice())
    }

    /// The data objects of the card manager.
    pub(crate) fn data_objects(&self) -> impl Iterator<Item = (DataObject, &[u8])> {
        self.data
            .iter()
            .map(|(object, value)| (*object, value.expose().as_slice()))
    }

    /// The content of a file: its bytes, or its records one after the other.
    #[must_use]
    pub fn file(&self, ap: Ap, ef: Ef) -> Option<&[u8]> {
        self.files
            .get(&(ap, ef))
            .map(|content| content.expose().as_slice())
    }

    /// A private key, that signs or that opens secure messaging.
    #[must_use]
    pub fn private_key(&self, ap: Ap, ef: Ef) -> Option<&PrivateKey> {
        self.keys.get(&(ap, ef))
    }

    /// Reference data as they are now.
    pub(crate) fn reference(&self, ap: Ap, ef: Ef) -> Option<&[u8]> {
        self.changed
            .get(&(ap, ef))
            .or_else(|| self.references.get(&(ap, ef)))
            .map(|value| value.expose().as_slice())
    }

    /// Whether this is the reference data.
    #[must_use]
    pub fn matches(&self, ap: Ap, ef: Ef, value: &[u8]) -> bool {
        self.reference(ap, ef).is_some_and(|right| right == value)
    }

    /// Puts other reference data in the place of those that are there, on disk first.
    ///
    /// # Errors
    /// [`MemoryError`] if that fails; they stay as they were.
    pub fn change(&mut self, ap: Ap, ef: Ef, value: &[u8]) -> Result<(), MemoryError> {
        let before = (self.changed).insert((ap, ef), content_of(value));
        let kept = self.keep_changed();
        if kept.is_err() {
            self.changed.remove(&(ap, ef));
            self.changed.extend(before.map(|it| ((ap, ef), it)));
        }
        kept
    }

    /// Tries left. 0: blocked.
    #[must_use]
    pub fn tries_left(&self, ap: Ap, ef: Ef) -> u8 {
        self.tries
            .get(&(ap, ef))
            .copied()
            .unwrap_or_else(|| self.tries_at_first(ap, ef))
    }

    /// Tries left of all reference data. What is not known, on a card made from a dump, is left out; what is issued blocked has
    /// no value on any card.
    pub fn tries(&self) -> impl Iterator<Item = (Ap, Ef, u8)> {
        everything()
            .filter(|(ap, ef, object)| match object {
                Object::Reference { tries: 0, .. } => self.has(*ap),
                Object::Reference { .. } => self.has(*ap) && self.reference(*ap, *ef).is_some(),
                _ => false,
            })
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
        self.keep_tries(&tries)?;
        self.tries = tries;
        Ok(())
    }

    pub(crate) fn tries_at_first(&self, ap: Ap, ef: Ef) -> u8 {
        self.tries_at_first.get(&(ap, ef)).copied().unwrap_or(0)
    }
}

fn everything() -> impl Iterator<Item = (Ap, Ef, Object)> {
    Ap::ALL
        .into_iter()
        .flat_map(|ap| ap.objects().map(move |(ef, object)| (ap, ef, object)))
}

fn content_of(value: &[u8]) -> Content {
    Arc::new(Private::new(value.to_vec()))
}
