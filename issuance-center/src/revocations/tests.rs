use std::sync::{Mutex, PoisonError};

use card::trust::Environment;
use http::{Method, StatusCode};
use issuance_api::{CertificateId, ProblemCode, registry};
use issuance_channel::server::OpenService as _;
use time::OffsetDateTime;

use super::*;
use crate::{
    admin::Admin,
    event::Listener,
    metrics::Metrics,
    registry::Answer,
    reports::Reports,
    signing::{KeyFile, Signing},
    testing::{HandClock, Notes, build, published_key},
};

/// A VRS that knows revocations only: of each municipality its list, so many entries an answer.
#[derive(Default)]
struct Revoker {
    lists: BTreeMap<MunicipalityCode, Vec<Revoked>>,
    room: usize,
    down: bool,
    asked: Mutex<usize>,
}

macro_rules! unasked {
    ($($step:ident $request:ident $answer:ident,)*) => {
        $(async fn $step(&self, _: &registry::$request) -> Answer<registry::$answer> {
            Err(ProblemCode::RecordsUnavailable)
        })*
    };
}

impl Registry for Revoker {
    async fn nonce(&self) -> Answer<registry::Nonce> {
        Err(ProblemCode::RecordsUnavailable)
    }

    unasked! {
        evidence EvidenceRequest Ticket,
        inquiry InquiryRequest Finding,
        register RegisterRequest Receipt,
        delivered DeliveredRequest DeliveredAnswer,
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        if self.down {
            return Err(ProblemCode::RecordsUnavailable);
        }
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let mut room = self.room;
        let lists = self.lists.iter().map(|(municipality, list)| {
            let known = request.known.get(municipality).copied().unwrap_or(0);
            let after = usize::try_from(known).unwrap().min(list.len());
            let start = Revoked::CHAIN_START;
            let chain = list[..after]
                .iter()
                .fold(start, |chain, it| it.chain(&chain));
            let revoked: Vec<_> = list[after..].iter().take(room).cloned().collect();
            room -= revoked.len();
            RevocationPiece {
                municipality: *municipality,
                entries: list.len() as u64,
                after: after as u64,
                chain,
                revoked,
            }
        });
        Ok(Revocations {
            lists: lists.collect(),
        })
    }
}

fn id(byte: u8) -> CertificateId {
    CertificateId::from_mac(&[byte; 32])
}

/// VRS, what is published of it, and who fetches.
struct Stage {
    vrs: Revoker,
    kid: KeyId,
    published: Arc<Published>,
    fetching: Fetching,
    notes: Notes,
}

impl Stage {
    fn new() -> Self {
        let key = published_key();
        let published = Arc::new(Published::new(vec![key.clone()], &build()));
        let rids = Arc::new(RidSecret::from_bytes(&[1; 32]));
        let vrs = Revoker {
            room: 3,
            ..Revoker::default()
        };
        Self {
            vrs,
            kid: key.kid().clone(),
            fetching: Fetching::new(rids, Arc::clone(&published)),
            published,
            notes: Notes::default(),
        }
    }

    fn set(&mut self, municipality: &str, ids: impl IntoIterator<Item = u8>) {
        let kid = &self.kid;
        let revoked = ids.into_iter().map(|byte| Revoked {
            certificate_id: id(byte),
            kid: kid.clone(),
        });
        let list = revoked.collect();
        self.vrs.lists.insert(municipality.parse().unwrap(), list);
    }

    async fn poll(&mut self) {
        self.fetching.poll(&self.vrs, &self.notes).await;
    }

    /// What the operator hears: the status, and how many revocations are not published.
    async fn health(&self) -> (StatusCode, u64) {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        KeyFile::create(&key, Environment::Emulator).unwrap();
        let metrics = Arc::new(Metrics::default());
        let clock = Arc::new(HandClock::at(OffsetDateTime::UNIX_EPOCH));
        let notes = Arc::new(Notes::default());
        let admin = Admin {
            metrics: Arc::clone(&metrics),
            signing: Arc::new(Signing::new(KeyFile::load(&key).unwrap())),
            published: Arc::clone(&self.published),
            reports: Reports::new(Listener::Admin, metrics, notes, clock),
        };
        let answer = admin.handle(&Method::GET, "/health").await;
        let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        (answer.status(), said["unpublished"].as_u64().unwrap())
    }
}

