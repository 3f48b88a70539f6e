//! The issuance center.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use card::trust::Environment;
use clap::{Parser, Subcommand};
use issuance_center::{
    config::Config,
    serve::{ServeError, serve},
    signing::{Jwks, KeyError, KeyFile, PublicKey, RidSecret, RidSecretError, Signer},
};
use serde::Serialize;

/// What is freed is wiped, also by libraries that know of no secrets: nothing of a request stays in this memory.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[derive(Parser)]
#[command(about = "Issuance center: evidence of a card in, certificate out, nothing kept")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve terminals.
    Serve {
        /// Configuration.
        #[arg(long, default_value = "center.toml")]
        config: PathBuf,
    },
    /// Make and show keys.
    Keys {
        #[command(subcommand)]
        command: Keys,
    },
}

#[derive(Subcommand)]
enum Keys {
    /// Make a signing key (P-256, PKCS#8); the public half goes beside it as *.pub.pem.
    New {
        /// Where to.
        #[arg(long)]
        out: PathBuf,
        /// production, test-card or emulator.
        #[arg(long, default_value = "emulator")]
        environment: Environment,
    },
    /// Make the secret of revocation ids.
    RidSecret {
        /// Where to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Print public keys as JWKS, for terminals to pin.
    Jwks {
        /// Key files, private or public halves.
        #[arg(long, required = true, num_args = 1..)]
        key: Vec<PathBuf>,
    },
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    RidSecret(#[from] RidSecretError),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            explain(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve { config } => {
            let config = Config::load(&config).map_err(ServeError::from)?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .expect("the operating system gives threads");
            Ok(runtime.block_on(serve(&config))?)
        }
        Command::Keys { command } => keys(command),
    }
}

fn keys(command: Keys) -> Result<(), Failure> {
    match command {
        Keys::New { out, environment } => Ok(KeyFile::create(&out, environment)?),
        Keys::RidSecret { out } => Ok(RidSecret::create(&out)?),
        Keys::Jwks { key } => {
            let keys = key.iter().map(|path| public_half(path));
            let keys = keys.collect::<Result<Vec<_>, _>>()?;
            let keys = keys.iter().map(|key| key.jwk(None)).collect();
            let line = serde_json::to_string(&Jwks { keys }).expect("keys have only string keys");
            // There is nowhere to report that standard output is gone.
            let _ = writeln!(std::io::stdout(), "{line}");
            Ok(())
        }
    }
}

fn public_half(path: &Path) -> Result<PublicKey, KeyError> {
    PublicKey::load(path).or_else(|_| Ok(KeyFile::load(path)?.public().clone()))
}

/// One JSON line on standard error.
fn explain(failure: &Failure) {
    #[derive(Serialize)]
    struct Failed {
        event: &'static str,
        reason: String,
    }
    let line = serde_json::to_string(&Failed {
        event: "failed",
        reason: failure.to_string(),
    });
    let line = line.expect("a reason has only string keys");
    // There is nowhere to report that standard error is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}
