//! A kiosk with its page, and everything around it, for whoever drives the page in its browser: `stage stand`.
//!
//! The first line on standard output says what it is; then each line on standard input is a command, and is answered by one
//! line: `{"done":…,"kiosk":PID}`, or `{"refused":"…"}`.
//!
//! | command | what |
//! |---|---|
//! | `{"insert":"ordinary"}`, with `"lift_after":7` or `"faults":["slow=300@ins=B0,times=always"]` perhaps | a persona's card on the reader |
//! | `{"remove":0}` | the card is taken from this slot |
//! | `{"reset_tries":"one-try-left"}` | the card's first tries |
//! | `{"stop":"center"}`, `{"start":"center"}`; `vrs`, `pcscd` | a program ends, or is started again; of `pcscd` `done` is the process then |
//! | `{"start":"plain-pcscd"}` | the same without what has it overwrite what it frees |
//! | `{"pause":"center"}`, `{"resume":"center"}`; `vrs` | it stops answering, or goes on |
//! | `{"center":"closed"}`, `"maintenance"`, `"open"` | what the center offers; it is started again |
//! | `{"paper":false}`, `true` | the printer's trays are emptied, or filled |
//! | `{"printer":"hold"}`, `"one"`, `"go"`, `"break"` | a job that begins goes on no further; one more copy comes out; it goes on; it fails |
//! | `{"end":"browser"}`, `"kiosk"` | killed; the kiosk is started again, as a service manager would |
//! | `{"tell":"kiosk"}` | `done` is what it wrote to its log: what became of browsers that it lost |
//! | `{"search":{"process":PID,"of":"ordinary"}}` | `done` is what a process holds of a persona's holder ([`remains`](crate::experiment::forgetting::remains)) |
//! | `{"core":"not-wiped"}`, `"free"`, `"shipped"` | the kiosk is one that wipes nothing that it frees, or takes nothing from itself ([`control`](crate::control)), or the shipped one again; it is started again |
//! | `{"patience":3}` | so many seconds for each step; the kiosk is started again |
//! | `{"issue_abroad":"gaiji"}` | the app issues this persona a certificate for abroad, one that others can rest on |
//! | `{"search_abroad":{"processes":[PID],"of":"gaiji","sheet":"FILE"}}` | `done` is what processes hold of the holder, their passport and certificates for abroad, that on a sheet too; there has to be somebody else's |
//! | `{"nobodys":{"processes":[PID],"of":"gaiji"}}` | words of the persona's certificates that processes have before anybody was there are nobody's: `done` is what else they hold |
//! | `{"fee":120}`, `null` | there is a cabinet, and a copy costs so much; or there is none; the kiosk is started again |
//! | `{"cabinet":{"request":"coin","yen":100}}` | a hand at the cabinet ([`hw_sim::cabinet::Request`]): `done` is what it felt |

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use hw_sim::cabinet;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Table;

use crate::around::{Around, Carried, Line};
use crate::browser::{HEADLESS, first_process};
use crate::experiment::forgetting::issued::Issued;
use crate::experiment::vocabulary::Vocabulary;
use crate::printer::{Printer, WORKS, free_port};
use crate::process::{Program, poll, program, signal, with_core_files};
use crate::reader::Reader;
use crate::world::{ATTENDANT, Options, World, set};

/// How long a killed browser may take to let go of its port.
const LETS_GO: Duration = Duration::from_secs(10);

/// What a stand is.
#[derive(Debug, Serialize)]
struct Description {
    /// Port of the browser's debugging protocol.
    debugging: u16,
    /// Folder of the sheets that came out, a file a copy.
    paper: PathBuf,
    /// Control socket of the emulator, and the program that speaks to it.
    control: PathBuf,
    emulator: PathBuf,
    /// Where the browser's profiles lie.
    memory: PathBuf,
    /// Where the kiosk's own files would be: its HOME and TMPDIR.
    home: PathBuf,
    /// The kiosk's configuration and everybody else's, cards and databases too.
    ground: PathBuf,
    /// The issuer's public keys.
    keys: String,
    attendant: &'static str,
    kiosk: u32,
    /// The process of `pcscd`.
    service: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Paper(bool),
    Printer(Works),
    End(Part),
    Tell(Part),
    Core(Core),
    Patience(u16),
    Fee(Option<u16>),
    Cabinet(cabinet::Request),
    IssueAbroad(String),
    Nobodys {
        processes: Vec<u32>,
        of: String,
    },
    SearchAbroad {
        processes: Vec<u32>,
        of: String,
        sheet: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Browser,
    Kiosk,
}

/// Which program the kiosk is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Core {
    Shipped,
    NotWiped,
    Free,
}

