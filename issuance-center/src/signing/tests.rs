use std::{fs, os::unix::fs::PermissionsExt};

use card::trust::Environment;

use super::*;
use crate::testing::registered;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-24 10:00 UTC);

/// Signs right until told to err, as a machine with a fault does.
struct Faulty {
    key: KeyFile,
    errs: std::sync::Arc<AtomicBool>,
}

impl Signer for Faulty {
    fn public(&self) -> &PublicKey {
        self.key.public()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerFailed> {
        let mut signature = self.key.sign(message)?;
        if self.errs.load(Ordering::Relaxed) {
            signature[40] ^= 1;
        }
        Ok(signature)
    }
}

fn key() -> KeyFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    KeyFile::create(&path, Environment::Emulator).unwrap();
    KeyFile::load(&path).unwrap()
}

#[test]
fn a_signature_that_does_not_verify_never_leaves_and_ends_signing() {
    let errs = std::sync::Arc::new(AtomicBool::new(false));
    let signing = Signing::new(Faulty {
        key: key(),
        errs: std::sync::Arc::clone(&errs),
    });
    let kid = signing.kid(NOW).clone();
    let good = signing.sign(&registered(&kid), NOW).unwrap();
    assert_eq!(
        signing.sign(&registered(&kid), NOW).unwrap(),
        good,
        "RFC 6979"
    );

    errs.store(true, Ordering::Relaxed);
    assert_eq!(
        signing.sign(&registered(&kid), NOW),
        Err(SignError::Stopped)
    );
    errs.store(false, Ordering::Relaxed);
    assert_eq!(
        signing.sign(&registered(&kid), NOW),
        Err(SignError::Stopped),
        "for good"
    );
    assert!(signing.is_stopped());
}

#[test]
fn what_is_registered_for_another_key_is_not_signed() {
    let (signing, other) = (Signing::new(key()), Signing::new(key()));
    assert_eq!(
        signing.sign(&registered(other.kid(NOW)), NOW),
        Err(SignError::OtherKey)
    );
    assert!(!signing.is_stopped());
}

#[test]
fn the_next_key_takes_over_at_its_time_and_the_one_before_signs_what_it_began() {
    let (first, next) = (key(), key());
    let kids = [&first, &next].map(|key| key.public().kid().clone());
    let from = NOW + time::Duration::hours(1);
    let signing = Signing::new(first).with_next(from, next);
    let before = from - time::Duration::SECOND;
    assert_eq!(
        [signing.kid(before), signing.kid(from)],
        [&kids[0], &kids[1]]
    );
    let sign = |kid: &KeyId, now| signing.sign(&registered(kid), now).map(drop);
    assert_eq!(sign(&kids[0], before), Ok(()));
    assert_eq!(sign(&kids[1], before), Err(SignError::OtherKey), "not yet");
    assert_eq!(sign(&kids[0], from), Ok(()), "previewed before");
    assert_eq!(sign(&kids[1], from), Ok(()));
}

#[test]
fn a_key_file_is_its_owners_alone_states_its_environment_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    KeyFile::create(&path, Environment::TestCard).unwrap();
    let key = KeyFile::load(&path).unwrap();
    assert_eq!(key.environment(), Environment::TestCard);
    let public = PublicKey::load(&folder.path().join("key.pub.pem")).unwrap();
    assert_eq!(&public, key.public());
    assert_eq!(
        KeyFile::create(&path, Environment::TestCard),
        Err(KeyError::NotWritten(path.clone()))
    );

    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(
            KeyFile::load(&path).err(),
            Some(KeyError::Exposed(path.clone()))
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("environment: test-card\n", "")).unwrap();
    assert_eq!(
        KeyFile::load(&path).err(),
        Some(KeyError::Environment(path.clone()))
    );
    fs::write(&path, "environment: test-card\n").unwrap();
    assert_eq!(KeyFile::load(&path).err(), Some(KeyError::Form(path)));
}

#[test]
fn a_kid_is_the_thumbprint_of_the_published_key() {
    // The example key and its kid from the SMART Health Cards specification, section "Determining keys associated with an issuer".
    let (x, y) = (
        "11XvRWy1I2S0EyJlyf_bWfw_TQ5CJJNLw78bHXNxcgw",
        "eZXwxvO1hvCY0KucrPfKo7yAyMT6Ajc3N7OkAB6VYy8",
    );
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut point = vec![4];
    for coordinate in [x, y] {
        point.extend(URL_SAFE_NO_PAD.decode(coordinate).unwrap());
    }
    let key = PublicKey::new(VerifyingKey::from_sec1_bytes(&point).unwrap());
    assert_eq!(
        key.kid().as_str(),
        "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s"
    );
    assert_eq!(
        serde_json::to_string(&key.jwk(Some(3))).unwrap(),
        format!(
            r#"{{"kty":"EC","kid":"{}","use":"sig","alg":"ES256","crv":"P-256","x":"{x}","y":"{y}","crlVersion":3}}"#,
            key.kid()
        )
    );
}

#[test]
fn a_revocation_id_differs_by_key_by_certificate_and_by_secret() {
    let (one, other) = (
        RidSecret::from_bytes(&[1; 32]),
        RidSecret::from_bytes(&[2; 32]),
    );
    let id = |byte| issuance_api::CertificateId::from_mac(&[byte; 32]);
    let (kid, other_kid) = (key().public().kid().clone(), key().public().kid().clone());
    let rid = one.rid(&kid, &id(1));
    assert_eq!(one.rid(&kid, &id(1)), rid);
    for different in [
        one.rid(&kid, &id(2)),
        one.rid(&other_kid, &id(1)),
        other.rid(&kid, &id(1)),
    ] {
        assert_ne!(different, rid);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rid");
    RidSecret::create(&path).unwrap();
    assert!(RidSecret::load(&path).is_ok());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        RidSecret::load(&path).err(),
        Some(RidSecretError::Exposed(path))
    );
}
