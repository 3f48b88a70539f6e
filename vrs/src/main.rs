//! The vaccination record system.

use std::{io::Write, path::PathBuf, process::ExitCode};

use card::trust::Environment;
use clap::{Parser, Subcommand};
use issuance_api::{CertificateId, MunicipalityCode};
use sandbox::{Memory, Trial};
use vrs::{
    clock::SystemClock,
    commands::{self, CommandError},
    config::Config,
    serve::serve,
};

/// What is freed is wiped, also by libraries that know of no secrets: nothing of a request stays in this memory.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[derive(Parser)]
#[command(about = "Vaccination record system: records by municipality, released against proof")]
struct Arguments {
    /// Configuration.
    #[arg(long, global = true, default_value = "vrs.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make key and database of a municipality. Nothing else ever makes one.
    Init {
        /// 全国地方公共団体コード.
        #[arg(long)]
        municipality: MunicipalityCode,
    },
    /// Take over persons and doses from a CSV file, all or nothing.
    Import {
        /// 全国地方公共団体コード.
        #[arg(long)]
        municipality: MunicipalityCode,
        /// The file; README.md has its columns.
        file: PathBuf,
    },
    /// Revoke a certificate.
    Revoke {
        /// 全国地方公共団体コード.
        #[arg(long)]
        municipality: MunicipalityCode,
        /// 証明書ID.
        id: CertificateId,
    },
    /// Serve centers.
    Serve,
    /// Make keys.
    Keys {
        #[command(subcommand)]
        key: Key,
    },
}

#[derive(Subcommand)]
enum Key {
    /// The Ed25519 key that signs findings and receipts; the public half goes beside it as *.pub.pem.
    Statement {
        /// Where to.
        #[arg(long)]
        out: PathBuf,
        /// production, test-card or emulator.
        #[arg(long)]
        environment: Environment,
    },
}

fn main() -> ExitCode {
    // Whatever the command: an import holds a whole municipality.
    let hardened = sandbox::harden().map_err(CommandError::from);
    match hardened.and_then(|memory| run(Arguments::parse(), memory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::explain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, memory: Memory) -> Result<(), CommandError> {
    let clock = SystemClock::start();
    let config = || Ok::<_, CommandError>(Config::load(&arguments.config)?);
    // Serving confines itself before it has threads.
    if matches!(arguments.command, Command::Serve) {
        return Ok(serve(config()?, clock, Trial::default())?);
    }
    memory.tell();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system gives a thread");
    runtime.block_on(end(arguments.command, config, clock))
}

/// The commands that end by themselves.
async fn end(
    command: Command,
    config: impl Fn() -> Result<Config, CommandError>,
    clock: SystemClock,
) -> Result<(), CommandError> {
    match command {
        Command::Init { municipality } => commands::init(&config()?, municipality, &clock).await,
        Command::Import { municipality, file } => {
            let imported = commands::import(&config()?, municipality, &file, &clock).await?;
            let line = serde_json::to_string(&imported).expect("counts have only string keys");
            // There is nowhere to report that standard output is gone.
            let _ = writeln!(std::io::stdout(), "{line}");
            Ok(())
        }
        Command::Revoke { municipality, id } => {
            commands::revoke(&config()?, municipality, &id, &clock).await
        }
        Command::Serve => Ok(()),
        Command::Keys {
            key: Key::Statement { out, environment },
        } => commands::statement_key(&out, environment),
    }
}
