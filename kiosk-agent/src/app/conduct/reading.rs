//! The card and the passport.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use issuance_api::passport::PassportMrz;
use issuance_api::{CertificateKind, Problem, ProblemCode, TerminalUrn};

use super::applying::Choice;
use super::{App, Gate, ReadsPassports, Step, answered, meanwhile, obstacle, unless_cancelled};
use crate::app::desk::{Content, Intent, Person, PinPad, Shown, written};
use crate::app::front::Front;
use crate::app::kinds::Kinds;
use crate::app::picture::Picture;
use crate::conduct::welcome;
use crate::hours;
use crate::ports::{Card, Center, Closed};
use crate::session::{CardGone, CardPlaced, CardTaken, Entered, EvidenceAccepted};

/// Longer than anybody waits: a resident at home has time.
const NO_END: Duration = Duration::from_secs(24 * 60 * 60);

/// What the resident does about the passport.
enum Passport {
    Picture(Picture),
    Without,
}

/// What came of it.
enum Lines {
    Read(PassportMrz),
    Unreadable,
    Without,
}

/// What the resident says to what the passport says.
enum Said {
    Right,
    Another,
    Without,
}

impl<G: Gate, K: Card, R: ReadsPassports> App<G, K, R> {
    /// PIN and card. What is wrong with the card, or with how it lies, leads back to the PIN; back from there leads to the kinds.
    pub(super) async fn until_read(
        &mut self,
        center: &mut impl Center,
        urn: &TerminalUrn,
        choice: &Choice,
        front: &mut impl Front,
    ) -> Result<Step<EvidenceAccepted>, Closed> {
        let mut remaining = None;
        loop {
            self.card.close().await;
            front.show(Shown::Pin(PinPad::new(remaining)));
            let pin = answered(front, |intent| match intent {
                Intent::Pin(pin) => Some(Some(pin)),
                Intent::Back => Some(None),
                _ => None,
            });
            let Some(pin) = pin.await? else {
                return Ok(Step::Back);
            };
            let placed = match self.until_placed(center, choice, front).await {
                Ok(Step::On(placed)) => placed,
                Ok(Step::Back) => continue,
                Err(closed) => {
                    again(closed, front).await?;
                    continue;
                }
            };
            // The page said so already where the PIN before was the wrong one.
            if placed.remaining() == 1 && remaining != Some(1) {
                front.show(Shown::LastTry);
                let goes_on = answered(front, |intent| match intent {
                    Intent::Go => Some(true),
                    Intent::Back => Some(false),
                    _ => None,
                });
                if !goes_on.await? {
                    remaining = Some(1);
                    continue;
                }
            }
            front.show(Shown::Reading);
            let entry = placed.choose(first(choice.kinds))?.showing_attributes();
            let entered = entry.enter(pin, &mut self.card, center, urn).await;
            match entered {
                Ok(Entered::Read(read)) => match read.believed(center).await {
                    Ok(accepted) => return Ok(Step::On(accepted)),
                    Err(problem) => again(problem.into(), front).await?,
                },
                Ok(Entered::Wrong(entry)) => {
                    remaining = Some(entry.remaining());
                    let wrong = Problem {
                        remaining,
                        ..ProblemCode::PinWrong.into()
                    };
                    obstacle(wrong, None, front).await?;
                }
                Err(problem) => again(problem.into(), front).await?,
            }
        }
    }

    async fn until_placed(
        &mut self,
        center: &mut impl Center,
        choice: &Choice,
        front: &mut impl Front,
    ) -> Result<Step<CardPlaced>, Closed> {
        front.show(Shown::TapCard);
        let (latch, card) = (&self.latch, &mut self.card);
        let placed = async {
            let welcome = welcome(center, latch).await?;
            let applying = welcome.apply(&choice.programme)?;
            Ok::<_, Closed>(applying.card_placed(card, NO_END).await?)
        };
        meanwhile(placed, front).await
    }

    /// What the card says is shown once; nothing goes on until it is gone and its holder says that it is right.
    pub(super) async fn until_confirmed(
        &mut self,
        accepted: EvidenceAccepted,
        front: &mut impl Front,
    ) -> Result<CardTaken, Closed> {
        let attributes = accepted.attributes();
        let person: Person = attributes.ok_or(ProblemCode::InternalError)?.into();
        let person = Arc::new(person);
        front.show(Shown::Person {
            person: Arc::clone(&person),
            card: true,
        });
        let gone = CardGone::wait(&mut self.card, NO_END);
        let taken = accepted.card_taken(unless_cancelled(gone, front).await?);
        front.show(Shown::Person {
            person,
            card: false,
        });
        answered(front, |intent| matches!(intent, Intent::Go).then_some(())).await?;
        Ok(taken)
    }

