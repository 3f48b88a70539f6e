//! A PKI in a folder of its own, a small service, and clients of it.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dev_pki::{Options, Pki};
use issuance_api::{Array, Problem, ProblemCode};
use issuance_channel::{
    Identity, Peer,
    client::{self, Client},
    server::{
        self, Answer, AppLimits, Body, Connection, Event, Form, Limits, Method, MutualConfig,
        OpenService, PublicConfig, Running, Service,
    },
    tls::{PublicFiles, TlsFiles},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub(crate) struct Stage {
    pub(crate) dir: TempDir,
    pub(crate) pki: Pki,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = dev_pki::create(dir.path(), Options::default()).unwrap();
        Self { dir, pki }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn files(&self, own: &str, peers: &str) -> TlsFiles {
        TlsFiles {
            certificate: self.path(&format!("{own}.pem")),
            key: self.path(&format!("{own}.key")),
            roots: self.path(&format!("{peers}/ca.pem")),
            revocations: self.path(&format!("{peers}/revocations.pem")),
        }
    }

    pub(crate) fn config(&self, limits: Limits) -> MutualConfig {
        MutualConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: self.files("services/center", "terminals"),
            apps: None,
            app_limits: AppLimits::default(),
            limits,
        }
    }

    pub(crate) async fn serve(&self, limits: Limits) -> (Running, Arc<Echo>) {
        self.serve_at(&self.config(limits)).await
    }

    pub(crate) async fn serve_at(&self, config: &MutualConfig) -> (Running, Arc<Echo>) {
        let echo = Arc::new(Echo::default());
        let bound = server::mutual(config, Shared(Arc::clone(&echo))).await;
        (bound.unwrap().serve(), echo)
    }

    pub(crate) fn public(&self) -> PublicConfig {
        PublicConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: PublicFiles {
                certificate: self.path("services/public.pem"),
                key: self.path("services/public.key"),
            },
            limits: Limits::public(),
        }
    }

    pub(crate) fn client_config(&self, own: &str, address: SocketAddr) -> client::Config {
        client::Config {
            address: address.to_string(),
            way: Default::default(),
            server_name: "localhost".to_owned(),
            expect: "urn:shomei:center:center-1".parse().unwrap(),
            tls: self.files(own, "services"),
            connections: 1,
            body_bytes: 1 << 20,
            deadlines: client::Deadlines::default(),
        }
    }

    pub(crate) fn client(&self, own: &str, address: SocketAddr) -> Client {
        Client::new(self.client_config(own, address)).unwrap()
    }
}

/// A connection without our client, for what our client never does.
pub(crate) type Raw = TlsStream<TcpStream>;

