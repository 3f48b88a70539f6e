//! The issuer as this terminal knows it: a name, and what files pin.
//!
//! An issuer publishes a key a day before it signs with it. In that day the operator replaces the file of a terminal that goes on serving, so
//! the files are looked at before each application ([`Issuer::look_again`]).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::seal::ISSUING_STATE;

/// The issuer whose certificates this terminal hands over: its name and its pinned keys.
#[derive(Debug)]
pub struct Issuer {
    pub(super) name: String,
    pub(super) keys: Pinned<verify::Jwks>,
    /// Whose seals count: those of the pinned CSCA's signers.
    pub(super) seals: Pinned<verify::TrustList>,
}

/// Why there is no pinned issuer.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The file of keys, or of the CSCA, cannot be read.
    #[error("the issuer's keys cannot be read")]
    Unreadable(#[from] io::Error),
    /// It is no JWKS of P-256 keys.
    #[error("the issuer's keys are no JWKS of P-256 keys")]
    Keys(#[source] verify::JwksError),
    /// It is no CSCA's certificate.
    #[error("the issuer's CSCA is none")]
    Csca(#[source] verify::CscaError),
}

impl Issuer {
    /// The issuer `name` (an https URL) with the keys of a JWKS file.
    ///
    /// # Errors
    /// [`IssuerError`]
    pub fn load(name: String, keys: &Path) -> Result<Self, IssuerError> {
        Ok(Self {
            name,
            keys: Pinned::read(keys, keys_in)?,
            seals: Pinned::default(),
        })
    }

    /// The issuer `name` with the keys of a JWKS document.
    ///
    /// # Errors
    /// [`IssuerError::Keys`]
    pub fn new(name: String, jwks: &str) -> Result<Self, IssuerError> {
        Ok(Self {
            name,
            keys: Pinned::from(verify::Jwks::parse(jwks).map_err(IssuerError::Keys)?),
            seals: Pinned::default(),
        })
    }

    /// Whose certificates for abroad it hands over too: those sealed under one of these CSCAs, a file with its
    /// certificate, or with several while one takes over from another. Without it, none.
    ///
    /// # Errors
    /// [`IssuerError`]
    pub fn with_csca(self, csca: &Path) -> Result<Self, IssuerError> {
        let seals = Pinned::read(csca, seals)?;
        Ok(Self { seals, ..self })
    }

    /// As [`with_csca`](Self::with_csca), of certificates in PEM, or one in DER.
    ///
    /// # Errors
    /// [`IssuerError::Csca`]
    pub fn sealed_under(self, csca: &[u8]) -> Result<Self, IssuerError> {
        let seals = Pinned::from(seals(csca)?);
        Ok(Self { seals, ..self })
    }

    /// Whether it can check certificates for abroad.
    #[must_use]
    pub fn checks_abroad(&self) -> bool {
        !self.seals.known.countries().is_empty()
    }

    /// Takes what its files hold now: whether that is something new. What cannot be read or is none of it leaves what was known before.
    ///
    /// # Errors
    /// [`IssuerError`], once for each change of a file; the other file is looked at all the same.
    pub fn look_again(&mut self) -> Result<bool, IssuerError> {
        let (keys, seals) = (self.keys.look_again(keys_in), self.seals.look_again(seals));
        Ok(keys? | seals?)
    }
}

fn keys_in(jwks: &[u8]) -> Result<verify::Jwks, IssuerError> {
    let text = str::from_utf8(jwks);
    let text = text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    verify::Jwks::parse(text).map_err(IssuerError::Keys)
}

fn seals(csca: &[u8]) -> Result<verify::TrustList, IssuerError> {
    let mut seals = verify::TrustList::default();
    seals.add_country(verify::Country {
        code: ISSUING_STATE.to_owned(),
        name: None,
        cscas: verify::Csca::parse_all(csca).map_err(IssuerError::Csca)?,
        // The center does not sign with what is on it; this terminal has no newer one than the center.
        revoked: Vec::new(),
    });
    Ok(seals)
}

/// What is known, and the file that says it, where there is one.
#[derive(Debug, Default)]
pub(super) struct Pinned<T> {
    pub(super) known: T,
    file: Option<File>,
}

/// A file that may be replaced.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// What was in it last, whatever that was good for; none where it could not be read.
    seen: Option<Vec<u8>>,
}

impl<T> Pinned<T> {
    fn read(
        path: &Path,
        parse: impl Fn(&[u8]) -> Result<T, IssuerError>,
    ) -> Result<Self, IssuerError> {
        let content = fs::read(path)?;
        Ok(Self {
            known: parse(&content)?,
            file: Some(File {
                path: path.to_owned(),
                seen: Some(content),
            }),
        })
    }

    /// Takes what the file says, where that is not what was in it last: whether it is.
    fn look_again(
        &mut self,
        parse: impl Fn(&[u8]) -> Result<T, IssuerError>,
    ) -> Result<bool, IssuerError> {
        let Some(file) = &mut self.file else {
            return Ok(false);
        };
        let content = match fs::read(&file.path) {
            Ok(content) => content,
            // Told already.
            Err(_) if file.seen.is_none() => return Ok(false),
            Err(error) => {
                file.seen = None;
                return Err(error.into());
            }
        };
        if file.seen.as_ref() == Some(&content) {
            return Ok(false);
        }
        let said = parse(&content);
        file.seen = Some(content);
        self.known = said?;
        Ok(true)
    }
}

impl<T> From<T> for Pinned<T> {
    fn from(known: T) -> Self {
        Self { known, file: None }
    }
}
