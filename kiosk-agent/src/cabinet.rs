//! The kiosk's hardware beside reader and printer: payment unit, card slot sensor, output tray sensor.
//!
//! | part | real ones | where there is none |
//! |---|---|---|
//! | payment unit | a driver on a Unix socket ([`SocketPayment`]) | [`NoPayment`] |
//! | sensors | the same ([`SocketSensor`]), or a GPIO line ([`GpioSensor`]) | [`NoSensor`] |
//!
//! The socket's protocol stands in `docs/cabinet.md`; `hw-sim run --cabinet` plays all three.
//!
//! Money is the resident's until it is settled: what was inserted or collected comes out again when the application is cancelled, the
//! print fails, this program ends or crashes. A kiosk calls
//! ```text
//! ready     before anything is issued
//! collect   the fee; dropped when the resident cancels or the time is over
//! refund    for copies that did not come out
//! settle    when the paper is out
//! give_back at the end of every application, however it ended: nothing happens if nothing is held
//! ```

mod debounce;
mod gpio;
mod link;
mod payment;
mod sensor;

use std::fmt;
use std::time::Duration;

use issuance_api::ProblemCode;

use crate::config::{CabinetConfig, PaymentConfig, SensorConfig};

pub use gpio::{GpioError, GpioSensor};
pub use payment::SocketPayment;
pub use sensor::SocketSensor;

/// An amount of money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Yen(u32);

impl Yen {
    /// So many yen.
    #[must_use]
    pub const fn new(yen: u32) -> Self {
        Self(yen)
    }

    /// As a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// For so many copies at this price.
    #[must_use]
    pub const fn times(self, copies: u8) -> Self {
        Self(self.0.saturating_mul(copies as u32))
    }

    /// What is left to pay.
    #[must_use]
    pub const fn saturating_sub(self, paid: Self) -> Self {
        Self(self.0.saturating_sub(paid.0))
    }
}

impl fmt::Display for Yen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Takes money, and gives it back.
pub trait PaymentUnit: Send {
    /// Whether there is one at all.
    fn is_fitted(&self) -> bool;

    /// Whether it could collect something now. Gives back what a dropped [`collect`](Self::collect) left, and leaves alone what
    /// is held.
    ///
    /// # Errors
    /// [`PaymentError`]
    fn ready(&mut self) -> impl Future<Output = Result<(), PaymentError>> + Send;

    /// Takes money until `due` is there, and gives change. What was collected is held for the resident until it is
    /// [settled](Self::settle). `inserted` is told the sum so far.
    ///
    /// Takes as long as the resident: cancelling, or a time that is over, is dropping the future and then awaiting
    /// [`give_back`](Self::give_back). Money held before is given back first.
    ///
    /// # Errors
    /// [`PaymentError`]; nothing is held then.
    fn collect(
        &mut self,
        due: Yen,
        inserted: &mut (dyn FnMut(Yen) + Send),
    ) -> impl Future<Output = Result<(), PaymentError>> + Send;

    /// Pays out everything inserted or held. Does nothing if there is none.
    ///
    /// # Errors
    /// [`PaymentError::NotReturned`], and that alone.
    fn give_back(&mut self) -> impl Future<Output = Result<(), PaymentError>> + Send;

    /// Pays out a part of what is held, or all of it.
    ///
    /// # Errors
    /// [`PaymentError::NotReturned`]; [`PaymentError::Failed`] if less is held: nothing happens then.
    fn refund(&mut self, amount: Yen) -> impl Future<Output = Result<(), PaymentError>> + Send;

    /// Makes what is held the operator's: the certificate is out. Does nothing if nothing is held.
    ///
    /// # Errors
    /// [`PaymentError::Unavailable`] if the unit cannot be told: then it has paid out what it held. That is between the operator
    /// and the unit; the resident has what was paid for.
    fn settle(&mut self) -> impl Future<Output = Result<(), PaymentError>> + Send;
}

/// Why nothing was collected, or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The unit does not answer or is out of order. It has no money of this resident.
    #[error("the payment unit does not answer or is out of order")]
    Unavailable,
    /// It has not the change. What was inserted came out again.
    #[error("the payment unit has no change")]
    NoChange,
    /// It gave up. What was inserted came out again.
    #[error("the payment unit gave the payment up")]
    Failed,
    /// Money of this resident is stuck, or not known to have come out.
    #[error("the payment unit has not returned all money")]
    NotReturned,
}

impl From<PaymentError> for ProblemCode {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Unavailable => Self::PaymentUnitUnavailable,
            PaymentError::NoChange => Self::PaymentNoChange,
            PaymentError::Failed => Self::PaymentFailed,
            PaymentError::NotReturned => Self::PaymentNotReturned,
        }
    }
}

/// Tells whether something lies in a place: a card in its slot, paper in the tray.
pub trait Sensor: Send {
    /// Whether there is one at all. Without one nothing ever lies there, as far as is known.
    fn is_fitted(&self) -> bool;

    /// Whether something lies there.
    ///
    /// # Errors
    /// [`SensorError`]
    fn occupied(&mut self) -> impl Future<Output = Result<bool, SensorError>> + Send;

    /// Waits until nothing lies there. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// [`SensorError`]: a thing is not gone because nothing is known of it.
    fn cleared(&mut self, within: Duration)
    -> impl Future<Output = Result<(), SensorError>> + Send;

    /// Waits until something lies there: a printer is done a moment before its paper is in the tray. Without a sensor it is
    /// taken to be there. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// [`SensorError`]
    fn filled(&mut self, within: Duration) -> impl Future<Output = Result<(), SensorError>> + Send;
}

