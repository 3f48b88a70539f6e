//! Who is not let in, and who is put out.

use dev_pki::Leaf;
use issuance_api::ProblemCode;
use issuance_channel::{
    client::{CallError, Client},
    server::{Event, Limits},
    tls::LoadError,
};
use time::Duration;

use crate::stage::{Seen, Stage, until};

async fn call(client: &Client) -> Result<Seen, CallError> {
    client.get("/v1/peer").await
}

/// An alert that meets a closed socket is lost, so a client may hear of a refusal only that nobody answers.
fn turned_away(called: Result<Seen, CallError>) -> bool {
    called == Err(CallError::Problem(ProblemCode::TerminalRefused.into()))
        || called == Err(CallError::Unreachable)
}

#[tokio::test]
async fn certificates_of_another_root_are_refused() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let client = stage.client("foreign/kiosk-0001", server.address());
    assert!(turned_away(call(&client).await));
    echo.saw(Event::HandshakeFailed).await;
    assert!(
        call(&stage.client("terminals/kiosk-0001", server.address()))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn revoked_certificates_are_refused() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let client = stage.client("terminals/kiosk-revoked", server.address());
    assert!(turned_away(call(&client).await));
    echo.saw(Event::HandshakeFailed).await;
}

#[tokio::test]
async fn expired_certificates_are_refused() {
    let stage = Stage::new();
    let leaf = Leaf::terminal("urn:shomei:terminal:kiosk:dev:0003", Duration::minutes(-1));
    stage.pki.terminals.issue("expired", &leaf).unwrap();
    let (server, echo) = stage.serve(Limits::default()).await;
    assert!(turned_away(
        call(&stage.client("terminals/expired", server.address())).await
    ));
    echo.saw(Event::HandshakeFailed).await;
}

#[tokio::test]
async fn an_expired_revocation_list_refuses_everybody() {
    let stage = Stage::new();
    stage
        .pki
        .terminals
        .revoke(&[], Duration::minutes(-1))
        .unwrap();
    let (server, echo) = stage.serve(Limits::default()).await;
    assert!(turned_away(
        call(&stage.client("terminals/kiosk-0001", server.address())).await
    ));
    echo.saw(Event::HandshakeFailed).await;
}

#[tokio::test]
async fn a_client_refuses_a_server_that_is_revoked_or_whose_list_expired() {
    let stage = Stage::new();
    let (server, _) = stage.serve(Limits::default()).await;
    stage
        .pki
        .services
        .revoke(&[], Duration::minutes(-1))
        .unwrap();
    let client = stage.client("terminals/kiosk-0001", server.address());
    assert_eq!(call(&client).await, Err(CallError::Untrusted));
    let center = Leaf::service("urn:shomei:center:center-1", Duration::days(1));
    let center = stage.pki.services.issue("center", &center).unwrap();
    stage
        .pki
        .services
        .revoke(&[center.serial], Duration::days(1))
        .unwrap();
    server.reload().unwrap();
    client.reload().unwrap();
    assert_eq!(call(&client).await, Err(CallError::Untrusted));
    stage.pki.services.revoke(&[], Duration::days(1)).unwrap();
    client.reload().unwrap();
    assert!(call(&client).await.is_ok());
}

#[tokio::test]
async fn a_client_reads_its_lists_again_by_itself() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let mut config = stage.client_config("terminals/kiosk-0001", server.address());
    config.deadlines.reload = std::time::Duration::ZERO;
    let client = Client::new(config).unwrap();
    assert!(call(&client).await.is_ok());
    // The connection is kept alive, and not good enough any more all the same.
    let services = &stage.pki.services;
    services.revoke(&[], Duration::minutes(-1)).unwrap();
    assert_eq!(call(&client).await, Err(CallError::Untrusted));
    services.revoke(&[], Duration::days(1)).unwrap();
    assert!(call(&client).await.is_ok());
    assert_eq!(client.last_reload(), Ok(()));
    // A list that cannot be read changes nothing, and is told.
    std::fs::write(services.revocations(), "no list").unwrap();
    assert!(call(&client).await.is_ok());
    assert_eq!(client.last_reload(), Err(LoadError::Revocations));
    services.revoke(&[], Duration::days(1)).unwrap();

    // As long as everything verifies, one connection does; a certificate of our own that is new takes a new one.
    let first = call(&client).await.unwrap().exporter;
    assert_eq!(call(&client).await.unwrap().exporter, first);
    let leaf = Leaf::terminal("urn:shomei:terminal:kiosk:dev:0001", Duration::days(1));
    stage.pki.terminals.issue("kiosk-0001", &leaf).unwrap();
    assert_ne!(call(&client).await.unwrap().exporter, first);
    drop(echo);
}

