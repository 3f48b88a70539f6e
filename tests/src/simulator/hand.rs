//! A card on a reader, in this process: held as a terminal holds it, with what goes wrong at it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use card::expiry::Day;
use card::messaging::Protection;
use card::pin::Pin;
use card::session::Connected;
use card::transport::{Lengths, Transport, TransportError};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::fault::Faulty;
use issuance_api::ProblemCode;
use terminal::ports::{Card, Question, Reading};
use terminal::reader::{Held, problem};
use zeroize::Zeroizing;

/// What lies on a reader, and what reached it.
pub struct Lying {
    /// The card.
    pub card: Faulty,
    /// Commands to it.
    pub commands: u32,
    /// Those that presented the PIN of the 券面事項入力補助AP, whatever became of them.
    pub pins: u32,
    /// Those that presented a birth code: of each, how many tries had been told of.
    pub codes: Vec<Option<u8>>,
    /// Tries of the birth code, as the answer told that was given last to whoever asked for them.
    pub code_told: Option<u8>,
    gone: bool,
}

/// Tells how often a PIN was presented, while a terminal has the card.
pub struct Presented(Arc<Mutex<Lying>>);

impl Presented {
    /// So often until now.
    #[must_use]
    pub fn by_now(&self) -> u32 {
        there(&self.0).pins
    }
}

/// A connection to it. Power goes off when it is dropped.
struct Contact(Arc<Mutex<Lying>>);

impl Contact {
    fn new(lying: &Arc<Mutex<Lying>>) -> Self {
        there(lying).card.power_on();
        Self(Arc::clone(lying))
    }
}

impl Transport for Contact {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        let mut lying = there(&self.0);
        if lying.gone {
            return Err(TransportError::CardLifted);
        }
        lying.commands += 1;
        // VERIFY of EF 0011 with data: without, it asks for the tries. A PIN has four digits, a birth code six.
        match command {
            [0x00, 0x20, 0x00, 0x91, 4, ..] => lying.pins += 1,
            [0x00, 0x20, 0x00, 0x91, 6, ..] => {
                let told = lying.code_told;
                lying.codes.push(told);
            }
            _ => {}
        }
        let answered = lying.card.answer(command).outcome.over_a_reader();
        let in_surface = lying.card.card().addressed().ap() == Some(Ap::Surface);
        // The question, or GET RESPONSE after it.
        if in_surface && matches!(command, [0x00, 0x20, 0x00, 0x91] | [0x00, 0xC0, ..]) {
            let answer = answered.as_ref().ok();
            lying.code_told = answer.and_then(|answer| tries_told(answer));
        }
        lying.gone = matches!(answered, Err(TransportError::CardLifted));
        answered
    }
}

/// Tries left, as an answer tells them.
fn tries_told(answer: &[u8]) -> Option<u8> {
    match answer {
        [.., 0x63, left @ 0xC0..=0xCF] => Some(left & 0x0F),
        _ => None,
    }
}

impl Drop for Contact {
    fn drop(&mut self) {
        there(&self.0).card.power_off();
    }
}

/// A card that lies on a reader, and is taken as soon as that is asked for.
pub struct CardInHand {
    lying: Arc<Mutex<Lying>>,
    protection: Protection,
    held: Option<Held<Contact>>,
}

impl CardInHand {
    /// This one, read with this protection.
    #[must_use]
    pub fn new(card: Faulty, protection: Protection) -> Self {
        let lying = Lying {
            card,
            commands: 0,
            pins: 0,
            codes: Vec::new(),
            code_told: None,
            gone: false,
        };
        Self {
            lying: Arc::new(Mutex::new(lying)),
            protection,
            held: None,
        }
    }

    /// Power for it, to talk to it as one likes.
    #[must_use]
    pub fn contact(&self) -> impl Transport + use<> {
        Contact::new(&self.lying)
    }

    /// To look at it meanwhile.
    #[must_use]
    pub fn presented(&self) -> Presented {
        Presented(Arc::clone(&self.lying))
    }

    /// What lies there.
    pub fn lying(&self) -> MutexGuard<'_, Lying> {
        there(&self.lying)
    }
}

impl From<EmulatedCard> for CardInHand {
    fn from(card: EmulatedCard) -> Self {
        Self::new(card.into(), Protection::default())
    }
}

fn there(lying: &Mutex<Lying>) -> MutexGuard<'_, Lying> {
    lying.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Card for CardInHand {
    async fn open(&mut self, _: Duration) -> Result<u8, ProblemCode> {
        self.held = None;
        let card = Connected::new(Contact::new(&self.lying), Lengths::default());
        let today = Day::in_japan(SystemTime::now());
        let held = Held::select(card, today).map_err(problem)?;
        let remaining = held.remaining();
        self.held = Some(held);
        Ok(remaining)
    }

    async fn read(&mut self, pin: Pin, question: Question) -> Result<Reading, ProblemCode> {
        let held = self.held.take().ok_or(ProblemCode::CardLifted)?;
        let (reading, held) = held.present(pin, &question, self.protection)?;
        self.held = held;
        Ok(reading)
    }

    async fn lifted(&mut self) -> ProblemCode {
        if self.lying().gone {
            return ProblemCode::CardLifted;
        }
        std::future::pending().await
    }

    async fn gone(&mut self, _: Duration) -> Result<(), ProblemCode> {
        self.held = None;
        Ok(())
    }

    async fn close(&mut self) {
        self.held = None;
    }
}
