//! Evidence, recorded and presented again.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use card::evidence::{Binding, Evidence};
use card::trust::TrustStore;
use issuance_api::registry::EvidenceRequest;
use issuance_api::terminal::Challenge;
use issuance_api::{Array, CenterId, PersonalBytes, ProblemCode};
use issuance_channel::client::CallError;

use super::mixture::{mixed, mixture, residual};
use crate::again::evidence_again;
use crate::applicant::{Applicant, Challenged, Line as _, problem};
use crate::experiment::Report;
use crate::random::Random;
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{Line, Link, Records, Resident};

/// How many recordings there are of each kind at a time.
const RECORDED: usize = 12;

/// What is wrong with what is presented.
const OF_EVIDENCE: [ProblemCode; 6] = [
    ProblemCode::CardBindingInvalid,
    ProblemCode::CardDataAltered,
    ProblemCode::CardIssuerUnknown,
    ProblemCode::CardNotGenuine,
    ProblemCode::ChallengeExpired,
    ProblemCode::EvidenceMalformed,
];

/// How a recording, or something made of it, is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    SameConnection,
    SameKiosk,
    OtherKiosk,
    OtherSession,
    ToTheRecordSystem,
    ToTheRecordSystemUnderItsOldNonce,
    BitsOtherwise,
    FilesOfAnother,
    Copy,
    Mixture,
}

impl Way {
    const ALL: [Self; 10] = [
        Self::SameConnection,
        Self::SameKiosk,
        Self::OtherKiosk,
        Self::OtherSession,
        Self::ToTheRecordSystem,
        Self::ToTheRecordSystemUnderItsOldNonce,
        Self::BitsOtherwise,
        Self::FilesOfAnother,
        Self::Copy,
        Self::Mixture,
    ];

    /// Whether it is presented as it was recorded, but for the nonce that it is said to be for.
    const fn is_a_replay(self) -> bool {
        !matches!(
            self,
            Self::BitsOtherwise | Self::FilesOfAnother | Self::Copy | Self::Mixture
        )
    }
}

/// Evidence as it passed, and what it was made for.
pub(super) struct Recording {
    of: usize,
    applicant: Applicant<Link>,
    challenge: Challenge,
    exporter: Array<32>,
    evidence: Evidence,
}

type Opened = Challenged<Line<Records>>;

/// Presents recordings, as they are until there are so many of these, and what is made of them.
pub(super) async fn presented(town: &Town, count: usize, report: &mut Report) -> io::Result<()> {
    let mut open = town.open().await?;
    let mut random = Random::new(11);
    let (mut accepted, mut tried, mut replayed) = (0, 0, 0);
    let mut refused: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut honest = 0;
    let mut verify_as_recorded = 0;
    let (mut after_restart, mut after_expiry) = (0, 0);
    while replayed < count {
        let mut recordings = record(town, &open, &mut random).await?;
        honest += recordings.len();
        verify_as_recorded += recordings.iter().filter(|it| it.verifies(town)).count();
        // Before anything, after both programs began anew, and after everything is over.
        for round in 0..3 {
            match round {
                1 => {
                    open = open.restarted(town).await?;
                    for recording in &mut recordings {
                        let link = open.terminal(kiosk(recording.of));
                        recording.applicant = recording.applicant.at(link);
                    }
                }
                2 => open.clock.pass(Duration::from_secs(61)),
                _ => {}
            }
            for recording in &recordings {
                for way in Way::ALL {
                    let answer = recording.present(way, town, &open, &mut random).await?;
                    tried += 1;
                    replayed += usize::from(way.is_a_replay());
                    after_restart += usize::from(round == 1);
                    after_expiry += usize::from(round == 2);
                    match answer {
                        Ok(()) => accepted += 1,
                        Err(said) => *refused.entry(said.as_str()).or_default() += 1,
                    }
                }
            }
        }
        late(town, &open, &mut tried, &mut accepted, &mut refused).await?;
    }
    report.told("recordings, copies and mixtures presented", tried);
    report.told("  of which recordings as they were made", replayed);
    report.counted("refused", &refused);
    report.figure("accepted", accepted, 0);
    let otherwise = refused.iter();
    let otherwise =
        otherwise.filter(|(code, _)| !OF_EVIDENCE.iter().any(|it| it.as_str() == **code));
    report.figure(
        "refused for anything but what was presented",
        otherwise.map(|(_, count)| count).sum(),
        0,
    );
    report.control(
        "recordings that verify for what they were made for",
        verify_as_recorded,
        honest,
    );
    report.finds("honest cards believed", honest);
    report.finds("presented after a new start", after_restart);
    report.finds("presented after their time", after_expiry);
    residual(town, &open, report).await
}

/// Records honest applications as they pass.
pub(super) async fn record(
    town: &Town,
    open: &Open<Records>,
    random: &mut Random,
) -> io::Result<Vec<Recording>> {
    let mut recordings = Vec::new();
    for _ in 0..RECORDED {
        let of = random.below(town.people.residents.len());
        let applicant = Applicant::new(open.terminal(kiosk(of)));
        let mut challenged = applicant.challenge().await.map_err(io::Error::other)?;
        let exporter = challenged.connection.exporter().clone();
        let mut card = town.people.residents[of].card();
        let evidence = applicant.answer(&mut card, &challenged.challenge, &exporter);
        let believed = applicant.send(&mut challenged, &evidence).await;
        believed.map_err(io::Error::other)?;
        recordings.push(Recording {
            of,
            challenge: challenged.challenge,
            applicant,
            exporter,
            evidence,
        });
    }
    Ok(recordings)
}

