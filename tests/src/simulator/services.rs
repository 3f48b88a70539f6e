//! Centers and record system as functions, from the files of a ground on which no program runs.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use card::trust::{RefusedSigners, TrustStore};
use issuance_api::registry::{
    DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce, Receipt,
    RegisterRequest, Revocations, RevocationsRequest, Ticket,
};
use issuance_api::{CenterId, ProblemCode};
use issuance_center::center::{Center, Parts};
use issuance_center::certificate::page::{Fonts, Typesetter};
use issuance_center::certificate::shc::Issuer;
use issuance_center::config::Config;
use issuance_center::programme::Programmes;
use issuance_center::registry::{Answer, Registry, reported};
use issuance_center::serve::{Made, parts};
use issuance_center::signing::{KeyFile, Purpose, Signer, Signing};
use vrs::divisions::Divisions;
use vrs::service::Vrs;
use vrs::storage::Folders;

use super::Lots;
use crate::world::Ground;

/// What takes long to make, once for all simulations on a ground.
pub struct Works {
    center: Config,
    vrs: vrs::config::Config,
    programmes: Arc<Programmes>,
    typesetter: Arc<Typesetter>,
}

impl Works {
    /// Reads what the ground's configurations name.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn new(ground: &Ground) -> io::Result<Self> {
        let center = Config::load(&ground.path("center/center.toml")).map_err(io::Error::other)?;
        let vrs = vrs::config::Config::load(&ground.path("vrs/vrs.toml"));
        let programmes = Programmes::load(&center.programmes).map_err(io::Error::other)?;
        let fonts = Fonts::load(&center.fonts).map_err(io::Error::other)?;
        let typesetter = Typesetter::new(fonts, programmes.iter()).map_err(io::Error::other)?;
        Ok(Self {
            vrs: vrs.map_err(io::Error::other)?,
            programmes: Arc::new(programmes),
            typesetter: Arc::new(typesetter),
            center,
        })
    }

    /// A record system over these databases, for these centers.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn vrs(
        &self,
        folders: Folders,
        centers: Vec<CenterId>,
        clock: Arc<dyn vrs::clock::Clock>,
        events: Arc<dyn vrs::event::Events>,
    ) -> io::Result<Vrs> {
        self.vrs_signing(folders, centers, self.statement_key()?, clock, events)
    }

    /// As [`vrs`](Self::vrs), with another key to sign with.
    ///
    /// # Errors
    /// As there.
    pub fn vrs_signing(
        &self,
        folders: Folders,
        centers: Vec<CenterId>,
        statement: vrs::statement::StatementKey,
        clock: Arc<dyn vrs::clock::Clock>,
        events: Arc<dyn vrs::event::Events>,
    ) -> io::Result<Vrs> {
        let config = &self.vrs;
        let environment = config.environment;
        let trust = TrustStore::load(&config.anchors, environment).map_err(io::Error::other)?;
        let refused = RefusedSigners::load(&config.refused_signers).map_err(io::Error::other)?;
        Ok(Vrs::new(vrs::service::Parts {
            id: config.id.clone(),
            centers,
            lifetimes: config.lifetimes,
            divisions: Divisions::new(folders, &config.municipalities),
            binding: config.binding,
            trust,
            refused,
            statement,
            clock,
            events,
        }))
    }

    /// The databases of the ground itself.
    #[must_use]
    pub fn own_folders(&self) -> Folders {
        self.vrs.folders.clone()
    }

    /// The key that centers sign with.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn signing_key(&self) -> io::Result<KeyFile> {
        KeyFile::load(&self.center.signing_key).map_err(io::Error::other)
    }

    /// The key that VRS signs with.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn statement_key(&self) -> io::Result<vrs::statement::StatementKey> {
        let key = vrs::statement::StatementKey::load(&self.vrs.statement_key, self.vrs.environment);
        key.map_err(io::Error::other)
    }

    /// Who signs, to verifiers.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.center.issuer
    }

    /// What is certified.
    #[must_use]
    pub fn programmes(&self) -> &Programmes {
        &self.programmes
    }

    /// Sets the pages.
    #[must_use]
    pub fn typesetter(&self) -> &Typesetter {
        &self.typesetter
    }

    /// A center of this name, with the record system as it reaches it.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn center<R: Registry>(
        &self,
        id: CenterId,
        registry: R,
        clock: Arc<dyn issuance_center::clock::Clock>,
        events: Arc<dyn issuance_center::event::Events>,
    ) -> io::Result<Center<R>> {
        self.center_through(id, registry, |_, key| key, clock, events)
    }

    /// As [`center`](Self::center), with each of its keys behind something.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// Never: nobody else has the signers yet.
    pub fn center_through<R: Registry>(
        &self,
        id: CenterId,
        registry: R,
        between: impl FnMut(Purpose, Box<dyn Signer>) -> Box<dyn Signer>,
        clock: Arc<dyn issuance_center::clock::Clock>,
        events: Arc<dyn issuance_center::event::Events>,
    ) -> io::Result<Center<R>> {
        let parts = parts(
            &self.center,
            Made {
                programmes: Arc::clone(&self.programmes),
                typesetter: Arc::clone(&self.typesetter),
                signing: Signing::new(self.signing_key()?),
                registry,
                clock,
                events,
            },
        );
        let parts = parts.map_err(io::Error::other)?;
        let signing = Arc::into_inner(parts.signing).expect("nobody else has them yet");
        let signing = Arc::new(signing.through(between));
        Ok(Center::new(Parts {
            id,
            signing,
            ..parts
        }))
    }
}

