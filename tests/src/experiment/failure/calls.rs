//! Something fails at a call of the center's, at its signers or its fonts: each alone, and in pairs.

use std::io;

use super::faults::{Fault, Faults, FaultyRecords};
use super::{NAMES, RESIDENTS, Size, Tally, VOID, apply, over, pairs, rows};
use crate::random::Random;
use crate::simulator::Resident;
use crate::simulator::town::{Open, Town};

/// How often somebody applies while not everything failed that is to.
const BEGUN: usize = 3;

/// Every fault of a call, a signer or a font alone, and in pairs.
pub(super) async fn trials(town: &Town, size: Size, tally: &mut Tally) -> io::Result<()> {
    let open = town.open().await?;
    let all = Fault::all();
    for (n, fault) in all.iter().enumerate() {
        let came_about = trial(town, &open, vec![*fault], n, tally).await?;
        tally.note(VOID, !came_about);
    }
    let pairs = pairs::of(&all);
    tally.pairs.there = pairs.len();
    let is_possible = |[first, second]: &[Fault; 2]| !first.shuts_out(*second);
    let (mut pairs, mut others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(is_possible);
    tally.pairs.possible = pairs.len();
    let mut random = Random::new(6);
    for n in 0..size.of(25, pairs.len()) {
        let pair = pairs.swap_remove(random.below(pairs.len()));
        let came_about = trial(town, &open, pair.to_vec(), n, tally).await?;
        tally.pairs.tried(pair, came_about);
    }
    for n in 0..size.of(8, others.len()) {
        let pair = others.swap_remove(random.below(others.len()));
        let came_about = trial(town, &open, pair.to_vec(), n, tally).await?;
        tally.pairs.tried_in_vain(pair, came_about);
    }
    Ok(())
}

/// Applications of the n-th resident, in which this fails; whether all of it did. Where it did not yet, they begin again.
async fn trial<R>(
    town: &Town,
    open: &Open<R>,
    plan: Vec<Fault>,
    n: usize,
    tally: &mut Tally,
) -> io::Result<bool> {
    let resident = town.whose(n, &plan)?;
    let faults = Faults::new(plan, town.ground.path("center").join(NAMES));
    // A center of its own: one that stopped signing stays stopped.
    let records = |records| FaultyRecords::new(records, faults.clone());
    let center = town.center_over(open, records, faults.keys())?;
    let applicant = faults.applicant(center, resident);
    let database = open.databases.file(resident.municipality);
    for _ in 0..BEGUN {
        let before = rows(&database)?.len();
        let at = async |moment| faults.come_to(moment).map(|()| true);
        let outcome = apply(&applicant, resident, at).await?;
        tally.judge(&outcome, resident, &rows(&database)?, before);
        if faults.all_came_about() {
            break;
        }
    }
    let came_about = faults.end()?;
    over(town, open, resident, tally).await?;
    Ok(came_about)
}

impl Town {
    /// A resident in whose application this can fail.
    pub(super) fn whose(&self, n: usize, plan: &[Fault]) -> io::Result<&Resident> {
        let resident = match plan.iter().any(|fault| matches!(fault, Fault::Font(_))) {
            true => self.people.with_rare_name(),
            false => self.people.residents.get(n % RESIDENTS),
        };
        resident.ok_or(io::ErrorKind::NotFound.into())
    }
}
