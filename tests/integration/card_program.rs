//! The program `card`, run as people run it: against emulated cards on a real `pcscd`.

mod asking;
mod entries;
mod files;
mod reading;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::MutexGuard;

use hw_sim::trace::Event;
use serde_json::Value;
use stage::persona::personalized;
use stage::process::program;
use stage::reader::Reader;
use tempfile::TempDir;

use crate::support::alone_with_pcsc;

const READER: &str = "Virtual PCD 00 00";
const VERIFY: u8 = 0x20;

/// A reader, and cards for some personas.
struct Counter {
    // Dropped in this order: the next test finds no service.
    reader: Reader,
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Counter {
    fn with(personas: &[&str]) -> Self {
        let alone = alone_with_pcsc();
        let folder = personalized(personas).unwrap();
        let reader = Reader::start(&folder.path().join("cards")).unwrap();
        Self {
            reader,
            folder,
            _alone: alone,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where trust anchors are, as arguments.
    fn trust(&self) -> [String; 4] {
        let anchors = self.path("anchors").to_str().unwrap().to_owned();
        ["--anchors", &anchors, "--environment", "emulator"].map(str::to_owned)
    }

    /// How many times something was presented to a card so far.
    fn presented(&self) -> usize {
        let trace = self.reader.trace().unwrap();
        let presents = |event: &&Event| matches!(event, Event::Apdu(exchange) if exchange.header[1] == VERIFY && exchange.sent > 0);
        trace.iter().filter(presents).count()
    }
}

/// Runs the program with these lines on standard input, which is file descriptor 0.
fn card(arguments: &[&str], entries: &str) -> Output {
    card_in(arguments, entries, &[])
}

fn card_in(arguments: &[&str], entries: &str, variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(program("card"))
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that asks for nothing may have ended already.
    let _ = stdin.write_all(entries.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn printed(output: &Output) -> String {
    assert_eq!(code(output), 0, "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).unwrap()
}

/// A refusal prints nothing on standard output, and this on standard error.
fn assert_refused(output: &Output, expected: i32, words: &str) {
    let said = said(output);
    assert_eq!(code(output), expected, "{said}");
    assert!(said.contains(words), "{said}");
    assert!(output.stdout.is_empty());
}
