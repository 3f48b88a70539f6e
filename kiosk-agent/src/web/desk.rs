//! What stands on the screen, as a state machine without any input or output: [`Desk::show`] takes what the core pushes,
//! [`Desk::press`] what the resident does, [`Desk::screen`] (in `telling`) says what the page is told.
//!
//! Steps that no core has to know live here alone: language, service and terms before an application; the digits of a PIN
//! until there are four; the number of copies once a municipality is chosen; a problem until it was read.

use std::time::Duration;

use card::pin::Pin;
use issuance_api::problem::Language;
use issuance_api::terminal::{Menu, MunicipalityOffer, Preview};
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProblemCode, ProgrammeId};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::attendant::{AttendantKey, Health, KEY_LENGTH};
use super::intent::{PageIntent, Press};
use crate::cabinet::Yen;
use crate::ports::{Intent, View};

mod telling;

/// Most copies.
const COPIES: u8 = 10;
/// Digits of a PIN.
const PIN_LENGTH: usize = 4;
/// How long a step before an application stands, and an attendant's view that nobody uses, where nothing else is said.
const IDLE: Duration = Duration::from_secs(90);
/// How long the end of an application stands.
const END: Duration = Duration::from_secs(30);

/// What stands on the screen, and what the terminal counts.
#[derive(Debug)]
pub struct Desk {
    language: Language,
    serial: u64,
    shown: Shown,
    /// What the core showed while a problem was being read.
    next: Option<Shown>,
    deadline: Option<Instant>,
    idle: Duration,
    /// The end of an application was read.
    acknowledged: bool,
    begun: bool,
    /// The browser was lost under the application.
    deserted: bool,
    key: Option<AttendantKey>,
    health: Health,
}

/// What stands on the screen.
#[derive(Debug)]
enum Shown {
    Starting,
    Language(Menu),
    Service(Menu),
    Terms(Menu, ProgrammeId),
    PlaceCard,
    Kind(Vec<CertificateKind>),
    Pin {
        remaining: u8,
        entry: Entry,
    },
    Reading,
    TakeCard,
    CardLeft,
    Municipality(Choice),
    Copies(Choice, MunicipalityCode),
    Preview(Box<Preview>),
    Fee {
        due: Yen,
        inserted: Yen,
    },
    Issuing,
    Delivering,
    TryAgain,
    TakePaper,
    Done {
        reported: bool,
    },
    Problem(Problem),
    OutOfService(Problem),
    AttendantKey {
        entry: Entry,
        wrong: bool,
        before: Box<Shown>,
    },
    Attendant {
        /// The key was right, and the view is not there yet.
        coming: bool,
        leaves: bool,
    },
}

#[derive(Debug)]
struct Choice {
    offers: Vec<MunicipalityOffer>,
    home: Option<MunicipalityCode>,
    fee: Option<Yen>,
}

impl Shown {
    /// Whether it asks nobody anything, and holds nothing of anybody.
    fn needs_nobody(&self) -> bool {
        match self {
            Self::Issuing
            | Self::Delivering
            | Self::TakePaper
            | Self::CardLeft
            | Self::Done { .. }
            | Self::OutOfService(_) => true,
            // Nobody has cancelled.
            Self::Problem(problem) => problem.code != ProblemCode::Cancelled,
            _ => false,
        }
    }
}

/// Digits pressed so far.
struct Entry(Zeroizing<Vec<u8>>);

impl Entry {
    fn new() -> Self {
        // Room for all, so that growing leaves no copy behind.
        Self(Zeroizing::new(Vec::with_capacity(*KEY_LENGTH.end())))
    }

