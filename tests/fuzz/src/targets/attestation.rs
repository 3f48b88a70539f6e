use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use attestation::{AttestedKey, KeyDescription, Policy, Roots, StatusList};
use hw_sim::keystore::Keystore;
use hw_sim::keystore::authority::Authority;
use hw_sim::keystore::device::Device;
use issuance_api::{Blob, enrolment::Request};

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

/// A chain of certificates, by itself or in the JSON that it comes in, or a description: whatever is believed is the genuine device's key.
pub(super) fn body(input: &[u8]) {
    let (head, parts) = seeds::parts(input);
    match head % 3 {
        0 => judge(&parts),
        1 => {
            for part in &parts {
                let _ = KeyDescription::parse(part);
                let _ = StatusList::parse(part);
                let _ = Roots::from_pem(part);
            }
        }
        _ => {
            for chain in parts.iter().filter_map(|part| brought(part)) {
                judge(&chain);
            }
        }
    }
}

/// The chain that an app asks with.
fn brought(json: &[u8]) -> Option<Vec<Vec<u8>>> {
    let request: Request = serde_json::from_slice(json).ok()?;
    let chain = request.chain.iter();
    Some(chain.map(|it| it.as_bytes().to_vec()).collect())
}

fn judge(chain: &[Vec<u8>]) {
    let ground = &*GROUND;
    let judged = ground.policy.verify(chain, &ground.status, &CHALLENGE, NOW);
    if let Ok(attested) = judged {
        assert_eq!(attested, ground.attested);
    }
    let _ = ground
        .policy
        .verify(chain, &ground.status, &[8; 32], NOW)
        .expect_err("another challenge");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let ground = &*GROUND;
    vec![
        seeds::with_head(0, &ground.chain),
        seeds::with_head(0, &ground.chain[..3]),
        seeds::with_head(1, std::slice::from_ref(&ground.description)),
        seeds::with_head(2, &[asking(&ground.chain)]),
    ]
}

/// As an app asks with this chain.
fn asking(chain: &[Vec<u8>]) -> Vec<u8> {
    let request = Request {
        chain: chain.iter().cloned().map(Blob::new).collect(),
        // Who asks has the key: that is looked at once the chain is believed.
        signature: Blob::new(vec![0x5A; 71]),
    };
    serde_json::to_vec(&request).expect("a body can be written")
}

/// As long as a body may be: a genuine chain with objects of three bytes each before it, and those alone; the same chain in JSON, and one of nothings.
pub(super) fn long() -> Vec<Vec<u8>> {
    let numbers = [0x02, 0x01, 0x00].repeat(19_000);
    let length = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
    let object = [&[0x30, 0x82][..], &length.to_be_bytes(), &numbers].concat();
    let mut chain = GROUND.chain.clone();
    chain.insert(0, object.clone());
    let mut in_json = GROUND.chain.clone();
    // In base64 a third more.
    in_json.insert(0, object[..42_000].to_vec());
    vec![
        seeds::with_head(0, &chain),
        seeds::with_head(1, &[object]),
        seeds::with_head(2, &[asking(&in_json)]),
        seeds::with_head(2, &[asking(&vec![Vec::new(); 20_000])]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a seed of JSON brings.
    fn chain(seed: &[u8]) -> Vec<Vec<u8>> {
        let (head, parts) = seeds::parts(seed);
        assert_eq!((head, parts.len()), (2, 1));
        brought(&parts[0]).expect("it is read")
    }

    #[test]
    fn the_genuine_chain_is_believed_as_an_app_brings_it() {
        let ground = &*GROUND;
        let chain = chain(&seeds()[3]);
        let judged = ground
            .policy
            .verify(&chain, &ground.status, &CHALLENGE, NOW);
        assert_eq!(judged.ok().as_ref(), Some(&ground.attested));
    }

    #[test]
    fn the_long_ones_are_read() {
        for (seed, certificates) in long()[2..].iter().zip([GROUND.chain.len() + 1, 20_000]) {
            assert!((48_000..=64 * 1024).contains(&seed.len()));
            assert_eq!(chain(seed).len(), certificates);
        }
    }
}
