//! Those who have no certificate yet, and apps, whose certificates come from an issuer of their own.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dev_pki::Leaf;
use issuance_api::{Array, Problem};
use issuance_channel::{
    client::{Anonymous, CallError, Client, ServerConfig},
    server::{
        self, AnonymousConfig, AnonymousService, Answer, Body, Event, Limits, Method, Running,
    },
    tls::{PublicFiles, TrustFiles},
};
use rustls::{
    AlertDescription,
    crypto::aws_lc_rs::sign::any_ecdsa_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use tokio::io::AsyncReadExt;

use crate::stage::{Note, Raw, Seen, Stage, answered, note, send};

/// What is counted of it.
#[derive(Default)]
struct Desk {
    connections: AtomicUsize,
    handled: AtomicUsize,
    events: Mutex<Vec<Event>>,
}

/// Answers `POST /v1/nonce` with the exporter and how often it was asked, and `POST /v1/echo` with what it was told.
struct SharedDesk(Arc<Desk>);

impl AnonymousService for SharedDesk {
    type Endpoint = &'static str;
    type State = (Array<32>, usize);

    fn connected(&self, exporter: &Array<32>) -> Self::State {
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        (exporter.clone(), 0)
    }

    fn endpoint(&self, method: &Method, path: &str) -> Option<(&'static str, bool)> {
        match (method.as_str(), path) {
            ("POST", "/v1/nonce") => Some(("nonce", false)),
            ("POST", "/v1/echo") => Some(("echo", true)),
            _ => None,
        }
    }

    async fn handle(
        &self,
        (exporter, asked): &mut Self::State,
        endpoint: &'static str,
        body: Body,
    ) -> Result<Answer, Problem> {
        self.0.handled.fetch_add(1, Ordering::SeqCst);
        *asked += 1;
        match endpoint {
            "nonce" => Answer::json(&(&*exporter, *asked)),
            _ => Answer::json(&body.parse::<Note>()?),
        }
    }

    fn event(&self, event: Event) {
        self.0.events.lock().unwrap().push(event);
    }
}

async fn serve(stage: &Stage, per_minute: u32) -> (Running, Arc<Desk>) {
    let config = AnonymousConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: PublicFiles {
            certificate: stage.path("services/center.pem"),
            key: stage.path("services/center.key"),
        },
        per_minute,
        limits: Limits::public(),
    };
    let desk = Arc::new(Desk::default());
    let bound = server::anonymous(&config, SharedDesk(Arc::clone(&desk)));
    (bound.await.unwrap().serve(), desk)
}

fn whom(stage: &Stage, address: SocketAddr) -> ServerConfig {
    ServerConfig {
        address: address.to_string(),
        way: Default::default(),
        server_name: "localhost".to_owned(),
        expect: "urn:shomei:center:center-1".parse().unwrap(),
        trust: TrustFiles {
            roots: stage.path("services/ca.pem"),
            revocations: stage.path("services/revocations.pem"),
        },
        connections: 1,
        body_bytes: 1 << 16,
        deadlines: Default::default(),
    }
}

