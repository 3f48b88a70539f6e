//! Certificates that are gone from the register, others, or not found any more: never "no passport of an earlier one"; nor does one hold again that
//! no longer held.

use std::path::PathBuf;

use issuance_api::{
    CertificateKind, ProblemCode,
    registry::{Outcome, RevocationsRequest},
};
use vrs::{
    event::Event,
    import,
    storage::{Revocation, Unavailable},
};

use crate::{
    abroad::{MINE, app, ask, at, issue, passport},
    census::sqlite,
    fixture::{HOME, World, certificate_id, code},
    service::with_one_person,
    support::{csv, number, row},
};

/// Somebody was handed a certificate for abroad by an app, and another was reserved at a kiosk.
async fn with_certificates() -> (World, PathBuf) {
    let world = with_one_person().await;
    issue(&world, &app(&world), 1, MINE).await;
    let second = world.apply(&number(1));
    second.ask(&world.vrs, HOME).await.unwrap();
    second.register(&world.vrs, 2).await.unwrap();
    let database = world.place.folders.data.join(HOME).with_extension("sqlite");
    (world, database)
}

/// What a kiosk is told that asks for abroad.
async fn asked(world: &World) -> Result<Outcome, ProblemCode> {
    let kiosk = at(world, "urn:shomei:terminal:kiosk:dev:0001");
    let finding = ask(world, &kiosk, Some(passport(MINE))).await;
    finding.map(|finding| finding.outcome)
}

fn entry_gone(database: &PathBuf, index: &str) {
    let imposter = format!(".imposter {index} entry");
    sqlite(database, &[imposter, "DELETE FROM entry".to_owned()]);
}

const HARMS: [&str; 9] = [
    "DELETE FROM certificate WHERE state = 'delivered'",
    "DELETE FROM certificate",
    "UPDATE certificate SET person = 1 WHERE state = 'delivered'",
    "UPDATE certificate SET reserved_at = reserved_at + 100000 WHERE state = 'reserved'",
    "UPDATE certificate SET certificate_id = lower(certificate_id) WHERE state = 'delivered'",
    "UPDATE certificate SET kid = kid || 'x' WHERE state = 'delivered'",
    "UPDATE certificate SET attributes = (SELECT attributes FROM certificate WHERE state = 'reserved')",
    "UPDATE certificate SET id = id + 1 WHERE state = 'delivered'",
    // One that was never registered.
    "INSERT INTO certificate SELECT id + 1, 'another', person, kid, state, reserved_at, changed_at, attributes \
        FROM certificate WHERE state = 'delivered'",
];
const INDICES: [&str; 3] = [
    "certificate_by_person",
    "certificate_reserved",
    "sqlite_autoindex_certificate_1",
];

/// Does one of [`HARMS`], or takes the entries out of one of [`INDICES`].
fn harm(database: &PathBuf, harm: &str) {
    if HARMS.contains(&harm) {
        sqlite(database, &[harm.to_owned()]);
    } else {
        entry_gone(database, harm);
    }
}

#[tokio::test]
async fn whatever_became_of_an_entry_no_passport_is_said_to_be_unknown() {
    for what in HARMS.into_iter().chain(INDICES) {
        let (world, database) = with_certificates().await;
        assert!(matches!(asked(&world).await, Ok(Outcome::Records(_))));
        harm(&database, what);
        let said = asked(&world).await.err();
        assert_eq!(said, Some(ProblemCode::RecordsUnavailable), "{what}");
        let unavailable = Event::RecordsUnavailable {
            municipality: code(HOME),
            cause: Unavailable::Certificates,
        };
        assert_eq!(world.events.take(), [unavailable], "{what}");
        // And by a program that finds it so.
        let division = world.place.open(HOME).await.unwrap();
        let said = division.begin_for(&number(1)).await.err();
        assert_eq!(said, Some(Unavailable::Certificates), "{what}");
        let entries = import::parse(csv(&[row(&number(2))]).as_bytes()).unwrap();
        let said = division.import(&entries, 0).await;
        assert_eq!(said, Err(Unavailable::Certificates), "{what}");
    }
}

