//! G11, slow clients do not starve others.
//!
//! A thousand each of: connections on which nothing comes, handshakes that stop, headers and bodies of which a byte comes now and then, the
//! last two behind a finished handshake with a kiosk's certificate. Each has to be closed within ten seconds, and honest kiosks go on meanwhile.
//! Then more silent connections than the center takes, and honest kiosks that connect beside them (`crowd`).
//!
//! Controls: a center with deadlines of a minute; one where all unfinished handshakes have a single place.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use toml::Table;

use super::honest::Honest;
use super::tls::{connector, handshake};
use super::{Report, Size};
use crate::load::allow_open_files;
use crate::simulator::People;
use crate::world::{Options, World, limit};

mod crowd;

const WITHIN: Duration = Duration::from_secs(10);
/// Between two bytes of a slow client.
const BYTE: Duration = Duration::from_millis(500);
/// Honest kiosks: enough for more than the thousand applications of which 99.9 % is something.
const HONEST: usize = 6;
/// Of one kiosk's certificate; a center takes no more than 64.
const OF_ONE: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Silent,
    HalfAHandshake,
    SlowHeader,
    SlowBody,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Silent,
        Self::HalfAHandshake,
        Self::SlowHeader,
        Self::SlowBody,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Silent => "connections without a handshake",
            Self::HalfAHandshake => "stalled handshakes",
            Self::SlowHeader => "slow headers",
            Self::SlowBody => "slow bodies",
        }
    }
}

/// G11.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    allow_open_files()?;
    let each = size.of(60, 1_000);
    let world = World::start(&Options::default())?;
    let people = Arc::new(People::imported(&world.ground, 20)?);
    let honest = Honest::start(&world, &people, HONEST, Duration::from_millis(50))?;
    let (closed, slowest) = all(&world, each, size, &mut report)?;
    let got = honest.end()?;
    report.figure("closed within 10 s", closed, each * Kind::ALL.len());
    report.told(
        "the last of them closed after",
        format!("{:.1} s", slowest.as_secs_f64()),
    );
    let applications = got.issued.len() + got.failed.len();
    report.told("honest applications meanwhile", applications);
    let failed = got.failed.len();
    report.told("of these without a certificate", failed);
    let (success, at_most) = match size {
        Size::Full => ("honest success of 99.9 %", applications / 1000),
        // With fewer than a thousand that would be none.
        Size::Small => ("honest success, but for one at most", 1),
    };
    let succeeds = failed <= at_most && !got.issued.is_empty();
    report.figure(success, succeeds, true);
    drop(world);

    let patient = World::start(&Options {
        center: patient,
        ..Options::default()
    })?;
    let few = 10;
    let mut unseen = Report::default();
    let (closed, _) = all(&patient, few, size, &mut unseen)?;
    report.finds(
        "still open after 10 s where deadlines are a minute",
        few * Kind::ALL.len() - closed,
    );
    drop(patient);
    crowd::run(size, &mut report)?;
    Ok(report)
}

fn patient(config: &mut Table) {
    for key in ["handshake_ms", "header_ms", "body_ms", "idle_ms"] {
        limit(config, key, 60_000);
    }
}

/// So many of each kind: one kind after the other, or with small numbers all at once. How many were closed in time, and when the last.
fn all(
    world: &World,
    each: usize,
    size: Size,
    report: &mut Report,
) -> io::Result<(usize, Duration)> {
    let address = world.addresses.terminals.clone();
    let certificates = (each * 2).div_ceil(OF_ONE).max(1);
    let tls: io::Result<Vec<_>> = (0..certificates)
        .map(|number| {
            let name = format!("slow-{number}");
            world.certify(&name)?;
            connector(world, &format!("terminals/{name}"))
        })
        .collect();
    let tls = tls?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut closed = 0;
        let mut slowest = Duration::ZERO;
        let rounds: Vec<&[Kind]> = match size {
            Size::Full => Kind::ALL.chunks(1).collect(),
            Size::Small => vec![&Kind::ALL],
        };
        for kinds in rounds {
            let mut clients = JoinSet::new();
            for kind in kinds {
                for number in 0..each {
                    let connector = tls[number % tls.len()].clone();
                    let address = address.clone();
                    clients.spawn(async move { (*kind, client(*kind, &address, connector).await) });
                }
            }
            let mut open = Vec::new();
            while let Some(ended) = clients.join_next().await {
                match ended.map_err(io::Error::other)? {
                    (_, Some(after)) => {
                        closed += 1;
                        slowest = slowest.max(after);
                    }
                    (kind, None) => open.push(kind),
                }
            }
            for kind in kinds {
                let left = open.iter().filter(|it| *it == kind).count();
                report.figure(format!("{} left open", kind.name()), left, 0);
            }
        }
        Ok((closed, slowest))
    })
}

/// How long a client of this kind was suffered; nothing if longer than it may be.
async fn client(kind: Kind, address: &str, tls: TlsConnector) -> Option<Duration> {
    let stream = TcpStream::connect(address).await.ok()?;
    let began = Instant::now();
    match kind {
        Kind::Silent => closed(stream, b"", began).await,
        // The beginning of a ClientHello of 512 bytes.
        Kind::HalfAHandshake => {
            let begun = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0xA5, 0xA5, 0xA5];
            closed(stream, &begun, began).await
        }
        Kind::SlowHeader | Kind::SlowBody => {
            let stream = handshake(&tls, stream).await.ok()?;
            let begun: &[u8] = match kind {
                Kind::SlowHeader => b"GET /v1/menu HTTP/1.1\r\nhost: localhost\r\nx: ",
                _ => {
                    b"POST /v1/evidence HTTP/1.1\r\nhost: localhost\r\n\
                       content-type: application/vnd.shomei.sealed\r\ncontent-length: 5000\r\n\r\n"
                }
            };
            // From here on it is slow; the handshakes of a thousand take their time.
            slow(stream, begun, Instant::now()).await
        }
    }
}

async fn closed(mut stream: TcpStream, begun: &[u8], began: Instant) -> Option<Duration> {
    stream.write_all(begun).await.ok()?;
    let mut rest = Vec::new();
    let end = timeout(WITHIN, stream.read_to_end(&mut rest)).await;
    end.is_ok().then(|| began.elapsed())
}

async fn slow(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    begun: &[u8],
    began: Instant,
) -> Option<Duration> {
    let (mut answers, mut request) = tokio::io::split(stream);
    let writing = async {
        if request.write_all(begun).await.is_err() || request.flush().await.is_err() {
            return;
        }
        loop {
            sleep(BYTE).await;
            if request.write_all(b"a").await.is_err() || request.flush().await.is_err() {
                return;
            }
        }
    };
    let mut rest = Vec::new();
    let over = async {
        tokio::select! {
            _ = answers.read_to_end(&mut rest) => {}
            () = writing => {}
        }
    };
    timeout(WITHIN, over).await.is_ok().then(|| began.elapsed())
}
