//! A sensor on a line of Linux's GPIO character device: active means that something lies there.

use std::path::PathBuf;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, Value};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

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
    /// Its edges cannot be waited for.
    #[error("the edges of a GPIO line cannot be waited for")]
    Runtime(#[source] std::io::Error),
}

/// A line, requested for this program alone.
#[derive(Debug)]
struct Requested {
    request: AsyncFd<Request>,
    line: u32,
}

/// A sensor that is a GPIO line.
#[derive(Debug)]
pub struct GpioSensor(Debounced<Requested>);

impl GpioSensor {
    /// Requests the line as an input with its edges. Needs a runtime.
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
        let request = AsyncFd::register_with_interest(request, Interest::READABLE);
        let requested = Requested {
            request: request.map_err(|error| GpioError::Runtime(error.into()))?,
            line: config.line,
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
        let value = self.request.get_ref().value(self.line);
        Ok(value.map_err(|_| SensorError::Failed)? == Value::Active)
    }

    async fn edge(&mut self) -> Result<(), SensorError> {
        loop {
            let readable = self.request.readable().await;
            let mut ready = readable.map_err(|_| SensorError::Failed)?;
            let request = self.request.get_ref();
            let mut edges = false;
            // Its descriptor blocks: only what is there is read.
            while request.has_edge_event().map_err(|_| SensorError::Failed)? {
                let event = request.read_edge_event();
                event.map_err(|_| SensorError::Failed)?;
                edges = true;
            }
            ready.clear_ready();
            if edges {
                return Ok(());
            }
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

    #[tokio::test]
    async fn a_chip_that_is_not_there_is_named() {
        for chip in ["/dev/gpiochip-of-nobody", "/dev/null", "/"] {
            let error = GpioSensor::request(&line_of(chip)).unwrap_err();
            assert!(matches!(error, GpioError::Line { line: 17, .. }), "{error}");
            assert!(error.to_string().contains(chip), "{error}");
        }
    }
}
