//! The control: a record system that forgets which nonces it took, and how long ago they were made.

use std::io;
use std::time::Duration;

use super::recordings::{Recording, Way, record};
use crate::applicant::Applicant;
use crate::experiment::Report;
use crate::random::Random;
use crate::simulator::Records;
use crate::simulator::town::{Open, Town, kiosk};

/// Longer than a nonce is good.
const PAST: Duration = Duration::from_secs(61);

/// Recordings, once more as they were, from a center that lets them pass. The program is the shipped one: it is its clock that goes back.
pub(super) async fn forgetful(town: &Town, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    let mut random = Random::new(12);
    let recordings = record(town, &open, &mut random).await?;
    let mut remembering = believed(&recordings, town, &open, &mut random).await?;
    open.clock.pass(PAST);
    remembering += believed(&recordings, town, &open, &mut random).await?;
    // With the next one that is taken, those are forgotten whose time is over; and then it is not.
    let next = Applicant::new(open.terminal(kiosk(7)));
    let next = next.identify(town.people.residents[7].card()).await;
    next.map_err(io::Error::other)?;
    open.clock.take_back(PAST);
    let forgetting = believed(&recordings, town, &open, &mut random).await?;
    open.vrs.close().await;
    report.control(
        "recordings believed once more by a record system, before it forgets its nonces",
        remembering,
        0,
    );
    report.control(
        "recordings believed once more by it when it has forgotten them",
        forgetting,
        recordings.len(),
    );
    Ok(())
}

async fn believed(
    recordings: &[Recording],
    town: &Town,
    open: &Open<Records>,
    random: &mut Random,
) -> io::Result<usize> {
    let way = Way::ToTheRecordSystemUnderItsOldNonce;
    let mut believed = 0;
    for recording in recordings {
        let answer = recording.present(way, town, open, random).await?;
        believed += usize::from(answer.is_ok());
    }
    Ok(believed)
}
