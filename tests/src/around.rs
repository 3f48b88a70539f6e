//! What stands around a kiosk or an app that somebody drives, and what can be done to it by one line: reader, record system, center.

use std::error::Error;
use std::io;
use std::num::NonZeroU32;

use hw_sim::fault::Fault;
use rustix::process::Signal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Table;

use crate::experiment::forgetting::remains;
use crate::pcscd::Freed;
use crate::reader::Reader;
use crate::world::{World, set};

/// Reader and world.
pub struct Around {
    // Dropped in this order.
    /// The reader.
    pub reader: Reader,
    /// Everything else.
    pub world: World,
}

/// What became of an order.
#[derive(Debug)]
pub enum Carried<O> {
    /// It was carried out: what was felt, where something is.
    Done(Value),
    /// It is the stand's own.
    Own(O),
}

/// An order, and what goes with it.
#[derive(Debug)]
pub struct Line<O> {
    order: Either<O>,
    lift_after: Option<NonZeroU32>,
    faults: Vec<Fault>,
}

#[derive(Debug)]
enum Either<O> {
    Around(Order),
    Own(O),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Insert(String),
    /// From this slot, or from the first.
    Remove(Option<usize>),
    ResetTries(String),
    Stop(Part),
    Start(Part),
    Pause(Part),
    Resume(Part),
    Center(Offer),
    Search {
        process: u32,
        of: String,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Center,
    Vrs,
    Pcscd,
    /// As Debian starts it: what it frees it leaves as it is.
    PlainPcscd,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Offer {
    Open,
    Closed,
    Maintenance,
}

impl<O: DeserializeOwned> Line<O> {
    /// One line: an order of these, or of the stand's own.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(line: &str) -> serde_json::Result<Self> {
        let mut order: serde_json::Map<String, Value> = serde_json::from_str(line)?;
        let beside = [order.remove("lift_after"), order.remove("faults")];
        let [lift_after, faults] = beside.map(Option::unwrap_or_default);
        let order = Value::Object(order);
        let order = match serde_json::from_value(order.clone()) {
            Ok(order) => Either::Around(order),
            Err(_) => Either::Own(serde_json::from_value(order)?),
        };
        let faults: Option<Vec<Fault>> = serde_json::from_value(faults)?;
        Ok(Self {
            order,
            lift_after: serde_json::from_value(lift_after)?,
            faults: faults.unwrap_or_default(),
        })
    }
}

impl Around {
    /// Carries it out, unless it is the stand's own.
    ///
    /// # Errors
    /// If it cannot be done.
    pub fn carry_out<O>(&mut self, line: Line<O>) -> Result<Carried<O>, Box<dyn Error>> {
        let order = match line.order {
            Either::Own(own) => return Ok(Carried::Own(own)),
            Either::Around(order) => order,
        };
        match order {
            Order::Insert(persona) => {
                self.reader
                    .insert_faulty(&persona, line.lift_after, line.faults)?;
            }
            Order::Remove(slot) => self.reader.remove_from(slot.unwrap_or_default())?,
            Order::ResetTries(persona) => self.reader.reset_tries(&persona)?,
            Order::Stop(Part::Center) => self.world.center = None,
            Order::Stop(Part::Vrs) => self.world.vrs = None,
            Order::Stop(Part::Pcscd | Part::PlainPcscd) => self.reader.lose_service()?,
            Order::Start(Part::Center) => self.world.start_center()?,
            Order::Start(Part::Vrs) => self.world.start_vrs()?,
            Order::Start(Part::Pcscd) => return self.restore_service(Freed::Overwritten),
            Order::Start(Part::PlainPcscd) => return self.restore_service(Freed::Left),
            Order::Pause(part) => self.signal(part, Signal::STOP)?,
            Order::Resume(part) => self.signal(part, Signal::CONT)?,
            Order::Center(offer) => self.offer(offer)?,
            Order::Search { process, of } => {
                return Ok(Carried::Done(serde_json::to_value(remains(process, &of)?)?));
            }
        }
        Ok(Carried::Done(true.into()))
    }

    /// Says which process it is now.
    fn restore_service<O>(&mut self, freed: Freed) -> Result<Carried<O>, Box<dyn Error>> {
        self.reader.restore_service(freed)?;
        Ok(Carried::Done(self.reader.service().into()))
    }

    fn signal(&self, part: Part, signal: Signal) -> Result<(), Box<dyn Error>> {
        let program = match part {
            Part::Center => &self.world.center,
            Part::Vrs => &self.world.vrs,
            Part::Pcscd | Part::PlainPcscd => return Err("that cannot be done to pcscd".into()),
        };
        let program = program.as_ref().ok_or("it does not run")?;
        Ok(program.signal(signal)?)
    }

    fn offer(&mut self, offer: Offer) -> io::Result<()> {
        self.world.center = None;
        self.world.ground.edit("center/center.toml", |config| {
            // A minute that is hours away.
            let hour = (time::OffsetDateTime::now_utc().hour() + 9 + 12) % 24;
            let (open, close) = match offer {
                Offer::Closed => (format!("{hour:02}:00"), format!("{hour:02}:01")),
                _ => ("00:00".to_owned(), "24:00".to_owned()),
            };
            set(config, "hours.open", open);
            set(config, "hours.close", close);
            config.remove("maintenance");
            if matches!(offer, Offer::Maintenance) {
                let words = ["ja", "en", "zh", "ko"].map(|language| (language, "…"));
                let words = words.map(|(language, word)| (language.to_owned(), word.into()));
                config.insert("maintenance".to_owned(), Table::from_iter(words).into());
            }
        })?;
        self.world.start_center()
    }
}
