//! What fails at the record system itself: each kind of statement of its databases, the mark beside a key, the key it signs with.
//!
//! Statements are made to fail by the database itself: by triggers that refuse, by tables that are not where they were. Takes a mount namespace
//! of one's own, as `./shomei` makes one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use card::trust::Environment;
use vrs::statement::StatementKey;

use super::{Moment, Size, Tally, VOID, apply, over, rows};
use crate::applicant::Applicant;
use crate::random::Random;
use crate::simulator::town::{Open, Town, center_id, kiosk};
use crate::simulator::{Link, Records};
use crate::world::run;

/// What fails, for as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// What is released or changed is written into the operation log.
    Log,
    /// A certificate is registered.
    Reserve,
    /// It is handed over.
    Deliver,
    /// The data epoch moves on.
    Epoch,
    /// All of that is made to last.
    Commit,
    /// Somebody is looked up.
    Person,
    /// Their doses are.
    Doses,
    /// Their certificates are.
    Certificates,
    /// The mark is read.
    Mark,
    /// It is raised: when everything else is done.
    MarkRaised,
    /// A finding or a receipt is signed, by a key that nobody knows.
    Statement,
}

impl Inside {
    const ALL: [Self; 11] = [
        Self::Log,
        Self::Reserve,
        Self::Deliver,
        Self::Epoch,
        Self::Commit,
        Self::Person,
        Self::Doses,
        Self::Certificates,
        Self::Mark,
        Self::MarkRaised,
        Self::Statement,
    ];

    /// By what it is made to fail, and by what it works again.
    const fn sql(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Log => Some([
                "CREATE TRIGGER no_log BEFORE INSERT ON operation BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_log",
            ]),
            Self::Reserve => Some([
                "CREATE TRIGGER no_reserve BEFORE INSERT ON certificate BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_reserve",
            ]),
            Self::Deliver => Some([
                "CREATE TRIGGER no_deliver BEFORE UPDATE ON certificate BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_deliver",
            ]),
            Self::Epoch => Some([
                "CREATE TRIGGER no_epoch BEFORE UPDATE ON person BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_epoch",
            ]),
            // What refers to nobody is refused when the transaction ends.
            Self::Commit => Some([
                "CREATE TABLE nobody (person INTEGER REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED); \
                 CREATE TRIGGER no_commit AFTER INSERT ON operation BEGIN INSERT INTO nobody VALUES (-1); END",
                "DROP TRIGGER no_commit; DROP TABLE nobody",
            ]),
            Self::Person => Some([
                "ALTER TABLE person RENAME TO elsewhere",
                "ALTER TABLE elsewhere RENAME TO person",
            ]),
            Self::Doses => Some([
                "ALTER TABLE dose RENAME TO other_doses",
                "ALTER TABLE other_doses RENAME TO dose",
            ]),
            Self::Certificates => Some([
                "ALTER TABLE certificate RENAME TO other_certificates",
                "ALTER TABLE other_certificates RENAME TO certificate",
            ]),
            Self::Mark | Self::MarkRaised | Self::Statement => None,
        }
    }
}

/// Each alone and in pairs, from the beginning of an application; with large numbers from each of its steps on.
pub(super) async fn trials(town: &Town, size: Size, tally: &mut Tally) -> io::Result<()> {
    let open = town.open().await?;
    let mut plans: Vec<Vec<Inside>> = Inside::ALL.iter().map(|inside| vec![*inside]).collect();
    let mut pairs = Vec::new();
    for (n, first) in Inside::ALL.iter().enumerate() {
        pairs.extend(
            Inside::ALL[n + 1..]
                .iter()
                .map(|second| vec![*first, *second]),
        );
    }
    let mut random = Random::new(66);
    for _ in 0..size.of(6, pairs.len()) {
        plans.push(pairs.swap_remove(random.below(pairs.len())));
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
    let database = open.databases.file(resident.municipality);
    let mark = open.databases.mark(resident.municipality);
    let before = rows(&database)?.len();
    let applicant = Applicant::new(center(town, open, plan)?);
    let mut failing = Failing {
        database: &database,
        mark: &mark,
        plan,
        begun: false,
    };
    let outcome = apply(&applicant, resident, async |at| {
        if at == from {
            failing.begin()?;
        }
        Ok(true)
    })
    .await;
    failing.end()?;
    let outcome = outcome?;
    tally.judge(&outcome, resident, &town.keys, &rows(&database)?, before);
    // From a later step on some have nothing left to fail at.
    if let ([_], Moment::Challenge) = (plan, from) {
        tally.note(VOID, outcome.problem.is_none() && outcome.repeated == 0);
    }
    over(town, open, resident, tally).await
}

/// A center over that record system; where the key fails, over one with another key.
fn center(town: &Town, open: &Open<Records>, plan: &[Inside]) -> io::Result<Link<Records>> {
    let vrs = match plan.contains(&Inside::Statement) {
        false => Arc::clone(&open.vrs),
        true => {
            let file = town.ground.path("vrs/signing/nobodys.pem");
            if !file.exists() {
                StatementKey::create(&file, Environment::Emulator).map_err(io::Error::other)?;
            }
            let key = StatementKey::load(&file, Environment::Emulator);
            let key = key.map_err(io::Error::other)?;
            town.vrs_signing(&open.databases, &open.clock, &open.notes, key)?
        }
    };
    let records = Records::near(vrs, center_id());
    let (clock, notes) = (open.clock.clone(), open.notes.clone());
    let center = town.works.center(center_id(), records, clock, notes)?;
    Ok(Link::near(Arc::new(center), kiosk(1)))
}

/// A plan at work on one municipality's files.
struct Failing<'a> {
    database: &'a Path,
    mark: &'a Path,
    plan: &'a [Inside],
    begun: bool,
}

impl Failing<'_> {
    fn begin(&mut self) -> io::Result<()> {
        self.begun = true;
        // First what is written there, then what is taken away.
        for inside in self.plan {
            match inside {
                Inside::Mark => fs::rename(self.mark, self.away())?,
                Inside::MarkRaised if !self.plan.contains(&Inside::Mark) => {
                    mount(&["--bind".as_ref(), self.mark, self.mark])?;
                    mount(&["-o".as_ref(), "remount,ro,bind".as_ref(), self.mark])?;
                }
                _ => self.sql(inside.sql().map(|[begin, _]| begin))?,
            }
        }
        Ok(())
    }

    fn end(&self) -> io::Result<()> {
        if !self.begun {
            return Ok(());
        }
        for inside in self.plan.iter().rev() {
            match inside {
                Inside::Mark => fs::rename(self.away(), self.mark)?,
                Inside::MarkRaised if !self.plan.contains(&Inside::Mark) => {
                    run(Command::new("umount").arg(self.mark)).map(drop)?;
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
        let mut sqlite = Command::new("sqlite3");
        sqlite.args(["-cmd", ".timeout 5000"]).arg(self.database);
        run(sqlite.arg(statement)).map(drop)
    }

    fn away(&self) -> PathBuf {
        self.mark.with_extension("away")
    }
}

fn mount(arguments: &[&Path]) -> io::Result<()> {
    run(Command::new("mount").args(arguments)).map(drop)
}
