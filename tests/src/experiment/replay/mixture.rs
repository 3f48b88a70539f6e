//! Evidence put together of two cards, and what of it is believed.

use std::io;

use card::aid;
use card::evidence::{Context, Evidence, TextFiles};
use card::text_ap::CardKeyFile;
use card::trust::ApRole;
use hw_sim::chip::EmulatedCard;
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
    of_three(applicant, victim, thief.card(), thief).await
}

/// The victim's files, all but the key; the key of one card and its answer to it; age record and answer of a third.
async fn of_three(
    applicant: &Applicant<Link>,
    victim: &Resident,
    mut text: EmulatedCard,
    surface: &Resident,
) -> Result<(), ProblemCode> {
    let mut there = match applicant.challenge().await {
        Ok(there) => there,
        Err(error) => return said::<()>(Err(error)),
    };
    let urn = applicant.urn();
    let exporter = there.connection.exporter().clone();
    let context = applicant.context(&urn, &there.challenge, &exporter);
    let recorded = applicant.answer(&mut victim.card(), &there.challenge, &exporter);
    let (recorded, _) = recorded.into_files();
    let mut text = Held(text.powered());
    text.select(&aid::TEXT_AP);
    text.verify(b"1234");
    let files = TextFiles {
        card_key: CardKeyFile::decode(&text.read(7)).expect("a key file"),
        ..recorded
    };
    let answer = text.sign(context.digest(ApRole::Text, files.named()));
    let mut third = surface.card();
    let third = Held(third.powered()).answer(&files, &surface.birth_code(), &context);
    let evidence = Evidence::new(files, answer, third.into_files().1);
    said(applicant.send(&mut there, &evidence).await)
}

/// Mixtures of three: that whose third has the victim's birth date is believed, wherever that card is from; its neighbours are not.
async fn three(
    town: &Town,
    open: &Open<Records>,
    applicant: &Applicant<Link>,
    report: &mut Report,
) -> io::Result<()> {
    /// A persona whose municipality's signer has a key of its own: those of the residents' municipalities share one.
    const OF_ANOTHER_SIGNER: &str = "not-taking-part";
    let people = &town.people.residents;
    let victim = &people[0];
    let here = |it: &Resident| it.municipality == victim.municipality;
    let that_day = |it: &Resident| it.birth_date == victim.birth_date;
    let text = whoever(people, |it| {
        here(it) && !that_day(it) && it.has_other_keys_than(victim)
    })?;
    let others = [victim, text];
    let elsewhere =
        |it: &Resident| !here(it) && others.iter().all(|other| it.has_other_keys_than(other));
    let third = whoever(people, |it| elsewhere(it) && that_day(it))?;
    let of_another_day = whoever(people, |it| elsewhere(it) && !that_day(it))?;
    let noted = || {
        let all = open.notes.all();
        all.get("signers-differ").copied().unwrap_or_default()
    };
    let before = noted();
    let believed = of_three(applicant, victim, text.card(), third).await;
    report.control(
        "residual: files of one card, the text AP's answer of any other of its municipality, the surface AP's of a third from elsewhere with \
         the first's birth date: a mixture that is believed",
        believed.is_ok(),
        true,
    );
    report.control(
        "and noted by the record system, for its signers differ",
        noted() - before,
        1,
    );
    let code =
        |answer: Result<(), ProblemCode>| answer.err().map_or("believed", ProblemCode::as_str);
    let said = of_three(applicant, victim, text.card(), of_another_day).await;
    report.figure(
        "such a mixture where the third has another birth date",
        code(said),
        ProblemCode::CardBindingInvalid.as_str(),
    );
    let stranger = town.ground.card(OF_ANOTHER_SIGNER);
    let said = of_three(applicant, victim, stranger, third).await;
    report.figure(
        "such a mixture where the text AP's answer is of another municipality's card",
        code(said),
        ProblemCode::CardDataAltered.as_str(),
    );
    Ok(())
}

/// Somebody of whom this is so.
fn whoever(people: &[Resident], so: impl Fn(&Resident) -> bool) -> io::Result<&Resident> {
    let found = people.iter().find(|it| so(it));
    found.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// What is not stopped, and why: seen, so that nobody believes otherwise. Were it stopped one day, it would have to be said.
pub(super) async fn residual(
    town: &Town,
    open: &Open<Records>,
    report: &mut Report,
) -> io::Result<()> {
    let people = &town.people.residents;
    let victim = &people[0];
    let thief = whoever(people, |it| {
        it.has_other_keys_than(victim)
            && it.municipality == victim.municipality
            && it.birth_date == victim.birth_date
    })?;
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let twins = mixture(&applicant, victim, thief).await.is_ok();
    report.control(
        "residual: a mixture of two cards of one municipality and birth date is believed",
        twins,
        true,
    );
    three(town, open, &applicant, report).await?;
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
