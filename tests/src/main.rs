//! `stage`: the demo, with everything real around it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that speaks to the person who started it"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use card::pcsc::Pcsc;
use card::pin::Pin;
use clap::{Args, Parser, Subcommand};
use hw_sim::transcript::Transcript;
use issuance_api::problem::Language;
use sight::passport::{PassportReader, Tesseract};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use stage::app_stand;
use stage::cost;
use stage::experiment::{self, Experiment, Size};
use stage::load::{self, Plan};
use stage::passport::trial::photographs;
use stage::stand;
use stage::transcripts::{Once, Outcome, parts, run as run_part};
use zeroize::Zeroizing;

mod demo;

/// As the kiosk has it: its core runs here for [`last_apdu`](stage::last_apdu), and wiping takes time.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[derive(Parser)]
#[command(
    name = "./shomei",
    bin_name = "./shomei",
    about = "Runs Shomei on loopback: PC/SC, card, records, center and kiosk"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A certificate out of a card
    Demo(Demo),
    /// The photo page of a persona's passport, as a picture (PNG)
    Specimen {
        /// Whose
        #[arg(long, default_value = "ordinary")]
        persona: String,
        /// The picture
        #[arg(long)]
        out: PathBuf,
    },
    /// A kiosk with its page, for the tests in a browser: what it is on standard output, one command a line on standard input
    Stand,
    /// An app with its page, for the tests in a browser: as `stand`
    AppStand,
    /// Certificates by the hundred, measured
    Load(Load),
    /// What protection costs: certificates a second with and without each, measured
    Cost {
        /// Applications of each case in each round
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        applications: u32,
        /// Rounds, of which the cheapest counts
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
        rounds: u32,
    },
    /// What the system promises (G1 to G14), shown
    Experiment {
        /// `G1` to `G14`, or `all`
        name: String,
        /// The numbers of the integration tests
        #[arg(long)]
        small: bool,
    },
    /// APDUs through pcscd to the emulated card and back, measured
    RoundTrip {
        /// How many
        #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        commands: u32,
    },
    /// From a card's last answer to the first byte for the printer, measured
    LastApdu {
        /// Applications
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1000))]
        applications: u16,
    },
    /// Photographs of specimen passports, so many of each kind, and what the terminal reads in them
    Passports {
        /// Of each kind
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        each: u16,
        /// Others for another number
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The emulator's transcripts against the card on a reader: one VERIFY at most, with the PIN typed here
    Transcripts(Transcripts),
}

#[derive(Args)]
struct Demo {
    /// Whose card lies on the reader
    #[arg(long, default_value = "ordinary")]
    persona: String,
    /// Language of the kiosk
    #[arg(long, default_value = "ja", value_parser = ["ja", "en"])]
    language: String,
    /// The kiosk's plain text front end, even where there is a screen for its page
    #[arg(long, conflicts_with = "once")]
    text: bool,
    /// The app, on a device of one's own, in place of the kiosk
    #[arg(long, conflicts_with_all = ["once", "text", "out"])]
    app: bool,
    /// One application without anybody at the kiosk
    #[arg(long, requires = "out")]
    once: bool,
    /// With --once: where certificate.pdf, shc.txt, jwks.json and, for abroad, vdsnc.txt go
    #[arg(long)]
    out: Option<PathBuf>,
    /// Kind of certificate. For abroad the app issues one first, and the kiosk one with the same passport
    #[arg(long, default_value = "domestic", value_parser = ["domestic", "abroad"], requires_if("abroad", "once"))]
    kind: String,
    /// With --kind abroad: a picture of the passport's photo page, JPEG or PNG, which is read; else the persona's is taken
    #[arg(long, value_name = "IMAGE", conflicts_with = "passport_mrz_fd")]
    passport: Option<PathBuf>,
    /// With --kind abroad: file descriptor with the passport's two machine-readable lines
    #[arg(long)]
    passport_mrz_fd: Option<u32>,
}

impl Demo {
    fn language(&self) -> Language {
        if self.language == "en" {
            Language::En
        } else {
            Language::Ja
        }
    }
}

#[derive(Args)]
struct Load {
    /// Terminals that apply at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    terminals: u16,
    /// Applications under load
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    applications: u32,
    /// Terminals that are merely connected
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(0..=4000))]
    idle: u16,
    /// No application begins later, in seconds
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// One JSON document instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Transcripts {
    /// The reader whose name contains this
    #[arg(long)]
    reader: String,
    /// Folder of transcripts
    #[arg(long, default_value = "hw-sim/tests/transcripts")]
    folder: PathBuf,
    /// Ask for no PIN, and skip what presents it
    #[arg(long)]
    without_pin: bool,
}

