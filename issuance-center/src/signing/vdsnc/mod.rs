//! Barcode signers of ICAO VDS-NC: keys certified by a CSCA, each signing for some three months.
//!
//! | file | who needs it |
//! |---|---|
//! | `csca.pem`, `csca.crl.pem` | the center and every verifier |
//! | `signers/SERIAL.pem` | the center; stays for ever, since what it signed does |
//! | `signers/SERIAL.key` | the center, until the signer's signing is over |
//! | `csca.key` | whoever makes signers and lists, apart from the center: serving never asks for it |
//!
//! Everything is checked when the center starts: a certificate that is not what it has to be, a signing period that is over, a
//! key that is missing or of another environment stop it. While it serves, the newest signer whose time it is signs, so the
//! next one takes over by itself; lists are read again whenever they change.
//!
//! A CSCA that followed another leaves that one its list: what was signed under it is good for years, and can still be revoked.

use std::{
    ffi::OsStr,
    fs, iter,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use card::trust::Environment;
use issuance_api::Array;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{KeyError, KeyFile, Signer};

mod profile;
pub mod store;
#[cfg(test)]
mod tests;

pub use profile::{Csca, ProfileError, RevocationList, SignerCertificate};

/// Where its files are.
#[derive(Clone, Debug)]
pub struct SignerPaths {
    /// CSCA's certificate.
    pub csca: PathBuf,
    /// Its revocation list.
    pub list: PathBuf,
    /// Folder of signers.
    pub signers: PathBuf,
    /// CSCAs before this one, each with its list, of which no signer signs any more.
    pub former: Vec<ListPaths>,
}

/// Where a CSCA's certificate and its list are.
#[derive(Clone, Debug)]
pub struct ListPaths {
    /// Its certificate.
    pub csca: PathBuf,
    /// Its revocation list.
    pub list: PathBuf,
}

/// Why there are no barcode signers. For the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignersError {
    /// A file or the folder cannot be read.
    #[error("{}: cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// A certificate or list is not what it has to be.
    #[error("{}: {rule}", .path.display())]
    Profile {
        /// Which file.
        path: PathBuf,
        /// What it has to be.
        rule: ProfileError,
    },
    /// The CSCA's certificate is not valid at this time.
    #[error("{}: the CSCA's certificate is not valid now", .0.display())]
    CscaOver(PathBuf),
    /// The list is older than it says it may be.
    #[error("{}: the revocation list has expired: make the next with `keys vdsnc crl`", .0.display())]
    ListOver(PathBuf),
    /// A signer's private key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A signer whose time is not over has no private key.
    #[error("{}: the signer's private key is missing", .0.display())]
    NoKey(PathBuf),
    /// The private key is not the certificate's.
    #[error("{}: the private key is not the certificate's", .0.display())]
    OtherKey(PathBuf),
    /// The private key is of another environment than the configured one.
    #[error("{}: of another environment than the configured one", .0.display())]
    Environment(PathBuf),
    /// No signer at all.
    #[error("{}: no signer: make one with `keys vdsnc rotate`", .0.display())]
    NoSigner(PathBuf),
    /// No signer may sign now.
    #[error("{}: no signer's signing period includes this moment (the last ends {last}): make the next with `keys vdsnc rotate`", .folder.display())]
    NotNow {
        /// Folder of signers.
        folder: PathBuf,
        /// When the last one's signing ends or ended.
        last: time::Date,
    },
    /// Every signer whose time it is stands on the list.
    #[error("{}: every signer that could sign now is revoked", .0.display())]
    Revoked(PathBuf),
}

/// A signer and, as long as it signs, its key.
pub struct BarcodeSigner {
    certificate: SignerCertificate,
    fingerprint: Array<32>,
    key: Option<Box<dyn Signer>>,
}

impl BarcodeSigner {
    /// Its certificate.
    #[must_use]
    pub const fn certificate(&self) -> &SignerCertificate {
        &self.certificate
    }

    /// SHA-256 of its certificate: how a sealed state names it.
    #[must_use]
    pub const fn fingerprint(&self) -> &Array<32> {
        &self.fingerprint
    }

    pub(super) fn key(&self) -> Option<&dyn Signer> {
        self.key.as_deref()
    }

