//! Who may talk to the center, and who to the record system.

use std::process::Command;

use dev_pki::Leaf;
use issuance_api::{ProblemCode, registry, terminal};
use issuance_channel::client::CallError;
use stage::applicant::{Applicant, menu, menu_request};
use stage::process::program;
use stage::world::{FOURTH, Options, World, set};
use time::Duration;

use crate::support::{block_on, refusal, ticket, until, world};

const KIOSK: &str = "terminals/kiosk-0001";
const APP: &str = "apps/app-0001";

/// Nothing was said: the handshake failed, or its refusal arrived as a problem document.
fn is_shut_out<T>(result: Result<T, CallError>) -> bool {
    match result {
        Err(CallError::Problem(problem)) => problem.code == ProblemCode::TerminalRefused,
        Err(CallError::Unreachable) => true,
        _ => false,
    }
}

#[test]
fn terminals_without_a_valid_certificate_are_shut_out() {
    let world = world();
    block_on(async {
        menu(&world.terminal("kiosk-0001")).await.unwrap();
        assert!(is_shut_out(menu(&world.terminal("kiosk-revoked")).await));
        assert!(is_shut_out(
            menu(&world.client_of_center("foreign/kiosk-0001")).await
        ));
        // A service's certificate is no terminal's.
        assert!(is_shut_out(
            menu(&world.client_of_center("services/vrs")).await
        ));
    });
    assert!(!world.answers_without_certificate("/v1/menu").unwrap());
}

#[test]
fn a_terminal_revoked_while_it_is_connected_is_out() {
    let world = world();
    block_on(async {
        let terminals = &world.ground.pki.terminals;
        let hour = Duration::hours(1);
        let leaf = Leaf::terminal("urn:shomei:terminal:kiosk:dev:0009", hour);
        let issued = terminals.issue("kiosk-0009", &leaf).unwrap();
        let client = world.terminal("kiosk-0009");
        let mut connection = client.pinned().await.unwrap();
        let request = menu_request();
        let mut ask = async || {
            connection
                .post_sealed::<_, terminal::Menu>("/v1/menu", &request)
                .await
        };
        ask().await.unwrap();
        terminals.revoke(&[issued.serial], hour).unwrap();
        until(async || ask().await.is_err()).await;
        assert!(is_shut_out(menu(&world.terminal("kiosk-0009")).await));
        menu(&world.terminal("kiosk-0001")).await.unwrap();
    });
}

#[test]
fn the_record_system_speaks_to_its_centers_alone() {
    let world = world();
    block_on(async {
        world
            .as_center()
            .post::<registry::Nonce>("/v1/nonce")
            .await
            .unwrap();
        for certificate in ["terminals/kiosk-0001", "services/vrs", "foreign/kiosk-0001"] {
            let nonce = world
                .client_of_vrs(certificate)
                .post::<registry::Nonce>("/v1/nonce")
                .await;
            assert!(is_shut_out(nonce), "{certificate}");
        }
    });
}

#[test]
fn an_app_is_offered_what_apps_are_offered() {
    let world = World::start(&Options {
        fourth: true,
        ..Options::default()
    })
    .unwrap();
    block_on(async {
        let offered = async |terminal: &str| {
            let menu = menu(&world.client_of_center(terminal)).await.unwrap();
            let mut programmes = menu.programmes.into_iter();
            let covid = programmes.find(|offer| offer.id.as_str() == "covid-19");
            let municipalities = covid.unwrap().municipalities.into_iter();
            let mut codes: Vec<_> = municipalities.map(|it| it.code.to_string()).collect();
            codes.sort();
            codes
        };
        let everywhere = ["131016", "132217", "141003"];
        assert_eq!(offered(APP).await, everywhere);
        let kiosks = [&everywhere[..], &[FOURTH]].concat();
        assert_eq!(offered(KIOSK).await, kiosks);

        // And what it is not offered, it does not get.
        for (terminal, said) in [
            (APP, ProblemCode::MunicipalityNotTakingPart),
            (KIOSK, ProblemCode::NoSuchPerson),
        ] {
            let applicant = Applicant::new(world.client_of_center(terminal));
            let ticket = ticket(&world, &applicant, "ordinary").await;
            let refused = applicant.inquire(&ticket, FOURTH.parse().unwrap()).await;
            assert_eq!(refusal(refused), said, "{terminal}");
            let refused = applicant.inquire(&ticket, "011002".parse().unwrap()).await;
            let nobody = ProblemCode::MunicipalityNotTakingPart;
            assert_eq!(refusal(refused), nobody, "{terminal}");
        }
    });
}

