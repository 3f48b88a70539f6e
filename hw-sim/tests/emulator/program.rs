//! The program `hw-sim`, as a process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hw_sim::control::{Request, call};
use tempfile::TempDir;

use crate::common::{copy_tree, made};
use crate::reader::Driver;
use crate::slots::two_drivers;

/// A running emulator. Dropping it ends it.
struct Running {
    process: Child,
    socket: PathBuf,
    _slots: [Driver; 2],
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
            _slots: slots,
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
