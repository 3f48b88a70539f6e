//! A person with the app, in a window of a phone's size on their own screen, with the emulator's panel in another as their hand.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use stage::device::{CONFIG, Device};
use stage::passport::Passport;
use stage::passport::specimen::Specimen;
use stage::persona::Persona;
use stage::process::program;
use stage::reader::Reader;
use stage::world::{Options, World, set};

use super::page::{Panel, authority, window};
use crate::Demo;

/// A middling phone's, in dots of a web page.
const PHONE: &str = "390,844";

pub(super) fn attended(demo: &Demo, has_screen: bool) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    let world = World::start(&Options::default())?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    let mut device = Device::without_app(&world, "genuine")?;
    let passport = world.ground.path("passport.png");
    if let Some(lines) = Passport::of(&persona) {
        let page = Specimen::new(&lines.lines()).picture(11.8);
        fs::write(&passport, page.png())?;
    }
    let panel = if has_screen {
        world.ground.edit(CONFIG, |config| {
            set(config, "page.open", browser());
        })?;
        Panel::open(&reader)?
    } else {
        None
    };
    device.open(&world)?;
    introduce(
        &persona,
        &reader,
        &device,
        &passport,
        &Windows {
            page: has_screen,
            panel: panel.is_some(),
        },
    );
    while device.is_open() {
        thread::sleep(Duration::from_millis(200));
    }
    // Ctrl-C ends this program before: the app does not end by itself.
    Ok(ExitCode::FAILURE)
}

/// What opens the page: Chromium, as a window without an address bar. The file comes as the last argument, which is `$0`.
fn browser() -> Vec<String> {
    let switches: Vec<String> = [
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-sync",
        "--password-store=basic",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(window("0,0", PHONE))
    .collect();
    let profile = "--user-data-dir=\"$HOME/chromium\" --app=\"file://$0\"";
    let script = format!("exec chromium {} {profile}", switches.join(" "));
    let authority = authority().map(|file| format!("XAUTHORITY={}", file.display()));
    let command = ["sh".to_owned(), "-c".to_owned(), script];
    let environment = ["env".to_owned()].into_iter().chain(authority);
    environment.chain(command).collect()
}

/// Which windows are open.
struct Windows {
    page: bool,
    panel: bool,
}

fn introduce(
    persona: &Persona,
    reader: &Reader,
    device: &Device,
    passport: &Path,
    windows: &Windows,
) {
    let Persona { name, pin, .. } = persona;
    if windows.page {
        println!("The app opens in a window; choose a passphrase there, for its wallet.");
    } else {
        let start = device.start_file().display();
        println!(
            "The app is at {}, in a network of this demo's own.",
            device.page()
        );
        println!(
            "There is no screen here. From another terminal, a browser of yours that shows itself elsewhere:"
        );
        println!(
            "  nsenter --target \"$(pgrep -n -f 'stage demo --app')\"{} --net BROWSER file://{start}",
            namespace()
        );
        println!(
            "That file lets in whoever opens it first. A passphrase for the wallet is chosen there."
        );
    }
    println!("When it asks for the card, lay one on the reader, and take it away when it says so:");
    if windows.panel {
        println!(
            "  in the window of the panel, where `{name}` is one of the cards, or from another terminal:"
        );
    }
    let emulator = program("hw-sim").display().to_string();
    let socket = reader.socket().display().to_string();
    println!("  {emulator} insert {name} --no-wait --control {socket}");
    println!("  {emulator} remove --no-wait --control {socket}");
    println!("The PIN of `{name}` is {pin}.");
    if passport.exists() {
        println!(
            "For a certificate for abroad, a picture of their passport: {}",
            passport.display()
        );
    }
    println!("Ctrl-C here ends everything, the wallet too.\n");
}

/// What else has to be entered for the network of `./shomei`, which makes a namespace of users where it was not started by root.
fn namespace() -> &'static str {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let all = map.split_whitespace().nth(2) == Some("4294967295");
    if all {
        ""
    } else {
        " --user --preserve-credentials"
    }
}
