//! Tickets, sealed states, and what a certificate is bound to.

use issuance_api::{Blob, MunicipalityCode, ProblemCode};
use sha2::{Digest, Sha256};
use stage::applicant::Applicant;
use stage::world::{FOURTH, Options, World};

use crate::support::{self, HOME, block_on, preview, refusal, shorten, ticket, until, world};

fn home() -> MunicipalityCode {
    HOME.parse().unwrap()
}

#[test]
fn a_ticket_is_its_terminals_and_its_sessions() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket(&world, &applicant, "ordinary").await;
        let elsewhere = applicant.at(world.terminal("kiosk-0002"));
        assert_eq!(
            refusal(elsewhere.inquire(&ticket, home()).await),
            ProblemCode::TicketInvalid
        );
        let other = Applicant::new(world.terminal("kiosk-0001"));
        let said = refusal(other.inquire(&ticket, home()).await);
        assert!(
            matches!(
                said,
                ProblemCode::TicketInvalid | ProblemCode::SessionProofInvalid
            ),
            "{said:?}"
        );
        // Where it belongs, it holds.
        applicant.inquire(&ticket, home()).await.unwrap();
    });
}

#[test]
fn a_ticket_expires_and_dies_with_the_record_systems_process() {
    let vrs: fn(&mut toml::Table) = |config| shorten(config, "ticket_seconds");
    let mut world = World::start(&Options {
        vrs,
        ..Options::default()
    })
    .unwrap();
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let ticket = block_on(async {
        let ticket = ticket(&world, &applicant, "ordinary").await;
        until(async || applicant.inquire(&ticket, home()).await.is_err()).await;
        assert_eq!(
            refusal(applicant.inquire(&ticket, home()).await),
            ProblemCode::TicketExpired
        );
        ticket
    });
    world.vrs = None;
    world.start_vrs().unwrap();
    block_on(async {
        let applicant = applicant.at(world.terminal("kiosk-0001"));
        assert_eq!(
            refusal(applicant.inquire(&ticket, home()).await),
            ProblemCode::TicketInvalid
        );
    });
}

#[test]
fn one_application_asks_three_municipalities_at_most() {
    // The fourth is one that takes part: VRS refuses it, not the center.
    let world = World::start(&Options {
        fourth: true,
        ..Options::default()
    })
    .unwrap();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = ticket(&world, &applicant, "ordinary").await;
        let ask = async |code: &str| applicant.inquire(&ticket, code.parse().unwrap()).await;
        assert!(ask("132217").await.is_ok());
        assert_eq!(refusal(ask("131016").await), ProblemCode::NoSuchPerson);
        assert_eq!(
            refusal(ask("141003").await),
            ProblemCode::ConfirmationNeeded
        );
        assert_eq!(
            refusal(ask(FOURTH).await),
            ProblemCode::TooManyMunicipalities
        );
        assert!(ask("132217").await.is_ok());
        // Under another ticket it answers: it was refused for being the fourth.
        let other = Applicant::new(world.terminal("kiosk-0001"));
        let fresh = support::ticket(&world, &other, "ordinary").await;
        let asked = other.inquire(&fresh, FOURTH.parse().unwrap()).await;
        assert_eq!(refusal(asked), ProblemCode::NoSuchPerson);
    });
}

#[test]
fn each_state_of_a_record_has_its_own_answer() {
    let world = world();
    block_on(async {
        for (persona, municipality, expected) in [
            ("no-record", HOME, ProblemCode::NoRecord),
            ("no-record", "131016", ProblemCode::NoSuchPerson),
            ("ordinary", "141003", ProblemCode::ConfirmationNeeded),
            ("seven-doses", "131016", ProblemCode::MovedOut),
        ] {
            let applicant = Applicant::new(world.terminal("kiosk-0001"));
            let ticket = ticket(&world, &applicant, persona).await;
            let said = refusal(
                applicant
                    .inquire(&ticket, municipality.parse().unwrap())
                    .await,
            );
            assert_eq!(said, expected, "{persona} in {municipality}");
        }
    });
}