#[tokio::test]
async fn a_long_list_is_fetched_piece_by_piece_and_published_whole() {
    let mut stage = Stage::new();
    stage.set("131016", 1..=4);
    stage.set("132217", 5..=11);
    stage.poll().await;
    assert_eq!(stage.published.entries(), Some(11));
    let asked = |stage: &Stage| *stage.vrs.asked.lock().unwrap();
    assert_eq!(asked(&stage), 4);
    // Afterwards only what is new.
    stage.set("131016", (1..=4).chain([12]));
    stage.poll().await;
    assert_eq!(stage.published.entries(), Some(12));
    assert_eq!(asked(&stage), 5);
    let rids = (1..=12).map(|byte| stage.fetching.rids.rid(&stage.kid, &id(byte)));
    let expected = Lists::from([(stage.kid.clone(), rids.collect())]);
    assert_eq!(stage.fetching.known.lists, expected);
    assert_eq!(
        stage.notes.all(),
        [
            Event::RevocationsPublished { count: 11 },
            Event::RevocationsPublished { count: 12 }
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_fetched_whole_is_an_alarm_and_goes_on_later() {
    let mut stage = Stage::new();
    stage.set("132217", [1, 2, 3]);
    stage.poll().await;
    stage.vrs.room = 1;
    stage.set("132217", 1..=200);
    stage.poll().await;
    assert_eq!(stage.published.entries(), Some(3), "nothing in between");
    stage.poll().await;
    assert_eq!(stage.published.entries(), Some(200));
    stage.vrs.room = 0;
    stage.set("132217", 1..=201);
    stage.poll().await;
    assert_eq!(
        stage.notes.all(),
        [
            Event::RevocationsPublished { count: 3 },
            Event::RevocationsBehind { missing: 97 },
            Event::RevocationsPublished { count: 200 },
            Event::RevocationsBehind { missing: 1 }
        ]
    );
}

/// A key that was taken down takes its list with it.
#[tokio::test]
async fn revocations_under_a_key_that_is_not_published_are_an_alarm_and_no_illness() {
    let mut stage = Stage::new();
    let published = stage.kid.clone();
    stage.set("131016", [1, 2]);
    stage.poll().await;
    let other = published_key().kid().clone();
    assert_ne!(other, published);
    assert_eq!(stage.health().await, (StatusCode::OK, 0));
    stage.kid = other.clone();
    stage.set("132217", [3]);
    stage.poll().await;
    // Once, and not with every look.
    stage.poll().await;
    assert_eq!(stage.health().await, (StatusCode::OK, 1));
    stage.set("132217", [3, 4]);
    stage.poll().await;
    stage.kid = published;
    stage.set("011002", [5]);
    stage.poll().await;
    assert_eq!(stage.health().await, (StatusCode::OK, 2));
    assert_eq!(
        stage.notes.all(),
        [
            Event::RevocationsPublished { count: 2 },
            Event::RevocationsUnpublished { count: 1 },
            Event::RevocationsUnpublished { count: 2 },
            Event::RevocationsPublished { count: 3 },
        ]
    );
}

#[tokio::test]
async fn neither_a_failure_nor_a_list_that_lost_or_changed_entries_takes_one_down() {
    let mut stage = Stage::new();
    stage.vrs.down = true;
    stage.poll().await;
    assert!(!stage.published.has_list());
    stage.vrs.down = false;
    stage.set("131016", []);
    stage.poll().await;
    assert_eq!(
        stage.published.entries(),
        Some(0),
        "none is a statement too"
    );
    stage.set("132217", [1, 2, 3]);
    stage.poll().await;
    let damages: [fn(&mut Stage); 5] = [
        |stage| stage.set("132217", [1, 2]),
        |stage| stage.set("132217", [1, 4, 3]),
        |stage| stage.set("132217", [1, 4, 3, 5]),
        |stage| stage.set("132217", []),
        |stage| stage.vrs.lists.clear(),
    ];
    for damage in damages {
        damage(&mut stage);
        stage.poll().await;
        assert_eq!(stage.published.entries(), Some(3));
    }
    stage.vrs.down = true;
    stage.poll().await;
    stage.vrs.down = false;
    // Put right, it goes on.
    stage.set("131016", []);
    stage.set("132217", [1, 2, 3, 4]);
    stage.poll().await;
    let mut expected = vec![
        Event::RevocationsUnavailable,
        Event::RevocationsPublished { count: 0 },
        Event::RevocationsPublished { count: 3 },
    ];
    expected.extend([Event::RevocationsShrunk; 5]);
    expected.push(Event::RevocationsUnavailable);
    expected.push(Event::RevocationsPublished { count: 4 });
    assert_eq!(stage.notes.all(), expected);
}
