//! What a client is told.

use std::{io, path::Path, time::Duration};

use serde::Deserialize;

use super::Way;
use crate::{
    Identity,
    tls::{self, PublicFiles, TlsFiles, TrustFiles},
};

/// Whom to talk to, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `host:port`.
    pub address: String,
    /// Where that leads; looked up for every connection until it is [fixed](Self::fix_address).
    #[serde(skip)]
    pub way: Way,
    /// The DNS name or IP address that the server's certificate must hold.
    pub server_name: String,
    /// The URN that the server's certificate must hold, `urn:shomei:center:…` or `urn:shomei:vrs:…`.
    pub expect: Identity,
    /// Own certificate and key; root and revocation lists of services.
    pub tls: TlsFiles,
    /// Connections at the same time. One fits a terminal.
    #[serde(default = "one")]
    pub connections: usize,
    /// Bytes of an answer's body, as sent.
    #[serde(default = "four_mebibytes")]
    pub body_bytes: usize,
    /// Deadlines.
    #[serde(default)]
    pub deadlines: Deadlines,
}

const fn one() -> usize {
    1
}

const fn four_mebibytes() -> usize {
    4 * 1024 * 1024
}

impl Config {
    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.resolve(folder);
    }

    /// Looks the address up, for good: no name server decides later where requests go, and none has to be asked.
    ///
    /// # Errors
    /// If it leads nowhere.
    pub fn fix_address(&mut self) -> io::Result<()> {
        self.way = Way::fixed(&self.address)?;
        Ok(())
    }
}

/// Deadlines of a client. In a file they are whole milliseconds, `connect_ms = 5000`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    /// For a free connection of the pool.
    #[serde(rename = "free_ms", deserialize_with = "tls::milliseconds")]
    pub free: Duration,
    /// Until TLS is up.
    #[serde(rename = "connect_ms", deserialize_with = "tls::milliseconds")]
    pub connect: Duration,
    /// For one call, its recipient key included.
    #[serde(rename = "call_ms", deserialize_with = "tls::milliseconds")]
    pub call: Duration,
    /// Between two readings of certificates and revocation lists.
    #[serde(rename = "reload_ms", deserialize_with = "tls::milliseconds")]
    pub reload: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            free: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            call: Duration::from_secs(15),
            reload: Duration::from_secs(20),
        }
    }
}

/// Whom to talk to, and how, without a certificate in files of one's own: before there is one, or with one whose key is in
/// a keystore.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// `host:port`.
    pub address: String,
    /// Where that leads.
    #[serde(skip)]
    pub way: Way,
    /// The DNS name or IP address that the server's certificate must hold.
    pub server_name: String,
    /// The URN that the server's certificate must hold.
    pub expect: Identity,
    /// Root and revocation lists of services.
    pub trust: TrustFiles,
    /// Connections at the same time.
    #[serde(default = "one")]
    pub connections: usize,
    /// Bytes of an answer's body, as sent.
    #[serde(default = "four_mebibytes")]
    pub body_bytes: usize,
    /// Deadlines.
    #[serde(default)]
    pub deadlines: Deadlines,
}

impl ServerConfig {
    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        self.trust.resolve(folder);
    }
}

impl Config {
    /// The server, and the files of the own certificate.
    pub(super) fn split(self) -> (ServerConfig, PublicFiles) {
        let own = PublicFiles {
            certificate: self.tls.certificate,
            key: self.tls.key,
        };
        let server = ServerConfig {
            address: self.address,
            way: self.way,
            server_name: self.server_name,
            expect: self.expect,
            trust: TrustFiles {
                roots: self.tls.roots,
                revocations: self.tls.revocations,
            },
            connections: self.connections,
            body_bytes: self.body_bytes,
            deadlines: self.deadlines,
        };
        (server, own)
    }
}
