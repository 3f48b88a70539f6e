//! A resident who knows what to do and does it at once.

use std::future::pending;
use std::io;

use card::pin::Pin;
use issuance_api::{CertificateKind, MunicipalityCode, ProgrammeId};
use terminal::ports::{FrontEnd, Intent, View};

use super::timed::{Mark, Marks};
use crate::persona::Persona;
use crate::reader::Reader;

pub(super) struct Resident<'a> {
    persona: String,
    reader: &'a Reader,
    municipality: MunicipalityCode,
    pin: Option<Pin>,
    marks: Marks,
    next: Option<Intent>,
}

impl<'a> Resident<'a> {
    pub(super) fn new(persona: &str, reader: &'a Reader, marks: Marks) -> io::Result<Self> {
        let Persona {
            name,
            municipality,
            pin,
            ..
        } = Persona::load(persona)?;
        Ok(Self {
            persona: name,
            reader,
            municipality: municipality.parse().map_err(io::Error::other)?,
            pin: Some(Pin::try_from(pin.as_str()).map_err(io::Error::other)?),
            marks,
            next: None,
        })
    }

    fn programme() -> ProgrammeId {
        "covid-19".parse().expect("a programme's id")
    }
}

impl FrontEnd for Resident<'_> {
    fn show(&mut self, view: &View<'_>) {
        // The hand at the reader keeps the core waiting, in steps that count for nothing.
        let handled = match view {
            View::PlaceCard => self.reader.insert(&self.persona),
            View::TakeCard => {
                self.marks.note(Mark::TakeCard);
                self.reader.remove()
            }
            _ => Ok(()),
        };
        self.next = match view {
            // A hand that slips ends the application.
            _ if handled.is_err() => Some(Intent::Cancel),
            View::Menu(_) => Some(Intent::Apply(Self::programme())),
            View::Kind(_) => Some(Intent::Kind(CertificateKind::Domestic)),
            View::Pin { .. } => self.pin.take().map(Intent::Pin).or(Some(Intent::Cancel)),
            View::Municipality { .. } => {
                self.marks.note(Mark::Municipalities);
                Some(Intent::Municipality {
                    code: self.municipality,
                    copies: 1,
                })
            }
            View::Preview(_) => {
                self.marks.note(Mark::Preview);
                Some(Intent::Go)
            }
            View::TryAgain | View::OutOfService(_) => Some(Intent::Cancel),
            _ => None,
        };
    }

    async fn intent(&mut self) -> Intent {
        let Some(intent) = self.next.take() else {
            return pending().await;
        };
        match intent {
            Intent::Municipality { .. } => self.marks.note(Mark::Chosen),
            Intent::Go => self.marks.note(Mark::Confirmed),
            _ => {}
        }
        intent
    }
}
