//! A whole application, center and VRS in one process and nothing in between: `cargo bench -p shomei-tests`.
//!
//! What `stage load` measures beyond this is TLS, HTTP and sealing. The card's part is not counted.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use card::trust::{RefusedSigners, TrustStore};
use criterion::{Criterion, criterion_group, criterion_main};
use hw_sim::chip::EmulatedCard;
use issuance_api::registry::{
    DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce, Receipt,
    RegisterRequest, Revocations, RevocationsRequest, Ticket,
};
use issuance_api::terminal::{self, IssueAnswer, IssueRequest};
use issuance_api::{
    Array, CenterId, CertificateKind, IssueIntent, MunicipalityCode, TerminalUrn, inquiry_message,
    issue_message,
};
use issuance_center::center::challenge::OpenChallenge;
use issuance_center::center::{Caller, Center, Parts};
use issuance_center::certificate::page::{Fonts, Typesetter};
use issuance_center::clock::SystemClock;
use issuance_center::config::Config;
use issuance_center::metrics::Metrics;
use issuance_center::programme::Programmes;
use issuance_center::registry::{Answer, Registry};
use issuance_center::signing::{KeyFile, RidSecret, Signing};
use issuance_center::statement::StatementKey;
use sha2::{Digest, Sha256};
use stage::applicant::Applicant;
use stage::persona::Persona;
use stage::world::{Options, World};
use vrs::divisions::Divisions;
use vrs::service::Vrs;

/// VRS, called as a function.
struct InProcess {
    vrs: Vrs,
    center: CenterId,
}

impl Registry for InProcess {
    async fn nonce(&self) -> Answer<Nonce> {
        Ok(self.vrs.nonce(&self.center))
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        self.vrs.evidence(&self.center, request)
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        self.vrs.inquiry(&self.center, request).await
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        self.vrs.register(&self.center, request).await
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        self.vrs.delivered(&self.center, request).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.vrs.revocations(request).await
    }
}

/// Both, from the files of a world whose programs were ended.
fn center(world: &World) -> Center<InProcess> {
    let config = vrs::config::Config::load(&world.ground.path("vrs/vrs.toml")).expect("its file");
    let events = Arc::new(vrs::event::StandardError);
    let vrs = Vrs::new(vrs::service::Parts {
        id: config.id,
        centers: config.centers,
        lifetimes: config.lifetimes,
        divisions: Divisions::new(config.folders, &config.municipalities),
        binding: config.binding,
        trust: TrustStore::load(&config.anchors, config.environment).expect("anchors"),
        refused: RefusedSigners::load(&config.refused_signers).expect("a list"),
        statement: vrs::statement::StatementKey::load(&config.statement_key, config.environment)
            .expect("a key"),
        clock: Arc::new(vrs::clock::SystemClock::start()),
        events,
    });

    let config = Config::load(&world.ground.path("center/center.toml")).expect("its file");
    let programmes = Programmes::load(&config.programmes).expect("programmes");
    let fonts = Fonts::load(&config.fonts).expect("fonts");
    Center::new(Parts {
        registry: InProcess {
            vrs,
            center: config.id.clone(),
        },
        id: config.id,
        vrs: config.vrs_id,
        issuer: config.issuer,
        typesetter: Arc::new(Typesetter::new(fonts, programmes.iter()).expect("can be set")),
        programmes: Arc::new(programmes),
        hours: config.hours,
        notices: config.notices,
        maintenance: config.maintenance,
        challenge_lifetime: config.challenge_lifetime,
        state_lifetime: config.state_lifetime,
        kiosk_builds: config.kiosk_builds,
        binding: config.binding,
        trust: TrustStore::load(&config.anchors, config.environment).expect("anchors"),
        refused: RefusedSigners::load(&config.refused_signers).expect("a list"),
        statements: StatementKey::load(&config.statement_key, config.environment).expect("a key"),
        signing: Arc::new(Signing::new(
            KeyFile::load(&config.signing_key).expect("a key"),
        )),
        rids: Arc::new(RidSecret::load(&config.rid_secret).expect("a secret")),
        metrics: Arc::new(Metrics::default()),
        clock: Arc::new(SystemClock::start()),
        events: Arc::new(issuance_center::event::StandardError),
    })
}

/// From challenge to page, without the time of the card.
async fn apply(
    world: &World,
    center: &Center<InProcess>,
    card: &mut EmulatedCard,
    municipality: MunicipalityCode,
) -> (Duration, IssueAnswer) {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let terminal: TerminalUrn = applicant.urn().parse().expect("a terminal's URN");
    let exporter = Array::new([7; 32]);
    let caller = Caller {
        terminal: &terminal,
        exporter: &exporter,
    };
    let mut open = OpenChallenge::default();
    let start = Instant::now();
    let challenge = center.challenge(&mut open).await.expect("it is open");
    let challenged = start.elapsed();

    let evidence = applicant.answer(card, &challenge, &exporter);
    let request = applicant.evidence_request(&challenge, &evidence);
    let programme = "covid-19".parse().expect("a programme's id");
    let kind = CertificateKind::Domestic;

    let start = Instant::now();
    let identified = center.evidence(caller, &mut open, request).await;
    let ticket = identified.expect("the card is genuine").ticket;
    let message = inquiry_message(&ticket, &programme, &municipality, kind, None, &exporter);
    let request = terminal::InquiryRequest {
        session_key: applicant.session_key(),
        proof: applicant.sign(&message),
        ticket,
        programme,
        municipality,
        kind,
        passport: None,
        copies: 1,
    };
    let previewed = center.inquiry(caller, request).await;
    let state = previewed.expect("there are records").state;
    let digest = Array::new(Sha256::digest(state.as_bytes()).into());
    let message = issue_message(IssueIntent::Issue, &digest, &exporter);
    let proof = applicant.sign(&message);
    let issued = center.issue(caller, IssueRequest { state, proof }).await;
    let issued = issued.expect("it is issued");
    (challenged + start.elapsed(), issued)
}

fn application(c: &mut Criterion) {
    let mut world = World::start(&Options::default()).expect("the world starts");
    world.center = None;
    world.vrs = None;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives threads");
    let center = center(&world);
    let mut group = c.benchmark_group("application, without transport");
    group.sample_size(20);
    for name in ["ordinary", "seven-doses", "gaiji"] {
        let persona = Persona::load(name).expect("a persona");
        let municipality = persona.municipality.parse().expect("a municipality's code");
        let mut card = world.ground.card(name);
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let all = (0..count).map(|_| {
                    let applying = apply(&world, &center, &mut card, municipality);
                    let (took, issued) = runtime.block_on(applying);
                    black_box(issued);
                    took
                });
                all.sum()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, application);
criterion_main!(benches);
