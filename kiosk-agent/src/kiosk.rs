//! The program `kiosk`: the terminal core with a page in a browser of its own, with a plain text front end, or, with `--once`, with
//! none.
//!
//! ```text
//! kiosk --config kiosk.toml [--out DIR | --print URI] [--text] [--language ja|en|zh|ko] [--reader NAME]
//!       [--once --municipality CODE --pin-fd N [--programme ID] [--kind domestic|abroad [--passport-mrz-fd N]] [--copies N]]
//! kiosk --config kiosk.toml --return-to-service
//! ```
//! It serves one resident after the other: with the page until it is stopped, in plain text (`--text`, or no `[browser]` in the
//! configuration) until its input ends. With `--once` it leads one application:
//! progress on standard output (`step take-card`: it waits until the card is gone), exit status 0 only if everything
//! happened; else `CODE: message` on standard error. SIGINT, SIGTERM and SIGHUP cancel the application: the card is let go
//! of, a job at the printer is cancelled, the terminal echoes again, and the exit status is 128 and the signal's number.
//!
//! Before it serves anybody it takes from itself what that does not need (`sandbox`, G4): it goes on reading its TLS files, connects to the
//! ports of center and printer and to sockets of this machine, and writes no file, but certificates where there is `--out`. What it needs
//! beyond that others do, which it starts before ([`beside`](crate::beside)).
//!
//! A kiosk that took itself [out of service](crate::latch) stays so, however often it is started, until `--return-to-service` takes the mark of it away.

mod alive;
mod input;
mod once;
mod page;
mod screen;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use card::pcsc::Pcsc;
use clap::Parser;
use issuance_api::problem::Language;
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProgrammeId};
use issuance_channel::stack;
use sandbox::{Calls, SandboxError, Trial};

use crate::beside::launcher::{Launched, LauncherLost};
use crate::beside::marker::{Marker, MarkerLost};
use crate::beside::names;
use crate::cabinet::{Cabinet, GpioError, PaymentUnit};
use crate::channel::{ChannelCenter, ChannelError};
use crate::conduct::Terminal;
use crate::config::{Config, ConfigError};
use crate::event::{self, Event, MarkState};
use crate::handover::IssuerError;
use crate::latch::{Found, Latch, Mark};
use crate::output::{AddressError, Folder, Output, Place, Printer, PrinterAddress};
use crate::ports::Card;
use crate::program::{Signals, complain, ended_by, language, not_started, reader_untrusted};
use crate::reader::{PcscCard, ReaderError};
use crate::web::browser::{BrowserError, Settings};
use crate::web::desk::Desk;

use alive::Alive;
use input::Input;
use once::Once;
use screen::Screen;

/// A kiosk for vaccination certificates.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// Configuration file.
    #[arg(long)]
    config: PathBuf,
    /// The plain text front end, whatever the configuration says.
    #[arg(long)]
    text: bool,
    /// Language of the texts.
    #[arg(long, default_value = "ja", value_parser = language)]
    language: Language,
    /// Only readers whose name contains this.
    #[arg(long)]
    reader: Option<String>,
    #[command(flatten)]
    place: PlaceArguments,
    /// One application without a resident.
    #[arg(long, requires_all = ["municipality", "pin_fd"])]
    once: bool,
    /// Takes away the mark of a kiosk that took itself out of service, and ends: the next start serves again.
    #[arg(long, conflicts_with_all = ["once", "text"])]
    return_to_service: bool,
    /// With --once: programme, if not the configured one.
    #[arg(long, requires = "once")]
    programme: Option<ProgrammeId>,
    /// With --once: municipality whose records are asked.
    #[arg(long, requires = "once")]
    municipality: Option<MunicipalityCode>,
    /// With --once: kind of certificate.
    #[arg(long, requires = "once", default_value = "domestic", value_parser = kind)]
    kind: CertificateKind,
    /// With --once: copies.
    #[arg(long, requires = "once", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=10))]
    copies: u8,
    /// With --once: file descriptor the PIN is read from, four digits. Of a pipe or a terminal, not of a file.
    #[arg(long, requires = "once")]
    pin_fd: Option<u32>,
    /// With --once and --kind abroad: file descriptor the passport's two machine-readable lines are read from, likewise. Without it
    /// the certificate rests on an earlier one, as at every kiosk.
    #[arg(long, requires = "once")]
    passport_mrz_fd: Option<u32>,
}

