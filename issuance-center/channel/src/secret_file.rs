//! Files with secrets: readable by their owner alone, never overwritten.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use zeroize::Zeroizing;

/// Why a secret's file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Not there, not to be opened, or no text.
    Unreadable,
    /// Others than its owner may read or write it.
    Exposed,
}

/// Opens a secret's file, unless others than its owner may.
///
/// # Errors
/// [`Unread`].
pub fn open(path: &Path) -> Result<File, Unread> {
    // Asked of the open file: what is checked is what is read.
    let file = File::open(path).map_err(|_| Unread::Unreadable)?;
    let metadata = file.metadata().map_err(|_| Unread::Unreadable)?;
    if metadata.mode() & 0o077 == 0 {
        Ok(file)
    } else {
        Err(Unread::Exposed)
    }
}

/// Reads a secret in a text, unless others than its owner may.
///
/// # Errors
/// [`Unread`].
pub fn read(path: &Path) -> Result<Zeroizing<String>, Unread> {
    let mut file = open(path)?;
    let length = file.metadata().map_err(|_| Unread::Unreadable)?.len();
    // Room for all of it, so that growing leaves no copy behind.
    let room = usize::try_from(length).map_err(|_| Unread::Unreadable)?;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.read_to_string(&mut text)
        .map_err(|_| Unread::Unreadable)?;
    Ok(text)
}

/// Writes a new file with this mode. For the operator's commands only: a service opens no file for writing.
///
/// # Errors
/// If there is one already, or it cannot be written.
pub fn create(path: &Path, mode: u32, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}
