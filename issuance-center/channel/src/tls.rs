//! From PEM files to rustls: TLS 1.3 only, aws-lc-rs, no tickets, no resumption, no early data, no key log.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::{Resumption, WebPkiServerVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};
use serde::{Deserialize, Deserializer};

use crate::secret_file::{self, Unread};

mod apps;

use apps::ByRole;
pub(crate) use apps::UNDER_ANOTHER_ROOT;

/// Own certificate and key, and whom to believe. All PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Own certificate, then its intermediates.
    pub certificate: PathBuf,
    /// Its private key, PKCS#8.
    pub key: PathBuf,
    /// Roots that the other side's certificate must lead to.
    pub roots: PathBuf,
    /// Revocation lists of every issuer below those roots; an expired one refuses.
    pub revocations: PathBuf,
}

/// Whom to believe. All PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustFiles {
    /// Roots that the other side's certificate must lead to.
    pub roots: PathBuf,
    /// Revocation lists of every issuer below those roots; an expired one refuses.
    pub revocations: PathBuf,
}

impl TrustFiles {
    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.roots, &mut self.revocations] {
            *path = folder.join(&*path);
        }
    }
}

/// Certificate and key of a listener that anybody may talk to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFiles {
    /// Own certificate, then its intermediates.
    pub certificate: PathBuf,
    /// Its private key, PKCS#8.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        for path in [
            &mut self.certificate,
            &mut self.key,
            &mut self.roots,
            &mut self.revocations,
        ] {
            *path = folder.join(&*path);
        }
    }
}

impl PublicFiles {
    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.certificate, &mut self.key] {
            *path = folder.join(&*path);
        }
    }
}

/// The files cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Own certificate: missing, not PEM, or empty.
    #[error("certificate file unusable")]
    Certificate,
    /// Own key: missing, not PEM, or not the certificate's.
    #[error("key file unusable, or not the certificate's key")]
    Key,
    /// Others than its owner may read or write the own key.
    #[error("key file open to others than its owner (chmod 600)")]
    Exposed,
    /// Roots: missing, not PEM, empty, or not certificates.
    #[error("roots file unusable")]
    Roots,
    /// Revocation lists: missing, not PEM, empty, or not lists.
    #[error("revocation lists unusable")]
    Revocations,
    /// Roots of apps: missing, not PEM, empty, or not certificates.
    #[error("roots of apps unusable")]
    Apps,
    /// Own certificate names nobody we know.
    #[error("own certificate has no identity")]
    Identity,
}

/// What a TLS listener works with at one time.
#[derive(Clone)]
pub(crate) struct ServerTls {
    pub(crate) config: Arc<ServerConfig>,
    /// The verifier within `config`, for looking at open connections again; none on a public listener.
    pub(crate) verifier: Option<Arc<dyn ClientCertVerifier>>,
}

/// A listener that demands certificates: an app's under these roots of apps, all others' under the roots of the files.
pub(crate) fn mutual_server(files: &TlsFiles, apps: Option<&Path>) -> Result<ServerTls, LoadError> {
    let (roots, lists) = (roots(&files.roots)?, revocations(&files.revocations)?);
    let others = WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
        .with_crls(lists)
        .enforce_revocation_expiration()
        .build()
        .map_err(|_| LoadError::Revocations)?;
    let apps = apps.map(apps_roots).transpose()?;
    let verifier: Arc<dyn ClientCertVerifier> = Arc::new(ByRole::new(others, apps)?);
    let config = server(&files.certificate, &files.key, Arc::clone(&verifier))?;
    Ok(ServerTls {
        config,
        verifier: Some(verifier),
    })
}

/// A listener that anybody may talk to.
pub(crate) fn public_server(files: &PublicFiles) -> Result<ServerTls, LoadError> {
    let anybody = WebPkiClientVerifier::no_client_auth();
    let config = server(&files.certificate, &files.key, anybody)?;
    Ok(ServerTls {
        config,
        verifier: None,
    })
}

/// What a client works with at one time.
#[derive(Clone)]
pub(crate) struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
    /// The verifier within `config`, for looking at open connections again.
    pub(crate) verifier: Arc<WebPkiServerVerifier>,
    /// Own certificate and its intermediates; none of whoever has none.
    pub(crate) own: Arc<[CertificateDer<'static>]>,
}

/// What a client shows of itself.
pub(crate) enum Own<'a> {
    /// What files say.
    Files(&'a PublicFiles),
    /// A certificate whose key somebody else keeps.
    Held(&'a Arc<CertifiedKey>),
    /// Nothing.
    Nobody,
}

/// A client of our services.
pub(crate) fn client(trust: &TrustFiles, own: Own<'_>) -> Result<ClientTls, LoadError> {
    let (roots, lists) = (roots(&trust.roots)?, revocations(&trust.revocations)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider())
        .with_crls(lists)
        .enforce_revocation_expiration()
        .build()
        .map_err(|_| LoadError::Revocations)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has suites of TLS 1.3")
        .with_webpki_verifier(Arc::clone(&verifier));
    let (mut config, own) = match own {
        Own::Files(files) => {
            let (chain, key) = (chain(&files.certificate)?, key(&files.key)?);
            let own = chain.clone();
            let config = config.with_client_auth_cert(chain, key);
            (config.map_err(|_| LoadError::Key)?, own)
        }
        Own::Held(key) => {
            let own = key.cert.clone();
            // What it says of its key is all there is to know: the private half is elsewhere.
            key.keys_match().map_err(|_| LoadError::Key)?;
            let resolver = Arc::new(SingleCertAndKey::from(Arc::clone(key)));
            (config.with_client_cert_resolver(resolver), own)
        }
        Own::Nobody => (config.with_no_client_auth(), Vec::new()),
    };
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(ClientTls {
        config: Arc::new(config),
        verifier,
        own: own.into(),
    })
}

const ALPN: &[u8] = b"http/1.1";

fn server(
    certificate: &Path,
    private_key: &Path,
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<Arc<ServerConfig>, LoadError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has suites of TLS 1.3")
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(certificate)?, key(private_key)?)
        .map_err(|_| LoadError::Key)?;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    all(path).ok_or(LoadError::Certificate)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, LoadError> {
    let pem = secret_file::read(path).map_err(|unread| match unread {
        Unread::Unreadable => LoadError::Key,
        Unread::Exposed => LoadError::Exposed,
    })?;
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| LoadError::Key)
}

fn roots(path: &Path) -> Result<RootCertStore, LoadError> {
    let mut store = RootCertStore::empty();
    for root in all(path).ok_or(LoadError::Roots)? {
        store.add(root).map_err(|_| LoadError::Roots)?;
    }
    Ok(store)
}

fn apps_roots(path: &Path) -> Result<RootCertStore, LoadError> {
    roots(path).map_err(|_| LoadError::Apps)
}

fn revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, LoadError> {
    all(path).ok_or(LoadError::Revocations)
}

/// Every object of a kind in a PEM file; none is as bad as a broken one.
fn all<T: PemObject>(path: &Path) -> Option<Vec<T>> {
    let objects = T::pem_file_iter(path)
        .ok()?
        .collect::<Result<Vec<_>, _>>()
        .ok()?;
    (!objects.is_empty()).then_some(objects)
}

/// Times in configuration files.
pub(crate) fn milliseconds<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    u64::deserialize(input).map(Duration::from_millis)
}
