//! What a center says whose limits are reached: little is taken at once, deadlines are short, and files are read again often.

use std::fs;
use std::io;

use dev_pki::Leaf;
use issuance_api::terminal::Challenge;
use issuance_channel::client::Anonymous;
use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use toml::{Table, Value};

use super::provoked::{TERMINAL, WITHIN, answered, begun, connection, put_font, refused};
use super::requests::Server::Center;
use super::requests::Witness;
use crate::applicant::Applicant;
use crate::process::{Program, signal};
use crate::world::{limit, set};

/// The deadlines, in milliseconds.
const SHORT: i64 = 400;
/// Unfinished ones at once: more than all but the silent ones are.
const HANDSHAKES: i64 = 8;

/// A center that has little time and takes little at once, and a VRS that stands still.
pub(super) fn reached(witness: &mut Witness) -> io::Result<()> {
    witness.end(Center)?;
    put_font(&witness.world)?;
    witness.world.ground.edit("center/center.toml", little)?;
    witness.world.start_center()?;
    witness.request(&[(Center, "listener timed-out")], async |world| {
        // Of its body nothing comes.
        let mut stream = begun(world, "terminals/kiosk-0001", 100).await?;
        answered(&mut stream).await
    })?;
    let vrs = witness.world.vrs.as_ref().map(Program::id);
    let vrs = vrs.ok_or(io::ErrorKind::NotFound)?;
    signal(vrs, Signal::STOP)?;
    witness.request(&[(Center, "listener handler-timed-out")], async |world| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        refused(applicant.challenge().await.map(drop))
    })?;
    witness.other(&[(Center, "listener busy")], 2, async |world| {
        let open = async |terminal| world.terminal(terminal).pinned().await;
        let mut first = open(TERMINAL).await.map_err(io::Error::other)?;
        let mut second = open("kiosk-0002").await.map_err(io::Error::other)?;
        let (first, second) = tokio::join!(
            first.post::<Challenge>("/v1/challenge"),
            second.post::<Challenge>("/v1/challenge"),
        );
        refused(first).and(refused(second))
    })?;
    signal(vrs, Signal::CONT)?;
    let connections = [
        (Center, "listener over-limit"),
        (Center, "listener apps-over-limit"),
        (Center, "listener handshakes-over-limit"),
        (Center, "listener too-often"),
        (Center, "listener handshake-timed-out"),
    ];
    let app = Leaf::terminal("urn:shomei:terminal:app:dev:0002", time::Duration::DAY);
    let second = witness.world.ground.pki.apps.issue("app-0002", &app);
    second.map_err(io::Error::other)?;
    witness.other(&connections, 0, async |world| {
        // Of one kiosk one, of apps one, of one address one a minute.
        let open = |name: &'static str| connection(world, name);
        let _held = [
            open("terminals/kiosk-0001").await?,
            open("apps/app-0001").await?,
        ];
        for too_many in ["terminals/kiosk-0001", "apps/app-0002"] {
            drop(open(too_many).await?);
        }
        for _ in 0..2 {
            let _ = Anonymous::connect(world.app().enrolment).await;
        }
        let mut unfinished = Vec::new();
        for _ in 0..HANDSHAKES {
            unfinished.push(TcpStream::connect(&world.addresses.terminals).await?);
        }
        // One too many.
        let mut silent = TcpStream::connect(&world.addresses.terminals).await?;
        let _ = timeout(WITHIN, silent.read(&mut [0; 64])).await;
        Ok(())
    })?;
    revoked(witness)
}

fn little(config: &mut Table) {
    for (key, value) in [
        ("requests", 1),
        ("connections_per_peer", 1),
        ("handshakes", HANDSHAKES),
        ("handler_ms", SHORT),
        ("body_ms", SHORT),
        ("handshake_ms", 4 * SHORT),
        ("reload_ms", SHORT),
    ] {
        limit(config, key, value);
    }
    let apps = [("connections", 1), ("requests", 0)];
    let of_apps = apps.map(|(key, value)| (key.to_owned(), Value::from(value)));
    let of_apps = Table::from_iter(of_apps);
    set(config, "terminals.app_limits", of_apps);
    let enrolment = config["enrolment"]["listener"].as_table_mut();
    let enrolment = enrolment.expect("the example configuration has this listener");
    enrolment.insert("per_minute".to_owned(), 1.into());
}

/// A kiosk is revoked with its connection open; then the list cannot be read.
fn revoked(witness: &mut Witness) -> io::Result<()> {
    let out = witness.world.certify("kiosk-0009")?.serial;
    witness.other(&[(Center, "listener revoked")], 0, async |world| {
        let mut held = connection(world, "terminals/kiosk-0009").await?;
        let hour = time::Duration::hours(1);
        let revoked = world.ground.pki.terminals.revoke(&[out], hour);
        revoked.map_err(io::Error::other)?;
        let _ = timeout(WITHIN, held.read(&mut [0; 64])).await;
        Ok(())
    })?;
    witness.other(&[(Center, "listener reload-failed")], 0, async |world| {
        fs::write(world.ground.path("pki/terminals/revocations.pem"), "none")
    })
}
