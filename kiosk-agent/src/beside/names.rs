//! One name looked up: its process asks name servers, which a confined core cannot, and no other name than its own.
//!
//! What name servers answer is read by the C library, in a process for each question: it begins with the files of that moment, which may be others
//! than before, and whatever an answer makes of it ends with it. It reads those files, asks name servers by UDP and TCP, and can do no more; the
//! one that starts it hands its line on unread.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use issuance_channel::client::{Addresses, Guide, Way};
use sandbox::{Calls, Landlock, Needs};

/// What calls the program for this, before `host:port` and how much of Landlock is demanded.
pub(super) const ARGUMENT: &str = "--look-up";
/// The same for a single question.
pub(super) const ONCE: &str = "--look-up-once";

/// The port of name servers.
const NAME_SERVERS: u16 = 53;
/// Where the C library finds out whom to ask, and what it need not ask. Files, for beside them lie keys.
const FILES: [&str; 5] = [
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/gai.conf",
];
/// So long a line of addresses may be.
const LONGEST: u64 = 4096;

/// The way to a host. One that is an address needs nobody; else a process is started that looks it up.
///
/// # Errors
/// If it cannot be started.
pub fn way(host: &str, port: u16, landlock: Landlock) -> io::Result<Way> {
    if host.parse::<IpAddr>().is_ok() {
        return Ok(Way::LookedUp);
    }
    let address = format!("{host}:{port}");
    let process = super::start("kiosk-names", &[ARGUMENT, &address, landlock.as_str()])?;
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
pub(super) fn serve(address: &str, landlock: Landlock) -> io::Result<()> {
    sandbox::harden().map_err(io::Error::other)?;
    // Whatever it starts has this too.
    let needs = Needs {
        run: vec!["/".into()],
        connect: vec![NAME_SERVERS],
        ..Needs::default()
    };
    sandbox::confine(&needs, landlock).map_err(io::Error::other)?;
    let _deaf = super::deaf()?;
    let mut core = super::own_end()?;
    let mut question = [0];
    while core.read(&mut question)? == 1 {
        let mut line = answer(address, landlock).unwrap_or_default();
        line.push(b'\n');
        core.write_all(&line)?;
    }
    Ok(())
}

/// What a process that looks up once says, on a line.
fn answer(address: &str, landlock: Landlock) -> io::Result<Vec<u8>> {
    let mut process = super::command("kiosk-name", &[ONCE, address, landlock.as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = process.stdout.take();
    let mut line = Vec::new();
    let read = said.map(|said| said.take(LONGEST).read_to_end(&mut line));
    // It has said what it had to say.
    let _ = process.kill();
    process.wait()?;
    read.transpose()?;
    line.retain(|byte| *byte != b'\n');
    Ok(line)
}

/// What the process for a single question does.
pub(super) fn serve_once(address: &str, landlock: Landlock) -> io::Result<()> {
    sandbox::harden().map_err(io::Error::other)?;
    sandbox::confine(&needs(), landlock).map_err(io::Error::other)?;
    sandbox::seal(Calls::Names).map_err(io::Error::other)?;
    let addresses = address.to_socket_addrs()?;
    let line: String = addresses.map(|address| format!("{address} ")).collect();
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    // Dropped, it would not say that it failed.
    out.flush()
}

/// What looking up takes.
fn needs() -> Needs {
    let there = FILES
        .map(PathBuf::from)
        .into_iter()
        .filter(|it| it.exists());
    Needs {
        read: there.collect(),
        connect: vec![NAME_SERVERS],
        ..Needs::default()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;

    use tempfile::TempDir;

    use super::*;
    use crate::beside::tests::{confined, is_refused};

    #[test]
    fn an_address_needs_nobody() {
        for host in ["127.0.0.1", "::1"] {
            let way = way(host, 1, Landlock::Demanded);
            assert!(matches!(way, Ok(Way::LookedUp)), "{host}");
        }
    }

    #[test]
    fn who_looks_up_reads_what_that_takes_and_can_do_no_more() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "key").unwrap();
        let made = folder.path().join("made");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = listener.local_addr().unwrap();
        confined(needs(), move || {
            assert!("localhost:631".to_socket_addrs().unwrap().count() > 0);
            assert!(is_refused(File::open(&file)));
            // Beside what it reads.
            assert!(is_refused(File::open("/etc/passwd")));
            assert!(is_refused(File::open("/proc/self/environ")));
            assert!(is_refused(std::fs::read_dir("/etc")));
            assert!(is_refused(File::create(&made)));
            assert!(is_refused(std::fs::remove_file(&file)));
            assert!(is_refused(std::process::Command::new("true").status()));
            assert!(is_refused(TcpListener::bind("127.0.0.1:0")));
            assert!(is_refused(TcpStream::connect(other)));
            // Whether or not there is one.
            assert!(!is_refused(TcpStream::connect(("127.0.0.1", NAME_SERVERS))));
        });
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
