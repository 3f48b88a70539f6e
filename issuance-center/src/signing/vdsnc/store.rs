//! The operator's commands on CSCA and signers: `issuance-center keys vdsnc …`. Nothing that serves comes here.
//!
//! The CSCA's folder holds `csca.pem`, `csca.key` and `csca.crl.pem`, and belongs on a machine apart from the center;
//! `export` copies what the center and verifiers need of it.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use card::trust::Environment;
use issuance_channel::secret_file;
use p256::{SecretKey, ecdsa::SigningKey, elliptic_curve::Generate};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use x509_cert::{
    builder,
    der::{EncodePem, pem::LineEnding},
    serial_number::SerialNumber,
};

use super::{
    Csca, ProfileError, RevocationList, SignerCertificate, SignersError, certificates, read,
};
use crate::signing::{KeyError, KeyFile};

/// Days for which a list is made at most: a verifier that has one older than its time should not believe it.
pub const MAX_LIST_DAYS: u16 = 90;

/// Common name of every signer: the serial number tells them apart.
const SIGNER_NAME: &str = "VDS";

const CERTIFICATE: &str = "csca.pem";
const KEY: &str = "csca.key";
const LIST: &str = "csca.crl.pem";
const SIGNERS: &str = "signers";

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is there already is not what it has to be.
    #[error(transparent)]
    There(#[from] SignersError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file or folder could not be written, or exists already.
    #[error("{}: cannot be written, or exists already", .0.display())]
    NotWritten(PathBuf),
    /// The private key in the CSCA's folder is not its certificate's.
    #[error("{}: not the key of the CSCA's certificate", .0.display())]
    OtherKey(PathBuf),
    /// What would be made would not be what it has to be.
    #[error("would not be made right: {0}")]
    Profile(#[from] ProfileError),
    /// A name cannot stand in a certificate, or numbers ran out.
    #[error("the certificate or list cannot be made: {0}")]
    Make(builder::Error),
    /// No signer of this serial number.
    #[error("no signer has the serial number {0}")]
    UnknownSerial(String),
    /// Zero, or longer than allowed.
    #[error("a list is made for 1 to 90 days")]
    Days,
}

impl From<builder::Error> for StoreError {
    fn from(error: builder::Error) -> Self {
        Self::Make(error)
    }
}

/// One line of `list`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Listed {
    /// The root.
    Csca {
        /// Serial number in hexadecimal.
        serial: String,
        /// Last day.
        valid_until: String,
    },
    /// Its revocation list.
    List {
        /// Entries.
        revoked: usize,
        /// Day until which it is to be believed.
        next_update: String,
    },
    /// A barcode signer.
    Signer {
        /// Serial number in hexadecimal.
        serial: String,
        /// First day it signs.
        signs_from: String,
        /// Last day it signs.
        signs_until: String,
        /// Last day what it signed verifies.
        valid_until: String,
        /// Whether its private key lies beside it.
        key: bool,
        /// Whether it is on the list.
        revoked: bool,
    },
}

/// Makes a CSCA with an empty list, and its first signer, in a folder without any.
///
/// # Errors
/// [`StoreError`]; no existing file is touched.
pub fn new(
    csca: &Path,
    signers: &Path,
    name: &str,
    environment: Environment,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    folder(csca)?;
    // Signers of one CSCA lie in one folder.
    if signers.exists() && !certificates(signers)?.is_empty() {
        return Err(StoreError::NotWritten(signers.to_owned()));
    }
    let secret = SecretKey::generate();
    let key = SigningKey::from(&secret);
    let certificate = Csca::create(&key, name, now)?;
    let pem = pem(&certificate)?;
    let root = Csca::read(&pem)?;
    let until = now + Duration::days(MAX_LIST_DAYS.into());
    let list = RevocationList::create(&root, &key, None, &[], (now, until))?;
    KeyFile::write(&secret, &csca.join(KEY), environment)?;
    write(&csca.join(CERTIFICATE), pem.as_bytes())?;
    write(&csca.join(LIST), self::pem(&list)?.as_bytes())?;
    rotate(csca, signers, now)
}

/// Makes the next signer, which signs from `from` on. The center prefers the newest whose time has come.
///
/// # Errors
/// [`StoreError`]; no existing file is touched.
pub fn rotate(csca: &Path, signers: &Path, from: OffsetDateTime) -> Result<(), StoreError> {
    let root = open(csca)?;
    folder(signers)?;
    let secret = SecretKey::generate();
    let key = SigningKey::from(&secret);
    let certificate = SignerCertificate::create(
        &root.certificate,
        root.key.signing_key(),
        key.verifying_key(),
        SIGNER_NAME,
        from,
    )?;
    let pem = pem(&certificate)?;
    let made = SignerCertificate::read(&pem, &root.certificate)?;
    let path = signers.join(made.serial());
    KeyFile::write(&secret, &path.with_extension("key"), root.key.environment())?;
    write(&path.with_extension("pem"), pem.as_bytes())
}

