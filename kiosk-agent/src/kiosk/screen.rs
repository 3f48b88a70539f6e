//! The plain text front end: prints what the core pushes, makes intents of lines.

use crate::cabinet::Yen;
use crate::money::Money;
use crate::ports::{FrontEnd, Intent, STEPS, View};
use crate::text::{Text, fill, localized};
use card::pin::Pin;
use issuance_api::problem::Language;
use issuance_api::terminal::{Menu, MunicipalityOffer, Preview};
use issuance_api::{
    CertificateKind, MunicipalityCode, PersonalDate, Problem, ProblemCode, ProgrammeId,
};
use zeroize::Zeroizing;

use super::input::{Input, Quiet};

/// A text screen and its keyboard.
pub(super) struct Screen {
    input: Input,
    language: Language,
    /// Stands first in the menu.
    preferred: ProgrammeId,
    expects: Expects,
    open: bool,
    /// Held while a PIN is typed.
    quiet: Option<Quiet>,
    /// Held while somebody's data are shown.
    aside: Option<Aside>,
    under_way: UnderWay,
    money: Money,
    out: fn(&[&str]),
}

/// What stands there and is shown anew as it goes on: what was said of it is not said again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnderWay {
    Nothing,
    Fee,
    /// So many copies are out.
    Delivering(u8),
    TakePaper,
}

/// What a line would mean.
enum Expects {
    Programme(Vec<ProgrammeId>),
    Kind(Vec<CertificateKind>),
    Pin,
    Municipality(Vec<MunicipalityCode>),
    Copies(MunicipalityCode),
    Preview,
    Go,
    Nothing,
}

impl Screen {
    pub(super) fn new(input: Input, language: Language, preferred: ProgrammeId) -> Self {
        Self {
            input,
            language,
            preferred,
            expects: Expects::Nothing,
            open: true,
            quiet: None,
            aside: None,
            under_way: UnderWay::Nothing,
            money: Money::default(),
            out: say_all,
        }
    }

    /// Whether there is still somebody at the keyboard.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// Waits for Enter between two residents.
    pub(super) async fn pause(&mut self) {
        self.text(Text::NextResident);
        if self.open && self.input.line().await.is_none() {
            self.open = false;
        }
    }

    fn say(&self, text: &str) {
        (self.out)(&[text]);
    }

    fn text(&self, text: Text) {
        self.say(text.say(self.language));
    }

    fn sum(&self, text: Text, sum: Yen) {
        let sum = fill(Text::Yen.say(self.language), "{yen}", &sum.to_string());
        self.say(&format!("{}: {sum}", text.say(self.language)));
    }

    fn printed(&self, out: u8, of: u8) {
        let text = Text::PrintedOf.say(self.language);
        let text = fill(text, "{printed}", &out.to_string());
        self.say(&fill(&text, "{copies}", &of.to_string()));
    }

    /// What goes on: whether that is all there is to say of the view.
    fn goes_on(&mut self, view: &View<'_>) -> bool {
        let (is_same, now) = match (self.under_way, view) {
            (before, View::Fee { inserted, .. }) => {
                let is_same = before == UnderWay::Fee;
                if is_same {
                    self.sum(Text::FeeInserted, *inserted);
                }
                (is_same, UnderWay::Fee)
            }
            (UnderWay::Delivering(before), &View::Delivering { out, of }) => {
                if out > before {
                    self.printed(out, of);
                }
                (true, UnderWay::Delivering(out.max(before)))
            }
            (_, View::Delivering { out, .. }) => (false, UnderWay::Delivering(*out)),
            (before, View::TakePaper { .. }) => {
                (before == UnderWay::TakePaper, UnderWay::TakePaper)
            }
            _ => (false, UnderWay::Nothing),
        };
        self.under_way = now;
        is_same
    }

    fn problem(&self, problem: &Problem) {
        self.say(&format!(
            "\n! {} ({})",
            problem.message(self.language),
            problem.code.as_str()
        ));
    }

    fn menu(&mut self, menu: &Menu) {
        self.text(Text::Title);
        for notice in &menu.notices {
            self.say(&format!("* {}", localized(notice, self.language)));
        }
        let mut offers: Vec<_> = menu.programmes.iter().collect();
        offers.sort_by_key(|offer| offer.id != self.preferred);
        self.text(Text::ChooseProgramme);
        for (number, offer) in offers.iter().enumerate() {
            let name = localized(&offer.name, self.language);
            self.say(&format!("{:3}  {name}", number + 1));
        }
        self.expects = Expects::Programme(offers.iter().map(|offer| offer.id.clone()).collect());
    }