impl Core {
    fn command(self) -> Command {
        let (name, arguments): (_, &[_]) = match self {
            Self::Shipped => ("kiosk", &[]),
            Self::NotWiped => ("control", &["kiosk"]),
            Self::Free => ("wiping", &["kiosk", "--free"]),
        };
        let mut command = Command::new(program(name));
        command.args(arguments);
        command
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Works {
    Hold,
    One,
    Go,
    Break,
}

/// What stands there.
struct Stand {
    // Dropped in this order: the kiosk is the first to go.
    kiosk: Program,
    core: Core,
    around: Around,
    printer: Printer,
    debugging: u16,
    vocabulary: Vocabulary,
    issued: Issued,
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
            Ok(done) => serde_json::json!({"done": done, "kiosk": stand.kiosk.id()}),
            Err(error) => serde_json::json!({"refused": error.to_string()}),
        };
        say(&answer)?;
    }
    Ok(())
}

pub(crate) fn say(object: &impl Serialize) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, object)?;
    output.write_all(b"\n")?;
    output.flush()
}

impl Stand {
    fn start() -> Result<Self, Box<dyn Error>> {
        let world = World::start(&Options::default())?;
        let pki = world.ground.path("pki/services");
        let (certificate, key) = (pki.join("center.pem"), pki.join("center.key"));
        let printer = Printer::with(&certificate, &key, Some(WORKS))?;
        let cards = world.ground.path("cards/cards");
        let reader = Reader::start_in_a_cabinet(&cards, &printer.path("sheets"))?;
        let debugging = free_port()?;
        std::fs::create_dir_all(memory(debugging))?;
        std::fs::create_dir_all(world.ground.path("home"))?;
        let port = format!("--remote-debugging-port={debugging}");
        let own = ["--screen-info={1280x1024}", &port];
        let arguments = HEADLESS.into_iter().chain(own);
        let arguments: Vec<_> = arguments.map(toml::Value::from).collect();
        world.ground.edit(PAGE, |config| {
            set(config, "browser.arguments", arguments);
            set(config, "browser.memory", path_text(&memory(debugging)));
        })?;
        let core = Core::Shipped;
        let kiosk = start_kiosk(core, &world, &printer)?;
        Ok(Self {
            kiosk,
            core,
            around: Around { reader, world },
            printer,
            debugging,
            vocabulary: Vocabulary::load()?,
            issued: Issued::default(),
        })
    }

    fn describe(&self) -> Result<Description, Box<dyn Error>> {
        Ok(Description {
            debugging: self.debugging,
            paper: self.printer.path("sheets"),
            control: self.around.reader.socket().to_owned(),
            emulator: program("hw-sim"),
            memory: memory(self.debugging),
            home: self.around.world.ground.path("home"),
            ground: self.around.world.ground.path(""),
            keys: String::from_utf8(self.around.world.published_keys()?)?,
            attendant: ATTENDANT,
            kiosk: self.kiosk.id(),
            service: self.around.reader.service(),
        })
    }

