//! One application from the menu to the end: leads the [states](crate::session) on, pushes views, takes intents.

use std::pin::pin;
use std::time::Duration;

use issuance_api::{Problem, ProblemCode, ProgrammeId, TerminalUrn};
use tokio::time::{sleep, timeout};

use crate::handover::Issuer;
use crate::latch::Latch;
use crate::output::Output;
use crate::ports::{Card, Center, FrontEnd, Intent, View};
use crate::session::{
    Applying, CardPlaced, CardTaken, Checked, Done, Entered, EvidenceAccepted, HandedOver,
    PinEntry, Previewed, Refused, Welcome,
};

/// Between two looks at what keeps the terminal out of service.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Longer than anybody waits: where the time a resident has is watched here, and can be extended.
const NO_END: Duration = Duration::from_secs(24 * 60 * 60);

/// How long things take at most.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How old a menu may get on the screen before it is fetched anew.
    pub menu: Duration,
    /// A resident has to place the card.
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
                front.show(&View::OutOfService(&code.into()));
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
                front.show(&View::OutOfService(&code.into()));
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }

    /// Waits until the center offers something, as long as it takes, and says why it does not: until then there is nothing to show
    /// (K4). Cancelling ends the wait, not the state.
    pub async fn until_open(&mut self, front: &mut impl FrontEnd) {
        let mut shown = None;
        while let Err(problem) = Welcome::fetch(&mut self.center, &self.latch).await {
            if shown.replace(problem.code) != Some(problem.code) {
                front.show(&View::OutOfService(&problem));
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }

    async fn lead(&mut self, front: &mut impl FrontEnd) -> Result<Done, Problem> {
        let accepted = self.until_accepted(front).await?;
        let taken = self.until_taken(accepted, front).await?;
        let checked = self.until_checked(taken, front).await?;
        let handed_over = self.until_handed_over(checked, front).await?;
        Ok(handed_over.report(&mut self.center).await)
    }

    async fn until_accepted(
        &mut self,
        front: &mut impl FrontEnd,
    ) -> Result<EvidenceAccepted, Problem> {
        self.output.settled().await.map_err(ProblemCode::from)?;
        loop {
            let (welcome, programme) = self.until_applied(front).await?;
            let applying = welcome.apply(&programme)?;
            self.output.ready(1).await.map_err(ProblemCode::from)?;
            let Step::On(mut placed) = self.until_placed(applying, front).await? else {
                continue;
            };
            loop {
                let Step::On(entry) = self.until_chosen(placed, front).await? else {
                    self.card.close().await;
                    break;
                };
                match self.until_entered(entry, front).await? {
                    Step::On(accepted) => return Ok(accepted),
                    Step::Back(before) => placed = before,
                }
            }
        }
    }

    /// Nobody is in a hurry before an application has begun; but what is offered has to be what the center offers now.
    async fn until_applied(
        &mut self,
        front: &mut impl FrontEnd,
    ) -> Result<(Welcome, ProgrammeId), Problem> {
        let mut shown: Option<Welcome> = None;
        loop {
            let welcome = Welcome::fetch(&mut self.center, &self.latch).await?;
            if shown.is_none_or(|shown| shown.menu() != welcome.menu()) {
                front.show(&View::Menu(welcome.menu()));
            }
            let applied = async {
                loop {
                    match front.intent().await {
                        Intent::Apply(programme) => return Ok(programme),
                        Intent::Cancel => return Err(ProblemCode::Cancelled),
                        _ => {}
                    }
                }
            };
            if let Ok(applied) = timeout(self.patience.menu, applied).await {
                return Ok((welcome, applied?));
            }
            shown = Some(welcome);
        }
    }

    async fn until_placed(
        &mut self,
        applying: Applying,
        front: &mut impl FrontEnd,
    ) -> Result<Step<CardPlaced, ()>, Problem> {
        front.show(&View::PlaceCard);
        let Patience { card: given, .. } = self.patience;
        let placed = applying.card_placed(&mut self.card, NO_END);
        let step = meanwhile(placed, front, given).await?;
        step.ok_or_else(|| ProblemCode::NoCard.into())
    }

    async fn until_chosen(
        &mut self,
        placed: CardPlaced,
        front: &mut impl FrontEnd,
    ) -> Result<Step<PinEntry, ()>, Problem> {
        front.show(&View::Kind(&placed.kinds()));
        match self
            .input(front, |intent| {
                matches!(intent, Intent::Kind(_) | Intent::Back)
            })
            .await?
        {
            Intent::Kind(kind) => Ok(Step::On(placed.choose(kind)?)),
            _ => Ok(Step::Back(())),
        }
    }

    async fn until_entered(
        &mut self,
        mut entry: PinEntry,
        front: &mut impl FrontEnd,
    ) -> Result<Step<EvidenceAccepted, CardPlaced>, Problem> {
        loop {
            front.show(&View::Pin {
                remaining: entry.remaining(),
            });
            let Intent::Pin(pin) = self
                .input(front, |intent| {
                    matches!(intent, Intent::Pin(_) | Intent::Back)
                })
                .await?
            else {
                return Ok(Step::Back(entry.back()));
            };
            front.show(&View::Reading);
            match entry
                .enter(pin, &mut self.card, &mut self.center, &self.urn)
                .await?
            {
                Entered::Accepted(accepted) => return Ok(Step::On(*accepted)),
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
        let Patience { removal: given, .. } = self.patience;
        let mut taken = pin!(accepted.card_taken(&mut self.card, NO_END));
        loop {
            match meanwhile(taken.as_mut(), front, given).await? {
                Some(Step::On(taken)) => return Ok(taken),
                // Nothing leads from here but the card's removal.
                Some(Step::Back(())) => {}
                None => return Err(ProblemCode::TimedOut.into()),
            }
        }
    }

    async fn until_checked(
        &mut self,
        mut taken: CardTaken,
        front: &mut impl FrontEnd,
    ) -> Result<Checked, Problem> {
        loop {
            let previewed = self.until_previewed(taken, front).await?;
            front.show(&View::Preview(previewed.preview()));
            match self
                .input(front, |intent| matches!(intent, Intent::Go | Intent::Back))
                .await?
            {
                Intent::Back => taken = previewed.back(),
                _ => {
                    front.show(&View::Issuing);
                    return previewed
                        .confirm(&mut self.center, &self.issuer, &self.latch)
                        .await;
                }
            }
        }
    }

    async fn until_previewed(
        &mut self,
        taken: CardTaken,
        front: &mut impl FrontEnd,
    ) -> Result<Previewed, Problem> {
        let welcome = Welcome::fetch(&mut self.center, &self.latch).await?;
        let mut taken = taken.offered_by(welcome)?;
        loop {
            front.show(&View::Municipality {
                offers: taken.municipalities(),
                home: taken.home(),
            });
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
        let fitting = |intent: Intent| fits(&intent).then_some(intent);
        let given = self.patience.input;
        intent(front, given, fitting)
            .await?
            .ok_or_else(|| ProblemCode::TimedOut.into())
    }
}

/// On, or back to what was before.
enum Step<T, B> {
    On(T),
    Back(B),
}

/// The next intent that means something here; nothing when the time is over. Asking for more time gives it anew.
async fn intent<T>(
    front: &mut impl FrontEnd,
    given: Duration,
    meant: impl Fn(Intent) -> Option<T>,
) -> Result<Option<T>, Problem> {
    loop {
        front.time(given);
        let meant = async {
            loop {
                match front.intent().await {
                    Intent::Cancel => return Err(ProblemCode::Cancelled.into()),
                    Intent::MoreTime => return Ok(None),
                    intent => {
                        if let Some(meant) = meant(intent) {
                            return Ok(Some(meant));
                        }
                    }
                }
            }
        };
        match timeout(given, meant).await {
            Ok(Ok(None)) => {}
            Ok(answer) => return answer,
            Err(_) => return Ok(None),
        }
    }
}

/// Waits for something to happen, unless the resident goes back; nothing when the time is over.
async fn meanwhile<T>(
    happens: impl Future<Output = Result<T, Problem>>,
    front: &mut impl FrontEnd,
    given: Duration,
) -> Result<Option<Step<T, ()>>, Problem> {
    let back = |intent| matches!(intent, Intent::Back).then_some(Step::Back(()));
    tokio::select! {
        happened = happens => Ok(Some(Step::On(happened?))),
        back = intent(front, given, back) => back,
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
