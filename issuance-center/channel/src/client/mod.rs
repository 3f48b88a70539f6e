//! A client with a small pool of kept-alive connections to one server, whose certificate must name the one expected.
//!
//! Nothing is repeated by itself, with two exceptions that cannot do anything twice: a kept-alive connection that turned
//! out closed before the request was written, and a seal to a recipient key that the server holds no more. A
//! [`Pinned`] connection is not even replaced: what is bound to its exporter dies with it.
//!
//! Certificates, keys and revocation lists are read again by themselves, at most [`Deadlines::reload`] before they are
//! used, so that a client never shuts itself out with a list that has expired meanwhile. A kept-alive connection is
//! used on only if its server still verifies under what was read last.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Instant,
};

use http::Method;
use issuance_api::{Array, PersonalBytes, Problem, ProblemCode};
use rustls::sign::CertifiedKey;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    Identity, json,
    tls::{self, ClientTls, LoadError, Own, PublicFiles},
};

mod anonymous;
mod config;
mod link;
mod way;

pub use anonymous::{Anonymous, ConnectError};
pub use config::{Config, Deadlines, ServerConfig};
use link::{Answer, Failure, Link};
pub use way::{Addresses, Guide, Way};

/// A call brought no answer to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection, none any more, or no answer in time. It may have been carried out all the same.
    #[error("no answer")]
    Unreachable,
    /// Every connection of the pool stayed in use.
    #[error("no free connection")]
    Busy,
    /// The other side is not the one expected, or its answer does not open or read.
    #[error("answer not trusted")]
    Untrusted,
    /// The other side reported a problem.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// A client of one server. Clones share its connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: ServerConfig,
    own: Source,
    identity: Identity,
    /// `identity` as text: what every seal is bound to.
    urn: String,
    read: RwLock<Read>,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Link>>,
}

/// Where the own certificate is.
enum Source {
    Files(PublicFiles),
    /// With a key that somebody else keeps.
    Held(Arc<CertifiedKey>),
}

impl Source {
    fn load(&self, config: &ServerConfig) -> Result<(ClientTls, Identity), LoadError> {
        let own = match self {
            Self::Files(files) => Own::Files(files),
            Self::Held(key) => Own::Held(key),
        };
        let files = tls::client(&config.trust, own)?;
        let own = files.own.first().ok_or(LoadError::Certificate)?;
        let identity = Identity::of(own).map_err(|_| LoadError::Identity)?;
        Ok((files, identity))
    }
}

/// The files, as read last.
struct Read {
    tls: Tls,
    at: Instant,
    /// Whether they could be.
    outcome: Result<(), LoadError>,
}

#[derive(Clone)]
struct Tls {
    files: ClientTls,
    /// Counts readings: a connection from before the last one is looked at again before it is used.
    generation: u64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("expect", &self.0.config.expect)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Reads the files; connects when first called.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn new(config: Config) -> Result<Self, LoadError> {
        let (config, own) = config.split();
        Self::of(config, Source::Files(own))
    }

