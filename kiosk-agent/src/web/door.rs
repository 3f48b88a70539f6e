//! The door to a page on this machine: HTTP on loopback, for its own page alone. What is behind it is a [`Site`].
//!
//! Other programs on this machine, and other pages, are kept out: it listens on 127.0.0.1 alone and answers only what calls
//! it by that address (`Host`), so no name that somebody points here leads in; what another page sends has another `Origin` or
//! `Sec-Fetch-Site`; what is not the same for everybody needs a [`Secret`] (`Authorization: Bearer`). Nothing is cached, framed,
//! embedded or fetched from elsewhere.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use issuance_channel::stack;
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_stream::{Stream, StreamExt};
use zeroize::Zeroizing;

/// Connections at the same time; a browser has up to six. Whoever else on this machine opens more closes the oldest of those that the page's
/// secret did not come by: nobody keeps the page out by holding connections.
const CONNECTIONS: usize = 24;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
];

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What is behind a door.
pub(crate) trait Site: Send + Sync + 'static {
    /// `Content-Security-Policy` and `Permissions-Policy` of everything here.
    const POLICIES: [(&str, &str); 2];

    /// Whether a request comes from the page, by its secret: its connection is not closed to make room.
    fn lets_in(&self, headers: &HeaderMap) -> bool;

    /// Answers what came to the right address.
    fn route(
        &self,
        parts: &Parts,
        body: Incoming,
        address: &Address,
    ) -> impl Future<Output = Result<Response<Body>, StatusCode>> + Send;
}

/// Where the page is.
#[derive(Debug)]
pub(crate) struct Address {
    port: u16,
    host: String,
    origin: String,
}

/// A door that is not opened yet.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    address: Address,
}

/// Bytes of a [`Secret`].
const SECRET: usize = 32;

/// What lets a page in: random bytes, and as a page has them hexadecimal digits.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<[u8; SECRET]>);

/// Where a page is entered: `http://127.0.0.1:PORT/#` and the secret's digits, which a browser sends nobody. A port and a secret are all there is to
/// it, so whatever they are it leads to this machine and has no other character in it.
#[derive(Clone, Debug)]
pub struct Entrance {
    port: u16,
    secret: Secret,
}

impl Entrance {
    /// So long it is between processes.
    pub(crate) const LENGTH: usize = 2 + SECRET;

    /// Of the port's two bytes and the secret's. There are none that are not one.
    pub(crate) fn of(bytes: &[u8; Self::LENGTH]) -> Self {
        let [first, second, secret @ ..] = bytes;
        Self {
            port: u16::from_be_bytes([*first, *second]),
            secret: Secret(Zeroizing::new(*secret)),
        }
    }

    /// As [`of`](Self::of) takes them.
    pub(crate) fn bytes(&self) -> Zeroizing<[u8; Self::LENGTH]> {
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        let (port, secret) = bytes.split_at_mut(2);
        port.copy_from_slice(&self.port.to_be_bytes());
        secret.copy_from_slice(self.secret.0.as_slice());
        bytes
    }

    /// What a browser is opened on.
    #[must_use]
    pub fn address(&self) -> Zeroizing<String> {
        let origin = origin(self.port);
        format!("{origin}/#{}", self.secret.expose().as_str()).into()
    }
}

/// Of a page at this port.
fn origin(port: u16) -> String {
    format!("http://{}", host(port))
}

fn host(port: u16) -> String {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).to_string()
}

impl Secret {
    /// A fresh one.
    ///
    /// # Errors
    /// If there is no randomness.
    pub(crate) fn random() -> io::Result<Self> {
        let mut random = Zeroizing::new([0; SECRET]);
        getrandom::fill(random.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self(random))
    }

