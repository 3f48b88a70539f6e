//! The demo: one world, one reader, one kiosk.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hw_sim::trace::Event;
use stage::kiosk::{Application, apply};
use stage::persona::Persona;
use stage::process::{attend, program};
use stage::reader::Reader;
use stage::world::{Options, World};

use crate::Demo;

/// One application with nobody there: everything, or nothing and why.
pub(crate) fn once(demo: &Demo, out: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    let world = World::start(&Options::default())?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    reader.insert(&persona.name)?;
    let outcome = apply(
        &Application {
            config: &world.ground.path("kiosk/kiosk.toml"),
            place: ["--out".as_ref(), out.as_os_str()],
            municipality: &persona.municipality,
            pin: &persona.pin,
            language: &demo.language,
        },
        &reader,
    )?;
    for line in &outcome.said {
        eprintln!("{line}");
    }
    if !outcome.status.success() {
        return Ok(ExitCode::FAILURE);
    }
    fs::write(out.join("jwks.json"), world.published_keys()?)?;
    for file in ["certificate.pdf", "shc.txt", "jwks.json"] {
        println!("{}", out.join(file).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// A person at the kiosk. The persona's card lies on the reader, and is taken back when it has answered.
pub(crate) fn attended(demo: &Demo) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    let world = World::start(&Options::default())?;
    let reader = Arc::new(Reader::start(&world.ground.path("cards/cards"))?);
    reader.insert(&persona.name)?;
    let out = demo.out.clone().unwrap_or_else(|| "certificate".into());
    introduce(&persona, &reader, &out);

    let over = Arc::new(AtomicBool::new(false));
    let hand = take_back_cards(Arc::clone(&reader), Arc::clone(&over));
    let mut kiosk = Command::new(program("kiosk"));
    kiosk
        .arg("--config")
        .arg(world.ground.path("kiosk/kiosk.toml"));
    kiosk
        .args(["--language", &demo.language, "--out"])
        .arg(&out);
    let status = attend(kiosk)?;
    over.store(true, Ordering::Relaxed);
    drop(hand.join());
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn introduce(persona: &Persona, reader: &Reader, out: &Path) {
    println!(
        "The card of `{}` lies on the reader; its PIN is {}.",
        persona.name, persona.pin
    );
    println!(
        "It is taken back for you when it has been read. Another card, from another terminal:"
    );
    let emulator = program("hw-sim");
    println!(
        "  {} insert NAME --control {}",
        emulator.display(),
        reader.socket().display()
    );
    println!(
        "The paper goes to {}/certificate.pdf. Ctrl-C ends everything.\n",
        out.display()
    );
}

/// Removes a card once it has answered a challenge and lost its power.
fn take_back_cards(reader: Arc<Reader>, over: Arc<AtomicBool>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut seen = 0;
        let mut answered = false;
        while !over.load(Ordering::Relaxed) {
            let events = reader.trace().unwrap_or_default();
            for event in events.get(seen..).unwrap_or_default() {
                match event {
                    Event::Apdu(exchange) => answered |= exchange.header[1] == 0x2A,
                    Event::PowerOff if answered => {
                        answered = false;
                        drop(reader.remove());
                    }
                    _ => {}
                }
            }
            seen = events.len();
            thread::sleep(Duration::from_millis(200));
        }
    })
}