#[tokio::test]
async fn both_sides_have_the_same_exporter_and_a_body_is_the_last() {
    let stage = Stage::new();
    let (server, desk) = serve(&stage, 60).await;
    let mut client = Anonymous::connect(whom(&stage, server.address()))
        .await
        .unwrap();
    for expected in 1..=2 {
        let (exporter, asked): (Array<32>, usize) = client.post("/v1/nonce").await.unwrap();
        assert_eq!((&exporter, asked), (client.exporter(), expected));
    }
    let said: Note = client.post_json("/v1/echo", &note("once")).await.unwrap();
    assert_eq!(said, note("once"));
    let again = client
        .post_json::<_, Note>("/v1/echo", &note("twice"))
        .await;
    assert_eq!(again, Err(CallError::Unreachable));
    assert_eq!(desk.connections.load(Ordering::SeqCst), 1);
    assert_eq!(desk.handled.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_client_does_not_talk_to_another_server_than_the_one_expected() {
    let stage = Stage::new();
    let (server, _) = serve(&stage, 60).await;
    let mut config = whom(&stage, server.address());
    config.expect = "urn:shomei:center:center-2".parse().unwrap();
    assert!(Anonymous::connect(config).await.is_err());
    let mut config = whom(&stage, server.address());
    config.trust.roots = stage.path("foreign/ca.pem");
    config.trust.revocations = stage.path("foreign/revocations.pem");
    assert!(Anonymous::connect(config).await.is_err());
}

async fn status(raw: &mut Raw, request: &str) -> u16 {
    send(raw, request).await;
    answered(raw).await.0
}

#[tokio::test]
async fn it_answers_its_two_paths_and_nothing_else() {
    let stage = Stage::new();
    let (server, desk) = serve(&stage, 60).await;
    let json = "host: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n";
    for (request, expected) in [
        (format!("POST /v1/echo HTTP/1.1\r\n{json}content-length: 12\r\n\r\n{{\"text\":\"x\"}}"), 200),
        (format!("POST /v1/echo HTTP/1.1\r\n{json}content-length: 1\r\n\r\n{{"), 400),
        (format!("POST /v1/echo?x HTTP/1.1\r\n{json}content-length: 12\r\n\r\n{{\"text\":\"x\"}}"), 400),
        ("POST /v1/echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 12\r\n\r\n{\"text\":\"x\"}".to_owned(), 400),
        (format!("POST /v1/nonce HTTP/1.1\r\n{json}content-length: 2\r\n\r\n{{}}"), 400),
        (format!("GET /v1/nonce HTTP/1.1\r\n{json}\r\n"), 404),
        (format!("GET /v1/menu HTTP/1.1\r\n{json}\r\n"), 404),
        (format!("POST /v1/echo HTTP/1.1\r\n{json}content-length: 99999\r\n\r\n"), 413),
    ] {
        let mut raw = stage.anonymous(server.address()).await.unwrap();
        assert_eq!(status(&mut raw, &request).await, expected, "{request}");
    }
    // The malformed one reached the service, which reads bodies.
    assert_eq!(desk.handled.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_comes_too_often_is_closed_before_the_handshake() {
    let stage = Stage::new();
    let (server, desk) = serve(&stage, 3).await;
    for _ in 0..3 {
        assert!(
            Anonymous::connect(whom(&stage, server.address()))
                .await
                .is_ok()
        );
    }
    assert!(
        Anonymous::connect(whom(&stage, server.address()))
            .await
            .is_err()
    );
    assert_eq!(*desk.events.lock().unwrap(), [Event::TooOften]);
}

/// A certificate of `apps/`, whose key stays where it is: here in this process, behind rustls's trait.
fn held(stage: &Stage, name: &str, urn: &str, lasts: time::Duration) -> Arc<CertifiedKey> {
    stage
        .pki
        .apps
        .issue(name, &Leaf::terminal(urn, lasts))
        .unwrap();
    let path = |kind: &str| stage.path(&format!("apps/{name}.{kind}"));
    let certificate = CertificateDer::from_pem_file(path("pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(path("key")).unwrap();
    Arc::new(CertifiedKey::new(
        vec![certificate],
        any_ecdsa_type(&key).unwrap(),
    ))
}

async fn seen(
    stage: &Stage,
    address: SocketAddr,
    key: Arc<CertifiedKey>,
) -> Result<Seen, CallError> {
    let client = Client::with_key(whom(stage, address), key).unwrap();
    client.get("/v1/peer").await
}

#[tokio::test]
async fn the_issuer_of_apps_is_believed_of_apps_alone() {
    let stage = Stage::new();
    let hour = time::Duration::hours(1);
    let app = held(&stage, "app", "urn:shomei:terminal:app:public:1", hour);
    let kiosk = held(&stage, "kiosk", "urn:shomei:terminal:kiosk:dev:0001", hour);
    let center = held(&stage, "center", "urn:shomei:center:center-1", hour);
    let expired = held(
        &stage,
        "old",
        "urn:shomei:terminal:app:public:2",
        -time::Duration::seconds(30),
    );

    let (without, echo) = stage.serve(Limits::default()).await;
    assert!(
        seen(&stage, without.address(), Arc::clone(&app))
            .await
            .is_err()
    );
    assert_eq!(echo.count(Event::HandshakeFailed), 1);

    let mut config = stage.config(Limits::default());
    config.apps = Some(stage.path("apps/ca.pem"));
    let (server, echo) = stage.serve_at(&config).await;
    let at = server.address();
    let peer = seen(&stage, at, Arc::clone(&app)).await.unwrap().peer;
    assert_eq!(peer.to_string(), "urn:shomei:terminal:app:public:1");
    for (name, key) in [("kiosk", kiosk), ("center", center), ("expired", expired)] {
        assert!(seen(&stage, at, key).await.is_err(), "{name}");
    }
    assert_eq!(echo.count(Event::PeerRefused), 2);
    assert_eq!(echo.count(Event::HandshakeFailed), 1);
    assert_eq!(echo.handled.load(Ordering::SeqCst), 1);
    // Those of the terminals' root come as before, lists and all.
    assert!(
        stage
            .client("terminals/kiosk-0001", at)
            .get::<Seen>("/v1/peer")
            .await
            .is_ok()
    );
    let revoked = stage.client("terminals/kiosk-revoked", at);
    assert!(revoked.get::<Seen>("/v1/peer").await.is_err());
}

/// The alert that ends a connection whose handshake was done on this side.
async fn alert(stage: &Stage, own: &str, address: SocketAddr) -> AlertDescription {
    let mut raw = stage.raw(own, address).await;
    let error = raw.read_u8().await.unwrap_err();
    match error.into_inner().unwrap().downcast_ref() {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_app_is_believed_under_the_root_of_apps_alone() {
    let stage = Stage::new();
    let hour = time::Duration::hours(1);
    let leaf = |urn: &str, lasts| Leaf::terminal(&format!("urn:shomei:terminal:{urn}"), lasts);
    let terminals = &stage.pki.terminals;
    terminals
        .issue("app-0001", &leaf("app:dev:0001", hour))
        .unwrap();
    terminals
        .issue("app-old", &leaf("app:dev:0002", -hour))
        .unwrap();
    let strange = &stage.pki.foreign;
    strange
        .issue("app-0001", &leaf("app:dev:0001", hour))
        .unwrap();
    let apps = &stage.pki.apps;
    apps.issue("kiosk-0001", &leaf("kiosk:dev:0001", hour))
        .unwrap();
    for roots in [None, Some(stage.path("apps/ca.pem"))] {
        let mut config = stage.config(Limits::default());
        config.apps.clone_from(&roots);
        let (server, echo) = stage.serve_at(&config).await;
        let at = server.address();
        // Good in itself, by the same name, and of nobody whom attestation was asked about.
        let wrong = alert(&stage, "terminals/app-0001", at).await;
        assert_eq!(wrong, AlertDescription::AccessDenied);
        echo.saw(Event::PeerRefused).await;
        // What a root that nobody knows gets, and what has expired, is told apart from it.
        let unknown = alert(&stage, "foreign/app-0001", at).await;
        assert_eq!(unknown, AlertDescription::UnknownCA);
        let old = alert(&stage, "terminals/app-old", at).await;
        assert_ne!(old, AlertDescription::AccessDenied);
        assert_eq!(echo.count(Event::PeerRefused), 1);
        assert_eq!(echo.count(Event::HandshakeFailed), 2);
        let of_kiosk = alert(&stage, "apps/kiosk-0001", at).await;
        match &roots {
            None => {
                assert_eq!(of_kiosk, AlertDescription::UnknownCA);
                let nobody = alert(&stage, "apps/app-0001", at).await;
                assert_eq!(nobody, AlertDescription::UnknownCA);
            }
            Some(_) => {
                assert_eq!(of_kiosk, AlertDescription::AccessDenied);
                let app = stage.client("apps/app-0001", at);
                assert!(app.get::<Seen>("/v1/peer").await.is_ok());
            }
        }
        let kiosk = stage.client("terminals/kiosk-0001", at);
        assert!(kiosk.get::<Seen>("/v1/peer").await.is_ok());
    }
}

#[tokio::test]
async fn an_apps_connection_ends_with_its_certificate_or_with_the_issuers_place() {
    let stage = Stage::new();
    let mut config = stage.config(Limits::default());
    config.apps = Some(stage.path("apps/ca.pem"));
    let (server, echo) = stage.serve_at(&config).await;
    let short = held(
        &stage,
        "short",
        "urn:shomei:terminal:app:public:1",
        time::Duration::seconds(4),
    );
    let client = Client::with_key(whom(&stage, server.address()), short).unwrap();
    let _pinned = client.pinned().await.unwrap();
    let ended = async {
        while echo.count(Event::CertificateEnded) == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .unwrap();

    let hour = time::Duration::hours(1);
    let app = held(&stage, "app", "urn:shomei:terminal:app:public:2", hour);
    let client = Client::with_key(whom(&stage, server.address()), app).unwrap();
    let _pinned = client.pinned().await.unwrap();
    server.reload().unwrap();
    assert_eq!(echo.count(Event::Revoked), 0);
    std::fs::copy(stage.path("foreign/ca.pem"), stage.path("apps/ca.pem")).unwrap();
    server.reload().unwrap();
    echo.saw(Event::Revoked).await;
}
