//! A transaction that has found the sentinel.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use issuance_api::MunicipalityCode;
use serde::{Deserialize, Serialize};
use sqlx::{
    FromRow, Row as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Division, Operation, Unavailable,
    census::{
        self, Census, Moment, Tag, certificates,
        revocations::{self, Listed},
    },
    cipher::{Cipher, Identity, Place},
    high_water,
};

/// A new data epoch, and the operation that it stands for; after other statements, where there are any.
macro_rules! advance {
    ($($before:literal)?) => {
        concat!($($before, "; ",)? "UPDATE person SET attributes = ? WHERE id = ?; \
            INSERT INTO operation (at, event) VALUES (?, ?)")
    };
}
pub(super) use advance;

pub(super) const SENTINEL_ID: i64 = 1;
const SENTINEL_VERSION: i64 = 1;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentinel {
    municipality: MunicipalityCode,
    data_epoch: u64,
    census: Census,
    /// Of the register. A program from before stated none: [`Session::state_register`].
    #[serde(default)]
    certificates: Option<Census>,
    /// Of what no longer holds. The same.
    #[serde(default)]
    revocations: Option<Listed>,
}

/// What the sentinel states from now on, besides the new epoch.
pub(super) enum Stated<'a> {
    /// What it stated.
    AsBefore,
    /// One more certificate.
    Registered(&'a Tag),
    /// One more that no longer holds.
    Listed(Listed),
}

/// A person row as stored, with the rows of its doses: id and attributes.
pub(super) struct PersonRow {
    pub(super) id: i64,
    pub(super) number_index: Vec<u8>,
    pub(super) number: Vec<u8>,
    pub(super) record_version: i64,
    pub(super) attributes: Vec<u8>,
    pub(super) doses: Vec<(i64, Vec<u8>)>,
}

/// One row of [`FIND`]'s: a person with one dose, or with none.
struct Row {
    id: i64,
    number_index: Vec<u8>,
    number: Vec<u8>,
    record_version: i64,
    attributes: Vec<u8>,
    dose: Option<i64>,
    dose_attributes: Option<Vec<u8>>,
    /// [`Moment::version`].
    version: i64,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            number_index: row.try_get("number_index")?,
            number: row.try_get("number")?,
            record_version: row.try_get("record_version")?,
            attributes: row.try_get("attributes")?,
            dose: row.try_get("dose")?,
            dose_attributes: row.try_get("dose_attributes")?,
            version: row.try_get("version")?,
        })
    }
}

/// One moment of a municipality's records, in which its sentinel was found. Writers do not wait for it, nor it for them.
pub struct Reading {
    pub(super) division: Arc<Division>,
    pub(super) transaction: Transaction<'static, Sqlite>,
    sentinel: Sentinel,
    /// [`Moment::version`]: says something where one and the same connection is asked again.
    version: i64,
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
        (pool, statement): (&SqlitePool, &'static str),
        identity: &Identity<'_>,
    ) -> Result<(Self, Option<PersonRow>), Unavailable> {
        // Before the transaction: one that commits meanwhile must not make this moment look old.
        let mark = high_water::read(&division.high_water)?;
        let mut transaction = pool.begin_with(statement).await?;
        // Together: each statement is two changes of thread.
        let both = [&Identity::Sentinel, identity];
        let ([row, found], version) = find(&mut transaction, &division.cipher, both).await?;
        let row = row.ok_or(Unavailable::Sentinel)?;
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
        let reading = Self {
            division,
            transaction,
            sentinel,
            version,
        };
        Ok((reading, found))
    }

    /// Epoch of the municipality's data: grows with every import, every certificate registered or handed over and every
    /// entry of the revocation list.
    #[must_use]
    pub const fn data_epoch(&self) -> u64 {
        self.sentinel.data_epoch
    }

    pub(super) async fn find(
        &mut self,
        identity: &Identity<'_>,
    ) -> Result<Option<PersonRow>, Unavailable> {
        let ([found], _) = find(&mut self.transaction, &self.division.cipher, [identity]).await?;
        Ok(found)
    }

    /// What here is not as the sentinel states, if anything. Reads all rows of persons and of the register.
    pub(super) async fn wrong(&mut self) -> Result<Option<Unavailable>, Unavailable> {
        let cipher = &self.division.cipher;
        census::forget(&mut self.transaction).await?;
        if !census::agrees(&mut self.transaction, cipher, &self.sentinel.census).await? {
            return Ok(Some(Unavailable::Persons));
        }
        let found = certificates::taken(&mut self.transaction, cipher).await?;
        let is_whole = found.is_some() && found == self.sentinel.certificates;
        let found = revocations::taken(&mut self.transaction).await?;
        let is_whole = is_whole && found.is_some() && found == self.sentinel.revocations;
        Ok((!is_whole).then_some(Unavailable::Certificates))
    }