/// What was said, unless it was believed.
pub(super) fn said<T>(answer: Result<T, CallError>) -> Result<(), ProblemCode> {
    match answer {
        Ok(_) => Ok(()),
        Err(error) => Err(problem(&error)),
    }
}

impl Recording {
    /// Whether it is good for what it was made for, as far as the card goes.
    fn verifies(&self, town: &Town) -> bool {
        let urn = self.applicant.urn();
        let context = self
            .applicant
            .context(&urn, &self.challenge, &self.exporter);
        let anchors = town.ground.path("cards/anchors");
        let trust = TrustStore::load(&anchors, card::trust::Environment::Emulator);
        trust.is_ok_and(|trust| {
            let evidence = evidence_again(&self.evidence);
            let verified = evidence.verify(&context, &trust, Binding::Required);
            verified.is_ok()
        })
    }

    pub(super) async fn present(
        &self,
        way: Way,
        town: &Town,
        open: &Open<Records>,
        random: &mut Random,
    ) -> io::Result<Result<(), ProblemCode>> {
        let own = &town.people.residents[self.of];
        let other = town.people.to_mix_with(own, random);
        let challenge = async |applicant: &Applicant<Link>| -> io::Result<Opened> {
            applicant.challenge().await.map_err(io::Error::other)
        };
        Ok(match way {
            Way::SameConnection => {
                let mut there = challenge(&self.applicant).await?;
                let _ = self.applicant.send(&mut there, &self.evidence).await;
                said(self.applicant.send(&mut there, &self.evidence).await)
            }
            Way::SameKiosk => {
                let mut there = challenge(&self.applicant).await?;
                said(self.applicant.send(&mut there, &self.evidence).await)
            }
            Way::OtherKiosk => {
                let elsewhere = self.applicant.at(open.terminal(kiosk(self.of + 100)));
                let mut there = challenge(&elsewhere).await?;
                said(elsewhere.send(&mut there, &self.evidence).await)
            }
            Way::OtherSession => {
                let other = Applicant::new(self.applicant.link());
                let mut there = challenge(&other).await?;
                said(other.send(&mut there, &self.evidence).await)
            }
            Way::ToTheRecordSystem | Way::ToTheRecordSystemUnderItsOldNonce => {
                let center: CenterId = self.challenge.center.clone();
                let vrs_nonce = match way {
                    Way::ToTheRecordSystem => open.vrs.nonce(&center).nonce,
                    _ => self.challenge.vrs_nonce.clone(),
                };
                let request = EvidenceRequest {
                    center_nonce: self.challenge.center_nonce.clone(),
                    vrs_nonce,
                    terminal: kiosk(self.of),
                    exporter: self.exporter.clone(),
                    session_key: self.applicant.session_key(),
                    evidence: PersonalBytes::new(self.evidence.encode().to_vec()),
                };
                let ticket = open.vrs.evidence(&center, &request);
                ticket.map(drop)
            }
            Way::BitsOtherwise => {
                let mut there = challenge(&self.applicant).await?;
                let exporter = there.connection.exporter().clone();
                let mut card = own.card();
                let fresh = self
                    .applicant
                    .answer(&mut card, &there.challenge, &exporter);
                let mut bytes = fresh.encode().to_vec();
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
                let mut request = self.applicant.evidence_request(&there.challenge, &fresh);
                request.evidence = PersonalBytes::new(bytes);
                said(
                    there
                        .connection
                        .post_sealed::<_, issuance_api::terminal::EvidenceAnswer>(
                            "/v1/evidence",
                            &request,
                        )
                        .await,
                )
            }
            Way::FilesOfAnother => {
                // On the way the center, or whoever is there, exchanges files.
                let mut there = challenge(&self.applicant).await?;
                let exporter = there.connection.exporter().clone();
                let answer = |resident: &Resident| {
                    let mut card = resident.card();
                    self.applicant
                        .answer(&mut card, &there.challenge, &exporter)
                };
                let (own, other) = (answer(own), answer(other));
                let mixture = mixed(&own, &other, random);
                said(self.applicant.send(&mut there, &mixture).await)
            }
            Way::Copy => {
                let mut there = challenge(&self.applicant).await?;
                let exporter = there.connection.exporter().clone();
                let mut copy = own.copied_onto(other);
                let evidence = self
                    .applicant
                    .answer(&mut copy, &there.challenge, &exporter);
                said(self.applicant.send(&mut there, &evidence).await)
            }
            Way::Mixture => mixture(&self.applicant, own, other).await,
        })
    }
}

/// Never used, on its own connection, and too late.
async fn late(
    town: &Town,
    open: &Open<Records>,
    tried: &mut usize,
    accepted: &mut usize,
    refused: &mut BTreeMap<&'static str, usize>,
) -> io::Result<()> {
    let applicant = Applicant::new(open.terminal(kiosk(7)));
    let mut there = applicant.challenge().await.map_err(io::Error::other)?;
    let exporter = there.connection.exporter().clone();
    let mut card = town.people.residents[7].card();
    let evidence = applicant.answer(&mut card, &there.challenge, &exporter);
    open.clock.pass(Duration::from_secs(61));
    *tried += 1;
    match said(applicant.send(&mut there, &evidence).await) {
        Ok(()) => *accepted += 1,
        Err(said) => *refused.entry(said.as_str()).or_default() += 1,
    }
    Ok(())
}
