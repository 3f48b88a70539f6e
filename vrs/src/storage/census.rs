//! Who is registered, and what was issued: what the sentinel states of all persons and of the register of certificates, and what tables and
//! indices say when they are looked through.
//!
//! ```text
//! tag    = HMAC-SHA-256(key("census"), id ‖ record version ‖ index ‖ first 13 bytes ‖ last 16 bytes of attributes), in hexadecimal digits
//! census = number of persons, and all their tags with XOR: sealed in the sentinel, changed with them in the same transaction; another of certificates
//! ```
//! So neither a row that is gone nor an older one put back nor one that the index leaves out goes unnoticed, though each row opens by itself.
//! Nobody without the key can say which rows would come to the same. Of the attributes version, nonce and the cipher's tag are enough, for
//! nobody without the key finds others that open under them. A row's own number is not in its tag: it says the same for good.

pub(super) mod certificates;
pub(super) mod revocations;

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use issuance_api::Array;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{
    Unavailable,
    cipher::Cipher,
    session::{PersonRow, SENTINEL_ID},
};

/// What a row is to the census.
pub(super) type Tag = [u8; 32];

/// How many persons or certificates there are, and which rows are theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Census {
    // As it was called while there was one of persons alone.
    #[serde(alias = "persons")]
    number: u64,
    rows: Array<32>,
}

impl Census {
    pub(super) const EMPTY: Self = Self {
        number: 0,
        rows: Array::new([0; 32]),
    };

    /// One more.
    pub(super) fn add(&mut self, tag: &Tag) {
        self.number += 1;
        self.exchange(tag);
    }

    /// Another row for one of them.
    pub(super) fn replace(&mut self, before: &Tag, after: &Tag) {
        self.exchange(before);
        self.exchange(after);
    }

    /// Puts in what is not there, and takes out what is.
    fn exchange(&mut self, tag: &Tag) {
        let rows = self.rows.as_bytes();
        self.rows = Array::new(std::array::from_fn(|at| rows[at] ^ tag[at]));
    }
}

/// Which state of a database the connection that writes has before it: the same as long as nobody else commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The how manieth it is.
    pub(super) connection: u64,
    /// Its `data_version`.
    pub(super) version: i64,
}

/// When it was looked through, if that is known, and with what result.
#[derive(Clone, Copy)]
pub(super) struct Looked {
    pub(super) at: Option<Moment>,
    /// What was not as stated.
    pub(super) wrong: Option<Unavailable>,
}

impl PersonRow {
    pub(super) fn tag(&self, cipher: &Cipher) -> Tag {
        let Self {
            id,
            number_index,
            record_version,
            attributes,
            ..
        } = self;
        tag(cipher, *id, *record_version, number_index, attributes)
    }
}

/// What SQLite says of a row, said here.
pub(super) fn tag(
    cipher: &Cipher,
    id: i64,
    record_version: i64,
    index: &[u8],
    attributes: &[u8],
) -> Tag {
    let mut text = format!("{id:016X}{record_version:016X}");
    let head = &attributes[..HEAD.min(attributes.len())];
    let tail = &attributes[attributes.len().saturating_sub(TAIL)..];
    for part in [index, head, tail] {
        hex(&mut text, part);
    }
    cipher.tag(text.as_bytes())
}

/// As SQLite's `hex` writes bytes.
fn hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "{byte:02X}").expect("a string takes any text");
    }
}

/// So many rows or entries, and what is said of them.
type Piece<T> = (i64, Option<T>, f64, Option<String>);

/// The last one and the text of a piece, unless something in it is not of its form, or it is not of so many.
fn whole<T>(
    (count, last, strange, text): Piece<T>,
    are: impl Fn(&str, usize) -> bool,
) -> Option<(Option<T>, String)> {
    let text = text.unwrap_or_default();
    let is_theirs = usize::try_from(count).is_ok_and(|count| are(&text, count));
    (is_theirs && strange == 0.0 && text.is_ascii()).then_some((last, text))
}

/// Of so many bytes each.
fn parts<T>(piece: Piece<T>, length: usize) -> Option<(Option<T>, String)> {
    whole(piece, |text, count| text.len() == count * length)
}

/// A line each: what is NULL makes none.
fn lines<T>(piece: Piece<T>) -> Option<(Option<T>, String)> {
    whole(piece, |text, count| text.lines().count() == count)
}

/// Version and nonce of what is sealed.
const HEAD: usize = 13;
/// Its tag.
const TAIL: usize = 16;
/// Digits of an id, and of a record version.
const NUMBER: usize = 16;
/// Of an index.
const INDEX: usize = 64;
/// Of a row, all in all.
const ROW: usize = 2 * NUMBER + INDEX + 2 * (HEAD + TAIL);
/// Of an entry.
const ENTRY: usize = NUMBER + INDEX;

