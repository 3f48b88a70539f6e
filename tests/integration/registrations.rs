//! The register: one certificate an application, whatever is repeated, lost, killed or lied about on the way.

use std::fs;
use std::time::Duration;

use issuance_api::problem::Retry;
use issuance_api::registry::{
    Finding, InquiryRequest, Outcome, Receipt, RegisterRequest, Registration,
};
use issuance_api::{
    Array, Blob, CertificateId, CertificateKind, Date, IssueIntent, MunicipalityCode, ProblemCode,
    ProgrammeId, inquiry_message, issue_message,
};
use issuance_channel::client::CallError;
use rustix::process::Signal;
use stage::applicant::Applicant;
use stage::world::{World, repository};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::support::{
    EXPORTER, HOME, block_on, preview, refusal, ticket, ticket_of_vrs, until, world,
};

const NEIGHBOUR: &str = "131016";

fn code(municipality: &str) -> MunicipalityCode {
    municipality.parse().unwrap()
}

fn programme() -> ProgrammeId {
    "covid-19".parse().unwrap()
}

/// Waits for another second of the clock: what is asked then is another certificate, by its `nbf`.
async fn next_second() {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    until(async || OffsetDateTime::now_utc().unix_timestamp() > now).await;
}

#[test]
fn who_goes_back_before_issuing_may_ask_again() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket(&world, &applicant, "ordinary").await;
        let ask = async |place: &str| applicant.inquire(&ticket, code(place)).await;
        // Another municipality first, then the right one, back from its preview, and the right one again.
        assert_eq!(refusal(ask(NEIGHBOUR).await), ProblemCode::NoSuchPerson);
        let first = ask(HOME).await.unwrap();
        next_second().await;
        let second = ask(HOME).await.unwrap();
        let issued = applicant.issue(&second.state).await.unwrap();
        assert!(applicant.issue(&second.state).await.unwrap() == issued);

        // From here on there is one certificate: what was previewed before or is previewed later is another.
        let conflict = ProblemCode::RegistrationConflict;
        assert_eq!(refusal(applicant.issue(&first.state).await), conflict);
        next_second().await;
        let third = ask(HOME).await.unwrap();
        assert_eq!(refusal(applicant.issue(&third.state).await), conflict);
        applicant.delivered(&second.state).await.unwrap();
        assert_eq!(world.registered(HOME).unwrap(), 1);
    });
}

#[test]
fn a_record_that_changed_since_the_preview_is_not_certified() {
    let world = world();
    let change = |from: &str, to: &str| {
        let records = repository().join("tests/data/vrs").join(HOME);
        let records = fs::read_to_string(records.with_extension("csv")).unwrap();
        assert!(records.contains(from));
        let changed = world.ground.path("changed.csv");
        fs::write(&changed, records.replace(from, to)).unwrap();
        let mut import = world.ground.vrs();
        import.args(["import", "--municipality", HOME]).arg(changed);
        assert!(import.output().unwrap().status.success());
    };
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket(&world, &applicant, "ordinary").await;
        let before = applicant.inquire(&ticket, code(HOME)).await.unwrap();
        // 予診日 of a dose: nothing the certificate shows, and the record is another one all the same.
        change("36,36,,20210710", "36,36,,20210709");
        assert_eq!(
            refusal(applicant.issue(&before.state).await),
            ProblemCode::RecordChanged
        );
        assert_eq!(world.registered(HOME).unwrap(), 0);
        // What is previewed now is what is certified.
        let after = applicant.inquire(&ticket, code(HOME)).await.unwrap();
        applicant.issue(&after.state).await.unwrap();
    });
}

/// A center gone bad: it may say anything to the record system under a ticket, but the session key is the terminal's.
struct LyingCenter<'a> {
    world: &'a World,
    applicant: &'a Applicant,
    ticket: Blob,
}

const STATE: Array<32> = Array::new([5; 32]);

impl LyingCenter<'_> {
    /// Asks for one municipality with the resident's words about another.
    async fn inquire(&self, asked: &str, signed: &str) -> Result<Finding, CallError> {
        let kind = CertificateKind::Domestic;
        let words = inquiry_message(
            &self.ticket,
            &programme(),
            &code(signed),
            kind,
            None,
            &EXPORTER,
        );
        let request = InquiryRequest {
            ticket: self.ticket.clone(),
            terminal: self.applicant.urn().parse().unwrap(),
            exporter: EXPORTER,
            programme: programme(),
            municipality: code(asked),
            kind,
            passport: None,
            proof: self.applicant.sign(&words),
        };
        self.world
            .as_center()
            .post_sealed("/v1/inquiry", &request)
            .await
    }

    /// An honest request to register, but for what the caller changes.
    async fn register(
        &self,
        record_version: u64,
        change: impl FnOnce(&mut RegisterRequest),
    ) -> Result<Receipt, CallError> {
        let mut request = RegisterRequest {
            ticket: self.ticket.clone(),
            terminal: self.applicant.urn().parse().unwrap(),
            exporter: EXPORTER,
            state_digest: STATE,
            proof: self.proof(IssueIntent::Issue),
            certificate: Registration {
                certificate_id: CertificateId::from_mac(&[1; 32]),
                programme: programme(),
                municipality: code(HOME),
                kind: CertificateKind::Domestic,
                kid: "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s"
                    .parse()
                    .unwrap(),
                record_version,
                content_digest: Array::new([6; 32]),
                issued_on: Date::from(OffsetDateTime::now_utc().date()),
                passport: None,
            },
        };
        change(&mut request);
        self.world
            .as_center()
            .post_sealed("/v1/register", &request)
            .await
    }

    fn proof(&self, intent: IssueIntent) -> Array<64> {
        self.applicant
            .sign(&issue_message(intent, &STATE, &EXPORTER))
    }
}

