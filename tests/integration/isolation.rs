//! Nobody gets another's certificate: the experiment for G1, with small numbers.

use stage::isolation::{Isolation, Plan};
use stage::simulator::Failure;

const PLAN: Plan = Plan {
    applications: 300,
    kiosks: 40,
    residents: 60,
    checked_in: 25,
    seed: 6,
};

#[test]
fn interleaved_applications_get_their_own_and_each_historic_failure_is_caught() {
    let isolation = Isolation::prepare(PLAN.residents).unwrap();
    let outcome = isolation.run(&PLAN).unwrap();
    assert!(outcome.holds(), "{outcome:#?}");
    println!("{outcome:#?}");
    for failure in Failure::ALL {
        let plan = Plan {
            applications: 150,
            checked_in: usize::MAX,
            ..PLAN
        };
        let crossed = isolation.with_failure(&plan, failure).unwrap();
        assert!(crossed.crossed > 0, "{failure:?} did no harm: {crossed:#?}");
        println!("{failure:?} {crossed:#?}");
    }
}
