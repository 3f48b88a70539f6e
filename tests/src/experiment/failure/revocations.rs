//! The one call of the center's that belongs to no application: what is published of revocations must never become less, whatever is answered.

use std::io;
use std::sync::Arc;

use issuance_center::public::Published;
use issuance_center::revocations::Fetching;
use issuance_channel::build;
use vrs::metrics::Step as Call;
use vrs::storage::{Division, Revocation};

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
        let build = build::running().map_err(io::Error::other)?;
        let center = open.center.parts();
        let published = Arc::new(Published::new(
            vec![center.signing.public(open.clock.now()).clone()],
            build,
        ));
        let mut fetching = Fetching::new(Arc::clone(&center.rids), Arc::clone(&published));
        let records = |plan| {
            let records = Records::near(Arc::clone(&open.vrs), center_id());
            let font = town.ground.path("center").join(NAMES);
            FaultyRecords::new(records, Faults::new(plan, font))
        };
        revoke_one(&open, resident).await?;
        fetching.poll(&records(Vec::new()), &*open.notes).await;
        revoke_one(&open, resident).await?;
        let notes = Notes::default();
        let fails = vec![Fault::Call(Call::Revocations, way, Times::Once)];
        fetching.poll(&records(fails), &notes).await;
        lost += usize::from(published.entries() != Some(1));
        unsaid += usize::from(!notes.all().keys().any(|name| {
            ["revocations-unavailable", "revocations-shrunk"].contains(&name.as_str())
        }));
        fetching.poll(&records(Vec::new()), &*open.notes).await;
        stuck += usize::from(published.entries() != Some(2));
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
    Ok(())
}

/// A certificate is issued, and revoked by the municipality.
async fn revoke_one<R: issuance_center::registry::Registry>(
    open: &Open<R>,
    resident: &Resident,
) -> io::Result<()> {
    let outcome = undisturbed(&Applicant::new(open.terminal(kiosk(1))), resident).await?;
    let issued = outcome.issued.ok_or(io::ErrorKind::NotFound)?;
    let division = Division::open(&open.databases.folders(), resident.municipality).await;
    let division = division.map_err(io::Error::other)?;
    let mut session = division.begin().await.map_err(io::Error::other)?;
    let now = open.clock.now().unix_timestamp();
    let revoked = session.revoke(&issued.certificate_id, now).await;
    session.commit().await.map_err(io::Error::other)?;
    division.close().await;
    match revoked.map_err(io::Error::other)? {
        Revocation::Revoked => Ok(()),
        _ => Err(io::Error::other("a certificate that cannot be revoked")),
    }
}
