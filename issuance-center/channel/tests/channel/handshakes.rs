//! Handshakes that are not finished give way to each other, and keep nobody out.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use issuance_channel::{
    client::CallError,
    server::{self, Event, Limits},
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
};

use crate::stage::{Echo, Plain, Seen, Stage, answered, send, until};

const KIOSK: &str = "terminals/kiosk-0001";
const APP: &str = "apps/app-0001";
/// The beginning of a ClientHello of 512 bytes.
const HALF: [u8; 14] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0xA5, 0xA5, 0xA5];
/// Share of unfinished handshakes under `few`.
const SHARE: usize = 8;

/// Few connections, half of them for handshakes, none of which ends by itself while a test lasts.
fn few() -> Limits {
    Limits {
        connections: 2 * SHARE,
        handshake: Duration::from_secs(600),
        ..Limits::default()
    }
}

/// Opens so many that say nothing, and waits until so many handshakes in all had to give way.
async fn crowd(address: SocketAddr, count: usize, echo: &Echo, gave_way: usize) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(TcpStream::connect(address).await.unwrap());
    }
    until(|| echo.count(Event::HandshakesOverLimit) >= gave_way).await;
    all
}

async fn from(own: &str, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{own}:0").parse().unwrap()).unwrap();
    socket.connect(address).await.unwrap()
}

/// Whether the other side has not closed it.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0; 1]);
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[tokio::test]
async fn silent_connections_above_the_limit_keep_nobody_out() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(few()).await;
    let address = server.address();
    let mut silent = crowd(address, SHARE, &echo, 0).await;
    for round in 0..10 {
        // In place of those that are closed, until all places are a silent one's again: one was the honest one's.
        let gave_way = echo.count(Event::HandshakesOverLimit) + SHARE;
        silent.extend(crowd(address, SHARE + 1, &echo, gave_way).await);
        let honest = stage.client(KIOSK, address);
        let answer = honest.get::<Seen>("/v1/peer").await;
        assert!(answer.is_ok(), "{round}: {answer:?}");
    }
    assert!(silent.len() > few().connections);
    assert_eq!(echo.count(Event::OverLimit), 0);
    // Those in the places are left in them.
    let open = silent.iter().filter(|it| is_open(it)).count();
    assert!((1..=SHARE).contains(&open), "{open}");
}

#[tokio::test]
async fn a_finished_connection_gives_way_to_nobody() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(few()).await;
    let address = server.address();
    let mut held = Vec::new();
    // More than are left besides the share: the others may have all connections.
    for _ in 0..few().connections {
        let client = stage.client(KIOSK, address);
        let mut pinned = client.pinned().await.unwrap();
        assert_eq!(pinned.get::<Seen>("/v1/peer").await.unwrap().earlier, 0);
        held.push(pinned);
        drop(crowd(address, 2, &echo, 0).await);
    }
    let refused = crowd(address, 3 * SHARE, &echo, 0).await;
    until(|| echo.count(Event::OverLimit) >= refused.len()).await;
    for pinned in &mut held {
        assert_eq!(pinned.get::<Seen>("/v1/peer").await.unwrap().earlier, 1);
    }
}

#[tokio::test]
async fn half_a_handshake_is_as_old_as_its_first_moment() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(few()).await;
    let address = server.address();
    let mut half = TcpStream::connect(address).await.unwrap();
    let others = crowd(address, SHARE - 1, &echo, 0).await;
    // What it goes on to say makes it no younger.
    half.try_write(&HALF).unwrap();
    let newcomer = crowd(address, 1, &echo, 1).await;
    assert_eq!(answered(&mut half).await.0, 0);
    assert!(others.iter().chain(&newcomer).all(is_open));
}

