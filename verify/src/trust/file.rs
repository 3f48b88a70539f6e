//! A trust list as a file, with the files it names beside it: a folder that can be carried to where no network is.

use std::io;
use std::path::Path;

use serde::Deserialize;
use time::Date;
use time::macros::format_description;

use super::{CardIssuer, Country, TrustList};
use crate::countries::certificate_country;
use crate::jwks::{Jwks, JwksError};
use crate::revoked_cards::{RevokedCards, RevokedCardsError};
use crate::x509::csca::{Csca, CscaError};
use crate::x509::revoked::{CrlError, RevokedSigners};

/// Why a trust list cannot be used: with nothing left out, nobody is believed by mistake, and no list of revocations is missed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("{file}: {error}")]
    Read {
        /// As the list names it.
        file: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The list is not TOML of the right form.
    #[error("not a trust list: {0}")]
    Form(#[from] toml::de::Error),
    /// An issuer's URL is not https, or ends with a slash.
    #[error("{0}: not the URL of an issuer")]
    Url(String),
    /// `fetched` is not `YYYY-MM-DD`.
    #[error("{0}: not a day")]
    Day(String),
    /// A code that Doc 9303-3 does not have.
    #[error("{0}: not the three letters of a state or organisation")]
    Country(String),
    /// A CSCA is another country's.
    #[error("{file}: of another country than {code}")]
    Foreign {
        /// As the list names it.
        file: String,
        /// The country that names it.
        code: String,
    },
    /// A file is no key set.
    #[error("{file}: {error}")]
    Keys {
        /// As the list names it.
        file: String,
        /// Why.
        #[source]
        error: JwksError,
    },
    /// A file is no list of revoked cards.
    #[error("{file}: {error}")]
    RevokedCards {
        /// As the list names it.
        file: String,
        /// Why.
        #[source]
        error: RevokedCardsError,
    },
    /// A list of revoked cards is about a key that its issuer does not have.
    #[error("{0}: about a key that is none of the issuer's")]
    Unrelated(String),
    /// A file is no CSCA's certificate.
    #[error("{file}: {error}")]
    Csca {
        /// As the list names it.
        file: String,
        /// Why.
        #[source]
        error: CscaError,
    },
    /// A file is no revocation list of these CSCAs.
    #[error("{file}: {error}")]
    Crl {
        /// As the list names it.
        file: String,
        /// Why.
        #[source]
        error: CrlError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    card_issuer: Vec<CardIssuerEntry>,
    #[serde(default)]
    country: Vec<CountryEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CardIssuerEntry {
    url: String,
    name: Option<String>,
    keys: String,
    #[serde(default)]
    revoked: Vec<String>,
    fetched: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountryEntry {
    code: String,
    name: Option<String>,
    csca: Vec<String>,
    #[serde(default)]
    crl: Vec<String>,
}

impl TrustList {
    /// Reads a list from a file; what it names lies beside it.
    ///
    /// # Errors
    /// The first thing in it that is not as it has to be.
    pub fn open(path: &Path) -> Result<Self, TrustError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = std::fs::read_to_string(path).map_err(|error| TrustError::Read {
            file: path.display().to_string(),
            error,
        })?;
        Self::parse(&text, |name| std::fs::read(folder.join(name)))
    }

    /// Reads a list from its text; `read` gives the content of the files that it names.
    ///
    /// # Errors
    /// The first thing in it that is not as it has to be.
    pub fn parse(
        text: &str,
        read: impl Fn(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Self, TrustError> {
        let file: File = toml::from_str(text)?;
        let bytes = |name: &str| {
            read(name).map_err(|error| TrustError::Read {
                file: name.to_owned(),
                error,
            })
        };
        let text = |name: &str| {
            String::from_utf8(bytes(name)?).map_err(|error| TrustError::Read {
                file: name.to_owned(),
                error: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
            })
        };
        let mut list = Self::default();
        for entry in file.card_issuer {
            list.add_card_issuer(entry.read(&text)?);
        }
        for entry in file.country {
            list.add_country(entry.read(&bytes)?);
        }
        Ok(list)
    }
}

impl CardIssuerEntry {
    fn read(
        self,
        text: &impl Fn(&str) -> Result<String, TrustError>,
    ) -> Result<CardIssuer, TrustError> {
        if !self.url.starts_with("https://") || self.url.ends_with('/') {
            return Err(TrustError::Url(self.url));
        }
        let keys = Jwks::parse(&text(&self.keys)?).map_err(|error| TrustError::Keys {
            file: self.keys.clone(),
            error,
        })?;
        let revoked = self.revoked.into_iter().map(|file| {
            let list = RevokedCards::parse(&text(&file)?);
            let list = list.map_err(|error| TrustError::RevokedCards {
                file: file.clone(),
                error,
            })?;
            let related = keys.find(list.kid()).is_some();
            related.then_some(list).ok_or(TrustError::Unrelated(file))
        });
        let revoked = revoked.collect::<Result<_, _>>()?;
        let fetched = self.fetched.map(|day| {
            let format = format_description!("[year]-[month]-[day]");
            Date::parse(&day, format).map_err(|_| TrustError::Day(day))
        });
        Ok(CardIssuer {
            url: Some(self.url),
            name: self.name,
            keys,
            revoked,
            fetched: fetched.transpose()?,
            lists_for: None,
        })
    }
}

impl CountryEntry {
    fn read(
        self,
        bytes: &impl Fn(&str) -> Result<Vec<u8>, TrustError>,
    ) -> Result<Country, TrustError> {
        let own = certificate_country(&self.code);
        let own = own.ok_or_else(|| TrustError::Country(self.code.clone()))?;
        let cscas = self.csca.into_iter().map(|file| {
            let csca = Csca::parse(&bytes(&file)?);
            let csca = csca.map_err(|error| TrustError::Csca {
                file: file.clone(),
                error,
            })?;
            if csca.country() == own {
                Ok(csca)
            } else {
                let code = self.code.clone();
                Err(TrustError::Foreign { file, code })
            }
        });
        let cscas: Vec<Csca> = cscas.collect::<Result<_, _>>()?;
        let revoked = self.crl.into_iter().map(|file| {
            let list = RevokedSigners::parse(&bytes(&file)?, &cscas);
            list.map_err(|error| TrustError::Crl { file, error })
        });
        let revoked = revoked.collect::<Result<_, _>>()?;
        Ok(Country {
            code: self.code,
            name: self.name,
            cscas,
            revoked,
        })
    }
}
