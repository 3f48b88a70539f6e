//! A failure is never an answer: whatever is wrong with the records, nobody hears "no record".

use std::fs;

use issuance_api::ProblemCode;
use issuance_channel::client::CallError;
use stage::applicant::Applicant;
use stage::world::{World, set};

use crate::support::{HOME, block_on, refusal, ticket, world};

/// What an inquiry about `ordinary` says once `harm` was done to the stopped record system.
fn said_after(harm: impl FnOnce(&World)) -> ProblemCode {
    let mut world = world();
    world.vrs = None;
    harm(&world);
    world.start_vrs().unwrap();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket(&world, &applicant, "ordinary").await;
        refusal(applicant.inquire(&ticket, HOME.parse().unwrap()).await)
    })
}

#[test]
fn an_empty_database_file_is_unavailable() {
    let said = said_after(|world| {
        for rest in ["-wal", "-shm"] {
            drop(fs::remove_file(
                world.ground.path(&format!("vrs/data/{HOME}.sqlite{rest}")),
            ));
        }
        fs::write(world.ground.path(&format!("vrs/data/{HOME}.sqlite")), "").unwrap();
    });
    assert_eq!(said, ProblemCode::RecordsUnavailable);
}

#[test]
fn a_missing_database_file_is_unavailable() {
    let said = said_after(|world| {
        fs::remove_file(world.ground.path(&format!("vrs/data/{HOME}.sqlite"))).unwrap();
    });
    assert_eq!(said, ProblemCode::RecordsUnavailable);
}

#[test]
fn another_municipalitys_key_is_unavailable() {
    let said = said_after(|world| {
        let key = |code: &str| world.ground.path(&format!("vrs/keys/{code}.key"));
        fs::copy(key("131016"), key(HOME)).unwrap();
    });
    assert_eq!(said, ProblemCode::RecordsUnavailable);
}

#[test]
fn another_municipalitys_database_is_unavailable() {
    let said = said_after(|world| {
        let data = |code: &str| world.ground.path(&format!("vrs/data/{code}.sqlite"));
        fs::copy(data("131016"), data(HOME)).unwrap();
    });
    assert_eq!(said, ProblemCode::RecordsUnavailable);
}

#[test]
fn a_municipality_the_record_system_was_not_told_of_is_unavailable() {
    let said = said_after(|world| {
        let others: Vec<toml::Value> = vec!["131016".into(), "141003".into()];
        world
            .ground
            .edit("vrs/vrs.toml", |config| {
                set(config, "municipalities", others)
            })
            .unwrap();
    });
    assert_eq!(said, ProblemCode::RecordsUnavailable);
}

#[test]
fn no_record_system_is_unavailable_at_every_step() {
    let mut world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket(&world, &applicant, "ordinary").await;
        let preview = applicant
            .inquire(&ticket, HOME.parse().unwrap())
            .await
            .unwrap();
        world.vrs = None;
        let unavailable = ProblemCode::RecordsUnavailable;
        assert_eq!(
            refusal(applicant.inquire(&ticket, HOME.parse().unwrap()).await),
            unavailable
        );
        assert_eq!(refusal(applicant.issue(&preview.state).await), unavailable);
        match applicant.challenge().await {
            Err(CallError::Problem(problem)) => assert_eq!(problem.code, unavailable),
            other => panic!("a challenge without a record system: {}", other.is_ok()),
        }
    });
}
