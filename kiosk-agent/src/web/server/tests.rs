use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::ports::{FrontEnd, View};
use crate::web::desk::Desk;
use crate::web::front::{Front, Loss};

struct Started {
    front: Front,
    host: String,
    secret: String,
}

async fn start() -> Started {
    let front = Front::new(Desk::new(None));
    let server = Server::bind(front.shared()).await.unwrap();
    let address = server.entrance().address();
    let (origin, secret) = address.split_once("/#").unwrap();
    let started = Started {
        host: origin.trim_start_matches("http://").to_owned(),
        secret: secret.to_owned(),
        front,
    };
    tokio::spawn(server.serve());
    started
}

impl Started {
    /// Sends a request as it is and reads the answer until the server has no more, or enough was read.
    async fn ask(&self, first: &str, headers: &[(&str, &str)], body: &str, enough: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let mut request = format!(
            "{first} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let mut chunk = [0; 4096];
        loop {
            let length = stream.read(&mut chunk).await.unwrap();
            answer += &String::from_utf8_lossy(&chunk[..length]);
            if length == 0 || (!enough.is_empty() && answer.contains(enough)) {
                return answer;
            }
        }
    }

    async fn status(&self, first: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        let answer = self.ask(first, headers, body, "\r\n").await;
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn the_page_is_for_who_calls_it_by_its_address() {
    let it = start().await;
    let host = ("Host", &*it.host);
    let answer = it.ask("GET /", &[host], "", "</html>").await;
    assert!(answer.starts_with("HTTP/1.1 200"));
    for header in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
    ] {
        assert!(answer.contains(header), "{header}");
    }
    assert!(!answer.contains("access-control"));
    for other in ["localhost", "kiosk.example", "127.0.0.1"] {
        assert_eq!(
            it.status("GET /", &[("Host", other)], "").await,
            403,
            "{other}"
        );
    }
    let cross = ("Sec-Fetch-Site", "cross-site");
    assert_eq!(it.status("GET /kiosk.js", &[host, cross], "").await, 403);
    // The start page leads here from the profile.
    let navigates = ("Sec-Fetch-Mode", "navigate");
    assert_eq!(it.status("GET /", &[host, cross, navigates], "").await, 200);
    assert_eq!(
        it.status("GET /", &[host, ("Origin", "http://kiosk.example")], "")
            .await,
        403
    );
    assert_eq!(it.status("PUT /", &[host], "").await, 405);
    assert_eq!(it.status("GET /nothing", &[host], "").await, 404);
}

#[tokio::test]
async fn screens_and_presses_need_the_secret() {
    let mut it = start().await;
    let shown = Arc::new(crate::handover::testing::preview());
    it.front.show(&View::Preview(&shown));
    let host = ("Host", &*it.host);
    let bearer = format!("Bearer {}", it.secret);
    let origin = format!("http://{}", it.host);
    let (secret, own) = (("Authorization", &*bearer), ("Origin", &*origin));
    let go = r#"{"serial":1,"intent":"go"}"#;
    for wrong in [
        "",
        "Bearer",
        "Bearer 00",
        &bearer[..bearer.len() - 1],
        &it.secret,
    ] {
        let wrong = ("Authorization", wrong);
        assert_eq!(it.status("GET /screens", &[host, wrong], "").await, 401);
        assert_eq!(it.status("POST /press", &[host, wrong, own], go).await, 401);
    }
    let twice = [host, secret, secret];
    assert_eq!(it.status("GET /screens", &twice, "").await, 401);
    let answer = it.ask("GET /screens", &[host, secret], "", "\n\n").await;
    assert!(answer.contains("text/event-stream") && answer.contains(shown.holder.name.expose()));

    // A page that got the secret would still be another page.
    for origin in [
        None,
        Some(("Origin", "null")),
        Some(("Origin", "http://kiosk.example")),
    ] {
        let headers: Vec<_> = [host, secret].into_iter().chain(origin).collect();
        assert_eq!(it.status("POST /press", &headers, go).await, 403);
    }
    let headers = [host, secret, own];
    assert_eq!(it.status("POST /press", &headers, "{}").await, 400);
    assert_eq!(
        it.status("POST /press", &headers, &" ".repeat(LONGEST + 1))
            .await,
        413
    );
    assert_eq!(
        it.status("POST /press", &headers, r#"{"serial":0,"intent":"go"}"#)
            .await,
        409
    );
    assert_eq!(it.status("POST /press", &headers, go).await, 204);
    assert!(matches!(it.front.intent().await, crate::ports::Intent::Go));
}

#[tokio::test]
async fn a_page_that_leaves_is_noticed() {
    let it = start().await;
    let shared = it.front.shared();
    let bearer = format!("Bearer {}", it.secret);
    let origin = format!("http://{}", it.host);
    let headers = [("Host", &*it.host), ("Authorization", &*bearer)];
    // Only the page itself says that it lives.
    assert_eq!(it.status("POST /alive", &headers, "").await, 403);
    let page = [&headers[..], &[("Origin", &*origin)]].concat();
    assert_eq!(it.status("POST /alive", &page[..1], "").await, 401);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), shared.seen())
            .await
            .is_err()
    );
    let answer = it.ask("GET /screens", &headers, "", "\n\n").await;
    assert!(answer.contains("starting"));
    assert_eq!(it.status("POST /alive", &page, "").await, 204);
    let lost = tokio::time::timeout(Duration::from_secs(10), shared.lost());
    assert_eq!(lost.await.unwrap(), Loss::Left);
}
