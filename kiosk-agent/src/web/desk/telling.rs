//! From what stands there to what the page is told.

use issuance_api::{Personal, Problem, ProblemCode};
use tokio::time::Instant;

use super::{COPIES, Desk, Shown};
use crate::cabinet::Yen;
use crate::ports::{Closed, Ended, Says};
use crate::text::{SPOKEN_TRIES, Text, is_spoken, numbered_key, problem_key};
use crate::web::screen::{Content, Screen, Then};

/// The terms, for who does not read them.
const TERMS: [Text; 6] = [
    Text::Terms,
    Text::TermsSelf,
    Text::TermsReads,
    Text::TermsAsks,
    Text::TermsForgets,
    Text::TermsPaper,
];

impl Desk {
    /// What the page is told.
    #[must_use]
    pub fn screen(&self) -> Screen<'_> {
        let left = self.deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
        });
        Screen {
            serial: self.serial,
            language: self.language,
            step: self.step_number(),
            left,
            back: self.has_back(),
            cancel: self.can_cancel(),
            speak: self.spoken(),
            alarm: alarm(&self.shown).or(self.card_lies.then_some("alarm/card")),
            content: self.content(),
        }
    }

    /// As the core's, but where something else stands there: a problem before what follows it, or the attendant's.
    const fn step_number(&self) -> Option<u8> {
        match self.shown {
            Shown::Starting
            | Shown::Problem(_)
            | Shown::AttendantKey { .. }
            | Shown::Attendant { .. } => None,
            _ => self.step,
        }
    }

    fn spoken(&self) -> Vec<String> {
        let text = match &self.shown {
            Shown::Language(_) => return said(&[Text::Welcome, Text::ByKeyboard]),
            Shown::Service(_) => return said(&[Text::Service, Text::ByKeyboard]),
            Shown::Terms(..) => return said(&TERMS),
            Shown::PlaceCard => return said(&[Text::PlaceCard, Text::PlaceCardHelp]),
            Shown::Kind(_) | Shown::OtherKind(_) => Text::ChooseKind,
            Shown::Pin { remaining, .. } => return spoken_pin(*remaining),
            Shown::Reading => Text::Reading,
            Shown::TakeCard => Text::TakeCard,
            Shown::Checking => Text::Checking,
            Shown::CardLeft => Text::CardLeft,
            // It is not theirs who hear it: the alarm calls who forgot it.
            Shown::PaperLeft => return said(&[Text::SeeScreen, Text::HelpStaff]),
            Shown::Municipality(_) => Text::ChooseMunicipality,
            Shown::Copies(_, _, copies) => {
                let counted = numbered_key(&Text::CopyCount.key(), *copies);
                return vec![Text::ChooseCopies.key(), counted];
            }
            Shown::LookingUp => Text::LookingUp,
            Shown::Preview(_) => return said(&[Text::CheckPreview, Text::PreviewByEar]),
            Shown::Fee { .. } => Text::PayFee,
            Shown::TakePaper { .. } => Text::TakePaper,
            Shown::Issuing => Text::Issuing,
            Shown::Delivering { .. } => Text::Delivering,
            Shown::TryAgain => Text::AgainPrompt,
            Shown::Reporting => Text::Reporting,
            Shown::Done(ended) => return spoken_end(*ended),
            Shown::OutOfService(Closed { problem, .. })
                if problem.code == ProblemCode::ContentMismatch =>
            {
                Text::SeeScreen
            }
            Shown::Problem(problem) => {
                let mut keys = vec![spoken_problem(problem)];
                // How many are out already no recording says.
                keys.extend(problem.printed.map(|_| Text::SeeScreen.key()));
                keys.extend(self.is_returned(problem).then(|| Text::FeeReturned.key()));
                return keys;
            }
            Shown::OutOfService(Closed { problem, .. }) => return vec![spoken_problem(problem)],
            Shown::Starting | Shown::AttendantKey { .. } | Shown::Attendant { .. } => {
                return Vec::new();
            }
        };
        vec![text.key()]
    }

    fn content(&self) -> Content<'_> {
        match &self.shown {
            Shown::Starting => Content::Starting,
            Shown::Language(menu) => Content::Language {
                hours: &menu.hours,
                notices: &menu.notices,
            },
            Shown::Service(menu) => Content::Service {
                programmes: menu.programmes.iter().map(Into::into).collect(),
                hours: &menu.hours,
                notices: &menu.notices,
            },
            Shown::Terms(..) => Content::Terms,
            Shown::PlaceCard => Content::PlaceCard,
            Shown::Kind(kinds) | Shown::OtherKind(kinds) => Content::Kind { kinds },
            Shown::Pin { remaining, entry } => Content::Pin {
                remaining: *remaining,
                entered: entry.0.len(),
            },
            Shown::Reading => Content::Reading,
            Shown::TakeCard => Content::TakeCard,
            Shown::Checking => Content::Checking,
            Shown::CardLeft => Content::CardLeft,
            Shown::PaperLeft => Content::PaperLeft,
            Shown::Municipality(choice) => Content::Municipality {
                offers: &choice.offers,
                home: choice.home,
            },
            Shown::Copies(choice, _, copies) => Content::Copies {
                copies: *copies,
                most: COPIES,
                fee: choice.fee.map(Yen::get),
            },
            Shown::LookingUp => Content::LookingUp,
            Shown::Preview(preview) => Content::Preview { preview },
            Shown::Fee { due, inserted } => Content::Fee {
                due: due.get(),
                inserted: inserted.get(),
            },
            Shown::TakePaper { .. } => Content::TakePaper,
            Shown::Issuing => Content::Issuing,
            Shown::Delivering { out, of } => Content::Delivering {
                printed: *out,
                copies: *of,
            },
            Shown::TryAgain => Content::TryAgain,
            Shown::Reporting => Content::Reporting,
            Shown::Done(ended) => Content::Done(*ended),
            Shown::Problem(problem)
                if self.next.is_some() && !self.is_before_the_first_screen() =>
            {
                self.problem(problem, None, Then::On)
            }
            Shown::Problem(problem) => self.problem(problem, None, Then::Start),
            Shown::OutOfService(Closed { problem, says }) => {
                self.problem(problem, says.as_ref(), Then::Wait)
            }
            Shown::AttendantKey { entry, wrong, .. } => Content::AttendantKey {
                entered: entry.0.len(),
                wrong: *wrong,
            },
            Shown::Attendant { .. } => Content::Attendant(&self.health),
        }
    }

    /// Whether a problem ends an application for which money was inserted, and does not say itself where that is.
    fn is_returned(&self, problem: &Problem) -> bool {
        self.over && self.money.returned_with(problem)
    }

    fn problem<'a>(&self, problem: &Problem, says: Option<&'a Says>, then: Then) -> Content<'a> {
        // Whoever passes by has no card here, and no certificate.
        let happened = if then == Then::Wait && problem.code == ProblemCode::ContentMismatch {
            Text::NeedsInspection.say(self.language).to_owned()
        } else {
            problem.happened(self.language)
        };
        Content::Problem {
            code: problem.code.as_str(),
            happened: Personal::new(happened),
            advice: problem.code.advice(self.language),
            says,
            returned: self.is_returned(problem),
            then,
        }
    }
}

