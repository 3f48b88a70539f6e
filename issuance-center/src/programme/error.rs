use std::path::{Path, PathBuf};

/// A fault in a programme's files: the center does not start with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {fault}", file.display(), row.map(|row| format!(", row {row}")).unwrap_or_default())]
pub struct ProgrammeError {
    /// The file or folder.
    pub file: PathBuf,
    /// Row of the table in it, counted from 1.
    pub row: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

impl ProgrammeError {
    pub(super) fn new(file: &Path, fault: Fault) -> Self {
        Self {
            file: file.to_owned(),
            row: None,
            fault,
        }
    }

    pub(super) fn in_row(file: &Path, index: usize, fault: Fault) -> Self {
        Self {
            file: file.to_owned(),
            row: Some(index + 1),
            fault,
        }
    }
}

/// What can be wrong in a programme's files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file or folder cannot be read.
    #[error("cannot be read")]
    Unreadable,
    /// Not TOML of the expected shape; the parser says where.
    #[error("{0}")]
    Toml(String),
    /// No programme in the folder.
    #[error("no programme here")]
    NoProgramme,
    /// The folder is not named like the programme.
    #[error("the folder's name is not the id")]
    Folder,
    /// A table without a single row.
    #[error("the table is empty")]
    Empty,
    /// A field is not what it should be.
    #[error("{field}: {rule}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What it has to be.
        rule: &'static str,
    },
    /// Two rows answer for the same name on the same day.
    #[error("the vaccine name {name} is in row {other} too, on days that overlap")]
    Overlap {
        /// The name in both.
        name: String,
        /// The other row, counted from 1.
        other: usize,
    },
    /// The municipality is there twice.
    #[error("the same municipality as in row {0}")]
    Repeated(usize),
    /// A certificate for abroad needs an ICD-11 code for every vaccine.
    #[error("offers certificates for abroad, but vaccine row {0} has no icd11")]
    AbroadWithoutIcd11(usize),
}
