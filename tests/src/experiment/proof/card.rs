//! Asking for a ticket.

use std::io;

use card::evidence::Evidence;
use issuance_api::registry::{EvidenceRequest, Ticket};
use issuance_api::terminal::Challenge;
use issuance_api::{Array, Blob, PersonalBytes, ProblemCode};
use issuance_center::registry::Registry;

use super::{Application, Bad, EXPORTER, OTHER_CENTER, refusal};
use crate::again::files_again;
use crate::applicant::Applicant;
use crate::experiment::replay::mixture::mixed;
use crate::simulator::town::kiosk;

/// With what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Nothing,
    Rubbish,
    BitOtherwise,
    CutOff,
    Earlier,
    Anothers,
    AnothersFiles,
    WithoutBinding,
    ForgedCard,
    OtherTerminal,
    OwnSessionKey,
    OtherConnection,
    OtherCenterNonce,
    ForOtherCenter,
    NonceOfOtherCenter,
    NonceMadeUp,
    NonceTwice,
}

impl Way {
    pub(super) const ALL: [Self; 17] = [
        Self::Nothing,
        Self::Rubbish,
        Self::BitOtherwise,
        Self::CutOff,
        Self::Earlier,
        Self::Anothers,
        Self::AnothersFiles,
        Self::WithoutBinding,
        Self::ForgedCard,
        Self::OtherTerminal,
        Self::OwnSessionKey,
        Self::OtherConnection,
        Self::OtherCenterNonce,
        Self::ForOtherCenter,
        Self::NonceOfOtherCenter,
        Self::NonceMadeUp,
        Self::NonceTwice,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "no evidence",
            Self::Rubbish => "rubbish",
            Self::BitOtherwise => "evidence with a bit otherwise",
            Self::CutOff => "evidence cut off",
            Self::Earlier => "evidence from earlier",
            Self::Anothers => "another's evidence",
            Self::AnothersFiles => "evidence with another's files",
            Self::WithoutBinding => "evidence without its binding",
            Self::ForgedCard => "a card of its own making",
            Self::OtherTerminal => "evidence made at another terminal",
            Self::OwnSessionKey => "evidence for a session key that is not the resident's",
            Self::OtherConnection => "evidence made on another connection",
            Self::OtherCenterNonce => "evidence over another nonce of the center's",
            Self::ForOtherCenter => "evidence made for another center",
            Self::NonceOfOtherCenter => "another center's nonce",
            Self::NonceMadeUp => "a nonce it made up",
            Self::NonceTwice => "a nonce used before",
        }
    }
}

