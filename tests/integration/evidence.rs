//! A recording of a card is worth nothing: replayed, mixed and late evidence.

use std::time::{Duration, Instant};

use card::evidence::Evidence;
use issuance_api::registry::{EvidenceRequest, Nonce, Ticket};
use issuance_api::{Array, PersonalBytes, ProblemCode, terminal};
use issuance_channel::client::CallError;
use stage::again::files_again;
use stage::applicant::Applicant;
use stage::world::{Options, World};

use crate::support::{SHORT, block_on, refusal, shorten, world};

#[test]
fn evidence_counts_once() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let mut challenged = applicant.challenge().await.unwrap();
        let evidence = applicant.evidence(world.ground.card("ordinary"), &challenged);
        applicant.send(&mut challenged, &evidence).await.unwrap();
        // On the same connection the challenge is used up.
        let again = applicant.send(&mut challenged, &evidence).await;
        assert_eq!(refusal(again), ProblemCode::ChallengeExpired);
        // A new challenge on the same connection is another challenge.
        challenged.challenge = challenged.connection.post("/v1/challenge").await.unwrap();
        let again = applicant.send(&mut challenged, &evidence).await;
        assert_eq!(refusal(again), ProblemCode::CardNotGenuine);
    });
}

#[test]
fn evidence_counts_on_its_own_connection_alone() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let first = applicant.challenge().await.unwrap();
        let evidence = applicant.evidence(world.ground.card("ordinary"), &first);
        // Never used, but carried to another connection, without a challenge there and with one.
        for with_challenge in [false, true] {
            let other = Applicant::new(world.terminal("kiosk-0001"));
            let other = applicant.at(other.link());
            let mut there = other.challenge().await.unwrap();
            if !with_challenge {
                let spent = other.evidence(world.ground.card("gaiji"), &there);
                other.send(&mut there, &spent).await.unwrap();
            }
            let code = refusal(other.send(&mut there, &evidence).await);
            let expected = if with_challenge {
                ProblemCode::CardNotGenuine
            } else {
                ProblemCode::ChallengeExpired
            };
            assert_eq!(code, expected);
        }
    });
}

#[test]
fn evidence_of_another_terminal_or_session_is_refused() {
    let world = world();
    block_on(async {
        let thief = Applicant::new(world.terminal("kiosk-0002"));
        let mut challenged = thief.challenge().await.unwrap();
        // The card answered the thief's own challenge, at another kiosk.
        let victim = thief.at(world.terminal("kiosk-0001"));
        let evidence = victim.evidence(world.ground.card("ordinary"), &challenged);
        assert_eq!(
            refusal(thief.send(&mut challenged, &evidence).await),
            ProblemCode::CardNotGenuine
        );

        // Right terminal and connection, but for another session key.
        let mut challenged = thief.challenge().await.unwrap();
        let other = Applicant::new(world.terminal("kiosk-0002"));
        let evidence = other.evidence(world.ground.card("ordinary"), &challenged);
        assert_eq!(
            refusal(thief.send(&mut challenged, &evidence).await),
            ProblemCode::CardNotGenuine
        );
    });
}

#[test]
fn late_evidence_is_refused_by_the_center_and_by_the_record_system() {
    let center: fn(&mut toml::Table) = |config| shorten(config, "challenge_seconds");
    let vrs: fn(&mut toml::Table) = |config| shorten(config, "evidence_seconds");
    for options in [
        Options {
            center,
            ..Options::default()
        },
        Options {
            vrs,
            ..Options::default()
        },
    ] {
        let world = World::start(&options).unwrap();
        block_on(async {
            let applicant = Applicant::new(world.terminal("kiosk-0001"));
            // In time it counts, under the same configuration.
            applicant
                .identify(world.ground.card("ordinary"))
                .await
                .unwrap();
            let mut challenged = applicant.challenge().await.unwrap();
            let evidence = applicant.evidence(world.ground.card("ordinary"), &challenged);
            let over = Instant::now() + SHORT + Duration::from_millis(200);
            tokio::time::sleep_until(over.into()).await;
            let late = refusal(applicant.send(&mut challenged, &evidence).await);
            assert_eq!(late, ProblemCode::ChallengeExpired);
        });
    }
}

/// What a center gone bad can do with evidence it was sent: it has a certificate, and it has the record system's ear.
struct LyingCenter {
    world: World,
}

impl LyingCenter {
    async fn nonce(&self) -> Nonce {
        self.world.as_center().post("/v1/nonce").await.unwrap()
    }

    fn challenge(&self, nonce: &Nonce) -> terminal::Challenge {
        terminal::Challenge {
            center_nonce: Array::new([7; 32]),
            vrs_nonce: nonce.nonce.clone(),
            center: "center-1".parse().unwrap(),
            vrs: nonce.vrs.clone(),
            expires_in_seconds: 60,
        }
    }

    async fn ask(
        &self,
        applicant: &Applicant,
        challenge: &terminal::Challenge,
        evidence: &Evidence,
    ) -> Result<Ticket, CallError> {
        let request = EvidenceRequest {
            center_nonce: challenge.center_nonce.clone(),
            vrs_nonce: challenge.vrs_nonce.clone(),
            terminal: applicant.urn().parse().unwrap(),
            exporter: EXPORTER,
            session_key: applicant.session_key(),
            evidence: PersonalBytes::new(evidence.encode().to_vec()),
        };
        self.world
            .as_center()
            .post_sealed("/v1/evidence", &request)
            .await
    }
}

const EXPORTER: Array<32> = Array::new([9; 32]);

#[test]
fn a_lying_center_cannot_pair_one_cards_files_with_anothers_answer() {
    let center = LyingCenter { world: world() };
    block_on(async {
        let applicant = Applicant::new(center.world.terminal("kiosk-0001"));
        let nonce = center.nonce().await;
        let challenge = center.challenge(&nonce);
        let answer = |persona: &str| {
            applicant.evidence_over(center.world.ground.card(persona), &challenge, &EXPORTER)
        };
        let ordinary = Evidence::decode(&answer("ordinary").encode()).unwrap();
        let gaiji = Evidence::decode(&answer("gaiji").encode()).unwrap();
        let mixed = Evidence::new(files_again(ordinary.files()), gaiji.answer().clone(), None);
        let refused = center.ask(&applicant, &challenge, &mixed).await;
        assert_eq!(refusal(refused), ProblemCode::CardNotGenuine);

        // The victim's number and attributes beside the thief's own key, which answers for itself.
        let mut files = files_again(gaiji.files());
        let others = files_again(ordinary.files());
        (files.number, files.attributes) = (others.number, others.attributes);
        files.integrity = others.integrity;
        let nonce = center.nonce().await;
        let challenge = center.challenge(&nonce);
        let mixed = Evidence::new(files, gaiji.answer().clone(), None);
        let refused = center.ask(&applicant, &challenge, &mixed).await;
        assert_eq!(refusal(refused), ProblemCode::CardNotGenuine);

        // The control: the same way with nothing exchanged works.
        let nonce = center.nonce().await;
        let challenge = center.challenge(&nonce);
        let honest =
            applicant.evidence_over(center.world.ground.card("ordinary"), &challenge, &EXPORTER);
        center.ask(&applicant, &challenge, &honest).await.unwrap();
        // And not twice.
        let again = center.ask(&applicant, &challenge, &honest).await;
        assert_eq!(refusal(again), ProblemCode::ChallengeExpired);
    });
}
