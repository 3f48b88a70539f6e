//! Applications through every step behind the transport, with a VRS that says what a test tells it, under its own key.

use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::Signer as _;
use issuance_api::{
    Blob, CertificateKind, IssueIntent, Personal, PersonalBytes,
    registry::{self, DoseRecord, Finding, Nonce, Outcome, Receipt, Records, Revocations, Ticket},
    terminal::{
        DeliveredRequest, EvidenceRequest, Holder, InquiryAnswer, InquiryRequest, IssueAnswer,
        IssueRequest,
    },
};
use sha2::{Digest, Sha256};
use time::macros::datetime;

use super::{challenge::OpenChallenge, *};
use crate::testing::again;
use crate::{
    registry::{Answer, Registry},
    signing::KeyFile,
    testing::{self, HandClock, Notes, receipt, session_key, vrs_key},
};

mod abroad;

/// What the fake VRS says.
struct Said {
    outcome: Answer<Outcome>,
    ticket_holds: u32,
    registers: Answer<()>,
    alter: fn(&mut Finding, &mut Receipt),
}

struct FakeVrs(Mutex<Said>);

const APPLICATION: [u8; 16] = [3; 16];

impl FakeVrs {
    fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn said<T>(&self, read: impl FnOnce(&Said) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn unaltered(_: &mut Finding, _: &mut Receipt) {}

fn signed(finding: &Finding) -> Array<64> {
    vrs_key().sign(&finding.message()).to_bytes().into()
}

fn no_receipt() -> Receipt {
    Receipt {
        application: APPLICATION.into(),
        signature: [0; 64].into(),
    }
}

impl Registry for FakeVrs {
    async fn nonce(&self) -> Answer<Nonce> {
        Ok(Nonce {
            nonce: Blob::new(vec![2; 40]),
            vrs: "vrs-1".parse().unwrap(),
            expires_in_seconds: 60,
        })
    }

    async fn evidence(&self, _: &registry::EvidenceRequest) -> Answer<Ticket> {
        Ok(Ticket {
            ticket: Blob::new(vec![7; 300]),
            expires_in_seconds: 600,
        })
    }

    async fn inquiry(&self, request: &registry::InquiryRequest) -> Answer<Finding> {
        let outcome = self.said(|said| said.outcome.as_ref().map(again).map_err(|code| *code))?;
        let mut finding = Finding {
            application: APPLICATION.into(),
            municipality: request.municipality,
            programme: request.programme.clone(),
            kind: request.kind,
            ticket_expires_in_seconds: self.said(|said| said.ticket_holds),
            data_epoch: 9,
            outcome,
            signature: [0; 64].into(),
        };
        finding.signature = signed(&finding);
        self.said(|said| (said.alter)(&mut finding, &mut no_receipt()));
        Ok(finding)
    }

    async fn register(&self, request: &registry::RegisterRequest) -> Answer<Receipt> {
        self.said(|said| said.registers)?;
        let mut receipt = receipt(&APPLICATION.into(), &request.certificate);
        let mut finding = Finding {
            application: APPLICATION.into(),
            municipality: request.certificate.municipality,
            programme: request.certificate.programme.clone(),
            kind: request.certificate.kind,
            ticket_expires_in_seconds: 0,
            data_epoch: 9,
            outcome: Outcome::NoSuchPerson,
            signature: [0; 64].into(),
        };
        self.said(|said| (said.alter)(&mut finding, &mut receipt));
        Ok(receipt)
    }

    async fn delivered(&self, _: &registry::DeliveredRequest) -> Answer<registry::DeliveredAnswer> {
        self.said(|said| said.registers)?;
        Ok(registry::DeliveredAnswer {})
    }

    async fn revocations(&self, _: &registry::RevocationsRequest) -> Answer<Revocations> {
        Err(ProblemCode::RecordsUnavailable)
    }
}

fn some_records(doses: usize, name: &str) -> Outcome {
    let dose = |_| DoseRecord {
        date: "2021-07-01".parse().unwrap(),
        vaccine_name: Personal::new("コミナティ".to_owned()),
        maker: Personal::new("ファイザー".to_owned()),
        lot: Personal::new("EY0779".to_owned()),
        number: Some(1),
    };
    Outcome::Records(Records {
        holder: Holder {
            name: Personal::new(name.to_owned()),
            birth_date: "1985-04-02".parse().unwrap(),
        },
        record_version: 4,
        doses: (0..doses).map(dose).collect(),
        passport: None,
    })
}

struct Stage {
    center: Center<FakeVrs>,
    clock: Arc<HandClock>,
    terminal: TerminalUrn,
    exporter: Array<32>,
}

impl Stage {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Parts<FakeVrs>)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        KeyFile::create(&path("key"), card::trust::Environment::Emulator).unwrap();
        std::fs::write(path("refused"), "end").unwrap();
        // Noon in Japan.
        let clock = Arc::new(HandClock::at(datetime!(2026-11-24 03:00 UTC)));
        let mut parts = Parts {
            id: "center-1".parse().unwrap(),
            vrs: "vrs-1".parse().unwrap(),
            issuer: "https://issuer.shomei.example".parse().unwrap(),
            programmes: Arc::new(testing::programmes()),
            typesetter: Arc::new(testing::typesetter()),
            hours: issuance_api::terminal::Hours {
                open: "06:30".to_owned(),
                close: "23:00".to_owned(),
            }
            .try_into()
            .unwrap(),
            notices: Vec::new(),
            maintenance: None,
            challenge_lifetime: challenge::MAX_LIFETIME,
            state_lifetime: crate::state::MAX_LIFETIME,
            kiosk_builds: None,
            trust: testing::trust(),
            binding: card::evidence::Binding::Required,
            refused: RefusedSigners::load(&path("refused")).unwrap(),
            statements: StatementKey::new(vrs_key().verifying_key()),
            signing: Arc::new(Signing::new(KeyFile::load(&path("key")).unwrap())),
            rids: Arc::new(RidSecret::from_bytes(&[1; 32])),
            registry: FakeVrs(Mutex::new(Said {
                outcome: Ok(some_records(2, "見本\u{3000}花子")),
                ticket_holds: 600,
                registers: Ok(()),
                alter: unaltered,
            })),
            metrics: Arc::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            events: Arc::new(Notes::default()),
        };
        change(&mut parts);
        Self {
            center: Center::new(parts),
            clock,
            terminal: testing::terminal("0001"),
            exporter: Array::new([8; 32]),
        }
    }

