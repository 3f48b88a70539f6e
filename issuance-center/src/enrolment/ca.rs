//! Who issues certificates of apps: a root of its own, which the listener for terminals believes of apps and of nobody
//! else. Checked at start.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use issuance_channel::{
    secret_file::{self, Unread},
    tls::PublicFiles,
};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Verifier},
    pkcs8::{DecodePrivateKey, EncodePublicKey},
};
use time::OffsetDateTime;
use x509_cert::{
    Certificate,
    builder::{Builder, CertificateBuilder, Error as BuildError, profile::BuilderProfile},
    certificate::TbsCertificate,
    der::{Decode, Encode, asn1::Ia5String},
    ext::{
        Extension, ToExtension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
            SubjectAltName, SubjectKeyIdentifier, name::GeneralName,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{ObjectIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

use super::config::EnrolmentConfig;
use crate::random;

const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
/// A device's clock may be behind.
const BACKDATED: Duration = Duration::from_secs(300);

/// Why it cannot issue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// A file cannot be read.
    #[error("{}: cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// Others than its owner may read or write the key.
    #[error("{}: open to others than its owner (chmod 600)", .0.display())]
    Exposed(PathBuf),
    /// Not what it should be.
    #[error("{}: not PEM of a certificate, or of a P-256 key in PKCS#8", .0.display())]
    Form(PathBuf),
    /// The key is not the certificate's.
    #[error("the key is not the certificate's")]
    NotItsKey,
    /// The certificate may not certify.
    #[error("the certificate is no CA's")]
    NoCa,
    /// The certificate is not valid now.
    #[error("the certificate is not valid now")]
    NotValid,
    /// Nothing that it issues would be believed.
    #[error("not among the roots of terminals.apps")]
    NotTrusted,
    /// It would be believed of kiosks, too.
    #[error("among the roots of terminals.tls: it would be believed of kiosks")]
    Terminals,
}

/// A certificate was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be made")]
pub struct NotIssued;

/// The issuer.
pub struct AppsCa {
    key: SigningKey,
    certificate: Certificate,
    chain: String,
    lifetime: Duration,
}

impl AppsCa {
    /// Reads certificate and key, and checks that they fit each other and the listener for terminals, whose roots are in
    /// these files.
    ///
    /// # Errors
    /// [`CaError`]
    pub fn load(
        config: &EnrolmentConfig,
        apps: Option<&Path>,
        terminals: &Path,
        now: OffsetDateTime,
    ) -> Result<Self, CaError> {
        let PublicFiles { certificate, key } = &config.ca;
        let (certificate, key) = (first(certificate)?, read_key(key)?);
        let own = key.verifying_key().to_public_key_der();
        let own = own.map_err(|_| CaError::NotItsKey)?;
        if spki(&certificate) != own.as_bytes() {
            return Err(CaError::NotItsKey);
        }
        if !certifies(&certificate) {
            return Err(CaError::NoCa);
        }
        let ca = Self {
            key,
            certificate,
            chain: config.chain.clone(),
            lifetime: config.lifetime,
        };
        if ca.left(now).is_none() {
            return Err(CaError::NotValid);
        }
        let among = |path: &Path| -> Result<bool, CaError> {
            let roots = certificates(path)?;
            Ok(roots.iter().any(|root| spki(root) == own.as_bytes()))
        };
        if !apps.map(among).transpose()?.unwrap_or(false) {
            return Err(CaError::NotTrusted);
        }
        if among(terminals)? {
            return Err(CaError::Terminals);
        }
        Ok(ca)
    }

    /// Time until its own certificate ends, if it is valid.
    fn left(&self, now: OffsetDateTime) -> Option<Duration> {
        let now = SystemTime::from(now);
        let validity = self.certificate.tbs_certificate().validity();
        let begun = now.duration_since(validity.not_before.to_system_time());
        let left = validity.not_after.to_system_time().duration_since(now);
        begun.ok().and(left.ok())
    }

    /// A client certificate, DER, for this key, under a random name that says nothing of anybody; and for how long.
    ///
    /// # Errors
    /// [`NotIssued`]
    pub fn issue(
        &self,
        spki: &[u8],
        now: OffsetDateTime,
    ) -> Result<(Vec<u8>, Duration), NotIssued> {
        let lasts = self.left(now).ok_or(NotIssued)?.min(self.lifetime);
        let id: String = random::<16>()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        let own = self.certificate.tbs_certificate();
        let key_id = own.get_extension::<SubjectKeyIdentifier>();
        let key_id = key_id.map_err(|_| NotIssued)?.map(|(_, it)| it);
        let profile = App {
            issuer: own.subject(),
            key_id,
            urn: format!("urn:shomei:terminal:app:{}:{id}", self.chain),
        };
        self.build(profile, spki, SystemTime::from(now), lasts)
            .map(|certificate| (certificate, lasts))
            .map_err(|_| NotIssued)
    }

    fn build(
        &self,
        profile: App<'_>,
        spki: &[u8],
        now: SystemTime,
        lasts: Duration,
    ) -> Result<Vec<u8>, BuildError> {
        let validity = Validity::new(
            Time::try_from(now - BACKDATED)?,
            Time::try_from(now + lasts)?,
        );
        let mut serial = random::<16>();
        // Positive, and of the same length always.
        serial[0] = serial[0] & 0x7F | 0x40;
        let serial = SerialNumber::new(serial.as_slice())?;
        let spki = SubjectPublicKeyInfo::from_der(spki)?;
        let certificate = CertificateBuilder::new(profile, serial, validity, spki)?
            .build::<_, DerSignature>(&self.key)?;
        // No signature leaves unverified.
        let signed = certificate.tbs_certificate().to_der()?;
        let signature = DerSignature::try_from(certificate.signature().raw_bytes());
        let signature = signature.map_err(BuildError::Signature)?;
        let verified = self.key.verifying_key().verify(&signed, &signature);
        verified.map_err(BuildError::Signature)?;
        Ok(certificate.to_der()?)
    }
}

struct App<'a> {
    issuer: &'a Name,
    /// As the issuer's certificate has it: there is more than one way to make it of the key.
    key_id: Option<SubjectKeyIdentifier>,
    urn: String,
}

impl BuilderProfile for App<'_> {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    /// None: the name is in the alternative names, which are critical then.
    fn get_subject(&self) -> Name {
        Name::default()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> Result<Vec<Extension>, BuildError> {
        let urn = GeneralName::UniformResourceIdentifier(Ia5String::new(&self.urn)?);
        let mut extensions = vec![
            extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
            extension(false, &ExtendedKeyUsage(vec![CLIENT_AUTHENTICATION]))?,
            extension(true, &SubjectAltName(vec![urn]))?,
        ];
        if let Some(SubjectKeyIdentifier(id)) = &self.key_id {
            let authority = AuthorityKeyIdentifier {
                key_identifier: Some(id.clone()),
                ..AuthorityKeyIdentifier::default()
            };
            extensions.push(extension(false, &authority)?);
        }
        Ok(extensions)
    }
}

fn extension<'a, T>(critical: bool, extension: &'a T) -> Result<Extension, BuildError>
where
    (bool, &'a T): ToExtension<Error = x509_cert::der::Error>,
{
    Ok((critical, extension).to_extension(&Name::default(), &[])?)
}

fn read_key(path: &Path) -> Result<SigningKey, CaError> {
    let pem = secret_file::read(path).map_err(|unread| match unread {
        Unread::Unreadable => CaError::Unreadable(path.to_owned()),
        Unread::Exposed => CaError::Exposed(path.to_owned()),
    })?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|_| CaError::Form(path.to_owned()))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, CaError> {
    let pem = std::fs::read(path).map_err(|_| CaError::Unreadable(path.to_owned()))?;
    Certificate::load_pem_chain(&pem).map_err(|_| CaError::Form(path.to_owned()))
}

fn first(path: &Path) -> Result<Certificate, CaError> {
    let mut all = certificates(path)?.into_iter();
    all.next().ok_or_else(|| CaError::Form(path.to_owned()))
}

fn spki(certificate: &Certificate) -> Vec<u8> {
    let spki = certificate.tbs_certificate().subject_public_key_info();
    // What was decoded encodes.
    spki.to_der().unwrap_or_default()
}

fn certifies(certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    let constraints = tbs.get_extension::<BasicConstraints>();
    let usage = tbs.get_extension::<KeyUsage>();
    matches!(
        constraints,
        Ok(Some((_, BasicConstraints { ca: true, .. })))
    ) && matches!(usage, Ok(Some((_, usage))) if usage.key_cert_sign())
}
