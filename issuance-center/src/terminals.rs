//! The listener for terminals: which endpoint is which step.

use std::sync::Arc;

use issuance_api::{PersonalBytes, Problem, ProblemCode, TerminalRole, terminal::Issued};
use issuance_channel::{
    Identity, Peer,
    server::{Answer, Body, Connection, Event as ListenerEvent, Form, Method, Service},
};

use crate::{
    apps::Apps,
    center::{Caller, Center, challenge::OpenChallenge},
    metrics::Step,
    registry::Registry,
    reports::Reports,
};

/// The center, to terminals.
pub struct Terminals<R> {
    /// The steps.
    pub center: Arc<Center<R>>,
    /// What apps have of it.
    pub apps: Apps,
    /// What happens on the way.
    pub reports: Reports,
}

impl<R: Registry> Service for Terminals<R> {
    type Endpoint = Step;
    type State = OpenChallenge;

    fn admits(&self, peer: &Identity) -> bool {
        matches!(peer, Identity::Terminal(_))
    }

    fn connected(&self, _: &Peer) -> OpenChallenge {
        OpenChallenge::default()
    }

    fn endpoint(&self, method: &Method, path: &str) -> Option<(Step, Form)> {
        Some(match (method.as_str(), path) {
            ("POST", "/v1/menu") => (Step::Menu, Form::Sealed),
            ("POST", "/v1/challenge") => (Step::Challenge, Form::Open),
            ("POST", "/v1/evidence") => (Step::Evidence, Form::Sealed),
            ("POST", "/v1/inquiry") => (Step::Inquiry, Form::Sealed),
            ("POST", "/v1/issue") => (Step::Issue, Form::Sealed),
            ("POST", "/v1/delivered") => (Step::Delivered, Form::Sealed),
            _ => return None,
        })
    }

    async fn handle(
        &self,
        connection: &mut Connection<OpenChallenge>,
        step: Step,
        body: Body,
    ) -> Result<Answer, Problem> {
        let parts = self.center.parts();
        let begun = parts.clock.uptime();
        let answer = self.step(connection, step, &body).await;
        let took = parts.clock.uptime().saturating_sub(begun);
        let problem = answer.as_ref().err().map(|problem| problem.code);
        parts.metrics.count(step, took, problem);
        answer
    }

    fn event(&self, event: ListenerEvent) {
        self.reports.report(event);
    }
}

impl<R: Registry> Terminals<R> {
    async fn step(
        &self,
        connection: &mut Connection<OpenChallenge>,
        step: Step,
        body: &Body,
    ) -> Result<Answer, Problem> {
        let Identity::Terminal(terminal) = &connection.peer.identity else {
            return Err(ProblemCode::TerminalRefused.into());
        };
        let _share = match terminal.role() {
            TerminalRole::App => {
                let now = self.center.parts().clock.uptime();
                self.apps.admit(terminal, step, now).await?
            }
            TerminalRole::Kiosk => None,
        };
        let caller = Caller {
            terminal,
            exporter: &connection.peer.exporter,
        };
        let open = &mut connection.state;
        match step {
            Step::Menu => Answer::json(&self.center.menu(terminal.role(), &body.parse()?)?),
            Step::Challenge => Answer::json(&self.center.challenge(open).await?),
            Step::Evidence => {
                Answer::json(&self.center.evidence(caller, open, body.parse()?).await?)
            }
            Step::Inquiry => Answer::json(&self.center.inquiry(caller, body.parse()?).await?),
            Step::Issue => {
                let answer = self.center.issue(caller, body.parse()?).await?;
                let (issued, page): (Issued, PersonalBytes) = answer.into();
                Answer::attached(&issued, &page)
            }
            Step::Delivered => Answer::json(&self.center.delivered(caller, body.parse()?).await?),
            // Of another listener.
            Step::Enrolment => Err(ProblemCode::NotFound.into()),
        }
    }
}
