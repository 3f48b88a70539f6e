//! One connection, which whoever calls on it drives: a task of its own would be two changes of thread for each request, and for
//! each piece of a long answer.

use std::{
    error::Error,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use issuance_api::{Array, PersonalBytes, Problem, ProblemCode, attached};
use rustls::{
    client::danger::ServerCertVerifier,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::de::DeserializeOwned;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use zeroize::Zeroizing;

use super::{Call, CallError, Inner, ServerConfig, Tls};
use crate::{
    EXPORTER_LABEL, Identity, PROBLEM, RECIPIENT_PATH, SEALED,
    identity::remaining,
    sealing::{self, Binding, Recipient, seal_request},
};

const HEADERS: usize = 32;

/// How long a recipient key is taken for one that the server holds: it does so for at least as long again.
const RECIPIENT: Duration = sealing::EPOCH;

type Connection = http1::Connection<TokioIo<TlsStream<TcpStream>>, Full<Bytes>>;

/// An open connection, good for one call at a time.
pub(super) struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// What moves bytes, until it is over.
    connection: Option<Pin<Box<Connection>>>,
    /// When the server's certificate ends.
    until: Instant,
    exporter: Array<32>,
    recipient: Option<Recipient>,
    /// When it was fetched.
    since: Instant,
    /// The server's certificate and its intermediates.
    chain: Vec<CertificateDer<'static>>,
    /// What it was made with, or looked at again under.
    tls: Tls,
}

/// A call failed on this connection.
pub(super) enum Failure {
    /// Not a byte of it was written.
    NotSent,
    Call(CallError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent => Self::Unreachable,
            Failure::Call(error) => error,
        }
    }
}

/// Status and body, wiped when dropped.
pub(super) struct Answer {
    status: u16,
    body: Zeroizing<Vec<u8>>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A vector's room is wiped at once, its content byte by byte.
        self.body.clear();
    }
}

impl Answer {
    pub(super) fn parse<R: DeserializeOwned>(&self) -> Result<R, CallError> {
        json(self.good()?)
    }

    /// With bytes attached.
    pub(super) fn detach<R: DeserializeOwned>(&self) -> Result<(R, PersonalBytes), CallError> {
        let (value, bytes) = attached::detach(self.good()?).ok_or(CallError::Untrusted)?;
        Ok((json(value)?, PersonalBytes::new(bytes.to_vec())))
    }

    /// The body, unless it is a problem.
    fn good(&self) -> Result<&[u8], CallError> {
        if self.status == StatusCode::OK.as_u16() {
            Ok(&self.body)
        } else {
            Err(CallError::Problem(json(&self.body)?))
        }
    }
}

fn json<R: DeserializeOwned>(bytes: &[u8]) -> Result<R, CallError> {
    serde_json::from_slice(bytes).map_err(|_| CallError::Untrusted)
}

/// An answer as it came.
pub(super) struct Raw {
    status: StatusCode,
    media_type: Option<HeaderValue>,
    body: Bytes,
}

impl Raw {
    fn is(&self, media_type: &str) -> bool {
        self.media_type.as_ref().is_some_and(|it| it == media_type)
    }

    /// In the open: good, or a problem.
    pub(super) fn open(&self) -> Result<Answer, CallError> {
        if self.status != StatusCode::OK && !self.is(PROBLEM) {
            return Err(CallError::Untrusted);
        }
        Ok(Answer {
            status: self.status.as_u16(),
            body: Zeroizing::new(self.body.to_vec()),
        })
    }

    fn problem(&self) -> Result<Problem, CallError> {
        if self.status == StatusCode::OK || !self.is(PROBLEM) {
            return Err(CallError::Untrusted);
        }
        json(&self.body)
    }
}

impl Link {
    pub(super) async fn connect(config: &ServerConfig, tls: Tls) -> Result<Self, CallError> {
        let name = ServerName::try_from(config.server_name.clone());
        let name = name.map_err(|_| CallError::Untrusted)?;
        let stream = config.way.connect(&config.address).await;
        let stream = stream.map_err(|_| CallError::Unreachable)?;
        // Where the system refuses, requests are late but right.
        let _ = stream.set_nodelay(true);
        let stream = TlsConnector::from(Arc::clone(&tls.files.config))
            .connect(name, stream)
            .await;
        let stream = stream.map_err(|error| of_tls(&error).unwrap_or(CallError::Unreachable))?;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default().to_vec();
        let own = chain.first().ok_or(CallError::Untrusted)?;
        if Identity::of(own).as_ref() != Ok(&config.expect) {
            return Err(CallError::Untrusted);
        }
        let exporter = session.export_keying_material([0; 32], EXPORTER_LABEL, None);
        let exporter = Array::new(exporter.map_err(|_| CallError::Untrusted)?);
        let until = remaining(&chain);
        let (sender, connection) = http1::Builder::new()
            .max_headers(HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| CallError::Unreachable)?;
        let now = Instant::now();
        Ok(Self {
            sender,
            connection: Some(Box::pin(connection)),
            until: now.checked_add(until).unwrap_or(now),
            exporter,
            recipient: None,
            since: now,
            chain,
            tls,
        })
    }

    pub(super) const fn exporter(&self) -> &Array<32> {
        &self.exporter
    }

