//! The register of issues: what one application gets into it, what a hand-over says, what lapses and is revoked.

use std::fs;

use ed25519_dalek::Signature;
use issuance_api::{
    Array, CertificateId, ProblemCode,
    registry::{Receipt, RevocationsRequest, Revoked},
};
use vrs::{event::Event, service::Vrs, storage::Unavailable};

use crate::{
    fixture::{HOME, World, certificate_id, code},
    service::{dosed, with_one_person},
    support::{csv, number, row},
};

/// Every entry of every municipality's list.
async fn listed(vrs: &Vrs) -> Vec<CertificateId> {
    let answer = vrs.revocations(&RevocationsRequest::default()).await;
    let lists = answer.unwrap().lists.into_iter();
    let entries = lists.flat_map(|list| list.revoked);
    entries.map(|revoked| revoked.certificate_id).collect()
}

#[tokio::test]
async fn the_same_registration_gives_the_same_receipt_and_another_none() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    let receipt = application.register(&world.vrs, 1).await.unwrap();
    let message = Receipt::message(
        &receipt.application,
        &application.registration(1).certificate,
    );
    let signature = Signature::from_bytes(receipt.signature.as_bytes());
    world.statement.verify_strict(&message, &signature).unwrap();
    assert_eq!(application.register(&world.vrs, 1).await.unwrap(), receipt);

    let conflict = Some(ProblemCode::RegistrationConflict);
    let mut other = application.registration(1);
    other.certificate.content_digest = Array::new([0; 32]);
    let refused = world.vrs.register(&application.center, &other).await;
    assert_eq!(refused.err(), conflict);
    // The same content by another application of the same person.
    let again = world.apply(&number(1));
    again.ask(&world.vrs, HOME).await.unwrap();
    assert_eq!(again.register(&world.vrs, 1).await.err(), conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_at_once_make_one_entry() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (vrs, application) = (world.vrs.clone(), application.clone());
            tokio::spawn(async move { application.register(&vrs, 1).await.unwrap() })
        })
        .collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.push(task.await.unwrap());
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    let sql = "SELECT count(*) FROM certificate";
    assert_eq!(world.place.number_of(HOME, sql).await, 1);
    let sql = "SELECT count(*) FROM operation WHERE event LIKE '%\"reserved\"%'";
    assert_eq!(world.place.number_of(HOME, sql).await, 1);
}

#[tokio::test]
async fn the_record_is_looked_at_again_before_it_is_certified() {
    for (change, problem) in [
        (dosed(1).set("住所", "転居先"), ProblemCode::RecordChanged),
        (dosed(1).set("死亡", "1"), ProblemCode::Deceased),
        (dosed(1).set("利用停止", "1"), ProblemCode::IssuingStopped),
        (dosed(1).set("転出", "1"), ProblemCode::MovedOut),
        (dosed(1).set("要確認", "1"), ProblemCode::ConfirmationNeeded),
    ] {
        let world = with_one_person().await;
        let application = world.apply(&number(1));
        application.ask(&world.vrs, HOME).await.unwrap();
        world.place.import(HOME, &csv(&[change])).await;
        assert_eq!(
            application.register(&world.vrs, 1).await.err(),
            Some(problem)
        );
        let sql = "SELECT count(*) FROM certificate";
        assert_eq!(world.place.number_of(HOME, sql).await, 0);
    }
}

#[tokio::test]
async fn only_what_was_asked_and_holds_doses_is_registered() {
    let world = with_one_person().await;
    world.place.import(HOME, &csv(&[row(&number(2))])).await;
    let application = world.apply(&number(1));
    assert_eq!(
        application.register(&world.vrs, 1).await.err(),
        Some(ProblemCode::TicketInvalid)
    );
    let application = world.apply(&number(2));
    application.ask(&world.vrs, HOME).await.unwrap();
    assert_eq!(
        application.register(&world.vrs, 1).await.err(),
        Some(ProblemCode::NoRecord)
    );
}

#[tokio::test]
async fn what_is_not_handed_over_lapses_and_is_listed() {
    let world = with_one_person().await;
    let applications = [1, 2, 3].map(|_| world.apply(&number(1)));
    for (id, application) in (1..).zip(&applications) {
        application.ask(&world.vrs, HOME).await.unwrap();
        application.register(&world.vrs, id).await.unwrap();
    }
    let [application, late, _] = applications;
    application.delivered(&world.vrs, 1).await.unwrap();
    world.clock.advance(600);
    world.vrs.tidy().await;
    assert_eq!(listed(&world.vrs).await.len(), 0);
    world.clock.advance(1);
    // Late even before the clean-up came by.
    assert_eq!(
        late.delivered(&world.vrs, 2).await.err(),
        Some(ProblemCode::RegistrationLapsed)
    );
    world.events.take();
    world.vrs.tidy().await;
    assert_eq!(
        world.events.take(),
        [Event::Lapsed {
            municipality: code(HOME),
            count: 1
        }]
    );
    let list = listed(&world.vrs).await;
    assert_eq!(list, [certificate_id(2), certificate_id(3)]);
    world.vrs.tidy().await;
    assert_eq!(listed(&world.vrs).await, list);
}

