//! What a panic says: where it was, in an event of `docs/events.toml`, and nothing of what. A message may quote what was at hand, such as the
//! text that was to be cut.

use std::{
    io::Write,
    panic::{self, Location},
    time::{SystemTime, UNIX_EPOCH},
};

/// From now on panics say no more.
pub(crate) fn keep_quiet() {
    panic::set_hook(Box::new(|panicked| {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        let line = line(at.map_or(0, |at| at.as_secs()), panicked.location());
        // There is nowhere to report that standard error is gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }));
}

/// The compiler wrote the place down, so nothing else can be in it.
fn line(at: u64, place: Option<&Location<'_>>) -> String {
    let (file, line) = place.map_or(("unknown", 0), |place| (place.file(), place.line()));
    let file = file.replace(['"', '\\'], "_");
    format!("{{\"at\":{at},\"event\":\"panicked\",\"place\":\"{file}:{line}\"}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_says_where_and_nothing_of_what() {
        let here = Location::caller();
        let said = line(1, Some(here));
        let place = format!("{}:{}", file!(), here.line());
        assert_eq!(
            said,
            format!("{{\"at\":1,\"event\":\"panicked\",\"place\":\"{place}\"}}\n")
        );
    }
}