#[tokio::test]
async fn a_crowd_of_one_address_pushes_out_its_own() {
    let stage = Stage::new();
    for (of_one, survives) in [(SHARE / 2, true), (SHARE, false)] {
        let limits = Limits {
            handshakes_per_address: Some(of_one),
            ..few()
        };
        let (server, echo) = stage.serve(limits).await;
        let address = server.address();
        // Older than all of the crowd.
        let mut slow = from("127.0.0.2", address).await;
        let crowd = crowd(address, 4 * SHARE, &echo, 3 * SHARE + 1).await;
        if survives {
            assert!(is_open(&slow));
        } else {
            // The control: where age alone counts, its turn has come.
            assert_eq!(answered(&mut slow).await.0, 0);
        }
        drop(crowd);
    }
}

#[tokio::test]
async fn who_is_told_to_go_keeps_nobody_out() {
    let stage = Stage::new();
    let mut config = stage.config(few());
    config.apps = Some(stage.path("apps/ca.pem"));
    config.app_limits.connections = Some(0);
    let (server, echo) = stage.serve_at(&config).await;
    let address = server.address();
    // Good certificates beyond the apps' share: they say nothing, and are there for as long as they may be.
    let mut told = Vec::new();
    for number in 1..=2 * SHARE {
        told.push(stage.raw(APP, address).await);
        until(|| echo.count(Event::AppsOverLimit) == number).await;
    }
    assert!(echo.count(Event::HandshakesOverLimit) > 0);
    let kiosk = stage.client(KIOSK, address);
    assert!(kiosk.get::<Seen>("/v1/peer").await.is_ok());
    assert_eq!(echo.count(Event::OverLimit), 0);
    assert_eq!(echo.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn listeners_for_anybody_have_the_share_too() {
    let stage = Stage::new();
    let mut config = stage.public();
    config.limits = Limits {
        connections_per_peer: 100,
        ..few()
    };
    let echo = Arc::default();
    let bound = server::public(&config, Plain(Arc::clone(&echo))).await;
    let running = bound.unwrap().serve();
    let address = running.address();
    let _silent = crowd(address, 4 * SHARE, &echo, 3 * SHARE).await;
    let mut raw = stage.anonymous(address).await.unwrap();
    send(&mut raw, "GET /keys HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut first = [0; 12];
    raw.read_exact(&mut first).await.unwrap();
    assert_eq!(first, *b"HTTP/1.1 200");
}

#[tokio::test]
async fn without_any_finished_the_share_is_not_the_whole() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(few()).await;
    let silent = crowd(server.address(), 2 * SHARE, &echo, SHARE).await;
    let open = silent.iter().filter(|it| is_open(it)).count();
    assert_eq!(open, SHARE);
    // The control: where all places are held by those who may come, one more is nobody's to give.
    let full = Limits {
        connections: 1,
        ..few()
    };
    let (server, echo) = stage.serve(full).await;
    let held = stage.client(KIOSK, server.address());
    let _held = held.pinned().await.unwrap();
    let late = stage.client("terminals/kiosk-0002", server.address());
    let late = late.get::<Seen>("/v1/peer").await;
    assert_eq!(late, Err(CallError::Unreachable));
    assert_eq!(echo.count(Event::HandshakesOverLimit), 0);
}

#[test]
fn shares_are_halves_and_parts_unless_said_otherwise() {
    let of = |limits: &Limits| (limits.handshakes(), limits.handshakes_per_address());
    assert_eq!(of(&Limits::default()), (2048, 64));
    assert_eq!(of(&Limits::public()), (256, 8));
    let said = |text: &str| of(&serde_json::from_str(text).unwrap());
    assert_eq!(said(r#"{"handshakes":320}"#), (320, 10));
    assert_eq!(said(r#"{"handshakes_per_address":5}"#), (2048, 5));
    // Without any nobody could come.
    assert_eq!(said(r#"{"connections":1}"#), (1, 1));
    assert_eq!(
        said(r#"{"handshakes":0,"handshakes_per_address":0}"#),
        (1, 1)
    );
}
