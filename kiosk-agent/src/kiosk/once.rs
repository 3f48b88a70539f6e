//! `--once`: a front end that answers by itself, once a question, and tells progress in lines for programs.

use std::fs::File;
use std::io::{self, Read};

use crate::cabinet::{PaymentUnit, Sensor};
use crate::conduct::Terminal;
use crate::money::Money;
use crate::output::Output;
use crate::ports::{Card, Center, Closed, FrontEnd, Intent, View};
use card::pin::Pin;
use issuance_api::passport::{LINE, PassportMrz};
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProblemCode, ProgrammeId};
use zeroize::Zeroizing;

use super::Arguments;

/// One application, decided beforehand.
pub(super) struct Once {
    programme: ProgrammeId,
    kind: CertificateKind,
    municipality: MunicipalityCode,
    copies: u8,
    /// Presented once: taken when asked for.
    pin: Option<Pin>,
    /// For abroad, where one was given: presented once.
    passport: Option<PassportMrz>,
    /// The answer to what is shown.
    next: Option<Intent>,
    /// What would be worth another try, if there were somebody to decide on it.
    refused: Option<Problem>,
    money: Money,
    step: fn(&str),
}

impl Once {
    /// As the arguments say; PIN and passport are read from where they say.
    pub(super) fn read(
        arguments: &Arguments,
        programme: &ProgrammeId,
    ) -> Result<Self, ProblemCode> {
        // Demanded with `--once`.
        let (Some(municipality), Some(pin)) = (arguments.municipality, arguments.pin_fd) else {
            return Err(ProblemCode::PinMalformed);
        };
        let passport = arguments.passport_mrz_fd.map(passport_from).transpose();
        Ok(Self {
            programme: arguments.programme.as_ref().unwrap_or(programme).clone(),
            kind: arguments.kind,
            municipality,
            copies: arguments.copies,
            pin: Some(pin_from(pin)?),
            passport: passport?,
            next: None,
            refused: None,
            money: Money::default(),
            step,
        })
    }

    /// Leads the application; all of it happened, or why not.
    pub(super) async fn run<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
        &mut self,
        terminal: &mut Terminal<C, K, O, P, S>,
    ) -> Result<(), Problem> {
        match terminal.serve(self).await {
            // The paper is out, but it will lapse: not everything happened.
            Ok(done) if !done.reported => Err(ProblemCode::CenterUnreachable.into()),
            // Nor where only some of it is out, or money is stuck.
            Ok(done) => match self.refused.take() {
                Some(refused) => Err(refused),
                None if done.stuck => Err(ProblemCode::PaymentNotReturned.into()),
                None => Ok(()),
            },
            Err(problem) => Err(self.refused.take().unwrap_or(problem)),
        }
    }
}