    fn caller(&self) -> Caller<'_> {
        Caller {
            terminal: &self.terminal,
            exporter: &self.exporter,
        }
    }

    fn vrs(&self) -> &FakeVrs {
        &self.center.parts.registry
    }

    async fn inquire(
        &self,
        change: impl FnOnce(&mut InquiryRequest),
    ) -> Result<InquiryAnswer, Problem> {
        let mut request = InquiryRequest {
            ticket: Blob::new(vec![7; 300]),
            session_key: Array::new(session_key(1).verifying_key().to_bytes()),
            programme: "covid-19".parse().unwrap(),
            municipality: "132217".parse().unwrap(),
            kind: CertificateKind::Domestic,
            passport: None,
            copies: 1,
            proof: [0; 64].into(),
        };
        change(&mut request);
        self.center.inquiry(self.caller(), request).await
    }

    async fn refusal(&self, change: impl FnOnce(&mut InquiryRequest)) -> ProblemCode {
        self.inquire(change).await.unwrap_err().code
    }

    async fn issue(&self, state: &Blob) -> Result<IssueAnswer, Problem> {
        let request = IssueRequest {
            state: state.clone(),
            proof: self.proof(IssueIntent::Issue, state),
        };
        self.center.issue(self.caller(), request).await
    }

    fn proof(&self, intent: IssueIntent, state: &Blob) -> Array<64> {
        let digest = Array::new(Sha256::digest(state.as_bytes()).into());
        let message = issuance_api::issue_message(intent, &digest, &self.exporter);
        session_key(1).sign(&message).to_bytes().into()
    }
}

