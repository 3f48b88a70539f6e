//! Listeners: [`mutual`] with certificates on both sides and sealed bodies, [`public`] for what anybody may read,
//! [`loopback`] for health and metrics.
//!
//! Everything is bounded: connections, requests at work, headers, bodies; handshake, header, body, handler, answer and
//! idle time each have a deadline ([`Limits`]). Certificates, keys and revocation lists are read again every
//! [`Limits::reload`], and each time every open connection's peer is verified anew: a revoked one is out.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use issuance_api::Problem;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use zeroize::Zeroizing;

use crate::{
    Identity, Peer, json,
    tls::{self, LoadError, PublicFiles, TlsFiles},
};

mod listener;
mod mutual;
mod open;
mod pace;
mod places;
mod reply;

pub use http::Method;
use issuance_api::ProblemCode;
use listener::Front;

/// A listener with certificates on both sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutualConfig {
    /// Address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Own certificate and key; roots and revocation lists of those who may come.
    pub tls: TlsFiles,
    /// Limits and deadlines.
    #[serde(default)]
    pub limits: Limits,
}

/// A listener that anybody may talk to, over TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicConfig {
    /// Address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Own certificate and key.
    pub tls: PublicFiles,
    /// Limits and deadlines: what is not given is [`Limits::public`].
    #[serde(default = "Limits::public", deserialize_with = "public_limits")]
    pub limits: Limits,
}

/// A plain listener on this machine's loopback.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopbackConfig {
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Limits and deadlines: what is not given is [`Limits::loopback`].
    #[serde(default = "Limits::loopback", deserialize_with = "loopback_limits")]
    pub limits: Limits,
}

/// Limits and deadlines of a listener. In a file the times are whole milliseconds, `handshake_ms = 5000`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections; one more is closed at once.
    pub connections: usize,
    /// Of these, one identity's on a [`mutual`] listener, where one more is closed after its handshake; one address's on
    /// a [`public`] one (of IPv6 one network's of 64 bits), where one more is closed at once.
    pub connections_per_peer: usize,
    /// Requests at work, from the end of their bodies on; one more is answered `busy`.
    pub requests: usize,
    /// Bytes of a request's body, as sent.
    pub body_bytes: usize,
    /// Header fields of a request.
    pub headers: usize,
    /// Until TLS is up.
    #[serde(rename = "handshake_ms", deserialize_with = "tls::milliseconds")]
    pub handshake: Duration,
    /// From a request's first byte to the end of its header.
    #[serde(rename = "header_ms", deserialize_with = "tls::milliseconds")]
    pub header: Duration,
    /// From there to the end of its body.
    #[serde(rename = "body_ms", deserialize_with = "tls::milliseconds")]
    pub body: Duration,
    /// For the service to answer.
    #[serde(rename = "handler_ms", deserialize_with = "tls::milliseconds")]
    pub handler: Duration,
    /// For the peer to take the answer.
    #[serde(rename = "answer_ms", deserialize_with = "tls::milliseconds")]
    pub answer: Duration,
    /// Between requests.
    #[serde(rename = "idle_ms", deserialize_with = "tls::milliseconds")]
    pub idle: Duration,
    /// For open requests to end when the listener stops.
    #[serde(rename = "drain_ms", deserialize_with = "tls::milliseconds")]
    pub drain: Duration,
    /// Between two readings of certificates and revocation lists.
    #[serde(rename = "reload_ms", deserialize_with = "tls::milliseconds")]
    pub reload: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_peer: 64,
            requests: 256,
            body_bytes: 64 * 1024,
            headers: 32,
            handshake: Duration::from_secs(5),
            header: Duration::from_secs(5),
            body: Duration::from_secs(5),
            handler: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            drain: Duration::from_secs(10),
            reload: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// For whom nobody knows: few connections, few of one address, none kept long for nothing.
    #[must_use]
    pub fn public() -> Self {
        Self {
            connections: 512,
            connections_per_peer: 32,
            requests: 64,
            idle: Duration::from_secs(10),
            ..Self::default()
        }
    }

    /// For the operator's own programs.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            connections: 64,
            ..Self::default()
        }
    }
}