    fn kinds(&mut self, kinds: &[CertificateKind]) {
        self.text(Text::ChooseKindByNumber);
        for (number, kind) in kinds.iter().enumerate() {
            let name = match kind {
                CertificateKind::Domestic => Text::Domestic,
                CertificateKind::Abroad => Text::Abroad,
            };
            self.say(&format!("{:3}  {}", number + 1, name.say(self.language)));
        }
        self.expects = Expects::Kind(kinds.to_vec());
    }

    /// The one of the card's address stands first.
    fn municipalities(&mut self, offers: &[MunicipalityOffer], home: Option<MunicipalityCode>) {
        let mut offers: Vec<_> = offers.iter().collect();
        offers.sort_by_key(|offer| Some(offer.code) != home);
        self.text(Text::ChooseMunicipalityByNumber);
        for (number, offer) in offers.iter().enumerate() {
            let name = match self.language {
                Language::Ja | Language::Zh => format!("{}{}", offer.prefecture, offer.name),
                Language::En | Language::Ko => {
                    format!("{}, {}", offer.name_en, offer.prefecture_en)
                }
            };
            self.say(&format!("{:3}  {name}", number + 1));
        }
        self.expects = Expects::Municipality(offers.iter().map(|offer| offer.code).collect());
    }

    fn preview(&mut self, preview: &Preview) {
        self.text(Text::Preview);
        let japanese = self.language == Language::Ja;
        let authority = &preview.authority;
        let row =
            |label: Text, value: &str| (self.out)(&["  ", label.say(self.language), ": ", value]);
        let day = |date: &PersonalDate| Zeroizing::new(String::from(date.expose()));
        row(Text::Name, preview.holder.name.expose());
        row(Text::BirthDate, &day(&preview.holder.birth_date));
        row(
            Text::Authority,
            if japanese {
                &authority.name
            } else {
                &authority.name_en
            },
        );
        if let Some(passport) = &preview.passport {
            row(Text::PassportName, passport.romanised_name.expose());
            row(Text::Nationality, passport.nationality.expose());
            row(Text::PassportNumber, passport.number.expose());
        }
        for (number, dose) in preview.doses.iter().enumerate() {
            let (product, maker) = if japanese {
                (&dose.product, &dose.maker)
            } else {
                (&dose.product_en, &dose.maker_en)
            };
            let abroad = dose.abroad.as_ref();
            let number = abroad.map_or(number + 1, |abroad| abroad.number.into());
            let number = number.to_string();
            let day = day(&dose.date);
            (self.out)(&[
                "  ",
                &number,
                ". ",
                &day,
                "  ",
                product.expose(),
                "  ",
                maker.expose(),
                "  ",
                dose.lot.expose(),
            ]);
        }
        if preview.passport.is_some() {
            self.text(Text::PassportCheck);
        }
        self.text(Text::Confirm);
        self.expects = Expects::Preview;
    }

    /// What a line means here; nothing if it means nothing or not everything is there yet.
    fn understand(&mut self, line: &str) -> Option<Intent> {
        if line == "q" {
            return Some(Intent::Cancel);
        }
        let intent = match &self.expects {
            Expects::Programme(programmes) => {
                numbered(programmes, line).cloned().map(Intent::Apply)
            }
            Expects::Kind(kinds) => numbered(kinds, line).copied().map(Intent::Kind),
            Expects::Pin => match Pin::try_from(line) {
                Ok(pin) => Some(Intent::Pin(pin)),
                Err(_) => {
                    self.problem(&ProblemCode::PinMalformed.into());
                    return None;
                }
            },
            Expects::Municipality(codes) => {
                if let Some(code) = numbered(codes, line).copied() {
                    self.text(Text::Copies);
                    self.expects = Expects::Copies(code);
                    return None;
                }
                None
            }
            Expects::Copies(code) => {
                let copies = if line.is_empty() { Ok(1) } else { line.parse() };
                let copies = copies.ok().filter(|copies| (1..=10).contains(copies));
                copies.map(|copies| Intent::Municipality {
                    code: *code,
                    copies,
                })
            }
            Expects::Preview if line == "b" => Some(Intent::Back),
            Expects::Preview | Expects::Go => line.is_empty().then_some(Intent::Go),
            Expects::Nothing => return None,
        };
        if intent.is_none() {
            self.text(Text::NotUnderstood);
        }
        intent
    }
}

