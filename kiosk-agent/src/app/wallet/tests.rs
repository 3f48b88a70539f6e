use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::disk::{stop_after, stopped};
use super::*;
use crate::handover::testing::{preview, said};

const JWS: &str = "eyJhbGciOiJFUzI1NiJ9.CANARYOFAHEALTHCARD.c2lnbmF0dXJl";
const SEAL: &str = r#"{"data":{"msg":{"pid":{"n":"CANARY<<OF<A<SEAL"}}}}"#;
const PAGE: &[u8] = b"%PDF-1.7 CANARY OF A PAGE";

fn kept(issued: u64) -> Kept {
    Kept {
        jws: Personal::new(JWS.into()),
        seal: Some(Personal::new(SEAL.into())),
        issued,
        name: said("COVID-19"),
        says: preview(),
    }
}

fn passphrase(text: &str) -> Secret {
    Secret::Passphrase(Passphrase::new(&Zeroizing::new(text.into())).unwrap())
}

/// A folder for a wallet, and a device key beside it.
struct Place {
    parent: TempDir,
    key: Secret,
}

impl Place {
    fn new() -> Self {
        let parent = TempDir::new().unwrap();
        let key = DeviceKey::create(&parent.path().join("key")).unwrap();
        Self {
            parent,
            key: Secret::DeviceKey(key),
        }
    }

    fn folder(&self) -> PathBuf {
        self.parent.path().join("wallet")
    }

    fn file(&self, id: Id) -> PathBuf {
        self.folder().join(id.to_string())
    }

    fn create(&self) -> Wallet {
        Wallet::create(&self.folder(), &self.key).unwrap()
    }

    fn open(&self) -> (Wallet, Vec<Damage>) {
        Wallet::open(&self.folder(), &self.key).unwrap()
    }

