//! T1: offers that want to go on with a call, from peers that mean no good: what is not theirs they do not get, and nothing rings.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use std::time::Duration;

use kiosk_call::{Button, CallId, Ending, MediaCommand, Notice, Screen};
use kiosk_wire::{Body, ByeReason, RejectReason};
use rogue::Rig;

const FIRST: CallId = CallId([1; 16]);

fn is_in_call(rig: &Rig) -> bool {
    rig.phase() == "in-call" && rig.kiosk.status().call.is_some_and(|call| call.given_up_at.is_none())
}

fn rang(rig: &Rig) -> usize {
    rig.notices.iter().filter(|notice| matches!(notice, Notice::CallStarted { .. })).count()
}

#[test]
fn who_has_the_call_answers_at_once_and_never_rings() {
    let mut rig = Rig::new(1, 2, 2);
    rig.call(0, 1);
    rig.heard(0);
    for number in 2..5 {
        rig.offer(0, number, Some(FIRST));
        assert!(is_in_call(&rig), "the peer's side was lost, ours did not know");
        let heard = rig.heard(0);
        assert!(matches!(heard.first(), Some(Body::Answer(_))), "{heard:?}");
        assert!(heard.iter().any(|body| matches!(body, Body::Media { .. })), "what we send is said again");
        let old = CallId([number - 1; 16]);
        assert!(rig.media.contains(&MediaCommand::Close { call: old }));
    }
    let status = rig.kiosk.status().call.unwrap();
    assert_eq!((status.call, status.connection), (FIRST, Some(CallId([4; 16]))));
    assert_eq!(rang(&rig), 1);
    rig.say(0, &Body::Bye(ByeReason::HangUp));
    assert_eq!(rig.phase(), "none");
}

#[test]
fn a_call_that_is_not_there_is_gone() {
    let mut rig = Rig::new(2, 2, 2);
    rig.offer(0, 1, Some(CallId([9; 16])));
    assert_eq!(rig.heard(0), [Body::Reject(RejectReason::Gone)]);
    assert_eq!((rig.phase(), rang(&rig)), ("none", 0));

    rig.call(0, 2);
    rig.press(Button::HangUp);
    rig.heard(0);
    rig.offer(0, 3, Some(CallId([2; 16])));
    assert_eq!(rig.heard(0), [Body::Reject(RejectReason::Gone)], "it was hung up");
    assert_eq!(rig.phase(), "none");
}

#[test]
fn nobody_takes_over_the_call_of_another() {
    let mut rig = Rig::new(3, 3, 3);
    rig.call(0, 1);
    rig.media.clear();
    rig.offer(1, 2, Some(FIRST));
    assert_eq!(rig.heard(1), [Body::Reject(RejectReason::Gone)]);
    assert!(is_in_call(&rig) && rig.media.is_empty());
    assert_eq!(rig.kiosk.status().call.unwrap().peer, rig.rogues[0].peer());
}

#[test]
fn a_stranger_learns_nothing_of_the_call() {
    let mut rig = Rig::new(4, 2, 1);
    rig.call(0, 1);
    rig.offer(1, 2, Some(FIRST));
    assert_eq!(rig.heard(1), [Body::Reject(RejectReason::Untrusted)]);
    assert_eq!(rig.refusals("untrusted"), 1);
    assert!(is_in_call(&rig));
}

#[test]
fn what_rings_is_no_call_that_could_go_on() {
    let mut rig = Rig::new(5, 2, 2);
    rig.ring(0, 1);
    rig.heard(0);
    rig.offer(0, 2, Some(FIRST));
    assert_eq!(rig.heard(0), [Body::Reject(RejectReason::Gone)]);
    assert_eq!((rig.phase(), rang(&rig)), ("ringing-in", 1));
}

#[test]
fn a_flood_of_offers_costs_twenty_handshakes_a_minute() {
    let mut rig = Rig::new(6, 1, 1);
    rig.call(0, 1);
    rig.media.clear();
    for number in 2..=200 {
        rig.offer(0, number, Some(FIRST));
        rig.run(Duration::from_millis(5));
    }
    let closed = rig.media.iter().filter(|command| matches!(command, MediaCommand::Close { .. })).count();
    assert_eq!(closed, 20);
    assert!(rig.heard(0).contains(&Body::Reject(RejectReason::Busy)));
    assert!(rig.most_outputs < 30, "{} outputs", rig.most_outputs);
}

/// It has begun anew, and knows nothing of the call: as before, that call is over.
#[test]
fn a_new_call_from_a_new_session_ends_the_old_one_and_rings() {
    let mut rig = Rig::new(7, 1, 1);
    rig.call(0, 1);
    rig.run(Duration::from_secs(10));
    assert!(!is_in_call(&rig), "the rogue says nothing");
    rig.join(0, 2);
    rig.ring(0, 9);
    assert_eq!(rig.phase(), "ringing-in");
    let lost = |notice: &Notice| *notice == Notice::CallEnded { call: FIRST, why: Ending::PeerLost };
    assert!(rig.notices.iter().any(lost));
}

/// The answer is seen on the screen until it comes: what reconnects is given up in the end.
#[test]
fn who_comes_back_and_never_confirms_is_given_up() {
    let mut rig = Rig::new(8, 1, 1);
    rig.call(0, 1);
    rig.run(Duration::from_secs(4));
    let screen = |rig: &Rig| rig.view.as_ref().map(|view| view.screen.clone());
    assert!(matches!(screen(&rig), Some(Screen::InCall { reconnecting: Some(_), .. })));
    for epoch in 2..20 {
        rig.join(0, epoch);
        rig.run(Duration::from_secs(2));
    }
    rig.run(Duration::from_secs(10));
    assert_eq!(rig.phase(), "none");
    let offers = rig.media.iter().filter(|command| matches!(command, MediaCommand::Offer { .. })).count();
    assert!((18..=40).contains(&offers), "{offers} offers: one a session, one in five seconds");
}