#[tokio::test]
async fn an_application_gets_one_certificate_of_what_it_is_about() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    for id in 2..=20 {
        let second = application.register(&world.vrs, id).await;
        assert_eq!(second.err(), Some(ProblemCode::RegistrationConflict));
    }
    let sql = "SELECT count(*) FROM certificate";
    assert_eq!(world.place.number_of(HOME, sql).await, 1);
    application.register(&world.vrs, 1).await.unwrap();
    let other = world.apply(&number(1));
    other.ask(&world.vrs, HOME).await.unwrap();
    other.register(&world.vrs, 2).await.unwrap();
}

#[tokio::test]
async fn one_proof_of_the_resident_s_is_good_for_one_certificate() {
    let world = World::new().await;
    let both = [dosed(1), dosed(1).set("業務", "influenza")];
    world.place.import(HOME, &csv(&both)).await;
    let application = world.apply(&number(1));
    let register = async |state, id, programme: &str| {
        let mut request = application.registration_under(state, id);
        request.certificate.programme = programme.parse().unwrap();
        let registered = world.vrs.register(&application.center, &request).await;
        registered.err()
    };
    application.ask(&world.vrs, HOME).await.unwrap();
    assert_eq!(register(1, 1, "covid-19").await, None);
    // What was not asked is not registered, though the municipality was.
    let not_asked = Some(ProblemCode::TicketInvalid);
    assert_eq!(register(2, 2, "influenza").await, not_asked);
    let inquiry = application.inquiry_of(HOME, "influenza");
    let asked = world.vrs.inquiry(&application.center, &inquiry).await;
    asked.unwrap();
    // Asked, but signed for another certificate.
    let spent = Some(ProblemCode::RegistrationConflict);
    assert_eq!(register(1, 2, "influenza").await, spent);
    assert_eq!(register(2, 2, "influenza").await, None);
    assert_eq!(register(1, 1, "covid-19").await, None, "the same again");
    let sql = "SELECT count(*) FROM certificate";
    assert_eq!(world.place.number_of(HOME, sql).await, 2);

    // Nor is a hand-over reported under another's signature.
    let mut mixed = application.delivery(2);
    mixed.certificate_id = certificate_id(1);
    let refused = world.vrs.delivered(&application.center, &mixed).await;
    assert_eq!(refused.err(), spent);
    application.delivered(&world.vrs, 1).await.unwrap();
}

#[tokio::test]
async fn a_certificate_is_of_its_day_in_japan() {
    // Here it is 07:13 of 15 November, in UTC still the 14th.
    for (day, taken) in [
        ("2023-11-13", false),
        ("2023-11-14", true),
        ("2023-11-15", true),
        ("2023-11-16", true),
        ("2023-11-17", false),
        ("2024-11-15", false),
    ] {
        let world = with_one_person().await;
        let application = world.apply(&number(1));
        application.ask(&world.vrs, HOME).await.unwrap();
        let mut request = application.registration(1);
        request.certificate.issued_on = day.parse().unwrap();
        let answer = world.vrs.register(&application.center, &request).await;
        let expected = (!taken).then_some(ProblemCode::RequestMalformed);
        assert_eq!(answer.err(), expected, "{day}");
    }
}

#[tokio::test]
async fn a_hand_over_tells_nobody_who_is_known_where() {
    let world = with_one_person().await;
    // Known at home, unknown in 131016, no such municipality here: all the same, asked or not.
    let reported = async |asked: &[&str], municipality| {
        let application = world.apply(&number(1));
        for municipality in asked {
            application.ask(&world.vrs, municipality).await.unwrap();
        }
        let mut request = application.delivery(1);
        request.municipality = code(municipality);
        world.vrs.delivered(&application.center, &request).await
    };
    let nothing = Some(ProblemCode::RegistrationConflict);
    for municipality in [HOME, "131016", "472018"] {
        assert_eq!(reported(&[], municipality).await.err(), nothing);
        assert_eq!(reported(&["141003"], municipality).await.err(), nothing);
    }
    for municipality in [HOME, "131016"] {
        assert_eq!(reported(&[municipality], municipality).await.err(), nothing);
    }
}

