//! Health and metrics, on loopback.
//!
//! `/health` is 200 while certificates can be signed, else 503:
//! `{"signing":…,"revocations":…,"unpublished":…,"abroad_days":…}`. A list that VRS has not told yet is said, and does not make
//! the center ill; nor do days that run out, which are an event too. Nor do revocations under a key that is not published
//! (`unpublished`: how many), an alarm in the log: any center of one VRS can register under any key, and must not end the others.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use issuance_channel::server::{Event as ListenerEvent, OpenService};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{metrics::Metrics, public::Published, reports::Reports, signing::Signing};

/// The admin listener's service.
pub struct Admin {
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Whether it still signs.
    pub signing: Arc<Signing>,
    /// Whether there is a revocation list.
    pub published: Arc<Published>,
    /// What happens on the way.
    pub reports: Reports,
}

#[derive(Serialize)]
struct Health {
    signing: bool,
    revocations: bool,
    unpublished: usize,
    /// Days for which certificates for abroad can be signed; left out where none are issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    abroad_days: Option<i64>,
}

impl Admin {
    fn answer(&self, method: &Method, path: &str) -> Response<Bytes> {
        match (method.as_str(), path) {
            ("GET", "/health") => {
                let health = Health {
                    signing: !self.signing.is_stopped(),
                    revocations: self.published.has_list(),
                    unpublished: self.published.unpublished(),
                    abroad_days: self
                        .signing
                        .barcodes()
                        .map(|signers| signers.days_left(OffsetDateTime::now_utc())),
                };
                let status = if health.signing {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                };
                let json = serde_json::to_vec(&health).expect("health has only string keys");
                reply(status, "application/json", json.into())
            }
            ("GET", "/metrics") => {
                let text = self.metrics.render(self.signing.is_stopped());
                reply(StatusCode::OK, "text/plain; version=0.0.4", text.into())
            }
            _ => reply(StatusCode::NOT_FOUND, "text/plain", Bytes::new()),
        }
    }
}

fn reply(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, media_type)
        .body(body)
        .expect("the headers are constants")
}

impl OpenService for Admin {
    async fn handle(&self, method: &Method, path: &str) -> Response<Bytes> {
        self.answer(method, path)
    }

    fn event(&self, event: ListenerEvent) {
        self.reports.report(event);
    }
}
