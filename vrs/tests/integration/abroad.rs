//! Certificates for abroad: which passports are believed, what a kiosk's rest on, and what is kept of them.

use std::sync::Arc;

use ed25519_dalek::Signature;
use issuance_api::{
    CertificateKind, Personal, ProblemCode,
    passport::{Passport, PassportData, PassportMrz},
    registry::{Finding, Outcome, RegisterRequest},
};
use vrs::storage::Revocation;

use crate::{
    fixture::{Application, HOME, World, certificate_id},
    service::with_one_person,
    support::number,
};

const NAME: &str = "P<JPNSHIKEN<<TARO<<<<<<<<<<<<<<<<<<<<<<<<<<<";
// Born on 1980-01-01, as the fixture's card says. Today is 2023-11-15.
pub(crate) const MINE: &str = "TK12345671JPN8001014M3303311<<<<<<<<<<<<<<06";
const RENEWED: &str = "TK76543219JPN8001014M3303311<<<<<<<<<<<<<<00";
const EXPIRED: &str = "TK12345671JPN8001014M2311148<<<<<<<<<<<<<<08";
const LAST_DAY: &str = "TK12345671JPN8001014M2311159<<<<<<<<<<<<<<02";
const SOMEBODY: &str = "TK12345671JPN8001025M3303311<<<<<<<<<<<<<<06";

pub(crate) fn passport(lower: &str) -> PassportMrz {
    PassportMrz {
        line1: Personal::new(NAME.to_owned()),
        line2: Personal::new(lower.to_owned()),
    }
}

fn data(lower: &str) -> Arc<PassportData> {
    Passport::try_from(&passport(lower)).unwrap().into_data()
}

pub(crate) fn app(world: &World) -> Application {
    at(world, "urn:shomei:terminal:app:dev:0001")
}

pub(crate) fn at(world: &World, terminal: &str) -> Application {
    let mut application = Application::new(&number(1));
    application.terminal = terminal.parse().unwrap();
    application.prove(&world.vrs).unwrap();
    application
}

pub(crate) async fn ask(
    world: &World,
    application: &Application,
    passport: Option<PassportMrz>,
) -> Result<Finding, ProblemCode> {
    let request = application.inquiry_abroad(passport);
    world.vrs.inquiry(&application.center, &request).await
}

/// The passport that a finding names, where it is of records.
fn named(finding: Finding) -> Option<Arc<PassportData>> {
    match finding.outcome {
        Outcome::Records(records) => Some(records.passport.unwrap()),
        Outcome::PassportUnknown => None,
        other => panic!("{other:?}"),
    }
}

fn registration(application: &Application, id: u8, passport: Arc<PassportData>) -> RegisterRequest {
    let mut request = application.registration(id);
    request.certificate.kind = CertificateKind::Abroad;
    request.certificate.passport = Some(passport);
    request
}

/// A certificate for abroad from inquiry to hand-over.
pub(crate) async fn issue(world: &World, application: &Application, id: u8, lower: &str) {
    ask(world, application, Some(passport(lower)))
        .await
        .unwrap();
    let request = registration(application, id, data(lower));
    world
        .vrs
        .register(&application.center, &request)
        .await
        .unwrap();
    application.delivered(&world.vrs, id).await.unwrap();
}

