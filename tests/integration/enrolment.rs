//! The genuine app on an unmodified phone gets a certificate from the real center, and nobody else does.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dev_pki::Leaf;
use issuance_api::enrolment::{self, Answer, Nonce, Request};
use issuance_api::{Array, Blob, ProblemCode, TerminalRole};
use issuance_channel::client::{Anonymous, CallError};
use issuance_channel::identity::public_key;
use stage::applicant::{Applicant, menu};
use stage::phone::Phone;
use stage::world::World;
use terminal::channel::ChannelCenter;
use terminal::enrolment::{Membership, enrol};
use terminal::keystore::Keystore;
use terminal::ports::Center;

use crate::support::{HOME, block_on, occurrences, refusal, world};

/// A connection with an open nonce.
async fn asked(world: &World) -> (Anonymous, Nonce) {
    let mut connection = Anonymous::connect(world.app().enrolment).await.unwrap();
    let nonce = connection.post(enrolment::NONCE_PATH).await.unwrap();
    (connection, nonce)
}

/// What the app sends, attested and signed over this connection's exporter or another.
fn request(keystore: &dyn Keystore, nonce: &Nonce, exporter: &Array<32>) -> Request {
    let Nonce { nonce, center, .. } = nonce;
    let challenge = enrolment::challenge(center, nonce, exporter);
    let attested = keystore.generate(&challenge).unwrap();
    let spki = public_key(&attested.chain[0].as_slice().into()).unwrap();
    let message = enrolment::message(center, nonce, exporter, &spki);
    let signature = keystore.sign(attested.key, &message).unwrap();
    Request {
        chain: attested.chain.into_iter().map(Blob::new).collect(),
        signature: Blob::new(signature),
    }
}

async fn send(connection: &mut Anonymous, request: &Request) -> Result<Answer, CallError> {
    connection.post_json(enrolment::PATH, request).await
}

#[test]
fn a_genuine_device_enrols_and_applies() {
    let world = world();
    let phone = Phone::start(&world, "genuine").unwrap();
    block_on(async {
        let enrolled = enrol(&world.app(), phone.keystore()).await.unwrap();
        assert_eq!(enrolled.urn().role(), TerminalRole::App);
        let (mut center, urn) = ChannelCenter::over(enrolled.client().clone()).unwrap();
        assert_eq!(urn, *enrolled.urn());
        let menu = center.menu().await.unwrap();
        assert!(!menu.programmes.is_empty());
        // To the end of an application: evidence is bound to this name and connection.
        let applicant = Applicant::new(enrolled.client().clone());
        let identified = applicant.identify(world.ground.card("ordinary")).await;
        let ticket = identified.unwrap().ticket;
        let answer = applicant
            .inquire(&ticket, HOME.parse().unwrap())
            .await
            .unwrap();
        applicant.issue(&answer.state).await.unwrap();
        applicant.delivered(&answer.state).await.unwrap();
        // The next time it is somebody else.
        let again = enrol(&world.app(), phone.keystore()).await.unwrap();
        assert_ne!(again.urn(), enrolled.urn());
    });
}

