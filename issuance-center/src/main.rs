//! The issuance center.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use card::trust::Environment;
use clap::{Args, Parser, Subcommand};
use issuance_api::Date;
use issuance_center::{
    clock::SystemClock,
    config::Config,
    serve::{ServeError, serve},
    signing::{
        Jwks, KeyError, KeyFile, PublicKey, RidSecret, RidSecretError, Signer,
        vdsnc::store::{self, StoreError},
    },
};
use sandbox::{Memory, SandboxError, Trial};
use serde::Serialize;
use time::OffsetDateTime;

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
    /// CSCA and barcode signers of certificates for abroad (ICAO VDS-NC).
    Vdsnc {
        #[command(subcommand)]
        command: Vdsnc,
    },
    /// Print public keys as JWKS, for terminals to pin.
    Jwks {
        /// Key files, private or public halves.
        #[arg(long, required = true, num_args = 1..)]
        key: Vec<PathBuf>,
    },
}

/// Folders of `keys vdsnc`.
#[derive(Args)]
struct Folders {
    /// Of the CSCA: csca.pem, csca.key, csca.crl.pem. Apart from the center, which never needs the key.
    #[arg(long)]
    csca: PathBuf,
    /// Of signers: SERIAL.pem, SERIAL.key.
    #[arg(long)]
    signers: PathBuf,
}

#[derive(Subcommand)]
enum Vdsnc {
    /// Make a CSCA with an empty revocation list, and its first signer.
    New {
        #[command(flatten)]
        folders: Folders,
        /// Its common name; stands in every barcode, so a short one.
        #[arg(long, default_value = "CSCA JP")]
        name: String,
        /// production, test-card or emulator.
        #[arg(long, default_value = "emulator")]
        environment: Environment,
    },
    /// Make the next signer. It signs for 95 days; the center prefers the newest whose time has come.
    Rotate {
        #[command(flatten)]
        folders: Folders,
        /// First day it signs (YYYY-MM-DD, UTC); now if left out.
        #[arg(long)]
        from: Option<Date>,
    },
    /// Print what there is, one JSON object a line; needs no key.
    List {
        #[command(flatten)]
        folders: Folders,
    },
    /// Copy certificates and list, and no key, for the center and for verifiers.
    Export {
        #[command(flatten)]
        folders: Folders,
        /// Where to; what was exported there before is replaced.
        #[arg(long)]
        out: PathBuf,
    },
    /// Make the next revocation list.
    Crl {
        #[command(flatten)]
        folders: Folders,
        /// Serial number of a signer to put on it; entries stay.
        #[arg(long)]
        revoke: Vec<String>,
        /// Days until the next list at the latest, 1 to 90.
        #[arg(long, default_value_t = store::MAX_LIST_DAYS)]
        days: u16,
    },
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    RidSecret(#[from] RidSecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn main() -> ExitCode {
    // Whatever the command: most have a key at hand.
    let hardened = sandbox::harden().map_err(Failure::from);
    match hardened.and_then(|memory| run(Arguments::parse().command, memory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            explain(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, memory: Memory) -> Result<(), Failure> {
    match command {
        Command::Serve { config } => {
            let config = Config::load(&config).map_err(ServeError::from)?;
            let clock = Arc::new(SystemClock::start());
            Ok(serve(config, clock, Trial::default())?)
        }
        Command::Keys { command } => {
            memory.tell();
            keys(command)
        }
    }
}

fn keys(command: Keys) -> Result<(), Failure> {
    match command {
        Keys::New { out, environment } => Ok(KeyFile::create(&out, environment)?),
        Keys::RidSecret { out } => Ok(RidSecret::create(&out)?),
        Keys::Vdsnc { command } => Ok(vdsnc(command)?),
        Keys::Jwks { key } => {
            let keys = key.iter().map(|path| public_half(path));
            let keys = keys.collect::<Result<Vec<_>, _>>()?;
            let keys = keys.iter().map(|key| key.jwk(None)).collect();
            print(&Jwks { keys });
            Ok(())
        }
    }
}

fn vdsnc(command: Vdsnc) -> Result<(), StoreError> {
    let now = OffsetDateTime::now_utc();
    match command {
        Vdsnc::New {
            folders: Folders { csca, signers },
            name,
            environment,
        } => store::new(&csca, &signers, &name, environment, now),
        Vdsnc::Rotate {
            folders: Folders { csca, signers },
            from,
        } => {
            let from = from.map(|day| day.get().midnight().assume_utc());
            store::rotate(&csca, &signers, from.unwrap_or(now))
        }
        Vdsnc::List {
            folders: Folders { csca, signers },
        } => {
            let listed = store::list(&csca, &signers)?;
            listed.iter().for_each(print);
            Ok(())
        }
        Vdsnc::Export {
            folders: Folders { csca, signers },
            out,
        } => store::export(&csca, &signers, &out),
        Vdsnc::Crl {
            folders: Folders { csca, signers },
            revoke,
            days,
        } => store::crl(&csca, &signers, &revoke, days, now),
    }
}

/// One line on standard output.
fn print(document: &impl Serialize) {
    let line = serde_json::to_string(document).expect("keys have only string keys");
    // There is nowhere to report that standard output is gone.
    let _ = writeln!(std::io::stdout(), "{line}");
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
