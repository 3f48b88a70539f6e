//! The service by itself, against chains of `hw-sim`'s keystore; the clock stands still until moved.

use std::{fs, path::Path, sync::LazyLock};

use dev_pki::Pki;
use hw_sim::keystore::{Keystore, authority::Authority, device::Device};
use issuance_channel::Identity;
use tempfile::TempDir;
use time::OffsetDateTime;

use super::*;
use crate::{
    config::Config,
    event::Listener,
    testing::{HandClock, Notes},
};

mod issuer;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::generate().unwrap());

fn device(name: &str) -> Device {
    let devices = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hw-sim/devices");
    Device::load(&devices.join(name).with_extension("toml")).unwrap()
}

fn keystore(name: &str) -> Keystore {
    Keystore::new(device(name), AUTHORITY.clone())
}

/// A folder with everything that the example configuration names for enrolment, and that configuration.
struct Ground {
    folder: TempDir,
    pki: Pki,
    config: Config,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let pki = dev_pki::create(&path("pki"), dev_pki::Options::default()).unwrap();
        AUTHORITY.save(&path("attestation")).unwrap();
        let text = include_str!("../../center.example.toml")
            .replace("tls/apps-ca", "pki/apps/ca")
            .replace("signing/apps-ca", "pki/apps/ca")
            .replace("tls/terminals-root", "pki/terminals/ca");
        let config = Config::parse(&text, folder.path()).unwrap();
        Self {
            folder,
            pki,
            config,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn ca(&self) -> Result<AppsCa, CaError> {
        AppsCa::load(
            self.config.enrolment.as_ref().unwrap(),
            self.config.terminals.apps.as_deref(),
            &self.config.terminals.tls.roots,
            OffsetDateTime::now_utc(),
        )
    }

    fn desk(&self) -> Desk {
        let clock = Arc::new(HandClock::at(OffsetDateTime::now_utc()));
        let (metrics, notes) = (Arc::new(Metrics::default()), Arc::new(Notes::default()));
        let (policy, status) = load(self.config.enrolment.as_ref().unwrap()).unwrap();
        let parts = Parts {
            center: self.config.id.clone(),
            policy,
            status,
            ca: self.ca().unwrap(),
            clock: Arc::clone(&clock) as _,
            metrics: Arc::clone(&metrics),
            events: Arc::clone(&notes) as _,
        };
        let reports = Reports::new(
            Listener::Enrolment,
            metrics,
            Arc::clone(&notes) as _,
            Arc::clone(&clock) as _,
        );
        Desk {
            service: Enrolment::new(parts, reports),
            clock,
            notes,
        }
    }
}

struct Desk {
    service: Enrolment,
    clock: Arc<HandClock>,
    notes: Arc<Notes>,
}

const EXPORTER: [u8; 32] = [7; 32];

impl Desk {
    fn connection(&self) -> Connection {
        self.service.connected(&Array::new(EXPORTER))
    }

    fn nonce(&self, connection: &mut Connection) -> Nonce {
        let answer = self.service.nonce(connection).unwrap();
        serde_json::from_slice(answer.expose()).unwrap()
    }

