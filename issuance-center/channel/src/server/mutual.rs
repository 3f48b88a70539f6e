//! Certificates on both sides, and sealed bodies.
//!
//! Apps are many and come all at once, where a kiosk is one at a counter: of connections and of requests at work they get a
//! share, and the rest is the others'. Who somebody is shows after the handshake alone. So an app's connection beyond the
//! share is there for its handshake and one more moment, in which it is told `busy`.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, StatusCode, header, request::Parts};
use issuance_api::{Array, Problem, ProblemCode, TerminalRole};
use rustls::pki_types::{CertificateDer, UnixTime};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use zeroize::Zeroizing;

use super::{
    Body, Connection, Event, Form, MutualConfig, Reload, Service,
    listener::Front,
    places::{Place, Places},
    reply::{Reply, last, problem, reply, status},
};
use crate::{
    EXPORTER_LABEL, Identity, JSON, Peer, RECIPIENT_PATH, SEALED,
    identity::remaining,
    json,
    sealing::{Binding, RecipientKeys, ResponseSealer, SealError},
    tls::{self, LoadError, ServerTls, TlsFiles},
};

const LINGER: Duration = Duration::from_millis(500);
/// An app beyond the share has so long for the request that is answered `busy`.
const REFUSAL: Duration = Duration::from_secs(2);

pub(super) struct Mutual<S> {
    service: S,
    tls: Arc<Files>,
    keys: Mutex<RecipientKeys>,
    places: Arc<Places<Identity>>,
    apps: Share,
}

/// What apps have.
struct Share {
    connections: Arc<Semaphore>,
    requests: Arc<Semaphore>,
}

/// The files, and what they said last.
struct Files {
    files: TlsFiles,
    apps: Option<PathBuf>,
    loaded: watch::Sender<ServerTls>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

impl Reload for Files {
    fn reload(&self) -> Result<(), LoadError> {
        let loaded = tls::mutual_server(&self.files, self.apps.as_deref());
        // Even where nothing new could be read: a revocation list in use may have expired meanwhile.
        self.loaded.send_modify(|tls| {
            if let Ok(loaded) = &loaded {
                tls.clone_from(loaded);
            }
        });
        loaded.map(drop)
    }
}

pub(super) struct Session<S> {
    /// Nobody, and what that one hears, where certificate, service or share of apps refuses.
    party: Result<Party<S>, ProblemCode>,
    chain: Vec<CertificateDer<'static>>,
    changes: watch::Receiver<ServerTls>,
}

struct Party<S> {
    urn: String,
    exporter: Array<32>,
    connection: tokio::sync::Mutex<Connection<S>>,
    /// Given back when the connection ends.
    _place: Place<Identity>,
    /// As well, of an app.
    app: Option<OwnedSemaphorePermit>,
}

impl<S: Service> Mutual<S> {
    pub(super) fn new(config: &MutualConfig, service: S) -> Result<Self, LoadError> {
        let (files, apps) = (config.tls.clone(), config.apps.clone());
        let (loaded, _) = watch::channel(tls::mutual_server(&files, apps.as_deref())?);
        Ok(Self {
            service,
            tls: Arc::new(Files {
                files,
                apps,
                loaded,
            }),
            keys: Mutex::new(RecipientKeys::new(Instant::now())),
            places: Places::new(config.limits.connections_per_peer),
            apps: Share::new(config),
        })
    }

