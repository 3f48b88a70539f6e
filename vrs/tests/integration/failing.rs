//! Statements that fail while something lapses, is revoked, or the list is told.

use issuance_api::ProblemCode;
use vrs::{
    event::Event,
    storage::{Revocation, Unavailable},
};

use crate::{
    census::sqlite,
    certificates::{revoke, told, with_revocations},
    fixture::{HOME, code},
    support::number,
};

/// What fails, and what it is that works again; and whether somebody's certificate lapses all the same.
const FAILING: [([&str; 2], bool); 9] = [
    // It is put on the list.
    (
        [
            "CREATE TRIGGER no BEFORE INSERT ON revocation BEGIN SELECT RAISE (ABORT, 'no'); END",
            "DROP TRIGGER no",
        ],
        false,
    ),
    // What is on the list is read.
    (
        [
            "ALTER TABLE revocation RENAME TO other",
            "ALTER TABLE other RENAME TO revocation",
        ],
        false,
    ),
    // What goes onto it is.
    (
        [
            "ALTER TABLE certificate RENAME COLUMN kid TO other",
            "ALTER TABLE certificate RENAME COLUMN other TO kid",
        ],
        false,
    ),
    // The register is looked through: an index of it, then another, then the one by which a certificate is found, which a view has not.
    (
        [
            "DROP INDEX certificate_by_person",
            "CREATE INDEX certificate_by_person ON certificate (person)",
        ],
        true,
    ),
    (
        [
            "DROP INDEX certificate_reserved",
            "CREATE INDEX certificate_reserved ON certificate (reserved_at) WHERE state = 'reserved'",
        ],
        true,
    ),
    (
        [
            "ALTER TABLE certificate RENAME TO other; CREATE VIEW certificate AS SELECT * FROM other; \
             CREATE TRIGGER changed INSTEAD OF UPDATE OF state, changed_at ON certificate BEGIN \
             UPDATE other SET state = NEW.state, changed_at = NEW.changed_at WHERE id = OLD.id; END",
            "DROP VIEW certificate; ALTER TABLE other RENAME TO certificate",
        ],
        true,
    ),
    // Persons are.
    (
        [
            "ALTER TABLE person RENAME TO other; CREATE VIEW person AS SELECT * FROM other; \
             CREATE TRIGGER changed INSTEAD OF UPDATE OF attributes ON person BEGIN \
             UPDATE other SET attributes = NEW.attributes WHERE id = OLD.id; END",
            "DROP VIEW person; ALTER TABLE other RENAME TO person",
        ],
        true,
    ),
    // Whose a database is, when it is opened; and which migrations it has had.
    (
        [
            "ALTER TABLE division RENAME TO other",
            "ALTER TABLE other RENAME TO division",
        ],
        false,
    ),
    (
        [
            "ALTER TABLE _sqlx_migrations RENAME TO other",
            "DROP TABLE IF EXISTS _sqlx_migrations; ALTER TABLE other RENAME TO _sqlx_migrations",
        ],
        false,
    ),
];

#[tokio::test]
async fn what_fails_while_something_lapses_is_told_and_it_lapses_once_it_works() {
    for ([fails, works], lapses) in FAILING {
        let (world, database) = with_revocations().await;
        let fourth = world.apply(&number(1));
        fourth.ask(&world.vrs, HOME).await.unwrap();
        fourth.register(&world.vrs, 4).await.unwrap();
        if fails.contains("division") || fails.contains("migrations") {
            // So that it is opened anew.
            world.vrs.close().await;
        }
        sqlite(&database, &[fails.to_owned()]);
        world.clock.advance(700);
        world.vrs.tidy().await;
        let said = world.events.take();
        let municipality = code(HOME);
        let lapsed = Event::Lapsed {
            municipality,
            count: 1,
        };
        let unavailable = Event::RecordsUnavailable {
            municipality,
            cause: Unavailable::Database,
        };
        assert!(said.contains(&unavailable), "{fails}: {said:?}");
        assert_eq!(said.contains(&lapsed), lapses, "{fails}");
        let said = fourth.delivered(&world.vrs, 4).await.err();
        let late = match lapses {
            true => ProblemCode::RegistrationLapsed,
            false => ProblemCode::RecordsUnavailable,
        };
        assert_eq!(said, Some(late), "{fails}");
        let revoked = match lapses {
            true => Ok(Revocation::Revoked),
            false => Err(Unavailable::Database),
        };
        assert_eq!(revoke(&world, 3).await, revoked, "{fails}");
        // All of it, or nothing.
        let all = if lapses { 4 } else { 2 };
        match told(&world).await {
            Ok(entries) => assert_eq!(entries, all, "{fails}"),
            Err(problem) => assert_eq!(problem, ProblemCode::RecordsUnavailable),
        }
        sqlite(&database, &[works.to_owned()]);
        world.events.take();
        world.vrs.tidy().await;
        let said = world.events.take();
        assert!(
            said.contains(&Event::RecordsAvailable { municipality }),
            "{fails}"
        );
        assert_eq!(said.contains(&lapsed), !lapses, "{fails}");
        assert!(revoke(&world, 3).await.is_ok(), "{fails}");
        assert_eq!(told(&world).await, Ok(4), "{fails}");
        let division = world.place.open(HOME).await.unwrap();
        assert_eq!(division.look(true).await, Ok(()), "{fails}");
    }
}
