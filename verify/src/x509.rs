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

/// A certificate that is one and nothing else: version 3, no extension twice, and nothing in it that could be written differently.
pub(crate) fn certificate(der: &[u8]) -> Option<X509Certificate<'_>> {
    let framed = is_strictly_framed(der).unwrap_or(false);
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let inner = &certificate.tbs_certificate;
    let whole = rest.is_empty() && inner.version.0 == 2;
    let unique = inner.extensions_map().is_ok();
    (framed && whole && unique).then_some(certificate)
}

/// Whether what is *around* the signed part is DER too, and its algorithm the signed one, byte by byte. x509-parser takes a primitive SEQUENCE
/// for a constructed one, for example: a second form of the same certificate.
fn is_strictly_framed(der: &[u8]) -> Option<bool> {
    let (outer, rest) = element(der, 0x30)?;
    let (signed, after) = element(outer, 0x30)?;
    let (algorithm, after) = element(after, 0x30)?;
    let (signature, end) = element(after, 0x03)?;
    let (_, inside) = element(signed, 0xa0)?;
    let (_, inside) = element(inside, 0x02)?;
    let (stated, _) = element(inside, 0x30)?;
    let whole_bytes = signature.first() == Some(&0);
    Some(rest.is_empty() && end.is_empty() && whole_bytes && algorithm == stated)
}

/// Content of the element of this tag that bytes begin with, and what follows it. Lengths are in their shortest form.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (own, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match (usize::from(*first), rest) {
        (length @ 0..=0x7f, rest) => (length, rest),
        (0x81, [length @ 0x80..=0xff, rest @ ..]) => (usize::from(*length), rest),
        (0x82, [high @ 1..=0xff, low, rest @ ..]) => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    (*own == tag)
        .then(|| rest.split_at_checked(length))
        .flatten()
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
