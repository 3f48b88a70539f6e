//! The demo: one world, one reader, one kiosk.

mod app;
mod display;
mod page;
mod text;

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use issuance_api::ProblemCode;
use issuance_api::passport::PassportMrz;
use sight::passport::{PassportReader, Tesseract};
use stage::kiosk::{Application, Purpose, apply};
use stage::passport::Passport;
use stage::passport::specimen::Specimen;
use stage::persona::Persona;
use stage::reader::Reader;
use stage::world::{Options, World};
use zeroize::Zeroizing;

use self::display::Display;
use crate::Demo;

/// What an application leaves behind.
const FILES: [&str; 3] = ["certificate.pdf", "shc.txt", "jwks.json"];

/// What it leaves beside, for abroad: the second code, and what it is checked with.
const FILES_ABROAD: [&str; 3] = ["vdsnc.txt", "csca.cer", "csca.crl"];

/// One application with nobody there: everything, or nothing and why.
pub(crate) fn once(demo: &Demo, out: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    clear(out)?;
    let passport = match demo.kind.as_str() {
        "abroad" => match passport(demo, &persona)? {
            Ok(passport) => Some(passport),
            Err(code) => {
                eprintln!("{}: {}", code.as_str(), code.message(demo.language()));
                return Ok(ExitCode::FAILURE);
            }
        },
        _ => None,
    };
    let world = World::start(&Options::default())?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    let tray = world.ground.path("tray");
    let apply_at = |config: &str, purpose| -> Result<bool, Box<dyn Error>> {
        reader.insert(&persona.name)?;
        let application = Application {
            config: &world.ground.path(config),
            place: ["--out".as_ref(), tray.as_os_str()],
            municipality: &persona.municipality,
            pin: &persona.pin,
            language: &demo.language,
            reader: None,
            purpose,
        };
        let outcome = apply(&application, &reader)?;
        for line in &outcome.said {
            eprintln!("{line}");
        }
        Ok(outcome.status.success())
    };
    let issued = match &passport {
        None => apply_at("kiosk/kiosk.toml", Purpose::Domestic)?,
        // At a kiosk it takes an earlier one with the same passport (`flows.md`): the app's.
        Some(passport) => {
            let read_here = demo.passport_mrz_fd.is_some().then_some(passport);
            apply_at("kiosk/app.toml", Purpose::Abroad(Some(passport)))?
                && apply_at("kiosk/kiosk.toml", Purpose::Abroad(read_here))?
        }
    };
    if !issued {
        return Ok(ExitCode::FAILURE);
    }
    fs::write(tray.join("jwks.json"), world.published_keys()?)?;
    let mut files = FILES.to_vec();
    if passport.is_some() {
        for file in ["csca.cer", "csca.crl"] {
            let published = world.fetch_public(&format!("/.well-known/vdsnc/{file}"))?;
            fs::write(tray.join(file), published)?;
        }
        files.extend(FILES_ABROAD);
    }
    if let Err(error) = hand_out(&tray, out, &files) {
        clear(out)?;
        return Err(error.into());
    }
    for file in files {
        println!("{}", out.join(file).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The passport for a certificate for abroad, as machines read it: the one given, in lines or in a picture, or the persona's. Or why
/// nothing was read in the picture.
fn passport(
    demo: &Demo,
    persona: &Persona,
) -> Result<Result<PassportMrz, ProblemCode>, Box<dyn Error>> {
    if let Some(picture) = &demo.passport {
        let picture = Zeroizing::new(fs::read(picture)?);
        let read = PassportReader::<Tesseract>::default().read(&picture);
        return Ok(read.map_err(ProblemCode::from));
    }
    if let Some(descriptor) = demo.passport_mrz_fd {
        let lines = fs::read_to_string(format!("/proc/self/fd/{descriptor}"))?;
        return Ok(Ok(Zeroizing::new(lines).parse()?));
    }
    let passport = Passport::of(persona).ok_or("this persona has no passport")?;
    Ok(Ok(passport.mrz()))
}

/// The photo page of a persona's passport, as a picture.
pub(crate) fn specimen(persona: &str, out: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let passport = Passport::of(&Persona::load(persona)?).ok_or("this persona has no passport")?;
    // 300 dots an inch, as a scanner has.
    fs::write(out, Specimen::new(&passport.lines()).picture(11.8).png())?;
    println!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Removes what an earlier application left: nobody shall take it for this one's.
fn clear(out: &Path) -> io::Result<()> {
    for file in FILES.iter().chain(&FILES_ABROAD) {
        match fs::remove_file(out.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn hand_out(tray: &Path, out: &Path, files: &[&str]) -> io::Result<()> {
    fs::create_dir_all(out)?;
    for file in files {
        fs::copy(tray.join(file), out.join(file))?;
    }
    Ok(())
}

/// A person at the app, or at the kiosk: at its page where there is a screen for a window, else at plain text.
pub(crate) fn attended(demo: &Demo) -> Result<ExitCode, Box<dyn Error>> {
    let display = if demo.text {
        Display::None
    } else {
        Display::find()
    };
    let has_screen = match display {
        Display::There => true,
        Display::None => false,
        Display::Unreachable(named) => {
            return Err(
                format!("no screen answers at {named}: with --text there is no window").into(),
            );
        }
    };
    if demo.app {
        app::attended(demo, has_screen)
    } else if has_screen {
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