fn main() -> ExitCode {
    if let Err(error) = end_when_told() {
        eprintln!("stage: {error}");
        return ExitCode::FAILURE;
    }
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("stage: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ends when told to. `./shomei` runs this program as the first of a PID namespace: with it ends all that it started.
fn end_when_told() -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            std::process::exit(130);
        }
    });
    Ok(())
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Demo(demo) => match (demo.once, &demo.out) {
            (true, Some(out)) => demo::once(&demo, out),
            _ => demo::attended(&demo),
        },
        Command::Experiment { name, small } => experiments(&name, small),
        Command::Specimen { persona, out } => demo::specimen(&persona, &out),
        Command::RoundTrip { commands } => {
            println!("{}", stage::round_trip::run(usize::try_from(commands)?)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::LastApdu { applications } => {
            println!("{}", stage::last_apdu::run(applications.into())?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Passports { each, seed } => {
            let reader = PassportReader::<Tesseract>::default();
            let table = photographs(&reader, each.into(), seed);
            print!("{table}");
            Ok(if table.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Transcripts(wanted) => transcripts(&wanted),
        Command::Stand => {
            stand::serve()?;
            Ok(ExitCode::SUCCESS)
        }
        Command::AppStand => {
            app_stand::serve()?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Cost {
            applications,
            rounds,
        } => {
            let plan = cost::Plan {
                applications: usize::try_from(applications)?,
                rounds: usize::try_from(rounds)?,
            };
            print!("{}", cost::run(&plan)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Load(load) => {
            let report = load::run(&Plan {
                terminals: load.terminals.into(),
                applications: usize::try_from(load.applications)?,
                quiet: 100,
                idle: load.idle.into(),
                within: Duration::from_secs(load.seconds),
            })?;
            if load.json {
                println!("{}", serde_json::to_string(&report)?);
            } else {
                println!("{report}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Success is: everything asked for is as promised.
fn experiments(name: &str, small: bool) -> Result<ExitCode, Box<dyn Error>> {
    let wanted: Vec<&Experiment> = match name {
        "all" => experiment::ALL.iter().collect(),
        one => vec![experiment::find(one).ok_or("there are G1 to G14, and all")?],
    };
    let size = if small { Size::Small } else { Size::Full };
    let mut broken = Vec::new();
    for experiment in wanted {
        let Experiment { name, promise, .. } = experiment;
        println!("{name}  {promise}");
        let began = Instant::now();
        match experiment.run(size) {
            Ok(report) => {
                println!("{report}, after {:.0} s", began.elapsed().as_secs_f64());
                if !report.holds() {
                    broken.push(*name);
                }
            }
            Err(error) => {
                println!("  verdict  NOT SHOWN: {error}");
                broken.push(*name);
            }
        }
    }
    if broken.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("not as promised: {}", broken.join(", "));
    Ok(ExitCode::FAILURE)
}

fn transcripts(wanted: &Transcripts) -> Result<ExitCode, Box<dyn Error>> {
    let pcsc = Pcsc::open()?;
    let mut readers = pcsc.readers()?.into_iter();
    let reader = readers
        .find(|reader| reader.to_string().contains(&wanted.reader))
        .ok_or("no reader of that name")?;
    let pin = if wanted.without_pin {
        None
    } else {
        println!(
            "Presented once, and only with two tries left or more. Three wrong ones lock a card."
        );
        let entry = Zeroizing::new(rpassword::prompt_password("PIN of the card (4 digits): ")?);
        Some(Pin::try_from(entry.as_str())?)
    };
    let mut pin = Once::new(pin);
    let mut files: Vec<_> = std::fs::read_dir(&wanted.folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut as_said = true;
    for path in files {
        let name = path.file_stem().unwrap_or_default().display();
        let transcript: Transcript = std::fs::read_to_string(&path)?.parse()?;
        for part in parts(&transcript) {
            let from = part.first().map_or(0, |line| line.number);
            let outcome = run_part(part, &mut pin, || pcsc.transport(&reader));
            match outcome {
                Outcome::Run {
                    commands,
                    differences,
                } => {
                    println!(
                        "{name}:{from}: {commands} commands, {} differ",
                        differences.len()
                    );
                    as_said &= differences.is_empty();
                    for difference in differences {
                        println!("  {difference}");
                    }
                }
                Outcome::Skipped(reason) => println!("{name}:{from}: skipped, {reason}"),
                Outcome::TooFewTries(line) => {
                    println!(
                        "{name}:{from}: given up at line {line}, the card does not tell two tries"
                    );
                    as_said = false;
                }
                Outcome::Gone(error) => return Err(error.into()),
            }
        }
    }
    Ok(if as_said {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
