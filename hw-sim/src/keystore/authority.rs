//! Who vouches for emulated phones. Names say so, and the keys are made here: no real phone's attestation has anything to
//! do with them.

use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

use p256::ecdsa::{DerSignature, SigningKey as EcKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::PrivateKey;
use rsa::pkcs1v15::{Signature as RsaSignature, SigningKey as RsaKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder, Error};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::pem::encode_string;
use x509_cert::der::{DateTime, Encode};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use crate::files::{write_private, write_public};

const KEY_DESCRIPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");

/// The authority's keys cannot be made, kept or read.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Reading or writing failed.
    #[error("keystore authority: {0}")]
    Io(#[from] io::Error),
    /// A file holds no key of the right kind in PKCS#8.
    #[error("keystore authority: a key is none in PKCS#8")]
    Key,
    /// A certificate cannot be made.
    #[error("keystore authority: certificate: {0}")]
    Certificate(#[from] Error),
}

impl From<x509_cert::der::Error> for AuthorityError {
    fn from(error: x509_cert::der::Error) -> Self {
        Self::Certificate(error.into())
    }
}

/// Which attestation key a phone was made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attester {
    /// One in good standing.
    #[default]
    Current,
    /// One that became known: its serial number is on the status list.
    Revoked,
    /// One whose intermediate certificate has expired.
    Expired,
    /// None of hardware: a root that is nobody's.
    Software,
}

/// Roots and attestation keys.
#[derive(Clone)]
pub struct Authority {
    root: RsaKey<Sha256>,
    intermediate: EcKey,
    current: EcKey,
    revoked: EcKey,
    software: EcKey,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

const ROOT: &str = "CN=Root of attestation,OU=hw-sim,O=KEYSTORE-EMULATOR";
const INTERMEDIATE: &str = "CN=Intermediate,OU=hw-sim,O=KEYSTORE-EMULATOR";
const BATCH: &str = "CN=Attestation key,OU=hw-sim,O=KEYSTORE-EMULATOR";
const SOFTWARE: &str = "CN=Software attestation,OU=hw-sim,O=KEYSTORE-EMULATOR";
const LEAF: &str = "CN=Android Keystore Key";

impl Authority {
    /// Makes its keys.
    ///
    /// # Errors
    /// [`AuthorityError::Key`] if the generator fails.
    pub fn generate() -> Result<Self, AuthorityError> {
        let root = PrivateKey::new(&mut rand::rng(), 2048).map_err(|_| AuthorityError::Key)?;
        Ok(Self {
            root: RsaKey::new(root),
            intermediate: EcKey::generate(),
            current: EcKey::generate(),
            revoked: EcKey::generate(),
            software: EcKey::generate(),
        })
    }

    /// Keeps its keys in a folder, and beside them, for whoever judges attestations, `roots.pem` and `status.json`.
    ///
    /// # Errors
    /// [`AuthorityError`]
    pub fn save(&self, folder: &Path) -> Result<(), AuthorityError> {
        fs::create_dir_all(folder)?;
        let root = self.root.as_ref().to_pkcs8_pem(LineEnding::LF);
        let root = root.map_err(|_| AuthorityError::Key)?;
        write_private(&folder.join("root.key"), root.as_bytes())?;
        for (name, key) in self.named() {
            let key = key.to_pkcs8_pem(LineEnding::LF);
            let key = key.map_err(|_| AuthorityError::Key)?;
            write_private(&folder.join(name), key.as_bytes())?;
        }
        write_public(&folder.join("roots.pem"), self.roots()?.as_bytes())?;
        write_public(&folder.join("status.json"), self.status()?.as_bytes())?;
        Ok(())
    }

    /// Reads what [`save`](Self::save) kept.
    ///
    /// # Errors
    /// [`AuthorityError`]
    pub fn load(folder: &Path) -> Result<Self, AuthorityError> {
        let ec = |name: &str| {
            let pem = fs::read_to_string(folder.join(name))?;
            EcKey::from_pkcs8_pem(&pem).map_err(|_| AuthorityError::Key)
        };
        let root = crate::authority::load_key(&folder.join("root.key"));
        Ok(Self {
            root: RsaKey::new(root.map_err(|_| AuthorityError::Key)?),
            intermediate: ec("intermediate.key")?,
            current: ec("current.key")?,
            revoked: ec("revoked.key")?,
            software: ec("software.key")?,
        })
    }

    const fn named(&self) -> [(&'static str, &EcKey); 4] {
        [
            ("intermediate.key", &self.intermediate),
            ("current.key", &self.current),
            ("revoked.key", &self.revoked),
            ("software.key", &self.software),
        ]
    }

    /// The root's certificate, PEM.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`]
    pub fn roots(&self) -> Result<String, AuthorityError> {
        let pem = encode_string("CERTIFICATE", LineEnding::LF, &self.root_certificate()?);
        pem.map_err(|_| AuthorityError::Key)
    }

    /// The status list, JSON: of the revoked attestation key alone.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`]
    pub fn status(&self) -> Result<String, AuthorityError> {
        let serial: String = serial(&public(&self.revoked)?)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let serial = serial.trim_start_matches('0');
        Ok(format!(
            "{{\"entries\":{{\"{serial}\":{{\"status\":\"REVOKED\",\"reason\":\"KEY_COMPROMISE\"}}}}}}\n"
        ))
    }

    /// A key's attestation: its certificate with this description, and the chain up to the root.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`]
    pub fn attest(
        &self,
        attester: Attester,
        spki: &[u8],
        description: &[u8],
    ) -> Result<Vec<Vec<u8>>, AuthorityError> {
        if attester == Attester::Software {
            let root = Profile::ca(SOFTWARE, SOFTWARE);
            let own = public(&self.software)?;
            return Ok(vec![
                ec(
                    Profile::leaf(SOFTWARE, description),
                    &self.software,
                    spki,
                    lifetime()?,
                )?,
                ec(root, &self.software, &own, ca_lifetime()?)?,
            ]);
        }
        let batch = match attester {
            Attester::Revoked => &self.revoked,
            _ => &self.current,
        };
        let validity = match attester {
            Attester::Expired => Validity::new(time(2016)?, time(2026)?),
            _ => ca_lifetime()?,
        };
        let intermediate = Profile::ca(ROOT, INTERMEDIATE);
        Ok(vec![
            ec(Profile::leaf(BATCH, description), batch, spki, lifetime()?)?,
            ec(
                Profile::ca(INTERMEDIATE, BATCH),
                &self.intermediate,
                &public(batch)?,
                ca_lifetime()?,
            )?,
            self.by_root(intermediate, &public(&self.intermediate)?, validity)?,
            self.root_certificate()?,
        ])
    }

    fn root_certificate(&self) -> Result<Vec<u8>, AuthorityError> {
        let own = self.root.as_ref().to_public_key();
        let own = own.to_public_key_der().map_err(|_| AuthorityError::Key)?;
        self.by_root(Profile::ca(ROOT, ROOT), own.as_bytes(), ca_lifetime()?)
    }

    fn by_root(
        &self,
        profile: Profile<'_>,
        spki: &[u8],
        validity: Validity,
    ) -> Result<Vec<u8>, AuthorityError> {
        let built = builder(profile, spki, validity)?.build::<_, RsaSignature>(&self.root)?;
        Ok(built.to_der()?)
    }
}

/// What an attested key signs, if whoever has it has it sign a certificate: another key's, with a description.
pub(super) fn certify(
    key: &EcKey,
    spki: &[u8],
    description: &[u8],
) -> Result<Vec<u8>, AuthorityError> {
    ec(Profile::leaf(LEAF, description), key, spki, lifetime()?)
}

fn ec(
    profile: Profile<'_>,
    key: &EcKey,
    spki: &[u8],
    validity: Validity,
) -> Result<Vec<u8>, AuthorityError> {
    let built = builder(profile, spki, validity)?.build::<_, DerSignature>(key)?;
    Ok(built.to_der()?)
}

fn builder<'a>(
    profile: Profile<'a>,
    spki: &[u8],
    validity: Validity,
) -> Result<CertificateBuilder<Profile<'a>>, AuthorityError> {
    let serial = SerialNumber::new(&serial(spki))?;
    let spki = SubjectPublicKeyInfo::try_from(spki).map_err(|_| AuthorityError::Key)?;
    Ok(CertificateBuilder::new(profile, serial, validity, spki)?)
}

fn public(key: &EcKey) -> Result<Vec<u8>, AuthorityError> {
    let spki = key.verifying_key().to_public_key_der();
    Ok(spki.map_err(|_| AuthorityError::Key)?.as_bytes().to_vec())
}

/// Of the key, so that it is the same each time; positive.
fn serial(spki: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(spki);
    let mut serial = [0; 8];
    serial.copy_from_slice(&digest[..8]);
    serial[0] = serial[0] & 0x3F | 0x40;
    serial
}

struct Profile<'a> {
    issuer: &'static str,
    subject: &'static str,
    /// A leaf's; a CA has none.
    description: Option<&'a [u8]>,
}

