//! The program `hw-sim`, as a process.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hw_sim::control::{Request, call};
use tempfile::TempDir;

use crate::common::{copy_tree, made};
use crate::reader::{Driver, SELECT, exchange, send};
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
        let mut insert = hw_sim(&["insert", "--pin-fd", "0", "--dump"]);
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
