//! What an applicant needs of a connection to a center.

use issuance_api::{Array, PersonalBytes};
use issuance_channel::Identity;
use issuance_channel::client::{CallError, Client, Pinned};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A terminal's way to a center: over mutual TLS, or as a function in a simulation.
pub trait Link: Clone + Send + Sync {
    /// A connection over it.
    type Line: Line;

    /// The terminal's URN.
    fn urn(&self) -> String;

    /// A connection for the caller alone.
    fn line(&self) -> impl Future<Output = Result<Self::Line, CallError>> + Send;
}

/// A connection to a center.
pub trait Line: Send {
    /// 32 bytes of keying material, the same at the center.
    fn exporter(&self) -> &Array<32>;

    /// `POST` without a body.
    fn post<R: DeserializeOwned>(
        &mut self,
        path: &str,
    ) -> impl Future<Output = Result<R, CallError>> + Send;

    /// `POST`, sealed both ways.
    fn post_sealed<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> impl Future<Output = Result<R, CallError>> + Send;

    /// The same, for an answer with bytes attached.
    fn post_sealed_for_bytes<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> impl Future<Output = Result<(R, PersonalBytes), CallError>> + Send;
}

impl Link for Client {
    type Line = Pinned;

    fn urn(&self) -> String {
        match self.identity() {
            Identity::Terminal(urn) => urn.to_string(),
            other => other.to_string(),
        }
    }

    async fn line(&self) -> Result<Pinned, CallError> {
        self.pinned().await
    }
}

impl Line for Pinned {
    fn exporter(&self) -> &Array<32> {
        Self::exporter(self)
    }

    async fn post<R: DeserializeOwned>(&mut self, path: &str) -> Result<R, CallError> {
        Self::post(self, path).await
    }

    async fn post_sealed<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<R, CallError> {
        Self::post_sealed(self, path, body).await
    }

    async fn post_sealed_for_bytes<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<(R, PersonalBytes), CallError> {
        Self::post_sealed_for_bytes(self, path, body).await
    }
}
