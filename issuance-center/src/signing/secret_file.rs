//! Files with secrets: readable by their owner alone, never overwritten.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use zeroize::Zeroizing;

/// Why a secret's file is not read.
pub(super) enum Unread {
    Unreadable,
    Exposed,
}

/// Reads a secret, unless others than its owner may.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, Unread> {
    let metadata = fs::metadata(path).map_err(|_| Unread::Unreadable)?;
    if metadata.mode() & 0o077 != 0 {
        return Err(Unread::Exposed);
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|_| Unread::Unreadable)
}

/// Writes a new file with this mode. For the operator's commands only: the service opens no file for writing.
pub(super) fn create(path: &Path, mode: u32, parts: &[&str]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    for part in parts {
        file.write_all(part.as_bytes())?;
    }
    file.sync_all()
}
