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
use crate::random::Random;
use crate::simulator::{People, Resident};
use crate::world::MUNICIPALITIES;

/// How often a request that may be repeated is sent.
const ATTEMPTS: u32 = 4;

/// A certificate that reached a resident.
pub(super) struct Handed {
    /// Whose it is to be, of the people.
    pub(super) resident: usize,
    /// In which application.
    pub(super) application: usize,
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
    began: BTreeSet<i64>,
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
    pub(super) keys: Arc<verify::Jwks>,
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
        keys: Arc<verify::Jwks>,
        plan: Plan,
        surroundings: S,
    ) -> Self {
        Self {
            people,
            issuer,
            keys,
            plan,
            surroundings,
            begun: AtomicUsize::new(0),
            tally: Mutex::default(),
        }
    }

    /// A kiosk's day, with the center it belongs to and another.
    pub(super) async fn serve<L: Link>(&self, ways: [&L; 2]) {
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
            let resident = self
                .surroundings
                .decide(|random| random.below(self.people.residents.len()));
            match self.apply(number, resident, ways).await {
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

    async fn apply<L: Link>(&self, number: usize, who: usize, ways: [&L; 2]) -> Result<(), End> {
        let resident = &self.people.residents[who];
        let applicant = Applicant::new(ways[0].clone());
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
        self.judge_preview(resident, &shown);
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
                self.check(&holder, &authority, &shown, issued_again(&issued))?;
            }
            self.judge(number, who, &issued);
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
        if let Some(handed) = tally.handed.get_mut(&issued.certificate_id.to_string()) {
            handed.reported = true;
        }
        Ok(())
    }

    fn judge_preview(&self, resident: &Resident, shown: &InquiryAnswer) {
        let own = resident.is_previewed_by(&shown.preview);
        self.tally().outcome.crossed += usize::from(!own);
    }

    /// Whether this certificate is this resident's, and this application's alone.
    fn judge(&self, application: usize, who: usize, issued: &IssueAnswer) {
        let resident = &self.people.residents[who];
        let now = self.surroundings.now() / 1000;
        let card = verify::check(issued.jws.expose(), &self.keys, now);
        let own = card.is_ok_and(|card| resident.is_certified_by(&card));
        let page: [u8; 32] = Sha256::digest(issued.page.as_bytes()).into();
        let mut all = Sha256::new_with_prefix(page);
        all.update(issued.jws.expose());
        let digest: [u8; 32] = all.finalize().into();
        let id = issued.certificate_id.to_string();
        let mut tally = self.tally();
        let own_page = *tally.pages.entry(page).or_insert_with(|| id.clone()) == id;
        let first = !tally.handed.contains_key(&id);
        let handed = tally.handed.entry(id).or_insert(Handed {
            resident: who,
            application,
            reported: false,
            digest,
        });
        let same =
            (handed.resident, handed.application, handed.digest) == (who, application, digest);
        tally.outcome.issued += usize::from(first);
        tally.outcome.crossed += usize::from(!(own && own_page && same));
    }

    /// Has the kiosk's own check look at it, from what the kiosk has.
    fn check(
        &self,
        holder: &CardHolder,
        authority: &Authority,
        shown: &InquiryAnswer,
        issued: IssueAnswer,
    ) -> Result<(), End> {
        let programme = "covid-19".parse().expect("a programme's id");
        let asked = Asked {
            programme: &programme,
            kind: CertificateKind::Domestic,
            authority,
            copies: 1,
            passport: None,
        };
        let good = holder.check_preview(&asked, &shown.preview).is_ok()
            && self.issuer.check(holder, &shown.preview, issued).is_ok();
        let mut tally = self.tally();
        tally.outcome.checked += 1;
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
