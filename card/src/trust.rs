//! Trust anchors: the CA keys under which municipal signers' certificates are believed.
//!
//! They are the operator's to configure, one file each (`*.pem`); nothing is baked in:
//! ```text
//! key-id: 6000033
//! ap: text                       text | surface
//! environment: test-card         production | test-card | emulator
//! -----BEGIN PUBLIC KEY-----
//! …
//! ```
//! Text before the PEM boundary is explanatory (RFC 7468, section 2); of it, these three lines count.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::certificate::Certificate;
use crate::key::{KeyIdError, PublicKey, sha256};

pub use crate::key::{KeyId, ShortKeyId};
pub use refused::{RefusedListError, RefusedSigners};

mod refused;

/// Which application of the card a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApRole {
    /// 券面事項入力補助AP.
    Text,
    /// 券面事項確認AP.
    Surface,
}

impl ApRole {
    /// `text` or `surface`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Surface => "surface",
        }
    }

    /// The sixth digit of a municipal signer's key id in this application.
    #[must_use]
    pub const fn digit(self) -> u8 {
        match self {
            Self::Text => b'3',
            Self::Surface => b'2',
        }
    }
}

impl FromStr for ApRole {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        [Self::Text, Self::Surface]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(TrustError::Ap)
    }
}

/// What kind of cards a CA vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Cards of residents.
    Production,
    /// Real chips with fictitious holders.
    TestCard,
    /// The emulator.
    Emulator,
}

impl Environment {
    /// `production`, `test-card` or `emulator`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::TestCard => "test-card",
            Self::Emulator => "emulator",
        }
    }
}

impl Environment {
    /// The line that states it in a key file, ahead of the PEM boundary (RFC 7468, section 2, allows text there).
    #[must_use]
    pub fn head(self) -> String {
        format!("environment: {}\n", self.as_str())
    }

    /// What a key file states ahead of its PEM, if that is exactly one environment, and the PEM; nothing if there is no PEM.
    #[must_use]
    pub fn ahead_of_pem(text: &str) -> Option<(Option<Self>, &str)> {
        let (head, pem) = text.split_at(text.find("-----BEGIN")?);
        let mut stated = head
            .lines()
            .filter_map(|line| line.strip_prefix("environment:"));
        let environment = match (stated.next(), stated.next()) {
            (Some(environment), None) => environment.trim().parse().ok(),
            _ => None,
        };
        Some((environment, pem))
    }
}

impl FromStr for Environment {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        [Self::Production, Self::TestCard, Self::Emulator]
            .into_iter()
            .find(|environment| environment.as_str() == text)
            .ok_or(TrustError::Environment)
    }
}

/// A CA key that the operator trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Seven leading digits of the issuer key id in the certificates it signs.
    pub id: ShortKeyId,
    /// The application whose signers it vouches for.
    pub role: ApRole,
    /// What kind of cards.
    pub environment: Environment,
    /// The key.
    pub key: PublicKey,
}

impl FromStr for Anchor {
    type Err = TrustError;

    /// Reads a trust anchor file.
    fn from_str(text: &str) -> Result<Self, TrustError> {
        let start = text.find("-----BEGIN").ok_or(TrustError::Key)?;
        let (head, pem) = text.split_at(start);
        let field = |name: &str| {
            let mut values = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .filter(|(key, _)| key.trim() == name)
                .map(|(_, value)| value.trim());
            match (values.next(), values.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(TrustError::Fields),
            }
        };
        Ok(Self {
            id: field("key-id")?
                .parse()
                .map_err(|KeyIdError| TrustError::KeyId)?,
            role: field("ap")?.parse()?,
            environment: field("environment")?.parse()?,
            key: PublicKey::from_pem(pem).map_err(|_| TrustError::Key)?,
        })
    }
}

impl fmt::Display for Anchor {
    /// Writes the three lines of a trust anchor file that precede the PEM.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "key-id: {}", self.id.as_str())?;
        writeln!(f, "ap: {}", self.role.as_str())?;
        f.write_str(&self.environment.head())
    }
}

/// Why trust anchors cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The folder or a file in it cannot be read, or is not UTF-8.
    #[error("trust anchors cannot be read")]
    Unreadable,
    /// A file lacks one of the three lines, or has one twice.
    #[error("a trust anchor needs key-id, ap and environment, once each")]
    Fields,
    /// `key-id` is not seven digits.
    #[error("a trust anchor's key-id is not seven digits")]
    KeyId,
    /// `ap` is neither `text` nor `surface`.
    #[error("a trust anchor's ap is neither text nor surface")]
    Ap,
    /// `environment` is not one of the three.
    #[error("a trust anchor's environment is none of production, test-card, emulator")]
    Environment,
    /// Not an RSA-2048 public key with e = 65537 in PEM.
    #[error("a trust anchor's key is not RSA-2048 with e = 65537 in PEM")]
    Key,
    /// An anchor of another environment than asked for.
    #[error("trust anchors of different environments")]
    Mixture,
    /// Two anchors of one name and application.
    #[error("two trust anchors of one name")]
    Duplicate,
    /// No anchor for the text AP: nothing could ever verify.
    #[error("no trust anchor for the text AP")]
    Empty,
}

/// The operator's trust anchors, all of one environment.
///
/// It also remembers municipal signers' certificates that verified: these are shared by a
/// municipality's cards, so nothing personal, and a center sees the same ones all day.
#[derive(Clone)]
pub struct TrustStore {
    environment: Environment,
    anchors: BTreeMap<(ApRole, ShortKeyId), PublicKey>,
    believed: Arc<RwLock<BTreeMap<[u8; 32], ApRole>>>,
}

