//! Who comes while nobody is accepted.

use std::time::Duration;

use issuance_channel::server::{self, Limits, LoopbackConfig};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use crate::stage::{Plain, Stage, answered, send};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn as_many_may_come_at_once_as_may_be_open() {
    let stage = Stage::new();
    // More than a listener's queue takes where nobody says how long it is to be.
    let many = 1000;
    let limits = Limits {
        connections: many,
        ..Limits::default()
    };
    let (server, _) = stage.serve(limits).await;
    // This thread is the only one, and does not give way: none is accepted before all have come.
    let all: std::io::Result<Vec<_>> = (0..many)
        .map(|_| std::net::TcpStream::connect_timeout(&server.address(), SHORT))
        .collect();
    assert_eq!(all.map(|all| all.len()).ok(), Some(many));
}

#[tokio::test]
async fn who_comes_to_a_listener_that_does_not_serve_yet_waits_and_is_served_then() {
    let config = LoopbackConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: Limits::default(),
    };
    let bound = server::loopback(&config, Plain::default()).await.unwrap();
    let mut early = TcpStream::connect(bound.address()).await.unwrap();
    send(
        &mut early,
        "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(timeout(SHORT, early.read(&mut [0])).await.is_err());
    let _running = bound.serve();
    assert_eq!(answered(&mut early).await.0, 200);
}
