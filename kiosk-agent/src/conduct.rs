//! One application from the menu to the end: leads the [states](crate::session) on, pushes views, takes intents.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use issuance_api::{CertificateKind, Problem, ProblemCode, ProgrammeId, TerminalUrn};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::cabinet::{Cabinet, Detector, Payment, PaymentUnit, Sensor, Yen};
use crate::event::{self, Event};
use crate::handover::Issuer;
use crate::hours;
use crate::latch::Latch;
use crate::output::Output;
use crate::ports::{Card, Center, Closed, Ended, FrontEnd, Intent, Says, View};
use crate::session::{
    Applying, CardPlaced, CardRead, CardTaken, Checked, Entered, PinEntry, Previewed, Refused,
    Welcome,
};

mod asking;
mod between;
mod ending;
mod taking;

use asking::{Step, fitting, meanwhile, retry, unless_cancelled};
use taking::Offered;

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
pub struct Terminal<C, K, O, P = Payment, S = Detector> {
    /// Its name, from its own certificate.
    pub urn: TerminalUrn,
    /// The center.
    pub center: C,
    /// The reader.
    pub card: K,
    /// Where certificates go.
    pub output: O,
    /// Payment unit and sensors.
    pub cabinet: Cabinet<P, S>,
    /// Whose certificates these are.
    pub issuer: Issuer,
    /// In or out of service.
    pub latch: Latch,
    /// How long a resident has.
    pub patience: Patience,
    /// Whether passports are read here. Where not, as at kiosks, a certificate for abroad rests on an earlier one (`flows.md`).
    pub reads_passports: bool,
}

impl<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor> Terminal<C, K, O, P, S> {
    /// Leads one application. Whatever ends it, the card is let go of and everything held is wiped; a problem that
    /// ends it was shown.
    ///
    /// # Errors
    /// The problem that ended it; `cancelled` and `timed-out` are such.
    pub async fn serve(&mut self, front: &mut impl FrontEnd) -> Result<Ended, Problem> {
        let mut ended = self.lead(front).await;
        self.card.close().await;
        // What was paid for and did not come out: nothing, where all went well.
        if let Err(error) = self.cabinet.payment.give_back().await {
            match &mut ended {
                // What becomes of the certificate is to be told too.
                Ok(ended) => (ended.returned, ended.stuck) = (false, true),
                Err(problem) => *problem = ProblemCode::from(error).into(),
            }
        }
        match &ended {
            Ok(ended) => front.show(&View::Done(*ended)),
            Err(problem) => front.show(&View::Over(problem)),
        }
        ended
    }

    async fn lead(&mut self, front: &mut impl FrontEnd) -> Result<Ended, Problem> {
        let read = self.until_read(front).await?;
        let (taken, welcome) = self.until_taken(read, front).await?;
        let taken = self.until_passport(taken, front).await?;
        let (checked, issued) = self.until_checked(taken, welcome, front).await?;
        let out = self.until_handed_over(checked, issued, front).await?;
        Ok(self.until_reported(out, front).await)
    }

    async fn until_read(&mut self, front: &mut impl FrontEnd) -> Result<CardRead, Problem> {
        self.output.settled().await.map_err(ProblemCode::from)?;
        loop {
            let (welcome, programme) = self.until_applied(front).await?;
            let applying = welcome.apply(&programme)?;
            let Step::On(mut placed) = self.until_placed(applying, front).await? else {
                continue;
            };
            loop {
                let Step::On(entry) = self.until_chosen(placed, front).await? else {
                    self.card.close().await;
                    break;
                };
                match self.until_entered(entry, front).await? {
                    Step::On(read) => return Ok(read),
                    Step::Back(before) => placed = before,
                }
            }
        }
    }

    /// What is offered to whoever begins now.
    async fn welcome(&mut self) -> Result<Welcome, Closed> {
        match self.issuer.look_again() {
            Ok(true) => event::tell(Event::IssuerKeysRead),
            Ok(false) => {}
            Err(_) => event::tell(Event::IssuerKeysUnreadable),
        }
        welcome(&mut self.center, &self.latch).await
    }

