//! The same servers without one of the protections: something has to be found.

use std::collections::BTreeMap;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::steps::block_on;
use super::super::tls::{connector, handshake};
use super::super::{Report, Size};
use super::happenings::Happening;
use super::watched::{BEFORE, Watched};
use super::{APP, LATER, PERSONAS, passport};
use crate::world::Programs;

/// Protections that a process can be without, and programs that are.
const PROTECTIONS: [(&str, Programs); 2] = [
    (
        "what is freed is not wiped",
        Programs::Control(&["--panics"]),
    ),
    (
        "stacks are left as they are",
        Programs::Wiping(&["--panics", "--stacks"]),
    ),
];

/// Pieces found in a server, by state.
type Found = BTreeMap<&'static str, usize>;

/// Every state without each of the protections, of servers that have handled nobody before.
///
/// Which of the two is noticed where depends on who writes over what first. In runs of both builds and sizes the center, without a wiping allocator, had
/// hundreds of pieces in each state, and VRS tens or none; with stacks as they were left VRS had some in each, and the center in two states or more,
/// most often those in which a handler is ended. So each state has to be noticed in each server by one of them, and each of them in each server in one
/// state. VRS that is gone is not there to be searched.
pub(super) fn without(size: Size, report: &mut Report) -> io::Result<()> {
    let mut all = BTreeMap::<_, Found>::new();
    for (protection, programs) in PROTECTIONS {
        let mut watched = Watched::start(programs)?;
        for happening in Happening::ALL {
            watched.anew()?;
            watched.goes_through(happening, size)?;
        }
        for server in ["center", "vrs"] {
            let mut found = watched.found_in(server);
            report.control(
                format!("where {protection}: pieces in {server} {BEFORE}"),
                found.remove(BEFORE).unwrap_or_default(),
                0,
            );
            report.finds(
                format!("where {protection}: pieces in the memory of {server}"),
                found.values().sum(),
            );
            report.noticed("  which are", &found);
            let of_server = all.entry(server).or_default();
            for (state, count) in found {
                *of_server.entry(state).or_default() += count;
            }
        }
    }
    for (server, found) in all {
        for (state, count) in found {
            report.finds(
                format!("{state}: pieces in {server} without one or the other"),
                count,
            );
        }
    }
    Ok(())
}

impl Watched {
    /// In each state in which it was there to be searched.
    fn found_in(&self, server: &str) -> Found {
        let mut found = Found::new();
        for state in &self.states {
            for (_, scan) in state.scans.iter().filter(|(of, _)| *of == server) {
                *found.entry(state.what).or_default() += scan.found.values().sum::<usize>();
            }
        }
        found
    }
}

/// Whoever does not seal leaves it where TLS and HTTP had it, as long as the connection is open, whatever is answered.
pub(super) fn unsealed(watched: &Watched, report: &mut Report) -> io::Result<()> {
    let passport = passport(PERSONAS[1])?;
    let [upper, lower] = passport.lines();
    let body = format!(r#"{{"passport":{{"line1":"{upper}","line2":"{lower}"}}}}"#);
    let as_center = watched.world.addresses.vrs.clone();
    for (server, certificate, address, path) in [
        (
            "center",
            APP,
            &watched.world.addresses.terminals,
            "/v1/inquiry",
        ),
        ("vrs", "services/center", &as_center, "/v1/findings"),
    ] {
        let process = watched.program(server)?.id();
        let tls = connector(&watched.world, certificate)?;
        let found = block_on(async {
            let stream = TcpStream::connect(address).await?;
            let mut stream = handshake(&tls, stream).await?;
            let length = body.len();
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(request.as_bytes()).await?;
            let mut answer = [0; 512];
            let _ = stream.read(&mut answer).await?;
            tokio::time::sleep(LATER).await;
            let scan = watched.search.process(process);
            drop(stream);
            scan
        })??;
        report.finds(
            format!(
                "where a body is not sealed, connection idle: pieces in the memory of {server}"
            ),
            found.found.values().sum(),
        );
        report.noticed("  which are", &found.found);
    }
    Ok(())
}