#[tokio::test]
async fn the_same_request_gives_the_same_bytes_and_a_signature_that_verifies() {
    let stage = Stage::new();
    let previewed = stage.inquire(|_| ()).await.unwrap();
    assert_eq!(previewed.preview.doses.len(), 2);
    let issued = stage.issue(&previewed.state).await.unwrap();
    stage.clock.pass(Duration::from_secs(60));
    assert_eq!(stage.issue(&previewed.state).await.unwrap(), issued);
    assert!(issued.page.as_bytes().starts_with(b"%PDF-"));

    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use p256::ecdsa::signature::Verifier;
    let (signed, signature) = issued.jws.expose().rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    let key = stage.center.parts.signing.public(stage.clock.now()).get();
    key.verify(signed.as_bytes(), &signature).unwrap();

    let request = DeliveredRequest {
        proof: stage.proof(IssueIntent::Delivered, &previewed.state),
        state: previewed.state,
    };
    assert!(
        stage
            .center
            .delivered(stage.caller(), request)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn every_outcome_is_its_own_answer_and_only_a_signed_one_says_no_record() {
    let stage = Stage::new();
    for (outcome, code) in [
        (some_records(0, "見本"), ProblemCode::NoRecord),
        (some_records(8, "見本"), ProblemCode::TooManyDoses),
        (Outcome::NoSuchPerson, ProblemCode::NoSuchPerson),
        (Outcome::ConfirmationNeeded, ProblemCode::ConfirmationNeeded),
        (Outcome::MovedOut, ProblemCode::MovedOut),
        (Outcome::Deceased, ProblemCode::Deceased),
        (Outcome::Stopped, ProblemCode::IssuingStopped),
        (Outcome::PassportUnknown, ProblemCode::PassportNotRegistered),
    ] {
        stage.vrs().say(|said| said.outcome = Ok(outcome));
        assert_eq!(stage.refusal(|_| ()).await, code);
    }
    let alterations: [fn(&mut Finding, &mut Receipt); 7] = [
        |finding, _| finding.outcome = Outcome::NoSuchPerson,
        |finding, _| finding.municipality = "131016".parse().unwrap(),
        |finding, _| finding.programme = "pandemic-influenza".parse().unwrap(),
        |finding, _| finding.kind = CertificateKind::Abroad,
        |finding, _| finding.ticket_expires_in_seconds += 1,
        |finding, _| finding.application = [4; 16].into(),
        |finding, _| finding.data_epoch += 1,
    ];
    stage
        .vrs()
        .say(|said| said.outcome = Ok(some_records(0, "見本")));
    for alter in alterations {
        stage.vrs().say(|said| said.alter = alter);
        assert_eq!(stage.refusal(|_| ()).await, ProblemCode::RecordsUnavailable);
    }
    stage
        .vrs()
        .say(|said| said.outcome = Err(ProblemCode::RecordsUnavailable));
    assert_eq!(stage.refusal(|_| ()).await, ProblemCode::RecordsUnavailable);
}

#[tokio::test]
async fn a_finding_about_anything_else_is_none_though_rightly_signed() {
    let stage = Stage::new();
    let others: [fn(&mut Finding, &mut Receipt); 3] = [
        |finding, _| {
            finding.municipality = "131016".parse().unwrap();
            finding.signature = signed(finding);
        },
        |finding, _| {
            finding.programme = "pandemic-influenza".parse().unwrap();
            finding.signature = signed(finding);
        },
        |finding, _| {
            finding.kind = CertificateKind::Abroad;
            finding.signature = signed(finding);
        },
    ];
    for other in others {
        stage.vrs().say(|said| said.alter = other);
        assert_eq!(stage.refusal(|_| ()).await, ProblemCode::RecordsUnavailable);
    }
}

#[tokio::test]
async fn a_preview_promises_what_ticket_and_hand_over_leave() {
    let stage = Stage::new();
    for (ticket_holds, promised) in [(600, 600), (480, 480), (5, 5)] {
        stage.vrs().say(|said| said.ticket_holds = ticket_holds);
        let previewed = stage.inquire(|_| ()).await.unwrap();
        assert_eq!(previewed.expires_in_seconds, promised);
        stage
            .clock
            .pass(Duration::from_millis(u64::from(promised) * 1000 - 1));
        let state = previewed.state;
        stage.issue(&state).await.unwrap();
        stage.clock.pass(Duration::from_millis(1));
        let late = stage.issue(&state).await.unwrap_err();
        assert_eq!(late.code, ProblemCode::StateExpired);
        // The last certificate that can be issued has five minutes to be handed over.
        stage.clock.pass(Duration::from_secs(299));
        let request = DeliveredRequest {
            proof: stage.proof(IssueIntent::Delivered, &state),
            state,
        };
        let delivered = stage.center.delivered(stage.caller(), request).await;
        delivered.unwrap();
    }
}

#[tokio::test]
async fn without_a_receipt_for_exactly_this_nothing_is_signed() {
    let stage = Stage::new();
    let state = stage.inquire(|_| ()).await.unwrap().state;
    let alterations: [fn(&mut Finding, &mut Receipt); 3] = [
        |_, receipt| receipt.application = [4; 16].into(),
        |_, receipt| receipt.signature = [1; 64].into(),
        |_, receipt| {
            *receipt = testing::receipt(
                &APPLICATION.into(),
                &testing::registration(&testing::state().kid).1,
            )
        },
    ];
    for alter in alterations {
        stage.vrs().say(|said| said.alter = alter);
        let refused = stage.issue(&state).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::RecordsUnavailable);
    }
    stage.vrs().say(|said| {
        said.alter = unaltered;
        said.registers = Err(ProblemCode::RecordChanged);
    });
    let refused = stage.issue(&state).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::RecordChanged);
    stage.vrs().say(|said| said.registers = Ok(()));
    assert!(stage.issue(&state).await.is_ok());
}

