//! What is swapped, and what is to be swapped next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::random::Random;

/// A way to swap or forge an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swap {
    Finding,
    Preview,
    PreviewName,
    PreviewBirthDate,
    PreviewMunicipality,
    /// Under the right code: a certificate has only the name.
    PreviewMunicipalityName,
    PreviewCopies,
    PreviewKind,
    PreviewDoses,
    PreviewPassport,
    State,
    All,
    Jws,
    JwsAndPage,
    JwsFlipped,
    ForgedName,
    ForgedBirthDate,
    ForgedDoses,
    ForgedMore,
    ForgedPassport,
    Page,
    PageCut,
    Seal,
    SealLeftOut,
    SealFlipped,
    ForgedSeal,
    /// The very certificate, signed with a key that nobody published.
    UnknownKey,
    OthersUnderUnknownKey,
    OthersPageUnderUnknownKey,
    /// The very certificate, sealed under a CSCA that nobody pinned.
    UnknownCsca,
    OthersUnderUnknownCsca,
    ForgedUnderUnknownCsca,
    /// In preview and certificate alike: what a terminal can tell only from the passport itself. None of [`ALL`](Self::ALL).
    PassportThroughout,
    /// The same of doses, of which a terminal knows nothing. None of [`ALL`](Self::ALL).
    DosesThroughout,
    /// The same of the vaccine's codes, under product and maker as they are: only the center has the table of them. None of [`ALL`](Self::ALL).
    VaccineThroughout,
}

impl Swap {
    pub(super) const ALL: [Self; 32] = [
        Self::Finding,
        Self::Preview,
        Self::PreviewName,
        Self::PreviewBirthDate,
        Self::PreviewMunicipality,
        Self::PreviewMunicipalityName,
        Self::PreviewCopies,
        Self::PreviewKind,
        Self::PreviewDoses,
        Self::PreviewPassport,
        Self::State,
        Self::All,
        Self::Jws,
        Self::JwsAndPage,
        Self::JwsFlipped,
        Self::ForgedName,
        Self::ForgedBirthDate,
        Self::ForgedDoses,
        Self::ForgedMore,
        Self::ForgedPassport,
        Self::Page,
        Self::PageCut,
        Self::Seal,
        Self::SealLeftOut,
        Self::SealFlipped,
        Self::ForgedSeal,
        Self::UnknownKey,
        Self::OthersUnderUnknownKey,
        Self::OthersPageUnderUnknownKey,
        Self::UnknownCsca,
        Self::OthersUnderUnknownCsca,
        Self::ForgedUnderUnknownCsca,
    ];