    /// Names in the folder.
    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn ids(wallet: &Wallet) -> Vec<Id> {
    wallet.certificates().map(|(id, _)| id).collect()
}

fn flip(path: &Path, at: usize) {
    let mut content = fs::read(path).unwrap();
    content[at] ^= 1;
    fs::write(path, content).unwrap();
}

#[test]
fn what_was_put_in_is_there_when_it_is_opened_again() {
    let place = Place::new();
    let mut wallet = place.create();
    let first = wallet.put(kept(1), PAGE).unwrap();
    let second = wallet.put(kept(2), b"%PDF other").unwrap();
    assert_ne!(first, second);
    drop(wallet);
    let (mut wallet, damages) = place.open();
    assert_eq!(damages, []);
    assert_eq!(wallet.certificate(first), Some(&kept(1)));
    assert_eq!(wallet.certificate(second), Some(&kept(2)));
    assert_eq!(wallet.page(first).unwrap().as_bytes(), PAGE);
    assert_eq!(wallet.page(second).unwrap().as_bytes(), b"%PDF other");
    wallet.delete(first).unwrap();
    assert!(matches!(wallet.page(first), Err(WalletError::Unknown)));
    assert!(matches!(wallet.delete(first), Err(WalletError::Unknown)));
    drop(wallet);
    let (wallet, damages) = place.open();
    assert_eq!((ids(&wallet), damages), (vec![second], vec![]));
    assert_eq!(place.names(), [HEAD.to_owned(), second.to_string()].into());
}

#[test]
fn a_passphrase_opens_whatever_it_was_typed_with_and_another_does_not() {
    let place = Place::new();
    assert_eq!(lock(&place.folder()).unwrap(), Lock::Absent);
    // が as one character, and as か with its mark; full-width digits from an input method.
    let mut wallet = Wallet::create(&place.folder(), &passphrase("ひみつがぎ1234")).unwrap();
    let id = wallet.put(kept(1), PAGE).unwrap();
    drop(wallet);
    assert_eq!(lock(&place.folder()).unwrap(), Lock::Passphrase);
    let again = passphrase("ひみつか\u{3099}ぎ１２３４");
    let (wallet, _) = Wallet::open(&place.folder(), &again).unwrap();
    assert_eq!(ids(&wallet), [id]);
    drop(wallet);
    let open = |secret: &Secret| Wallet::open(&place.folder(), secret).map(drop);
    let wrong = open(&passphrase("ひみつがぎ1235"));
    assert!(matches!(wrong, Err(WalletError::Wrong)));
    assert!(matches!(open(&place.key), Err(WalletError::OtherLock)));
    // Damaged is not wrong: with the right one, too.
    flip(&place.folder().join(HEAD), 80);
    assert!(matches!(open(&again), Err(WalletError::Damaged)));
    assert!(matches!(lock(&place.folder()), Err(WalletError::Damaged)));
}

#[test]
fn what_is_too_short_or_too_long_is_no_passphrase() {
    let new = |text: String| Passphrase::new(&Zeroizing::new(text)).map(drop);
    assert_eq!(new("1234567".into()), Err(PassphraseError::Short));
    assert_eq!(new("12345678".into()), Ok(()));
    assert_eq!(new("ﷺ".repeat(256)), Ok(()));
    assert_eq!(new("a".repeat(257)), Err(PassphraseError::Long));
}

#[test]
fn a_changed_passphrase_opens_and_the_one_before_does_not() {
    let place = Place::new();
    let [before, after] = ["before before", "after after"].map(passphrase);
    let mut wallet = Wallet::create(&place.folder(), &before).unwrap();
    let id = wallet.put(kept(1), PAGE).unwrap();
    let file = fs::read(place.file(id)).unwrap();
    let refused = wallet.change(&after, &after);
    assert!(matches!(refused, Err(WalletError::Wrong)));
    wallet.change(&before, &after).unwrap();
    let later = wallet.put(kept(2), PAGE).unwrap();
    drop(wallet);
    let (mut wallet, damages) = Wallet::open(&place.folder(), &after).unwrap();
    assert_eq!(ids(&wallet).len(), 2);
    assert_eq!(damages, []);
    assert!(wallet.certificate(later).is_some());
    assert_eq!(
        fs::read(place.file(id)).unwrap(),
        file,
        "only the head is written"
    );
    // To the device's key, too.
    wallet.change(&after, &place.key).unwrap();
    drop(wallet);
    for secret in [&before, &after] {
        let opened = Wallet::open(&place.folder(), secret).map(drop);
        assert!(matches!(opened, Err(WalletError::OtherLock)));
    }
    assert_eq!(ids(&place.open().0).len(), 2);
}

#[test]
fn every_part_of_the_head_counts() {
    let place = Place::new();
    let mut wallet = place.create();
    let id = wallet.put(kept(1), PAGE).unwrap();
    drop(wallet);
    let path = place.folder().join(HEAD);
    let whole = fs::read(&path).unwrap();
    // Magic, lock, memory, passes, lanes, salt, nonce, keys and their tag, digest: nothing opens.
    let wrapped = 8 + 1 + 12 + 32 + 12 + 64 + 16;
    for at in 0..wrapped + 32 {
        flip(&path, at);
        let opened = Wallet::open(&place.folder(), &place.key).map(drop);
        assert!(matches!(opened, Err(WalletError::Damaged)), "byte {at}");
        fs::write(&path, &whole).unwrap();
    }
    for length in [0, 7, wrapped, wrapped + 31] {
        fs::write(&path, &whole[..length]).unwrap();
        let opened = Wallet::open(&place.folder(), &place.key).map(drop);
        assert!(
            matches!(opened, Err(WalletError::Damaged)),
            "{length} bytes"
        );
    }
    // The list: it is told, and made anew of what opens.
    let mut cut = whole.clone();
    cut.pop();
    let altered = (wrapped + 32..whole.len()).map(|at| {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        altered
    });
    for head in altered.chain([cut, whole[..wrapped + 32].to_vec()]) {
        fs::write(&path, head).unwrap();
        let (wallet, damages) = place.open();
        assert_eq!((ids(&wallet), damages), (vec![id], vec![Damage::List]));
        drop(wallet);
        assert_eq!(place.open().1, [], "told once");
    }
    // Somebody who makes the digest fit gains a wrong key, not a wallet.
    let mut forged = whole.clone();
    forged[30] ^= 1;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&forged[..wrapped]);
    forged[wrapped..wrapped + 32].copy_from_slice(&digest);
    fs::write(&path, &forged).unwrap();
    let opened = Wallet::open(&place.folder(), &place.key).map(drop);
    assert!(matches!(opened, Err(WalletError::Wrong)));
    // Nor can they have it ask for all memory there is.
    forged[8] = 1;
    forged[9..13].copy_from_slice(&u32::MAX.to_be_bytes());
    forged[13..21].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1]);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&forged[..wrapped]);
    forged[wrapped..wrapped + 32].copy_from_slice(&digest);
    fs::write(&path, &forged).unwrap();
    let opened = Wallet::open(&place.folder(), &passphrase("a passphrase")).map(drop);
    assert!(matches!(opened, Err(WalletError::Damaged)));
}