impl Stage {
    pub(crate) async fn raw(&self, own: &str, address: SocketAddr) -> Raw {
        let own_certificate = self.path(&format!("{own}.pem"));
        let chain = vec![CertificateDer::from_pem_file(own_certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{own}.key"))).unwrap();
        let config = ClientConfig::builder().with_root_certificates(self.services());
        let config = config.with_client_auth_cert(chain, key).unwrap();
        self.connect(config, address).await.unwrap()
    }

    /// As a browser comes: it believes in the services' root and has no certificate.
    pub(crate) async fn anonymous(&self, address: SocketAddr) -> std::io::Result<Raw> {
        let config = ClientConfig::builder().with_root_certificates(self.services());
        self.connect(config.with_no_client_auth(), address).await
    }

    fn services(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(self.path("services/ca.pem")).unwrap();
        roots.add(root).unwrap();
        roots
    }

    async fn connect(&self, config: ClientConfig, address: SocketAddr) -> std::io::Result<Raw> {
        let stream = TcpStream::connect(address).await?;
        let name = "localhost".try_into().unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    pub(crate) async fn raw_get(&self, own: &str, address: SocketAddr) -> u16 {
        let mut raw = self.raw(own, address).await;
        send(&mut raw, "GET /v1/peer HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        answered(&mut raw).await.0
    }
}

pub(crate) async fn send(raw: &mut (impl AsyncWrite + Unpin), text: &str) {
    raw.write_all(text.as_bytes()).await.unwrap();
    raw.flush().await.unwrap();
}

/// Status and whole text of an answer after which the connection ends, or status 0 where it just ends.
pub(crate) async fn answered(raw: &mut (impl AsyncRead + Unpin)) -> (u16, String) {
    let mut bytes = Vec::new();
    let reading = raw.read_to_end(&mut bytes);
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    // How it ended is not asked: an abrupt end is an end.
    let _ = read.expect("the connection stays open");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    (status, text)
}

/// Answers with what it was told, and counts.
#[derive(Default)]
pub(crate) struct Echo {
    events: Mutex<Vec<Event>>,
    pub(crate) connections: AtomicUsize,
    pub(crate) handled: AtomicUsize,
    pub(crate) release: Notify,
}

impl Echo {
    pub(crate) fn count(&self, event: Event) -> usize {
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter(|it| **it == event)
            .count()
    }

    pub(crate) async fn saw(&self, event: Event) {
        until(|| self.count(event) > 0).await;
    }
}

/// Polls, with a deadline.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    let polling = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), polling)
        .await
        .expect("it never happened");
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub(crate) struct Note {
    pub(crate) text: String,
}

pub(crate) fn note(text: &str) -> Note {
    Note {
        text: text.to_owned(),
    }
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) peer: Identity,
    pub(crate) exporter: Array<32>,
    pub(crate) earlier: usize,
}

pub(crate) enum Endpoint {
    Peer,
    Echo,
    Large,
    Refuse,
    Stall,
    Panic,
}

pub(crate) struct Shared(pub(crate) Arc<Echo>);

impl Service for Shared {
    type Endpoint = Endpoint;
    type State = usize;

    fn admits(&self, peer: &Identity) -> bool {
        matches!(peer, Identity::Terminal(_))
    }

    fn connected(&self, _: &Peer) -> usize {
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        0
    }

    fn endpoint(&self, method: &Method, path: &str) -> Option<(Endpoint, Form)> {
        Some(match (method.as_str(), path) {
            ("GET" | "POST", "/v1/peer") => (Endpoint::Peer, Form::Open),
            ("POST", "/v1/echo") => (Endpoint::Echo, Form::Sealed),
            ("POST", "/v1/other") => (Endpoint::Echo, Form::Sealed),
            ("GET", "/v1/large") => (Endpoint::Large, Form::Open),
            ("POST", "/v1/refuse") => (Endpoint::Refuse, Form::Sealed),
            ("POST", "/v1/stall") => (Endpoint::Stall, Form::Sealed),
            ("GET", "/v1/panic") => (Endpoint::Panic, Form::Open),
            _ => return None,
        })
    }

    async fn handle(
        &self,
        connection: &mut Connection<usize>,
        endpoint: Endpoint,
        body: Body,
    ) -> Result<Answer, Problem> {
        self.0.handled.fetch_add(1, Ordering::SeqCst);
        let earlier = connection.state;
        connection.state += 1;
        match endpoint {
            Endpoint::Peer => Answer::json(&Seen {
                peer: connection.peer.identity.clone(),
                exporter: connection.peer.exporter.clone(),
                earlier,
            }),
            Endpoint::Echo => Answer::json(&body.parse::<Note>()?),
            Endpoint::Large => Answer::json(&note(&"x".repeat(32 << 20))),
            Endpoint::Refuse => Err(ProblemCode::NoRecord.into()),
            Endpoint::Stall => {
                self.0.release.notified().await;
                Answer::json(&body.parse::<Note>()?)
            }
            Endpoint::Panic => panic!("asked to"),
        }
    }

    fn event(&self, event: Event) {
        self.0.events.lock().unwrap().push(event);
    }
}

/// Says the path, with a header of its own, and counts.
#[derive(Default)]
pub(crate) struct Plain(pub(crate) Arc<Echo>);

impl OpenService for Plain {
    async fn handle(&self, _: &Method, path: &str) -> http::Response<bytes::Bytes> {
        let body = bytes::Bytes::copy_from_slice(path.as_bytes());
        let answer = http::Response::builder().header("access-control-allow-origin", "*");
        answer.body(body).unwrap()
    }

    fn event(&self, event: Event) {
        self.0.events.lock().unwrap().push(event);
    }
}
