//! All kiosks' residents: what they do, and how what they get is judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use issuance_api::terminal::{Authority, InquiryAnswer, IssueAnswer, Menu, MunicipalityOffer};
use issuance_api::{CertificateKind, MunicipalityCode, ProblemCode};
use issuance_channel::client::CallError;
use sha2::{Digest, Sha256};
use terminal::handover::{Asked, CardHolder, Issuer};

use super::{Outcome, Plan};
use crate::again::issued_again;
use crate::applicant::{self, Applicant, Line, Link};
use crate::experiment::verifier::Verifier;
use crate::random::Random;
use crate::simulator::People;
use crate::world::MUNICIPALITIES;

/// How often a request that may be repeated is sent.
const ATTEMPTS: u32 = 4;

/// A certificate that reached a resident.
pub(super) struct Handed {
    /// Whose it is to be, of the people.
    pub(super) resident: usize,
    /// In which application.
    pub(super) application: usize,
    /// Whether it is for abroad, by an app.
    pub(super) by_app: bool,
    /// Whether the center confirmed that it was handed over.
    pub(super) reported: bool,
    digest: [u8; 32],
}

/// What there is so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) outcome: Outcome,
    /// By its id.
    pub(super) handed: HashMap<String, Handed>,
    /// Pages, each of which belongs to one certificate.
    pages: HashMap<[u8; 32], String>,
    /// Residents who have a certificate for abroad from an app, as the center confirmed: once for each.
    earlier: Vec<usize>,
    began: BTreeSet<i64>,
}

/// What somebody comes for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// For use in Japan, at a kiosk.
    Domestic,
    /// For abroad by an app, which reads their passport.
    ByApp,
    /// For abroad at a kiosk, which reads none: it rests on an earlier one by an app.
    AtKiosk,
}

impl Wish {
    const fn kind(self) -> CertificateKind {
        match self {
            Self::Domestic => CertificateKind::Domestic,
            Self::ByApp | Self::AtKiosk => CertificateKind::Abroad,
        }
    }
}

/// Somebody who comes.
#[derive(Clone, Copy)]
struct Visit {
    /// In which application.
    number: usize,
    /// Who, of the people.
    who: usize,
    wish: Wish,
}

/// What decides where nothing else does, and what time it is.
pub(super) trait Surroundings: Send + Sync {
    /// Lets chance decide.
    fn decide<T>(&self, by: impl FnOnce(&mut Random) -> T) -> T;

    /// Unix time in milliseconds.
    fn now(&self) -> i64;

    /// Lets others go first: before a resident comes, and before a request is sent again.
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

/// All kiosks' residents, and what is judged.
pub(super) struct Counter<S> {
    pub(super) people: Arc<People>,
    pub(super) issuer: Arc<Issuer>,
    pub(super) verifier: Arc<Verifier>,
    pub(super) plan: Plan,
    pub(super) surroundings: S,
    begun: AtomicUsize,
    tally: Mutex<Tally>,
}

/// How an application ended without everything.
enum End {
    /// The resident had enough.
    Left,
    /// Something was in the way.
    Problem(ProblemCode),
    /// The hand-over check found what did not belong: this kiosk issues nothing any more.
    OutOfService,
}

impl From<CallError> for End {
    fn from(error: CallError) -> Self {
        Self::Problem(applicant::problem(&error))
    }
}

/// The municipality as a menu has it.
fn offered(menu: &Menu, code: MunicipalityCode) -> Option<Authority> {
    let mut offers = menu.programmes.iter().flat_map(|it| &it.municipalities);
    let offered = offers.find(|it| it.code == code);
    offered.map(MunicipalityOffer::authority)
}

impl<S: Surroundings> Counter<S> {
    pub(super) fn new(
        people: Arc<People>,
        issuer: Arc<Issuer>,
        verifier: Arc<Verifier>,
        plan: Plan,
        surroundings: S,
    ) -> Self {
        Self {
            people,
            issuer,
            verifier,
            plan,
            surroundings,
            begun: AtomicUsize::new(0),
            tally: Mutex::default(),
        }
    }

