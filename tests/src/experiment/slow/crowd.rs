//! More connections on which nothing comes than the center takes at all, each made again when it is closed, and honest kiosks that
//! connect beside them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use toml::Table;

use super::super::tls::{connector, handshake};
use super::super::{Report, Size};
use crate::world::{Options, World, limit};

/// Before a connection is made again. They are spread over this time: all at one moment would be more than any share.
const AGAIN: Duration = Duration::from_secs(2);
/// What an honest handshake takes on a slow line: much less than the share takes to be filled anew, and much more than a single place.
const SLOW_LINE: Duration = Duration::from_millis(100);
const KIOSK: &str = "beside-a-crowd";
/// As the center counts those that gave way.
const GAVE_WAY: &str = r#"listener="terminals",event="handshakes-over-limit""#;

struct Crowd {
    silent: usize,
    honest: usize,
}

/// What came of it.
struct Outcome {
    opened: usize,
    gave_way: bool,
    /// Of the honest ones.
    failed: usize,
}

/// A center as shipped, or a small one; then one where all unfinished handshakes have a single place.
pub(super) fn run(size: Size, report: &mut Report) -> io::Result<()> {
    // More than the center's connections: 4,096 as shipped.
    let crowd = Crowd {
        silent: size.of(150, 4_300),
        honest: size.of(20, 200),
    };
    let outcome = crowd.beside(match size {
        Size::Full => |_| {},
        Size::Small => few,
    })?;
    report.told("silent connections at once", crowd.silent);
    report.told("of these opened in all", outcome.opened);
    report.figure("unfinished ones gave way", outcome.gave_way, true);
    report.told("honest handshakes beside them", crowd.honest);
    report.figure("of these failed", outcome.failed, 0);
    let outcome = crowd.beside(match size {
        Size::Full => single_place,
        Size::Small => |config| {
            few(config);
            single_place(config);
        },
    })?;
    report.finds(
        "honest handshakes failed where all unfinished have a single place",
        outcome.failed,
    );
    Ok(())
}

fn few(config: &mut Table) {
    limit(config, "connections", 128);
    // Half of it is apps', where nothing is said.
    let terminals = config["terminals"].as_table_mut();
    terminals.map(|it| it.remove("app_limits"));
}

fn single_place(config: &mut Table) {
    limit(config, "handshakes", 1);
}

impl Crowd {
    fn beside(&self, center: fn(&mut Table)) -> io::Result<Outcome> {
        let world = World::start(&Options {
            center,
            ..Options::default()
        })?;
        world.certify(KIOSK)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let (opened, failed) = runtime.block_on(self.come(&world))?;
        let gave_way = world.center_metrics()?.contains(GAVE_WAY);
        Ok(Outcome {
            opened,
            gave_way,
            failed,
        })
    }

    /// How many silent connections were opened, and how many honest ones failed.
    async fn come(&self, world: &World) -> io::Result<(usize, usize)> {
        let opened = Arc::new(AtomicUsize::new(0));
        let there = Arc::new(Semaphore::new(0));
        // They end with this.
        let mut crowd = JoinSet::new();
        for number in 0..self.silent {
            let turn = AGAIN.mul_f64(number as f64 / self.silent as f64);
            let address = world.addresses.terminals.clone();
            let (opened, there) = (Arc::clone(&opened), Arc::clone(&there));
            crowd.spawn(async move {
                sleep(turn).await;
                let mut first = true;
                loop {
                    if let Ok(mut stream) = TcpStream::connect(&address).await {
                        opened.fetch_add(1, Ordering::Relaxed);
                        there.add_permits(usize::from(std::mem::take(&mut first)));
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                    }
                    sleep(AGAIN).await;
                }
            });
        }
        let all = u32::try_from(self.silent).map_err(io::Error::other)?;
        let _all = there.acquire_many(all).await.map_err(io::Error::other)?;
        let tls = connector(world, &format!("terminals/{KIOSK}"))?;
        let mut failed = 0;
        for _ in 0..self.honest {
            failed += usize::from(honest(&world.addresses.terminals, &tls).await.is_err());
        }
        Ok((opened.load(Ordering::Relaxed), failed))
    }
}

/// Connects, and is answered: who is has been admitted.
async fn honest(address: &str, tls: &TlsConnector) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    sleep(SLOW_LINE).await;
    let mut stream = handshake(tls, stream).await?;
    let request = b"GET /v1/menu HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await?;
    match &answer == b"HTTP/1.1 " {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}
