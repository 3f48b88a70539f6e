//! Who swaps: a record system that says another's, a center that answers another's.

use std::sync::{Mutex, PoisonError};

use issuance_api::registry::{
    DeliveredAnswer, DeliveredRequest, EvidenceRequest as Evidence, Finding,
    InquiryRequest as Inquiry, Nonce, Outcome, Receipt, RegisterRequest, Revocations,
    RevocationsRequest, Ticket,
};
use issuance_api::terminal::{
    Challenge, DeliveredAnswer as Delivered, DeliveredRequest as Delivering, Dose, EvidenceAnswer,
    EvidenceRequest, InquiryAnswer, InquiryRequest, IssueAnswer, IssueRequest, Menu, Preview,
};
use issuance_api::{Array, CertificateKind, Date, Personal, PersonalDate, Problem, ProblemCode};
use issuance_center::registry::{Answer, Registry};
use terminal::ports::Center;
use vrs::statement::StatementKey;

use super::forge::{By, Forge, cut, flipped};
use super::lie::{At, Lies, Swap};
use crate::again::{again, issued_again};
use crate::random::Random;
use crate::simulator::{Link, LinkedCenter, Records, Resident};

/// A record system with its statement key in the wrong hands: it signs another's records as this one's.
pub(super) struct LyingRecords {
    records: Records,
    key: StatementKey,
    lies: Lies,
    found: Mutex<Vec<Outcome>>,
}

impl LyingRecords {
    pub(super) const fn new(records: Records, key: StatementKey, lies: Lies) -> Self {
        Self {
            records,
            key,
            lies,
            found: Mutex::new(Vec::new()),
        }
    }
}

impl Registry for LyingRecords {
    async fn nonce(&self) -> Answer<Nonce> {
        self.records.nonce().await
    }

    async fn evidence(&self, request: &Evidence) -> Answer<Ticket> {
        self.records.evidence(request).await
    }

    async fn inquiry(&self, request: &Inquiry) -> Answer<Finding> {
        let mut finding = self.records.inquiry(request).await?;
        let due = self.lies.due(At::Finding);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match (due, &mut finding.outcome) {
            (Some((_, mut random)), Outcome::Records(records)) if !found.is_empty() => {
                let other = random.below(found.len());
                if let Outcome::Records(others) = &found[other]
                    && others.holder != records.holder
                {
                    records.holder = again(&others.holder);
                    records.doses = again(&others.doses);
                    finding.signature = self.key.sign(&finding.message());
                    self.lies.told();
                }
            }
            (None, outcome) if found.len() < 100 => found.push(again(outcome)),
            _ => {}
        }
        Ok(finding)
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        self.records.register(request).await
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        self.records.delivered(request).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.records.revocations(request).await
    }
}

/// What is said otherwise.
type Change<'a> = &'a dyn Fn(&mut Preview);

/// Somebody's honest answers.
struct Answers {
    holder: String,
    kind: CertificateKind,
    previewed: InquiryAnswer,
    issued: IssueAnswer,
}

/// A center that answers with another's, or with what it made up.
pub(super) struct LyingCenter<R: Registry> {
    center: LinkedCenter<Link<R>>,
    forge: Forge,
    lies: Lies,
    previewed: Option<InquiryAnswer>,
    issued: Option<IssueAnswer>,
    kept: Vec<Answers>,
    /// The certificate is to say what the swapped preview says.
    throughout: bool,
}

impl<R: Registry> LyingCenter<R> {
    pub(super) const fn new(center: LinkedCenter<Link<R>>, forge: Forge, lies: Lies) -> Self {
        Self {
            center,
            forge,
            lies,
            previewed: None,
            issued: None,
            kept: Vec::new(),
            throughout: false,
        }
    }

    /// The same one, asked by another terminal.
    pub(super) fn at(self, center: LinkedCenter<Link<R>>) -> Self {
        Self { center, ..self }
    }

    /// Keeps the last answers as this resident's.
    pub(super) fn keep(&mut self, resident: &Resident, kind: CertificateKind) {
        if let (Some(previewed), Some(issued)) = (self.previewed.take(), self.issued.take()) {
            self.kept.push(Answers {
                holder: resident.name.clone(),
                kind,
                previewed,
                issued,
            });
        }
    }

    /// What reached the terminal last.
    pub(super) const fn last(&self) -> (Option<&InquiryAnswer>, Option<&IssueAnswer>) {
        (self.previewed.as_ref(), self.issued.as_ref())
    }

    /// Somebody else's, of the same kind.
    fn other(&self, own: &Preview, random: &mut Random) -> Option<(InquiryAnswer, IssueAnswer)> {
        let others = self
            .kept
            .iter()
            .filter(|it| it.kind == own.kind && it.holder != own.holder.name.expose());
        let others: Vec<_> = others.collect();
        (!others.is_empty()).then(|| {
            let other = others[random.below(others.len())];
            (again(&other.previewed), issued_again(&other.issued))
        })
    }

