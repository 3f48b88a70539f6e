use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use attestation::{AttestedKey, KeyDescription, Policy, Roots, StatusList};
use hw_sim::keystore::Keystore;
use hw_sim::keystore::authority::Authority;
use hw_sim::keystore::device::Device;

use crate::seeds;

const CHALLENGE: [u8; 32] = [7; 32];
/// In the lifetime of the emulator's certificates.
const NOW: i64 = 1_795_478_100;

/// A genuine device's chain, and who believes it.
struct Ground {
    chain: Vec<Vec<u8>>,
    description: Vec<u8>,
    policy: Policy,
    status: StatusList,
    attested: AttestedKey,
}

static GROUND: LazyLock<Ground> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hw-sim/devices/genuine.toml");
    let device = Device::load(&file).expect("a shipped device");
    let authority = Authority::generate().expect("randomness");
    let described = device.describe(&CHALLENGE);
    let application = described.software.application.as_ref();
    let signers = application.map(|it| it.signers.clone());
    let signers = signers.into_iter().flatten();
    let policy = Policy {
        roots: Roots::from_pem(authority.roots().expect("a root").as_bytes()).expect("its PEM"),
        package: device.app.package.clone(),
        signers: signers
            .filter_map(|it| it.try_into().ok())
            .collect::<BTreeSet<_>>(),
    };
    let status = authority.status().expect("a list");
    let status = StatusList::parse(status.as_bytes()).expect("its JSON");
    let mut keystore = Keystore::new(device, authority);
    let chain = keystore.generate(&CHALLENGE).expect("a key").chain;
    let attested = policy.verify(&chain, &status, &CHALLENGE, NOW);
    Ground {
        chain,
        description: described.to_der(),
        attested: attested.expect("the genuine device"),
        policy,
        status,
    }
});

/// A chain of certificates, or a description by itself: whatever is believed is the genuine device's key.
pub(super) fn body(input: &[u8]) {
    let ground = &*GROUND;
    let (head, parts) = seeds::parts(input);
    if head % 2 == 0 {
        let judged = ground
            .policy
            .verify(&parts, &ground.status, &CHALLENGE, NOW);
        if let Ok(attested) = judged {
            assert_eq!(attested, ground.attested);
        }
        let _ = ground
            .policy
            .verify(&parts, &ground.status, &[8; 32], NOW)
            .expect_err("another challenge");
        return;
    }
    for part in &parts {
        let _ = KeyDescription::parse(part);
        let _ = StatusList::parse(part);
        let _ = Roots::from_pem(part);
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let ground = &*GROUND;
    vec![
        seeds::with_head(0, &ground.chain),
        seeds::with_head(0, &ground.chain[..3]),
        seeds::with_head(1, std::slice::from_ref(&ground.description)),
    ]
}

/// As long as a body may be: a genuine chain with objects of three bytes each before it, and those alone.
pub(super) fn long() -> Vec<Vec<u8>> {
    let numbers = [0x02, 0x01, 0x00].repeat(19_000);
    let length = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
    let object = [&[0x30, 0x82][..], &length.to_be_bytes(), &numbers].concat();
    let mut chain = GROUND.chain.clone();
    chain.insert(0, object.clone());
    vec![seeds::with_head(0, &chain), seeds::with_head(1, &[object])]
}
