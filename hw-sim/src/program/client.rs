//! What the program asks of the emulator that runs.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use card::pin::Pin;
use card::{jpki_ap, surface_ap, text_ap};
use hw_sim::ap::Ap;
use hw_sim::control::{self, DumpPin, Reply, Request, call};
use hw_sim::transcript::{CUT_OFF, PERSONAL};
use zeroize::Zeroizing;

use crate::arguments::{Control, OnSlot, Wait};

/// How long an emulator that was only just started may take until it listens.
const BEGINNING: Duration = Duration::from_secs(1);

/// Does something with the control socket, as soon as an emulator is behind it.
pub(crate) fn reach<T>(
    socket: &Path,
    act: impl Fn(&Path) -> io::Result<T>,
) -> Result<T, Box<dyn Error>> {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    let deadline = Instant::now() + BEGINNING;
    loop {
        match act(socket) {
            Ok(done) => return Ok(done),
            Err(error) if !matches!(error.kind(), NotFound | ConnectionRefused) => {
                return Err(error.into());
            }
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            Err(_) => {
                let socket = socket.display();
                return Err(format!("no emulator behind {socket}; `hw-sim run` starts one").into());
            }
        }
    }
}

/// Asks for something, and says what the answer is.
pub(crate) fn ask(control: Control, request: &Request) -> Result<(), Box<dyn Error>> {
    ask_at(&control.socket(), request)
}

/// Has a card come or go, and waits until the reader has noticed.
pub(crate) fn ask_and_wait(
    on: OnSlot,
    wait: &Wait,
    request: &Request,
) -> Result<(), Box<dyn Error>> {
    let OnSlot { slot, control } = on;
    let socket = control.socket();
    ask_at(&socket, request)?;
    if wait.no_wait {
        return Ok(());
    }
    ask_at(&socket, &Request::Await { slot })
}

fn ask_at(socket: &Path, request: &Request) -> Result<(), Box<dyn Error>> {
    for reply in reach(socket, |socket| call(socket, request))? {
        match reply? {
            Reply::Done => {}
            Reply::Slot {
                slot,
                persona: None,
                ..
            } => println!("slot {slot}: empty"),
            Reply::Slot {
                slot,
                persona: Some(persona),
                noticed,
                tries,
                faults,
            } => {
                let unnoticed = if noticed {
                    ""
                } else {
                    " (the reader has not noticed it)"
                };
                println!("slot {slot}: {persona}{unnoticed}");
                for (ap, tries) in &tries {
                    for (ef, left) in tries {
                        println!("  {ap:<8} {ef}  {}", words(ap, ef, *left));
                    }
                }
                for fault in faults {
                    println!("  to come: {fault}");
                }
            }
            Reply::Card { persona, remark } => println!("{persona}: {remark}"),
            Reply::Event(event) => println!("{event}"),
            Reply::Refused { because } => return Err(because.into()),
        }
    }
    Ok(())
}

/// The tries left of what is presented to an application.
fn words(ap: &str, ef: &str, left: u8) -> String {
    let of = [
        (Ap::Text, text_ap::PIN, "PIN"),
        (Ap::Text, text_ap::CODE_A, "照合番号A"),
        (Ap::Text, text_ap::CODE_B, "照合番号B"),
        (Ap::Surface, surface_ap::BIRTH_CODE, "birth date"),
        (
            Ap::Jpki,
            jpki_ap::AUTHENTICATION_PIN,
            "PIN for authentication",
        ),
        (
            Ap::Jpki,
            jpki_ap::SIGNATURE_PASSWORD,
            "password for signatures",
        ),
    ];
    let is_it = |other: Ap, id: u16| other.name() == ap && format!("{id:04X}") == ef;
    if is_it(Ap::Text, text_ap::BLOCKED.id()) {
        // On every card, and nothing that anybody did.
        return "0              issued blocked".to_owned();
    }
    let name = of.iter().find(|(ap, ef, _)| is_it(*ap, ef.id()));
    let name = name.map_or("", |(.., name)| name);
    let left = match left {
        0 => "0, blocked".to_owned(),
        1 => "1 try left".to_owned(),
        left => format!("{left} tries left"),
    };
    format!("{left:<14} {name}")
}

/// Each line is in the file before the next is awaited, so that being told to end leaves whole lines.
pub(crate) fn record(file: &Path, with_data: bool, on: OnSlot) -> Result<(), Box<dyn Error>> {
    let mut open = OpenOptions::new();
    // An older file may be open to others, and would be lost.
    let opened = open.write(true).create_new(true).mode(0o600).open(file);
    let mut opened = BufWriter::new(opened.map_err(|error| {
        let file = file.display();
        if error.kind() == io::ErrorKind::AlreadyExists {
            format!("{file} is there already, and is not written over")
        } else {
            format!("{file}: {error}")
        }
    })?);
    let lines = reach(&on.control.socket(), |socket| {
        control::record(socket, on.slot, with_data)
    });
    let lines = lines.inspect_err(|_| {
        // Nothing is in it yet.
        let _ = std::fs::remove_file(file);
    })?;
    if with_data {
        writeln!(opened, "{PERSONAL}")?;
    }
    opened.flush()?;
    println!("ready");
    for line in lines {
        let line = line?;
        writeln!(opened, "{}", *line)?;
        opened.flush()?;
        if *line.as_str() == *CUT_OFF {
            return Err("the recording is cut off: its lines were not taken in time".into());
        }
    }
    Ok(())
}

/// The PIN on a line of a descriptor: an argument would be in the list of processes for everybody to see.
pub(crate) fn pin_from(descriptor: u32) -> Result<DumpPin, Box<dyn Error>> {
    const NO_PIN: &str = "no PIN of four digits from --pin-fd";
    let file = File::open(format!("/dev/fd/{descriptor}")).map_err(|_| NO_PIN)?;
    // Four digits, the end of the line, and one more to tell a longer line by.
    let mut line = Zeroizing::new(Vec::with_capacity(6));
    file.take(6).read_to_end(&mut line)?;
    let pin = line.strip_suffix(b"\n").unwrap_or(&line);
    Ok(Pin::try_from(pin).map_err(|_| NO_PIN)?.into())
}
