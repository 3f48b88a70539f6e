//! Persons and their doses.

use std::{fs::File, sync::Arc};

use card::number::IndividualNumber;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    Division, Operation, Reading, Session, Unavailable,
    cipher::{Cipher, Identity, Place},
    session::{PersonRow, person_place, random_id},
};
use crate::{
    import::Entry,
    record::{Dose, Person},
};

/// A person's internal number in one municipality: means nothing anywhere else, and is what the log goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PersonNumber(pub(super) i64);

/// A person found.
#[derive(Debug)]
pub struct Found {
    /// Internal number.
    pub id: PersonNumber,
    /// Grows with every change to the person or a dose.
    pub record_version: u64,
    /// The person.
    pub person: Person,
    /// In order of [`Dose::sort`].
    pub doses: Vec<Dose>,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Persons new.
    pub added: u64,
    /// Persons whose columns or doses changed.
    pub changed: u64,
    /// Persons that were so already.
    pub unchanged: u64,
}

/// A person's sealed attributes. The number of doses is in it, so that a dose that went missing is noticed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    person: Person,
    doses: usize,
}

/// What an import writes, ready to be written: parsed, compared and sealed before any transaction that others wait for.
struct Staged {
    rows: Vec<Row>,
    imported: Imported,
}

/// A person to write.
struct Row {
    id: i64,
    /// 0 for a person who is new.
    replaces: i64,
    index: [u8; 32],
    number: Vec<u8>,
    attributes: Vec<u8>,
    doses: Vec<(i64, Vec<u8>)>,
}

impl Row {
    fn seal(cipher: &Cipher, id: i64, replaces: i64, entry: &Entry) -> Self {
        let sealed = Sealed {
            person: entry.person.clone(),
            doses: entry.doses.len(),
        };
        let doses = entry.doses.iter().map(|dose| {
            let dose_id = random_id();
            (dose_id, cipher.seal(dose_place(dose_id, id), dose))
        });
        Self {
            id,
            replaces,
            index: cipher.index(&Identity::Number(entry.number.expose())),
            number: cipher.seal_number(number_place(id), entry.number.expose()),
            attributes: cipher.seal(person_place(id, replaces + 1), &sealed),
            doses: doses.collect(),
        }
    }
}

impl Division {
    /// Takes over what a file states: each person in it with all doses, and nobody else; all or nothing. Others wait only
    /// while it is written.
    ///
    /// # Errors
    /// [`Unavailable`]; then nothing was taken over. [`Unavailable::Busy`] also if another import is under way.
    pub async fn import(
        self: &Arc<Self>,
        entries: &[Entry],
        now: i64,
    ) -> Result<Imported, Unavailable> {
        // Only imports change persons, and one at a time: what is staged is still so when it is written. The system
        // releases the lock with the process, whatever becomes of it.
        let lock = File::open(&self.key).map_err(|_| Unavailable::Key)?;
        lock.try_lock().map_err(|_| Unavailable::Busy)?;
        let staged = self.read().await?.stage(entries).await?;
        let mut session = self.begin().await?;
        let imported = session.take_over(staged, now).await?;
        session.commit().await?;
        Ok(imported)
    }

    pub(super) fn open_person(
        &self,
        row: PersonRow,
        number: &IndividualNumber,
    ) -> Result<Found, Unavailable> {
        let place = person_place(row.id, row.record_version);
        let cipher = &self.cipher;
        // The index led here; the row must say the same of itself.
        let stated = cipher.open_number(number_place(row.id), &row.number)?;
        if !bool::from(stated.as_slice().ct_eq(number.expose().as_bytes())) {
            return Err(Unavailable::Damaged);
        }
        let sealed: Sealed = cipher.open(place, &row.attributes)?;
        let mut doses = row
            .doses
            .iter()
            .map(|(id, attributes)| Ok(cipher.open(dose_place(*id, row.id), attributes)?))
            .collect::<Result<Vec<Dose>, Unavailable>>()?;
        Dose::sort(&mut doses);
        if doses.len() != sealed.doses {
            return Err(Unavailable::Damaged);
        }
        Ok(Found {
            id: PersonNumber(row.id),
            record_version: u64::try_from(row.record_version).map_err(|_| Unavailable::Damaged)?,
            person: sealed.person,
            doses,
        })
    }
}

impl Reading {
    /// The person with this number, if registered here.
    ///
    /// # Errors
    /// [`Unavailable`], also if a row does not open or a dose is missing.
    pub async fn person(
        &mut self,
        number: &IndividualNumber,
    ) -> Result<Option<Found>, Unavailable> {
        let row = self.find(&Identity::Number(number.expose())).await?;
        row.map(|row| self.division.open_person(row, number))
            .transpose()
    }

    /// What of these entries differs from what is here.
    async fn stage(&mut self, entries: &[Entry]) -> Result<Staged, Unavailable> {
        let mut imported = Imported::default();
        let mut rows = Vec::new();
        for entry in entries {
            let (id, replaces) = match self.person(&entry.number).await? {
                None => {
                    imported.added += 1;
                    (random_id(), 0)
                }
                Some(found) if found.person == entry.person && found.doses == entry.doses => {
                    imported.unchanged += 1;
                    continue;
                }
                Some(found) => {
                    imported.changed += 1;
                    let version = i64::try_from(found.record_version);
                    let version = version.ok().filter(|version| *version < i64::MAX);
                    (found.id.0, version.ok_or(Unavailable::Damaged)?)
                }
            };
            rows.push(Row::seal(&self.division.cipher, id, replaces, entry));
        }
        Ok(Staged { rows, imported })
    }
}

impl Session {
    /// Writes what was staged.
    async fn take_over(&mut self, staged: Staged, now: i64) -> Result<Imported, Unavailable> {
        for row in staged.rows {
            if row.replaces == 0 {
                self.insert_person(&row).await?;
            } else {
                self.update_person(&row).await?;
            }
            for (id, attributes) in row.doses {
                sqlx::query("INSERT INTO dose (id, person, attributes) VALUES (?, ?, ?)")
                    .bind(id)
                    .bind(row.id)
                    .bind(attributes)
                    .execute(&mut *self.transaction)
                    .await?;
            }
        }
        self.advance(&Operation::Imported(staged.imported), now)
            .await?;
        Ok(staged.imported)
    }

    async fn insert_person(&mut self, row: &Row) -> Result<(), Unavailable> {
        let sql = "INSERT INTO person (id, number_index, number, record_version, attributes) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(row.id)
            .bind(row.index.as_slice())
            .bind(row.number.as_slice())
            .bind(row.replaces + 1)
            .bind(row.attributes.as_slice())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    async fn update_person(&mut self, row: &Row) -> Result<(), Unavailable> {
        let sql = "UPDATE person SET record_version = ?, attributes = ? WHERE id = ? AND record_version = ?";
        let updated = sqlx::query(sql)
            .bind(row.replaces + 1)
            .bind(row.attributes.as_slice())
            .bind(row.id)
            .bind(row.replaces)
            .execute(&mut *self.transaction)
            .await?;
        if updated.rows_affected() != 1 {
            return Err(Unavailable::Damaged);
        }
        sqlx::query("DELETE FROM dose WHERE person = ?")
            .bind(row.id)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

/// A number belongs to its row for good, whatever the record version.
const fn number_place(row: i64) -> Place {
    person_place(row, 0)
}

const fn dose_place(row: i64, person: i64) -> Place {
    Place {
        table: "dose",
        row,
        bound_to: person,
    }
}