#[test]
fn a_lying_center_gets_what_the_resident_signed_and_no_more() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket_of_vrs(&world, &applicant, "ordinary").await.unwrap();
        let center = LyingCenter {
            world: &world,
            applicant: &applicant,
            ticket: ticket.ticket,
        };
        let proof = ProblemCode::SessionProofInvalid;
        assert_eq!(refusal(center.inquire(HOME, NEIGHBOUR).await), proof);
        // Nothing was asked yet, so nothing can be registered.
        let early = center.register(1, |_| ()).await;
        assert_eq!(refusal(early), ProblemCode::TicketInvalid);

        let Outcome::Records(records) = center.inquire(HOME, HOME).await.unwrap().outcome else {
            panic!("the persona has records");
        };
        let version = records.record_version;
        type Change = fn(&mut RegisterRequest);
        let lies: [(ProblemCode, Change); 6] = [
            (proof, |it| it.proof = Array::new([0; 64])),
            (proof, |it| it.state_digest = Array::new([8; 32])),
            (proof, |it| it.exporter = Array::new([8; 32])),
            (ProblemCode::TicketInvalid, |it| {
                it.terminal = "urn:shomei:terminal:kiosk:dev:0002".parse().unwrap();
            }),
            (ProblemCode::TicketInvalid, |it| {
                it.certificate.municipality = code(NEIGHBOUR);
            }),
            (ProblemCode::RecordChanged, |it| {
                it.certificate.record_version += 1
            }),
        ];
        for (expected, lie) in lies {
            assert_eq!(refusal(center.register(version, lie).await), expected);
        }
        let handed_over = center.proof(IssueIntent::Delivered);
        let lie = center.register(version, |it| it.proof = handed_over).await;
        assert_eq!(refusal(lie), proof);
        assert_eq!(world.registered(HOME).unwrap(), 0);

        // The truth is registered, once.
        let receipt = center.register(version, |_| ()).await.unwrap();
        assert!(center.register(version, |_| ()).await.unwrap() == receipt);
        let changes: [Change; 2] = [
            |it| it.certificate.content_digest = Array::new([7; 32]),
            |it| it.certificate.certificate_id = CertificateId::from_mac(&[2; 32]),
        ];
        for change in changes {
            let second = center.register(version, change).await;
            assert_eq!(refusal(second), ProblemCode::RegistrationConflict);
        }
        assert_eq!(world.registered(HOME).unwrap(), 1);
    });
}

#[test]
fn lost_answers_cost_nothing() {
    let world = world();
    block_on(async {
        for (before, lost_after) in [0, 2, 5, 10, 20, 40].into_iter().enumerate() {
            let applicant = Applicant::new(world.terminal("kiosk-0001"));
            let state = preview(&world, &applicant, "ordinary").await.state;
            // The terminal goes away while the center is at it, whatever it is at.
            let lost = applicant.issue(&state);
            let _ = timeout(Duration::from_millis(lost_after), lost).await;
            let again = applicant.at(world.terminal("kiosk-0001"));
            let issued = again.issue(&state).await.unwrap();
            assert!(again.issue(&state).await.unwrap() == issued);
            assert_eq!(world.registered(HOME).unwrap(), before as u64 + 1);
        }
    });
}

#[test]
fn a_record_system_killed_at_work_registers_once_or_not_at_all() {
    let mut world = world();
    for killed_after in [0, 1, 3, 6, 12, 25] {
        let before = world.registered(HOME).unwrap();
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let (state, issued) = block_on(async {
            let state = preview(&world, &applicant, "ordinary").await.state;
            let killing = async {
                tokio::time::sleep(Duration::from_millis(killed_after)).await;
                world.vrs.as_ref().unwrap().signal(Signal::KILL).unwrap();
            };
            let (issued, ()) = tokio::join!(applicant.issue(&state), killing);
            (state, issued)
        });
        world.vrs = None;
        world.start_vrs().unwrap();
        if issued.is_err() {
            assert_eq!(refusal(issued), ProblemCode::RecordsUnavailable);
        }
        block_on(async {
            // Its tickets died with it: the resident starts again, and is told so.
            let again = applicant.at(world.terminal("kiosk-0001"));
            let said = refusal(again.issue(&state).await);
            assert_eq!(said, ProblemCode::TicketInvalid);
            assert_eq!(said.meaning().retry, Retry::Restart);
            let registered = world.registered(HOME).unwrap();
            assert!(registered - before <= 1, "{before}, then {registered}");
            let anew = Applicant::new(world.terminal("kiosk-0001"));
            let state = preview(&world, &anew, "ordinary").await.state;
            anew.issue(&state).await.unwrap();
            assert_eq!(world.registered(HOME).unwrap(), registered + 1);
        });
    }
}
