//! A unit that takes coins and notes: where every yen is, whatever happens.
//!
//! ```text
//! inserted = kept + returned + held + owed
//! ```
//! `held` is the resident's who is paying, `owed` a resident's whom a jam keeps from it. Once the unit holds nothing and no
//! jam is left, what was inserted was kept or returned.

use serde::{Deserialize, Serialize};

/// What the unit takes, in yen: coins, and the one note. Everything else falls through.
pub const TAKEN: [u32; 5] = [10, 50, 100, 500, 1000];

/// Where the money went, in yen, since the unit was switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Put in by residents.
    pub inserted: u64,
    /// The operator's.
    pub kept: u64,
    /// Came out again: refused, as change, or given back.
    pub returned: u64,
    /// In the unit, of a payment that is not settled.
    pub held: u64,
    /// In the unit, of a resident whom a jam keeps from it.
    pub owed: u64,
}

/// Why the unit did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Something is stuck.
    Jam,
    /// It has not the change for what was inserted.
    NoChange,
    /// It is not asked this now.
    Fault,
}

/// A request that failed: nothing is held any more, and so much is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub why: Why,
    /// What did not come out, in yen.
    pub owed: u64,
}

/// What became of a coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coin {
    /// It fell through.
    Refused,
    /// It was taken: the sum so far.
    Taken(u64),
    /// It was taken and enough: the sum, and the change that came out.
    Enough {
        /// Sum inserted.
        sum: u64,
        /// Change.
        change: u64,
    },
    /// It ended the payment.
    Failed(Failed),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payment {
    None,
    Collecting { due: u64 },
    Collected,
}

/// What goes wrong next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// The next coin taken gets stuck.
    pub jam: bool,
    /// The next payout gets stuck.
    pub payout_jam: bool,
    /// The next coin is refused, whatever it is.
    pub refuse_coin: bool,
    /// There is no change.
    pub no_change: bool,
}

/// The unit.
#[derive(Debug)]
pub struct CoinUnit {
    ledger: Ledger,
    payment: Payment,
    jammed: bool,
    /// What goes wrong next.
    pub faults: Faults,
}

impl Default for CoinUnit {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            payment: Payment::None,
            jammed: false,
            faults: Faults::default(),
        }
    }
}

impl CoinUnit {
    /// Where the money is.
    #[must_use]
    pub const fn ledger(&self) -> Ledger {
        self.ledger
    }

    /// Whether something is stuck.
    #[must_use]
    pub const fn is_jammed(&self) -> bool {
        self.jammed
    }

    /// Whether it takes money now.
    #[must_use]
    pub const fn is_collecting(&self) -> bool {
        matches!(self.payment, Payment::Collecting { .. })
    }

    /// Whether it could collect something.
    ///
    /// # Errors
    /// [`Failed`] while something is stuck.
    pub const fn status(&self) -> Result<(), Failed> {
        if self.jammed {
            Err(self.failed(Why::Jam))
        } else {
            Ok(())
        }
    }

    /// Begins to take money, until so much is there.
    ///
    /// # Errors
    /// [`Failed`] while something is stuck, and in the middle of a payment: that one is given back then.
    pub fn collect(&mut self, due: u32) -> Result<(), Failed> {
        if self.payment != Payment::None || due == 0 {
            self.cancel()?;
            return Err(self.failed(Why::Fault));
        }
        self.status()?;
        self.payment = Payment::Collecting { due: due.into() };
        Ok(())
    }

