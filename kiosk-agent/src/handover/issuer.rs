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
    pub(super) keys: verify::Jwks,
    /// Whose seals count: those of the pinned CSCA's signers.
    pub(super) seals: verify::TrustList,
    keys_file: Option<File>,
    csca_file: Option<File>,
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
        let (file, content) = File::read(keys)?;
        let keys = keys_in(&content)?;
        Ok(Self {
            keys_file: Some(file),
            ..Self::pinned(name, keys)
        })
    }

    /// The issuer `name` with the keys of a JWKS document.
    ///
    /// # Errors
    /// [`IssuerError::Keys`]
    pub fn new(name: String, jwks: &str) -> Result<Self, IssuerError> {
        let keys = verify::Jwks::parse(jwks).map_err(IssuerError::Keys)?;
        Ok(Self::pinned(name, keys))
    }

    fn pinned(name: String, keys: verify::Jwks) -> Self {
        Self {
            name,
            keys,
            seals: verify::TrustList::default(),
            keys_file: None,
            csca_file: None,
        }
    }

    /// Whose certificates for abroad it hands over too: those sealed under one of these CSCAs, a file with its
    /// certificate, or with several while one takes over from another. Without it, none.
    ///
    /// # Errors
    /// [`IssuerError`]
    pub fn with_csca(self, csca: &Path) -> Result<Self, IssuerError> {
        let (file, content) = File::read(csca)?;
        Ok(Self {
            csca_file: Some(file),
            ..self.sealed_under(&content)?
        })
    }

    /// As [`with_csca`](Self::with_csca), of certificates in PEM, or one in DER.
    ///
    /// # Errors
    /// [`IssuerError::Csca`]
    pub fn sealed_under(self, csca: &[u8]) -> Result<Self, IssuerError> {
        let seals = seals(csca)?;
        Ok(Self { seals, ..self })
    }

    /// Whether it can check certificates for abroad.
    #[must_use]
    pub fn checks_abroad(&self) -> bool {
        !self.seals.countries().is_empty()
    }

    /// Takes what its files hold now: whether that is something new. What cannot be read or is none of it leaves what was known before.
    ///
    /// # Errors
    /// [`IssuerError`], once for each change of a file; the other file is looked at all the same.
    pub fn look_again(&mut self) -> Result<bool, IssuerError> {
        let keys = changed(&mut self.keys_file, keys_in);
        let seals = changed(&mut self.csca_file, seals);
        let (keys, seals) = (take(&mut self.keys, keys), take(&mut self.seals, seals));
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

/// A file that may be replaced.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// What was in it last, whatever that was good for; none where it could not be read.
    seen: Option<Vec<u8>>,
}

impl File {
    fn read(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let content = fs::read(path)?;
        let file = Self {
            path: path.to_owned(),
            seen: Some(content.clone()),
        };
        Ok((file, content))
    }
}

/// Whether there is something new.
fn take<T>(known: &mut T, found: Result<Option<T>, IssuerError>) -> Result<bool, IssuerError> {
    let found = found?;
    let anew = found.is_some();
    if let Some(found) = found {
        *known = found;
    }
    Ok(anew)
}

/// What a file says, where that is not what was in it last.
fn changed<T>(
    file: &mut Option<File>,
    parse: impl Fn(&[u8]) -> Result<T, IssuerError>,
) -> Result<Option<T>, IssuerError> {
    let Some(file) = file else { return Ok(None) };
    let now = match fs::read(&file.path) {
        Ok(now) => now,
        // Told already.
        Err(_) if file.seen.is_none() => return Ok(None),
        Err(error) => {
            file.seen = None;
            return Err(error.into());
        }
    };
    if file.seen.as_ref() == Some(&now) {
        return Ok(None);
    }
    let said = parse(&now);
    file.seen = Some(now);
    said.map(Some)
}