fn public_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    over(Limits::public(), deserializer)
}

fn loopback_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    over(Limits::loopback(), deserializer)
}

/// What a file says, and of the rest the first four of `base`: these are what kinds of listener differ in.
fn over<'de, D: Deserializer<'de>>(base: Limits, deserializer: D) -> Result<Limits, D::Error> {
    let mut said = serde_json::Map::deserialize(deserializer)?;
    let idle = u64::try_from(base.idle.as_millis()).map_err(D::Error::custom)?;
    for (name, value) in [
        ("connections", base.connections.into()),
        ("connections_per_peer", base.connections_per_peer.into()),
        ("requests", base.requests.into()),
        ("idle_ms", idle.into()),
    ] {
        said.entry(name).or_insert(value);
    }
    Limits::deserialize(serde_json::Value::Object(said)).map_err(D::Error::custom)
}

/// How an endpoint takes and gives its bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No body comes (one that is announced is refused unread), and the answer goes out as it is: nothing personal in
    /// it.
    Open,
    /// Sealed both ways.
    Sealed,
}

/// What answers on a [`mutual`] listener.
pub trait Service: Send + Sync + 'static {
    /// What a method and path mean here.
    type Endpoint: Send;
    /// What is remembered as long as a connection lives, and no longer.
    type State: Send + 'static;

    /// Whether this party may come here at all; if not, it hears `terminal-refused`.
    fn admits(&self, peer: &Identity) -> bool;

    /// A connection is up.
    fn connected(&self, peer: &Peer) -> Self::State;

    /// The endpoint of a method and path, and its form; nothing is answered `not-found`.
    fn endpoint(&self, method: &Method, path: &str) -> Option<(Self::Endpoint, Form)>;

    /// Answers one request. A connection's requests come one after the other.
    fn handle(
        &self,
        connection: &mut Connection<Self::State>,
        endpoint: Self::Endpoint,
        body: Body,
    ) -> impl Future<Output = Result<Answer, Problem>> + Send;

    /// Something worth counting happened.
    fn event(&self, _event: Event) {}
}

/// What answers on a [`public`] or [`loopback`] listener.
pub trait OpenService: Send + Sync + 'static {
    /// Answers one request, which has no body, or it was refused; status and headers are the service's.
    fn handle(
        &self,
        method: &Method,
        path: &str,
    ) -> impl Future<Output = http::Response<bytes::Bytes>> + Send;

    /// Something worth counting happened.
    fn event(&self, _event: Event) {}
}

/// One connection, as its service sees it.
#[derive(Debug)]
pub struct Connection<S> {
    /// Who is at the other end.
    pub peer: Peer,
    /// The service's own.
    pub state: S,
}

/// A request's body, opened. Wiped when dropped.
pub struct Body(Zeroizing<Vec<u8>>);