    /// Somebody puts a coin or a note in.
    pub fn insert(&mut self, value: u32) -> Coin {
        let yen = u64::from(value);
        self.ledger.inserted += yen;
        let due = match self.payment {
            Payment::Collecting { due }
                if TAKEN.contains(&value) && !std::mem::take(&mut self.faults.refuse_coin) =>
            {
                due
            }
            _ => {
                self.ledger.returned += yen;
                return Coin::Refused;
            }
        };
        self.ledger.held += yen;
        if std::mem::take(&mut self.faults.jam) {
            return Coin::Failed(self.get_stuck());
        }
        let sum = self.ledger.held;
        let Some(change) = sum.checked_sub(due) else {
            return Coin::Taken(sum);
        };
        if change > 0 && self.faults.no_change {
            return Coin::Failed(match self.pay_out(sum) {
                Ok(()) => self.failed(Why::NoChange),
                Err(failed) => failed,
            });
        }
        match self.pay_out(change) {
            Ok(()) => {
                self.payment = Payment::Collected;
                Coin::Enough { sum, change }
            }
            Err(failed) => Coin::Failed(failed),
        }
    }

    /// Pays out some or all of what was collected.
    ///
    /// # Errors
    /// [`Failed`] if it gets stuck, or so much is not held: everything that is comes out then.
    pub fn refund(&mut self, yen: u32) -> Result<u64, Failed> {
        let yen = yen.into();
        if self.payment != Payment::Collected || yen > self.ledger.held {
            self.cancel()?;
            return Err(self.failed(Why::Fault));
        }
        self.pay_out(yen).map(|()| yen)
    }

    /// Pays out everything inserted or held. So it does too when the connection of the payment ends.
    ///
    /// # Errors
    /// [`Failed`] if it gets stuck.
    pub fn cancel(&mut self) -> Result<u64, Failed> {
        let held = self.ledger.held;
        self.pay_out(held).map(|()| held)
    }

    /// What is held is the operator's from now on.
    ///
    /// # Errors
    /// [`Failed`] in the middle of collecting: that is given back then.
    pub fn settle(&mut self) -> Result<u64, Failed> {
        if let Payment::Collecting { .. } = self.payment {
            self.cancel()?;
            return Err(self.failed(Why::Fault));
        }
        let held = std::mem::take(&mut self.ledger.held);
        self.ledger.kept += held;
        self.payment = Payment::None;
        Ok(held)
    }

    /// The operator frees what is stuck: what is owed comes out, and no fault is left.
    pub fn mend(&mut self) {
        self.jammed = false;
        self.faults = Faults::default();
        self.ledger.returned += std::mem::take(&mut self.ledger.owed);
    }

    /// A payment of which nothing is left in the unit is over, unless it is change that came out.
    fn pay_out(&mut self, yen: u64) -> Result<(), Failed> {
        if yen > 0 && std::mem::take(&mut self.faults.payout_jam) {
            return Err(self.get_stuck());
        }
        self.ledger.held -= yen;
        self.ledger.returned += yen;
        if self.ledger.held == 0 {
            self.payment = Payment::None;
        }
        Ok(())
    }

    fn get_stuck(&mut self) -> Failed {
        self.jammed = true;
        self.payment = Payment::None;
        let held = std::mem::take(&mut self.ledger.held);
        self.ledger.owed += held;
        Failed {
            why: Why::Jam,
            owed: held,
        }
    }

    /// Nobody waits for money of an earlier payment here.
    const fn failed(&self, why: Why) -> Failed {
        Failed { why, owed: 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Collect(u32),
        Insert(u32),
        Cancel,
        Refund(u32),
        Settle,
        Mend,
        Fault(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_u32..700).prop_map(Step::Collect),
            9 => prop::sample::select(&[1, 5, 10, 50, 100, 500, 1000, 2000][..]).prop_map(Step::Insert),
            1 => Just(Step::Cancel),
            2 => (0_u32..700).prop_map(Step::Refund),
            2 => Just(Step::Settle),
            1 => Just(Step::Mend),
            1 => (0_u8..4).prop_map(Step::Fault),
        ]
    }

