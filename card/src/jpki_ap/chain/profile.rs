use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{AuthorityKeyIdentifier, ParsedExtension};
use x509_parser::oid_registry::{OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA256WITHRSA};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as AnyKey;
use x509_parser::x509::{AlgorithmIdentifier, X509Version};

use super::{ChainError, Of, Rule};
use crate::file::MAX_FILE;
use crate::key::{PublicKey, Signature, sha256};
use crate::tlv::Writer;

/// Above the JPKI's policies for authentication.
const POLICIES: [u64; 8] = [1, 2, 392, 200_149, 8, 5, 1, 3];
/// The policy for authentication of its test environment.
const TEST_POLICY: Oid<'static> = oid!(1.2.392.200149.8.5.1.0.30);

pub(super) fn parsed(der: &[u8], of: Of) -> Result<X509Certificate<'_>, ChainError> {
    if der.len() > MAX_FILE {
        return Err(ChainError::Der(of));
    }
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| ChainError::Der(of))?;
    if !rest.is_empty() {
        return Err(ChainError::Der(of));
    }
    let broken = |rule| ChainError::Profile { of, rule };
    if certificate.version() != X509Version::V3 {
        return Err(broken(Rule::Version));
    }
    if !is_sha256_with_rsa(&certificate.tbs_certificate.signature) {
        return Err(broken(Rule::Algorithm));
    }
    if frame(&certificate) != der {
        return Err(ChainError::Der(of));
    }
    check_extensions(&certificate).map_err(broken)?;
    Ok(certificate)
}

/// What is around the signed part is signed by nobody, and parsers are not strict about it: so there is
/// one way to write it.
fn frame(certificate: &X509Certificate<'_>) -> Vec<u8> {
    /// `sha256WithRSAEncryption`, parameters NULL.
    const ALGORITHM: [u8; 15] = [
        0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00,
    ];
    const SEQUENCE: u16 = 0x30;
    const BIT_STRING: u16 = 0x03;
    const NO_UNUSED_BITS: &[u8] = &[0x00];
    let signature = [NO_UNUSED_BITS, &certificate.signature_value.data].concat();
    let signature = Writer::new().tlv(BIT_STRING, &signature).into_bytes();
    let content = [certificate.tbs_certificate.as_ref(), &ALGORITHM, &signature];
    Writer::new().tlv(SEQUENCE, &content.concat()).into_bytes()
}

/// A CA's certificate: of the profile, and signed by itself.
pub(super) fn parsed_ca(der: &[u8]) -> Result<X509Certificate<'_>, ChainError> {
    let ca = parsed(der, Of::Ca)?;
    check_ca(&ca).map_err(|rule| ChainError::Profile { of: Of::Ca, rule })?;
    let key = key(&ca, Of::Ca)?;
    if ca.issuer().as_raw() != ca.subject().as_raw() || !is_signed_by(&ca, &key) {
        return Err(ChainError::Signature(Of::Ca));
    }
    Ok(ca)
}

fn is_sha256_with_rsa(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    let parameters = algorithm.parameters();
    *algorithm.oid() == OID_PKCS1_SHA256WITHRSA
        && parameters.is_some_and(|any| any.tag().0 == 5 && any.data.is_empty())
}

fn check_extensions(certificate: &X509Certificate<'_>) -> Result<(), Rule> {
    let known = certificate.iter_extensions().all(|extension| {
        !extension.critical
            || matches!(
                extension.parsed_extension(),
                ParsedExtension::KeyUsage(_)
                    | ParsedExtension::CertificatePolicies(_)
                    | ParsedExtension::BasicConstraints(_)
                    | ParsedExtension::ExtendedKeyUsage(_)
            )
    });
    if known && certificate.extensions_map().is_ok() {
        Ok(())
    } else {
        Err(Rule::Extensions)
    }
}

