//! Somebody's certificate, looked at: what `verify` says of a text, a picture or a PDF. No network is needed for it.
//!
//! ```text
//! FOLDER/trust.toml     whom to believe beside our own issuer, as `verify --trust` takes it; there need not be one
//! FOLDER/center.json    what our own center published, as fetched last
//! ```
//! The center's public listener is asked now and then: for its keys, what they revoked, its CSCA and the lists of that one and those before it.
//! All of it counts once all of it is there and sound, and until something newer is. A list of revocations only ever
//! grows, so one that is shorter than the one before is an older one and does not take its place, nor if its key was not published meanwhile. Before anything was
//! ever fetched the keys that are pinned for the hand-over count, and whether something was revoked cannot be told: our own issuer
//! publishes lists, so without one, or with one that was fetched too long ago, its cards are `unchecked`, and never `valid`.
//!
//! A CSCA that is fetched counts if one that is pinned, and valid, vouches for it, by its own key or in a link certificate; and a list if it is
//! of one that counts. The center's public listener alone makes nobody a signer of certificates for abroad.
//!
//! Nothing of what was looked at is kept, and nobody is told of it: what is fetched is the same, whatever was.

mod center;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use issuance_api::{Blob, KeyId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use verify::{
    CardIssuer, Country, CrlError, Csca, Jwks, RevokedCards, RevokedSigners, TrustList, form,
};
use zeroize::Zeroizing;

use crate::config::IssuerConfig;
use crate::handover::ISSUING_STATE;
use center::Center;
pub use center::{AuthorityError, FetchError};

const TRUST: &str = "trust.toml";
const FETCHED: &str = "center.json";

/// What was fetched is old after so many seconds, and told so: verifiers are to ask daily (SMART Health Cards, "Revocation").
pub const OLD_AFTER: i64 = 24 * 3600;
/// After so many seconds it no longer answers whether a card was revoked: a device without a network for a week. Nor does it a day and more
/// before it was fetched, as by a clock that was ahead then.
pub const COUNTS_FOR: i64 = 7 * OLD_AFTER;
/// Between two attempts to fetch: after one that succeeded, and after one that did not.
const FRESH: Duration = Duration::from_secs(3600);
const AGAIN: Duration = Duration::from_secs(60);

/// What verifying needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyConfig {
    /// The folder of the trust list; it is made if it is not there.
    pub trust: PathBuf,
    /// Where the issuer's center publishes. Without it nothing is ever fetched.
    pub center: Option<CenterConfig>,
}

/// The public listener of a center: an ordinary https server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CenterConfig {
    /// `host:port`.
    pub address: String,
    /// The DNS name or IP address that its certificate must hold.
    pub server_name: String,
    /// Who may vouch for it, PEM.
    pub roots: PathBuf,
}

impl VerifyConfig {
    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        self.trust = folder.join(&self.trust);
        if let Some(center) = &mut self.center {
            center.roots = folder.join(&center.roots);
        }
    }
}

/// Why nothing can be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyingError {
    /// The folder cannot be made.
    #[error("the folder of the trust list cannot be made")]
    Folder(#[source] io::Error),
    /// `trust.toml` is no trust list.
    #[error("the trust list cannot be used")]
    Trust(#[from] verify::TrustError),
    /// The pinned keys cannot be read.
    #[error("the issuer's pinned keys cannot be used")]
    Keys(#[source] io::Error),
    /// The center's authorities cannot be used.
    #[error(transparent)]
    Center(#[from] AuthorityError),
}

/// What the center published, as it is kept: documents as they came.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetched {
    /// In seconds since 1970.
    at: i64,
    keys: String,
    /// By the key's id.
    revoked: BTreeMap<KeyId, String>,
    /// The last lists of keys that are published no longer.
    gone: BTreeMap<KeyId, String>,
    csca: Option<Blob>,
    /// The latest list of each CSCA.
    csca_lists: Vec<Blob>,
}

/// What is believed now.
struct Known {
    trust: TrustList,
    /// When the center was asked last, in seconds since 1970.
    fetched: Option<i64>,
}

/// Looks at certificates.
pub struct Verifying {
    folder: PathBuf,
    issuer: String,
    pinned_keys: String,
    pinned_cscas: Vec<Csca>,
    center: Option<Center>,
    known: RwLock<Arc<Known>>,
}

impl std::fmt::Debug for Verifying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifying").finish_non_exhaustive()
    }
}

