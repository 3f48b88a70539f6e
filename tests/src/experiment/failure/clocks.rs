//! The machines' clocks are set while an application is at any of its steps: nothing that is under way lapses by it, and nothing stays past its
//! time.
//!
//! Control: as much time passes.

use std::io;

use super::{LAPSED, Moment, Report, apply, rows};
use crate::applicant::Applicant;
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{Records, Resident};

/// What is done to the clocks: seconds by which they are set, or nothing where so much time passes.
#[derive(Clone, Copy)]
enum Done {
    Set(i64),
    Passed,
}

impl Done {
    fn to(self, open: &Open<Records>) {
        match self {
            Self::Set(seconds) => open.clock.set(seconds),
            Self::Passed => open.clock.pass(LAPSED),
        }
    }
}

/// At every step, forwards and back.
pub(super) async fn trials(town: &Town, report: &mut Report) -> io::Result<()> {
    let longer = i64::try_from(LAPSED.as_secs()).expect("minutes");
    let resident = &town.people.residents[0];
    let (mut tried, mut ended, mut stayed, mut unsaid) = (0, 0, 0, 0);
    for at in Moment::ALL {
        for by in [longer, -longer] {
            let open = town.open().await?;
            tried += 1;
            ended += usize::from(!is_delivered(&open, resident, at, Done::Set(by)).await?);
            stayed += left(&open, resident, by).await?;
            unsaid += usize::from(!open.notes.all().keys().any(|name| name == "clock-set"));
            open.vrs.close().await;
        }
    }
    report.told("clocks set: applications meanwhile", tried);
    for (what, count) in [
        ("applications that it ended", ended),
        ("reserved, not handed over, and not lapsed", stayed),
        ("of which nothing was said", unsaid),
    ] {
        report.figure(format!("clocks set: {what}"), count, 0);
    }
    let open = town.open().await?;
    let goes_on = is_delivered(&open, resident, Moment::Delivered, Done::Passed).await?;
    report.finds(
        "an application that ends, where as much time passes",
        usize::from(!goes_on),
    );
    open.vrs.close().await;
    Ok(())
}

async fn is_delivered(
    open: &Open<Records>,
    resident: &Resident,
    at: Moment,
    done: Done,
) -> io::Result<bool> {
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let outcome = apply(&applicant, resident, async |moment| {
        if moment == at {
            done.to(open);
            open.vrs.tidy().await;
        }
        Ok(true)
    });
    let outcome = outcome.await?;
    Ok(outcome.delivered && outcome.repeated == 0)
}

/// Somebody goes away before it is handed over, clocks are set again, and its time passes: how many are reserved then.
async fn left(open: &Open<Records>, resident: &Resident, by: i64) -> io::Result<usize> {
    let applicant = Applicant::new(open.terminal(kiosk(2)));
    let until_handed_over = async |moment| Ok(moment != Moment::Delivered);
    let outcome = apply(&applicant, resident, until_handed_over).await?;
    if outcome.issued.is_none() {
        return Err(io::Error::other("no certificate that could lapse"));
    }
    open.clock.set(by);
    open.clock.pass(LAPSED);
    open.vrs.tidy().await;
    let rows = rows(&open.databases.file(resident.municipality))?;
    let reserved = rows.iter().filter(|[.., state]| state == "reserved");
    Ok(reserved.count())
}
