//! The list of what no longer holds.
//!
//! ```text
//! listed = number of entries, and the chain up to and with the last: sealed in the sentinel, changed with each entry in the same transaction
//! ```
//! The chain has no key, so anybody has one for a shorter list: that it is this list is what the sentinel states. And who is on it is void in the
//! register, and nobody else: so a state that says of a void one that it holds does not go unnoticed.

use issuance_api::{Array, registry::Revoked};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{AT_ONCE, hex, lines};
use crate::storage::Unavailable;

/// How long the list is, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::storage) struct Listed {
    pub(in crate::storage) entries: u64,
    pub(in crate::storage) chain: Array<32>,
}

impl Listed {
    pub(in crate::storage) const NOTHING: Self = Self {
        entries: 0,
        chain: Revoked::CHAIN_START,
    };

    /// The list with one more.
    pub(in crate::storage) fn with(&self, revoked: &Revoked) -> Self {
        Self {
            entries: self.entries + 1,
            chain: revoked.chain(&self.chain),
        }
    }
}

/// The next entries, a line each: how many, the last one's place, of how many the register says that they hold.
pub(in crate::storage) const ENTRIES: &str = "SELECT count(*), max(sequence), total(state NOT IN ('lapsed', 'revoked')), \
    group_concat(sequence || '.' || certificate_id || '.' || kid || '.' || hex(chain), char(10)) \
    FROM (SELECT sequence, certificate_id, kid, state, chain FROM revocation NOT INDEXED \
        CROSS JOIN certificate NOT INDEXED ON certificate.id = revocation.certificate \
        WHERE sequence > ? ORDER BY sequence LIMIT ?)";
/// How many are void, whatever an index says.
const VOID: &str =
    "SELECT count(*) FROM certificate NOT INDEXED WHERE state IN ('lapsed', 'revoked')";

/// The list as it stands; nothing where it contradicts itself or the register.
pub(in crate::storage) async fn taken(
    connection: &mut SqliteConnection,
) -> Result<Option<Listed>, Unavailable> {
    let mut found = Listed::NOTHING;
    let mut last = Some(i64::MIN);
    while let Some(after) = last {
        let piece = sqlx::query_as(ENTRIES).bind(after).bind(AT_ONCE);
        let Some((sequence, text)) = lines(piece.fetch_one(&mut *connection).await?) else {
            return Ok(None);
        };
        for line in text.lines() {
            match entry(&found, line) {
                Some(listed) => found = listed,
                None => return Ok(None),
            }
        }
        last = sequence;
    }
    let void: i64 = sqlx::query_scalar(VOID).fetch_one(connection).await?;
    Ok((u64::try_from(void) == Ok(found.entries)).then_some(found))
}

/// The list before, with the entry of a line if that comes next.
fn entry(before: &Listed, line: &str) -> Option<Listed> {
    let mut parts = line.split('.');
    let (sequence, id, kid, chain) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let listed = before.with(&Revoked {
        certificate_id: id.parse().ok()?,
        kid: kid.parse().ok()?,
    });
    let mut own = String::new();
    hex(&mut own, listed.chain.as_bytes());
    (sequence.parse() == Ok(listed.entries) && chain == own && parts.next().is_none())
        .then_some(listed)
}