#[tokio::test]
async fn only_what_the_menu_of_this_terminal_holds_can_be_asked() {
    let stage = Stage::new();
    let request = MenuRequest {
        build: "0".repeat(64).parse().unwrap(),
    };
    let menu = stage.center.menu(TerminalRole::Kiosk, &request).unwrap();
    let codes = |menu: &Menu| -> Vec<String> {
        let offers = menu
            .programmes
            .iter()
            .flat_map(|offer| &offer.municipalities);
        offers.map(|offer| offer.code.to_string()).collect()
    };
    assert!(codes(&menu).contains(&"132217".to_owned()));
    assert!(!codes(&menu).contains(&"011002".to_owned()));
    assert_eq!(
        stage
            .refusal(|it| it.municipality = "011002".parse().unwrap())
            .await,
        ProblemCode::MunicipalityNotTakingPart
    );
    assert_eq!(
        stage
            .refusal(|it| it.programme = "no-such".parse().unwrap())
            .await,
        ProblemCode::ProgrammeEnded
    );
    assert_eq!(
        stage.refusal(|it| it.kind = CertificateKind::Abroad).await,
        ProblemCode::KindNotOffered
    );
    for copies in [0, 11] {
        assert_eq!(
            stage.refusal(|it| it.copies = copies).await,
            ProblemCode::RequestMalformed
        );
    }
}

#[tokio::test]
async fn outside_hours_and_in_maintenance_nothing_starts() {
    let stage = Stage::new();
    let mut open = OpenChallenge::default();
    assert!(stage.center.challenge(&mut open).await.is_ok());
    // From noon to 23:00 in Japan.
    stage.clock.pass(Duration::from_secs(11 * 3600));
    let refused = stage.center.challenge(&mut open).await;
    assert_eq!(refused.err(), Some(ProblemCode::OutsideHours));
    assert_eq!(stage.refusal(|_| ()).await, ProblemCode::OutsideHours);

    let text = || "…".to_owned();
    let stopped = Stage::with(|parts| {
        parts.maintenance = Some(Localized {
            ja: text(),
            en: text(),
            zh: text(),
            ko: text(),
        });
    });
    assert_eq!(stopped.refusal(|_| ()).await, ProblemCode::Maintenance);
}

#[tokio::test]
async fn what_cannot_be_printed_is_refused_at_the_preview_by_its_name() {
    let stage = Stage::new();
    stage
        .vrs()
        .say(|said| said.outcome = Ok(some_records(1, "見本\u{3000}\u{1F600}")));
    let refused = stage.inquire(|_| ()).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::CharacterUnsupported);
    assert_eq!(refused.character, Some('\u{1F600}'));
}

#[tokio::test]
async fn evidence_spends_the_challenge_whatever_it_is() {
    let stage = Stage::new();
    let mut open = OpenChallenge::default();
    let present = async |open: &mut OpenChallenge| {
        let request = EvidenceRequest {
            vrs_nonce: Blob::new(vec![2; 40]),
            session_key: [6; 32].into(),
            evidence: PersonalBytes::new(vec![0; 10]),
        };
        stage
            .center
            .evidence(stage.caller(), open, request)
            .await
            .unwrap_err()
    };
    assert_eq!(
        present(&mut open).await,
        ProblemCode::ChallengeExpired,
        "none is open"
    );
    stage.center.challenge(&mut open).await.unwrap();
    assert_eq!(present(&mut open).await, ProblemCode::EvidenceMalformed);
    assert_eq!(
        present(&mut open).await,
        ProblemCode::ChallengeExpired,
        "spent"
    );
    stage.center.challenge(&mut open).await.unwrap();
    stage.clock.pass(Duration::from_secs(60));
    assert_eq!(
        present(&mut open).await,
        ProblemCode::ChallengeExpired,
        "too late"
    );
}
