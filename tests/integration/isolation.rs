//! Nobody gets another's certificate: the experiment for G1, with small numbers.

use stage::isolation::{Isolation, Plan, with_processes};
use stage::simulator::Failure;

const PLAN: Plan = Plan {
    applications: 120,
    kiosks: 40,
    residents: 60,
    checked_in: 20,
    seed: 6,
};

#[test]
fn interleaved_applications_get_their_own_and_each_historic_failure_is_caught() {
    let isolation = Isolation::prepare(PLAN.residents).unwrap();
    let outcome = isolation.run(&PLAN).unwrap();
    assert!(outcome.holds() && outcome.checked > 0, "{outcome:#?}");
    for failure in Failure::ALL {
        let unchecked = Plan {
            applications: 60,
            checked_in: usize::MAX,
            ..PLAN
        };
        let crossed = isolation.with_failure(&unchecked, failure).unwrap();
        assert!(crossed.crossed > 0, "{failure:?} did no harm: {crossed:#?}");
        let checked = Plan {
            applications: 100,
            checked_in: 1,
            ..PLAN
        };
        let caught = isolation.with_failure(&checked, failure).unwrap();
        assert!(
            caught.refused > 0,
            "{failure:?} was let through: {caught:#?}"
        );
        assert_eq!(
            caught.crossed, 0,
            "{failure:?} was let through: {caught:#?}"
        );
    }
}

#[test]
fn so_it_is_with_real_processes() {
    let outcome = with_processes(&Plan {
        applications: 220,
        kiosks: 200,
        ..PLAN
    })
    .unwrap();
    assert!(outcome.holds(), "{outcome:#?}");
}
