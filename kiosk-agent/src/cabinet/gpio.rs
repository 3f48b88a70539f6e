//! A sensor on a line of Linux's GPIO character device: active means that something lies there.
//!
//! Its descriptor blocks, so a thread of its own waits for edges, from the first time that somebody does; it ends within `TURN` of the
//! sensor. A line is requested before the process confines itself, and a thread started then would not be.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, Value};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::debounce::{Debounced, Line};
use super::{Sensor, SensorError};
use crate::config::{GpioBias, GpioConfig};

/// Why a line cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GpioError {
    /// There is no such chip or line, another program has it, or this one may not.
    #[error("GPIO line {line} of {} cannot be had", chip.display())]
    Line {
        /// The chip's device.
        chip: PathBuf,
        /// The line's offset.
        line: u32,
        /// What the system says.
        #[source]
        source: gpiocdev::Error,
    },
}

/// How often the thread looks whether the sensor is still there.
const TURN: Duration = Duration::from_millis(500);

/// A line, requested for this program alone.
#[derive(Debug)]
struct Requested {
    request: Arc<Request>,
    line: u32,
    /// A notice that there were edges, once somebody waits for them; over, when the line cannot be read any more.
    edges: Option<Receiver<()>>,
}

/// A sensor that is a GPIO line.
#[derive(Debug)]
pub struct GpioSensor(Debounced<Requested>);

impl GpioSensor {
    /// Requests the line as an input with its edges.
    ///
    /// # Errors
    /// [`GpioError`]
    pub fn request(config: &GpioConfig) -> Result<Self, GpioError> {
        let mut builder = Request::builder();
        builder
            .on_chip(&config.chip)
            .with_consumer("kiosk")
            .with_line(config.line)
            .as_input()
            .with_edge_detection(EdgeDetection::BothEdges)
            .with_bias(config.bias.map(Bias::from));
        if config.active_low {
            builder.as_active_low();
        }
        let request = builder.request().map_err(|source| GpioError::Line {
            chip: config.chip.clone(),
            line: config.line,
            source,
        })?;
        let requested = Requested {
            request: Arc::new(request),
            line: config.line,
            edges: None,
        };
        let rest = Duration::from_millis(config.debounce_ms.into());
        Ok(Self(Debounced::new(requested, rest)))
    }
}

impl From<GpioBias> for Bias {
    fn from(bias: GpioBias) -> Self {
        match bias {
            GpioBias::PullUp => Self::PullUp,
            GpioBias::PullDown => Self::PullDown,
            GpioBias::Disabled => Self::Disabled,
        }
    }
}

impl Line for Requested {
    fn is_active(&self) -> Result<bool, SensorError> {
        let value = self.request.value(self.line);
        Ok(value.map_err(|_| SensorError::Failed)? == Value::Active)
    }

    async fn edge(&mut self) -> Result<(), SensorError> {
        if self.edges.is_none() {
            self.edges = Some(self.watched()?);
        }
        let edges = self.edges.as_mut().ok_or(SensorError::Failed)?;
        edges.recv().await.ok_or(SensorError::Failed)
    }
}

impl Requested {
    /// Starts the thread. What came before it the kernel keeps.
    fn watched(&self) -> Result<Receiver<()>, SensorError> {
        let (notices, edges) = mpsc::channel(1);
        let waiting = Arc::clone(&self.request);
        let thread = thread::Builder::new().name("gpio".to_owned());
        let started = thread.spawn(move || watch(&waiting, &notices));
        started.map(|_| edges).map_err(|_| SensorError::Failed)
    }
}

/// Tells of edges until nobody listens, or they cannot be read.
fn watch(request: &Request, notices: &Sender<()>) {
    while !notices.is_closed() {
        match request.wait_edge_event(TURN) {
            Ok(false) => {}
            // Where a notice stands already this edge goes with it: the level is read after it.
            Ok(true) if request.read_edge_event().is_ok() => drop(notices.try_send(())),
            _ => return,
        }
    }
}

impl Sensor for GpioSensor {
    fn is_fitted(&self) -> bool {
        true
    }

    async fn occupied(&mut self) -> Result<bool, SensorError> {
        self.0.level().await
    }

    async fn cleared(&mut self, within: Duration) -> Result<(), SensorError> {
        self.0.until(false, within).await
    }

    async fn filled(&mut self, within: Duration) -> Result<(), SensorError> {
        self.0.until(true, within).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(chip: &str) -> GpioConfig {
        let config = format!("chip = \"{chip}\"\nline = 17\nactive_low = true\nbias = \"pull-up\"");
        toml::from_str(&config).unwrap()
    }

    #[test]
    fn a_chip_that_is_not_there_is_named() {
        for chip in ["/dev/gpiochip-of-nobody", "/dev/null", "/"] {
            let error = GpioSensor::request(&line_of(chip)).unwrap_err();
            assert!(matches!(error, GpioError::Line { line: 17, .. }), "{error}");
            assert!(error.to_string().contains(chip), "{error}");
        }
    }
}