#[test]
fn a_damaged_certificate_is_told_and_hides_no_other() {
    let place = Place::new();
    let mut wallet = place.create();
    let [damaged, whole, lost] = [1, 2, 3].map(|number| wallet.put(kept(number), PAGE).unwrap());
    drop(wallet);
    let path = place.file(damaged);
    let content = fs::read(&path).unwrap();
    fs::remove_file(place.file(lost)).unwrap();
    let told = |what: &str| {
        let (wallet, damages) = place.open();
        assert_eq!(ids(&wallet), [whole], "{what}");
        assert_eq!(wallet.page(whole).unwrap().as_bytes(), PAGE);
        let mut expected = vec![Damage::Broken(damaged), Damage::Missing(lost)];
        expected.sort_unstable();
        assert_eq!(damages, expected, "{what}");
    };
    // Version, nonce, lengths, description, page, zeros, tag.
    let lengths = 1 + 12;
    for at in [
        0,
        1,
        12,
        lengths,
        lengths + 7,
        lengths + 8,
        lengths + 500,
        100_000,
        content.len() - 1,
    ] {
        flip(&path, at);
        told(&format!("byte {at}"));
        fs::write(&path, &content).unwrap();
    }
    for length in [0, 1, 13, 28, 29, content.len() / 2, content.len() - 1] {
        fs::write(&path, &content[..length]).unwrap();
        told(&format!("{length} bytes"));
    }
    fs::write(&path, [content.as_slice(), b"\0"].concat()).unwrap();
    told("a byte more");
    // Another's name.
    fs::copy(place.file(whole), &path).unwrap();
    told("another certificate");
    // Not followed, not waited for.
    fs::remove_file(&path).unwrap();
    symlink(place.file(whole), &path).unwrap();
    told("a link");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    told("a folder");
    fs::remove_dir(&path).unwrap();
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    told("a pipe");
    fs::remove_file(&path).unwrap();
    // Put right it is there again; given up, it is told no more.
    fs::write(&path, &content).unwrap();
    let (mut wallet, damages) = place.open();
    assert_eq!(ids(&wallet).len(), 2);
    assert_eq!(damages, [Damage::Missing(lost)]);
    wallet.give_up(&damages).unwrap();
    drop(wallet);
    assert_eq!(place.open().1, []);
}