    /// A kiosk's day, with the center it belongs to and another. Where certificates for abroad are wanted: once in how many times, and the same two
    /// centers' ways of the app that gives some of them.
    pub(super) async fn serve<L: Link>(&self, kiosk: [&L; 2], abroad: Option<(usize, [&L; 2])>) {
        loop {
            self.surroundings.wait().await;
            let number = self.begun.fetch_add(1, Ordering::SeqCst);
            if number >= self.plan.applications {
                return;
            }
            {
                let mut tally = self.tally();
                tally.outcome.applications += 1;
                let first = tally.began.insert(self.surroundings.now());
                tally.outcome.same_tick += usize::from(!first);
            }
            let visit = self.next(number, abroad.map(|(times, _)| times));
            let ways = match (visit.wish, abroad) {
                (Wish::ByApp, Some((_, app))) => app,
                _ => kiosk,
            };
            match self.apply(visit, ways).await {
                Ok(()) => {}
                Err(End::Left) => self.tally().outcome.left += 1,
                Err(End::OutOfService) => {
                    self.tally().outcome.refused += 1;
                    // One is enough: nobody comes any more.
                    self.begun.store(self.plan.applications, Ordering::SeqCst);
                    return;
                }
                Err(End::Problem(code)) => {
                    *self
                        .tally()
                        .outcome
                        .problems
                        .entry(code.as_str())
                        .or_default() += 1;
                }
            }
        }
    }

    /// Who comes next, and for what. Where nobody wants a certificate for abroad nothing is drawn for it.
    fn next(&self, number: usize, abroad: Option<usize>) -> Visit {
        let below = |end| self.surroundings.decide(|random| random.below(end));
        let earlier = self.tally().earlier.len();
        let wish = match abroad {
            Some(times) if self.once_in(times) => match earlier > 0 && self.once_in(2) {
                true => Wish::AtKiosk,
                false => Wish::ByApp,
            },
            _ => Wish::Domestic,
        };
        let who = match wish {
            Wish::AtKiosk => {
                let place = below(earlier);
                self.tally().earlier[place]
            }
            Wish::Domestic | Wish::ByApp => below(self.people.residents.len()),
        };
        Visit { number, who, wish }
    }

    fn once_in(&self, times: usize) -> bool {
        self.surroundings.decide(|random| random.once_in(times))
    }

    /// The resident may cancel before every step.
    fn stays(&self) -> Result<(), End> {
        if self.once_in(self.plan.leaves_in) {
            Err(End::Left)
        } else {
            Ok(())
        }
    }

    /// Sends a request again where that may help.
    async fn repeated<T>(&self, request: impl AsyncFn() -> Result<T, CallError>) -> Result<T, End> {
        let wait = async |_| {
            self.tally().outcome.repeated += 1;
            self.surroundings.wait().await;
        };
        let answer = applicant::repeated(ATTEMPTS, request, wait).await;
        answer.map_err(End::Problem)
    }

    async fn apply<L: Link>(&self, visit: Visit, ways: [&L; 2]) -> Result<(), End> {
        let resident = &self.people.residents[visit.who];
        let mut applicant = Applicant::new(ways[0].clone());
        if visit.wish.kind() == CertificateKind::Abroad {
            let read = visit.wish == Wish::ByApp;
            applicant = applicant.abroad(read.then(|| resident.passport().mrz()));
        }
        let authority = offered(&applicant.menu().await?, resident.municipality);
        let authority = authority.ok_or(End::Problem(ProblemCode::MunicipalityNotTakingPart))?;
        self.stays()?;
        let mut challenged = applicant.challenge().await?;
        let mut card = resident.card();
        let exporter = challenged.connection.exporter().clone();
        let evidence = applicant.answer(&mut card, &challenged.challenge, &exporter);
        let holder = CardHolder::read(evidence.files().attributes.attributes());
        let ticket = applicant.send(&mut challenged, &evidence).await?.ticket;
        drop(challenged);
        self.stays()?;
        if self.once_in(30) {
            // Not where the records are.
            let others = MUNICIPALITIES
                .iter()
                .filter(|it| **it != resident.municipality.as_str());
            for other in others {
                let other = other.parse().expect("a municipality's code");
                drop(applicant.inquire(&ticket, other).await);
            }
        }
        let ask = async || applicant.inquire(&ticket, resident.municipality).await;
        let mut shown = self.repeated(ask).await?;
        if self.once_in(30) {
            // Back from the preview, and again.
            shown = self.repeated(ask).await?;
        }
        self.judge_preview(visit, &shown);
        self.stays()?;
        if self.once_in(100) {
            // By mistake to the other center, which cannot know it.
            let elsewhere = applicant.at(ways[1].clone());
            if elsewhere.issue(&shown.state).await.is_ok() {
                self.tally().outcome.crossed += 1;
            }
        }
        let take = async || -> Result<IssueAnswer, End> {
            let issue = async || applicant.issue(&shown.state).await;
            let issued = self.repeated(issue).await?;
            if self.once_in(self.plan.checked_in) {
                self.check(visit, &holder, &authority, &shown, issued_again(&issued))?;
            }
            self.judge(visit, &issued);
            Ok(issued)
        };
        let issued = take().await?;
        if self.once_in(30) {
            // The same again is the same, and nothing else is handed over.
            take().await?;
        }
        self.stays()?;
        self.repeated(async || applicant.delivered(&shown.state).await)
            .await?;
        let mut tally = self.tally();
        tally.outcome.delivered += 1;
        if visit.wish == Wish::ByApp {
            tally.earlier.push(visit.who);
        }
        if let Some(handed) = tally.handed.get_mut(&issued.certificate_id.to_string()) {
            handed.reported = true;
        }
        Ok(())
    }

