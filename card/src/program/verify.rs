//! `card verify`: files against trust anchors, without a card.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use card::certificate::Certificate;
use card::evidence::{Evidence, MAX_EVIDENCE, SurfacePart, TextFiles};
use card::file::{Ef, FileError};
use card::jpki_ap::{self, Certificates, TrustedCas};
use card::key::Signature;
use card::surface_ap::{self, AgeRecord};
use card::text_ap::{self, AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use card::trust::{ApRole, Environment, TrustStore};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::arguments::VerifyArguments;
use crate::failure::Failure;
use crate::output::Report;

pub(crate) const JPKI_LABEL: &str = "certificate for authentication";

const TEXT: [&str; 5] = [
    "text/0001",
    "text/0002",
    "text/0003",
    "text/0004",
    "text/0007",
];
const SURFACE: [&str; 2] = ["surface/0001", "surface/0004"];
const JPKI: [&str; 2] = ["jpki/000A", "jpki/000B"];

/// What is verified together.
struct Files {
    text: TextFiles,
    surface: Option<SurfacePart>,
    certificates: Option<Certificates>,
}

pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let trust = trust_store(&arguments.anchors, arguments.environment)?;
    let cas = arguments.jpki_cas.as_deref().map(trusted_cas).transpose()?;
    let path = &arguments.path;
    let files = if path.is_dir() {
        dumped_files(path)?
    } else {
        files_of_evidence(path)?
    };
    judge(&files, &trust, cas.as_ref())?.print(arguments.json.json);
    Ok(())
}

/// Believes the files, or says what is wrong with them. Says as well what ties them to one another: what is genuine on its
/// own may still be of two cards.
fn judge(files: &Files, trust: &TrustStore, cas: Option<&TrustedCas>) -> Result<Report, Failure> {
    let Files {
        text,
        surface,
        certificates,
    } = files;
    let mut report = Report::default();
    text.verify(trust)
        .map_err(|error| not_genuine("text AP", &error))?;
    let signer = text.certificate.subject().to_string();
    report.put("signer", "text AP signed by", signer);
    let mut genuine = TEXT.to_vec();
    let mut tied = vec!["text/0001", "text/0002"];
    // Its signature is of its own, and names no holder.
    let mut untied = vec!["text/0007"];
    let mut by = "by text/0003".to_owned();

    let label = "surface AP signed by";
    match surface {
        Some(surface) if trust.covers(ApRole::Surface) => {
            surface
                .verify_beside(text, trust)
                .map_err(|error| not_genuine("surface AP", &error))?;
            let signer = surface.certificate.subject().to_string();
            report.put("surface_signer", label, signer);
            genuine.extend(SURFACE);
            tied.push("surface/0001");
            by.push_str("; surface/0001 by the birth date alone");
        }
        Some(_) => {
            let words = "not checked: no trust anchor for it";
            report.put_in_words("surface_signer", label, Value::Null, words);
        }
        None => report.put_in_words("surface_signer", label, Value::Null, "not there"),
    }
    if let Some(cas) = cas {
        judge_certificates(certificates.as_ref(), cas)?;
        report.put("jpki", JPKI_LABEL, true);
        genuine.extend(JPKI);
        untied.push("jpki/000A");
    } else {
        let words = if certificates.is_some() {
            "not checked: no --jpki-cas"
        } else {
            "not there"
        };
        report.put_in_words("jpki", JPKI_LABEL, Value::Null, words);
    }
    report.put("files", "files genuine", true);
    report.put_in_words("checked", "  which", &genuine[..], genuine.join(" "));
    let words = format!("{}: {by}", tied.join(" "));
    report.put_in_words("tied", "  of one holder", &tied[..], words);
    let words = format!("{}: nothing in it says so", untied.join(" "));
    report.put_in_words("untied", "  of whose card", &untied[..], words);
    // Whoever once read a card has such files.
    report.put("challenge", "card was there", Value::Null);
    Ok(report)
}

/// Believes a certificate for authentication, which has to be there.
pub(crate) fn judge_certificates(
    certificates: Option<&Certificates>,
    cas: &TrustedCas,
) -> Result<(), Failure> {
    certificates
        .ok_or(Failure::NoCertificate)?
        .verify(cas, SystemTime::now())
        .map_err(|error| not_genuine("JPKI AP", &error))?;
    Ok(())
}