    fn signs_at(&self, now: OffsetDateTime) -> bool {
        let (from, until) = self.certificate.signs();
        self.key.is_some() && (from..until).contains(&now)
    }
}

/// All signers of one CSCA, its list, and those of CSCAs before it.
pub struct BarcodeSigners {
    own: Authority,
    former: Vec<Authority>,
    signers: Vec<BarcodeSigner>,
}

/// What came of reading the lists again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// One of them is another one than before.
    pub changed: bool,
    /// Of the first that could not be taken: what is known of it stays.
    pub unreadable: Option<SignersError>,
}

/// A CSCA and its list, which is read again whenever it changes.
struct Authority {
    csca: Csca,
    path: PathBuf,
    known: RwLock<(RevocationList, String)>,
}

impl BarcodeSigners {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// [`SignersError`]: one of them signs now, or it is said why not.
    pub fn load(
        paths: &SignerPaths,
        environment: Environment,
        now: OffsetDateTime,
    ) -> Result<Self, SignersError> {
        let own = Authority::load(&paths.csca, &paths.list)?;
        let (from, until) = own.csca.valid();
        if !(from..until).contains(&now) {
            return Err(SignersError::CscaOver(paths.csca.clone()));
        }
        if own.next_update() <= now {
            return Err(SignersError::ListOver(paths.list.clone()));
        }
        // One of these that has expired says less than it should, and stops nobody.
        let former = paths
            .former
            .iter()
            .map(|former| Authority::load(&former.csca, &former.list));
        let former = former.collect::<Result<_, _>>()?;
        let mut signers = Vec::new();
        for path in certificates(&paths.signers)? {
            signers.push(signer(&path, &own.csca, environment, now)?);
        }
        // The newest first.
        signers.sort_by_key(|signer| std::cmp::Reverse(signer.certificate.signs()));
        let all = Self {
            own,
            former,
            signers,
        };
        let folder = || paths.signers.clone();
        let last = all
            .signers
            .iter()
            .map(|signer| signer.certificate.signs().1);
        let last = last.max().ok_or_else(|| SignersError::NoSigner(folder()))?;
        if !all.signers.iter().any(|signer| signer.signs_at(now)) {
            return Err(SignersError::NotNow {
                folder: folder(),
                last: last.date(),
            });
        }
        if all.current(now).is_none() {
            return Err(SignersError::Revoked(folder()));
        }
        Ok(all)
    }

    pub(super) fn through(
        mut self,
        between: &mut impl FnMut(Box<dyn Signer>) -> Box<dyn Signer>,
    ) -> Self {
        for signer in &mut self.signers {
            signer.key = signer.key.take().map(&mut *between);
        }
        self
    }

    /// The CSCA.
    #[must_use]
    pub const fn csca(&self) -> &Csca {
        &self.own.csca
    }

    /// The list.
    #[must_use]
    pub fn list(&self) -> RevocationList {
        self.own.read().0.clone()
    }

    /// This CSCA's list and those of the ones before it, PEM, one after the other.
    #[must_use]
    pub fn all_lists(&self) -> String {
        let lists = iter::once(&self.own).chain(&self.former);
        lists
            .map(|list| list.read().1.trim_end().to_owned() + "\n")
            .collect()
    }

    /// Every signer, the newest first.
    #[must_use]
    pub fn signers(&self) -> &[BarcodeSigner] {
        &self.signers
    }

    /// The one that signs now: the newest whose time it is and that is not revoked. None while the list has expired.
    #[must_use]
    pub fn current(&self, now: OffsetDateTime) -> Option<&BarcodeSigner> {
        self.usable(now).next()
    }

    /// The one of this fingerprint, if it may sign now.
    #[must_use]
    pub fn find(&self, fingerprint: &Array<32>, now: OffsetDateTime) -> Option<&BarcodeSigner> {
        let mut usable = self.usable(now);
        usable.find(|signer| signer.fingerprint == *fingerprint)
    }