    fn judge_preview(&self, visit: Visit, shown: &InquiryAnswer) {
        let resident = &self.people.residents[visit.who];
        let (kind, preview) = (visit.wish.kind(), &shown.preview);
        let own = resident.is_previewed_by(preview)
            && preview.kind == kind
            && preview.passport.is_some() == (kind == CertificateKind::Abroad);
        self.tally().outcome.crossed += usize::from(!own);
    }

    /// Whether this certificate is this resident's, and this application's alone.
    fn judge(&self, visit: Visit, issued: &IssueAnswer) {
        let Visit { number, who, wish } = visit;
        let resident = &self.people.residents[who];
        let now = self.surroundings.now() / 1000;
        let is_abroad = wish.kind() == CertificateKind::Abroad;
        let own =
            self.verifier.is_of(issued, resident, now) && issued.vds_nc.is_some() == is_abroad;
        let page: [u8; 32] = Sha256::digest(issued.page.as_bytes()).into();
        let mut all = Sha256::new_with_prefix(page);
        all.update(issued.jws.expose());
        if let Some(seal) = &issued.vds_nc {
            all.update(seal.expose());
        }
        let digest: [u8; 32] = all.finalize().into();
        let id = issued.certificate_id.to_string();
        let mut tally = self.tally();
        let own_page = *tally.pages.entry(page).or_insert_with(|| id.clone()) == id;
        let first = !tally.handed.contains_key(&id);
        let handed = tally.handed.entry(id).or_insert(Handed {
            resident: who,
            application: number,
            by_app: wish == Wish::ByApp,
            reported: false,
            digest,
        });
        let same = (handed.resident, handed.application, handed.digest) == (who, number, digest);
        let outcome = &mut tally.outcome;
        outcome.issued += usize::from(first);
        outcome.by_app += usize::from(first && wish == Wish::ByApp);
        outcome.at_kiosk += usize::from(first && wish == Wish::AtKiosk);
        outcome.crossed += usize::from(!(own && own_page));
        outcome.mixed += usize::from(own && own_page && !same);
    }

    /// Has the terminal's own check look at it, from what the terminal has: what was asked for, and the passport where it read one.
    fn check(
        &self,
        visit: Visit,
        holder: &CardHolder,
        authority: &Authority,
        shown: &InquiryAnswer,
        issued: IssueAnswer,
    ) -> Result<(), End> {
        let resident = &self.people.residents[visit.who];
        let programme = "covid-19".parse().expect("a programme's id");
        let read = visit.wish == Wish::ByApp;
        let passport = read.then(|| resident.passport().data());
        let asked = Asked {
            programme: &programme,
            kind: visit.wish.kind(),
            authority,
            copies: 1,
            passport: passport.as_deref(),
        };
        let good = holder.check_preview(&asked, &shown.preview).is_ok()
            && self.issuer.check(holder, &shown.preview, issued).is_ok();
        let mut tally = self.tally();
        tally.outcome.checked += 1;
        let is_abroad = visit.wish.kind() == CertificateKind::Abroad;
        tally.outcome.checked_abroad += usize::from(is_abroad);
        if good {
            return Ok(());
        }
        drop(tally);
        Err(End::OutOfService)
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
