//! The applications on the card, as rules: which elementary files (EF) there are, and what has to be
//! presented to open each.
//!
//! An application is a table. What the tables have in common (selecting, reading, verifying,
//! signing) is done in one place, [`crate::chip`]; what is on one particular card (contents, keys,
//! tries) is [`crate::memory`].

use card::file::Ef;

pub mod surface;
mod text;

/// An application (AP) of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ap {
    /// 券面事項入力補助AP.
    Text,
    /// 券面事項確認AP.
    Surface,
}

impl Ap {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Text, Self::Surface];

    /// The application with this id (AID), which has to be whole.
    #[must_use]
    pub fn with_aid(aid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|ap| ap.aid() == aid)
    }

    /// Its id.
    #[must_use]
    pub const fn aid(self) -> &'static [u8] {
        self.rules().aid
    }

    /// Its name in a card's folder and in messages: `text`, `surface`.
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

    const fn rules(self) -> &'static Rules {
        match self {
            Self::Text => &text::RULES,
            Self::Surface => &surface::RULES,
        }
    }
}

/// What is behind an EF id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A transparent file.
    File(Access),
    /// Reference data for VERIFY (a PIN or 照合番号), with so many tries when nothing was spent.
    /// None at all: issued blocked.
    Reference {
        /// Tries after a successful VERIFY.
        tries: u8,
    },
    /// A private key that the application signs with.
    SigningKey(Access),
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

struct Rules {
    name: &'static str,
    aid: &'static [u8],
    objects: &'static [(Ef, Object)],
}