    fn take(unit: &mut CoinUnit, step: Step) {
        match step {
            Step::Collect(due) => drop(unit.collect(due)),
            Step::Insert(value) => drop(unit.insert(value)),
            Step::Cancel => drop(unit.cancel()),
            Step::Refund(yen) => drop(unit.refund(yen)),
            Step::Settle => drop(unit.settle()),
            Step::Mend => unit.mend(),
            Step::Fault(0) => unit.faults.jam = true,
            Step::Fault(1) => unit.faults.payout_jam = true,
            Step::Fault(2) => unit.faults.refuse_coin = true,
            Step::Fault(_) => unit.faults.no_change = true,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// At every point of every sequence; and whatever point the connection goes at and the operator comes.
        #[test]
        fn no_yen_is_lost_or_made(steps in prop::collection::vec(step(), 0..60)) {
            let mut unit = CoinUnit::default();
            let mut settled = 0;
            for step in steps {
                if let Step::Settle = step {
                    let held = unit.ledger().held;
                    let done = unit.settle();
                    settled += done.unwrap_or(0);
                    prop_assert!(done.is_err() || done == Ok(held));
                } else {
                    take(&mut unit, step);
                }
                let Ledger { inserted, kept, returned, held, owed } = unit.ledger();
                prop_assert_eq!(inserted, kept + returned + held + owed, "after {:?}", step);
                prop_assert_eq!(kept, settled, "only what is settled is kept");
                prop_assert!(owed == 0 || unit.is_jammed());
            }
            let kept = unit.ledger().kept;
            let _ = unit.cancel();
            unit.mend();
            let Ledger { inserted, returned, held, owed, .. } = unit.ledger();
            prop_assert_eq!((held, owed), (0, 0));
            prop_assert_eq!(inserted, kept + returned);
            prop_assert_eq!(unit.ledger().kept, kept, "a connection that ends keeps nothing");
        }

        /// Whoever pays and gets their certificate has paid what it costs, whatever coins they had.
        #[test]
        fn a_payment_costs_what_is_due(
            due in 1_u32..1500,
            coins in prop::collection::vec(prop::sample::select(&TAKEN[..]), 200),
        ) {
            let mut unit = CoinUnit::default();
            prop_assert_eq!(unit.collect(due), Ok(()));
            let enough = coins.into_iter().any(|coin| matches!(unit.insert(coin), Coin::Enough { .. }));
            prop_assert!(enough);
            prop_assert_eq!(unit.ledger().held, u64::from(due));
            prop_assert_eq!(unit.settle(), Ok(u64::from(due)));
            prop_assert_eq!(unit.ledger().inserted, unit.ledger().kept + unit.ledger().returned);
        }
    }

    #[test]
    fn what_goes_wrong_goes_wrong() {
        let mut unit = CoinUnit::default();
        assert_eq!(unit.insert(100), Coin::Refused, "nothing is collected");
        assert_eq!(unit.collect(120), Ok(()));
        unit.faults.refuse_coin = true;
        assert_eq!(unit.insert(100), Coin::Refused);
        assert_eq!(unit.insert(5), Coin::Refused);
        assert_eq!(unit.insert(100), Coin::Taken(100));
        unit.faults.no_change = true;
        let failed = Coin::Failed(Failed {
            why: Why::NoChange,
            owed: 0,
        });
        assert_eq!(unit.insert(500), failed);
        assert_eq!(unit.ledger().returned, unit.ledger().inserted);

        unit.mend();
        assert_eq!(unit.collect(120), Ok(()));
        assert_eq!(unit.insert(100), Coin::Taken(100));
        unit.faults.jam = true;
        let stuck = Failed {
            why: Why::Jam,
            owed: 150,
        };
        assert_eq!(unit.insert(50), Coin::Failed(stuck));
        assert!(unit.collect(120).is_err());
        assert_eq!(unit.ledger().owed, 150);
        unit.mend();
        assert_eq!(unit.ledger().returned, unit.ledger().inserted);

        assert_eq!(unit.collect(120), Ok(()));
        let enough = Coin::Enough {
            sum: 500,
            change: 380,
        };
        assert_eq!(unit.insert(500), enough);
        assert_eq!(unit.refund(40), Ok(40));
        assert_eq!(unit.settle(), Ok(80));
        assert_eq!(unit.ledger().kept, 80);
    }
}