    /// The digits.
    pub(crate) fn expose(&self) -> Zeroizing<String> {
        // Room for all of them, so that growing leaves no copy behind.
        let mut digits = Zeroizing::new(String::with_capacity(2 * SECRET));
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 0xF] {
                digits.extend(char::from_digit(digit.into(), 16));
            }
        }
        digits
    }

    /// Whether it comes with a request.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = header(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        given.is_some_and(|given| given.as_bytes().ct_eq(self.expose().as_bytes()).into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Door {
    /// Listens on this port, or, where it is 0, on a free one.
    ///
    /// # Errors
    /// If it is not free.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        let address = Address {
            port,
            host: host(port),
            origin: origin(port),
        };
        Ok(Self { listener, address })
    }

    /// Where the page is entered by whoever has this.
    pub(crate) fn entrance(&self, secret: &Secret) -> Entrance {
        Entrance {
            port: self.address.port,
            secret: secret.clone(),
        }
    }

    /// Where the page is, without a secret.
    pub(crate) fn origin(&self) -> &str {
        &self.address.origin
    }

    /// Answers until it is dropped.
    pub(crate) async fn open(self, site: Arc<impl Site>) {
        let address = Arc::new(self.address);
        let mut held: Vec<Held> = Vec::with_capacity(CONNECTIONS);
        loop {
            let Ok((stream, peer)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if !peer.ip().is_loopback() {
                continue;
            }
            held.retain(|connection| !connection.task.is_finished());
            if held.len() >= CONNECTIONS {
                let strange = |connection: &Held| !connection.let_in.load(Ordering::Relaxed);
                let Some(oldest) = held.iter().position(strange) else {
                    continue;
                };
                held.remove(oldest).task.abort();
            }
            let (site, address) = (Arc::clone(&site), Arc::clone(&address));
            let let_in = Arc::new(AtomicBool::new(false));
            let attended = attend(site, address, stream, Arc::clone(&let_in));
            let task = tokio::spawn(stack::wiped(attended));
            let task = task.abort_handle();
            held.push(Held { let_in, task });
        }
    }
}

/// A connection.
struct Held {
    /// Whether the page's secret came by it.
    let_in: Arc<AtomicBool>,
    task: AbortHandle,
}