    async fn send(
        &self,
        connection: &mut Connection,
        request: &Request,
    ) -> Result<enrolment::Answer, ProblemCode> {
        let body = Body::of(serde_json::to_vec(request).unwrap());
        let answer = self.service.handle(connection, Endpoint::Enrol, body).await;
        let answer = answer.map_err(|problem| problem.code)?;
        Ok(serde_json::from_slice(answer.expose()).unwrap())
    }
}

impl Desk {
    /// A connection of its own, from nonce to answer.
    async fn enrol(
        &self,
        keystore: &mut Keystore,
        sends: impl FnOnce(&mut Keystore, &Nonce) -> Request,
    ) -> Result<(), ProblemCode> {
        let mut connection = self.connection();
        let nonce = self.nonce(&mut connection);
        let sent = sends(keystore, &nonce);
        self.send(&mut connection, &sent).await.map(drop)
    }
}

/// What an app sends: with a challenge and a message over these nonces and exporters.
fn request(
    keystore: &mut Keystore,
    nonce: &Nonce,
    exporter: [u8; 32],
    signed: [u8; 32],
) -> Request {
    let challenge = enrolment::challenge(&nonce.center, &nonce.nonce, &exporter.into());
    let generated = keystore.generate(&challenge).unwrap();
    let spki =
        issuance_channel::identity::public_key(&generated.chain[0].as_slice().into()).unwrap();
    let message = enrolment::message(&nonce.center, &nonce.nonce, &signed.into(), &spki);
    let signature = keystore.sign(generated.key, &message).unwrap();
    Request {
        chain: generated.chain.into_iter().map(Blob::new).collect(),
        signature: Blob::new(signature),
    }
}

fn good(keystore: &mut Keystore, nonce: &Nonce) -> Request {
    request(keystore, nonce, EXPORTER, EXPORTER)
}

#[tokio::test]
async fn a_genuine_device_gets_a_certificate_for_its_key_and_the_others_their_codes() {
    let ground = Ground::new();
    let desk = ground.desk();
    let mut connection = desk.connection();
    let nonce = desk.nonce(&mut connection);
    assert_eq!(nonce.expires_in_seconds, 60);
    let sent = good(&mut keystore("genuine"), &nonce);
    let answer = desk.send(&mut connection, &sent).await.unwrap();
    assert_eq!(answer.expires_in_seconds, 4 * 3600);
    let certificate = answer.certificate.as_bytes().into();
    let Identity::Terminal(urn) = Identity::of(&certificate).unwrap() else {
        panic!("no terminal's");
    };
    assert_eq!(urn.role(), issuance_api::TerminalRole::App);
    let leaf = sent.chain[0].as_bytes().into();
    let key = |it| issuance_channel::identity::public_key(it).unwrap();
    assert_eq!(key(&certificate), key(&leaf));

    for (name, expected) in [
        ("rooted", ProblemCode::DeviceModified),
        ("repackaged", ProblemCode::AppNotGenuine),
        ("software", ProblemCode::KeystoreNotHardware),
        ("revoked", ProblemCode::AttestationRevoked),
    ] {
        let mut connection = desk.connection();
        let nonce = desk.nonce(&mut connection);
        let sent = good(&mut keystore(name), &nonce);
        assert_eq!(
            desk.send(&mut connection, &sent).await,
            Err(expected),
            "{name}"
        );
    }
    // Of each code one line, and no more within the minute.
    let mut connection = desk.connection();
    let nonce = desk.nonce(&mut connection);
    let again = good(&mut keystore("rooted"), &nonce);
    assert!(desk.send(&mut connection, &again).await.is_err());
    let codes = [
        "device-modified",
        "app-not-genuine",
        "keystore-not-hardware",
        "attestation-revoked",
    ];
    let lines = codes.map(|code| Event::EnrolmentRefused { code, left_out: 0 });
    assert_eq!(desk.notes.all(), lines);
}

#[tokio::test]
async fn names_are_random_and_openssl_verifies_what_is_issued() {
    let ground = Ground::new();
    let desk = ground.desk();
    let mut names = std::collections::BTreeSet::new();
    let mut keystore = keystore("genuine");
    for _ in 0..3 {
        let mut connection = desk.connection();
        let nonce = desk.nonce(&mut connection);
        let sent = good(&mut keystore, &nonce);
        let answer = desk.send(&mut connection, &sent).await.unwrap();
        let der = ground.path("app.der");
        fs::write(&der, answer.certificate.as_bytes()).unwrap();
        names.insert(
            Identity::of(&answer.certificate.as_bytes().into())
                .unwrap()
                .to_string(),
        );
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile"]);
        let output = openssl
            .arg(ground.pki.apps.certificate())
            .arg(&der)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(names.len(), 3);
}

#[tokio::test]
async fn a_nonce_is_good_once_for_a_minute_and_on_its_connection() {
    let ground = Ground::new();
    let desk = ground.desk();
    let mut keystore = keystore("genuine");
    let expired = Err(ProblemCode::EnrolmentExpired);

    let mut connection = desk.connection();
    let nonce = desk.nonce(&mut connection);
    let sent = good(&mut keystore, &nonce);
    let mut other = desk.connection();
    assert_eq!(
        desk.send(&mut other, &sent).await,
        expired,
        "none was asked for"
    );
    desk.nonce(&mut other);
    let code = ProblemCode::AttestationInvalid;
    assert_eq!(
        desk.send(&mut other, &sent).await,
        Err(code),
        "another's nonce"
    );
    assert!(desk.send(&mut connection, &sent).await.is_ok());
    assert_eq!(desk.send(&mut connection, &sent).await, expired, "used");

    let nonce = desk.nonce(&mut connection);
    let sent = good(&mut keystore, &nonce);
    desk.nonce(&mut connection);
    assert_eq!(
        desk.send(&mut connection, &sent).await,
        Err(code),
        "one before the last"
    );

    let nonce = desk.nonce(&mut connection);
    let sent = good(&mut keystore, &nonce);
    desk.clock.pass(NONCE_LIFETIME);
    assert!(
        desk.send(&mut connection, &sent).await.is_ok(),
        "in the last moment"
    );
    let nonce = desk.nonce(&mut connection);
    let sent = good(&mut keystore, &nonce);
    desk.clock.pass(NONCE_LIFETIME + Duration::from_millis(1));
    assert_eq!(desk.send(&mut connection, &sent).await, expired, "too late");
}

#[tokio::test]
async fn the_key_signs_for_this_connection_and_no_other_key_does() {
    let ground = Ground::new();
    let desk = ground.desk();
    let mut keystore = keystore("genuine");
    let proof = Err(ProblemCode::EnrolmentProofInvalid);
    let attestation = Err(ProblemCode::AttestationInvalid);
    let other = [8; 32];
    let done = desk
        .enrol(&mut keystore, |it, nonce| {
            request(it, nonce, EXPORTER, other)
        })
        .await;
    assert_eq!(done, proof, "signed for another connection");
    let done = desk
        .enrol(&mut keystore, |it, nonce| {
            request(it, nonce, other, EXPORTER)
        })
        .await;
    assert_eq!(done, attestation, "attested for another connection");
    let done = desk.enrol(&mut keystore, |it, nonce| {
        let other = good(it, nonce);
        Request {
            signature: other.signature.clone(),
            ..good(it, nonce)
        }
    });
    assert_eq!(done.await, proof, "signed by another key");
    let done = desk.enrol(&mut keystore, |it, nonce| Request {
        signature: Blob::new(vec![0x30]),
        ..good(it, nonce)
    });
    assert_eq!(done.await, proof, "no signature");
    let done = desk.enrol(&mut keystore, |it, nonce| Request {
        chain: Vec::new(),
        ..good(it, nonce)
    });
    assert_eq!(done.await, attestation, "no chain");
    let done = desk.enrol(&mut keystore, |it, nonce| {
        let mut sent = good(it, nonce);
        sent.chain[0] = Blob::new(vec![0x30, 0x80]);
        sent
    });
    assert_eq!(done.await, attestation, "malformed");
    let done = desk.enrol(&mut keystore, |it, nonce| {
        // The attested key certifies another, and says of it what is said of itself.
        let challenge = enrolment::challenge(&nonce.center, &nonce.nonce, &EXPORTER.into());
        let mine = it.generate(&challenge).unwrap();
        let mut sent = good(it, nonce);
        let spki =
            issuance_channel::identity::public_key(&sent.chain[0].as_bytes().into()).unwrap();
        let lie = device("genuine").describe(&challenge).to_der();
        let leaf = it.certify(mine.key, &spki, &lie).unwrap();
        sent.chain = [vec![leaf], mine.chain]
            .concat()
            .into_iter()
            .map(Blob::new)
            .collect();
        sent
    });
    assert_eq!(
        done.await,
        attestation,
        "another key, certified by an attested one"
    );
    assert!(desk.enrol(&mut keystore, good).await.is_ok());
}

#[tokio::test]
async fn without_a_fresh_status_list_nobody_enrols() {
    let ground = Ground::new();
    let desk = ground.desk();
    let mut keystore = keystore("genuine");
    let mut connection = desk.connection();
    desk.clock.pass(Duration::from_secs(25 * 3600));
    let nonce = desk.nonce(&mut connection);
    let sent = good(&mut keystore, &nonce);
    let refused = desk.send(&mut connection, &sent).await;
    assert_eq!(refused, Err(ProblemCode::AttestationUnavailable));

    let list = ground.path("attestation/status.json");
    let file = fs::File::options().append(true).open(&list).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(25 * 3600))
        .unwrap();
    let nonce = desk.nonce(&mut connection);
    let sent = good(&mut keystore, &nonce);
    assert!(desk.send(&mut connection, &sent).await.is_ok());
}
