//! Which municipalities each application has asked: three at most, kept as long as its ticket holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use issuance_api::MunicipalityCode;

use crate::ticket::Claims;

/// Municipalities a ticket may be used for.
pub const MAX_MUNICIPALITIES: usize = 3;

/// A fourth municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// What one application asked, and when its ticket ends.
struct Application {
    expiry: u64,
    asked: BTreeSet<MunicipalityCode>,
}

/// Applications by their random id.
#[derive(Default)]
pub struct Asked(Mutex<BTreeMap<[u8; 16], Application>>);

impl Asked {
    /// Notes that this municipality is asked.
    ///
    /// # Errors
    /// [`TooMany`]; then it is not noted.
    pub fn ask(&self, claims: &Claims, municipality: MunicipalityCode) -> Result<(), TooMany> {
        let mut all = self.lock();
        let Application { asked, .. } =
            all.entry(*claims.application.as_bytes())
                .or_insert_with(|| Application {
                    expiry: claims.expiry,
                    asked: BTreeSet::new(),
                });
        if !asked.contains(&municipality) && asked.len() >= MAX_MUNICIPALITIES {
            return Err(TooMany);
        }
        asked.insert(municipality);
        Ok(())
    }

    /// Whether this application asked this municipality.
    #[must_use]
    pub fn has_asked(&self, claims: &Claims, municipality: MunicipalityCode) -> bool {
        self.lock()
            .get(claims.application.as_bytes())
            .is_some_and(|application| application.asked.contains(&municipality))
    }

    /// Forgets applications whose tickets have ended by this time of uptime, in milliseconds.
    pub fn forget(&self, now: u64) {
        self.lock()
            .retain(|_, application| application.expiry >= now);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 16], Application>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}