#[tokio::test]
async fn a_client_refuses_a_server_with_another_name() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let mut config = stage.client_config("terminals/kiosk-0001", server.address());
    config.expect = "urn:shomei:center:center-2".parse().unwrap();
    let client = Client::new(config.clone()).unwrap();
    assert_eq!(call(&client).await, Err(CallError::Untrusted));
    config.expect = "urn:shomei:center:center-1".parse().unwrap();
    config.server_name = "center.example".to_owned();
    assert_eq!(
        call(&Client::new(config).unwrap()).await,
        Err(CallError::Untrusted)
    );
    assert_eq!(echo.handled.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn certificates_without_one_identity_of_ours_are_refused() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    // A center's own certificate is under the wrong root; this one is under the right one with a service's name.
    let leaf = |urn: &str| Leaf::terminal(urn, Duration::days(1));
    stage
        .pki
        .terminals
        .issue("a-center", &leaf("urn:shomei:center:center-1"))
        .unwrap();
    let client = stage.client("terminals/a-center", server.address());
    let refused = Err(CallError::Problem(ProblemCode::TerminalRefused.into()));
    assert_eq!(call(&client).await, refused);
    assert_eq!(echo.count(Event::PeerRefused), 1);

    for (name, urn) in [
        ("stranger", "urn:example:kiosk"),
        ("nobody", "urn:shomei:terminal:kiosk:dev"),
    ] {
        stage.pki.terminals.issue(name, &leaf(urn)).unwrap();
        assert_eq!(
            stage
                .raw_get(&format!("terminals/{name}"), server.address())
                .await,
            403
        );
    }
    assert_eq!(echo.handled.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_revoked_terminal_loses_its_open_connection_and_others_keep_theirs() {
    let stage = Stage::new();
    let leaf = Leaf::terminal("urn:shomei:terminal:kiosk:dev:0009", Duration::days(1));
    let bad = stage.pki.terminals.issue("kiosk-0009", &leaf).unwrap();
    let (server, echo) = stage.serve(Limits::default()).await;
    let revoked = stage.client("terminals/kiosk-0009", server.address());
    let good = stage.client("terminals/kiosk-0001", server.address());
    let mut pinned = good.pinned().await.unwrap();
    let mut lost = revoked.pinned().await.unwrap();

    stage
        .pki
        .terminals
        .revoke(&[bad.serial], Duration::days(1))
        .unwrap();
    server.reload().unwrap();
    echo.saw(Event::Revoked).await;
    assert!(lost.get::<Seen>("/v1/peer").await.is_err());
    drop(lost);
    assert!(turned_away(call(&revoked).await));
    assert!(pinned.get::<Seen>("/v1/peer").await.is_ok());
    assert_eq!(echo.count(Event::Revoked), 1);
}

#[tokio::test]
async fn the_listener_reads_its_lists_again_by_itself() {
    let stage = Stage::new();
    let reload = std::time::Duration::from_millis(50);
    let (server, echo) = stage
        .serve(Limits {
            reload,
            ..Limits::default()
        })
        .await;
    let client = stage.client("terminals/kiosk-0001", server.address());
    assert!(call(&client).await.is_ok());
    stage
        .pki
        .terminals
        .revoke(&[], Duration::minutes(-1))
        .unwrap();
    echo.saw(Event::Revoked).await;
    // A list that cannot be read changes nothing, and is reported.
    std::fs::write(stage.pki.terminals.revocations(), "no list").unwrap();
    echo.saw(Event::ReloadFailed).await;
    assert!(turned_away(call(&client).await));
    stage.pki.terminals.revoke(&[], Duration::days(1)).unwrap();
    let mut calls = 0;
    while call(&client).await.is_err() {
        calls += 1;
        assert!(calls < 10_000, "a good list is not taken up");
    }
}

#[tokio::test]
async fn a_connection_ends_when_its_peers_certificate_does() {
    let stage = Stage::new();
    let leaf = Leaf::terminal("urn:shomei:terminal:kiosk:dev:0010", Duration::seconds(3));
    stage.pki.terminals.issue("short", &leaf).unwrap();
    let (server, echo) = stage.serve(Limits::default()).await;
    let client = stage.client("terminals/short", server.address());
    let mut pinned = client.pinned().await.unwrap();
    assert!(pinned.get::<Seen>("/v1/peer").await.is_ok());
    echo.saw(Event::CertificateEnded).await;
    assert!(pinned.get::<Seen>("/v1/peer").await.is_err());
    until(|| echo.count(Event::CertificateEnded) == 1).await;
}
