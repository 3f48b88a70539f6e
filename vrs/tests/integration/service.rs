//! The steps of an application: every answer, and everything that gets none.

use std::fs;

use card::evidence::Binding;
use ed25519_dalek::Signature;
use issuance_api::{
    Array, CertificateKind, ProblemCode,
    registry::{Finding, Outcome, RevocationsRequest},
};
use vrs::{event::Event, storage::Unavailable};

use crate::{
    fixture::{Application, HOME, Surface, World, center, code, signer_id, surface_signer_id},
    support::{csv, number, row},
};

pub(crate) async fn with_one_person() -> World {
    let world = World::new().await;
    world.place.import(HOME, &csv(&[dosed(1)])).await;
    world
}

pub(crate) fn dosed(n: u64) -> crate::support::Row {
    row(&number(n)).dose("20210701", "A1")
}

fn records(finding: &Finding) -> &issuance_api::registry::Records {
    match &finding.outcome {
        Outcome::Records(records) => records,
        _ => panic!("no records"),
    }
}

#[tokio::test]
async fn every_outcome_is_said_and_signed() {
    let world = World::new().await;
    let flagged = |n, flag| dosed(n).set(flag, "1");
    let file = csv(&[
        dosed(1),
        row(&number(2)),
        flagged(3, "要確認"),
        flagged(4, "転出"),
        flagged(5, "死亡"),
        flagged(6, "利用停止"),
        // Somebody else's record under this number: nothing of it is said, its flags neither.
        flagged(7, "死亡").set("生年月日", "19800102"),
        row(&number(8))
            .dose("20210701", "A1")
            .set("業務", "influenza"),
    ]);
    world.place.import(HOME, &file).await;
    let names = [
        "records 1",
        "records 0",
        "confirmation-needed",
        "moved-out",
        "deceased",
        "stopped",
        "confirmation-needed",
        "records 0",
        "no-such-person",
    ];
    for (n, name) in (1..).zip(names) {
        let finding = world.apply(&number(n)).ask(&world.vrs, HOME).await.unwrap();
        let said = match &finding.outcome {
            Outcome::Records(records) => format!("records {}", records.doses.len()),
            Outcome::NoSuchPerson => "no-such-person".to_owned(),
            Outcome::ConfirmationNeeded => "confirmation-needed".to_owned(),
            Outcome::MovedOut => "moved-out".to_owned(),
            Outcome::Deceased => "deceased".to_owned(),
            Outcome::Stopped => "stopped".to_owned(),
            Outcome::PassportUnknown => "passport-unknown".to_owned(),
        };
        assert_eq!(said, name, "person {n}");
        assert_eq!(finding.data_epoch, 1);
        assert_eq!(finding.municipality, code(HOME));
        assert_eq!(finding.programme.as_str(), "covid-19");
        assert_eq!(finding.kind, CertificateKind::Domestic);
        let message = finding.message();
        let signature = Signature::from_bytes(finding.signature.as_bytes());
        world.statement.verify_strict(&message, &signature).unwrap();
    }
}

#[tokio::test]
async fn what_is_released_is_the_record_under_the_card_s_name() {
    let world = with_one_person().await;
    let finding = world.apply(&number(1)).ask(&world.vrs, HOME).await.unwrap();
    let records = records(&finding);
    assert_eq!(records.holder.name.expose(), "試験　太郎");
    assert_eq!(records.record_version, 1);
    let [dose] = &*records.doses else {
        panic!("one dose")
    };
    assert_eq!(String::from(dose.date.expose()), "2021-07-01");
    assert_eq!(dose.vaccine_name.expose(), "コミナティ筋注");
    assert_eq!(dose.maker.expose(), "ファイザー");
    assert_eq!(dose.lot.expose(), "A1");
}