#[test]
fn files_of_another_time_or_another_wallet_are_no_certificates_here() {
    let place = Place::new();
    let mut wallet = place.create();
    let deleted = wallet.put(kept(1), PAGE).unwrap();
    let stays = wallet.put(kept(2), PAGE).unwrap();
    let file = fs::read(place.file(deleted)).unwrap();
    let head = fs::read(place.folder().join(HEAD)).unwrap();
    wallet.delete(deleted).unwrap();
    let later = wallet.put(kept(3), PAGE).unwrap();
    drop(wallet);
    // Put back after it was deleted.
    fs::write(place.file(deleted), &file).unwrap();
    let (mut wallet, damages) = place.open();
    assert!(wallet.certificate(deleted).is_none());
    assert_eq!(damages, [Damage::Stranger(deleted)]);
    wallet.delete(deleted).unwrap();
    assert!(!place.file(deleted).exists());
    drop(wallet);
    assert_eq!(place.open().1, []);
    // A head of before: what came since is told as not its own, what went as missing.
    let newest = fs::read(place.folder().join(HEAD)).unwrap();
    fs::write(place.folder().join(HEAD), &head).unwrap();
    let (wallet, mut damages) = place.open();
    assert_eq!(ids(&wallet), [stays]);
    let mut expected = vec![Damage::Missing(deleted), Damage::Stranger(later)];
    expected.sort_unstable();
    damages.sort_unstable();
    assert_eq!(damages, expected);
    drop(wallet);
    fs::write(place.folder().join(HEAD), &newest).unwrap();
    // Another wallet's certificate under a name of this one; another's head; wrapping of one and list of another.
    let other = Place::new();
    let mut wallet = other.create();
    let foreign = wallet.put(kept(4), PAGE).unwrap();
    drop(wallet);
    fs::copy(other.file(foreign), place.file(later)).unwrap();
    assert_eq!(place.open().1, [Damage::Broken(later)]);
    let others = fs::read(other.folder().join(HEAD)).unwrap();
    fs::write(place.folder().join(HEAD), &others).unwrap();
    let opened = Wallet::open(&place.folder(), &place.key).map(drop);
    assert!(matches!(opened, Err(WalletError::Wrong)));
    let mixed = [&newest[..177], &others[177..]].concat();
    fs::write(place.folder().join(HEAD), mixed).unwrap();
    let (wallet, damages) = place.open();
    assert_eq!(
        (ids(&wallet), damages),
        (vec![stays], vec![Damage::List, Damage::Stranger(later)])
    );
}

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
        let deleted = wallet.delete(first).is_ok() && !stopped();
        let changed = wallet.change(&place.key, &place.key).is_ok() && !stopped();
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
        wallet.change(&key, &key).unwrap();
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
                "app::wallet::tests::child_that_is_killed",
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

#[test]
fn folder_and_files_are_their_owner_s_alone() {
    let place = Place::new();
    let mut wallet = place.create();
    let id = wallet.put(kept(1), PAGE).unwrap();
    drop(wallet);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&place.folder()), 0o700);
    assert_eq!(mode(&place.file(id)), 0o600);
    assert_eq!(mode(&place.folder().join(HEAD)), 0o600);
    for open in [0o710, 0o701, 0o755] {
        fs::set_permissions(place.folder(), Permissions::from_mode(open)).unwrap();
        let opened = Wallet::open(&place.folder(), &place.key).map(drop);
        assert!(matches!(opened, Err(WalletError::Exposed)), "{open:o}");
        assert!(matches!(
            discard(&place.folder()),
            Err(WalletError::Exposed)
        ));
    }
    fs::set_permissions(place.folder(), Permissions::from_mode(0o700)).unwrap();
    drop(place.open());
    let key = place.parent.path().join("key");
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(DeviceKey::load(&key).unwrap_err(), DeviceKeyError::Exposed);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    for length in [31, 33] {
        fs::write(&key, vec![7; length]).unwrap();
        assert_eq!(DeviceKey::load(&key).unwrap_err(), DeviceKeyError::Length);
    }
    assert_eq!(
        DeviceKey::create(&key).unwrap_err(),
        DeviceKeyError::NotMade
    );
}

#[test]
fn one_program_at_a_time_has_it() {
    let place = Place::new();
    let wallet = place.create();
    let second = || Wallet::open(&place.folder(), &place.key).map(drop);
    assert!(matches!(second(), Err(WalletError::InUse)));
    assert!(matches!(discard(&place.folder()), Err(WalletError::InUse)));
    // Asking how it opens disturbs nobody.
    assert_eq!(lock(&place.folder()).unwrap(), Lock::DeviceKey);
    drop(wallet);
    second().unwrap();
}

