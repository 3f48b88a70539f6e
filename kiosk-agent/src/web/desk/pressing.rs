//! What the resident does, and what becomes of it: an answer for the core, or a step of the desk's own.

use std::time::Duration;

use card::pin::Pin;
use issuance_api::problem::Language;
use tokio::time::Instant;

use super::shown::{Entry, Shown};
use super::{COPIES, Desk, PIN_LENGTH, Taken};
use crate::ports::Intent;
use crate::web::attendant::KEY_LENGTH;
use crate::web::intent::{PageIntent, Press};

impl Desk {
    /// What the resident does.
    pub fn press(&mut self, press: Press) -> Taken {
        if let PageIntent::Language(language) = press.intent {
            return self.speak(press.serial, language);
        }
        if press.serial != self.serial {
            return Taken::Ignored;
        }
        match press.intent {
            PageIntent::Cancel => self.cancel(),
            PageIntent::Back => self.back(),
            PageIntent::MoreTime if self.deadline.is_none() => Taken::Ignored,
            PageIntent::MoreTime if self.gives_way() => {
                self.deadline = Some(Instant::now() + self.idle);
                Taken::Here
            }
            PageIntent::MoreTime => Taken::For(Intent::MoreTime),
            PageIntent::Attendant => self.attendant(),
            intent => self.answer(intent),
        }
    }

    fn speak(&mut self, serial: u64, language: Language) -> Taken {
        self.language = language;
        let is_nobodys = language != Language::Ja && self.shown.is_nobodys();
        self.japanese_at = is_nobodys.then(|| Instant::now() + self.idle);
        match self.take() {
            Shown::Language(menu) if serial == self.serial => self.step(Shown::Service(menu)),
            shown => {
                self.shown = shown;
                Taken::Here
            }
        }
    }

    fn cancel(&mut self) -> Taken {
        if let Shown::Attendant { leaves, .. } = &mut self.shown {
            *leaves = true;
            return Taken::Here;
        }
        match self.shown {
            Shown::Service(_) | Shown::Terms(..) | Shown::AttendantKey { .. } => {
                self.give_way();
                Taken::Here
            }
            _ if self.can_cancel() => Taken::For(Intent::Cancel),
            _ => Taken::Ignored,
        }
    }

    fn back(&mut self) -> Taken {
        match self.take() {
            Shown::Service(menu) => {
                self.set(Shown::Language(menu));
                Taken::Here
            }
            Shown::Terms(menu, _) => self.step(Shown::Service(menu)),
            Shown::Copies(choice, ..) => {
                // The core still waits, and its time runs on.
                let deadline = self.deadline;
                self.set(Shown::Municipality(choice));
                self.deadline = deadline;
                Taken::Here
            }
            Shown::AttendantKey { before, until, .. } => {
                self.bring_back(*before, until);
                Taken::Here
            }
            shown => {
                self.shown = shown;
                if self.has_back() {
                    Taken::For(Intent::Back)
                } else {
                    Taken::Ignored
                }
            }
        }
    }

    /// The attendant can be let in where no application is under way, where one has ended, and where something was forgotten.
    fn attendant(&mut self) -> Taken {
        let idle = matches!(
            self.shown,
            Shown::Starting
                | Shown::Language(_)
                | Shown::TakeCard
                | Shown::CardLeft
                | Shown::PaperLeft
                | Shown::TakePaper { reported: true }
                | Shown::Problem(_)
                | Shown::OutOfService(_)
        ) && !matches!(self.next, Some(Shown::TryAgain));
        if self.key.is_none() || !idle {
            return Taken::Ignored;
        }
        let ends = self.end_stands() > Duration::ZERO;
        let before = Box::new(self.take());
        let until = self.deadline;
        let taken = self.step(Shown::AttendantKey {
            entry: Entry::new(),
            wrong: false,
            before,
            until,
        });
        // An end stands no longer for that.
        if ends {
            self.deadline = self.deadline.min(until.or(self.deadline));
        }
        taken
    }

