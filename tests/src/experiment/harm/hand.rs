//! Who comes to the terminal.

use card::pin::Pin;
use issuance_api::{CertificateKind, MunicipalityCode};
use terminal::ports::{FrontEnd, Intent, View};

use super::plan::Plan;
use crate::simulator::Presented;

/// Whoever has typed so often gives up.
const ENTRIES: usize = 3;

/// A resident who takes whatever is offered, and counts what they type. They never lock their own card: the last try is for the right PIN, or
/// they give up before it.
pub(super) struct Hand {
    home: MunicipalityCode,
    mistypes: bool,
    gives_up: bool,
    presented: Presented,
    /// Of each entry, how often a PIN had been presented before it.
    pub(super) before: Vec<u32>,
    /// Wrong ones among them.
    pub(super) mistyped: u32,
    /// Those for which one try was left, as was shown.
    pub(super) at_last_try: usize,
    next: Option<Intent>,
}

impl Hand {
    pub(super) fn new(home: MunicipalityCode, plan: &Plan, presented: Presented) -> Self {
        Self {
            home,
            mistypes: plan.mistypes(),
            gives_up: plan.gives_up,
            presented,
            before: Vec::new(),
            mistyped: 0,
            at_last_try: 0,
            next: None,
        }
    }

    fn types(&mut self, remaining: u8) -> Intent {
        if self.before.len() == ENTRIES {
            return Intent::Cancel;
        }
        let mistyped = self.mistypes && self.before.is_empty() && remaining > 1;
        self.before.push(self.presented.by_now());
        self.mistyped += u32::from(mistyped);
        self.at_last_try += usize::from(remaining == 1);
        let pin = match mistyped {
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
            View::Pin { remaining: 1 } if self.gives_up => Some(Intent::Cancel),
            View::Pin { remaining } => Some(self.types(*remaining)),
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

/// How often a PIN was presented beyond once for an entry, or before any; of each entry it is known how often before it, and of all how often
/// in all.
pub(super) fn presented_again(before: &[u32], all: u32) -> u32 {
    let first = before.first().copied().unwrap_or(all);
    let ends = before.iter().skip(1).chain([&all]);
    let each = before.iter().zip(ends);
    let beyond = each.map(|(begin, end)| (end - begin).saturating_sub(1));
    first + beyond.sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_for_an_entry_is_not_again() {
        assert_eq!(presented_again(&[], 0), 0);
        assert_eq!(presented_again(&[0], 1), 0);
        assert_eq!(presented_again(&[0, 1, 1], 2), 0);
    }

    #[test]
    fn an_entry_that_reached_no_card_hides_none_that_was_presented_twice() {
        assert_eq!(presented_again(&[0, 0], 2), 1);
        assert_eq!(presented_again(&[0, 2], 2), 1);
        // Before anybody typed.
        assert_eq!(presented_again(&[], 1), 1);
        assert_eq!(presented_again(&[1], 2), 1);
    }
}
