//! Something fails at the record system itself when a reservation's time is over: while it lapses, while its hand-over is reported too late, while the
//! municipality revokes another certificate, and while centers ask for the list of what no longer holds. Databases are open by then, or are opened
//! under the fault.
//!
//! What lapses, or is revoked, is on the list once, at once or when it is over; until then somebody is told, and no center is told a shorter list.
//!
//! Control: the same in time and with nothing that fails; and a center is told that the list is empty.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use issuance_api::CertificateId;
use vrs::metrics::Step as Call;
use vrs::service::Vrs;
use vrs::storage::Revocation;

use super::faults::{Fault, Faults, FaultyRecords, Times, Way};
use super::inside::{Failing, Inside, applicant_over};
use super::revocations::Asking;
use super::tally::{HELD, MISTOLD, NOT_ONCE, SHORTER, UNPUBLISHED, UNSAID, UNWELL};
use super::{
    Moment, NAMES, NOT_LAPSED, Report, Size, Tally, VOID, apply, pairs, rows, undisturbed,
};
use crate::random::Random;
use crate::simulator::town::{Open, Town, center_id};
use crate::simulator::{Notes, Records};
use crate::world::{reading, run};

/// Longer than a reservation, and not so long that its hand-over cannot be reported any more.
const OVER: Duration = Duration::from_secs(700);

/// How the record system comes to its databases while something fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Databases {
    /// It has them open.
    Open,
    /// It opens them then.
    Anew,
}

/// Each alone, and in pairs.
pub(super) async fn trials(town: &Town, size: Size, tally: &mut Tally) -> io::Result<()> {
    let open = town.open().await?;
    let mut comes_about = Vec::new();
    for inside in Inside::OF_LAPSING {
        let databases: &[Databases] = match (inside.is_at_opening(), size) {
            (true, _) => &[Databases::Anew],
            (false, Size::Small) => &[Databases::Open],
            (false, Size::Full) => &[Databases::Open, Databases::Anew],
        };
        let mut came_about = true;
        for databases in databases {
            came_about &= trial(town, &open, (&[inside], *databases, OVER), tally).await?;
        }
        tally.note(VOID, !came_about);
        if came_about {
            comes_about.push(inside);
        }
    }
    let mut pairs = pairs::of(&Inside::OF_LAPSING);
    tally.pairs.there = pairs.len();
    pairs.retain(|pair| !Inside::shut_out(*pair));
    tally.pairs.possible = pairs.len();
    let mut random = Random::new(606);
    for _ in 0..size.of(4, pairs.len()) {
        let pair = pairs.swap_remove(random.below(pairs.len()));
        let databases = match pair.iter().any(|inside| inside.is_at_opening()) {
            true => Databases::Anew,
            false => Databases::Open,
        };
        let came_about = trial(town, &open, (&pair, databases, OVER), tally).await?;
        // Of two that stand one hides the other: each is in the way by itself, too.
        let both = came_about && pair.iter().all(|inside| comes_about.contains(inside));
        tally.pairs.tried(pair, both);
    }
    open.vrs.close().await;
    Ok(())
}

