//! `kiosk.toml`: which center, whose certificates, which printer authorities. Relative paths resolve against its folder.

mod cabinet;

use std::path::{Path, PathBuf};
use std::time::Duration;

use card::messaging::Protection;
use issuance_api::ProgrammeId;
use issuance_channel::{client, secret_file};
use sandbox::{Landlock, Needs};
use serde::Deserialize;

pub use cabinet::{CabinetConfig, FeeConfig, GpioBias, GpioConfig, PaymentConfig, SensorConfig};

use crate::conduct::Patience;
use crate::handover::{Issuer, IssuerError};
use crate::web::attendant::AttendantKey;
use crate::web::browser::Settings;

/// A terminal's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The center, and this terminal's own certificate.
    pub center: client::Config,
    /// Whose certificates are handed over.
    pub issuer: IssuerConfig,
    /// The printer.
    #[serde(default)]
    pub printer: PrinterConfig,
    /// The programme applied for where the menu has several and the resident is not asked.
    pub programme: ProgrammeId,
    /// A folder of this kiosk's own that lasts: that it is out of service is kept there.
    pub state: PathBuf,
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
    /// The browser that shows the page; without one, the front end is plain text.
    pub browser: Option<BrowserConfig>,
    /// Who may see the attendant's view; without, nobody.
    pub attendant: Option<AttendantConfig>,
    /// What the program takes from itself.
    #[serde(default)]
    pub sandbox: SandboxConfig,
}

/// How the program confines itself.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxConfig {
    /// How much of Landlock is demanded.
    pub landlock: Landlock,
}

/// The browser.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserConfig {
    /// Chromium.
    pub program: PathBuf,
    /// What it is called with beside what it has to be.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// A folder in memory (tmpfs) for its profile.
    pub memory: PathBuf,
    /// Whether it has the whole screen, as at a kiosk.
    #[serde(default = "yes")]
    pub full_screen: bool,
}

const fn yes() -> bool {
    true
}

/// The attendant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttendantConfig {
    /// A file with the key, 8 to 16 digits, that its owner alone may read.
    pub key: PathBuf,
}

/// The issuer of certificates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// `iss`: an https URL without a slash at its end.
    pub iss: String,
    /// Its public keys, a JWKS file: pinned, never fetched.
    pub keys: PathBuf,
    /// The CSCA of its certificates for abroad, pinned too; without it none are handed over here.
    pub csca: Option<PathBuf>,
}

impl IssuerConfig {
    /// Reads what its files pin.
    ///
    /// # Errors
    /// [`IssuerError`]
    pub fn load(&self) -> Result<Issuer, IssuerError> {
        let issuer = Issuer::load(self.iss.clone(), &self.keys)?;
        match &self.csca {
            Some(csca) => issuer.with_csca(csca),
            None => Ok(issuer),
        }
    }

    /// Takes relative paths as relative to `folder`, that of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        self.keys = folder.join(&self.keys);
        if let Some(csca) = &mut self.csca {
            *csca = folder.join(&*csca);
        }
    }
}

/// The printer, and whom its TLS certificate is believed by.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrinterConfig {
    /// Where it is, if neither `--print` nor `--out` says where certificates go.
    pub uri: Option<String>,
    /// Certificate authorities, PEM.
    pub ca: Option<PathBuf>,
}

/// How cards are read.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
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

/// How long things take at most, in seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatienceConfig {
    /// How old a menu may get on the screen.
    pub menu_seconds: u16,
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
            menu_seconds: 20,
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
            menu: seconds(config.menu_seconds),
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
    /// The attendant's key cannot be used.
    #[error("the attendant's key is not 8 to 16 digits in a file that its owner alone may read")]
    AttendantKey,
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
        config.issuer.resolve(folder);
        config.state = folder.join(&config.state);
        config.printer.ca = config.printer.ca.map(|ca| folder.join(ca));
        if let Some(attendant) = &mut config.attendant {
            attendant.key = folder.join(&attendant.key);
        }
        config.cabinet.resolve(folder);
        if config.fee.is_some() && config.cabinet.payment.is_none() {
            return Err(ConfigError::FeeWithoutUnit);
        }
        Ok(config)
    }

    /// What the program goes on needing of files and the network once everything was read, wherever certificates go: files of TLS, which are
    /// read again, and the center.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let tls = &self.center.tls;
        let tls = [&tls.certificate, &tls.key, &tls.roots, &tls.revocations];
        // Each may be replaced while it serves.
        let issuer = [&self.issuer.keys].into_iter().chain(&self.issuer.csca);
        Needs {
            read: Needs::folders(tls.into_iter().chain(issuer)),
            connect: self
                .center_host()
                .map(|(_, port)| port)
                .into_iter()
                .collect(),
            ..Needs::default()
        }
    }

    /// The center's host and port; none where its address is none.
    #[must_use]
    pub fn center_host(&self) -> Option<(&str, u16)> {
        let (host, port) = self.center.address.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some((host, port.parse().ok()?))
    }
}

impl AttendantConfig {
    /// Reads the key.
    ///
    /// # Errors
    /// [`ConfigError::AttendantKey`]
    pub fn load(&self) -> Result<AttendantKey, ConfigError> {
        let text = secret_file::read(&self.key).map_err(|_| ConfigError::AttendantKey)?;
        AttendantKey::parse(&text).ok_or(ConfigError::AttendantKey)
    }
}

impl From<BrowserConfig> for Settings {
    fn from(config: BrowserConfig) -> Self {
        Self {
            program: config.program,
            arguments: config.arguments,
            memory: config.memory,
            full_screen: config.full_screen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::PrinterAddress;

    #[test]
    fn the_example_is_a_configuration() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.example.toml");
        let mut config = Config::load(&path).unwrap();
        assert_eq!(
            config.center.expect.to_string(),
            "urn:shomei:center:center-1"
        );
        assert_eq!(config.issuer.keys, path.with_file_name("pki/jwks.json"));
        // Or what replaces them would be out of its reach.
        config.issuer.keys = path.with_file_name("issuer/jwks.json");
        let read = config.needs().read;
        let csca = config.issuer.csca.as_ref().unwrap();
        for file in [&config.center.tls.key, &config.issuer.keys, csca] {
            assert!(read.iter().any(|folder| Some(&**folder) == file.parent()));
        }
        assert_eq!(Protection::from(config.card), Protection::Plain);
        assert_eq!(
            Patience::from(config.patience).input,
            Duration::from_secs(90)
        );
    }

    #[test]
    fn the_package_s_is_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("package/kiosk.toml");
        let config = Config::load(&path).unwrap();
        assert!(
            config
                .printer
                .uri
                .unwrap()
                .parse::<PrinterAddress>()
                .is_ok()
        );
        assert_eq!(
            config.issuer.csca,
            Some(path.with_file_name("pki/csca.pem"))
        );
        // It is the unit's StateDirectory, and this its RuntimeDirectory.
        assert_eq!(config.state, Path::new("/var/lib/shomei-kiosk"));
        let browser = config.browser.unwrap();
        assert_eq!(browser.memory, Path::new("/run/shomei-kiosk"));
        assert!(browser.full_screen);
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

    #[test]
    fn what_nobody_knows_is_refused() {
        let text = include_str!("../kiosk.example.toml");
        assert!(toml::from_str::<Config>(text).is_ok());
        assert!(toml::from_str::<Config>(&format!("pin = \"0000\"\n{text}")).is_err());
    }
}
