//! The program `app`: the terminal core on a resident's own device (`docs/app.md`).
//!
//! ```text
//! app --config app.toml [--reader NAME] [--start FILE] [--language ja|en|zh|ko]
//! app --config app.toml --discard
//! ```
//! It serves its page on loopback until a signal ends it, and opens it in the resident's browser, where the configuration says how. `ready
//! page=http://127.0.0.1:PORT memory=locked` on standard output says that it does; it holds no secret. `memory=not-locked` says that the
//! user may not keep so much of it off the swap (RLIMIT_MEMLOCK): nothing is dumped or looked into all the same. What lets in whoever started the program is in a
//! file that only its owner can read, which the browser is opened on, and which goes with the program. SIGINT, SIGTERM and SIGHUP end
//! it: an application is cancelled and the card let go of.
//!
//! It calls itself as `app --scan` for what is to be verified (`app::scanner`), and as `app --passport` and
//! `app --recognise` for a passport's picture (`app::passports`).

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Parser;
use issuance_api::problem::Language;
use issuance_channel::stack;
use sandbox::{Memory, SandboxError};
use terminal::app::conduct::App;
use terminal::app::config::AppConfig;
use terminal::app::front::PageFront;
use terminal::app::opening::{Opening, OpeningError};
use terminal::app::passports::{self, PassportProgram};
use terminal::app::porter::Porter;
use terminal::app::scanner::{self, Scanner};
use terminal::app::server::Server;
use terminal::app::verifying::{Verifying, VerifyingError};
use terminal::app::wallet::{self, WalletError};
use terminal::config::ConfigError;
use terminal::enrolment::Membership;
use terminal::handover::IssuerError;
use terminal::keystore::SocketKeystore;
use terminal::latch::Latch;
use terminal::ports::Card;
use terminal::program::{Signals, ended_by, language, not_started, reader_untrusted};
use terminal::reader::{PcscCard, ReaderError};
use time::OffsetDateTime;

/// Memory is wiped when it is freed: buffers of TLS, HTTP and the rasteriser hold what the types here cannot wipe.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// Vaccination certificates on a device of one's own.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Only readers whose name contains this.
    #[arg(long)]
    reader: Option<String>,
    /// Where the file goes that leads a browser in, if not into a folder of its own.
    #[arg(long)]
    start: Option<PathBuf>,
    /// Language of what is said on standard error.
    #[arg(long, default_value = "ja", value_parser = language)]
    language: Language,
    /// Takes away the wallet and every certificate in it, open or not, and ends: for somebody who forgot the passphrase.
    #[arg(long)]
    discard: bool,
}

/// Why the app does not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the wallet cannot be used")]
    Wallet(#[from] WalletError),
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error(transparent)]
    Verifying(#[from] VerifyingError),
    #[error(transparent)]
    Reader(#[from] ReaderError),
    #[error("the page's port is not free")]
    Port(#[source] io::Error),
    #[error(transparent)]
    Opening(#[from] OpeningError),
    #[error(transparent)]
    Memory(#[from] SandboxError),
    #[error("the runtime cannot be started")]
    Runtime(#[from] io::Error),
}

fn main() -> ExitCode {
    if let Some(served) = serves_itself() {
        return match served {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(signal)) => ended_by(signal),
        Err(StartError::Reader(error)) => reader_untrusted(&error, arguments.language),
        Err(error) => not_started(&error),
    }
}

/// What it does when it was called by itself.
fn serves_itself() -> Option<io::Result<()>> {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next()?;
    match first.to_str()? {
        scanner::ARGUMENT if arguments.len() == 0 => Some(scanner::serve()),
        passports::ARGUMENT if arguments.len() == 0 => Some(passports::serve()),
        passports::BECOMES => Some(passports::recognise(arguments)),
        _ => None,
    }
}

/// Runs until a signal ends it, and says which.
fn run(arguments: &Arguments) -> Result<Option<u8>, StartError> {
    // Before anything of anybody is in it.
    let memory = sandbox::harden()?;
    let config = AppConfig::load(&arguments.config)?;
    let place = config.place();
    if arguments.discard {
        wallet::discard(&place.folder)?;
        return Ok(None);
    }
    // One that no passphrase opens any more is told before a page asks for one.
    place.opens()?;
    let card = PcscCard::start(
        arguments.reader.clone(),
        SystemTime::now,
        config.card.into(),
    )?;
    let issuer = config.issuer.load()?;
    let verifying = Arc::new(Verifying::new(
        &config.verify,
        &config.issuer,
        OffsetDateTime::now_utc().unix_timestamp(),
    )?);
    let keystore = SocketKeystore::at(config.keystore.socket.clone());
    let enrolment = config.enrolment();
    let mut app = App {
        gate: Membership::new(enrolment, Arc::new(keystore)),
        card,
        issuer,
        latch: Latch::new(),
        passports: Arc::new(PassportProgram::default()),
        verifying: Arc::clone(&verifying),
        scanner: Scanner::default(),
    };

    // The core has the main thread; the page is answered on another, and the keystore waited for, while the core makes sure of a
    // certificate.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let (mut front, knocks) = PageFront::new();
        let server = Server::bind(config.page.port, place.clone(), front.shared())
            .await
            .map_err(StartError::Port)?;
        let opening = Opening::write(arguments.start.as_deref(), &server.entrance())?;
        let page = server.origin().to_owned();
        tokio::spawn(server.serve());
        tokio::spawn(async move { verifying.keep_fresh().await });
        let mut porter = Porter::new(place, knocks, front.shared(), config.patience.idle());
        say_ready(&page, memory);
        opening.show(&config.page.open)?;
        let signal = tokio::select! {
            never = stack::wiped(app.attend(&mut porter, &mut front)) => match never {},
            signal = signals.next() => signal,
        };
        // What was under way is dropped and with it wiped; the card may still be held.
        app.read_up().await;
        front.lock();
        app.card.close().await;
        drop(opening);
        Ok(Some(signal))
    })
}

#[expect(clippy::print_stdout, reason = "for whoever started the program")]
fn say_ready(page: &str, memory: Memory) {
    let memory = match memory {
        Memory::Locked => "locked",
        Memory::NotLocked => "not-locked",
    };
    println!("ready page={page} memory={memory}");
}
