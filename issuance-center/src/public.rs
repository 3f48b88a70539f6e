//! What anybody may read: public keys and revocation lists, never taken down.
//!
//! | path | what |
//! |---|---|
//! | `/.well-known/jwks.json` | every published key: current, coming, former |
//! | `/.well-known/crl/{kid}.json` | `{kid, method: "rid", ctr, rids}` |
//! | `/.well-known/vdsnc/csca.cer`, `csca.crl` | CSCA and its revocation list, DER |
//! | `/.well-known/vdsnc/csca-lists.pem` | that list and those of CSCAs before this one, one after the other |
//! | `/.well-known/vdsnc/signers.pem` | every barcode signer's certificate |
//! | `/.well-known/shomei/build.json` | `{program, version, sha256}`: which build this center says it runs |
//!
//! All with CORS, since verifiers are web pages. Until VRS told its revocations for the first time there is no list (503)
//! and no `crlVersion`: an empty list would be a statement.
//!
//! ```text
//! ctr = crlVersion = 1 + entries of the list
//! ```
//! Entries are only ever added, so the same counter means the same list, whichever center answers and whatever was
//! restarted meanwhile (SMART Health Cards, "Revocation": verifiers keep a list until its counter differs).

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use issuance_api::{BuildId, KeyId};
use issuance_channel::server::{Event as ListenerEvent, OpenService};
use serde::Serialize;

use crate::{
    reports::Reports,
    revocations::{Lists, Rids},
    signing::{BarcodeSigners, Jwks, PublicKey},
};

/// Keys and lists as published: made when they change, and handed out as they are.
pub struct Published {
    keys: Vec<PublicKey>,
    build: Bytes,
    ready: RwLock<Ready>,
    barcodes: RwLock<Option<Barcodes>>,
}

/// Certificates and list of barcode signers, ready to be sent.
struct Barcodes {
    csca: Bytes,
    list: Bytes,
    lists: Bytes,
    signers: Bytes,
}

/// The documents, ready to be sent.
struct Ready {
    jwks: Bytes,
    /// Each published key's.
    lists: Option<BTreeMap<KeyId, Bytes>>,
    /// In all lists, those of other keys too.
    entries: usize,
    /// Of them, those of keys that are not published: nobody can fetch these.
    unpublished: usize,
}

/// Which build runs ([`issuance_channel::build`]).
#[derive(Serialize)]
struct Build<'a> {
    program: &'static str,
    version: &'static str,
    sha256: &'a BuildId,
}

/// A revocation list of the SMART Health Cards framework.
#[derive(Serialize)]
struct RevocationList<'a> {
    kid: &'a KeyId,
    method: &'static str,
    ctr: usize,
    rids: &'a Rids,
}

impl Published {
    /// These keys, without a list yet, of a center of this build.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>, build: &BuildId) -> Self {
        let ready = Ready {
            jwks: jwks(&keys, None),
            lists: None,
            entries: 0,
            unpublished: 0,
        };
        let build = bytes(&Build {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            sha256: build,
        });
        Self {
            keys,
            build,
            ready: RwLock::new(ready),
            barcodes: RwLock::default(),
        }
    }

    /// Publishes what verifiers of certificates for abroad need, in place of what was before.
    pub fn publish_barcodes(&self, signers: &BarcodeSigners) {
        let all = signers.signers().iter();
        let barcodes = Barcodes {
            csca: signers.csca().der().to_vec().into(),
            list: signers.list().der().to_vec().into(),
            lists: signers.all_lists().into(),
            signers: all
                .map(|signer| signer.certificate().pem())
                .collect::<String>()
                .into(),
        };
        *self
            .barcodes
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(barcodes);
    }

    fn barcodes(&self, file: &str) -> Option<(&'static str, Bytes)> {
        let published = self.barcodes.read().unwrap_or_else(PoisonError::into_inner);
        let barcodes = published.as_ref()?;
        match file {
            "csca.cer" => Some(("application/pkix-cert", barcodes.csca.clone())),
            "csca.crl" => Some(("application/pkix-crl", barcodes.list.clone())),
            "csca-lists.pem" => Some(("application/x-pem-file", barcodes.lists.clone())),
            "signers.pem" => Some((
                "application/pem-certificate-chain",
                barcodes.signers.clone(),
            )),
            _ => None,
        }
    }

    /// Publishes these lists in place of those before. Takes as long as they are: not for a thread that serves connections.
    pub fn publish(&self, lists: &Lists) {
        let none = Rids::new();
        let of_keys = self.keys.iter().map(|key| {
            let rids = lists.get(key.kid()).unwrap_or(&none);
            let list = RevocationList {
                kid: key.kid(),
                method: "rid",
                ctr: counter(rids),
                rids,
            };
            (key.kid().clone(), bytes(&list))
        });
        let of_others = lists
            .iter()
            .filter(|(kid, _)| !self.keys.iter().any(|key| key.kid() == *kid));
        let ready = Ready {
            jwks: jwks(&self.keys, Some(lists)),
            lists: Some(of_keys.collect()),
            entries: lists.values().map(Rids::len).sum(),
            unpublished: of_others.map(|(_, rids)| rids.len()).sum(),
        };
        *self.ready.write().unwrap_or_else(PoisonError::into_inner) = ready;
    }

    /// Whether there is a list.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.read().lists.is_some()
    }

    /// Entries of all lists, those of keys that are not published too; nothing while there is none.
    #[must_use]
    pub fn entries(&self) -> Option<usize> {
        let ready = self.read();
        ready.lists.as_ref().map(|_| ready.entries)
    }

    /// Revocations whose key is not among the published: certificates that everybody takes for good.
    #[must_use]
    pub fn unpublished(&self) -> usize {
        self.read().unpublished
    }

    fn read(&self) -> RwLockReadGuard<'_, Ready> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Bytes> {
        if method != Method::GET {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        match path.strip_prefix("/.well-known/") {
            Some("jwks.json") => json(self.read().jwks.clone()),
            Some("shomei/build.json") => json(self.build.clone()),
            Some(rest) if rest.starts_with("vdsnc/") => {
                let file = rest
                    .strip_prefix("vdsnc/")
                    .and_then(|file| self.barcodes(file));
                file.map_or_else(
                    || empty(StatusCode::NOT_FOUND),
                    |(media_type, document)| public(media_type, document),
                )
            }
            Some(rest) => {
                let kid = rest
                    .strip_prefix("crl/")
                    .and_then(|rest| rest.strip_suffix(".json"));
                let key = self.keys.iter().find(|key| Some(key.kid().as_str()) == kid);
                let ready = self.read();
                match (key, &ready.lists) {
                    (None, _) => empty(StatusCode::NOT_FOUND),
                    (Some(_), None) => empty(StatusCode::SERVICE_UNAVAILABLE),
                    (Some(key), Some(lists)) => match lists.get(key.kid()) {
                        Some(list) => json(list.clone()),
                        None => empty(StatusCode::NOT_FOUND),
                    },
                }
            }
            None => empty(StatusCode::NOT_FOUND),
        }
    }
}

