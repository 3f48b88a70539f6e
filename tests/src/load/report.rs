//! What comes out of a load run, as JSON and as a table.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::terminal::Times;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// One terminal, one application after the other.
    pub quiet: Run,
    /// All terminals at the same time.
    pub loaded: Run,
    /// One application whose name needs the font with rare kanji.
    pub rare_name: Run,
    /// The center's memory.
    pub center: Memory,
    /// The record system's memory.
    pub vrs: Memory,
    /// Connected terminals at the last figure of memory.
    pub idle_terminals: usize,
}

/// One measured run.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Terminals at work.
    pub terminals: usize,
    /// Certificates issued and handed over; each verified and its name compared.
    pub certificates: usize,
    /// Seconds from first to last.
    pub seconds: f64,
    /// Certificates a second, everything on this machine together.
    pub per_second: f64,
    /// The center's CPU for one certificate, in microseconds.
    pub center_cpu_us: f64,
    /// Certificates a second that one core of the center's alone would give.
    pub per_second_and_core: f64,
    /// VRS's CPU for one certificate, in microseconds.
    pub vrs_cpu_us: f64,
    /// Latencies by step.
    pub latency: Latencies,
}

/// Latencies of the steps.
#[derive(Clone, Debug, Serialize)]
pub struct Latencies {
    /// `challenge`, a fresh recipient key included.
    pub challenge: Latency,
    /// `evidence`.
    pub evidence: Latency,
    /// `inquiry`.
    pub inquiry: Latency,
    /// `issue`: JWS and page.
    pub issue: Latency,
    /// `delivered`.
    pub delivered: Latency,
    /// From evidence sent to page received.
    pub application: Latency,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Resident memory of a program, in kibibytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// Before the first application.
    pub at_rest: u64,
    /// After the load.
    pub after_load: u64,
    /// With the idle terminals connected.
    pub with_idle_terminals: u64,
    /// After one certificate with the font for rare names.
    pub after_rare_name: u64,
    /// Highest ever.
    pub peak: u64,
}

impl Run {
    /// Figures of what was measured, none of nothing.
    pub(super) fn of(
        terminals: usize,
        lasted: Duration,
        (center, vrs): (Duration, Duration),
        times: &[Times],
    ) -> Option<Self> {
        let certificates = u32::try_from(times.len()).ok().filter(|count| *count > 0)?;
        let each = |used: Duration| used.as_secs_f64() / f64::from(certificates);
        let latency = |of: fn(&Times) -> Duration| Latency::of(times.iter().map(of).collect());
        Some(Self {
            terminals,
            certificates: times.len(),
            seconds: lasted.as_secs_f64(),
            per_second: f64::from(certificates) / lasted.as_secs_f64(),
            center_cpu_us: each(center) * 1e6,
            per_second_and_core: 1.0 / each(center),
            vrs_cpu_us: each(vrs) * 1e6,
            latency: Latencies {
                challenge: latency(|times| times.challenge)?,
                evidence: latency(|times| times.evidence)?,
                inquiry: latency(|times| times.inquiry)?,
                issue: latency(|times| times.issue)?,
                delivered: latency(|times| times.delivered)?,
                application: latency(|times| times.evidence + times.inquiry + times.issue)?,
            },
        })
    }
}

impl Latency {
    /// By nearest rank: the least time that so many of a hundred did not exceed.
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let rank = |percent: usize| (times.len() * percent).div_ceil(100).max(1) - 1;
        let at = |percent| Some(times.get(rank(percent))?.as_secs_f64() * 1e3);
        Some(Self {
            p50: at(50)?,
            p99: at(99)?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, run) in [
            ("one terminal", &self.quiet),
            ("all terminals", &self.loaded),
            ("a rare name", &self.rare_name),
        ] {
            writeln!(
                f,
                "{name}: {} certificates by {} terminals, {:.1}/s on this machine",
                run.certificates, run.terminals, run.per_second
            )?;
            writeln!(
                f,
                "  CPU a certificate: center {:.0} µs ({:.1} certificates a second and core), VRS {:.0} µs",
                run.center_cpu_us, run.per_second_and_core, run.vrs_cpu_us
            )?;
            let steps = &run.latency;
            for (step, latency) in [
                ("challenge", steps.challenge),
                ("evidence", steps.evidence),
                ("inquiry", steps.inquiry),
                ("issue", steps.issue),
                ("delivered", steps.delivered),
                ("evidence to page", steps.application),
            ] {
                writeln!(
                    f,
                    "  {step:<16}  p50 {:>7.2} ms  p99 {:>7.2} ms",
                    latency.p50, latency.p99
                )?;
            }
        }
        for (name, memory) in [("center", &self.center), ("VRS", &self.vrs)] {
            writeln!(
                f,
                "{name}: {} MB at rest, {} after the load, {} with {} idle terminals, {} after a rare name, {} at most",
                megabytes(memory.at_rest),
                megabytes(memory.after_load),
                megabytes(memory.with_idle_terminals),
                self.idle_terminals,
                megabytes(memory.after_rare_name),
                megabytes(memory.peak),
            )?;
        }
        let run = &self.loaded;
        write!(
            f,
            "load: {:.1} certificates a second and core, p50 {:.1} ms, p99 {:.1} ms, center {} MB; {} certificates verified, 0 crossed, 0 failed",
            run.per_second_and_core,
            run.latency.application.p50,
            run.latency.application.p99,
            megabytes(self.center.with_idle_terminals),
            self.quiet.certificates + run.certificates + self.rare_name.certificates,
        )
    }
}

/// Of 2^20 bytes, rounded up.
const fn megabytes(kibibytes: u64) -> u64 {
    kibibytes.div_ceil(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let of = |times: &[u64]| {
            let times = times.iter().copied().map(Duration::from_millis);
            Latency::of(times.collect()).map(|latency| (latency.p50, latency.p99))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some((7.0, 7.0)));
        assert_eq!(of(&[2, 1]), Some((1.0, 2.0)));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), Some((50.0, 99.0)));
        let more: Vec<u64> = (1..=101).collect();
        assert_eq!(of(&more), Some((51.0, 100.0)));
    }
}
