//! A record system that is a program, over TLS: each center has a certificate of its own, and bodies are sealed.

use std::io;

use dev_pki::Leaf;
use issuance_center::clock::SystemClock;
use issuance_channel::client::Client;
use tokio::runtime::Runtime;
use toml::Value;

use super::{Bad, OTHER_CENTER, RESIDENTS, Tally, believe_anybody};
use crate::experiment::Report;
use crate::simulator::People;
use crate::world::{Options, World};

pub(super) fn run(runtime: &Runtime, rounds: usize, report: &mut Report) -> io::Result<()> {
    const HOW: &str = "real programs";
    let mut world = World::start(&Options {
        vrs: |config| {
            let centers = ["center-1", OTHER_CENTER].map(Value::from);
            config.insert("centers".to_owned(), centers.to_vec().into());
        },
        ..Options::default()
    })?;
    let people = People::imported(&world.ground, RESIDENTS)?;
    let urn = format!("urn:shomei:center:{OTHER_CENTER}");
    let leaf = Leaf::service(&urn, time::Duration::days(1));
    let services = &world.ground.pki.services;
    services
        .issue(OTHER_CENTER, &leaf)
        .map_err(io::Error::other)?;
    let tally = runtime.block_on(trials(&world, &people, rounds))?;
    let data = world.ground.path("vrs/data");
    let municipalities = people.records.iter();
    let databases = municipalities.map(|(municipality, _)| {
        let file = data.join(municipality.as_str());
        file.with_extension("sqlite")
    });
    tally.report(HOW, databases, report)?;

    believe_anybody(&world.ground)?;
    world.vrs = None;
    world.start_vrs()?;
    let believed = runtime.block_on(credulous(&world, &people))?;
    report.finds(
        format!("{HOW}: records released by a record system that believes any card"),
        believed,
    );
    Ok(())
}

async fn trials(world: &World, people: &People, rounds: usize) -> io::Result<Tally> {
    let clock = SystemClock::start();
    let mut bad = Bad::new(people, &world.ground, both(world), &clock, 16)?;
    let mut tally = Tally::default();
    for round in 0..rounds {
        bad.trial(round, &mut tally).await?;
    }
    Ok(tally)
}

async fn credulous(world: &World, people: &People) -> io::Result<usize> {
    let clock = SystemClock::start();
    let mut bad = Bad::new(people, &world.ground, both(world), &clock, 17)?;
    bad.believed().await
}

/// As the bad center, and as the one beside it.
fn both(world: &World) -> [Client; 2] {
    let other = format!("services/{OTHER_CENTER}");
    [world.as_center(), world.client_of_vrs(&other)]
}
