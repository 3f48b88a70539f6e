//! A kiosk with its page, and everything around it, for whoever drives the page in its browser: `stage stand`.
//!
//! The first line on standard output says what it is; then each line on standard input is a command, and is answered by one
//! line: `{"done":true}`, or `{"refused":"…"}`.
//!
//! | command | what |
//! |---|---|
//! | `{"insert":"ordinary"}`, with `"lift_after":7` perhaps | a persona's card on the reader |
//! | `{"remove":0}` | the card is taken from this slot |
//! | `{"reset_tries":"one-try-left"}` | the card's first tries |
//! | `{"stop":"center"}`, `{"start":"center"}`; `vrs` | a program ends, or is started again |
//! | `{"lose":"pcscd"}` | the card service ends, for good |
//! | `{"paper":false}`, `true` | the printer's trays are emptied, or filled |
//! | `{"end":"browser"}`, `"kiosk"` | killed; the kiosk is started again, as a service manager would |

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::num::NonZeroU32;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::printer::{Printer, free_port};
use crate::process::{Program, program};
use crate::reader::Reader;
use crate::world::{ATTENDANT, Options, World, set};

/// What a stand is.
#[derive(Debug, Serialize)]
struct Description {
    /// Port of the browser's debugging protocol.
    debugging: u16,
    /// Folder of the sheets that came out.
    paper: String,
    /// Control socket of the emulator, and the program that speaks to it.
    control: String,
    emulator: String,
    /// Where the browser's profiles lie.
    memory: String,
    /// The issuer's public keys.
    keys: String,
    attendant: &'static str,
    kiosk: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Insert(String),
    Remove(Slot),
    ResetTries(String),
    Stop(Part),
    Start(Part),
    Lose(Part),
    Paper(bool),
    End(Part),
}

#[derive(Debug, Deserialize)]
struct Slot(usize);

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(flatten)]
    order: Order,
    lift_after: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Center,
    Vrs,
    Pcscd,
    Browser,
    Kiosk,
}

/// What stands there.
struct Stand {
    world: World,
    reader: Reader,
    printer: Printer,
    kiosk: Program,
    debugging: u16,
}

/// Sets it up and carries out commands until there are no more.
///
/// # Errors
/// If something does not start.
pub fn serve() -> Result<(), Box<dyn Error>> {
    let mut stand = Stand::start()?;
    say(&stand.describe()?)?;
    for line in io::stdin().lock().lines() {
        let answer = match stand.carry_out(&line?) {
            Ok(()) => serde_json::json!({"done": true, "kiosk": stand.kiosk.id()}),
            Err(error) => serde_json::json!({"refused": error.to_string()}),
        };
        say(&answer)?;
    }
    Ok(())
}

fn say(object: &impl Serialize) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, object)?;
    output.write_all(b"\n")?;
    output.flush()
}

impl Stand {
    fn start() -> Result<Self, Box<dyn Error>> {
        let world = World::start(&Options::default())?;
        let reader = Reader::start(&world.ground.path("cards/cards"))?;
        let pki = world.ground.path("pki/services");
        let printer = Printer::start(&pki.join("center.pem"), &pki.join("center.key"))?;
        let debugging = free_port()?;
        let memory = std::path::Path::new("/dev/shm").join(format!("stand-{debugging}"));
        std::fs::create_dir_all(&memory)?;
        let port = format!("--remote-debugging-port={debugging}");
        // Chromium's own sandbox does not work for root, and there is no screen here.
        let arguments = [
            "--no-sandbox",
            "--headless=new",
            "--disable-gpu",
            "--screen-info={1280x1024}",
            &port,
        ];
        let arguments: Vec<_> = arguments.into_iter().map(toml::Value::from).collect();
        world.ground.edit("kiosk/page.toml", |config| {
            set(config, "browser.arguments", arguments);
            set(config, "browser.memory", memory.to_string_lossy().as_ref());
        })?;
        let kiosk = start_kiosk(&world, &printer)?;
        Ok(Self {
            world,
            reader,
            printer,
            kiosk,
            debugging,
        })
    }

    fn describe(&self) -> Result<Description, Box<dyn Error>> {
        let keys = String::from_utf8(self.world.published_keys()?)?;
        Ok(Description {
            debugging: self.debugging,
            paper: self.printer.path("paper").display().to_string(),
            control: self.reader.socket().display().to_string(),
            emulator: program("hw-sim").display().to_string(),
            memory: format!("/dev/shm/stand-{}", self.debugging),
            keys,
            attendant: ATTENDANT,
            kiosk: self.kiosk.id(),
        })
    }

    fn carry_out(&mut self, line: &str) -> Result<(), Box<dyn Error>> {
        let Line { order, lift_after } = serde_json::from_str(line)?;
        match order {
            Order::Insert(persona) => self.reader.insert_to_be_lifted(&persona, lift_after)?,
            Order::Remove(Slot(slot)) => self.reader.remove_from(slot)?,
            Order::ResetTries(persona) => self.reader.reset_tries(&persona)?,
            Order::Stop(Part::Center) => self.world.center = None,
            Order::Start(Part::Center) => self.world.start_center()?,
            Order::Stop(Part::Vrs) => self.world.vrs = None,
            Order::Start(Part::Vrs) => self.world.start_vrs()?,
            Order::Lose(Part::Pcscd) => self.reader.lose_service()?,
            Order::Paper(true) => self.printer.fill_the_tray()?,
            Order::Paper(false) => self.printer.empty_the_trays()?,
            Order::End(Part::Browser) => kill(self.browser()?)?,
            Order::End(Part::Kiosk) => {
                kill(self.kiosk.id())?;
                self.kiosk = start_kiosk(&self.world, &self.printer)?;
            }
            Order::Stop(part) | Order::Start(part) | Order::Lose(part) | Order::End(part) => {
                return Err(format!("that cannot be done to {part:?}").into());
            }
        }
        Ok(())
    }

    /// The browser's first process: the kiosk's child.
    fn browser(&self) -> io::Result<u32> {
        let kiosk = self.kiosk.id();
        let children = std::fs::read_to_string(format!("/proc/{kiosk}/task/{kiosk}/children"))?;
        let first = children.split_whitespace().next();
        first
            .and_then(|child| child.parse().ok())
            .ok_or_else(|| io::Error::other("the kiosk has no browser"))
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(format!("/dev/shm/stand-{}", self.debugging));
    }
}

fn start_kiosk(world: &World, printer: &Printer) -> io::Result<Program> {
    let mut command = Command::new(program("kiosk"));
    command
        .arg("--config")
        .arg(world.ground.path("kiosk/page.toml"));
    let uri = format!("ipps://localhost:{}/ipp/print", printer.port());
    command.args(["--print", &uri]);
    Program::start("kiosk", command)
}

fn kill(process: u32) -> io::Result<()> {
    let process = process.try_into().ok().and_then(Pid::from_raw);
    let process = process.ok_or(io::ErrorKind::NotFound)?;
    Ok(kill_process(process, Signal::KILL)?)
}
