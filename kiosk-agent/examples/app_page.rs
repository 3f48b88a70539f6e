//! The app's page alone, for whoever looks at screens that hardly ever come about: the real page, no app behind it.
//!
//! The first line on standard output says where the page is. Then each line on standard input is carried out, and answered by
//! `{"shown":true}`: `{"screen":{…}}` shows a screen (`docs/app.md`; a serial is given to it), `{"opens":"new"}` says what opens the
//! door from then on. Whatever is given as a passphrase opens it; presses and pictures go nowhere.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use terminal::web::assets;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;

/// As the app's, so that what it forbids shows here already.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

type Body = UnsyncBoxBody<Bytes, Infallible>;

struct Site {
    opens: Mutex<String>,
    screen: watch::Sender<Bytes>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    say(&json!({"page": format!("http://{}/#start", listener.local_addr()?)}))?;
    let (screen, _) = watch::channel(event(&json!({"screen": "working", "language": "ja"}), 0));
    let opens = Mutex::new("passphrase".to_owned());
    let site = Arc::new(Site { opens, screen });
    let served = Arc::clone(&site);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(attend(Arc::clone(&served), stream));
        }
    });
    let orders = tokio::task::spawn_blocking(move || {
        for (number, line) in io::stdin().lock().lines().enumerate() {
            carry_out(&site, &serde_json::from_str(&line?)?, number + 1)?;
            say(&json!({"shown": true}))?;
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    });
    orders.await?.map_err(|error| error.to_string())?;
    Ok(())
}

fn say(what: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{what}")
}

fn carry_out(
    site: &Site,
    order: &Value,
    number: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let Some(opens) = order["opens"].as_str() {
        opens.clone_into(&mut site.opens.lock().unwrap_or_else(PoisonError::into_inner));
    } else if order["screen"].is_object() {
        site.screen.send_replace(event(&order["screen"], number));
    } else {
        return Err("neither a screen nor what opens".into());
    }
    Ok(())
}

fn event(screen: &Value, serial: usize) -> Bytes {
    let mut screen = screen.clone();
    screen["serial"] = serial.into();
    format!("data: {screen}\n\n").into()
}

async fn attend(site: Arc<Site>, stream: TcpStream) {
    let service = service_fn(move |request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move {
            let (head, body) = request.into_parts();
            // A connection that is closed with something unread in it is reset, and the answer may be lost.
            let _ = body.collect().await;
            let request = Request::from_parts(head, ());
            let mut response = site.answer(&request);
            let policy = HeaderValue::from_static(POLICY);
            response
                .headers_mut()
                .insert(CONTENT_SECURITY_POLICY, policy);
            Ok::<_, Infallible>(response)
        }
    });
    // A browser that left wants no answer.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Site {
    fn answer(&self, request: &Request<()>) -> Response<Body> {
        let json = |value: Value| content(value.to_string().into(), "application/json");
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/door") => {
                let opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
                json(json!({"opens": *opens}))
            }
            (&Method::POST, "/unlock") => json(json!({"secret": "let in"})),
            (&Method::GET, "/screens") => {
                let screens = WatchStream::new(self.screen.subscribe());
                let frames = screens.map(|screen| Ok(Frame::data(screen)));
                let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
                let media_type = HeaderValue::from_static("text/event-stream");
                response.headers_mut().insert(CONTENT_TYPE, media_type);
                response
            }
            (&Method::GET, path) => assets::find_app(path).map_or_else(
                || status(StatusCode::NOT_FOUND),
                |(file, media_type)| content(file, media_type),
            ),
            _ => status(StatusCode::NO_CONTENT),
        }
    }
}

fn content(body: Bytes, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}
