//! HTTP on loopback, for the app's own page alone, behind the door that kiosk and app share (`web::door`). `docs/app.md` lists the requests.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use issuance_api::problem::Language;
use serde::Deserialize;
use serde_json::json;
use sight::sheet;
use zeroize::{Zeroize, Zeroizing};

use super::desk::Content;
use super::front::{Knock, NotTaken, Refusal, Shared};
use super::intent::Press;
use super::porter::{Opens, Place};
use crate::text::home;
use crate::web::assets;
use crate::web::door::{self, Address, Body, Door, Entrance, Secret, Site, header, without_body};

/// Longest press, and longest passphrase with what is around it, in bytes.
const LONGEST: usize = 4096;
/// Largest picture, in bytes.
pub(super) const LARGEST: usize = 16 << 20;
/// How long a picture may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

const SCREEN: HeaderName = HeaderName::from_static("screen-serial");
const PICTURE: HeaderName = HeaderName::from_static("picture");

/// The server of one start.
pub struct Server {
    door: Door,
    app: App,
}

struct App {
    /// Of whoever started the program.
    start: Secret,
    place: Place,
    shared: Arc<Shared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unlock {
    passphrase: Option<String>,
    language: Option<Language>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    old: String,
    new: String,
}

impl Server {
    /// Listens on this port, or, where it is 0, on a free one.
    ///
    /// # Errors
    /// If it is not free, or there is no randomness.
    pub async fn bind(port: u16, place: Place, shared: Arc<Shared>) -> io::Result<Self> {
        let door = Door::bind(port).await?;
        let start = Secret::random()?;
        let app = App {
            start,
            place,
            shared,
        };
        Ok(Self { door, app })
    }

    /// Where the page is entered by whoever started the program.
    #[must_use]
    pub fn entrance(&self) -> Entrance {
        self.door.entrance(&self.app.start)
    }

    /// Where the page is, without a secret.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.door.origin()
    }

    /// Answers until it is dropped.
    pub async fn serve(self) {
        self.door.open(Arc::new(self.app)).await;
    }
}

