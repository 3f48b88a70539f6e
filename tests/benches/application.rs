//! A whole application, center and VRS in one process and nothing in between: `cargo bench -p shomei-tests`.
//!
//! What `stage load` measures beyond this is TLS, HTTP and sealing. The card's part is not counted.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hw_sim::chip::EmulatedCard;
use issuance_api::terminal::{self, IssueAnswer, IssueRequest};
use issuance_api::{
    Array, CenterId, CertificateKind, IssueIntent, MunicipalityCode, TerminalUrn, inquiry_message,
    issue_message,
};
use issuance_center::center::challenge::OpenChallenge;
use issuance_center::center::{Caller, Center};
use issuance_center::clock::SystemClock;
use sha2::{Digest, Sha256};
use stage::applicant::Applicant;
use stage::persona::Persona;
use stage::simulator::{Records, Works};
use stage::world::{Options, World};

/// Both, from the files of a world whose programs were ended.
fn center(world: &World) -> Center<Records> {
    let works = Works::new(&world.ground).expect("files of a world that ran");
    let id: CenterId = "center-1".parse().expect("a center's id");
    let clock = Arc::new(vrs::clock::SystemClock::start());
    let events = Arc::new(vrs::event::StandardError);
    let vrs = works.vrs(works.own_folders(), vec![id.clone()], clock, events);
    let records = Records::near(Arc::new(vrs.expect("its files")), id.clone());
    let events = Arc::new(issuance_center::event::StandardError);
    let center = works.center(id, records, Arc::new(SystemClock::start()), events);
    center.expect("its files")
}

/// From challenge to page, without the time of the card.
async fn apply(
    world: &World,
    center: &Center<Records>,
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
