//! The control: a terminal that presents the PIN until something comes of it.

use std::io;

use card::messaging::Protection;
use card::text_ap;
use card::transport::Transport;
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::fault::Faulty;
use hw_sim::memory::Memory;

use super::{TRIES, at};
use crate::simulator::CardInHand;

/// On each card that was there, of the PIN.
fn tries_left(card: &Faulty) -> impl Iterator<Item = u8> {
    let memories = card.cards().map(EmulatedCard::memory);
    memories.map(|memory| memory.tries_left(Ap::Text, text_ap::PIN))
}

/// What a terminal does to cards that presents a PIN until something comes of it: a resident who mistypes, and an answer that is lost.
pub(super) fn careless(card: &Memory, commands: u32) -> io::Result<(usize, usize)> {
    let (mut again, mut lost) = (0, 0);
    for position in 1..=commands {
        let mut card = Faulty::from(EmulatedCard::new(card.clone()));
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
        again += usize::from(lying.pins > 1);
        lost += tries_left(&lying.card).filter(|left| *left < TRIES).count();
    }
    Ok((again, lost))
}
