//! What apps may have, so that kiosks go on when everybody at home applies at the same time.
//!
//! ```text
//! connections, requests    a share of the listener's                                  (`terminals.app_limits`)
//! calls to VRS             half of the connections to it; who gets none in time is answered `busy`
//! applications             so many of one certificate in a time, counted as challenges; one more is answered `busy`
//! ```
//! Whose they were is not kept: they are counted in places that two may share ([`Rate`]).

use std::time::Duration;

use issuance_api::{ProblemCode, TerminalUrn};
use issuance_channel::server::Rate;
use serde::Deserialize;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::metrics::Step;

/// Applications of one app's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppQuota {
    /// So many…
    pub applications: u32,
    /// …within so many seconds.
    pub seconds: u32,
}

impl Default for AppQuota {
    /// A family's, with everything that can go wrong.
    fn default() -> Self {
        Self {
            applications: 30,
            seconds: 3600,
        }
    }
}

/// What apps have.
#[derive(Debug)]
pub struct Apps {
    applications: Rate,
    vrs: Semaphore,
    /// For one of the connections to VRS.
    wait: Duration,
}

impl Apps {
    /// With this quota, of so many connections to VRS, for one of which a call waits so long.
    #[must_use]
    pub fn new(quota: AppQuota, connections: usize, wait: Duration) -> Self {
        let window = Duration::from_secs(quota.seconds.into());
        Self {
            applications: Rate::new(quota.applications, window),
            vrs: Semaphore::new((connections / 2).max(1)),
            wait,
        }
    }

    /// Lets an app take a step; it keeps what it gets until the step ends. `now` is the time since the process began.
    ///
    /// # Errors
    /// `busy`.
    pub async fn admit(
        &self,
        app: &TerminalUrn,
        step: Step,
        now: Duration,
    ) -> Result<Option<SemaphorePermit<'_>>, ProblemCode> {
        if step == Step::Menu {
            return Ok(None);
        }
        // With it an application begins, and nothing was asked of anybody yet.
        if step == Step::Challenge && !self.applications.admits(app, now) {
            return Err(ProblemCode::Busy);
        }
        match timeout(self.wait, self.vrs.acquire()).await {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => Err(ProblemCode::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(50);

    fn app(id: &str) -> TerminalUrn {
        format!("urn:shomei:terminal:app:public:{id}")
            .parse()
            .unwrap()
    }

    #[tokio::test]
    async fn one_certificate_applies_so_often_within_its_time_and_others_go_on() {
        let quota = AppQuota {
            applications: 2,
            seconds: 60,
        };
        let apps = Apps::new(quota, 8, WAIT);
        let at = Duration::from_secs;
        let begins = async |id: &str, now| apps.admit(&app(id), Step::Challenge, now).await.is_ok();
        assert!(begins("one", at(5)).await && begins("one", at(6)).await);
        assert_eq!(
            apps.admit(&app("one"), Step::Challenge, at(59)).await.err(),
            Some(ProblemCode::Busy)
        );
        // What was begun goes on, and asking what there is costs nothing.
        for step in [Step::Menu, Step::Evidence, Step::Issue, Step::Delivered] {
            assert!(apps.admit(&app("one"), step, at(59)).await.is_ok());
        }
        assert!(begins("another", at(59)).await);
        assert!(begins("one", at(66)).await);
    }

    #[tokio::test]
    async fn apps_have_half_of_the_connections_to_vrs() {
        let apps = Apps::new(AppQuota::default(), 8, WAIT);
        let now = Duration::ZERO;
        let mut at_work = Vec::new();
        for id in ["1", "2", "3", "4"] {
            at_work.push(apps.admit(&app(id), Step::Inquiry, now).await.unwrap());
        }
        let refused = apps.admit(&app("5"), Step::Inquiry, now).await;
        assert_eq!(refused.err(), Some(ProblemCode::Busy));
        assert!(apps.admit(&app("5"), Step::Menu, now).await.is_ok());
        at_work.pop();
        assert!(apps.admit(&app("5"), Step::Inquiry, now).await.is_ok());
    }
}
