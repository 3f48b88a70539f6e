//! The protocol, line by line, as another program would speak it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use tempfile::TempDir;

use super::super::{Ledger, call};
use super::*;

/// A cabinet on a socket.
struct Running {
    server: Server,
    folder: TempDir,
}

/// Another program's side of a connection.
struct Client {
    stream: UnixStream,
    lines: io::Lines<BufReader<UnixStream>>,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::bind(&folder.path().join("cabinet.sock"), None).unwrap();
        server.start().unwrap();
        Self { server, folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("cabinet.sock")
    }

    fn connect(&self) -> Client {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        Client { stream, lines }
    }

    fn to(&self, device: &str) -> Client {
        let mut client = self.connect();
        client.say(&hello(1, device));
        client.hears(r#"{"reply":"hello","version":1}"#);
        client
    }

    fn ask(&self, request: &Request) -> Reply {
        call(&self.socket(), request).unwrap()
    }

    fn look(&self) -> Look {
        match self.ask(&Request::Look) {
            Reply::Look(look) => look,
            other => panic!("{other:?}"),
        }
    }

    fn until(&self, holds: impl Fn(&Look) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !holds(&self.look()) {
            assert!(Instant::now() < deadline, "{:?}", self.look());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Client {
    fn say(&mut self, line: &str) {
        writeln!(self.stream, "{line}").unwrap();
    }

    fn hears(&mut self, line: &str) {
        assert_eq!(self.lines.next().unwrap().unwrap(), line);
    }

    fn is_let_go(&mut self) {
        let next = self.lines.next();
        assert!(next.is_none_or(|line| line.is_err()));
    }
}

fn hello(version: u32, device: &str) -> String {
    format!(
        r#"{{"request":"hello","protocol":"shomei-cabinet","version":{version},"device":"{device}"}}"#
    )
}

const TAKEN: Reply = Reply::Coin { taken: true };

#[test]
fn only_who_knows_the_protocol_is_let_in() {
    let running = Running::start();
    let other = hello(1, "tray").replace("shomei-cabinet", "other");
    for (line, because) in [
        (hello(2, "tray"), "version"),
        (other, "version"),
        (hello(1, "door"), "device"),
        ("{}".to_owned(), "malformed"),
        ("x".repeat(2000), "malformed"),
    ] {
        let mut client = running.connect();
        // Too long a line may not be taken off.
        let _ = writeln!(client.stream, "{line}");
        client.hears(&format!(r#"{{"reply":"refused","because":"{because}"}}"#));
        client.is_let_go();
    }
    let _first = running.to("payment");
    let mut second = running.connect();
    second.say(&hello(1, "payment"));
    second.hears(r#"{"reply":"refused","because":"busy"}"#);
}

#[test]
fn a_sensor_answers_as_documented() {
    let running = Running::start();
    let mut tray = running.to("tray");
    tray.say(r#"{"request":"state"}"#);
    tray.hears(r#"{"reply":"state","state":"clear"}"#);
    tray.say(r#"{"request":"change","from":"occupied","within_ms":60000}"#);
    tray.hears(r#"{"reply":"state","state":"clear"}"#);
    tray.say(r#"{"request":"change","from":"clear","within_ms":1}"#);
    tray.hears(r#"{"reply":"state","state":"clear"}"#);
    tray.say(r#"{"request":"change","from":"clear","within_ms":60000}"#);
    let place = Place::Tray;
    assert_eq!(running.ask(&Request::Put { place }), Reply::Done);
    tray.hears(r#"{"reply":"state","state":"occupied"}"#);
    let fault = Fault::TrayFails;
    assert_eq!(running.ask(&Request::Fault { fault }), Reply::Done);
    tray.say(r#"{"request":"state","since":"a later version"}"#);
    tray.hears(r#"{"reply":"state","state":"failed"}"#);
    tray.say(r#"{"request":"collect","yen":120}"#);
    tray.is_let_go();
}

#[test]
fn a_payment_goes_as_documented() {
    let running = Running::start();
    let mut unit = running.to("payment");
    unit.say(r#"{"request":"status"}"#);
    unit.hears(r#"{"reply":"ready"}"#);
    assert_eq!(
        running.ask(&Request::Coin { yen: 100 }),
        Reply::Coin { taken: false }
    );
    unit.say(r#"{"request":"collect","yen":120}"#);
    running.until(|_| running.ask(&Request::Coin { yen: 100 }) == TAKEN);
    unit.hears(r#"{"reply":"inserted","yen":100}"#);
    assert_eq!(running.ask(&Request::Coin { yen: 50 }), TAKEN);
    unit.hears(r#"{"reply":"inserted","yen":150}"#);
    unit.hears(r#"{"reply":"collected","yen":120,"change":30}"#);
    assert_eq!(running.look().money.held, 120);
    unit.say(r#"{"request":"refund","yen":20}"#);
    unit.hears(r#"{"reply":"returned","yen":20}"#);
    unit.say(r#"{"request":"settle"}"#);
    unit.hears(r#"{"reply":"settled","yen":100}"#);
    unit.say(r#"{"request":"cancel"}"#);
    unit.hears(r#"{"reply":"returned","yen":0}"#);

    unit.say(r#"{"request":"collect","yen":120}"#);
    running.until(|_| running.ask(&Request::Coin { yen: 10 }) == TAKEN);
    unit.hears(r#"{"reply":"inserted","yen":10}"#);
    unit.say(r#"{"request":"cancel"}"#);
    unit.hears(r#"{"reply":"returned","yen":10}"#);
    let fault = Fault::Jam;
    assert_eq!(running.ask(&Request::Fault { fault }), Reply::Done);
    unit.say(r#"{"request":"collect","yen":120}"#);
    running.until(|_| running.ask(&Request::Coin { yen: 500 }) == TAKEN);
    unit.hears(r#"{"reply":"failed","why":"jam","owed":500}"#);
    unit.say(r#"{"request":"status"}"#);
    unit.hears(r#"{"reply":"failed","why":"jam","owed":0}"#);
    assert_eq!(running.look().money.owed, 500);
    assert_eq!(running.ask(&Request::Mend), Reply::Done);
    let Ledger {
        inserted,
        kept,
        returned,
        held,
        owed,
    } = running.look().money;
    assert_eq!((kept, held, owed), (100, 0, 0));
    assert_eq!(inserted, kept + returned);
}

#[test]
fn whoever_goes_leaves_no_money_behind() {
    let running = Running::start();
    for coins in [&[][..], &[100], &[100, 50]] {
        let mut unit = running.to("payment");
        unit.say(r#"{"request":"collect","yen":120}"#);
        for &yen in coins {
            running.until(|_| running.ask(&Request::Coin { yen }) == TAKEN);
        }
        drop(unit);
        running.until(|look| look.money.held == 0);
        let Ledger {
            inserted, returned, ..
        } = running.look().money;
        assert_eq!(inserted, returned);
        // Until it has noticed, the next is busy.
        running.until(|_| running.server.cabinet.lock().payer.is_none());
    }
    let mut unit = running.to("payment");
    unit.say(r#"{"request":"settle"} {"request":"settle"}"#);
    unit.is_let_go();
}

#[test]
fn a_second_cabinet_does_not_take_the_socket() {
    let running = Running::start();
    let taken = Server::bind(&running.socket(), None).unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    let mode = fs::metadata(running.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let socket = running.socket();
    drop(running.server);
    assert!(!socket.exists());
}
