//! `--once`: a front end that answers by itself, once a question, and tells progress in lines for programs.

use std::fs::File;
use std::io::Read;

use card::pin::Pin;
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProblemCode, ProgrammeId};
use terminal::cabinet::{PaymentUnit, Sensor};
use terminal::conduct::Terminal;
use terminal::output::Output;
use terminal::ports::{Card, Center, Closed, FrontEnd, Intent, View};
use zeroize::Zeroizing;

/// One application, decided beforehand.
pub(crate) struct Once {
    pub(crate) programme: ProgrammeId,
    pub(crate) kind: CertificateKind,
    pub(crate) municipality: MunicipalityCode,
    pub(crate) copies: u8,
    /// Presented once: taken when asked for.
    pub(crate) pin: Option<Pin>,
    /// The answer to what is shown.
    pub(crate) next: Option<Intent>,
    /// What would be worth another try, if there were somebody to decide on it.
    pub(crate) refused: Option<Problem>,
}

impl Once {
    /// Leads the application; all of it happened, or why not.
    pub(crate) async fn run<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
        &mut self,
        terminal: &mut Terminal<C, K, O, P, S>,
    ) -> Result<(), Problem> {
        match terminal.serve(self).await {
            Ok(done) if done.reported => Ok(()),
            // The paper is out, but it will lapse: not everything happened.
            Ok(_) => Err(ProblemCode::CenterUnreachable.into()),
            Err(problem) => Err(self.refused.take().unwrap_or(problem)),
        }
    }
}

impl FrontEnd for Once {
    fn show(&mut self, view: &View<'_>) {
        // Whatever was in the way decides the outcome: nothing is tried twice here.
        let cancel = || Some(Intent::Cancel);
        self.next = match view {
            View::Menu(_) => Some(Intent::Apply(self.programme.clone())),
            View::Kind(_) => Some(Intent::Kind(self.kind)),
            View::Pin { remaining } => {
                if *remaining == 1 {
                    step("last-try");
                }
                self.pin.take().map(Intent::Pin).or_else(cancel)
            }
            View::TakeCard => {
                step("card-read");
                step("take-card");
                None
            }
            View::Municipality { .. } if self.refused.is_some() => cancel(),
            View::Municipality { .. } => Some(Intent::Municipality {
                code: self.municipality,
                copies: self.copies,
            }),
            View::Preview(_) => {
                step("preview");
                Some(Intent::Go)
            }
            View::TryAgain => cancel(),
            View::Delivering => {
                step("issued");
                None
            }
            View::Done { reported } => {
                step("delivered");
                if !reported {
                    step("not-reported");
                }
                None
            }
            &(View::Problem(problem) | View::OutOfService(Closed { problem, .. })) => {
                self.refused.get_or_insert_with(|| problem.clone());
                None
            }
            _ => None,
        };
    }

    async fn intent(&mut self) -> Intent {
        match self.next.take() {
            Some(intent) => intent,
            None => std::future::pending().await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "progress for the calling program")]
fn step(name: &str) {
    println!("step {name}");
}

/// Reads a PIN from an inherited descriptor: four digits, then the end or a line's end.
pub(crate) fn pin_from(descriptor: u32) -> Result<Pin, ProblemCode> {
    let malformed = |_| ProblemCode::PinMalformed;
    let mut source = File::open(format!("/proc/self/fd/{descriptor}")).map_err(malformed)?;
    pin_of(&mut source)
}

fn pin_of(source: &mut impl Read) -> Result<Pin, ProblemCode> {
    let mut input = Zeroizing::new([0; 6]);
    let mut length = 0;
    while length < input.len() {
        let read = source
            .read(&mut input[length..=length])
            .map_err(|_| ProblemCode::PinMalformed)?;
        if read == 0 || input[length] == b'\n' {
            break;
        }
        length += 1;
    }
    Pin::try_from(&input[..length]).map_err(|_| ProblemCode::PinMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_digits_and_nothing_around_them() {
        for right in ["0123", "0123\n", "0123\nmore"] {
            assert_eq!(pin_of(&mut right.as_bytes()).unwrap().expose(), b"0123");
        }
        for wrong in [
            "",
            "\n",
            "012",
            "012\n3",
            "01234",
            "0123 ",
            "0123\r\n",
            "abcd",
            "0123456789",
        ] {
            assert!(
                matches!(
                    pin_of(&mut wrong.as_bytes()),
                    Err(ProblemCode::PinMalformed)
                ),
                "{wrong:?}"
            );
        }
    }
}
