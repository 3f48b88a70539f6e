//! Whom to believe: issuers of health cards by URL, countries by CSCA, and what each has revoked.

mod file;
mod judge;

use std::ops::RangeInclusive;

use time::Date;

use crate::jwks::Jwks;
use crate::revoked_cards::RevokedCards;
use crate::x509::csca::Csca;
use crate::x509::revoked::RevokedSigners;

pub use file::TrustError;

/// Everybody whose signature counts. Empty, it trusts nobody.
#[derive(Clone, Debug, Default)]
pub struct TrustList {
    card_issuers: Vec<CardIssuer>,
    countries: Vec<Country>,
}

/// An issuer of SMART Health Cards.
#[derive(Clone, Debug)]
pub struct CardIssuer {
    /// Its URL, as `iss` has it. Without one its keys count for any issuer that a card names.
    pub url: Option<String>,
    /// What to call it.
    pub name: Option<String>,
    /// Its keys.
    pub keys: Jwks,
    /// Its lists of revoked cards.
    pub revoked: Vec<RevokedCards>,
    /// When these were fetched.
    pub fetched: Option<Date>,
    /// From when to when its lists count, in seconds since 1970. If not set, they count however old they are.
    pub lists_for: Option<RangeInclusive<i64>>,
}

/// A state or organisation that issues VDS-NC.
#[derive(Clone, Debug)]
pub struct Country {
    /// Three letters, Doc 9303-3.
    pub code: String,
    /// What to call it.
    pub name: Option<String>,
    /// Its CSCAs.
    pub cscas: Vec<Csca>,
    /// Their lists of revoked signers.
    pub revoked: Vec<RevokedSigners>,
}

impl TrustList {
    /// Trusts an issuer of health cards.
    pub fn add_card_issuer(&mut self, issuer: CardIssuer) {
        self.card_issuers.push(issuer);
    }

    /// Trusts a country.
    pub fn add_country(&mut self, country: Country) {
        self.countries.push(country);
    }

    /// The issuers of health cards on it.
    #[must_use]
    pub fn card_issuers(&self) -> &[CardIssuer] {
        &self.card_issuers
    }

    /// The countries on it.
    #[must_use]
    pub fn countries(&self) -> &[Country] {
        &self.countries
    }
}