impl Verifying {
    /// Reads the folder, and asks nobody. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`VerifyingError`]. What was fetched once and is damaged since is no error: it is as if it had not been.
    pub fn new(
        config: &VerifyConfig,
        issuer: &IssuerConfig,
        now: i64,
    ) -> Result<Self, VerifyingError> {
        fs::create_dir_all(&config.trust).map_err(VerifyingError::Folder)?;
        let keys = fs::read_to_string(&issuer.keys).map_err(VerifyingError::Keys)?;
        let cscas = issuer.csca.as_ref().map(fs::read).transpose();
        let cscas = cscas.map_err(VerifyingError::Keys)?;
        let cscas = cscas.map(|cscas| Csca::parse_all(&cscas)).transpose();
        let cscas = cscas.map_err(|error| {
            VerifyingError::Keys(io::Error::new(io::ErrorKind::InvalidData, error))
        })?;
        let mut verifying = Self {
            folder: config.trust.clone(),
            issuer: issuer.iss.clone(),
            pinned_keys: keys,
            pinned_cscas: cscas.unwrap_or_default(),
            center: config.center.as_ref().map(Center::new).transpose()?,
            known: RwLock::new(Arc::new(Known {
                trust: TrustList::default(),
                fetched: None,
            })),
        };
        let known = verifying.know(verifying.kept(now).as_ref(), now)?;
        verifying.known = RwLock::new(Arc::new(known));
        Ok(verifying)
    }

    /// What is said of codes by their texts, as [`verify::scan`] reads them: what `verify --json` says, `codes` among it. `now` is in
    /// seconds since 1970. Signatures take a moment: call it where a thread may block.
    #[must_use]
    pub fn judge(&self, texts: &[Zeroizing<String>], now: i64) -> Value {
        let known = self.known();
        let reports: Vec<_> = verify::read(texts.iter().map(|text| text.as_str()))
            .iter()
            .map(|document| known.trust.judge(document, now))
            .collect();
        form::reports(&reports, now)
    }

    /// Whom the trust list trusts: what `verify --show-trust --json` says, and in `center` when our own was asked last
    /// (`fetched`, nothing if never) and whether that is too long ago (`old`).
    #[must_use]
    pub fn trust(&self, now: i64) -> Value {
        let known = self.known();
        let mut trust = form::trust(&known.trust);
        trust["center"] = json!({
            "fetched": known.fetched.map(form::moment),
            "old": known.fetched.is_none_or(|at| !(0..OLD_AFTER).contains(&(now - at))),
        });
        trust
    }

    /// Asks the center, once. Whether there was one to ask.
    ///
    /// # Errors
    /// [`FetchError`]: what was known stays.
    pub async fn refresh(&self, now: i64) -> Result<bool, FetchError> {
        let Some(center) = &self.center else {
            return Ok(false);
        };
        let before = self.kept(now);
        let mut fetched = center.fetch(now, before.as_ref()).await?;
        let mut lists = before.map_or(Vec::new(), |it| it.csca_lists);
        lists.append(&mut fetched.csca_lists);
        fetched.csca_lists = self.newest_of_cscas(&fetched, &lists, now);
        let known = self
            .know(Some(&fetched), now)
            .map_err(|_| FetchError::Unsound)?;
        self.keep(&fetched).map_err(FetchError::NotKept)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(true)
    }

