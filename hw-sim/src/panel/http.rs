//! As much HTTP/1.1 as the panel needs: one request, one response, and the connection ends.

use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longest request line and headers together, in bytes.
const HEAD: u64 = 8192;
/// Longest body: a control request.
const BODY: usize = 4096;
/// Most headers.
const HEADERS: usize = 64;

/// What every answer says: nothing from elsewhere, in no frame, kept nowhere.
const ALWAYS: &str = "\
Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'\r\n\
X-Content-Type-Options: nosniff\r\n\
Referrer-Policy: no-referrer\r\n\
Cross-Origin-Opener-Policy: same-origin\r\n\
Cross-Origin-Resource-Policy: same-origin\r\n\
Cache-Control: no-store\r\n\
Connection: close\r\n";

/// A connection that is read for so long altogether, however slowly the bytes come.
pub(super) struct Patient<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

impl<'a> Patient<'a> {
    pub(super) fn of(stream: &'a TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            until: Instant::now() + patience,
        }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(bytes)
    }
}

/// A request.
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Malformed {
    /// Longer than anything the page sends.
    TooLong,
    /// Not HTTP/1.1.
    Syntax,
    /// The client left, or was too slow.
    Gone(io::Error),
}

impl From<io::Error> for Malformed {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl Incoming {
    pub(super) fn read(stream: &mut impl BufRead) -> Result<Self, Malformed> {
        let mut head = Vec::new();
        let mut limited = Read::take(&mut *stream, HEAD);
        while !head.ends_with(b"\r\n\r\n") {
            if limited.read_until(b'\n', &mut head)? == 0 {
                let all = u64::try_from(head.len()).is_ok_and(|length| length == HEAD);
                return Err(if all {
                    Malformed::TooLong
                } else {
                    Malformed::Syntax
                });
            }
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        if !matches!(request.parse(&head), Ok(httparse::Status::Complete(_))) {
            return Err(Malformed::Syntax);
        }
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).map_err(|_| Malformed::Syntax);
        let headers = request
            .headers
            .iter()
            .map(|header| Ok((header.name.to_ascii_lowercase(), text(header.value)?)));
        let mut incoming = Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            headers: headers.collect::<Result<_, Malformed>>()?,
            body: Vec::new(),
        };
        if incoming.count("transfer-encoding") > 0 || incoming.count("content-length") > 1 {
            return Err(Malformed::Syntax);
        }
        if let Some(length) = incoming.header("content-length") {
            let digits = length.bytes().all(|byte| byte.is_ascii_digit());
            let length: usize = length.parse().map_err(|_| Malformed::Syntax)?;
            match (digits, length) {
                (true, 0..=BODY) => incoming.body = vec![0; length],
                (true, _) => return Err(Malformed::TooLong),
                (false, _) => return Err(Malformed::Syntax),
            }
        }
        stream.read_exact(&mut incoming.body)?;
        Ok(incoming)
    }

    /// The value of a header that is there exactly once.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            // Twice is as bad as wrong.
            (Some(_), Some(_)) => Some(""),
            (None, _) => None,
        }
    }

    fn count(&self, name: &str) -> usize {
        self.headers
            .iter()
            .filter(|(other, _)| other == name)
            .count()
    }
}

/// An answer.
pub(super) struct Response {
    status: u16,
    kind: &'static str,
    body: String,
}

impl Response {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            body: format!("{}\n", reason(status)),
        }
    }

    pub(super) fn asset(kind: &'static str, content: &str) -> Self {
        Self {
            status: 200,
            kind,
            body: content.to_owned(),
        }
    }

    pub(super) fn json(json: &str) -> Self {
        Self::asset("application/json", json)
    }

    /// The head of an answer that goes on for ever.
    pub(super) fn event_stream() -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{ALWAYS}\r\n")
    }

    pub(super) fn write(&self, mut stream: impl Write) -> io::Result<()> {
        let Self { status, kind, body } = self;
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{ALWAYS}\r\n",
            reason(*status),
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        502 => "Bad Gateway",
        _ => "Service Unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Incoming, Malformed> {
        Incoming::read(&mut text.as_bytes())
    }

    #[test]
    fn a_request_is_read_whole() {
        let request = read("POST /control HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}rest")
            .unwrap_or_else(|_| panic!("it is one"));
        assert_eq!(
            (&*request.method, &*request.path, &*request.body),
            ("POST", "/control", &b"{}"[..])
        );
        assert_eq!(
            (request.header("host"), request.header("origin")),
            (Some("a"), None)
        );
        // Which of two counts depends on who reads it: neither does.
        let twice = read("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n")
            .unwrap_or_else(|_| panic!("it is one"));
        assert_eq!(twice.header("host"), Some(""));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "GET /\r\n\r\n",
            "GET / HTTP/1.1\r\nHost a\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
        ] {
            assert!(matches!(read(text), Err(Malformed::Syntax)), "{text}");
        }
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(9000));
        assert!(matches!(read(&long), Err(Malformed::TooLong)));
        let long = "POST / HTTP/1.1\r\nContent-Length: 4097\r\n\r\n";
        assert!(matches!(read(long), Err(Malformed::TooLong)));
        let short = "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nx";
        assert!(matches!(read(short), Err(Malformed::Gone(_))));
    }
}
