//! T1: peers that are trusted, or were, and clocks that lie: each of them gets no call that it should not get.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use std::time::Duration;

use kiosk_call::{Button, CallId, Command, Input, MediaCommand};
use kiosk_wire::{Body, Hash, ServerFrame};
use rogue::Rig;

const MALLORY: usize = 0;
const ALICE: usize = 1;

fn gates_opened(rig: &Rig) -> bool {
    rig.media.iter().any(|command| matches!(command, MediaCommand::OpenGates { .. }))
}

/// RFC 8844 §3: Mallory, whom the kiosk trusts, offers Alice's description as hers, and ours to Alice as hers too. DTLS then runs between
/// Alice and us with the certificates that were signed; but Alice confirms a call with Mallory.
#[test]
fn a_peer_that_offers_anothers_certificate_is_found_out() {
    let mut rig = Rig::new(1, 2, 2);
    let (offer, answer) = rig.ring_for_another(MALLORY, 1);
    assert_eq!(rig.phase(), "connecting");
    for to_us in [false, true] {
        rig.confirm_as(ALICE, CallId([1; 16]), to_us, offer, answer);
    }
    assert_eq!(rig.refusals("signature"), 2);
    rig.run(Duration::from_secs(20));
    assert!(!gates_opened(&rig) && rig.phase() != "in-call", "Alice believes that she speaks with Mallory");
}

/// Mallory has no way into the data channel between Alice and us, and says it over the link instead.
#[test]
fn nothing_is_confirmed_beside_the_channel() {
    let mut rig = Rig::new(1, 2, 2);
    let (offer, answer) = rig.ring_for_another(MALLORY, 1);
    rig.confirm_by_link(MALLORY, CallId([1; 16]), offer, answer);
    assert_eq!(rig.refusals("wrong-transport"), 1);
    rig.run(Duration::from_secs(20));
    assert!(!gates_opened(&rig) && rig.phase() != "in-call");
}

/// The control: the same call, confirmed by whom it is with.
#[test]
fn the_same_call_is_confirmed_by_its_peer() {
    let mut rig = Rig::new(1, 2, 2);
    let (offer, answer) = rig.ring_for_another(MALLORY, 1);
    rig.confirm_as(MALLORY, CallId([1; 16]), true, offer, answer);
    assert!(gates_opened(&rig) && rig.phase() == "in-call");
}

/// Whoever has stolen a device has its identity too: what ends its calls is that nobody trusts it any more.
#[test]
fn who_is_no_longer_trusted_does_not_ring() {
    let mut rig = Rig::new(1, 2, 2);
    rig.ring(MALLORY, 1);
    assert_eq!(rig.phase(), "ringing-in");
    rig.press(Button::HangUp);
    let thief = rig.rogues[MALLORY].peer();
    rig.input(Input::Command(Command::TrustRemove(thief)));
    rig.ring(MALLORY, 2);
    assert_eq!((rig.refusals("untrusted"), rig.phase()), (1, "none"));
    rig.ring(ALICE, 3);
    assert_eq!(rig.phase(), "ringing-in");
}

/// An offer of an earlier session is refused whatever the clock says: freshness has no clock in it.
#[test]
fn a_clock_that_is_set_back_revives_nothing() {
    const YEAR: u64 = 365 * 86_400_000;
    for wall in [0, rogue::START - YEAR, rogue::START, rogue::START + 12 * YEAR] {
        let mut rig = Rig::new(1, 1, 1);
        let old = rig.seal_offer(MALLORY, 1, None);
        rig.wall = wall;
        rig.lose_link();
        rig.run(Duration::from_secs(60));
        rig.deliver(MALLORY, old);
        // When its certificate has run out meanwhile, the peer is not known any more.
        let refused = rig.refusals("stale-session") + rig.refusals("unknown-peer");
        assert_eq!((refused, rig.phase()), (1, "none"), "at {wall} ms");
    }
}

/// A certificate that has run out is refused, unless the clock was never set: then the server's challenge alone says that it is new.
#[test]
fn a_certificate_that_has_run_out_is_refused() {
    const DAY: u64 = 86_400_000;
    for (wall, refused) in [(rogue::START, 0), (rogue::START + 2 * DAY, 1), (rogue::START - 2 * DAY, 1), (0, 0)] {
        let mut rig = Rig::new(1, 1, 1);
        rig.wall = wall;
        let peer = rig.rogues[MALLORY].description();
        rig.frame(&ServerFrame::Joined { peer });
        assert_eq!(rig.refusals("expired") + rig.refusals("not-yet-valid"), refused, "at {wall} ms");
    }
}

#[test]
fn hashes_of_another_call_confirm_nothing() {
    let mut rig = Rig::new(1, 1, 1);
    let (offer, _) = rig.ring_for_another(MALLORY, 1);
    rig.confirm_as(MALLORY, CallId([1; 16]), true, offer, Hash([0; 32]));
    assert_eq!(rig.refusals("confirm-mismatch"), 1);
    assert!(!gates_opened(&rig));
    let heard = rig.heard(MALLORY);
    assert!(heard.iter().any(|body| matches!(body, Body::Bye(_))), "{heard:?}");
}
