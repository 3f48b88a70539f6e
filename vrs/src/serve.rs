//! `vrs serve`: the listener for centers, the operator's listener, neither of which lets anybody in before the process is sealed, and what has to
//! be done regularly.

use std::{io::Write, sync::Arc, time::Duration};

use bytes::Bytes;
use card::{
    evidence::Binding,
    trust::{ApRole, RefusedListError, RefusedSigners, TrustError, TrustStore},
};
use issuance_api::{CenterId, Problem, ProblemCode};
use issuance_channel::{
    Identity, Peer,
    descriptors::{self, TooFew},
    request::RequestId,
    server::{
        self, Answer, AppLimits, Body, Connection, Form, Limits, LoopbackConfig, Method,
        MutualConfig, OpenService, Service, StartError,
    },
};
use sandbox::{Calls, Extent, SandboxError, Trial};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    clock::Clock,
    config::Config,
    divisions::Divisions,
    event::{Event, Events, StandardError},
    metrics::{Metrics, Step},
    service::{Parts, Vrs},
    statement::{StatementKey, StatementKeyError},
    storage::FILES,
};

/// Between two rounds of what has to be done regularly.
const TIDY: Duration = Duration::from_secs(1);

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Trust anchors: missing, broken, or of another environment.
    #[error("trust anchors: {0}")]
    Trust(#[from] TrustError),
    /// No anchor for the surface AP: every card would be refused.
    #[error("trust anchors: none for the surface AP, and trust.accept_unbound_cards is not set")]
    NoSurfaceAnchor,
    /// The list of refused signers.
    #[error("refused signers: {0}")]
    Refused(#[from] RefusedListError),
    /// The statement key: missing, broken, or of another environment.
    #[error(transparent)]
    Statement(#[from] StatementKeyError),
    /// A listener.
    #[error("listener: {0}")]
    Listener(#[from] StartError),
    /// Its limits take more than the operating system gives.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// This process cannot be confined.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The operating system gives no signals.
    #[error("no signals")]
    Signals,
}

/// Serves until told to end (SIGTERM or SIGINT), confined to what that takes. To be called on the only thread there is.
///
/// # Errors
/// [`ServeError`], before anything is served.
///
/// # Panics
/// If the operating system gives no threads.
pub fn serve(config: Config, clock: impl Clock, trial: Trial) -> Result<(), ServeError> {
    let memory = trial.harden()?;
    sandbox::panics_of_request(|| RequestId::current().map(u64::from));
    let for_operator = Limits {
        connections: Limits::loopback().connections,
        ..config.limits.clone()
    };
    let connections = config.limits.connections + for_operator.connections;
    let files = config.municipalities.len() * FILES;
    descriptors::provide(connections.saturating_add(files))?;
    let events: Arc<dyn Events> = Arc::new(StandardError);
    let trust = TrustStore::load(&config.anchors, config.environment)?;
    if config.binding == Binding::Required && !trust.covers(ApRole::Surface) {
        return Err(ServeError::NoSurfaceAnchor);
    }
    let needs = config.needs();
    let vrs = Arc::new(Vrs::new(Parts {
        id: config.id,
        centers: config.centers,
        lifetimes: config.lifetimes,
        divisions: Divisions::new(config.folders, &config.municipalities),
        trust,
        binding: config.binding,
        refused: RefusedSigners::load(&config.refused_signers)?,
        statement: StatementKey::load(&config.statement_key, config.environment)?,
        clock: Arc::new(clock),
        events: Arc::clone(&events),
    }));
    let extent = trial.confine(&needs, config.landlock, memory, [&config.statement_key])?;
    let mutual = MutualConfig {
        listen: config.listen_centers,
        tls: config.tls,
        apps: None,
        app_limits: AppLimits::default(),
        limits: config.limits,
    };
    let loopback = LoopbackConfig {
        listen: config.listen_admin,
        limits: for_operator,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives threads");
    runtime.block_on(listen(&mutual, &loopback, &vrs, &*events, trial, extent))
}

async fn listen(
    mutual: &MutualConfig,
    loopback: &LoopbackConfig,
    vrs: &Arc<Vrs>,
    events: &dyn Events,
    trial: Trial,
    extent: Extent,
) -> Result<(), ServeError> {
    let metrics = Arc::new(Metrics::default());
    let mut terminate = signal(SignalKind::terminate()).map_err(|_| ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|_| ServeError::Signals)?;

    let service = Centers {
        vrs: Arc::clone(vrs),
        metrics: Arc::clone(&metrics),
    };
    let centers = server::mutual(mutual, service).await?;
    let service = Admin {
        vrs: Arc::clone(vrs),
        metrics,
    };
    let admin = server::loopback(loopback, service).await?;
    trial.seal(Calls::Database)?;
    events.note(Event::Confined(extent));
    // Nobody is let in before, not even who waited in the system's queue.
    let (centers, admin) = (centers.serve(), admin.serve());
    // There is nowhere to report that standard output is gone.
    let _ = writeln!(
        std::io::stdout(),
        "ready centers={} admin={}",
        centers.address(),
        admin.address()
    );
    events.note(Event::Ready);

    let mut round = tokio::time::interval(TIDY);
    let tidying = async {
        loop {
            round.tick().await;
            vrs.tidy().await;
        }
    };
    // A round under way is dropped, and its open transaction with it: the next start makes it up.
    tokio::select! {
        () = tidying => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    centers.drain().await;
    admin.drain().await;
    vrs.close().await;
    events.note(Event::Stopped);
    Ok(())
}

/// The listener for centers.
pub struct Centers {
    vrs: Arc<Vrs>,
    metrics: Arc<Metrics>,
}

impl Centers {
    /// Over a service.
    #[must_use]
    pub const fn new(vrs: Arc<Vrs>, metrics: Arc<Metrics>) -> Self {
        Self { vrs, metrics }
    }

    async fn answer(&self, peer: &Peer, step: Step, body: Body) -> Result<Answer, Problem> {
        let center = center(&peer.identity).ok_or(ProblemCode::TerminalRefused)?;
        match step {
            Step::Nonce => Answer::json(&self.vrs.nonce(center)),
            Step::Evidence => Answer::json(&self.vrs.evidence(center, &body.parse()?)?),
            Step::Inquiry => Answer::json(&self.vrs.inquiry(center, &body.parse()?).await?),
            Step::Register => Answer::json(&self.vrs.register(center, &body.parse()?).await?),
            Step::Delivered => Answer::json(&self.vrs.delivered(center, &body.parse()?).await?),
            Step::Revocations => Answer::json(&self.vrs.revocations(&body.parse()?).await?),
        }
    }
}

impl Service for Centers {
    type Endpoint = Step;
    type State = ();

    fn admits(&self, peer: &Identity) -> bool {
        center(peer).is_some_and(|center| self.vrs.admits(center))
    }

    fn connected(&self, _: &Peer) {}

    fn endpoint(&self, method: &Method, path: &str) -> Option<(Step, Form)> {
        Some(match (method, path) {
            (&Method::POST, "/v1/nonce") => (Step::Nonce, Form::Open),
            (&Method::POST, "/v1/evidence") => (Step::Evidence, Form::Sealed),
            (&Method::POST, "/v1/inquiry") => (Step::Inquiry, Form::Sealed),
            (&Method::POST, "/v1/register") => (Step::Register, Form::Sealed),
            (&Method::POST, "/v1/delivered") => (Step::Delivered, Form::Sealed),
            (&Method::POST, "/v1/revocations") => (Step::Revocations, Form::Sealed),
            _ => return None,
        })
    }

    async fn handle(
        &self,
        connection: &mut Connection<()>,
        step: Step,
        body: Body,
    ) -> Result<Answer, Problem> {
        let begun = self.vrs.uptime();
        let answer = self.answer(&connection.peer, step, body).await;
        let took = self.vrs.uptime().saturating_sub(begun);
        let problem = answer.as_ref().err().map(|problem| problem.code);
        self.metrics.answered(step, took, problem);
        answer
    }

    fn event(&self, event: server::Event) {
        self.metrics.transport(event);
    }
}

fn center(identity: &Identity) -> Option<&CenterId> {
    match identity {
        Identity::Center(center) => Some(center),
        Identity::Terminal(_) | Identity::Vrs(_) => None,
    }
}

/// The operator's listener: `/health` (200 if every sentinel is found, else 503) and `/metrics`.
struct Admin {
    vrs: Arc<Vrs>,
    metrics: Arc<Metrics>,
}

impl OpenService for Admin {
    async fn handle(&self, method: &Method, path: &str) -> http::Response<Bytes> {
        match (method, path) {
            (&Method::GET, "/health") => {
                #[derive(Serialize)]
                struct Health {
                    municipality: issuance_api::MunicipalityCode,
                    /// Nothing where the sentinel is found.
                    unavailable: Option<crate::storage::Unavailable>,
                }
                let health: Vec<_> = self.vrs.health().await;
                let status = if health.iter().all(|(_, found)| found.is_ok()) {
                    http::StatusCode::OK
                } else {
                    http::StatusCode::SERVICE_UNAVAILABLE
                };
                let health: Vec<_> = health
                    .into_iter()
                    .map(|(municipality, found)| Health {
                        municipality,
                        unavailable: found.err(),
                    })
                    .collect();
                let body = serde_json::to_vec(&health).expect("health has only string keys");
                response(status, "application/json", body)
            }
            (&Method::GET, "/metrics") => {
                let text = self.metrics.text(&self.vrs.health().await);
                response(
                    http::StatusCode::OK,
                    "text/plain; version=0.0.4",
                    text.into_bytes(),
                )
            }
            _ => response(http::StatusCode::NOT_FOUND, "text/plain", Vec::new()),
        }
    }
}

fn response(
    status: http::StatusCode,
    media_type: &'static str,
    body: Vec<u8>,
) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(media_type),
    );
    response
}
