//! One name looked up: its process asks name servers, which a confined core cannot, and no other name than its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use issuance_channel::client::{Addresses, Guide, Way};

/// What calls the program for this, before `host:port`.
pub(super) const ARGUMENT: &str = "--look-up";

/// The way to a host. One that is an address needs nobody; else a process is started that looks it up.
///
/// # Errors
/// If it cannot be started.
pub fn way(host: &str, port: u16) -> io::Result<Way> {
    if host.parse::<IpAddr>().is_ok() {
        return Ok(Way::LookedUp);
    }
    let address = format!("{host}:{port}");
    let process = super::start("kiosk-names", &[ARGUMENT, &address])?;
    Ok(Way::Asked(Arc::new(Name(Arc::new(Mutex::new(
        BufReader::new(process),
    ))))))
}

/// The core's end.
#[derive(Debug)]
struct Name(Arc<Mutex<BufReader<UnixStream>>>);

impl Guide for Name {
    fn addresses(&self) -> Addresses<'_> {
        let process = Arc::clone(&self.0);
        // On a thread that goes on if nobody waits any more, so that an answer is never taken for that to the next question.
        let asked = tokio::task::spawn_blocking(move || {
            ask(&mut process.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Box::pin(async move { asked.await.map_err(io::Error::other)? })
    }
}

fn ask(process: &mut BufReader<UnixStream>) -> io::Result<Vec<SocketAddr>> {
    process.get_mut().write_all(b"?")?;
    let mut line = String::new();
    process.read_line(&mut line)?;
    let addresses: Vec<_> = line.split_whitespace().flat_map(str::parse).collect();
    match addresses.is_empty() {
        true => Err(io::ErrorKind::AddrNotAvailable.into()),
        false => Ok(addresses),
    }
}

/// What the process does: a line of addresses for each byte, and none where the name leads nowhere.
pub(super) fn serve(address: &str) -> io::Result<()> {
    sandbox::harden().map_err(io::Error::other)?;
    let _deaf = super::deaf()?;
    let mut core = super::own_end()?;
    let mut question = [0];
    while core.read(&mut question)? == 1 {
        let addresses = address.to_socket_addrs().into_iter().flatten();
        let mut line: String = addresses.map(|address| format!("{address} ")).collect();
        line.push('\n');
        core.write_all(line.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn an_address_needs_nobody() {
        for host in ["127.0.0.1", "::1"] {
            assert!(matches!(way(host, 1), Ok(Way::LookedUp)), "{host}");
        }
    }

    #[tokio::test]
    async fn each_question_has_its_own_answer() {
        let (own, mut other) = UnixStream::pair().unwrap();
        let name = Name(Arc::new(Mutex::new(BufReader::new(own))));
        let answers = ["127.0.0.1:631 [::1]:631 \n", "\n", "127.0.0.2:631 \n"];
        let (heard, hears) = mpsc::channel();
        std::thread::spawn(move || {
            for answer in answers {
                other.read_exact(&mut [0]).unwrap();
                heard.send(()).unwrap();
                other.write_all(answer.as_bytes()).unwrap();
            }
        });
        let first = name.addresses().await.unwrap();
        assert_eq!(first.len(), 2);
        hears.recv().unwrap();
        // Nobody waits for the second, which is asked before the third: that does not get its answer.
        drop(name.addresses());
        hears.recv().unwrap();
        assert_eq!(
            name.addresses().await.unwrap(),
            ["127.0.0.2:631".parse().unwrap()]
        );
        // Nobody there any more.
        assert!(name.addresses().await.is_err());
    }
}
