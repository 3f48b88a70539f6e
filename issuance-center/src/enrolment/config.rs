//! `[enrolment]` of `center.toml`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use issuance_api::TerminalUrn;
use issuance_channel::{server::AnonymousConfig, tls::PublicFiles};
use serde::Deserialize;

use crate::config::ConfigError;

/// Longest time for which a certificate of an app is good: there is no list to revoke it on.
const MAX_LIFETIME_HOURS: u64 = 12;
/// Oldest status list that can be allowed.
const MAX_STATUS_HOURS: u64 = 24 * 7;

/// Where and how apps enrol.
#[derive(Clone, Debug)]
pub struct EnrolmentConfig {
    /// The listener.
    pub listener: AnonymousConfig,
    /// Certificate and key of who issues.
    pub ca: PublicFiles,
    /// Second part of the apps' names.
    pub chain: String,
    /// How long certificates last.
    pub lifetime: Duration,
    /// The app's package name.
    pub package: String,
    /// SHA-256 of the certificates it may be signed with.
    pub signers: BTreeSet<[u8; 32]>,
    /// Roots of attestation.
    pub roots: PathBuf,
    /// Status list of attestation keys.
    pub status: PathBuf,
    /// How old that may be.
    pub status_age: Duration,
}

/// As in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    listener: AnonymousConfig,
    ca: PublicFiles,
    chain: String,
    #[serde(default = "four")]
    certificate_hours: u64,
    package: String,
    signers: Vec<String>,
    roots: PathBuf,
    status: PathBuf,
    #[serde(default = "day")]
    status_hours: u64,
}

const fn four() -> u64 {
    4
}

const fn day() -> u64 {
    24
}

impl File {
    pub(crate) fn resolve(mut self, folder: &Path) -> Result<EnrolmentConfig, ConfigError> {
        self.listener.tls.resolve(folder);
        self.ca.resolve(folder);
        let name = format!("urn:shomei:terminal:app:{}:0", self.chain);
        if name.parse::<TerminalUrn>().is_err() || self.package.is_empty() {
            return Err(ConfigError::Enrolment);
        }
        let signers = self.signers.iter().map(|text| digest(text));
        let signers: Option<BTreeSet<_>> = signers.collect();
        let signers = signers.filter(|signers| !signers.is_empty());
        Ok(EnrolmentConfig {
            listener: self.listener,
            ca: self.ca,
            chain: self.chain,
            lifetime: hours(self.certificate_hours, MAX_LIFETIME_HOURS)?,
            package: self.package,
            signers: signers.ok_or(ConfigError::Enrolment)?,
            roots: folder.join(self.roots),
            status: folder.join(self.status),
            status_age: hours(self.status_hours, MAX_STATUS_HOURS)?,
        })
    }
}

fn hours(hours: u64, most: u64) -> Result<Duration, ConfigError> {
    if hours == 0 || hours > most {
        return Err(ConfigError::Lifetime);
    }
    Ok(Duration::from_secs(hours * 3600))
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|it| it.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}