fn alarm(shown: &Shown) -> Option<&'static str> {
    match shown {
        Shown::TakeCard | Shown::CardLeft => Some("alarm/card"),
        Shown::TakePaper { .. } | Shown::PaperLeft => Some("alarm/paper"),
        // Anybody can ask to be let in.
        Shown::AttendantKey { before, .. } => alarm(before),
        _ => None,
    }
}

fn said(texts: &[Text]) -> Vec<String> {
    texts.iter().copied().map(Text::key).collect()
}

fn spoken_pin(remaining: u8) -> Vec<String> {
    let mut keys = vec![Text::EnterPin.key()];
    if remaining == 1 {
        keys.push(Text::LastTry.key());
    } else if SPOKEN_TRIES.contains(&remaining) {
        keys.push(numbered_key(&Text::TriesLeft.key(), remaining));
    }
    keys.push(Text::PinByKeyboard.key());
    keys
}

fn spoken_end(ended: Ended) -> Vec<String> {
    let mut keys: Vec<_> = ended.says().map(Text::key).collect();
    let stuck = ProblemCode::PaymentNotReturned;
    keys.extend(ended.stuck.then(|| problem_key(stuck)));
    keys
}

fn spoken_problem(problem: &Problem) -> String {
    match problem.remaining {
        _ if !is_spoken(problem.code) => Text::SeeScreen.key(),
        Some(tries) if SPOKEN_TRIES.contains(&tries) => {
            numbered_key(&problem_key(problem.code), tries)
        }
        Some(_) => Text::SeeScreen.key(),
        None => problem_key(problem.code),
    }
}