fn not_genuine(ap: &str, error: &dyn std::error::Error) -> Failure {
    Failure::NotGenuine(format!("{ap}: {error}"))
}

pub(crate) fn trust_store(folder: &Path, environment: Environment) -> Result<TrustStore, Failure> {
    TrustStore::load(folder, environment)
        .map_err(|error| Failure::Malformed(format!("trust anchors: {error}")))
}

pub(crate) fn trusted_cas(folder: &Path) -> Result<TrustedCas, Failure> {
    TrustedCas::load(folder)
        .map_err(|error| Failure::Malformed(format!("CA certificates of the JPKI: {error}")))
}

fn files_of_evidence(path: &Path) -> Result<Files, Failure> {
    let failed = |error| Failure::File("evidence cannot be read", error);
    if fs::metadata(path).map_err(failed)?.len() > MAX_EVIDENCE as u64 {
        return Err(Failure::Malformed("longer than any evidence".to_owned()));
    }
    let bytes = fs::read(path).map(Zeroizing::new).map_err(failed)?;
    let evidence = Evidence::decode(&bytes)
        .map_err(|error| Failure::Malformed(format!("no evidence: {error}")))?;
    let (text, surface) = evidence.into_files();
    Ok(Files {
        text,
        surface,
        certificates: None,
    })
}

fn dumped_files(dump: &Path) -> Result<Files, Failure> {
    Ok(Files {
        text: dumped_text(dump)?,
        surface: dumped_surface(dump)?,
        certificates: dumped_certificates(dump)?,
    })
}

/// A file of a dump; nothing if it is not in it.
fn dumped(dump: &Path, ap: &str, ef: Ef) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    match fs::read(dump.join(ap).join(format!("{:04X}.bin", ef.id()))) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::File("dump cannot be read", error)),
    }
}

/// A file that has to be in a dump.
fn needed(dump: &Path, ap: &str, ef: Ef) -> Result<Zeroizing<Vec<u8>>, Failure> {
    dumped(dump, ap, ef)?
        .ok_or_else(|| Failure::Malformed(format!("dump without {ap}/{:04X}.bin", ef.id())))
}

fn dumped_text(dump: &Path) -> Result<TextFiles, Failure> {
    let file = |ef: Ef| needed(dump, "text", ef);
    let parsed =
        |ef: Ef, error: FileError| Failure::NotGenuine(format!("text/{:04X}: {error}", ef.id()));
    macro_rules! decode {
        ($kind:ident, $ef:expr) => {
            $kind::decode(&file($ef)?).map_err(|error| parsed($ef, error))?
        };
    }
    Ok(TextFiles {
        number: decode!(NumberFile, text_ap::NUMBER),
        attributes: decode!(AttributesFile, text_ap::ATTRIBUTES),
        integrity: decode!(IntegrityFile, text_ap::INTEGRITY),
        certificate: decode!(Certificate, text_ap::CERTIFICATE),
        card_key: decode!(CardKeyFile, text_ap::CARD_KEY),
    })
}

/// Nothing if the age record is not there: it stays closed where the birth date was not presented.
fn dumped_surface(dump: &Path) -> Result<Option<SurfacePart>, Failure> {
    let Some(record) = dumped(dump, "surface", surface_ap::AGE_RECORD)? else {
        return Ok(None);
    };
    let certificate = needed(dump, "surface", surface_ap::CERTIFICATE)?;
    let refused = |error| not_genuine("surface AP", &error);
    Ok(Some(SurfacePart {
        age_record: AgeRecord::decode(&record).map_err(refused)?,
        certificate: Certificate::decode(&certificate).map_err(refused)?,
        // A dump has no answer, and nothing looks at this one.
        answer: Signature::from([0; 256]),
    }))
}

/// Nothing if the card had none.
fn dumped_certificates(dump: &Path) -> Result<Option<Certificates>, Failure> {
    let Some(holder) = dumped(dump, "jpki", jpki_ap::AUTHENTICATION_CERTIFICATE)? else {
        return Ok(None);
    };
    let ca = needed(dump, "jpki", jpki_ap::AUTHENTICATION_CA_CERTIFICATE)?;
    Ok(Some(Certificates::of_files(&holder, &ca)))
}
