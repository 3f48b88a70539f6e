//! A municipality whose database is in somebody's way: it alone is unavailable, and not for longer than that lasts.

use std::{
    fs,
    time::{Duration, Instant},
};

use issuance_api::{
    ProblemCode,
    registry::{Outcome, RevocationsRequest},
};
use sqlx::Connection;
use vrs::{event::Event, import, storage::Unavailable};

use crate::{
    fixture::{HOME, code},
    service::{dosed, with_one_person},
    support::{Place, csv, number, row},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_an_import_keeps_waiting_is_unavailable_and_nobody_else() {
    let world = with_one_person().await;
    let application = world.apply(&number(1));
    application.ask(&world.vrs, HOME).await.unwrap();
    application.ask(&world.vrs, "131016").await.unwrap();
    let import = world.place.hold(HOME).await;

    let begun = Instant::now();
    let waiting: Vec<_> = (0..12)
        .map(|_| {
            let (vrs, application) = (world.vrs.clone(), application.clone());
            tokio::spawn(async move { application.ask(&vrs, HOME).await.err() })
        })
        .collect();
    // Meanwhile: others' records, health, the clean-up and the revocations wait for nothing.
    let finding = application.ask(&world.vrs, "131016").await.unwrap();
    assert_eq!(finding.outcome, Outcome::NoSuchPerson);
    let health = world.vrs.health().await;
    assert!(health.iter().all(|(_, found)| found.is_ok()));
    world.vrs.tidy().await;
    world
        .vrs
        .revocations(&RevocationsRequest::default())
        .await
        .unwrap();
    assert!(begun.elapsed() < Duration::from_millis(1500));
    for waiting in waiting {
        let said = waiting.await.unwrap();
        assert_eq!(said, Some(ProblemCode::RecordsUnavailable));
    }
    // All of them together, not one after the other.
    assert!(begun.elapsed() < Duration::from_secs(10));
    let busy = Event::RecordsUnavailable {
        municipality: code(HOME),
        cause: Unavailable::Busy,
    };
    assert_eq!(world.events.take(), [busy], "told once");

    // The database stays open: to open it again would take the key.
    fs::remove_file(world.place.folders.keys.join("132217.key")).unwrap();
    import.close().await.unwrap();
    application.ask(&world.vrs, HOME).await.unwrap();
    world.vrs.tidy().await;
    let back = Event::RecordsAvailable {
        municipality: code(HOME),
    };
    assert_eq!(world.events.take(), [back]);
}

#[tokio::test]
async fn an_import_compares_and_seals_before_anybody_waits_for_it() {
    let place = Place::new(&[HOME]).await;
    place.import(HOME, &csv(&[dosed(1)])).await;
    place.sql(HOME, "DELETE FROM dose").await;
    let division = place.open(HOME).await.unwrap();
    let other = place.hold(HOME).await;
    let import = async |n| {
        let entries = import::parse(csv(&[row(&number(n))]).as_bytes()).unwrap();
        division.import(&entries, 0).await.err()
    };
    // What is damaged is found though nothing can be written; what is good has to be written.
    assert_eq!(import(1).await, Some(Unavailable::Damaged));
    assert_eq!(import(2).await, Some(Unavailable::Busy));
    other.close().await.unwrap();
    assert_eq!(import(2).await, None);
}

#[tokio::test]
async fn of_two_imports_at_once_one_is_refused() {
    let place = Place::new(&[HOME]).await;
    let key = fs::File::open(place.folders.keys.join("132217.key")).unwrap();
    let division = place.open(HOME).await.unwrap();
    let entries = import::parse(csv(&[dosed(1)]).as_bytes()).unwrap();
    key.lock().unwrap();
    let import = division.import(&entries, 0).await;
    assert_eq!(import.err(), Some(Unavailable::Busy));
    key.unlock().unwrap();
    assert_eq!(division.import(&entries, 0).await.unwrap().added, 1);
}

#[tokio::test]
async fn nobody_is_numbered_by_the_order_of_a_file() {
    let place = Place::new(&[HOME]).await;
    let file: Vec<_> = (1..=20).map(dosed).collect();
    place.import(HOME, &csv(&file)).await;
    let place = &place;
    let ids = async |sql| place.number_of(HOME, sql).await;
    // Twenty at random are all above this but with a probability of about 2 to the power of -18 each.
    let low = "SELECT count(*) FROM person WHERE id > 1 AND id < 35184372088832";
    assert_eq!(ids(low).await, 0);
    let low = "SELECT count(*) FROM dose WHERE id < 35184372088832";
    assert_eq!(ids(low).await, 0);
    let mut session = place.open(HOME).await.unwrap().begin().await.unwrap();
    assert!(session.person(&number(7)).await.unwrap().is_some());
}
