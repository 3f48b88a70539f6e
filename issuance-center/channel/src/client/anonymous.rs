//! One connection without a certificate of one's own: to whoever issues one.

use std::fmt;

use http::Method;
use issuance_api::{Array, Problem, ProblemCode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{CallError, ServerConfig, Tls, link::Link};
use crate::{
    JSON, json,
    tls::{self, LoadError, Own},
};

/// A connection to the one server expected, which does not know who is there. Never replaced.
pub struct Anonymous {
    config: ServerConfig,
    link: Link,
}

impl fmt::Debug for Anonymous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anonymous")
            .field("expect", &self.config.expect)
            .finish_non_exhaustive()
    }
}

/// There is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The files cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The server does not answer, or is another.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Anonymous {
    /// Reads the files, and connects.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub async fn connect(config: ServerConfig) -> Result<Self, ConnectError> {
        let tls = Tls {
            files: tls::client(&config.trust, Own::Nobody)?,
            generation: 0,
        };
        let link = timeout(config.deadlines.connect, Link::connect(&config, tls)).await;
        let link = link.map_err(|_| CallError::Unreachable)??;
        Ok(Self { config, link })
    }

    /// 32 bytes of keying material of this connection, the same at the server.
    #[must_use]
    pub const fn exporter(&self) -> &Array<32> {
        self.link.exporter()
    }

    /// `POST` without a body.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post<R: DeserializeOwned>(&mut self, path: &str) -> Result<R, CallError> {
        self.call(path, None).await
    }

    /// `POST` of JSON as it is.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn post_json<T, R>(&mut self, path: &str, body: &T) -> Result<R, CallError>
    where
        T: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        let json = json::write(body).map_err(|_| Problem::from(ProblemCode::InternalError))?;
        self.call(path, Some((JSON, json.to_vec()))).await
    }

    async fn call<R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<R, CallError> {
        let called = self.link.exchange(&self.config, &Method::POST, path, body);
        let raw = timeout(self.config.deadlines.call, called).await;
        let raw = raw.map_err(|_| CallError::Unreachable)?;
        raw.map_err(CallError::from)?.open()?.parse()
    }
}
