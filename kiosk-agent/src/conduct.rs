//! One application from the menu to the end: leads the [states](crate::session) on, pushes views, takes intents.

use std::time::Duration;

use issuance_api::{CertificateKind, Problem, ProblemCode, ProgrammeId, TerminalUrn};
use tokio::time::{sleep, timeout};

use crate::handover::Issuer;
use crate::latch::Latch;
use crate::output::Output;
use crate::ports::{Card, Center, FrontEnd, Intent, View};
use crate::session::{
    CardTaken, Checked, Done, Entered, EvidenceAccepted, HandedOver, PinEntry, Previewed, Refused,
    Welcome,
};

/// How old a menu may get on the screen before it is fetched anew.
const MENU_LASTS: Duration = Duration::from_secs(600);

/// Between two looks at what keeps the terminal out of service.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long a resident has at each step.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// To place the card.
    pub card: Duration,
    /// For each input.
    pub input: Duration,
    /// To take the card back.
    pub removal: Duration,
}

/// Everything an application needs that outlives it.
#[derive(Debug)]
pub struct Terminal<C, K, O> {
    /// Its name, from its own certificate.
    pub urn: TerminalUrn,
    /// The center.
    pub center: C,
    /// The reader.
    pub card: K,
    /// Where certificates go.
    pub output: O,
    /// Whose certificates these are.
    pub issuer: Issuer,
    /// In or out of service.
    pub latch: Latch,
    /// How long a resident has.
    pub patience: Patience,
}

impl<C: Center, K: Card, O: Output> Terminal<C, K, O> {
    /// Leads one application. Whatever ends it, the card is let go of and everything held is wiped; a problem that
    /// ends it was shown.
    ///
    /// # Errors
    /// The problem that ended it; `cancelled` and `timed-out` are such.
    pub async fn serve(&mut self, front: &mut impl FrontEnd) -> Result<Done, Problem> {
        let ended = self.lead(front).await;
        self.card.close().await;
        match &ended {
            Ok(done) => front.show(&View::Done {
                reported: done.reported,
            }),
            Err(problem) => front.show(&View::Problem(problem)),
        }
        ended
    }