    /// Itself, if it may be used under what was read last: still open, with our certificate of now, and the server's
    /// still verifies.
    pub(super) fn under(mut self, config: &ServerConfig, tls: &Tls) -> Option<Self> {
        if self.tls.generation != tls.generation {
            let name = ServerName::try_from(config.server_name.as_str()).ok()?;
            let (own, rest) = self.chain.split_first()?;
            let verifier = &tls.files.verifier;
            let verified = verifier.verify_server_cert(own, rest, &name, &[], UnixTime::now());
            if verified.is_err() || self.tls.files.own != tls.files.own {
                return None;
            }
            self.tls = tls.clone();
        }
        self.is_open().then_some(self)
    }

    /// Whether it can be called on, as far as what arrived meanwhile tells.
    pub(super) fn is_open(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && !self.sender.is_closed() && Instant::now() < self.until
    }

    /// Whether its server certainly holds a key that is known here.
    pub(super) fn has_recipient(&self) -> bool {
        self.recipient.is_some() && self.since.elapsed() < RECIPIENT
    }

    /// Moves what can be moved.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            // What goes wrong, the call hears.
            && connection.as_mut().poll(cx).is_ready()
        {
            self.connection = None;
        }
    }

    pub(super) async fn call(
        &mut self,
        client: &Inner,
        call: &Call<'_>,
    ) -> Result<Answer, Failure> {
        let Some(json) = &call.sealed else {
            let raw = self
                .exchange(&client.config, &call.method, call.path, None)
                .await?;
            return Ok(raw.open()?);
        };
        let mut repeated = false;
        loop {
            match self.sealed(client, call, json).await? {
                Err(problem) if problem.code == ProblemCode::RecipientKeyUnknown && !repeated => {
                    repeated = true;
                    self.recipient = None;
                }
                Err(problem) => return Err(CallError::Problem(problem).into()),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    /// Asks for the key to seal to.
    pub(super) async fn fetch_recipient(&mut self, client: &Inner) -> Result<Recipient, Failure> {
        let raw = self
            .exchange(&client.config, &Method::GET, RECIPIENT_PATH, None)
            .await?;
        let recipient: Recipient = raw.open()?.parse()?;
        self.since = Instant::now();
        Ok(self.recipient.insert(recipient).clone())
    }

    /// Sealed there and back, or a problem in the open from before the request was opened.
    async fn sealed(
        &mut self,
        client: &Inner,
        call: &Call<'_>,
        json: &[u8],
    ) -> Result<Result<Answer, Problem>, Failure> {
        let recipient = match &self.recipient {
            Some(recipient) => recipient.clone(),
            None => self.fetch_recipient(client).await?,
        };
        let binding = Binding {
            method: call.method.as_str(),
            path: call.path,
            client: &client.urn,
            exporter: &self.exporter,
        };
        let sealed = seal_request(&recipient, &binding, json);
        let (body, opener) = sealed.map_err(|_| CallError::Untrusted)?;
        let raw = self
            .exchange(
                &client.config,
                &call.method,
                call.path,
                Some((SEALED, body)),
            )
            .await?;
        if raw.status != StatusCode::OK || !raw.is(SEALED) {
            return Ok(Err(raw.problem()?));
        }
        let (status, body) = opener.open(&raw.body).map_err(|_| CallError::Untrusted)?;
        Ok(Ok(Answer { status, body }))
    }

    /// One request, with a body of this media type or none, and what came back.
    pub(super) async fn exchange(
        &mut self,
        config: &ServerConfig,
        method: &Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<Raw, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &config.server_name);
        let mut bytes = Vec::new();
        if let Some((media_type, body)) = body {
            request = request.header(header::CONTENT_TYPE, media_type);
            bytes = body;
        }
        let request = request.body(Full::new(bytes.into()));
        let request =
            request.expect("paths are constants, and the server's name made a connection");
        let body_bytes = config.body_bytes;
        let until = self.until;
        let mut answering = pin!(ask(&mut self.sender, request, body_bytes));
        let connection = &mut self.connection;
        let answered = poll_fn(|cx| {
            loop {
                if let Poll::Ready(answered) = answering.as_mut().poll(cx) {
                    return Poll::Ready(answered);
                }
                let Some(moving) = connection else {
                    // Over, and the answer has heard of it.
                    return answering.as_mut().poll(cx);
                };
                if moving.as_mut().poll(cx).is_ready() {
                    *connection = None;
                    continue;
                }
                return answering.as_mut().poll(cx);
            }
        });
        let answered = timeout_at(until, answered).await;
        answered.map_err(|_| Failure::Call(CallError::Unreachable))?
    }
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    body_bytes: usize,
) -> Result<Raw, Failure> {
    let ready = sender.ready().await;
    ready.map_err(|_| Failure::NotSent)?;
    let response = sender.try_send_request(request).await;
    let response = response.map_err(|mut error| match error.take_message() {
        Some(_) => Failure::NotSent,
        None => Failure::Call(lost(error.error())),
    })?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, body_bytes).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => CallError::Untrusted,
        false => CallError::Unreachable,
    });
    let body = body?.to_bytes();
    Ok(Raw {
        status: head.status,
        media_type: head.headers.get(header::CONTENT_TYPE).cloned(),
        body,
    })
}

/// Under TLS 1.3 a server refuses a client's certificate only after the client is done: its alert meets the first request.
fn lost(error: &hyper::Error) -> CallError {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause.and_then(of_tls).unwrap_or(CallError::Unreachable)
}

fn of_tls(error: &io::Error) -> Option<CallError> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::AlertReceived(_) => Some(Problem::from(ProblemCode::TerminalRefused).into()),
        _ => Some(CallError::Untrusted),
    }
}

#[cfg(test)]
mod tests;
