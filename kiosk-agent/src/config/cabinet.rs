//! `[cabinet]` and `[fee]`.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cabinet::Yen;

/// The kiosk's hardware beside reader and printer. What is not named is not there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CabinetConfig {
    /// Sensor of the card slot.
    pub slot: Option<SensorConfig>,
    /// Sensor of the output tray.
    pub tray: Option<SensorConfig>,
    /// Payment unit.
    pub payment: Option<PaymentConfig>,
}

/// How a sensor is reached.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SensorConfig {
    /// By a driver.
    Socket {
        /// Its Unix socket.
        path: PathBuf,
    },
    /// It is a line.
    Gpio(GpioConfig),
}

/// How the payment unit is reached.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PaymentConfig {
    /// By a driver.
    Socket {
        /// Its Unix socket.
        path: PathBuf,
    },
}

/// A line of Linux's GPIO character device.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpioConfig {
    /// The chip: `/dev/gpiochip0`.
    pub chip: PathBuf,
    /// The line's offset on it.
    pub line: u32,
    /// Something lies there when the line is low.
    #[serde(default)]
    pub active_low: bool,
    /// What draws an open line. Left as it is if not said.
    pub bias: Option<GpioBias>,
    /// How long a level has to stand before it counts.
    #[serde(default = "debounce_ms")]
    pub debounce_ms: u16,
}

const fn debounce_ms() -> u16 {
    20
}

/// What draws an open line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GpioBias {
    /// Up.
    PullUp,
    /// Down.
    PullDown,
    /// Nothing.
    Disabled,
}

/// What a certificate costs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeConfig {
    /// A copy, in yen.
    pub yen_per_copy: NonZeroU16,
}

impl FeeConfig {
    /// For so many copies.
    #[must_use]
    pub fn of(self, copies: u8) -> Yen {
        Yen::new(self.yen_per_copy.get().into()).times(copies)
    }
}

impl CabinetConfig {
    pub(super) fn resolve(&mut self, folder: &Path) {
        for sensor in [&mut self.slot, &mut self.tray].into_iter().flatten() {
            match sensor {
                SensorConfig::Socket { path } => *path = folder.join(&*path),
                SensorConfig::Gpio(line) => line.chip = folder.join(&line.chip),
            }
        }
        if let Some(PaymentConfig::Socket { path }) = &mut self.payment {
            *path = folder.join(&*path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigError};
    use super::*;

    /// The example with other lines for its cabinet and fee, loaded.
    fn with_cabinet(lines: &str) -> Result<Config, ConfigError> {
        let text = include_str!("../../kiosk.example.toml");
        let (before, after) = text.split_once("[cabinet]").unwrap();
        let (_, after) = after.split_once("# How old a menu").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kiosk.toml");
        std::fs::write(&path, format!("{before}{lines}\n#{after}")).unwrap();
        Config::load(&path)
    }

    #[test]
    fn the_cabinet_is_what_the_operator_has() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.example.toml");
        let config = Config::load(&path).unwrap();
        assert!(matches!(config.cabinet.tray, Some(SensorConfig::Gpio(_))));
        assert_eq!(config.fee.unwrap().of(3), Yen::new(360));

        let config = with_cabinet("").unwrap();
        assert!(config.fee.is_none());
        assert!(config.cabinet.slot.is_none() && config.cabinet.payment.is_none());

        let lines = r#"[cabinet]
            slot = { kind = "socket", path = "/run/cabinet.sock" }
            tray = { kind = "gpio", chip = "/dev/gpiochip1", line = 4 }"#;
        let config = with_cabinet(lines).unwrap();
        let slot = SensorConfig::Socket {
            path: "/run/cabinet.sock".into(),
        };
        assert_eq!(config.cabinet.slot, Some(slot));
        let tray = GpioConfig {
            chip: "/dev/gpiochip1".into(),
            line: 4,
            active_low: false,
            bias: None,
            debounce_ms: 20,
        };
        assert_eq!(config.cabinet.tray, Some(SensorConfig::Gpio(tray)));
    }

    #[test]
    fn a_cabinet_that_cannot_be_is_refused() {
        for refused in [
            "[cabinet]\ntray = { kind = \"serial\", path = \"x\" }",
            "[cabinet]\ntray = { kind = \"gpio\", chip = \"x\" }",
            "[cabinet]\ntray = { kind = \"gpio\", chip = \"x\", line = 1, path = \"y\" }",
            "[cabinet]\ntray = { kind = \"socket\", path = \"x\", line = 1 }",
            "[cabinet]\npayment = { kind = \"gpio\", chip = \"x\", line = 1 }",
            "[cabinet]\ndrawer = { kind = \"socket\", path = \"x\" }",
            "[cabinet]\npayment = { kind = \"socket\", path = \"x\" }\n[fee]\nyen_per_copy = 0",
        ] {
            let config = with_cabinet(refused);
            assert!(
                matches!(config, Err(ConfigError::Malformed(_))),
                "{refused}"
            );
        }
        let fee = with_cabinet("[fee]\nyen_per_copy = 120");
        assert!(matches!(fee, Err(ConfigError::FeeWithoutUnit)));
    }
}
