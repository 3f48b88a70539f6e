//! The highest data epoch ever committed, kept beside the keys, in a folder of marks: backups of the database do not carry it back.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::Unavailable;

/// Twenty digits and a line feed: always as long, so that writing over it is one write.
const BYTES: usize = 21;

pub(super) fn create(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    write(&mut file, 0)?;
    file.sync_all()
}

pub(super) fn read(path: &Path) -> Result<u64, Unavailable> {
    let mut file = File::open(path).map_err(|_| Unavailable::HighWater)?;
    file.lock_shared().map_err(|_| Unavailable::HighWater)?;
    value(&mut file).ok_or(Unavailable::HighWater)
}

/// Sets it to this epoch unless it is there already; two processes at once end with the higher one. Not synchronised to
/// disk: a power cut may leave an earlier mark, never one ahead of the database.
pub(super) fn raise(path: &Path, epoch: u64) -> Result<(), Unavailable> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|_| Unavailable::HighWater)?;
    file.lock().map_err(|_| Unavailable::HighWater)?;
    if value(&mut file).ok_or(Unavailable::HighWater)? >= epoch {
        return Ok(());
    }
    write(&mut file, epoch).map_err(|_| Unavailable::HighWater)
}

fn value(file: &mut File) -> Option<u64> {
    let mut text = String::with_capacity(BYTES + 1);
    file.take(BYTES as u64 + 1).read_to_string(&mut text).ok()?;
    let digits = text.strip_suffix('\n')?;
    (text.len() == BYTES && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

fn write(file: &mut File, epoch: u64) -> std::io::Result<()> {
    file.rewind()?;
    file.write_all(format!("{epoch:020}\n").as_bytes())
}