    fn party(
        &self,
        stream: &TlsStream<TcpStream>,
        chain: &[CertificateDer<'_>],
    ) -> Result<Party<S::State>, Event> {
        let identity = chain.first().and_then(|own| Identity::of(own).ok());
        let identity = identity.filter(|identity| self.service.admits(identity));
        let identity = identity.ok_or(Event::PeerRefused)?;
        let place = self.places.take(&identity).ok_or(Event::OverLimit)?;
        let app = if is_app(&identity) {
            let connections = Arc::clone(&self.apps.connections);
            let taken = connections.try_acquire_owned();
            Some(taken.map_err(|_| Event::AppsOverLimit)?)
        } else {
            None
        };
        let (_, tls) = stream.get_ref();
        let exporter = tls.export_keying_material([0; 32], EXPORTER_LABEL, None);
        let exporter = Array::new(exporter.map_err(|_| Event::PeerRefused)?);
        let (urn, peer) = (
            identity.to_string(),
            Peer {
                identity,
                exporter: exporter.clone(),
            },
        );
        let state = self.service.connected(&peer);
        Ok(Party {
            urn,
            exporter,
            connection: tokio::sync::Mutex::new(Connection { peer, state }),
            _place: place,
            app,
        })
    }

    async fn open_request(
        &self,
        party: &Party<S::State>,
        endpoint: S::Endpoint,
    ) -> Result<Reply, Problem> {
        let nothing = Body(Zeroizing::default());
        let mut connection = party.connection.lock().await;
        let handling = self.service.handle(&mut connection, endpoint, nothing);
        let answer = handling.await?;
        Ok(reply(StatusCode::OK, JSON, answer.expose().to_vec()))
    }

    async fn sealed_request(
        &self,
        party: &Party<S::State>,
        head: &Parts,
        endpoint: S::Endpoint,
        body: Bytes,
    ) -> Result<Reply, Problem> {
        let opened = self.unseal(party, head, &body).map_err(|error| {
            self.service.event(Event::SealRefused);
            match error {
                SealError::KeyUnknown => ProblemCode::RecipientKeyUnknown,
                SealError::Invalid => ProblemCode::SealInvalid,
            }
        });
        let (plaintext, sealer) = opened?;
        drop(body);
        let mut connection = party.connection.lock().await;
        let body = Body(plaintext);
        let handling = self.service.handle(&mut connection, endpoint, body);
        let answer = handling.await;
        let sealed = match answer {
            Ok(answer) => sealer.seal(StatusCode::OK.as_u16(), answer.expose()),
            Err(problem) => {
                let document = json::write(&problem).map_err(|_| ProblemCode::InternalError)?;
                sealer.seal(status(&problem).as_u16(), &document)
            }
        };
        Ok(reply(StatusCode::OK, SEALED, sealed))
    }

    fn unseal(
        &self,
        party: &Party<S::State>,
        head: &Parts,
        body: &[u8],
    ) -> Result<(Zeroizing<Vec<u8>>, ResponseSealer), SealError> {
        let request = self.keys().find(body, Instant::now())?;
        request.open(&Binding {
            method: head.method.as_str(),
            path: head.uri.path(),
            client: &party.urn,
            exporter: &party.exporter,
        })
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, RecipientKeys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Service> Front for Mutual<S> {
    type Io = TlsStream<TcpStream>;
    type Session = Session<S::State>;

    async fn open(&self, stream: TcpStream) -> Option<(Self::Io, Self::Session)> {
        let mut changes = self.tls.loaded.subscribe();
        let tls = changes.borrow_and_update().clone();
        let stream = TlsAcceptor::from(tls.config).accept(stream).into_fallible();
        let stream = match stream.await {
            Ok(stream) => stream,
            Err((error, stream)) => {
                self.service.event(of_handshake(&error));
                let _ = timeout(LINGER, linger(stream)).await;
                return None;
            }
        };
        let chain: Vec<_> = stream.get_ref().1.peer_certificates()?.to_vec();
        let party = match self.party(&stream, &chain) {
            Ok(party) => Ok(party),
            Err(event) => {
                self.service.event(event);
                Err(match event {
                    Event::OverLimit => return None,
                    Event::AppsOverLimit => ProblemCode::Busy,
                    _ => ProblemCode::TerminalRefused,
                })
            }
        };
        Some((
            stream,
            Session {
                party,
                chain,
                changes,
            },
        ))
    }

    fn admits(&self, session: &Self::Session) -> bool {
        session.party.is_ok()
    }

    async fn end(&self, session: &Self::Session) -> Event {
        if matches!(session.party, Err(ProblemCode::Busy)) {
            tokio::time::sleep(REFUSAL).await;
            return Event::TimedOut;
        }
        let mut changes = session.changes.clone();
        let mut ended = std::pin::pin!(tokio::time::sleep(remaining(&session.chain)));
        loop {
            tokio::select! {
                () = ended.as_mut() => return Event::CertificateEnded,
                Ok(()) = changes.changed() => {
                    let tls = changes.borrow_and_update().clone();
                    if !still_good(&tls, &session.chain) {
                        return Event::Revoked;
                    }
                }
            }
        }
    }

    /// What is not found may have one: it is answered so, not as malformed.
    fn takes_body(&self, head: &Parts) -> bool {
        let path = head.uri.path();
        let endpoint = self.service.endpoint(&head.method, path);
        path != RECIPIENT_PATH && !matches!(endpoint, Some((_, Form::Open)))
    }

    async fn answer(&self, session: &Self::Session, head: &Parts, body: Bytes) -> Reply {
        let party = match &session.party {
            Ok(party) => party,
            Err(code) => return last(*code),
        };
        let requests = party.app.is_some().then_some(&self.apps.requests);
        let Ok(_at_work) = requests.map(|all| all.try_acquire()).transpose() else {
            self.service.event(Event::AppsOverLimit);
            return last(ProblemCode::Busy);
        };
        if head.uri.query().is_some() {
            return problem(&ProblemCode::RequestMalformed.into());
        }
        if head.method == Method::GET && head.uri.path() == RECIPIENT_PATH {
            let recipient = self.keys().recipient(Instant::now());
            let body = serde_json::to_vec(&recipient).expect("two strings have a JSON form");
            return reply(StatusCode::OK, JSON, body);
        }
        let Some((endpoint, form)) = self.service.endpoint(&head.method, head.uri.path()) else {
            return problem(&ProblemCode::NotFound.into());
        };
        let sealed = head
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|it| it == SEALED);
        let answered = match form {
            Form::Open => self.open_request(party, endpoint).await,
            Form::Sealed if sealed => self.sealed_request(party, head, endpoint, body).await,
            _ => Err(ProblemCode::RequestMalformed.into()),
        };
        answered.unwrap_or_else(|it| problem(&it))
    }

    fn tidy(&self) {
        self.keys().rotate(Instant::now());
    }

    fn reloader(&self) -> Arc<dyn Reload> {
        Arc::clone(&self.tls) as _
    }

    fn event(&self, event: Event) {
        self.service.event(event);
    }
}

impl Share {
    fn new(config: &MutualConfig) -> Self {
        let of = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self {
            connections: of(config.app_limits.connections(&config.limits)),
            requests: of(config.app_limits.requests(&config.limits)),
        }
    }
}

fn of_handshake(error: &io::Error) -> Event {
    let cause = error.get_ref().and_then(|it| it.downcast_ref());
    match cause == Some(&tls::UNDER_ANOTHER_ROOT) {
        true => Event::PeerRefused,
        false => Event::HandshakeFailed,
    }
}

fn is_app(identity: &Identity) -> bool {
    matches!(identity, Identity::Terminal(terminal) if terminal.role() == TerminalRole::App)
}

/// Lets the alert arrive: a socket closed with unread bytes in it resets the connection.
async fn linger(mut stream: TcpStream) {
    let mut rest = [0; 1024];
    let _ = stream.shutdown().await;
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

fn still_good(tls: &ServerTls, chain: &[CertificateDer<'_>]) -> bool {
    match (&tls.verifier, chain) {
        (Some(verifier), [own, rest @ ..]) => verifier
            .verify_client_cert(own, rest, UnixTime::now())
            .is_ok(),
        _ => false,
    }
}
