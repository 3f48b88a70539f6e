//! Judges of the paper: poppler rasterises it, zbar and zxing-cpp read it, jwcrypto and fhir.resources believe it or not.

use std::ffi::OsStr;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::python;
use crate::world::{repository, run};

/// Rasterises the first page of a PDF with `pdftoppm`; the picture goes beside it.
///
/// # Errors
/// If poppler cannot.
pub fn rasterise(pdf: &Path, dots_per_inch: u32) -> io::Result<PathBuf> {
    let picture = pdf.with_extension(format!("{dots_per_inch}.png"));
    let mut pdftoppm = Command::new("pdftoppm");
    pdftoppm.args(["-png", "-singlefile", "-r", &dots_per_inch.to_string()]);
    run(pdftoppm.arg(pdf).arg(picture.with_extension("")))?;
    Ok(picture)
}

/// What `zbarimg` reads on a picture.
///
/// # Errors
/// If it reads nothing.
pub fn zbar(picture: &Path) -> io::Result<Vec<String>> {
    let mut zbarimg = Command::new("zbarimg");
    // QR codes alone: now and then it takes a row of modules for a barcode of another kind.
    zbarimg.args(["--raw", "--quiet", "-Sdisable", "-Sqrcode.enable"]);
    zbarimg.arg(picture);
    let read = run(&mut zbarimg)?;
    Ok(String::from_utf8_lossy(&read)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// What zxing-cpp reads on a picture.
///
/// # Errors
/// If it cannot be run.
pub fn zxing(picture: &Path) -> io::Result<Vec<String>> {
    let answer = judge(&["qr".as_ref(), picture.as_os_str()])?;
    let texts = answer["texts"]
        .as_array()
        .ok_or(io::ErrorKind::InvalidData)?;
    Ok(texts
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// What jwcrypto and fhir.resources make of a card: its signature, thumbprint and bundle hold, or this is an error.
///
/// # Errors
/// If anything about the card does not hold.
pub fn card(shc: &Path, jwks: &Path) -> io::Result<Value> {
    judge(&["card".as_ref(), shc.as_os_str(), jwks.as_os_str()])
}

/// What rfc8785 and openssl make of a VDS-NC, under a CSCA's certificate and list: canonical form, signature, certificate and
/// list hold, or this is an error.
///
/// # Errors
/// If anything about it does not hold.
pub fn abroad(text: &Path, csca: &Path, crl: &Path) -> io::Result<Value> {
    judge(&[
        "abroad".as_ref(),
        text.as_os_str(),
        csca.as_os_str(),
        crl.as_os_str(),
    ])
}

/// The text of a page, by `pdftotext`.
///
/// # Errors
/// If poppler cannot.
pub fn text(pdf: &Path) -> io::Result<String> {
    let mut pdftotext = Command::new("pdftotext");
    let read = run(pdftotext.arg("-layout").arg(pdf).arg("-"))?;
    String::from_utf8(read).map_err(io::Error::other)
}

/// What jwcrypto makes of the signature and the key's thumbprint of a card of any issuer, whatever it is about.
///
/// # Errors
/// If they do not hold.
pub fn opens(shc: &Path, jwks: &Path) -> io::Result<Value> {
    judge(&["opens".as_ref(), shc.as_os_str(), jwks.as_os_str()])
}

/// What rfc8785 and openssl make of a VDS-NC: its signature over the canonical form, its signer's chain to a CSCA, and that CSCA's revocation
/// list, at a time in seconds since 1970. CSCA and list are DER.
///
/// # Errors
/// If any of them does not hold.
pub fn vds(seal: &Path, csca: &Path, crl: &Path, time: i64) -> io::Result<Value> {
    let time = time.to_string();
    let paths = [seal, csca, crl].map(Path::as_os_str);
    judge(&[&["vds".as_ref()], &paths[..], &[time.as_ref()]].concat())
}

/// Seals by rfc8785 and openssl, of each line of JSON: under a PEM key and the DER certificate of its signer.
///
/// # Errors
/// If they cannot.
pub fn seals(key: &Path, signer: &Path, lines: &str) -> io::Result<Vec<String>> {
    let arguments = ["seal".as_ref(), key.as_os_str(), signer.as_os_str()];
    let answer = judge_with(&arguments, lines)?;
    let seals = answer["seals"]
        .as_array()
        .ok_or(io::ErrorKind::InvalidData)?;
    Ok(seals
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

fn judge(arguments: &[&OsStr]) -> io::Result<Value> {
    judge_with(arguments, "")
}

fn judge_with(arguments: &[&OsStr], input: &str) -> io::Result<Value> {
    let mut judge = Command::new(python());
    judge
        .arg(repository().join("tests/judges/judge.py"))
        .args(arguments);
    // A file, which nobody has to write to while the judge writes.
    let mut file = tempfile::tempfile()?;
    file.write_all(input.as_bytes())?;
    file.rewind()?;
    Ok(serde_json::from_slice(&run(judge.stdin(file))?)?)
}
