//! T1: who decides what is sent and shown: the room, and how far a peer may go.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use std::time::Duration;

use kiosk_call::{
    Button, Command, DeviceState, FileCommand, Input, MediaCommand, Quality, Record, Remark, Screen, Tone, VideoSource,
};
use kiosk_wire::{AskId, Body, Fault, KioskState, Wish};
use rogue::Rig;

fn in_call() -> Rig {
    let mut rig = Rig::new(1, 2, 2);
    rig.call(0, 1);
    rig.heard(0);
    rig.media.clear();
    rig
}

/// Seconds in which the peer gives signs of life and says nothing else.
fn alive(rig: &mut Rig, seconds: u32) {
    for n in 0..seconds {
        rig.run(Duration::from_secs(1));
        rig.say(0, &Body::Ping(n));
    }
}

fn ask(rig: &mut Rig, number: u8, wish: Wish) {
    rig.say(0, &Body::Ask { id: AskId([number; 16]), wish });
}

fn granted(rig: &mut Rig, number: u8) -> Option<bool> {
    rig.heard(0).iter().find_map(|body| {
        let Body::Reply { id, granted } = body else { return None };
        (*id == AskId([number; 16])).then_some(*granted)
    })
}

#[test]
fn a_peer_may_mute_but_only_the_room_may_unmute() {
    let mut rig = in_call();
    ask(&mut rig, 1, Wish::Mute);
    assert_eq!(granted(&mut rig, 1), Some(true));
    assert!(rig.kiosk.status().muted);
    assert_eq!(rig.media, [MediaCommand::SetSending { audio: false, video: true }]);
    assert_eq!(rig.view.as_ref().unwrap().remark, Some(Remark::MutedByPeer));

    ask(&mut rig, 2, Wish::Unmute);
    assert_eq!(granted(&mut rig, 2), None, "a person is asked");
    assert_eq!(rig.view.as_ref().unwrap().question.as_ref().unwrap().wish, Wish::Unmute);
    assert!(rig.kiosk.status().muted);
    rig.press(Button::No);
    assert_eq!(granted(&mut rig, 2), Some(false));
    assert!(rig.kiosk.status().muted && rig.view.as_ref().unwrap().question.is_none());

    ask(&mut rig, 3, Wish::Unmute);
    rig.press(Button::Yes);
    assert_eq!(granted(&mut rig, 3), Some(true));
    assert!(!rig.kiosk.status().muted);
}

#[test]
fn a_question_is_answered_by_silence_too() {
    let mut rig = in_call();
    ask(&mut rig, 1, Wish::SnapshotCamera);
    alive(&mut rig, 29);
    assert_eq!(granted(&mut rig, 1), None);
    ask(&mut rig, 2, Wish::SharePanel);
    assert_eq!(granted(&mut rig, 2), Some(false), "one question at a time");
    alive(&mut rig, 1);
    assert_eq!(granted(&mut rig, 1), Some(false));
    assert_eq!(rig.stored(), [], "no picture was taken");
}

#[test]
fn a_snapshot_is_taken_after_a_yes_and_never_before() {
    let mut rig = in_call();
    ask(&mut rig, 1, Wish::SnapshotPanel);
    assert_eq!(rig.stored(), []);
    rig.press(Button::Answer);
    assert_eq!(granted(&mut rig, 1), Some(true), "the answer button says yes");
    assert!(matches!(rig.stored()[..], [FileCommand::Snapshot { of: VideoSource::Panel, .. }]));
}

#[test]
fn a_question_never_hides_the_way_to_hang_up_and_ends_with_the_call() {
    let mut rig = in_call();
    ask(&mut rig, 1, Wish::Unmute);
    ask(&mut rig, 2, Wish::CameraOn);
    rig.heard(0);
    ask(&mut rig, 3, Wish::SharePanel);
    assert!(rig.view.as_ref().unwrap().question.is_some());
    rig.press(Button::Call);
    assert_eq!(rig.phase(), "none");
    assert!(rig.view.as_ref().unwrap().question.is_none());
    rig.press(Button::Yes);
    assert_eq!(rig.stored(), []);
}

#[test]
fn what_is_shared_replaces_the_camera_and_the_peer_is_told() {
    let mut rig = in_call();
    rig.press(Button::Share);
    let told = Body::Media { audio: true, video: true, screen: true, hold: false };
    assert_eq!(rig.heard(0), [told]);
    assert_eq!(rig.media[0], MediaCommand::SetSource(VideoSource::Panel));
    // What is shared goes out although the camera is off.
    rig.media.clear();
    rig.press(Button::Camera);
    assert_eq!(rig.media, [MediaCommand::SetSending { audio: true, video: true }]);
    ask(&mut rig, 1, Wish::ShareStop);
    assert_eq!(granted(&mut rig, 1), Some(true));
    assert_eq!(rig.view.as_ref().unwrap().source, VideoSource::Camera);
    rig.press(Button::Document);
    assert_eq!(rig.view.as_ref().unwrap().source, VideoSource::Camera, "there is no document camera");
    ask(&mut rig, 2, Wish::ShareDocument);
    assert_eq!(granted(&mut rig, 2), Some(false));
}

