//! What anybody may read: public keys and revocation lists, never taken down.
//!
//! | path | what |
//! |---|---|
//! | `/.well-known/jwks.json` | every published key: current, coming, former |
//! | `/.well-known/crl/{kid}.json` | `{kid, method: "rid", ctr, rids}` |
//!
//! Both with CORS, since verifiers are web pages. Until VRS told its revocations for the first time there is no list (503)
//! and no `crlVersion`: an empty list would be a statement.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use issuance_api::{Array, KeyId, registry::Revocations};
use issuance_channel::server::{Event as ListenerEvent, OpenService};
use serde::Serialize;

use crate::{
    event::{Event, Events, Listener},
    registry::Registry,
    signing::{Jwks, PublicKey, RidSecret},
};

/// Keys and lists as published.
pub struct Published {
    keys: Vec<PublicKey>,
    rids: Arc<RidSecret>,
    list: RwLock<Option<Revocations>>,
}

/// A revocation list of the SMART Health Cards framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevocationList {
    kid: KeyId,
    method: &'static str,
    ctr: u64,
    rids: Vec<Array<12>>,
}

impl Published {
    /// These keys, without a list yet.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>, rids: Arc<RidSecret>) -> Self {
        Self {
            keys,
            rids,
            list: RwLock::default(),
        }
    }

    /// Fetches the revocations. A failure, or a list that lost entries, leaves what is published as it is.
    pub async fn poll(&self, registry: &impl Registry, events: &dyn Events) {
        let Ok(fetched) = registry.revocations().await else {
            return events.note(Event::RevocationsUnavailable);
        };
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let before = list.as_ref().map(|list| list.counter);
        if before.is_some_and(|before| fetched.counter < before) {
            return events.note(Event::RevocationsShrunk);
        }
        if before != Some(fetched.counter) {
            events.note(Event::RevocationsPublished {
                counter: fetched.counter,
            });
        }
        *list = Some(fetched);
    }

    /// Whether there is a list.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.counter().is_some()
    }

    /// The keys.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        let counter = self.counter();
        Jwks {
            keys: self.keys.iter().map(|key| key.jwk(counter)).collect(),
        }
    }

    /// A published key's list, sorted, so that the order tells nothing; nothing while VRS did not answer yet.
    #[must_use]
    pub fn list(&self, kid: &KeyId) -> Option<RevocationList> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let list = list.as_ref()?;
        let of_key = list.revoked.iter().filter(|revoked| revoked.kid == *kid);
        let mut rids: Vec<_> = of_key
            .map(|revoked| self.rids.rid(kid, &revoked.certificate_id))
            .collect();
        rids.sort();
        Some(RevocationList {
            kid: kid.clone(),
            method: "rid",
            ctr: list.counter,
            rids,
        })
    }

    fn counter(&self) -> Option<u64> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.as_ref().map(|list| list.counter)
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Bytes> {
        if method != Method::GET {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        match path.strip_prefix("/.well-known/") {
            Some("jwks.json") => json(&self.jwks()),
            Some(rest) => {
                let kid = rest
                    .strip_prefix("crl/")
                    .and_then(|rest| rest.strip_suffix(".json"));
                let key = self.keys.iter().find(|key| Some(key.kid().as_str()) == kid);
                match key.map(|key| self.list(key.kid())) {
                    Some(Some(list)) => json(&list),
                    Some(None) => empty(StatusCode::SERVICE_UNAVAILABLE),
                    None => empty(StatusCode::NOT_FOUND),
                }
            }
            None => empty(StatusCode::NOT_FOUND),
        }
    }
}

fn json(value: &impl Serialize) -> Response<Bytes> {
    let json = serde_json::to_vec(value).expect("keys and lists have only string keys");
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(header::CACHE_CONTROL, "public, max-age=300")
        .body(json.into())
        .expect("the headers are constants")
}

fn empty(status: StatusCode) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .body(Bytes::new())
        .expect("the headers are constants")
}

/// The public listener's service.
pub struct Public {
    /// What is published.
    pub published: Arc<Published>,
    /// Where events go.
    pub events: Arc<dyn Events>,
}

impl OpenService for Public {
    async fn handle(&self, method: &Method, path: &str) -> Response<Bytes> {
        self.published.answer(method, path)
    }

    fn event(&self, event: ListenerEvent) {
        self.events.note(Event::Listener {
            listener: Listener::Public,
            what: event.into(),
        });
    }
}
