//! A transaction that has found the sentinel.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use issuance_api::MunicipalityCode;
use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Division, Operation, Unavailable,
    cipher::{Cipher, Identity, Place},
    high_water,
};

const SENTINEL_ID: i64 = 1;
const SENTINEL_VERSION: i64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentinel {
    municipality: MunicipalityCode,
    data_epoch: u64,
}

/// A person row as stored.
#[derive(sqlx::FromRow)]
pub(super) struct PersonRow {
    pub(super) id: i64,
    pub(super) number: Vec<u8>,
    pub(super) record_version: i64,
    pub(super) attributes: Vec<u8>,
}

/// One moment of a municipality's records, in which its sentinel was found. Writers do not wait for it, nor it for them.
pub struct Reading {
    pub(super) division: Arc<Division>,
    pub(super) transaction: Transaction<'static, Sqlite>,
    epoch: u64,
}

/// A transaction on one municipality's records, in which its sentinel was found: the only one that writes. Dropped without
/// [`commit`](Session::commit), it changes nothing.
pub struct Session {
    reading: Reading,
    advanced: bool,
    /// The next one's turn.
    _turn: OwnedSemaphorePermit,
}

impl Deref for Session {
    type Target = Reading;

    fn deref(&self) -> &Reading {
        &self.reading
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Reading {
        &mut self.reading
    }
}

impl Reading {
    pub(super) async fn begin(
        division: Arc<Division>,
        statement: &'static str,
    ) -> Result<Self, Unavailable> {
        // Before the transaction: one that commits meanwhile must not make this moment look old.
        let mark = high_water::read(&division.high_water)?;
        let mut transaction = division.pool.begin_with(statement).await?;
        let row = find(&mut transaction, &division.cipher, &Identity::Sentinel)
            .await?
            .ok_or(Unavailable::Sentinel)?;
        let sentinel: Sentinel = division
            .cipher
            .open(person_place(row.id, row.record_version), &row.attributes)
            .map_err(|_| Unavailable::Sentinel)?;
        if sentinel.municipality != division.municipality {
            return Err(Unavailable::Sentinel);
        }
        // The mark is raised after each commit, so it is never ahead of a database that is whole.
        if sentinel.data_epoch < mark {
            return Err(Unavailable::Stale);
        }
        Ok(Self {
            division,
            transaction,
            epoch: sentinel.data_epoch,
        })
    }

    /// Epoch of the municipality's data: grows with every import, every certificate registered or handed over and every
    /// entry of the revocation list.
    #[must_use]
    pub const fn data_epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) async fn find(
        &mut self,
        identity: &Identity<'_>,
    ) -> Result<Option<PersonRow>, Unavailable> {
        Ok(find(&mut self.transaction, &self.division.cipher, identity).await?)
    }
}

impl Session {
    pub(super) async fn begin(
        division: Arc<Division>,
        turn: OwnedSemaphorePermit,
    ) -> Result<Self, Unavailable> {
        Ok(Self {
            // Immediate: what is read here cannot change before it is logged and committed.
            reading: Reading::begin(division, "BEGIN IMMEDIATE").await?,
            advanced: false,
            _turn: turn,
        })
    }

    /// Appends to the operation log.
    ///
    /// # Errors
    /// [`Unavailable`]: what cannot be logged must not be done.
    pub async fn log(&mut self, operation: &Operation, now: i64) -> Result<(), Unavailable> {
        Ok(operation.append(&mut self.reading.transaction, now).await?)
    }

    /// Makes it all last.
    ///
    /// # Errors
    /// [`Unavailable`]; then nothing has changed, or (`HighWater`, `Replaced`) all has.
    pub async fn commit(self) -> Result<(), Unavailable> {
        let Reading {
            division,
            transaction,
            epoch,
        } = self.reading;
        transaction.commit().await?;
        // What was taken away meanwhile holds nothing of it.
        division.is_in_place()?;
        if self.advanced {
            high_water::raise(&division.high_water, epoch)?;
        }
        Ok(())
    }

    /// Moves the data epoch on by one, once in a transaction.
    pub(super) async fn advance(&mut self) -> Result<(), Unavailable> {
        if self.advanced {
            return Ok(());
        }
        let sentinel = Sentinel {
            municipality: self.division.municipality,
            data_epoch: self.epoch + 1,
        };
        let place = person_place(SENTINEL_ID, SENTINEL_VERSION);
        let attributes = self.division.cipher.seal(place, &sentinel);
        sqlx::query("UPDATE person SET attributes = ? WHERE id = ?")
            .bind(attributes)
            .bind(SENTINEL_ID)
            .execute(&mut *self.transaction)
            .await?;
        self.reading.epoch += 1;
        self.advanced = true;
        Ok(())
    }
}

/// A row id. Random: nobody is known by their place in a file once imported, and none of 63 bits comes up twice, so no
/// sealed row can be put back in another's place. A repetition would be refused as the row's key.
pub(super) fn random_id() -> i64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    i64::from_be_bytes(bytes) & i64::MAX
}

/// The one way to a person's row, the sentinel's too.
pub(super) const FIND: &str =
    "SELECT id, number, record_version, attributes FROM person WHERE number_index = ?";

async fn find(
    connection: &mut SqliteConnection,
    cipher: &Cipher,
    identity: &Identity<'_>,
) -> Result<Option<PersonRow>, sqlx::Error> {
    sqlx::query_as(FIND)
        .bind(cipher.index(identity).as_slice())
        .fetch_optional(connection)
        .await
}

pub(super) const fn person_place(row: i64, record_version: i64) -> Place {
    Place {
        table: "person",
        row,
        bound_to: record_version,
    }
}

pub(super) async fn insert_sentinel(
    connection: &mut SqliteConnection,
    cipher: &Cipher,
    municipality: MunicipalityCode,
) -> Result<(), sqlx::Error> {
    let place = person_place(SENTINEL_ID, SENTINEL_VERSION);
    let sentinel = Sentinel {
        municipality,
        data_epoch: 0,
    };
    let sql = "INSERT INTO person (id, number_index, number, record_version, attributes) VALUES (?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(SENTINEL_ID)
        .bind(cipher.index(&Identity::Sentinel).as_slice())
        .bind(cipher.seal_number(place, "sentinel"))
        .bind(SENTINEL_VERSION)
        .bind(cipher.seal(place, &sentinel))
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::storage::{
        Folders,
        persons::DOSES,
        register::{CERTIFICATE, LATE, OF_PERSON},
    };

    #[tokio::test]
    async fn a_lookup_goes_through_the_index_whatever_the_number_of_persons() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders {
            data: folder.path().to_owned(),
            keys: folder.path().to_owned(),
        };
        let code = "132217".parse().unwrap();
        Division::create(&folders, code, 0).await.unwrap();
        let division = Division::open(&folders, code).await.unwrap();
        for (sql, plan) in [
            (
                FIND,
                "SEARCH person USING INDEX sqlite_autoindex_person_1 (number_index=?)",
            ),
            (DOSES, "SEARCH dose USING INDEX dose_by_person (person=?)"),
            (
                CERTIFICATE,
                "SEARCH certificate USING INDEX sqlite_autoindex_certificate_1 (certificate_id=?)",
            ),
            (
                OF_PERSON,
                "SEARCH certificate USING INDEX certificate_by_person (person=?)",
            ),
            (
                LATE,
                "SEARCH certificate USING COVERING INDEX certificate_reserved (reserved_at<?)",
            ),
        ] {
            let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&division.pool)
                .await
                .unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert_eq!(steps, [plan]);
        }
    }
}
