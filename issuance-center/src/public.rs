//! What anybody may read: public keys and revocation lists, never taken down.
//!
//! | path | what |
//! |---|---|
//! | `/.well-known/jwks.json` | every published key: current, coming, former |
//! | `/.well-known/crl/{kid}.json` | `{kid, method: "rid", ctr, rids}` |
//!
//! Both with CORS, since verifiers are web pages. Until VRS told its revocations for the first time there is no list (503)
//! and no `crlVersion`: an empty list would be a statement.
//!
//! ```text
//! ctr = crlVersion = 1 + entries of the list
//! ```
//! Entries are only ever added, so the same counter means the same list, whichever center answers and whatever was
//! restarted meanwhile (SMART Health Cards, "Revocation": verifiers keep a list until its counter differs).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use issuance_api::{Array, KeyId};
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
    lists: RwLock<Option<Lists>>,
}

/// Each key's revocation ids; sorted, so that their order tells nothing.
type Lists = BTreeMap<KeyId, BTreeSet<Array<12>>>;

/// A revocation list of the SMART Health Cards framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevocationList {
    kid: KeyId,
    method: &'static str,
    ctr: usize,
    rids: BTreeSet<Array<12>>,
}

impl Published {
    /// These keys, without a list yet.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>, rids: Arc<RidSecret>) -> Self {
        Self {
            keys,
            rids,
            lists: RwLock::default(),
        }
    }

    /// Fetches the revocations. A failure, or a list that lost entries, leaves what is published as it is.
    pub async fn poll(&self, registry: &impl Registry, events: &dyn Events) {
        let Ok(fetched) = registry.revocations().await else {
            return events.note(Event::RevocationsUnavailable);
        };
        let mut fresh = Lists::new();
        for revoked in fetched.revoked {
            let rid = self.rids.rid(&revoked.kid, &revoked.certificate_id);
            fresh.entry(revoked.kid).or_default().insert(rid);
        }
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        let kept = |(kid, rids): (&KeyId, &BTreeSet<_>)| {
            fresh.get(kid).is_some_and(|fresh| rids.is_subset(fresh))
        };
        if !lists.iter().flatten().all(kept) {
            return events.note(Event::RevocationsShrunk);
        }
        if lists.as_ref() != Some(&fresh) {
            let count = fresh.values().map(BTreeSet::len).sum();
            events.note(Event::RevocationsPublished { count });
        }
        *lists = Some(fresh);
    }

    /// Whether there is a list.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.read().is_some()
    }

    /// The keys.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        let keys = self.keys.iter();
        Jwks {
            keys: keys
                .map(|key| key.jwk(self.list(key.kid()).map(|list| list.ctr)))
                .collect(),
        }
    }

    /// A published key's list; nothing while VRS did not answer yet.
    #[must_use]
    pub fn list(&self, kid: &KeyId) -> Option<RevocationList> {
        let lists = self.read();
        let rids = lists.as_ref()?.get(kid).cloned().unwrap_or_default();
        Some(RevocationList {
            kid: kid.clone(),
            method: "rid",
            ctr: 1 + rids.len(),
            rids,
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Lists>> {
        self.lists.read().unwrap_or_else(PoisonError::into_inner)
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
            what: event,
        });
    }
}

#[cfg(test)]
mod tests {
    use issuance_api::{
        CertificateId, ProblemCode,
        registry::{Revocations, Revoked},
    };

    use super::*;
    use crate::{
        registry::Answer,
        signing::{KeyFile, Signer},
        testing::Notes,
    };

    /// A VRS that knows revocations only.
    struct Revoker(Answer<Revocations>);

    macro_rules! unasked {
        ($($step:ident $request:ident $answer:ident,)*) => {
            $(async fn $step(
                &self,
                _: &issuance_api::registry::$request,
            ) -> Answer<issuance_api::registry::$answer> {
                Err(ProblemCode::RecordsUnavailable)
            })*
        };
    }

