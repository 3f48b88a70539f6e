//! Which attestation keys are revoked: a file in the form published for Android,
//! `{"entries":{"SERIAL":{"status":"REVOKED"|"SUSPENDED",…}}}`, which the operator fetches and puts there.
//!
//! The document says nothing of its age, so the file's does: the time it was last written. A list too old is none.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde::Deserialize;
use serde::de::IgnoredAny;
use x509_parser::num_bigint::BigUint;

/// Clocks of the machine that fetches and of this one may differ by so much.
const SKEW: Duration = Duration::from_secs(300);

/// Longest file, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// No list that can be used: none, not of the form, or too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// It cannot be read, or is no status list.
    #[error("no status list")]
    Unreadable,
    /// It is older than allowed, or from the future.
    #[error("the status list is too old, or from the future")]
    Stale,
}

/// A list.
#[derive(Clone, Debug, Default)]
pub struct StatusList(BTreeSet<String>);

#[derive(Deserialize)]
struct Document {
    entries: BTreeMap<String, IgnoredAny>,
}

impl StatusList {
    /// Reads the JSON. Whatever has an entry is refused: there is none for keys in good standing.
    ///
    /// # Errors
    /// [`StatusError::Unreadable`]
    pub fn parse(json: &[u8]) -> Result<Self, StatusError> {
        let document: Document =
            serde_json::from_slice(json).map_err(|_| StatusError::Unreadable)?;
        let mut serials = BTreeSet::new();
        for serial in document.entries.into_keys() {
            if serial.is_empty() || !serial.bytes().all(|it| it.is_ascii_hexdigit()) {
                return Err(StatusError::Unreadable);
            }
            let serial = serial.to_ascii_lowercase();
            serials.insert(serial.trim_start_matches('0').to_owned());
        }
        Ok(Self(serials))
    }

    /// Whether this serial number has an entry. It is written in hexadecimal; that some are in decimal is known, and a
    /// number that reads as either is refused.
    pub(crate) fn refuses(&self, serial: &BigUint) -> bool {
        [16, 10]
            .iter()
            .any(|radix| self.0.contains(&serial.to_str_radix(*radix)))
    }

    /// How many it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The list, as a file has it now.
#[derive(Debug)]
pub struct StatusFile {
    path: PathBuf,
    oldest: Duration,
    last: Mutex<Read>,
}

/// What was read last, and what the file looked like then.
#[derive(Debug)]
struct Read {
    stamp: Option<[i128; 5]>,
    list: Arc<StatusList>,
    written: SystemTime,
}

impl StatusFile {
    /// Reads the file for the first time. Older than `oldest` it is of no use, and is looked at again each time.
    ///
    /// # Errors
    /// [`StatusError::Unreadable`]
    pub fn load(path: &Path, oldest: Duration) -> Result<Self, StatusError> {
        let last = Mutex::new(read(path).map_err(|_| StatusError::Unreadable)??);
        Ok(Self {
            path: path.to_owned(),
            oldest,
            last,
        })
    }

    /// The list. The file is read again once anything about it changed; one that cannot be read leaves the last in
    /// force, as long as that is not too old.
    ///
    /// # Errors
    /// [`StatusError::Stale`]
    pub fn current(&self, now: SystemTime) -> Result<Arc<StatusList>, StatusError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let found = fs::metadata(&self.path).ok();
        let found = found.as_ref().map(stamp);
        if found != last.stamp {
            match read(&self.path) {
                Ok(Ok(new)) => *last = new,
                _ => last.stamp = found,
            }
        }
        let age = now.duration_since(last.written);
        let good = match age {
            Ok(age) => age <= self.oldest,
            Err(ahead) => ahead.duration() <= SKEW,
        };
        if good {
            Ok(Arc::clone(&last.list))
        } else {
            Err(StatusError::Stale)
        }
    }
}

/// Device and inode, length, and time of change, which no program can set back.
fn stamp(metadata: &fs::Metadata) -> [i128; 5] {
    [
        metadata.dev().into(),
        metadata.ino().into(),
        metadata.len().into(),
        metadata.ctime().into(),
        metadata.ctime_nsec().into(),
    ]
}

fn read(path: &Path) -> io::Result<Result<Read, StatusError>> {
    // Looked at before it is read: what changes in between is read again.
    let metadata = fs::metadata(path)?;
    if metadata.len() > LONGEST {
        return Ok(Err(StatusError::Unreadable));
    }
    let list = StatusList::parse(&fs::read(path)?);
    let written = metadata.modified()?;
    Ok(list.map(|list| Read {
        stamp: Some(stamp(&metadata)),
        list: Arc::new(list),
        written,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = br#"{"entries":{"0CC66e9":{"status":"SUSPENDED","comment":"x"},"6681152659205225093":{"status":"REVOKED"}}}"#;

    #[test]
    fn serial_numbers_are_found_however_they_are_written() {
        let list = StatusList::parse(LIST).unwrap();
        assert_eq!(list.len(), 2);
        for serial in [
            0xCC66E9_u64,
            0x6681_1526_5920_5225,
            6_681_152_659_205_225_093,
        ] {
            let listed = serial != 0x6681_1526_5920_5225;
            assert_eq!(list.refuses(&BigUint::from(serial)), listed, "{serial}");
        }
        assert!(!list.refuses(&BigUint::from(1_u8)));
        for wrong in [
            &b"{}"[..],
            b"",
            br#"{"entries":[]}"#,
            br#"{"entries":{"0x1":{}}}"#,
        ] {
            assert!(StatusList::parse(wrong).is_err());
        }
    }

    #[test]
    fn a_list_is_read_again_and_refuses_when_it_is_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        let day = Duration::from_secs(86_400);
        let now = SystemTime::now();
        assert_eq!(
            StatusFile::load(&path, day).err(),
            Some(StatusError::Unreadable)
        );
        let write = |text: &[u8], written: SystemTime| {
            let new = folder.path().join("new");
            fs::write(&new, text).unwrap();
            let file = fs::File::options().write(true).open(&new).unwrap();
            file.set_modified(written).unwrap();
            fs::rename(new, &path).unwrap();
        };
        let long_ago = now - day - Duration::from_secs(1);
        write(LIST, long_ago);
        let file = StatusFile::load(&path, day).unwrap();
        assert_eq!(file.current(now).err(), Some(StatusError::Stale));
        write(br#"{"entries":{}}"#, now);
        assert!(file.current(now).unwrap().is_empty());
        write(LIST, now);
        assert_eq!(file.current(now).unwrap().len(), 2);
        write(b"{", now);
        assert_eq!(file.current(now).unwrap().len(), 2);
        let later = now + day + Duration::from_secs(1);
        assert_eq!(file.current(later).err(), Some(StatusError::Stale));
        write(LIST, now + SKEW * 2);
        assert_eq!(file.current(now).err(), Some(StatusError::Stale));
    }
}
