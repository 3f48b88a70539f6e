//! What the kernel says of a process: `/proc/PID/stat` and `/proc/PID/status`.

use std::fs;
use std::io;
use std::time::Duration;

/// Where utime stands among the fields after the program's name, which begin with the state; stime comes next.
const UTIME: usize = 11;

/// CPU time of a process with all its threads, in user mode and in the kernel.
pub(crate) fn cpu(id: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let ticks = ticks(&stat).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Duration::from_secs(ticks)
        / u32::try_from(rustix::param::clock_ticks_per_second()).map_err(io::Error::other)?)
}

fn ticks(stat: &str) -> Option<u64> {
    // The name stands in parentheses and may hold anything, further parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(UTIME);
    let mut field = || fields.next()?.parse::<u64>().ok();
    Some(field()? + field()?)
}

/// Resident memory in kibibytes.
#[derive(Clone, Copy)]
pub(super) struct Resident {
    pub(super) now: u64,
    pub(super) peak: u64,
}

impl Resident {
    pub(super) fn of(id: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok());
            value.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
        };
        Ok(Self {
            now: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_name_cannot_shift_the_fields() {
        let stat = "7 (a) R 1 (b) S 1 7 7 0 -1 4194560 10 0 0 0 41 2 90 90 20 0 1 0 5";
        assert_eq!(ticks(stat), Some(43));
        assert_eq!(ticks("7 (a) S 1 7"), None);
    }

    #[test]
    fn work_of_this_process_is_seen() {
        let id = std::process::id();
        let before = cpu(id).unwrap();
        let start = Instant::now();
        while cpu(id).unwrap() <= before {
            assert!(start.elapsed() < Duration::from_secs(30), "it never came");
        }
        let Resident { now, peak } = Resident::of(id).unwrap();
        assert!(0 < now && now <= peak);
    }
}
