//! A record system that is a library, under a clock in which hours pass.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use issuance_center::registry::Registry as _;
use tokio::runtime::Runtime;

use super::{Application, Bad, OTHER_CENTER, RESIDENTS, Tally, believe_anybody};
use crate::experiment::Report;
use crate::simulator::town::{Open, Town, center_id};
use crate::simulator::{Records, Works};

/// Longer than a ticket is good.
const PAST: Duration = Duration::from_secs(601);

pub(super) fn run(runtime: &Runtime, rounds: usize, report: &mut Report) -> io::Result<()> {
    let town = Town::prepare(RESIDENTS)?;
    runtime.block_on(trials(&town, rounds, report))
}

async fn trials(town: &Town, rounds: usize, report: &mut Report) -> io::Result<()> {
    const HOW: &str = "simulated";
    let open = town.open().await?;
    let records = both(&open.vrs);
    let mut bad = Bad::new(&town.people, &town.ground, records, &*open.clock, 14)?;
    let mut tally = Tally::default();
    for round in 0..rounds {
        bad.trial(round, &mut tally).await?;

        let application = Application::new(&town.people.residents[round % RESIDENTS], round);
        let late = bad.ticket(&application).await?;
        let late = bad.inquiry(&application, &late);
        open.clock.pass(PAST);
        tally.tried("a ticket after its time", bad.vrs.inquiry(&late).await);
    }
    let municipalities = town.people.records.iter();
    let databases = municipalities.map(|(municipality, _)| open.databases.file(*municipality));
    tally.report(HOW, databases, report)?;
    open.vrs.close().await;
    let believed = credulous(town, &open).await?;
    report.finds(
        format!("{HOW}: records released by a record system that believes any card"),
        believed,
    );
    Ok(())
}

fn both(vrs: &Arc<vrs::service::Vrs>) -> [Records; 2] {
    let other = OTHER_CENTER.parse().expect("a center's id");
    [center_id(), other].map(|center| Records::near(Arc::clone(vrs), center))
}

async fn credulous(town: &Town, open: &Open<Records>) -> io::Result<usize> {
    believe_anybody(&town.ground)?;
    let works = Works::new(&town.ground)?;
    let (clock, notes) = (open.clock.clone(), open.notes.clone());
    let vrs = works.vrs(open.databases.folders(), vec![center_id()], clock, notes)?;
    let vrs = Arc::new(vrs);
    let mut bad = Bad::new(&town.people, &town.ground, both(&vrs), &*open.clock, 15)?;
    let believed = bad.believed().await?;
    vrs.close().await;
    Ok(believed)
}
