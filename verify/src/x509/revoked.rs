use std::fmt;

use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::csca::Csca;
use super::key::{PublicKey, Unsigned};
use super::{key_identifiers, unheeded};

/// A CSCA's list of revoked certificates (CRL), its signature verified.
#[derive(Clone)]
pub struct RevokedSigners {
    /// Name and key of the CSCA.
    issuer: (Vec<u8>, PublicKey),
    serials: Vec<Vec<u8>>,
    this_update: i64,
    next_update: i64,
}

impl fmt::Debug for RevokedSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevokedSigners")
            .field("serials", &self.serials.len())
            .finish()
    }
}

/// Why a file is no list of these CSCAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Neither a DER nor a PEM list, or more than one.
    #[error("not a certificate revocation list")]
    Form,
    /// By none of the CSCAs given.
    #[error("its issuer is none of the CSCAs")]
    Issuer,
    /// It does not say when the next one comes: nobody could tell that it is old.
    #[error("it does not say when the next one comes")]
    NoNextUpdate,
    /// A critical extension that is not known here: a list of parts, or of another's certificates.
    #[error("a critical extension is not known")]
    Extension,
    /// An algorithm that is not known here.
    #[error("its signature is of a kind that is not supported")]
    Algorithm,
    /// Not by that CSCA's key over this list.
    #[error("its signature is wrong")]
    Signature,
}

impl RevokedSigners {
    /// Reads a list, DER or PEM, of one of these CSCAs.
    ///
    /// # Errors
    /// It is none, or not theirs.
    pub fn parse<'a>(
        bytes: &[u8],
        cscas: impl IntoIterator<Item = &'a Csca>,
    ) -> Result<Self, CrlError> {
        if !bytes.starts_with(b"-----BEGIN ") {
            return Self::read(bytes, cscas);
        }
        let (rest, pem) = parse_x509_pem(bytes).map_err(|_| CrlError::Form)?;
        if pem.label != "X509 CRL" || !rest.trim_ascii().is_empty() {
            return Err(CrlError::Form);
        }
        Self::read(&pem.contents, cscas)
    }

    fn read<'a>(der: &[u8], cscas: impl IntoIterator<Item = &'a Csca>) -> Result<Self, CrlError> {
        let (rest, list) = CertificateRevocationList::from_der(der).map_err(|_| CrlError::Form)?;
        let inner = &list.tbs_cert_list;
        if !rest.is_empty()
            || inner.signature != list.signature_algorithm
            || inner.extensions_map().is_err()
        {
            return Err(CrlError::Form);
        }
        let entries = list.iter_revoked_certificates();
        let entries = entries.flat_map(|entry| entry.extensions());
        if inner.extensions().iter().chain(entries).any(is_unheeded) {
            return Err(CrlError::Extension);
        }
        let (_, authority) = key_identifiers(inner.extensions());
        let mut candidates = cscas
            .into_iter()
            .filter(|csca| csca.name == inner.issuer.as_raw())
            .filter(|csca| authority.is_none_or(|id| id == csca.key_identifier))
            .peekable();
        if candidates.peek().is_none() {
            return Err(CrlError::Issuer);
        }
        let mut wrong = Unsigned::Wrong;
        let csca = candidates.find(|csca| {
            let signature = &list.signature_value.data;
            let verified = csca
                .key
                .verify(&list.signature_algorithm, inner.as_ref(), signature);
            verified.map_err(|error| wrong = error).is_ok()
        });
        let csca = csca.ok_or(match wrong {
            Unsigned::Algorithm => CrlError::Algorithm,
            Unsigned::Wrong => CrlError::Signature,
        })?;
        let next_update = inner.next_update.ok_or(CrlError::NoNextUpdate)?;
        Ok(Self {
            issuer: (csca.name.clone(), csca.key.clone()),
            serials: list
                .iter_revoked_certificates()
                .map(|entry| entry.raw_serial().to_vec())
                .collect(),
            this_update: inner.this_update.timestamp(),
            next_update: next_update.timestamp(),
        })
    }

    /// Whether it is by the key of this certificate, of which a CSCA may have several.
    #[must_use]
    pub fn is_of(&self, csca: &Csca) -> bool {
        self.issuer.0 == csca.name && self.issuer.1 == csca.key
    }

    pub(crate) fn has(&self, serial: &[u8]) -> bool {
        self.serials.iter().any(|revoked| revoked == serial)
    }

    /// How many certificates are on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether none is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.serials.is_empty()
    }

    /// When it was made, and when the next one has to be there, in seconds since 1970.
    #[must_use]
    pub const fn updates(&self) -> (i64, i64) {
        (self.this_update, self.next_update)
    }
}

/// Known where critical: the key's identifier, the number, the reason. A delta or an indirect list says so by others.
fn is_unheeded(extension: &x509_parser::extensions::X509Extension<'_>) -> bool {
    // A list of parts of the certificates is no whole one, critical or not.
    let partial = matches!(
        extension.parsed_extension(),
        ParsedExtension::IssuingDistributionPoint(_)
    );
    partial || unheeded(extension, &["2.5.29.35", "2.5.29.20", "2.5.29.21"])
}
