//! The JPKI AP's CAs: two, X.509, for the certificates that cards carry.
//!
//! Certificates are laid out as those of real cards (RSA-2048 with SHA-256, key usage, policy, CRL
//! distribution point, key ids), under names and addresses that nobody has: `O=JPKI-EMULATOR`, `*.invalid`. The
//! certificate for signatures carries the holder's name and address in its subject's alternative names, as real ones
//! do; sex and birth date, whose form is not published with it, are left out.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use card::attributes::Attributes;
use card::expiry::ExpiryDate;
use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{PrivateKey, PublicKey};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder, Error};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{Any, Ia5String, ObjectIdentifier, Utf8StringRef};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::{DateTime, Encode, EncodePem, pem::LineEnding};
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::{AuthorityError, load_key};

const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const CPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.1");
/// Policies of the test hierarchy.
const AUTHENTICATION_POLICY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.0.30");
const SIGNATURE_POLICY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.0.10");
/// What the subject's alternative names say of the holder.
const HOLDER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.1");
const HOLDER_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.5");

/// What a pair of keys is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// 利用者証明: to log in.
    Authentication,
    /// 署名: to sign documents.
    Signature,
}

impl Purpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Authentication, Self::Signature];

    /// Its name in file names: `authentication`, `signature`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Signature => "signature",
        }
    }

    /// The file of its CA's private key in the authority's folder.
    #[must_use]
    pub fn ca_key(self, folder: &Path) -> PathBuf {
        folder
            .join(format!("jpki-{}", self.as_str()))
            .with_extension("pem")
    }

    fn ca_name(self) -> Result<Name, Error> {
        let purpose = match self {
            Self::Authentication => "JPKI for user authentication",
            Self::Signature => "JPKI for digital signature",
        };
        name(&format!("OU=hw-sim,OU={purpose},O=JPKI-EMULATOR,C=JP"))
    }

    const fn policy(self) -> ObjectIdentifier {
        match self {
            Self::Authentication => AUTHENTICATION_POLICY,
            Self::Signature => SIGNATURE_POLICY,
        }
    }
}

/// A CA of the JPKI AP.
pub struct JpkiCa {
    purpose: Purpose,
    key: SigningKey<Sha256>,
}

impl JpkiCa {
    /// Reads its key from the authority's folder.
    ///
    /// # Errors
    /// [`AuthorityError`] if it is not there.
    pub fn load(purpose: Purpose, folder: &Path) -> Result<Self, AuthorityError> {
        let key = SigningKey::new(load_key(&purpose.ca_key(folder))?);
        Ok(Self { purpose, key })
    }

    /// Its own certificate, DER: the root. The same each time.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`] if it cannot be made.
    pub fn certificate(&self) -> Result<Vec<u8>, AuthorityError> {
        Ok(self.root()?.to_der().map_err(Error::from)?)
    }

    /// Its own certificate, PEM.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`] if it cannot be made.
    pub fn certificate_pem(&self) -> Result<String, AuthorityError> {
        Ok(self.root()?.to_pem(LineEnding::LF).map_err(Error::from)?)
    }

    fn root(&self) -> Result<Certificate, Error> {
        let profile = Root {
            name: self.purpose.ca_name()?,
        };
        let validity = Validity::new(time(2015, 1, 1)?, time(2049, 12, 31)?);
        self.issue(profile, validity, &self.key.as_ref().to_public_key())
    }

    /// Certifies a holder's key, DER: valid until the card is no more, ten years at most.
    ///
    /// `subject` is the common name, which says nothing of the holder.
    ///
    /// # Errors
    /// [`AuthorityError::Certificate`] if it cannot be made.
    pub fn certify(
        &self,
        key: &PrivateKey,
        subject: &str,
        holder: &Attributes,
        expiry: &ExpiryDate,
    ) -> Result<Vec<u8>, AuthorityError> {
        let [year @ .., m1, m2, d1, d2] = expiry.to_digits().map(|digit| u16::from(digit - b'0'));
        let year = year.into_iter().fold(0, |year, digit| year * 10 + digit);
        let narrow = |tens: u16, ones: u16| u8::try_from(tens * 10 + ones).unwrap_or(1);
        let profile = Leaf {
            purpose: self.purpose,
            issuer: self.purpose.ca_name()?,
            subject: name(&format!("CN={subject},C=JP"))?,
            holder,
        };
        let validity = Validity::new(
            time(year - 10, 1, 1)?,
            time(year, narrow(m1, m2), narrow(d1, d2))?,
        );
        let certificate = self.issue(profile, validity, &key.to_public_key())?;
        Ok(certificate.to_der().map_err(Error::from)?)
    }