    /// A way for each kind that goes on: for abroad with a passport, or without that kind.
    pub(super) async fn until_passport(
        &mut self,
        taken: CardTaken,
        choice: &Choice,
        center: &mut impl Center,
        front: &mut impl Front,
    ) -> Result<Vec<CardTaken>, Closed> {
        if choice.kinds == Kinds::Domestic {
            return Ok(vec![taken]);
        }
        let domestic = choice.kinds == Kinds::Both;
        let read = self.until_passport_read(taken, domestic, front).await?;
        if !domestic {
            return Ok(match read {
                (taken, true) => vec![taken],
                // It is not asked.
                (_, false) => return Err(ProblemCode::Cancelled.into()),
            });
        }
        front.show(Shown::Working);
        let welcome = unless_cancelled(welcome(center, &self.latch), front).await?;
        let (taken, has_passport) = read;
        let beside = taken.also(CertificateKind::Domestic, welcome)?;
        Ok(if has_passport {
            vec![beside, taken]
        } else {
            vec![beside]
        })
    }

    /// Waits for a passport that can be taken and is confirmed, or until it is given up; whether there is one.
    async fn until_passport_read(
        &mut self,
        mut taken: CardTaken,
        domestic: bool,
        front: &mut impl Front,
    ) -> Result<(CardTaken, bool), Closed> {
        loop {
            front.show(Shown::Passport { domestic });
            let lines = match self.until_lines(front).await? {
                Lines::Read(lines) => lines,
                Lines::Unreadable => continue,
                Lines::Without => return Ok((taken, false)),
            };
            match taken.with_passport(lines, hours::today(SystemTime::now())) {
                Ok(with) => taken = with,
                Err(refused) => {
                    taken = *refused.again.ok_or(refused.problem.clone())?;
                    obstacle(refused.problem, None, front).await?;
                    continue;
                }
            }
            match said(&taken, domestic, front).await? {
                Said::Right => return Ok((taken, true)),
                Said::Another => {}
                Said::Without => return Ok((taken, false)),
            }
        }
    }

    /// A picture's lines, or a frame's, in which they can be read; what is wrong with a picture was told.
    async fn until_lines(&self, front: &mut impl Front) -> Result<Lines, Closed> {
        loop {
            let answer = answered(front, |intent| match intent {
                Intent::Picture(picture) => Some(Passport::Picture(picture)),
                Intent::Without => Some(Passport::Without),
                _ => None,
            });
            let picture = match answer.await? {
                Passport::Without => return Ok(Lines::Without),
                Passport::Picture(picture) => picture,
            };
            if !picture.is_frame() {
                front.show(Shown::PassportReading);
            }
            let without = answered(front, |intent| {
                matches!(intent, Intent::Without).then_some(())
            });
            let (picture, read) = tokio::select! {
                biased;
                // Whoever goes takes the picture with them, and what reads it.
                without = without => {
                    without?;
                    self.passports.gone().await;
                    return Ok(Lines::Without);
                }
                read = self.read(picture) => read,
            };
            match read {
                Ok(lines) => {
                    picture.answer(Ok(()));
                    return Ok(Lines::Read(lines));
                }
                // The screen stands, and the next frame comes.
                Err(code) if picture.is_frame() => picture.answer(Err(code)),
                Err(code) => {
                    drop(picture);
                    obstacle(code.into(), None, front).await?;
                    return Ok(Lines::Unreadable);
                }
            }
        }
    }

    /// Reads it; whoever drops this ends the reading.
    async fn read(&self, picture: Picture) -> (Picture, Result<PassportMrz, ProblemCode>) {
        let read = match picture.content() {
            Content::Picture(file) => self.passports.read(file).await,
            _ => Err(ProblemCode::PassportUnreadable),
        };
        (picture, read)
    }
}

/// What the resident says to what the passport says.
async fn said(taken: &CardTaken, domestic: bool, front: &mut impl Front) -> Result<Said, Closed> {
    let passport = taken.passport().ok_or(ProblemCode::InternalError)?;
    front.show(Shown::PassportCheck {
        passport: Arc::clone(passport),
        birth_date: written(taken.birth()),
        domestic,
    });
    answered(front, |intent| match intent {
        Intent::Go => Some(Said::Right),
        Intent::Back => Some(Said::Another),
        Intent::Without => Some(Said::Without),
        _ => None,
    })
    .await
}

/// The kind whose way the application begins on.
const fn first(kinds: Kinds) -> CertificateKind {
    match kinds {
        Kinds::Domestic => CertificateKind::Domestic,
        Kinds::Abroad | Kinds::Both => CertificateKind::Abroad,
    }
}

/// Tells what is wrong with the card, or with how it lies, where it can be tried again; else the application is over.
async fn again(closed: Closed, front: &mut impl Front) -> Result<(), Closed> {
    match closed.problem.code {
        ProblemCode::NoReader
        | ProblemCode::ReaderServiceUnavailable
        | ProblemCode::NoCard
        | ProblemCode::CardLifted
        | ProblemCode::WrongCard
        | ProblemCode::PhoneInsteadOfCard
        | ProblemCode::CardInUse
        | ProblemCode::CardUnreadable => obstacle(closed.problem, None, front).await,
        _ => Err(closed),
    }
}
