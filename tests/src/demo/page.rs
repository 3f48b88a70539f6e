//! A person at the kiosk's page, in a window on their own screen, with the emulator's panel in another as their hand.

use std::env;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use rustix::process::geteuid;
use stage::persona::Persona;
use stage::process::{Program, program};
use stage::reader::Reader;
use stage::world::{ATTENDANT, Options, World, set};
use tempfile::TempDir;
use toml::Value;

use crate::Demo;

pub(super) fn attended(demo: &Demo) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    let world = World::start(&Options::default())?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    let out = demo.out.clone().unwrap_or_else(|| "certificate".into());

    let config = "kiosk/page.toml";
    let arguments = window("0,0", "950,900").map(Value::from);
    world.ground.edit(config, |config| {
        set(config, "browser.full_screen", false);
        set(config, "browser.arguments", arguments.collect::<Vec<_>>());
    })?;
    let panel = Panel::open(&reader)?;
    introduce(&persona, &reader, &out, panel.is_some());

    let mut kiosk = Command::new(program("kiosk"));
    kiosk.arg("--config").arg(world.ground.path(config));
    kiosk.arg("--out").arg(&out);
    keep_authority(&mut kiosk);
    Ok(super::code(kiosk.status()?))
}

fn introduce(persona: &Persona, reader: &Reader, out: &Path, panel: bool) {
    let Persona { name, pin, .. } = persona;
    println!(
        "The kiosk's page opens in a window. When it asks for the card, lay one on the reader:"
    );
    if panel {
        println!(
            "  in the window of the panel, where `{name}` is one of the cards, or from another terminal:"
        );
    }
    let emulator = program("hw-sim").display().to_string();
    let socket = reader.socket().display().to_string();
    println!("  {emulator} insert {name} --no-wait --control {socket}");
    println!("The PIN of `{name}` is {pin}. When the page asks to take the card back:");
    println!("  {emulator} remove --no-wait --control {socket}");
    println!("The paper goes to {}/certificate.pdf.", out.display());
    println!("The attendant's view: Ctrl+Alt+A, key {ATTENDANT}. Ctrl-C here ends everything.\n");
}

/// The emulator's panel in a window.
pub(super) struct Panel {
    _server: Program,
    _browser: Program,
    _profile: TempDir,
}

impl Panel {
    /// None where the browser's program is not there: then there are the commands.
    pub(super) fn open(reader: &Reader) -> io::Result<Option<Self>> {
        let mut command = Command::new(program("hw-sim"));
        command.arg("panel").arg("--control").arg(reader.socket());
        let (server, ready) = Program::serve("hw-sim panel", command)?;
        let address = ready.get("panel").ok_or(io::ErrorKind::InvalidData)?;

        let profile = TempDir::new()?;
        let mut command = Command::new("chromium");
        command.args([
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
        ]);
        command.args(["--disable-sync", "--password-store=basic"]);
        command.args(window("960,0", "950,900"));
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("--app={address}"));
        // What it would leave at home goes with its profile.
        keep_authority(&mut command);
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            command.env(variable, profile.path());
        }
        command.stdin(Stdio::null());
        match Program::start("chromium", command) {
            Ok(browser) => Ok(Some(Self {
                _server: server,
                _browser: browser,
                _profile: profile,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A window there, without the bar that warns of switches. Chromium does not start as root with its sandbox, and whoever is in a
/// namespace of `./shomei` is root there; a kiosk never goes without it.
pub(super) fn window(position: &str, size: &str) -> impl Iterator<Item = String> {
    let sandbox = geteuid().is_root().then_some("--no-sandbox");
    let place = [
        format!("--window-position={position}"),
        format!("--window-size={size}"),
    ];
    let switches = ["--test-type"].into_iter().chain(sandbox);
    place.into_iter().chain(switches.map(str::to_owned))
}

/// The kiosk gives its browser another home, and X looks for its key at home.
fn keep_authority(command: &mut Command) {
    if let Some(authority) = authority() {
        command.env("XAUTHORITY", authority);
    }
}

/// Where X's key is, unless somebody has said so.
pub(super) fn authority() -> Option<PathBuf> {
    let home = env::var_os("HOME").filter(|_| env::var_os("XAUTHORITY").is_none());
    home.map(|home| PathBuf::from(home).join(".Xauthority"))
}
