//! Persons and their doses.

use std::{fs::File, sync::Arc};

use card::number::IndividualNumber;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    Division, Operation, Reading, Session, Unavailable,
    census::{Tag, tag},
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

/// A person's sealed attributes. Which doses are the person's is in it, so that one that went missing or is an older one is noticed: a row's id never
/// comes up twice.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<P> {
    person: P,
    doses: Vec<i64>,
}

/// What an import writes, ready to be written: parsed, compared and sealed before any transaction that others wait for.
struct Staged {
    rows: Vec<Row>,
    imported: Imported,
}

/// A person to write.
struct Row {
    id: i64,
    /// The row before; nothing for a person who is new.
    replaces: Option<Replaced>,
    index: Vec<u8>,
    number: Vec<u8>,
    record_version: i64,
    attributes: Vec<u8>,
    doses: Vec<(i64, Vec<u8>)>,
}

/// A row that another takes the place of.
#[derive(Clone, Copy)]
struct Replaced {
    id: i64,
    record_version: i64,
    tag: Tag,
}

impl Row {
    fn seal(cipher: &Cipher, replaces: Option<Replaced>, entry: &Entry) -> Self {
        let id = replaces.map_or_else(random_id, |row| row.id);
        let record_version = replaces.map_or(0, |row| row.record_version) + 1;
        let doses = entry.doses.iter().map(|dose| {
            let dose_id = random_id();
            (dose_id, cipher.seal(dose_place(dose_id, id), dose))
        });
        let doses: Vec<_> = doses.collect();
        let sealed = Sealed {
            person: &entry.person,
            doses: doses.iter().map(|(id, _)| *id).collect(),
        };
        let index = cipher.index(&Identity::Number(entry.number.expose()));
        Self {
            id,
            replaces,
            index: index.to_vec(),
            number: cipher.seal_number(number_place(id), entry.number.expose()),
            record_version,
            attributes: cipher.seal(person_place(id, record_version), &sealed),
            doses,
        }
    }

    fn tag(&self, cipher: &Cipher) -> Tag {
        tag(
            cipher,
            self.id,
            self.record_version,
            &self.index,
            &self.attributes,
        )
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
        self.look(true).await?;
        let staged = self.read().await?.stage(entries).await?;
        let mut session = self.begin().await?;
        // If anybody wrote meanwhile.
        session.look().await?;
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
        let mut sealed: Sealed<Person> = cipher.open(place, &row.attributes)?;
        let mut stored: Vec<i64> = row.doses.iter().map(|(id, _)| *id).collect();
        stored.sort_unstable();
        sealed.doses.sort_unstable();
        if stored != sealed.doses {
            return Err(Unavailable::Damaged);
        }
        let mut doses = row
            .doses
            .iter()
            .map(|(id, attributes)| Ok(cipher.open(dose_place(*id, row.id), attributes)?))
            .collect::<Result<Vec<Dose>, Unavailable>>()?;
        Dose::sort(&mut doses);
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
            let identity = Identity::Number(entry.number.expose());
            let replaces = match self.find(&identity).await? {
                None => {
                    imported.added += 1;
                    None
                }
                Some(row) => {
                    let replaced = Replaced {
                        id: row.id,
                        record_version: row.record_version,
                        tag: row.tag(&self.division.cipher),
                    };
                    let found = self.division.open_person(row, &entry.number)?;
                    if found.person == entry.person && found.doses == entry.doses {
                        imported.unchanged += 1;
                        continue;
                    }
                    if replaced.record_version == i64::MAX {
                        return Err(Unavailable::Damaged);
                    }
                    imported.changed += 1;
                    Some(replaced)
                }
            };
            rows.push(Row::seal(&self.division.cipher, replaces, entry));
        }
        Ok(Staged { rows, imported })
    }
}

impl Session {
    /// Writes what was staged.
    async fn take_over(&mut self, staged: Staged, now: i64) -> Result<Imported, Unavailable> {
        for row in staged.rows {
            let tag = row.tag(&self.division.cipher);
            match row.replaces {
                None => {
                    self.insert_person(&row).await?;
                    self.census().add(&tag);
                }
                Some(replaced) => {
                    self.update_person(&row, replaced).await?;
                    self.census().replace(&replaced.tag, &tag);
                }
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
            .bind(row.record_version)
            .bind(row.attributes.as_slice())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    async fn update_person(&mut self, row: &Row, replaced: Replaced) -> Result<(), Unavailable> {
        let sql = "UPDATE person SET record_version = ?, attributes = ? WHERE id = ? AND record_version = ?";
        let updated = sqlx::query(sql)
            .bind(row.record_version)
            .bind(row.attributes.as_slice())
            .bind(row.id)
            .bind(replaced.record_version)
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