#[test]
fn on_hold_nothing_goes_out_or_in() {
    let mut rig = in_call();
    rig.press(Button::Hold);
    assert_eq!(rig.heard(0), [Body::Media { audio: false, video: false, screen: false, hold: true }]);
    assert_eq!(rig.media, [MediaCommand::SetSending { audio: false, video: false }, MediaCommand::SetReceiving(false)]);
    assert!(rig.view.as_ref().unwrap().held);
    rig.say(0, &Body::Media { audio: false, video: false, screen: false, hold: true });
    assert!(matches!(rig.view.as_ref().unwrap().screen, Screen::InCall { peer_hold: true, .. }));
    rig.media.clear();
    rig.press(Button::Hold);
    assert_eq!(rig.media, [MediaCommand::SetSending { audio: true, video: true }, MediaCommand::SetReceiving(true)]);
}

#[test]
fn the_next_visitor_finds_all_as_it_was_before_the_call() {
    let mut rig = Rig::new(1, 1, 1);
    rig.press(Button::Camera);
    rig.call(0, 1);
    for button in [Button::Camera, Button::Mute, Button::Share, Button::Swap, Button::Hold] {
        rig.press(button);
    }
    rig.press(Button::HangUp);
    let view = rig.view.as_ref().unwrap();
    assert!(view.camera_off, "it was off before the call");
    assert_eq!((view.muted, view.held, view.source, view.pictures_swapped), (false, false, VideoSource::Camera, false));
}

#[test]
fn volume_and_quality_are_set_told_and_kept() {
    let mut rig = in_call();
    ask(&mut rig, 1, Wish::Volume(35));
    assert_eq!(granted(&mut rig, 1), Some(true));
    assert_eq!(rig.view.as_ref().unwrap().volume, Some(35));
    rig.input(Input::Command(Command::Quality(Quality::Smooth)));
    assert!(rig.media.contains(&MediaCommand::SetQuality(Quality::Smooth)));
    assert!(rig.records.contains(&Record::Quality(Quality::Smooth)));
}

#[test]
fn only_a_trusted_operator_may_restart() {
    let mut rig = Rig::new(1, 3, 2);
    let restart = |number| Body::Ask { id: AskId([number; 16]), wish: Wish::Restart };
    rig.say_outside(1, &restart(1));
    assert_eq!(rig.heard(1), [Body::Reply { id: AskId([1; 16]), granted: false }], "another kiosk");
    rig.say_outside(2, &restart(2));
    assert_eq!((rig.refusals("untrusted"), rig.restarts), (1, 0), "a stranger");
    rig.call(0, 1);
    rig.heard(0);
    rig.say(0, &restart(3));
    assert_eq!(granted(&mut rig, 3), Some(true));
    assert_eq!((rig.restarts, rig.phase()), (1, "none"));
}

#[test]
fn operators_are_told_how_the_kiosk_is() {
    let mut rig = Rig::new(1, 2, 2);
    let last = |rig: &Rig| rig.rogues[0].statuses.last().cloned().unwrap();
    assert_eq!((last(&rig).state, last(&rig).faults), (KioskState::Idle, Vec::new()));
    rig.input(Input::Panel(DeviceState::Missing("no monitor".to_owned())));
    assert_eq!(last(&rig).faults, [Fault::Panel]);
    rig.call(0, 1);
    assert_eq!(last(&rig).state, KioskState::InCall);
    let count = rig.rogues[0].statuses.len();
    rig.run(Duration::from_secs(1));
    assert_eq!(rig.rogues[0].statuses.len(), count, "only what has changed");
    assert!(rig.rogues[1].statuses.is_empty(), "no kiosk is told");
}

#[test]
fn an_answer_without_a_person_is_announced() {
    let mut rig = Rig::new(1, 1, 1);
    let peer = rig.rogues[0].peer();
    let pin = kiosk_call::Pin { peer, name: "Desk".to_owned(), auto_answer: true };
    rig.input(Input::Command(Command::TrustAdd(pin)));
    rig.ring(0, 1);
    assert_eq!(rig.phase(), "ringing-in");
    assert!(matches!(rig.view.as_ref().unwrap().screen, Screen::RingingIn { answered_at: Some(_), .. }));
    assert!(rig.media.contains(&MediaCommand::SetTone(Some(Tone::Announcement))));
    rig.run(Duration::from_millis(2_900));
    assert_eq!(rig.phase(), "ringing-in");
    rig.run(Duration::from_millis(100));
    assert_eq!(rig.phase(), "in-call");
    // Somebody who does not want it has three seconds to say so.
    rig.press(Button::HangUp);
    rig.ring(0, 2);
    rig.press(Button::HangUp);
    rig.run(Duration::from_secs(5));
    assert_eq!(rig.phase(), "none");
}
