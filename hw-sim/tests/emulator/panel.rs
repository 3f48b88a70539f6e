//! The panel's server without a browser: pages that come and go, and clients that only take up room.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use hw_sim::panel::Panel;

use crate::reader::{eventually, send};
use crate::slots::Emulator;

struct Page {
    panel: Panel,
    emulator: Emulator,
}

impl Page {
    fn open() -> Self {
        let emulator = Emulator::start(&["ordinary", "gaiji"]);
        let panel = Panel::bind(0, &emulator.socket).unwrap();
        panel.start().unwrap();
        Self { panel, emulator }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host()).unwrap();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        stream
    }

    fn host(&self) -> String {
        let address = self.panel.address();
        let (host, _) = address.split_once("/#").unwrap();
        host.trim_start_matches("http://").to_owned()
    }

    /// Sends a GET, and gives the first line of the answer and what comes after it. Nothing, where there was no room.
    fn get(&self, path: &str) -> Option<(String, BufReader<TcpStream>)> {
        let address = self.panel.address();
        let (_, secret) = address.split_once('#').unwrap();
        let mut stream = self.connect();
        let host = self.host();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n"
        )
        .ok()?;
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line).ok()?;
        (!line.is_empty()).then_some((line, answer))
    }

    /// As [`Self::get`], as often as it takes until it is there.
    fn get_in_the_end(&self, path: &str) -> BufReader<TcpStream> {
        let mut got = None;
        eventually(|| {
            got = self.get(path);
            matches!(&got, Some((line, _)) if line.contains(" 200 "))
        });
        got.unwrap().1
    }
}

#[test]
fn a_page_that_was_loaded_fifty_times_is_there_the_next_time() {
    let page = Page::open();
    for _ in 0..50 {
        page.get_in_the_end("/");
        // The tab goes, and nothing happens on the slots that would show it to whoever writes.
        drop(page.get_in_the_end("/trace"));
    }
    page.get_in_the_end("/");

    let trace = page.get_in_the_end("/trace");
    for (slot, persona) in [(0, "ordinary"), (1, "gaiji")] {
        page.emulator.insert(persona, slot, &[]);
        send(&page.emulator.slots[slot].accept(), &[1]);
    }
    let mut slots: Vec<_> = trace
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.contains("power-on"))
        .map(|line| line.contains(r#""slot":1"#))
        .take(2)
        .collect();
    slots.sort_unstable();
    assert_eq!(slots, [false, true]);
}

#[test]
fn pages_that_are_open_leave_room_for_others() {
    let page = Page::open();
    let open: Vec<_> = (0..16).map(|_| page.get_in_the_end("/trace")).collect();
    let (line, _) = page.get("/trace").unwrap();
    assert!(line.contains(" 503 "), "{line}");
    page.get_in_the_end("/");
    drop(open);
    page.get_in_the_end("/trace");
}

#[test]
fn a_client_that_says_a_little_at_a_time_does_not_stay() {
    let page = Page::open();
    let begin = Instant::now();
    let clients: Vec<_> = (0..32).map(|_| page.connect()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            // Each byte within the time of one read.
            for byte in b"GET / HTTP/1.1\r\nX: 1234567890" {
                for mut client in &clients {
                    let _ = client.write_all(&[*byte]);
                }
                thread::sleep(Duration::from_millis(500));
            }
        });
        eventually_within(Duration::from_secs(13), || page.get("/").is_some());
    });
    assert!(begin.elapsed() > Duration::from_secs(5));
    // Each was let go without an answer.
    for mut client in clients {
        let mut rest = Vec::new();
        assert!(client.read_to_end(&mut rest).is_err() || rest.is_empty());
    }
}

fn eventually_within(time: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + time;
    while !condition() {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(50));
    }
}
