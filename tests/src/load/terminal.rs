use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use hw_sim::chip::EmulatedCard;
use issuance_api::MunicipalityCode;
use issuance_channel::client::Client;

use crate::applicant::Applicant;
use crate::persona::Persona;
use crate::world::{ISSUER, World};

/// A terminal at work, with a card of every persona of its own.
pub(super) struct Terminal {
    client: Client,
    cards: BTreeMap<String, EmulatedCard>,
}

/// How long the center took for each step of one application.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) challenge: Duration,
    pub(super) evidence: Duration,
    pub(super) inquiry: Duration,
    pub(super) issue: Duration,
    pub(super) delivered: Duration,
}

impl Terminal {
    pub(super) fn new(world: &World, name: &str, personas: &[Persona]) -> io::Result<Self> {
        let cards = personas.iter().map(|persona| {
            let card = world.ground.card_of(name, &persona.name)?;
            Ok((persona.name.clone(), card))
        });
        Ok(Self {
            client: world.terminal(name),
            cards: cards.collect::<io::Result<_>>()?,
        })
    }

    /// One application, from challenge to hand-over.
    pub(super) async fn apply(
        &mut self,
        persona: &Persona,
        keys: &verify::Jwks,
    ) -> io::Result<Times> {
        let applicant = Applicant::new(self.client.clone());
        let municipality: MunicipalityCode =
            persona.municipality.parse().map_err(io::Error::other)?;
        let card = self.cards.get_mut(&persona.name);
        let card = card.ok_or(io::ErrorKind::NotFound)?;

        let (challenge, challenged) = timed(applicant.challenge()).await;
        let mut challenged = challenged?;
        let answer = applicant.answer(
            card,
            &challenged.challenge,
            challenged.connection.exporter(),
        );
        let (evidence, identified) = timed(applicant.send(&mut challenged, &answer)).await;
        // One connection is all a terminal has.
        drop(challenged);
        let ticket = identified?.ticket;
        let (inquiry, previewed) = timed(applicant.inquire(&ticket, municipality)).await;
        let previewed = previewed?;
        let (issue, issued) = timed(applicant.issue(&previewed.state)).await;
        let issued = issued?;
        check(persona, keys, issued.jws.expose())?;
        if !issued.page.as_bytes().starts_with(b"%PDF-") {
            return Err(io::Error::other("no page"));
        }
        let (delivered, done) = timed(applicant.delivered(&previewed.state)).await;
        done?;
        Ok(Times {
            challenge,
            evidence,
            inquiry,
            issue,
            delivered,
        })
    }
}

async fn timed<T, E: std::error::Error + Send + Sync + 'static>(
    call: impl Future<Output = Result<T, E>>,
) -> (Duration, io::Result<T>) {
    let start = Instant::now();
    let answer = call.await;
    (start.elapsed(), answer.map_err(io::Error::other))
}

/// The certificate verifies, and it is this person's.
fn check(persona: &Persona, keys: &verify::Jwks, jws: &str) -> io::Result<()> {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let card = verify::check(jws, keys, now).map_err(io::Error::other)?;
    let patient = &card.patient;
    let parts: Vec<_> = patient.family.iter().chain(&patient.given).collect();
    let name: Vec<_> = parts.iter().map(|part| part.expose()).collect();
    let born = patient.birth_date.expose().to_string().replace('-', "");
    if name.join("\u{3000}") != persona.holder || born != persona.birth_date {
        return Err(io::Error::other("crossed: another person's certificate"));
    }
    if card.issuer != ISSUER || card.immunizations.is_empty() {
        return Err(io::Error::other("not what was applied for"));
    }
    Ok(())
}
