//! A small web page on loopback that handles the emulator: cards to put on the two slots, faults, tries left, and the trace.
//!
//! It is a client of the [control socket](crate::control) and can do nothing that `hw-sim` on the command line cannot. Recording
//! is left out: what goes through a browser is headers, lengths and status words, never data and never a PIN.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `/panel.css`, `/panel.js`, `/icon.svg` | the page, the same for everybody |
//! | `POST /control`, a control [`Request`] | the reply lines as a JSON array |
//! | `GET /trace` | server-sent events: those of the slots' traces as JSON with the number of the slot, from the beginning |
//!
//! Other programs on this machine, and other pages in the browser, are kept out:
//! - It listens on 127.0.0.1 alone, and answers only what calls it by that address (`Host`), so no name that somebody points
//!   here is of use.
//! - Everything but the page itself takes a secret, made anew at each start, as a bearer token. It is in the fragment of the
//!   address that is printed, which a browser sends nowhere.
//! - What has an `Origin` must have this one, a POST must have one, and there is no CORS. The page loads nothing from anywhere else and may not
//!   be framed.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::control::{Request, call};
use http::{Incoming, Malformed, Patient, Response};
use stream::Traces;

mod http;
mod stream;

/// Connections at the same time; a browser has up to six.
const CONNECTIONS: usize = 32;
/// How many of them may follow the trace: one for each page that is open.
const STREAMS: usize = 16;
/// How long a client may take to say all that it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the page is made of.
const ASSETS: [(&str, &str, &str); 4] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("panel/index.html"),
    ),
    (
        "/panel.css",
        "text/css; charset=utf-8",
        include_str!("panel/panel.css"),
    ),
    (
        "/panel.js",
        "text/javascript; charset=utf-8",
        include_str!("panel/panel.js"),
    ),
    ("/icon.svg", "image/svg+xml", include_str!("panel/icon.svg")),
];

/// The page's server. It ends with the process.
#[derive(Debug)]
pub struct Panel {
    listener: TcpListener,
    desk: Arc<Desk>,
}

struct Desk {
    /// `127.0.0.1:PORT`.
    host: String,
    secret: String,
    socket: PathBuf,
    connections: AtomicUsize,
    streams: AtomicUsize,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({})", self.host)
    }
}

impl Panel {
    /// A page for the emulator behind this control socket, on a port of loopback; 0 is one that is free.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn bind(port: u16, socket: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let secret = (0..32).map(|_| format!("{:02x}", rand::random::<u8>()));
        let desk = Desk {
            host: listener.local_addr()?.to_string(),
            secret: secret.collect(),
            socket: socket.to_owned(),
            connections: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
        };
        Ok(Self {
            listener,
            desk: Arc::new(desk),
        })
    }

    /// Where a browser finds it, secret included.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}/#{}", self.desk.host, self.desk.secret)
    }

    /// Answers in the background, each connection on a thread of its own.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(&self) -> io::Result<()> {
        let (listener, desk) = (self.listener.try_clone()?, Arc::clone(&self.desk));
        thread::Builder::new().name("panel".into()).spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Counted here and not on the thread, which begins when it likes.
                if !is_one_of(CONNECTIONS, &desk.connections) {
                    continue;
                }
                let desk = Arc::clone(&desk);
                thread::spawn(move || {
                    let _counted = Counted(&desk.connections);
                    // A client that left does not want an answer.
                    let _ = desk.serve(&stream);
                });
            }
        })?;
        Ok(())
    }
}

impl Desk {
    /// One request a connection: there are few, and nothing has to be told apart.
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        let peer_is_local =
            matches!(stream.peer_addr()?, SocketAddr::V4(peer) if peer.ip().is_loopback());
        let response = match Incoming::read(&mut BufReader::new(Patient::of(stream, PATIENCE))) {
            Ok(request) if peer_is_local => match self.route(&request) {
                Route::Answer(response) => response,
                Route::Follow => return self.follow(stream),
            },
            Ok(_) => Response::status(403),
            Err(Malformed::TooLong) => Response::status(413),
            Err(Malformed::Syntax) => Response::status(400),
            Err(Malformed::Gone(error)) => return Err(error),
        };
        response.write(stream)
    }

    fn route(&self, request: &Incoming) -> Route {
        if request.header("host") != Some(self.host.as_str()) {
            return Response::status(403).into();
        }
        let origin = request.header("origin");
        if origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(&self.host)) {
            return Response::status(403).into();
        }
        let asset = ASSETS.iter().find(|(path, ..)| *path == request.path);
        match (request.method.as_str(), asset) {
            ("GET", Some((_, kind, content))) => return Response::asset(kind, content).into(),
            (_, Some(_)) => return Response::status(405).into(),
            _ => {}
        }
        if !self.is_told_the_secret(request) {
            return Response::status(401).into();
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/control") if origin.is_none() => Response::status(403).into(),
            ("POST", "/control") => self.control(&request.body).into(),
            ("GET", "/trace") => Route::Follow,
            _ => Response::status(404).into(),
        }
    }

    fn is_told_the_secret(&self, request: &Incoming) -> bool {
        let told = request.header("authorization").unwrap_or_default();
        let told = told.strip_prefix("Bearer ").unwrap_or_default();
        // In constant time: other programs of this machine can measure it.
        let differs = |(a, b): (u8, u8)| a ^ b;
        told.len() == self.secret.len()
            && told
                .bytes()
                .zip(self.secret.bytes())
                .map(differs)
                .fold(0, |all, one| all | one)
                == 0
    }

    fn control(&self, body: &[u8]) -> Response {
        let request = match serde_json::from_slice(body) {
            // What would not end, or would bring data.
            Ok(Request::Record { .. } | Request::Trace { .. }) => return Response::status(403),
            Ok(request) => request,
            Err(_) => return Response::status(400),
        };
        let replies: io::Result<Vec<_>> = call(&self.socket, &request).and_then(Iterator::collect);
        match replies
            .ok()
            .and_then(|replies| serde_json::to_string(&replies).ok())
        {
            Some(json) => Response::json(&json),
            // No emulator behind the socket.
            None => Response::status(502),
        }
    }

    fn follow(&self, mut stream: &TcpStream) -> io::Result<()> {
        if !is_one_of(STREAMS, &self.streams) {
            return Response::status(503).write(stream);
        }
        let _counted = Counted(&self.streams);
        let Ok(traces) = Traces::follow(&self.socket) else {
            return Response::status(502).write(stream);
        };
        stream.write_all(Response::event_stream().as_bytes())?;
        traces.hand_to(stream)
    }
}

/// Counts one more, where there are not so many yet.
fn is_one_of(most: usize, counted: &AtomicUsize) -> bool {
    let one_more = |count| (count < most).then_some(count + 1);
    counted
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
        .is_ok()
}

/// One that is counted, until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Route {
    Answer(Response),
    Follow,
}

impl From<Response> for Route {
    fn from(response: Response) -> Self {
        Self::Answer(response)
    }
}
