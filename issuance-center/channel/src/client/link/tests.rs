use std::net::SocketAddr;

use tempfile::TempDir;

use super::*;
use crate::{
    Peer,
    client::{Client, Config},
    server::{
        self, Answer as Reply, AppLimits, Body, Connection, Form, Limits, MutualConfig, Running,
        Service,
    },
    tls::TlsFiles,
};

struct Echo;

impl Service for Echo {
    type Endpoint = ();
    type State = ();

    fn admits(&self, _: &Identity) -> bool {
        true
    }

    fn connected(&self, _: &Peer) {}

    fn endpoint(&self, _: &Method, _: &str) -> Option<((), Form)> {
        Some(((), Form::Sealed))
    }

    async fn handle(&self, _: &mut Connection<()>, (): (), body: Body) -> Result<Reply, Problem> {
        Reply::json(&body.parse::<String>()?)
    }
}

fn files(dir: &TempDir, own: &str, peers: &str) -> TlsFiles {
    let path = |name: &str| dir.path().join(name);
    TlsFiles {
        certificate: path(&format!("{own}.pem")),
        key: path(&format!("{own}.key")),
        roots: path(&format!("{peers}/ca.pem")),
        revocations: path(&format!("{peers}/revocations.pem")),
    }
}

async fn pair() -> (TempDir, Running, Client) {
    let dir = tempfile::tempdir().unwrap();
    dev_pki::create(dir.path(), dev_pki::Options::default()).unwrap();
    let config = MutualConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: files(&dir, "services/vrs", "services"),
        apps: None,
        app_limits: AppLimits::default(),
        limits: Limits::default(),
    };
    let server = server::mutual(&config, Echo).await.unwrap().serve();
    let client = Client::new(Config {
        address: server.address().to_string(),
        way: Default::default(),
        server_name: "127.0.0.1".to_owned(),
        expect: "urn:shomei:vrs:vrs-1".parse().unwrap(),
        tls: files(&dir, "services/center", "services"),
        connections: 1,
        body_bytes: 1 << 20,
        deadlines: crate::client::Deadlines::default(),
    });
    (dir, server, client.unwrap())
}

#[tokio::test]
async fn a_key_that_the_server_holds_no_more_is_fetched_again_and_the_call_repeated_once() {
    let (_dir, _server, client) = pair().await;
    let said: String = client.post_sealed("/v1/echo", "one").await.unwrap();
    assert_eq!(said, "one");
    let stale = {
        let mut idle = client.0.idle();
        let recipient = idle[0].recipient.as_mut().unwrap();
        recipient.key_id = Array::new([0; 8]);
        recipient.clone()
    };
    let said: String = client.post_sealed("/v1/echo", "two").await.unwrap();
    assert_eq!(said, "two");
    let recipient = client.0.idle()[0].recipient.clone().unwrap();
    assert_ne!(recipient, stale);
    assert_eq!(recipient.public_key, stale.public_key);
}

#[tokio::test]
async fn a_connection_made_before_a_reload_is_used_on_while_its_server_verifies() {
    let (dir, _server, client) = pair().await;
    let pinned = client.pinned().await.unwrap();
    let exporter = pinned.exporter().clone();
    client.reload().unwrap();
    drop(pinned);
    let pinned = client.pinned().await.unwrap();
    assert_eq!(*pinned.exporter(), exporter);

    let services = dev_pki::Authority::open(&dir.path().join("services")).unwrap();
    services.revoke(&[], time::Duration::minutes(-1)).unwrap();
    client.reload().unwrap();
    drop(pinned);
    let said = client.post_sealed::<_, String>("/v1/echo", "again").await;
    assert_eq!(said, Err(CallError::Untrusted));
    assert!(client.0.idle().is_empty());
}
