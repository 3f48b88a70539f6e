//! No client certificates: public keys over TLS, health and metrics on loopback.

use std::{fmt, future, sync::Arc};

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
    reply::{Reply, problem},
};
use crate::tls::{self, LoadError, PublicFiles, ServerTls};

pub(super) struct Open<S> {
    service: S,
    tls: Arc<Tls>,
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
    pub(super) fn public(files: PublicFiles, service: S) -> Result<Self, LoadError> {
        let (loaded, _) = watch::channel(tls::public_server(&files)?);
        let tls = Arc::new(Tls::Files(files, loaded));
        Ok(Self { service, tls })
    }

    pub(super) fn plain(service: S) -> Self {
        let tls = Arc::new(Tls::Plain);
        Self { service, tls }
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl<S: OpenService> Front for Open<S> {
    type Io = Box<dyn Stream>;
    type Session = ();

    async fn open(&self, stream: TcpStream) -> Option<(Self::Io, ())> {
        let Tls::Files(_, loaded) = &*self.tls else {
            return Some((Box::new(stream), ()));
        };
        let config = Arc::clone(&loaded.borrow().config);
        match TlsAcceptor::from(config).accept(stream).await {
            Ok(stream) => Some((Box::new(stream), ())),
            Err(_) => {
                self.service.event(Event::HandshakeFailed);
                None
            }
        }
    }

    async fn end(&self, (): &()) -> Event {
        future::pending().await
    }

    fn takes_body(&self, _: &Parts) -> bool {
        false
    }

    async fn answer(&self, (): &(), head: &Parts, _: Bytes) -> Reply {
        if head.uri.query().is_some() {
            return problem(&ProblemCode::RequestMalformed.into());
        }
        let answered = self.service.handle(&head.method, head.uri.path()).await;
        answered.map(Full::new)
    }

    fn reloader(&self) -> Arc<dyn Reload> {
        Arc::clone(&self.tls) as _
    }

    fn event(&self, event: Event) {
        self.service.event(event);
    }
}
