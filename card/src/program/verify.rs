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
use card::trust::{Environment, TrustStore};
use zeroize::Zeroizing;

use crate::arguments::VerifyArguments;
use crate::failure::Failure;
use crate::output::Report;

pub(crate) fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let trust = trust_store(&arguments.anchors, arguments.environment)?;
    let cas = arguments.jpki_cas.as_deref().map(trusted_cas).transpose()?;
    let path = &arguments.path;
    let mut report = Report::default();
    let text = if path.is_dir() {
        if let Some(surface) = dumped_surface(path)? {
            surface
                .verify_signatures(&trust)
                .map_err(|error| not_genuine("surface AP", &error))?;
            report.put(
                "surface_signer",
                "surface AP signed by",
                surface.certificate.subject().to_string(),
            );
        }
        if let (Some(cas), Some(certificates)) = (&cas, dumped_certificates(path)?) {
            certificates
                .verify(cas, SystemTime::now())
                .map_err(|error| not_genuine("JPKI AP", &error))?;
            report.put("jpki", "certificate for authentication", true);
        }
        dumped_text(path)?
    } else {
        let bytes = evidence(path)?;
        Evidence::decode(&bytes)
            .map_err(|error| Failure::Malformed(format!("no evidence: {error}")))?
            .files()
            .clone()
    };
    text.verify(&trust)
        .map_err(|error| not_genuine("text AP", &error))?;
    report.put(
        "signer",
        "signed by",
        text.certificate.subject().to_string(),
    );
    report.put("files", "files genuine", true);
    // Whoever once read a card has such files.
    report.put("challenge", "card was there", serde_json::Value::Null);
    report.print(arguments.json.json);
    Ok(())
}

fn not_genuine(ap: &str, error: &dyn std::error::Error) -> Failure {
    Failure::NotGenuine(format!("{ap}: {error}"))
}

pub(crate) fn trust_store(folder: &Path, environment: Environment) -> Result<TrustStore, Failure> {
    TrustStore::load(folder, environment)
        .map_err(|error| Failure::Malformed(format!("trust anchors: {error}")))
}

fn trusted_cas(folder: &Path) -> Result<TrustedCas, Failure> {
    TrustedCas::load(folder)
        .map_err(|error| Failure::Malformed(format!("CA certificates of the JPKI: {error}")))
}

fn evidence(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::File("evidence cannot be read", error);
    if fs::metadata(path).map_err(failed)?.len() > MAX_EVIDENCE as u64 {
        return Err(Failure::Malformed("longer than any evidence".to_owned()));
    }
    fs::read(path).map(Zeroizing::new).map_err(failed)
}

/// A file of a dump; nothing if it is not in it.
fn dumped(dump: &Path, ap: &str, ef: Ef) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    match fs::read(dump.join(ap).join(format!("{:04X}.bin", ef.id()))) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::File("dump cannot be read", error)),
    }
}

fn dumped_text(dump: &Path) -> Result<TextFiles, Failure> {
    let file = |ef: Ef| {
        let found = dumped(dump, "text", ef)?;
        found.ok_or_else(|| Failure::Malformed(format!("dump without text/{:04X}.bin", ef.id())))
    };
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

fn dumped_surface(dump: &Path) -> Result<Option<SurfacePart>, Failure> {
    let record = dumped(dump, "surface", surface_ap::AGE_RECORD)?;
    let certificate = dumped(dump, "surface", surface_ap::CERTIFICATE)?;
    let Some((record, certificate)) = record.zip(certificate) else {
        return Ok(None);
    };
    let refused = |error| not_genuine("surface AP", &error);
    Ok(Some(SurfacePart {
        age_record: AgeRecord::decode(&record).map_err(|error: FileError| refused(error))?,
        certificate: Certificate::decode(&certificate).map_err(refused)?,
        // A dump has no answer, and nothing looks at this one.
        answer: Signature::from([0; 256]),
    }))
}

fn dumped_certificates(dump: &Path) -> Result<Option<Certificates>, Failure> {
    let holder = dumped(dump, "jpki", jpki_ap::AUTHENTICATION_CERTIFICATE)?;
    let ca = dumped(dump, "jpki", jpki_ap::AUTHENTICATION_CA_CERTIFICATE)?;
    Ok(holder
        .zip(ca)
        .map(|(holder, ca)| Certificates::of_files(&holder, &ca)))
}