#[test]
fn a_forgotten_passphrase_is_a_new_beginning() {
    let place = Place::new();
    discard(&place.folder()).unwrap();
    let mut wallet = place.create();
    wallet.put(kept(1), PAGE).unwrap();
    drop(wallet);
    let create = || Wallet::create(&place.folder(), &place.key).map(drop);
    assert!(matches!(create(), Err(WalletError::Exists)));
    // Certificates without a head are no new wallet either.
    fs::remove_file(place.folder().join(HEAD)).unwrap();
    assert!(matches!(create(), Err(WalletError::Exists)));
    assert!(matches!(lock(&place.folder()), Err(WalletError::Damaged)));
    discard(&place.folder()).unwrap();
    assert_eq!(place.names(), BTreeSet::new());
    create().unwrap();
}

#[test]
fn nothing_of_a_certificate_is_readable_on_disk_and_sizes_tell_nothing() {
    let place = Place::new();
    let mut wallet = place.create();
    let mut domestic = kept(1);
    domestic.seal = None;
    let small = wallet.put(domestic, b"%PDF").unwrap();
    let large = wallet
        .put(kept(2), &[PAGE, &[b'x'; 150_000]].concat())
        .unwrap();
    drop(wallet);
    let canaries = |folder: &Path| -> (usize, usize) {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let contents: Vec<_> = files
            .map(|file| {
                let name = file.file_name().into_encoded_bytes();
                [name, fs::read(file.path()).unwrap()].concat()
            })
            .collect();
        let searched = [
            "CANARY",
            "架空",
            "Comirnaty",
            "eyJhbGciOiJFUzI1NiJ9",
            "%PDF",
            "covid-19",
            "132217",
            "domestic",
        ];
        let found = |needle: &&str| {
            let found = |content: &Vec<u8>| {
                content
                    .windows(needle.len())
                    .any(|window| window == needle.as_bytes())
            };
            contents.iter().any(found)
        };
        let all = searched.len();
        (searched.iter().filter(|needle| found(needle)).count(), all)
    };
    assert_eq!(canaries(&place.folder()).0, 0);
    let size = |id| fs::metadata(place.file(id)).unwrap().len();
    assert_eq!(size(small), size(large));
    // The search finds what is there.
    let plain = TempDir::new().unwrap();
    let description = serde_json::to_vec(&kept(1)).unwrap();
    fs::write(plain.path().join("plain"), [&description, PAGE].concat()).unwrap();
    let (found, all) = canaries(plain.path());
    assert_eq!(found, all);
}

#[test]
fn a_full_wallet_says_so_and_a_full_disk_leaves_nothing() {
    let place = Place::new();
    let mut wallet = place.create();
    let id = wallet.put(kept(1), PAGE).unwrap();
    for _ in wallet.list.len()..MOST {
        wallet.list.set(Id::random().unwrap(), State::Kept);
    }
    assert!(matches!(wallet.put(kept(2), PAGE), Err(WalletError::Full)));
    assert!(matches!(wallet.ready(), Err(WalletError::Full)));
    drop(wallet);
    // What stands in the way of writing, as a full disk does.
    let (mut wallet, _) = place.open();
    fs::create_dir(place.folder().join("new")).unwrap();
    assert!(matches!(
        wallet.put(kept(2), PAGE),
        Err(WalletError::Disk(_))
    ));
    assert!(matches!(wallet.delete(id), Err(WalletError::Disk(_))));
    assert!(wallet.certificate(id).is_some());
    fs::remove_dir(place.folder().join("new")).unwrap();
    drop(wallet);
    let (wallet, damages) = place.open();
    assert_eq!((ids(&wallet), damages), (vec![id], vec![]));
    wallet.ready().unwrap();
    assert_eq!(place.names().len(), 2, "asking leaves nothing");
}

#[test]
fn an_id_is_32_digits_and_nothing_else() {
    let id = Id::random().unwrap();
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in [
        "",
        "new",
        "head",
        &"A".repeat(32),
        &"+1".repeat(16),
        &"0".repeat(31),
        "../head",
    ] {
        assert_eq!(text.parse::<Id>(), Err(NoId), "{text}");
    }
}
