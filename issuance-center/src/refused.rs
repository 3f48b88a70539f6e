//! Municipal signers that are refused: a file the operator edits while the program runs.
//!
//! One key id a line, in the form `card::trust::KeyId` writes it; empty lines and what follows `#` count for nothing.
//! The file is read again when its time of change or its length differs.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use card::trust::KeyId;

use crate::event::{Event, Events};

/// The list cannot be read, or a line is no key id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: not a list of key ids", .0.display())]
pub struct ListError(PathBuf);

/// The list.
pub struct RefusedSigners {
    path: PathBuf,
    read: Mutex<Read>,
}

struct Read {
    stamp: Option<Stamp>,
    signers: BTreeSet<[u8; 16]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    changed: SystemTime,
    length: u64,
}

impl RefusedSigners {
    /// Reads the list for the first time.
    ///
    /// # Errors
    /// [`ListError`]: without it nothing is served.
    pub fn load(path: &Path) -> Result<Self, ListError> {
        let stamp = stamp(path);
        let signers = parse(path).ok_or_else(|| ListError(path.to_owned()))?;
        Ok(Self {
            path: path.to_owned(),
            read: Mutex::new(Read { stamp, signers }),
        })
    }

    /// Whether this signer is refused, by the list as it is now.
    pub fn refuses(&self, signer: &KeyId, events: &dyn Events) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = stamp(&self.path);
        if found != read.stamp {
            // Noted once a change, so that an unreadable list does not flood the log.
            read.stamp = found;
            match parse(&self.path) {
                Some(signers) => {
                    events.note(Event::RefusedSignersRead {
                        count: signers.len(),
                    });
                    read.signers = signers;
                }
                None => events.note(Event::RefusedSignersUnreadable),
            }
        }
        read.signers.contains(signer.as_bytes())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        changed: metadata.modified().ok()?,
        length: metadata.len(),
    })
}

fn parse(path: &Path) -> Option<BTreeSet<[u8; 16]>> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(|line| line.parse::<KeyId>().ok().map(|id| *id.as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Notes;

    #[test]
    fn the_list_is_read_again_and_a_broken_one_leaves_the_last_in_force() {
        let signer: KeyId = testing_signer();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.txt");
        fs::write(&path, "# none\n").unwrap();
        let notes = Notes::default();
        let list = RefusedSigners::load(&path).unwrap();
        assert!(!list.refuses(&signer, &notes));

        fs::write(&path, format!("{signer}  # withdrawn\n")).unwrap();
        assert!(list.refuses(&signer, &notes));
        fs::write(&path, "nonsense").unwrap();
        assert!(list.refuses(&signer, &notes));
        fs::remove_file(&path).unwrap();
        assert!(list.refuses(&signer, &notes));
        assert_eq!(
            notes.all(),
            [
                Event::RefusedSignersRead { count: 1 },
                Event::RefusedSignersUnreadable,
                Event::RefusedSignersUnreadable
            ]
        );
        assert!(RefusedSigners::load(&path).is_err());
    }

    fn testing_signer() -> KeyId {
        let mut bytes = *b"1322131\x08\x05001\0\0\0\x01";
        bytes[15] = 2;
        KeyId::try_from(bytes.as_slice()).unwrap()
    }
}
