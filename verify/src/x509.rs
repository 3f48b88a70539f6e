//! What VDS-NC takes of X.509: keys and signatures, CSCA certificates, revocation lists, the signers' profile.

pub(crate) mod csca;
mod curve;
pub(crate) mod key;
pub(crate) mod revoked;
pub(crate) mod signer;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// A certificate that is one and nothing else: version 3, no extension twice, both of its statements of the algorithm the same.
pub(crate) fn certificate(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let inner = &certificate.tbs_certificate;
    let whole = rest.is_empty() && inner.version.0 == 2;
    let unique = inner.extensions_map().is_ok();
    let agreed = inner.signature == certificate.signature_algorithm;
    (whole && unique && agreed).then_some(certificate)
}

/// Whether an extension says something that has to be heeded and is not known here, or not what it has to.
fn unheeded(extension: &X509Extension<'_>, known: &[&str]) -> bool {
    let parsed = extension.parsed_extension();
    let is_known = known.contains(&extension.oid.to_id_string().as_str());
    parsed.error().is_some() || (extension.critical && !is_known)
}

fn key_identifiers<'a>(
    extensions: &'a [X509Extension<'a>],
) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
    let (mut own, mut authority) = (None, None);
    for extension in extensions {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                authority = id.key_identifier.as_ref().map(|id| id.0);
            }
            _ => {}
        }
    }
    (own, authority)
}

/// The one country of a name, in capitals.
fn country(name: &X509Name<'_>) -> Option<String> {
    let mut countries = name.iter_country();
    let country = countries.next()?.as_str().ok()?.to_ascii_uppercase();
    (countries.next().is_none() && country.len() == 2).then_some(country)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
