//! `issuance-center serve`: everything is read and checked, then the process is confined, the listeners are bound, system calls are sealed; only
//! then is anybody let in, and done what has to be done regularly.

use std::{io::Write, sync::Arc};

use card::{
    evidence::Binding,
    trust::{ApRole, RefusedListError, RefusedSigners, TrustError, TrustStore},
};
use issuance_api::ProgrammeId;
use issuance_channel::{
    Identity, build,
    client::Client,
    descriptors::{self, TooFew},
    request::RequestId,
    server::{self, StartError},
    tls::LoadError,
};
use sandbox::{Calls, Extent, SandboxError, Trial};
use time::OffsetDateTime;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use crate::{
    admin::Admin,
    apps::Apps,
    center::{Center, Parts},
    certificate::page::{FontError, Fonts, Typesetter, TypesetterError},
    clock::Clock,
    config::{Config, ConfigError},
    enrolment::{Enrolment, EnrolmentError},
    event::{Event, Events, Listener, StandardError},
    metrics::Metrics,
    programme::{ProgrammeError, Programmes},
    public::{Public, Published},
    registry::Shares,
    reports::Reports,
    revocations::Fetching,
    signing::{
        BarcodeSigners, KeyError, KeyFile, PublicKey, RidSecret, RidSecretError, Signer,
        SignersError, Signing,
    },
    statement::{StatementKey, StatementKeyError},
    terminals::Terminals,
};

