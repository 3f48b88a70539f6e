//! What is left behind by an import that a signal ends.

use std::{
    fs,
    io::Write,
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    fixture::HOME,
    program::Site,
    support::{csv, number, row},
};

/// More than a pipe holds: once it is written, most of it was read.
const FILE_BYTES: usize = 1 << 20;

#[test]
fn an_import_that_ends_by_a_signal_leaves_no_core() {
    let site = Site::new();
    site.ok(&["init", "--municipality", HOME]);
    let own = site.command(&["import", "--municipality", HOME, "/dev/stdin"]);
    let folder = site.path("run");
    fs::create_dir(&folder).unwrap();
    // With core files as large as may be.
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c \"$(ulimit -H -c)\"; exec \"$@\"", "sh"])
        .arg(own.get_program())
        .args(own.get_args());
    let mut import = command
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let file = csv(&[row(&number(1)).dose("20210701", "A1")]);
    let mut file = file.into_bytes();
    file.resize(FILE_BYTES, b'x');
    let mut input = import.stdin.take().unwrap();
    input.write_all(&file).unwrap();

    let limits = fs::read_to_string(format!("/proc/{}/limits", import.id())).unwrap();
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let most: Vec<_> = cores.unwrap().split_whitespace().skip(4).take(2).collect();
    // One byte holds, unlike none, where cores are piped to a program.
    assert!(most == ["1", "1"] || most == ["0", "0"], "{most:?}");
    // The first is for the handler that looks for overflown stacks, which then lets the next one through.
    let ended = loop {
        kill_process(Pid::from_child(&import), Signal::SEGV).unwrap();
        thread::sleep(Duration::from_millis(5));
        if let Some(ended) = import.try_wait().unwrap() {
            break ended;
        }
    };
    assert_eq!(
        (ended.signal(), ended.core_dumped()),
        (Some(Signal::SEGV.as_raw()), false)
    );
    drop(input);
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
