//! What goes well, and what is answered.

use issuance_api::ProblemCode;
use issuance_channel::{client::CallError, server::Limits};

use crate::stage::{Note, Seen, Stage, note};

#[tokio::test]
async fn open_and_sealed_calls_are_answered() {
    let stage = Stage::new();
    let (server, _) = stage.serve(Limits::default()).await;
    let client = stage.client("terminals/kiosk-0001", server.address());

    let seen: Seen = client.get("/v1/peer").await.unwrap();
    assert_eq!(seen.peer.to_string(), "urn:shomei:terminal:kiosk:dev:0001");
    let said: Note = client
        .post_sealed("/v1/echo", &note("山田　花子"))
        .await
        .unwrap();
    assert_eq!(said, note("山田　花子"));
    let refused = client.post_sealed::<_, Note>("/v1/refuse", &note("")).await;
    assert_eq!(
        refused,
        Err(CallError::Problem(ProblemCode::NoRecord.into()))
    );
    server.drain().await;
}
