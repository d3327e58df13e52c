//! T1: pairing, honest and not: peers that sign whatever a test wants, and kiosks with one another.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use std::time::Duration;

use kiosk_call::{Button, Notice, Pairing, PairingFailure, Pin, Record};
use kiosk_wire::{Body, PublicKey, pairing_commitment, short_authentication_string};
use rogue::Rig;

const SECOND: Duration = Duration::from_secs(1);
const NONCE: [u8; 16] = [42; 16];

fn commit(key: PublicKey, nonce: [u8; 16]) -> Body {
    Body::PairCommit(pairing_commitment(key, nonce))
}

/// The commitment of a peer that plays by the rules.
fn honest(rig: &Rig, rogue: usize) -> Body {
    commit(rig.rogues[rogue].public(), NONCE)
}

fn commitment(bodies: &[Body]) -> Option<[u8; 32]> {
    bodies.iter().find_map(|body| if let Body::PairCommit(commitment) = body { Some(*commitment) } else { None })
}

fn revealed(bodies: &[Body]) -> Option<[u8; 16]> {
    bodies.iter().find_map(|body| if let Body::PairReveal(nonce) = body { Some(*nonce) } else { None })
}

fn digits(rig: &Rig) -> Option<u32> {
    if let Some(Pairing::Compare { digits, .. }) = rig.pairing() { Some(digits) } else { None }
}

fn failure(rig: &Rig) -> Option<PairingFailure> {
    if let Some(Pairing::Failed(why)) = rig.pairing() { Some(why) } else { None }
}

/// Up to the digits; returns the kiosk's nonce.
fn compare(rig: &mut Rig, rogue: usize) -> [u8; 16] {
    rig.press(Button::Pair);
    rig.heard(rogue);
    rig.say_outside(rogue, &honest(rig, rogue));
    let nonce = revealed(&rig.heard(rogue)).expect("who has committed is told the nonce");
    rig.say_outside(rogue, &Body::PairReveal(NONCE));
    assert!(digits(rig).is_some());
    nonce
}

#[test]
fn two_who_agree_pin_each_other() {
    let mut rig = Rig::new(1, 2, 0);
    rig.press(Button::Pair);
    assert!(matches!(rig.pairing(), Some(Pairing::Waiting { .. })));
    let promised = commitment(&rig.heard(0)).expect("everybody learns the commitment");
    assert_eq!(commitment(&rig.heard(1)), Some(promised));
    rig.say_outside(0, &honest(&rig, 0));
    let said = rig.heard(0);
    assert_eq!(commitment(&said), Some(promised), "the peer may have missed it the first time");
    let nonce = revealed(&said).expect("both have committed");
    assert_eq!(pairing_commitment(rig.public(), nonce), promised);
    assert_eq!(digits(&rig), None, "the peer has not revealed its nonce");
    rig.say_outside(0, &Body::PairReveal(NONCE));
    let shown = short_authentication_string((rig.rogues[0].public(), NONCE), (rig.public(), nonce));
    assert_eq!(digits(&rig), Some(shown));
    rig.press(Button::Yes);
    assert!(matches!(rig.pairing(), Some(Pairing::Compare { confirmed: true, .. })));
    assert_eq!(rig.heard(0), [Body::PairConfirm]);
    assert!(rig.kiosk.pins().is_empty(), "the other side has not confirmed");
    rig.press(Button::Yes);
    assert_eq!(rig.heard(0), []);
    rig.say_outside(0, &Body::PairConfirm);
    let peer = rig.rogues[0].peer();
    let pin = Pin { peer, name: "Rogue 0".to_owned(), auto_answer: false };
    assert_eq!(rig.kiosk.pins(), std::slice::from_ref(&pin));
    assert!(rig.records.contains(&Record::TrustAdded(pin)));
    assert!(rig.notices.contains(&Notice::Paired { peer }));
    assert_eq!(rig.pairing(), Some(Pairing::Done { name: "Rogue 0".to_owned() }));
    rig.run(SECOND * 5);
    assert_eq!(rig.pairing(), None);
    // The third peer knew the commitment all the time, and learnt nothing more.
    assert_eq!(rig.heard(1), []);
    rig.call(0, 1);
}

