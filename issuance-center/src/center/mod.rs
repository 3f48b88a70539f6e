//! The steps of an application, apart from any transport (`docs/architecture.md`, "An application").
//!
//! | step | module | what it keeps |
//! |---|---|---|
//! | menu, challenge | [`challenge`] | the nonce, in the connection's state |
//! | evidence | [`evidence`] | nothing |
//! | inquiry | [`inquiry`] | nothing: the terminal gets the sealed state |
//! | issue, delivered | [`issue`] | nothing |

use std::{sync::Arc, time::Duration};

use card::{
    evidence::Binding,
    trust::{RefusedSigners, TrustStore},
};
use issuance_api::{
    Array, BuildId, CenterId, Problem, ProblemCode, TerminalRole, TerminalUrn, VrsId,
    terminal::{Localized, Menu, MenuRequest},
};
use issuance_channel::{request::RequestId, stack};

use crate::{
    certificate::{page::Typesetter, shc::Issuer},
    clock::{Clock, japan},
    event::Events,
    hours::OpeningHours,
    identifier::CertificateIds,
    metrics::Metrics,
    programme::Programmes,
    signing::{RidSecret, Signing},
    state::States,
    statement::StatementKey,
};

pub mod challenge;
pub mod evidence;
pub mod inquiry;
pub mod issue;

/// What a center is made of.
pub struct Parts<R> {
    /// Its name in every context.
    pub id: CenterId,
    /// The record system's.
    pub vrs: VrsId,
    /// Who signs, to verifiers.
    pub issuer: Issuer,
    /// What can be certified.
    pub programmes: Arc<Programmes>,
    /// Sets the pages.
    pub typesetter: Arc<Typesetter>,
    /// When applications are taken.
    pub hours: OpeningHours,
    /// Notices of the menu.
    pub notices: Vec<Localized>,
    /// Set while nothing can be applied for.
    pub maintenance: Option<Localized>,
    /// From challenge to evidence.
    pub challenge_lifetime: Duration,
    /// From preview to hand-over.
    pub state_lifetime: Duration,
    /// Which builds of the kiosk's program get the menu; any, where nothing is said. A build says itself which it is: this keeps out old ones,
    /// and no attacker.
    pub kiosk_builds: Option<Vec<BuildId>>,
    /// Whose cards are believed.
    pub trust: TrustStore,
    /// Whether cards are believed that the surface AP does not bind.
    pub binding: Binding,
    /// Whose are not any more.
    pub refused: RefusedSigners,
    /// What VRS signs with.
    pub statements: StatementKey,
    /// Signs certificates.
    pub signing: Arc<Signing>,
    /// For revocation ids.
    pub rids: Arc<RidSecret>,
    /// The record system.
    pub registry: R,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub events: Arc<dyn Events>,
}

/// The center.
pub struct Center<R> {
    parts: Parts<R>,
    ids: CertificateIds,
    states: States,
}

/// Who asks, on which connection.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The terminal, from its verified certificate.
    pub terminal: &'a TerminalUrn,
    /// TLS exporter of the connection.
    pub exporter: &'a Array<32>,
}

impl<R> Center<R> {
    /// With keys of its own for ids and states.
    #[must_use]
    pub fn new(parts: Parts<R>) -> Self {
        Self {
            ids: CertificateIds::default(),
            states: States::new(parts.state_lifetime),
            parts,
        }
    }

    /// What it is made of.
    #[must_use]
    pub const fn parts(&self) -> &Parts<R> {
        &self.parts
    }

    /// `POST /v1/menu`.
    ///
    /// # Errors
    /// [`ProblemCode::TerminalRefused`]: a kiosk says it runs a build that is not listed.
    pub fn menu(&self, role: TerminalRole, request: &MenuRequest) -> Result<Menu, Problem> {
        if let (TerminalRole::Kiosk, Some(builds)) = (role, &self.parts.kiosk_builds)
            && !builds.contains(&request.build)
        {
            return Err(ProblemCode::TerminalRefused.into());
        }
        Ok(Menu {
            center: self.parts.id.clone(),
            programmes: self.parts.programmes.offers(role, self.today()),
            hours: self.parts.hours.into(),
            notices: self.parts.notices.clone(),
            maintenance: self.parts.maintenance.clone(),
        })
    }

    /// What has to be done regularly: wipes keys of states that have all expired.
    pub fn tidy(&self) {
        self.states.rotate(self.parts.clock.uptime());
    }

    /// Whether applications are taken just now.
    fn is_open(&self) -> Result<(), ProblemCode> {
        if self.parts.maintenance.is_some() {
            return Err(ProblemCode::Maintenance);
        }
        if !self.parts.hours.contains(self.parts.clock.now()) {
            return Err(ProblemCode::OutsideHours);
        }
        Ok(())
    }

    fn today(&self) -> time::Date {
        japan(self.parts.clock.now()).date()
    }
}

/// Runs what takes milliseconds of computing apart from the threads that serve connections.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let request = RequestId::current();
    let wiping = move || {
        let done = match request {
            Some(request) => request.within(work),
            None => work(),
        };
        stack::overwrite();
        done
    };
    let done = tokio::task::spawn_blocking(wiping).await;
    done.map_err(|_| ProblemCode::InternalError)?
}

fn seconds(lifetime: Duration) -> u32 {
    u32::try_from(lifetime.as_secs()).expect("lifetimes are minutes")
}

#[cfg(test)]
mod tests;
