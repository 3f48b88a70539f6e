//! A person at the kiosk's plain text front end.

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use card::ins;
use hw_sim::trace::Event;
use stage::persona::Persona;
use stage::process::program;
use stage::reader::Reader;
use stage::world::{Options, World};

use crate::Demo;

/// A person at the kiosk. The persona's card is placed once the kiosk is up, and taken back when it has answered.
pub(super) fn attended(demo: &Demo) -> Result<ExitCode, Box<dyn Error>> {
    let persona = Persona::load(&demo.persona)?;
    let world = World::start(&Options::default())?;
    let reader = Arc::new(Reader::start(&world.ground.path("cards/cards"))?);
    let out = demo.out.clone().unwrap_or_else(|| "certificate".into());
    introduce(&persona, &reader, &out);

    let over = Arc::new(AtomicBool::new(false));
    let hand = {
        let (reader, over) = (Arc::clone(&reader), Arc::clone(&over));
        let (persona, admin) = (persona.name, world.addresses.admin.clone());
        thread::spawn(move || {
            place_card(&persona, &admin, &reader, &over);
            take_back_cards(&reader, &over);
        })
    };
    let mut kiosk = Command::new(program("kiosk"));
    kiosk
        .arg("--config")
        .arg(world.ground.path("kiosk/kiosk.toml"));
    kiosk
        .args(["--language", &demo.language, "--out"])
        .arg(&out);
    let status = kiosk.status()?;
    over.store(true, Ordering::Relaxed);
    drop(hand.join());
    Ok(super::code(status))
}

fn introduce(persona: &Persona, reader: &Reader, out: &Path) {
    println!(
        "The card of `{}` is placed on the reader for you; its PIN is {}, its municipality {}.",
        persona.name, persona.pin, persona.municipality
    );
    println!("It is taken back when it has been read. Another card, from another terminal:");
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

/// Places the card when the kiosk has asked for its menu: before, it would be one that somebody forgot.
fn place_card(persona: &str, admin: &str, reader: &Reader, over: &AtomicBool) {
    let menu_asked = || {
        let metrics = Command::new("curl")
            .args(["--silent", &format!("http://{admin}/metrics")])
            .output();
        let metrics = metrics.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let count = "shomei_center_step_seconds_count{step=\"menu\"} ";
        metrics.is_ok_and(|text| {
            text.lines()
                .any(|line| line.strip_prefix(count).is_some_and(|n| n != "0"))
        })
    };
    while !over.load(Ordering::Relaxed) {
        if menu_asked() {
            drop(reader.insert(persona));
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Removes a card once it has answered a challenge and lost its power.
fn take_back_cards(reader: &Reader, over: &AtomicBool) {
    let mut seen = 0;
    let mut answered = false;
    while !over.load(Ordering::Relaxed) {
        let events = reader.trace().unwrap_or_default();
        for event in events.get(seen..).unwrap_or_default() {
            match event {
                Event::Apdu(exchange) => answered |= exchange.header[1] == ins::COMPUTE_SIGNATURE,
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
}
