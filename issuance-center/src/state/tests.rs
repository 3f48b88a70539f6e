use ed25519_dalek::Signer;

use super::*;
use crate::testing::{session_key, state, terminal};

const EXPORTER: [u8; 32] = [8; 32];

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The proof a terminal with this session key gives for an intent.
fn proof(seed: u8, intent: IssueIntent, sealed: &Blob) -> Array<64> {
    let digest = Array::new(Sha256::digest(sealed.as_bytes()).into());
    let message = issue_message(intent, &digest, &EXPORTER.into());
    Array::new(session_key(seed).sign(&message).to_bytes())
}

fn redeem(
    states: &States,
    sealed: &Blob,
    number: &str,
    proof: &Array<64>,
    seconds: u64,
) -> Result<State, StateError> {
    let (terminal, exporter) = (terminal(number), Array::new(EXPORTER));
    let caller = Caller {
        terminal: &terminal,
        exporter: &exporter,
    };
    states
        .redeem(sealed, IssueIntent::Issue, proof, caller, at(seconds))
        .map(|redeemed| redeemed.state)
}

#[test]
fn a_state_comes_back_as_it_was_to_the_terminal_and_session_it_was_made_for() {
    let states = States::new(MAX_LIFETIME);
    let sealed = states.seal(&state(), &terminal("0001"), at(10)).unwrap();
    let good = proof(1, IssueIntent::Issue, &sealed);
    assert_eq!(redeem(&states, &sealed, "0001", &good, 20), Ok(state()));
    assert_eq!(
        redeem(&states, &sealed, "0002", &good, 20),
        Err(StateError::Invalid),
        "another terminal"
    );
    for (what, proof) in [
        ("another session key", proof(2, IssueIntent::Issue, &sealed)),
        ("another intent", proof(1, IssueIntent::Delivered, &sealed)),
    ] {
        assert_eq!(
            redeem(&states, &sealed, "0001", &proof, 20),
            Err(StateError::Proof),
            "{what}"
        );
    }
}

#[test]
fn a_state_expires_whether_its_key_is_still_there_or_not() {
    let states = States::new(MAX_LIFETIME);
    // Sealed at the very end of an epoch: opened under the previous key nearly to the end of the next.
    let sealed = states.seal(&state(), &terminal("0001"), at(899)).unwrap();
    let good = proof(1, IssueIntent::Issue, &sealed);
    assert_eq!(redeem(&states, &sealed, "0001", &good, 1798), Ok(state()));
    assert_eq!(
        redeem(&states, &sealed, "0001", &good, 1799),
        Err(StateError::Expired)
    );
    assert_eq!(
        redeem(&states, &sealed, "0001", &good, 1801),
        Err(StateError::Expired),
        "its key is wiped"
    );
}

#[test]
fn a_process_knows_no_keys_but_its_own_and_wipes_them_in_time() {
    let before = States::new(MAX_LIFETIME);
    let sealed = before.seal(&state(), &terminal("0001"), at(10)).unwrap();
    let good = proof(1, IssueIntent::Issue, &sealed);
    let restarted = States::new(MAX_LIFETIME);
    assert_eq!(
        redeem(&restarted, &sealed, "0001", &good, 20),
        Err(StateError::Invalid)
    );
    let numbers = |states: &States| {
        let epochs = states.epochs.lock().unwrap();
        (epochs.0.number, epochs.1.as_ref().map(|epoch| epoch.number))
    };
    before.rotate(at(900));
    assert_eq!(numbers(&before), (1, Some(0)));
    before.rotate(at(2700));
    assert_eq!(numbers(&before), (3, None), "nothing that old is kept");
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let states = States::new(MAX_LIFETIME);
    let sealed = states.seal(&state(), &terminal("0001"), at(10)).unwrap();
    let refused = |bytes: Vec<u8>| {
        let changed = Blob::new(bytes);
        let proof = proof(1, IssueIntent::Issue, &changed);
        redeem(&states, &changed, "0001", &proof, 20).is_err()
    };
    for index in 0..sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[index] ^= 1;
        assert!(refused(bytes), "byte {index}");
        assert!(
            refused(sealed.as_bytes()[..index].to_vec()),
            "cut at {index}"
        );
    }
    let mut longer = sealed.as_bytes().to_vec();
    longer.push(0);
    assert!(refused(longer));
}

#[test]
fn a_state_is_at_most_16_kib_and_a_lifetime_never_longer_than_allowed() {
    let states = States::new(Duration::from_secs(100_000));
    let never = Duration::from_secs(100_000);
    assert_eq!(states.issue_within(never), MAX_LIFETIME * 2 / 3);
    let mut large = state();
    large.ticket = Blob::new(vec![0; MAX_STATE]);
    assert_eq!(
        states.seal(&large, &terminal("0001"), at(0)).err(),
        Some(StateError::TooLarge)
    );
}
