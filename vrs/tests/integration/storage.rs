//! Divisions on disk: import, isolation, and every way in which records can be unavailable.

use std::fs;
use std::path::PathBuf;

use vrs::storage::{CreateError, Division, Imported, KeyError, Operation, Unavailable};

use crate::support::{Place, csv, number, row};

fn folder_of(place: &Place, code: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    (
        place.folders.data.join(format!("{code}.sqlite")),
        place.folders.keys.join(format!("{code}.key")),
    )
}

#[tokio::test]
async fn what_is_imported_is_found_and_nothing_else() {
    let place = Place::new(&["132217"]).await;
    let file = csv(&[
        row(&number(1)).dose("20210701", "ABC123"),
        row(&number(1)).dose("20210722", "ABC124"),
        row(&number(2)),
    ]);
    let imported = place.import("132217", &file).await;
    assert_eq!(
        imported,
        Imported {
            added: 2,
            changed: 0,
            unchanged: 0
        }
    );

    let division = place.open("132217").await.unwrap();
    let mut session = division.begin().await.unwrap();
    let first = session.person(&number(1)).await.unwrap().unwrap();
    assert_eq!(first.record_version, 1);
    assert_eq!(first.doses.len(), 2);
    assert_eq!(first.doses[1].lot.expose(), "ABC124");
    let second = session.person(&number(2)).await.unwrap().unwrap();
    assert_eq!(second.doses.len(), 0);
    assert!(session.person(&number(3)).await.unwrap().is_none());
}

#[tokio::test]
async fn importing_again_changes_only_what_differs() {
    let place = Place::new(&["132217"]).await;
    let first = csv(&[row(&number(1)).dose("20210701", "A"), row(&number(2))]);
    place.import("132217", &first).await;
    let second = csv(&[
        row(&number(1)).dose("20210701", "A"),
        row(&number(2)).dose("20230101", "B"),
    ]);
    let imported = place.import("132217", &second).await;
    assert_eq!((imported.changed, imported.unchanged), (1, 1));

    let division = place.open("132217").await.unwrap();
    let mut session = division.begin().await.unwrap();
    let one = session.person(&number(1)).await.unwrap().unwrap();
    let two = session.person(&number(2)).await.unwrap().unwrap();
    assert_eq!((one.record_version, two.record_version), (1, 2));
    assert_eq!(two.doses.len(), 1);
    assert_eq!(session.data_epoch(), 2);
}

#[tokio::test]
async fn a_transaction_dropped_leaves_nothing() {
    let place = Place::new(&["132217"]).await;
    let division = place.open("132217").await.unwrap();
    let mut session = division.begin().await.unwrap();
    session.log(&Operation::Created, 0).await.unwrap();
    drop(session);
    division.begin().await.unwrap().commit().await.unwrap();
    let sql = "SELECT count(*) FROM operation";
    assert_eq!(place.number_of("132217", sql).await, 1);
}

#[tokio::test]
async fn a_database_is_made_once_and_a_key_never_replaced() {
    let place = Place::new(&["132217"]).await;
    let code = "132217".parse().unwrap();
    let again = Division::create(&place.folders, code, 0).await;
    assert_eq!(again, Err(CreateError::Exists));
    let (database, key) = folder_of(&place, "132217");
    let before = fs::read(&key).unwrap();
    fs::remove_file(database).unwrap();
    let again = Division::create(&place.folders, code, 0).await;
    assert_eq!(again, Err(CreateError::Key(KeyError::NotMade)));
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(&["132217"]).await;
    let _open = place.open("132217").await.unwrap();
    let folders = &place.folders;
    for folder in [&folders.data, &folders.keys, &folders.marks()] {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for file in fs::read_dir(folder).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
    }
}

#[tokio::test]
async fn nothing_personal_stands_readable_in_the_file() {
    let place = Place::new(&["132217"]).await;
    place
        .import(
            "132217",
            &csv(&[row(&number(1)).dose("20210701", "LOTCANARY")]),
        )
        .await;
    let (database, _) = folder_of(&place, "132217");
    let bytes = fs::read(&database).unwrap();
    let contains = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(contains("imported"), "the log is there to be found");
    for personal in [
        number(1).expose(),
        "試験",
        "LOTCANARY",
        "19800101",
        "1980-01-01",
    ] {
        assert!(!contains(personal));
    }
}

#[tokio::test]
async fn every_cause_of_unavailability_is_told_apart() {
    type Break = fn(&Place);
    let causes: [(Break, Unavailable); 11] = [
        (
            |place| fs::remove_file(folder_of(place, "132217").0).unwrap(),
            Unavailable::Missing,
        ),
        (
            |place| fs::write(folder_of(place, "132217").0, b"").unwrap(),
            Unavailable::Empty,
        ),
        (
            |place| fs::write(folder_of(place, "132217").0, [7; 9000]).unwrap(),
            Unavailable::Database,
        ),
        (
            |place| fs::remove_file(folder_of(place, "132217").1).unwrap(),
            Unavailable::Key,
        ),
        (
            |place| fs::write(folder_of(place, "132217").1, [7; 31]).unwrap(),
            Unavailable::Key,
        ),
        (
            |place| {
                use std::os::unix::fs::PermissionsExt;
                let key = folder_of(place, "132217").1;
                fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
            },
            Unavailable::Key,
        ),
        (
            |place| fs::write(folder_of(place, "132217").1, [7; 32]).unwrap(),
            Unavailable::Sentinel,
        ),
        (
            |place| {
                let from = folder_of(place, "131016").0;
                fs::copy(from, folder_of(place, "132217").0).unwrap();
            },
            Unavailable::OtherMunicipality,
        ),
        (
            |place| {
                let mark = place.folders.marks().join("132217.epoch");
                fs::write(mark, format!("{:020}\n", 9)).unwrap();
            },
            Unavailable::Stale,
        ),
        (
            |place| fs::remove_file(place.folders.marks().join("132217.epoch")).unwrap(),
            Unavailable::HighWater,
        ),
        (
            |place| fs::write(place.folders.marks().join("132217.epoch"), "1\n").unwrap(),
            Unavailable::HighWater,
        ),
    ];
    for (damage, cause) in causes {
        let place = Place::new(&["132217", "131016"]).await;
        place.import("132217", &csv(&[row(&number(1))])).await;
        place.open("132217").await.unwrap().close().await;
        damage(&place);
        assert_eq!(place.open("132217").await.err(), Some(cause));
    }
}