#[test]
fn apps_at_their_limits_are_told_so_and_kiosks_are_served() {
    let world = World::start(&Options {
        center: |config| {
            set(config, "app_quota.applications", 2);
            set(config, "terminals.app_limits.connections", 3);
        },
        ..Options::default()
    })
    .unwrap();
    block_on(async {
        let app = Applicant::new(world.client_of_center(APP));
        let mut first = app.challenge().await.unwrap();
        let second = app.challenge().await.unwrap();
        // One application of this certificate too many. Those that were begun go on, and what there is can be asked.
        let third = world.client_of_center(APP);
        let refused = third.post::<terminal::Challenge>("/v1/challenge").await;
        assert_eq!(refusal(refused), ProblemCode::Busy);
        menu(&third).await.unwrap();
        let evidence = app.evidence(world.ground.card("ordinary"), &first);
        app.send(&mut first, &evidence).await.unwrap();

        // One connection of apps too many. Who has one keeps it.
        let fourth = world.client_of_center(APP);
        assert_eq!(refusal(menu(&fourth).await), ProblemCode::Busy);
        menu(&third).await.unwrap();

        // Kiosks have no quota, and the rest of the connections.
        let mut held = Vec::new();
        for _ in 0..6 {
            let kiosk = Applicant::new(world.terminal("kiosk-0001"));
            held.push((kiosk.challenge().await.unwrap(), kiosk));
        }
        let kiosk = Applicant::new(world.terminal("kiosk-0001"));
        ticket(&world, &kiosk, "ordinary").await;

        // The control: a place that frees is an app's again.
        drop((first, second, app));
        until(async || menu(&world.client_of_center(APP)).await.is_ok()).await;
    });
    let metrics = world.center_metrics().unwrap();
    assert!(metrics.contains("event=\"apps-over-limit\""));
}

#[test]
fn a_kiosk_of_another_build_is_refused_where_builds_are_listed() {
    let world = World::start(&Options {
        center: |config| {
            let other = "0".repeat(64);
            let listed = [other.as_str(), menu_request().build.as_str()].map(toml::Value::from);
            config.insert("kiosk_builds".to_owned(), listed.to_vec().into());
        },
        ..Options::default()
    })
    .unwrap();
    block_on(async {
        let mut unlisted = menu_request();
        unlisted.build = "1".repeat(64).parse().unwrap();
        for terminal in [KIOSK, APP] {
            let client = world.client_of_center(terminal);
            menu(&client).await.unwrap();
            let answer = client
                .post_sealed::<_, terminal::Menu>("/v1/menu", &unlisted)
                .await;
            match terminal {
                KIOSK => assert_eq!(refusal(answer), ProblemCode::TerminalRefused),
                // What an app runs is what attestation says.
                _ => drop(answer.unwrap()),
            }
        }
    });
}

#[test]
fn the_center_publishes_which_build_it_runs() {
    let world = world();
    let published = world
        .fetch_public("/.well-known/shomei/build.json")
        .unwrap();
    let published: serde_json::Value = serde_json::from_slice(&published).unwrap();
    let file = program("issuance-center");
    let said = Command::new("sha256sum").arg(file).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert_eq!(published["sha256"].as_str(), said.split(' ').next());
    assert_eq!(published["program"], "issuance-center");
}
