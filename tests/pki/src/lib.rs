//! Development PKI: every identity the programs need, under roots of their own. Never for production.
//!
//! ```text
//! terminals/  ca.pem ca.key revocations.pem   kiosk-0001 kiosk-0002 kiosk-revoked   (each .pem and .key)
//! apps/       ca.pem ca.key                   app-0001; the center issues under it, hours at a time
//! services/   ca.pem ca.key revocations.pem   center vrs public
//! foreign/    ca.pem ca.key revocations.pem   kiosk-0001, which says it is the same as the other
//! ```
//! EC P-256 throughout. Keys are PKCS#8 and readable by their owner alone. `kiosk-revoked` is on its list.

use std::{
    fs, io,
    io::Write,
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevocationReason, RevokedCertParams, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

/// How long things last from now.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Roots.
    pub roots: Duration,
    /// Leaves.
    pub leaves: Duration,
    /// Revocation lists.
    pub revocations: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            roots: Duration::days(365),
            leaves: Duration::days(7),
            revocations: Duration::days(7),
        }
    }
}

/// The files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// Reading or writing.
    #[error("cannot read or write the PKI's files: {}", .0.kind())]
    Io(#[from] io::Error),
    /// Making keys, certificates or lists.
    #[error(transparent)]
    Make(#[from] rcgen::Error),
}

/// What a leaf is for.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// URI in the subject alternative name.
    pub uri: Option<String>,
    /// It serves: DNS name `localhost`, address 127.0.0.1.
    pub server: bool,
    /// It calls.
    pub client: bool,
    /// First moment.
    pub not_before: OffsetDateTime,
    /// Last moment.
    pub not_after: OffsetDateTime,
}

impl Leaf {
    /// A terminal's certificate, from five minutes ago.
    #[must_use]
    pub fn terminal(urn: &str, lasts: Duration) -> Self {
        Self {
            uri: Some(urn.to_owned()),
            server: false,
            client: true,
            not_before: OffsetDateTime::now_utc() - Duration::minutes(5),
            not_after: OffsetDateTime::now_utc() + lasts,
        }
    }

    /// A certificate of a service, which serves and calls.
    #[must_use]
    pub fn service(urn: &str, lasts: Duration) -> Self {
        Self {
            server: true,
            ..Self::terminal(urn, lasts)
        }
    }

    /// A certificate for a listener that anybody may talk to: it names none of us.
    #[must_use]
    pub fn public(lasts: Duration) -> Self {
        Self {
            uri: None,
            client: false,
            ..Self::service("", lasts)
        }
    }
}

/// A leaf that was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// PEM file of the certificate.
    pub certificate: PathBuf,
    /// PEM file of the key.
    pub key: PathBuf,
    /// For [`Authority::revoke`].
    pub serial: SerialNumber,
}

/// The roots of a created PKI.
#[derive(Debug)]
pub struct Pki {
    /// Kiosks.
    pub terminals: Authority,
    /// Apps.
    pub apps: Authority,
    /// Center, VRS and the public listener.
    pub services: Authority,
    /// Nobody's.
    pub foreign: Authority,
}

/// Makes everything in `dir`, over what may be there.
///
/// # Errors
/// See [`PkiError`].
pub fn create(dir: &Path, options: Options) -> Result<Pki, PkiError> {
    let terminal =
        |urn: &str| Leaf::terminal(&format!("urn:shomei:terminal:{urn}"), options.leaves);
    let service = |urn: &str| Leaf::service(&format!("urn:shomei:{urn}"), options.leaves);

    let terminals = Authority::create(&dir.join("terminals"), options.roots)?;
    terminals.issue("kiosk-0001", &terminal("kiosk:dev:0001"))?;
    terminals.issue("kiosk-0002", &terminal("kiosk:dev:0002"))?;
    let revoked = terminals.issue("kiosk-revoked", &terminal("kiosk:dev:revoked"))?;
    terminals.revoke(&[revoked.serial], options.revocations)?;

    let apps = Authority::create(&dir.join("apps"), options.roots)?;
    apps.issue("app-0001", &terminal("app:dev:0001"))?;

    let services = Authority::create(&dir.join("services"), options.roots)?;
    services.issue("center", &service("center:center-1"))?;
    services.issue("vrs", &service("vrs:vrs-1"))?;
    services.issue("public", &Leaf::public(options.leaves))?;
    services.revoke(&[], options.revocations)?;

    let foreign = Authority::create(&dir.join("foreign"), options.roots)?;
    foreign.issue("kiosk-0001", &terminal("kiosk:dev:0001"))?;
    foreign.revoke(&[], options.revocations)?;
    Ok(Pki {
        terminals,
        apps,
        services,
        foreign,
    })
}

