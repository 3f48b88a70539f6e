//! What was said.

use std::collections::BTreeSet;
use std::io;

use issuance_api::terminal::IssueAnswer;
use issuance_api::{Array, ProblemCode};

use crate::experiment::Report;
use crate::experiment::verifier::Verifier;
use crate::simulator::Resident;
use crate::world::Ground;

/// Of everything that was presented, in this order.
pub(super) struct Tally {
    verifier: Verifier,
    exporters: Vec<[u8; 32]>,
    elsewhere: Vec<Elsewhere>,
    belonging: Vec<Belonging>,
    certificates: BTreeSet<String>,
}

/// Presented where it does not belong.
struct Elsewhere {
    what: &'static str,
    expected: ProblemCode,
    times: usize,
    said: BTreeSet<&'static str>,
}

/// Presented where it does.
struct Belonging {
    what: &'static str,
    times: usize,
    so: usize,
}

impl Tally {
    /// Of what is issued on this ground.
    pub(super) fn at(ground: &Ground) -> io::Result<Self> {
        Ok(Self {
            verifier: Verifier::at(ground)?,
            exporters: Vec::new(),
            elsewhere: Vec::new(),
            belonging: Vec::new(),
            certificates: BTreeSet::new(),
        })
    }

    pub(super) fn opened(&mut self, exporter: &Array<32>) {
        self.exporters.push(*exporter.as_bytes());
    }

    /// What was said, unless it was done, of what has to be refused for this reason.
    pub(super) fn refused(
        &mut self,
        what: &'static str,
        said: Option<ProblemCode>,
        expected: ProblemCode,
    ) {
        let at = self.elsewhere.iter().position(|it| it.what == what);
        let at = at.unwrap_or_else(|| {
            self.elsewhere.push(Elsewhere {
                what,
                expected,
                times: 0,
                said: BTreeSet::new(),
            });
            self.elsewhere.len() - 1
        });
        let elsewhere = &mut self.elsewhere[at];
        elsewhere.times += 1;
        elsewhere
            .said
            .insert(said.map_or("done", ProblemCode::as_str));
    }

    /// What was said, unless it was done, of what has to be done.
    pub(super) fn believed(&mut self, what: &'static str, said: Option<ProblemCode>) {
        self.so(what, said.is_none());
    }

    /// Whether it is as it has to be.
    pub(super) fn so(&mut self, what: &'static str, is_so: bool) {
        let at = self.belonging.iter().position(|it| it.what == what);
        let at = at.unwrap_or_else(|| {
            self.belonging.push(Belonging {
                what,
                times: 0,
                so: 0,
            });
            self.belonging.len() - 1
        });
        self.belonging[at].times += 1;
        self.belonging[at].so += usize::from(is_so);
    }

    /// A certificate, which has to be this resident's.
    pub(super) fn certified(
        &mut self,
        what: &'static str,
        resident: &Resident,
        issued: &IssueAnswer,
    ) {
        let own = self.verifier.is_of(issued, resident, i64::MAX);
        self.so(what, own);
        self.certificates.insert(issued.certificate_id.to_string());
    }

    /// With how many certificates the registers hold.
    pub(super) fn report(self, registered: usize, report: &mut Report) {
        const HOW: &str = "real programs";
        let times: usize = self.elsewhere.iter().map(|it| it.times).sum();
        report.told(
            format!(
                "{HOW}: presented where it does not belong, in {} ways",
                self.elsewhere.len()
            ),
            times,
        );
        for Elsewhere {
            what,
            expected,
            said,
            ..
        } in self.elsewhere
        {
            let said: Vec<_> = said.into_iter().collect();
            report.figure(
                format!("{HOW}: {what}"),
                said.join(", "),
                expected.as_str().to_owned(),
            );
        }
        report.figure(
            format!("{HOW}: certificates, by the registers"),
            registered,
            self.certificates.len(),
        );
        for Belonging { what, times, so } in self.belonging {
            report.control(format!("{HOW}: {what}"), so, times);
        }
        let exporters: BTreeSet<_> = self.exporters.iter().collect();
        report.control(
            format!("{HOW}: connections with an exporter of their own"),
            exporters.len(),
            self.exporters.len(),
        );
    }
}
