//! The record system's databases, without the ground's.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use issuance_api::MunicipalityCode;
use tempfile::TempDir;
use vrs::import;
use vrs::storage::{Division, Folders};

use crate::world::run;

/// Databases of their own: in memory where the system has such a folder, since a simulation commits a million times.
pub struct Databases {
    folder: TempDir,
    /// A file system of its own, which has little room.
    confined: bool,
}

/// How much room a file system has that can be filled.
const ROOM: &str = "size=3m";

impl Databases {
    /// With these records.
    ///
    /// # Errors
    /// If a database cannot be made.
    pub async fn new(records: &[(MunicipalityCode, String)], now: i64) -> io::Result<Self> {
        let shared = Path::new("/dev/shm");
        let folder = if shared.is_dir() {
            TempDir::new_in(shared)?
        } else {
            TempDir::new()?
        };
        let databases = Self {
            folder,
            confined: false,
        };
        databases.with(records, now).await
    }

    /// As [`new`](Self::new), on a file system of their own that [`fill`](Self::fill) fills. Takes a mount namespace of one's own, as
    /// `./shomei` makes one.
    ///
    /// # Errors
    /// As there, and if nothing can be mounted.
    pub async fn confined(records: &[(MunicipalityCode, String)], now: i64) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", ROOM, "tmpfs"]);
        run(mount.arg(folder.path()))?;
        let databases = Self {
            folder,
            confined: true,
        };
        databases.with(records, now).await
    }

    async fn with(self, records: &[(MunicipalityCode, String)], now: i64) -> io::Result<Self> {
        let folders = self.folders();
        for (municipality, records) in records {
            let created = Division::create(&folders, *municipality, now).await;
            created.map_err(io::Error::other)?;
            let entries = import::parse(records.as_bytes());
            let entries = entries.map_err(|_| io::Error::other("records that are none"))?;
            let division = Division::open(&folders, *municipality).await;
            let division = division.map_err(io::Error::other)?;
            division
                .import(&entries, now)
                .await
                .map_err(io::Error::other)?;
            division.close().await;
        }
        Ok(self)
    }

    /// Where they lie.
    #[must_use]
    pub fn folders(&self) -> Folders {
        Folders {
            data: self.folder.path().join("data"),
            keys: self.folder.path().join("keys"),
        }
    }

    /// Takes all room that is left.
    ///
    /// # Errors
    /// If there is more of it than can be taken.
    pub fn fill(&self) -> io::Result<()> {
        if !self.confined {
            return Err(io::Error::other("not on a file system of their own"));
        }
        let mut rest = File::create(self.folder.path().join("rest"))?;
        loop {
            match rest.write_all(&[0; 4096]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// One municipality's file.
    #[must_use]
    pub fn file(&self, municipality: MunicipalityCode) -> PathBuf {
        self.folders().data.join(format!("{municipality}.sqlite"))
    }

    /// Its key.
    #[must_use]
    pub fn key(&self, municipality: MunicipalityCode) -> PathBuf {
        self.folders().keys.join(format!("{municipality}.key"))
    }

    /// The mark of how far its data have come.
    #[must_use]
    pub fn mark(&self, municipality: MunicipalityCode) -> PathBuf {
        self.folders().marks().join(format!("{municipality}.epoch"))
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if self.confined {
            let mut umount = Command::new("umount");
            // What is still open keeps it until it is closed.
            drop(run(umount.arg("--lazy").arg(self.folder.path())));
        }
    }
}