#[test]
fn every_other_device_is_refused_with_its_code() {
    let world = world();
    block_on(async {
        for (device, expected) in [
            ("rooted", ProblemCode::DeviceModified),
            ("repackaged", ProblemCode::AppNotGenuine),
            ("software", ProblemCode::KeystoreNotHardware),
            ("revoked", ProblemCode::AttestationRevoked),
        ] {
            let phone = Phone::start(&world, device).unwrap();
            let refused = enrol(&world.app(), phone.keystore()).await;
            assert_eq!(refused.unwrap_err().code, expected, "{device}");
        }
        let phone = Phone::start(&world, "genuine").unwrap();
        let keystore = phone.keystore();
        drop(phone);
        let refused = enrol(&world.app(), keystore).await;
        assert_eq!(refused.unwrap_err().code, ProblemCode::KeystoreUnavailable);
    });
    let told = world.center.as_ref().unwrap().log.all();
    let codes: Vec<_> = told
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["event"] == "enrolment-refused")
        .map(|event| event["code"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "device-modified",
        "app-not-genuine",
        "keystore-not-hardware",
        "attestation-revoked",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn what_was_made_for_one_connection_is_worth_nothing_on_another() {
    let world = world();
    let phone = Phone::start(&world, "genuine").unwrap();
    let keystore = phone.keystore();
    block_on(async {
        let (mut first, nonce) = asked(&world).await;
        let sent = request(&*keystore, &nonce, first.exporter());
        let mut bare = Anonymous::connect(world.app().enrolment).await.unwrap();
        assert_eq!(
            refusal(send(&mut bare, &sent).await),
            ProblemCode::EnrolmentExpired
        );
        let (mut second, _) = asked(&world).await;
        assert_eq!(
            refusal(send(&mut second, &sent).await),
            ProblemCode::AttestationInvalid
        );
        send(&mut first, &sent).await.unwrap();
        // The connection ends with its answer: there is no second time on it.
        assert_eq!(
            send(&mut first, &sent).await.unwrap_err(),
            CallError::Unreachable
        );

        let (mut third, nonce) = asked(&world).await;
        let elsewhere = request(&*keystore, &nonce, &Array::new([9; 32]));
        assert_eq!(
            refusal(send(&mut third, &elsewhere).await),
            ProblemCode::AttestationInvalid
        );
    });
}

#[test]
fn an_old_status_list_refuses_and_a_new_one_serves_again() {
    let world = world();
    let phone = Phone::start(&world, "genuine").unwrap();
    let list = world.ground.path("attestation/status.json");
    let written = |at| {
        File::options()
            .append(true)
            .open(&list)
            .unwrap()
            .set_modified(at)
            .unwrap()
    };
    block_on(async {
        written(SystemTime::now() - Duration::from_secs(25 * 3600));
        let refused = enrol(&world.app(), phone.keystore()).await;
        assert_eq!(
            refused.unwrap_err().code,
            ProblemCode::AttestationUnavailable
        );
        written(SystemTime::now());
        enrol(&world.app(), phone.keystore()).await.unwrap();
    });
}

#[test]
fn the_issuer_of_apps_makes_no_kiosk() {
    let world = world();
    let hour = time::Duration::hours(1);
    let kiosk = Leaf::terminal("urn:shomei:terminal:kiosk:dev:0001", hour);
    world.ground.pki.apps.issue("kiosk", &kiosk).unwrap();
    let app = Leaf::terminal("urn:shomei:terminal:app:public:1", hour);
    world.ground.pki.apps.issue("app", &app).unwrap();
    block_on(async {
        match menu(&world.client_of_center("apps/kiosk")).await {
            Err(CallError::Problem(problem)) => {
                assert_eq!(problem.code, ProblemCode::TerminalRefused)
            }
            other => assert_eq!(other.err(), Some(CallError::Unreachable)),
        }
        menu(&world.client_of_center("apps/app")).await.unwrap();
    });
}

#[test]
fn an_app_that_did_not_enrol_is_no_app() {
    let world = world();
    let (app, kiosk) = ("app:dev:0001", "kiosk:dev:0009");
    for (name, urn) in [("app-0001", app), ("kiosk-0009", kiosk)] {
        let urn = format!("urn:shomei:terminal:{urn}");
        let leaf = Leaf::terminal(&urn, time::Duration::days(365));
        world.ground.pki.terminals.issue(name, &leaf).unwrap();
    }
    block_on(async {
        let by_hand = menu(&world.client_of_center("terminals/app-0001")).await;
        match by_hand {
            Err(CallError::Problem(problem)) => {
                assert_eq!(problem.code, ProblemCode::TerminalRefused)
            }
            other => assert_eq!(other.err(), Some(CallError::Unreachable)),
        }
        // The control: under that root a kiosk is one, and the app of that name under the apps' is one.
        for own in ["terminals/kiosk-0009", "apps/app-0001"] {
            menu(&world.client_of_center(own)).await.unwrap();
        }
    });
    let metrics = world.center_metrics().unwrap();
    assert!(metrics.contains("event=\"peer-refused\""), "{metrics}");
}

#[test]
fn a_certificate_is_renewed_in_time_and_the_old_key_is_destroyed() {
    let world = world();
    let phone = Phone::start(&world, "genuine").unwrap();
    block_on(async {
        let mut membership = Membership::new(world.app(), phone.keystore());
        let first = membership.enrolled().await.unwrap().urn().clone();
        assert_eq!(*membership.enrolled().await.unwrap().urn(), first);
        membership.leave();
        let second = membership.enrolled().await.unwrap().urn().clone();
        assert_ne!(first, second);
        // The keystore has room for sixteen keys: each enrolment's goes with it.
        for _ in 0..20 {
            membership.leave();
            membership.enrolled().await.unwrap();
        }
    });
}

/// What of an enrolment could be found again: of the attestation key's certificate, which a batch of devices shares or one
/// has alone; of the attested key; of the signature; and the name that was given.
#[test]
fn nothing_of_an_enrolment_stays_at_the_center() {
    let mut world = world();
    let phone = Phone::start(&world, "genuine").unwrap();
    let watched = phone.watched();
    let center = world.center.as_ref().unwrap().id();
    let (canaries, urn) = block_on(async {
        // Open and idle, with a nonce, as the search goes on.
        let _idle = asked(&world).await;
        // The control: what a connection remembers is found while it does.
        let (mut held, nonce) = asked(&world).await;
        assert!(
            occurrences(center, nonce.nonce.as_bytes()) > 0,
            "the search finds what is there"
        );
        let sent = request(&*watched, &nonce, held.exporter());
        send(&mut held, &sent).await.unwrap();

        let enrolled = enrol(&world.app(), Arc::clone(&watched) as _)
            .await
            .unwrap();
        let urn = enrolled.urn().to_string();
        let mut canaries = vec![("nonce", nonce.nonce.as_bytes().to_vec())];
        for chain in watched.chains() {
            let spki = public_key(&chain[0].as_slice().into()).unwrap();
            // The point, without what every P-256 key begins with; and of each certificate the middle.
            canaries.push(("key", spki[spki.len() - 24..].to_vec()));
            for certificate in &chain[..3] {
                let middle = certificate.len() / 2;
                canaries.push(("certificate", certificate[middle..middle + 24].to_vec()));
            }
        }
        for signature in watched.signatures() {
            canaries.push(("signature", signature[8..32].to_vec()));
        }
        drop(enrolled);
        tokio::time::sleep(Duration::from_secs(1)).await;
        for (what, bytes) in &canaries {
            assert_eq!(occurrences(center, bytes), 0, "{what} in memory");
        }
        assert_eq!(occurrences(center, urn.as_bytes()), 0, "name in memory");
        (canaries, urn)
    });
    assert!(canaries.len() > 8);
    let mut program = world.center.take().unwrap();
    assert!(program.end().unwrap().success());
    let said = program.log.all().join("\n");
    let id = urn.rsplit(':').next().unwrap();
    assert!(!said.contains(id), "{said}");
    let events: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        events
            .iter()
            .all(|event| event["event"] != "enrolment-refused"),
        "{said}"
    );
}
