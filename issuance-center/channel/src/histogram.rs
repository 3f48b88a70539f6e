//! How long answers took, in Prometheus' text format.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds of the buckets: microseconds, and seconds as written.
const BUCKETS: [(u64, &str); 9] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
];

/// Counted since the start.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Ended within each bucket's bound and above the one before.
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

impl Histogram {
    /// Counts one more.
    pub fn count(&self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
        let bucket = BUCKETS.iter().position(|(bound, _)| microseconds <= *bound);
        if let Some(bucket) = bucket.and_then(|index| self.buckets.get(index)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes it as the metric of this name, with one label more than the bucket's bound. Which type the metric has is the caller's to write, once for
    /// all labels.
    ///
    /// # Errors
    /// Those of the text.
    pub fn write(
        &self,
        text: &mut impl fmt::Write,
        metric: &str,
        (label, value): (&str, &str),
    ) -> fmt::Result {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let label = format!("{label}=\"{value}\"");
        let mut below = 0;
        for ((_, bound), bucket) in BUCKETS.iter().zip(&self.buckets) {
            below += read(bucket);
            writeln!(text, "{metric}_bucket{{{label},le=\"{bound}\"}} {below}")?;
        }
        let (count, sum) = (read(&self.count), read(&self.microseconds));
        writeln!(text, "{metric}_bucket{{{label},le=\"+Inf\"}} {count}")?;
        let (seconds, rest) = (sum / 1_000_000, sum % 1_000_000);
        writeln!(text, "{metric}_sum{{{label}}} {seconds}.{rest:06}")?;
        writeln!(text, "{metric}_count{{{label}}} {count}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_holds_those_before_it() {
        let histogram = Histogram::default();
        for microseconds in [500, 501, 6_000_000] {
            histogram.count(Duration::from_micros(microseconds));
        }
        let mut text = String::new();
        histogram
            .write(&mut text, "x_seconds", ("step", "a"))
            .unwrap();
        let expected = "\
x_seconds_bucket{step=\"a\",le=\"0.0005\"} 1
x_seconds_bucket{step=\"a\",le=\"0.001\"} 2
x_seconds_bucket{step=\"a\",le=\"0.005\"} 2
x_seconds_bucket{step=\"a\",le=\"0.01\"} 2
x_seconds_bucket{step=\"a\",le=\"0.05\"} 2
x_seconds_bucket{step=\"a\",le=\"0.1\"} 2
x_seconds_bucket{step=\"a\",le=\"0.5\"} 2
x_seconds_bucket{step=\"a\",le=\"1\"} 2
x_seconds_bucket{step=\"a\",le=\"5\"} 2
x_seconds_bucket{step=\"a\",le=\"+Inf\"} 3
x_seconds_sum{step=\"a\"} 6.001001
x_seconds_count{step=\"a\"} 3
";
        assert_eq!(text, expected);
    }
}
