//! Ended at any moment, the program finds what was there, and nothing half there.

use super::*;

/// Ends the program between any two things that happen to the disk.
#[test]
fn wherever_it_is_killed_what_was_there_is_there_and_nothing_is_half_there() {
    for steps in 0.. {
        let place = Place::new();
        let mut wallet = place.create();
        let [first, second] = [1, 2].map(|number| wallet.put(kept(number), PAGE).unwrap());
        stop_after(Some(steps));
        let put = wallet.put(kept(3), PAGE).ok();
        let put_whole = !stopped();
        let reported = put.is_some_and(|id| wallet.reported(id).is_ok()) && !stopped();
        let deleted = wallet.delete(first).is_ok() && !stopped();
        let changed = change(&mut wallet, &place.key, &place.key).is_ok() && !stopped();
        let done = !stopped();
        stop_after(None);
        drop(wallet);

        let (wallet, damages) = place.open();
        assert_eq!(damages, [], "{steps} steps");
        let there = ids(&wallet);
        assert!(there.contains(&second), "{steps} steps");
        if let Some(third) = put {
            assert!(
                there.contains(&third),
                "{steps} steps: it was said to be on disk"
            );
            // Whatever was not written: rather one too many is told to lapse than one too few.
            assert!(!reported || !wallet.lapses(third), "{steps} steps");
            assert_eq!(wallet.certificate(third), Some(&kept(3)));
            assert_eq!(wallet.page(third).unwrap().as_bytes(), PAGE);
        }
        if deleted {
            assert!(
                !there.contains(&first),
                "{steps} steps: it was said to be gone"
            );
        }
        assert!(put_whole || there.contains(&first), "{steps} steps");
        let mut expected: BTreeSet<_> = there.iter().map(Id::to_string).collect();
        expected.insert(HEAD.into());
        assert_eq!(
            place.names(),
            expected,
            "{steps} steps: nothing else is left"
        );
        drop(wallet);
        assert_eq!(place.open().1, [], "{steps} steps");
        if done {
            assert!(changed && steps > 30, "the steps are counted: {steps}");
            return;
        }
    }
}

#[test]
fn a_wallet_whose_making_was_interrupted_can_be_made() {
    for steps in 0.. {
        let place = Place::new();
        stop_after(Some(steps));
        let made = Wallet::create(&place.folder(), &place.key).is_ok();
        stop_after(None);
        match lock(&place.folder()).unwrap() {
            Lock::Absent => drop(place.create()),
            _ => assert_eq!(place.open().1, []),
        }
        if made {
            return;
        }
    }
}

/// In its own process: puts, deletes and changes without end, and says what was done.
#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os("SHOMEI_WALLET_OF_THE_KILLED") else {
        return;
    };
    let folder = PathBuf::from(folder);
    let key = DeviceKey::load(&folder.with_file_name("key")).unwrap();
    let key = Secret::DeviceKey(key);
    let (mut wallet, _) = Wallet::open(&folder, &key).unwrap();
    for number in 0.. {
        let id = wallet.put(kept(number), PAGE).unwrap();
        println!("\nput {id}");
        if number % 3 == 1 {
            println!("\ndeleting {id}");
            wallet.delete(id).unwrap();
        }
        change(&mut wallet, &key, &key).unwrap();
    }
}

#[test]
fn a_program_that_is_killed_loses_nothing_it_said_it_had() {
    for round in 0..12 {
        let place = Place::new();
        drop(place.create());
        let said = place.parent.path().join("said");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "app::wallet::tests::killed::child_that_is_killed",
            ])
            .env("SHOMEI_WALLET_OF_THE_KILLED", place.folder())
            .stdout(fs::File::create(&said).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let read = || fs::read_to_string(&said).unwrap();
        while !read().contains("put") {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it goes on until it is killed"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(37 * round % 150));
        child.kill().unwrap();
        child.wait().unwrap();

        let (wallet, damages) = place.open();
        assert_eq!(damages, []);
        let there: BTreeSet<_> = ids(&wallet).iter().map(Id::to_string).collect();
        let said = read();
        let said_of = |word: &str| -> BTreeSet<String> {
            // The last line may have been cut.
            let lines = said.lines().filter_map(|line| line.strip_prefix(word));
            lines
                .filter(|id| id.len() == 32)
                .map(str::to_owned)
                .collect()
        };
        let (put, deleting) = (said_of("put "), said_of("deleting "));
        assert!(
            put.difference(&deleting).all(|id| there.contains(id)),
            "round {round}"
        );
        // At most what was under way differs from what was said.
        assert!(there.difference(&put).count() <= 1);
        assert!(there.intersection(&deleting).count() <= 1);
        assert_eq!(place.names().len(), there.len() + 1, "nothing else is left");
    }
}