    fn push(&mut self, digit: u8, most: usize) {
        if self.0.len() < most {
            self.0.push(digit);
        }
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry(..)")
    }
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
            shown: Shown::Starting,
            next: None,
            deadline: None,
            idle: IDLE,
            acknowledged: false,
            begun: false,
            deserted: false,
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
        self.deadline.filter(|_| self.gives_way())
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
        match self.take() {
            Shown::Service(menu) | Shown::Terms(menu, _) => self.set(Shown::Language(menu)),
            Shown::AttendantKey { before, .. } => self.set(*before),
            Shown::Problem(problem) => match self.next.take() {
                Some(next) => self.set(next),
                None => self.shown = Shown::Problem(problem),
            },
            shown => self.shown = shown,
        }
    }

    fn take(&mut self) -> Shown {
        std::mem::replace(&mut self.shown, Shown::Starting)
    }

    /// Forgets everything of whoever was there.
    pub fn start_over(&mut self) {
        self.language = Language::Ja;
        self.next = None;
        self.begun = false;
        self.deserted = false;
        self.set(Shown::Starting);
    }

    /// The browser was lost: nothing of what stood there is told to the next one. What of the application needs nobody runs on
    /// to its end, a page at the printer above all, and is told without a word about anybody.
    pub fn desert(&mut self) {
        self.next = None;
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

    /// The attendant's view.
    pub fn attend(&mut self) {
        self.next = None;
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
            View::Pin { remaining } => Shown::Pin {
                remaining: *remaining,
                entry: Entry::new(),
            },
            View::Reading => Shown::Reading,
            View::TakeCard => Shown::TakeCard,
            View::CardLeft => Shown::CardLeft,
            View::Municipality { offers, home, fee } => Shown::Municipality(Choice {
                offers: offers.to_vec(),
                home: *home,
                fee: *fee,
            }),
            View::Preview(preview) => Shown::Preview(Box::new((*preview).clone())),
            View::Fee { due, inserted } => Shown::Fee {
                due: *due,
                inserted: *inserted,
            },
            View::TakePaper => Shown::TakePaper,
            View::Issuing => Shown::Issuing,
            View::Delivering => Shown::Delivering,
            View::TryAgain => Shown::TryAgain,
            View::Done { reported } => Shown::Done {
                reported: *reported,
            },
            View::Problem(problem) => Shown::Problem((*problem).clone()),
            View::OutOfService(problem) => Shown::OutOfService((*problem).clone()),
        };
        self.count(&shown);
        if self.deserted && !shown.needs_nobody() {
            return;
        }
        // A problem stands until it was read, whatever follows it.
        let is_read = matches!(shown, Shown::Problem(_) | Shown::OutOfService(_));
        if matches!(self.shown, Shown::Problem(_)) && !is_read {
            self.next = Some(shown);
            if self.gives_way() {
                let stands = Instant::now() + self.end_stands();
                self.deadline.get_or_insert(stands);
            }
            return;
        }
        self.next = None;
        if let (Shown::Fee { inserted, .. }, Shown::Fee { inserted: sum, .. }) =
            (&mut self.shown, &shown)
        {
            // The same screen, with a coin more.
            *inserted = *sum;
            return;
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
            Shown::Done { .. } => self.health.delivered += 1,
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
            // Nobody is there, or somebody who knows.
            Shown::Problem(problem) if problem.code == ProblemCode::Cancelled => END / 6,
            Shown::Problem(problem) if problem.code == ProblemCode::TimedOut => END / 3,
            Shown::Problem(_) | Shown::Done { .. } | Shown::AttendantKey { .. } => END,
            // The browser was lost, and nothing was told to the next one.
            _ => Duration::ZERO,
        }
    }

    fn set(&mut self, shown: Shown) {
        // Whoever comes next reads the first screen in Japanese.
        if matches!(shown, Shown::Language(_)) {
            self.language = Language::Ja;
        }
        self.shown = shown;
        self.serial += 1;
        self.deadline = None;
        self.acknowledged = false;
    }

    /// Sets a step of this module's own, which has a time of its own.
    fn step(&mut self, shown: Shown) -> Taken {
        self.set(shown);
        self.deadline = Some(Instant::now() + self.idle);
        Taken::Here
    }

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
            Shown::Copies(choice, _) => {
                // The core still waits, and its time runs on.
                let deadline = self.deadline;
                self.set(Shown::Municipality(choice));
                self.deadline = deadline;
                Taken::Here
            }
            Shown::AttendantKey { before, .. } => {
                self.set(*before);
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
                | Shown::TakePaper
                | Shown::Problem(_)
                | Shown::OutOfService(_)
        );
        if self.key.is_none() || !idle {
            return Taken::Ignored;
        }
        let before = Box::new(self.take());
        self.step(Shown::AttendantKey {
            entry: Entry::new(),
            wrong: false,
            before,
        })
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
                Taken::For(Intent::Apply(id))
            }
            (Shown::Kind(kinds), PageIntent::Kind(kind)) => {
                self.shown = Shown::Kind(kinds);
                Taken::For(Intent::Kind(kind))
            }
            (Shown::Pin { remaining, entry }, intent) => self.pin(remaining, entry, &intent),
            (
                Shown::AttendantKey {
                    entry,
                    wrong,
                    before,
                },
                intent,
            ) => self.key(entry, wrong, before, &intent),
            (Shown::Municipality(choice), PageIntent::Municipality(code))
                if choice.offers.iter().any(|offer| offer.code == code) =>
            {
                let deadline = self.deadline;
                self.set(Shown::Copies(choice, code));
                self.deadline = deadline;
                Taken::Here
            }
            (Shown::Copies(choice, code), PageIntent::Copies(copies @ 1..=COPIES)) => {
                self.shown = Shown::Copies(choice, code);
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
            (shown @ Shown::Done { .. }, PageIntent::Understood) => {
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
        before: Box<Shown>,
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
        };
        taken
    }

    const fn has_back(&self) -> bool {
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
        )
    }

    const fn can_cancel(&self) -> bool {
        matches!(
            self.shown,
            Shown::Service(_)
                | Shown::Terms(..)
                | Shown::PlaceCard
                | Shown::Kind(_)
                | Shown::Pin { .. }
                | Shown::TakeCard
                | Shown::Municipality(_)
                | Shown::Copies(..)
                | Shown::Preview(_)
                | Shown::Fee { .. }
                | Shown::TryAgain
        ) || matches!(self.shown, Shown::Problem(_))
            && self.next.is_some()
            && !self.is_before_the_first_screen()
    }
}

#[cfg(test)]
mod tests;