    /// Nobody is in a hurry before an application has begun; but what is offered has to be what the center offers now.
    async fn until_applied(
        &mut self,
        front: &mut impl FrontEnd,
    ) -> Result<(Welcome, ProgrammeId), Problem> {
        let mut shown: Option<Welcome> = None;
        loop {
            let welcome = self.welcome().await?;
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

    /// Waits for a card, and meanwhile asks printer and payment unit: what is in the way there is told before a PIN is asked for.
    async fn until_placed(
        &mut self,
        applying: Applying,
        front: &mut impl FrontEnd,
    ) -> Result<Step<CardPlaced, ()>, Problem> {
        front.show(&View::PlaceCard);
        let Self {
            card,
            output,
            cabinet,
            patience: Patience { card: given, .. },
            ..
        } = self;
        let ready = async {
            output.ready(1).await.map_err(ProblemCode::from)?;
            if cabinet.fee.is_some() {
                let ready = cabinet.payment.ready().await;
                ready.map_err(ProblemCode::from)?;
            }
            Ok(())
        };
        let placed = async {
            let placed = applying.card_placed(card, NO_END);
            tokio::try_join!(placed, ready).map(|(placed, ())| placed)
        };
        let step = meanwhile(placed, front, *given).await?;
        step.ok_or_else(|| ProblemCode::NoCard.into())
    }

    async fn until_chosen(
        &mut self,
        placed: CardPlaced,
        front: &mut impl FrontEnd,
    ) -> Result<Step<PinEntry, ()>, Problem> {
        let kinds = self.checked_kinds(placed.kinds());
        front.show(&View::Kind(&kinds));
        let given = |intent: &Intent| matches!(intent, Intent::Kind(_) | Intent::Back);
        match self.input_while_it_lies(front, given).await? {
            Intent::Kind(kind) if kinds.contains(&kind) => Ok(Step::On(placed.choose(kind)?)),
            Intent::Kind(_) => Err(ProblemCode::KindNotOffered.into()),
            _ => Ok(Step::Back(())),
        }
    }

    async fn until_entered(
        &mut self,
        mut entry: PinEntry,
        front: &mut impl FrontEnd,
    ) -> Result<Step<CardRead, CardPlaced>, Problem> {
        loop {
            front.show(&View::Pin {
                remaining: entry.remaining(),
            });
            let given = |intent: &Intent| matches!(intent, Intent::Pin(_) | Intent::Back);
            let Intent::Pin(pin) = self.input_while_it_lies(front, given).await? else {
                return Ok(Step::Back(entry.back()));
            };
            front.show(&View::Reading);
            match entry
                .enter(pin, &mut self.card, &mut self.center, &self.urn)
                .await?
            {
                Entered::Read(read) => return Ok(Step::On(*read)),
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

    /// Where passports are read and one is needed, waits for one that can be taken.
    async fn until_passport(
        &mut self,
        mut taken: CardTaken,
        front: &mut impl FrontEnd,
    ) -> Result<CardTaken, Problem> {
        if !self.reads_passports || taken.kind() != CertificateKind::Abroad {
            return Ok(taken);
        }
        loop {
            front.show(&View::Passport);
            let read = self
                .input(front, |intent| matches!(intent, Intent::Passport(_)))
                .await?;
            let Intent::Passport(lines) = read else {
                continue;
            };
            match taken.with_passport(lines, hours::today(SystemTime::now())) {
                Ok(taken) => return Ok(taken),
                Err(refused) => taken = retry(refused, front)?,
            }
        }
    }

    /// The certificate, and since when it counts as issued.
    async fn until_checked(
        &mut self,
        mut taken: CardTaken,
        mut offered: Option<Offered>,
        front: &mut impl FrontEnd,
    ) -> Result<(Checked, Instant), Problem> {
        loop {
            let previewed = self.until_previewed(taken, offered.take(), front).await?;
            if let Step::Back(()) = self.until_agreed(&previewed, front).await? {
                taken = previewed.back();
                continue;
            }
            front.show(&View::Issuing);
            // It is registered later than it is asked for.
            let issued = Instant::now();
            let checked = previewed.confirm(&mut self.center, &self.issuer, &self.latch);
            return match checked.await {
                Ok(checked) => Ok((checked, issued)),
                Err(problem) if problem.code == ProblemCode::IssuerKeyUnknown => {
                    event::tell(Event::IssuerKeyUnknown);
                    // What a resident can do about it is to begin anew, once the operator has replaced the file.
                    Err(ProblemCode::AnswerUntrusted.into())
                }
                Err(problem) => Err(problem),
            };
        }
    }

    /// Waits until what is previewed is right and paid for. A payment that did not go through, and whose money is out again, can be
    /// tried again.
    async fn until_agreed(
        &mut self,
        previewed: &Previewed,
        front: &mut impl FrontEnd,
    ) -> Result<Step<(), ()>, Problem> {
        loop {
            front.show(&View::Preview(previewed.preview()));
            let given = self.input(front, |intent| matches!(intent, Intent::Go | Intent::Back));
            if let Intent::Back = given.await? {
                return Ok(Step::Back(()));
            }
            match self.until_paid(previewed, front).await {
                Err(problem)
                    if matches!(
                        problem.code,
                        ProblemCode::PaymentNoChange | ProblemCode::PaymentFailed
                    ) =>
                {
                    front.show(&View::Problem(&problem));
                }
                paid => return paid,
            }
        }
    }

    async fn until_previewed(
        &mut self,
        taken: CardTaken,
        offered: Option<Offered>,
        front: &mut impl FrontEnd,
    ) -> Result<Previewed, Problem> {
        let welcome = match offered.and_then(|offered| offered.within(self.patience.menu)) {
            Some(welcome) => welcome,
            None => self.offered(front).await?,
        };
        let mut kinds = self.checked_kinds(taken.kinds(&welcome));
        let mut taken = taken.offered_by(welcome)?;
        loop {
            let back = kinds.len() > 1;
            front.show(&View::Municipality {
                offers: taken.municipalities(),
                home: taken.home(),
                fee: self.cabinet.fee,
                back,
            });
            let chosen = self
                .input(front, |intent| match intent {
                    Intent::Back => back,
                    intent => matches!(intent, Intent::Municipality { .. }),
                })
                .await?;
            let Intent::Municipality { code, copies } = chosen else {
                (taken, kinds) = self.until_other_kind(taken, kinds, front).await?;
                continue;
            };
            front.show(&View::LookingUp);
            // Nothing is asked for that could not be put out.
            let ready = unless_cancelled(self.output.ready(copies), front).await?;
            if let Err(error) = ready {
                front.show(&View::Problem(&ProblemCode::from(error).into()));
                continue;
            }
            let inquired = taken.inquire(code, copies, &mut self.center, &self.latch);
            match unless_cancelled(inquired, front).await? {
                Ok(previewed) => return Ok(previewed),
                Err(refused) => taken = retry(refused, front)?,
            }
        }
    }

    /// What the center offers by now, to somebody who has a ticket.
    async fn offered(&mut self, front: &mut impl FrontEnd) -> Result<Welcome, Problem> {
        front.show(&View::LookingUp);
        let fetched = Welcome::fetch(&mut self.center, &self.latch);
        Ok(unless_cancelled(fetched, front).await??)
    }

    /// Whoever chose the wrong kind chooses again, without their card; with what is offered by now.
    async fn until_other_kind(
        &mut self,
        taken: CardTaken,
        kinds: Vec<CertificateKind>,
        front: &mut impl FrontEnd,
    ) -> Result<(CardTaken, Vec<CertificateKind>), Problem> {
        front.show(&View::OtherKind(&kinds));
        let chosen = self.input(
            front,
            |intent| matches!(intent, Intent::Kind(kind) if kinds.contains(kind)),
        );
        let Intent::Kind(kind) = chosen.await? else {
            return Ok((taken, kinds));
        };
        let welcome = self.offered(front).await?;
        let kinds = self.checked_kinds(taken.kinds(&welcome));
        if kind == taken.kind() {
            return Ok((taken.offered_by(welcome)?, kinds));
        }
        let other = taken.also(kind, welcome)?;
        Ok((self.until_passport(other, front).await?, kinds))
    }

    /// What could not be checked is not offered.
    fn checked_kinds(&self, mut kinds: Vec<CertificateKind>) -> Vec<CertificateKind> {
        kinds.retain(|kind| *kind == CertificateKind::Domestic || self.issuer.checks_abroad());
        kinds
    }

    /// Where there is a fee, waits until it is there. What was inserted comes out again when the resident goes back or cancels.
    async fn until_paid(
        &mut self,
        previewed: &Previewed,
        front: &mut impl FrontEnd,
    ) -> Result<Step<(), ()>, Problem> {
        let Some(fee) = self.cabinet.fee else {
            return Ok(Step::On(()));
        };
        let due = fee.times(previewed.preview().copies);
        let (coins, mut inserted) = watch::channel(Yen::default());
        let mut tell = |sum| {
            coins.send_replace(sum);
        };
        let step = {
            let mut collected = pin!(self.cabinet.payment.collect(due, &mut tell));
            loop {
                let sum = *inserted.borrow_and_update();
                front.show(&View::Fee { due, inserted: sum });
                // A coin is a sign that somebody is there: their time begins anew.
                let coin = async {
                    // The other end is here.
                    let _ = inserted.changed().await;
                };
                let paid = async {
                    tokio::select! {
                        biased;
                        paid = &mut collected => paid.map(|()| true).map_err(|error| ProblemCode::from(error).into()),
                        () = coin => Ok(false),
                    }
                };
                match meanwhile(paid, front, self.patience.input).await {
                    Ok(Some(Step::On(false))) => {}
                    Ok(Some(Step::On(true))) => break Ok(Step::On(())),
                    Ok(Some(Step::Back(()))) => break Ok(Step::Back(())),
                    Ok(None) => break Err(ProblemCode::TimedOut.into()),
                    Err(problem) => break Err(problem),
                }
            }
        };
        if !matches!(step, Ok(Step::On(()))) {
            let returned = self.cabinet.payment.give_back().await;
            returned.map_err(ProblemCode::from)?;
        }
        step
    }

    /// As [`input`](Self::input) while a card is held: who lifted it is told so at once, and not when they have typed their PIN.
    async fn input_while_it_lies(
        &mut self,
        front: &mut impl FrontEnd,
        fits: impl Fn(&Intent) -> bool + Send,
    ) -> Result<Intent, Problem> {
        tokio::select! {
            biased;
            intent = fitting(front, self.patience.input, fits) => intent,
            code = self.card.lifted() => Err(code.into()),
        }
    }

    /// The next intent that fits the view; what does not is ignored.
    async fn input(
        &self,
        front: &mut impl FrontEnd,
        fits: impl Fn(&Intent) -> bool + Send,
    ) -> Result<Intent, Problem> {
        fitting(front, self.patience.input, fits).await
    }
}

/// What is offered to whoever begins now: nothing, outside of hours or where no programme is left.
pub(crate) async fn welcome(center: &mut impl Center, latch: &Latch) -> Result<Welcome, Closed> {
    let welcome = Welcome::fetch(center, latch).await?;
    // Nothing to choose from is nothing to begin.
    if welcome.menu().programmes.is_empty() {
        return Err(ProblemCode::ProgrammeEnded.into());
    }
    let hours = &welcome.menu().hours;
    if hours::are_open(hours, SystemTime::now()) {
        Ok(welcome)
    } else {
        Err(Closed {
            problem: ProblemCode::OutsideHours.into(),
            says: Some(Says::Hours(hours.clone())),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