#[tokio::test]
async fn unavailable_is_never_an_answer_and_ends_with_its_cause() {
    let world = with_one_person().await;
    let application = world.apply(&number(9));
    let key = world.place.folders.keys.join("132217.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    assert_eq!(
        application.ask(&world.vrs, HOME).await.err(),
        Some(ProblemCode::RecordsUnavailable)
    );
    assert_eq!(
        world.events.take(),
        [Event::RecordsUnavailable {
            municipality: code(HOME),
            cause: Unavailable::Sentinel
        }]
    );
    let health = world.vrs.health().await;
    assert!(health.contains(&(code(HOME), Err(Unavailable::Sentinel))));
    assert!(health.contains(&(code("131016"), Ok(()))));
    assert_eq!(
        world
            .vrs
            .revocations(&RevocationsRequest::default())
            .await
            .err(),
        Some(ProblemCode::RecordsUnavailable)
    );
    fs::write(&key, right).unwrap();
    let finding = application.ask(&world.vrs, HOME).await.unwrap();
    assert_eq!(finding.outcome, Outcome::NoSuchPerson);
    assert_eq!(
        world.events.take(),
        [],
        "told once, and not with every request"
    );
    world.vrs.tidy().await;
    let back = Event::RecordsAvailable {
        municipality: code(HOME),
    };
    assert_eq!(world.events.take(), [back]);
}

#[tokio::test]
async fn another_municipality_s_file_put_in_place_while_serving_is_noticed() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    let data = &world.place.folders.data;
    fs::copy(data.join("131016.sqlite"), data.join("copy")).unwrap();
    fs::rename(data.join("copy"), data.join("132217.sqlite")).unwrap();
    for _ in 0..3 {
        assert_eq!(
            application.ask(&world.vrs, HOME).await.err(),
            Some(ProblemCode::RecordsUnavailable)
        );
    }
}

#[tokio::test]
async fn a_nonce_is_good_once_for_one_center_and_sixty_seconds() {
    let world = World::new().await;
    let application = Application::new(&number(1));
    let expired = Some(ProblemCode::ChallengeExpired);

    let nonce = world.vrs.nonce(&application.center).nonce;
    let request = application.evidence(&nonce);
    let by = |name| world.vrs.evidence(&center(name), &request).err();
    assert_eq!(by("center-2"), expired);
    assert_eq!(by("center-1"), None);
    assert_eq!(by("center-1"), expired);
    let restarted = world.restarted();
    assert_eq!(
        restarted.evidence(&application.center, &request).err(),
        expired
    );

    let nonce = world.vrs.nonce(&application.center).nonce;
    world.clock.advance(61);
    let late = application.evidence(&nonce);
    assert_eq!(
        world.vrs.evidence(&application.center, &late).err(),
        expired
    );
}

#[tokio::test]
async fn evidence_holds_for_what_it_was_answered_over() {
    let world = World::new().await;
    let application = Application::new(&number(1));
    let fresh = || application.evidence(&world.vrs.nonce(&application.center).nonce);
    let refused = |request: &_| world.vrs.evidence(&application.center, request).err();

    let mut request = fresh();
    request.terminal = "urn:shomei:terminal:kiosk:dev:0002".parse().unwrap();
    assert_eq!(refused(&request), Some(ProblemCode::CardNotGenuine));
    let mut request = fresh();
    request.session_key = Array::new([1; 32]);
    assert_eq!(refused(&request), Some(ProblemCode::CardNotGenuine));
    let mut request = fresh();
    request.exporter = Array::new([1; 32]);
    assert_eq!(refused(&request), Some(ProblemCode::CardNotGenuine));
    // An answer to an older nonce, under a fresh one.
    let mut request = fresh();
    request.vrs_nonce = world.vrs.nonce(&application.center).nonce;
    assert_eq!(refused(&request), Some(ProblemCode::CardNotGenuine));
    let mut request = fresh();
    request.evidence = issuance_api::PersonalBytes::new(vec![1, 2, 3]);
    assert_eq!(refused(&request), Some(ProblemCode::EvidenceMalformed));
}

#[tokio::test]
async fn a_card_that_is_not_bound_gets_no_ticket_unless_that_is_allowed_and_then_it_is_noted() {
    let world = World::new().await;
    let mut application = Application::new(&number(1));
    application.surface = Surface::None;
    world.events.take();
    let refused = application.prove(&world.vrs);
    assert_eq!(refused, Err(ProblemCode::CardBindingMissing));
    assert_eq!(world.events.take(), []);

    let lenient = world.restarted_with(Binding::Optional);
    application.prove(&lenient).unwrap();
    assert_eq!(world.events.take(), [Event::UnboundCardAccepted]);
    // Who is bound is not noted; who is bound wrongly is refused there, too.
    application.surface = Surface::Sound;
    application.prove(&lenient).unwrap();
    assert_eq!(world.events.take(), []);
    application.surface = Surface::OtherBirth;
    for vrs in [&lenient, &world.vrs] {
        let refused = application.prove(vrs);
        assert_eq!(refused, Err(ProblemCode::CardBindingInvalid));
    }
}