/// Certificates remembered at most: 1,741 municipalities, two applications, and renewals.
const MAX_BELIEVED: usize = 8192;

impl TrustStore {
    /// Of these anchors.
    ///
    /// # Errors
    /// [`TrustError::Mixture`], [`TrustError::Duplicate`] or [`TrustError::Empty`].
    pub fn new(
        environment: Environment,
        anchors: impl IntoIterator<Item = Anchor>,
    ) -> Result<Self, TrustError> {
        let mut store = Self {
            environment,
            anchors: BTreeMap::new(),
            believed: Arc::default(),
        };
        for anchor in anchors {
            if anchor.environment != environment {
                return Err(TrustError::Mixture);
            }
            let name = (anchor.role, anchor.id);
            if store.anchors.insert(name, anchor.key).is_some() {
                return Err(TrustError::Duplicate);
            }
        }
        if !store.anchors.keys().any(|(role, _)| *role == ApRole::Text) {
            return Err(TrustError::Empty);
        }
        Ok(store)
    }

    /// Of the files `*.pem` in a folder.
    ///
    /// # Errors
    /// [`TrustError`], whichever rule a file or all of them together break.
    pub fn load(folder: &Path, environment: Environment) -> Result<Self, TrustError> {
        let unreadable = |_| TrustError::Unreadable;
        let mut anchors = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "pem") {
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                anchors.push(text.parse::<Anchor>()?);
            }
        }
        Self::new(environment, anchors)
    }

    /// The environment all anchors are of.
    #[must_use]
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// Whether there is an anchor for this application.
    #[must_use]
    pub fn covers(&self, role: ApRole) -> bool {
        self.anchors.keys().any(|(covered, _)| *covered == role)
    }

    /// Believes a certificate, or says why not.
    pub(crate) fn judge(
        &self,
        role: ApRole,
        certificate: &Certificate,
    ) -> Result<(), CertificateRefused> {
        let name = (role, certificate.issuer().short());
        let ca = self
            .anchors
            .get(&name)
            .ok_or(CertificateRefused::UnknownIssuer)?;
        let digest = sha256(&[certificate.as_bytes()]);
        let remembered = self
            .believed
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&digest)
            .is_some_and(|remembered| *remembered == role);
        if remembered {
            return Ok(());
        }
        if !certificate.is_signed_by(ca) {
            return Err(CertificateRefused::Signature);
        }
        if certificate.subject().role_digit() != role.digit() {
            return Err(CertificateRefused::Role);
        }
        let mut believed = self
            .believed
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if believed.len() < MAX_BELIEVED {
            believed.insert(digest, role);
        }
        Ok(())
    }
}

/// Why a municipal signer's certificate is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateRefused {
    /// No anchor of that name for this application.
    UnknownIssuer,
    /// Not signed by that anchor.
    Signature,
    /// The subject is a signer of another application.
    Role,
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustStore")
            .field("environment", &self.environment)
            .field("anchors", &self.anchors.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../tests/vectors/ca/6000033.pem");
    const SURFACE: &str = include_str!("../tests/vectors/ca/6000023.pem");

    fn anchor(text: &str) -> Anchor {
        text.parse().unwrap()
    }

    #[test]
    fn anchors_are_read_and_written() {
        let anchor = anchor(TEXT);
        assert_eq!(anchor.id.as_str(), "6000033");
        assert_eq!(anchor.role, ApRole::Text);
        assert_eq!(anchor.environment, Environment::TestCard);
        let pem = &TEXT[TEXT.find("-----BEGIN").unwrap()..];
        assert_eq!(format!("{anchor}{pem}").parse(), Ok(anchor));
    }

    #[test]
    fn each_broken_line_has_its_error() {
        let broken = [
            ("key-id: 6000033", "", TrustError::Fields),
            ("key-id: 6000033", "key-id: 600003", TrustError::KeyId),
            ("ap: text", "ap: text\nap: surface", TrustError::Fields),
            ("ap: text", "ap: Text", TrustError::Ap),
            ("test-card", "test", TrustError::Environment),
            ("-----BEGIN", "-----BEG", TrustError::Key),
            ("MIIBIjAN", "MIIBIjAM", TrustError::Key),
        ];
        for (right, wrong, error) in broken {
            let text = TEXT.replace(right, wrong);
            assert_ne!(text, TEXT);
            assert_eq!(text.parse::<Anchor>(), Err(error), "{wrong}");
        }
    }

    #[test]
    fn a_folder_is_one_environment_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let load = |environment| TrustStore::load(folder.path(), environment);

        assert_eq!(load(Environment::TestCard).unwrap_err(), TrustError::Empty);
        put("surface.pem", SURFACE);
        assert_eq!(load(Environment::TestCard).unwrap_err(), TrustError::Empty);
        put("text.pem", TEXT);
        put("notes.txt", "not an anchor");
        let store = load(Environment::TestCard).unwrap();
        assert!(store.covers(ApRole::Surface));
        assert_eq!(
            load(Environment::Production).unwrap_err(),
            TrustError::Mixture
        );

        put("again.pem", TEXT);
        assert_eq!(
            load(Environment::TestCard).unwrap_err(),
            TrustError::Duplicate
        );
        put("again.pem", &TEXT.replace("test-card", "emulator"));
        assert_eq!(
            load(Environment::TestCard).unwrap_err(),
            TrustError::Mixture
        );
        assert_eq!(
            TrustStore::load(&folder.path().join("none"), Environment::Emulator).unwrap_err(),
            TrustError::Unreadable
        );
    }
}