/// A database that was copied before its last import: place, database, copy.
async fn with_an_old_copy() -> (Place, PathBuf, PathBuf) {
    let place = Place::new(&["132217"]).await;
    let (database, _) = folder_of(&place, "132217");
    let backup = database.with_extension("backup");
    fs::copy(&database, &backup).unwrap();
    place.import("132217", &csv(&[row(&number(1))])).await;
    (place, database, backup)
}

#[tokio::test]
async fn an_old_copy_put_back_is_noticed_whether_open_or_not() {
    let (place, database, backup) = with_an_old_copy().await;
    let division = place.open("132217").await.unwrap();
    fs::rename(&backup, &database).unwrap();
    assert_eq!(division.begin().await.err(), Some(Unavailable::Replaced));
    division.close().await;
    for leftover in ["sqlite-wal", "sqlite-shm"] {
        let _ = fs::remove_file(database.with_extension(leftover));
    }
    assert_eq!(place.open("132217").await.err(), Some(Unavailable::Stale));
}

#[tokio::test]
async fn what_would_be_committed_to_no_file_is_not() {
    let (place, database, backup) = with_an_old_copy().await;
    // Copied over, in place, and without its log: what is open goes on in a log that has no name any more.
    let division = place.open("132217").await.unwrap();
    let under_way = division.begin().await.unwrap();
    fs::remove_file(database.with_extension("sqlite-wal")).unwrap();
    fs::copy(&backup, &database).unwrap();
    assert_eq!(under_way.commit().await.err(), Some(Unavailable::Replaced));
    assert_eq!(division.begin().await.err(), Some(Unavailable::Replaced));
    assert_eq!(division.read().await.err(), Some(Unavailable::Replaced));
    division.close().await;
    assert_eq!(place.open("132217").await.err(), Some(Unavailable::Stale));
}

#[tokio::test]
async fn another_municipality_s_file_and_key_and_even_its_name_changed_inside_do_not_help() {
    let place = Place::new(&["132217", "131016"]).await;
    place.import("131016", &csv(&[row(&number(1))])).await;
    let (from_database, from_key) = folder_of(&place, "131016");
    let (to_database, to_key) = folder_of(&place, "132217");
    fs::copy(from_database, &to_database).unwrap();
    fs::copy(from_key, to_key).unwrap();
    place
        .sql("132217", "UPDATE division SET municipality = '132217'")
        .await;
    assert_eq!(
        place.open("132217").await.err(),
        Some(Unavailable::Sentinel)
    );
}

#[tokio::test]
async fn doses_moved_or_removed_are_noticed() {
    for damage in [
        // One person's dose made the other's.
        "UPDATE dose SET person = (SELECT id FROM person WHERE id > 1 AND id <> dose.person);",
        "DELETE FROM dose;",
    ] {
        let place = Place::new(&["132217"]).await;
        let file = csv(&[
            row(&number(1)).dose("20210701", "A"),
            row(&number(2)).dose("20210702", "B"),
        ]);
        place.import("132217", &file).await;
        place.sql("132217", damage).await;
        let division = place.open("132217").await.unwrap();
        let found = division.begin_for(&number(1)).await;
        assert_eq!(found.err(), Some(Unavailable::Damaged), "{damage}");
    }
}

#[tokio::test]
async fn without_its_sentinel_a_full_database_says_nothing() {
    let place = Place::new(&["132217"]).await;
    place.import("132217", &csv(&[row(&number(1))])).await;
    place.sql("132217", "DELETE FROM person WHERE id = 1").await;
    assert_eq!(
        place.open("132217").await.err(),
        Some(Unavailable::Sentinel)
    );
}

#[tokio::test]
async fn the_log_and_the_revocation_list_are_only_appended_to() {
    let place = Place::new(&["132217"]).await;
    place
        .sql(
            "132217",
            "INSERT INTO certificate VALUES (7, 'id', 1, 'kid', 'lapsed', 0, 0, x'00');\
             INSERT INTO revocation VALUES (1, 7, zeroblob(32));",
        )
        .await;
    for forbidden in [
        "DELETE FROM operation",
        "UPDATE operation SET event = ''",
        "DELETE FROM revocation",
        "UPDATE revocation SET chain = randomblob(32)",
    ] {
        assert!(place.try_sql("132217", forbidden).await.is_err());
    }
    assert!(
        place
            .try_sql("132217", "SELECT * FROM operation")
            .await
            .is_ok()
    );
}