    /// Asks the center hourly, and every minute while it does not answer. Goes on until it is dropped.
    pub async fn keep_fresh(&self) {
        loop {
            let now = OffsetDateTime::now_utc().unix_timestamp();
            let pause = match self.refresh(now).await {
                Ok(_) => FRESH,
                Err(_) => AGAIN,
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn known(&self) -> Arc<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known)
    }

    fn kept(&self, now: i64) -> Option<Fetched> {
        let kept = fs::read(self.folder.join(FETCHED)).ok()?;
        let fetched: Fetched = serde_json::from_slice(&kept).ok()?;
        // All of it, or it is not believed.
        fetched
            .issuers(&self.issuer, &self.pinned_cscas, now)
            .is_ok()
            .then_some(fetched)
    }

    /// Of the lists that count, the latest of each CSCA: the center publishes one, and certificates under the CSCA before are good for years.
    fn newest_of_cscas(&self, fetched: &Fetched, lists: &[Blob], now: i64) -> Vec<Blob> {
        let mut newest: Vec<Blob> = Vec::new();
        for csca in fetched.cscas(&self.pinned_cscas, now) {
            let its = lists.iter().filter_map(|list| {
                let read = RevokedSigners::parse(list.as_bytes(), [&csca]).ok()?;
                Some((read.updates(), list))
            });
            let latest = its.max_by_key(|(updates, _)| *updates);
            // Two certificates of one CSCA have one list.
            if let Some((_, list)) = latest
                && !newest.contains(list)
            {
                newest.push(list.clone());
            }
        }
        newest
    }

    fn keep(&self, fetched: &Fetched) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(fetched)?)?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(FETCHED))?;
        File::open(&self.folder)?.sync_all()
    }

    fn know(&self, fetched: Option<&Fetched>, now: i64) -> Result<Known, VerifyingError> {
        let path = self.folder.join(TRUST);
        let mut trust = if path.exists() {
            TrustList::open(&path)?
        } else {
            TrustList::default()
        };
        let pinned = || {
            let invalid =
                |error| VerifyingError::Keys(io::Error::new(io::ErrorKind::InvalidData, error));
            let fetched = Fetched {
                at: 0,
                keys: self.pinned_keys.clone(),
                revoked: BTreeMap::new(),
                gone: BTreeMap::new(),
                csca: None,
                csca_lists: Vec::new(),
            };
            fetched
                .issuers(&self.issuer, &self.pinned_cscas, now)
                .map_err(|_| invalid("not keys of an issuer"))
        };
        let known = fetched.map(|fetched| fetched.issuers(&self.issuer, &self.pinned_cscas, now));
        let (mut issuer, country) = match known {
            Some(Ok(issuers)) => issuers,
            _ => pinned()?,
        };
        if fetched.is_none() {
            issuer.fetched = None;
        }
        trust.add_card_issuer(issuer);
        if !country.cscas.is_empty() {
            trust.add_country(country);
        }
        Ok(Known {
            trust,
            fetched: fetched.map(|fetched| fetched.at),
        })
    }
}

impl Fetched {
    /// Those that are pinned, and the one that was fetched where one of them vouches for it.
    fn cscas(&self, pinned: &[Csca], now: i64) -> Vec<Csca> {
        let mut cscas = pinned.to_vec();
        let fetched = self.csca.as_ref();
        let fetched = fetched.and_then(|csca| Csca::vouched_for(csca.as_bytes(), pinned, now).ok());
        if let Some(fetched) = fetched {
            let same = |csca: &Csca| csca.fingerprint() == fetched.fingerprint();
            if !cscas.iter().any(same) {
                cscas.push(fetched);
            }
        }
        cscas
    }

    /// What it says, if all of it is sound.
    fn issuers(
        &self,
        url: &str,
        pinned: &[Csca],
        now: i64,
    ) -> Result<(CardIssuer, Country), FetchError> {
        let unsound = FetchError::Unsound;
        let keys = Jwks::parse(&self.keys).map_err(|_| unsound)?;
        let revoked = self.revoked.iter().map(|(kid, list)| {
            let list = RevokedCards::parse(list).map_err(|_| FetchError::Unsound)?;
            let own = list.kid() == kid.as_str() && keys.kids().any(|key| key == kid.as_str());
            own.then_some(list).ok_or(FetchError::Unsound)
        });
        let revoked = revoked.collect::<Result<_, _>>()?;
        let cscas = self.cscas(pinned, now);
        let lists = self.csca_lists.iter();
        let lists = lists.map(|list| RevokedSigners::parse(list.as_bytes(), &cscas));
        // Of a CSCA that counts no longer, or not yet.
        let lists = lists.filter(|list| !matches!(list, Err(CrlError::Issuer)));
        let lists = lists
            .collect::<Result<_, _>>()
            .map_err(|_| FetchError::Unsound)?;
        let fetched = OffsetDateTime::from_unix_timestamp(self.at).ok();
        let issuer = CardIssuer {
            url: Some(url.to_owned()),
            name: None,
            keys,
            revoked,
            fetched: fetched.map(OffsetDateTime::date),
            lists_for: Some(self.at.saturating_sub(OLD_AFTER)..=self.at.saturating_add(COUNTS_FOR)),
        };
        let country = Country {
            code: ISSUING_STATE.to_owned(),
            name: None,
            cscas,
            revoked: lists,
        };
        Ok((issuer, country))
    }
}
