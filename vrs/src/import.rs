//! CSV from resident-register and vaccination-ledger systems (V12).
//!
//! One row a dose, the person's columns repeated; a person without doses is one row whose dose columns are all empty.
//! The header is [`header`], exactly. UTF-8 with or without BOM, or Shift_JIS (as Windows writes it); LF or CRLF.
//! A file states all doses of each person it names; persons it does not name stay as they are.
//!
//! Nothing is taken unless everything is right: every error comes with line and column, and none quotes a cell.

use std::{
    collections::{HashMap, hash_map},
    hash::{Hash, Hasher},
};

use card::number::IndividualNumber;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::record::{Cell, Dose, Person};

/// Errors reported at most: a wrong file is wrong everywhere.
const MAX_ERRORS: usize = 1000;

/// The columns a file must begin with, in this order and no others.
#[must_use]
pub fn header() -> Vec<&'static str> {
    [&["個人番号"], Person::HEADER, Dose::HEADER].concat()
}

/// Which rule a cell breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum CellError {
    /// Required, but empty.
    #[error("required, but empty")]
    Missing,
    /// Longer than the column takes.
    #[error("too long")]
    TooLong,
    /// A character this column does not take.
    #[error("a character not allowed here")]
    Character,
    /// No day (`YYYYMMDD`) or month (`YYYYMM`) of the calendar.
    #[error("not a date")]
    Date,
    /// None of the values the column knows.
    #[error("not one of the values of this column")]
    Code,
    /// Not twelve digits.
    #[error("not twelve digits")]
    Number,
    /// The individual number's check digit is wrong.
    #[error("wrong check digit")]
    CheckDigit,
    /// The header names another column here.
    #[error("the header names another column here")]
    Header,
    /// The row has more or fewer cells than the header.
    #[error("wrong number of cells")]
    Cells,
    /// A person's columns differ from an earlier row of the same person.
    #[error("differs from an earlier row of the same person")]
    PersonDiffers,
    /// The same programme and day twice for one person, or a row without dose beside others.
    #[error("given twice")]
    Repeated,
    /// Neither UTF-8 nor Shift_JIS.
    #[error("neither UTF-8 nor Shift_JIS")]
    Encoding,
}

/// One error: where, and which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ImportError {
    /// Line in the file, from 1 (the header).
    pub line: u64,
    /// Column, from 1; nothing if it is about the whole line.
    pub column: Option<usize>,
    /// The column's name.
    pub name: Option<&'static str>,
    /// The rule broken.
    pub code: CellError,
}

/// A person with all doses, as a file states them.
pub struct Entry {
    /// 個人番号.
    pub number: IndividualNumber,
    /// The person.
    pub person: Person,
    /// In order of [`Dose::sort`].
    pub doses: Vec<Dose>,
}

/// Reads a whole file.
///
/// # Errors
/// Every error found, up to a thousand, in order of lines.
pub fn parse(bytes: &[u8]) -> Result<Vec<Entry>, Vec<ImportError>> {
    let text = decode(bytes).map_err(|error| vec![error])?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut file = File::default();
    let mut row = csv::StringRecord::new();
    let mut first = true;
    // What `csv` reads from is UTF-8 and in memory, and rows may have any length: it cannot fail.
    while reader.read_record(&mut row).unwrap_or(false) {
        let line = row.position().map_or(0, csv::Position::line);
        if first {
            file.header(line, &row);
        } else {
            file.row(line, &row);
        }
        first = false;
        if file.errors.len() >= MAX_ERRORS || (line == 1 && !file.errors.is_empty()) {
            break;
        }
    }
    if first {
        file.fail(1, None, CellError::Header);
    }
    file.finish()
}

/// UTF-8 if it is that; the header alone already decides, since its Shift_JIS is not UTF-8.
fn decode(bytes: &[u8]) -> Result<Zeroizing<String>, ImportError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    // No trail byte of Shift_JIS is a line feed, so lines can be told apart before decoding.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let decoded = encoding_rs::SHIFT_JIS
            .decode_without_bom_handling_and_without_replacement(line)
            .ok_or(ImportError {
                line: index as u64 + 1,
                column: None,
                name: None,
                code: CellError::Encoding,
            })?;
        text.push_str(&decoded);
    }
    Ok(text)
}

