//! Persons and their doses.

use card::number::IndividualNumber;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    Operation, Session, Unavailable,
    cipher::{Identity, Place},
    session::{PersonRow, person_place},
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
    /// In order of date.
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

pub(super) const DOSES: &str = "SELECT id, attributes FROM dose WHERE person = ? ORDER BY id";

impl Session {
    /// The person with this number, if registered here.
    ///
    /// # Errors
    /// [`Unavailable`], also if a row does not open or a dose is missing.
    pub async fn person(
        &mut self,
        number: &IndividualNumber,
    ) -> Result<Option<Found>, Unavailable> {
        let Some(row) = self.find(&Identity::Number(number.expose())).await? else {
            return Ok(None);
        };
        self.open_person(row, number).await.map(Some)
    }

    /// Takes over what a file states: each person in it with all doses, and nobody else.
    ///
    /// # Errors
    /// [`Unavailable`]; then nothing must be committed.
    pub async fn import(&mut self, entries: &[Entry], now: i64) -> Result<Imported, Unavailable> {
        let mut imported = Imported::default();
        for entry in entries {
            match self.person(&entry.number).await? {
                None => {
                    let id = self.next_id().await?;
                    self.insert_person(id, entry).await?;
                    imported.added += 1;
                }
                Some(found) if found.person == entry.person && found.doses == entry.doses => {
                    imported.unchanged += 1;
                }
                Some(found) => {
                    self.update_person(&found, entry).await?;
                    imported.changed += 1;
                }
            }
        }
        self.advance().await?;
        self.log(&Operation::Imported(imported), now).await?;
        Ok(imported)
    }

    async fn open_person(
        &mut self,
        row: PersonRow,
        number: &IndividualNumber,
    ) -> Result<Found, Unavailable> {
        let place = person_place(row.id, row.record_version);
        let cipher = &self.division.cipher;
        // The index led here; the row must say the same of itself.
        let stated = cipher.open_number(number_place(row.id), &row.number)?;
        if !bool::from(stated.as_slice().ct_eq(number.expose().as_bytes())) {
            return Err(Unavailable::Damaged);
        }
        let sealed: Sealed = cipher.open(place, &row.attributes)?;
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(DOSES)
            .bind(row.id)
            .fetch_all(&mut *self.transaction)
            .await?;
        let doses = rows
            .iter()
            .map(|(id, attributes)| Ok(cipher.open(dose_place(*id, row.id), attributes)?))
            .collect::<Result<Vec<Dose>, Unavailable>>()?;
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

    async fn insert_person(&mut self, id: i64, entry: &Entry) -> Result<(), Unavailable> {
        const FIRST_VERSION: i64 = 1;
        let cipher = &self.division.cipher;
        let sql = "INSERT INTO person (id, number_index, number, record_version, attributes) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(id)
            .bind(
                cipher
                    .index(&Identity::Number(entry.number.expose()))
                    .to_vec(),
            )
            .bind(cipher.seal_number(number_place(id), entry.number.expose()))
            .bind(FIRST_VERSION)
            .bind(cipher.seal(person_place(id, FIRST_VERSION), &sealed(entry)))
            .execute(&mut *self.transaction)
            .await?;
        self.insert_doses(id, &entry.doses).await
    }

    async fn update_person(&mut self, found: &Found, entry: &Entry) -> Result<(), Unavailable> {
        let PersonNumber(id) = found.id;
        let version = found
            .record_version
            .checked_add(1)
            .and_then(|version| i64::try_from(version).ok())
            .ok_or(Unavailable::Damaged)?;
        let attributes = self
            .division
            .cipher
            .seal(person_place(id, version), &sealed(entry));
        sqlx::query("UPDATE person SET record_version = ?, attributes = ? WHERE id = ?")
            .bind(version)
            .bind(attributes)
            .bind(id)
            .execute(&mut *self.transaction)
            .await?;
        sqlx::query("DELETE FROM dose WHERE person = ?")
            .bind(id)
            .execute(&mut *self.transaction)
            .await?;
        self.insert_doses(id, &entry.doses).await
    }

    async fn insert_doses(&mut self, person: i64, doses: &[Dose]) -> Result<(), Unavailable> {
        for dose in doses {
            let id = self.next_id().await?;
            sqlx::query("INSERT INTO dose (id, person, attributes) VALUES (?, ?, ?)")
                .bind(id)
                .bind(person)
                .bind(self.division.cipher.seal(dose_place(id, person), dose))
                .execute(&mut *self.transaction)
                .await?;
        }
        Ok(())
    }
}

fn sealed(entry: &Entry) -> Sealed {
    Sealed {
        person: entry.person.clone(),
        doses: entry.doses.len(),
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