#[tokio::test]
async fn signers_of_two_municipalities_are_believed_and_noted() {
    let world = World::new().await;
    let mut application = Application::new(&number(1));
    application.surface = Surface::OtherSigner;
    world.events.take();
    application.prove(&world.vrs).unwrap();
    let differ = Event::SignersDiffer {
        text: "13221".parse().unwrap(),
        surface: "13101".parse().unwrap(),
    };
    assert_eq!(world.events.take(), [differ]);
}

#[tokio::test]
async fn a_signer_refused_while_running_is_refused() {
    let world = World::new().await;
    world.apply(&number(1));
    let mut application = Application::new(&number(1));
    for signer in [surface_signer_id(), signer_id()] {
        fs::write(&world.refused, format!("{signer} # lost\nend\n")).unwrap();
        assert_eq!(
            application.prove(&world.vrs),
            Err(ProblemCode::CardSignerRefused)
        );
    }
    // What cannot be read changes nothing, and is told.
    fs::write(&world.refused, "nonsense\n").unwrap();
    world.events.take();
    assert_eq!(
        application.prove(&world.vrs),
        Err(ProblemCode::CardSignerRefused)
    );
    assert!(
        world
            .events
            .take()
            .contains(&Event::RefusedSignersUnreadable)
    );
}

#[tokio::test]
async fn a_ticket_is_of_one_terminal_one_center_one_session_and_one_process() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    let refused = |other: Application| {
        let vrs = world.vrs.clone();
        async move { other.ask(&vrs, HOME).await.err() }
    };

    let mut other = application.clone();
    other.terminal = "urn:shomei:terminal:kiosk:dev:0002".parse().unwrap();
    assert_eq!(refused(other).await, Some(ProblemCode::TicketInvalid));
    let mut other = application.clone();
    other.center = center("center-2");
    assert_eq!(refused(other).await, Some(ProblemCode::TicketInvalid));
    let mut other = application.clone();
    other.session = Application::new(&number(1)).session;
    assert_eq!(refused(other).await, Some(ProblemCode::SessionProofInvalid));
    assert_eq!(
        application.ask(&world.restarted(), HOME).await.err(),
        Some(ProblemCode::TicketInvalid)
    );
    assert!(application.ask(&world.vrs, HOME).await.is_ok());
}

#[tokio::test]
async fn every_changed_bit_of_a_ticket_is_noticed() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    for bit in 0..application.ticket.as_bytes().len() * 8 {
        let mut bytes = application.ticket.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut other = application.clone();
        other.ticket = issuance_api::Blob::new(bytes);
        assert_eq!(
            other.ask(&world.vrs, HOME).await.err(),
            Some(ProblemCode::TicketInvalid)
        );
    }
}

#[tokio::test]
async fn the_resident_s_own_words_are_asked_and_no_others() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    let mut request = application.inquiry("131016");
    request.municipality = code(HOME);
    let refused = world.vrs.inquiry(&application.center, &request).await;
    assert_eq!(refused.err(), Some(ProblemCode::SessionProofInvalid));
    let mut request = application.inquiry(HOME);
    request.exporter = Array::new([1; 32]);
    let refused = world.vrs.inquiry(&application.center, &request).await;
    assert_eq!(refused.err(), Some(ProblemCode::SessionProofInvalid));
    let mut request = application.inquiry(HOME);
    request.kind = CertificateKind::Abroad;
    let refused = world.vrs.inquiry(&application.center, &request).await;
    assert_eq!(refused.err(), Some(ProblemCode::SessionProofInvalid));
    let refused = application.ask(&world.vrs, "472018").await;
    assert_eq!(refused.err(), Some(ProblemCode::RecordsUnavailable));
}

#[tokio::test]
async fn a_ticket_asks_three_municipalities_and_no_fourth() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    for municipality in [HOME, "131016", "141003", HOME, "131016"] {
        application.ask(&world.vrs, municipality).await.unwrap();
    }
    assert_eq!(
        application.ask(&world.vrs, "011002").await.err(),
        Some(ProblemCode::TooManyMunicipalities)
    );
    application.ask(&world.vrs, "141003").await.unwrap();
}

