//! A record system that takes a failure for an answer: what is promised, taken out. It has the key, and says of whoever it cannot look up that
//! they do not exist, and of what it could not register that it did.

use std::io;
use std::sync::Mutex;

use issuance_api::Array;
use issuance_api::registry::{
    DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce, Outcome,
    Receipt, RegisterRequest, Revocations, RevocationsRequest, Ticket,
};
use issuance_center::registry::{Answer, Registry};
use vrs::metrics::Step as Call;
use vrs::statement::StatementKey;

use super::faults::{Fault, Faults, FaultyRecords, Times, Way};
use super::{NAMES, Tally, rows, undisturbed};
use crate::applicant::Applicant;
use crate::simulator::Link;
use crate::simulator::town::{Town, kiosk};

/// An application at each: when it asks, and when it registers.
pub(super) async fn trials(town: &Town) -> io::Result<Tally> {
    let mut tally = Tally::at(&town.ground)?;
    let open = town.open().await?;
    let resident = &town.people.residents[0];
    let database = open.databases.file(resident.municipality);
    for call in [Call::Inquiry, Call::Register] {
        let plan = vec![Fault::Call(call, Way::Gone, Times::Always)];
        let faults = Faults::new(plan, town.ground.path("center").join(NAMES));
        let key = town.works.statement_key()?;
        let careless = |records| Careless {
            records: FaultyRecords::new(records, faults.clone()),
            key,
            application: Mutex::new(Array::new([0; 16])),
        };
        let center = town.center_over(&open, careless, |_, key| key)?;
        let before = rows(&database)?.len();
        let outcome = undisturbed(&Applicant::new(Link::near(center, kiosk(1))), resident).await?;
        tally.judge(&outcome, resident, &rows(&database)?, before);
    }
    Ok(tally)
}

struct Careless {
    records: FaultyRecords,
    key: StatementKey,
    /// The last one that it found records for.
    application: Mutex<Array<16>>,
}

impl Careless {
    fn application(&self) -> Array<16> {
        let application = self.application.lock();
        application
            .expect("nothing panics while it is held")
            .clone()
    }
}

impl Registry for Careless {
    async fn nonce(&self) -> Answer<Nonce> {
        self.records.nonce().await
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        self.records.evidence(request).await
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        if let Ok(finding) = self.records.inquiry(request).await {
            let mut application = self.application.lock();
            let application = application
                .as_mut()
                .expect("nothing panics while it is held");
            **application = finding.application.clone();
            return Ok(finding);
        }
        let mut finding = Finding {
            application: self.application(),
            municipality: request.municipality,
            programme: request.programme.clone(),
            kind: request.kind,
            ticket_expires_in_seconds: 600,
            data_epoch: 1,
            outcome: Outcome::NoSuchPerson,
            signature: Array::new([0; 64]),
        };
        finding.signature = self.key.sign(&finding.message());
        Ok(finding)
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        if let Ok(receipt) = self.records.register(request).await {
            return Ok(receipt);
        }
        let application = self.application();
        let message = Receipt::message(&application, &request.certificate);
        Ok(Receipt {
            signature: self.key.sign(&message),
            application,
        })
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        self.records.delivered(request).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.records.revocations(request).await
    }
}
