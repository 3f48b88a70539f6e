//! HTTP on loopback, for the kiosk's own browser alone.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` and the page's files | the same for everybody: nothing of any resident |
//! | `GET /screens` | server-sent events, each a whole [`Screen`](super::screen::Screen) |
//! | `POST /press`, a [`Press`] | 204, or 409 if it was made on another screen |
//! | `POST /alive`, every two seconds while a screen is shown | 204 |
//!
//! Other programs on this machine, and other pages, are kept out: it listens on 127.0.0.1 alone and answers only what calls
//! it by that address (`Host`), so no name that somebody points here leads in; screens and presses need the secret of this
//! start (`Authorization: Bearer`), which comes to the browser in a file that only it can read; what another page sends has another
//! `Origin` or `Sec-Fetch-Site`. Nothing is cached, framed, embedded or fetched from elsewhere.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;
use zeroize::Zeroizing;

use super::assets;
use super::front::Shared;
use super::intent::Press;

/// Connections at the same time; a browser has up to six.
const CONNECTIONS: usize = 24;
/// Longest press, in bytes.
const LONGEST: usize = 256;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_POLICY),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), clipboard-read=()",
    ),
];

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The server of one start.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    door: Arc<Door>,
}

/// Who is let in, and to what.
#[derive(Debug)]
struct Door {
    host: String,
    origin: String,
    secret: Zeroizing<String>,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none, or no randomness.
    pub async fn bind(shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let host = listener.local_addr()?.to_string();
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(random.as_mut_slice()).map_err(io::Error::other)?;
        let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let door = Door {
            origin: format!("http://{host}"),
            host,
            secret: secret.into(),
            shared,
        };
        Ok(Self {
            listener,
            door: Arc::new(door),
        })
    }

    /// Where the page is, with the secret behind the `#`, which a browser sends nobody.
    #[must_use]
    pub fn address(&self) -> Zeroizing<String> {
        format!("{}/#{}", self.door.origin, *self.door.secret).into()
    }

    /// Answers until it is dropped.
    pub async fn serve(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let Ok((stream, peer)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if !peer.ip().is_loopback() {
                continue;
            }
            let door = Arc::clone(&self.door);
            tokio::spawn(async move {
                door.attend(stream).await;
                drop(place);
            });
        }
    }
}

impl Door {
    async fn attend(self: Arc<Self>, stream: TcpStream) {
        // A press is answered at once, and so is a screen.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| {
            let door = Arc::clone(&self);
            async move { Ok::<_, Infallible>(door.answer(request).await) }
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE);
        // A browser that left wants no answer.
        let _ = server.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let mut response = match self.route(request).await {
            Ok(response) => response,
            Err(status) => without_body(status),
        };
        for (name, value) in HEADERS {
            let name = HeaderName::from_static(name);
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Response<Body>, StatusCode> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        self.check_address(&parts.headers)?;
        match (&parts.method, path) {
            (&Method::GET, "/screens") => {
                self.check_secret(&parts.headers)?;
                Ok(self.screens())
            }
            (&Method::POST, "/press") => {
                self.check_page(&parts.headers)?;
                self.press(body).await
            }
            (&Method::POST, "/alive") => {
                self.check_page(&parts.headers)?;
                self.shared.lives();
                Ok(without_body(StatusCode::NO_CONTENT))
            }
            (&Method::GET, _) => {
                let (content, media_type) = assets::find(path).ok_or(StatusCode::NOT_FOUND)?;
                let mut response = Response::new(Full::new(content).boxed_unsync());
                let media_type = HeaderValue::from_static(media_type);
                response.headers_mut().insert(CONTENT_TYPE, media_type);
                Ok(response)
            }
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Nobody gets here by another name, and no other page by any.
    fn check_address(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let host = header(headers, &HOST) == Some(&*self.host);
        let origin = header(headers, &ORIGIN);
        let origin = origin.is_none_or(|origin| origin == self.origin);
        let navigates = headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode == "navigate");
        let site = headers.get("sec-fetch-site");
        let site = navigates || site.is_none_or(|site| site == "same-origin" || site == "none");
        (host && origin && site)
            .then_some(())
            .ok_or(StatusCode::FORBIDDEN)
    }

    fn check_secret(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let given = header(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let is_it =
            given.is_some_and(|given| given.as_bytes().ct_eq(self.secret.as_bytes()).into());
        is_it.then_some(()).ok_or(StatusCode::UNAUTHORIZED)
    }

    /// Only the page itself presses, and says that it lives.
    fn check_page(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        self.check_secret(headers)?;
        let own = header(headers, &ORIGIN) == Some(&*self.origin);
        own.then_some(()).ok_or(StatusCode::FORBIDDEN)
    }

    fn screens(&self) -> Response<Body> {
        let frames = self.shared.screens().map(|screen| Ok(Frame::data(screen)));
        let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
        let media_type = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }

    async fn press(&self, body: Incoming) -> Result<Response<Body>, StatusCode> {
        let body = Limited::new(body, LONGEST).collect();
        let body = tokio::time::timeout(PATIENCE, body).await;
        let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
        let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
        let press: Press = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let status = if self.shared.press(press) {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::CONFLICT
        };
        Ok(without_body(status))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    // Twice is neither.
    values.next().is_none().then_some(value)
}

fn without_body(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
