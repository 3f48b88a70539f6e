//! The machine's clock is set under the program, or between two runs of it.

use issuance_api::{ProblemCode, registry::RevocationsRequest};
use vrs::{
    event::{Direction, Event},
    service::Vrs,
};

use crate::{
    fixture::{Application, HOME, World},
    service::with_one_person,
    support::number,
};

/// Longer than a reservation.
const HOUR: i64 = 3600;

/// Somebody has a certificate that is not handed over yet.
async fn reserved(world: &World, vrs: &Vrs, id: u8) -> Application {
    let mut application = Application::new(&number(1));
    application.prove(vrs).unwrap();
    application.ask(vrs, HOME).await.unwrap();
    application.register(vrs, id).await.unwrap();
    assert_eq!(states(world, "reserved").await, 1);
    application
}

async fn states(world: &World, state: &str) -> usize {
    let all = "SELECT state FROM certificate";
    let all = world.place.texts(HOME, all).await;
    all.iter().filter(|own| *own == state).count()
}

async fn listed(vrs: &Vrs) -> usize {
    let told = vrs.revocations(&RevocationsRequest::default()).await;
    told.unwrap().lists.iter().map(|it| it.revoked.len()).sum()
}

#[tokio::test]
async fn a_clock_that_is_set_voids_nothing_that_is_under_way() {
    for by in [HOUR, -HOUR, i64::MAX / 4, i64::MIN / 4] {
        let world = with_one_person().await;
        let application = reserved(&world, &world.vrs, 1).await;
        world.clock.set(by);
        world.vrs.tidy().await;
        assert_eq!(listed(&world.vrs).await, 0, "{by}");
        application.delivered(&world.vrs, 1).await.unwrap();
        assert_eq!(states(&world, "delivered").await, 1, "{by}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_keeps_nothing_past_its_time() {
    for by in [HOUR, -HOUR] {
        let world = with_one_person().await;
        let application = reserved(&world, &world.vrs, 1).await;
        world.clock.set(by);
        world.clock.advance(601);
        let said = application.delivered(&world.vrs, 1).await;
        assert_eq!(said.err(), Some(ProblemCode::RegistrationLapsed), "{by}");
        reserved(&world, &world.vrs, 2).await;
        world.clock.set(by);
        world.clock.advance(600);
        world.vrs.tidy().await;
        assert_eq!(states(&world, "reserved").await, 1, "{by}");
        world.clock.advance(1);
        world.vrs.tidy().await;
        assert_eq!(states(&world, "reserved").await, 0, "{by}");
        assert_eq!(listed(&world.vrs).await, 2, "{by}");
    }
}

/// Whatever the clock says then: an earlier process's lapses as long after the start as a reservation lasts, twice that at most.
#[tokio::test]
async fn what_an_earlier_process_reserved_lapses_though_the_clock_was_set_back() {
    for by in [-HOUR, -700, -500, -1] {
        let world = with_one_person().await;
        drop(reserved(&world, &world.vrs, 1).await);
        world.clock.set(by);
        let vrs = world.restarted();
        let own = reserved_beside(&world, &vrs).await;
        world.clock.advance(600);
        vrs.tidy().await;
        own.delivered(&vrs, 2).await.unwrap();
        // As every second.
        for seconds in [1, 600] {
            world.clock.advance(seconds);
            vrs.tidy().await;
        }
        assert_eq!(states(&world, "lapsed").await, 1, "{by}");
        assert_eq!(states(&world, "delivered").await, 1, "{by}");
    }
}

async fn reserved_beside(world: &World, vrs: &Vrs) -> Application {
    let mut application = Application::new(&number(1));
    application.prove(vrs).unwrap();
    application.ask(vrs, HOME).await.unwrap();
    application.register(vrs, 2).await.unwrap();
    assert_eq!(states(world, "reserved").await, 2);
    application
}

#[tokio::test]
async fn it_is_told_once_that_a_clock_was_set() {
    let world = with_one_person().await;
    let noted = async || {
        for _ in 0..2 {
            world.vrs.tidy().await;
        }
        world.events.take()
    };
    world.clock.advance(100_000);
    assert_eq!(noted().await, []);
    world.clock.set(60);
    assert_eq!(noted().await, []);
    world.clock.set(1);
    let later = Event::ClockSet {
        to: Direction::Later,
        seconds: 61,
    };
    assert_eq!(noted().await, [later]);
    world.clock.set(-HOUR);
    let earlier = Event::ClockSet {
        to: Direction::Earlier,
        seconds: 3600,
    };
    assert_eq!(noted().await, [earlier]);
}
