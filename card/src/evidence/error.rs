use crate::file::FileError;
use crate::tlv::TlvError;
use crate::trust::CertificateRefused;

/// Why bytes are no evidence. Says which rule, never the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A version not known here.
    #[error("unknown version")]
    Version,
    /// Cut off, or bytes after the end.
    #[error("wire format: {0}")]
    Format(#[from] TlvError),
    /// The byte that says whether a surface part follows is neither 00 nor 01.
    #[error("surface part neither there nor absent")]
    Surface,
    /// A file is not laid out as that file is.
    #[error("file: {0}")]
    File(#[from] FileError),
}

/// Why evidence is not believed: the step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The certificate (EF 0004) names a CA that is no trust anchor for the text AP.
    #[error("issuer is no trust anchor")]
    UnknownIssuer,
    /// That CA did not sign the certificate.
    #[error("certificate is not signed by its issuer")]
    CertificateSignature,
    /// The certificate's subject is no signer of the text AP.
    #[error("certificate is of another application's signer")]
    SignerRole,
    /// EF 0001 is not the file that EF 0003 covers.
    #[error("digest of the number's file differs")]
    NumberDigest,
    /// EF 0002 is not the file that EF 0003 covers.
    #[error("digest of the attributes' file differs")]
    AttributesDigest,
    /// The municipal signer did not sign EF 0003.
    #[error("integrity record is not signed by the signer")]
    IntegritySignature,
    /// The municipal signer did not sign the card's key in EF 0007.
    #[error("card key is not signed by the signer")]
    CardKeySignature,
    /// The card's key did not sign this context: a copy, a replay, or other files.
    #[error("answer to the challenge is not the card's")]
    Challenge,
    /// The surface AP's part.
    #[error("surface AP: {0}")]
    Surface(#[from] SurfaceError),
    /// The individual number's check digit is wrong.
    #[error("check digit of the individual number is wrong")]
    CheckDigit,
}

/// Why the surface AP's part of evidence is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SurfaceError {
    /// It is not there, and it is required.
    #[error("missing")]
    Missing,
    /// Its certificate names a CA that is no trust anchor for the surface AP.
    #[error("issuer is no trust anchor")]
    UnknownIssuer,
    /// That CA did not sign the certificate.
    #[error("certificate is not signed by its issuer")]
    CertificateSignature,
    /// The certificate's subject is no signer of the surface AP.
    #[error("certificate is of another application's signer")]
    SignerRole,
    /// The municipal signer did not sign the age record.
    #[error("age record is not signed by the signer")]
    RecordSignature,
    /// The key in the age record did not sign this context.
    #[error("answer to the challenge is not the card's")]
    Challenge,
    /// The age record's birth date is not the text AP's.
    #[error("birth dates of the two applications differ")]
    BirthDate,
}

impl From<CertificateRefused> for EvidenceError {
    fn from(refused: CertificateRefused) -> Self {
        match refused {
            CertificateRefused::UnknownIssuer => Self::UnknownIssuer,
            CertificateRefused::Signature => Self::CertificateSignature,
            CertificateRefused::Role => Self::SignerRole,
        }
    }
}

impl From<CertificateRefused> for SurfaceError {
    fn from(refused: CertificateRefused) -> Self {
        match refused {
            CertificateRefused::UnknownIssuer => Self::UnknownIssuer,
            CertificateRefused::Signature => Self::CertificateSignature,
            CertificateRefused::Role => Self::SignerRole,
        }
    }
}
