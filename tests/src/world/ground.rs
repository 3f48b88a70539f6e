//! What a world stands on: its folder with keys, cards, databases and configurations, before any program runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use dev_pki::Pki;
use hw_sim::chip::EmulatedCard;
use issuance_channel::secret_file;
use tempfile::TempDir;
use toml::{Table, Value};

use super::Addresses;
use crate::process::program;

/// Municipalities whose records the demo's VRS holds.
pub const MUNICIPALITIES: [&str; 3] = ["132217", "131016", "141003"];

/// Issuer of the demo's certificates.
pub const ISSUER: &str = "https://issuer.shomei.example";

/// Where the repository's data files are.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Changes a configuration before its program starts.
pub type Edit = fn(&mut Table);

/// A municipality that takes part in COVID-19 beside the demo's, without a record of anybody; at kiosks alone.
pub const FOURTH: &str = "271004";

const FOURTH_ROW: &str = r#"
[[municipality]]
code = "271004"
prefecture = { ja = "大阪府", en = "Osaka" }
name = { ja = "大阪市", reading = "おおさかし", en = "Osaka City" }
kinds = { kiosk = ["domestic"], app = [] }
"#;

/// What differs from the usual world.
#[derive(Clone, Copy)]
pub struct Options {
    /// Whether [`FOURTH`] takes part.
    pub fourth: bool,
    /// In `vrs.toml`.
    pub vrs: Edit,
    /// In `center.toml`.
    pub center: Edit,
    /// How long certificates and lists last.
    pub pki: dev_pki::Options,
    /// Which programs serve.
    pub programs: Programs,
}

/// Which programs center and VRS are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Programs {
    /// `issuance-center` and `vrs`.
    #[default]
    Own,
    /// `control`, with these switches: what experiments compare with.
    Control(&'static [&'static str]),
    /// `wiping`, with these switches: as shipped, but for those.
    Wiping(&'static [&'static str]),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fourth: false,
            vrs: |_| (),
            center: |_| (),
            pki: dev_pki::Options::default(),
            programs: Programs::Own,
        }
    }
}

/// The folder and its keys, without any program running.
pub struct Ground {
    folder: TempDir,
    /// To issue and revoke further certificates.
    pub pki: Pki,
    /// Which programs serve.
    pub programs: Programs,
}

/// Makes the personas' cards once; RSA keys take their time.
static CARDS: Mutex<()> = Mutex::new(());

