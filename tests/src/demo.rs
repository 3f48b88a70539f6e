//! The demo: one world, one reader, one kiosk.

mod page;
mod text;

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use stage::kiosk::{Application, Purpose, apply};
use stage::persona::Persona;
use stage::reader::Reader;
use stage::world::{Options, World};

use crate::Demo;

/// What an application leaves behind.
const FILES: [&str; 3] = ["certificate.pdf", "shc.txt", "jwks.json"];

/// One application with nobody there: everything, or nothing and why.
pub(crate) fn once(demo: &Demo, out: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    clear(out)?;
    let world = World::start(&Options::default())?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    reader.insert(&persona.name)?;
    let tray = world.ground.path("tray");
    let outcome = apply(
        &Application {
            config: &world.ground.path("kiosk/kiosk.toml"),
            place: ["--out".as_ref(), tray.as_os_str()],
            municipality: &persona.municipality,
            pin: &persona.pin,
            language: &demo.language,
            reader: None,
            purpose: Purpose::Domestic,
        },
        &reader,
    )?;
    for line in &outcome.said {
        eprintln!("{line}");
    }
    if !outcome.status.success() {
        return Ok(ExitCode::FAILURE);
    }
    fs::write(tray.join("jwks.json"), world.published_keys()?)?;
    if let Err(error) = hand_out(&tray, out) {
        clear(out)?;
        return Err(error.into());
    }
    for file in FILES {
        println!("{}", out.join(file).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes what an earlier application left: nobody shall take it for this one's.
fn clear(out: &Path) -> io::Result<()> {
    for file in FILES {
        match fs::remove_file(out.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn hand_out(tray: &Path, out: &Path) -> io::Result<()> {
    fs::create_dir_all(out)?;
    for file in FILES {
        fs::copy(tray.join(file), out.join(file))?;
    }
    Ok(())
}

/// A person at the kiosk: at its page where there is a screen for a window, else at plain text.
pub(crate) fn attended(demo: &Demo) -> Result<ExitCode, Box<dyn Error>> {
    if page::has_screen() && !demo.text {
        page::attended(demo)
    } else {
        text::attended(demo)
    }
}

fn code(status: ExitStatus) -> ExitCode {
    if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
