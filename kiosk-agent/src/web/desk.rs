//! What stands on the screen, as a state machine without any input or output: [`Desk::show`] takes what the core pushes,
//! [`Desk::press`] (in `pressing`) what the resident does, [`Desk::screen`] (in `telling`) says what the page is told.
//!
//! Steps that no core has to know live here alone: language, service and terms before an application; the digits of a PIN
//! until there are four; the number of copies once a municipality is chosen; a problem until it was read.

use std::sync::Arc;
use std::time::Duration;

use issuance_api::problem::Language;
use issuance_api::{MunicipalityCode, ProblemCode, ProgrammeId};
use tokio::time::Instant;

use super::attendant::{AttendantKey, Health};
use crate::money::Money;
use crate::ports::{Intent, View};

mod pressing;
mod shown;
mod telling;

use shown::{Choice, Entry, Shown};

/// Most copies.
const COPIES: u8 = 10;
/// Digits of a PIN.
const PIN_LENGTH: usize = 4;
/// How long a step before an application stands, and an attendant's view that nobody uses, where nothing else is said.
const IDLE: Duration = Duration::from_secs(90);
/// How long the end of an application stands, unless more time is asked for: longer than its recording takes, and long enough to be warned.
const END: Duration = Duration::from_secs(30);

/// What stands on the screen, and what the terminal counts.
#[derive(Debug)]
pub struct Desk {
    language: Language,
    serial: u64,
    /// At which step the core is.
    step: Option<u8>,
    shown: Shown,
    /// What the core showed while a problem was being read.
    next: Option<Shown>,
    deadline: Option<Instant>,
    /// When a screen that waits for nobody is Japanese again: whoever wanted it otherwise only passed by.
    japanese_at: Option<Instant>,
    /// Whose certificate was previewed, in how many copies: from there it goes back to those.
    previewed: Option<(MunicipalityCode, u8)>,
    idle: Duration,
    /// The end of an application was read.
    acknowledged: bool,
    begun: bool,
    /// The browser was lost under the application.
    deserted: bool,
    /// A card was left, and the end of its application still stands.
    card_lies: bool,
    money: Money,
    /// Of which programme the terms were agreed to, where what comes next is not there yet.
    agreed: Option<ProgrammeId>,
    /// A problem ended the application.
    over: bool,
    key: Option<AttendantKey>,
    health: Health,
}

/// What a press led to.
#[derive(Debug)]
pub enum Taken {
    /// Nothing: it was made on another screen, or means nothing on this one.
    Ignored,
    /// It was all this module's business; the screen may have changed.
    Here,
    /// The core has to know.
    For(Intent),
}

impl Desk {
    /// The terminal is starting. Without a key there is no attendant's view.
    #[must_use]
    pub fn new(key: Option<AttendantKey>) -> Self {
        Self {
            language: Language::Ja,
            serial: 0,
            step: None,
            shown: Shown::Starting,
            next: None,
            deadline: None,
            japanese_at: None,
            previewed: None,
            idle: IDLE,
            acknowledged: false,
            begun: false,
            deserted: false,
            card_lies: false,
            money: Money::default(),
            agreed: None,
            over: false,
            key,
            health: Health::default(),
        }
    }

    /// How long a step before an application stands, and an attendant's view that nobody uses.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// What the attendant sees.
    pub const fn health(&mut self) -> &mut Health {
        &mut self.health
    }

    /// When what is shown has to give way to the start, without the core's doing.
    #[must_use]
    pub fn gives_way_at(&self) -> Option<Instant> {
        self.japanese_at
            .or_else(|| self.deadline.filter(|_| self.gives_way()))
    }

    const fn gives_way(&self) -> bool {
        matches!(
            self.shown,
            Shown::Service(_)
                | Shown::Terms(..)
                | Shown::AttendantKey { .. }
                | Shown::Attendant { .. }
        ) || self.is_before_the_first_screen()
    }

    /// Whether a problem stands that came up before an application began: whoever has read it is done, or begins anew.
    const fn is_before_the_first_screen(&self) -> bool {
        matches!(self.shown, Shown::Problem(_)) && matches!(self.next, Some(Shown::Language(_)))
    }

    /// Whether an application was begun since [`start_over`](Self::start_over), so that there may be something of it to be rid of.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether somebody has gone back from an application to the first screen, or left it on the way: with that it is over.
    #[must_use]
    pub const fn is_gone_back_from(&self) -> bool {
        self.begun && matches!(self.shown, Shown::Language(_))
    }

