//! What a panic says: where it was and in which request, in an event of `docs/events.toml`, and nothing of what. A message may quote what was at hand, such as the
//! text that was to be cut.

use std::{
    io::Write,
    panic::{self, Location},
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

/// Which request is at work where this is asked.
static REQUEST: OnceLock<fn() -> Option<u64>> = OnceLock::new();

/// From now on a panic says in which request it was: whatever this gives where the panic is, and nothing else can stand there. The first that is set
/// holds.
pub fn of_request(current: fn() -> Option<u64>) {
    REQUEST.get_or_init(|| current);
}

/// From now on panics say no more.
pub(crate) fn keep_quiet() {
    panic::set_hook(Box::new(|panicked| {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        let request = REQUEST.get().and_then(|current| current());
        let line = line(
            at.map_or(0, |at| at.as_secs()),
            request,
            panicked.location(),
        );
        // There is nowhere to report that standard error is gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }));
}

/// The compiler wrote the place down, so nothing else can be in it.
fn line(at: u64, request: Option<u64>, place: Option<&Location<'_>>) -> String {
    let (file, line) = place.map_or(("unknown", 0), |place| (place.file(), place.line()));
    let file = file.replace(['"', '\\'], "_");
    let request = request.map(|id| format!("\"request\":\"{id:016x}\","));
    let request = request.unwrap_or_default();
    format!("{{\"at\":{at},{request}\"event\":\"panicked\",\"place\":\"{file}:{line}\"}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_says_where_and_nothing_of_what() {
        let here = Location::caller();
        let place = format!("{}:{}", file!(), here.line());
        for (request, id) in [
            (None, ""),
            (Some(0xa1), "\"request\":\"00000000000000a1\","),
        ] {
            assert_eq!(
                line(1, request, Some(here)),
                format!("{{\"at\":1,{id}\"event\":\"panicked\",\"place\":\"{place}\"}}\n")
            );
        }
    }
}
