//! Evidence put together of two cards, and what of it is believed.

use std::io;

use card::evidence::{Context, Evidence, TextFiles};
use issuance_api::ProblemCode;

use super::recordings::said;
use crate::again::{evidence_again, files_again};
use crate::applicant::{Applicant, Line as _};
use crate::experiment::Report;
use crate::held::Held;
use crate::random::Random;
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{Link, Records, Resident};

/// Some files of the one, the rest of the other, with the answers of the one whose key file is among them.
pub(in crate::experiment) fn mixed(
    own: &Evidence,
    other: &Evidence,
    random: &mut Random,
) -> Evidence {
    // One municipality's cards have one certificate: not every choice is a mixture.
    let files = loop {
        let files = chosen(own, other, random.below(32));
        if files != *own.files() && files != *other.files() {
            break files;
        }
    };
    let answers = match files.card_key == other.files().card_key {
        true => other,
        false => own,
    };
    let (_, surface) = evidence_again(answers).into_files();
    Evidence::new(files, answers.answer().clone(), surface)
}

/// Which, by the bits.
fn chosen(own: &Evidence, other: &Evidence, bits: usize) -> TextFiles {
    let (mut files, others) = (files_again(own.files()), files_again(other.files()));
    if bits & 1 != 0 {
        files.number = others.number;
    }
    if bits & 2 != 0 {
        files.attributes = others.attributes;
    }
    if bits & 4 != 0 {
        files.integrity = others.integrity;
    }
    if bits & 8 != 0 {
        files.certificate = others.certificate;
    }
    if bits & 16 != 0 {
        files.card_key = others.card_key;
    }
    files
}

/// The victim's files, all but the key; the thief's key, and the thief's own card's answers to it.
pub(super) async fn mixture(
    applicant: &Applicant<Link>,
    victim: &Resident,
    thief: &Resident,
) -> Result<(), ProblemCode> {
    let mut there = match applicant.challenge().await {
        Ok(there) => there,
        Err(error) => return said::<()>(Err(error)),
    };
    let urn = applicant.urn();
    let exporter = there.connection.exporter().clone();
    let context = applicant.context(&urn, &there.challenge, &exporter);
    let files = |resident: &Resident| {
        let mut card = resident.card();
        let evidence = applicant.answer(&mut card, &there.challenge, &exporter);
        evidence.into_files().0
    };
    let files = TextFiles {
        card_key: files(thief).card_key,
        ..files(victim)
    };
    let mut card = thief.card();
    let evidence = Held(card.powered()).answer(&files, &thief.birth_code(), &context);
    said(applicant.send(&mut there, &evidence).await)
}

/// What is not stopped, and why: seen, so that nobody believes otherwise. Were it stopped one day, it would have to be said.
pub(super) async fn residual(
    town: &Town,
    open: &Open<Records>,
    report: &mut Report,
) -> io::Result<()> {
    let people = &town.people.residents;
    let (victim, thief) = (
        &people[0],
        people.iter().find(|it| {
            it.has_other_keys_than(&people[0])
                && it.municipality == people[0].municipality
                && it.birth_date == people[0].birth_date
        }),
    );
    let thief = thief.ok_or(io::ErrorKind::NotFound)?;
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let twins = mixture(&applicant, victim, thief).await.is_ok();
    report.control(
        "residual: a mixture of two cards of one municipality and birth date is believed",
        twins,
        true,
    );
    // The card lies elsewhere and answers whatever comes over the wire; its files were read before.
    let mut there = applicant.challenge().await.map_err(io::Error::other)?;
    let urn = applicant.urn();
    let exporter = there.connection.exporter().clone();
    let files = {
        let mut card = victim.card();
        applicant
            .answer(&mut card, &there.challenge, &exporter)
            .into_files()
            .0
    };
    let context: Context<'_> = applicant.context(&urn, &there.challenge, &exporter);
    let mut far = victim.card();
    let relayed = Held(far.powered()).answer(&files, &victim.birth_code(), &context);
    let relayed = applicant.send(&mut there, &relayed).await.is_ok();
    report.control(
        "residual: a card that answers live over a relay, without its PIN, is believed",
        relayed,
        true,
    );
    Ok(())
}