/// Why it cannot serve. For the operator; paths may be shown.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// Trust anchors: missing, broken, or of another environment than the configured one.
    #[error("trust anchors: {0}")]
    Trust(#[from] TrustError),
    /// No anchor for the surface AP: every card would be refused.
    #[error("trust anchors: none for the surface AP, and trust.accept_unbound_cards is not set")]
    NoSurfaceAnchor,
    /// The list of refused signers.
    #[error("refused signers: {0}")]
    Refused(#[from] RefusedListError),
    /// The signing key or a published one.
    #[error("signing key: {0}")]
    Key(#[from] KeyError),
    /// The signing key is of another environment than the configured one.
    #[error("the signing key is of another environment than the configured one")]
    KeyEnvironment,
    /// Signers of certificates for abroad.
    #[error("signers of certificates for abroad: {0}")]
    Barcodes(#[from] SignersError),
    /// A programme offers certificates for abroad, and nobody signs them.
    #[error("programme {0} offers certificates for abroad, and [vds_nc] is not configured")]
    NoBarcodes(ProgrammeId),
    /// The secret of revocation ids.
    #[error("secret of revocation ids: {0}")]
    RidSecret(#[from] RidSecretError),
    /// VRS's statement key.
    #[error("statement key: {0}")]
    Statement(#[from] StatementKeyError),
    /// A programme.
    #[error("programmes: {0}")]
    Programme(#[from] ProgrammeError),
    /// A font.
    #[error("fonts: {0}")]
    Font(#[from] FontError),
    /// Nothing can be set with these fonts and programmes.
    #[error(transparent)]
    Typesetter(#[from] TypesetterError),
    /// The files for talking to VRS.
    #[error("vrs.tls: {0}")]
    Vrs(LoadError),
    /// The certificate for VRS states another name than the configured one.
    #[error("the center's certificate does not state its id")]
    Identity,
    /// Enrolment of apps.
    #[error("enrolment: {0}")]
    Enrolment(#[from] EnrolmentError),
    /// The listener for enrolment.
    #[error("enrolment: {0}")]
    Enrolling(StartError),
    /// The listener for terminals.
    #[error("terminals: {0}")]
    Terminals(StartError),
    /// The listener for public keys.
    #[error("public: {0}")]
    Public(StartError),
    /// The listener for the operator.
    #[error("admin: {0}")]
    Admin(StartError),
    /// Its limits take more than the operating system gives.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// The program's own file cannot be read.
    #[error("the program's own file cannot be read")]
    Build,
    /// VRS's address leads nowhere.
    #[error("vrs.address leads nowhere")]
    Address,
    /// This process cannot be confined.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The operating system gives no signals.
    #[error("no signals")]
    Signals,
}

/// A center that was checked, and what it publishes.
struct Checked {
    center: Arc<Center<Shares<Client>>>,
    enrolment: Option<Enrolment>,
    published: Arc<Published>,
    events: Arc<dyn Events>,
}

impl Checked {
    fn reports(&self, listener: Listener) -> Reports {
        let parts = self.center.parts();
        let (metrics, clock) = (Arc::clone(&parts.metrics), Arc::clone(&parts.clock));
        Reports::new(listener, metrics, Arc::clone(&self.events), clock)
    }
}

/// What a center is made of beside the rest of what its configuration names.
pub struct Made<R> {
    /// What can be certified.
    pub programmes: Arc<Programmes>,
    /// Sets its pages.
    pub typesetter: Arc<Typesetter>,
    /// Signs health cards.
    pub signing: Signing,
    /// The record system.
    pub registry: R,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub events: Arc<dyn Events>,
}

/// Reads and checks the rest.
///
/// # Errors
/// [`ServeError`]
pub fn parts<R>(config: &Config, made: Made<R>) -> Result<Parts<R>, ServeError> {
    let now = made.clock.now();
    let barcodes = config.vds_nc.as_ref();
    let barcodes = barcodes.map(|paths| BarcodeSigners::load(paths, config.environment, now));
    let barcodes = barcodes.transpose()?;
    let offering = made
        .programmes
        .iter()
        .find(|programme| programme.offers_abroad());
    if let (None, Some(programme)) = (&barcodes, offering) {
        return Err(ServeError::NoBarcodes(programme.id().clone()));
    }
    let rids = RidSecret::load(&config.rid_secret)?;
    let trust = TrustStore::load(&config.anchors, config.environment)?;
    if config.binding == Binding::Required && !trust.covers(ApRole::Surface) {
        return Err(ServeError::NoSurfaceAnchor);
    }
    Ok(Parts {
        id: config.id.clone(),
        vrs: config.vrs_id.clone(),
        issuer: config.issuer.clone(),
        programmes: made.programmes,
        typesetter: made.typesetter,
        hours: config.hours,
        notices: config.notices.clone(),
        maintenance: config.maintenance.clone(),
        challenge_lifetime: config.challenge_lifetime,
        state_lifetime: config.state_lifetime,
        kiosk_builds: config.kiosk_builds.clone(),
        trust,
        binding: config.binding,
        refused: RefusedSigners::load(&config.refused_signers)?,
        statements: StatementKey::load(&config.statement_key, config.environment)?,
        signing: Arc::new(made.signing.with_barcodes(barcodes)),
        rids: Arc::new(rids),
        registry: made.registry,
        metrics: Arc::new(Metrics::default()),
        clock: made.clock,
        events: made.events,
    })
}

/// Reads and checks everything the configuration names.
fn check(config: &Config, clock: Arc<dyn Clock>) -> Result<Checked, ServeError> {
    let events: Arc<dyn Events> = Arc::new(StandardError);
    let key = KeyFile::load(&config.signing_key)?;
    if key.environment() != config.environment {
        return Err(ServeError::KeyEnvironment);
    }
    let mut keys = vec![key.public().clone()];
    let mut signing = Signing::new(key);
    for (from, path) in &config.next_keys {
        let next = KeyFile::load(path)?;
        if next.environment() != config.environment {
            return Err(ServeError::KeyEnvironment);
        }
        keys.push(next.public().clone());
        signing = signing.with_next(*from, next);
    }
    for path in &config.published {
        keys.push(PublicKey::load(path)?);
    }
    let registry = Client::new(config.vrs.clone()).map_err(ServeError::Vrs)?;
    if *registry.identity() != Identity::Center(config.id.clone()) {
        return Err(ServeError::Identity);
    }
    let registry = Shares::new(registry, config.vrs.connections, config.vrs.deadlines.free);
    let programmes = Programmes::load(&config.programmes)?;
    let typesetter = Typesetter::new(Fonts::load(&config.fonts)?, programmes.iter())?;
    let center = Center::new(parts(
        config,
        Made {
            programmes: Arc::new(programmes),
            typesetter: Arc::new(typesetter),
            signing,
            registry,
            clock,
            events: Arc::clone(&events),
        },
    )?);
    let build = build::running().map_err(|_| ServeError::Build)?;
    let published = Published::new(keys, build);
    if let Some(signers) = center.parts().signing.barcodes() {
        published.publish_barcodes(signers);
    }
    let mut checked = Checked {
        center: Arc::new(center),
        enrolment: None,
        published: Arc::new(published),
        events,
    };
    let reports = checked.reports(Listener::Enrolment);
    checked.enrolment = Enrolment::load(config, checked.center.parts(), reports)?;
    Ok(checked)
}

/// What was said last of the signers of certificates for abroad: each change is said once.
#[derive(Default)]
struct Watch {
    unreadable: bool,
    days: Option<i64>,
    former_days: Option<i64>,
}

impl Watch {
    /// Days before its end from which a signer that nobody follows is an alarm.
    const SOON: i64 = 14;

    /// Reads their list again, publishes it, and says when signing is about to end.
    fn watch(
        &mut self,
        signing: &Signing,
        published: &Published,
        events: &dyn Events,
        now: OffsetDateTime,
    ) {
        let Some(signers) = signing.barcodes() else {
            return;
        };
        let reloaded = signers.reload();
        if reloaded.changed {
            events.note(Event::BarcodeListRead);
            published.publish_barcodes(signers);
        }
        let unreadable = reloaded.unreadable.is_some();
        if unreadable && !self.unreadable {
            events.note(Event::BarcodeListUnreadable);
        }
        self.unreadable = unreadable;
        let soon = |days: &i64| *days <= Self::SOON;
        let days = Some(signers.days_left(now)).filter(soon);
        if days != self.days {
            self.days = days;
            if let Some(days) = days {
                events.note(Event::BarcodeSigningEnds { days });
            }
        }
        let days = signers.former_days_left(now).filter(soon);
        if days != self.former_days {
            self.former_days = days;
            if let Some(days) = days {
                events.note(Event::BarcodeFormerListEnds { days });
            }
        }
    }
}

/// Serves until told to end (SIGTERM or SIGINT), confined to what that takes. To be called on the only thread there is.
///
/// # Errors
/// [`ServeError`], before anything is served.
///
/// # Panics
/// If the operating system gives no threads.
pub fn serve(mut config: Config, clock: Arc<dyn Clock>, trial: Trial) -> Result<(), ServeError> {
    let memory = trial.harden()?;
    sandbox::panics_of_request(|| RequestId::current().map(u64::from));
    descriptors::provide(config.connections())?;
    // The last question to a name server: afterwards there is one address, and none can be asked.
    config.vrs.fix_address().map_err(|_| ServeError::Address)?;
    let checked = check(&config, clock)?;
    let extent = trial.confine(&config.needs(), config.landlock, memory, config.keys())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives threads");
    runtime.block_on(listen(&config, checked, trial, extent))
}

async fn listen(
    config: &Config,
    mut checked: Checked,
    trial: Trial,
    extent: Extent,
) -> Result<(), ServeError> {
    let enrolment = checked.enrolment.take();
    let reports = |listener| checked.reports(listener);
    let Checked {
        center,
        published,
        events,
        ..
    } = &checked;
    let mut revocations = Fetching::new(Arc::clone(&center.parts().rids), Arc::clone(published));
    let mut terminate = signal(SignalKind::terminate()).map_err(|_| ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|_| ServeError::Signals)?;

    let service = Terminals {
        center: Arc::clone(center),
        apps: Apps::new(
            config.app_quota,
            config.vrs.connections,
            config.vrs.deadlines.free,
        ),
        reports: reports(Listener::Terminals),
    };
    let terminals = server::mutual(&config.terminals, service)
        .await
        .map_err(ServeError::Terminals)?;
    let enrolling = config.enrolment.as_ref().zip(enrolment);
    let enrolment = match enrolling {
        Some((config, service)) => {
            let bound = server::anonymous(&config.listener, service).await;
            Some(bound.map_err(ServeError::Enrolling)?)
        }
        None => None,
    };
    let service = Public {
        published: Arc::clone(published),
        reports: reports(Listener::Public),
    };
    let public = server::public(&config.public, service)
        .await
        .map_err(ServeError::Public)?;
    let service = Admin {
        metrics: Arc::clone(&center.parts().metrics),
        signing: Arc::clone(&center.parts().signing),
        published: Arc::clone(published),
        reports: reports(Listener::Admin),
    };
    let admin = server::loopback(&config.admin, service)
        .await
        .map_err(ServeError::Admin)?;
    trial.seal(Calls::Server)?;
    events.note(Event::Confined(extent));
    // Nobody is let in before, not even who waited in the system's queue.
    let (terminals, public, admin) = (terminals.serve(), public.serve(), admin.serve());
    let enrolment = enrolment.map(server::Bound::serve);
    // There is nowhere to report that standard output is gone.
    let enrolled = enrolment
        .as_ref()
        .map(|it| format!(" enrolment={}", it.address()));
    let _ = writeln!(
        std::io::stdout(),
        "ready terminals={} public={} admin={}{}",
        terminals.address(),
        public.address(),
        admin.address(),
        enrolled.unwrap_or_default()
    );
    events.note(Event::Ready);

    let clock = Arc::clone(&center.parts().clock);
    let mut barcodes = Watch::default();
    barcodes.watch(&center.parts().signing, published, &**events, clock.now());
    let regularly = async {
        let mut round = interval(config.revocations_every);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            round.tick().await;
            center.tidy();
            if center.parts().registry.whole().last_reload().is_err() {
                events.note(Event::VrsFilesUnreadable);
            }
            barcodes.watch(&center.parts().signing, published, &**events, clock.now());
            revocations.poll(&center.parts().registry, &**events).await;
        }
    };
    tokio::select! {
        () = regularly => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    let enrolment = async {
        if let Some(enrolment) = enrolment {
            enrolment.drain().await;
        }
    };
    tokio::join!(terminals.drain(), enrolment, public.drain(), admin.drain());
    events.note(Event::Stopped);
    Ok(())
}