    impl Registry for Revoker {
        async fn nonce(&self) -> Answer<issuance_api::registry::Nonce> {
            Err(ProblemCode::RecordsUnavailable)
        }
        unasked! {
            evidence EvidenceRequest Ticket,
            inquiry InquiryRequest Finding,
            register RegisterRequest Receipt,
            delivered DeliveredRequest DeliveredAnswer,
        }
        async fn revocations(&self) -> Answer<Revocations> {
            self.0.clone()
        }
    }

    fn key() -> PublicKey {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        KeyFile::create(&path, card::trust::Environment::Emulator).unwrap();
        KeyFile::load(&path).unwrap().public().clone()
    }

    #[tokio::test]
    async fn lists_are_by_key_and_neither_a_failure_nor_a_shorter_list_takes_one_down() {
        let (one, other) = (key(), key());
        let rids = Arc::new(RidSecret::from_bytes(&[1; 32]));
        let published = Published::new(vec![one.clone(), other.clone()], Arc::clone(&rids));
        let notes = Notes::default();
        let path = format!("/.well-known/crl/{}.json", one.kid());
        let status = || published.answer(&Method::GET, &path).status();

        let down = Revoker(Err(ProblemCode::RecordsUnavailable));
        published.poll(&down, &notes).await;
        assert_eq!(
            status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "no list is no statement"
        );

        let id = |byte| CertificateId::from_mac(&[byte; 32]);
        let revoked = |byte, key: &PublicKey| Revoked {
            certificate_id: id(byte),
            kid: key.kid().clone(),
        };
        let list = |revoked: Vec<Revoked>| Revoker(Ok(Revocations { revoked }));
        let counters = || [&one, &other].map(|key| published.list(key.kid()).unwrap().ctr);
        published.poll(&list(Vec::new()), &notes).await;
        assert_eq!(counters(), [1, 1]);
        let three = list(vec![revoked(1, &one), revoked(2, &one), revoked(3, &other)]);
        published.poll(&three, &notes).await;
        published.poll(&three, &notes).await;
        // Fewer, and as many but others.
        published.poll(&list(vec![revoked(1, &one)]), &notes).await;
        let others = list(vec![revoked(1, &one), revoked(4, &one), revoked(3, &other)]);
        published.poll(&others, &notes).await;
        published.poll(&down, &notes).await;

        assert_eq!(status(), StatusCode::OK);
        let expected = [1, 2].map(|byte| rids.rid(one.kid(), &id(byte)));
        let of_one = published.list(one.kid()).unwrap();
        assert_eq!(of_one.rids, expected.into());
        assert_eq!(counters(), [3, 2]);
        let versions = published
            .jwks()
            .keys
            .into_iter()
            .map(|key| serde_json::to_value(key).unwrap()["crlVersion"].as_u64());
        assert_eq!(versions.collect::<Vec<_>>(), [Some(3), Some(2)]);
        assert_eq!(
            notes.all(),
            [
                Event::RevocationsUnavailable,
                Event::RevocationsPublished { count: 0 },
                Event::RevocationsPublished { count: 3 },
                Event::RevocationsShrunk,
                Event::RevocationsShrunk,
                Event::RevocationsUnavailable
            ]
        );
    }

    #[tokio::test]
    async fn web_pages_may_read_keys_and_nothing_else_is_there() {
        let key = key();
        let rids = Arc::new(RidSecret::from_bytes(&[1; 32]));
        let published = Published::new(vec![key.clone()], rids);
        let answer = published.answer(&Method::GET, "/.well-known/jwks.json");
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let text = std::str::from_utf8(answer.body()).unwrap();
        assert!(text.starts_with(&format!(r#"{{"keys":[{{"kty":"EC","kid":"{}""#, key.kid())));
        assert!(!text.contains("crlVersion") && !text.contains("\"d\""));

        let status = |method, path| published.answer(&method, path).status();
        assert_eq!(
            status(Method::POST, "/.well-known/jwks.json"),
            StatusCode::METHOD_NOT_ALLOWED
        );
        for path in ["/", "/.well-known/crl/x.json", "/.well-known/", "/v1/menu"] {
            assert_eq!(status(Method::GET, path), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
