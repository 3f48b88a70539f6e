//! Everything is bounded, and slow peers are put out without harm to others.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use issuance_api::ProblemCode;
use issuance_channel::{
    client::CallError,
    server::{self, Event, Limits, LoopbackConfig, PublicConfig, StartError},
};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::stage::{Note, Plain, Raw, Seen, Stage, answered, note, send, until};

const SHORT: Duration = Duration::from_millis(200);
const KIOSK: &str = "terminals/kiosk-0001";
const APP: &str = "apps/app-0001";
const HEAD: &str =
    "POST /v1/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/vnd.shomei.sealed\r\n";

#[tokio::test]
async fn a_handshake_that_stalls_is_cut_off() {
    let stage = Stage::new();
    let limits = Limits {
        handshake: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    assert_eq!(answered(&mut silent).await.0, 0);
    assert_eq!(echo.count(Event::HandshakeTimedOut), 1);
}

#[tokio::test]
async fn a_slow_header_is_cut_off_but_an_idle_connection_is_not() {
    let stage = Stage::new();
    let limits = Limits {
        header: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let honest = stage.client(KIOSK, server.address());
    let mut pinned = honest.pinned().await.unwrap();

    let mut slow = stage.raw(KIOSK, server.address()).await;
    send(&mut slow, "GET /v1/peer HTTP/1.1\r\nhost").await;
    assert_eq!(answered(&mut slow).await.0, 0);
    let mut silent = stage.raw(KIOSK, server.address()).await;
    assert_eq!(answered(&mut silent).await.0, 0);
    assert_eq!(echo.count(Event::TimedOut), 2);
    // Idle for longer than a header may take, since both of the above took that long.
    assert!(pinned.get::<Seen>("/v1/peer").await.is_ok());
}

#[tokio::test]
async fn a_second_header_has_its_deadline_too() {
    let stage = Stage::new();
    let limits = Limits {
        header: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let mut raw = stage.raw(KIOSK, server.address()).await;
    send(&mut raw, "GET /v1/peer HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut first = [0; 12];
    raw.read_exact(&mut first).await.unwrap();
    assert_eq!(first, *b"HTTP/1.1 200");
    until(|| echo.handled.load(Ordering::SeqCst) == 1).await;
    send(&mut raw, "GET /v1/pe").await;
    answered(&mut raw).await;
    assert_eq!(echo.count(Event::TimedOut), 1);
}

#[tokio::test]
async fn an_idle_connection_ends_at_last_and_the_client_makes_another() {
    let stage = Stage::new();
    let limits = Limits {
        idle: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let client = stage.client(KIOSK, server.address());
    assert_eq!(client.get::<Seen>("/v1/peer").await.unwrap().earlier, 0);
    assert_eq!(client.get::<Seen>("/v1/peer").await.unwrap().earlier, 1);
    echo.saw(Event::TimedOut).await;
    assert_eq!(client.get::<Seen>("/v1/peer").await.unwrap().earlier, 0);
}

#[tokio::test]
async fn a_slow_body_is_answered_and_cut_off() {
    let stage = Stage::new();
    let limits = Limits {
        body: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let mut slow = stage.raw(KIOSK, server.address()).await;
    send(&mut slow, &format!("{HEAD}content-length: 100\r\n\r\nx")).await;
    let (status, text) = answered(&mut slow).await;
    assert_eq!(status, 408);
    assert!(
        text.contains("urn:shomei:problem:request-timeout"),
        "{text}"
    );
    assert_eq!(echo.count(Event::TimedOut), 1);
}

#[tokio::test]
async fn a_peer_that_does_not_take_its_answer_is_cut_off() {
    let stage = Stage::new();
    let limits = Limits {
        answer: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let mut raw = stage.raw(KIOSK, server.address()).await;
    send(
        &mut raw,
        "GET /v1/large HTTP/1.1\r\nhost: localhost\r\n\r\n",
    )
    .await;
    echo.saw(Event::TimedOut).await;
}

#[tokio::test]
async fn an_answer_over_the_clients_limit_is_not_taken() {
    let stage = Stage::new();
    let (server, _) = stage.serve(Limits::default()).await;
    let client = stage.client(KIOSK, server.address());
    let large = client.get::<Note>("/v1/large").await;
    assert_eq!(large, Err(CallError::Untrusted));
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_announced_or_not() {
    let stage = Stage::new();
    let limits = Limits {
        body_bytes: 1000,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let client = stage.client(KIOSK, server.address());
    let too_large = Err(CallError::Problem(ProblemCode::RequestTooLarge.into()));
    let text = "x".repeat(1000);
    assert_eq!(
        client
            .post_sealed::<_, Note>("/v1/echo", &note(&text))
            .await,
        too_large
    );

    let mut raw = stage.raw(KIOSK, server.address()).await;
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    send(
        &mut raw,
        &format!("{HEAD}transfer-encoding: chunked\r\n\r\n{chunk}"),
    )
    .await;
    assert_eq!(answered(&mut raw).await.0, 413);
    assert_eq!(echo.handled.load(Ordering::SeqCst), 0);
    assert!(
        client
            .post_sealed::<_, Note>("/v1/echo", &note("short"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn too_many_header_fields_are_refused() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let mut raw = stage.raw(KIOSK, server.address()).await;
    let fields: String = (0..40).map(|n| format!("x-{n}: 1\r\n")).collect();
    send(
        &mut raw,
        &format!("GET /v1/peer HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n"),
    )
    .await;
    assert_eq!(answered(&mut raw).await.0, 431);
    assert_eq!(echo.handled.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_a_place_that_frees_is_used() {
    let stage = Stage::new();
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let client = stage.client(KIOSK, server.address());
    let pinned = client.pinned().await.unwrap();
    let second = stage.client("terminals/kiosk-0002", server.address());
    assert_eq!(
        second.get::<Seen>("/v1/peer").await,
        Err(CallError::Unreachable)
    );
    assert_eq!(echo.count(Event::OverLimit), 1);
    drop((pinned, client));
    let mut tries = 0;
    while second.get::<Seen>("/v1/peer").await.is_err() {
        tries += 1;
        assert!(tries < 10_000, "the place never frees");
    }
}

#[tokio::test]
async fn one_request_too_many_is_answered_busy() {
    let stage = Stage::new();
    let limits = Limits {
        requests: 1,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let client = stage.client(KIOSK, server.address());
    let stalled = tokio::spawn(async move {
        client
            .post_sealed::<_, Note>("/v1/stall", &note("slow"))
            .await
    });
    until(|| echo.handled.load(Ordering::SeqCst) == 1).await;
    let other = stage.client("terminals/kiosk-0002", server.address());
    let busy = Err(CallError::Problem(ProblemCode::Busy.into()));
    assert_eq!(other.get::<Seen>("/v1/peer").await, busy);
    assert_eq!(echo.count(Event::Busy), 1);
    echo.release.notify_one();
    assert_eq!(stalled.await.unwrap(), Ok(note("slow")));
    assert!(other.get::<Seen>("/v1/peer").await.is_ok());
}

#[tokio::test]
async fn apps_have_a_share_of_the_connections_and_kiosks_the_rest() {
    let stage = Stage::new();
    let mut config = stage.config(Limits {
        connections: 6,
        ..Limits::default()
    });
    config.apps = Some(stage.path("apps/ca.pem"));
    config.app_limits.connections = Some(2);
    let (server, echo) = stage.serve_at(&config).await;
    let connected = async |own: &str| {
        let client = stage.client(own, server.address());
        let answer = client.get::<Seen>("/v1/peer").await;
        (client, answer)
    };
    let mut held = Vec::new();
    for _ in 0..2 {
        let (client, answer) = connected(APP).await;
        assert!(answer.is_ok());
        held.push(client);
    }
    // However many more come, each is told, and gone.
    let busy = Err(CallError::Problem(ProblemCode::Busy.into()));
    for _ in 0..8 {
        assert_eq!(connected(APP).await.1, busy);
    }
    assert_eq!(echo.count(Event::AppsOverLimit), 8);
    assert_eq!(echo.connections.load(Ordering::SeqCst), 2);
    for kiosks in 1..=4 {
        let mut tries = 0;
        while held.len() < 2 + kiosks {
            let (client, answer) = connected(KIOSK).await;
            // The last of those that were told may be on its way out.
            held.extend(answer.is_ok().then_some(client));
            tries += 1;
            assert!(tries < 10_000, "{answer:?}");
        }
    }
    // The control: all are taken now, by whomever.
    assert_eq!(connected(KIOSK).await.1, Err(CallError::Unreachable));
    assert_eq!(echo.count(Event::OverLimit), 1);
    held.remove(0);
    let mut tries = 0;
    while connected(APP).await.1.is_err() {
        tries += 1;
        assert!(tries < 10_000, "the place never frees");
    }
}

#[tokio::test]
async fn an_app_beyond_the_share_that_says_nothing_does_not_stay() {
    let stage = Stage::new();
    let mut config = stage.config(Limits::default());
    config.apps = Some(stage.path("apps/ca.pem"));
    config.app_limits.connections = Some(0);
    let (server, echo) = stage.serve_at(&config).await;
    let begun = std::time::Instant::now();
    let mut raw = stage.raw(APP, server.address()).await;
    assert_eq!(answered(&mut raw).await.0, 0);
    // Others have five seconds for their first word.
    assert!(begun.elapsed() < Limits::default().header);
    assert_eq!(echo.count(Event::AppsOverLimit), 1);
    let kiosk = stage.client(KIOSK, server.address());
    assert!(kiosk.get::<Seen>("/v1/peer").await.is_ok());
}

#[tokio::test]
async fn apps_have_a_share_of_the_requests_and_kiosks_the_rest() {
    let stage = Stage::new();
    let mut config = stage.config(Limits {
        requests: 2,
        ..Limits::default()
    });
    config.apps = Some(stage.path("apps/ca.pem"));
    config.app_limits.requests = Some(1);
    let (server, echo) = stage.serve_at(&config).await;
    let stalling = |own: &str| {
        let client = stage.client(own, server.address());
        tokio::spawn(async move {
            let note = note("slow");
            client.post_sealed::<_, Note>("/v1/stall", &note).await
        })
    };
    let app = stalling(APP);
    until(|| echo.handled.load(Ordering::SeqCst) == 1).await;
    let other_app = stage.client(APP, server.address());
    let busy = Err(CallError::Problem(ProblemCode::Busy.into()));
    assert_eq!(other_app.get::<Seen>("/v1/peer").await, busy);
    assert_eq!(echo.count(Event::AppsOverLimit), 1);
    let kiosk = stage.client(KIOSK, server.address());
    assert!(kiosk.get::<Seen>("/v1/peer").await.is_ok());
    // The control: with another kiosk at work there is no place left for anybody.
    let second = stalling("terminals/kiosk-0002");
    until(|| echo.handled.load(Ordering::SeqCst) == 3).await;
    assert_eq!(kiosk.get::<Seen>("/v1/peer").await, busy);
    assert_eq!(echo.count(Event::Busy), 1);
    echo.release.notify_waiters();
    for stalled in [app, second] {
        assert_eq!(stalled.await.unwrap(), Ok(note("slow")));
    }
    assert!(other_app.get::<Seen>("/v1/peer").await.is_ok());
}

#[tokio::test]
async fn bodies_that_stall_keep_no_honest_request_waiting() {
    let stage = Stage::new();
    let limits = Limits {
        requests: 2,
        body: Duration::from_secs(60),
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let mut stalled = Vec::new();
    for _ in 0..5 {
        let mut raw = stage.raw(KIOSK, server.address()).await;
        // Told to continue, the peer knows that its body is waited for.
        let head = format!("{HEAD}expect: 100-continue\r\ncontent-length: 100\r\n\r\n");
        send(&mut raw, &head).await;
        let mut interim = [0; 12];
        raw.read_exact(&mut interim).await.unwrap();
        assert_eq!(interim, *b"HTTP/1.1 100");
        stalled.push(raw);
    }
    let honest = stage.client("terminals/kiosk-0002", server.address());
    let answer = honest
        .post_sealed::<_, Note>("/v1/echo", &note("at once"))
        .await;
    assert_eq!(answer, Ok(note("at once")));
    assert_eq!(echo.count(Event::Busy), 0);
    // All five are waited for still.
    assert_eq!(echo.count(Event::TimedOut), 0);
}

#[tokio::test]
async fn a_body_announced_where_none_belongs_is_refused_unread() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let bound = server::public(&stage.public(), Plain::default()).await;
    let public = bound.unwrap().serve();
    for announced in ["content-length: 100", "transfer-encoding: chunked"] {
        let request = format!("POST /v1/peer HTTP/1.1\r\nhost: localhost\r\n{announced}\r\n\r\n");
        let terminal = stage.raw(KIOSK, server.address()).await;
        let anybody = stage.anonymous(public.address()).await.unwrap();
        for mut raw in [terminal, anybody] {
            send(&mut raw, &request).await;
            let (status, text) = answered(&mut raw).await;
            assert_eq!(status, 400);
            assert!(
                text.contains("urn:shomei:problem:request-malformed"),
                "{text}"
            );
        }
    }
    assert_eq!(echo.handled.load(Ordering::SeqCst), 0);
    // Nobody waited for a body.
    assert_eq!(echo.count(Event::TimedOut), 0);
}

#[tokio::test]
async fn one_certificate_does_not_take_all_connections() {
    let stage = Stage::new();
    let limits = Limits {
        connections_per_peer: 2,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let (first, second) = (
        stage.client(KIOSK, server.address()),
        stage.client(KIOSK, server.address()),
    );
    let held = (
        first.pinned().await.unwrap(),
        second.pinned().await.unwrap(),
    );
    let again = stage.client(KIOSK, server.address());
    assert_eq!(
        again.get::<Seen>("/v1/peer").await,
        Err(CallError::Unreachable)
    );
    assert_eq!(echo.count(Event::OverLimit), 1);
    assert_eq!(echo.connections.load(Ordering::SeqCst), 2);
    let other = stage.client("terminals/kiosk-0002", server.address());
    assert!(other.get::<Seen>("/v1/peer").await.is_ok());
    drop((held, first, second));
    let mut tries = 0;
    while again.get::<Seen>("/v1/peer").await.is_err() {
        tries += 1;
        assert!(tries < 10_000, "the place never frees");
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_answered_for() {
    let stage = Stage::new();
    let limits = Limits {
        handler: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let client = stage.client(KIOSK, server.address());
    let busy = Err(CallError::Problem(ProblemCode::Busy.into()));
    assert_eq!(
        client.post_sealed::<_, Note>("/v1/stall", &note("")).await,
        busy
    );
    assert_eq!(echo.count(Event::HandlerTimedOut), 1);
}

#[tokio::test]
async fn a_panic_ends_its_connection_alone() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let client = stage.client(KIOSK, server.address());
    assert_eq!(
        client.get::<Seen>("/v1/panic").await,
        Err(CallError::Unreachable)
    );
    echo.saw(Event::Crashed).await;
    assert!(client.get::<Seen>("/v1/peer").await.is_ok());
}

#[tokio::test]
async fn draining_lets_requests_end_and_refuses_new_ones() {
    let stage = Stage::new();
    let (server, echo) = stage.serve(Limits::default()).await;
    let address = server.address();
    let client = stage.client(KIOSK, address);
    let idle = stage.client("terminals/kiosk-0002", address);
    assert!(idle.get::<Seen>("/v1/peer").await.is_ok());
    let stalled = tokio::spawn(async move {
        client
            .post_sealed::<_, Note>("/v1/stall", &note("slow"))
            .await
    });
    until(|| echo.handled.load(Ordering::SeqCst) == 2).await;
    let draining = tokio::spawn(server.drain());
    let mut tries = 0;
    while TcpStream::connect(address).await.is_ok() {
        tries += 1;
        assert!(tries < 10_000, "it still accepts");
    }
    assert!(!draining.is_finished());
    echo.release.notify_one();
    assert_eq!(stalled.await.unwrap(), Ok(note("slow")));
    draining.await.unwrap();
    assert_eq!(
        idle.get::<Seen>("/v1/peer").await,
        Err(CallError::Unreachable)
    );
}

#[tokio::test]
async fn draining_does_not_wait_for_ever() {
    let stage = Stage::new();
    let limits = Limits {
        drain: SHORT,
        ..Limits::default()
    };
    let (server, echo) = stage.serve(limits).await;
    let client = stage.client(KIOSK, server.address());
    let stalled = tokio::spawn(async move {
        client
            .post_sealed::<_, Note>("/v1/stall", &note("slow"))
            .await
    });
    until(|| echo.handled.load(Ordering::SeqCst) == 1).await;
    server.drain().await;
    assert_eq!(stalled.await.unwrap(), Err(CallError::Unreachable));
}

#[tokio::test]
async fn a_plain_listener_is_for_loopback_alone() {
    let config = |listen: &str| LoopbackConfig {
        listen: listen.parse().unwrap(),
        limits: Limits::default(),
    };
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let bound = server::loopback(&config(listen), Plain::default()).await;
        assert!(matches!(bound, Err(StartError::NotLoopback)), "{listen}");
    }
    let bound = server::loopback(&config("127.0.0.1:0"), Plain::default()).await;
    let running = bound.unwrap().serve();
    let mut raw = TcpStream::connect(running.address()).await.unwrap();
    send(
        &mut raw,
        "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    let (status, text) = answered(&mut raw).await;
    assert_eq!(status, 200);
    assert!(
        text.contains("access-control-allow-origin: *") && text.ends_with("/health"),
        "{text}"
    );
}

#[tokio::test]
async fn a_public_listener_asks_for_no_certificate_and_the_mutual_one_does() {
    let stage = Stage::new();
    let bound = server::public(&stage.public(), Plain::default()).await;
    let running = bound.unwrap().serve();
    let mut raw = stage.anonymous(running.address()).await.unwrap();
    send(
        &mut raw,
        "GET /keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    let (status, text) = answered(&mut raw).await;
    assert!(status == 200 && text.ends_with("/keys"), "{text}");

    let (server, echo) = stage.serve(Limits::default()).await;
    if let Ok(mut raw) = stage.anonymous(server.address()).await {
        send(&mut raw, "GET /v1/peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(answered(&mut raw).await.0, 0);
    }
    echo.saw(Event::HandshakeFailed).await;
    assert_eq!(echo.handled.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn one_address_takes_its_places_on_a_public_listener_and_no_more() {
    let stage = Stage::new();
    let mut config = stage.public();
    config.limits.connections_per_peer = 2;
    config.limits.idle = SHORT;
    let echo = Arc::default();
    let bound = server::public(&config, Plain(Arc::clone(&echo))).await;
    let running = bound.unwrap().serve();
    let address = running.address();
    let ask = async |raw: &mut Raw| {
        send(raw, "GET /keys HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut first = [0; 12];
        raw.read_exact(&mut first).await.unwrap();
        assert_eq!(first, *b"HTTP/1.1 200");
    };
    let mut first = stage.anonymous(address).await.unwrap();
    let mut second = stage.anonymous(address).await.unwrap();
    assert!(stage.anonymous(address).await.is_err());
    assert_eq!(echo.count(Event::OverLimit), 1);
    // Both were served, and neither is kept for nothing.
    ask(&mut first).await;
    ask(&mut second).await;
    answered(&mut first).await;
    answered(&mut second).await;
    ask(&mut stage.anonymous(address).await.unwrap()).await;
}

#[test]
fn a_listener_for_anybody_is_small_unless_its_file_says_otherwise() {
    let config = |limits: &str| {
        let tls = r#"{"certificate":"c","key":"k"}"#;
        let text = format!(r#"{{"listen":"127.0.0.1:0","tls":{tls}{limits}}}"#);
        serde_json::from_str::<PublicConfig>(&text).map(|config| config.limits)
    };
    let small = config("").unwrap();
    assert_eq!((small.connections, small.connections_per_peer), (512, 32));
    assert_eq!(small.idle, Duration::from_secs(10));
    let said = config(r#","limits":{"connections":9,"handshake_ms":7}"#).unwrap();
    assert_eq!((said.connections, said.connections_per_peer), (9, 32));
    assert_eq!(said.handshake, Duration::from_millis(7));
    assert_eq!(said.idle, Duration::from_secs(10));
    assert!(config(r#","limits":{"unheard_of":1}"#).is_err());
}
