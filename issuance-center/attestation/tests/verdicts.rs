//! Every demand, with a chain that fails it alone. Chains are those of `hw-sim`, which shares no code with the verifier.

#![allow(clippy::unwrap_used, reason = "a test's helpers may")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use attestation::{AttestedKey, KeyDescription, Policy, Refused, Roots, StatusList};
use hw_sim::keystore::Keystore;
use hw_sim::keystore::authority::{Attester, Authority};
use hw_sim::keystore::description::{BootState, Description, Level};
use hw_sim::keystore::device::Device;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::Generate;
use p256::pkcs8::EncodePublicKey;

const CHALLENGE: &[u8] = &[7; 32];
const PACKAGE: &str = "example.shomei.app";

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::generate().unwrap());

fn device(name: &str) -> Device {
    let devices = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hw-sim/devices");
    Device::load(&devices.join(name).with_extension("toml")).unwrap()
}

fn policy() -> Policy {
    let genuine = device("genuine").describe(CHALLENGE);
    let signer = genuine.software.application.unwrap().signers.remove(0);
    Policy {
        roots: Roots::from_pem(AUTHORITY.roots().unwrap().as_bytes()).unwrap(),
        package: PACKAGE.to_owned(),
        signers: BTreeSet::from([signer.try_into().unwrap()]),
    }
}

