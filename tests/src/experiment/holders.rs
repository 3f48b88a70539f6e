//! Whose files and lines are searched for them: one holder applies at a kiosk, for use in Japan, another by an app, for abroad, with a passport.

use std::io;

use issuance_api::terminal::IssueAnswer;
use tempfile::NamedTempFile;

use super::steps::issued;
use super::traces::{Printed, Traces};
use crate::applicant::Applicant;
use crate::judges::page;
use crate::passport::Passport;
use crate::persona::Persona;
use crate::world::World;

/// For use in Japan, and for abroad. The second's name needs the font with rare kanji.
pub(super) const PERSONAS: [&str; 2] = ["ordinary", "gaiji"];
/// Numbers of their passports: nobody else's, and of more than three characters.
const NUMBERS: [&str; 2] = ["TR5209418", "TK9160273"];

/// A persona's passport.
pub(super) fn passport(persona: &str) -> io::Result<Passport> {
    let own = PERSONAS.iter().zip(NUMBERS);
    let number = own
        .into_iter()
        .find_map(|(it, number)| (*it == persona).then_some(number));
    let passport = number.zip(Passport::of(&Persona::load(persona)?));
    let (number, passport) = passport.ok_or(io::ErrorKind::NotFound)?;
    Ok(Passport {
        number: number.to_owned(),
        ..passport
    })
}

/// On connections of their own, for what each applies for.
pub(super) fn applicant(world: &World, persona: &str) -> io::Result<Applicant> {
    match persona == PERSONAS[0] {
        true => Ok(at_kiosk(world)),
        false => by_app(world, persona),
    }
}

fn at_kiosk(world: &World) -> Applicant {
    Applicant::new(world.terminal("kiosk-0001"))
}

pub(super) fn by_app(world: &World, persona: &str) -> io::Result<Applicant> {
    let app = Applicant::new(world.client_of_center("apps/app-0001"));
    Ok(app.abroad(Some(passport(persona)?.mrz())))
}

/// Two certificates of both, one of each kind, and what would tell of these and of their holders and of nobody else.
pub(super) async fn traces(world: &World) -> io::Result<Traces> {
    let mut printed = Vec::new();
    for persona in PERSONAS {
        let mut own = Vec::new();
        for applicant in [at_kiosk(world), by_app(world, persona)?] {
            own.push(print(issued(world, &applicant, persona).await?)?);
        }
        printed.push(own);
    }
    let mut all = Traces::default();
    for (number, persona) in PERSONAS.into_iter().enumerate() {
        let mut traces = Traces::of_holder(persona)?;
        traces.passport(&passport(persona)?);
        traces.certificates(&printed[number], &printed[1 - number])?;
        all = all.and(traces);
    }
    Ok(all)
}

/// As whoever gets it has it.
pub(super) fn print(issued: IssueAnswer) -> io::Result<Printed> {
    let file = NamedTempFile::new()?;
    std::fs::write(file.path(), issued.page.as_bytes())?;
    Ok(Printed {
        id: issued.certificate_id.to_string(),
        jws: issued.jws.expose().to_owned(),
        seal: issued.vds_nc.map(|seal| seal.expose().to_owned()),
        page: issued.page.as_bytes().to_vec(),
        text: page::text(file.path())?,
    })
}