impl<'a> Profile<'a> {
    const fn ca(issuer: &'static str, subject: &'static str) -> Self {
        Self {
            issuer,
            subject,
            description: None,
        }
    }

    const fn leaf(issuer: &'static str, description: &'a [u8]) -> Self {
        Self {
            issuer,
            subject: LEAF,
            description: Some(description),
        }
    }
}

impl BuilderProfile for Profile<'_> {
    fn get_issuer(&self, _: &Name) -> Name {
        name(self.issuer)
    }

    fn get_subject(&self) -> Name {
        name(self.subject)
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        ca_key: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> Result<Vec<Extension>, Error> {
        let Some(description) = self.description else {
            let constraints = BasicConstraints {
                ca: true,
                path_len_constraint: None,
            };
            return Ok(vec![
                extension(true, &KeyUsage(KeyUsages::KeyCertSign.into()))?,
                extension(true, &constraints)?,
                extension(false, &SubjectKeyIdentifier::try_from(key)?)?,
                extension(false, &AuthorityKeyIdentifier::try_from(ca_key)?)?,
            ]);
        };
        Ok(vec![
            extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
            Extension {
                extn_id: KEY_DESCRIPTION,
                critical: false,
                extn_value: OctetString::new(description)?,
            },
        ])
    }
}

fn extension<'a, T>(critical: bool, extension: &'a T) -> Result<Extension, Error>
where
    (bool, &'a T): ToExtension<Error = x509_cert::der::Error>,
{
    Ok((critical, extension).to_extension(&Name::default(), &[])?)
}

fn name(name: &str) -> Name {
    Name::from_str(name).expect("the names here are of the form of RFC 4514")
}

fn time(year: u16) -> Result<Time, AuthorityError> {
    Ok(DateTime::new(year, 1, 1, 0, 0, 0)?.into())
}

/// Of a key that was given no time: as keystores write it.
fn lifetime() -> Result<Validity, AuthorityError> {
    Ok(Validity::new(time(1970)?, time(2106)?))
}

fn ca_lifetime() -> Result<Validity, AuthorityError> {
    Ok(Validity::new(time(2020)?, time(2045)?))
}
