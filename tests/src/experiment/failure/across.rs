//! Something fails at the center, and something at the record system, in one application.

use std::io;
use std::sync::Arc;

use super::faults::{Fault, Faults, FaultyRecords};
use super::inside::{self, Failing, Inside};
use super::{Moment, NAMES, Size, Tally, over};
use crate::random::Random;
use crate::simulator::Records;
use crate::simulator::town::{Open, Town, center_id};

/// Every fault of the center's with every one of the record system's, or some of them.
pub(super) async fn trials(town: &Town, size: Size, tally: &mut Tally) -> io::Result<()> {
    let open = town.open().await?;
    let all = Fault::all();
    let beside = |fault: &Fault| Inside::ALL.map(|inside| (*fault, inside));
    let mut pairs: Vec<_> = all.iter().flat_map(beside).collect();
    (tally.pairs.there, tally.pairs.possible) = (pairs.len(), pairs.len());
    let mut random = Random::new(666);
    for _ in 0..size.of(12, pairs.len()) {
        let (fault, inside) = pairs.swap_remove(random.below(pairs.len()));
        let both = trial(town, &open, fault, inside, tally).await?;
        tally.pairs.tried((fault, inside), both);
    }
    open.vrs.close().await;
    Ok(())
}

/// Both stand while somebody applies. What the one hides of the other comes about once it is mended, for whoever begins again: first the
/// record system's, if it hides the center's; then the center's. Whether both came about.
async fn trial(
    town: &Town,
    open: &Open<Records>,
    fault: Fault,
    inside: Inside,
    tally: &mut Tally,
) -> io::Result<bool> {
    let resident = town.whose(0, &[fault])?;
    let font = town.ground.path("center").join(NAMES);
    let faults = Faults::new(vec![fault], font);
    let faulty = |plan: &[Inside]| {
        let near = Records::near(inside::vrs(town, open, plan)?, center_id());
        let records = FaultyRecords::new(near, faults.clone());
        let (clock, notes) = (open.clock.clone(), open.notes.clone());
        let (works, keys) = (&town.works, faults.keys());
        let center = works.center_through(center_id(), records, keys, clock, notes)?;
        io::Result::Ok(faults.applicant(Arc::new(center), resident))
    };
    let plan = [inside];
    for stands in [&plan[..], &[]] {
        if !faults.all_came_about() {
            let failing = Failing::new(open, resident, stands, Moment::Challenge);
            let at = |moment| faults.come_to(moment);
            failing.application(faulty(stands)?, tally, at).await?;
        }
    }
    let came_about = faults.end()?;
    let failing = Failing::new(open, resident, &plan, Moment::Challenge);
    let applicant = inside::applicant(town, open, &plan)?;
    let outcome = failing.application(applicant, tally, |_| Ok(())).await?;
    over(town, open, resident, tally).await?;
    Ok(came_about && outcome.is_hindered())
}
