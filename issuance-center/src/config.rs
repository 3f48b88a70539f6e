//! `center.toml`, read once at start. Relative paths are taken from the folder of the file.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use card::{evidence::Binding, trust::Environment};
use issuance_api::{BuildId, CenterId, VrsId, terminal::Localized};
use issuance_channel::{
    Identity, client,
    server::{LoopbackConfig, MutualConfig, PublicConfig},
};
use sandbox::{Landlock, Needs};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    apps::AppQuota,
    center::challenge,
    certificate::{page::FontPaths, shc::Issuer},
    enrolment::config::{self, EnrolmentConfig},
    hours::OpeningHours,
    signing::{ListPaths, SignerPaths},
    state,
};

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// Not TOML, a key unknown, missing or of the wrong form. Names the line, if one is to blame.
    #[error("malformed{}", line(*.0))]
    Form(Option<usize>),
    /// `environment` is none of the three.
    #[error("environment is none of production, test-card, emulator")]
    Environment,
    /// `issuer` is no https URL without a slash at its end.
    #[error("issuer is not an https URL without a slash at its end")]
    Issuer,
    /// `vrs.expect` is not a record system's URN.
    #[error("vrs.expect is not urn:shomei:vrs:…")]
    Vrs,
    /// Fewer connections to VRS than four.
    #[error("vrs.connections is below 4: one municipality's records could take them all")]
    Connections,
    /// `terminals.app_limits` are not below `terminals.limits`.
    #[error("terminals.app_limits leave nothing of terminals.limits to kiosks")]
    AppLimits,
    /// `app_quota` is no application, or within no time.
    #[error("app_quota is of no application or of no time")]
    AppQuota,
    /// `enrolment` has no chain of `[a-z0-9-]{1,32}`, no package, or a signer that is not 64 hexadecimal digits.
    #[error("enrolment: chain, package or signers are not of their form")]
    Enrolment,
    /// A next key's time is none, or they are not in order of time.
    #[error("signing.next: a time is not RFC 3339, or they are not in order of time")]
    NextKey,
    /// A lifetime is zero or longer than allowed.
    #[error("a lifetime is zero or longer than allowed")]
    Lifetime,
}

fn line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

/// The configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name in every context; its certificate must state it.
    pub id: CenterId,
    /// What kind of cards is believed; trust anchors and signing key must be of it.
    pub environment: Environment,
    /// Who signs, to verifiers.
    pub issuer: Issuer,
    /// Folder of programmes.
    pub programmes: PathBuf,
    /// Listener for terminals.
    pub terminals: MutualConfig,
    /// Builds of the kiosk's program that get the menu; any, where nothing is said.
    pub kiosk_builds: Option<Vec<BuildId>>,
    /// Applications of one app.
    pub app_quota: AppQuota,
    /// Where apps enrol; none do without.
    pub enrolment: Option<EnrolmentConfig>,
    /// Listener for public keys and revocation lists.
    pub public: PublicConfig,
    /// Listener for the operator.
    pub admin: LoopbackConfig,
    /// The record system's name in every context.
    pub vrs_id: VrsId,
    /// How to reach it.
    pub vrs: client::Config,
    /// Its statement key, public half.
    pub statement_key: PathBuf,
    /// Folder of trust anchors.
    pub anchors: PathBuf,
    /// Whether cards are believed that the surface AP does not bind.
    pub binding: Binding,
    /// List of refused signers.
    pub refused_signers: PathBuf,
    /// Key that signs.
    pub signing_key: PathBuf,
    /// Keys that take over from it, each at its time, in order of time.
    pub next_keys: Vec<(OffsetDateTime, PathBuf)>,
    /// Public halves of coming and former keys.
    pub published: Vec<PathBuf>,
    /// Secret of revocation ids.
    pub rid_secret: PathBuf,
    /// Signers of certificates for abroad; none are issued without.
    pub vds_nc: Option<SignerPaths>,
    /// Fonts of the page.
    pub fonts: FontPaths,
    /// When applications are taken.
    pub hours: OpeningHours,
    /// Notices of the menu.
    pub notices: Vec<Localized>,
    /// Set while nothing can be applied for.
    pub maintenance: Option<Localized>,
    /// From challenge to evidence.
    pub challenge_lifetime: Duration,
    /// From preview to hand-over.
    pub state_lifetime: Duration,
    /// Between two fetches of revocations.
    pub revocations_every: Duration,
    /// How much of Landlock is demanded.
    pub landlock: Landlock,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: CenterId,
    environment: String,
    issuer: String,
    programmes: PathBuf,
    terminals: MutualConfig,
    kiosk_builds: Option<Vec<BuildId>>,
    #[serde(default)]
    app_quota: AppQuota,
    enrolment: Option<config::File>,
    public: PublicConfig,
    admin: LoopbackConfig,
    vrs: client::Config,
    statement: Statement,
    trust: Trust,
    signing: SigningFiles,
    vds_nc: Option<VdsNcFiles>,
    fonts: FontFiles,
    hours: OpeningHours,
    #[serde(default)]
    notices: Vec<Localized>,
    maintenance: Option<Localized>,
    #[serde(default)]
    lifetimes: Seconds,
    #[serde(default = "half_a_minute")]
    revocations_seconds: u64,
    #[serde(default)]
    sandbox: Sandbox,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sandbox {
    landlock: Landlock,
}

