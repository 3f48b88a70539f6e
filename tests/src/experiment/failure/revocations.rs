//! The one call of the center's that belongs to no application: what is published of revocations must never become less, whatever is answered, nor by
//! whatever is written into the database without its key: a center that starts knows of no longer list.

use std::fs;
use std::io;
use std::sync::Arc;

use issuance_center::public::Published;
use issuance_center::registry::Registry;
use issuance_center::revocations::Fetching;
use issuance_channel::build;
use vrs::metrics::Step as Call;
use vrs::storage::Revocation;

use super::databases::Files;
use super::faults::{Fault, Faults, FaultyRecords, Times, Way};
use super::{NAMES, Report, undisturbed};
use crate::applicant::Applicant;
use crate::simulator::Resident;
use crate::simulator::town::{Open, Town, center_id, kiosk};
use crate::simulator::{Notes, Records};

/// What the call does: in order, then wrong in each way, then in order again.
pub(super) async fn trials(town: &Town, report: &mut Report) -> io::Result<()> {
    let (mut lost, mut unsaid, mut stuck) = (0, 0, 0);
    let ways = [Way::Gone, Way::AnswerLost, Way::Garbage, Way::Denies];
    for way in ways {
        let open = town.open().await?;
        let resident = &town.people.residents[0];
        let mut center = Asking::new(&open)?;
        let records = |plan| {
            let records = Records::near(Arc::clone(&open.vrs), center_id());
            let font = town.ground.path("center").join(NAMES);
            FaultyRecords::new(records, Faults::new(plan, font))
        };
        revoke_one(&open, resident).await?;
        center.ask(&records(Vec::new()), &open.notes).await;
        revoke_one(&open, resident).await?;
        let notes = Notes::default();
        let fails = vec![Fault::Call(Call::Revocations, way, Times::Once)];
        lost += usize::from(center.ask(&records(fails), &notes).await != Some(1));
        unsaid += usize::from(!notes.all().keys().any(|name| {
            ["revocations-unavailable", "revocations-shrunk"].contains(&name.as_str())
        }));
        let told = center.ask(&records(Vec::new()), &open.notes).await;
        stuck += usize::from(told != Some(2));
        open.vrs.close().await;
    }
    report.told(
        "revocations: ways in which asking for them failed",
        ways.len(),
    );
    for (what, count) in [
        ("taken back, or others than were told", lost),
        ("failures of which nothing was said", unsaid),
        ("not published once it is over", stuck),
    ] {
        report.figure(format!("revocations: {what}"), count, 0);
    }
    taken_off(town, report).await
}

/// With SQL alone: the last of two entries, or both, and as if they held; or another one's place taken.
const TAKEN_OFF: [&str; 3] = [
    "DELETE FROM revocation WHERE sequence = 2; UPDATE certificate SET state = 'delivered' \
        WHERE id NOT IN (SELECT certificate FROM revocation)",
    "DELETE FROM revocation; UPDATE certificate SET state = 'delivered'",
    "DELETE FROM revocation WHERE sequence = 1; UPDATE revocation SET sequence = 1; \
        UPDATE certificate SET state = 'delivered' WHERE id NOT IN (SELECT certificate FROM revocation)",
];

/// Somebody takes entries off the list in the database, and record system and center start anew.
async fn taken_off(town: &Town, report: &mut Report) -> io::Result<()> {
    let (mut believed, mut unsaid) = (0, 0);
    let resident = &town.people.residents[0];
    for what in TAKEN_OFF {
        let open = with_two(town, resident, |_| Ok(())).await?;
        let files = Files::of(&open.databases, resident.municipality);
        files.sqlite(&[
            "DROP TRIGGER revocation_stays; DROP TRIGGER revocation_stays_as_written",
            what,
        ])?;
        let open = open.restarted(town).await?;
        let notes = Notes::default();
        believed += usize::from(published(&open, &notes).await?.is_some());
        unsaid += usize::from(!notes.all().contains_key("revocations-unavailable"));
        open.vrs.close().await;
    }
    report.told(
        "revocations: ways in which they were taken off in the database",
        TAKEN_OFF.len(),
    );
    for (what, count) in [
        ("published without those, by a center that starts", believed),
        ("taken off, of which nothing was said", unsaid),
    ] {
        report.figure(format!("revocations: {what}"), count, 0);
    }
    // Whoever has the folder of the keys, too, has another sentinel believed.
    let mark = |files: &Files| files.high_water.with_extension("copy");
    let open = with_two(town, resident, |files| {
        files.keep()?;
        fs::copy(&files.high_water, mark(files)).map(drop)
    })
    .await?;
    let files = Files::of(&open.databases, resident.municipality);
    open.vrs.close().await;
    files.put_back(&open.databases)?;
    fs::copy(mark(&files), &files.high_water)?;
    let open = open.restarted(town).await?;
    let fewer = published(&open, &open.notes).await? == Some(1);
    report.finds(
        "a revocation taken back, where the mark beside the key is put back as well",
        usize::from(fewer),
    );
    open.vrs.close().await;
    Ok(())
}

/// Two certificates, both revoked, and published by a center that starts; something is done between them.
async fn with_two(
    town: &Town,
    resident: &Resident,
    between: impl FnOnce(&Files) -> io::Result<()>,
) -> io::Result<Open<Records>> {
    let open = town.open().await?;
    revoke_one(&open, resident).await?;
    between(&Files::of(&open.databases, resident.municipality))?;
    revoke_one(&open, resident).await?;
    match published(&open, &open.notes).await? {
        Some(2) => Ok(open),
        _ => Err(io::Error::other("two that were revoked are not published")),
    }
}

/// How many entries a center publishes that knows nothing yet; nothing while it has none to publish.
async fn published(open: &Open<Records>, notes: &Notes) -> io::Result<Option<usize>> {
    let records = Records::near(Arc::clone(&open.vrs), center_id());
    Ok(Asking::new(open)?.ask(&records, notes).await)
}

/// A center as far as it asks for what no longer holds, and what it publishes of it. It knows nothing when it starts.
pub(super) struct Asking {
    fetching: Fetching,
    published: Arc<Published>,
}

impl Asking {
    pub(super) fn new(open: &Open<Records>) -> io::Result<Self> {
        let build = build::running().map_err(io::Error::other)?;
        let center = open.center.parts();
        let public = center.signing.public(open.clock.now()).clone();
        let published = Arc::new(Published::new(vec![public], build));
        Ok(Self {
            fetching: Fetching::new(Arc::clone(&center.rids), Arc::clone(&published)),
            published,
        })
    }

    /// Asks once. How many entries it publishes then; nothing while it has none to publish.
    pub(super) async fn ask(&mut self, records: &impl Registry, notes: &Notes) -> Option<usize> {
        self.fetching.poll(records, notes).await;
        self.published.entries()
    }
}

/// A certificate is issued, and revoked by the municipality.
async fn revoke_one<R: Registry>(open: &Open<R>, resident: &Resident) -> io::Result<()> {
    let outcome = undisturbed(&Applicant::new(open.terminal(kiosk(1))), resident).await?;
    let issued = outcome.issued.ok_or(io::ErrorKind::NotFound)?;
    match open
        .revoke(resident.municipality, &issued.certificate_id)
        .await
    {
        Ok(Revocation::Revoked) => Ok(()),
        Ok(_) => Err(io::Error::other("a certificate that cannot be revoked")),
        Err(unavailable) => Err(io::Error::other(unavailable)),
    }
}