#[test]
fn the_other_side_may_confirm_first() {
    let mut rig = Rig::new(2, 1, 0);
    compare(&mut rig, 0);
    rig.say_outside(0, &Body::PairConfirm);
    assert!(rig.kiosk.pins().is_empty());
    rig.press(Button::Yes);
    assert_eq!(rig.kiosk.pins().len(), 1);
}

#[test]
fn a_peer_that_joins_later_is_told_and_a_pinned_one_is_not_bothered() {
    let mut rig = Rig::new(3, 2, 1);
    rig.press(Button::Pair);
    assert_eq!(rig.heard(0), [], "it is pinned");
    assert!(commitment(&rig.heard(1)).is_some());
    rig.join(2, 1);
    assert!(commitment(&rig.heard(2)).is_some());
    // It may have forgotten us, though: then it can pair again, and the name that people gave it stays.
    rig.say_outside(0, &honest(&rig, 0));
    rig.say_outside(0, &Body::PairReveal(NONCE));
    rig.press(Button::Yes);
    rig.say_outside(0, &Body::PairConfirm);
    assert_eq!(rig.pairing(), Some(Pairing::Done { name: "Pinned".to_owned() }));
    assert_eq!(rig.kiosk.pins().len(), 1);
    assert_eq!(rig.kiosk.pins()[0].name, "Pinned");
}

#[test]
fn who_commits_first_is_taken_and_others_are_ignored() {
    let mut rig = Rig::new(4, 3, 0);
    rig.press(Button::Pair);
    (0..3).for_each(|rogue| drop(rig.heard(rogue)));
    rig.say_outside(1, &honest(&rig, 1));
    assert!(revealed(&rig.heard(1)).is_some());
    rig.say_outside(0, &honest(&rig, 0));
    rig.say_outside(0, &Body::PairReveal(NONCE));
    rig.say_outside(0, &Body::PairConfirm);
    rig.say_outside(2, &Body::PairCancel);
    rig.join(3, 1);
    for other in [0, 2, 3] {
        assert_eq!(rig.heard(other), [], "the nonce is for one peer alone");
    }
    rig.say_outside(1, &Body::PairReveal(NONCE));
    assert!(matches!(rig.pairing(), Some(Pairing::Compare { name, .. }) if name == "Rogue 1"));
    rig.press(Button::Yes);
    rig.say_outside(0, &Body::PairConfirm);
    assert!(rig.kiosk.pins().is_empty(), "another peer's word is not the partner's");
    rig.leave(0);
    rig.say_outside(1, &Body::PairConfirm);
    assert_eq!(rig.kiosk.pins().len(), 1);
    assert_eq!(rig.kiosk.pins()[0].peer, rig.rogues[1].peer());
}

#[test]
fn a_nonce_that_was_not_committed_to_ends_it() {
    for late in [false, true] {
        let mut rig = Rig::new(5, 1, 0);
        if late {
            compare(&mut rig, 0);
            rig.press(Button::Yes);
        } else {
            rig.press(Button::Pair);
            rig.say_outside(0, &honest(&rig, 0));
        }
        rig.heard(0);
        rig.say_outside(0, &Body::PairReveal([43; 16]));
        assert_eq!(failure(&rig), Some(PairingFailure::Mismatch));
        assert_eq!(rig.refusals("pairing-mismatch"), 1);
        assert_eq!(rig.heard(0), [Body::PairCancel]);
        rig.say_outside(0, &Body::PairConfirm);
        rig.press(Button::Yes);
        assert!(rig.kiosk.pins().is_empty());
    }
}

#[test]
fn a_commitment_that_changes_ends_it() {
    let mut rig = Rig::new(6, 1, 0);
    compare(&mut rig, 0);
    rig.say_outside(0, &honest(&rig, 0));
    assert!(digits(&rig).is_some(), "the same again is no harm");
    rig.say_outside(0, &Body::PairReveal(NONCE));
    assert!(digits(&rig).is_some(), "nor is this");
    rig.say_outside(0, &commit(rig.rogues[0].public(), [43; 16]));
    assert_eq!(failure(&rig), Some(PairingFailure::Mismatch));
}

