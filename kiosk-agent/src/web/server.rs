//! HTTP on loopback, for the kiosk's own browser alone, behind the door that kiosk and app share (`web::door`).
//!
//! | request | answer |
//! |---|---|
//! | `GET /` and the page's files | the same for everybody: nothing of any resident |
//! | `GET /screens` | server-sent events, each a whole [`Screen`](super::screen::Screen) |
//! | `POST /press`, a [`Press`] | 204, or 409 if it was made on another screen |
//! | `POST /alive`, every two seconds while a screen is shown | 204 |
//!
//! Screens and presses need the secret of this start (`Authorization: Bearer`), which comes to the browser in a file that only it can
//! read.

use std::io;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::assets;
use super::door::{self, Address, Body, Door, Entrance, Secret, Site, without_body};
use super::front::Shared;
use super::intent::Press;

/// Longest press, in bytes.
const LONGEST: usize = 256;

/// The server of one start.
pub struct Server {
    door: Door,
    kiosk: Kiosk,
}

/// Who is let in, and to what.
struct Kiosk {
    secret: Secret,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none, or no randomness.
    pub async fn bind(shared: Arc<Shared>) -> io::Result<Self> {
        let door = Door::bind(0).await?;
        let secret = Secret::random()?;
        let kiosk = Kiosk { secret, shared };
        Ok(Self { door, kiosk })
    }

    /// Where the page is entered.
    #[must_use]
    pub fn entrance(&self) -> Entrance {
        self.door.entrance(&self.kiosk.secret)
    }

    /// Answers until it is dropped.
    pub async fn serve(self) {
        self.door.open(Arc::new(self.kiosk)).await;
    }
}

impl Site for Kiosk {
    const POLICIES: [(&str, &str); 2] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
        ),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), clipboard-read=()",
        ),
    ];

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        self.check_secret(headers).is_ok()
    }

    async fn route(
        &self,
        parts: &Parts,
        body: Incoming,
        address: &Address,
    ) -> Result<Response<Body>, StatusCode> {
        let path = parts.uri.path();
        match (&parts.method, path) {
            (&Method::GET, "/screens") => {
                self.check_secret(&parts.headers)?;
                Ok(door::events(self.shared.screens()))
            }
            (&Method::POST, "/press") => {
                self.check_page(&parts.headers, address)?;
                self.press(body).await
            }
            (&Method::POST, "/alive") => {
                self.check_page(&parts.headers, address)?;
                self.shared.lives();
                Ok(without_body(StatusCode::NO_CONTENT))
            }
            (&Method::GET, _) => {
                let (content, media_type) = assets::find(path).ok_or(StatusCode::NOT_FOUND)?;
                Ok(door::content(content, media_type))
            }
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

impl Kiosk {
    fn check_secret(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let is_it = self.secret.is_in(headers);
        is_it.then_some(()).ok_or(StatusCode::UNAUTHORIZED)
    }

    /// Only the page itself presses, and says that it lives.
    fn check_page(&self, headers: &HeaderMap, address: &Address) -> Result<(), StatusCode> {
        self.check_secret(headers)?;
        address.check_page(headers)
    }

    async fn press(&self, body: Incoming) -> Result<Response<Body>, StatusCode> {
        let body = door::read_short(body, LONGEST).await?;
        let press: Press = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let status = if self.shared.press(press) {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::CONFLICT
        };
        Ok(without_body(status))
    }
}

#[cfg(test)]
mod tests;