/// What there is; needs no private key.
///
/// # Errors
/// [`StoreError::There`].
pub fn list(csca: &Path, signers: &Path) -> Result<Vec<Listed>, StoreError> {
    let root = read(&csca.join(CERTIFICATE), Csca::read)?;
    let list = read(&csca.join(LIST), |pem| RevocationList::read(pem, &root))?;
    let day = |moment: OffsetDateTime| String::from(issuance_api::Date::from(moment.date()));
    let mut listed = vec![
        Listed::Csca {
            serial: root.serial(),
            valid_until: day(root.valid().1),
        },
        Listed::List {
            revoked: list.entries(),
            next_update: day(list.next_update()),
        },
    ];
    for path in certificates(signers)? {
        let signer = read(&path, |pem| SignerCertificate::read(pem, &root))?;
        let (from, until) = signer.signs();
        listed.push(Listed::Signer {
            serial: signer.serial(),
            signs_from: day(from),
            signs_until: day(until),
            valid_until: day(signer.valid_until()),
            key: path.with_extension("key").exists(),
            revoked: list.has(&signer.serial()),
        });
    }
    Ok(listed)
}

/// Copies certificates and list, and no key, to a folder for verifiers; over what was exported before.
///
/// # Errors
/// [`StoreError`].
pub fn export(csca: &Path, signers: &Path, out: &Path) -> Result<(), StoreError> {
    let root = read(&csca.join(CERTIFICATE), Csca::read)?;
    let list = read(&csca.join(LIST), |pem| RevocationList::read(pem, &root))?;
    let folder = out.join(SIGNERS);
    fs::create_dir_all(&folder).map_err(|_| StoreError::NotWritten(folder.clone()))?;
    replace(&out.join(CERTIFICATE), &root.pem())?;
    replace(&out.join(LIST), &list.pem())?;
    for path in certificates(signers)? {
        let signer = read(&path, |pem| SignerCertificate::read(pem, &root))?;
        let to = folder.join(signer.serial()).with_extension("pem");
        // The signers' own folder may be the one exported to.
        if to != path {
            replace(&to, &signer.pem())?;
        }
    }
    Ok(())
}

/// Makes the next list, with these signers on it beside those already there.
///
/// # Errors
/// [`StoreError`]; then the list there is stays.
pub fn crl(
    csca: &Path,
    signers: &Path,
    revoke: &[String],
    days: u16,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if !(1..=MAX_LIST_DAYS).contains(&days) {
        return Err(StoreError::Days);
    }
    let root = open(csca)?;
    let before = read(&csca.join(LIST), |pem| {
        RevocationList::read(pem, &root.certificate)
    })?;
    let mut serials = Vec::new();
    for wanted in revoke {
        // A number nobody has would be revoked in vain, and the one meant would not be.
        let mut known = certificates(signers)?.into_iter();
        let unknown = || StoreError::UnknownSerial(wanted.clone());
        let known = known.any(|path| {
            let signer = read(&path, |pem| SignerCertificate::read(pem, &root.certificate));
            signer.is_ok_and(|signer| signer.serial() == *wanted)
        });
        if !known {
            return Err(unknown());
        }
        serials.push(serial(wanted).ok_or_else(unknown)?);
    }
    let until = now + Duration::days(days.into());
    let key = root.key.signing_key();
    let list = RevocationList::create(
        &root.certificate,
        key,
        Some(&before),
        &serials,
        (now, until),
    );
    replace(&csca.join(LIST), &pem(&list?)?)
}

struct Root {
    certificate: Csca,
    key: KeyFile,
}

fn open(csca: &Path) -> Result<Root, StoreError> {
    let certificate = read(&csca.join(CERTIFICATE), Csca::read)?;
    let path = csca.join(KEY);
    let key = KeyFile::load(&path)?;
    if certificate.key() != key.signing_key().verifying_key() {
        return Err(StoreError::OtherKey(path));
    }
    Ok(Root { certificate, key })
}

fn serial(hex: &str) -> Option<SerialNumber> {
    let pairs = hex.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    SerialNumber::new(&bytes.collect::<Option<Vec<u8>>>()?).ok()
}

fn pem(document: &impl EncodePem) -> Result<String, StoreError> {
    let pem = document.to_pem(LineEnding::LF);
    Ok(pem.map_err(builder::Error::from)?)
}

/// A folder for its owner alone, unless there is one.
fn folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(|_| StoreError::NotWritten(path.to_owned()))
}

fn write(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let written = secret_file::create(path, 0o644, &[content]);
    written.map_err(|_| StoreError::NotWritten(path.to_owned()))
}

/// In one step: a center that reads its list again must never meet half of one.
fn replace(path: &Path, content: &str) -> Result<(), StoreError> {
    let new = path.with_extension("new");
    let failed = |_| StoreError::NotWritten(path.to_owned());
    fs::write(&new, content).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
