//! Two certificates of one presentation, asked for at the same moment.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use issuance_api::terminal::IssueAnswer;
use issuance_api::{Blob, CertificateKind, ProblemCode};
use issuance_channel::client::CallError;

use super::kiosk::earlier_abroad;
use crate::applicant::{Applicant, problem};
use crate::experiment::Report;
use crate::experiment::isolation::register::rows;
use crate::experiment::verifier::Verifier;
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{Link, Records, Resident};

/// So often for abroad, too: once in so many times, since their pages take long to draw.
const ABROAD: usize = 10;

/// What may be said to the one that comes second: there is one already, or it is being made.
const SECOND: [ProblemCode; 2] = [ProblemCode::RegistrationConflict, ProblemCode::Busy];

/// So many times: with two previews of one ticket, for use in Japan and abroad, and with one preview twice. Control: with two answers of the
/// card, each of which is a presentation of its own.
pub(super) async fn at_one(town: &Town, times: usize, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    let verifier = Verifier::at(&town.ground)?;
    let resident = &town.people.residents[1];
    earlier_abroad(&open, resident).await?;
    let [mut two, mut abroad, mut one, mut own] = std::array::from_fn(|_| Pairs::default());
    for n in 0..times {
        let domestic = (CertificateKind::Domestic, &mut two);
        let abroad = (CertificateKind::Abroad, &mut abroad);
        let kinds = [Some(domestic), Some(abroad).filter(|_| n % ABROAD == 0)];
        for (kind, pairs) in kinds.into_iter().flatten() {
            let (bad, ticket) = presented(&open, resident, kind).await?;
            let first = state(&bad, &ticket, resident).await?;
            // A preview of the same second is the same.
            open.clock.pass(Duration::from_secs(2));
            let second = state(&bad, &ticket, resident).await?;
            let asked = [(&bad, first), (&bad, second)];
            pairs.ask(&verifier, &open, resident, asked).await?;
        }

        let (bad, ticket) = presented(&open, resident, CertificateKind::Domestic).await?;
        let only = state(&bad, &ticket, resident).await?;
        let asked = [(&bad, only.clone()), (&bad, only)];
        one.ask(&verifier, &open, resident, asked).await?;

        let (bad, ticket) = presented(&open, resident, CertificateKind::Domestic).await?;
        let first = state(&bad, &ticket, resident).await?;
        let (again, ticket) = presented(&open, resident, CertificateKind::Domestic).await?;
        let second = state(&again, &ticket, resident).await?;
        let asked = [(&bad, first), (&again, second)];
        own.ask(&verifier, &open, resident, asked).await?;
    }
    open.vrs.close().await;
    for (what, pairs) in [
        ("two previews of one ticket at one moment", two),
        (
            "two previews for abroad of one ticket at one moment",
            abroad,
        ),
        ("one preview twice at one moment", one),
    ] {
        report.told(format!("{what}: times"), pairs.times);
        report.figure(format!("{what}: with two certificates"), pairs.both, 0);
        report.figure(format!("{what}: registered twice"), pairs.registered, 0);
        report.figure(format!("{what}: without any"), pairs.neither, 0);
        report.figure(format!("{what}: told what is not so"), pairs.otherwise, 0);
        report.counted(format!("{what}: refused"), &pairs.refused);
    }
    report.control(
        "two answers of a card at one moment: with two certificates",
        own.both,
        times,
    );
    Ok(())
}

async fn presented(
    open: &Open<Records>,
    resident: &Resident,
    kind: CertificateKind,
) -> io::Result<(Arc<Applicant<Link>>, Blob)> {
    let mut applicant = Applicant::new(open.terminal(kiosk(1)));
    if kind == CertificateKind::Abroad {
        applicant = applicant.abroad(None);
    }
    let identified = applicant.identify(resident.card()).await;
    let ticket = identified.map_err(io::Error::other)?.ticket;
    Ok((Arc::new(applicant), ticket))
}

async fn state(
    applicant: &Applicant<Link>,
    ticket: &Blob,
    resident: &Resident,
) -> io::Result<Blob> {
    let shown = applicant.inquire(ticket, resident.municipality).await;
    Ok(shown.map_err(io::Error::other)?.state)
}

/// What came of pairs of requests.
#[derive(Default)]
struct Pairs {
    times: usize,
    both: usize,
    neither: usize,
    registered: usize,
    otherwise: usize,
    refused: BTreeMap<&'static str, usize>,
}

impl Pairs {
    async fn ask(
        &mut self,
        verifier: &Verifier,
        open: &Open<Records>,
        resident: &Resident,
        [first, second]: [(&Arc<Applicant<Link>>, Blob); 2],
    ) -> io::Result<()> {
        let database = open.databases.file(resident.municipality);
        let before = rows(&database)?.len();
        let sent = |(applicant, state): (&Arc<Applicant<Link>>, Blob)| {
            let applicant = Arc::clone(applicant);
            tokio::spawn(async move { applicant.issue(&state).await })
        };
        let (first, second) = (sent(first), sent(second));
        let mut got = BTreeSet::new();
        for asked in [first, second] {
            let answer: Result<IssueAnswer, CallError> = asked.await.map_err(io::Error::other)?;
            match answer {
                Ok(issued) => {
                    got.insert(issued.certificate_id.to_string());
                    let own = verifier.is_of(&issued, resident, i64::MAX);
                    self.otherwise += usize::from(!own);
                }
                Err(error) => {
                    let code = problem(&error);
                    self.otherwise += usize::from(!SECOND.contains(&code));
                    *self.refused.entry(code.as_str()).or_default() += 1;
                }
            }
        }
        self.times += 1;
        self.both += usize::from(got.len() > 1);
        self.neither += usize::from(got.is_empty());
        self.registered += usize::from(rows(&database)?.len() > before + 1);
        Ok(())
    }
}