impl Site for App {
    const POLICIES: [(&str, &str); 2] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
        ),
        (
            "permissions-policy",
            "camera=(self), microphone=(), geolocation=(), usb=(), serial=(), hid=(), clipboard-read=()",
        ),
    ];

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        self.check_secret(headers).is_ok() || self.start.is_in(headers)
    }

    async fn route(
        &self,
        parts: &Parts,
        body: Incoming,
        address: &Address,
    ) -> Result<Response<Body>, StatusCode> {
        let headers = &parts.headers;
        let path = parts.uri.path();
        match (&parts.method, path) {
            (&Method::GET, "/door") => self.opens(),
            (&Method::POST, "/unlock") => {
                address.check_page(headers)?;
                self.unlock(headers, body).await
            }
            (&Method::GET, "/screens") => {
                self.check_secret(headers)?;
                let screens = self.shared.screens();
                Ok(door::events(screens.ok_or(StatusCode::UNAUTHORIZED)?))
            }
            (&Method::POST, "/press") => {
                self.check_page(headers, address)?;
                self.press(body).await
            }
            (&Method::POST, "/passphrase") => {
                self.check_page(headers, address)?;
                self.change(body).await
            }
            (&Method::POST, "/picture") => {
                self.check_page(headers, address)?;
                self.picture(headers, body).await
            }
            (&Method::GET, "/export/page.pdf") => {
                self.check_secret(headers)?;
                self.shared.touch();
                let opened = self.shared.opened().ok_or(StatusCode::CONFLICT)?;
                let page = Bytes::copy_from_slice(opened.page());
                Ok(door::content(page, "application/pdf"))
            }
            (&Method::GET, "/export/page.png") => {
                self.check_secret(headers)?;
                self.shared.touch();
                self.image().await
            }
            (&Method::GET, _) => {
                let (content, media_type) = assets::find_app(path).ok_or(StatusCode::NOT_FOUND)?;
                let mut response = door::content(content, media_type);
                // On its way out a page leaves the browser's process that showed certificates: one with another opener policy may not
                // share it.
                if path == "/out.html" {
                    let policy = HeaderValue::from_static("unsafe-none");
                    let headers = response.headers_mut();
                    headers.insert("cross-origin-opener-policy", policy);
                }
                Ok(response)
            }
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

impl App {
    fn check_secret(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let is_it = self.shared.is_let_in(|secret| secret.is_in(headers));
        is_it.then_some(()).ok_or(StatusCode::UNAUTHORIZED)
    }

    /// Only the page itself does something here.
    fn check_page(&self, headers: &HeaderMap, address: &Address) -> Result<(), StatusCode> {
        self.check_secret(headers)?;
        address.check_page(headers)
    }

    fn opens(&self) -> Result<Response<Body>, StatusCode> {
        let opens = self.place.opens();
        let opens = match opens.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)? {
            Opens::New => "new",
            Opens::Passphrase => "passphrase",
            Opens::Key => "key",
        };
        Ok(json(&json!({ "opens": opens })))
    }

    async fn unlock(
        &self,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Response<Body>, StatusCode> {
        let body = door::read_short(body, LONGEST).await?;
        let unlock: Unlock = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let unlocked = self.shared.knock(|reply| Knock::Unlock {
            passphrase: unlock.passphrase.map(Zeroizing::new),
            started: self.start.is_in(headers),
            language: unlock.language,
            reply,
        });
        Ok(match unlocked.await {
            Ok(secret) => json(&json!({ "secret": secret.expose().as_str() })),
            Err(refusal) => refused(refusal),
        })
    }

    /// What a page sends that was let in, as long as it is: of half a picture nothing is held once it is locked.
    async fn sent(
        &self,
        body: impl Future<Output = Result<Bytes, StatusCode>>,
    ) -> Result<Bytes, StatusCode> {
        tokio::select! {
            body = body => body,
            () = self.shared.until_left() => Err(StatusCode::UNAUTHORIZED),
        }
    }

    async fn change(&self, body: Incoming) -> Result<Response<Body>, StatusCode> {
        let body = self.sent(door::read_short(body, LONGEST)).await?;
        let Change { old, new } =
            serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        self.shared.touch();
        let changed = self.shared.knock(|reply| Knock::Change {
            old: Zeroizing::new(old),
            new: Zeroizing::new(new),
            reply,
        });
        Ok(match changed.await {
            Ok(()) => without_body(StatusCode::NO_CONTENT),
            Err(refusal) => refused(refusal),
        })
    }

    async fn press(&self, body: Incoming) -> Result<Response<Body>, StatusCode> {
        let body = self.sent(door::read_short(body, LONGEST)).await?;
        let press: Press = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let status = if self.shared.press(press) {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::CONFLICT
        };
        Ok(without_body(status))
    }

    async fn picture(
        &self,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Response<Body>, StatusCode> {
        let serial = header(headers, &SCREEN).and_then(|serial| serial.parse().ok());
        let serial = serial.ok_or(StatusCode::BAD_REQUEST)?;
        let is_text = header(headers, &CONTENT_TYPE)
            .is_some_and(|media_type| media_type.starts_with("text/plain"));
        let is_frame = header(headers, &PICTURE) == Some("frame");
        let body = self.sent(door::read(body, LARGEST, PATIENCE)).await?;
        let content = content(body, is_text).ok_or(StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
        let taken = self.shared.picture(serial, content, is_frame);
        let became = taken.map_err(|not_taken| match not_taken {
            NotTaken::Other => StatusCode::CONFLICT,
            NotTaken::NotThis => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            NotTaken::Busy => StatusCode::TOO_MANY_REQUESTS,
        })?;
        let Some(became) = became else {
            return Ok(without_body(StatusCode::NO_CONTENT));
        };
        // Where nobody says, another screen stands there.
        match became.await.map_err(|_| StatusCode::CONFLICT)? {
            Ok(()) => Ok(without_body(StatusCode::NO_CONTENT)),
            Err(code) => {
                let advice = home::advice(code, self.shared.language());
                let mut response = json(&json!({ "code": code.as_str(), "advice": advice }));
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                Ok(response)
            }
        }
    }

    async fn image(&self) -> Result<Response<Body>, StatusCode> {
        let opened = self.shared.opened().ok_or(StatusCode::CONFLICT)?;
        let image = tokio::task::spawn_blocking(move || sheet::picture(opened.page()));
        let image = image.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        let mut image = image.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok(door::content(std::mem::take(&mut *image), "image/png"))
    }
}

/// What it is by its first bytes.
fn content(body: Bytes, is_text: bool) -> Option<Content> {
    if is_text {
        let mut text = Vec::from(body);
        return match String::from_utf8(std::mem::take(&mut text)) {
            Ok(text) => Some(Content::Text(Zeroizing::new(text))),
            Err(wrong) => {
                wrong.into_bytes().zeroize();
                None
            }
        };
    }
    if body.starts_with(b"\xff\xd8\xff") || body.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Content::Picture(body))
    } else if body.starts_with(b"%PDF-") {
        Some(Content::Document(body))
    } else {
        None
    }
}

fn refused(refusal: Refusal) -> Response<Body> {
    let status = match refusal {
        Refusal::Wrong => StatusCode::UNAUTHORIZED,
        Refusal::NotStarter => StatusCode::FORBIDDEN,
        Refusal::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = without_body(status);
    if let Refusal::Wait(wait) = refusal {
        let seconds = wait.as_millis().div_ceil(1000);
        if let Ok(seconds) = seconds.to_string().parse() {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
    }
    response
}

fn json(value: &serde_json::Value) -> Response<Body> {
    door::content(value.to_string(), "application/json")
}
