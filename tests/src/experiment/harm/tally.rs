//! What reached the cards, what it cost them, and what is said of it.

use std::collections::BTreeMap;

use card::{surface_ap, text_ap};
use hw_sim::ap::Ap;
use hw_sim::memory::Memory;
use issuance_api::ProblemCode;

use super::ended::{self, Boundaries, End};
use super::hand::{Hand, presented_again};
use super::plan::{Plan, Tries};
use super::{LEAST_CODE_TRIES, OTHER_PIN};
use crate::experiment::Report;
use crate::simulator::Lying;

#[derive(Default)]
pub(super) struct Tally {
    pub(super) runs: usize,
    pub(super) issued: usize,
    pub(super) commands: u32,
    /// Where a removal was all that went wrong, or a swap.
    pub(super) lifted: Boundaries,
    pub(super) swapped: Boundaries,
    crossed: usize,
    /// By the terminal, at what the card said.
    ended: BTreeMap<&'static str, usize>,
    /// By the center.
    refused: BTreeMap<&'static str, usize>,
    other_reasons: BTreeMap<&'static str, usize>,
    /// Faults that were all that went wrong, and whose command did not come.
    unreached: usize,
    presented_again: u32,
    mistyped: usize,
    at_last_try: usize,
    codes: Codes,
    own: Own,
    others: Others,
}

/// Birth codes, by the tries that the terminal had been told of.
#[derive(Default)]
struct Codes {
    /// Presented with too few.
    presented: usize,
    /// Presented with enough, while there were too few.
    misled: usize,
    /// Not presented, with too few.
    spared: usize,
}

/// What the card lost that the resident had laid there.
#[derive(Default)]
struct Own {
    tries: u32,
    code_tries: u32,
    locked: usize,
}

/// What cards lost that were swapped in with nobody told, of PIN and birth code: what was meant for the first reached them.
#[derive(Default)]
struct Others {
    lost: [u32; 2],
    /// Of these, more than one for an entry of the PIN, and for an application.
    lost_again: [u32; 2],
    /// That lost the last one.
    locked: [usize; 2],
}

const fn too_few(code_tries: u8) -> bool {
    code_tries < LEAST_CODE_TRIES
}

impl Tally {
    /// One application, as far as its cards go.
    pub(super) fn count(&mut self, lying: &Lying, hand: &Hand, plan: &Plan) {
        self.runs += 1;
        self.commands += lying.commands;
        if plan.faults.len() == 1 {
            self.unreached += lying.card.faults().count();
        }
        self.presented_again += presented_again(&hand.before, lying.pins);
        self.at_last_try += hand.at_last_try;
        let presented = lying.codes.iter();
        let presented = presented.filter(|told| told.is_none_or(too_few));
        self.codes.presented += presented.count();
        let spared = lying.codes.is_empty() && lying.code_told.is_some_and(too_few);
        self.codes.spared += usize::from(spared);
        let mut lost = [0; 2];
        // Wherever they are by now.
        for card in lying.card.cards() {
            let memory = card.memory();
            if memory.matches(Ap::Text, text_ap::PIN, OTHER_PIN) {
                let [pin, code] = self.lost(plan.tries[1], memory);
                lost[0] += pin;
                lost[1] += code;
                for (n, left) in left(memory).into_iter().enumerate() {
                    self.others.locked[n] += usize::from(left == 0);
                }
            } else {
                let [pin, code] = self.lost(plan.tries[0], memory);
                // A wrong one costs a try, until the right one follows.
                self.own.tries += pin.saturating_sub(hand.mistyped);
                self.mistyped += usize::from(pin > 0 && pin == hand.mistyped);
                self.own.code_tries += code;
                self.own.locked += usize::from(left(memory).contains(&0));
            }
        }
        let entries = u32::try_from(hand.before.len()).expect("a few entries");
        for (n, most) in [entries, 1].into_iter().enumerate() {
            self.others.lost[n] += lost[n];
            self.others.lost_again[n] += lost[n].saturating_sub(most);
        }
    }

