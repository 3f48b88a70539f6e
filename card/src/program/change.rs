//! `card pin change`

use card::client::{Change, Tries};
use card::file::Ef;
use card::jpki_ap::{self, AuthenticationPin, SignaturePassword};
use card::pin::Pin;
use card::{aid, text_ap};
use zeroize::Zeroizing;

use crate::arguments::{ChangeArguments, Which};
use crate::desk::Desk;
use crate::entry::Entry;
use crate::failure::Failure;

const FOUR_DIGITS: &str = "a PIN is four digits";
const PASSWORD: &str = "a password is 6 to 16 letters (A to Z) and digits";

pub(crate) fn run(arguments: &ChangeArguments) -> Result<(), Failure> {
    let entry = Entry::of(&arguments.entry);
    let mut card = Desk::open(&arguments.on)?.card()?;
    let (aid, reference, words): (&'static [u8], Ef, _) = match arguments.which {
        Which::Text => (&aid::TEXT_AP, text_ap::PIN, "PIN"),
        Which::Auth => (&aid::JPKI_AP, jpki_ap::AUTHENTICATION_PIN, "PIN"),
        Which::Sign => (&aid::JPKI_AP, jpki_ap::SIGNATURE_PASSWORD, "password"),
    };
    match card.tries(aid, reference)? {
        Tries::Left(left) => {
            if entry.is_interactive() {
                eprintln!("tries left: {left}. Every wrong entry costs one.");
            }
            entry.allows(left)?;
        }
        Tries::Verified => {}
        Tries::Absent => return Err(Failure::Malformed("the card has no such one".to_owned())),
    }
    // All is asked, and its form looked at, before anything is sent.
    let current = entry.ask(&format!("{words} in force"))?;
    let new = entry.ask(&format!("new {words}"))?;
    if entry.is_interactive() && *entry.ask(&format!("new {words} again"))? != *new {
        return Err(Failure::Different);
    }
    let change = change(arguments.which, &current, &new)?;
    drop((current, new));
    Failure::unless_verified(card.change(change)?)?;
    drop(card);
    println!("changed");
    Ok(())
}

fn change(
    which: Which,
    current: &Zeroizing<String>,
    new: &Zeroizing<String>,
) -> Result<Change, Failure> {
    let (current, new) = (current.as_str(), new.as_str());
    Ok(match which {
        Which::Text => {
            let pin = |entry| Pin::try_from(entry).map_err(|_| Failure::Entry(FOUR_DIGITS));
            Change::Pin {
                current: pin(current)?,
                new: pin(new)?,
            }
        }
        Which::Auth => {
            let pin =
                |entry| AuthenticationPin::try_from(entry).map_err(|_| Failure::Entry(FOUR_DIGITS));
            Change::AuthenticationPin {
                current: pin(current)?,
                new: pin(new)?,
            }
        }
        Which::Sign => {
            let password =
                |entry| SignaturePassword::try_from(entry).map_err(|_| Failure::Entry(PASSWORD));
            Change::SignaturePassword {
                current: password(current)?,
                new: password(new)?,
            }
        }
    })
}