fn check_ca(ca: &X509Certificate<'_>) -> Result<(), Rule> {
    match ca.basic_constraints() {
        Ok(Some(constraints)) if constraints.critical && constraints.value.ca => {}
        _ => return Err(Rule::BasicConstraints),
    }
    match ca.key_usage() {
        // Bits 5 and 6: certificates and CRLs.
        Ok(Some(usage)) if usage.critical && usage.value.flags == 0b110_0000 => {}
        _ => return Err(Rule::KeyUsage),
    }
    subject_key_id(ca).ok_or(Rule::KeyIdentifier)?;
    Ok(())
}

pub(super) fn check_holder(
    holder: &X509Certificate<'_>,
    ca: &X509Certificate<'_>,
) -> Result<(), ChainError> {
    if holder.issuer().as_raw() != ca.subject().as_raw() {
        return Err(ChainError::Issuer);
    }
    let rules = || {
        if holder.is_ca() {
            return Err(Rule::BasicConstraints);
        }
        match holder.key_usage() {
            // Bit 0: digital signature.
            Ok(Some(usage)) if usage.critical && usage.value.flags == 1 => {}
            _ => return Err(Rule::KeyUsage),
        }
        match holder.extended_key_usage() {
            Ok(Some(usage)) if usage.value.client_auth && !usage.value.any => {}
            _ => return Err(Rule::ExtendedKeyUsage),
        }
        if !has_policy(holder) {
            return Err(Rule::Policy);
        }
        subject_key_id(holder).ok_or(Rule::KeyIdentifier)?;
        let authority =
            holder
                .iter_extensions()
                .find_map(|extension| match extension.parsed_extension() {
                    ParsedExtension::AuthorityKeyIdentifier(authority) => Some(authority),
                    _ => None,
                });
        if !authority.is_some_and(|authority| names(authority, ca)) {
            return Err(Rule::KeyIdentifier);
        }
        let points = holder.iter_extensions().any(|extension| {
            matches!(
                extension.parsed_extension(),
                ParsedExtension::CRLDistributionPoints(points) if points.iter().next().is_some()
            )
        });
        points.then_some(()).ok_or(Rule::DistributionPoint)
    };
    rules().map_err(|rule| ChainError::Profile {
        of: Of::Holder,
        rule,
    })
}

/// For authentication: production's policies are below one arc; the test environment has one.
fn has_policy(holder: &X509Certificate<'_>) -> bool {
    let policies =
        holder
            .iter_extensions()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::CertificatePolicies(policies) if extension.critical => {
                    Some(policies)
                }
                _ => None,
            });
    let Some([policy]) = policies.map(Vec::as_slice) else {
        return false;
    };
    let arcs: Vec<_> = policy.policy_id.iter().into_iter().flatten().collect();
    policy.policy_id == TEST_POLICY || (arcs.starts_with(&POLICIES) && arcs.len() == 9)
}

fn names(authority: &AuthorityKeyIdentifier<'_>, ca: &X509Certificate<'_>) -> bool {
    let key = authority.key_identifier.as_ref().map(|key| key.0);
    let serial = authority.authority_cert_serial;
    key.is_some()
        && key == subject_key_id(ca)
        && serial.is_none_or(|serial| serial == ca.raw_serial())
}

fn subject_key_id<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate
        .iter_extensions()
        .find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
            _ => None,
        })
}

pub(super) fn key(certificate: &X509Certificate<'_>, of: Of) -> Result<PublicKey, ChainError> {
    let info = certificate.public_key();
    let parse = || {
        let AnyKey::RSA(key) = info.parsed().ok()? else {
            return None;
        };
        let modulus = key.modulus.strip_prefix(&[0])?;
        (info.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION && key.exponent == [1, 0, 1])
            .then(|| PublicKey::from_modulus(modulus).ok())
            .flatten()
    };
    parse().ok_or(ChainError::Profile {
        of,
        rule: Rule::Key,
    })
}

pub(super) fn is_signed_by(certificate: &X509Certificate<'_>, key: &PublicKey) -> bool {
    let digest = sha256(&[certificate.tbs_certificate.as_ref()]);
    Signature::try_from(certificate.signature_value.data.as_ref())
        .is_ok_and(|signature| key.verifies(&digest, &signature))
}