    fn swap_preview(&mut self, answer: &mut InquiryAnswer) {
        let due = self.lies.due(At::Preview);
        let Some((swap, mut random)) = due else {
            return;
        };
        let Some((other, _)) = self.other(&answer.preview, &mut random) else {
            return;
        };
        let before = again(answer);
        let (preview, others) = (&mut answer.preview, other.preview);
        match swap {
            Swap::Preview => *preview = others,
            Swap::PreviewName => preview.holder.name = others.holder.name,
            Swap::PreviewBirthDate => preview.holder.birth_date = others.holder.birth_date,
            Swap::PreviewMunicipality => preview.authority = others.authority,
            Swap::PreviewMunicipalityName => {
                preview.authority.name = others.authority.name;
                preview.authority.name_en = others.authority.name_en;
            }
            Swap::PreviewCopies => preview.copies += 1,
            Swap::PreviewKind => {
                preview.kind = match preview.kind {
                    CertificateKind::Domestic => CertificateKind::Abroad,
                    CertificateKind::Abroad => CertificateKind::Domestic,
                }
            }
            Swap::PreviewDoses => preview.doses = others.doses,
            Swap::PreviewPassport => preview.passport = others.passport,
            Swap::PassportThroughout => {
                preview.passport = others.passport;
                self.throughout = true;
            }
            Swap::DosesThroughout => {
                preview.doses = others.doses;
                self.throughout = true;
            }
            Swap::VaccineThroughout => {
                preview.doses.iter_mut().for_each(vaccinate_otherwise);
                self.throughout = true;
            }
            _ => answer.state = other.state,
        }
        if *answer != before {
            self.lies.told();
        }
    }

    fn swap_issued(&mut self, answer: &mut IssueAnswer) {
        let due = self.lies.due(At::Certificate);
        let (Some((swap, mut random)), Some(own)) = (due, &self.previewed) else {
            return;
        };
        let preview = again(&own.preview);
        let Some((other, others)) = self.other(&preview, &mut random) else {
            return;
        };
        let before = issued_again(answer);
        let certificate = |by: By, in_card: Change<'_>, in_seal: Change<'_>| {
            let says = [in_card, in_seal].map(|change| {
                let mut preview = again(&preview);
                change(&mut preview);
                preview
            });
            let [in_card, in_seal] = &says;
            self.forge.certificate(by, in_card, in_seal, &before)
        };
        let forged = |change: Change<'_>| certificate(By::Center, change, change);
        let others_own = |it: &mut Preview| *it = again(&other.preview);
        let other_lot = |it: &mut Preview| {
            let lot = &mut it.doses[0].lot;
            *lot = Personal::new(format!("{}X", lot.expose()));
        };
        let forged = match swap {
            Swap::ForgedName => forged(&|it| it.holder.name = again(&other.preview.holder.name)),
            Swap::ForgedBirthDate => {
                forged(&|it| it.holder.birth_date = other_day(&it.holder.birth_date))
            }
            Swap::ForgedDoses => forged(&other_lot),
            Swap::ForgedSeal => certificate(By::Center, &|_| (), &other_lot),
            Swap::ForgedPassport => forged(&|it| it.passport.clone_from(&other.preview.passport)),
            Swap::ForgedMore => forged(&|it| it.doses.push(again(&it.doses[0]))),
            Swap::UnknownKey | Swap::OthersPageUnderUnknownKey => {
                certificate(By::UnknownKey, &|_| (), &|_| ())
            }
            Swap::OthersUnderUnknownKey => certificate(By::UnknownKey, &others_own, &others_own),
            Swap::UnknownCsca => certificate(By::UnknownCsca, &|_| (), &|_| ()),
            Swap::OthersUnderUnknownCsca => certificate(By::UnknownCsca, &|_| (), &others_own),
            Swap::ForgedUnderUnknownCsca => certificate(By::UnknownCsca, &|_| (), &other_lot),
            _ => None,
        };
        match (swap, forged) {
            (Swap::All, _) => *answer = others,
            (Swap::Jws, _) => answer.jws = others.jws,
            (Swap::JwsAndPage, _) => (answer.jws, answer.page) = (others.jws, others.page),
            (Swap::JwsFlipped, _) => answer.jws = flipped(&answer.jws, random.below(1 << 16)),
            (Swap::Page, _) => answer.page = others.page,
            (Swap::PageCut, _) => answer.page = cut(&answer.page, random.below(1 << 24)),
            (Swap::Seal, _) => answer.vds_nc = others.vds_nc,
            (Swap::SealLeftOut, _) => answer.vds_nc = None,
            (Swap::SealFlipped, _) => {
                let flip = |seal: &Personal| flipped(seal, random.below(1 << 16));
                answer.vds_nc = answer.vds_nc.as_ref().map(flip);
            }
            (Swap::OthersPageUnderUnknownKey, Some(forged)) => {
                (answer.jws, answer.page) = (forged.jws, others.page);
            }
            (_, Some(forged)) => *answer = forged,
            _ => {}
        }
        if *answer != before {
            self.lies.told();
        }
    }
}

fn other_day(date: &PersonalDate) -> PersonalDate {
    let date = date.expose().get();
    Date::from(date.next_day().unwrap_or(date)).into()
}

/// With the codes of a vaccine that nobody here had, and the brand that is signed beside them.
fn vaccinate_otherwise(dose: &mut Dose) {
    let text = |text: &str| Personal::new(text.to_owned());
    dose.cvx = text("207");
    if let Some(abroad) = &mut dose.abroad {
        abroad.icd11 = text("XM3DT5");
        abroad.brand = text("Spikevax");
    }
}

impl<R: Registry> Center for LyingCenter<R> {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        self.center.menu().await
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        self.center.challenge().await
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        self.center.evidence(request).await
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        (self.previewed, self.issued, self.throughout) = (None, None, false);
        let mut answer = self.center.inquiry(request).await?;
        self.swap_preview(&mut answer);
        self.previewed = Some(again(&answer));
        Ok(answer)
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        let mut answer = self.center.issue(request).await?;
        self.swap_issued(&mut answer);
        if let (true, Some(own)) = (self.throughout, &self.previewed) {
            let preview = &own.preview;
            let forged = self
                .forge
                .certificate(By::Center, preview, preview, &answer);
            answer = forged.ok_or(ProblemCode::InternalError)?;
        }
        self.issued = Some(issued_again(&answer));
        Ok(answer)
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> Delivering + Send + Sync,
    ) -> Result<Delivered, Problem> {
        self.center.delivered(request).await
    }
}
