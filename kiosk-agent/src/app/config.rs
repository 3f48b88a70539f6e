//! `app.toml`: where the app enrols and applies, whose certificates it keeps, and where. Relative paths resolve against its folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use issuance_channel::client::ServerConfig;
use serde::Deserialize;

use super::porter::Place;
use super::verifying::VerifyConfig;
use crate::config::{CardConfig, ConfigError, IssuerConfig};
use crate::enrolment::EnrolmentConfig;

/// An app's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppConfig {
    /// The center's listener for enrolment.
    pub enrolment: ServerConfig,
    /// The center's listener for terminals.
    pub center: ServerConfig,
    /// The device's keystore.
    pub keystore: KeystoreConfig,
    /// Whose certificates are kept.
    pub issuer: IssuerConfig,
    /// How cards are read.
    #[serde(default)]
    pub card: CardConfig,
    /// Where certificates are kept.
    pub wallet: WalletConfig,
    /// Where the page is.
    pub page: PageConfig,
    /// When it locks itself.
    #[serde(default)]
    pub patience: PatienceConfig,
    /// Whom other certificates are believed by.
    pub verify: VerifyConfig,
}

/// The device's keystore (`docs/keystore.md`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeystoreConfig {
    /// Its socket.
    pub socket: PathBuf,
}

/// The wallet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletConfig {
    /// Its folder: its owner's alone, made with the first passphrase.
    pub folder: PathBuf,
    /// A key that the device holds, in place of a passphrase: a file of 32 bytes that its owner alone may read, made with the wallet.
    pub key_file: Option<PathBuf>,
}

/// The page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageConfig {
    /// The port on 127.0.0.1: always the same, so that an installed web app finds it again. 0 is any that is free.
    pub port: u16,
    /// What opens a page in the resident's browser: a program and its arguments, before the page's file. Without it nothing is opened.
    #[serde(default)]
    pub open: Vec<String>,
}

/// When it locks itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatienceConfig {
    /// Minutes after the last press.
    pub lock_minutes: u16,
}

impl Default for PatienceConfig {
    fn default() -> Self {
        Self { lock_minutes: 10 }
    }
}

impl PatienceConfig {
    /// How long it stays open when nobody does anything.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.lock_minutes))
    }
}

impl AppConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::Malformed`]
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(ConfigError::Unreadable)?;
        let mut config: Self = toml::from_str(&text).map_err(ConfigError::Malformed)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.enrolment.resolve(folder);
        config.center.resolve(folder);
        config.issuer.resolve(folder);
        config.verify.resolve(folder);
        for path in [&mut config.keystore.socket, &mut config.wallet.folder]
            .into_iter()
            .chain(&mut config.wallet.key_file)
        {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// Where it enrols.
    #[must_use]
    pub fn enrolment(&self) -> EnrolmentConfig {
        EnrolmentConfig {
            enrolment: self.enrolment.clone(),
            center: self.center.clone(),
        }
    }

    /// Where its wallet is.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            folder: self.wallet.folder.clone(),
            key: self.wallet.key_file.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_configuration() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("app.example.toml");
        let config = AppConfig::load(&path).unwrap();
        assert_eq!(config.enrolment.expect, config.center.expect);
        assert_eq!(config.issuer.keys, path.with_file_name("pki/jwks.json"));
        assert_eq!(config.place().folder, path.with_file_name("wallet"));
        assert_eq!(config.patience.idle(), Duration::from_secs(600));
        assert!(config.page.port != 0 && !config.page.open.is_empty());
    }

    /// Whoever starts with the examples gets a center, a kiosk and an app that find each other.
    #[test]
    fn the_examples_fit_together() {
        let parse = |text: &str| toml::from_str::<toml::Table>(text).unwrap();
        let center = parse(include_str!("../../../issuance-center/center.example.toml"));
        let app = parse(include_str!("../../app.example.toml"));
        let at = |table: &toml::Table, path: &[&str]| {
            let (last, folders) = path.split_last().unwrap();
            let table = folders
                .iter()
                .fold(table, |table, name| table[*name].as_table().unwrap());
            table[*last].as_str().unwrap().to_owned()
        };
        for (asked, listener) in [
            (&["center"][..], &["terminals"][..]),
            (&["enrolment"], &["enrolment", "listener"]),
            (&["verify", "center"], &["public"]),
        ] {
            let address = at(&app, &[asked, &["address"]].concat());
            let listens = at(&center, &[listener, &["listen"]].concat());
            assert_eq!(address, listens, "{asked:?}");
        }
        let name = format!("urn:shomei:center:{}", at(&center, &["id"]));
        let others = [
            include_str!("../../kiosk.example.toml"),
            include_str!("../../package/kiosk.toml"),
        ];
        for terminal in others.map(parse).iter().chain([&app]) {
            assert_eq!(at(terminal, &["issuer", "iss"]), at(&center, &["issuer"]));
        }
        let kiosk = parse(others[0]);
        assert_eq!(
            at(&kiosk, &["center", "address"]),
            at(&center, &["terminals", "listen"])
        );
        for expect in [
            at(&app, &["center", "expect"]),
            at(&app, &["enrolment", "expect"]),
            at(&kiosk, &["center", "expect"]),
        ] {
            assert_eq!(expect, name);
        }
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        let text = include_str!("../../app.example.toml");
        assert!(toml::from_str::<AppConfig>(text).is_ok());
        for wrong in ["passphrase = \"secret\"", "fee = 120"] {
            assert!(toml::from_str::<AppConfig>(&format!("{wrong}\n{text}")).is_err());
        }
    }
}
