//! Answers that go on for as long as the client is there.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::queue::{Followed, Next};

/// How long nothing may come until it is looked whether the client is still there.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// Hands what comes to a client, until either end is gone. Whether the client took all that came.
pub(super) fn while_there<T>(
    followed: &Followed<T>,
    stream: &UnixStream,
    mut hand_out: impl FnMut(&UnixStream, T) -> io::Result<()>,
) -> io::Result<bool> {
    loop {
        match followed.within(LOOK_AFTER) {
            Next::Item(item) => hand_out(stream, item)?,
            Next::Nothing if is_there(stream) => {}
            Next::Nothing | Next::Ended => return Ok(true),
            Next::Overrun => return Ok(false),
        }
    }
}

/// Whether a client still listens: one that has only ended its own side does.
fn is_there(stream: &UnixStream) -> bool {
    let mut looked_at = [PollFd::new(stream, PollFlags::empty())];
    let gone = PollFlags::HUP | PollFlags::ERR;
    poll(&mut looked_at, Some(&Timespec::default())).is_err()
        || !looked_at[0].revents().intersects(gone)
}
