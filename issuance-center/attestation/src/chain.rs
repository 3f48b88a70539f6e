//! Certificates of a chain, the attested key's first, and the configured root that they lead to.
//!
//! A root is its name and key, whatever certificate of it the chain ends with: devices carry the one they were made with
//! for life, and a root's certificate is reissued under the same key. The dates that count for it are those of the
//! configured certificate. Everything below it has to be valid now.

use std::fmt;

use x509_parser::{
    certificate::X509Certificate,
    extensions::ParsedExtension,
    oid_registry::{OID_PKCS1_SHA256WITHRSA, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384},
    pem::Pem,
    prelude::FromDer,
    time::ASN1Time,
    x509::{SubjectPublicKeyInfo, X509Version},
};

use crate::{Refused, status::StatusList};

/// Content of the extension's object identifier, 1.3.6.1.4.1.11129.2.1.17.
const KEY_DESCRIPTION: [u8; 10] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0xD6, 0x79, 0x02, 0x01, 0x11];

/// Longest chain, the root included. Published ones have four or five certificates.
const MOST: usize = 8;

/// The file of roots cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// Not PEM, or empty.
    #[error("no PEM file of certificates")]
    Pem,
    /// Something in it is no CA's certificate.
    #[error("not a certificate of a CA")]
    Certificate,
}

/// Roots under which attestations are believed.
#[derive(Clone)]
pub struct Roots(Vec<Vec<u8>>);

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

impl Roots {
    /// Reads a PEM file's content.
    ///
    /// # Errors
    /// [`RootsError`]
    pub fn from_pem(text: &[u8]) -> Result<Self, RootsError> {
        let mut roots = Vec::new();
        for pem in Pem::iter_from_buffer(text) {
            let pem = pem.map_err(|_| RootsError::Pem)?;
            let root = parse(&pem.contents).map_err(|_| RootsError::Certificate)?;
            if pem.label != "CERTIFICATE" || !root.is_ca() {
                return Err(RootsError::Certificate);
            }
            roots.push(pem.contents);
        }
        if roots.is_empty() {
            return Err(RootsError::Pem);
        }
        Ok(Self(roots))
    }

    fn parsed(&self) -> impl Iterator<Item = X509Certificate<'_>> {
        // Each was parsed when it was read.
        self.0.iter().filter_map(|der| parse(der).ok())
    }
}

/// A chain, parsed and nothing more.
pub(crate) struct Chain<'a>(Vec<X509Certificate<'a>>);