impl Body {
    /// Reads the JSON.
    ///
    /// # Errors
    /// `request-malformed`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|_| ProblemCode::RequestMalformed.into())
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// A good answer: JSON, wiped when dropped.
pub struct Answer(Zeroizing<Vec<u8>>);

impl Answer {
    /// Serialises the value.
    ///
    /// # Errors
    /// `internal-error` for a value that has no JSON form.
    pub fn json<T: Serialize>(value: &T) -> Result<Self, Problem> {
        json::write(value)
            .map(Self)
            .map_err(|_| ProblemCode::InternalError.into())
    }
}

/// What a listener reports, to be counted. The list is closed; nothing in it tells who or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// One connection too many, of all, of one identity or of one address: closed.
    OverLimit,
    /// One request too many: answered `busy`.
    Busy,
    /// No TLS: no certificate, a foreign or revoked one, an expired list, or not TLS 1.3 at all.
    HandshakeFailed,
    /// No TLS in time.
    HandshakeTimedOut,
    /// Certificate good, but no identity of ours or none that may come here.
    PeerRefused,
    /// Header, body, answer or idle time ran out.
    TimedOut,
    /// The service did not answer in time.
    HandlerTimedOut,
    /// A sealed body did not open.
    SealRefused,
    /// Open connection closed: its peer's certificate does not verify any more.
    Revoked,
    /// Open connection closed: its peer's certificate ended.
    CertificateEnded,
    /// The files could not be read again; those read before stay in use.
    ReloadFailed,
    /// The system gave no connection.
    AcceptFailed,
    /// A connection's task panicked.
    Crashed,
}

impl Event {
    /// As logs and metrics call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverLimit => "over-limit",
            Self::Busy => "busy",
            Self::HandshakeFailed => "handshake-failed",
            Self::HandshakeTimedOut => "handshake-timed-out",
            Self::PeerRefused => "peer-refused",
            Self::TimedOut => "timed-out",
            Self::HandlerTimedOut => "handler-timed-out",
            Self::SealRefused => "seal-refused",
            Self::Revoked => "revoked",
            Self::CertificateEnded => "certificate-ended",
            Self::ReloadFailed => "reload-failed",
            Self::AcceptFailed => "accept-failed",
            Self::Crashed => "crashed",
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A listener did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its files.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its address.
    #[error("cannot listen: {}", .0.kind())]
    Bind(#[from] io::Error),
    /// A plain listener is for loopback alone.
    #[error("not a loopback address")]
    NotLoopback,
}

/// A running listener. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    reload: Arc<dyn Reload>,
    task: JoinHandle<()>,
}

trait Reload: Send + Sync + std::fmt::Debug {
    fn reload(&self) -> Result<(), LoadError>;
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads the files again now, and verifies every open connection's peer anew.
    ///
    /// # Errors
    /// The files cannot be used; those read before stay in use.
    pub fn reload(&self) -> Result<(), LoadError> {
        self.reload.reload()
    }

    /// Stops accepting, lets requests at work end, at most for [`Limits::drain`], and closes everything.
    pub async fn drain(self) {
        self.stop.send_replace(true);
        // A panic of the accept loop has been reported by the runtime; what is left to do is nothing.
        let _ = self.task.await;
    }
}

/// Starts a listener with certificates on both sides.
///
/// # Errors
/// See [`StartError`].
pub async fn mutual<S: Service>(config: &MutualConfig, service: S) -> Result<Running, StartError> {
    let front = mutual::Mutual::new(config, service)?;
    start(config.listen, &config.limits, front).await
}

/// Starts a listener that anybody may talk to.
///
/// # Errors
/// See [`StartError`].
pub async fn public<S: OpenService>(
    config: &PublicConfig,
    service: S,
) -> Result<Running, StartError> {
    let each = config.limits.connections_per_peer;
    let front = open::Open::public(config.tls.clone(), each, service)?;
    start(config.listen, &config.limits, front).await
}

/// Starts a plain listener on loopback.
///
/// # Errors
/// See [`StartError`].
pub async fn loopback<S: OpenService>(
    config: &LoopbackConfig,
    service: S,
) -> Result<Running, StartError> {
    if !config.listen.ip().is_loopback() {
        return Err(StartError::NotLoopback);
    }
    start(config.listen, &config.limits, open::Open::plain(service)).await
}

async fn start<F: Front>(
    listen: SocketAddr,
    limits: &Limits,
    front: F,
) -> Result<Running, StartError> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let front = Arc::new(front);
    let reload = front.reloader();
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(listener::run(listener, front, limits.clone(), stopping));
    Ok(Running {
        address,
        stop,
        reload,
        task,
    })
}