#[tokio::test]
async fn a_passport_is_judged_before_anything_is_released() {
    let world = with_one_person().await;
    let application = app(&world);
    let refused = async |lower: &str| ask(&world, &application, Some(passport(lower))).await.err();
    assert_eq!(refused(EXPIRED).await, Some(ProblemCode::PassportExpired));
    assert_eq!(refused(SOMEBODY).await, Some(ProblemCode::PassportNotYours));
    let misread = MINE.replace("TK1", "TK7");
    assert_eq!(
        refused(&misread).await,
        Some(ProblemCode::PassportUnreadable)
    );
    assert_eq!(refused(LAST_DAY).await, None);
    let mut visa = passport(MINE);
    visa.line1 = Personal::new(NAME.replace("P<", "V<"));
    let refused = ask(&world, &application, Some(visa)).await;
    assert_eq!(refused.err(), Some(ProblemCode::PassportOtherDocument));
    let refused = ask(&world, &application, None).await;
    assert_eq!(
        refused.err(),
        Some(ProblemCode::RequestMalformed),
        "an app reads one"
    );

    // The resident's session key signed these lines and no others.
    let mut request = application.inquiry_abroad(Some(passport(MINE)));
    request.passport = Some(Arc::new(passport(RENEWED)));
    let refused = world.vrs.inquiry(&application.center, &request).await;
    assert_eq!(refused.err(), Some(ProblemCode::SessionProofInvalid));
    // None belongs to a certificate for use in Japan.
    let mut request = application.inquiry_abroad(Some(passport(MINE)));
    request.kind = CertificateKind::Domestic;
    let refused = world.vrs.inquiry(&application.center, &request).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn what_is_registered_names_the_passport_that_was_released() {
    let world = with_one_person().await;
    let application = app(&world);
    let finding = ask(&world, &application, Some(passport(MINE)))
        .await
        .unwrap();
    let signature = Signature::from_bytes(finding.signature.as_bytes());
    world
        .statement
        .verify_strict(&finding.message(), &signature)
        .unwrap();
    assert_eq!(named(finding), Some(data(MINE)));

    let refused = async |request: RegisterRequest| {
        let registered = world.vrs.register(&application.center, &request).await;
        registered.err()
    };
    let invalid = Some(ProblemCode::TicketInvalid);
    assert_eq!(
        refused(registration(&application, 1, data(RENEWED))).await,
        invalid
    );
    let mut romanised = data(MINE);
    let other = Arc::get_mut(&mut romanised).unwrap();
    other.romanised_name = Personal::new("SHIKEN  JIRO".to_owned());
    assert_eq!(
        refused(registration(&application, 1, romanised)).await,
        invalid
    );
    let mut without = registration(&application, 1, data(MINE));
    without.certificate.passport = None;
    assert_eq!(refused(without).await, invalid);
    assert_eq!(
        refused(registration(&application, 1, data(MINE))).await,
        None
    );
}

#[tokio::test]
async fn a_kiosk_rests_on_what_app_or_counter_issued_with_the_same_passport() {
    let world = with_one_person().await;
    let kiosk = |name: &str| at(&world, &format!("urn:shomei:terminal:kiosk:dev:{name}"));
    let asked = async |lower: Option<&str>| {
        let finding = ask(&world, &kiosk("0001"), lower.map(passport))
            .await
            .unwrap();
        named(finding)
    };
    assert_eq!(asked(None).await, None);
    assert_eq!(asked(Some(MINE)).await, None);

    // Asked and even registered is not handed over.
    let first = app(&world);
    ask(&world, &first, Some(passport(MINE))).await.unwrap();
    let request = registration(&first, 1, data(MINE));
    world.vrs.register(&first.center, &request).await.unwrap();
    assert_eq!(asked(None).await, None);
    first.delivered(&world.vrs, 1).await.unwrap();
    assert_eq!(asked(None).await, Some(data(MINE)));
    assert_eq!(asked(Some(MINE)).await, Some(data(MINE)));
    assert_eq!(asked(Some(RENEWED)).await, None);

    // A kiosk's own does not count: it rests on another itself.
    let second = kiosk("0002");
    issue(&world, &second, 2, MINE).await;
    let mut session = world.place.open(HOME).await.unwrap().begin().await.unwrap();
    let revoked = session.revoke(&certificate_id(1), 1_700_000_100).await;
    assert_eq!(revoked, Ok(Revocation::Revoked));
    session.commit().await.unwrap();
    assert_eq!(asked(None).await, None, "what it rested on was revoked");

    // With a new passport the app comes first again; the latest counts where none is shown.
    issue(&world, &app(&world), 3, MINE).await;
    world.clock.advance(10);
    issue(&world, &app(&world), 4, RENEWED).await;
    assert_eq!(asked(None).await, Some(data(RENEWED)));
    assert_eq!(asked(Some(MINE)).await, Some(data(MINE)));
}

#[tokio::test]
async fn what_was_revoked_between_inquiry_and_issue_is_rested_on_no_more() {
    let world = with_one_person().await;
    issue(&world, &app(&world), 1, MINE).await;
    let kiosk = at(&world, "urn:shomei:terminal:kiosk:dev:0001");
    ask(&world, &kiosk, None).await.unwrap();
    let division = world.place.open(HOME).await.unwrap();
    let mut session = division.begin().await.unwrap();
    session
        .revoke(&certificate_id(1), 1_700_000_100)
        .await
        .unwrap();
    session.commit().await.unwrap();
    let request = registration(&kiosk, 2, data(MINE));
    let refused = world.vrs.register(&kiosk.center, &request).await;
    assert_eq!(refused.err(), Some(ProblemCode::PassportNotRegistered));
}

/// Nothing of a passport stands in the clear: neither in the database nor in its log.
#[tokio::test]
async fn a_passport_is_kept_sealed() {
    let world = with_one_person().await;
    issue(&world, &app(&world), 1, MINE).await;
    world.vrs.close().await;
    let mut files = 0;
    let folders = &world.place.folders;
    for folder in [&folders.data, &folders.keys, &folders.marks()] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let bytes = std::fs::read(path).unwrap();
            files += 1;
            for canary in ["TK1234567", "SHIKEN", "TARO"] {
                let found = bytes
                    .windows(canary.len())
                    .any(|part| part == canary.as_bytes());
                assert!(!found, "{canary}");
            }
        }
    }
    assert!(files > 4);
    // The register still knows it.
    let vrs = world.restarted();
    let mut kiosk = Application::new(&number(1));
    kiosk.prove(&vrs).unwrap();
    let finding = vrs
        .inquiry(&kiosk.center, &kiosk.inquiry_abroad(None))
        .await
        .unwrap();
    assert_eq!(named(finding), Some(data(MINE)));
}
