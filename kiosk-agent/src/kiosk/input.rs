//! Lines from standard input: one thread reads them, byte by byte so that no buffer keeps any, and what is read is wiped.

use std::io;
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Longer lines are nothing a resident means.
const LONGEST: usize = 64;

/// A line without its end; possibly a PIN.
pub(super) type Line = Zeroizing<String>;

/// Standard input.
pub(super) struct Input {
    lines: mpsc::UnboundedReceiver<Line>,
}

impl Input {
    pub(super) fn start() -> io::Result<Self> {
        let (sender, lines) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || {
                while let Some(line) = read_line() {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { lines })
    }

    /// Nobody at a keyboard.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        let (_, lines) = mpsc::unbounded_channel();
        Self { lines }
    }

    /// Forgets what was typed ahead at a terminal: nobody confirms what was not shown yet.
    pub(super) fn forget(&mut self) {
        if rustix::termios::isatty(rustix::stdio::stdin()) {
            while self.lines.try_recv().is_ok() {}
        }
    }

    /// The next line; nothing at the end of input.
    pub(super) async fn line(&mut self) -> Option<Line> {
        self.lines.recv().await
    }
}

fn read_line() -> Option<Line> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0u8]);
    loop {
        match rustix::io::read(rustix::stdio::stdin(), byte.as_mut_slice()) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) | Err(_) => return None,
            Ok(_) if byte[0] == b'\n' => break,
            // Never grows, so no copy of a PIN stays behind; what is too long fits nothing.
            Ok(_) if line.len() < LONGEST => line.push(byte[0]),
            Ok(_) => {}
        }
    }
    Some(Zeroizing::new(
        str::from_utf8(&line).unwrap_or_default().to_owned(),
    ))
}

/// Keeps a terminal from echoing until it is dropped. Without a terminal there is no echo to stop.
pub(super) struct Quiet {
    before: Option<Termios>,
}

impl Quiet {
    pub(super) fn begin() -> Self {
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            set(&quiet);
        }
        Self { before }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            set(before);
        }
    }
}

fn set(modes: &Termios) {
    // What was typed before the change is forgotten. A terminal that is gone echoes nothing.
    let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, modes);
}
