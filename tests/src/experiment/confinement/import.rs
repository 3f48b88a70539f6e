//! An import ended by a signal while it reads: it holds a whole municipality.

use std::fs;
use std::io::{self, Write};
use std::process::Stdio;

use super::super::memory::Search;
use super::super::steps::end;
use super::super::{Report, Size};
use super::crashes::{CRASHES, in_files, sum};
use crate::process::{Program, with_core_files};
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
    let folder = world.ground.path("run");
    let persons = repository().join("tests/data/vrs").join(MUNICIPALITY);
    let mut file = fs::read(persons.with_extension("csv"))?;
    file.resize(FILE_BYTES, b'x');
    let mut ended = 0;
    for crash in CRASHES.into_iter().cycle().take(size.of(3, 18)) {
        let mut import = world.ground.vrs();
        import.args(["import", "--municipality", MUNICIPALITY, "/dev/stdin"]);
        let mut import = with_core_files(&import);
        import.current_dir(&folder).stdin(Stdio::piped());
        let mut import = Program::start("import", import)?;
        let mut input = import.input().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(&file)?;
        end(&mut import, crash)?;
        drop(input);
        ended += 1;
    }
    report.told("imports ended by SIGSEGV, SIGABRT and SIGKILL", ended);
    let found = in_files(world, search)?.found;
    report.figure(
        "pieces of the holder in files after imports",
        sum(&found),
        0,
    );
    Ok(())
}
