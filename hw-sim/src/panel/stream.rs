//! The traces of all slots as one stream of server-sent events.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use serde_json::Value;

use crate::control::{Reply, Request, call, send};

/// Traces that are followed, slot by slot.
pub(super) struct Traces(Vec<Trace>);

struct Trace {
    slot: usize,
    replies: UnixStream,
    /// The beginning of a line.
    begun: Vec<u8>,
}

impl Traces {
    /// Those of the emulator behind this control socket.
    pub(super) fn follow(socket: &Path) -> io::Result<Self> {
        let mut traces = Vec::new();
        for reply in call(socket, &Request::Status)? {
            if let Reply::Slot { slot, .. } = reply? {
                traces.push(Trace {
                    slot,
                    replies: send(socket, &Request::Trace { slot, follow: true })?,
                    begun: Vec::new(),
                });
            }
        }
        Ok(Self(traces))
    }

    /// Hands the events to a browser until it leaves, or the emulator does. A browser that leaves is noticed at once: a page that is
    /// loaded again and again would else take up all connections.
    pub(super) fn hand_to(mut self, mut browser: &TcpStream) -> io::Result<()> {
        loop {
            let begun = PollFd::new(&browser, PollFlags::RDHUP);
            let replies = self.0.iter();
            let replies = replies.map(|trace| PollFd::new(&trace.replies, PollFlags::IN));
            let mut looked_at: Vec<_> = std::iter::once(begun).chain(replies).collect();
            retry_on_intr(|| poll(&mut looked_at, None))?;
            let ready = looked_at
                .iter()
                .map(|looked_at| !looked_at.revents().is_empty());
            let ready: Vec<_> = ready.collect();
            let [false, replies @ ..] = &ready[..] else {
                return Ok(());
            };
            let mut events = Vec::new();
            for (trace, _) in self.0.iter_mut().zip(replies).filter(|(_, ready)| **ready) {
                trace.take_into(&mut events)?;
            }
            browser.write_all(&events)?;
        }
    }
}

impl Trace {
    /// Takes what has come, and adds the lines that are whole as events.
    fn take_into(&mut self, events: &mut Vec<u8>) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let length = self.replies.read(&mut chunk)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.begun.extend_from_slice(&chunk[..length]);
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = self.begun.drain(..=end).collect();
            let mut event: Value = serde_json::from_slice(&line)?;
            event["slot"] = self.slot.into();
            events.extend_from_slice(format!("data: {event}\n\n").as_bytes());
        }
        Ok(())
    }
}
