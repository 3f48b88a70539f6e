//! Jobs at a printer: one request each.

use hyper::body::Bytes;
use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, JobState, Operation, StatusCode};
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;

use super::transport::Failure;
use super::{A4, PDF, Printer, add, group, number, texts};
use crate::handover::Certificate;

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Something may come out: the `job-state` (RFC 8011, section 5.3.7).
    Open(i32),
    /// Nothing comes out any more.
    Ended(Ended),
}

/// How a job stands, and what is out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: State,
    /// Sheets that are out. None, if the printer does not count them.
    pub(super) sheets: u8,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Everything came out.
    Completed,
    /// Everything came out, and the printer finds fault with it.
    Faulty,
    /// It was cancelled or aborted.
    Stopped,
    /// The printer does not know it (any more).
    Forgotten,
}

/// Jobs of this name in a printer's answer.
pub(super) fn numbers_of(answer: &IppRequestResponse, name: &str) -> Vec<i32> {
    let jobs = answer.attributes().groups_of(DelimiterTag::JobAttributes);
    jobs.filter(|job| {
        texts(job, IppAttribute::JOB_NAME)
            .iter()
            .any(|it| it == name)
    })
    .filter_map(|job| number(job, IppAttribute::JOB_ID))
    .collect()
}

impl Standing {
    /// As a printer's answer has it.
    pub(super) fn of(answer: &IppRequestResponse) -> Result<Self, Failure> {
        let attributes = group(answer, DelimiterTag::JobAttributes).ok_or(Failure::Unanswered)?;
        let state = number(attributes, IppAttribute::JOB_STATE).ok_or(Failure::Unanswered)?;
        let reasons = texts(attributes, IppAttribute::JOB_STATE_REASONS);
        let is = |ended: JobState| state == ended as i32;
        let state = if is(JobState::Completed) {
            let faulty = reasons.iter().any(|it| it == "job-completed-with-errors");
            State::Ended(if faulty {
                Ended::Faulty
            } else {
                Ended::Completed
            })
        } else if is(JobState::Aborted) || is(JobState::Canceled) {
            State::Ended(Ended::Stopped)
        } else {
            State::Open(state)
        };
        // Both count all copies (RFC 8011, section 5.3.18), and a copy is one sheet printed on one side. Where a printer counts
        // differently, the lower number is what is known.
        let counted = [
            IppAttribute::JOB_MEDIA_SHEETS_COMPLETED,
            IppAttribute::JOB_IMPRESSIONS_COMPLETED,
        ];
        let counted = counted.iter().filter_map(|name| number(attributes, name));
        let sheets = counted.min().unwrap_or(0).max(0);
        Ok(Self {
            state,
            sheets: u8::try_from(sheets).unwrap_or(u8::MAX),
        })
    }
}

impl Printer {
    /// Makes a job without a page; its number. The printer takes copies and media as they are said, or refuses the job.
    pub(super) async fn create(&self, copies: u8) -> Result<i32, Failure> {
        let mut request = self.request(Operation::CreateJob)?;
        let operation = DelimiterTag::OperationAttributes;
        let name = IppValue::new_name_without_language(self.name.as_str());
        add(&mut request, operation, IppAttribute::JOB_NAME, name)?;
        let fidelity = Ok(IppValue::new_boolean(true));
        let name = IppAttribute::IPP_ATTRIBUTE_FIDELITY;
        add(&mut request, operation, name, fidelity)?;
        let job = DelimiterTag::JobAttributes;
        let copies = Ok(IppValue::new_integer(copies.into()));
        add(&mut request, job, IppAttribute::COPIES, copies)?;
        let media = IppValue::new_keyword(A4);
        add(&mut request, job, IppAttribute::MEDIA, media)?;
        let answer = self.transport.send(request, Bytes::new()).await?;
        group(&answer, job)
            .and_then(|attributes| number(attributes, IppAttribute::JOB_ID))
            .ok_or(Failure::Unanswered)
    }

    /// Sends the page, the only document of its job.
    pub(super) async fn send_page(
        &self,
        job: i32,
        certificate: &Certificate,
    ) -> Result<(), Failure> {
        let mut request = self.job_request(Operation::SendDocument, job)?;
        let operation = DelimiterTag::OperationAttributes;
        let format = IppValue::new_mime_media_type(PDF);
        let name = IppAttribute::DOCUMENT_FORMAT;
        add(&mut request, operation, name, format)?;
        let last = Ok(IppValue::new_boolean(true));
        add(&mut request, operation, IppAttribute::LAST_DOCUMENT, last)?;
        let page = Bytes::copy_from_slice(certificate.page());
        self.transport.send(request, page).await.map(drop)
    }

    /// How a job stands.
    pub(super) async fn state(&self, job: i32) -> Result<State, Failure> {
        Ok(self.standing(job).await?.state)
    }

    /// How a job stands, and what is out of it.
    pub(super) async fn standing(&self, job: i32) -> Result<Standing, Failure> {
        let request = self.job_request(Operation::GetJobAttributes, job)?;
        let answer = match self.transport.send(request, Bytes::new()).await {
            Err(Failure::Refused(
                StatusCode::ClientErrorNotFound | StatusCode::ClientErrorGone,
            )) => {
                return Ok(Standing {
                    state: State::Ended(Ended::Forgotten),
                    sheets: 0,
                });
            }
            answer => answer?,
        };
        Standing::of(&answer)
    }

    /// Has a job cancelled. That takes time: its state tells when it is done.
    pub(super) async fn cancel(&self, job: i32) -> Result<(), Failure> {
        let request = self.job_request(Operation::CancelJob, job)?;
        self.transport.send(request, Bytes::new()).await.map(drop)
    }

    /// This terminal's jobs that have not ended.
    pub(super) async fn open_jobs(&self) -> Result<Vec<i32>, Failure> {
        let mut request = self.request(Operation::GetJobs)?;
        let operation = DelimiterTag::OperationAttributes;
        let which = IppValue::new_keyword("not-completed");
        add(&mut request, operation, IppAttribute::WHICH_JOBS, which)?;
        let wanted = [IppAttribute::JOB_ID, IppAttribute::JOB_NAME].map(IppValue::new_keyword);
        let wanted: Result<Vec<_>, _> = wanted.into_iter().collect();
        let wanted = wanted.map(IppValue::Array);
        let name = IppAttribute::REQUESTED_ATTRIBUTES;
        add(&mut request, operation, name, wanted)?;
        let answer = self.transport.send(request, Bytes::new()).await?;
        Ok(numbers_of(&answer, &self.name))
    }

    fn job_request(&self, operation: Operation, job: i32) -> Result<IppRequestResponse, Failure> {
        let mut request = self.request(operation)?;
        let operation = DelimiterTag::OperationAttributes;
        let id = Ok(IppValue::new_integer(job));
        add(&mut request, operation, IppAttribute::JOB_ID, id)?;
        Ok(request)
    }
}