const fn half_a_minute() -> u64 {
    30
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    key: PathBuf,
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
struct SigningFiles {
    key: PathBuf,
    #[serde(default)]
    next: Vec<NextKey>,
    rid_secret: PathBuf,
    #[serde(default)]
    published: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextKey {
    key: PathBuf,
    from: String,
}

/// In their order of time.
fn next_keys(
    next: Vec<NextKey>,
    folder: &Path,
) -> Result<Vec<(OffsetDateTime, PathBuf)>, ConfigError> {
    let keys = next.into_iter().map(|NextKey { key, from }| {
        let from = OffsetDateTime::parse(&from, &Rfc3339).map_err(|_| ConfigError::NextKey)?;
        Ok((from, folder.join(key)))
    });
    let keys: Vec<_> = keys.collect::<Result<_, ConfigError>>()?;
    if keys.is_sorted_by(|before, after| before.0 < after.0) {
        Ok(keys)
    } else {
        Err(ConfigError::NextKey)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VdsNcFiles {
    csca: PathBuf,
    crl: PathBuf,
    signers: PathBuf,
    #[serde(default)]
    former: Vec<FormerCsca>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormerCsca {
    csca: PathBuf,
    crl: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FontFiles {
    regular: PathBuf,
    bold: PathBuf,
    names: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Seconds {
    challenge_seconds: Option<u64>,
    state_seconds: Option<u64>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|_| ConfigError::Unreadable(path.to_owned()))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads the text of a file in `folder`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        // The parser's own message would quote the file: the line is enough.
        let mut file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            ConfigError::Form(before.map(|before| before.matches('\n').count() + 1))
        })?;
        let Identity::Vrs(vrs_id) = file.vrs.expect.clone() else {
            return Err(ConfigError::Vrs);
        };
        if file.vrs.connections < 4 {
            return Err(ConfigError::Connections);
        }
        if !file
            .terminals
            .app_limits
            .leave_something(&file.terminals.limits)
        {
            return Err(ConfigError::AppLimits);
        }
        if file.app_quota.applications == 0 || file.app_quota.seconds == 0 {
            return Err(ConfigError::AppQuota);
        }
        file.terminals.tls.resolve(folder);
        file.terminals.apps = file.terminals.apps.map(|path| folder.join(path));
        file.public.tls.resolve(folder);
        file.vrs.resolve(folder);
        Ok(Self {
            id: file.id,
            environment: file
                .environment
                .parse()
                .map_err(|_| ConfigError::Environment)?,
            issuer: file.issuer.parse().map_err(|_| ConfigError::Issuer)?,
            programmes: folder.join(file.programmes),
            terminals: file.terminals,
            kiosk_builds: file.kiosk_builds,
            app_quota: file.app_quota,
            enrolment: file.enrolment.map(|it| it.resolve(folder)).transpose()?,
            public: file.public,
            admin: file.admin,
            vrs_id,
            vrs: file.vrs,
            statement_key: folder.join(file.statement.key),
            anchors: folder.join(file.trust.anchors),
            binding: if file.trust.accept_unbound_cards {
                Binding::Optional
            } else {
                Binding::Required
            },
            refused_signers: folder.join(file.trust.refused_signers),
            signing_key: folder.join(file.signing.key),
            next_keys: next_keys(file.signing.next, folder)?,
            rid_secret: folder.join(file.signing.rid_secret),
            vds_nc: file.vds_nc.map(|files| SignerPaths {
                csca: folder.join(files.csca),
                list: folder.join(files.crl),
                signers: folder.join(files.signers),
                former: files
                    .former
                    .iter()
                    .map(|former| ListPaths {
                        csca: folder.join(&former.csca),
                        list: folder.join(&former.crl),
                    })
                    .collect(),
            }),
            published: file
                .signing
                .published
                .iter()
                .map(|path| folder.join(path))
                .collect(),
            fonts: FontPaths {
                regular: folder.join(file.fonts.regular),
                bold: folder.join(file.fonts.bold),
                names: folder.join(file.fonts.names),
            },
            hours: file.hours,
            notices: file.notices,
            maintenance: file.maintenance,
            challenge_lifetime: shortened(
                file.lifetimes.challenge_seconds,
                challenge::MAX_LIFETIME,
            )?,
            state_lifetime: shortened(file.lifetimes.state_seconds, state::MAX_LIFETIME)?,
            revocations_every: shortened(
                Some(file.revocations_seconds),
                Duration::from_secs(3600),
            )?,
            landlock: file.sandbox.landlock,
        })
    }
}

impl Config {
    /// What the process goes on needing once everything was read: files that are read again, its own ports, and VRS's.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut files = vec![&self.refused_signers];
        for tls in [&self.terminals.tls, &self.vrs.tls] {
            files.extend([&tls.certificate, &tls.key, &tls.roots, &tls.revocations]);
        }
        files.extend(&self.terminals.apps);
        files.extend([&self.public.tls.certificate, &self.public.tls.key]);
        files.extend(self.vds_nc.iter().flat_map(|paths| {
            let former = paths.former.iter().map(|former| &former.list);
            former.chain([&paths.list])
        }));
        let mut listen = vec![
            self.terminals.listen.port(),
            self.public.listen.port(),
            self.admin.listen.port(),
        ];
        if let Some(enrolment) = &self.enrolment {
            let tls = &enrolment.listener.tls;
            files.extend([&tls.certificate, &tls.key, &enrolment.status]);
            listen.push(enrolment.listener.listen.port());
        }
        Needs {
            read: Needs::folders(files),
            listen,
            connect: self.vrs.way.ports().collect(),
            ..Needs::default()
        }
    }

    /// What is read once, and had better be out of reach then.
    pub fn keys(&self) -> impl Iterator<Item = &PathBuf> {
        let abroad = self.vds_nc.iter().map(|paths| &paths.signers);
        let apps = self.enrolment.iter().map(|it| &it.ca.key);
        let next = self.next_keys.iter().map(|(_, key)| key);
        [&self.signing_key, &self.rid_secret]
            .into_iter()
            .chain(next)
            .chain(abroad)
            .chain(apps)
    }

    /// Connections that can be open at the same time, of all listeners and to VRS.
    #[must_use]
    pub fn connections(&self) -> usize {
        let listeners = [
            &self.terminals.limits,
            &self.public.limits,
            &self.admin.limits,
        ];
        let accepted = listeners.iter().map(|limits| limits.connections);
        let enrolling = self.enrolment.iter();
        let enrolling = enrolling.map(|it| it.listener.limits.connections);
        accepted
            .chain(enrolling)
            .fold(self.vrs.connections, usize::saturating_add)
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

    const EXAMPLE: &str = include_str!("../center.example.toml");

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/shomei"))
    }

    #[test]
    fn the_example_is_a_configuration() {
        let config = parse(EXAMPLE).unwrap();
        assert_eq!(config.id.as_str(), "center-1");
        assert_eq!(config.vrs_id.as_str(), "vrs-1");
        assert_eq!(config.environment, Environment::Emulator);
        assert_eq!(
            config.signing_key,
            Path::new("/etc/shomei/signing/current.pem")
        );
        let vds_nc = config.vds_nc.unwrap();
        assert_eq!(vds_nc.list, Path::new("/etc/shomei/vdsnc/csca.crl.pem"));
        assert_eq!(config.vrs.tls.key, Path::new("/etc/shomei/tls/center.key"));
        assert_eq!(config.challenge_lifetime, challenge::MAX_LIFETIME);
        assert_eq!(config.state_lifetime, state::MAX_LIFETIME);
    }

    #[test]
    fn next_keys_come_in_order_of_time() {
        let with = |next: &str| {
            let text = EXAMPLE.replace(
                "published = []",
                &format!("published = []\nnext = [{next}]"),
            );
            parse(&text).map(|config| config.next_keys.len())
        };
        let first = r#"{ key = "a.pem", from = "2027-01-01T00:00:00+09:00" }"#;
        let second = r#"{ key = "b.pem", from = "2027-04-01T00:00:00+09:00" }"#;
        assert_eq!(with(&format!("{first}, {second}")).ok(), Some(2));
        for wrong in [
            format!("{second}, {first}"),
            format!("{first}, {first}"),
            first.replace("T00", " at 00"),
        ] {
            assert_eq!(with(&wrong).err(), Some(ConfigError::NextKey), "{wrong}");
        }
    }

    #[test]
    fn unbound_cards_are_believed_only_where_that_is_written() {
        let left_out = EXAMPLE.replace("accept_unbound_cards = false", "");
        for text in [EXAMPLE, &left_out] {
            assert_eq!(parse(text).unwrap().binding, Binding::Required);
        }
        let on = EXAMPLE.replace(
            "accept_unbound_cards = false",
            "accept_unbound_cards = true",
        );
        assert_ne!(on, EXAMPLE);
        assert_eq!(parse(&on).unwrap().binding, Binding::Optional);
    }

    #[test]
    fn once_the_example_was_read_no_key_that_signs_is_within_reach() {
        let config = parse(EXAMPLE).unwrap();
        let needs = config.needs();
        assert_eq!(needs.within_reach(config.keys()), 0);
        // The control: those that are read again are.
        assert_eq!(needs.within_reach([&config.vrs.tls.key]), 1);
        assert_eq!(needs.listen, [8443, 8444, 8480, 8445]);
        assert!(needs.write.is_empty() && needs.overwrite.is_empty());
        assert_eq!(config.landlock, Landlock::Demanded);
    }

    #[test]
    fn something_is_always_left_to_kiosks() {
        let limits = |said: &str| {
            let text = EXAMPLE.replace("connections = 2048\nrequests = 128\n", said);
            assert_ne!(text, EXAMPLE);
            parse(&text).map(|config| {
                let (apps, limits) = (config.terminals.app_limits, config.terminals.limits);
                (apps.connections(&limits), apps.requests(&limits))
            })
        };
        assert_eq!(limits(""), Ok((2048, 128)));
        assert_eq!(
            limits("connections = 4095\nrequests = 255"),
            Ok((4095, 255))
        );
        assert_eq!(limits("connections = 0"), Ok((0, 128)));
        for said in ["connections = 4096", "requests = 256"] {
            assert_eq!(limits(said), Err(ConfigError::AppLimits), "{said}");
        }
        let quota = |said: &str| {
            let text = EXAMPLE.replace("applications = 30\nseconds = 3600\n", said);
            assert_ne!(text, EXAMPLE);
            parse(&text).map(|config| config.app_quota)
        };
        assert_eq!(quota(""), Ok(AppQuota::default()));
        assert_eq!(quota("applications = 3").map(|it| it.applications), Ok(3));
        assert_eq!(quota("seconds = 0"), Err(ConfigError::AppQuota));
        assert_eq!(quota("applications = 0"), Err(ConfigError::AppQuota));
    }

    #[test]
    fn lifetimes_can_be_shortened_only() {
        let with = |seconds: &str| {
            let text = EXAMPLE.replace(
                "# state_seconds = 900",
                &format!("state_seconds = {seconds}"),
            );
            assert_ne!(text, EXAMPLE);
            parse(&text).map(|config| config.state_lifetime)
        };
        assert_eq!(with("2"), Ok(Duration::from_secs(2)));
        assert_eq!(with("901"), Err(ConfigError::Lifetime));
        assert_eq!(with("0"), Err(ConfigError::Lifetime));
    }

    #[test]
    fn what_is_wrong_is_said_by_its_place() {
        let unknown = format!("nonsense = 1\n{EXAMPLE}");
        assert_eq!(parse(&unknown).err(), Some(ConfigError::Form(Some(1))));
        let issuer = EXAMPLE.replace("https://", "http://");
        assert_eq!(parse(&issuer).err(), Some(ConfigError::Issuer));
        let few = EXAMPLE.replace("connections = 8\n", "");
        assert_eq!(parse(&few).err(), Some(ConfigError::Connections));
        let vrs = EXAMPLE.replace("urn:shomei:vrs:vrs-1", "urn:shomei:center:vrs-1");
        assert_eq!(parse(&vrs).err(), Some(ConfigError::Vrs));
    }
}