    /// Whether the sentinel states what is in the register, and what of it no longer holds.
    pub(super) const fn states_register(&self) -> bool {
        self.sentinel.certificates.is_some() && self.sentinel.revocations.is_some()
    }

    /// What the sentinel states of the list of what no longer holds.
    pub(super) fn listed(&self) -> Result<&Listed, Unavailable> {
        let listed = self.sentinel.revocations.as_ref();
        listed.ok_or(Unavailable::Certificates)
    }
}

impl Session {
    pub(super) async fn begin(
        division: Arc<Division>,
        turn: OwnedSemaphorePermit,
        identity: &Identity<'_>,
    ) -> Result<(Self, Option<PersonRow>), Unavailable> {
        // Immediate: what is read here cannot change before it is logged and committed.
        let writer = division.writer.clone();
        let (reading, found) =
            Reading::begin(division, (&writer, "BEGIN IMMEDIATE"), identity).await?;
        let session = Self {
            reading,
            advanced: false,
            _turn: turn,
        };
        Ok((session, found))
    }

    /// Which state of the database is before it: who is found in one that was looked through is whom the municipality stated last, and
    /// who is not found was never stated.
    pub(super) fn moment(&self) -> Moment {
        self.division.moment(self.version)
    }

    /// Looks through all persons and the register here, where that was not done.
    pub(super) async fn look(&mut self) -> Result<(), Unavailable> {
        let now = self.moment();
        if !self.division.has_looked_at(now) {
            let wrong = self.wrong().await?;
            self.division.looked(Some(now), wrong);
        }
        self.division.is_whole()
    }

    /// What the sentinel states of persons, to be changed with them: it lasts from the next epoch on.
    pub(super) fn census(&mut self) -> &mut Census {
        &mut self.reading.sentinel.census
    }

    /// States the register as it stands, in a database of a program that stated nothing of it. An old copy that states nothing is stale then.
    pub(super) async fn state_register(mut self) -> Result<(), Unavailable> {
        // Another may have been faster.
        if !self.states_register() {
            let Reading {
                division,
                transaction,
                ..
            } = &mut self.reading;
            let certificates = certificates::taken(transaction, &division.cipher).await?;
            let revocations = revocations::taken(transaction).await?;
            let (certificates, revocations) = certificates
                .zip(revocations)
                .ok_or(Unavailable::Certificates)?;
            let mut sentinel = self.next();
            // What was stated is not believed anew.
            sentinel.certificates.get_or_insert(certificates);
            sentinel.revocations.get_or_insert(revocations);
            sqlx::query("UPDATE person SET attributes = ? WHERE id = ?")
                .bind(self.seal(&sentinel))
                .bind(SENTINEL_ID)
                .execute(&mut *self.reading.transaction)
                .await?;
            self.reading.sentinel = sentinel;
            self.advanced = true;
        }
        self.commit().await
    }

    /// The sentinel of the next epoch: one later, once in a transaction.
    fn next(&self) -> Sentinel {
        Sentinel {
            data_epoch: self.sentinel.data_epoch + u64::from(!self.advanced),
            ..self.sentinel.clone()
        }
    }