/// The choice with this number, counted from 1.
fn numbered<'a, T>(choices: &'a [T], line: &str) -> Option<&'a T> {
    let number: usize = line.parse().ok()?;
    choices.get(number.checked_sub(1)?)
}

/// A terminal's other screen: what stood on it is gone when it is left, and was never part of what can be scrolled back to.
struct Aside;

impl Aside {
    fn begin() -> Option<Self> {
        rustix::termios::isatty(rustix::stdio::stdout()).then(|| {
            say("\x1b[?1049h\x1b[H");
            Self
        })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        say("\x1b[2J\x1b[?1049l");
    }
}

impl FrontEnd for Screen {
    fn show(&mut self, view: &View<'_>) {
        self.money.follow(view);
        if self.goes_on(view) {
            return;
        }
        self.quiet = None;
        self.aside = None;
        self.input.forget();
        if matches!(view, View::Preview(_)) {
            self.aside = Aside::begin();
        }
        if let Some(step) = view.step() {
            let waits = !matches!(
                view,
                View::Reading
                    | View::Issuing
                    | View::Delivering { .. }
                    | View::TakePaper { .. }
                    | View::Reporting
                    | View::Done(_)
            );
            let hint = if waits {
                Text::Cancel.say(self.language)
            } else {
                ""
            };
            self.say(&format!("\n── {step}/{STEPS} ── {hint}"));
        }
        self.expects = Expects::Nothing;
        match view {
            View::Menu(menu) => self.menu(menu),
            View::PlaceCard => self.text(Text::PlaceCard),
            View::Kind(kinds) => self.kinds(kinds),
            View::Pin { remaining } => {
                if *remaining == 1 {
                    self.text(Text::LastTry);
                }
                let prompt = Text::TypePin.say(self.language);
                self.say(&fill(prompt, "{remaining}", &remaining.to_string()));
                self.quiet = Some(Quiet::begin());
                self.expects = Expects::Pin;
            }
            View::Reading => self.text(Text::Reading),
            View::TakeCard => self.text(Text::TakeCard),
            View::Checking => self.text(Text::Checking),
            View::CardLeft => self.text(Text::CardLeft),
            View::PaperLeft => self.text(Text::PaperLeft),
            View::Municipality { offers, home, .. } => self.municipalities(offers, *home),
            View::LookingUp => self.text(Text::LookingUp),
            View::Preview(preview) => self.preview(preview),
            View::Fee { due, inserted } => {
                self.sum(Text::FeeDue, *due);
                self.sum(Text::FeeInserted, *inserted);
            }
            View::TakePaper { .. } => self.text(Text::TakePaper),
            View::Issuing => self.text(Text::Issuing),
            View::Delivering { out, of } => {
                self.text(Text::Delivering);
                if *out > 0 {
                    self.printed(*out, *of);
                }
            }
            View::Reporting => self.text(Text::Reporting),
            View::Done(ended) => {
                for text in ended.says() {
                    self.text(text);
                }
                if ended.stuck {
                    self.problem(&ProblemCode::PaymentNotReturned.into());
                }
            }
            View::TryAgain => {
                self.text(Text::TryAgain);
                self.expects = Expects::Go;
            }
            View::Problem(problem) => self.problem(problem),
            View::Over(problem) => {
                self.problem(problem);
                if self.money.returned_with(problem) {
                    self.text(Text::FeeReturned);
                }
                // What comes next may end before anything is offered.
                self.money = Money::default();
            }
            View::OutOfService(closed) => self.problem(&closed.problem),
            _ => {}
        }
    }

    async fn intent(&mut self) -> Intent {
        loop {
            let Some(line) = self.input.line().await else {
                self.open = false;
                return Intent::Cancel;
            };
            if let Some(intent) = self.understand(line.trim()) {
                return intent;
            }
        }
    }
}

/// Writes a line past the buffer of the standard library, which would keep what went through it.
fn say(text: &str) {
    say_all(&[text]);
}

/// One line of these pieces, which are put together in one place and wiped there.
fn say_all(pieces: &[&str]) {
    let length = pieces.iter().map(|piece| piece.len()).sum::<usize>() + 1;
    let mut line = Zeroizing::new(Vec::with_capacity(length));
    for piece in pieces.iter().chain(&["\n"]) {
        line.extend_from_slice(piece.as_bytes());
    }
    let mut rest = &line[..];
    while !rest.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), rest) {
            Ok(written) => rest = &rest[written..],
            Err(rustix::io::Errno::INTR) => {}
            // A screen that is gone shows nothing.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests;