fn status() -> StatusList {
    StatusList::parse(AUTHORITY.status().unwrap().as_bytes()).unwrap()
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

fn judge(chain: &[Vec<u8>]) -> Result<AttestedKey, Refused> {
    policy().verify(chain, &status(), CHALLENGE, now())
}

fn spki() -> Vec<u8> {
    let key = SigningKey::generate();
    let spki = key.verifying_key().to_public_key_der().unwrap();
    spki.as_bytes().to_vec()
}

/// A chain whose description is the genuine device's but for one change.
fn with(change: impl FnOnce(&mut Description)) -> Vec<Vec<u8>> {
    let mut description = device("genuine").describe(CHALLENGE);
    change(&mut description);
    let described = description.to_der();
    AUTHORITY
        .attest(Attester::Current, &spki(), &described)
        .unwrap()
}

fn of_device(name: &str) -> Vec<Vec<u8>> {
    let mut keystore = Keystore::new(device(name), AUTHORITY.clone());
    keystore.generate(CHALLENGE).unwrap().chain
}

#[test]
fn of_the_devices_the_genuine_one_alone_is_believed() {
    assert!(judge(&of_device("genuine")).is_ok());
    for (name, expected) in [
        ("rooted", Refused::Boot),
        ("repackaged", Refused::Application),
        ("software", Refused::Software),
        ("revoked", Refused::Revoked),
    ] {
        assert_eq!(judge(&of_device(name)), Err(expected), "{name}");
    }
}

/// A chain need not bring its root, and one that it brings may have another number.
#[test]
fn the_configured_root_can_be_revoked_too() {
    let (_, pem) = x509_parser::pem::parse_x509_pem(AUTHORITY.roots().unwrap().as_bytes()).unwrap();
    let serial = pem
        .parse_x509()
        .unwrap()
        .tbs_certificate
        .serial
        .to_str_radix(16);
    let list = format!("{{\"entries\":{{\"{serial}\":{{\"status\":\"REVOKED\"}}}}}}");
    let revoked = StatusList::parse(list.as_bytes()).unwrap();
    let mut chain = of_device("genuine");
    for with_root in [true, false] {
        if !with_root {
            chain.pop();
        }
        assert!(judge(&chain).is_ok(), "{with_root}");
        let judged = policy().verify(&chain, &revoked, CHALLENGE, now());
        assert_eq!(judged, Err(Refused::Revoked), "{with_root}");
    }
}

/// One key's certificate issued anew stands beside the old one in what makers publish, in either order.
#[test]
fn of_a_roots_certificates_one_has_to_hold_and_none_may_be_revoked() {
    let (_, pem) = x509_parser::pem::parse_x509_pem(AUTHORITY.roots().unwrap().as_bytes()).unwrap();
    let current = pem.contents.clone();
    let mut expired = current.clone();
    let (not_after, serial) = {
        let root = pem.parse_x509().unwrap();
        let place = |part: &[u8]| part.as_ptr().addr() - pem.contents.as_ptr().addr();
        let subject = place(root.subject().as_raw());
        (subject, place(root.raw_serial()))
    };
    // The two dates stand before the subject: the last digits of the second one's year.
    let end = expired[..not_after]
        .iter()
        .rposition(|byte| *byte == b'Z')
        .unwrap();
    let year = end - 12..end - 10;
    expired[year].copy_from_slice(b"01");
    expired[serial] ^= 0x01;
    let expired_serial = {
        use x509_parser::prelude::FromDer;
        let (_, read) = x509_parser::prelude::X509Certificate::from_der(&expired).unwrap();
        assert!(!read.validity().is_valid());
        read.tbs_certificate.serial.to_str_radix(16)
    };
    let list = format!("{{\"entries\":{{\"{expired_serial}\":{{\"status\":\"REVOKED\"}}}}}}");
    let revoked = StatusList::parse(list.as_bytes()).unwrap();
    let pem_of = |der: &[u8]| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let text = STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    for order in [[&current, &expired], [&expired, &current]] {
        let roots = order.map(|der| pem_of(der)).concat();
        let policy = Policy {
            roots: Roots::from_pem(roots.as_bytes()).unwrap(),
            ..policy()
        };
        let mut chain = of_device("genuine");
        for with_root in [true, false] {
            if !with_root {
                chain.pop();
            }
            let judged = policy.verify(&chain, &status(), CHALLENGE, now());
            assert!(judged.is_ok(), "{judged:?}");
            let judged = policy.verify(&chain, &revoked, CHALLENGE, now());
            assert_eq!(judged, Err(Refused::Revoked));
        }
    }
    let policy = Policy {
        roots: Roots::from_pem(pem_of(&expired).as_bytes()).unwrap(),
        ..policy()
    };
    let judged = policy.verify(&of_device("genuine"), &status(), CHALLENGE, now());
    assert_eq!(judged, Err(Refused::Expired));
}

#[test]
fn the_key_is_the_leafs() {
    let own = spki();
    let description = device("genuine").describe(CHALLENGE).to_der();
    let chain = AUTHORITY
        .attest(Attester::Current, &own, &description)
        .unwrap();
    assert_eq!(judge(&chain).unwrap().spki, own);
}

/// A change of the description.
type Change = fn(&mut Description);

#[test]
fn each_demand_is_made_by_itself() {
    assert!(judge(&with(|_| ())).is_ok());
    let changes: &[(&str, Refused, Change)] = &[
        ("attested in software", Refused::Software, |it| {
            it.attestation_level = Level::Software
        }),
        ("kept in software", Refused::Software, |it| {
            it.keymint_level = Level::Software
        }),
        ("unlocked", Refused::Boot, |it| {
            it.hardware.root_of_trust.as_mut().unwrap().locked = false
        }),
        ("another owner's system", Refused::Boot, |it| {
            it.hardware.root_of_trust.as_mut().unwrap().state = BootState::SelfSigned;
        }),
        ("boot that failed", Refused::Boot, |it| {
            it.hardware.root_of_trust.as_mut().unwrap().state = BootState::Failed;
        }),
        ("root of trust of software", Refused::Boot, |it| {
            it.software.root_of_trust = it.hardware.root_of_trust.take();
        }),
        ("another package", Refused::Application, |it| {
            it.software.application.as_mut().unwrap().packages[0].0 =
                "example.shomei.apq".to_owned();
        }),
        ("another package beside", Refused::Application, |it| {
            let packages = &mut it.software.application.as_mut().unwrap().packages;
            packages.push(("example.other".to_owned(), 1));
        }),
        ("another signer beside", Refused::Application, |it| {
            it.software
                .application
                .as_mut()
                .unwrap()
                .signers
                .push(vec![1; 32]);
        }),
        ("no signer", Refused::Application, |it| {
            it.software.application.as_mut().unwrap().signers.clear();
        }),
        ("nobody's key", Refused::Application, |it| {
            it.software.application = None
        }),
        ("everybody's key", Refused::Application, |it| {
            it.software.all_applications = true
        }),
        ("everybody's key, by hardware", Refused::Application, |it| {
            it.hardware.all_applications = true
        }),
        ("another challenge", Refused::Challenge, |it| {
            it.challenge[0] ^= 1
        }),
        ("a longer challenge", Refused::Challenge, |it| {
            it.challenge.push(7)
        }),
        ("a key to decrypt, too", Refused::Key, |it| {
            it.hardware.purposes.push(1)
        }),
        ("a key to attest", Refused::Key, |it| {
            it.hardware.purposes = vec![7]
        }),
        ("a key to verify", Refused::Key, |it| {
            it.hardware.purposes = vec![3]
        }),
        ("purposes of software", Refused::Key, |it| {
            it.software.purposes = std::mem::take(&mut it.hardware.purposes);
        }),
        ("more purposes of software", Refused::Key, |it| {
            it.software.purposes = vec![1]
        }),
        ("imported", Refused::Key, |it| it.hardware.origin = Some(2)),
        ("securely imported", Refused::Key, |it| {
            it.hardware.origin = Some(4)
        }),
        ("made by software", Refused::Key, |it| {
            it.software.origin = it.hardware.origin.take()
        }),
        ("RSA", Refused::Key, |it| it.hardware.algorithm = Some(1)),
        ("another curve", Refused::Key, |it| {
            it.hardware.ec_curve = Some(2)
        }),
        ("another size", Refused::Key, |it| {
            it.hardware.key_size = Some(384)
        }),
        ("no digest", Refused::Key, |it| it.hardware.digests = vec![]),
        ("an unknown version", Refused::Malformed, |it| {
            it.version = 2
        }),
    ];
    for (name, expected, change) in changes {
        assert_eq!(judge(&with(change)), Err(*expected), "{name}");
    }
    let both = with(|it| it.hardware.purposes = vec![2, 3]);
    assert!(
        judge(&both).is_ok(),
        "to sign, and to verify as anybody can"
    );
}

#[test]
fn what_an_attested_key_certifies_is_not_believed() {
    let certified = |device_of_signer: &str| {
        let mut keystore = Keystore::new(device(device_of_signer), AUTHORITY.clone());
        let generated = keystore.generate(CHALLENGE).unwrap();
        let lie = device("genuine").describe(CHALLENGE).to_der();
        let mut chain = generated.chain;
        let leaf = keystore.certify(generated.key, &spki(), &lie).unwrap();
        chain.insert(0, leaf);
        chain
    };
    // Another app's attested key says of a key in a file that it is the genuine app's: what hardware says of the signer counts.
    // (And it is no CA.)
    for name in ["repackaged", "rooted", "genuine"] {
        assert_eq!(judge(&certified(name)), Err(Refused::Chain), "{name}");
    }
}

#[test]
fn chains_lead_to_a_configured_root_and_every_link_holds() {
    let good = of_device("genuine");
    let other = Authority::generate().unwrap();
    let description = device("genuine").describe(CHALLENGE).to_der();
    let foreign = other
        .attest(Attester::Current, &spki(), &description)
        .unwrap();
    // Under the same names, so that the keys alone tell them apart.
    assert_eq!(judge(&foreign), Err(Refused::Chain));
    let strange = other
        .attest(Attester::Software, &spki(), &description)
        .unwrap();
    assert_eq!(judge(&strange), Err(Refused::Root));

    let expired = AUTHORITY
        .attest(Attester::Expired, &spki(), &description)
        .unwrap();
    assert_eq!(judge(&expired), Err(Refused::Expired));
    let earlier = policy().verify(&good, &status(), CHALLENGE, 1_500_000_000);
    assert_eq!(earlier, Err(Refused::Expired));

    // The root may be left out: it is configured.
    assert!(judge(&good[..3]).is_ok());
    let mut order = good.clone();
    order.swap(1, 2);
    assert_eq!(judge(&order), Err(Refused::Chain));
    let gap = [good[0].clone(), good[2].clone(), good[3].clone()];
    assert_eq!(judge(&gap), Err(Refused::Chain));
    // Another's leaf under this device's chain.
    let mixed = [&foreign[..1], &good[1..]].concat();
    assert_eq!(judge(&mixed), Err(Refused::Chain));
    assert_eq!(
        judge(&good[3..]),
        Err(Refused::Malformed),
        "a root alone describes no key"
    );
    assert_eq!(judge(&[]), Err(Refused::Malformed));
    assert_eq!(judge(&vec![good[0].clone(); 9]), Err(Refused::Malformed));
}

#[test]
fn no_byte_of_the_signed_part_can_be_changed() {
    let good = of_device("genuine");
    for (index, certificate) in good[..3].iter().enumerate() {
        // SEQUENCE (two bytes of length) { tbsCertificate: SEQUENCE (two bytes of length) …
        let [0x30, 0x82, _, _, 0x30, 0x82, high, low] = certificate[..8] else {
            panic!("certificate {index} is short");
        };
        let end = 8 + usize::from(u16::from_be_bytes([high, low]));
        for place in 0..end {
            let mut chain = good.clone();
            chain[index][place] ^= 0x01;
            assert!(judge(&chain).is_err(), "certificate {index}, byte {place}");
        }
        let mut cut = good.clone();
        cut[index].pop();
        assert_eq!(judge(&cut), Err(Refused::Malformed));
        let mut longer = good.clone();
        longer[index].push(0);
        assert_eq!(judge(&longer), Err(Refused::Malformed));
    }
}

#[test]
fn descriptions_are_read_to_the_last_byte() {
    let der = device("genuine").describe(CHALLENGE).to_der();
    assert!(KeyDescription::parse(&der).is_ok());
    for length in 0..der.len() {
        assert!(KeyDescription::parse(&der[..length]).is_err());
    }
    assert!(KeyDescription::parse(&[&der[..], &[0]].concat()).is_err());
}

/// OpenSSL reads the chain and the structure of what this repository writes, and verifies the signatures.
#[test]
fn openssl_agrees_with_the_chains() {
    let folder = tempfile::tempdir().unwrap();
    let chain = of_device("genuine");
    let pem = |name: &str, der: &[u8]| {
        let (source, target) = (folder.path().join("der"), folder.path().join(name));
        std::fs::write(&source, der).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-inform", "der", "-in"]).arg(&source);
        assert!(openssl.arg("-out").arg(&target).status().unwrap().success());
        target
    };
    let [leaf, batch, intermediate, root] =
        ["leaf", "batch", "intermediate", "root"].map(|name| name.to_owned() + ".pem");
    let paths: Vec<_> = [leaf, batch, intermediate, root]
        .iter()
        .zip(&chain)
        .map(|(name, der)| pem(name, der))
        .collect();
    let mut openssl = Command::new("openssl");
    openssl.arg("verify").arg("-CAfile").arg(&paths[3]);
    openssl
        .arg("-untrusted")
        .arg(&paths[1])
        .arg("-untrusted")
        .arg(&paths[2]);
    let output = openssl.arg(&paths[0]).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let der = device("genuine").describe(CHALLENGE).to_der();
    let file = folder.path().join("description");
    std::fs::write(&file, der).unwrap();
    let mut openssl = Command::new("openssl");
    openssl
        .args(["asn1parse", "-inform", "der", "-in"])
        .arg(file);
    let output = openssl.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for tag in ["cont [ 709 ]", "cont [ 704 ]", "cont [ 702 ]", "cont [ 1 ]"] {
        assert!(text.contains(tag), "{tag}\n{text}");
    }
}
