//! The program `kiosk`: the terminal core with a page in a browser of its own, with a plain text front end, or, with `--once`, with
//! none.
//!
//! ```text
//! kiosk --config kiosk.toml [--out DIR | --print URI] [--text] [--language ja|en|zh|ko] [--reader NAME]
//!       [--once --municipality CODE --pin-fd N [--programme ID] [--kind domestic|abroad [--passport-mrz-fd N]] [--copies N]]
//! ```
//! It serves one resident after the other: with the page until it is stopped, in plain text (`--text`, or no `[browser]` in the
//! configuration) until its input ends. With `--once` it leads one application:
//! progress on standard output (`step take-card`: it waits until the card is gone), exit status 0 only if everything
//! happened; else `CODE: message` on standard error. SIGINT, SIGTERM and SIGHUP cancel the application: the card is let go
//! of, a job at the printer is cancelled, the terminal echoes again, and the exit status is 128 and the signal's number.

#[path = "kiosk/alive.rs"]
mod alive;
#[path = "kiosk/input.rs"]
mod input;
#[path = "kiosk/once.rs"]
mod once;
#[path = "kiosk/page.rs"]
mod page;
#[path = "kiosk/screen.rs"]
mod screen;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Parser;
use issuance_api::problem::Language;
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProgrammeId};
use terminal::cabinet::{Cabinet, GpioError, PaymentUnit};
use terminal::channel::{ChannelCenter, ChannelError};
use terminal::conduct::Terminal;
use terminal::config::{Config, ConfigError};
use terminal::handover::{Issuer, IssuerError};
use terminal::latch::Latch;
use terminal::output::{AddressError, Folder, Output, Place, Printer, PrinterAddress};
use terminal::ports::Card;
use terminal::program::{Signals, complain, ended_by, language, not_started, reader_untrusted};
use terminal::reader::{PcscCard, ReaderError};
use terminal::web::browser::{BrowserError, Settings};
use terminal::web::desk::Desk;

use alive::Alive;
use input::Input;
use once::Once;
use screen::Screen;

/// Memory is wiped when it is freed: buffers of TLS, HTTP and the rasteriser hold what the types here cannot wipe.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// A kiosk for vaccination certificates.
#[derive(Parser)]
#[command(version)]
struct Arguments {
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
    /// With --once: file descriptor the PIN is read from, four digits.
    #[arg(long, requires = "once")]
    pin_fd: Option<u32>,
    /// With --once and --kind abroad: file descriptor the passport's two machine-readable lines are read from. Without it the
    /// certificate rests on an earlier one, as at every kiosk.
    #[arg(long, requires = "once")]
    passport_mrz_fd: Option<u32>,
}

#[derive(clap::Args)]
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
    #[error("neither a printer in the configuration, nor --print, nor --out")]
    NoPlace,
    #[error(transparent)]
    Reader(#[from] ReaderError),
    #[error(transparent)]
    Cabinet(#[from] GpioError),
    #[error(transparent)]
    Browser(#[from] BrowserError),
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let language = arguments.language;
    match run(arguments) {
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
        Err(error) => not_started(&error),
    }
}

fn run(arguments: Arguments) -> Result<End, StartError> {
    let config = Config::load(&arguments.config)?;
    let alive = Arc::new(Alive::find().map_err(StartError::Manager)?);
    let card = PcscCard::start(
        arguments.reader.clone(),
        SystemTime::now,
        config.card.into(),
    )?;
    let mut issuer = Issuer::load(config.issuer.iss, &config.issuer.keys)?;
    if let Some(csca) = &config.issuer.csca {
        issuer = issuer.with_csca(csca)?;
    }
    let (center, urn) = ChannelCenter::new(config.center)?;
    let configured = config.printer.uri.as_deref().map(str::parse).transpose()?;
    let output = match (
        &arguments.place.out,
        arguments.place.print.clone().or(configured),
    ) {
        (Some(folder), _) => Place::Folder(Folder::new(folder.clone())),
        (_, Some(address)) => {
            let ca = config.printer.ca.as_deref();
            Place::Printer(Box::new(Printer::new(address, ca, &urn)?))
        }
        (None, None) => return Err(StartError::NoPlace),
    };
    let mut terminal = Terminal {
        urn,
        center,
        card,
        output,
        cabinet: Cabinet::new(config.cabinet, config.fee.map(|fee| fee.of(1)))?,
        issuer,
        latch: Latch::new(),
        patience: config.patience.into(),
        reads_passports: arguments.passport_mrz_fd.is_some(),
    };

    let desk = match (config.browser, config.attendant) {
        (Some(browser), attendant) if !arguments.text && !arguments.once => {
            let key = attendant.map(|attendant| attendant.load()).transpose()?;
            let desk = Desk::new(key).with_idle(terminal.patience.input);
            Some((Settings::from(browser), desk))
        }
        _ => None,
    };

    // The core has the main thread; the page is answered on another while the core makes sure of a certificate.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let end = tokio::select! {
            end = attend(&arguments, config.programme, desk, &mut terminal, &alive) => end?,
            number = signals.next() => End::Signal(number),
            () = alive.go_on() => unreachable!("it goes on until it is dropped"),
        };
        alive.stopping();
        // What was under way is dropped and with it wiped; the card may still be held, and a page be at the printer.
        terminal.card.close().await;
        terminal.output.abandon().await;
        let _ = terminal.cabinet.payment.give_back().await;
        Ok(end)
    })
}

async fn attend(
    arguments: &Arguments,
    programme: ProgrammeId,
    desk: Option<(Settings, Desk)>,
    terminal: &mut Terminal<ChannelCenter, PcscCard, Place>,
    alive: &Arc<Alive>,
) -> Result<End, StartError> {
    if let (true, Some(municipality), Some(pin_fd)) =
        (arguments.once, arguments.municipality, arguments.pin_fd)
    {
        let pin = match once::pin_from(pin_fd) {
            Ok(pin) => Some(pin),
            Err(code) => return Ok(End::Refused(code.into())),
        };
        let passport = arguments.passport_mrz_fd.map(once::passport_from);
        let passport = match passport.transpose() {
            Ok(passport) => passport,
            Err(code) => return Ok(End::Refused(code.into())),
        };
        let mut once = Once {
            programme: arguments.programme.clone().unwrap_or(programme),
            kind: arguments.kind,
            municipality,
            copies: arguments.copies,
            pin,
            passport,
            next: None,
            refused: None,
        };
        return Ok(match once.run(terminal).await {
            Ok(()) => End::Done,
            Err(problem) => End::Refused(problem),
        });
    }
    if let Some((browser, desk)) = desk {
        page::attend(terminal, &browser, desk, alive).await?;
        return Ok(End::Done);
    }
    alive.ready();
    let mut screen = Screen::new(Input::start()?, arguments.language, programme);
    while screen.is_open() {
        terminal.until_output_is_settled(&mut screen).await;
        terminal.until_card_is_gone(&mut screen).await;
        // How it ended was shown; the next resident begins anew.
        drop(terminal.serve(&mut screen).await);
        screen.pause().await;
    }
    Ok(End::Done)
}

fn kind(text: &str) -> Result<CertificateKind, &'static str> {
    [CertificateKind::Domestic, CertificateKind::Abroad]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or("domestic or abroad")
}