impl Ground {
    /// Makes keys, personas and databases.
    ///
    /// # Errors
    /// If a program fails or a file cannot be written.
    pub fn prepare(options: &Options) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let root = folder.path();
        let pki = dev_pki::create(&root.join("pki"), options.pki).map_err(io::Error::other)?;
        copy_folder(&personalized()?, &root.join("cards"))?;
        copy_folder(&authority()?, &root.join("attestation"))?;
        let ground = Self {
            folder,
            pki,
            programs: options.programs,
        };
        ground.prepare_programmes(options.fourth)?;
        ground.prepare_vrs(options)?;
        Ok(ground)
    }

    /// As [`prepare`](Self::prepare), with a center's configuration too: for who runs no program on it.
    ///
    /// # Errors
    /// As there.
    pub fn unserved(options: &Options) -> io::Result<Self> {
        let ground = Self::prepare(options)?;
        let nowhere = Addresses {
            vrs: "127.0.0.1:9".to_owned(),
            ..Addresses::default()
        };
        ground.prepare_center(&nowhere, options.center)?;
        Ok(ground)
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// The persona's card, to be used in this process.
    ///
    /// # Panics
    /// If there is no such persona.
    #[must_use]
    pub fn card(&self, persona: &str) -> EmulatedCard {
        let folder = self.path("cards/cards").join(persona);
        EmulatedCard::load(&folder).unwrap_or_else(|_| panic!("no card of {persona}"))
    }

    /// A copy of the persona's card, as `owner` has it: tries are counted in the card's folder.
    ///
    /// # Errors
    /// If it cannot be copied.
    ///
    /// # Panics
    /// If there is no such persona.
    pub fn card_of(&self, owner: &str, persona: &str) -> io::Result<EmulatedCard> {
        let folder = self.path("owners").join(owner).join(persona);
        copy_folder(&self.path("cards/cards").join(persona), &folder)?;
        Ok(EmulatedCard::load(&folder).unwrap_or_else(|_| panic!("no card of {persona}")))
    }

    /// The command for the record system.
    #[must_use]
    pub fn vrs(&self) -> Command {
        let mut command = Command::new(program("vrs"));
        command.arg("--config").arg(self.path("vrs/vrs.toml"));
        command
    }

    /// The command by which the record system serves.
    #[must_use]
    pub fn serving_vrs(&self) -> Command {
        match self.programs {
            Programs::Own => {
                let mut command = self.vrs();
                command.arg("serve");
                command
            }
            Programs::Control(switches) => {
                self.control(["control", "vrs"], switches, "vrs/vrs.toml")
            }
            Programs::Wiping(switches) => self.control(["wiping", "vrs"], switches, "vrs/vrs.toml"),
        }
    }

    /// The command by which the center serves.
    #[must_use]
    pub fn center(&self) -> Command {
        self.center_of("center/center.toml")
    }

    /// The command for a center with another configuration.
    #[must_use]
    pub fn center_of(&self, config: &str) -> Command {
        match self.programs {
            Programs::Own => {
                let mut command = Command::new(program("issuance-center"));
                command.args(["serve", "--config"]).arg(self.path(config));
                command
            }
            Programs::Control(switches) => self.control(["control", "center"], switches, config),
            Programs::Wiping(switches) => self.control(["wiping", "center"], switches, config),
        }
    }

    /// One of those programs, and which server it is.
    fn control(&self, which: [&str; 2], switches: &[&str], config: &str) -> Command {
        let [own, server] = which;
        let mut command = Command::new(program(own));
        command.arg(server).args(switches).arg("--config");
        command.arg(self.path(config));
        command
    }

    fn prepare_programmes(&self, fourth: bool) -> io::Result<()> {
        let folder = self.path("programmes");
        copy_folder(&repository().join("issuance-center/programmes"), &folder)?;
        let file = folder.join("covid-19/municipalities.toml");
        let shipped = fs::read_to_string(&file)?;
        fs::write(&file, shipped + if fourth { FOURTH_ROW } else { "" })
    }

    fn prepare_vrs(&self, options: &Options) -> io::Result<()> {
        let folder = self.path("vrs");
        lists_and_keys(&folder)?;
        let mut keys = Command::new(program("vrs"));
        keys.args(["keys", "statement", "--environment", "emulator", "--out"]);
        run(keys.arg(folder.join("signing/statement.pem")))?;

        let mut config: Table = parse(include_str!("../../../vrs/vrs.example.toml"));
        set(&mut config, "sandbox.landlock", landlock());
        set(&mut config, "listen.centers", "127.0.0.1:0");
        set(&mut config, "listen.admin", "127.0.0.1:0");
        set(&mut config, "tls.certificate", "../pki/services/vrs.pem");
        set(&mut config, "tls.key", "../pki/services/vrs.key");
        set(&mut config, "tls.roots", "../pki/services/ca.pem");
        set(
            &mut config,
            "tls.revocations",
            "../pki/services/revocations.pem",
        );
        set(&mut config, "trust.anchors", "../cards/anchors");
        if options.fourth {
            let all: Vec<Value> = MUNICIPALITIES
                .iter()
                .chain([&FOURTH])
                .map(|code| (*code).into())
                .collect();
            set(&mut config, "municipalities", all);
        }
        (options.vrs)(&mut config);
        write(&folder.join("vrs.toml"), &config)?;

        if options.fourth {
            run(self.vrs().args(["init", "--municipality", FOURTH]))?;
        }
        for municipality in MUNICIPALITIES {
            run(self.vrs().args(["init", "--municipality", municipality]))?;
            let records = repository()
                .join("tests/data/vrs")
                .join(municipality)
                .with_extension("csv");
            run(self
                .vrs()
                .args(["import", "--municipality", municipality])
                .arg(records))?;
        }
        Ok(())
    }

    pub(super) fn prepare_center(&self, addresses: &Addresses, edit: Edit) -> io::Result<()> {
        let folder = self.path("center");
        lists_and_keys(&folder)?;
        let keys = || Command::new(program("issuance-center"));
        let key = folder.join("signing/current.pem");
        run(keys()
            .args(["keys", "new", "--environment", "emulator", "--out"])
            .arg(&key))?;
        run(keys()
            .args(["keys", "rid-secret", "--out"])
            .arg(folder.join("signing/rid-secret")))?;
        let published = run(keys().args(["keys", "jwks", "--key"]).arg(&key))?;
        fs::write(folder.join("jwks.json"), published)?;
        let signers = folder.join("signing/vdsnc");
        for command in ["new", "export"] {
            let mut vdsnc = keys();
            vdsnc.args(["keys", "vdsnc", command, "--csca"]);
            vdsnc.arg(self.path("csca")).arg("--signers").arg(&signers);
            if command == "export" {
                vdsnc.arg("--out").arg(folder.join("vdsnc"));
            }
            run(&mut vdsnc)?;
        }

        // As operators get them, who have nothing else of a center.
        fs::create_dir_all(self.path("issuer"))?;
        for (own, given) in [("jwks.json", "jwks.json"), ("vdsnc/csca.pem", "csca.pem")] {
            fs::copy(folder.join(own), self.path("issuer").join(given))?;
        }

        // Read once, so apart from what is read again.
        fs::copy(
            self.path("pki/apps/ca.key"),
            folder.join("signing/apps-ca.key"),
        )?;

        let mut config: Table = parse(include_str!("../../../issuance-center/center.example.toml"));
        set(&mut config, "sandbox.landlock", landlock());
        set(&mut config, "issuer", ISSUER);
        set(&mut config, "programmes", "../programmes");
        set(&mut config, "terminals.listen", "127.0.0.1:0");
        set(&mut config, "public.listen", "127.0.0.1:0");
        set(&mut config, "enrolment.listener.listen", "127.0.0.1:0");
        for (key, file) in [
            ("terminals.apps", "pki/apps/ca.pem"),
            ("enrolment.ca.certificate", "pki/apps/ca.pem"),
            ("enrolment.ca.key", "center/signing/apps-ca.key"),
            (
                "enrolment.listener.tls.certificate",
                "pki/services/center.pem",
            ),
            ("enrolment.listener.tls.key", "pki/services/center.key"),
            ("enrolment.roots", "attestation/roots.pem"),
            ("enrolment.status", "attestation/status.json"),
        ] {
            set(&mut config, key, format!("../{file}"));
        }
        set(&mut config, "admin.listen", "127.0.0.1:0");
        for (listener, roots) in [("terminals", "terminals"), ("vrs", "services")] {
            let pki = |file: &str| format!("../pki/{file}");
            set(
                &mut config,
                &format!("{listener}.tls.certificate"),
                pki("services/center.pem"),
            );
            set(
                &mut config,
                &format!("{listener}.tls.key"),
                pki("services/center.key"),
            );
            set(
                &mut config,
                &format!("{listener}.tls.roots"),
                pki(&format!("{roots}/ca.pem")),
            );
            let revocations = pki(&format!("{roots}/revocations.pem"));
            set(
                &mut config,
                &format!("{listener}.tls.revocations"),
                revocations,
            );
        }
        set(
            &mut config,
            "public.tls.certificate",
            "../pki/services/public.pem",
        );
        set(&mut config, "public.tls.key", "../pki/services/public.key");
        set(&mut config, "vrs.address", addresses.vrs.as_str());
        set(
            &mut config,
            "statement.key",
            "../vrs/signing/statement.pub.pem",
        );
        set(&mut config, "trust.anchors", "../cards/anchors");
        // Tests run at any hour.
        set(&mut config, "hours.open", "00:00");
        set(&mut config, "hours.close", "24:00");
        edit(&mut config);
        write(&folder.join("center.toml"), &config)
    }

    pub(super) fn prepare_kiosk(&self, addresses: &Addresses) -> io::Result<()> {
        let folder = self.path("kiosk");
        // The example's `state`.
        fs::create_dir_all(folder.join("state"))?;
        let mut config: Table = parse(include_str!("../../../kiosk-agent/kiosk.example.toml"));
        set(&mut config, "sandbox.landlock", landlock());
        set(&mut config, "center.address", addresses.terminals.as_str());
        set(
            &mut config,
            "center.tls.certificate",
            "../pki/terminals/kiosk-0001.pem",
        );
        set(
            &mut config,
            "center.tls.key",
            "../pki/terminals/kiosk-0001.key",
        );
        set(&mut config, "center.tls.roots", "../pki/services/ca.pem");
        set(
            &mut config,
            "center.tls.revocations",
            "../pki/services/revocations.pem",
        );
        set(&mut config, "issuer.iss", ISSUER);
        set(&mut config, "issuer.keys", "../issuer/jwks.json");
        set(&mut config, "issuer.csca", "../issuer/csca.pem");
        set(&mut config, "printer.ca", "../pki/services/ca.pem");
        // The example names all a kiosk can have.
        for section in ["cabinet", "fee"] {
            config.remove(section);
        }
        secret_file::create(
            &folder.join("attendant.key"),
            0o600,
            &[ATTENDANT.as_bytes()],
        )?;
        write(&folder.join("page.toml"), &config)?;
        config.remove("browser");
        write(&folder.join("kiosk.toml"), &config)?;
        for (key, file) in [("certificate", "pem"), ("key", "key")] {
            let own = format!("../pki/apps/app-0001.{file}");
            set(&mut config, &format!("center.tls.{key}"), own);
        }
        write(&folder.join("app.toml"), &config)
    }

    /// Writes `app/app.toml`, of an app on the device with this keystore. Its page has any port, and nothing opens it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn prepare_app(&self, addresses: &Addresses, keystore: &Path) -> io::Result<()> {
        let folder = self.path("app");
        fs::create_dir_all(&folder)?;
        let mut config: Table = parse(include_str!("../../../kiosk-agent/app.example.toml"));
        for (server, address) in [
            ("enrolment", &addresses.enrolment),
            ("center", &addresses.terminals),
        ] {
            set(&mut config, &format!("{server}.address"), address.as_str());
            for (key, file) in [("roots", "ca.pem"), ("revocations", "revocations.pem")] {
                let services = format!("../pki/services/{file}");
                set(&mut config, &format!("{server}.trust.{key}"), services);
            }
        }
        let keystore = keystore.to_string_lossy().into_owned();
        set(&mut config, "keystore.socket", keystore);
        set(&mut config, "issuer.iss", ISSUER);
        set(&mut config, "issuer.keys", "../issuer/jwks.json");
        set(&mut config, "issuer.csca", "../issuer/csca.pem");
        set(&mut config, "page.port", 0);
        set(&mut config, "page.open", Vec::<Value>::new());
        let public = addresses.public.as_str();
        set(&mut config, "verify.center.address", public);
        set(&mut config, "verify.center.roots", "../pki/services/ca.pem");
        write(&folder.join("app.toml"), &config)
    }

    /// Changes a configuration that is there already.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn edit(&self, file: &str, change: impl FnOnce(&mut Table)) -> io::Result<()> {
        let path = self.path(file);
        let mut config: Table = fs::read_to_string(&path)?
            .parse()
            .map_err(io::Error::other)?;
        change(&mut config);
        write(&path, &config)
    }
}