#[test]
fn nothing_is_revealed_or_confirmed_too_early() {
    let mut rig = Rig::new(7, 1, 0);
    // Without a window nothing is heard at all.
    for body in [honest(&rig, 0), Body::PairReveal(NONCE), Body::PairConfirm, Body::PairCancel] {
        rig.say_outside(0, &body);
    }
    assert_eq!((rig.pairing(), rig.heard(0)), (None, Vec::new()));
    assert!(rig.kiosk.status().refusals.is_empty());
    rig.press(Button::Pair);
    rig.heard(0);
    rig.say_outside(0, &Body::PairReveal(NONCE));
    rig.say_outside(0, &Body::PairConfirm);
    assert_eq!(rig.refusals("unexpected"), 2);
    assert_eq!(rig.heard(0), []);
    assert!(matches!(rig.pairing(), Some(Pairing::Waiting { .. })));
    rig.say_outside(0, &honest(&rig, 0));
    rig.say_outside(0, &Body::PairConfirm);
    assert_eq!(rig.refusals("unexpected"), 3, "nobody can have compared anything");
    rig.press(Button::Yes);
    assert!(!rig.heard(0).contains(&Body::PairConfirm), "nor can anybody here");
    rig.say_outside(0, &Body::PairReveal(NONCE));
    rig.press(Button::Yes);
    assert!(rig.kiosk.pins().is_empty(), "an early confirmation counts for nothing");
    rig.say_outside(0, &Body::PairConfirm);
    assert_eq!(rig.kiosk.pins().len(), 1);
}

#[test]
fn a_replay_of_an_earlier_pairing_is_refused() {
    let mut rig = Rig::new(8, 1, 0);
    rig.press(Button::Pair);
    let (first, second) = (honest(&rig, 0), Body::PairReveal(NONCE));
    let recorded = [rig.seal_outside(0, &first), rig.seal_outside(0, &second), rig.seal_outside(0, &Body::PairConfirm)];
    recorded.iter().for_each(|envelope| rig.deliver(0, envelope.clone()));
    let earlier = digits(&rig);
    assert!(earlier.is_some());
    rig.press(Button::No);
    rig.press(Button::Pair);
    rig.heard(0);
    recorded.into_iter().for_each(|envelope| rig.deliver(0, envelope));
    assert!(matches!(rig.pairing(), Some(Pairing::Waiting { .. })));
    assert_eq!(rig.refusals("replayed"), 3);
    // The peer itself may say the same again; we do not: our nonce is new in every window.
    rig.say_outside(0, &first);
    rig.say_outside(0, &second);
    assert!(digits(&rig).is_some() && digits(&rig) != earlier);
}

#[test]
fn our_own_commitment_and_nonce_sent_back_to_us_do_not_fit() {
    let mut rig = Rig::new(9, 1, 0);
    rig.press(Button::Pair);
    let ours = commitment(&rig.heard(0)).expect("told");
    rig.say_outside(0, &Body::PairCommit(ours));
    let nonce = revealed(&rig.heard(0)).expect("told");
    rig.say_outside(0, &Body::PairReveal(nonce));
    assert_eq!(failure(&rig), Some(PairingFailure::Mismatch));
}

#[test]
fn a_man_in_the_middle_shows_different_digits() {
    let mut same = 0;
    for seed in 0..50 {
        // It is rogue 0 to one kiosk and rogue 1 to the other, and passes on whatever it can.
        let (mut one, mut other) = (Rig::new(seed, 1, 0), Rig::new(1_000 + seed, 2, 0));
        one.press(Button::Pair);
        other.press(Button::Pair);
        one.say_outside(0, &honest(&one, 0));
        let learnt = revealed(&one.heard(0)).expect("it has committed");
        // The best it can do: commit to the second kiosk with all that it has learnt from the first, before that reveals anything.
        other.say_outside(1, &commit(other.rogues[1].public(), learnt));
        one.say_outside(0, &Body::PairReveal(NONCE));
        other.say_outside(1, &Body::PairReveal(learnt));
        assert!(digits(&one).is_some() && digits(&other).is_some());
        same += usize::from(digits(&one) == digits(&other));
    }
    assert_eq!(same, 0);
}

#[test]
fn a_window_closes_after_a_minute() {
    for committed in [false, true] {
        let mut rig = Rig::new(10, 1, 0);
        rig.press(Button::Pair);
        if committed {
            rig.run(SECOND * 30);
            rig.say_outside(0, &honest(&rig, 0));
            rig.heard(0);
            rig.run(SECOND * 29);
        } else {
            rig.run(SECOND * 59);
        }
        assert!(matches!(rig.pairing(), Some(Pairing::Waiting { .. })));
        rig.heard(0);
        rig.run(SECOND);
        assert_eq!(failure(&rig), Some(PairingFailure::TimedOut));
        assert_eq!(rig.heard(0).contains(&Body::PairCancel), committed);
        rig.run(SECOND * 5);
        assert_eq!(rig.pairing(), None);
        rig.say_outside(0, &honest(&rig, 0));
        assert_eq!(rig.pairing(), None);
    }
}