/// Somebody has a certificate, and another one is reserved for them. Then all of this fails, so much time passes, and everybody does what they do
/// then; and once more when it is over. Whether the clean-up had something to tell.
async fn trial(
    town: &Town,
    open: &Open<Records>,
    (plan, databases, passes): (&[Inside], Databases, Duration),
    tally: &mut Tally,
) -> io::Result<bool> {
    let resident = &town.people.residents[0];
    let database = open.databases.file(resident.municipality);
    let notes = Arc::<Notes>::default();
    let vrs = town.vrs(&open.databases, &open.clock, &notes)?;
    let applicant = || applicant_over(town, open, Arc::clone(&vrs));
    let other = undisturbed(&applicant()?, resident).await?.issued;
    let other = other.ok_or_else(|| io::Error::other("no certificate that could be revoked"))?;
    let other = other.certificate_id;
    let mut center = Asking::new(open)?;
    let known = center.ask(&records(&vrs), &notes).await;
    let known = known.ok_or_else(|| io::Error::other("no list before anything fails"))?;

    let before = rows(&database)?.len();
    let mut failing = Failing::new(open, resident, plan, Moment::Delivered);
    let mut is_said = false;
    let outcome = apply(&applicant()?, resident, async |at| {
        if at == Moment::Delivered {
            if databases == Databases::Anew {
                vrs.close().await;
            }
            failing.begin()?;
            open.clock.pass(passes);
            vrs.tidy().await;
            is_said = notes.all().contains_key("records-unavailable");
        }
        Ok(true)
    })
    .await;
    let revoked = open.revoke(resident.municipality, &other).await;
    let told = Asking::new(open)?.ask(&records(&vrs), &notes).await;
    let known_then = center.ask(&records(&vrs), &notes).await;
    failing.end()?;

    let outcome = outcome?;
    let reserved = outcome.issued.as_ref().map(|issued| issued.certificate_id);
    let reserved = reserved.ok_or_else(|| io::Error::other("no certificate that could lapse"))?;
    let then = Register::at(&database)?;
    tally.judge(&outcome, resident, &then.rows, before);
    tally.note(HELD, outcome.delivered);
    let has_lapsed = then.says(&reserved, "lapsed");
    tally.note(UNSAID, !has_lapsed && !is_said);
    let once = |register: &Register, id, is_void: bool| register.listed(id) == usize::from(is_void);
    let is_void = then.says(&other, "revoked");
    let is_consistent = once(&then, &reserved, has_lapsed) && once(&then, &other, is_void);
    tally.note(NOT_ONCE, !is_consistent);
    tally.note(
        MISTOLD,
        match revoked {
            Ok(Revocation::Revoked) => !is_void,
            // It holds, and is there.
            Ok(Revocation::Already | Revocation::Unknown) => true,
            Err(_) => false,
        },
    );
    tally.note(SHORTER, is_another(told, &then));
    tally.note(SHORTER, known_then.is_none_or(|now| now < known));

    vrs.tidy().await;
    let is_revoked = open.revoke(resident.municipality, &other).await.is_ok();
    let told = Asking::new(open)?.ask(&records(&vrs), &notes).await;
    let at_last = Register::at(&database)?;
    tally.note(
        NOT_LAPSED,
        at_last.rows.iter().any(|[.., state]| state == "reserved"),
    );
    let is_over = once(&at_last, &reserved, true) && once(&at_last, &other, true);
    tally.note(NOT_ONCE, !is_over);
    tally.note(UNPUBLISHED, told != Some(at_last.list.len()));
    let health = vrs.health().await;
    let is_well = is_revoked && health.iter().all(|(_, found)| found.is_ok());
    tally.note(UNWELL, !is_well);
    vrs.close().await;
    Ok(is_said)
}

fn records(vrs: &Arc<Vrs>) -> Records {
    Records::near(Arc::clone(vrs), center_id())
}

/// Whether a center that starts was told a list, and not this one.
fn is_another(told: Option<usize>, register: &Register) -> bool {
    told.is_some_and(|told| told != register.list.len())
}

/// A register and its list, read by a program that is not ours.
struct Register {
    rows: Vec<[String; 3]>,
    list: Vec<String>,
}

impl Register {
    fn at(database: &Path) -> io::Result<Self> {
        let mut sqlite = reading(database);
        let list = run(sqlite.arg(
            "SELECT certificate_id FROM revocation \
                JOIN certificate ON certificate.id = revocation.certificate",
        ))?;
        let list = String::from_utf8_lossy(&list).into_owned();
        Ok(Self {
            rows: rows(database)?,
            list: list.lines().map(str::to_owned).collect(),
        })
    }

    fn says(&self, certificate: &CertificateId, state: &str) -> bool {
        let certificate = certificate.to_string();
        let is_said = |[id, _, says]: &[String; 3]| *id == certificate && says == state;
        self.rows.iter().any(is_said)
    }

    /// How often it is on the list.
    fn listed(&self, certificate: &CertificateId) -> usize {
        let certificate = certificate.to_string();
        self.list.iter().filter(|id| **id == certificate).count()
    }
}

/// Nothing fails, and the hand-over comes in time; and a center that starts is told that nothing is on the list.
pub(super) async fn control(town: &Town, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    let mut judged = Tally::at(&town.ground)?;
    let in_time = (&[][..], Databases::Open, Duration::ZERO);
    trial(town, &open, in_time, &mut judged).await?;
    for (what, figure) in [
        ("handed over, since its reservation is not over", HELD),
        ("not lapsed, of which nothing is said", UNSAID),
        ("not on the list", NOT_ONCE),
    ] {
        report.finds(what, judged.so(figure));
    }
    let empties = vec![Fault::Call(Call::Revocations, Way::Garbage, Times::Once)];
    let faults = Faults::new(empties, town.ground.path("center").join(NAMES));
    let emptied = FaultyRecords::new(records(&open.vrs), faults);
    let told = Asking::new(&open)?.ask(&emptied, &open.notes).await;
    let resident = &town.people.residents[0];
    let register = Register::at(&open.databases.file(resident.municipality))?;
    report.finds(
        "a list without its entries, told to a center that starts",
        usize::from(is_another(told, &register)),
    );
    open.vrs.close().await;
    Ok(())
}
