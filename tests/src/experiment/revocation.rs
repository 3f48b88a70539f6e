//! G12, a revoked kiosk is out; and what is rotated is rotated while everything runs.
//!
//! Kiosks hold connections open and use them; their certificates are revoked, and it is measured when each gets its last answer. A list that
//! has expired refuses everybody until there is a new one. Then certificates of center, record system and kiosks and their lists are made anew, and the
//! signing key gives way to the next, while honest kiosks are at work: none of them may notice. A kiosk's real core gets the new key in a file that is
//! replaced while it serves.
//!
//! Control: a kiosk that is not revoked stays in, and a center that reads nothing again keeps the revoked, and its old certificate; a core that
//! reads its file once gets no further.

mod pins;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dev_pki::Leaf;
use issuance_api::terminal::Menu;
use issuance_channel::client::Pinned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use toml::{Table, Value};

use pins::Pins;

use super::honest::{Honest, kiosk, until};
use super::tls::{connector, shows};
use super::{Report, Size};
use crate::applicant::{menu, menu_request};
use crate::process::program;
use crate::simulator::People;
use crate::world::{self, Options, World, limit};

const WITHIN: Duration = Duration::from_secs(60);
/// In the control the center reads lists again after an hour.
const LONG: i64 = 3_600_000;
/// With small numbers oftener than after the usual 20 seconds: most of the time is waiting for it.
const SHORT: i64 = 3_000;

/// G12.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let world = World::start(&options(size))?;
    let revoked = size.of(3, 50);
    let (out, slowest, stays) = runtime.block_on(revoke(&world, revoked, WITHIN))?;
    report.figure(
        "kiosks revoked with a connection open, and out within 60 s",
        out,
        revoked,
    );
    report.told(
        "the last of them out after",
        format!("{:.1} s", slowest.as_secs_f64()),
    );
    report.control("a kiosk beside them that is not revoked stays", stays, true);
    runtime.block_on(expired(&world, &mut report))?;
    rotation(world, size, &runtime, &mut report)?;

    let blind = World::start(&Options {
        center: |config| limit(config, "reload_ms", LONG),
        ..Options::default()
    })?;
    renew(&blind)?;
    let longer = Duration::from_secs(size.of(8, 45) as u64);
    let (out, ..) = runtime.block_on(revoke(&blind, 3, longer))?;
    report.finds("still in at a center that reads no list again", 3 - out);
    let tls = connector(&blind, "terminals/kiosk-0001")?;
    let center = runtime.block_on(shows(&blind, &tls, &blind.addresses.terminals, "center"))?;
    report.control("its new certificate is shown by it", center, false);
    Ok(report)
}

fn options(size: Size) -> Options {
    match size {
        Size::Full => Options::default(),
        Size::Small => Options {
            center: |config| limit(config, "reload_ms", SHORT),
            vrs: |config| {
                let limits = config["limits"].as_table_mut();
                limits.and_then(|it| it.insert("reload_ms".to_owned(), SHORT.into()));
            },
            ..Options::default()
        },
    }
}

/// How many of so many revoked kiosks are out in time, when the last, and whether another stays.
async fn revoke(
    world: &World,
    count: usize,
    within: Duration,
) -> io::Result<(usize, Duration, bool)> {
    let terminals = &world.ground.pki.terminals;
    let mut connections: Vec<(String, Pinned)> = Vec::new();
    let mut serials = Vec::new();
    for number in 0..count {
        let name = format!("bad-{number}");
        serials.push(world.certify(&name)?.serial);
        let connection = world.terminal(&name).pinned().await;
        connections.push((name, connection.map_err(io::Error::other)?));
    }
    let mut other = kiosk(world, "good")?
        .pinned()
        .await
        .map_err(io::Error::other)?;
    for (_, connection) in &mut connections {
        if !serves(connection).await {
            return Err(io::Error::other("not served before it is revoked"));
        }
    }
    let lasts = time::Duration::hours(1);
    terminals
        .revoke(&serials, lasts)
        .map_err(io::Error::other)?;
    let began = Instant::now();
    let (mut left, mut slowest, mut stays) = (Vec::new(), Duration::ZERO, true);
    while !connections.is_empty() && began.elapsed() < within {
        let mut still = Vec::new();
        for (name, mut connection) in connections {
            if serves(&mut connection).await {
                still.push((name, connection));
            } else {
                left.push(name);
                slowest = began.elapsed();
            }
        }
        stays &= serves(&mut other).await;
        connections = still;
        sleep(Duration::from_millis(200)).await;
    }
    // And none comes in again.
    let mut out = 0;
    for name in &left {
        out += usize::from(menu(&world.terminal(name)).await.is_err());
    }
    Ok((out, slowest, stays))
}

