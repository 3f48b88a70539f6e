//! Whether what is made out to somebody is theirs.

use issuance_api::terminal::Preview;
use verify::{Card, HumanName, Immunization, Private, PrivateDate, Vaccination};

use super::Resident;

impl Resident {
    /// Whether a preview is theirs.
    #[must_use]
    pub fn is_previewed_by(&self, preview: &Preview) -> bool {
        let lots = preview.doses.iter().map(|dose| dose.lot.expose());
        let authority = &preview.authority;
        preview.holder.name.expose() == self.name
            && String::from(preview.holder.birth_date.expose()).replace('-', "") == self.birth_date
            && authority.code == self.municipality
            && [&*authority.name, &*authority.name_en] == self.authority()
            && lots.eq(&self.lots)
            && preview
                .passport
                .iter()
                .all(|it| *it == self.passport().data())
    }

    /// Whether a certificate is theirs, by its health card.
    #[must_use]
    pub fn is_certified_by(&self, card: &Card) -> bool {
        let patient = &card.patient;
        let parts = patient.family.iter().chain(&patient.given);
        let parts: Vec<_> = parts.map(Private::expose).collect();
        let lots = card.immunizations.iter();
        let lots = lots.map(|dose| dose.lot.as_ref().map_or("", Private::expose));
        let [authority, _] = self.authority();
        let is_theirs =
            |dose: &Immunization| dose.performer.as_ref().map(Private::expose) == Some(authority);
        parts.join("\u{3000}") == self.name
            && patient.others.iter().all(|name| self.is_romanised(name))
            && self.was_born_on(&patient.birth_date)
            && lots.eq(self.lots.iter())
            && card.immunizations.iter().all(is_theirs)
    }

    /// Whether it is theirs by the seal (VDS-NC) of one for abroad.
    #[must_use]
    pub fn is_sealed_by(&self, said: &Vaccination) -> bool {
        let (holder, passport) = (&said.holder, self.passport().data());
        let number = holder.document.as_ref().map(Private::expose);
        let doses = said.vaccines.iter().flat_map(|vaccine| &vaccine.doses);
        let lots = doses.map(|dose| dose.lot.as_ref().map_or("", Private::expose));
        holder.name.expose() == passport.romanised_name.expose()
            && number == Some(passport.number.expose())
            && holder
                .birth_date
                .as_ref()
                .is_some_and(|date| self.was_born_on(date))
            && lots.eq(self.lots.iter())
    }

    fn is_romanised(&self, name: &HumanName) -> bool {
        let parts = name.family.iter().chain(&name.given);
        let passport = self.passport().data();
        // Between its two identifiers a passport's name has two spaces.
        let own = passport.romanised_name.expose().split_whitespace();
        parts.map(Private::expose).eq(own)
    }

    fn was_born_on(&self, date: &PrivateDate) -> bool {
        date.expose().to_string().replace('-', "") == self.birth_date
    }
}