    /// With a certificate whose key is where it is, and signs there. It lasts as long as the certificate does.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn with_key(config: ServerConfig, own: Arc<CertifiedKey>) -> Result<Self, LoadError> {
        Self::of(config, Source::Held(own))
    }

    fn of(config: ServerConfig, own: Source) -> Result<Self, LoadError> {
        let (files, identity) = own.load(&config)?;
        Ok(Self(Arc::new(Inner {
            free: Arc::new(Semaphore::new(config.connections.max(1))),
            config,
            own,
            urn: identity.to_string(),
            identity,
            read: RwLock::new(Read {
                tls: Tls {
                    files,
                    generation: 0,
                },
                at: Instant::now(),
                outcome: Ok(()),
            }),
            idle: Mutex::default(),
        })))
    }

    /// Who the own certificate says this is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Reads the files again, now. Open connections serve what they are at.
    ///
    /// # Errors
    /// The files cannot be used, or name another party than before; those read before stay in use.
    pub fn reload(&self) -> Result<(), LoadError> {
        let files = self.0.own.load(&self.0.config);
        let files = files.and_then(|(files, identity)| {
            (identity == self.0.identity)
                .then_some(files)
                .ok_or(LoadError::Identity)
        });
        let mut read = self.0.read.write().unwrap_or_else(PoisonError::into_inner);
        read.at = Instant::now();
        // Even where nothing new could be read: a revocation list in use may have expired meanwhile.
        read.tls.generation = read.tls.generation.wrapping_add(1);
        read.outcome = files.map(|files| read.tls.files = files);
        read.outcome
    }

    /// Whether the files could be used when they were last read.
    ///
    /// # Errors
    /// As [`Self::reload`] had it then.
    pub fn last_reload(&self) -> Result<(), LoadError> {
        self.0.read().outcome
    }

    /// What to connect with, read no longer ago than [`Deadlines::reload`].
    fn tls(&self) -> Tls {
        if self.0.read().at.elapsed() >= self.0.config.deadlines.reload {
            // Told by `last_reload`. A few small files a few times a minute: too short to be worth a thread.
            let _ = self.reload();
        }
        self.0.read().tls.clone()
    }

    /// A kept-alive connection that may be used on.
    fn take_idle(&self, tls: &Tls) -> Option<Link> {
        let mut idle = self.0.idle();
        std::iter::from_fn(|| idle.pop()).find_map(|link| link.under(&self.0.config, tls))
    }

    /// `GET`, answered in the open.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get<R: DeserializeOwned>(&self, path: &str) -> Result<R, CallError> {
        self.call(&Call::open(Method::GET, path)).await
    }

    /// `POST` without a body, answered in the open.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post<R: DeserializeOwned>(&self, path: &str) -> Result<R, CallError> {
        self.call(&Call::open(Method::POST, path)).await
    }

    /// `POST`, sealed both ways.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post_sealed<T, R>(&self, path: &str, body: &T) -> Result<R, CallError>
    where
        T: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        self.call(&Call::sealed(path, body)?).await
    }

    /// A connection for the caller alone, open as far as is known. It goes back to the pool when dropped.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn pinned(&self) -> Result<Pinned, CallError> {
        let permit = self.permit().await?;
        let calling = async {
            let tls = self.tls();
            while let Some(mut link) = self.take_idle(&tls) {
                // A key from long before might be held no more.
                if link.has_recipient() || link.fetch_recipient(&self.0).await.is_ok() {
                    return Ok(link);
                }
            }
            let mut link = self.connect(tls).await?;
            link.fetch_recipient(&self.0).await?;
            Ok::<_, CallError>(link)
        };
        let link = timeout(self.0.config.deadlines.call, calling).await;
        Ok(Pinned {
            link: Some(link.map_err(|_| CallError::Unreachable)??),
            client: self.clone(),
            _permit: permit,
        })
    }

    async fn call<R: DeserializeOwned>(&self, call: &Call<'_>) -> Result<R, CallError> {
        let _permit = self.permit().await?;
        let calling = async {
            let tls = self.tls();
            while let Some(mut link) = self.take_idle(&tls) {
                match link.call(&self.0, call).await {
                    Err(Failure::NotSent) => {}
                    other => return Ok((link, other?)),
                }
            }
            let mut link = self.connect(tls).await?;
            let answer = link.call(&self.0, call).await?;
            Ok::<_, CallError>((link, answer))
        };
        let done = timeout(self.0.config.deadlines.call, calling).await;
        let (link, answer) = done.map_err(|_| CallError::Unreachable)??;
        self.0.put_back(link);
        answer.parse()
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, CallError> {
        let free = Arc::clone(&self.0.free).acquire_owned();
        match timeout(self.0.config.deadlines.free, free).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(CallError::Busy),
        }
    }

    async fn connect(&self, tls: Tls) -> Result<Link, CallError> {
        let connecting = Link::connect(&self.0.config, tls);
        let link = timeout(self.0.config.deadlines.connect, connecting).await;
        link.map_err(|_| CallError::Unreachable)?
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Read> {
        self.read.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, mut link: Link) {
        if link.is_open() {
            self.idle().push(link);
        }
    }
}

/// One connection, held by whoever needs its exporter. Never replaced.
pub struct Pinned {
    client: Client,
    link: Option<Link>,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pinned(..)")
    }
}

impl Pinned {
    /// 32 bytes of keying material of this connection, the same at the server.
    #[must_use]
    pub fn exporter(&self) -> &Array<32> {
        self.link().exporter()
    }

    /// As [`Client::get`], on this connection or not at all.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get<R: DeserializeOwned>(&mut self, path: &str) -> Result<R, CallError> {
        self.call(&Call::open(Method::GET, path)).await
    }

    /// As [`Client::post`], on this connection or not at all.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post<R: DeserializeOwned>(&mut self, path: &str) -> Result<R, CallError> {
        self.call(&Call::open(Method::POST, path)).await
    }

    /// As [`Client::post_sealed`], on this connection or not at all.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post_sealed<T, R>(&mut self, path: &str, body: &T) -> Result<R, CallError>
    where
        T: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        self.call(&Call::sealed(path, body)?).await
    }

    /// As [`post_sealed`](Self::post_sealed), for an answer with bytes attached ([`attached`](issuance_api::attached)).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post_sealed_for_bytes<T, R>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<(R, PersonalBytes), CallError>
    where
        T: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        self.answer(&Call::sealed(path, body)?).await?.detach()
    }

    async fn call<R: DeserializeOwned>(&mut self, call: &Call<'_>) -> Result<R, CallError> {
        self.answer(call).await?.parse()
    }

    async fn answer(&mut self, call: &Call<'_>) -> Result<Answer, CallError> {
        let deadline = self.client.0.config.deadlines.call;
        let link = self.link.as_mut().expect(HELD);
        let answer = timeout(deadline, link.call(&self.client.0, call)).await;
        Ok(answer.map_err(|_| CallError::Unreachable)??)
    }

    fn link(&self) -> &Link {
        self.link.as_ref().expect(HELD)
    }
}

const HELD: &str = "the connection is held until drop";

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            self.client.0.put_back(link);
        }
    }
}

/// One call, as good for one connection as for another.
struct Call<'a> {
    method: Method,
    path: &'a str,
    /// JSON to seal; nothing goes out in the open.
    sealed: Option<zeroize::Zeroizing<Vec<u8>>>,
}

impl<'a> Call<'a> {
    const fn open(method: Method, path: &'a str) -> Self {
        Self {
            method,
            path,
            sealed: None,
        }
    }

    fn sealed<T: Serialize + ?Sized>(path: &'a str, body: &T) -> Result<Self, CallError> {
        let json = json::write(body).map_err(|_| Problem::from(ProblemCode::InternalError))?;
        Ok(Self {
            method: Method::POST,
            path,
            sealed: Some(json),
        })
    }
}
