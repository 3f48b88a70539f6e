//! VRS's revocations, fetched piece by piece and turned into the revocation ids of each key.
//!
//! A municipality's list only ever grows. Each piece says how many entries of it are known, and their chain (a digest): a
//! list that got shorter or changed, an old copy put back and grown again too, does not fit and is not taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use issuance_api::{
    Array, KeyId, MunicipalityCode,
    registry::{RevocationPiece, Revocations, RevocationsRequest, Revoked},
};

use crate::{
    event::{Event, Events},
    public::Published,
    registry::Registry,
    signing::RidSecret,
};

/// A key's revocation ids; sorted, so that their order tells nothing.
pub type Rids = BTreeSet<Array<12>>;

/// Each key's.
pub type Lists = BTreeMap<KeyId, Rids>;

/// Pieces fetched in one go: then other work has its turn, and the rest is fetched the next time.
const PIECES: usize = 100;

/// What is known, and where it is published.
pub struct Fetching {
    known: Known,
    rids: Arc<RidSecret>,
    published: Arc<Published>,
}

#[derive(Default)]
struct Known {
    municipalities: BTreeMap<MunicipalityCode, List>,
    lists: Lists,
}

/// A municipality's list, as far as it is known.
#[derive(Clone)]
struct List {
    entries: u64,
    chain: Array<32>,
}

const NOTHING: List = List {
    entries: 0,
    chain: Revoked::CHAIN_START,
};

/// A piece that does not follow on what is known.
#[derive(Debug, PartialEq, Eq)]
struct Shrunk;

/// What a piece brought.
struct Brought {
    new: usize,
    missing: u64,
}

impl Fetching {
    /// Of everything, for the first time.
    #[must_use]
    pub fn new(rids: Arc<RidSecret>, published: Arc<Published>) -> Self {
        Self {
            known: Known::default(),
            rids,
            published,
        }
    }

    /// Fetches what is not known yet, and publishes once all of it is. A failure, or a list that lost entries, leaves what
    /// is published as it is.
    pub async fn poll(&mut self, registry: &impl Registry, events: &dyn Events) {
        let mut missing = 0;
        for _ in 0..PIECES {
            let Ok(fetched) = registry.revocations(&self.known.request()).await else {
                return events.note(Event::RevocationsUnavailable);
            };
            let Some(brought) = self.take(fetched).await else {
                return events.note(Event::RevocationsShrunk);
            };
            missing = brought.missing;
            if missing == 0 {
                return self.publish(events).await;
            }
            if brought.new == 0 {
                break;
            }
        }
        events.note(Event::RevocationsBehind { missing });
    }

    /// Thousands of ids are computed here: not on a thread that serves connections.
    async fn take(&mut self, fetched: Revocations) -> Option<Brought> {
        let (mut known, rids) = (std::mem::take(&mut self.known), Arc::clone(&self.rids));
        let taken = tokio::task::spawn_blocking(move || {
            let brought = known.take(fetched, &rids);
            (known, brought)
        });
        // Where that panicked, all of it is fetched anew.
        let (known, brought) = taken.await.ok()?;
        self.known = known;
        brought.ok()
    }

    async fn publish(&mut self, events: &dyn Events) {
        let count = self.known.lists.values().map(BTreeSet::len).sum();
        if self.published.entries() == Some(count) {
            return;
        }
        let before = self.standing();
        let (known, published) = (std::mem::take(&mut self.known), Arc::clone(&self.published));
        let publishing = tokio::task::spawn_blocking(move || {
            published.publish(&known.lists);
            known
        });
        let Ok(known) = publishing.await else {
            return;
        };
        self.known = known;
        let (listed, unpublished) = self.standing();
        if let Some(count) = listed.filter(|_| listed != before.0) {
            events.note(Event::RevocationsPublished { count });
        }
        if unpublished != before.1 {
            events.note(Event::RevocationsUnpublished { count: unpublished });
        }
    }

    /// Entries that anybody can fetch, where there is a list, and those that nobody can.
    fn standing(&self) -> (Option<usize>, usize) {
        let unpublished = self.published.unpublished();
        let entries = self.published.entries();
        (entries.map(|all| all - unpublished), unpublished)
    }
}

impl Known {
    fn request(&self) -> RevocationsRequest {
        let all = self.municipalities.iter();
        RevocationsRequest {
            known: all.map(|(code, list)| (*code, list.entries)).collect(),
        }
    }

    /// Takes all of it, or nothing.
    fn take(&mut self, fetched: Revocations, rids: &RidSecret) -> Result<Brought, Shrunk> {
        let mut heard = BTreeMap::new();
        let mut brought = Brought { new: 0, missing: 0 };
        for piece in &fetched.lists {
            let list = self.follow(piece)?;
            brought.new += piece.revoked.len();
            brought.missing += piece.entries - list.entries;
            if heard.insert(piece.municipality, list).is_some() {
                return Err(Shrunk);
            }
        }
        if !self
            .municipalities
            .keys()
            .all(|code| heard.contains_key(code))
        {
            return Err(Shrunk);
        }
        self.municipalities = heard;
        for revoked in fetched.lists.into_iter().flat_map(|piece| piece.revoked) {
            let rid = rids.rid(&revoked.kid, &revoked.certificate_id);
            self.lists.entry(revoked.kid).or_default().insert(rid);
        }
        Ok(brought)
    }

    /// The list with this piece, if it follows.
    fn follow(&self, piece: &RevocationPiece) -> Result<List, Shrunk> {
        let known = self.municipalities.get(&piece.municipality);
        let known = known.unwrap_or(&NOTHING);
        if piece.after != known.entries || piece.chain != known.chain {
            return Err(Shrunk);
        }
        let mut list = known.clone();
        for revoked in &piece.revoked {
            list.entries += 1;
            list.chain = revoked.chain(&list.chain);
        }
        if list.entries > piece.entries {
            return Err(Shrunk);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests;
