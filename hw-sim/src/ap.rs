//! The applications on the card, as rules: which elementary files (EF) there are, and what has to be
//! presented to open each.
//!
//! An application is a table. What the tables have in common (selecting, reading, verifying,
//! signing) is done in one place, [`crate::chip`]; what is on one particular card (contents, keys,
//! tries) is [`crate::memory`].

use card::file::Ef;

mod common;
pub(crate) mod jpki;
pub(crate) mod surface;
mod text;

/// An application (AP) of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ap {
    /// 券面事項入力補助AP.
    Text,
    /// 券面事項確認AP.
    Surface,
    /// 共通カードAP.
    Common,
    /// 公的個人認証AP.
    Jpki,
}

impl Ap {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Text, Self::Surface, Self::Common, Self::Jpki];

    /// The application with this id (AID), which has to be whole.
    #[must_use]
    pub fn with_aid(aid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|ap| ap.aid() == aid)
    }

    /// The application with this name.
    #[must_use]
    pub fn with_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ap| ap.name() == name)
    }

    /// Its id.
    #[must_use]
    pub const fn aid(self) -> &'static [u8] {
        self.rules().aid
    }

    /// Its name in a card's folder and in messages: `text`, `surface`, `common`, `jpki`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.rules().name
    }

    /// Its EFs.
    pub fn objects(self) -> impl Iterator<Item = (Ef, Object)> {
        self.rules().objects.iter().copied()
    }

    /// What is behind this EF id, if anything can be.
    #[must_use]
    pub fn object(self, ef: Ef) -> Option<Object> {
        self.objects()
            .find_map(|(id, object)| (id == ef).then_some(object))
    }

    /// The EF with this short id (five bits).
    #[must_use]
    pub fn with_short_id(self, short: u8) -> Option<Ef> {
        self.objects()
            .map(|(ef, _)| ef)
            .find(|ef| ef.short_reference() == 0x80 | short)
    }

    /// How it signs.
    #[must_use]
    pub const fn signing(self) -> Signing {
        self.rules().signing
    }

    /// Whether it offers secure messaging.
    #[must_use]
    pub const fn messaging(self) -> Messaging {
        self.rules().messaging
    }

    const fn rules(self) -> &'static Rules {
        match self {
            Self::Text => &text::RULES,
            Self::Surface => &surface::RULES,
            Self::Common => &common::RULES,
            Self::Jpki => &jpki::RULES,
        }
    }
}

/// What is behind an EF id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A transparent file.
    File(Access),
    /// A file of records, one after the other.
    Records(Access),
    /// Reference data for VERIFY (a PIN, a password or 照合番号).
    Reference {
        /// Tries after a successful VERIFY. None at all: issued blocked.
        tries: u8,
        /// What may take its place by CHANGE REFERENCE DATA, if anything.
        form: Option<Form>,
    },
    /// A private key that the application signs with.
    SigningKey(Access),
}

/// Of which form a secret is that its holder chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Four ASCII digits.
    Pin,
    /// 6 to 16 of `A`–`Z` and `0`–`9`.
    Password,
}

impl Form {
    /// Whether a secret is of this form.
    #[must_use]
    pub fn has(self, secret: &[u8]) -> bool {
        match self {
            Self::Pin => secret.len() == 4 && secret.iter().all(u8::is_ascii_digit),
            Self::Password => {
                let allowed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
                (6..=16).contains(&secret.len()) && secret.iter().all(allowed)
            }
        }
    }
}

/// Which reference data opens an object: any one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access(Option<&'static [Ef]>);

impl Access {
    /// Nothing has to be presented.
    pub const FREE: Self = Self(None);

    /// One of these has to be presented.
    #[must_use]
    pub const fn any_of(references: &'static [Ef]) -> Self {
        Self(Some(references))
    }

    /// Whether it is open once these have been presented.
    #[must_use]
    pub fn is_open(self, mut presented: impl FnMut(Ef) -> bool) -> bool {
        self.0
            .is_none_or(|references| references.iter().any(|ef| presented(*ef)))
    }
}

/// What COMPUTE SIGNATURE does in an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// There is no key.
    Not,
    /// Answers challenges with this key: a `DigestInfo` of SHA-256, P1-P2 `0000`.
    Challenge(Ef),
    /// Signs with the key that is the current EF or named in P2, padded as P1 says.
    NamedKey,
}

/// What SET SESSION KEY does in an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Messaging {
    /// Opens a session with the private key of this EF, once this has been presented.
    Key(Ef, Access),
    /// Answers `66F1`: there is nothing to open a session with.
    NotConfigured,
    /// Answers `6982`: there is, and no resident can.
    Closed,
}

struct Rules {
    name: &'static str,
    aid: &'static [u8],
    objects: &'static [(Ef, Object)],
    signing: Signing,
    messaging: Messaging,
}
