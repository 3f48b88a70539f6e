//! The protocol between the virtual reader's driver (vsmartcard's `vpcd`) and a virtual card.
//!
//! The card connects by TCP to the driver, which listens once `pcscd` is up. Both sides send
//! ```text
//! frame   = length (u16 BE) | payload
//! payload = control (1 byte) | APDU
//! control = 00 power off | 01 power on | 02 reset | 04 answer to reset
//! ```
//! The card answers `04` with its ATR and an APDU with the response; the others are not answered. The
//! driver asks for the ATR to see whether the card is still there; closing the connection removes it.
//!
//! The driver writes length and payload apart. Nagle's algorithm there holds the payload back until the
//! length is acknowledged, and a delayed acknowledgement here costs 44 ms an APDU. So every receive is
//! surrounded by `TCP_QUICKACK` (it does not stick), and every answer is one write.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

use rustix::net::sockopt::set_tcp_quickack;
use zeroize::Zeroizing;

/// The port of the first slot of an installed driver; the second slot has the next.
pub const PORT: u16 = 35963;

/// What the reader wants.
pub enum Request {
    /// Take the power away.
    PowerOff,
    /// Give it power.
    PowerOn,
    /// Warm reset.
    Reset,
    /// Answer with the ATR.
    Atr,
    /// Answer this command. It may hold a PIN.
    Apdu(Zeroizing<Vec<u8>>),
}

/// How what is received is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgements {
    /// At once: what a card does.
    Quick,
    /// When the operating system likes to. Good for nothing but to measure the difference.
    Delayed,
}

/// A connection to the reader.
#[derive(Debug)]
pub struct Link {
    port: u16,
    stream: TcpStream,
    acknowledgements: Acknowledgements,
}

impl Link {
    /// Puts a card on the reader.
    ///
    /// # Errors
    /// If nobody listens there: `pcscd` is not running, or has no virtual reader on this port.
    pub fn connect(port: u16) -> io::Result<Self> {
        Self::connect_with(port, Acknowledgements::Quick)
    }

    /// The same, acknowledging as told.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_with(port: u16, acknowledgements: Acknowledgements) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            port,
            stream,
            acknowledgements,
        })
    }

    /// A new connection to the same reader.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn again(&self) -> io::Result<Self> {
        Self::connect_with(self.port, self.acknowledgements)
    }

    /// Another handle of the same connection, to [`close`](Self::close) it while it is being read.
    ///
    /// # Errors
    /// If the process can open no more files.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            port: self.port,
            stream: self.stream.try_clone()?,
            acknowledgements: self.acknowledgements,
        })
    }

    /// Takes the card from the reader.
    pub fn close(&self) {
        // Fails if the other side closed it before, which is as good.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Whether the reader has closed it as well, once it was [closed](Self::close) here: it knows that the card is gone.
    #[must_use]
    pub fn is_let_go(&self) -> bool {
        // Until then the connection is half closed, and has another end.
        self.stream.peer_addr().is_err()
    }

    /// Waits for the next request.
    ///
    /// # Errors
    /// If the connection ended: [`io::ErrorKind::UnexpectedEof`] where it was closed.
    pub fn receive(&mut self) -> io::Result<Request> {
        loop {
            let mut length = [0; 2];
            self.receive_exact(&mut length)?;
            let mut payload = Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(length))]);
            self.receive_exact(&mut payload)?;
            match **payload {
                [0x00] => return Ok(Request::PowerOff),
                [0x01] => return Ok(Request::PowerOn),
                [0x02] => return Ok(Request::Reset),
                [0x04] => return Ok(Request::Atr),
                // No other controls exist today; none but the ATR's is answered.
                [] | [_] => {}
                _ => return Ok(Request::Apdu(payload)),
            }
        }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// If the connection ended, or the answer has more than 65,535 bytes.
    pub fn answer(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u16::try_from(payload.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut frame = Zeroizing::new(Vec::with_capacity(payload.len() + 2));
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame)
    }

    fn receive_exact(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.acknowledge()?;
        self.stream.read_exact(bytes)?;
        self.acknowledge()
    }

    fn acknowledge(&self) -> io::Result<()> {
        match self.acknowledgements {
            Acknowledgements::Quick => Ok(set_tcp_quickack(&self.stream, true)?),
            Acknowledgements::Delayed => Ok(()),
        }
    }
}