/// A root, in a folder of its own.
pub struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes a root: `ca.pem` and `ca.key`.
    ///
    /// # Errors
    /// See [`PkiError`].
    pub fn create(dir: &Path, lasts: Duration) -> Result<Self, PkiError> {
        fs::create_dir_all(dir)?;
        let mut params = root(dir)?;
        params.not_before = OffsetDateTime::now_utc() - Duration::minutes(5);
        params.not_after = OffsetDateTime::now_utc() + lasts;
        params.serial_number = Some(serial()?);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        fs::write(dir.join("ca.pem"), root.pem())?;
        write_key(&dir.join("ca.key"), root.key())?;
        Self::open(dir)
    }

    /// Opens a root that was made before, to issue more under it.
    ///
    /// # Errors
    /// See [`PkiError`].
    pub fn open(dir: &Path) -> Result<Self, PkiError> {
        let key = KeyPair::from_pem(&fs::read_to_string(dir.join("ca.key"))?)?;
        // An issuer's part in what it signs is its name and key; neither depends on its certificate's dates.
        let issuer = Issuer::new(root(dir)?, key);
        let dir = dir.to_owned();
        Ok(Self { dir, issuer })
    }

    /// PEM file of the root's certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// PEM file of the revocation list.
    #[must_use]
    pub fn revocations(&self) -> PathBuf {
        self.dir.join("revocations.pem")
    }

    /// Issues `NAME.pem` and `NAME.key`.
    ///
    /// # Errors
    /// See [`PkiError`].
    pub fn issue(&self, name: &str, leaf: &Leaf) -> Result<Issued, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        (params.not_before, params.not_after) = (leaf.not_before, leaf.not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let serial = serial()?;
        params.serial_number = Some(serial.clone());
        if let Some(uri) = &leaf.uri {
            params
                .subject_alt_names
                .push(SanType::URI(uri.as_str().try_into()?));
        }
        if leaf.server {
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            params.subject_alt_names.extend([
                SanType::DnsName("localhost".try_into()?),
                SanType::IpAddress(address),
            ]);
            params
                .extended_key_usages
                .push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        if leaf.client {
            params
                .extended_key_usages
                .push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        let pair = KeyPair::generate()?;
        let (certificate, key) = (
            self.dir.join(format!("{name}.pem")),
            self.dir.join(format!("{name}.key")),
        );
        fs::write(&certificate, params.signed_by(&pair, &self.issuer)?.pem())?;
        write_key(&key, &pair)?;
        Ok(Issued {
            certificate,
            key,
            serial,
        })
    }

    /// Writes a new revocation list with exactly these serial numbers. It may last a negative time: then it has expired.
    ///
    /// # Errors
    /// See [`PkiError`].
    pub fn revoke(&self, serials: &[SerialNumber], lasts: Duration) -> Result<(), PkiError> {
        let now = OffsetDateTime::now_utc();
        let revoked = |serial: &SerialNumber| RevokedCertParams {
            serial_number: serial.clone(),
            revocation_time: now - Duration::minutes(1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: now + lasts.min(Duration::ZERO) - Duration::minutes(5),
            next_update: now + lasts,
            crl_number: SerialNumber::from(now.unix_timestamp().unsigned_abs()),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        // In one step: a program that reads its lists again must never meet half of one.
        let new = self.dir.join("revocations.new");
        fs::write(&new, list.signed_by(&self.issuer)?.pem()?)?;
        fs::rename(new, self.revocations())?;
        Ok(())
    }
}

fn root(dir: &Path) -> Result<CertificateParams, PkiError> {
    let name = dir.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("Shomei development root: {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.key_identifier_method = KeyIdMethod::Sha256;
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Random, 16 bytes, positive and without a leading zero.
fn serial() -> Result<SerialNumber, PkiError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn write_key(path: &Path, key: &KeyPair) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(key.serialize_pem().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn everything_promised_is_there_and_keys_are_their_owners_alone() {
        let dir = std::env::temp_dir().join(format!("dev-pki-{}", std::process::id()));
        create(&dir, Options::default()).unwrap();
        for name in [
            "terminals/ca",
            "terminals/kiosk-0001",
            "terminals/kiosk-0002",
            "terminals/kiosk-revoked",
            "apps/ca",
            "apps/app-0001",
            "services/ca",
            "services/center",
            "services/vrs",
            "services/public",
            "foreign/ca",
            "foreign/kiosk-0001",
        ] {
            let file = |kind| dir.join(format!("{name}.{kind}"));
            let certificate = fs::read_to_string(file("pem")).unwrap();
            assert!(
                certificate.starts_with("-----BEGIN CERTIFICATE-----"),
                "{name}"
            );
            let mode = fs::metadata(file("key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        for folder in ["terminals", "services", "foreign"] {
            let list = fs::read_to_string(dir.join(folder).join("revocations.pem")).unwrap();
            assert!(list.starts_with("-----BEGIN X509 CRL-----"), "{folder}");
        }
        fs::remove_dir_all(dir).unwrap();
    }
}