/// Cells of one row, read from left to right.
pub(crate) struct Cells<'a> {
    line: u64,
    row: &'a csv::StringRecord,
    next: usize,
    errors: &'a mut Vec<ImportError>,
}

impl Cells<'_> {
    /// Parses the next cell; if it breaks a rule, that is noted.
    pub(crate) fn next<T: Cell>(&mut self) -> Option<T> {
        let column = self.next;
        self.next += 1;
        match T::parse(self.row.get(column).unwrap_or_default()) {
            Ok(value) => Some(value),
            Err(code) => {
                self.errors.push(error(self.line, Some(column), code));
                None
            }
        }
    }
}

fn error(line: u64, column: Option<usize>, code: CellError) -> ImportError {
    ImportError {
        line,
        column: column.map(|column| column + 1),
        name: column.and_then(|column| header().get(column).copied()),
        code,
    }
}

/// A number as a key of a map: hashed where it stands, wiped with the map.
#[derive(PartialEq, Eq)]
struct Key(IndividualNumber);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}

/// What the file says of a number.
struct Rows {
    /// How many others came before.
    place: usize,
    person: Person,
    doses: Vec<Dose>,
}

#[derive(Default)]
struct File {
    by_number: HashMap<Key, Rows>,
    errors: Vec<ImportError>,
}

impl File {
    fn fail(&mut self, line: u64, column: Option<usize>, code: CellError) {
        self.errors.push(error(line, column, code));
    }

    fn header(&mut self, line: u64, row: &csv::StringRecord) {
        let expected = header();
        if row.len() != expected.len() {
            self.fail(line, None, CellError::Cells);
        }
        for (column, (name, expected)) in row.iter().zip(expected).enumerate() {
            if name != expected {
                self.fail(line, Some(column), CellError::Header);
            }
        }
    }

    fn row(&mut self, line: u64, row: &csv::StringRecord) {
        if row.len() != header().len() {
            return self.fail(line, None, CellError::Cells);
        }
        let first_of_dose = 1 + Person::HEADER.len();
        let without_dose = row.iter().skip(first_of_dose).all(str::is_empty);
        let mut cells = Cells {
            line,
            row,
            next: 0,
            errors: &mut self.errors,
        };
        let number = cells.next::<IndividualNumber>();
        let person = Person::read(&mut cells);
        let dose = if without_dose {
            None
        } else {
            // A dose that does not read is an error already; the row then counts for nothing.
            let Some(dose) = Dose::read(&mut cells) else {
                return;
            };
            Some(dose)
        };
        if let (Some(number), Some(person)) = (number, person) {
            self.take(line, number, person, dose);
        }
    }

    fn take(&mut self, line: u64, number: IndividualNumber, person: Person, dose: Option<Dose>) {
        let place = self.by_number.len();
        let entry = match self.by_number.entry(Key(number)) {
            hash_map::Entry::Occupied(entry) => entry.into_mut(),
            hash_map::Entry::Vacant(free) => {
                let doses = dose.into_iter().collect();
                free.insert(Rows {
                    place,
                    person,
                    doses,
                });
                return;
            }
        };
        let same_day = |other: &Dose, dose: &Dose| {
            other.programme == dose.programme && other.date == dose.date
        };
        if entry.person != person {
            return self.fail(line, None, CellError::PersonDiffers);
        }
        match dose {
            Some(dose)
                if !entry.doses.is_empty() && !entry.doses.iter().any(|d| same_day(d, &dose)) =>
            {
                entry.doses.push(dose);
            }
            _ => self.fail(line, None, CellError::Repeated),
        }
    }

    fn finish(self) -> Result<Vec<Entry>, Vec<ImportError>> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let mut all: Vec<_> = self.by_number.into_iter().collect();
        all.sort_unstable_by_key(|(_, rows)| rows.place);
        let entries = all.into_iter().map(|(Key(number), mut rows)| {
            Dose::sort(&mut rows.doses);
            Entry {
                number,
                person: rows.person,
                doses: rows.doses,
            }
        });
        Ok(entries.collect())
    }
}