impl<R: Registry> Bad<'_, R> {
    async fn challenge(&self) -> io::Result<Challenge> {
        let minted = self.vrs.nonce().await.map_err(refusal)?;
        Ok(Challenge {
            center_nonce: Array::new([7; 32]),
            vrs_nonce: minted.nonce,
            center: self.id.clone(),
            vrs: minted.vrs,
            expires_in_seconds: 60,
        })
    }

    /// As an honest center would ask.
    fn honest(application: &Application<'_>, challenge: &Challenge) -> (Evidence, EvidenceRequest) {
        let mut card = application.resident.card();
        let applicant = &application.applicant;
        let evidence = applicant.answer(&mut card, challenge, &EXPORTER);
        let request = request(application, challenge, &evidence);
        (evidence, request)
    }

    /// The ticket that is got for proof.
    pub(super) async fn ticket(&self, application: &Application<'_>) -> io::Result<Blob> {
        let (_, request) = Self::honest(application, &self.challenge().await?);
        let ticket = self.vrs.evidence(&request).await;
        Ok(ticket.map_err(refusal)?.ticket)
    }

    /// Asks for one this way.
    pub(super) async fn present(
        &mut self,
        way: Way,
        application: &Application<'_>,
    ) -> io::Result<Result<Ticket, ProblemCode>> {
        let challenge = self.challenge().await?;
        let applicant = &application.applicant;
        let (evidence, mut asked) = Self::honest(application, &challenge);
        let length = asked.evidence.as_bytes().len();
        match way {
            Way::Nothing => asked.evidence = PersonalBytes::new(Vec::new()),
            Way::Rubbish => asked.evidence = PersonalBytes::new(vec![0xA5; length]),
            Way::BitOtherwise => {
                let mut bytes = asked.evidence.as_bytes().to_vec();
                bytes[self.random.below(length)] ^= 1 << self.random.below(8);
                asked.evidence = PersonalBytes::new(bytes);
            }
            Way::CutOff => {
                let bytes = &asked.evidence.as_bytes()[..self.random.below(length)];
                asked.evidence = PersonalBytes::new(bytes.to_vec());
            }
            Way::Earlier => {
                let (_, earlier) = Self::honest(application, &self.challenge().await?);
                asked.evidence = earlier.evidence;
            }
            Way::Anothers => {
                let other = self
                    .people
                    .to_mix_with(application.resident, &mut self.random);
                let earlier = self.challenge().await?;
                let other = applicant.answer(&mut other.card(), &earlier, &EXPORTER);
                asked.evidence = PersonalBytes::new(other.encode().to_vec());
            }
            Way::AnothersFiles => {
                let other = self
                    .people
                    .to_mix_with(application.resident, &mut self.random);
                let other = applicant.answer(&mut other.card(), &challenge, &EXPORTER);
                let mixture = mixed(&evidence, &other, &mut self.random);
                asked.evidence = PersonalBytes::new(mixture.encode().to_vec());
            }
            Way::WithoutBinding => {
                let (files, answer) = (files_again(evidence.files()), evidence.answer().clone());
                let bare = Evidence::new(files, answer, None);
                asked.evidence = PersonalBytes::new(bare.encode().to_vec());
            }
            Way::ForgedCard => {
                let mut card = application.resident.forged(self.ground)?;
                let forged = applicant.answer(&mut card, &challenge, &EXPORTER);
                asked.evidence = PersonalBytes::new(forged.encode().to_vec());
            }
            Way::OtherTerminal => asked.terminal = kiosk(900),
            Way::OwnSessionKey => {
                asked.session_key = Applicant::new(applicant.link()).session_key()
            }
            Way::OtherConnection => asked.exporter = Array::new([8; 32]),
            Way::OtherCenterNonce => asked.center_nonce = Array::new([8; 32]),
            Way::ForOtherCenter => {
                let elsewhere = Challenge {
                    center: OTHER_CENTER.parse().expect("a center's id"),
                    ..challenge
                };
                (_, asked) = Self::honest(application, &elsewhere);
            }
            Way::NonceOfOtherCenter => {
                let elsewhere = Challenge {
                    vrs_nonce: self.other.nonce().await.map_err(refusal)?.nonce,
                    ..challenge
                };
                (_, asked) = Self::honest(application, &elsewhere);
            }
            Way::NonceMadeUp => {
                let made_up = Challenge {
                    vrs_nonce: Blob::new(vec![0xA5; challenge.vrs_nonce.as_bytes().len()]),
                    ..challenge
                };
                (_, asked) = Self::honest(application, &made_up);
            }
            Way::NonceTwice => {
                self.vrs.evidence(&asked).await.map_err(refusal)?;
            }
        }
        Ok(self.vrs.evidence(&asked).await)
    }
}

fn request(
    Application { applicant, .. }: &Application<'_>,
    challenge: &Challenge,
    evidence: &Evidence,
) -> EvidenceRequest {
    EvidenceRequest {
        center_nonce: challenge.center_nonce.clone(),
        vrs_nonce: challenge.vrs_nonce.clone(),
        terminal: applicant.urn().parse().expect("a terminal's URN"),
        exporter: EXPORTER,
        session_key: applicant.session_key(),
        evidence: PersonalBytes::new(evidence.encode().to_vec()),
    }
}
