//! A center, and the record system behind it. It checks every signature of the session key, as the real ones do.

use std::time::Duration;

use card::evidence::Evidence;
use dev_pages::page;
use ed25519_dalek::VerifyingKey;
use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, InquiryAnswer,
    InquiryRequest, IssueAnswer, IssueRequest, Menu, Preview,
};
use issuance_api::{
    Array, Blob, CertificateKind, IssueIntent, Personal, PersonalBytes, Problem, ProblemCode,
    inquiry_message, issue_message, passport::PassportMrz,
};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::{EXPORTER, STATE, STATE_ABROAD, Script, evidence};
use crate::handover::qr_text;
use crate::handover::sealing::Sealer;
use crate::handover::testing::Maker;
use crate::handover::testing::again;
use crate::ports::Center;

/// What comes for a preview; `Maker::answer` is what should.
pub(crate) type Answer = fn(&Maker, &Preview) -> IssueAnswer;

/// A center, and the record system behind it.
pub(crate) struct TestCenter {
    pub(crate) maker: Maker,
    pub(crate) menu: Menu,
    /// What is offered from the second time on that it is asked, where that is something else.
    pub(crate) later: Option<Menu>,
    pub(crate) menus: Script<Problem>,
    pub(crate) preview: Preview,
    /// For abroad, where that is offered.
    pub(crate) abroad: Option<(Preview, Sealer)>,
    pub(crate) answer: Answer,
    /// Believes cards that the surface AP does not bind.
    pub(crate) takes_unbound: bool,
    /// How long it takes over requests of this name.
    pub(crate) ponders: (&'static str, Duration),
    pub(crate) challenges: Script<Problem>,
    pub(crate) inquiries: Script<Problem>,
    pub(crate) issues: Script<Problem>,
    pub(crate) reports: Script<Problem>,
    /// Names of the requests so far.
    pub(crate) asked: Vec<&'static str>,
    pub(super) session: Option<VerifyingKey>,
}

impl TestCenter {
    pub(crate) fn count(&self, request: &str) -> usize {
        self.asked.iter().filter(|asked| **asked == request).count()
    }

    async fn asked(&mut self, request: &'static str) {
        self.asked.push(request);
        let (slow, takes) = self.ponders;
        if slow == request {
            sleep(takes).await;
        }
    }

    fn check(&self, message: &[u8], proof: &Array<64>) {
        let key = self.session.expect("evidence comes first");
        let proof = proof.as_bytes().into();
        key.verify_strict(message, &proof)
            .expect("the session key signed this");
    }

    fn check_state(&self, intent: IssueIntent, state: &Blob, proof: &Array<64>) {
        let digest = Array::new(Sha256::digest(state.as_bytes()).into());
        self.check(&issue_message(intent, &digest, &EXPORTER.into()), proof);
    }
}

impl Center for TestCenter {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        self.menus.next()?;
        let later = self.later.as_ref().filter(|_| self.count("menu") > 0);
        let menu = later.unwrap_or(&self.menu).clone();
        self.asked("menu").await;
        Ok(menu)
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        self.asked("challenge").await;
        self.challenges.next()?;
        let challenge = Challenge {
            center_nonce: Array::new([1; 32]),
            vrs_nonce: Blob::new(b"nonce".to_vec()),
            center: "center-1".parse().unwrap(),
            vrs: "vrs-1".parse().unwrap(),
            expires_in_seconds: 60,
        };
        Ok((challenge, EXPORTER.into()))
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        self.asked("evidence").await;
        self.session = VerifyingKey::from_bytes(request.session_key.as_bytes()).ok();
        let bound = Evidence::decode(request.evidence.as_bytes())
            .unwrap()
            .has_surface();
        let sent = evidence(bound).encode();
        assert_eq!(request.evidence.as_bytes(), sent.as_slice());
        if !bound && !self.takes_unbound {
            return Err(ProblemCode::CardBindingMissing.into());
        }
        Ok(EvidenceAnswer {
            ticket: Blob::new(b"ticket".to_vec()),
            expires_in_seconds: 600,
        })
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        self.asked("inquiry").await;
        let request = request(&EXPORTER.into());
        let message = inquiry_message(
            &request.ticket,
            &request.programme,
            &request.municipality,
            request.kind,
            request
                .passport
                .as_deref()
                .map(PassportMrz::digest)
                .as_ref(),
            &EXPORTER.into(),
        );
        self.check(&message, &request.proof);
        self.inquiries.next()?;
        let (preview, state) = match (request.kind, &self.abroad) {
            (CertificateKind::Abroad, Some((preview, _))) => (preview, STATE_ABROAD),
            _ => (&self.preview, STATE),
        };
        Ok(InquiryAnswer {
            preview: again(preview),
            state: Blob::new(state.to_vec()),
            expires_in_seconds: 900,
        })
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        self.asked("issue").await;
        let request = request(&EXPORTER.into());
        self.check_state(IssueIntent::Issue, &request.state, &request.proof);
        self.issues.next()?;
        match (&self.abroad, request.state.as_bytes()) {
            (Some((preview, sealer)), STATE_ABROAD) => {
                let mut answer = (self.answer)(&self.maker, preview);
                let seal = sealer.seal(preview, &answer.certificate_id);
                let texts = [&*qr_text(answer.jws.expose()), &*seal];
                answer.page = PersonalBytes::new(page(&texts));
                answer.vds_nc = Some(Personal::new(seal));
                Ok(answer)
            }
            (_, STATE) => Ok((self.answer)(&self.maker, &self.preview)),
            _ => panic!("no state that was given out"),
        }
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> Result<DeliveredAnswer, Problem> {
        self.asked("delivered").await;
        let request = request(&EXPORTER.into());
        self.check_state(IssueIntent::Delivered, &request.state, &request.proof);
        self.reports.next()?;
        Ok(DeliveredAnswer {})
    }
}