#[tokio::test]
async fn nobody_is_told_that_a_certificate_was_never_here() {
    for what in [HARMS[0], HARMS[4], INDICES[2]] {
        let (world, database) = with_certificates().await;
        harm(&database, what);
        let division = world.place.open(HOME).await.unwrap();
        let mut session = division.begin().await.unwrap();
        let said = session.revoke(&certificate_id(1), 0).await;
        assert_eq!(said, Err(Unavailable::Certificates), "{what}");
    }
    let (world, _) = with_certificates().await;
    let division = world.place.open(HOME).await.unwrap();
    let mut session = division.begin().await.unwrap();
    let said = session.revoke(&certificate_id(9), 0).await;
    assert_eq!(said, Ok(Revocation::Unknown));
}

/// Without its triggers, which whoever has the file can take out.
const OPENED: &str = "DROP TRIGGER revocation_stays; DROP TRIGGER revocation_stays_as_written; ";
/// After which a center that starts would be told of a list that is another.
const OTHER_LISTS: [&str; 5] = [
    "DELETE FROM revocation WHERE sequence = 2; \
        UPDATE certificate SET state = 'delivered' WHERE id NOT IN (SELECT certificate FROM revocation)",
    "DELETE FROM revocation; UPDATE certificate SET state = 'delivered'",
    "DELETE FROM revocation WHERE sequence = 1; UPDATE revocation SET sequence = 1, chain = zeroblob(32)",
    "UPDATE revocation SET certificate = (SELECT id FROM certificate WHERE state = 'delivered') WHERE sequence = 1",
    "INSERT INTO revocation SELECT 3, id, zeroblob(32) FROM certificate WHERE state = 'delivered'",
];

/// A third certificate was handed over, and the other two are void.
pub(crate) async fn with_revocations() -> (World, PathBuf) {
    let (world, database) = with_certificates().await;
    let third = world.apply(&number(1));
    third.ask(&world.vrs, HOME).await.unwrap();
    third.register(&world.vrs, 3).await.unwrap();
    third.delivered(&world.vrs, 3).await.unwrap();
    for id in [1, 2] {
        assert_eq!(revoke(&world, id).await, Ok(Revocation::Revoked));
    }
    (world, database)
}

pub(crate) async fn revoke(world: &World, id: u8) -> Result<Revocation, Unavailable> {
    let division = world.place.open(HOME).await?;
    let mut session = division.begin().await?;
    let revocation = session.revoke(&certificate_id(id), 0).await?;
    session.commit().await?;
    division.close().await;
    Ok(revocation)
}

/// What a center is told that knows nothing yet, by a program that has seen nothing either.
pub(crate) async fn told(world: &World) -> Result<usize, ProblemCode> {
    let vrs = world.restarted();
    let told = vrs.revocations(&RevocationsRequest::default()).await;
    told.map(|told| told.lists.iter().map(|list| list.revoked.len()).sum())
}

#[tokio::test]
async fn what_no_longer_holds_does_not_hold_again_without_the_key() {
    for what in OTHER_LISTS {
        let (world, database) = with_revocations().await;
        assert_eq!(told(&world).await, Ok(2), "{what}");
        sqlite(&database, &[OPENED.to_owned() + what]);
        let unavailable = Err(ProblemCode::RecordsUnavailable);
        assert_eq!(told(&world).await, unavailable, "{what}");
        let said = Event::RecordsUnavailable {
            municipality: code(HOME),
            cause: Unavailable::Certificates,
        };
        assert_eq!(world.events.take(), [said], "{what}");
        let look = async || world.place.open(HOME).await.unwrap().look(true).await;
        assert_eq!(look().await, Err(Unavailable::Certificates), "{what}");
        // Nor does another entry make this list the one that is stated.
        // (Where its place is taken, or it stands there, it is none.)
        let added = if what.starts_with("INSERT") || what.starts_with("UPDATE") {
            Err(Unavailable::Certificates)
        } else {
            Ok(Revocation::Revoked)
        };
        assert_eq!(revoke(&world, 3).await, added, "{what}");
        assert_eq!(told(&world).await, unavailable, "{what}");
        assert_eq!(look().await, Err(Unavailable::Certificates), "{what}");
    }
}

