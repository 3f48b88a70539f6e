//! What is altered, cut, mixed or put back is told, and hides nothing else.

use super::*;

/// Whether the center knows of a certificate stands on the list alone.
#[test]
fn a_damaged_list_turns_nothing_that_lapsed_good() {
    let place = Place::new();
    let mut wallet = place.create();
    let (lapsed, good) = (
        wallet.put(kept(1), PAGE).unwrap(),
        wallet.put(kept(2), PAGE).unwrap(),
    );
    wallet.reported(good).unwrap();
    drop(wallet);
    let path = place.folder().join(HEAD);
    let last = fs::read(&path).unwrap().len() - 1;
    flip(&path, last);
    let (wallet, damages) = place.open();
    assert_eq!(damages, [Damage::List]);
    assert!(!damages.iter().any(|damage| damage.is_of_a_file()));
    assert!(wallet.lapses(lapsed) && wallet.lapses(good));
    drop(wallet);
    let (mut wallet, damages) = place.open();
    assert_eq!(damages, [], "it was made anew");
    assert!(wallet.lapses(lapsed) && wallet.lapses(good), "for good");
    wallet.reported(good).unwrap();
    assert!(wallet.lapses(lapsed) && !wallet.lapses(good));
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
fn what_happens_to_a_file_under_an_open_wallet_is_told_apart() {
    let place = Place::new();
    let mut wallet = place.create();
    let [gone, altered] = [1, 2].map(|number| wallet.put(kept(number), PAGE).unwrap());
    fs::remove_file(place.file(gone)).unwrap();
    flip(&place.file(altered), 100);
    assert!(matches!(wallet.page(gone), Err(WalletError::Unknown)));
    assert!(matches!(wallet.page(altered), Err(WalletError::Broken)));
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
