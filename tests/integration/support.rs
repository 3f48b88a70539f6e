//! What the tests share.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use card::evidence::Evidence;
use issuance_api::registry::{EvidenceRequest, Nonce, Ticket};
use issuance_api::terminal::{Challenge, InquiryAnswer};
use issuance_api::{Array, Blob, PersonalBytes, Problem, ProblemCode};
use issuance_channel::client::CallError;
use stage::applicant::Applicant;
use stage::reader::Reader;
use stage::world::{Options, World};

/// A world of the usual kind, for tests that leave it as it was. Each starts its own where it changes anything.
pub(crate) fn world() -> World {
    World::start(&Options::default()).unwrap()
}

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// The code of a call that was refused.
pub(crate) fn refusal<T>(result: Result<T, CallError>) -> ProblemCode {
    match result {
        Err(CallError::Problem(Problem { code, .. })) => code,
        Err(other) => panic!("no problem document: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// A ticket for a persona, from a kiosk.
pub(crate) async fn ticket(world: &World, applicant: &Applicant, persona: &str) -> Blob {
    applicant
        .identify(world.ground.card(persona))
        .await
        .unwrap()
        .ticket
}

/// The preview of a persona's certificate in the demo's first municipality.
pub(crate) async fn preview(world: &World, applicant: &Applicant, persona: &str) -> InquiryAnswer {
    let ticket = ticket(world, applicant, persona).await;
    applicant
        .inquire(&ticket, HOME.parse().unwrap())
        .await
        .unwrap()
}

/// The exporter that a lying center gives out as the one of its connection to the terminal.
pub(crate) const EXPORTER: Array<32> = Array::new([9; 32]);

/// A ticket for a persona's card that a center which checks nothing passed on to the record system.
pub(crate) async fn ticket_of_vrs(
    world: &World,
    applicant: &Applicant,
    persona: &str,
) -> Result<Ticket, CallError> {
    let card = world.ground.card(persona);
    passed_on(world, applicant, |challenge| {
        applicant.evidence_over(card, challenge, &EXPORTER)
    })
    .await
}

/// A ticket for evidence that a center which checks nothing passed on to the record system.
pub(crate) async fn passed_on(
    world: &World,
    applicant: &Applicant,
    evidence: impl FnOnce(&Challenge) -> Evidence,
) -> Result<Ticket, CallError> {
    let center = world.as_center();
    let minted: Nonce = center.post("/v1/nonce").await?;
    let challenge = Challenge {
        center_nonce: Array::new([7; 32]),
        vrs_nonce: minted.nonce,
        center: "center-1".parse().unwrap(),
        vrs: minted.vrs,
        expires_in_seconds: 60,
    };
    let evidence = evidence(&challenge);
    let request = EvidenceRequest {
        center_nonce: challenge.center_nonce,
        vrs_nonce: challenge.vrs_nonce,
        terminal: applicant.urn().parse().unwrap(),
        exporter: EXPORTER,
        session_key: applicant.session_key(),
        evidence: PersonalBytes::new(evidence.encode().to_vec()),
    };
    center.post_sealed("/v1/evidence", &request).await
}

/// Where the personas live.
pub(crate) const HOME: &str = "132217";

/// Waits until no other test has the PC/SC service: there is one in a namespace.
pub(crate) fn alone_with_pcsc() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A world with a reader in it, for one test at a time.
pub(crate) struct Counter {
    // Dropped in this order: the next test finds no service.
    pub(crate) reader: Reader,
    pub(crate) world: World,
    _alone: MutexGuard<'static, ()>,
}

impl Counter {
    pub(crate) fn open() -> Self {
        let alone = alone_with_pcsc();
        let world = world();
        let reader = Reader::start(&world.ground.path("cards/cards")).unwrap();
        Self {
            reader,
            world,
            _alone: alone,
        }
    }
}

/// How often these bytes stand in a process's memory.
pub(crate) fn occurrences(process: u32, bytes: &[u8]) -> usize {
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let map = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut count = 0;
    for line in map.lines().filter(|line| line.contains(" rw")) {
        let (begin, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut content = vec![0; usize::try_from(end - begin).unwrap()];
        if memory.read_exact_at(&mut content, begin).is_ok() {
            count += content
                .windows(bytes.len())
                .filter(|it| *it == bytes)
                .count();
        }
    }
    count
}

/// A lifetime that a test waits for the end of: long enough for what has to happen before, on a busy machine too.
pub(crate) const SHORT: Duration = Duration::from_secs(12);

/// Sets a lifetime to [`SHORT`].
pub(crate) fn shorten(config: &mut toml::Table, key: &str) {
    let lifetimes = config["lifetimes"].as_table_mut().unwrap();
    let seconds = i64::try_from(SHORT.as_secs()).unwrap();
    lifetimes.insert(key.to_owned(), seconds.into());
}

/// Polls until something holds; panics if it never does.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to be");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