#[test]
fn a_sealed_state_is_its_terminals_and_its_sessions() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let state = preview(&world, &applicant, "ordinary").await.state;
        let elsewhere = applicant.at(world.terminal("kiosk-0002"));
        assert_eq!(
            refusal(elsewhere.issue(&state).await),
            ProblemCode::StateInvalid
        );
        let other = Applicant::new(world.terminal("kiosk-0001"));
        assert_eq!(
            refusal(other.issue(&state).await),
            ProblemCode::SessionProofInvalid
        );
        let mut bytes = state.as_bytes().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert_eq!(
            refusal(applicant.issue(&Blob::new(bytes)).await),
            ProblemCode::StateInvalid
        );
        applicant.issue(&state).await.unwrap();
    });
}

#[test]
fn a_sealed_state_expires_and_dies_with_the_centers_process() {
    let center: fn(&mut toml::Table) = |config| shorten(config, "state_seconds");
    let world = World::start(&Options {
        center,
        ..Options::default()
    })
    .unwrap();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let state = preview(&world, &applicant, "ordinary").await.state;
        applicant.issue(&state).await.unwrap();
        until(async || applicant.issue(&state).await.is_err()).await;
        let said = refusal(applicant.issue(&state).await);
        // Once its epoch's key is wiped as well, it does not even open.
        assert!(
            matches!(said, ProblemCode::StateExpired | ProblemCode::StateInvalid),
            "{said:?}"
        );
    });

    let mut world = crate::support::world();
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let state = block_on(async { preview(&world, &applicant, "ordinary").await.state });
    world.center = None;
    world.start_center().unwrap();
    block_on(async {
        let applicant = applicant.at(world.terminal("kiosk-0001"));
        assert_eq!(
            refusal(applicant.issue(&state).await),
            ProblemCode::StateInvalid
        );
    });
}

#[test]
fn the_same_request_gives_the_same_bytes_and_one_registration() {
    let world = world();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let state = preview(&world, &applicant, "gaiji").await.state;
        let first = applicant.issue(&state).await.unwrap();
        // On another connection, and after it was delivered, too.
        let again = applicant.at(world.terminal("kiosk-0001"));
        assert!(again.issue(&state).await.unwrap() == first);
        again.delivered(&state).await.unwrap();
        again.delivered(&state).await.unwrap();
        assert!(again.issue(&state).await.unwrap() == first);
        assert_eq!(world.registered(HOME).unwrap(), 1);

        // Another application of the same person is another certificate.
        let other = Applicant::new(world.terminal("kiosk-0001"));
        let state = preview(&world, &other, "gaiji").await.state;
        let second = other.issue(&state).await.unwrap();
        assert!(second.certificate_id != first.certificate_id);
        assert!(Sha256::digest(second.page.as_bytes()) != Sha256::digest(first.page.as_bytes()));
        assert_eq!(world.registered(HOME).unwrap(), 2);
    });
}

#[test]
fn what_is_not_delivered_lapses_and_is_revoked() {
    let options = Options {
        vrs: |config| shorten(config, "reservation_seconds"),
        center: |config| {
            config.insert("revocations_seconds".to_owned(), 1.into());
        },
        ..Options::default()
    };
    let world = World::start(&options).unwrap();
    block_on(async {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let kept = preview(&world, &applicant, "ordinary").await.state;
        applicant.issue(&kept).await.unwrap();
        applicant.delivered(&kept).await.unwrap();
        let left = Applicant::new(world.terminal("kiosk-0001"));
        let state = preview(&world, &left, "gaiji").await.state;
        let card = left.issue(&state).await.unwrap();
        assert!(!world.is_revoked(card.jws.expose()).unwrap());
        until(async || world.is_revoked(card.jws.expose()).unwrap()).await;
        assert_eq!(
            refusal(left.issue(&state).await),
            ProblemCode::RegistrationLapsed
        );
        // The one that was handed over stays good, and can be had again.
        let again = applicant.issue(&kept).await.unwrap();
        assert!(!world.is_revoked(again.jws.expose()).unwrap());
    });
}
