//! Who comes to the terminal.

use card::pin::Pin;
use issuance_api::{CertificateKind, MunicipalityCode};
use terminal::ports::{FrontEnd, Intent, View};

/// Whoever has typed so often gives up.
const ENTRIES: u32 = 3;

/// A resident who takes whatever is offered, and counts what they type. Before the last try they give up.
pub(super) struct Hand {
    home: MunicipalityCode,
    mistypes: bool,
    pub(super) entries: u32,
    next: Option<Intent>,
}

impl Hand {
    pub(super) const fn new(home: MunicipalityCode, mistypes: bool) -> Self {
        Self {
            home,
            mistypes,
            entries: 0,
            next: None,
        }
    }

    /// Wrong ones among what was typed.
    pub(super) fn mistyped(&self) -> u32 {
        u32::from(self.mistypes).min(self.entries)
    }

    fn types(&mut self) -> Intent {
        if self.entries == ENTRIES {
            return Intent::Cancel;
        }
        self.entries += 1;
        let pin = match self.mistypes && self.entries == 1 {
            true => "9999",
            false => "1234",
        };
        Intent::Pin(Pin::try_from(pin).expect("four digits"))
    }
}

impl FrontEnd for Hand {
    fn show(&mut self, view: &View<'_>) {
        self.next = match view {
            View::Menu(_) => "covid-19".parse().ok().map(Intent::Apply),
            View::Kind(_) => Some(Intent::Kind(CertificateKind::Domestic)),
            // As the screen advises who is unsure of it.
            View::Pin { remaining: 1 } => Some(Intent::Cancel),
            View::Pin { .. } => Some(self.types()),
            View::Municipality { .. } => Some(Intent::Municipality {
                code: self.home,
                copies: 1,
            }),
            View::Preview(_) => Some(Intent::Go),
            _ => None,
        };
    }

    async fn intent(&mut self) -> Intent {
        match self.next.take() {
            Some(intent) => intent,
            None => std::future::pending().await,
        }
    }
}