impl<'a> Chain<'a> {
    pub(crate) fn parse(certificates: &'a [impl AsRef<[u8]>]) -> Result<Self, Refused> {
        if certificates.is_empty() || certificates.len() > MOST {
            return Err(Refused::Malformed);
        }
        let parsed = certificates.iter().map(|der| parse(der.as_ref()));
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Verifies every signature up to a root, every date and every right to certify. Returns the root, in all certificates of it that are
    /// configured: makers issue one key's anew, and publish the old one beside it.
    pub(crate) fn verify<'r>(
        &self,
        roots: &'r Roots,
        now: ASN1Time,
    ) -> Result<Vec<X509Certificate<'r>>, Refused> {
        let (path, named) = self.led_to(roots)?;
        let mut refused = Refused::Root;
        for root in &named {
            match below(path, root, now) {
                Ok(()) => {
                    let key = root.public_key().raw;
                    let same = |it: &X509Certificate<'_>| it.public_key().raw == key;
                    return Ok(named.iter().filter(|it| same(it)).cloned().collect());
                }
                // One of another key under the same name says nothing of it.
                Err(why) if matches!(refused, Refused::Root | Refused::Chain) => refused = why,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// What stands below the configured roots that it may lead to, and those roots.
    fn led_to<'b>(
        &self,
        roots: &'b Roots,
    ) -> Result<(&[X509Certificate<'a>], Vec<X509Certificate<'b>>), Refused> {
        let last = self.0.last().ok_or(Refused::Malformed)?;
        let is_root = |root: &X509Certificate<'_>| {
            root.subject().as_raw() == last.subject().as_raw()
                && root.public_key().raw == last.public_key().raw
        };
        let brought: Vec<_> = roots.parsed().filter(is_root).collect();
        if !brought.is_empty() {
            return Ok((self.0.split_last().map_or(&[], |(_, path)| path), brought));
        }
        let issuer = last.issuer().as_raw();
        let named = roots.parsed().filter(|it| it.subject().as_raw() == issuer);
        Ok((&self.0, named.collect()))
    }

    /// Whether an attestation key in it, or the root's, is on the list: by the serial number of the certificate that it came with, or of any
    /// configured one.
    pub(crate) fn is_revoked(&self, root: &[X509Certificate<'_>], status: &StatusList) -> bool {
        self.0
            .iter()
            .chain(root)
            .any(|certificate| status.refuses(&certificate.tbs_certificate.serial))
    }

    /// The extension nearest the root, and whether it is the leaf's. Whoever has an attested key can sign further
    /// certificates with it, and write into them what they like.
    pub(crate) fn description(&self) -> Result<(&'a [u8], bool), Refused> {
        for (depth, certificate) in self.0.iter().enumerate().rev() {
            let mut found = certificate
                .extensions()
                .iter()
                .filter(|extension| extension.oid.as_bytes() == KEY_DESCRIPTION);
            match (found.next(), found.next()) {
                (Some(extension), None) => return Ok((extension.value, depth == 0)),
                (Some(_), Some(_)) => return Err(Refused::Malformed),
                (None, _) => {}
            }
        }
        Err(Refused::Malformed)
    }

    /// The leaf's public key.
    pub(crate) fn key(&self) -> Option<&SubjectPublicKeyInfo<'a>> {
        self.0.first().map(|leaf| &leaf.tbs_certificate.subject_pki)
    }
}

/// Whether these certificates, the attested key's first, stand below a root.
fn below(
    path: &[X509Certificate<'_>],
    root: &X509Certificate<'_>,
    now: ASN1Time,
) -> Result<(), Refused> {
    if path.is_empty() {
        return Err(Refused::Chain);
    }
    for (depth, certificate) in path.iter().enumerate() {
        let issuer = path.get(depth + 1).unwrap_or(root);
        signed_by(certificate, issuer)?;
        // Some StrongBoxes write their issuer's issuer into a leaf: there the signature alone says whose it is.
        let named = certificate.issuer().as_raw() == issuer.subject().as_raw();
        if depth > 0 && !named {
            return Err(Refused::Chain);
        }
        if !certificate.validity().is_valid_at(now) {
            return Err(Refused::Expired);
        }
        may_stand_at(certificate, depth)?;
    }
    if !root.validity().is_valid_at(now) {
        return Err(Refused::Expired);
    }
    may_stand_at(root, path.len())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Refused> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) if certificate.version() == X509Version::V3 => Ok(certificate),
        _ => Err(Refused::Malformed),
    }
}

fn signed_by(
    certificate: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
) -> Result<(), Refused> {
    let algorithm = &certificate.signature_algorithm;
    let known = [
        OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384,
        OID_PKCS1_SHA256WITHRSA,
    ];
    if !known.contains(&algorithm.algorithm)
        || certificate.tbs_certificate.signature != *algorithm
        || certificate.signature_value.unused_bits != 0
    {
        return Err(Refused::Chain);
    }
    certificate
        .verify_signature(Some(issuer.public_key()))
        .map_err(|_| Refused::Chain)
}

/// A CA with so many below it where there is one to certify, none at the leaf; nothing critical that is not understood.
fn may_stand_at(certificate: &X509Certificate<'_>, depth: usize) -> Result<(), Refused> {
    let understood = certificate.extensions().iter().all(|extension| {
        let known = matches!(
            extension.parsed_extension(),
            ParsedExtension::BasicConstraints(_) | ParsedExtension::KeyUsage(_)
        );
        known || !extension.critical
    });
    let constraints = certificate.basic_constraints();
    let constraints = constraints.map_err(|_| Refused::Malformed)?;
    let constraints = constraints.map(|it| it.value);
    let usage = certificate.key_usage().map_err(|_| Refused::Malformed)?;
    let certifies = usage.is_none_or(|usage| usage.value.key_cert_sign());
    let right = match depth {
        0 => constraints.is_none_or(|it| !it.ca),
        _ => {
            let below = u32::try_from(depth - 1).unwrap_or(u32::MAX);
            let deep = |limit: Option<u32>| limit.is_none_or(|limit| below <= limit);
            certifies && constraints.is_some_and(|it| it.ca && deep(it.path_len_constraint))
        }
    };
    if understood && right {
        Ok(())
    } else {
        Err(Refused::Chain)
    }
}
