//! `vrs.toml`, read once at start. Relative paths are taken from the folder of the file.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use card::{evidence::Binding, trust::Environment};
use issuance_api::{CenterId, MunicipalityCode, VrsId};
use issuance_channel::{server::Limits, tls::TlsFiles};
use sandbox::{Landlock, Needs};
use serde::Deserialize;

use crate::{service::Lifetimes, storage::Folders};

/// Why a configuration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration cannot be read")]
    Unreadable,
    /// Not TOML, a key unknown, missing or of the wrong form.
    #[error("the configuration is malformed")]
    Form,
    /// A lifetime is zero or longer than allowed.
    #[error("a lifetime is zero or longer than allowed")]
    Lifetime,
    /// The admin listener must be on loopback.
    #[error("the admin listener is not on loopback")]
    AdminNotLoopback,
    /// The folder of keys lies in that of databases, where the process that serves may write over and remove whatever there is.
    #[error("the folder of keys lies in the folder of data")]
    KeysInData,
}

/// The configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name in every context.
    pub id: VrsId,
    /// What kind of cards is believed; trust anchors and statement key must be of it.
    pub environment: Environment,
    /// Centers that may ask.
    pub centers: Vec<CenterId>,
    /// Whose records are held.
    pub municipalities: Vec<MunicipalityCode>,
    /// Where they lie.
    pub folders: Folders,
    /// Listener for centers.
    pub listen_centers: SocketAddr,
    /// Listener for the operator, on loopback.
    pub listen_admin: SocketAddr,
    /// Certificate and key; roots and revocation lists of centers.
    pub tls: TlsFiles,
    /// Limits and deadlines of both listeners.
    pub limits: Limits,
    /// Folder of trust anchors.
    pub anchors: PathBuf,
    /// Whether cards are believed that the surface AP does not bind.
    pub binding: Binding,
    /// List of refused signers.
    pub refused_signers: PathBuf,
    /// Statement key.
    pub statement_key: PathBuf,
    /// Lifetimes.
    pub lifetimes: Lifetimes,
    /// How much of Landlock is demanded.
    pub landlock: Landlock,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: VrsId,
    environment: String,
    centers: Vec<CenterId>,
    municipalities: Vec<MunicipalityCode>,
    storage: Storage,
    listen: Listen,
    tls: TlsFiles,
    #[serde(default)]
    limits: Limits,
    trust: Trust,
    statement: Statement,
    #[serde(default)]
    lifetimes: Seconds,
    #[serde(default)]
    sandbox: Sandbox,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sandbox {
    landlock: Landlock,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Storage {
    data: PathBuf,
    keys: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listen {
    centers: SocketAddr,
    admin: SocketAddr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    anchors: PathBuf,
    refused_signers: PathBuf,
    #[serde(default)]
    accept_unbound_cards: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    key: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Seconds {
    evidence_seconds: Option<u64>,
    ticket_seconds: Option<u64>,
    reservation_seconds: Option<u64>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|_| ConfigError::Unreadable)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder)
    }

    /// Reads a text; relative paths are taken from `folder`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|_| ConfigError::Form)?;
        if !file.listen.admin.ip().is_loopback() {
            return Err(ConfigError::AdminNotLoopback);
        }
        let Seconds {
            evidence_seconds,
            ticket_seconds,
            reservation_seconds,
        } = file.lifetimes;
        let mut tls = file.tls;
        tls.resolve(folder);
        let folders = Folders {
            data: folder.join(file.storage.data),
            keys: folder.join(file.storage.keys),
        };
        // As the kernel takes them; before `init` there may be none.
        let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        if real(&folders.keys).starts_with(real(&folders.data)) {
            return Err(ConfigError::KeysInData);
        }
        Ok(Self {
            id: file.id,
            environment: file.environment.parse().map_err(|_| ConfigError::Form)?,
            centers: file.centers,
            municipalities: file.municipalities,
            folders,
            listen_centers: file.listen.centers,
            listen_admin: file.listen.admin,
            tls,
            limits: file.limits,
            anchors: folder.join(file.trust.anchors),
            binding: if file.trust.accept_unbound_cards {
                Binding::Optional
            } else {
                Binding::Required
            },
            refused_signers: folder.join(file.trust.refused_signers),
            statement_key: folder.join(file.statement.key),
            lifetimes: Lifetimes {
                evidence: shortened(evidence_seconds, Lifetimes::MAX.evidence)?,
                ticket: shortened(ticket_seconds, Lifetimes::MAX.ticket)?,
                reservation: shortened(reservation_seconds, Lifetimes::MAX.reservation)?,
            },
            landlock: file.sandbox.landlock,
        })
    }

    /// What the process goes on needing once everything was read: files that are read again, the keys, the
    /// databases with their marks, and its own ports. It connects nowhere, and no key is written over.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let tls = &self.tls;
        let files = [&tls.certificate, &tls.key, &tls.roots, &tls.revocations];
        let mut read = Needs::folders(files.into_iter().chain([&self.refused_signers]));
        read.push(self.folders.keys.clone());
        Needs {
            read,
            run: Vec::new(),
            overwrite: vec![self.folders.marks()],
            make: Vec::new(),
            write: vec![self.folders.data.clone()],
            listen: vec![self.listen_centers.port(), self.listen_admin.port()],
            connect: Vec::new(),
        }
    }
}