    fn answer(&mut self, intent: PageIntent) -> Taken {
        match (self.take(), intent) {
            (Shown::Service(menu), PageIntent::Programme(id))
                if menu.programmes.iter().any(|offer| offer.id == id) =>
            {
                self.step(Shown::Terms(menu, id))
            }
            (Shown::Terms(menu, id), PageIntent::Agree) => {
                // Kept until the core shows what comes next.
                self.shown = Shown::Terms(menu, id.clone());
                self.agreed = Some(id.clone());
                Taken::For(Intent::Apply(id))
            }
            (shown @ (Shown::Kind(_) | Shown::OtherKind(_)), PageIntent::Kind(kind)) => {
                self.shown = shown;
                Taken::For(Intent::Kind(kind))
            }
            (Shown::Pin { remaining, entry }, intent) => self.pin(remaining, entry, &intent),
            (
                Shown::AttendantKey {
                    entry,
                    wrong,
                    before,
                    until,
                },
                intent,
            ) => self.key(entry, wrong, (before, until), &intent),
            (Shown::Municipality(choice), PageIntent::Municipality(code))
                if choice.offers.iter().any(|offer| offer.code == code) =>
            {
                let deadline = self.deadline;
                self.set(Shown::Copies(choice, code, 1));
                self.deadline = deadline;
                Taken::Here
            }
            (Shown::Copies(choice, code, first), PageIntent::Copies(copies @ 1..=COPIES)) => {
                self.shown = Shown::Copies(choice, code, first);
                Taken::For(Intent::Municipality { code, copies })
            }
            (shown @ (Shown::Preview(_) | Shown::TryAgain), PageIntent::Go) => {
                self.shown = shown;
                Taken::For(Intent::Go)
            }
            (Shown::Problem(problem), PageIntent::Understood) => match self.next.take() {
                Some(next) => {
                    self.set(next);
                    // It is only seen from now on.
                    Taken::For(Intent::MoreTime)
                }
                None => {
                    self.shown = Shown::Problem(problem);
                    self.acknowledged = true;
                    Taken::Here
                }
            },
            (shown @ Shown::Done(_), PageIntent::Understood) => {
                self.shown = shown;
                self.acknowledged = true;
                Taken::Here
            }
            (shown, _) => {
                self.shown = shown;
                Taken::Ignored
            }
        }
    }

    fn pin(&mut self, remaining: u8, mut entry: Entry, intent: &PageIntent) -> Taken {
        let mut taken = Taken::Here;
        match intent {
            PageIntent::Digit(digit) => entry.push(digit.expose(), PIN_LENGTH),
            PageIntent::Erase => drop(entry.0.pop()),
            // What is no PIN never spends a try.
            PageIntent::Enter => {
                if let Ok(pin) = Pin::try_from(&entry.0[..]) {
                    taken = Taken::For(Intent::Pin(pin));
                    entry = Entry::new();
                }
            }
            _ => taken = Taken::Ignored,
        }
        self.shown = Shown::Pin { remaining, entry };
        taken
    }

    fn key(
        &mut self,
        mut entry: Entry,
        mut wrong: bool,
        (before, until): (Box<Shown>, Option<Instant>),
        intent: &PageIntent,
    ) -> Taken {
        let mut taken = Taken::Here;
        match intent {
            PageIntent::Digit(digit) => entry.push(digit.expose(), *KEY_LENGTH.end()),
            PageIntent::Erase => drop(entry.0.pop()),
            PageIntent::Enter => {
                let key = self.key.as_mut();
                if key.is_some_and(|key| key.fits(&entry.0, Instant::now())) {
                    return self.step(Shown::Attendant {
                        coming: true,
                        leaves: false,
                    });
                }
                wrong = true;
                entry = Entry::new();
            }
            _ => taken = Taken::Ignored,
        }
        self.shown = Shown::AttendantKey {
            entry,
            wrong,
            before,
            until,
        };
        taken
    }

    pub(super) const fn has_back(&self) -> bool {
        matches!(
            self.shown,
            Shown::Service(_)
                | Shown::Terms(..)
                | Shown::PlaceCard
                | Shown::Kind(_)
                | Shown::Pin { .. }
                | Shown::Copies(..)
                | Shown::Preview(_)
                | Shown::Fee { .. }
                | Shown::AttendantKey { .. }
        ) || matches!(&self.shown, Shown::Municipality(choice) if choice.back)
    }

    pub(super) const fn can_cancel(&self) -> bool {
        matches!(
            self.shown,
            Shown::Service(_)
                | Shown::Terms(..)
                | Shown::PlaceCard
                | Shown::Kind(_)
                | Shown::Pin { .. }
                | Shown::OtherKind(_)
                | Shown::TakeCard
                | Shown::Checking
                | Shown::Municipality(_)
                | Shown::Copies(..)
                | Shown::LookingUp
                | Shown::Preview(_)
                | Shown::Fee { .. }
                | Shown::TryAgain
        ) || matches!(self.shown, Shown::Problem(_))
            && self.next.is_some()
            && !self.is_before_the_first_screen()
    }
}