impl FrontEnd for Once {
    fn show(&mut self, view: &View<'_>) {
        // Whatever was in the way decides the outcome: nothing is tried twice here.
        let cancel = || Some(Intent::Cancel);
        self.money.follow(view);
        self.next = match view {
            View::Menu(_) => Some(Intent::Apply(self.programme.clone())),
            View::Kind(_) => Some(Intent::Kind(self.kind)),
            View::Pin { remaining } => {
                if *remaining == 1 {
                    (self.step)("last-try");
                }
                self.pin.take().map(Intent::Pin).or_else(cancel)
            }
            View::TakeCard => {
                (self.step)("card-read");
                (self.step)("take-card");
                None
            }
            View::Passport => self.passport.take().map(Intent::Passport).or_else(cancel),
            View::Municipality { .. } | View::Preview(_) if self.refused.is_some() => cancel(),
            View::Municipality { .. } => Some(Intent::Municipality {
                code: self.municipality,
                copies: self.copies,
            }),
            View::Preview(_) => {
                (self.step)("preview");
                Some(Intent::Go)
            }
            View::TryAgain => cancel(),
            View::Delivering { out: 0, .. } => {
                (self.step)("issued");
                None
            }
            View::Done(ended) => {
                (self.step)("delivered");
                if !ended.reported {
                    (self.step)("not-reported");
                }
                if ended.returned {
                    (self.step)("fee-returned");
                }
                None
            }
            View::Over(problem) => {
                if self.money.returned_with(problem) {
                    (self.step)("fee-returned");
                }
                self.refused.get_or_insert_with(|| (*problem).clone());
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
fn pin_from(descriptor: u32) -> Result<Pin, ProblemCode> {
    let mut source = inherited(descriptor).map_err(|_| ProblemCode::PinMalformed)?;
    pin_of(&mut source)
}

/// Reads a passport's two lines from an inherited descriptor, as a reader or the app's camera gave them: the seam for whatever
/// reads passports here.
fn passport_from(descriptor: u32) -> Result<PassportMrz, ProblemCode> {
    let source = inherited(descriptor).map_err(|_| ProblemCode::PassportUnreadable)?;
    passport_of(source)
}

/// What a descriptor is of, where it is empty once it was read. Whoever is started later inherits it, and would read a file from its beginning.
fn inherited(descriptor: u32) -> io::Result<File> {
    let source = File::open(format!("/proc/self/fd/{descriptor}"))?;
    match source.metadata()?.is_file() {
        true => Err(io::ErrorKind::InvalidInput.into()),
        false => Ok(source),
    }
}

fn passport_of(source: impl Read) -> Result<PassportMrz, ProblemCode> {
    const MOST: usize = 2 * LINE + 4;
    // Room for all of it, so that growing leaves no copy behind.
    let mut input = Zeroizing::new(String::with_capacity(MOST + 1));
    let mut source = source.take(MOST as u64 + 1);
    let read = source.read_to_string(&mut input);
    read.map_err(|_| ProblemCode::PassportUnreadable)?;
    Ok(input.parse::<PassportMrz>()?)
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
    use std::cell::RefCell;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::sync::Arc;

    use super::*;
    use crate::cabinet::Yen;
    use crate::ports::Ended;

    thread_local! {
        static STEPS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn once() -> Once {
        Once {
            programme: "covid-19".parse().unwrap(),
            kind: CertificateKind::Domestic,
            municipality: "132217".parse().unwrap(),
            copies: 1,
            pin: None,
            passport: None,
            next: None,
            refused: None,
            money: Money::default(),
            step: |name| STEPS.with_borrow_mut(|steps| steps.push(name.to_owned())),
        }
    }

    fn steps(views: &[View<'_>]) -> Vec<String> {
        let mut once = once();
        for view in views {
            once.show(view);
        }
        STEPS.take()
    }

    #[test]
    fn money_that_came_out_again_is_a_step() {
        let fee = |inserted| View::Fee {
            due: Yen::new(120),
            inserted: Yen::new(inserted),
        };
        let ended = Problem::from(ProblemCode::PrinterFailed);
        let stuck = Problem::from(ProblemCode::PaymentNotReturned);
        assert_eq!(
            steps(&[fee(0), fee(120), View::Over(&ended)]),
            ["fee-returned"]
        );
        assert_eq!(steps(&[fee(0), View::Over(&ended)]), [""; 0]);
        assert_eq!(steps(&[fee(120), View::Over(&stuck)]), [""; 0]);
        let done = |returned| {
            View::Done(Ended {
                reported: true,
                taken: false,
                returned,
                stuck: false,
            })
        };
        assert_eq!(steps(&[done(true)]), ["delivered", "fee-returned"]);
        assert_eq!(steps(&[done(false)]), ["delivered"]);
    }

    #[test]
    fn nothing_is_paid_for_twice() {
        let preview = Arc::new(crate::handover::testing::preview());
        let failed = Problem::from(ProblemCode::PaymentFailed);
        for (views, issued) in [
            (vec![View::Preview(&preview)], true),
            (vec![View::Problem(&failed), View::Preview(&preview)], false),
        ] {
            let mut once = once();
            for view in &views {
                once.show(view);
            }
            STEPS.take();
            assert_eq!(matches!(once.next, Some(Intent::Go)), issued);
            assert_eq!(matches!(once.next, Some(Intent::Cancel)), !issued);
        }
    }

    #[test]
    fn a_passport_is_two_lines() {
        let (upper, lower) = ("P".repeat(LINE), "1".repeat(LINE));
        let both = format!("{upper}\r\n{lower}\r\n");
        let passport = passport_of(both.as_bytes()).unwrap();
        assert_eq!(passport.line1.expose(), upper);
        assert_eq!(passport.line2.expose(), lower);
        // What is longer is cut off, and no zone any more.
        let long = passport_of(format!("{both}{lower}").as_bytes());
        assert!(long.is_err() && passport_of(&[0xff][..]).is_err());
    }

    #[test]
    fn nothing_is_read_from_what_could_be_read_again() {
        let number = |it: &dyn AsRawFd| u32::try_from(it.as_raw_fd()).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"0123").unwrap();
        drop(writer);
        assert_eq!(pin_from(number(&reader)).unwrap().expose(), b"0123");
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123").unwrap();
        let refused = pin_from(number(&file));
        assert!(matches!(refused, Err(ProblemCode::PinMalformed)));
        let refused = passport_from(number(&file));
        assert!(matches!(refused, Err(ProblemCode::PassportUnreadable)));
    }

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
