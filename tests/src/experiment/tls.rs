//! Connections as somebody makes them who follows no protocol of ours.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::World;

/// With a certificate of the world's `pki`, for its services.
pub(super) fn connector(world: &World, certificate: &str) -> io::Result<TlsConnector> {
    let own = world.ground.path("pki").join(certificate);
    let pem = |_| io::Error::other("no PEM");
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(world.ground.path("pki/services/ca.pem"));
    roots.add(root.map_err(pem)?).map_err(io::Error::other)?;
    let chain = CertificateDer::pem_file_iter(own.with_extension("pem")).map_err(pem)?;
    let chain: Result<Vec<_>, _> = chain.collect();
    let key = PrivateKeyDer::from_pem_file(own.with_extension("key")).map_err(pem)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.map_err(pem)?, key)
        .map_err(io::Error::other)?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The handshake.
pub(super) async fn handshake(
    tls: &TlsConnector,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    tls.connect(name, stream).await
}

/// Whether what is at this address shows the certificate that lies in the world's `pki/services` just now.
pub(super) async fn shows(
    world: &World,
    tls: &TlsConnector,
    address: &str,
    service: &str,
) -> io::Result<bool> {
    let file = world.ground.path("pki/services").join(service);
    let own = CertificateDer::from_pem_file(file.with_extension("pem"));
    let own = own.map_err(|_| io::Error::other("no PEM"))?;
    let shown = handshake(tls, TcpStream::connect(address).await?).await?;
    let shown = shown.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(shown.first() == Some(&own))
}
