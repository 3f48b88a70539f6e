//! No client certificates, but an exporter, a little memory for the connection's life, and bodies.

use std::{
    fmt, future,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header, request::Parts};
use issuance_api::{Array, Problem, ProblemCode};
use tokio::{net::TcpStream, sync::Mutex, sync::watch};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use zeroize::Zeroizing;

use super::{
    AnonymousConfig, AnonymousService, Answer, Body, Event, Reload,
    listener::Front,
    places::{Place, Places, origin},
    rate::Rate,
    reply::{Reply, problem, reply},
};
use crate::{
    EXPORTER_LABEL, JSON,
    tls::{self, LoadError, PublicFiles, ServerTls},
};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) struct Anonymous<S> {
    service: S,
    tls: Arc<Files>,
    places: Arc<Places<IpAddr>>,
    rate: Rate,
    begun: Instant,
}

struct Files {
    files: PublicFiles,
    loaded: watch::Sender<ServerTls>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

impl Reload for Files {
    fn reload(&self) -> Result<(), LoadError> {
        self.loaded.send_replace(tls::public_server(&self.files)?);
        Ok(())
    }
}

pub(super) struct Session<S> {
    state: Mutex<S>,
    /// Given back when the connection ends.
    _place: Place<IpAddr>,
}

impl<S: AnonymousService> Anonymous<S> {
    pub(super) fn new(config: &AnonymousConfig, service: S) -> Result<Self, LoadError> {
        let files = config.tls.clone();
        let (loaded, _) = watch::channel(tls::public_server(&files)?);
        Ok(Self {
            service,
            tls: Arc::new(Files { files, loaded }),
            places: Places::new(config.limits.connections_per_peer),
            rate: Rate::new(config.per_minute, MINUTE),
            begun: Instant::now(),
        })
    }

    fn place(&self, stream: &TcpStream) -> Result<Place<IpAddr>, Event> {
        // Gone already where there is no address.
        let peer = stream.peer_addr().map_err(|_| Event::HandshakeFailed)?;
        let origin = origin(peer.ip());
        let place = self.places.take(&origin).ok_or(Event::OverLimit)?;
        // Before the handshake, which costs more than all else.
        match self.rate.admits(&origin, self.begun.elapsed()) {
            true => Ok(place),
            false => Err(Event::TooOften),
        }
    }

    async fn handshake(&self, stream: TcpStream) -> Option<(TlsStream<TcpStream>, Array<32>)> {
        let config = Arc::clone(&self.tls.loaded.borrow().config);
        let stream = TlsAcceptor::from(config).accept(stream).await.ok()?;
        let (_, session) = stream.get_ref();
        let exporter = session.export_keying_material([0; 32], EXPORTER_LABEL, None);
        let exporter = Array::new(exporter.ok()?);
        Some((stream, exporter))
    }

    async fn answered(
        &self,
        session: &Session<S::State>,
        head: &Parts,
        body: Bytes,
    ) -> Result<Answer, Problem> {
        if head.uri.query().is_some() {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let endpoint = self.service.endpoint(&head.method, head.uri.path());
        let (endpoint, takes_json) = endpoint.ok_or(ProblemCode::NotFound)?;
        let media_type = head.headers.get(header::CONTENT_TYPE);
        if takes_json && media_type.is_none_or(|it| it != JSON) {
            return Err(ProblemCode::RequestMalformed.into());
        }
        let body = Body(Zeroizing::new(body.to_vec()));
        let mut state = session.state.lock().await;
        self.service.handle(&mut state, endpoint, body).await
    }
}

impl<S: AnonymousService> Front for Anonymous<S> {
    type Io = TlsStream<TcpStream>;
    type Session = Session<S::State>;

    async fn open(&self, stream: TcpStream) -> Option<(Self::Io, Self::Session)> {
        let place = self.place(&stream);
        let place = place.map_err(|event| self.service.event(event)).ok()?;
        let Some((stream, exporter)) = self.handshake(stream).await else {
            self.service.event(Event::HandshakeFailed);
            return None;
        };
        let session = Session {
            state: Mutex::new(self.service.connected(&exporter)),
            _place: place,
        };
        Some((stream, session))
    }

    fn admits(&self, _: &Self::Session) -> bool {
        true
    }

    async fn end(&self, _: &Self::Session) -> Event {
        future::pending().await
    }

    /// What is not found may have one: it is answered so, not as malformed.
    fn takes_body(&self, head: &Parts) -> bool {
        let endpoint = self.service.endpoint(&head.method, head.uri.path());
        endpoint.is_none_or(|(_, takes_json)| takes_json)
    }

    async fn answer(&self, session: &Self::Session, head: &Parts, body: Bytes) -> Reply {
        let had_body = !body.is_empty();
        let mut reply = match self.answered(session, head, body).await {
            Ok(answer) => reply(StatusCode::OK, JSON, answer.expose().to_vec()),
            Err(it) => problem(&it),
        };
        if had_body {
            let close = HeaderValue::from_static("close");
            reply.headers_mut().insert(header::CONNECTION, close);
        }
        reply
    }

    fn tidy(&self) {}

    fn reloader(&self) -> Arc<dyn Reload> {
        Arc::clone(&self.tls) as _
    }

    fn event(&self, event: Event) {
        self.service.event(event);
    }
}