    /// Whether who agreed to the terms of this programme still waits for what comes next.
    #[must_use]
    pub fn has_agreed_to(&self, programme: &ProgrammeId) -> bool {
        self.agreed.as_ref() == Some(programme)
    }

    /// Whether the end of an application was read.
    #[must_use]
    pub const fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Whether the attendant's key was entered.
    #[must_use]
    pub const fn has_let_in(&self) -> bool {
        matches!(self.shown, Shown::Attendant { coming: true, .. })
    }

    /// Whether the attendant leaves.
    #[must_use]
    pub const fn is_left(&self) -> bool {
        matches!(self.shown, Shown::Attendant { leaves: true, .. })
    }

    /// The time is over of a screen that is this module's business.
    pub fn give_way(&mut self) {
        if self.japanese_at.take().is_some() {
            self.language = Language::Ja;
            return;
        }
        match self.take() {
            Shown::Service(menu) | Shown::Terms(menu, _) => self.set(Shown::Language(menu)),
            Shown::AttendantKey { before, until, .. } => self.bring_back(*before, until),
            Shown::Problem(problem) => match self.next.take() {
                Some(next) => self.set(next),
                None => self.shown = Shown::Problem(problem),
            },
            shown => self.shown = shown,
        }
    }

    /// What the attendant's key was asked for over: its time has run on.
    fn bring_back(&mut self, before: Shown, until: Option<Instant>) {
        self.set(before);
        self.deadline = until;
    }

    fn take(&mut self) -> Shown {
        std::mem::replace(&mut self.shown, Shown::Starting)
    }

    /// Forgets everything of whoever was there.
    pub fn start_over(&mut self) {
        self.language = Language::Ja;
        self.next = None;
        self.previewed = None;
        self.begun = false;
        self.deserted = false;
        self.card_lies = false;
        self.money = Money::default();
        self.over = false;
        self.set(Shown::Starting);
    }

    /// The browser was lost: nothing of what stood there is told to the next one. What of the application needs nobody runs on
    /// to its end, a page at the printer above all, and is told without a word about anybody.
    pub fn desert(&mut self) {
        self.next = None;
        self.previewed = None;
        self.deserted = true;
        // A problem was told, and what to do about it cannot be done any more.
        if matches!(self.shown, Shown::Problem(_)) || !self.shown.needs_nobody() {
            self.set(Shown::Starting);
        }
    }

    /// Whether the browser was lost since [`start_over`](Self::start_over).
    #[must_use]
    pub const fn is_deserted(&self) -> bool {
        self.deserted
    }

    /// Whether a card was left, as long as the end of its application stands.
    pub const fn card_lies(&mut self, lies: bool) {
        self.card_lies = lies;
    }

    /// The attendant's view.
    pub fn attend(&mut self) {
        self.next = None;
        self.card_lies = false;
        // Perhaps one who has seen enough while this terminal was still busy with what was there before.
        let leaves = self.is_left();
        self.set(Shown::Attendant {
            coming: false,
            leaves,
        });
        self.deadline = Some(Instant::now() + self.idle);
    }