    fn issue(
        &self,
        profile: impl BuilderProfile,
        validity: Validity,
        key: &PublicKey,
    ) -> Result<Certificate, Error> {
        let digest = Sha256::digest(key.n().to_be_bytes_trimmed_vartime());
        // Positive, four bytes and no more: longer ones are legal, and real ones are shorter.
        let serial = SerialNumber::new(&[0x01, digest[0], digest[1], digest[2]])?;
        let spki = SubjectPublicKeyInfo::try_from(key.to_public_key_der()?.as_bytes())?;
        CertificateBuilder::new(profile, serial, validity, spki)?.build::<_, Signature>(&self.key)
    }
}

/// A CA's own certificate.
struct Root {
    name: Name,
}

/// A holder's certificate.
struct Leaf<'a> {
    purpose: Purpose,
    issuer: Name,
    subject: Name,
    holder: &'a Attributes,
}

impl BuilderProfile for Root {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.name.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> Result<Vec<Extension>, Error> {
        let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        Ok(vec![
            extension(true, &usage)?,
            extension(true, &constraints)?,
            extension(false, &revocation(&self.name))?,
            extension(false, &SubjectKeyIdentifier::try_from(key)?)?,
        ])
    }
}

impl BuilderProfile for Leaf<'_> {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        ca_key: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> Result<Vec<Extension>, Error> {
        let usage: FlagSet<KeyUsages> = match self.purpose {
            Purpose::Authentication => KeyUsages::DigitalSignature.into(),
            Purpose::Signature => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
        };
        let policy = PolicyInformation {
            policy_identifier: self.purpose.policy(),
            policy_qualifiers: Some(vec![PolicyQualifierInfo {
                policy_qualifier_id: CPS,
                qualifier: Some(Any::encode_from(&Ia5String::new(
                    "http://jpki.invalid/cps.html",
                )?)?),
            }]),
        };
        let ocsp = AccessDescription {
            access_method: OCSP,
            access_location: GeneralName::UniformResourceIdentifier(Ia5String::new(
                "http://ocsp.jpki.invalid",
            )?),
        };
        let mut extensions = vec![extension(true, &KeyUsage(usage))?];
        if self.purpose == Purpose::Authentication {
            let usage = ExtendedKeyUsage(vec![CLIENT_AUTHENTICATION]);
            extensions.push(extension(false, &usage)?);
        }
        extensions.push(extension(true, &CertificatePolicies(vec![policy]))?);
        if self.purpose == Purpose::Signature {
            let of_holder = [
                (HOLDER_NAME, self.holder.name()),
                (HOLDER_ADDRESS, self.holder.address()),
            ];
            let names = of_holder.map(|(oid, value)| -> Result<_, Error> {
                let value = Any::encode_from(&Utf8StringRef::new(value.expose())?)?;
                Ok(GeneralName::OtherName(OtherName {
                    type_id: oid,
                    value,
                }))
            });
            let names = names.into_iter().collect::<Result<_, _>>()?;
            extensions.push(extension(false, &SubjectAltName(names))?);
        }
        extensions.extend([
            extension(false, &revocation(&self.issuer))?,
            extension(false, &AuthorityInfoAccessSyntax(vec![ocsp]))?,
            extension(false, &AuthorityKeyIdentifier::try_from(ca_key)?)?,
            extension(false, &SubjectKeyIdentifier::try_from(key)?)?,
        ]);
        Ok(extensions)
    }
}

fn extension<'a, T>(critical: bool, extension: &'a T) -> Result<Extension, Error>
where
    (bool, &'a T): ToExtension<Error = x509_cert::der::Error>,
{
    Ok((critical, extension).to_extension(&Name::default(), &[])?)
}

/// Where revocations would be published: in a directory, under the CA's name.
fn revocation(ca: &Name) -> CrlDistributionPoints {
    CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![
            GeneralName::DirectoryName(ca.clone()),
        ])),
        reasons: None,
        crl_issuer: None,
    }])
}

/// Of the form of RFC 4514: what comes first in the certificate comes last.
fn name(name: &str) -> Result<Name, Error> {
    Ok(Name::from_str(name)?)
}

/// The last second of a day in Japan.
fn time(year: u16, month: u8, day: u8) -> Result<Time, Error> {
    Ok(DateTime::new(year, month, day, 14, 59, 59)?.into())
}
