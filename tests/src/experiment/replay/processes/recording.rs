//! Evidence over connections it was not made for, at another kiosk, and passed on.

use std::io;

use card::evidence::Evidence;
use issuance_api::registry;
use issuance_api::terminal::{Challenge, EvidenceAnswer};
use issuance_api::{Blob, PersonalBytes, ProblemCode};
use issuance_center::registry::Registry as _;
use issuance_channel::client::{Client, Pinned};

use super::tally::Tally;
use super::{OTHER, OWN};
use crate::applicant::{Applicant, Challenged};
use crate::experiment::replay::kiosk::code;
use crate::simulator::Resident;
use crate::world::World;

/// Evidence, and the connection it was made for.
pub(super) struct Recording {
    applicant: Applicant,
    there: Challenged,
    evidence: Evidence,
}

impl Recording {
    pub(super) async fn of(
        world: &World,
        resident: &Resident,
        tally: &mut Tally,
    ) -> io::Result<Self> {
        let applicant = Applicant::new(world.terminal(OWN));
        let there = challenged(&applicant, tally).await?;
        let evidence = applicant.evidence(resident.card(), &there);
        Ok(Self {
            applicant,
            there,
            evidence,
        })
    }

    /// What is said of it where it belongs.
    pub(super) async fn send(&mut self) -> Option<ProblemCode> {
        code(self.applicant.send(&mut self.there, &self.evidence).await)
    }

    /// What is said of it over another connection, under a challenge of that one.
    pub(super) async fn over(
        &self,
        link: Client,
        tally: &mut Tally,
    ) -> io::Result<Option<ProblemCode>> {
        let elsewhere = self.applicant.at(link);
        let mut there = challenged(&elsewhere, tally).await?;
        Ok(code(elsewhere.send(&mut there, &self.evidence).await))
    }

    /// The whole request as it was, over another connection, where a challenge is open or none.
    pub(super) async fn as_it_was(
        &self,
        link: Client,
        is_open: bool,
        tally: &mut Tally,
    ) -> io::Result<Option<ProblemCode>> {
        let mut line = connection(&link, tally).await?;
        if is_open {
            let challenge = line.post::<Challenge>("/v1/challenge").await;
            challenge.map_err(io::Error::other)?;
        }
        let challenge = &self.there.challenge;
        let request = self.applicant.evidence_request(challenge, &self.evidence);
        let answer = line.post_sealed::<_, EvidenceAnswer>("/v1/evidence", &request);
        Ok(code(answer.await))
    }

    /// What the record system says of it to a center that lets everything pass, under the nonce it was made for or another.
    pub(super) async fn passed_on(&self, center: &Client, vrs_nonce: Blob) -> Option<ProblemCode> {
        let request = registry::EvidenceRequest {
            center_nonce: self.there.challenge.center_nonce.clone(),
            vrs_nonce,
            terminal: self.applicant.urn().parse().expect("a terminal's URN"),
            exporter: self.there.connection.exporter().clone(),
            session_key: self.applicant.session_key(),
            evidence: PersonalBytes::new(self.evidence.encode().to_vec()),
        };
        center.evidence(&request).await.err()
    }

    pub(super) fn vrs_nonce(&self) -> Blob {
        self.there.challenge.vrs_nonce.clone()
    }
}

pub(super) async fn connection(link: &Client, tally: &mut Tally) -> io::Result<Pinned> {
    let line = link.pinned().await.map_err(io::Error::other)?;
    tally.opened(line.exporter());
    Ok(line)
}

async fn challenged(applicant: &Applicant, tally: &mut Tally) -> io::Result<Challenged> {
    let there = applicant.challenge().await.map_err(io::Error::other)?;
    tally.opened(there.connection.exporter());
    Ok(there)
}

/// Evidence over connections it was not made for, then over its own, then once more.
pub(super) async fn evidence(
    world: &World,
    resident: &Resident,
    tally: &mut Tally,
) -> io::Result<()> {
    let mut recording = Recording::of(world, resident, tally).await?;
    for (kiosk, what) in [
        (OWN, "a recording on another connection of the kiosk"),
        (OTHER, "a recording at another kiosk"),
    ] {
        let said = recording.over(world.terminal(kiosk), tally).await?;
        tally.refused(what, said, ProblemCode::CardNotGenuine);
    }
    for (is_open, what, expected) in [
        (
            true,
            "the same request on another connection",
            ProblemCode::CardNotGenuine,
        ),
        (
            false,
            "the same request on another connection, where there is no challenge",
            ProblemCode::ChallengeExpired,
        ),
    ] {
        let link = world.terminal(OWN);
        let said = recording.as_it_was(link, is_open, tally).await?;
        tally.refused(what, said, expected);
    }

    // The nonces are right, and one of what they came over is not: the connection, or who is there.
    let own = Applicant::new(world.terminal(OWN));
    let mut there = challenged(&own, tally).await?;
    let elsewhere = recording.there.connection.exporter();
    let evidence = own.evidence_over(resident.card(), &there.challenge, elsewhere);
    tally.refused(
        "an answer over another connection's exporter",
        code(own.send(&mut there, &evidence).await),
        ProblemCode::CardNotGenuine,
    );
    let other = own.at(world.terminal(OTHER));
    let mut there = challenged(&other, tally).await?;
    let exporter = there.connection.exporter().clone();
    let evidence = own.evidence_over(resident.card(), &there.challenge, &exporter);
    tally.refused(
        "an answer over another kiosk's name",
        code(other.send(&mut there, &evidence).await),
        ProblemCode::CardNotGenuine,
    );

    let said = recording.send().await;
    tally.believed("the same recording on its own connection", said);
    let said = recording.send().await;
    tally.refused(
        "a recording on its own connection, once more",
        said,
        ProblemCode::ChallengeExpired,
    );
    let challenge = recording.there.connection.post("/v1/challenge").await;
    recording.there.challenge = challenge.map_err(io::Error::other)?;
    let said = recording.send().await;
    tally.refused(
        "a recording on its own connection, under the next challenge",
        said,
        ProblemCode::CardNotGenuine,
    );
    Ok(())
}

/// By a center that lets everything pass: it has the center's certificate, and the connection's exporter.
pub(super) async fn passed_on(
    world: &World,
    resident: &Resident,
    tally: &mut Tally,
) -> io::Result<()> {
    let center = world.as_center();
    let mut recording = Recording::of(world, resident, tally).await?;
    let said = recording.passed_on(&center, recording.vrs_nonce()).await;
    tally.believed("a recording, passed on to the record system", said);
    let said = recording.passed_on(&center, recording.vrs_nonce()).await;
    tally.refused(
        "a recording passed on to the record system, once more",
        said,
        ProblemCode::ChallengeExpired,
    );
    let fresh = center.nonce().await;
    let fresh = fresh.map_err(|code| io::Error::other(code.as_str()))?;
    let said = recording.passed_on(&center, fresh.nonce).await;
    tally.refused(
        "a recording passed on to the record system, under its next nonce",
        said,
        ProblemCode::CardNotGenuine,
    );
    // The center has not seen it before.
    let said = recording.send().await;
    tally.refused(
        "a recording that the record system knows, on its own connection",
        said,
        ProblemCode::ChallengeExpired,
    );
    Ok(())
}