async fn serves(connection: &mut Pinned) -> bool {
    let request = menu_request();
    let offered = connection.post_sealed::<_, Menu>("/v1/menu", &request);
    offered.await.is_ok()
}

/// A list that has expired refuses; a new one serves again.
async fn expired(world: &World, report: &mut Report) -> io::Result<()> {
    let terminals = &world.ground.pki.terminals;
    let client = kiosk(world, "patient")?;
    let served = async || menu(&client).await.is_ok();
    let before = served().await;
    let short = time::Duration::seconds(2);
    terminals.revoke(&[], short).map_err(io::Error::other)?;
    let refused = until(WITHIN, async || !served().await).await;
    let hour = time::Duration::hours(1);
    terminals.revoke(&[], hour).map_err(io::Error::other)?;
    let again = until(WITHIN, served).await;
    report.control("served before the list expired", before, true);
    report.figure("refused under an expired list", refused.is_some(), true);
    report.figure("served again under a new one", again.is_some(), true);
    Ok(())
}

/// New certificates for center and VRS, in place of those they have.
fn renew(world: &World) -> io::Result<()> {
    for (name, urn) in [
        ("center", "urn:shomei:center:center-1"),
        ("vrs", "urn:shomei:vrs:vrs-1"),
    ] {
        let leaf = Leaf::service(urn, time::Duration::days(1));
        let issued = world.ground.pki.services.issue(name, &leaf);
        issued.map_err(io::Error::other)?;
    }
    Ok(())
}

/// Everything that is rotated, under load.
fn rotation(
    mut world: World,
    size: Size,
    runtime: &Runtime,
    report: &mut Report,
) -> io::Result<()> {
    let people = Arc::new(People::imported(&world.ground, 40)?);
    let before = world.published_keys()?;
    world.center = None;
    // Until then a key is made, a center and three kiosks are started, and each of these serves: beside other tests that takes its time.
    let takes_over = OffsetDateTime::now_utc() + Duration::from_secs(size.of(25, 40) as u64);
    next_key(&world, takes_over)?;
    world.start_center()?;
    let published = world.published_keys()?;
    std::fs::write(world.ground.path("center/jwks.json"), &published)?;
    let pins = runtime.block_on(Pins::before(&world, &people, &before))?;
    pins.in_time(&published)?;
    let kiosks = size.of(2, 6);
    let honest = Honest::start(&world, &people, kiosks, Duration::from_millis(100))?;
    let end = takes_over + Duration::from_secs(size.of(10, 60) as u64);
    let mut rotated = 0;
    while OffsetDateTime::now_utc() < end {
        let pki = &world.ground.pki;
        renew(&world)?;
        for number in 0..kiosks {
            world.certify(&format!("honest-{number}"))?;
        }
        for authority in [&pki.services, &pki.terminals] {
            let list = authority.revoke(&[], time::Duration::hours(1));
            list.map_err(io::Error::other)?;
        }
        rotated += 1;
        std::thread::sleep(Duration::from_secs(size.of(2, 5) as u64));
    }
    let got = honest.end()?;
    let keys: BTreeSet<_> = got.issued.iter().map(|(_, kid)| kid).collect();
    report.told(
        "certificates of center, VRS and kiosks, and their lists, made anew under load: times",
        rotated,
    );
    report.told("honest applications meanwhile", got.issued.len());
    report.figure(
        "signing keys they are signed with, both published",
        keys.len(),
        2,
    );
    report.figure("honest applications that failed", got.failed.len(), 0);
    runtime.block_on(pins.after(&people, &published, report))?;
    for (service, address, certificate) in [
        ("center", &world.addresses.terminals, "terminals/kiosk-0001"),
        ("vrs", &world.addresses.vrs, "services/center"),
    ] {
        let tls = connector(&world, certificate)?;
        let shows = async || shows(&world, &tls, address, service).await.unwrap_or(false);
        let shown = runtime.block_on(until(WITHIN, shows));
        report.figure(
            format!("{service} shows the certificate made last"),
            shown.is_some(),
            true,
        );
    }
    Ok(())
}

/// A key that takes over while the center serves.
fn next_key(world: &World, from: OffsetDateTime) -> io::Result<()> {
    let mut keys = std::process::Command::new(program("issuance-center"));
    keys.args(["keys", "new", "--environment", "emulator", "--out"]);
    world::run(keys.arg(world.ground.path("center/next.pem")))?;
    let from = from.format(&Rfc3339).map_err(io::Error::other)?;
    let next = Table::from_iter([
        ("key".to_owned(), Value::String("next.pem".to_owned())),
        ("from".to_owned(), Value::String(from)),
    ]);
    world.ground.edit("center/center.toml", |config| {
        let signing = config["signing"].as_table_mut();
        let signing = signing.expect("the example configuration has a signing key");
        signing.insert("next".to_owned(), Value::Array(vec![next.into()]));
    })
}