    fn seal(&self, sentinel: &Sentinel) -> Vec<u8> {
        let place = person_place(SENTINEL_ID, SENTINEL_VERSION);
        self.division.cipher.seal(place, sentinel)
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
            sentinel,
            ..
        } = self.reading;
        transaction.commit().await?;
        // What was taken away meanwhile holds nothing of it.
        division.is_in_place()?;
        if self.advanced {
            high_water::raise(&division.high_water, sentinel.data_epoch)?;
        }
        Ok(())
    }

    /// Moves the data epoch on by one, once in a transaction, and appends to the operation log.
    pub(super) async fn advance(
        &mut self,
        operation: &Operation,
        now: i64,
    ) -> Result<(), Unavailable> {
        let query = sqlx::query(advance!());
        Ok(self
            .advance_by(query, Stated::AsBefore, operation, now)
            .await?)
    }

    /// The same by a query that ends with the statements of [`advance!`], to which all but their values are bound: together, since
    /// each query is two changes of thread. If it fails, what stands before the failure has been done, and the epoch stays, and what is `stated`.
    pub(super) async fn advance_by(
        &mut self,
        query: Query<'_, Sqlite, SqliteArguments>,
        stated: Stated<'_>,
        operation: &Operation,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        let mut sentinel = self.next();
        match (stated, &mut sentinel.certificates) {
            (Stated::Registered(tag), Some(census)) => census.add(tag),
            (Stated::Listed(listed), _) => sentinel.revocations = Some(listed),
            (Stated::AsBefore, _) | (Stated::Registered(_), None) => {}
        }
        query
            .bind(self.seal(&sentinel))
            .bind(SENTINEL_ID)
            .bind(now)
            .bind(operation.event())
            .execute(&mut *self.transaction)
            .await?;
        self.reading.sentinel = sentinel;
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

/// The one way to a person's row, the sentinel's too: those of two identities.
pub(super) const FIND: &str = "SELECT person.id, number_index, number, record_version, person.attributes, \
    dose.id AS dose, dose.attributes AS dose_attributes, (SELECT data_version FROM pragma_data_version) AS version \
    FROM person LEFT JOIN dose ON dose.person = person.id WHERE number_index IN (?1, ?2)";

/// The rows of one identity or two, and [`Moment::version`], if there is any row.
async fn find<const N: usize>(
    connection: &mut SqliteConnection,
    cipher: &Cipher,
    identities: [&Identity<'_>; N],
) -> Result<([Option<PersonRow>; N], i64), sqlx::Error> {
    let indices = identities.map(|identity| cipher.index(identity));
    let (Some(first), Some(last)) = (indices.first(), indices.last()) else {
        return Ok(([const { None }; N], 0));
    };
    let rows: Vec<Row> = sqlx::query_as(FIND)
        .bind(first.as_slice())
        .bind(last.as_slice())
        .fetch_all(connection)
        .await?;
    let mut persons: Vec<PersonRow> = Vec::with_capacity(N);
    let mut version = 0;
    for row in rows {
        version = row.version;
        let known = persons.iter().position(|person| person.id == row.id);
        let at = known.unwrap_or_else(|| {
            persons.push(PersonRow {
                id: row.id,
                number_index: row.number_index,
                number: row.number,
                record_version: row.record_version,
                attributes: row.attributes,
                doses: Vec::new(),
            });
            persons.len() - 1
        });
        persons[at].doses.extend(row.dose.zip(row.dose_attributes));
    }
    let found = indices.map(|index| {
        let at = persons
            .iter()
            .position(|person| person.number_index == index);
        at.map(|at| persons.swap_remove(at))
    });
    Ok((found, version))
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
        census: Census::EMPTY,
        certificates: Some(Census::EMPTY),
        revocations: Some(Listed::NOTHING),
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
        census::{ENTRIES, ROWS, certificates, revocations},
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
                &[
                    "SEARCH person USING INDEX sqlite_autoindex_person_1 (number_index=?)",
                    "SEARCH dose USING INDEX dose_by_person (person=?) LEFT-JOIN",
                    "SCALAR SUBQUERY 1",
                    "SCAN pragma_data_version VIRTUAL TABLE INDEX 0:",
                ][..],
            ),
            (
                CERTIFICATE,
                &[
                    "SEARCH certificate USING INDEX sqlite_autoindex_certificate_1 (certificate_id=?)",
                ],
            ),
            (
                OF_PERSON,
                &["SEARCH certificate USING INDEX certificate_by_person (person=?)"],
            ),
            (
                LATE,
                &[
                    "COMPOUND QUERY",
                    "LEFT-MOST SUBQUERY",
                    "SEARCH certificate USING COVERING INDEX certificate_reserved (reserved_at<?)",
                    "CORRELATED SCALAR SUBQUERY 3",
                    "SEARCH revocation USING COVERING INDEX sqlite_autoindex_revocation_1 (certificate=?)",
                    "UNION ALL",
                    "SEARCH certificate USING COVERING INDEX certificate_reserved (reserved_at>?)",
                    "CORRELATED SCALAR SUBQUERY 3",
                    "SEARCH revocation USING COVERING INDEX sqlite_autoindex_revocation_1 (certificate=?)",
                ],
            ),
            // And nothing but the index says what the index has.
            (
                ENTRIES,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH person USING COVERING INDEX sqlite_autoindex_person_1 (number_index>?)",
                    "SCAN (subquery-1)",
                ],
            ),
            (
                ROWS,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH person USING INTEGER PRIMARY KEY (rowid>?)",
                    "SCAN (subquery-1)",
                ],
            ),
            (
                certificates::ROWS,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH certificate USING INTEGER PRIMARY KEY (rowid>?)",
                    "SCAN (subquery-1)",
                ],
            ),
            (
                certificates::BY_NAME,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH certificate USING COVERING INDEX sqlite_autoindex_certificate_1 (certificate_id>?)",
                    "SCAN (subquery-1)",
                ],
            ),
            (
                certificates::BY_PERSON,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH certificate USING COVERING INDEX certificate_by_person (person>?)",
                    "SCAN (subquery-1)",
                ],
            ),
            (
                certificates::RESERVED,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH certificate USING COVERING INDEX certificate_reserved (reserved_at>?)",
                    "SCAN (subquery-1)",
                ],
            ),
            (
                revocations::ENTRIES,
                &[
                    "CO-ROUTINE (subquery-1)",
                    "SEARCH revocation USING INTEGER PRIMARY KEY (rowid>?)",
                    "SEARCH certificate USING INTEGER PRIMARY KEY (rowid=?)",
                    "SCAN (subquery-1)",
                ],
            ),
        ] {
            let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&division.readers)
                .await
                .unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert_eq!(steps, plan);
        }
    }
}
