//! The program `hw-sim`, as a process.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hw_sim::control::{Request, Server, call};
use tempfile::TempDir;

use crate::common::{copy_tree, made};
use crate::reader::{Driver, SELECT, exchange, receive, send};
use crate::slots::two_drivers;

/// A running emulator. Dropping it ends it.
struct Running {
    process: Child,
    socket: PathBuf,
    slots: [Driver; 2],
    _folder: TempDir,
}

impl Running {
    fn start() -> Self {
        let slots = two_drivers();
        let folder = TempDir::new().unwrap();
        let cards = folder.path().join("cards");
        copy_tree(&made().join("cards/ordinary"), &cards.join("ordinary"));
        let socket = folder.path().join("control");
        let mut run = hw_sim(&["run"]);
        run.arg("--cards").arg(cards).arg("--control").arg(&socket);
        run.args(["--port", &slots[0].port().to_string()]);
        let mut process = run.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let output = process.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready "), "{line}");
        Self {
            process,
            socket,
            slots,
            _folder: folder,
        }
    }

    /// Starts a command to it.
    fn told(&self, arguments: &[&str]) -> Child {
        let mut command = hw_sim(arguments);
        command.arg("--control").arg(&self.socket);
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    fn threads(&self) -> usize {
        let threads = Path::new("/proc").join(self.process.id().to_string());
        fs::read_dir(threads.join("task")).unwrap().count()
    }

    fn reaches(&self, threads: impl Fn(usize) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !threads(self.threads()) {
            assert!(Instant::now() < deadline, "{} threads", self.threads());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn hw_sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hw-sim"));
    command.args(arguments);
    command
}

#[test]
fn those_who_followed_and_left_take_nothing_with_them() {
    let emulator = Running::start();
    let at_first = emulator.threads();
    let follow = |slot| {
        let trace = Request::Trace { slot, follow: true };
        let record = Request::Record {
            slot,
            with_data: false,
        };
        [trace, record].map(|request| call(&emulator.socket, &request).unwrap())
    };
    let followers: Vec<_> = (0..40).map(|number| follow(number % 2)).collect();
    emulator.reaches(|threads| threads == at_first + 80);
    drop(followers);
    emulator.reaches(|threads| threads == at_first);
}

#[test]
fn the_pin_of_a_dump_comes_by_a_descriptor() {
    let emulator = Running::start();
    let dump = made().join("cards/ordinary");
    let insert = |pin: &str| {
        let mut insert = hw_sim(&["insert", "--no-wait", "--pin-fd", "0", "--dump"]);
        insert.arg(&dump).arg("--control").arg(&emulator.socket);
        insert.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut insert = insert.spawn().unwrap();
        let mut input = insert.stdin.take().unwrap();
        input.write_all(pin.as_bytes()).unwrap();
        drop(input);
        insert.wait_with_output().unwrap()
    };
    assert!(insert("5678\n").status.success());
    let reader = emulator.slots[0].accept();
    send(&reader, &[1]);
    exchange(&reader, &SELECT).unwrap();
    let verify = [&[0x00, 0x20, 0x00, 0x91, 4][..], b"5678"].concat();
    assert_eq!(exchange(&reader, &verify).unwrap(), [0x90, 0x00]);
    for wrong in ["", "567\n", "56789\n", "5678\n\n"] {
        let refused = insert(wrong);
        assert!(!refused.status.success(), "{wrong:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("--pin-fd") && !said.contains("567"), "{said}");
    }
}

fn is_waiting(command: &mut Child) -> bool {
    thread::sleep(Duration::from_millis(300));
    command.try_wait().unwrap().is_none()
}

#[test]
fn who_puts_a_card_there_and_takes_it_away_waits_until_the_reader_has_noticed() {
    let emulator = Running::start();
    let mut insert = emulator.told(&["insert", "ordinary"]);
    let reader = emulator.slots[0].accept();
    // That something is there is not enough: it has to be known as a card.
    exchange(&reader, &[4]).unwrap();
    assert!(is_waiting(&mut insert));
    send(&reader, &[1]);
    exchange(&reader, &[4]).unwrap();
    assert!(insert.wait().unwrap().success());

    let mut remove = emulator.told(&["remove"]);
    assert_eq!(receive(&reader), None);
    assert!(is_waiting(&mut remove));
    drop(reader);
    assert!(remove.wait().unwrap().success());

    let mut at_once = emulator.told(&["insert", "ordinary", "--no-wait"]);
    assert!(at_once.wait().unwrap().success());
    let unnoticed = emulator.told(&["remove"]).wait_with_output().unwrap();
    assert!(!unnoticed.status.success());
    let said = String::from_utf8(unnoticed.stderr).unwrap();
    assert!(said.contains("does not notice"), "{said}");
}

#[test]
fn what_goes_wrong_is_told_with_its_name() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (socket, old) = (path("control"), path("old.txt"));
    fs::write(&old, "old").unwrap();
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["insert", "ordinary", "--control", &socket],
            &[&socket, "`hw-sim run`"],
        ),
        (&["panel", "--control", &socket], &[&socket, "--cards"]),
        (
            &["record", &old, "--control", &socket],
            &[&old, "is there already"],
        ),
        (
            &["record", &path("new"), "--control", &socket],
            &["`hw-sim run`"],
        ),
        (
            &["run", "--cards", &path("nowhere"), "--control", &socket],
            &[&path("nowhere")],
        ),
        (&["replay", &old], &[&old, "line 1"]),
    ];
    for (arguments, words) in cases {
        let output = hw_sim(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    assert_eq!(fs::read(&old).unwrap(), b"old");
    assert!(!Path::new(&path("new")).exists());
}

#[test]
fn an_emulator_that_only_just_begins_is_waited_for() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("control");
    let mut status = hw_sim(&["status", "--control"]);
    let mut status = status.arg(&socket).spawn().unwrap();
    assert!(is_waiting(&mut status));
    let server = Server::bind(&socket, &made().join("cards"), 1).unwrap();
    server.start().unwrap();
    assert!(status.wait().unwrap().success());
}

#[test]
fn what_is_presented_is_told_by_its_name() {
    let emulator = Running::start();
    let status = |insert: &[&str]| {
        let inserted = emulator.told(insert).wait().unwrap();
        assert!(inserted.success());
        let mut status = hw_sim(&["status", "--control"]);
        let output = status.arg(&emulator.socket).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let card = status(&["insert", "ordinary", "--no-wait"]);
    for line in [
        "text     0011  3 tries left   PIN",
        "text     0012  0              issued blocked",
        "text     0015  10 tries left  照合番号B",
        "jpki     001B  5 tries left   password for signatures",
    ] {
        assert!(card.contains(line), "{card}");
    }
    // The last four digits that 照合番号B has are printed on the card, and in none of its files.
    let dump = made().join("cards/ordinary");
    let dump = status(&["insert", "--no-wait", "--dump", dump.to_str().unwrap()]);
    assert!(
        dump.contains("照合番号A") && !dump.contains("照合番号B"),
        "{dump}"
    );
}
