//! What goes well, and what is answered.

use issuance_api::ProblemCode;
use issuance_channel::{
    client::{CallError, Client},
    sealing::{Binding, Recipient, seal_request},
    server::{Event, Limits},
};

use crate::stage::{Note, Seen, Stage, answered, note, send};

const KIOSK: &str = "terminals/kiosk-0001";

fn problem<T>(code: ProblemCode) -> Result<T, CallError> {
    Err(CallError::Problem(code.into()))
}

#[tokio::test]
async fn open_and_sealed_calls_are_answered() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let client = stage.client(KIOSK, server.address());

    let seen: Seen = client.get("/v1/peer").await.unwrap();
    assert_eq!(seen.peer, *client.identity());
    assert_eq!(seen.peer.to_string(), "urn:shomei:terminal:kiosk:dev:0001");
    let long = "𠮷野　花子".repeat(1000);
    for text in ["", "山田　花子", &long] {
        let said = client.post_sealed::<_, Note>("/v1/echo", &note(text)).await;
        assert_eq!(said, Ok(note(text)));
    }
    let refused = client.post_sealed::<_, Note>("/v1/refuse", &note("")).await;
    assert_eq!(refused, problem(ProblemCode::NoRecord));
    assert_eq!(client.post::<Seen>("/v1/peer").await.unwrap().earlier, 5);
    assert_eq!(
        echo.connections.load(std::sync::atomic::Ordering::SeqCst),
        1
    );
    server.drain().await;
}

#[tokio::test]
async fn what_does_not_fit_an_endpoint_is_refused() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let client = stage.client(KIOSK, server.address());
    assert_eq!(
        client.get::<Seen>("/v1/nothing").await,
        problem(ProblemCode::NotFound)
    );
    assert_eq!(
        client.get::<Seen>("/v1/echo").await,
        problem(ProblemCode::NotFound)
    );
    let malformed = problem(ProblemCode::RequestMalformed);
    assert_eq!(client.get::<Seen>("/v1/peer?a=b").await, malformed);
    assert_eq!(
        client.post::<Seen>("/v1/echo").await,
        malformed,
        "in the open"
    );
    assert_eq!(
        client.post_sealed::<_, Seen>("/v1/peer", &note("")).await,
        malformed,
        "sealed"
    );
    assert_eq!(echo.handled.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(
        client.post_sealed::<_, Seen>("/v1/echo", &"no note").await,
        malformed
    );
    let unread = client.post_sealed::<_, Seen>("/v1/echo", &note("")).await;
    assert_eq!(
        unread,
        Err(CallError::Untrusted),
        "a note is not what was seen"
    );
}

#[tokio::test]
async fn exporters_agree_and_differ_between_connections() {
    let stage = Stage::new();
    let (server, _) = stage.serve(Limits::default()).await;
    let mut config = stage.client_config(KIOSK, server.address());
    config.connections = 2;
    let client = Client::new(config).unwrap();
    let (mut one, mut other) = (
        client.pinned().await.unwrap(),
        client.pinned().await.unwrap(),
    );
    for pinned in [&mut one, &mut other] {
        let seen: Seen = pinned.get("/v1/peer").await.unwrap();
        assert_eq!(seen.exporter, *pinned.exporter());
    }
    assert_ne!(one.exporter(), other.exporter());
}

#[tokio::test]
async fn a_pinned_connection_is_never_replaced() {
    let stage = Stage::new();
    let (server, _) = stage.serve(Limits::default()).await;
    let address = server.address();
    let client = stage.client(KIOSK, address);
    let mut pinned = client.pinned().await.unwrap();
    let exporter = pinned.exporter().clone();
    assert!(pinned.get::<Seen>("/v1/peer").await.is_ok());
    server.drain().await;
    let mut config = stage.config(Limits::default());
    config.listen = address;
    let (again, echo) = stage.serve_at(&config).await;
    assert_eq!(
        pinned.get::<Seen>("/v1/peer").await,
        Err(CallError::Unreachable)
    );
    assert_eq!(*pinned.exporter(), exporter);
    assert_eq!(
        echo.connections.load(std::sync::atomic::Ordering::SeqCst),
        0
    );
    drop(pinned);
    assert!(
        client.get::<Seen>("/v1/peer").await.is_ok(),
        "the client itself connects again"
    );
    again.drain().await;
}

#[tokio::test]
async fn a_pool_is_shared_and_bounded() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let mut config = stage.client_config(KIOSK, server.address());
    config.connections = 3;
    config.deadlines.free = std::time::Duration::from_millis(100);
    let client = Client::new(config).unwrap();
    let calls = (0..30).map(|n| {
        let client = client.clone();
        tokio::spawn(async move {
            let text = n.to_string();
            let said = client
                .post_sealed::<_, Note>("/v1/echo", &note(&text))
                .await;
            // Thirty on three connections: some may wait too long on a busy machine, none may get another's answer.
            matches!(said, Err(CallError::Busy)) || said == Ok(note(&text))
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert!(echo.connections.load(std::sync::atomic::Ordering::SeqCst) <= 3);
    let pinned = [
        client.pinned().await,
        client.pinned().await,
        client.pinned().await,
    ];
    assert!(pinned.iter().all(Result::is_ok));
    assert_eq!(client.get::<Seen>("/v1/peer").await, Err(CallError::Busy));
}

/// Sealed bodies sent by hand: on the connection and path they were made for, and elsewhere.
#[tokio::test]
async fn a_seal_opens_on_its_own_connection_path_and_for_its_own_client_alone() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    for (path, client, same_connection, status) in [
        ("/v1/echo", "kiosk:dev:0001", true, 200),
        ("/v1/other", "kiosk:dev:0001", true, 400),
        ("/v1/echo", "kiosk:dev:0002", true, 400),
        ("/v1/echo", "kiosk:dev:0001", false, 400),
    ] {
        let mut raw = stage.raw(KIOSK, server.address()).await;
        let recipient = recipient(&stage, &server).await;
        let other = stage.raw(KIOSK, server.address()).await;
        let of = if same_connection { &raw } else { &other };
        let exporter = of
            .get_ref()
            .1
            .export_keying_material([0; 32], b"EXPORTER-shomei-v1", None);
        let client = format!("urn:shomei:terminal:{client}");
        let binding = Binding {
            method: "POST",
            path: "/v1/echo",
            client: &client,
            exporter: &exporter.unwrap().into(),
        };
        let (body, _) = seal_request(&recipient, &binding, br#"{"text":"x"}"#).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/vnd.shomei.sealed\r\ncontent-length: {}\r\n\r\n",
            body.len(),
        );
        send(&mut raw, &head).await;
        tokio::io::AsyncWriteExt::write_all(&mut raw, &body)
            .await
            .unwrap();
        assert_eq!(
            answered(&mut raw).await.0,
            status,
            "{path} {client} {same_connection}"
        );
    }
    assert_eq!(echo.count(Event::SealRefused), 3);
    assert_eq!(echo.handled.load(std::sync::atomic::Ordering::SeqCst), 1);
}

async fn recipient(stage: &Stage, server: &issuance_channel::server::Running) -> Recipient {
    let client = stage.client(KIOSK, server.address());
    client.get("/v1/recipient").await.unwrap()
}
