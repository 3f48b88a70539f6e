//! What each application did: which municipalities it asked, three at most, and what it had registered, once each. Kept as
//! long as its ticket is of any use, for the hand-over too; in memory, since no ticket outlives the process.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use issuance_api::{
    CertificateId, CertificateKind, MunicipalityCode, ProgrammeId, registry::Registration,
};

use crate::ticket::Claims;

/// Municipalities a ticket may be used for.
pub const MAX_MUNICIPALITIES: usize = 3;

/// A fourth municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// What one application did, and when its ticket ends.
struct Application {
    expiry: u64,
    asked: BTreeSet<MunicipalityCode>,
    registered: BTreeMap<Subject, CertificateId>,
}

/// What a certificate is about: an application gets one of it.
type Subject = (ProgrammeId, MunicipalityCode, CertificateKind);

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
                    registered: BTreeMap::new(),
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

    /// Whether this is the application's one certificate of what it is about, now or from the same request before.
    #[must_use]
    pub fn is_only(&self, claims: &Claims, certificate: &Registration) -> bool {
        let subject = (
            certificate.programme.clone(),
            certificate.municipality,
            certificate.kind,
        );
        let id = certificate.certificate_id;
        self.lock()
            .get_mut(claims.application.as_bytes())
            .is_some_and(|it| *it.registered.entry(subject).or_insert(id) == id)
    }

    /// Forgets applications whose tickets ended before this time of uptime, in milliseconds.
    pub fn forget(&self, before: u64) {
        self.lock()
            .retain(|_, application| application.expiry >= before);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 16], Application>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}
