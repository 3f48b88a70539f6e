//! Seeds and replay; what runs for long is libFuzzer, in `fuzz/`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::{Parser, Subcommand};
use fuzz_targets::{Inputs, TARGETS, Target, find};

/// Seeds and replay of the fuzz targets.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// Prints each target's name and longest input.
    List,
    /// Writes every target's seeds into DIR/TARGET.
    Seeds {
        /// Where to.
        dir: PathBuf,
    },
    /// Gives a target its seeds and then these inputs, files or folders of files; says how many there were.
    Replay {
        /// Its name.
        target: String,
        /// The inputs.
        inputs: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        What::List => {
            for target in TARGETS {
                print(&format!("{} {}", target.name, target.longest));
            }
            Ok(())
        }
        What::Seeds { dir } => TARGETS.iter().try_for_each(|target| seeds(target, &dir)),
        What::Replay { target, inputs } => match find(&target) {
            Some(target) => replay(target, &inputs),
            None => Err(io::Error::other("no such target")),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn seeds(target: &Target, dir: &Path) -> io::Result<()> {
    let folder = dir.join(target.name);
    fs::create_dir_all(&folder)?;
    for (index, seed) in Inputs::of(target, 0).seeds().enumerate() {
        fs::write(folder.join(format!("seed-{index:03}")), seed)?;
    }
    Ok(())
}

fn replay(target: &Target, inputs: &[PathBuf]) -> io::Result<()> {
    // Keys are this process's own, so only its own seeds hold what is genuine here.
    let seeds = Inputs::of(target, 0);
    seeds.seeds().for_each(|seed| (target.body)(seed));
    let mut count = seeds.seeds().count();
    for path in inputs {
        let paths = if path.is_dir() {
            let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
            entries.collect::<io::Result<_>>()?
        } else {
            vec![path.clone()]
        };
        for path in paths {
            (target.body)(&fs::read(path)?);
            count += 1;
        }
    }
    print(&format!("{}: {count} inputs", target.name));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program's answer")]
fn print(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a program's complaint")]
fn complain(error: &io::Error) {
    eprintln!("fuzz-targets: {error}");
}
