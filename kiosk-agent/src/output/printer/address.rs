//! A printer's address: `ipps://host:port/path`, or `ipp` where the way does not leave the machine.

use std::net::IpAddr;
use std::str::FromStr;

use hyper::Uri;

/// The port registered for IPP, with and without TLS.
const IPP_PORT: u16 = 631;

/// A parsed printer address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterAddress {
    text: String,
    host: String,
    port: u16,
    path: String,
    encrypted: bool,
}

/// Why this is no address of a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `ipp(s)://host[:port]/path`.
    #[error("not of the form ipps://host:port/path")]
    Form,
    /// `ipp` to somewhere that is not this machine.
    #[error("ipp without TLS is for this machine only: use ipps")]
    Unencrypted,
    /// A queue of CUPS, on whatever machine.
    #[error(
        "what is beneath /printers or /classes is a queue of CUPS, which keeps each page on a disk: name the printer itself (such as ipps://host:631/ipp/print)"
    )]
    Spool,
    /// The file that should hold the printer's authorities is missing, unreadable or empty.
    #[error("an ipps printer needs a readable file of certificate authorities (printer.ca)")]
    Authority,
}

impl PrinterAddress {
    /// The whole URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Path of the printer on its host.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether TLS is used.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

impl FromStr for PrinterAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.parse().map_err(|_| AddressError::Form)?;
        let encrypted = match uri.scheme_str() {
            Some("ipps") => true,
            Some("ipp") => false,
            _ => return Err(AddressError::Form),
        };
        let authority = uri.authority().ok_or(AddressError::Form)?;
        // A password in an address ends up in process lists and logs.
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(AddressError::Form);
        }
        // Printers need none, and whoever reads it otherwise finds another path.
        if uri.path().contains('%') {
            return Err(AddressError::Form);
        }
        if is_queue(uri.path()) {
            return Err(AddressError::Spool);
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if !encrypted && !is_loopback(&host) {
            return Err(AddressError::Unencrypted);
        }
        Ok(Self {
            text: text.to_owned(),
            port: authority.port_u16().unwrap_or(IPP_PORT),
            path: uri.path().to_owned(),
            host,
            encrypted,
        })
    }
}

/// Whether CUPS has its queues there, as its copies elsewhere have.
fn is_queue(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default();
    ["printers", "classes"]
        .iter()
        .any(|queues| first.eq_ignore_ascii_case(queues))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_on_this_machine() {
        for right in [
            "ipp://localhost:8631/ipp/print",
            "ipp://127.0.0.1/p",
            "ipp://[::1]:1/p",
        ] {
            assert!(!right.parse::<PrinterAddress>().unwrap().is_encrypted());
        }
        for wrong in [
            "ipp://printer.example/p",
            "ipp://192.0.2.1/p",
            "ipp://localhost.example/p",
        ] {
            assert_eq!(
                wrong.parse::<PrinterAddress>(),
                Err(AddressError::Unencrypted),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_queue_that_keeps_pages_on_a_disk_is_no_printer() {
        for wrong in [
            "ipp://localhost/printers/office",
            "ipp://127.0.0.1:631/classes/all",
            "ipp://localhost//printers/office",
            "ipps://print.example/printers/office",
            "ipps://print.example/Printers/office/.printer",
            "ipps://print.example/printers",
        ] {
            let parsed = wrong.parse::<PrinterAddress>();
            assert_eq!(parsed, Err(AddressError::Spool), "{wrong}");
        }
        let hidden = "ipp://localhost/%70rinters/office".parse::<PrinterAddress>();
        assert_eq!(hidden, Err(AddressError::Form));
        assert!(
            "ipp://localhost/ipp/printers"
                .parse::<PrinterAddress>()
                .is_ok()
        );
    }

    #[test]
    fn an_address_has_scheme_host_and_path() {
        let address: PrinterAddress = "ipps://printer.example/ipp/print".parse().unwrap();
        assert_eq!(
            (address.host(), address.port(), address.path()),
            ("printer.example", 631, "/ipp/print")
        );
        assert!(address.is_encrypted());
        for wrong in [
            "",
            "printer",
            "http://localhost/p",
            "ipps:///p",
            "ipps://u:p@h/p",
            "ipps://h/p?q",
        ] {
            assert_eq!(
                wrong.parse::<PrinterAddress>(),
                Err(AddressError::Form),
                "{wrong}"
            );
        }
    }
}
