//! What a kiosk says of itself: one JSON object a line on standard error, nothing in it but closed fields (`docs/events.toml`). All
//! else the screen tells.

use std::time::{SystemTime, UNIX_EPOCH};

use sandbox::Extent;
use serde::Serialize;

use crate::handover::Mismatch;
use crate::web::front::Loss;

/// An event of operation. None has a field for free text or for anything about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// What it takes from itself is taken; told once, before it serves.
    Confined(Extent),
    /// Its browser is lost, and another is started.
    BrowserLost {
        /// How.
        how: Loss,
    },
    /// What starts its browsers has ended, and so does the kiosk.
    LauncherLost,
    /// It is out of service, until an operator takes the mark away.
    OutOfService {
        /// What is on disk.
        mark: MarkState,
        /// What did not belong; nothing where the mark that was found does not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        mismatch: Option<Mismatch>,
    },
    /// What would write that mark has ended, and so does the kiosk.
    MarkerLost,
    /// The files that pin the issuer hold something new, and it is gone by.
    IssuerKeysRead,
    /// They cannot be read, or are no such files: it goes by what they were before.
    IssuerKeysUnreadable,
    /// A certificate was refused since it is signed by a key that they do not have.
    IssuerKeyUnknown,
}

/// The mark of a kiosk that is out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkState {
    /// It was written now.
    Written,
    /// Or not, or not known to be: the kiosk is out of service until it is started anew.
    NotWritten,
    /// It was there when the kiosk started.
    Found,
}

/// A line with its time, in Unix seconds.
#[derive(Serialize)]
struct Line {
    at: u64,
    #[serde(flatten)]
    event: Event,
}

/// Says it on standard error.
#[expect(
    clippy::print_stderr,
    reason = "while there is no browser nobody can be shown anything"
)]
pub fn tell(event: Event) {
    let at = SystemTime::now().duration_since(UNIX_EPOCH);
    let at = at.map_or(0, |since| since.as_secs());
    eprintln!("{}", text(at, event));
}

fn text(at: u64, event: Event) -> String {
    serde_json::to_string(&Line { at, event }).expect("events have only string keys")
}

#[cfg(test)]
mod tests {
    use sandbox::{Confined, Memory};

    use super::*;

    #[test]
    fn how_far_it_is_confined_is_told_as_center_and_vrs_tell_it() {
        let extent = Extent {
            landlock: Confined::InPart,
            memory: Memory::Locked,
            keys_within_reach: 1,
        };
        assert_eq!(
            text(7, Event::Confined(extent)),
            r#"{"at":7,"event":"confined","landlock":"in-part","memory":"locked","keys_within_reach":1}"#
        );
    }

    #[test]
    fn why_it_is_out_of_service_is_told_where_that_is_known() {
        let of = |mark, mismatch| text(7, Event::OutOfService { mark, mismatch });
        assert_eq!(
            of(MarkState::Written, Some(Mismatch::BirthDate)),
            r#"{"at":7,"event":"out-of-service","mark":"written","mismatch":"birth-date"}"#
        );
        assert_eq!(
            of(MarkState::Found, None),
            r#"{"at":7,"event":"out-of-service","mark":"found"}"#
        );
    }

    #[test]
    fn a_loss_is_called_in_lines_as_the_attendant_is_told() {
        for how in [
            Loss::NotStarted,
            Loss::NotShown,
            Loss::Ended,
            Loss::Left,
            Loss::Silent,
        ] {
            let expected = format!(
                r#"{{"at":7,"event":"browser-lost","how":"{}"}}"#,
                how.as_str()
            );
            assert_eq!(text(7, Event::BrowserLost { how }), expected);
        }
    }
}
