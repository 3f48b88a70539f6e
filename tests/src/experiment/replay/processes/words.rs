//! What is asked under a ticket and a state: at another kiosk, and signed for another connection.

use std::io;

use issuance_api::terminal::{
    DeliveredAnswer, DeliveredRequest, InquiryAnswer, InquiryRequest, IssueRequest,
};
use issuance_api::{
    Array, Blob, CertificateKind, IssueIntent, ProblemCode, inquiry_message, issue_message,
};
use sha2::{Digest, Sha256};

use super::recording::connection;
use super::tally::Tally;
use super::{OTHER, OWN};
use crate::applicant::{self, Applicant};
use crate::experiment::replay::kiosk::{code, ticket};
use crate::simulator::Resident;
use crate::world::World;

/// Ticket and state at another kiosk, and what was signed for another connection; then as it should be.
pub(super) async fn words(
    world: &World,
    resident: &Resident,
    tally: &mut Tally,
) -> io::Result<(Applicant, Blob)> {
    let own = Applicant::new(world.terminal(OWN));
    let other = own.at(world.terminal(OTHER));
    let ticket = ticket(&own, resident).await?;
    let mut signed = connection(&world.terminal(OWN), tally).await?;
    let mut unsigned = connection(&world.terminal(OWN), tally).await?;
    let exporter = signed.exporter().clone();

    let said = code(other.inquire(&ticket, resident.municipality).await);
    tally.refused("another kiosk's ticket", said, ProblemCode::TicketInvalid);
    let request = inquiry(&own, &ticket, resident, &exporter);
    let answer = unsigned.post_sealed::<_, InquiryAnswer>("/v1/inquiry", &request);
    tally.refused(
        "an inquiry signed for another connection",
        code(answer.await),
        ProblemCode::SessionProofInvalid,
    );
    let shown = signed.post_sealed::<_, InquiryAnswer>("/v1/inquiry", &request);
    let InquiryAnswer { state, preview, .. } = shown.await.map_err(io::Error::other)?;
    tally.so(
        "the same inquiry on its own connection: their preview",
        resident.is_previewed_by(&preview),
    );

    let said = code(other.issue(&state).await);
    tally.refused("another kiosk's state", said, ProblemCode::StateInvalid);
    let proof = proof(&own, IssueIntent::Issue, &state, &exporter);
    let request = IssueRequest {
        state: state.clone(),
        proof,
    };
    tally.refused(
        "an issue signed for another connection",
        code(applicant::issue(&mut unsigned, &request).await),
        ProblemCode::SessionProofInvalid,
    );
    let issued = applicant::issue(&mut signed, &request).await;
    let issued = issued.map_err(io::Error::other)?;
    tally.certified(
        "the same issue on its own connection: their certificate",
        resident,
        &issued,
    );
    let again = own.at(world.terminal(OWN)).issue(&state).await;
    tally.so(
        "an issue repeated on another connection, signed for it: the same certificate",
        again.is_ok_and(|again| again == issued),
    );
    let said = code(other.issue(&state).await);
    tally.refused(
        "an issue repeated at another kiosk",
        said,
        ProblemCode::StateInvalid,
    );

    let said = code(other.delivered(&state).await);
    tally.refused(
        "another kiosk's state handed over",
        said,
        ProblemCode::StateInvalid,
    );
    let proof = self::proof(&own, IssueIntent::Delivered, &state, &exporter);
    let request = DeliveredRequest { state, proof };
    let answer = unsigned.post_sealed::<_, DeliveredAnswer>("/v1/delivered", &request);
    tally.refused(
        "a hand-over signed for another connection",
        code(answer.await),
        ProblemCode::SessionProofInvalid,
    );
    let answer = signed.post_sealed::<_, DeliveredAnswer>("/v1/delivered", &request);
    tally.believed(
        "the same hand-over on its own connection",
        code(answer.await),
    );
    Ok((own, ticket))
}

/// The resident's words for a connection.
fn inquiry(
    applicant: &Applicant,
    ticket: &Blob,
    resident: &Resident,
    exporter: &Array<32>,
) -> InquiryRequest {
    let programme = "covid-19".parse().expect("a programme's id");
    let (municipality, kind) = (resident.municipality, CertificateKind::Domestic);
    let message = inquiry_message(ticket, &programme, &municipality, kind, None, exporter);
    InquiryRequest {
        ticket: ticket.clone(),
        session_key: applicant.session_key(),
        programme,
        municipality,
        kind,
        passport: None,
        copies: 1,
        proof: applicant.sign(&message),
    }
}

fn proof(
    applicant: &Applicant,
    intent: IssueIntent,
    state: &Blob,
    exporter: &Array<32>,
) -> Array<64> {
    let digest = Array::new(Sha256::digest(state.as_bytes()).into());
    applicant.sign(&issue_message(intent, &digest, exporter))
}
