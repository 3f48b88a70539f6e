//! PINs, from the terminal without echo or from a file descriptor. Never from an argument.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;

use zeroize::Zeroizing;

use crate::arguments;
use crate::failure::Failure;

/// Longest line that is read, in bytes: longer than anything that can be asked for.
const LONGEST: usize = 64;

/// Where entries come from.
pub(crate) struct Entry {
    source: Source,
    last_try: bool,
}

enum Source {
    Terminal,
    Descriptor(u32, OnceCell<File>),
}

impl Entry {
    pub(crate) fn of(arguments: &arguments::Entry) -> Self {
        let source = arguments.pin_fd.map_or(Source::Terminal, |descriptor| {
            Source::Descriptor(descriptor, OnceCell::new())
        });
        Self {
            source,
            last_try: arguments.last_try,
        }
    }

    /// Whether a person types.
    pub(crate) const fn is_interactive(&self) -> bool {
        matches!(self.source, Source::Terminal)
    }

    /// Refuses to go on with no try left, or with one unless that was said to be wanted.
    pub(crate) const fn allows(&self, tries_left: u8) -> Result<(), Failure> {
        match tries_left {
            0 => Err(Failure::Blocked),
            1 if !self.last_try => Err(Failure::LastTry),
            _ => Ok(()),
        }
    }

    /// The next entry.
    pub(crate) fn ask(&self, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        match &self.source {
            Source::Terminal => rpassword::prompt_password(format!("{prompt}: "))
                .map(Zeroizing::new)
                .map_err(|_| Failure::NoEntry),
            Source::Descriptor(number, opened) => {
                let file = match opened.get() {
                    Some(file) => file,
                    None => {
                        let file = File::open(format!("/dev/fd/{number}"))
                            .map_err(|_| Failure::NoEntry)?;
                        opened.get_or_init(|| file)
                    }
                };
                line(file)
            }
        }
    }
}

/// A line, byte by byte: what follows it is for the next entry.
fn line(mut file: &File) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0]);
    loop {
        match file.read(&mut byte[..]) {
            Ok(1) if byte[0] == b'\n' => break,
            Ok(1) if line.len() < LONGEST => line.push(byte[0]),
            Ok(0) if !line.is_empty() => break,
            _ => return Err(Failure::NoEntry),
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| Failure::NoEntry)?;
    Ok(Zeroizing::new(text.to_owned()))
}