impl Arguments {
    /// The configuration's file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct PlaceArguments {
    /// Folder to write certificate.pdf, shc.txt and, for abroad, vdsnc.txt to.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Printer, if not the configured one: ipps://host:port/path, or ipp on this machine.
    #[arg(long)]
    print: Option<PrinterAddress>,
}

/// Why the kiosk does not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error(transparent)]
    Printer(#[from] AddressError),
    #[error("the folder for certificates cannot be made")]
    Folder(#[source] io::Error),
    #[error("neither a printer in the configuration, nor --print, nor --out")]
    NoPlace,
    #[error(transparent)]
    Reader(#[from] ReaderError),
    #[error(transparent)]
    Cabinet(#[from] GpioError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("a process beside the kiosk cannot be started")]
    Beside(#[source] io::Error),
    #[error("the folder for the kiosk's state cannot be used")]
    State(#[source] io::Error),
    #[error(transparent)]
    Marker(#[from] MarkerLost),
    #[error(transparent)]
    Browser(#[from] BrowserError),
    #[error(transparent)]
    Launcher(#[from] LauncherLost),
    #[error("the service manager cannot be told")]
    Manager(#[source] io::Error),
    #[error("the runtime cannot be started")]
    Runtime(#[from] io::Error),
}

/// How the program ended, once it had started.
enum End {
    /// Everything happened.
    Done,
    /// With `--once`: what was in the way.
    Refused(Problem),
    /// By a signal of this number.
    Signal(u8),
}

/// The program with these arguments; an experiment's `trial` says what is otherwise.
pub fn main(arguments: Arguments, trial: Trial) -> ExitCode {
    let language = arguments.language;
    match run(arguments, trial) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Signal(number)) => ended_by(number),
        Ok(End::Refused(problem)) => {
            complain(&format!(
                "{}: {}",
                problem.code.as_str(),
                problem.message(language)
            ));
            ExitCode::FAILURE
        }
        Err(StartError::Reader(error)) => reader_untrusted(&error, language),
        // It had started, and so below.
        Err(StartError::Launcher(LauncherLost)) => {
            event::tell(Event::LauncherLost);
            ExitCode::from(2)
        }
        Err(StartError::Marker(MarkerLost)) => {
            event::tell(Event::MarkerLost);
            ExitCode::from(2)
        }
        Err(error) => not_started(&error),
    }
}

/// Who is served, and how.
enum Service {
    Page { launched: Launched, desk: Box<Desk> },
    Text,
    Once(Box<Once>),
}

fn run(arguments: Arguments, trial: Trial) -> Result<End, StartError> {
    // Before anything of anybody is in it.
    let memory = trial.harden()?;
    let mut config = Config::load(&arguments.config)?;
    let mark = Mark::new(config.state.clone());
    if arguments.return_to_service {
        mark.take_away().map_err(StartError::State)?;
        return Ok(End::Done);
    }
    // Before anything is started, which inherits what they are read from: then there is nothing in it any more.
    let read = || Once::read(&arguments, &config.programme);
    let once = match arguments.once.then(read).transpose() {
        Ok(once) => once.map(Box::new),
        Err(code) => return Ok(End::Refused(code.into())),
    };
    let alive = Arc::new(Alive::find().map_err(StartError::Manager)?);
    let pcsc = Pcsc::open().map_err(ReaderError::from)?;
    let issuer = config.issuer.load()?;
    let landlock = config.sandbox.landlock;
    let mut needs = config.needs();
    if let Some((host, port)) = config.center_host() {
        let way = names::way(host, port, landlock);
        config.center.way = way.map_err(StartError::Beside)?;
    }
    let (center, urn) = ChannelCenter::new(config.center.clone())?;
    let configured = config.printer.uri.as_deref().map(str::parse).transpose()?;
    let output = match (
        &arguments.place.out,
        arguments.place.print.clone().or(configured),
    ) {
        (Some(path), _) => {
            let folder = Folder::new(path.clone());
            folder.make().map_err(StartError::Folder)?;
            needs.write.push(path.clone());
            Place::Folder(folder)
        }
        (_, Some(address)) => {
            needs.connect.push(address.port());
            let way = names::way(address.host(), address.port(), landlock);
            let way = way.map_err(StartError::Beside)?;
            let ca = config.printer.ca.as_deref();
            Place::Printer(Box::new(Printer::new(address, ca, &urn)?.by(way)))
        }
        (None, None) => return Err(StartError::NoPlace),
    };
    let found = mark.find().map_err(StartError::State)?;
    let marker = Marker::start(&config.state, landlock).map_err(StartError::Beside)?;
    let cabinet = Cabinet::new(config.cabinet, config.fee.map(|fee| fee.of(1)))?;
    let read_once: Vec<_> = config.attendant.iter().map(|it| it.key.clone()).collect();
    let service = match (once, config.browser, config.attendant) {
        (Some(once), ..) => Service::Once(once),
        (None, Some(browser), attendant) if !arguments.text => {
            let key = attendant.map(|attendant| attendant.load()).transpose()?;
            let launched = Launched::start(&Settings::from(browser))?;
            // The page's, which is any.
            needs.listen.push(0);
            let desk = Box::new(Desk::new(key));
            Service::Page { launched, desk }
        }
        _ => Service::Text,
    };
    // What was read once is out of reach from here on. There is one thread.
    let extent = trial.confine(&needs, landlock, memory, &read_once)?;

    let calls = match output {
        Place::Folder(_) => Calls::Folder,
        Place::Printer(_) => Calls::Terminal,
    };
    let reader = arguments.reader.clone();
    let mut terminal = Terminal {
        urn,
        center,
        card: PcscCard::start_on(pcsc, reader, SystemTime::now, config.card.into())?,
        output,
        cabinet,
        issuer,
        latch: Latch::kept(found, marker),
        patience: config.patience.into(),
        reads_passports: arguments.passport_mrz_fd.is_some(),
    };
    if let Some(Found { mismatch }) = found {
        let mark = MarkState::Found;
        event::tell(Event::OutOfService { mark, mismatch });
    }
    // The core has the main thread; the page is answered on another while the core makes sure of a certificate.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let mut front = match service {
            Service::Page { launched, desk } => {
                let desk = desk.with_idle(terminal.patience.input);
                FrontEnd::Page(page::Page::open(launched, desk).await?)
            }
            Service::Once(once) => FrontEnd::Once(once),
            Service::Text => FrontEnd::Text(Screen::new(
                Input::start()?,
                arguments.language,
                config.programme,
            )),
        };
        let marker_lost = terminal.latch.marker_lost()?;
        trial.seal(calls)?;
        // The other front ends have standard error for whoever sits before them.
        if let FrontEnd::Page(_) = front {
            event::tell(Event::Confined(extent));
        }
        let end = tokio::select! {
            end = stack::wiped(front.attend(&mut terminal, &alive)) => end,
            number = signals.next() => Ok(End::Signal(number)),
            () = marker_lost => Err(MarkerLost.into()),
            () = alive.go_on() => unreachable!("it goes on until it is dropped"),
        };
        alive.stopping();
        // What was under way is dropped and with it wiped; the card may still be held, and a page be at the printer.
        terminal.card.close().await;
        terminal.output.abandon().await;
        let _ = terminal.cabinet.payment.give_back().await;
        if let FrontEnd::Page(page) = front {
            page.close().await;
        }
        end
    })
}

/// What is spoken with.
enum FrontEnd {
    Page(page::Page),
    Text(Screen),
    Once(Box<Once>),
}

impl FrontEnd {
    async fn attend(
        &mut self,
        terminal: &mut Terminal<ChannelCenter, PcscCard, Place>,
        alive: &Arc<Alive>,
    ) -> Result<End, StartError> {
        match self {
            Self::Page(page) => Err(page.attend(terminal, alive).await.into()),
            Self::Once(once) => Ok(match once.run(terminal).await {
                Ok(()) => End::Done,
                Err(problem) => End::Refused(problem),
            }),
            Self::Text(screen) => {
                alive.ready();
                while screen.is_open() {
                    terminal.until_output_is_settled(screen).await;
                    terminal.until_card_is_gone(screen).await;
                    terminal.until_tray_is_clear(screen).await;
                    // How it ended was shown; the next resident begins anew.
                    drop(terminal.serve(screen).await);
                    screen.pause().await;
                }
                Ok(End::Done)
            }
        }
    }
}

fn kind(text: &str) -> Result<CertificateKind, &'static str> {
    [CertificateKind::Domestic, CertificateKind::Abroad]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or("domestic or abroad")
}