#[test]
fn three_tries_in_ten_minutes_and_no_more() {
    let mut rig = Rig::new(11, 1, 0);
    for _ in 0..3 {
        rig.press(Button::Pair);
        assert!(matches!(rig.pairing(), Some(Pairing::Waiting { .. })));
        rig.press(Button::Pair);
        rig.run(SECOND * 100);
    }
    rig.heard(0);
    rig.press(Button::Pair);
    assert_eq!(failure(&rig), Some(PairingFailure::TooManyTries));
    assert_eq!(rig.heard(0), []);
    rig.run(SECOND * 299);
    rig.press(Button::Pair);
    assert_eq!(failure(&rig), Some(PairingFailure::TooManyTries));
    rig.run(SECOND);
    rig.press(Button::Pair);
    assert!(matches!(rig.pairing(), Some(Pairing::Waiting { .. })), "ten minutes after the first one");
    rig.press(Button::No);
    rig.press(Button::Pair);
    assert_eq!(failure(&rig), Some(PairingFailure::TooManyTries), "one was given back, not all");
}

#[test]
fn a_person_here_or_there_says_no() {
    let mut rig = Rig::new(12, 1, 0);
    compare(&mut rig, 0);
    rig.press(Button::No);
    assert_eq!(failure(&rig), Some(PairingFailure::Cancelled));
    assert_eq!(rig.heard(0), [Body::PairCancel]);
    rig.press(Button::No);
    assert_eq!(rig.pairing(), None, "once more, and it is no longer shown");
    compare(&mut rig, 0);
    rig.press(Button::Yes);
    rig.heard(0);
    rig.say_outside(0, &Body::PairCancel);
    assert_eq!(failure(&rig), Some(PairingFailure::Cancelled));
    assert_eq!(rig.heard(0), []);
    rig.say_outside(0, &Body::PairConfirm);
    assert!(rig.kiosk.pins().is_empty());
}

#[test]
fn it_is_of_one_session_from_its_beginning_to_its_end() {
    let mut rig = Rig::new(13, 1, 0);
    compare(&mut rig, 0);
    rig.press(Button::Yes);
    rig.join(0, 2);
    assert_eq!(failure(&rig), Some(PairingFailure::Cancelled));
    rig.say_outside(0, &Body::PairConfirm);
    assert!(rig.kiosk.pins().is_empty());
    rig.run(SECOND * 6);
    compare(&mut rig, 0);
    rig.leave(0);
    assert_eq!(failure(&rig), Some(PairingFailure::Cancelled));
    rig.run(SECOND * 6);
    rig.join(0, 3);
    compare(&mut rig, 0);
    rig.lose_link();
    assert_eq!(failure(&rig), Some(PairingFailure::NoLink));
    rig.press(Button::Pair);
    assert_eq!(failure(&rig), Some(PairingFailure::NoLink), "without a link there is nobody to pair with");
}

#[test]
fn a_call_keeps_the_window_shut() {
    let mut rig = Rig::new(14, 2, 1);
    rig.call(0, 1);
    rig.press(Button::Pair);
    assert_eq!(rig.pairing(), None);
    assert!(commitment(&rig.heard(1)).is_none());
}

#[test]
fn a_full_room_is_told_slowly_and_completely() {
    let mut rig = Rig::new(15, 70, 0);
    (0..70).for_each(|rogue| drop(rig.heard(rogue)));
    let told = |rig: &mut Rig| (0..70).filter(|rogue| commitment(&rig.heard(*rogue)).is_some()).count();
    rig.press(Button::Pair);
    assert!(commitment(&rig.rogues[0].heard).is_some(), "operators come first");
    assert_eq!(told(&mut rig), 32);
    rig.run(SECOND);
    assert_eq!(told(&mut rig), 32);
    rig.run(SECOND * 58);
    assert_eq!(told(&mut rig), 6);
    rig.run(SECOND);
    assert_eq!(failure(&rig), Some(PairingFailure::TimedOut));
}