fn jwks(keys: &[PublicKey], lists: Option<&Lists>) -> Bytes {
    let version = |key: &PublicKey| Some(lists?.get(key.kid()).map_or(1, counter));
    let keys = keys.iter().map(|key| key.jwk(version(key)));
    bytes(&Jwks {
        keys: keys.collect(),
    })
}

fn counter(rids: &Rids) -> usize {
    1 + rids.len()
}

fn bytes(document: &impl Serialize) -> Bytes {
    let json = serde_json::to_vec(document).expect("keys and lists have only string keys");
    json.into()
}

fn json(document: Bytes) -> Response<Bytes> {
    public("application/json", document)
}

fn public(media_type: &'static str, document: Bytes) -> Response<Bytes> {
    Response::builder()
        .header(header::CONTENT_TYPE, media_type)
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(header::CACHE_CONTROL, "public, max-age=300")
        .body(document)
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
    /// What happens on the way.
    pub reports: Reports,
}

impl OpenService for Public {
    async fn handle(&self, method: &Method, path: &str) -> Response<Bytes> {
        self.published.answer(method, path)
    }

    fn event(&self, event: ListenerEvent) {
        self.reports.report(event);
    }
}

#[cfg(test)]
mod tests {
    use issuance_api::Array;

    use super::*;
    use crate::testing::{build, published_key};

    #[test]
    fn documents_are_made_when_lists_change_and_not_when_somebody_asks() {
        let (one, other) = (published_key(), published_key());
        let published = Published::new(vec![one.clone(), other.clone()], &build());
        let path = format!("/.well-known/crl/{}.json", one.kid());
        let get = |path: &str| published.answer(&Method::GET, path);
        assert_eq!(
            get(&path).status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "no list is no statement"
        );
        let rids = Rids::from([Array::new([2; 12]), Array::new([1; 12])]);
        published.publish(&Lists::from([(one.kid().clone(), rids)]));
        let list: serde_json::Value = serde_json::from_slice(get(&path).body()).unwrap();
        let expected = serde_json::json!({
            "kid": one.kid(),
            "method": "rid",
            "ctr": 3,
            "rids": ["AQEBAQEBAQEBAQEB", "AgICAgICAgICAgIC"],
        });
        assert_eq!(list, expected);
        let keys = get("/.well-known/jwks.json").into_body();
        let keys: serde_json::Value = serde_json::from_slice(&keys).unwrap();
        let versions = [&keys["keys"][0], &keys["keys"][1]].map(|key| key["crlVersion"].as_u64());
        assert_eq!(versions, [Some(3), Some(1)]);
        for path in [path.as_str(), "/.well-known/jwks.json"] {
            // The same memory: nothing was put together for either.
            assert_eq!(get(path).body().as_ptr(), get(path).body().as_ptr());
        }
    }

    #[test]
    fn web_pages_may_read_keys_and_nothing_else_is_there() {
        let key = published_key();
        let published = Published::new(vec![key.clone()], &build());
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