fn shortened(seconds: Option<u64>, longest: Duration) -> Result<Duration, ConfigError> {
    let lifetime = seconds.map_or(longest, Duration::from_secs);
    if lifetime.is_zero() || lifetime > longest {
        return Err(ConfigError::Lifetime);
    }
    Ok(lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../vrs.example.toml");

    #[test]
    fn the_example_is_a_configuration() {
        let config = Config::parse(EXAMPLE, Path::new("/etc/shomei")).unwrap();
        assert_eq!(config.id.as_str(), "vrs-1");
        assert_eq!(config.environment, Environment::Emulator);
        assert_eq!(config.folders.data, Path::new("/etc/shomei/data"));
        assert_eq!(config.municipalities.len(), 3);
        assert_eq!(config.lifetimes, Lifetimes::MAX);
    }

    #[test]
    fn unbound_cards_are_believed_only_where_that_is_written() {
        let parse = |text: &str| Config::parse(text, Path::new("")).unwrap().binding;
        let left_out = EXAMPLE.replace("accept_unbound_cards = false", "");
        assert_eq!(parse(&left_out), Binding::Required);
        assert_eq!(parse(EXAMPLE), Binding::Required);
        let on = EXAMPLE.replace(
            "accept_unbound_cards = false",
            "accept_unbound_cards = true",
        );
        assert_ne!(on, EXAMPLE);
        assert_eq!(parse(&on), Binding::Optional);
    }

    #[test]
    fn once_the_example_was_read_the_key_that_signs_is_not_within_reach() {
        let config = Config::parse(EXAMPLE, Path::new("/etc/shomei")).unwrap();
        let needs = config.needs();
        assert_eq!(needs.within_reach([&config.statement_key]), 0);
        assert_eq!(needs.within_reach([&config.tls.key]), 1);
        assert_eq!(needs.write, [PathBuf::from("/etc/shomei/data")]);
        // Marks, and not the keys that they lie beside.
        assert_eq!(needs.overwrite, [PathBuf::from("/etc/shomei/keys/marks")]);
        assert!(needs.read.contains(&config.folders.keys));
        assert!(needs.connect.is_empty());
        assert_eq!(config.landlock, Landlock::Demanded);
    }

    #[test]
    fn lifetimes_can_be_shortened_only() {
        let with = |seconds: &str| {
            let text = EXAMPLE.replace(
                "# ticket_seconds = 600",
                &format!("ticket_seconds = {seconds}"),
            );
            assert_ne!(text, EXAMPLE);
            Config::parse(&text, Path::new("")).map(|config| config.lifetimes.ticket)
        };
        assert_eq!(with("2"), Ok(Duration::from_secs(2)));
        assert_eq!(with("601"), Err(ConfigError::Lifetime));
        assert_eq!(with("0"), Err(ConfigError::Lifetime));
    }

    #[test]
    fn the_admin_listener_stays_on_loopback() {
        let text = EXAMPLE.replace("admin = \"127.0.0.1:", "admin = \"0.0.0.0:");
        assert_eq!(
            Config::parse(&text, Path::new("")).err(),
            Some(ConfigError::AdminNotLoopback)
        );
    }

    #[test]
    fn keys_do_not_lie_where_everything_may_be_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let with = |keys: &str| {
            let text = EXAMPLE.replace("keys = \"keys\"", &format!("keys = \"{keys}\""));
            Config::parse(&text, folder.path()).err()
        };
        let refused = Some(ConfigError::KeysInData);
        for (keys, error) in [("keys", None), ("data", refused), ("data/keys", refused)] {
            assert_eq!(with(keys), error, "{keys}");
        }
        // By another name, too.
        std::fs::create_dir_all(folder.path().join("data/keys")).unwrap();
        std::os::unix::fs::symlink("data/keys", folder.path().join("linked")).unwrap();
        assert_eq!(with("linked"), refused);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = format!("nonsense = 1\n{EXAMPLE}");
        assert_eq!(
            Config::parse(&text, Path::new("")).err(),
            Some(ConfigError::Form)
        );
    }
}
