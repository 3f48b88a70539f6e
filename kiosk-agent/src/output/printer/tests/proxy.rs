//! Stands between kiosk and printer and loses what it is told to lose.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use ipp::attribute::IppAttribute;
use ipp::model::Operation;
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::value::IppValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It never reaches the printer.
    Request,
    /// It does, and the answer is lost.
    Answer,
    /// It does, and the answer says another `job-state`.
    JobState(u8),
    /// It does, and in the answer the attribute of this name has these keywords.
    Says(&'static str, &'static [&'static str]),
}

/// A running proxy.
pub(super) struct Proxy {
    pub(super) port: u16,
    printer: Arc<AtomicU16>,
    faults: Arc<Mutex<BTreeMap<u16, Fault>>>,
    /// Operations asked for so far.
    asked: Arc<Mutex<Vec<u16>>>,
}

impl Proxy {
    pub(super) async fn before(printer: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults = Arc::<Mutex<BTreeMap<_, _>>>::default();
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let printer = Arc::new(AtomicU16::new(printer));
        let (plan, log, place) = (faults.clone(), asked.clone(), printer.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (plan, log) = (plan.clone(), log.clone());
                let printer = place.load(Ordering::SeqCst);
                tokio::spawn(async move { serve(client, printer, &plan, &log).await });
            }
        });
        Self {
            port,
            printer,
            faults,
            asked,
        }
    }

    pub(super) fn set(&self, operation: Operation, fault: Fault) {
        self.faults.lock().unwrap().insert(operation as u16, fault);
    }

    /// From now on nobody reaches the printer.
    pub(super) fn cut(&self) {
        for operation in super::OPERATIONS {
            self.set(operation, Fault::Request);
        }
        self.set(Operation::GetPrinterAttributes, Fault::Request);
    }

    /// Another printer answers from now on: one that was started anew.
    pub(super) fn to(&self, printer: u16) {
        self.printer.store(printer, Ordering::SeqCst);
    }

    pub(super) fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }

    pub(super) fn asked(&self, operation: Operation) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|it| **it == operation as u16).count()
    }
}

async fn serve(
    mut client: TcpStream,
    printer: u16,
    plan: &Mutex<BTreeMap<u16, Fault>>,
    log: &Mutex<Vec<u16>>,
) -> Option<()> {
    let request = read_message(&mut client).await?;
    let body = end_of_head(&request)?;
    let operation = u16::from_be_bytes([*request.get(body + 2)?, *request.get(body + 3)?]);
    log.lock().unwrap().push(operation);
    let fault = plan.lock().unwrap().get(&operation).copied();
    if fault == Some(Fault::Request) {
        return None;
    }
    let mut printer = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], printer)))
        .await
        .ok()?;
    printer.write_all(&request).await.ok()?;
    let mut answer = read_message(&mut printer).await?;
    match fault {
        Some(Fault::Answer) => return None,
        Some(Fault::JobState(state)) => {
            // An enum (23), the name's length and the name, the value's length and the value.
            let before = b"\x23\x00\x09job-state\x00\x04\x00\x00\x00";
            let mut windows = answer.windows(before.len());
            let place = windows.position(|it| it == before)? + before.len();
            answer[place] = state;
        }
        Some(Fault::Says(name, keywords)) => answer = saying(&answer, name, keywords)?,
        _ => {}
    }
    client.write_all(&answer).await.ok()
}

/// The answer with other keywords in one of its attributes.
fn saying(answer: &[u8], name: &str, keywords: &[&str]) -> Option<Vec<u8>> {
    let body = answer.get(end_of_head(answer)?..)?.to_vec();
    let mut answer = IppParser::new(IppReader::new(Cursor::new(body)))
        .parse()
        .ok()?;
    let keywords = keywords.iter().map(|it| IppValue::new_keyword(*it));
    let keywords = IppValue::Array(keywords.collect::<Result<_, _>>().ok()?);
    let mut groups = answer.attributes_mut().groups_mut().iter_mut();
    let attributes = groups.find_map(|group| {
        let attributes = group.attributes_mut();
        let there = attributes.iter().any(|it| it.name().as_str() == name);
        there.then_some(attributes)
    })?;
    attributes.retain(|it| it.name().as_str() != name);
    attributes.push(IppAttribute::with_name(name, keywords).ok()?);
    let body = answer.to_bytes();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Some([head.as_bytes(), &body].concat())
}

fn end_of_head(message: &[u8]) -> Option<usize> {
    let end = message.windows(4).position(|it| it == b"\r\n\r\n")?;
    Some(end + 4)
}

/// A whole request or answer: neither side closes the connection at its end.
async fn read_message(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if from.read_buf(&mut message).await.ok()? == 0 {
            return None;
        }
        let Some(body) = end_of_head(&message) else {
            continue;
        };
        let head = str::from_utf8(&message[..body]).ok()?.to_lowercase();
        let length = head.split_once("content-length:")?.1.lines().next()?;
        if message.len() - body >= length.trim().parse().ok()? {
            return Some(message);
        }
    }
}