/// The next rows as they stand, whatever an index says: how many, the last one's id, how many are not of their form, and all of them one after the other.
/// As one text, since a row by itself takes as long as fifty so.
pub(super) const ROWS: &str = "SELECT count(*), max(id), \
    total(length(number_index) <> 32 OR length(attributes) < 29), \
    group_concat(printf('%016X%016X', id, record_version) || hex(number_index) \
        || hex(substr(attributes, 1, 13)) || hex(substr(attributes, -16)), '') \
    FROM (SELECT id, record_version, number_index, attributes FROM person NOT INDEXED \
        WHERE id > ? ORDER BY id LIMIT ?)";
/// The next entries of the index by which persons are found, whatever stands in the rows: the same of them, with the last one's index.
pub(super) const ENTRIES: &str = "SELECT count(*), max(number_index), total(length(number_index) <> 32), \
    group_concat(printf('%016X', id) || hex(number_index), '') \
    FROM (SELECT id, number_index FROM person INDEXED BY sqlite_autoindex_person_1 \
        WHERE number_index > ? ORDER BY number_index LIMIT ?)";
/// How many are read at once.
const AT_ONCE: i64 = 4096;

/// Lets all be read from the files: what the connection remembers of them it forgets.
pub(super) async fn forget(connection: &mut SqliteConnection) -> Result<(), Unavailable> {
    sqlx::query("PRAGMA shrink_memory")
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether persons and index are those of this census. Reads all of them.
pub(super) async fn agrees(
    connection: &mut SqliteConnection,
    cipher: &Cipher,
    stated: &Census,
) -> Result<bool, Unavailable> {
    let sentinel = format!("{SENTINEL_ID:016X}");
    let mut found = Census::EMPTY;
    let mut rows = Pairs::default();
    let mut last = Some(i64::MIN);
    while let Some(after) = last {
        let piece = sqlx::query_as(ROWS).bind(after).bind(AT_ONCE);
        let Some((id, text)) = parts(piece.fetch_one(&mut *connection).await?, ROW) else {
            return Ok(false);
        };
        for row in text.as_bytes().chunks_exact(ROW) {
            let (id, rest) = row.split_at(NUMBER);
            rows.add(id, &rest[NUMBER..ENTRY]);
            if id != sentinel.as_bytes() {
                found.add(&cipher.tag(row));
            }
        }
        last = id;
    }
    if found != *stated {
        return Ok(false);
    }
    let mut entries = rows.none();
    let mut last = Some(Vec::new());
    let mut before = [0; INDEX];
    while let Some(after) = last {
        let piece = sqlx::query_as(ENTRIES).bind(after).bind(AT_ONCE);
        let Some((index, text)) = parts(piece.fetch_one(&mut *connection).await?, ENTRY) else {
            return Ok(false);
        };
        for entry in text.as_bytes().chunks_exact(ENTRY) {
            let (id, index) = entry.split_at(NUMBER);
            // Whoever looks for one of them relies on their order.
            if index <= before.as_slice() {
                return Ok(false);
            }
            before.copy_from_slice(index);
            entries.add(id, index);
        }
        last = index;
    }
    Ok(entries.are(&rows))
}

/// Rows with their index, compared as a whole. The key is random, and gone with the comparison.
#[derive(Default)]
struct Pairs {
    hasher: RandomState,
    number: u64,
    sum: u64,
}

impl Pairs {
    /// Under the same key.
    fn none(&self) -> Self {
        Self {
            hasher: self.hasher.clone(),
            ..Self::default()
        }
    }

    /// Of the same key.
    fn are(&self, others: &Self) -> bool {
        (self.number, self.sum) == (others.number, others.sum)
    }

    fn add(&mut self, id: &[u8], index: &[u8]) {
        self.number += 1;
        self.sum ^= self.hasher.hash_one((id, index));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use card::number::IndividualNumber;
    use serde_json::{Value, json};
    use sqlx::Connection;

    use super::*;
    use crate::storage::{Division, Folders, Operation, session::person_place};

    async fn a_division(folder: &tempfile::TempDir) -> Arc<Division> {
        let code = "132217".parse().unwrap();
        let folders = folders(folder);
        Division::create(&folders, code, 0).await.unwrap();
        Division::open(&folders, code).await.unwrap()
    }

    fn folders(folder: &tempfile::TempDir) -> Folders {
        Folders {
            data: folder.path().to_owned(),
            keys: folder.path().to_owned(),
        }
    }

    /// The moment of the next transaction that writes.
    async fn now(division: &Arc<Division>) -> Moment {
        let number = IndividualNumber::from_eleven("00000000001").unwrap();
        let (session, _) = division.begin_for(&number).await.unwrap();
        let version = "SELECT data_version FROM pragma_data_version";
        drop(session);
        let mut writer = division.writer.acquire().await.unwrap();
        let version = sqlx::query_scalar(version).fetch_one(&mut *writer).await;
        division.moment(version.unwrap())
    }

    #[tokio::test]
    async fn what_this_process_commits_is_of_the_same_moment_and_what_others_do_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let division = a_division(&folder).await;
        let before = now(&division).await;
        assert!(division.has_looked_at(before));
        for _ in 0..3 {
            let mut session = division.begin().await.unwrap();
            session.log(&Operation::Created, 0).await.unwrap();
            session.commit().await.unwrap();
            drop(division.read().await.unwrap());
            assert_eq!(now(&division).await, before);
        }
        let own = division.writer.connect_options();
        let mut other = SqliteConnection::connect_with(&own).await.unwrap();
        let log = "INSERT INTO operation (at, event) VALUES (0, '')";
        sqlx::query(log).execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        let after = now(&division).await;
        assert_ne!(after, before);
        assert!(division.has_looked_at(after));
    }

    #[tokio::test]
    async fn another_connection_is_another_moment_whatever_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let division = a_division(&folder).await;
        let before = now(&division).await;
        let writer = division.writer.acquire().await.unwrap();
        drop(writer.detach());
        let after = now(&division).await;
        assert_ne!(after.connection, before.connection);
    }

    /// A sentinel as it was while it stated persons alone, and a certificate.
    #[tokio::test]
    async fn a_register_of_which_nothing_is_stated_is_stated_as_it_stands_once() {
        let folder = tempfile::tempdir().unwrap();
        let division = a_division(&folder).await;
        let before = division.read().await.unwrap().data_epoch();
        let rows = serde_json::to_value(Census::EMPTY.rows).unwrap();
        let sentinel = json!({
            "municipality": "132217", "data_epoch": before, "census": { "persons": 0, "rows": rows },
        });
        let sentinel = division
            .cipher
            .seal(person_place(SENTINEL_ID, 1), &sentinel);
        let row = "UPDATE person SET attributes = ? WHERE id = 1; \
            INSERT INTO certificate VALUES (7, 'id', 1, 'kid', 'reserved', 0, 0, zeroblob(29))";
        let row = sqlx::query(row).bind(sentinel).execute(&division.writer);
        row.await.unwrap();
        division.close().await;

        let folders = folders(&folder);
        let again = async || {
            Division::open(&folders, division.municipality)
                .await
                .unwrap()
        };
        for _ in 0..2 {
            let division = again().await;
            let epoch = division.read().await.unwrap().data_epoch();
            assert_eq!(epoch, before + 1, "a copy that states nothing is stale");
            assert_eq!(division.look(true).await, Ok(()));
            division.close().await;
        }
        let division = again().await;
        let gone = sqlx::query("DELETE FROM certificate").execute(&division.writer);
        gone.await.unwrap();
        let said = division.look(true).await;
        assert_eq!(said, Err(Unavailable::Certificates));
    }

    /// A sentinel as it was while it stated nothing of what no longer holds, and a certificate that it does not state.
    #[tokio::test]
    async fn a_list_of_which_nothing_is_stated_is_stated_once_and_nothing_else_anew() {
        let folder = tempfile::tempdir().unwrap();
        let division = a_division(&folder).await;
        let before = division.read().await.unwrap().data_epoch();
        let sentinel = "SELECT attributes FROM person WHERE id = 1";
        let sentinel: Vec<u8> = sqlx::query_scalar(sentinel)
            .fetch_one(&division.writer)
            .await
            .unwrap();
        let place = person_place(SENTINEL_ID, 1);
        let mut sentinel: Value = division.cipher.open(place, &sentinel).unwrap();
        let stated = sentinel.as_object_mut().unwrap().remove("revocations");
        assert!(stated.is_some());
        let row = "UPDATE person SET attributes = ? WHERE id = 1; \
            INSERT INTO certificate VALUES (7, 'id', 1, 'kid', 'reserved', 0, 0, zeroblob(29))";
        let sealed = division.cipher.seal(place, &sentinel);
        let row = sqlx::query(row).bind(sealed).execute(&division.writer);
        row.await.unwrap();
        division.close().await;
        let division = Division::open(&folders(&folder), division.municipality).await;
        let division = division.unwrap();
        let reading = division.read().await.unwrap();
        assert_eq!(reading.data_epoch(), before + 1);
        assert!(reading.states_register());
        drop(reading);
        let said = division.look(true).await;
        assert_eq!(said, Err(Unavailable::Certificates));
    }

    #[test]
    fn what_is_put_in_and_taken_out_again_leaves_nothing() {
        let (a, b) = ([1; 32], [2; 32]);
        let mut census = Census::EMPTY;
        census.add(&a);
        let alone = census.clone();
        census.replace(&a, &b);
        assert_ne!(census, alone);
        census.replace(&b, &a);
        assert_eq!(census, alone);
    }
}