    /// Waits, as long as it takes, until nobody's card lies on the reader: the next application begins without one. While that
    /// cannot be known, says why; cancelling ends that wait, but not one for a card.
    pub async fn until_card_is_gone(&mut self, front: &mut impl FrontEnd) {
        let mut within = Duration::ZERO;
        let mut shown = None;
        while let Err(code) = self.card.gone(within).await {
            if code == ProblemCode::TimedOut {
                front.show(&View::CardLeft);
                within = self.patience.removal;
                shown = None;
                continue;
            }
            if shown.replace(code) != Some(code) {
                front.show(&View::Problem(&code.into()));
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }

    /// Waits until nothing of an earlier application can come out any more, and says so as long as that is not known.
    /// Cancelling ends the wait, not the state: no application begins in it.
    pub async fn until_output_is_settled(&mut self, front: &mut impl FrontEnd) {
        let mut shown = None;
        while let Err(error) = self.output.settled().await {
            let code = ProblemCode::from(error);
            if shown.replace(code) != Some(code) {
                front.show(&View::Problem(&code.into()));
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }

    async fn lead(&mut self, front: &mut impl FrontEnd) -> Result<Done, Problem> {
        let entry = self.until_card(front).await?;
        let accepted = self.until_accepted(entry, front).await?;
        let taken = self.until_taken(accepted, front).await?;
        let previewed = self.until_previewed(taken, front).await?;
        let checked = self.until_checked(previewed, front).await?;
        let handed_over = self.until_handed_over(checked, front).await?;
        Ok(handed_over.report(&mut self.center).await)
    }

    async fn until_card(&mut self, front: &mut impl FrontEnd) -> Result<PinEntry, Problem> {
        self.output.settled().await.map_err(ProblemCode::from)?;
        let (welcome, programme, kind) = self.until_applied(front).await?;
        let applying = welcome.apply(&programme, kind)?;
        self.output.ready(1).await.map_err(ProblemCode::from)?;
        front.show(&View::PlaceCard);
        tokio::select! {
            entry = applying.card_placed(&mut self.card, self.patience.card) => entry,
            problem = cancelled(front) => Err(problem),
        }
    }

    /// Nobody is in a hurry before an application has begun; but what is offered has to be what the center offers now.
    async fn until_applied(
        &mut self,
        front: &mut impl FrontEnd,
    ) -> Result<(Welcome, ProgrammeId, CertificateKind), Problem> {
        let mut shown: Option<Welcome> = None;
        loop {
            let welcome = Welcome::fetch(&mut self.center, &self.latch).await?;
            if shown.is_none_or(|shown| shown.menu() != welcome.menu()) {
                front.show(&View::Menu(welcome.menu()));
            }
            let applied = async {
                loop {
                    match front.intent().await {
                        Intent::Apply { programme, kind } => return Ok((programme, kind)),
                        Intent::Cancel => return Err(ProblemCode::Cancelled),
                        _ => {}
                    }
                }
            };
            if let Ok(applied) = timeout(MENU_LASTS, applied).await {
                let (programme, kind) = applied?;
                return Ok((welcome, programme, kind));
            }
            shown = Some(welcome);
        }
    }

    async fn until_accepted(
        &mut self,
        mut entry: PinEntry,
        front: &mut impl FrontEnd,
    ) -> Result<EvidenceAccepted, Problem> {
        loop {
            front.show(&View::Pin {
                remaining: entry.remaining(),
            });
            let Intent::Pin(pin) = self
                .input(front, |intent| matches!(intent, Intent::Pin(_)))
                .await?
            else {
                continue;
            };
            front.show(&View::Reading);
            match entry
                .enter(pin, &mut self.card, &mut self.center, &self.urn)
                .await?
            {
                Entered::Accepted(accepted) => return Ok(*accepted),
                Entered::Wrong(again) => {
                    let remaining = Some(again.remaining());
                    front.show(&View::Problem(&Problem {
                        remaining,
                        ..ProblemCode::PinWrong.into()
                    }));
                    entry = again;
                }
            }
        }
    }

    async fn until_taken(
        &mut self,
        accepted: EvidenceAccepted,
        front: &mut impl FrontEnd,
    ) -> Result<CardTaken, Problem> {
        front.show(&View::TakeCard);
        tokio::select! {
            taken = accepted.card_taken(&mut self.card, self.patience.removal) => taken,
            problem = cancelled(front) => Err(problem),
        }
    }

    async fn until_previewed(
        &mut self,
        mut taken: CardTaken,
        front: &mut impl FrontEnd,
    ) -> Result<Previewed, Problem> {
        loop {
            front.show(&View::Municipality(&taken.municipalities()));
            let chosen = self
                .input(front, |intent| {
                    matches!(intent, Intent::Municipality { .. })
                })
                .await?;
            let Intent::Municipality { code, copies } = chosen else {
                continue;
            };
            // Nothing is asked for that could not be put out.
            if let Err(error) = self.output.ready(copies).await {
                front.show(&View::Problem(&ProblemCode::from(error).into()));
                continue;
            }
            match taken
                .inquire(code, copies, &mut self.center, &self.latch)
                .await
            {
                Ok(previewed) => return Ok(previewed),
                Err(refused) => taken = retry(refused, front)?,
            }
        }
    }

    async fn until_checked(
        &mut self,
        previewed: Previewed,
        front: &mut impl FrontEnd,
    ) -> Result<Checked, Problem> {
        front.show(&View::Preview(previewed.preview()));
        self.input(front, |intent| matches!(intent, Intent::Go))
            .await?;
        front.show(&View::Issuing);
        previewed
            .confirm(&mut self.center, &self.issuer, &self.latch)
            .await
    }

    async fn until_handed_over(
        &mut self,
        mut checked: Checked,
        front: &mut impl FrontEnd,
    ) -> Result<HandedOver, Problem> {
        loop {
            front.show(&View::Delivering);
            match checked.hand_over(&mut self.output).await {
                Ok(handed_over) => return Ok(handed_over),
                Err(refused) => checked = retry(refused, front)?,
            }
            front.show(&View::TryAgain);
            self.input(front, |intent| matches!(intent, Intent::Go))
                .await?;
        }
    }

    /// The next intent that fits the view; what does not is ignored.
    async fn input(
        &self,
        front: &mut impl FrontEnd,
        fits: impl Fn(&Intent) -> bool + Send,
    ) -> Result<Intent, Problem> {
        let fitting = async {
            loop {
                match front.intent().await {
                    Intent::Cancel => return Err(ProblemCode::Cancelled.into()),
                    intent if fits(&intent) => return Ok(intent),
                    _ => {}
                }
            }
        };
        timeout(self.patience.input, fitting)
            .await
            .map_err(|_| ProblemCode::TimedOut)?
    }
}

async fn cancelled(front: &mut impl FrontEnd) -> Problem {
    while !matches!(front.intent().await, Intent::Cancel) {}
    ProblemCode::Cancelled.into()
}

/// Shows what is in the way, where the step can be tried again.
fn retry<S>(refused: Refused<S>, front: &mut impl FrontEnd) -> Result<S, Problem> {
    let Refused { problem, again } = refused;
    match again {
        Some(state) => {
            front.show(&View::Problem(&problem));
            Ok(*state)
        }
        None => Err(problem),
    }
}

#[cfg(test)]
mod tests;