#[tokio::test]
async fn a_ticket_ends_after_ten_minutes_but_for_the_hand_over() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    world.clock.advance(600);
    world.vrs.tidy().await;
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    world.clock.advance(599);
    assert_eq!(
        application.ask(&world.vrs, HOME).await.err(),
        Some(ProblemCode::TicketExpired)
    );
    assert_eq!(
        application.register(&world.vrs, 1).await.err(),
        Some(ProblemCode::TicketExpired)
    );
    world.vrs.tidy().await;
    application.delivered(&world.vrs, 1).await.unwrap();
    world.clock.advance(2);
    assert_eq!(
        application.delivered(&world.vrs, 1).await.err(),
        Some(ProblemCode::TicketExpired)
    );
    // Its key is gone by now.
    world.clock.advance(2400);
    assert_eq!(
        application.delivered(&world.vrs, 1).await.err(),
        Some(ProblemCode::TicketExpired)
    );
}

#[tokio::test]
async fn a_municipality_left_out_of_the_configuration_leaves_no_shorter_list() {
    let world = with_one_person().await;
    let left_out: issuance_api::MunicipalityCode = "402214".parse().unwrap();
    vrs::storage::Division::create(&world.place.folders, left_out, 0)
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(
            world
                .vrs
                .revocations(&RevocationsRequest::default())
                .await
                .err(),
            Some(ProblemCode::RecordsUnavailable)
        );
    }
    assert_eq!(
        world.events.take(),
        [Event::RecordsUnavailable {
            municipality: left_out,
            cause: Unavailable::LeftOut
        }]
    );
}

#[tokio::test]
async fn every_release_is_logged_by_internal_number() {
    let world = with_one_person().await;
    world.apply(&number(1)).ask(&world.vrs, HOME).await.unwrap();
    world.apply(&number(9)).ask(&world.vrs, HOME).await.unwrap();
    let log = world
        .place
        .texts(HOME, "SELECT event FROM operation ORDER BY id")
        .await;
    let [created, imported, released, unknown] = &*log else {
        panic!("four operations")
    };
    assert!(created.contains(r#""event":"created""#));
    assert!(imported.contains(r#""event":"imported","added":1"#));
    let person = "SELECT id FROM person WHERE id > 1";
    let person = world.place.number_of(HOME, person).await;
    let beginning = format!(r#"{{"event":"released","person":{person},"application":""#);
    assert!(released.starts_with(&beginning), "{released}");
    assert!(released.ends_with(r#""kind":"domestic","outcome":"records"}"#));
    assert!(unknown.starts_with(r#"{"event":"released","person":null,"#));
    assert!(unknown.ends_with(r#""outcome":"no-such-person"}"#));
    for personal in [number(1).expose(), number(9).expose(), "試験", "1980"] {
        assert!(!log.iter().any(|line| line.contains(personal)));
    }
}

#[tokio::test]
async fn an_alarm_is_raised_when_signer_and_record_municipality_differ() {
    let world = with_one_person().await;
    world.place.import("131016", &csv(&[dosed(1)])).await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    assert_eq!(world.events.take(), []);
    application.ask(&world.vrs, "131016").await.unwrap();
    assert_eq!(
        world.events.take(),
        [Event::SignerElsewhere {
            signer: "13221".parse().unwrap(),
            municipality: code("131016")
        }]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_applications_at_once_each_get_their_own() {
    let world = World::new().await;
    let people: Vec<_> = (1..=40)
        .map(|n| row(&number(n)).dose("20210701", &format!("LOT{n}")))
        .collect();
    world.place.import(HOME, &csv(&people)).await;
    let tasks: Vec<_> = (1..=40u8)
        .map(|n| {
            let (vrs, application) = (world.vrs.clone(), world.apply(&number(n.into())));
            tokio::spawn(async move {
                let finding = application.ask(&vrs, HOME).await.unwrap();
                assert_eq!(records(&finding).doses[0].lot.expose(), format!("LOT{n}"));
                application.register(&vrs, n).await.unwrap();
                application.delivered(&vrs, n).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let sql = "SELECT count(DISTINCT person) FROM certificate WHERE state = 'delivered'";
    assert_eq!(world.place.number_of(HOME, sql).await, 40);
}

#[tokio::test]
async fn a_finding_says_how_long_the_ticket_still_holds() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    for (passed, still) in [(0, 600), (200, 400), (400, 0)] {
        world.clock.advance(passed);
        let finding = application.ask(&world.vrs, HOME).await.unwrap();
        assert_eq!(finding.ticket_expires_in_seconds, still);
    }
}
