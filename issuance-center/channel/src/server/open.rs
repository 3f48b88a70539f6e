//! No client certificates: public keys over TLS, health and metrics on loopback.

use std::{fmt, future, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::request::Parts;
use http_body_util::Full;
use issuance_api::ProblemCode;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Event, OpenService, Reload,
    listener::Front,
    places::{Place, Places, origin},
    reply::{Reply, problem},
};
use crate::tls::{self, LoadError, PublicFiles, ServerTls};

pub(super) struct Open<S> {
    service: S,
    tls: Arc<Tls>,
    /// By address; none on loopback.
    places: Option<Arc<Places<IpAddr>>>,
}

/// Plain, or certificate and key and what they said last.
enum Tls {
    Plain,
    Files(PublicFiles, watch::Sender<ServerTls>),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Reload for Tls {
    fn reload(&self) -> Result<(), LoadError> {
        if let Self::Files(files, loaded) = self {
            loaded.send_replace(tls::public_server(files)?);
        }
        Ok(())
    }
}

impl<S: OpenService> Open<S> {
    pub(super) fn public(files: PublicFiles, each: usize, service: S) -> Result<Self, LoadError> {
        let (loaded, _) = watch::channel(tls::public_server(&files)?);
        let tls = Arc::new(Tls::Files(files, loaded));
        let places = Some(Places::new(each));
        Ok(Self {
            service,
            tls,
            places,
        })
    }

    pub(super) fn plain(service: S) -> Self {
        Self {
            service,
            tls: Arc::new(Tls::Plain),
            places: None,
        }
    }

    /// The place of who is at the other end, where places are counted.
    fn place(&self, stream: &TcpStream) -> Result<Option<Place<IpAddr>>, Event> {
        let Some(places) = &self.places else {
            return Ok(None);
        };
        // Gone already where there is no address.
        let peer = stream.peer_addr().map_err(|_| Event::HandshakeFailed)?;
        let place = places.take(&origin(peer.ip())).ok_or(Event::OverLimit)?;
        Ok(Some(place))
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl<S: OpenService> Front for Open<S> {
    type Io = Box<dyn Stream>;
    /// Given back when the connection ends.
    type Session = Option<Place<IpAddr>>;

    async fn open(&self, stream: TcpStream) -> Option<(Self::Io, Self::Session)> {
        let place = self.place(&stream);
        let place = place.map_err(|event| self.service.event(event)).ok()?;
        let Tls::Files(_, loaded) = &*self.tls else {
            return Some((Box::new(stream), place));
        };
        let config = Arc::clone(&loaded.borrow().config);
        match TlsAcceptor::from(config).accept(stream).await {
            Ok(stream) => Some((Box::new(stream), place)),
            Err(_) => {
                self.service.event(Event::HandshakeFailed);
                None
            }
        }
    }

    fn admits(&self, _: &Self::Session) -> bool {
        true
    }

    async fn end(&self, _: &Self::Session) -> Event {
        future::pending().await
    }

    fn takes_body(&self, _: &Parts) -> bool {
        false
    }

    async fn answer(&self, _: &Self::Session, head: &Parts, _: Bytes) -> Reply {
        if head.uri.query().is_some() {
            return problem(&ProblemCode::RequestMalformed.into());
        }
        let answered = self.service.handle(&head.method, head.uri.path()).await;
        answered.map(Full::new)
    }

    fn tidy(&self) {}

    fn reloader(&self) -> Arc<dyn Reload> {
        Arc::clone(&self.tls) as _
    }

    fn event(&self, event: Event) {
        self.service.event(event);
    }
}
