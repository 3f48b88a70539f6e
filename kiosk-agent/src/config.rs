//! `kiosk.toml`: which center, whose certificates, which printer authorities. Relative paths resolve against its folder.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

use card::messaging::Protection;
use issuance_api::ProgrammeId;
use issuance_channel::client;
use serde::Deserialize;

use crate::cabinet::Yen;
use crate::conduct::Patience;

/// A terminal's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The center, and this terminal's own certificate.
    pub center: client::Config,
    /// Whose certificates are handed over.
    pub issuer: IssuerConfig,
    /// The printer, if `--print` names one with TLS.
    #[serde(default)]
    pub printer: PrinterConfig,
    /// The programme applied for where the menu has several and the resident is not asked.
    pub programme: ProgrammeId,
    /// How cards are read.
    #[serde(default)]
    pub card: CardConfig,
    /// How long a resident has.
    #[serde(default)]
    pub patience: PatienceConfig,
    /// Payment unit and sensors.
    #[serde(default)]
    pub cabinet: CabinetConfig,
    /// What a certificate costs. Without it nothing is paid.
    pub fee: Option<FeeConfig>,
}

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

/// The issuer of certificates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// `iss`: an https URL without a slash at its end.
    pub iss: String,
    /// Its public keys, a JWKS file: pinned, never fetched.
    pub keys: PathBuf,
}

/// Whom a printer's TLS certificate is believed by.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrinterConfig {
    /// Certificate authorities, PEM.
    pub ca: Option<PathBuf>,
}

/// How cards are read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardConfig {
    /// Whether the files of the text AP are read by [secure messaging](card::messaging), or not at all. The PIN cannot be
    /// protected, the challenge and the surface AP's birth date go plain, and there is no integrity.
    pub secure_messaging: bool,
}

impl From<CardConfig> for Protection {
    fn from(config: CardConfig) -> Self {
        if config.secure_messaging {
            Self::SecureMessaging
        } else {
            Self::Plain
        }
    }
}

/// How long a resident has, in seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatienceConfig {
    /// To place the card.
    pub card_seconds: u16,
    /// For each input.
    pub input_seconds: u16,
    /// To take the card back.
    pub removal_seconds: u16,
}

impl Default for PatienceConfig {
    fn default() -> Self {
        Self {
            card_seconds: 60,
            input_seconds: 90,
            removal_seconds: 60,
        }
    }
}

impl From<PatienceConfig> for Patience {
    fn from(config: PatienceConfig) -> Self {
        let seconds = |seconds: u16| Duration::from_secs(seconds.into());
        Self {
            card: seconds(config.card_seconds),
            input: seconds(config.input_seconds),
            removal: seconds(config.removal_seconds),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is not what it should be.
    #[error("the configuration is malformed")]
    Malformed(#[source] toml::de::Error),
    /// There is a fee, and nothing that takes it.
    #[error("a fee is configured, and no payment unit")]
    FeeWithoutUnit,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(ConfigError::Unreadable)?;
        let mut config: Self = toml::from_str(&text).map_err(ConfigError::Malformed)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.center.resolve(folder);
        config.issuer.keys = folder.join(&config.issuer.keys);
        config.printer.ca = config.printer.ca.map(|ca| folder.join(ca));
        config.cabinet.resolve(folder);
        if config.fee.is_some() && config.cabinet.payment.is_none() {
            return Err(ConfigError::FeeWithoutUnit);
        }
        Ok(config)
    }
}

impl CabinetConfig {
    fn resolve(&mut self, folder: &Path) {
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
    use super::*;

    #[test]
    fn the_example_is_a_configuration() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.example.toml");
        let config = Config::load(&path).unwrap();
        assert_eq!(
            config.center.expect.to_string(),
            "urn:shomei:center:center-1"
        );
        assert_eq!(config.issuer.keys, path.with_file_name("pki/jwks.json"));
        assert_eq!(Protection::from(config.card), Protection::Plain);
        assert_eq!(
            Patience::from(config.patience).input,
            Duration::from_secs(90)
        );
    }

    #[test]
    fn secure_messaging_is_the_operator_s_choice() {
        let text = include_str!("../kiosk.example.toml");
        let (before, after) = text.split_once("secure_messaging = false").unwrap();
        let config: Config =
            toml::from_str(&format!("{before}secure_messaging = true{after}")).unwrap();
        assert_eq!(Protection::from(config.card), Protection::SecureMessaging);
        let (before, after) = text
            .split_once("[card]\nsecure_messaging = false\n")
            .unwrap();
        let config: Config = toml::from_str(&format!("{before}{after}")).unwrap();
        assert_eq!(Protection::from(config.card), Protection::Plain);
    }

    /// The example with other lines for its cabinet and fee, loaded.
    fn with_cabinet(lines: &str) -> Result<Config, ConfigError> {
        let text = include_str!("../kiosk.example.toml");
        let (before, after) = text.split_once("[cabinet]").unwrap();
        let (_, after) = after.split_once("# How long a resident has.").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kiosk.toml");
        std::fs::write(&path, format!("{before}{lines}\n{after}")).unwrap();
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

    #[test]
    fn what_nobody_knows_is_refused() {
        let text = include_str!("../kiosk.example.toml");
        assert!(toml::from_str::<Config>(text).is_ok());
        assert!(toml::from_str::<Config>(&format!("pin = \"0000\"\n{text}")).is_err());
    }
}
