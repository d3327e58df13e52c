//! T1: another config while the kiosk runs.

#[expect(dead_code, reason = "it uses its part of the rig")]
mod rogue;

use std::time::Duration;

use kiosk_call::{Config, Decided, Input, LinkCommand, Output, Pattern, Pin, Retention, Target, UnknownPeers};
use kiosk_wire::{Name, Room};
use rogue::Rig;

fn decided(rig: &Rig) -> Decided {
    let config = Config {
        name: Name::try_from("Kiosk".to_owned()).expect("short"),
        room: Room::try_from("lobby".to_owned()).expect("lower case"),
        servers: vec!["wss://server.example/signaling".to_owned()],
        target: Target::Operator,
        unknown: UnknownPeers::Refuse,
        operator_keys: Vec::new(),
        retention: Retention::UntilCallEnds,
        quick_replies: Vec::new(),
        allow_restart: true,
        document_camera: false,
        is_last_good: false,
    };
    Decided { config, pins: rig.kiosk.pins(), volume: None }
}

fn renamed(rig: &Rig) -> Input {
    let mut decided = decided(rig);
    decided.config.name = Name::try_from("Ward 3".to_owned()).expect("short");
    Input::Configure(Box::new(decided))
}

#[test]
fn another_name_is_taken_at_once_when_nobody_calls() {
    let mut rig = Rig::new(1, 1, 1);
    rig.input(renamed(&rig));
    rig.run(Duration::from_secs(1));
    assert_eq!(rig.kiosk.status().name, "Ward 3");
    assert_eq!(rig.kiosk.status().link, kiosk_call::Link::Up, "it has signed in again");
}

#[test]
fn another_name_waits_for_the_end_of_the_call() {
    let mut rig = Rig::new(1, 1, 1);
    rig.call(0, 1);
    rig.input(renamed(&rig));
    assert_eq!((rig.kiosk.status().name.as_str(), rig.phase()), ("Kiosk", "in-call"));
    rig.input(Input::Command(kiosk_call::Command::HangUp));
    rig.run(Duration::from_secs(1));
    assert_eq!(rig.kiosk.status().name, "Ward 3");
}

#[test]
fn the_same_again_changes_nothing() {
    let mut rig = Rig::new(1, 1, 1);
    let same = Input::Configure(Box::new(decided(&rig)));
    rig.kiosk.handle_input(same, kiosk_call::Now { mono: rig.now, wall: kiosk_call::UnixMillis(1_795_305_600_000) });
    assert!(matches!(rig.kiosk.poll_output(), Output::Timeout(..)));
}

#[test]
fn trust_volume_and_the_fault_light_follow() {
    let mut rig = Rig::new(1, 2, 1);
    let (before, other) = (rig.rogues[0].peer(), rig.rogues[1].peer());
    let mut decided = decided(&rig);
    decided.pins = vec![Pin { peer: other, name: "Other".to_owned(), auto_answer: false }];
    decided.volume = Some(30);
    decided.config.is_last_good = true;
    let now = kiosk_call::Now { mono: rig.now, wall: kiosk_call::UnixMillis(1_795_305_600_000) };
    rig.kiosk.handle_input(Input::Configure(Box::new(decided)), now);
    let (mut volume, mut fault) = (None, None);
    loop {
        let output = rig.kiosk.poll_output();
        assert!(!matches!(output, Output::Link(_, LinkCommand::Close)), "the link stays");
        if let Output::Volume(percent) = output {
            volume = Some(percent);
        } else if let Output::Lights(lights) = output {
            fault = Some(lights.fault);
        } else if let Output::Timeout(..) = output {
            break;
        }
    }
    assert_eq!((volume, fault), (Some(30), Some(Pattern::Pulse)));
    let trusted = |rig: &Rig, id| rig.kiosk.peers().iter().any(|peer| peer.peer == id && peer.pinned);
    assert!(trusted(&rig, other) && !trusted(&rig, before));
}