    /// What the core pushes.
    pub fn show(&mut self, view: &View<'_>) {
        let previewed = self.previewed.take();
        self.over = matches!(view, View::Over(_));
        self.money.follow(view);
        self.step = view.step();
        let shown = match view {
            View::Menu(menu) => match self.shown {
                // What is offered changed while somebody was choosing: they choose anew, in their language.
                Shown::Service(_) | Shown::Terms(..) | Shown::PlaceCard | Shown::Kind(_) => {
                    Shown::Service((*menu).clone())
                }
                _ => Shown::Language((*menu).clone()),
            },
            View::PlaceCard => Shown::PlaceCard,
            View::Kind(kinds) => Shown::Kind(kinds.to_vec()),
            View::OtherKind(kinds) => Shown::OtherKind(kinds.to_vec()),
            View::Pin { remaining } => Shown::Pin {
                remaining: *remaining,
                entry: Entry::new(),
            },
            View::Reading => Shown::Reading,
            View::TakeCard => Shown::TakeCard,
            View::Checking => Shown::Checking,
            View::CardLeft => Shown::CardLeft,
            View::PaperLeft => Shown::PaperLeft,
            // A kiosk's page reads no passport, and so is never asked for one.
            View::Passport => Shown::Starting,
            View::Municipality {
                offers,
                home,
                fee,
                back,
            } => {
                let choice = Choice {
                    offers: offers.to_vec(),
                    home: *home,
                    fee: *fee,
                    back: *back,
                };
                // After a preview it is asked again only for who went back, and they came from the copies.
                match previewed.filter(|(code, _)| offers.iter().any(|offer| offer.code == *code)) {
                    Some((code, copies)) => Shown::Copies(choice, code, copies),
                    None => Shown::Municipality(choice),
                }
            }
            View::Preview(preview) => {
                self.previewed = Some((preview.authority.code, preview.copies));
                Shown::Preview(Arc::clone(preview))
            }
            View::Fee { due, inserted } => {
                self.previewed = previewed;
                Shown::Fee {
                    due: *due,
                    inserted: *inserted,
                }
            }
            View::LookingUp => {
                self.previewed = previewed;
                Shown::LookingUp
            }
            View::TakePaper { reported } => Shown::TakePaper {
                reported: *reported,
            },
            View::Issuing => Shown::Issuing,
            View::Delivering { out, of } => Shown::Delivering { out: *out, of: *of },
            View::TryAgain => Shown::TryAgain,
            View::Reporting => Shown::Reporting,
            View::Done(ended) => Shown::Done(*ended),
            View::Problem(problem) | View::Over(problem) => Shown::Problem((*problem).clone()),
            View::OutOfService(closed) => Shown::OutOfService((*closed).clone()),
        };
        self.count(&shown);
        if self.deserted && !shown.needs_nobody() {
            return;
        }
        // A problem stands until it was read, whatever follows it; but what is left to do at the end only follows when somebody has given up.
        let is_read = matches!(
            shown,
            Shown::Problem(_)
                | Shown::OutOfService(_)
                | Shown::TakePaper { .. }
                | Shown::Reporting
                | Shown::Done(_)
        );
        if matches!(self.shown, Shown::Problem(_)) && !is_read {
            self.next = Some(shown);
            if self.gives_way() {
                let stands = Instant::now() + self.end_stands();
                self.deadline.get_or_insert(stands);
            }
            return;
        }
        self.next = None;
        // The same screen, with a coin more, a sheet more, or the center told.
        match (&mut self.shown, &shown) {
            (Shown::Fee { inserted, .. }, Shown::Fee { inserted: sum, .. }) => {
                *inserted = *sum;
                return;
            }
            (Shown::Delivering { out, .. }, Shown::Delivering { out: more, .. }) => {
                *out = *more;
                return;
            }
            (Shown::TakePaper { reported }, Shown::TakePaper { reported: now }) => {
                *reported = *now;
                return;
            }
            _ => {}
        }
        self.set(shown);
        if matches!(view, View::Menu(_)) && self.gives_way() {
            self.deadline = Some(Instant::now() + self.idle);
        }
    }

    fn count(&mut self, shown: &Shown) {
        match shown {
            Shown::PlaceCard => {
                self.begun = true;
                self.health.begun += 1;
            }
            Shown::Done(ended) => {
                self.health.delivered += 1;
                if ended.stuck {
                    let stuck = ProblemCode::PaymentNotReturned.as_str();
                    *self.health.ended.entry(stuck).or_default() += 1;
                }
            }
            Shown::Problem(problem) => {
                *self.health.ended.entry(problem.code.as_str()).or_default() += 1;
            }
            _ => {}
        }
    }

    /// So long from now.
    pub fn time(&mut self, left: Duration) {
        self.deadline = Some(Instant::now() + left);
    }

    /// How long the end of an application stands.
    #[must_use]
    pub fn end_stands(&self) -> Duration {
        match &self.shown {
            Shown::Problem(_) | Shown::Done(_) | Shown::AttendantKey { .. } => END,
            // The browser was lost, and nothing was told to the next one.
            _ => Duration::ZERO,
        }
    }

    fn set(&mut self, shown: Shown) {
        // Whoever comes next reads the first screen in Japanese.
        if matches!(shown, Shown::Language(_)) {
            self.language = Language::Ja;
        }
        self.await_japanese(&shown);
        self.shown = shown;
        self.agreed = None;
        self.serial += 1;
        self.deadline = None;
        self.acknowledged = false;
    }

    /// Nobody's screen that follows another does not begin the time anew.
    fn await_japanese(&mut self, shown: &Shown) {
        if self.language == Language::Ja || !shown.is_nobodys() {
            self.japanese_at = None;
            return;
        }
        let now = Instant::now();
        if *self.japanese_at.get_or_insert(now + self.idle) <= now {
            self.japanese_at = None;
            self.language = Language::Ja;
        }
    }

    /// Sets a step of this module's own, which has a time of its own.
    fn step(&mut self, shown: Shown) -> Taken {
        self.set(shown);
        self.deadline = Some(Instant::now() + self.idle);
        Taken::Here
    }
}

#[cfg(test)]
mod tests;
