//! What each application did: what it asked, of three municipalities at most, and what it had registered, once each; for abroad
//! also with which passports, as [`Claims::passport`] has them, so that whoever has this memory alone has nothing to guess at. Kept as
//! long as its ticket is of any use, for the hand-over too; in memory, since no ticket outlives the process.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use issuance_api::{
    Array, CertificateId, CertificateKind, MunicipalityCode, ProgrammeId, passport::PassportData,
    registry::Registration,
};

use crate::ticket::Claims;

/// Municipalities a ticket may be used for.
pub const MAX_MUNICIPALITIES: usize = 3;

/// A fourth municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// What an inquiry or a certificate is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Municipality.
    pub municipality: MunicipalityCode,
    /// Programme.
    pub programme: ProgrammeId,
    /// Kind.
    pub kind: CertificateKind,
}

impl From<&Registration> for Subject {
    fn from(certificate: &Registration) -> Self {
        Self {
            municipality: certificate.municipality,
            programme: certificate.programme.clone(),
            kind: certificate.kind,
        }
    }
}

/// What one application did, and when its ticket ends.
struct Application {
    expiry: u64,
    asked: BTreeSet<Subject>,
    /// What was released for abroad: subject, and [`Claims::passport`].
    passports: BTreeSet<(Subject, [u8; 32])>,
    registered: BTreeMap<Subject, CertificateId>,
    /// By the digest of the sealed state whose issue the resident signed: the center's own, so to VRS it says nothing of
    /// what is in it, and is good for one certificate.
    signed: BTreeMap<[u8; 32], CertificateId>,
}

/// Applications by their random id.
#[derive(Default)]
pub struct Asked(Mutex<BTreeMap<[u8; 16], Application>>);

impl Asked {
    /// Notes that this is asked.
    ///
    /// # Errors
    /// [`TooMany`]; then it is not noted.
    pub fn ask(&self, claims: &Claims, subject: Subject) -> Result<(), TooMany> {
        let mut all = self.lock();
        let Application { asked, .. } =
            all.entry(*claims.application.as_bytes())
                .or_insert_with(|| Application {
                    expiry: claims.expiry,
                    asked: BTreeSet::new(),
                    passports: BTreeSet::new(),
                    registered: BTreeMap::new(),
                    signed: BTreeMap::new(),
                });
        let municipalities: BTreeSet<_> = asked
            .iter()
            .chain([&subject])
            .map(|subject| subject.municipality)
            .collect();
        if municipalities.len() > MAX_MUNICIPALITIES {
            return Err(TooMany);
        }
        asked.insert(subject);
        Ok(())
    }

    /// Whether this application asked this: of this municipality, in this programme, for this kind.
    #[must_use]
    pub fn has_asked(&self, claims: &Claims, subject: &Subject) -> bool {
        self.lock()
            .get(claims.application.as_bytes())
            .is_some_and(|application| application.asked.contains(subject))
    }

    /// Notes that records were released to be certified with this passport.
    pub fn name(&self, claims: &Claims, subject: Subject, passport: &PassportData) {
        let named = (subject, claims.passport(passport));
        if let Some(application) = self.lock().get_mut(claims.application.as_bytes()) {
            application.passports.insert(named);
        }
    }

    /// Whether records were released to be certified with this passport, or, where none is named, whether none has to be.
    #[must_use]
    pub fn has_named(
        &self,
        claims: &Claims,
        subject: &Subject,
        passport: Option<&PassportData>,
    ) -> bool {
        let Some(passport) = passport else {
            return subject.kind == CertificateKind::Domestic;
        };
        let named = (subject.clone(), claims.passport(passport));
        self.lock()
            .get(claims.application.as_bytes())
            .is_some_and(|application| application.passports.contains(&named))
    }

    /// Whether this is the application's one certificate of what it is about, and the one certificate of this sealed
    /// state; now or from the same request before.
    #[must_use]
    pub fn is_only(&self, claims: &Claims, certificate: &Registration, state: &Array<32>) -> bool {
        let mut all = self.lock();
        let Some(application) = all.get_mut(claims.application.as_bytes()) else {
            return false;
        };
        let id = certificate.certificate_id;
        let subject = Subject::from(certificate);
        let of_subject = application.registered.get(&subject);
        let of_state = application.signed.get(state.as_bytes());
        if [of_subject, of_state]
            .into_iter()
            .flatten()
            .any(|it| *it != id)
        {
            return false;
        }
        application.registered.insert(subject, id);
        application.signed.insert(*state.as_bytes(), id);
        true
    }

    /// Whether this application had this certificate registered in this municipality under this sealed state.
    #[must_use]
    pub fn has_registered(
        &self,
        claims: &Claims,
        municipality: MunicipalityCode,
        id: CertificateId,
        state: &Array<32>,
    ) -> bool {
        let all = self.lock();
        let application = all.get(claims.application.as_bytes());
        application.is_some_and(|it| {
            let mut registered = it.registered.iter();
            it.signed.get(state.as_bytes()) == Some(&id)
                && registered.any(|(of, own)| of.municipality == municipality && *own == id)
        })
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