    /// In preview and certificate alike.
    pub(super) const THROUGHOUT: [Self; 3] = [
        Self::PassportThroughout,
        Self::DosesThroughout,
        Self::VaccineThroughout,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Finding => "what was found, before it is hashed and signed",
            Self::Preview => "another's preview",
            Self::PreviewName => "a preview with another name",
            Self::PreviewBirthDate => "a preview with another birth date",
            Self::PreviewMunicipality => "a preview of another municipality",
            Self::PreviewMunicipalityName => {
                "a preview with another municipality's name under the right code"
            }
            Self::PreviewCopies => "a preview with more copies",
            Self::PreviewKind => "a preview of another kind",
            Self::PreviewDoses => "a preview with another's doses",
            Self::PreviewPassport => "a preview with another's passport",
            Self::State => "another's sealed state",
            Self::All => "another's whole answer",
            Self::Jws => "another's JWS",
            Self::JwsAndPage => "another's JWS and page",
            Self::JwsFlipped => "a JWS with one character otherwise",
            Self::ForgedName => "a name, signed by the center's key",
            Self::ForgedBirthDate => "a birth date, signed by the center's key",
            Self::ForgedDoses => "a lot, signed by the center's key",
            Self::ForgedMore => "a dose more, signed by the center's key",
            Self::ForgedPassport => "another's passport, signed by the center's keys",
            Self::Page => "another's page",
            Self::PageCut => "a page cut off",
            Self::Seal => "another's seal",
            Self::SealLeftOut => "no seal",
            Self::SealFlipped => "a seal with one character otherwise",
            Self::ForgedSeal => "a seal's dose, signed by the barcode signer's key",
            Self::UnknownKey => "the certificate itself, under a key that is not known",
            Self::OthersUnderUnknownKey => "another's certificate, under a key that is not known",
            Self::OthersPageUnderUnknownKey => {
                "the certificate itself on another's page, under a key that is not known"
            }
            Self::UnknownCsca => "the certificate itself, sealed under a CSCA that is not known",
            Self::OthersUnderUnknownCsca => "another's seal, under a CSCA that is not known",
            Self::ForgedUnderUnknownCsca => "a seal's dose, under a CSCA that is not known",
            Self::PassportThroughout => "another's passport in preview and certificate alike",
            Self::DosesThroughout => "another's doses in preview and certificate alike",
            Self::VaccineThroughout => {
                "another vaccine's code in preview and certificate alike, under the right product"
            }
        }
    }

    /// Which answer it is about.
    pub(super) const fn at(self) -> At {
        match self {
            Self::Finding => At::Finding,
            Self::Preview
            | Self::PreviewName
            | Self::PreviewBirthDate
            | Self::PreviewMunicipality
            | Self::PreviewMunicipalityName
            | Self::PreviewCopies
            | Self::PreviewKind
            | Self::PreviewDoses
            | Self::PreviewPassport
            | Self::PassportThroughout
            | Self::DosesThroughout
            | Self::VaccineThroughout
            | Self::State => At::Preview,
            _ => At::Certificate,
        }
    }

    /// Whether it is about what only certificates for abroad have.
    pub(super) const fn is_of_abroad(self) -> bool {
        matches!(
            self,
            Self::Seal
                | Self::SealLeftOut
                | Self::SealFlipped
                | Self::ForgedSeal
                | Self::PreviewPassport
                | Self::ForgedPassport
                | Self::UnknownCsca
                | Self::OthersUnderUnknownCsca
                | Self::ForgedUnderUnknownCsca
                | Self::PassportThroughout
        )
    }

    /// Whether a screen would show it: codes stand in what is signed alone.
    pub(super) const fn is_on_screens(self) -> bool {
        !matches!(self, Self::VaccineThroughout)
    }

    /// Whether nothing but the key is not as it should be: no sign of a mix-up, for a file of keys may lag.
    pub(super) const fn is_of_the_key_alone(self) -> bool {
        matches!(self, Self::UnknownKey | Self::UnknownCsca)
    }

    /// Whether a key is not known either of what does not belong.
    pub(super) const fn is_wrong_under_unknown_key(self) -> bool {
        matches!(
            self,
            Self::OthersUnderUnknownKey
                | Self::OthersPageUnderUnknownKey
                | Self::OthersUnderUnknownCsca
                | Self::ForgedUnderUnknownCsca
        )
    }
}

/// Answers that are swapped or forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Finding,
    Preview,
    Certificate,
}

/// One lie, to be told once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lie {
    pub(super) swap: Swap,
    pub(super) seed: u64,
}

#[derive(Default)]
struct Telling {
    lie: Option<Lie>,
    told: bool,
}

/// What is to be told next, for all who lie together.
#[derive(Clone, Default)]
pub(super) struct Lies(Arc<Mutex<Telling>>);

impl Lies {
    pub(super) fn tell(&self, lie: Option<Lie>) {
        *self.telling() = Telling { lie, told: false };
    }

    /// Whether something reached the terminal that was not honest.
    pub(super) fn was_told(&self) -> bool {
        self.telling().told
    }

    /// The lie, if it is about this answer and is still to be told.
    pub(super) fn due(&self, at: At) -> Option<(Swap, Random)> {
        let Telling { lie, told } = *self.telling();
        let lie = lie.filter(|lie| !told && lie.swap.at() == at)?;
        Some((lie.swap, Random::new(lie.seed)))
    }

    pub(super) fn told(&self) {
        self.telling().told = true;
    }

    fn telling(&self) -> MutexGuard<'_, Telling> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
