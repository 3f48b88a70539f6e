//! Stands in front of the printer, passes everything on, and notes when what went by. One connection is one question.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use super::timed::{Mark, Marks};

/// How a PDF begins.
const PDF: &[u8] = b"%PDF";

pub(super) struct Relay {
    port: u16,
}

impl Relay {
    /// Listens until the process ends.
    pub(super) fn start(printer: u16, marks: Marks) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let marks = marks.clone();
                thread::spawn(move || drop(pass_on(client, printer, &marks)));
            }
        });
        Ok(Self { port })
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }
}

fn pass_on(mut client: TcpStream, printer: u16, marks: &Marks) -> io::Result<()> {
    let mut printer = TcpStream::connect(("127.0.0.1", printer))?;
    for stream in [&client, &printer] {
        stream.set_nodelay(true)?;
    }
    let (mut answers, mut asker) = (printer.try_clone()?, client.try_clone()?);
    let answered = marks.clone();
    let back = thread::spawn(move || {
        let passed = io::copy(&mut answers, &mut asker);
        answered.note(Mark::PrinterAnswered);
        let _ = asker.shutdown(Shutdown::Write);
        passed
    });
    let mut chunk = vec![0; 1 << 16];
    // The beginning may come in two pieces.
    let mut last = Vec::new();
    let mut asked = false;
    let mut page = false;
    loop {
        let length = client.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        if !std::mem::replace(&mut asked, true) {
            marks.note(Mark::PrinterAsked);
        }
        last.extend_from_slice(&chunk[..length]);
        if !page && last.windows(PDF.len()).any(|it| it == PDF) {
            page = true;
            marks.note(Mark::FirstByte);
        }
        last.drain(..last.len().saturating_sub(PDF.len() - 1));
        printer.write_all(&chunk[..length])?;
    }
    let _ = printer.shutdown(Shutdown::Write);
    drop(back.join());
    Ok(())
}
