//! Listeners: [`mutual`] with certificates on both sides and sealed bodies, [`anonymous`](fn@anonymous) for those who have
//! none yet, [`public`] for what anybody may read, [`loopback`] for health and metrics.
//!
//! Each is bound first and serves when it is told to ([`Bound`]): in between a process can take from itself what it needs no more, and nobody has
//! been let in.
//!
//! Everything is bounded: connections, unfinished handshakes, requests at work, headers, bodies; handshake, header, body, handler, answer and
//! idle time each have a deadline ([`Limits`]). Certificates, keys and revocation lists are read again every
//! [`Limits::reload`], and each time every open connection's peer is verified anew: a revoked one is out.

use std::{io, net::SocketAddr, pin::Pin, sync::Arc};

use issuance_api::{Array, PersonalBytes, Problem, ProblemCode, attached};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};
use zeroize::Zeroizing;

use crate::{Identity, Peer, json, tls::LoadError};

mod anonymous;
mod config;
mod listener;
mod mutual;
mod open;
mod pace;
mod places;
mod rate;
mod reply;
mod seats;

pub use config::{AnonymousConfig, AppLimits, Limits, LoopbackConfig, MutualConfig, PublicConfig};
pub use http::Method;
use listener::Front;
pub use rate::Rate;

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

/// What answers on an [`anonymous`](fn@anonymous) listener.
pub trait AnonymousService: Send + Sync + 'static {
    /// What a method and path mean here.
    type Endpoint: Send;
    /// What is remembered as long as a connection lives, and no longer.
    type State: Send + 'static;

    /// A connection is up, with these 32 bytes of keying material.
    fn connected(&self, exporter: &Array<32>) -> Self::State;

    /// The endpoint of a method and path, and whether it takes JSON; nothing is answered `not-found`. A connection ends with
    /// the first request that had a body: no buffer holds it any longer.
    fn endpoint(&self, method: &Method, path: &str) -> Option<(Self::Endpoint, bool)>;

    /// Answers one request. A connection's requests come one after the other.
    fn handle(
        &self,
        state: &mut Self::State,
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
    /// Of bytes: for a service's own tests.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

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

/// A good answer: JSON, or JSON with bytes attached. Wiped when dropped.
pub struct Answer(Zeroizing<Vec<u8>>);

impl Drop for Answer {
    fn drop(&mut self) {
        // A vector's room is wiped at once, its content byte by byte.
        self.0.clear();
    }
}

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

    /// Serialises the value, and attaches bytes to it ([`attached`]).
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn attached<T: Serialize>(value: &T, bytes: &PersonalBytes) -> Result<Self, Problem> {
        let json = Self::json(value)?;
        let body = attached::attach(json.expose(), bytes.as_bytes());
        let body = body.ok_or(ProblemCode::InternalError)?;
        Ok(Self(Zeroizing::new(body)))
    }

    /// The body.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// What a listener reports, to be counted. The list is closed; nothing in it tells who or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// One connection too many, of all, of one identity or of one address: closed.
    OverLimit,
    /// One unfinished handshake too many: the oldest closed, for the newcomer.
    HandshakesOverLimit,
    /// One connection too many within a minute, of one address: closed.
    TooOften,
    /// One request too many: answered `busy`.
    Busy,
    /// One connection or request of apps too many: answered `busy`.
    AppsOverLimit,
    /// No TLS: no certificate, a foreign or revoked one, an expired list, or not TLS 1.3 at all.
    HandshakeFailed,
    /// No TLS in time.
    HandshakeTimedOut,
    /// Certificate good, but no identity of ours, none that may come here, or an app's under the others' root or the other way round.
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
            Self::HandshakesOverLimit => "handshakes-over-limit",
            Self::TooOften => "too-often",
            Self::Busy => "busy",
            Self::AppsOverLimit => "apps-over-limit",
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

/// A listener that has its address and accepts nothing: whoever comes waits in the system's queue.
#[must_use = "it accepts nothing until it serves"]
pub struct Bound {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    reload: Arc<dyn Reload>,
    serving: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Bound {
    /// Where it will listen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts from here on. To be called in the runtime that it was bound in.
    pub fn serve(self) -> Running {
        Running {
            address: self.address,
            stop: self.stop,
            reload: self.reload,
            task: tokio::spawn(self.serving),
        }
    }
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

/// Binds a listener with certificates on both sides.
///
/// # Errors
/// See [`StartError`].
pub async fn mutual<S: Service>(config: &MutualConfig, service: S) -> Result<Bound, StartError> {
    let front = mutual::Mutual::new(config, service)?;
    bound(config.listen, &config.limits, front).await
}

/// Binds a listener for those who have no certificate yet.
///
/// # Errors
/// See [`StartError`].
pub async fn anonymous<S: AnonymousService>(
    config: &AnonymousConfig,
    service: S,
) -> Result<Bound, StartError> {
    let front = anonymous::Anonymous::new(config, service)?;
    bound(config.listen, &config.limits, front).await
}

/// Binds a listener that anybody may talk to.
///
/// # Errors
/// See [`StartError`].
pub async fn public<S: OpenService>(
    config: &PublicConfig,
    service: S,
) -> Result<Bound, StartError> {
    let each = config.limits.connections_per_peer;
    let front = open::Open::public(config.tls.clone(), each, service)?;
    bound(config.listen, &config.limits, front).await
}

/// Binds a plain listener on loopback.
///
/// # Errors
/// See [`StartError`].
pub async fn loopback<S: OpenService>(
    config: &LoopbackConfig,
    service: S,
) -> Result<Bound, StartError> {
    if !config.listen.ip().is_loopback() {
        return Err(StartError::NotLoopback);
    }
    bound(config.listen, &config.limits, open::Open::plain(service)).await
}

async fn bound<F: Front>(
    listen: SocketAddr,
    limits: &Limits,
    front: F,
) -> Result<Bound, StartError> {
    let listener = bind(listen, limits.connections)?;
    let address = listener.local_addr()?;
    let front = Arc::new(front);
    let reload = front.reloader();
    let (stop, stopping) = watch::channel(false);
    let serving = Box::pin(listener::run(listener, front, limits.clone(), stopping));
    Ok(Bound {
        address,
        stop,
        reload,
        serving,
    })
}

/// Takes an address, and as many connections at once as may be open: one that the system's queue has no place for waits a second for its
/// next try, whoever it is of.
fn bind(listen: SocketAddr, connections: usize) -> io::Result<TcpListener> {
    let socket = match listen {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A new start need not wait for the old one's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    // The system takes less where it is told to.
    socket.listen(u32::try_from(connections).unwrap_or(u32::MAX))
}
