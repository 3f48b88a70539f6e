//! Whose cards are believed: altered data, foreign CAs, copies, and municipal signers withdrawn while everything runs; at
//! the center, and at the record system when the center says nothing.

use std::fs;
use std::time::Duration;

use card::certificate::Certificate;
use card::evidence::Context;
use card::pin::Pin;
use card::session::{Attempt, Connected, Selected, SessionError, Step};
use card::transport::Lengths;
use card::{surface_ap, text_ap};
use hw_sim::ap::Ap;
use issuance_api::registry::Ticket;
use issuance_api::{ProblemCode, terminal};
use issuance_channel::client::CallError;
use stage::applicant::Applicant;
use stage::process::{Program, poll};
use stage::world::World;

use crate::support::{block_on, refusal, ticket_of_vrs, world};

/// A persona's card shown to the record system by a center that checks nothing.
async fn ask_vrs(world: &World, persona: &str) -> Result<Ticket, CallError> {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    ticket_of_vrs(world, &applicant, persona).await
}

async fn ask_center(world: &World, persona: &str) -> Result<terminal::EvidenceAnswer, CallError> {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    applicant.identify(world.ground.card(persona)).await
}

#[test]
fn what_no_municipality_signed_is_refused_by_both() {
    let world = world();
    block_on(async {
        for (persona, expected) in [
            ("tampered", ProblemCode::CardDataAltered),
            ("wrong-ca", ProblemCode::CardIssuerUnknown),
        ] {
            assert_eq!(refusal(ask_center(&world, persona).await), expected);
            assert_eq!(refusal(ask_vrs(&world, persona).await), expected);
        }
        // The control: the same ways with a sound card.
        ask_center(&world, "ordinary").await.unwrap();
        ask_vrs(&world, "ordinary").await.unwrap();
    });
}

#[test]
fn a_copy_gives_its_files_and_no_evidence() {
    let world = world();
    let mut copy = world.ground.card("copy");
    let asked = Connected::new(copy.powered(), Lengths::default())
        .select()
        .and_then(Selected::ask_tries)
        .unwrap();
    let Ok(Attempt::Verified(unlocked)) = asked.verify(Pin::try_from("1234").unwrap()) else {
        panic!("the copy takes the PIN it was made with");
    };
    let context = Context {
        center_nonce: [1; 32],
        vrs_nonce: &[2; 40],
        center: "center-1",
        vrs: "vrs-1",
        terminal: "urn:shomei:terminal:kiosk:dev:0001",
        exporter: [3; 32],
        session_key: [4; 32],
    };
    let refused = unlocked.read().unwrap().answer(&context).err();
    assert!(matches!(
        refused,
        Some(SessionError::Unexpected {
            step: Step::Challenge,
            ..
        })
    ));

    // With an answer of the original to another challenge in its place it is no better.
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let earlier = applicant.challenge().await.unwrap();
        let earlier = applicant.evidence(world.ground.card("ordinary"), &earlier);
        let mut challenged = applicant.challenge().await.unwrap();
        let refused = applicant.send(&mut challenged, &earlier).await;
        assert_eq!(refusal(refused), ProblemCode::CardNotGenuine);
    });
}

/// The key ids of the municipal signers of a persona's card, as the operator writes them into the list: the text AP's and
/// the surface AP's.
fn signers(world: &World, persona: &str) -> [String; 2] {
    let card = world.ground.card(persona);
    [
        (Ap::Text, text_ap::CERTIFICATE),
        (Ap::Surface, surface_ap::CERTIFICATE),
    ]
    .map(|(ap, ef)| {
        let file = card.memory().file(ap, ef).unwrap();
        Certificate::decode(file).unwrap().subject().to_string()
    })
}

#[test]
fn a_signer_withdrawn_while_everything_runs_is_refused_by_both() {
    let world = world();
    let list = |of: &str| {
        world
            .ground
            .path(&format!("{of}/lists/refused-signers.txt"))
    };
    block_on(async {
        let [signer, surface_signer] = signers(&world, "ordinary");
        assert_ne!(signer, surface_signer);
        ask_center(&world, "ordinary").await.unwrap();
        let refused = Some(ProblemCode::CardSignerRefused);
        let center = async || {
            ask_center(&world, "ordinary")
                .await
                .map_err(|it| code(&it))
                .err()
        };
        let vrs = async || {
            ask_vrs(&world, "ordinary")
                .await
                .map_err(|it| code(&it))
                .err()
        };

        // The record system alone: whatever the center believes, nobody gets a ticket.
        fs::write(list("vrs"), format!("{signer} # lost\nend\n")).unwrap();
        assert_eq!((center().await, vrs().await), (refused, refused));
        // The center alone: it does not even ask.
        fs::write(list("vrs"), "end\n").unwrap();
        fs::write(list("center"), format!("{signer}\nend\n")).unwrap();
        assert_eq!((center().await, vrs().await), (refused, None));
        // The surface AP's signer counts as much.
        fs::write(list("center"), format!("{surface_signer}\nend\n")).unwrap();
        fs::write(list("vrs"), format!("{surface_signer}\nend\n")).unwrap();
        assert_eq!((center().await, vrs().await), (refused, refused));
        fs::write(list("vrs"), "end\n").unwrap();
        assert_eq!((center().await, vrs().await), (refused, None));
        // A list that was broken in the editing, or emptied, leaves the last one in force.
        for broken in ["nonsense\n", ""] {
            fs::write(list("center"), broken).unwrap();
            assert_eq!((center().await, vrs().await), (refused, None));
        }
        fs::write(list("center"), "end\n").unwrap();
        assert_eq!((center().await, vrs().await), (None, None));
    });
    let noted = |program: &Option<Program>, event: &str, times: usize| {
        let log = &program.as_ref().unwrap().log;
        let count = || log.all().iter().filter(|line| line.contains(event)).count();
        let told = poll(Duration::from_secs(10), || (count() == times).then_some(()));
        assert!(told.is_some(), "{event}: {}", count());
    };
    noted(&world.center, "\"refused-signers-unreadable\"", 2);
    noted(&world.center, "\"refused-signers-read\"", 3);
    noted(&world.vrs, "\"refused-signers-read\"", 4);
}

fn code(error: &CallError) -> ProblemCode {
    match error {
        CallError::Problem(problem) => problem.code,
        other => panic!("no problem document: {other}"),
    }
}
