//! Who comes while nobody is accepted.

use std::time::Duration;

use issuance_channel::server::Limits;

use crate::stage::Stage;

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
