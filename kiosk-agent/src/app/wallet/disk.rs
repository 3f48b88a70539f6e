//! The folder of a wallet: its owner's alone, one program's at a time, each of its files whole.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::{Id, WalletError};

/// What is written, until it is whole.
const NEW: &str = "new";
/// Nothing of ours is larger.
const LARGEST: u64 = 64 * 1024 * 1024;

/// An open folder. Dropping it lets go of it.
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens it, or makes it.
    pub(super) fn create(path: &Path) -> Result<Self, WalletError> {
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Ok(()) => {
                // The name of a new folder has to be on disk before anything in it counts.
                let parent = path.parent().filter(|parent| *parent != Path::new(""));
                File::open(parent.unwrap_or(Path::new(".")))
                    .and_then(|parent| parent.sync_all())?;
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        Self::open(path)
    }

    /// Opens it, if it is its owner's alone.
    pub(super) fn open(path: &Path) -> Result<Self, WalletError> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = match rustix::fs::open(path, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Err(WalletError::Absent),
            folder => folder.map_err(io::Error::from)?,
        };
        // Asked of the open folder: what is checked is what is used.
        let folder = File::from(folder);
        let metadata = folder.metadata()?;
        let own = metadata.uid() == rustix::process::geteuid().as_raw();
        if !own || metadata.mode() & 0o077 != 0 {
            return Err(WalletError::Exposed);
        }
        Ok(Self(folder.into()))
    }

    /// Keeps every other program out until this is dropped.
    pub(super) fn hold(&self) -> Result<(), WalletError> {
        let mut patience = 20;
        loop {
            match rustix::fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
                // A program that this one starts holds what it had, until it is that program: it takes a moment.
                Err(Errno::WOULDBLOCK) if patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(Errno::WOULDBLOCK) => return Err(WalletError::InUse),
                held => return Ok(held.map_err(io::Error::from)?),
            }
        }
    }

    /// Takes away what was never whole.
    pub(super) fn sweep(&self) -> io::Result<()> {
        match self.remove(NEW) {
            // A disk that cannot be written to can still be read.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Ok(()),
            swept => swept,
        }
    }

    /// A file's content, if there is one.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.0, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            file => File::from(file?),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut content = Vec::new();
        file.take(LARGEST).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Writes a file, new or in another's place: whole and on disk, or not at all.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        self.remove(NEW)?;
        step()?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(rustix::fs::openat(&self.0, NEW, flags, mode)?);
        step()?;
        let (first, second) = content.split_at(content.len() / 2);
        file.write_all(first)?;
        step()?;
        file.write_all(second)?;
        file.sync_all()?;
        step()?;
        rustix::fs::renameat(&self.0, NEW, &self.0, name)?;
        step()?;
        self.settle()?;
        step()
    }

    /// Whether so many bytes can be written. Nothing of them stays.
    pub(super) fn try_out(&self, bytes: usize) -> io::Result<()> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(rustix::fs::openat(&self.0, ".", flags, mode)?);
        file.write_all(&vec![0; bytes])?;
        file.sync_all()
    }

    /// Takes a file away, if there is one.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        step()?;
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) => step(),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Forces the names in the folder to disk.
    pub(super) fn settle(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.0)?)
    }

    /// The certificates whose files are here.
    pub(super) fn ids(&self) -> io::Result<Vec<Id>> {
        let mut ids = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_str().ok();
            ids.extend(name.and_then(|name| name.parse::<Id>().ok()));
        }
        Ok(ids)
    }
}

/// Between two things that happen to the disk: here tests end the program.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it fails")]
const fn step() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
use stopping::step;
#[cfg(test)]
pub(super) use stopping::{stop_after, stopped};

#[cfg(test)]
mod stopping {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// From the step after so many on, nothing happens to the disk any more in this thread; `None` lets everything happen.
    pub(in super::super) fn stop_after(steps: Option<u32>) {
        LEFT.set(steps);
    }

    /// Whether it came to that.
    pub(in super::super) fn stopped() -> bool {
        LEFT.get() == Some(0)
    }

    pub(super) fn step() -> io::Result<()> {
        match LEFT.get() {
            None => Ok(()),
            Some(0) => Err(io::Error::other("stopped")),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }
}
