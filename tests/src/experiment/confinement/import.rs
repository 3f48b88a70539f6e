//! An import ended by a signal while it reads: it holds a whole municipality.

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use dev_memory::Search;
use rustix::process::Signal;

use super::super::steps::end;
use super::super::{Report, Size};
use super::crashes::{CRASHES, in_files, sum};
use crate::process::{Program, program, with_core_files};
use crate::world::{World, repository};

/// Where the holder is registered.
const MUNICIPALITY: &str = "132217";
/// More than a pipe holds: once it is written, most of it was read.
const FILE_BYTES: usize = 1 << 20;

/// Ended by each of the signals, with core files asked for. What is searched for is somebody whom the file names.
pub(super) fn ended(
    world: &World,
    search: &Search,
    size: Size,
    report: &mut Report,
) -> io::Result<()> {
    let mut ended = 0;
    for crash in CRASHES.into_iter().cycle().take(size.of(3, 18)) {
        let mut import = world.ground.vrs();
        import.arg("import");
        end_while_it_reads(world, import, crash)?;
        ended += 1;
    }
    report.told("imports ended by SIGSEGV, SIGABRT and SIGKILL", ended);
    let files = in_files(world, search)?;
    report.figure(
        "files after imports that could not be read",
        files.unread,
        0,
    );
    report.figure(
        "pieces of the holder in files after imports",
        sum(&files.found),
        0,
    );
    Ok(())
}

/// The control: one that takes nothing from itself.
pub(super) fn ended_without_protection(world: &World, by: Signal) -> io::Result<()> {
    let mut import = Command::new(program("wiping"));
    import.args(["import", "--config"]);
    import.arg(world.ground.path("vrs/vrs.toml"));
    end_while_it_reads(world, import, by)
}

/// Ends an import by this command, in the folder that core files are looked for in.
fn end_while_it_reads(world: &World, mut command: Command, by: Signal) -> io::Result<()> {
    let persons = repository().join("tests/data/vrs").join(MUNICIPALITY);
    let mut file = fs::read(persons.with_extension("csv"))?;
    file.resize(FILE_BYTES, b'x');
    command.args(["--municipality", MUNICIPALITY, "/dev/stdin"]);
    let mut command = with_core_files(&command);
    command.current_dir(world.ground.path("run"));
    command.stdin(Stdio::piped());
    let mut import = Program::start("import", command)?;
    let mut input = import.input().ok_or(io::ErrorKind::BrokenPipe)?;
    input.write_all(&file)?;
    // The pipe is open still: there is more to come.
    let ended = end(&mut import, by);
    drop(input);
    ended
}
