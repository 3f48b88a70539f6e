//! What fails at the record system itself: each kind of statement by which it opens its databases, looks through them, answers and lets lapse, the
//! mark beside a key, the key it signs with.
//!
//! Statements are made to fail by the database itself: by triggers that refuse; by tables, columns and indices that are not where they were; and
//! by a view in a table's place, which has no index. All that is written so by somebody else, so databases are looked through again under each. Takes
//! a mount namespace of one's own, as `./shomei` makes one.
//!
//! Two reads fail with others alone, since they read nothing that those do not: persons' rows, with whoever is looked up; how many are void, with
//! the register's rows. That nobody may write while somebody else does is one of the ways of `databases`.

mod kind;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use card::trust::Environment;
use vrs::service::Vrs;
use vrs::statement::StatementKey;

use super::{Moment, Outcome, Size, Tally, VOID, apply, over, pairs, rows};
use crate::applicant::{Applicant, Link as Way};
use crate::random::Random;
use crate::simulator::town::{Open, Town, center_id, kiosk};
use crate::simulator::{Link, Records, Resident};
use crate::world::{run, sqlite};
pub(super) use kind::Inside;

/// Each alone and in pairs, from the beginning of an application; with large numbers from each of its steps on.
pub(super) async fn trials(town: &Town, size: Size, tally: &mut Tally) -> io::Result<()> {
    let open = town.open().await?;
    let alone = Inside::ALL.iter().chain(&Inside::ALONE);
    let mut plans: Vec<Vec<Inside>> = alone.map(|inside| vec![*inside]).collect();
    let mut pairs = pairs::of(&Inside::ALL);
    tally.pairs.there = pairs.len();
    pairs.retain(|pair| !Inside::shut_out(*pair));
    tally.pairs.possible = pairs.len();
    let mut random = Random::new(66);
    for _ in 0..size.of(6, pairs.len()) {
        plans.push(pairs.swap_remove(random.below(pairs.len())).to_vec());
    }
    let moments = match size {
        Size::Small => &Moment::ALL[..1],
        Size::Full => &Moment::ALL[..],
    };
    for moment in moments {
        for plan in &plans {
            trial(town, &open, plan, *moment, tally).await?;
        }
    }
    open.vrs.close().await;
    Ok(())
}

async fn trial(
    town: &Town,
    open: &Open<Records>,
    plan: &[Inside],
    from: Moment,
    tally: &mut Tally,
) -> io::Result<()> {
    let resident = &town.people.residents[0];
    let failing = Failing::new(open, resident, plan, from);
    let outcome = failing.application(applicant(town, open, plan)?, tally, |_| Ok(()));
    let hindered = outcome.await?.is_hindered();
    // From a later step on some have nothing left to fail at.
    if from == Moment::Challenge {
        match plan {
            [one, other] => {
                // Of two that stand one hides the other: the other is in the way, too, once the one is mended, and the other way round.
                let mut both = hindered;
                for alone in [[*one], [*other]] {
                    let failing = Failing::new(open, resident, &alone, from);
                    let applicant = applicant(town, open, &alone)?;
                    let outcome = failing.application(applicant, tally, |_| Ok(())).await?;
                    both &= outcome.is_hindered();
                }
                tally.pairs.tried(plan, both);
            }
            _ => tally.note(VOID, !hindered),
        }
    }
    over(town, open, resident, tally).await
}

/// Who applies at a center over [`vrs`].
pub(super) fn applicant(
    town: &Town,
    open: &Open<Records>,
    plan: &[Inside],
) -> io::Result<Applicant<Link<Records>>> {
    applicant_over(town, open, vrs(town, open, plan)?)
}

/// Who applies at a center over this record system.
pub(super) fn applicant_over(
    town: &Town,
    open: &Open<Records>,
    vrs: Arc<Vrs>,
) -> io::Result<Applicant<Link<Records>>> {
    let records = Records::near(vrs, center_id());
    let (clock, notes) = (open.clock.clone(), open.notes.clone());
    let center = town.works.center(center_id(), records, clock, notes)?;
    Ok(Applicant::new(Link::near(Arc::new(center), kiosk(1))))
}

