//! The register of certificates, and the indices by which its rows are found.
//!
//! ```text
//! tag = HMAC-SHA-256(key("census"), id ‖ person ‖ reserved at ‖ certificate id . kid . first 13 bytes ‖ last 16 bytes of attributes), in hexadecimal digits
//! ```
//! That is what never changes of a row. Its state does, and is not in the census: but who is found as reserved is who says so, and who is void
//! is who is on the list of what no longer holds (`revocations`).

use sqlx::SqliteConnection;

use super::{AT_ONCE, Census, HEAD, NUMBER, Pairs, TAIL, Tag, hex, lines};
use crate::storage::{Unavailable, cipher::Cipher};

/// A row of the register, as far as it never changes.
pub(in crate::storage) struct Certificate<'a> {
    pub(in crate::storage) id: i64,
    pub(in crate::storage) person: i64,
    pub(in crate::storage) reserved_at: i64,
    pub(in crate::storage) certificate_id: &'a str,
    pub(in crate::storage) kid: &'a str,
    pub(in crate::storage) attributes: &'a [u8],
}

impl Certificate<'_> {
    /// What SQLite says of a row, said here.
    pub(in crate::storage) fn tag(&self, cipher: &Cipher) -> Tag {
        let Self {
            id,
            person,
            reserved_at,
            certificate_id,
            kid,
            attributes,
        } = self;
        let mut text = format!("{id:016X}{person:016X}{reserved_at:016X}");
        let head = &attributes[..HEAD.min(attributes.len())];
        let tail = &attributes[attributes.len().saturating_sub(TAIL)..];
        for (part, end) in [
            (certificate_id.as_bytes(), "."),
            (kid.as_bytes(), "."),
            (head, ""),
            (tail, ""),
        ] {
            hex(&mut text, part);
            text.push_str(end);
        }
        cipher.tag(text.as_bytes())
    }
}

/// The next rows as they stand, whatever an index says, a line each: how many, the last one's id, how many are too short, and whether each is
/// reserved, with the text of its tag.
pub(in crate::storage) const ROWS: &str = "SELECT count(*), max(id), total(length(attributes) < 29), \
    group_concat((state = 'reserved') || printf('%016X%016X%016X', id, person, reserved_at) \
        || hex(certificate_id) || '.' || hex(kid) || '.' \
        || hex(substr(attributes, 1, 13)) || hex(substr(attributes, -16)), char(10)) \
    FROM (SELECT id, person, reserved_at, certificate_id, kid, state, attributes FROM certificate NOT INDEXED \
        WHERE id > ? ORDER BY id LIMIT ?)";
/// The next entries of the index by which a certificate is found, whatever stands in the rows.
pub(in crate::storage) const BY_NAME: &str = "SELECT count(*), max(certificate_id), 0.0, \
    group_concat(hex(certificate_id) || printf('.%016X', id), char(10)) \
    FROM (SELECT id, certificate_id FROM certificate INDEXED BY sqlite_autoindex_certificate_1 \
        WHERE certificate_id > ? ORDER BY certificate_id LIMIT ?)";
/// Of the one by which a person's are.
pub(in crate::storage) const BY_PERSON: &str = "SELECT count(*), NULL, 0.0, \
    group_concat(printf('%016X%016X', person, id), char(10)) \
    FROM (SELECT id, person FROM certificate INDEXED BY certificate_by_person \
        WHERE (person, id) > (?, ?) ORDER BY person, id LIMIT ?)";
/// And of the one by which those are that may lapse.
pub(in crate::storage) const RESERVED: &str = "SELECT count(*), NULL, 0.0, \
    group_concat(printf('%016X%016X', reserved_at, id), char(10)) \
    FROM (SELECT id, reserved_at FROM certificate INDEXED BY certificate_reserved \
        WHERE state = 'reserved' AND (reserved_at, id) > (?, ?) ORDER BY reserved_at, id LIMIT ?)";

/// The census of the register as it stands; nothing where it and its indices contradict each other.
pub(in crate::storage) async fn taken(
    connection: &mut SqliteConnection,
    cipher: &Cipher,
) -> Result<Option<Census>, Unavailable> {
    let mut found = Census::EMPTY;
    let mut by_name = Pairs::default();
    let (mut by_person, mut reserved) = (by_name.none(), by_name.none());
    let mut last = Some(i64::MIN);
    while let Some(after) = last {
        let piece = sqlx::query_as(ROWS).bind(after).bind(AT_ONCE);
        let Some((id, text)) = lines(piece.fetch_one(&mut *connection).await?) else {
            return Ok(None);
        };
        for line in text.lines() {
            let (is_reserved, row) = line.split_at(1);
            let (id, rest) = row.split_at(NUMBER);
            let (person, rest) = rest.split_at(NUMBER);
            let (at, rest) = rest.split_at(NUMBER);
            let name = rest.split('.').next().unwrap_or_default();
            by_name.add(name.as_bytes(), id.as_bytes());
            by_person.add(person.as_bytes(), id.as_bytes());
            if is_reserved == "1" {
                reserved.add(at.as_bytes(), id.as_bytes());
            }
            found.add(&cipher.tag(row.as_bytes()));
        }
        last = id;
    }
    let is_whole = finds_names(connection, &by_name).await?
        && finds(connection, BY_PERSON, &by_person).await?
        && finds(connection, RESERVED, &reserved).await?;
    Ok(is_whole.then_some(found))
}

/// Whether each certificate is found by its id, and nothing else is.
async fn finds_names(connection: &mut SqliteConnection, rows: &Pairs) -> Result<bool, Unavailable> {
    let mut entries = rows.none();
    let mut last = Some(String::new());
    let mut before = String::new();
    while let Some(after) = last {
        let piece = sqlx::query_as(BY_NAME).bind(after).bind(AT_ONCE);
        let Some((name, text)) = lines(piece.fetch_one(&mut *connection).await?) else {
            return Ok(false);
        };
        for entry in text.lines() {
            let Some((name, id)) = entry.split_once('.') else {
                return Ok(false);
            };
            // Whoever looks for one of them relies on their order.
            if name <= before.as_str() {
                return Ok(false);
            }
            name.clone_into(&mut before);
            entries.add(name.as_bytes(), id.as_bytes());
        }
        last = name;
    }
    Ok(entries.are(rows))
}

/// The same of an index of numbers, each with the row's id.
async fn finds(
    connection: &mut SqliteConnection,
    sql: &'static str,
    rows: &Pairs,
) -> Result<bool, Unavailable> {
    let mut entries = rows.none();
    let mut before = (i64::MIN, i64::MIN);
    loop {
        let piece = sqlx::query_as(sql);
        let piece = piece.bind(before.0).bind(before.1).bind(AT_ONCE);
        let Some((_, text)) = lines::<i64>(piece.fetch_one(&mut *connection).await?) else {
            return Ok(false);
        };
        if text.is_empty() {
            return Ok(entries.are(rows));
        }
        for entry in text.lines() {
            let (number, id) = entry.split_at(NUMBER);
            let (Some(first), Some(second)) = (digits(number), digits(id)) else {
                return Ok(false);
            };
            if (first, second) <= before {
                return Ok(false);
            }
            before = (first, second);
            entries.add(number.as_bytes(), id.as_bytes());
        }
    }
}

fn digits(hexadecimal: &str) -> Option<i64> {
    let bits = u64::from_str_radix(hexadecimal, 16).ok()?;
    Some(bits.cast_signed())
}