async fn attend(
    site: Arc<impl Site>,
    address: Arc<Address>,
    stream: TcpStream,
    let_in: Arc<AtomicBool>,
) {
    // A press is answered at once, and so is a screen.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (site, address) = (Arc::clone(&site), Arc::clone(&address));
        // Its page's files come by the same connection, without it; and so does the passphrase that opens it once more.
        if address.check(request.headers()).is_ok() && site.lets_in(request.headers()) {
            let_in.store(true, Ordering::Relaxed);
        }
        async move { Ok::<_, Infallible>(answer(&*site, &address, request).await) }
    });
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    // A browser that left wants no answer.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer<S: Site>(
    site: &S,
    address: &Address,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let answered = match address.check(&parts.headers) {
        Ok(()) => site.route(&parts, body, address).await,
        Err(status) => Err(status),
    };
    let mut response = answered.unwrap_or_else(without_body);
    for (name, value) in S::POLICIES.into_iter().chain(HEADERS) {
        let name = HeaderName::from_static(name);
        // Who says otherwise has a reason.
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

impl Address {
    /// Nobody gets here by another name, and no other page by any.
    fn check(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
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

    /// Only the page itself does something here.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check_page(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let own = header(headers, &ORIGIN) == Some(&*self.origin);
        own.then_some(()).ok_or(StatusCode::FORBIDDEN)
    }
}

/// A header that is there once: twice is neither.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// A body of so many bytes at most, that comes in time.
///
/// # Errors
/// 408, 413.
pub(crate) async fn read(
    body: Incoming,
    longest: usize,
    patience: Duration,
) -> Result<Bytes, StatusCode> {
    let body = Limited::new(body, longest).collect();
    let body = tokio::time::timeout(patience, body).await;
    let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
    Ok(body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes())
}

/// A short one, as a press is.
///
/// # Errors
/// 408, 413.
pub(crate) async fn read_short(body: Incoming, longest: usize) -> Result<Bytes, StatusCode> {
    read(body, longest, PATIENCE).await
}

pub(crate) fn without_body(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

pub(crate) fn content(content: impl Into<Bytes>, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(content.into()).boxed_unsync());
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Screens, as server-sent events.
pub(crate) fn events(screens: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let frames = screens.map(|screen| Ok(Frame::data(screen)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let media_type = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn whatever_an_entrance_is_made_of_it_leads_to_this_machine_and_is_digits() {
        let text = *b"\0P\"><script src=//elsewhere.local>";
        let mut bytes = [0; Entrance::LENGTH];
        for filled in [[0; Entrance::LENGTH], [0xFF; Entrance::LENGTH], text] {
            bytes.copy_from_slice(&filled);
            let entrance = Entrance::of(&bytes);
            let address = entrance.address();
            let rest = address.strip_prefix("http://127.0.0.1:").unwrap();
            let (port, digits) = rest.split_once("/#").unwrap();
            assert_eq!(port.parse(), Ok(u16::from_be_bytes([bytes[0], bytes[1]])));
            let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
            assert!(
                digits.len() == 64 && digits.bytes().all(is_digit),
                "{digits}"
            );
            assert_eq!(*entrance.bytes(), bytes);
        }
    }

    #[tokio::test]
    async fn a_door_is_entered_where_its_entrance_leads() {
        let secret = Secret::random().unwrap();
        let door = Door::bind(0).await.unwrap();
        let entrance = door.entrance(&secret);
        let address = format!("{}/#{}", door.origin(), secret.expose().as_str());
        assert_eq!(*entrance.address(), address);
        assert_eq!(*Entrance::of(&entrance.bytes()).address(), address);
    }

    struct Hall(Secret);

    impl Site for Hall {
        const POLICIES: [(&str, &str); 2] = [
            ("content-security-policy", "default-src 'none'"),
            ("permissions-policy", "camera=()"),
        ];

        fn lets_in(&self, headers: &HeaderMap) -> bool {
            self.0.is_in(headers)
        }

        async fn route(
            &self,
            _: &Parts,
            _: Incoming,
            _: &Address,
        ) -> Result<Response<Body>, StatusCode> {
            Ok(without_body(StatusCode::NO_CONTENT))
        }
    }

    /// Asks by this connection, and says whether it was answered.
    async fn asks(stream: &mut TcpStream, host: &str, secret: &str) -> bool {
        let request =
            format!("GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n");
        let mut answer = [0; 12];
        stream.write_all(request.as_bytes()).await.is_ok()
            && stream.read_exact(&mut answer).await.is_ok()
            && answer.starts_with(b"HTTP/1.1 204")
            && {
                let mut rest = [0; 4096];
                stream.read(&mut rest).await.is_ok()
            }
    }

    #[tokio::test]
    async fn whoever_holds_connections_keeps_nobody_out() {
        let secret = Secret::random().unwrap();
        let door = Door::bind(0).await.unwrap();
        let host = door.address.host.clone();
        let open = tokio::spawn(door.open(Arc::new(Hall(secret.clone()))));
        let connect = || TcpStream::connect(&host);
        let mut page = connect().await.unwrap();
        assert!(asks(&mut page, &host, &secret.expose()).await);
        assert!(asks(&mut page, &host, "").await);
        // Somebody who guesses is as strange as who says nothing.
        let mut stranger = connect().await.unwrap();
        assert!(asks(&mut stranger, &host, &"0".repeat(64)).await);
        let mut silent = Vec::new();
        for _ in 0..3 * CONNECTIONS {
            silent.push(connect().await.unwrap());
        }
        let answered = async {
            let mut next = connect().await.unwrap();
            asks(&mut next, &host, "").await
        };
        let soon = tokio::time::timeout(PATIENCE / 2, answered).await;
        assert_eq!(soon, Ok(true), "the next one need not wait");
        assert!(asks(&mut page, &host, "").await, "it stays");
        assert!(asks(&mut page, &host, &secret.expose()).await);
        assert!(!asks(&mut stranger, &host, "").await, "it had to go");
        open.abort();
    }
}