/// That record system; where the key fails, one with another key, and where something fails at opening, one that has opened nothing yet.
pub(super) fn vrs(town: &Town, open: &Open<Records>, plan: &[Inside]) -> io::Result<Arc<Vrs>> {
    if plan.contains(&Inside::Statement) {
        let file = town.ground.path("vrs/signing/nobodys.pem");
        if !file.exists() {
            StatementKey::create(&file, Environment::Emulator).map_err(io::Error::other)?;
        }
        let key = StatementKey::load(&file, Environment::Emulator);
        let key = key.map_err(io::Error::other)?;
        return town.vrs_signing(&open.databases, &open.clock, &open.notes, key);
    }
    match plan.iter().any(|inside| inside.is_at_opening()) {
        false => Ok(Arc::clone(&open.vrs)),
        true => town.vrs(&open.databases, &open.clock, &open.notes),
    }
}

/// A plan at work on the files of one resident's municipality.
pub(super) struct Failing<'a> {
    resident: &'a Resident,
    database: PathBuf,
    mark: PathBuf,
    plan: &'a [Inside],
    from: Moment,
    begun: bool,
}

impl<'a> Failing<'a> {
    pub(super) fn new(
        open: &Open<Records>,
        resident: &'a Resident,
        plan: &'a [Inside],
        from: Moment,
    ) -> Self {
        Self {
            resident,
            database: open.databases.file(resident.municipality),
            mark: open.databases.mark(resident.municipality),
            plan,
            from,
            begun: false,
        }
    }

    /// One application, in which this fails from its moment on, and what else comes about at each.
    pub(super) async fn application<L: Way>(
        mut self,
        applicant: Applicant<L>,
        tally: &mut Tally,
        mut also: impl FnMut(Moment) -> io::Result<()>,
    ) -> io::Result<Outcome> {
        let before = rows(&self.database)?.len();
        let outcome = apply(&applicant, self.resident, async |at| {
            also(at)?;
            if at == self.from {
                self.begin()?;
            }
            Ok(true)
        })
        .await;
        self.end()?;
        let outcome = outcome?;
        let registered = rows(&self.database)?;
        tally.judge(&outcome, self.resident, &registered, before);
        Ok(outcome)
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.begun = true;
        for inside in self.plan {
            match inside {
                Inside::Mark => fs::rename(&self.mark, self.away())?,
                Inside::MarkRaised if !self.plan.contains(&Inside::Mark) => {
                    mount(&["--bind".as_ref(), &self.mark, &self.mark])?;
                    mount(&["-o".as_ref(), "remount,ro,bind".as_ref(), &self.mark])?;
                }
                _ => self.sql(inside.sql().map(|[begin, _]| begin))?,
            }
        }
        Ok(())
    }

    pub(super) fn end(&self) -> io::Result<()> {
        if !self.begun {
            return Ok(());
        }
        for inside in self.plan.iter().rev() {
            match inside {
                Inside::Mark => fs::rename(self.away(), &self.mark)?,
                Inside::MarkRaised if !self.plan.contains(&Inside::Mark) => {
                    run(Command::new("umount").arg(&self.mark)).map(drop)?;
                }
                _ => self.sql(inside.sql().map(|[_, end]| end))?,
            }
        }
        Ok(())
    }

    fn sql(&self, statement: Option<&str>) -> io::Result<()> {
        let Some(statement) = statement else {
            return Ok(());
        };
        run(sqlite(&self.database).arg(statement)).map(drop)
    }

    fn away(&self) -> PathBuf {
        self.mark.with_extension("away")
    }
}

fn mount(arguments: &[&Path]) -> io::Result<()> {
    run(Command::new("mount").args(arguments)).map(drop)
}
