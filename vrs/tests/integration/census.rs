//! Persons who are gone, older, or not found any more: never "no such person", and never what they were once.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use issuance_api::{
    ProblemCode,
    registry::{Outcome, RevocationsRequest},
};
use vrs::{
    event::Event,
    import,
    storage::{Term, Unavailable},
};

use crate::{
    fixture::{HOME, MUNICIPALITIES, World, code},
    service::with_one_person,
    support::{Place, csv, number, row},
};

/// Two persons, the second of whom had no dose in the copy and issuing not stopped.
async fn with_an_older_copy() -> (Place, PathBuf) {
    let place = Place::new(&[HOME]).await;
    let first = csv(&[row(&number(1)).dose("20210701", "A"), row(&number(2))]);
    place.import(HOME, &first).await;
    let database = place.folders.data.join(HOME).with_extension("sqlite");
    let copy = database.with_extension("copy");
    fs::copy(&database, copy).unwrap();
    let stopped = row(&number(2)).set("利用停止", "1").dose("20230101", "B");
    place.import(HOME, &csv(&[stopped])).await;
    (place, database)
}

/// The second of them.
const SECOND: &str = "(SELECT id FROM person WHERE record_version = 2)";

pub(crate) fn sqlite(database: &PathBuf, commands: &[String]) {
    let mut shell = Command::new("sqlite3");
    // A session that was dropped gives its lock back a moment later.
    shell.args(["-bail", "-cmd", ".timeout 60000"]);
    shell.arg(database).args(commands);
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Their older rows, as a backup has them.
fn older_rows(database: &PathBuf) {
    let copy = database.with_extension("copy");
    sqlite(
        database,
        &[
            format!("ATTACH '{}' AS old", copy.display()),
            format!(
                "BEGIN; DELETE FROM dose WHERE person = {SECOND}; \
                 UPDATE person SET (record_version, attributes) = \
                 (SELECT record_version, attributes FROM old.person AS it WHERE it.id = person.id) \
                 WHERE id = {SECOND}; COMMIT"
            ),
        ],
    );
}

fn row_gone(database: &PathBuf) {
    let gone =
        format!("DELETE FROM dose WHERE person = {SECOND}; DELETE FROM person WHERE id = {SECOND}");
    sqlite(database, &[gone]);
}

fn entry_gone(database: &PathBuf) {
    sqlite(
        database,
        &[
            ".imposter sqlite_autoindex_person_1 entry".to_owned(),
            format!("DELETE FROM entry WHERE _ROWID_ = {SECOND}"),
        ],
    );
}

type Harm = fn(&PathBuf);
const ALL: [Harm; 6] = [
    older_rows,
    row_gone,
    entry_gone,
    // Each number's index on the other's row.
    |database| {
        let swap = "CREATE TEMP TABLE swap AS SELECT id, number_index FROM person WHERE id > 1; \
            UPDATE person SET number_index = randomblob(32) WHERE id > 1; \
            UPDATE person SET number_index = (SELECT number_index FROM swap WHERE swap.id <> person.id) WHERE id > 1";
        sqlite(database, &[swap.to_owned()]);
    },
    |database| {
        let version = "UPDATE person SET record_version = 7 WHERE id > 1";
        sqlite(database, &[version.to_owned()]);
    },
    // The sentinel's attributes.
    |database| {
        let attributes = "UPDATE person SET attributes = (SELECT attributes FROM person WHERE id = 1) WHERE id > 1";
        sqlite(database, &[attributes.to_owned()]);
    },
];

#[tokio::test]
async fn whoever_is_gone_older_or_not_found_makes_all_persons_unavailable() {
    for (which, harm) in ALL.into_iter().enumerate() {
        for is_open in [false, true] {
            let (place, database) = with_an_older_copy().await;
            let mut division = place.open(HOME).await.unwrap();
            if is_open {
                // Nobody is ever imported with the third number.
                for n in [2, 3] {
                    let (_, found) = division.begin_for(&number(n)).await.unwrap();
                    assert_eq!(found.is_some(), n == 2);
                }
                harm(&database);
            } else {
                division.close().await;
                harm(&database);
                division = place.open(HOME).await.unwrap();
            }
            for n in [2, 1, 3] {
                let said = division.begin_for(&number(n)).await.err();
                assert_eq!(said, Some(Unavailable::Persons), "{which} {is_open} {n}");
            }
            assert_eq!(division.look(false).await, Err(Unavailable::Persons));
            // The rest goes on: nothing else is known to be wrong.
            let mut session = division.begin().await.unwrap();
            let term = Term {
                now: 0,
                counted: Duration::ZERO,
                limit: Duration::ZERO,
            };
            session.lapse(0, term).await.unwrap();
            session.commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_is_imported_on_top_of_it() {
    for harm in ALL {
        let (place, database) = with_an_older_copy().await;
        harm(&database);
        let division = place.open(HOME).await.unwrap();
        let entries = import::parse(csv(&[row(&number(2))]).as_bytes()).unwrap();
        let said = division.import(&entries, 0).await;
        assert_eq!(said, Err(Unavailable::Persons));
    }
}

#[tokio::test]
async fn an_older_dose_is_not_one_of_the_person_s() {
    let place = Place::new(&[HOME]).await;
    place
        .import(HOME, &csv(&[row(&number(1)).dose("20210701", "A")]))
        .await;
    let database = place.folders.data.join(HOME).with_extension("sqlite");
    fs::copy(&database, database.with_extension("copy")).unwrap();
    place
        .import(HOME, &csv(&[row(&number(1)).dose("20210702", "B")]))
        .await;
    let copy = database.with_extension("copy");
    sqlite(
        &database,
        &[
            format!("ATTACH '{}' AS old", copy.display()),
            "BEGIN; DELETE FROM dose; INSERT INTO dose SELECT * FROM old.dose; COMMIT".to_owned(),
        ],
    );
    let division = place.open(HOME).await.unwrap();
    let said = division.begin_for(&number(1)).await.err();
    assert_eq!(said, Some(Unavailable::Damaged));
}

#[tokio::test]
async fn put_right_it_is_whole_again() {
    let (place, database) = with_an_older_copy().await;
    let division = place.open(HOME).await.unwrap();
    entry_gone(&database);
    assert_eq!(division.look(false).await, Err(Unavailable::Persons));
    sqlite(&database, &["REINDEX".to_owned()]);
    let (session, found) = division.begin_for(&number(2)).await.unwrap();
    assert!(found.is_some());
    drop(session);
    assert_eq!(division.look(false).await, Ok(()));
}

#[tokio::test]
async fn another_program_s_import_is_looked_at_and_believed() {
    let (place, _) = with_an_older_copy().await;
    let division = place.open(HOME).await.unwrap();
    let (session, _) = division.begin_for(&number(1)).await.unwrap();
    drop(session);
    place.import(HOME, &csv(&[row(&number(3))])).await;
    let (_, found) = division.begin_for(&number(3)).await.unwrap();
    assert!(found.is_some());
}

/// What a record system says of a municipality whose persons are wrong.
async fn is_told(world: &World) {
    let unavailable = Event::RecordsUnavailable {
        municipality: code(HOME),
        cause: Unavailable::Persons,
    };
    assert_eq!(world.events.take(), [unavailable], "told once");
    let health = world.vrs.health().await;
    let wrong = health.iter().filter(|(_, found)| found.is_err());
    let wrong: Vec<_> = wrong.copied().collect();
    assert_eq!(wrong, [(code(HOME), Err(Unavailable::Persons))]);
    for n in [1, 9] {
        let said = world.apply(&number(n)).ask(&world.vrs, HOME).await;
        assert_eq!(said.err(), Some(ProblemCode::RecordsUnavailable));
    }
    // The others' persons, and everybody's revocations, are as good as before.
    let other = world.apply(&number(9)).ask(&world.vrs, "131016").await;
    assert_eq!(other.unwrap().outcome, Outcome::NoSuchPerson);
    let all = RevocationsRequest::default();
    assert!(world.vrs.revocations(&all).await.is_ok());
}

#[tokio::test]
async fn what_others_write_is_looked_at_in_the_next_round() {
    let world = with_one_person().await;
    world.vrs.tidy().await;
    world
        .place
        .sql(HOME, "DELETE FROM person WHERE id > 1")
        .await;
    world.vrs.tidy().await;
    world.vrs.tidy().await;
    is_told(&world).await;
}

#[tokio::test]
async fn what_is_written_past_the_database_is_looked_at_within_the_hour() {
    let world = with_one_person().await;
    let rounds = async || {
        for _ in MUNICIPALITIES {
            world.vrs.tidy().await;
        }
    };
    rounds().await;
    let database = world.place.folders.data.join(HOME).with_extension("sqlite");
    let attributes = "SELECT hex(attributes) FROM person WHERE id > 1";
    let attributes = world.place.texts(HOME, attributes).await.remove(0);
    let mut file = fs::read(&database).unwrap();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02X}")).collect() };
    let length = attributes.len() / 2;
    let mut places = file.windows(length);
    let at = places
        .position(|it| hex(&it[..16]) == attributes[..32])
        .unwrap();
    file[at + length - 1] ^= 1;
    fs::write(&database, file).unwrap();
    rounds().await;
    assert_eq!(
        world.events.take(),
        [],
        "nobody was asked for, nothing looked at"
    );
    world.clock.advance(3600);
    rounds().await;
    is_told(&world).await;
}
