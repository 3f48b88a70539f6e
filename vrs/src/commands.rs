//! The commands that end by themselves.

use std::{io::Write, path::Path};

use card::trust::Environment;
use issuance_api::{CertificateId, MunicipalityCode};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    clock::Clock,
    config::Config,
    import::{self, ImportError},
    statement::StatementKey,
    storage::{CreateError, Division, Imported, Revocation, Unavailable},
};

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database was not made.
    #[error("the division was not made: {0}")]
    Create(#[from] CreateError),
    /// Records cannot be relied on.
    #[error("the records are unavailable: {0}")]
    Unavailable(#[from] Unavailable),
    /// The file to import cannot be read.
    #[error("the file cannot be read")]
    File,
    /// The file is wrong; nothing was taken over.
    #[error("the file has {} errors; nothing was taken over", .0.len())]
    Import(Vec<ImportError>),
    /// No such certificate in this municipality.
    #[error("no such certificate")]
    UnknownCertificate,
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// This process cannot be protected.
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    /// It cannot serve.
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
    /// No key was made.
    #[error(transparent)]
    Key(#[from] crate::statement::StatementKeyError),
}

/// `vrs init`.
///
/// # Errors
/// [`CommandError::Create`].
pub async fn init(
    config: &Config,
    municipality: MunicipalityCode,
    clock: &dyn Clock,
) -> Result<(), CommandError> {
    Division::create(&config.folders, municipality, clock.unix()).await?;
    Ok(())
}

/// `vrs import`: all or nothing.
///
/// # Errors
/// [`CommandError`]; then nothing was taken over.
pub async fn import(
    config: &Config,
    municipality: MunicipalityCode,
    file: &Path,
    clock: &dyn Clock,
) -> Result<Imported, CommandError> {
    let bytes = std::fs::read(file)
        .map(Zeroizing::new)
        .map_err(|_| CommandError::File)?;
    let entries = import::parse(&bytes).map_err(CommandError::Import)?;
    let division = Division::open(&config.folders, municipality).await?;
    let imported = division.import(&entries, clock.unix()).await?;
    division.close().await;
    Ok(imported)
}

/// `vrs revoke`.
///
/// # Errors
/// [`CommandError`].
pub async fn revoke(
    config: &Config,
    municipality: MunicipalityCode,
    certificate: &CertificateId,
    clock: &dyn Clock,
) -> Result<(), CommandError> {
    let division = Division::open(&config.folders, municipality).await?;
    let mut session = division.begin().await?;
    let revocation = session.revoke(certificate, clock.unix()).await?;
    session.commit().await?;
    division.close().await;
    match revocation {
        Revocation::Revoked | Revocation::Already => Ok(()),
        Revocation::Unknown => Err(CommandError::UnknownCertificate),
    }
}

/// `vrs keys statement`.
///
/// # Errors
/// [`CommandError::Key`].
pub fn statement_key(out: &Path, environment: Environment) -> Result<(), CommandError> {
    Ok(StatementKey::create(out, environment)?)
}

/// Says on standard error why a command failed: JSON lines, each error of a file with line and column.
pub fn explain(error: &CommandError) {
    #[derive(Serialize)]
    struct Failed {
        event: &'static str,
        reason: String,
    }
    let mut lines = Vec::new();
    if let CommandError::Import(errors) = error {
        lines.extend(errors.iter().map(serde_json::to_string));
    }
    lines.push(serde_json::to_string(&Failed {
        event: "failed",
        reason: error.to_string(),
    }));
    let mut out = std::io::stderr().lock();
    for line in lines.into_iter().flatten() {
        // There is nowhere to report that standard error is gone.
        let _ = writeln!(out, "{line}");
    }
}
