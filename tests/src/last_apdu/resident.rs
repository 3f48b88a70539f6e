//! A resident who knows what to do and does it at once.

use std::future::pending;
use std::io;
use std::sync::mpsc::Sender;

use card::pin::Pin;
use issuance_api::{CertificateKind, MunicipalityCode, ProgrammeId};
use terminal::ports::{FrontEnd, Intent, View};

use super::timed::{Mark, Marks};
use crate::persona::Persona;
use crate::reader::Reader;

pub(super) struct Resident<'a> {
    persona: String,
    reader: &'a Reader,
    /// Takes the card while the core goes on.
    hand: Sender<()>,
    municipality: MunicipalityCode,
    pin: Option<Pin>,
    marks: Marks,
    next: Option<Intent>,
}

impl<'a> Resident<'a> {
    pub(super) fn new(
        persona: &str,
        (reader, hand): (&'a Reader, &Sender<()>),
        marks: Marks,
    ) -> io::Result<Self> {
        let Persona {
            name,
            municipality,
            pin,
            ..
        } = Persona::load(persona)?;
        Ok(Self {
            persona: name,
            reader,
            hand: hand.clone(),
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
        let handled = match view {
            // The hand keeps the core waiting, in a step that counts for nothing.
            View::PlaceCard => self.reader.insert(&self.persona).is_ok(),
            View::TakeCard => {
                self.marks.note(Mark::TakeCard);
                self.hand.send(()).is_ok()
            }
            _ => true,
        };
        self.next = match view {
            // A hand that slips ends the application.
            _ if !handled => Some(Intent::Cancel),
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
