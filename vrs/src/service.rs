//! What VRS answers to a center, apart from any transport.
//!
//! Records are released only against proof: the evidence is verified here again under VRS's own nonce, and every later step
//! carries the session key's signature over the resident's own words. The center that asks comes from its certificate.

mod abroad;
mod steps;

pub use steps::MAX_REVOCATIONS;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use card::{
    evidence::{Binding, EvidenceError, SurfaceError},
    number::IndividualNumber,
    trust::{RefusedSigners, TrustStore},
};
use issuance_api::{CenterId, MunicipalityCode, ProblemCode, VrsId};

use crate::{
    asked::Asked,
    clock::{Clock, Steady},
    divisions::Divisions,
    event::{Event, Events},
    nonce::{Nonces, milliseconds},
    statement::StatementKey,
    storage::{Found, Session, Term, Unavailable},
    ticket::Tickets,
};

/// From one look through all persons of a municipality to the next, where nobody else has written.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// How long things hold. Each may be shortened, none lengthened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// From nonce to evidence.
    pub evidence: Duration,
    /// A ticket.
    pub ticket: Duration,
    /// From `reserved` to `delivered`.
    pub reservation: Duration,
}

impl Lifetimes {
    /// The longest allowed: 60 s, 600 s, 600 s.
    pub const MAX: Self = Self {
        evidence: Duration::from_secs(60),
        ticket: Duration::from_secs(600),
        reservation: Duration::from_secs(600),
    };
}

/// What the service is made of.
pub struct Parts {
    /// Its name in every context.
    pub id: VrsId,
    /// Centers that may ask.
    pub centers: Vec<CenterId>,
    /// Lifetimes.
    pub lifetimes: Lifetimes,
    /// Records.
    pub divisions: Divisions,
    /// Whose cards are believed.
    pub trust: TrustStore,
    /// Whether cards are believed that the surface AP does not bind.
    pub binding: Binding,
    /// Whose are not any more.
    pub refused: RefusedSigners,
    /// Signs findings and receipts.
    pub statement: StatementKey,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub events: Arc<dyn Events>,
}

/// The service.
pub struct Vrs {
    parts: Parts,
    nonces: Nonces,
    tickets: Tickets,
    asked: Asked,
    steady: Steady,
    /// What cannot be relied on just now, so that each change is noted once.
    down: Mutex<BTreeMap<MunicipalityCode, Unavailable>>,
    /// When all persons are to be looked through again, though nobody else has written.
    look_again: Mutex<BTreeMap<MunicipalityCode, Duration>>,
}