/// Counts what programs say of themselves.
#[derive(Debug, Default)]
pub struct Notes(Mutex<BTreeMap<String, usize>>);

impl Notes {
    /// How often each was said.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What an event is called.
    #[must_use]
    pub fn name(event: &impl serde::Serialize) -> String {
        let event = serde_json::to_value(event).ok();
        let name = event.and_then(|event| event.get("event")?.as_str().map(str::to_owned));
        name.unwrap_or_default()
    }

    fn count(&self, event: &impl serde::Serialize) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(Self::name(event)).or_default() += 1;
    }
}

impl issuance_center::event::Events for Notes {
    fn note(&self, event: issuance_center::event::Event) {
        self.count(&event);
    }
}

impl vrs::event::Events for Notes {
    fn note(&self, event: vrs::event::Event) {
        self.count(&event);
    }
}

/// The record system as one center reaches it.
pub struct Records {
    vrs: Arc<Vrs>,
    center: CenterId,
    way: Option<Lots>,
}

/// Of so many calls to the record system the request is lost, and of so many the answer.
const LOST: usize = 300;

impl Records {
    /// Called as a function, and nothing in between.
    #[must_use]
    pub const fn near(vrs: Arc<Vrs>, center: CenterId) -> Self {
        Self {
            vrs,
            center,
            way: None,
        }
    }

    /// At the other end of a way on which others may overtake, and on which something is lost now and then.
    #[must_use]
    pub const fn far(vrs: Arc<Vrs>, center: CenterId, way: Lots) -> Self {
        Self {
            vrs,
            center,
            way: Some(way),
        }
    }

    async fn call<T>(&self, step: impl Future<Output = Answer<T>>) -> Answer<T> {
        let lost = || {
            let lost = |lots: &Lots| lots.decide(|random| random.once_in(LOST));
            self.way.as_ref().is_some_and(lost)
        };
        if let Some(lots) = &self.way {
            lots.point().await;
        }
        if lost() {
            return Err(ProblemCode::RecordsUnavailable);
        }
        let answer = step.await.map_err(reported);
        if let Some(lots) = &self.way {
            lots.point().await;
        }
        if lost() {
            return Err(ProblemCode::RecordsUnavailable);
        }
        answer
    }
}

impl Registry for Records {
    async fn nonce(&self) -> Answer<Nonce> {
        self.call(async { Ok(self.vrs.nonce(&self.center)) }).await
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        self.call(async { self.vrs.evidence(&self.center, request) })
            .await
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        self.call(self.vrs.inquiry(&self.center, request)).await
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        self.call(self.vrs.register(&self.center, request)).await
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        self.call(self.vrs.delivered(&self.center, request)).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.call(self.vrs.revocations(request)).await
    }
}