    fn carry_out(&mut self, line: &str) -> Result<Value, Box<dyn Error>> {
        let order = match self.around.carry_out(Line::<Order>::parse(line)?)? {
            Carried::Done(done) => return Ok(done),
            Carried::Own(order) => order,
        };
        match order {
            // While it says `media-empty`, this one takes up no job, and so could not be told otherwise.
            Order::Paper(there) => self.printer.say("media-needed", !there)?,
            Order::Printer(works) => self.printer_works(works)?,
            Order::End(Part::Browser) => {
                let browser = first_process(self.kiosk.id()).ok_or("the kiosk has no browser")?;
                signal(browser, Signal::KILL)?;
            }
            Order::End(Part::Kiosk) => {
                self.kiosk.signal(Signal::KILL)?;
                self.restart_kiosk()?;
            }
            Order::Tell(Part::Kiosk) => return Ok(self.told()?.into()),
            Order::Tell(Part::Browser) => return Err("a browser has no log".into()),
            Order::Core(core) => {
                self.kiosk.end()?;
                self.core = core;
                self.restart_kiosk()?;
            }
            Order::Patience(seconds) => {
                self.configure(|config| {
                    for step in ["card", "input", "removal"] {
                        set(
                            config,
                            &format!("patience.{step}_seconds"),
                            i64::from(seconds),
                        );
                    }
                })?;
            }
            Order::Fee(yen) => {
                let cabinet = self.around.reader.cabinet().to_owned();
                self.configure(|config| fit_cabinet(config, &cabinet, yen))?;
            }
            Order::IssueAbroad(persona) => self.issued.by_app(&self.around.world, &persona)?,
            Order::Nobodys { processes, of } => {
                let found = self.issued.nobodys(&processes, &of)?;
                return Ok(serde_json::to_value(found)?);
            }
            Order::SearchAbroad {
                processes,
                of,
                sheet,
            } => {
                let found = self.issued.remains(&processes, &of, sheet.as_deref())?;
                return Ok(serde_json::to_value(found)?);
            }
            Order::Cabinet(request) => {
                let felt = cabinet::call(self.around.reader.cabinet(), &request)?;
                return Ok(serde_json::to_value(felt)?);
            }
        }
        Ok(true.into())
    }

    fn printer_works(&self, works: Works) -> io::Result<()> {
        let hold = self.printer.path("hold");
        match works {
            Works::Hold => std::fs::write(hold, ""),
            Works::Go => std::fs::remove_file(hold),
            Works::One => std::fs::write(self.printer.path("one"), ""),
            Works::Break => std::fs::write(self.printer.path("break"), ""),
        }
    }

    /// Changes the kiosk's configuration, and starts it again.
    fn configure(&mut self, change: impl FnOnce(&mut Table)) -> io::Result<()> {
        self.kiosk.end()?;
        self.around.world.ground.edit(PAGE, change)?;
        self.restart_kiosk()
    }

    /// What the kiosk wrote to its log. A line that is no event of `docs/events.toml` is an error.
    fn told(&self) -> io::Result<Vec<String>> {
        let lines = self.kiosk.log.all();
        let faults = lines.iter().filter_map(|line| self.vocabulary.fault(line));
        match faults.count() {
            0 => Ok(lines),
            count => Err(io::Error::other(format!(
                "{count} lines of the kiosk's are no events"
            ))),
        }
    }

    fn restart_kiosk(&mut self) -> io::Result<()> {
        self.told()?;
        let free = || TcpListener::bind(("127.0.0.1", self.debugging)).ok();
        poll(LETS_GO, free).ok_or_else(|| io::Error::other("a browser was left behind"))?;
        self.kiosk = start_kiosk(self.core, &self.around.world, &self.printer)?;
        Ok(())
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = self.kiosk.end();
        let _ = std::fs::remove_dir_all(memory(self.debugging));
    }
}

/// The kiosk's configuration.
const PAGE: &str = "kiosk/page.toml";

fn memory(debugging: u16) -> PathBuf {
    Path::new("/dev/shm").join(format!("stand-{debugging}"))
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// All that a cabinet has, and a fee; or nothing of it.
fn fit_cabinet(config: &mut Table, socket: &Path, yen: Option<u16>) {
    config.remove("cabinet");
    config.remove("fee");
    let Some(yen) = yen else { return };
    let device = Table::from_iter([
        ("kind".to_owned(), "socket".into()),
        ("path".to_owned(), path_text(socket).into()),
    ]);
    let devices = ["slot", "tray", "payment"].map(|name| (name.to_owned(), device.clone().into()));
    config.insert("cabinet".to_owned(), Table::from_iter(devices).into());
    let fee = [("yen_per_copy".to_owned(), i64::from(yen).into())];
    config.insert("fee".to_owned(), Table::from_iter(fee).into());
}

fn start_kiosk(core: Core, world: &World, printer: &Printer) -> io::Result<Program> {
    let mut command = core.command();
    command.arg("--config").arg(world.ground.path(PAGE));
    let uri = format!("ipps://localhost:{}/ipp/print", printer.port());
    command.args(["--print", &uri]);
    // What it leaves behind can be looked for.
    let mut command = with_core_files(&command);
    let home = world.ground.path("home");
    command.current_dir(&home);
    command.env("HOME", &home).env("TMPDIR", &home);
    Program::start("kiosk", command)
}
