//! Which kinds of certificate: one, or both.

use issuance_api::CertificateKind;

/// Domestic, for abroad, or both: never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// 国内用.
    Domestic,
    /// 海外用及び国内用.
    Abroad,
    /// A certificate each.
    Both,
}

impl Kinds {
    /// Those of a list; nothing of an empty one.
    #[must_use]
    pub fn of(kinds: &[CertificateKind]) -> Option<Self> {
        let has = |kind| kinds.contains(&kind);
        match (has(CertificateKind::Domestic), has(CertificateKind::Abroad)) {
            (false, false) => None,
            (true, false) => Some(Self::Domestic),
            (false, true) => Some(Self::Abroad),
            (true, true) => Some(Self::Both),
        }
    }

    /// As a list, the domestic one first.
    #[must_use]
    pub const fn as_slice(&self) -> &'static [CertificateKind] {
        match self {
            Self::Domestic => &[CertificateKind::Domestic],
            Self::Abroad => &[CertificateKind::Abroad],
            Self::Both => &[CertificateKind::Domestic, CertificateKind::Abroad],
        }
    }

    /// Whether all of them are among others.
    #[must_use]
    pub fn are_in(self, others: Self) -> bool {
        self == others || others == Self::Both
    }
}

impl From<CertificateKind> for Kinds {
    fn from(kind: CertificateKind) -> Self {
        match kind {
            CertificateKind::Domestic => Self::Domestic,
            CertificateKind::Abroad => Self::Abroad,
        }
    }
}