#[tokio::test]
async fn whoever_is_on_the_list_does_not_hold_whatever_the_register_says() {
    for state in ["delivered", "reserved"] {
        let (world, database) = with_revocations().await;
        let third = world.apply(&number(1));
        assert!(third.ask(&world.vrs, HOME).await.is_ok());
        let holds = format!("UPDATE certificate SET state = '{state}' WHERE state = 'revoked'");
        sqlite(&database, &[holds]);
        let said = third.ask(&world.vrs, HOME).await.err();
        assert_eq!(said, Some(ProblemCode::RecordsUnavailable), "{state}");
        assert_eq!(told(&world).await, Ok(2), "the list is what it was");
    }
}

#[tokio::test]
async fn an_entry_that_was_altered_keeps_nobody_else_s_from_lapsing() {
    for what in [
        "UPDATE certificate SET state = 'reserved' WHERE state = 'revoked'",
        // And of the two that are reserved, of one.
        "UPDATE certificate SET kid = kid || 'x' WHERE rowid = (SELECT max(id) FROM certificate WHERE state = 'reserved')",
        "UPDATE certificate SET kid = replace(kid, substr(kid, 1, 1), '_') \
            WHERE rowid = (SELECT max(id) FROM certificate WHERE state = 'reserved')",
        "UPDATE certificate SET certificate_id = 'none' WHERE rowid = (SELECT min(id) FROM certificate WHERE state = 'reserved')",
        "UPDATE certificate SET person = 1 WHERE rowid = (SELECT min(id) FROM certificate WHERE state = 'reserved')",
    ] {
        let (world, database) = with_revocations().await;
        for id in [4, 5] {
            let next = world.apply(&number(1));
            next.ask(&world.vrs, HOME).await.unwrap();
            next.register(&world.vrs, id).await.unwrap();
        }
        sqlite(&database, &[what.to_owned()]);
        world.clock.advance(100_000);
        world.vrs.tidy().await;
        let said = world.events.take();
        let municipality = code(HOME);
        let lapsed = |count| Event::Lapsed {
            municipality,
            count,
        };
        let count = if what.contains("state = 'revoked'") {
            2
        } else {
            1
        };
        assert!(said.contains(&lapsed(count)), "{what}: {said:?}");
        let cause = Unavailable::Certificates;
        let unavailable = Event::RecordsUnavailable {
            municipality,
            cause,
        };
        assert!(said.contains(&unavailable), "{what}");
        // Once, and no other certificate than was registered.
        world.vrs.tidy().await;
        let said = world.events.take();
        assert!(
            !said
                .iter()
                .any(|event| matches!(event, Event::Lapsed { .. }))
        );
        let listed = usize::try_from(count).unwrap() + 2;
        assert_eq!(told(&world).await, Ok(listed), "{what}");
    }
}

#[tokio::test]
async fn put_right_the_index_is_believed_again() {
    for index in INDICES {
        let (world, database) = with_certificates().await;
        entry_gone(&database, index);
        assert!(asked(&world).await.is_err());
        sqlite(&database, &["REINDEX".to_owned()]);
        assert!(matches!(asked(&world).await, Ok(Outcome::Records(_))));
    }
}

#[tokio::test]
async fn what_the_program_does_itself_is_whole() {
    let (world, _) = with_certificates().await;
    let whole = async || {
        let division = world.place.open(HOME).await.unwrap();
        assert_eq!(division.look(true).await, Ok(()));
        division.close().await;
    };
    whole().await;
    // The same again, and what is refused.
    let third = world.apply(&number(1));
    third.ask(&world.vrs, HOME).await.unwrap();
    third.register(&world.vrs, 3).await.unwrap();
    third.register(&world.vrs, 3).await.unwrap();
    let mut other = third.registration(3);
    other.certificate.kind = CertificateKind::Abroad;
    assert!(world.vrs.register(&third.center, &other).await.is_err());
    let fourth = world.apply(&number(1));
    fourth.ask(&world.vrs, HOME).await.unwrap();
    assert!(fourth.register(&world.vrs, 3).await.is_err());
    whole().await;
    third.delivered(&world.vrs, 3).await.unwrap();
    whole().await;
    let division = world.place.open(HOME).await.unwrap();
    let mut session = division.begin().await.unwrap();
    session.revoke(&certificate_id(1), 0).await.unwrap();
    session.commit().await.unwrap();
    whole().await;
    world.clock.advance(100_000);
    world.vrs.tidy().await;
    let lapsed = "SELECT count(*) FROM certificate WHERE state = 'lapsed'";
    assert_eq!(world.place.number_of(HOME, lapsed).await, 1);
    whole().await;
}
