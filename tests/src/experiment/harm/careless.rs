//! The control: a terminal that presents the PIN until something comes of it.

use std::io;

use card::messaging::Protection;
use card::text_ap;
use card::transport::Transport;
use hw_sim::ap::Ap;
use hw_sim::fault::Faulty;
use hw_sim::memory::Memory;

use super::hand::presented_again;
use super::plan::{Tries, at};
use super::{CODE_TRIES, TRIES};
use crate::experiment::Report;
use crate::simulator::CardInHand;

/// What a terminal does to cards that presents a PIN until something comes of it: a resident who mistypes, and an answer that is lost.
pub(super) fn careless(card: &Memory, commands: u32, report: &mut Report) -> io::Result<()> {
    let (mut again, mut lost, mut locked) = (0, 0, 0);
    for (position, pin) in (1..=commands).zip((1..=TRIES).cycle()) {
        let tries = Tries {
            pin,
            code: CODE_TRIES,
        };
        let mut card = Faulty::from(tries.on(card)?);
        drop(card.add(at("mute", position, 0)?, |_| None));
        let card = CardInHand::new(card, Protection::default());
        let mut contact = card.contact();
        let aid = card::aid::TEXT_AP;
        let select = [&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], &aid].concat();
        let verify = [&[0x00, 0x20, 0x00, 0x91, 4][..], b"9999"].concat();
        for _ in 0..TRIES {
            let selected = contact.transmit(&select);
            let answer = contact.transmit(&verify);
            if selected.is_ok() && answer.is_ok_and(|answer| *answer == [0x90, 0x00]) {
                break;
            }
        }
        drop(contact);
        let lying = card.lying();
        again += usize::from(presented_again(&[0], lying.pins) > 0);
        let memory = lying.card.card().memory();
        let left = memory.tries_left(Ap::Text, text_ap::PIN);
        // The first is the entry's own, and where it was the last there is nothing left to lose.
        lost += usize::from((pin - 1).saturating_sub(left));
        locked += usize::from(left == 0 && pin > 1);
    }
    report.finds(
        "entries presented more than once by a terminal that tries again",
        again,
    );
    report.finds("tries lost to it", lost);
    report.finds("cards locked by it", locked);
    Ok(())
}
