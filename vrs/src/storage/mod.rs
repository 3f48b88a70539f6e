//! Where records are kept. All SQL of this program is in this folder.
//!
//! A municipality's division (V8) is one SQLite file and one key file: [`Division::open`] takes one municipality and one
//! only, and each file states itself whose it is. Nothing touches a record but through a [`Reading`] or a [`Session`],
//! transactions that have found the municipality's sentinel; a session writes, and there is one at a time:
//!
//! ```text
//! data/CODE.sqlite         the division
//! keys/CODE.key            its master key
//! keys/marks/CODE.epoch    highest data epoch ever committed (20 digits and a line feed): an older file is a stale restore
//! sentinel                 person row under index("sentinel"), sealed {municipality, data epoch, census, revocations}
//! ```
//! Without the sentinel the answer is [`Unavailable`], so zero rows are never an answer by themselves. The census says who is registered, what is in the register of
//! certificates, and what no longer holds of them: all persons and certificates are looked through at the first question, at the next one after anybody else has written (SQLite says so), by an import before it begins,
//! and by [`Division::look`]. What was written into the file itself, past SQLite, is noticed by the last alone.

mod census;
mod cipher;
mod division;
mod high_water;
mod operation;
mod persons;
mod register;
mod session;

use std::path::{Path, PathBuf};

use issuance_api::MunicipalityCode;
use serde::Serialize;

pub use cipher::KeyError;
pub use division::{CreateError, Division, FILES};
pub use operation::{Operation, OutcomeName};
pub use persons::{Found, Imported, PersonNumber};
pub use register::{Delivery, Origin, Reservation, Revocation, Term};
pub use session::{Reading, Session};

/// Where divisions and keys lie.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Holds `CODE.sqlite`.
    pub data: PathBuf,
    /// Holds `CODE.key`, and the folder of marks.
    pub keys: PathBuf,
}

impl Folders {
    /// Whose databases lie here.
    ///
    /// # Errors
    /// [`Unavailable::Missing`]: the folder cannot be listed.
    pub fn municipalities(&self) -> Result<Vec<MunicipalityCode>, Unavailable> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.data).map_err(|_| Unavailable::Missing)? {
            let path = entry.map_err(|_| Unavailable::Missing)?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let code = stem.and_then(|stem| stem.parse::<MunicipalityCode>().ok());
            if path.extension().is_some_and(|it| it == "sqlite") {
                found.extend(code);
            }
        }
        Ok(found)
    }

    /// Holds `CODE.epoch`. A folder of its own, since who serves writes over a mark and never over a key; and a folder, since a mark that
    /// is made or put back meanwhile is another file, which has to be written over all the same.
    #[must_use]
    pub fn marks(&self) -> PathBuf {
        self.keys.join("marks")
    }

    fn database(&self, municipality: MunicipalityCode) -> PathBuf {
        file(&self.data, municipality, "sqlite")
    }

    fn key(&self, municipality: MunicipalityCode) -> PathBuf {
        file(&self.keys, municipality, "key")
    }

    fn epoch(&self, municipality: MunicipalityCode) -> PathBuf {
        file(&self.marks(), municipality, "epoch")
    }
}

fn file(folder: &Path, municipality: MunicipalityCode, extension: &str) -> PathBuf {
    folder.join(format!("{municipality}.{extension}"))
}

/// Why a municipality's records cannot be relied on. Never an answer about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Unavailable {
    /// There is no database file.
    #[error("there is no database file")]
    Missing,
    /// The database file holds nothing: it was never initialised, or it was truncated.
    #[error("the database file is empty")]
    Empty,
    /// The key file cannot be used.
    #[error("the key file cannot be used")]
    Key,
    /// The file says it is another municipality's.
    #[error("the database is another municipality's")]
    OtherMunicipality,
    /// This program was not built as the workspace builds it (`.cargo/config.toml`): its SQLite could attach another municipality's database.
    #[error("SQLite could attach another database")]
    Library,
    /// The sentinel is not found under this key, or does not open.
    #[error("the sentinel is not found")]
    Sentinel,
    /// The data epoch is behind the highest ever committed: a restore of an old copy.
    #[error("the database is older than it was")]
    Stale,
    /// The file with the highest epoch is missing or unreadable, so staleness cannot be judged.
    #[error("the highest epoch is not known")]
    HighWater,
    /// Another file stands where the open one was, or its write-ahead log was taken away.
    #[error("the database file was replaced")]
    Replaced,
    /// Its database lies here, but the configuration does not name it.
    #[error("the municipality is left out of the configuration")]
    LeftOut,
    /// Persons or their index are not those the sentinel states: some are gone, older, or not found.
    #[error("persons are not those that were imported")]
    Persons,
    /// The register of certificates, an index of it or the list of what no longer holds is not what the sentinel states: entries are gone, others, or not found.
    #[error("certificates are not those that were registered")]
    Certificates,
    /// A row does not open, or contradicts another.
    #[error("a record is damaged")]
    Damaged,
    /// Another transaction is in the way: an import, most likely.
    #[error("the database is busy")]
    Busy,
    /// The database failed.
    #[error("the database failed")]
    Database,
}

impl From<sqlx::Error> for Unavailable {
    // The driver's text may quote values: it goes no further.
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_BUSY and SQLITE_LOCKED, with whatever extended code.
        const BUSY: [u32; 2] = [5, 6];
        let code = error.as_database_error().and_then(|error| error.code());
        let code = code.and_then(|code| code.parse::<u32>().ok());
        let busy = code.is_some_and(|code| BUSY.contains(&(code & 0xFF)));
        if busy || matches!(error, sqlx::Error::PoolTimedOut) {
            Self::Busy
        } else {
            Self::Database
        }
    }
}

impl From<cipher::NotOpened> for Unavailable {
    fn from(_: cipher::NotOpened) -> Self {
        Self::Damaged
    }
}
