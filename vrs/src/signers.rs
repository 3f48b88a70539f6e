//! Municipal signers that are refused: a file the operator edits while the program runs.
//!
//! One key id a line, in the form `card::trust::KeyId` writes it; empty lines and what follows `#` count for nothing.
//! The file is read again when its time of change or length differs.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Mutex,
    time::SystemTime,
};

use card::trust::KeyId;

use crate::event::{Event, Events};

/// The list cannot be read, or a line is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list of refused signers cannot be read")]
pub struct Unreadable;

/// The list.
pub struct RefusedSigners {
    path: PathBuf,
    read: Mutex<(Option<Stamp>, BTreeSet<[u8; 16]>)>,
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
    /// [`Unreadable`]: without it nothing is served.
    pub fn load(path: PathBuf) -> Result<Self, Unreadable> {
        let read = (Some(stamp(&path)?), parse(&path)?);
        Ok(Self {
            path,
            read: Mutex::new(read),
        })
    }

    /// Whether this signer is refused, by the list as it is now.
    pub fn refuses(&self, signer: &KeyId, events: &dyn Events) -> bool {
        let mut read = self
            .read
            .lock()
            .expect("nothing panics while it holds this lock");
        let found = stamp(&self.path).ok();
        if found != read.0 {
            // Noted once a change, so that an unreadable list does not flood the log.
            read.0 = found;
            match parse(&self.path) {
                Ok(list) => {
                    events.note(Event::RefusedSignersRead { count: list.len() });
                    read.1 = list;
                }
                Err(Unreadable) => events.note(Event::RefusedSignersUnreadable),
            }
        }
        read.1.contains(signer.as_bytes())
    }
}

fn stamp(path: &Path) -> Result<Stamp, Unreadable> {
    let metadata = std::fs::metadata(path).map_err(|_| Unreadable)?;
    Ok(Stamp {
        changed: metadata.modified().map_err(|_| Unreadable)?,
        length: metadata.len(),
    })
}

fn parse(path: &Path) -> Result<BTreeSet<[u8; 16]>, Unreadable> {
    let text = std::fs::read_to_string(path).map_err(|_| Unreadable)?;
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(|line| {
            line.parse::<KeyId>()
                .map(|id| *id.as_bytes())
                .map_err(|_| Unreadable)
        })
        .collect()
}
