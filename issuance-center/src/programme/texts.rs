//! `certificate.toml`: what stands on a page, and from which day of issue. Rows in order; each holds until the next.

use std::path::Path;

use serde::Deserialize;

use super::{
    Bilingual, Fault, ProgrammeError,
    file::{Pair, day, pair, require},
};

/// The texts of certificates issued from one day on.
#[derive(Debug)]
pub struct Texts {
    from: time::Date,
    title: Bilingual,
    statement: Bilingual,
    legal_ground: Bilingual,
}

impl Texts {
    /// First day of issue.
    #[must_use]
    pub const fn from(&self) -> time::Date {
        self.from
    }

    /// Heading of the page.
    #[must_use]
    pub const fn title(&self) -> &Bilingual {
        &self.title
    }

    /// The sentence that certifies.
    #[must_use]
    pub const fn statement(&self) -> &Bilingual {
        &self.statement
    }

    /// The law it rests on.
    #[must_use]
    pub const fn legal_ground(&self) -> &Bilingual {
        &self.legal_ground
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFile {
    #[serde(default)]
    text: Vec<TextRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TextRow {
    valid_from: String,
    title: Pair,
    statement: Pair,
    legal_ground: Pair,
}

impl TextRow {
    fn checked(self) -> Result<Texts, Fault> {
        pair(&self.title, "title")?;
        pair(&self.statement, "statement")?;
        pair(&self.legal_ground, "legal-ground")?;
        Ok(Texts {
            from: day(&self.valid_from, "valid-from")?,
            title: self.title.into(),
            statement: self.statement.into(),
            legal_ground: self.legal_ground.into(),
        })
    }
}

/// The rows, of which one holds on each day from `first` on.
pub(super) fn texts(
    table: TextFile,
    file: &Path,
    first: time::Date,
) -> Result<Vec<Texts>, ProgrammeError> {
    let mut rows: Vec<Texts> = Vec::with_capacity(table.text.len());
    for (index, row) in table.text.into_iter().enumerate() {
        let in_row = |fault| ProgrammeError::in_row(file, index, fault);
        let row = row.checked().map_err(in_row)?;
        let follows = match rows.last() {
            Some(before) => require(
                before.from < row.from,
                "valid-from",
                "later than that of the row before",
            ),
            None => require(
                row.from <= first,
                "valid-from",
                "the first row's not after the programme's first day",
            ),
        };
        follows.map_err(in_row)?;
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(ProgrammeError::new(file, Fault::Empty));
    }
    Ok(rows)
}
