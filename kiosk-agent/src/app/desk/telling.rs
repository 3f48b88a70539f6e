//! From what stands there to what the page is told.

use issuance_api::{Personal, Problem};

use super::{Desk, Face, Shown};
use crate::app::screen::{Certificate, Content, Failed, Person, Screen};
use crate::app::shelf::Listed;
use crate::text::home;
use crate::web::screen::Programme;

impl Desk {
    /// What the page is told.
    #[must_use]
    pub fn screen(&self) -> Screen<'_> {
        self.told(self.content())
    }

    /// What a page is told that is let in no longer.
    #[must_use]
    pub const fn farewell(&self) -> Screen<'_> {
        Screen {
            serial: self.serial,
            language: self.language,
            step: None,
            back: false,
            cancel: false,
            content: Content::Locked,
        }
    }

    const fn told<'a>(&'a self, content: Content<'a>) -> Screen<'a> {
        Screen {
            serial: self.serial,
            language: self.language,
            step: self.shown.step(),
            back: self.shown.has_back(),
            cancel: self.shown.can_cancel(),
            content,
        }
    }

    fn content(&self) -> Content<'_> {
        match &self.shown {
            Shown::Locked => Content::Locked,
            Shown::Working => Content::Working,
            Shown::Certificates { listed, damaged } => Content::Certificates {
                people: people(listed),
                damaged: *damaged,
            },
            Shown::Service(menu) => Content::Service {
                programmes: menu.programmes.iter().map(Into::into).collect(),
                notices: &menu.notices,
            },
            Shown::Terms {
                programme,
                name,
                notices,
            } => Content::Terms {
                programme: Programme::new(programme, name),
                notices,
            },
            Shown::Kinds { offered, chosen } => Content::Kinds {
                kinds: offered.as_slice(),
                chosen: chosen.as_ref().map_or(&[], |chosen| chosen.as_slice()),
            },
            Shown::Pin(pad) => Content::Pin {
                entered: pad.digits.len(),
                remaining: pad.remaining,
            },
            Shown::TapCard => Content::TapCard,
            Shown::LastTry => Content::LastTry,
            Shown::Reading => Content::Reading,
            Shown::Person { person, card } => Content::Person {
                name: &person.name,
                birth_date: &person.birth_date,
                sex: person.sex,
                address: &person.address,
                card: *card,
            },
            Shown::Passport { domestic } => Content::Passport {
                domestic: *domestic,
            },
            Shown::PassportReading => Content::PassportReading,
            Shown::PassportCheck {
                passport,
                birth_date,
                domestic,
            } => Content::PassportCheck {
                romanised_name: &passport.romanised_name,
                number: &passport.number,
                birth_date,
                nationality: &passport.nationality,
                domestic: *domestic,
            },
            Shown::Municipality { offers, home } => Content::Municipality {
                offers,
                home: *home,
            },
            Shown::Preview { previews, failed } => Content::Preview {
                previews,
                failed: failed
                    .iter()
                    .map(|(kind, problem)| Failed {
                        kind: *kind,
                        code: problem.code.as_str(),
                        happened: self.happened(problem),
                        advice: home::advice(problem.code, self.language),
                    })
                    .collect(),
            },
            Shown::Issuing => Content::Issuing,
            Shown::Certificate(face) => Content::Certificate(face.certificate()),
            Shown::Delete(opened) => Content::Delete {
                entry: opened.listed.entry(),
                holder: &opened.listed.says.holder,
            },
            Shown::Verify => Content::Verify,
            Shown::Verified { found, trust } => Content::Verified { found, trust },
            Shown::Problem {
                problem,
                mismatch,
                kind,
                says,
                then,
            } => Content::Problem {
                code: problem.code.as_str(),
                happened: self.happened(problem),
                advice: home::advice(problem.code, self.language),
                mismatch: *mismatch,
                kind: *kind,
                says: says.as_ref(),
                then: *then,
            },
        }
    }

    fn happened(&self, problem: &Problem) -> Personal {
        Personal::new(problem.fill(home::happened(problem.code, self.language)))
    }
}

impl Shown {
    /// Which step of [`STEPS`](crate::app::screen::STEPS) it is.
    const fn step(&self) -> Option<u8> {
        Some(match self {
            Self::Service(_) | Self::Terms { .. } => 1,
            Self::Kinds { .. } => 2,
            Self::Pin(_) => 3,
            Self::TapCard | Self::LastTry | Self::Reading => 4,
            Self::Person { .. }
            | Self::Passport { .. }
            | Self::PassportReading
            | Self::PassportCheck { .. } => 5,
            Self::Municipality { .. } => 6,
            Self::Preview { .. } | Self::Issuing => 7,
            _ => return None,
        })
    }
}

impl Face {
    fn certificate(&self) -> Certificate<'_> {
        let opened = &self.opened;
        Certificate {
            entry: opened.listed.entry(),
            holder: (!self.hidden).then_some(&opened.listed.says.holder),
            passport: opened.listed.says.passport.as_deref(),
            certificate_id: opened.number.as_ref().map(Personal::expose),
            all_doses: &opened.listed.says.doses,
            codes: &opened.codes,
            shown: self.shown,
            hidden: self.hidden,
            hides: opened.hides(),
            reported: self.reported,
        }
    }
}

/// Whose certificates lie together.
fn people(listed: &[Listed]) -> Vec<Person<'_>> {
    let by_person = listed.chunk_by(|one, other| one.says.holder == other.says.holder);
    by_person.map(person).collect()
}

fn person(own: &[Listed]) -> Person<'_> {
    Person {
        holder: &own[0].says.holder,
        certificates: own.iter().map(Listed::entry).collect(),
    }
}