    /// Tries of PIN and birth code that a card lost which came with these. Who presents the right one has them all back.
    fn lost(&mut self, tries: Tries, memory: &Memory) -> [u32; 2] {
        let [pin, code] = left(memory);
        self.codes.misled += usize::from(too_few(tries.code) && code != tries.code);
        let each = [(tries.pin, pin), (tries.code, code)];
        each.map(|(before, left)| before.saturating_sub(left).into())
    }

    /// An application that ended with a certificate.
    pub(super) fn with_certificate(&mut self, end: End) {
        self.issued += 1;
        self.crossed += usize::from(matches!(end, End::Crossed));
    }

    /// One that ended without, and why.
    pub(super) fn without(&mut self, end: End, code: ProblemCode) {
        let by = match end {
            End::Lifted | End::Terminal => &mut self.ended,
            End::Center => &mut self.refused,
            End::Own | End::Crossed | End::Otherwise => &mut self.other_reasons,
        };
        *by.entry(code.as_str()).or_default() += 1;
    }

    pub(super) fn report(&self, report: &mut Report) {
        report.told("commands to cards", self.commands);
        report.told("certificates all the same", self.issued);
        report.counted("ended by the terminal", &self.ended);
        report.counted("refused by the center", &self.refused);
        report.figure(
            "of single faults: their command did not come",
            self.unreached,
            0,
        );
        report.figure(
            "VERIFYs of the PIN beyond one for each entry",
            self.presented_again,
            0,
        );
        report.figure("tries lost by a right PIN", self.own.tries, 0);
        report.figure("tries of the birth code lost", self.own.code_tries, 0);
        report.figure("residents' own cards locked", self.own.locked, 0);
        report.figure(
            "birth codes presented where fewer than five tries had been told of, or none",
            self.codes.presented,
            0,
        );
        report.told(
            "birth codes presented with fewer than five tries left, where something altered had told of more",
            self.codes.misled,
        );
        self.others.report(report);
        ended::at_boundaries(&self.lifted, &self.swapped, report);
        report.figure(
            "certificates of another card than the one that lay there",
            self.crossed,
            0,
        );
        let other: Vec<_> = self.other_reasons.keys().copied().collect();
        report.figure(
            "ended for anything but what the card said",
            other.join(", "),
            String::new(),
        );
        // Faults do harm, what the terminal lets through the center does not, tries are lost where a PIN is wrong, and there were few.
        report.finds(
            "applications that the terminal ended",
            self.ended.values().sum(),
        );
        report.finds(
            "applications that the center refused",
            self.refused.values().sum(),
        );
        report.finds(
            "entries of a wrong PIN, each of which cost a try",
            self.mistyped,
        );
        report.finds("entries with one try left", self.at_last_try);
        report.finds(
            "birth codes not presented, for fewer than five tries had been told of",
            self.codes.spared,
        );
    }
}

impl Others {
    fn report(&self, report: &mut Report) {
        let [pins, codes] = self.lost;
        report.told(
            "residual: tries lost by a card that was swapped in with nobody told, so that the first one's PIN, or birth code, reached it",
            format!("{pins}, {codes}"),
        );
        let [pins, codes] = self.locked;
        report.told(
            "residual: of these the last one, so that it is locked",
            format!("{pins}, {codes}"),
        );
        let [pins, codes] = self.lost_again;
        report.figure("of these more than one for an entry of the PIN", pins, 0);
        report.figure(
            "of these more than one birth code for an application",
            codes,
            0,
        );
    }
}

/// Tries left of PIN and birth code.
fn left(memory: &Memory) -> [u8; 2] {
    [
        memory.tries_left(Ap::Text, text_ap::PIN),
        memory.tries_left(Ap::Surface, surface_ap::BIRTH_CODE),
    ]
}
