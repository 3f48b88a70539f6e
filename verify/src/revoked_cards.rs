use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// An issuer's list of revoked cards of one key, `{issuer}/.well-known/crl/{kid}.json`. It says nothing of who holds them.
#[derive(Clone)]
pub struct RevokedCards {
    kid: String,
    ctr: u64,
    /// With the time before which a card has to be signed to be revoked, in seconds since 1970.
    rids: BTreeMap<String, Option<i64>>,
}

impl fmt::Debug for RevokedCards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevokedCards")
            .field("kid", &self.kid)
            .field("ctr", &self.ctr)
            .field("rids", &self.rids.len())
            .finish()
    }
}

/// Why a document is no such list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevokedCardsError {
    /// Not JSON of the right form.
    #[error("not a list of revoked cards")]
    Form,
    /// Another method than `rid`.
    #[error("its method is not rid")]
    Method,
    /// A revocation id that is not up to 24 characters of base64url, with or without a time.
    #[error("a revocation id is malformed")]
    Rid,
}

#[derive(Deserialize)]
struct Document {
    kid: String,
    method: String,
    ctr: u64,
    rids: Vec<String>,
}

impl RevokedCards {
    /// Reads a list.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(json: &str) -> Result<Self, RevokedCardsError> {
        let document: Document = serde_json::from_str(json).map_err(|_| RevokedCardsError::Form)?;
        if document.method != "rid" {
            return Err(RevokedCardsError::Method);
        }
        let mut rids = BTreeMap::new();
        for entry in document.rids {
            let (rid, before) = entry
                .split_once('.')
                .map_or((entry.as_str(), None), |(rid, time)| (rid, Some(time)));
            let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if rid.is_empty() || rid.len() > 24 || !rid.bytes().all(base64url) {
                return Err(RevokedCardsError::Rid);
            }
            let before: Option<i64> = before
                .map(str::parse)
                .transpose()
                .map_err(|_| RevokedCardsError::Rid)?;
            // Twice on it: the wider one counts.
            let wider = match rids.get(rid) {
                Some(None) => None,
                Some(Some(known)) => before.map(|time| time.max(*known)),
                None => before,
            };
            rids.insert(rid.to_owned(), wider);
        }
        Ok(Self {
            kid: document.kid,
            ctr: document.ctr,
            rids,
        })
    }

    /// Whether a card of this revocation id, signed at this second, is on it.
    pub(crate) fn has(&self, rid: &str, signed: i64) -> bool {
        let entry = self.rids.get(rid);
        entry.is_some_and(|before| before.is_none_or(|before| signed < before))
    }

    /// The key whose cards it is about.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its number, which grows with each change.
    #[must_use]
    pub const fn ctr(&self) -> u64 {
        self.ctr
    }

    /// How many are on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rids.len()
    }

    /// Whether none is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rids.is_empty()
    }
}
