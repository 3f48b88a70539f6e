//! What a center publishes, fetched: HTTP/1.1 over TLS 1.3, one connection for all of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use issuance_api::{Blob, KeyId};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use verify::{Jwks, RevokedCards};

use super::{CenterConfig, Fetched};

/// For all of it.
const WITHIN: Duration = Duration::from_secs(30);
/// A list of revocations grows for years.
const LIMIT: usize = 32 << 20;
/// CSCAs live for years.
const MOST_LISTS: usize = 16;

/// Why the center's authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// There are none in the file.
    #[error("who may vouch for the center's public listener is not known")]
    Roots,
    /// Its name is no DNS name or IP address.
    #[error("the center's server name is none")]
    Name,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The center does not answer, or is another.
    #[error("the center does not answer")]
    Unreached,
    /// It publishes something that is not what it should be.
    #[error("what the center publishes is not sound")]
    Unsound,
    /// It cannot be written down.
    #[error("what the center publishes cannot be kept")]
    NotKept(#[source] io::Error),
}

/// Where to ask.
pub(super) struct Center {
    address: String,
    host: String,
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Center {
    pub(super) fn new(config: &CenterConfig) -> Result<Self, AuthorityError> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(&config.roots);
        for certificate in certificates.map_err(|_| AuthorityError::Roots)? {
            let certificate = certificate.map_err(|_| AuthorityError::Roots)?;
            roots.add(certificate).map_err(|_| AuthorityError::Roots)?;
        }
        if roots.is_empty() {
            return Err(AuthorityError::Roots);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider has TLS 1.3 suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Nobody is to tell one visit from another by a ticket.
        tls.resumption = rustls::client::Resumption::disabled();
        let name = ServerName::try_from(config.server_name.clone());
        Ok(Self {
            address: config.address.clone(),
            host: config.server_name.clone(),
            name: name.map_err(|_| AuthorityError::Name)?,
            connector: TlsConnector::from(Arc::new(tls)),
        })
    }

    /// All that it publishes, and when the oldest of its lists was: of those that it has none of now, those of before stay.
    pub(super) async fn fetch(
        &self,
        now: i64,
        before: Option<&Fetched>,
    ) -> Result<Fetched, FetchError> {
        let fetched = timeout(WITHIN, self.fetch_all(now, before)).await;
        fetched.map_err(|_| FetchError::Unreached)?
    }

    async fn fetch_all(&self, now: i64, before: Option<&Fetched>) -> Result<Fetched, FetchError> {
        let stream = TcpStream::connect(&self.address).await;
        let stream = stream.map_err(|_| FetchError::Unreached)?;
        let stream = self.connector.connect(self.name.clone(), stream).await;
        let stream = stream.map_err(|_| FetchError::Unreached)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| FetchError::Unreached)?;
        let documents = async move {
            let keys = self.get(&mut sender, "/.well-known/jwks.json").await?;
            let keys = text(keys.ok_or(FetchError::Unreached)?)?;
            let known = Jwks::parse(&keys).map_err(|_| FetchError::Unsound)?;
            let (mut at, mut revoked) = (now, BTreeMap::new());
            // After the keys: they say how new a list has to be.
            for kid in known.kids() {
                let path = format!("/.well-known/crl/{kid}.json");
                let list = self.get(&mut sender, &path).await?.map(text).transpose()?;
                let kid: KeyId = kid.parse().map_err(|_| FetchError::Unsound)?;
                let older = before.and_then(|before| before.last(&kid, list.is_some()));
                // A list of before is as old as it was then.
                if let (None, Some((then, _))) = (&list, older) {
                    at = at.min(then);
                }
                let older = older.map(|(_, older)| older.clone());
                if let Some(list) = newest(list, older)? {
                    revoked.insert(kid, list);
                }
            }
            let csca = self.get(&mut sender, "/.well-known/vdsnc/csca.cer").await?;
            let lists = self
                .get(&mut sender, "/.well-known/vdsnc/csca-lists.pem")
                .await?;
            let mut gone = before.map_or_else(BTreeMap::new, Fetched::all_lists);
            gone.retain(|kid, _| !revoked.contains_key(kid));
            Ok(Fetched {
                at,
                keys,
                revoked,
                gone,
                csca: csca.map(Blob::new),
                csca_lists: lists.map_or(Ok(Vec::new()), |lists| each(&lists))?,
            })
        };
        tokio::pin!(documents);
        // The connection lives as long as there is something to ask; how it is closed then is no matter.
        tokio::select! {
            fetched = &mut documents => fetched,
            _ = connection => documents.await,
        }
    }

    /// A document; nothing if there is none now.
    async fn get(
        &self,
        sender: &mut SendRequest<Empty<Bytes>>,
        path: &str,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let request = Request::get(path)
            .header(header::HOST, &self.host)
            .body(Empty::new())
            .map_err(|_| FetchError::Unsound)?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|_| FetchError::Unreached)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LIMIT).collect().await;
        let body = body.map_err(|_| FetchError::Unreached)?.to_bytes();
        match status {
            StatusCode::OK => Ok(Some(body.into())),
            StatusCode::NOT_FOUND | StatusCode::SERVICE_UNAVAILABLE => Ok(None),
            _ => Err(FetchError::Unreached),
        }
    }
}

impl Fetched {
    /// A key's list and when it was fetched; one of a key that was not published then only to compare another with.
    pub(super) fn last(&self, kid: &KeyId, compared: bool) -> Option<(i64, &String)> {
        let gone = self.gone.get(kid).filter(|_| compared);
        let list = self.revoked.get(kid).or(gone)?;
        Some((self.at, list))
    }

    pub(super) fn all_lists(&self) -> BTreeMap<KeyId, String> {
        let lists = self.gone.iter().chain(&self.revoked);
        lists
            .map(|(kid, list)| (kid.clone(), list.clone()))
            .collect()
    }
}

/// Lists one after the other, PEM: each is verified, so there are few.
pub(super) fn each(lists: &[u8]) -> Result<Vec<Blob>, FetchError> {
    let lists = CertificateRevocationListDer::pem_slice_iter(lists);
    let lists = lists.map(|list| list.map(|list| Blob::new(list.to_vec())));
    let lists = lists.take(MOST_LISTS + 1).collect::<Result<Vec<_>, _>>();
    let few = lists.ok().filter(|lists| lists.len() <= MOST_LISTS);
    few.ok_or(FetchError::Unsound)
}

/// Entries are only ever added to a list: of two, the one that counts further.
pub(super) fn newest(
    fetched: Option<String>,
    before: Option<String>,
) -> Result<Option<String>, FetchError> {
    let (fetched, before) = match (fetched, before) {
        (Some(fetched), Some(before)) => (fetched, before),
        (one, other) => return Ok(one.or(other)),
    };
    let counter = |list: &str| RevokedCards::parse(list).map(|list| list.ctr());
    let new = counter(&fetched).map_err(|_| FetchError::Unsound)?;
    let older = counter(&before).is_ok_and(|old| new < old);
    Ok(Some(if older { before } else { fetched }))
}

fn text(document: Vec<u8>) -> Result<String, FetchError> {
    String::from_utf8(document).map_err(|_| FetchError::Unsound)
}