/// Why it is not known, or not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SensorError {
    /// It did not come to that in the time given.
    #[error("the place has not changed in time")]
    TimedOut,
    /// The sensor does not answer, cannot tell, or does not come to rest.
    #[error("the sensor does not answer or cannot tell")]
    Failed,
}

impl From<SensorError> for ProblemCode {
    fn from(error: SensorError) -> Self {
        match error {
            SensorError::TimedOut => Self::TimedOut,
            SensorError::Failed => Self::SensorFailed,
        }
    }
}

/// A kiosk without a payment unit.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPayment;

impl PaymentUnit for NoPayment {
    fn is_fitted(&self) -> bool {
        false
    }

    async fn ready(&mut self) -> Result<(), PaymentError> {
        Err(PaymentError::Unavailable)
    }

    async fn collect(
        &mut self,
        _due: Yen,
        _inserted: &mut (dyn FnMut(Yen) + Send),
    ) -> Result<(), PaymentError> {
        Err(PaymentError::Unavailable)
    }

    async fn give_back(&mut self) -> Result<(), PaymentError> {
        Ok(())
    }

    async fn refund(&mut self, _amount: Yen) -> Result<(), PaymentError> {
        Err(PaymentError::Failed)
    }

    async fn settle(&mut self) -> Result<(), PaymentError> {
        Ok(())
    }
}

/// A place without a sensor.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSensor;

impl Sensor for NoSensor {
    fn is_fitted(&self) -> bool {
        false
    }

    async fn occupied(&mut self) -> Result<bool, SensorError> {
        Ok(false)
    }

    async fn cleared(&mut self, _within: Duration) -> Result<(), SensorError> {
        Ok(())
    }

    async fn filled(&mut self, _within: Duration) -> Result<(), SensorError> {
        Ok(())
    }
}

/// The payment unit of this kiosk's configuration.
#[derive(Debug)]
pub enum Payment {
    /// There is none.
    None(NoPayment),
    /// Behind a socket.
    Socket(SocketPayment),
}

/// A sensor of this kiosk's configuration.
#[derive(Debug)]
pub enum Detector {
    /// There is none.
    None(NoSensor),
    /// Behind a socket.
    Socket(SocketSensor),
    /// A GPIO line.
    Gpio(GpioSensor),
}

macro_rules! of_payment {
    ($it:expr, $unit:ident => $does:expr) => {
        match $it {
            Payment::None($unit) => $does,
            Payment::Socket($unit) => $does,
        }
    };
}

macro_rules! of_detector {
    ($it:expr, $sensor:ident => $does:expr) => {
        match $it {
            Detector::None($sensor) => $does,
            Detector::Socket($sensor) => $does,
            Detector::Gpio($sensor) => $does,
        }
    };
}

impl PaymentUnit for Payment {
    fn is_fitted(&self) -> bool {
        of_payment!(self, unit => unit.is_fitted())
    }

    async fn ready(&mut self) -> Result<(), PaymentError> {
        of_payment!(self, unit => unit.ready().await)
    }

    async fn collect(
        &mut self,
        due: Yen,
        inserted: &mut (dyn FnMut(Yen) + Send),
    ) -> Result<(), PaymentError> {
        of_payment!(self, unit => unit.collect(due, inserted).await)
    }

    async fn give_back(&mut self) -> Result<(), PaymentError> {
        of_payment!(self, unit => unit.give_back().await)
    }

    async fn refund(&mut self, amount: Yen) -> Result<(), PaymentError> {
        of_payment!(self, unit => unit.refund(amount).await)
    }

    async fn settle(&mut self) -> Result<(), PaymentError> {
        of_payment!(self, unit => unit.settle().await)
    }
}

impl Sensor for Detector {
    fn is_fitted(&self) -> bool {
        of_detector!(self, sensor => sensor.is_fitted())
    }

    async fn occupied(&mut self) -> Result<bool, SensorError> {
        of_detector!(self, sensor => sensor.occupied().await)
    }

    async fn cleared(&mut self, within: Duration) -> Result<(), SensorError> {
        of_detector!(self, sensor => sensor.cleared(within).await)
    }

    async fn filled(&mut self, within: Duration) -> Result<(), SensorError> {
        of_detector!(self, sensor => sensor.filled(within).await)
    }
}

/// All of it.
#[derive(Debug)]
pub struct Cabinet<P = Payment, S = Detector> {
    /// Whether a card lies in its slot, whatever the reader sees of it.
    pub slot: S,
    /// Whether paper lies in the output tray.
    pub tray: S,
    /// The payment unit.
    pub payment: P,
    /// What a copy costs; nothing where nothing is paid.
    pub fee: Option<Yen>,
}

impl Cabinet {
    /// What the configuration names. Lines are requested at once, and belong to this program from then on. Sockets are connected
    /// to when they are needed: a driver may start later.
    ///
    /// # Errors
    /// [`GpioError`] if a line cannot be had.
    pub fn new(config: CabinetConfig, fee: Option<Yen>) -> Result<Self, GpioError> {
        Ok(Self {
            fee,
            slot: Detector::new(config.slot, "slot")?,
            tray: Detector::new(config.tray, "tray")?,
            payment: match config.payment {
                None => Payment::None(NoPayment),
                Some(PaymentConfig::Socket { path }) => Payment::Socket(SocketPayment::new(path)),
            },
        })
    }
}

impl Detector {
    fn new(config: Option<SensorConfig>, device: &'static str) -> Result<Self, GpioError> {
        Ok(match config {
            None => Self::None(NoSensor),
            Some(SensorConfig::Socket { path }) => Self::Socket(SocketSensor::new(path, device)),
            Some(SensorConfig::Gpio(line)) => Self::Gpio(GpioSensor::request(&line)?),
        })
    }
}

#[cfg(test)]
mod tests;