/// What opens the attendant's view here.
pub const ATTENDANT: &str = "20261124";

/// The personas' cards as made once, kept between runs beside the programs.
fn personalized() -> io::Result<PathBuf> {
    let _one = CARDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = program("stage").with_file_name("stage-cards");
    let mut command = Command::new(program("hw-sim"));
    command
        .arg("personalize")
        .arg("--personas")
        .arg(repository().join("hw-sim/personas"));
    run(command.arg("--out").arg(&folder))?;
    Ok(folder)
}

/// The folders of a server's lists and keys, as the example has them.
fn lists_and_keys(folder: &Path) -> io::Result<()> {
    for name in ["lists", "signing"] {
        fs::create_dir_all(folder.join(name))?;
    }
    fs::write(folder.join("lists/refused-signers.txt"), "end\n")
}

/// Everything here runs on kernels that cannot confine files and ports, too; how far they do is `./shomei experiment G4`'s to show.
fn landlock() -> &'static str {
    match sandbox::is_whole() {
        true => "demanded",
        false => "what-there-is",
    }
}

/// Who vouches for phones, as made once.
fn authority() -> io::Result<PathBuf> {
    let _one = CARDS.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = program("stage").with_file_name("stage-attestation");
    let mut command = Command::new(program("hw-sim"));
    run(command.args(["keystore", "make", "--out"]).arg(&folder))?;
    Ok(folder)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn parse(text: &str) -> Table {
    text.parse().expect("the example configurations are TOML")
}

/// Sets `table.key`, which the example has to have: a key that was renamed is not set in vain.
///
/// # Panics
/// If it is not there.
pub fn set(config: &mut Table, path: &str, value: impl Into<Value>) {
    let mut keys = path.split('.');
    let last = keys.next_back().expect("a path has a last key");
    let table = keys.fold(config, |table, key| {
        table[key]
            .as_table_mut()
            .expect("a path leads through tables")
    });
    assert!(
        table.contains_key(last),
        "no {path} in the example configuration"
    );
    table.insert(last.to_owned(), value.into());
}

/// Sets a limit of the center's listener for terminals. The example leaves all of them out.
///
/// # Panics
/// If it has no table for them.
pub fn limit(config: &mut Table, key: &str, value: i64) {
    let limits = config["terminals"]["limits"].as_table_mut();
    let limits = limits.expect("the example configuration has limits");
    limits.insert(key.to_owned(), value.into());
}

fn write(path: &Path, config: &Table) -> io::Result<()> {
    fs::write(path, config.to_string())
}

/// A program that is not ours, at a database: it waits where that is being opened, written or closed, and stops at what fails.
pub(crate) fn sqlite(database: &Path) -> Command {
    sqlite_with(&[], database)
}

/// The same, to read alone.
pub(crate) fn reading(database: &Path) -> Command {
    sqlite_with(&["-readonly"], database)
}

fn sqlite_with(options: &[&str], database: &Path) -> Command {
    let mut sqlite = Command::new("sqlite3");
    sqlite.args(["-bail", "-cmd", ".timeout 60000"]);
    sqlite.args(options).arg(database);
    sqlite
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!(
        "{}: {log}",
        command.get_program().display()
    )))
}
