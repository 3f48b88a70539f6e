use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::disk::{stop_after, stopped};
use super::*;
use crate::handover::testing::{preview, said};

mod damage;
mod killed;

const JWS: &str = "eyJhbGciOiJFUzI1NiJ9.CANARYOFAHEALTHCARD.c2lnbmF0dXJl";
const SEAL: &str = r#"{"data":{"msg":{"pid":{"n":"CANARY<<OF<A<SEAL"}}}}"#;
const PAGE: &[u8] = b"%PDF-1.7 CANARY OF A PAGE";

fn kept(issued: u64) -> Kept {
    Kept {
        jws: Personal::new(JWS.into()),
        seal: Some(Personal::new(SEAL.into())),
        issued,
        name: said("COVID-19"),
        says: Arc::new(preview()),
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

fn change(wallet: &mut Wallet, present: &Secret, next: &Secret) -> Result<(), WalletError> {
    let door = wallet.door().changed(present, next)?;
    wallet.hang(door)
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
fn what_the_center_was_not_told_of_lapses_whenever_it_is_looked_at() {
    let place = Place::new();
    let mut wallet = place.create();
    let [told, untold] = [1, 2].map(|number| wallet.put(kept(number), PAGE).unwrap());
    assert!(wallet.lapses(told) && wallet.lapses(untold));
    wallet.reported(told).unwrap();
    assert!(!wallet.lapses(told));
    drop(wallet);
    let (mut wallet, damages) = place.open();
    assert_eq!(damages, []);
    assert!(!wallet.lapses(told) && wallet.lapses(untold));
    wallet.delete(untold).unwrap();
    let unknown = wallet.reported(untold);
    assert!(matches!(unknown, Err(WalletError::Unknown)));
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
    let refused = change(&mut wallet, &after, &after);
    assert!(matches!(refused, Err(WalletError::Wrong)));
    change(&mut wallet, &before, &after).unwrap();
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
    change(&mut wallet, &after, &place.key).unwrap();
    drop(wallet);
    for secret in [&before, &after] {
        let opened = Wallet::open(&place.folder(), secret).map(drop);
        assert!(matches!(opened, Err(WalletError::OtherLock)));
    }
    assert_eq!(ids(&place.open().0).len(), 2);
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