#[tokio::test]
async fn a_lapsed_certificate_stays_void_for_its_own_application() {
    let mut world = with_one_person().await;
    // Shorter than a ticket.
    world.vrs = world.restarted_reserving(60);
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    world.clock.advance(61);
    let lapsed = Some(ProblemCode::RegistrationLapsed);
    assert_eq!(application.register(&world.vrs, 1).await.err(), lapsed);
    assert_eq!(application.delivered(&world.vrs, 1).await.err(), lapsed);
    assert_eq!(listed(&world.vrs).await.len(), 1);
}

#[tokio::test]
async fn only_its_own_application_reports_a_hand_over() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    let other = world.apply(&number(1));
    let unknown = Some(ProblemCode::RegistrationConflict);
    assert_eq!(other.delivered(&world.vrs, 1).await.err(), unknown);
    assert_eq!(application.delivered(&world.vrs, 2).await.err(), unknown);
    for _ in 0..2 {
        application.delivered(&world.vrs, 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_revoked_certificate_is_listed_and_void() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    application.delivered(&world.vrs, 1).await.unwrap();
    let division = world.place.open(HOME).await.unwrap();
    for expected in [
        vrs::storage::Revocation::Revoked,
        vrs::storage::Revocation::Already,
    ] {
        let mut session = division.begin().await.unwrap();
        let revocation = session.revoke(&certificate_id(1), 0).await.unwrap();
        assert_eq!(revocation, expected);
        session.commit().await.unwrap();
    }
    assert_eq!(listed(&world.vrs).await.len(), 1);
    assert_eq!(
        listed(&world.restarted()).await,
        listed(&world.vrs).await,
        "a restart makes the list no shorter"
    );
    assert_eq!(
        application.register(&world.vrs, 1).await.err(),
        Some(ProblemCode::RegistrationLapsed)
    );
}

#[tokio::test]
async fn a_copy_from_before_a_registration_is_stale() {
    let world = with_one_person().await;
    let data = &world.place.folders.data;
    fs::copy(data.join("132217.sqlite"), data.join("copy")).unwrap();
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    world.vrs.close().await;
    fs::rename(data.join("copy"), data.join("132217.sqlite")).unwrap();
    assert_eq!(
        application.register(&world.vrs, 1).await.err(),
        Some(ProblemCode::RecordsUnavailable)
    );
    assert_eq!(
        world.events.take(),
        [Event::RecordsUnavailable {
            municipality: code(HOME),
            cause: Unavailable::Stale
        }]
    );
}

#[tokio::test]
async fn the_list_is_given_in_pieces_that_follow_on_what_is_known() {
    let world = with_one_person().await;
    for id in 1..=5 {
        let application = world.apply(&number(1));
        application.ask(&world.vrs, HOME).await.unwrap();
        application.register(&world.vrs, id).await.unwrap();
    }
    world.clock.advance(601);
    world.vrs.tidy().await;
    let division = world.place.open(HOME).await.unwrap();
    let piece = async |known, limit| {
        let mut reading = division.read().await.unwrap();
        reading.revocations(known, limit).await.unwrap()
    };
    let whole = piece(0, 10).await;
    assert_eq!((whole.entries, whole.after, whole.revoked.len()), (5, 0, 5));
    assert_eq!(whole.chain, Revoked::CHAIN_START);
    let mut chain = whole.chain;
    for known in 0..5 {
        let next = piece(known, 1).await;
        assert_eq!((next.entries, next.after), (5, known));
        assert_eq!(next.chain, chain);
        let [revoked] = &*next.revoked else {
            panic!("one entry")
        };
        chain = revoked.chain(&chain);
    }
    // Who knows more than there is hears how many there are.
    for known in [5, 9] {
        let end = piece(known, 10).await;
        assert_eq!((end.entries, end.after, end.revoked.len()), (5, 5, 0));
        assert_eq!(end.chain, chain);
    }
    // What a center asks for is told of every municipality, and no entry twice.
    let known = [(code(HOME), 3)].into();
    let request = RevocationsRequest { known };
    let lists = world.vrs.revocations(&request).await.unwrap().lists;
    assert_eq!(lists.len(), 4);
    let new: usize = lists.iter().map(|list| list.revoked.len()).sum();
    assert_eq!(new, 2);
}

#[tokio::test]
async fn a_copy_from_before_a_hand_over_is_stale() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.register(&world.vrs, 1).await.unwrap();
    world.vrs.close().await;
    let data = &world.place.folders.data;
    fs::copy(data.join("132217.sqlite"), data.join("copy")).unwrap();
    application.delivered(&world.vrs, 1).await.unwrap();
    world.vrs.close().await;
    fs::rename(data.join("copy"), data.join("132217.sqlite")).unwrap();
    world.clock.advance(601);
    world.vrs.tidy().await;
    assert_eq!(
        world.events.take(),
        [Event::RecordsUnavailable {
            municipality: code(HOME),
            cause: Unavailable::Stale
        }],
        "nothing lapsed that its holder has"
    );
}