    /// Whole days for which somebody can sign from now on, as far as the signers and the list there are go.
    #[must_use]
    pub fn days_left(&self, now: OffsetDateTime) -> i64 {
        let list = self.list();
        let mut until = now;
        loop {
            let further = self
                .signers
                .iter()
                .filter(|signer| signer.signs_at(until) && !list.has(&signer.certificate.serial()));
            let further = further.map(|signer| signer.certificate.signs().1).max();
            match further {
                Some(further) => until = further,
                None => break,
            }
        }
        (until.min(list.next_update()) - now).whole_days().max(0)
    }

    /// Whole days until the first list of a CSCA before this one expires; nothing if there is none.
    #[must_use]
    pub fn former_days_left(&self, now: OffsetDateTime) -> Option<i64> {
        let ends = self.former.iter().map(Authority::next_update).min()?;
        Some((ends - now).whole_days().max(0))
    }

    fn usable(&self, now: OffsetDateTime) -> impl Iterator<Item = &BarcodeSigner> {
        let list = self.list();
        let signers = self.signers.iter();
        signers.filter(move |signer| {
            signer.signs_at(now)
                && now < list.next_update()
                && !list.has(&signer.certificate.serial())
        })
    }

    /// Reads the lists again, each whatever becomes of the others. One that cannot be read, or is older than the known one, changes nothing.
    pub fn reload(&self) -> Reloaded {
        let mut all = Reloaded::default();
        for list in iter::once(&self.own).chain(&self.former) {
            match list.reload() {
                Ok(changed) => all.changed |= changed,
                Err(error) => all.unreadable = all.unreadable.or(Some(error)),
            }
        }
        all
    }
}

impl Authority {
    fn load(csca: &Path, path: &Path) -> Result<Self, SignersError> {
        let csca = read(csca, Csca::read)?;
        let text = text(path)?;
        let list = RevocationList::read(&text, &csca).map_err(|rule| broken(path, rule))?;
        Ok(Self {
            csca,
            path: path.to_owned(),
            known: RwLock::new((list, text)),
        })
    }

    fn reload(&self) -> Result<bool, SignersError> {
        let text = text(&self.path)?;
        if self.read().1 == text {
            return Ok(false);
        }
        let list = RevocationList::read(&text, &self.csca);
        let list = list.map_err(|rule| broken(&self.path, rule))?;
        if !list.follows(&self.read().0) {
            let rule = ProfileError::Field {
                field: "cRLNumber",
                rule: "not below that of the list read before",
            };
            return Err(broken(&self.path, rule));
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = (list, text);
        Ok(true)
    }

    fn next_update(&self) -> OffsetDateTime {
        self.read().0.next_update()
    }

    fn read(&self) -> RwLockReadGuard<'_, (RevocationList, String)> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signer(
    path: &Path,
    csca: &Csca,
    environment: Environment,
    now: OffsetDateTime,
) -> Result<BarcodeSigner, SignersError> {
    let certificate = read(path, |pem| SignerCertificate::read(pem, csca))?;
    let key_path = path.with_extension("key");
    let (_, until) = certificate.signs();
    let key = if until <= now {
        // Not needed any more, and better gone.
        None
    } else if key_path.exists() {
        let key = KeyFile::load(&key_path)?;
        if key.environment() != environment {
            return Err(SignersError::Environment(key_path));
        }
        if key.public().get() != certificate.key() {
            return Err(SignersError::OtherKey(key_path));
        }
        Some(Box::new(key) as Box<dyn Signer>)
    } else {
        return Err(SignersError::NoKey(key_path));
    };
    Ok(BarcodeSigner {
        fingerprint: Array::new(Sha256::digest(certificate.der()).into()),
        certificate,
        key,
    })
}

/// The certificates in a folder of signers, in order of their names.
fn certificates(folder: &Path) -> Result<Vec<PathBuf>, SignersError> {
    let unreadable = |_| SignersError::Unreadable(folder.to_owned());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("pem")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<String, SignersError> {
    fs::read_to_string(path).map_err(|_| SignersError::Unreadable(path.to_owned()))
}

fn read<T>(
    path: &Path,
    read: impl FnOnce(&str) -> Result<T, ProfileError>,
) -> Result<T, SignersError> {
    read(&text(path)?).map_err(|rule| broken(path, rule))
}

fn broken(path: &Path, rule: ProfileError) -> SignersError {
    SignersError::Profile {
        path: path.to_owned(),
        rule,
    }
}