impl Vrs {
    /// With keys for nonces and tickets of its own.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Lifetimes {
            evidence,
            ticket,
            reservation,
        } = parts.lifetimes;
        Self {
            nonces: Nonces::new(evidence),
            tickets: Tickets::new(ticket + reservation),
            asked: Asked::default(),
            steady: Steady::start(&*parts.clock),
            down: Mutex::default(),
            look_again: Mutex::default(),
            parts,
        }
    }

    /// Whether this center may ask at all.
    #[must_use]
    pub fn admits(&self, center: &CenterId) -> bool {
        self.parts.centers.contains(center)
    }

    /// Whether each municipality's sentinel is found just now, and its persons and register were whole when they were last looked through.
    pub async fn health(&self) -> Vec<(MunicipalityCode, Result<(), Unavailable>)> {
        let mut health = Vec::new();
        for municipality in self.parts.divisions.municipalities() {
            let found = self.parts.divisions.health(municipality).await;
            health.push((municipality, found));
        }
        health
    }

    /// Ends all database connections.
    pub async fn close(&self) {
        self.parts.divisions.close().await;
    }

    /// What has to be done regularly: voids reservations that ran out, wipes keys and forgets applications that ended.
    pub async fn tidy(&self) {
        let uptime = self.parts.clock.uptime();
        self.tickets.rotate(uptime);
        if let Some(seconds) = self.steady.was_set(&*self.parts.clock) {
            self.parts.events.note(Event::clock_set(seconds));
        }
        let reservation = self.parts.lifetimes.reservation;
        self.asked
            .forget(milliseconds(uptime.saturating_sub(reservation)));
        // One a round, so that they do not come all at once, hour after hour.
        let again = self.next_to_look_at(uptime);
        for municipality in self.parts.divisions.municipalities() {
            let anew = again == Some(municipality);
            // What lapses does so whatever became of persons.
            let looked = self.parts.divisions.look(municipality, anew).await;
            let lapsed = self.lapse(municipality).await;
            // Where nothing can lapse since a list was altered, that it was altered is what to tell.
            match looked.and(lapsed) {
                Ok(_) => self.available(municipality),
                Err(cause) => {
                    self.unavailable(municipality, cause);
                }
            }
            if let Ok(count @ 1..) = lapsed {
                self.parts.events.note(Event::Lapsed {
                    municipality,
                    count,
                });
            }
        }
    }

    /// Whose hour is over. It begins with the first round.
    fn next_to_look_at(&self, uptime: Duration) -> Option<MunicipalityCode> {
        let mut look_again = self
            .look_again
            .lock()
            .expect("nothing panics while it holds this lock");
        for municipality in self.parts.divisions.municipalities() {
            let due = look_again
                .entry(municipality)
                .or_insert(uptime + LOOK_AGAIN);
            if *due <= uptime {
                *due = uptime + LOOK_AGAIN;
                return Some(municipality);
            }
        }
        None
    }

    /// Waits for other writers only where there is something to write, or where they were in the way just now.
    async fn lapse(&self, municipality: MunicipalityCode) -> Result<u64, Unavailable> {
        let mut reading = self.parts.divisions.read(municipality).await?;
        let was_busy = self.down().get(&municipality) == Some(&Unavailable::Busy);
        if !was_busy && !reading.is_late(self.term()).await? {
            return Ok(0);
        }
        drop(reading);
        let mut session = self.parts.divisions.begin(municipality).await?;
        let now = self.parts.clock.unix();
        let count = session.lapse(now, self.term()).await?;
        session.commit().await?;
        Ok(count)
    }

    async fn begin(&self, municipality: MunicipalityCode) -> Result<Session, ProblemCode> {
        self.holds(municipality)?;
        let session = self.parts.divisions.begin(municipality).await;
        session.map_err(|cause| self.unavailable(municipality, cause))
    }

    async fn begin_for(
        &self,
        municipality: MunicipalityCode,
        number: &IndividualNumber,
    ) -> Result<(Session, Option<Found>), ProblemCode> {
        self.holds(municipality)?;
        let session = self.parts.divisions.begin_for(municipality, number).await;
        session.map_err(|cause| self.unavailable(municipality, cause))
    }

    fn holds(&self, municipality: MunicipalityCode) -> Result<(), ProblemCode> {
        if self.parts.divisions.holds(municipality) {
            Ok(())
        } else {
            // Whether it takes part is the center's to say: here its records are missing.
            Err(ProblemCode::RecordsUnavailable)
        }
    }

    /// Of a reservation, as of now: asked in the transaction.
    fn term(&self) -> Term {
        let counted = self.steady.counted(&*self.parts.clock);
        Term {
            now: self.steady.after(counted),
            counted,
            limit: self.parts.lifetimes.reservation,
        }
    }

    /// Time since the start, for how long something took.
    pub(crate) fn uptime(&self) -> Duration {
        self.parts.clock.uptime()
    }

    /// A failure is a problem, never a finding; the cause is for the operator alone.
    fn unavailable(&self, municipality: MunicipalityCode, cause: Unavailable) -> ProblemCode {
        if self.down().insert(municipality, cause) != Some(cause) {
            self.parts.events.note(Event::RecordsUnavailable {
                municipality,
                cause,
            });
        }
        ProblemCode::RecordsUnavailable
    }

    fn available(&self, municipality: MunicipalityCode) {
        if self.down().remove(&municipality).is_some() {
            self.parts
                .events
                .note(Event::RecordsAvailable { municipality });
        }
    }

    fn down(&self) -> MutexGuard<'_, BTreeMap<MunicipalityCode, Unavailable>> {
        self.down
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

const fn evidence_problem(error: EvidenceError) -> ProblemCode {
    match error {
        EvidenceError::UnknownIssuer
        | EvidenceError::CertificateSignature
        | EvidenceError::SignerRole => ProblemCode::CardIssuerUnknown,
        EvidenceError::NumberDigest
        | EvidenceError::AttributesDigest
        | EvidenceError::IntegritySignature
        | EvidenceError::CardKeySignature
        | EvidenceError::CheckDigit => ProblemCode::CardDataAltered,
        EvidenceError::Challenge => ProblemCode::CardNotGenuine,
        EvidenceError::Surface(SurfaceError::Missing) => ProblemCode::CardBindingMissing,
        EvidenceError::Surface(_) => ProblemCode::CardBindingInvalid,
    }
}
