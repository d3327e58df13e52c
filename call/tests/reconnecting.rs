//! T1: a call whose connection is lost, in virtual time: what brings it back, what it keeps, and what ends it for good.

#[expect(dead_code, reason = "it uses its part of the sim")]
mod sim;

use std::time::Duration;

use kiosk_call::{Button, Command, Edge, Ending, Input, MediaEvent, Notice, Pattern, Screen, Tone};
use sim::{Weather, World, files::offer};

const LONG: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);
const BOTH: [usize; 2] = [0, 1];

fn press(world: &mut World, kiosk: usize, button: Button) {
    world.input(kiosk, Input::Button(button, Edge::Down));
    world.input(kiosk, Input::Button(button, Edge::Up));
}

/// Two in a call; nobody auto-answers (no seed is a multiple of 3).
fn call(seed: u64) -> World {
    let mut world = World::new(seed * 3 + 1, 2, Weather::default());
    assert!(world.run_until(LONG, World::all_linked));
    press(&mut world, 0, Button::Call);
    assert!(world.run_until(LONG, |world| world.phase(1) == "ringing-in"));
    press(&mut world, 1, Button::Answer);
    assert!(world.run_until(LONG, are_well));
    world.run(Duration::from_secs(2));
    world
}

/// In one call, over one connection that neither side holds for lost.
fn are_well(world: &World) -> bool {
    let connection = world.connection(0);
    connection.is_some() && connection == world.connection(1) && BOTH.iter().all(|kiosk| !world.is_reconnecting(*kiosk))
}

fn are_lost(world: &World) -> bool {
    BOTH.iter().all(|kiosk| world.is_reconnecting(*kiosk))
}

fn ending(world: &World, kiosk: usize) -> Option<Ending> {
    let Screen::Ended { why, .. } = &world.kiosks[kiosk].view.as_ref()?.screen else { return None };
    Some(*why)
}

fn since(world: &World, kiosk: usize) -> std::time::Instant {
    let Some(Screen::InCall { since, .. }) = world.kiosks[kiosk].view.as_ref().map(|view| &view.screen) else {
        panic!("kiosk {kiosk} shows no call")
    };
    *since
}

fn never_rang(world: &World) {
    for kiosk in &world.kiosks {
        assert_eq!(kiosk.connected_calls, 1, "it is the same call");
        assert!(matches!(kiosk.tone, None | Some(Tone::Busy)), "nothing rings");
    }
}

#[test]
fn a_network_that_is_cut_for_thirty_seconds_costs_no_word_and_no_byte() {
    for seed in 0..10 {
        let mut world = call(seed);
        let (id, began) = (world.kiosks[0].kiosk.status().call.unwrap().call, since(&world, 0));
        let file = offer(seed, 3 << 20, "text/plain");
        world.files.disks.entry(0).or_default().ours.insert(file.id, file.clone());
        world.command(0, Command::SendFile(file.clone()));
        world.run(Duration::from_secs(1));
        world.cut_off(0);
        world.command(0, Command::Chat(None, "before it shows".to_owned()));
        assert!(world.run_until(SOON, are_lost), "seed {seed}");
        world.command(0, Command::Chat(None, "while it is lost".to_owned()));
        world.command(1, Command::Chat(None, "and back".to_owned()));
        world.run(Duration::from_secs(26));
        assert!(are_lost(&world), "seed {seed}");
        world.heal();
        assert!(world.run_until(SOON, are_well), "seed {seed}: back within five seconds");
        let said = |world: &World, kiosk: usize| {
            let history = world.kiosks[kiosk].kiosk.history();
            history.iter().map(|line| (line.text.clone(), line.delivered)).collect::<Vec<_>>()
        };
        let all = ["before it shows", "while it is lost", "and back"];
        let has_all = |world: &World, kiosk| {
            let said = said(world, kiosk);
            said.len() == 3 && all.iter().all(|line| said.contains(&((*line).to_owned(), true)))
        };
        assert!(world.run_until(LONG, |world| BOTH.iter().all(|kiosk| has_all(world, *kiosk))), "seed {seed}");
        assert!(world.run_until(LONG, |world| world.kiosks[1].moved == (0, 1)), "seed {seed}: the file goes on");
        assert_eq!((since(&world, 0), world.kiosks[0].kiosk.status().call.unwrap().call), (began, id));
        never_rang(&world);
    }
}

#[test]
fn people_see_that_a_call_reconnects() {
    let mut world = call(1);
    world.cut_off(0);
    assert!(world.run_until(SOON, |world| world.is_reconnecting(0)));
    let Some(Screen::InCall { reconnecting: Some(at), .. }) = world.kiosks[0].view.as_ref().map(|view| &view.screen)
    else {
        panic!("the screen does not say it")
    };
    assert_eq!(*at, world.now + Duration::from_secs(45));
    assert_eq!(world.kiosks[0].lights.map(|lights| lights.call), Some(Pattern::Pulse));
    world.heal();
    assert!(world.run_until(SOON, are_well));
    assert_eq!(world.kiosks[0].lights.map(|lights| lights.call), Some(Pattern::On));
}

/// Both lose it at the same moment, so that both offer: one connection comes of it.
#[test]
fn both_offer_at_once_and_one_connection_comes_of_it() {
    for seed in 0..12 {
        let mut world = call(seed);
        let before = world.connection(0);
        world.media.cut.insert((0, 1));
        assert!(world.run_until(SOON, are_lost), "seed {seed}");
        world.run(Duration::from_millis(250));
        world.heal();
        assert!(world.run_until(Duration::from_secs(6), are_well), "seed {seed}");
        assert_ne!(world.connection(0), before);
        world.run(LONG);
        assert!(are_well(&world), "seed {seed}");
        never_rang(&world);
    }
}

#[test]
fn the_old_connection_is_heard_again_before_there_is_a_new_one() {
    let mut world = call(1);
    let before = world.connection(0);
    for kiosk in BOTH {
        world.unlink(kiosk);
    }
    world.media.cut.insert((0, 1));
    assert!(world.run_until(SOON, are_lost));
    world.run(Duration::from_secs(10));
    world.media.cut.clear();
    assert!(world.run_until(Duration::from_secs(1), are_well), "without a server");
    assert_eq!(world.connection(0), before);
    assert_eq!(world.kiosks[0].resumed_calls, 1);
    world.run(LONG);
    assert!(are_well(&world), "and nobody gives it up any more");
}

/// The network is gone for so short a time that the link's probe is answered in the end: then the old connection is enough.
#[test]
fn a_short_cut_needs_no_new_connection() {
    let mut world = call(1);
    let before = world.connection(0);
    world.cut_off(0);
    world.run(Duration::from_millis(2_900));
    world.heal();
    world.run(LONG);
    assert!(are_well(&world) && world.connection(0) == before);
}

#[test]
fn who_was_restarted_has_no_such_call() {
    for kiosk in BOTH {
        let mut world = call(1);
        world.cut_power(kiosk);
        let other = 1 - kiosk;
        assert!(world.run_until(SOON, |world| ending(world, other) == Some(Ending::PeerLost)), "{kiosk}");
        assert_eq!(world.phase(kiosk), "none", "and nothing rings there");
    }
}

#[test]
fn another_address_and_another_session_carry_the_call_on() {
    for seed in 0..10 {
        for kiosk in BOTH {
            let mut world = call(seed);
            let session = world.kiosks[kiosk].kept.epoch;
            world.change_address(kiosk);
            assert!(world.run_until(Duration::from_secs(6), |world| world.kiosks[kiosk].resumed_calls == 1));
            assert!(world.run_until(SOON, are_well), "seed {seed}");
            assert!(world.kiosks[kiosk].kept.epoch > session);
            never_rang(&world);
        }
    }
}

#[test]
fn a_man_in_the_middle_of_the_new_connection_gets_nothing() {
    let mut world = call(1);
    world.weather.interception = 1_000;
    world.media.cut.insert((0, 1));
    assert!(world.run_until(SOON, are_lost));
    world.heal();
    assert!(world.run_until(LONG, |world| BOTH.iter().all(|kiosk| ending(world, *kiosk) == Some(Ending::NotSecure))));
}

#[test]
fn who_is_trusted_no_more_cannot_go_on() {
    let mut world = call(1);
    let peer = world.kiosks[1].peer;
    world.media.cut.insert((0, 1));
    assert!(world.run_until(SOON, are_lost));
    world.command(0, Command::TrustRemove(peer));
    world.heal();
    assert!(world.run_until(LONG, |world| BOTH.iter().all(|kiosk| ending(world, *kiosk) == Some(Ending::Untrusted))));
}

#[test]
fn mute_hold_and_camera_stay_as_they_are() {
    let mut world = call(1);
    press(&mut world, 0, Button::Mute);
    press(&mut world, 0, Button::Camera);
    press(&mut world, 1, Button::Hold);
    world.run(Duration::from_secs(1));
    world.cut_off(0);
    assert!(world.run_until(SOON, are_lost));
    press(&mut world, 1, Button::Mute);
    world.heal();
    assert!(world.run_until(SOON, are_well));
    world.run(Duration::from_secs(1));
    let status = |kiosk: usize| world.kiosks[kiosk].kiosk.status();
    assert!(status(0).muted && status(0).camera_off && status(1).held && status(1).muted);
    let (of_0, of_1) = (status(1).call.unwrap(), status(0).call.unwrap());
    assert!(!of_0.peer_audio && !of_0.peer_video && !of_0.peer_hold);
    assert!(of_1.peer_hold);
    press(&mut world, 0, Button::HangUp);
    assert!(!world.kiosks[0].kiosk.status().muted, "the next visitor finds all as it was before the call");
}

#[test]
fn who_hangs_up_while_it_reconnects_is_done_at_once() {
    let mut world = call(1);
    world.cut_off(0);
    assert!(world.run_until(SOON, are_lost));
    press(&mut world, 0, Button::HangUp);
    assert_eq!(ending(&world, 0), Some(Ending::HungUp));
    world.run(Duration::from_secs(5));
    world.heal();
    assert!(world.run_until(LONG, |world| world.phase(1) == "none"), "the other side learns it when it asks");
    assert_eq!(world.phase(0), "none");
}

#[test]
fn media_that_fails_gets_a_new_connection_but_not_for_ever() {
    let mut world = call(1);
    let fail = |world: &mut World| {
        let call = world.connection(0).unwrap();
        world.input(0, Input::Media(MediaEvent::Failed { call, reason: "the encoder hangs".to_owned() }));
    };
    for _ in 0..2 {
        fail(&mut world);
        assert!(world.is_reconnecting(0));
        assert!(world.run_until(Duration::from_secs(1), are_well), "at once");
        world.run(SOON);
    }
    world.run(LONG);
    for _ in 0..2 {
        fail(&mut world);
        assert!(world.run_until(Duration::from_secs(1), are_well), "a minute later it may fail again");
    }
    fail(&mut world);
    assert_eq!(ending(&world, 0), Some(Ending::MediaFailed));
}

#[test]
fn a_change_of_the_network_makes_all_of_it_quicker() {
    let mut world = call(1);
    world.media.cut.insert((0, 1));
    world.run(Duration::from_millis(1_600));
    assert!(!world.is_reconnecting(0));
    world.input(0, Input::NetworkChanged);
    assert!(world.is_reconnecting(0), "the peer has said nothing for a second");
    world.heal();
    assert!(world.run_until(Duration::from_secs(6), are_well));

    world.input(0, Input::NetworkChanged);
    world.run(SOON);
    assert!(are_well(&world), "who is heard is not lost");

    world.unlink(0);
    world.run(LONG * 10);
    world.unlinked.clear();
    world.input(0, Input::NetworkChanged);
    assert!(world.run_until(Duration::from_secs(1), World::all_linked), "it does not wait for its turn");

    world.cut_off(0);
    world.input(0, Input::NetworkChanged);
    assert!(world.run_until(Duration::from_millis(2_100), |world| !world.all_linked()), "a dead link is found out");
}

#[test]
fn while_a_call_waits_the_link_is_tried_at_least_every_two_seconds() {
    let mut world = call(1);
    world.unlink(0);
    world.media.cut.insert((0, 1));
    assert!(world.run_until(SOON, |world| world.is_reconnecting(0)));
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let (before, sockets) = (world.now, world.sockets);
        assert!(world.run_until(SOON, |world| world.sockets > sockets));
        longest = longest.max(world.now - before);
    }
    assert!(longest <= Duration::from_secs(2), "{longest:?}");
}

#[test]
fn the_journal_is_told_of_the_loss_and_of_the_return() {
    let mut world = call(1);
    world.media.cut.insert((0, 1));
    assert!(world.run_until(SOON, |world| world.is_reconnecting(0)));
    let id = world.kiosks[0].kiosk.status().call.unwrap().call;
    let is_told = |notice: &Notice| matches!(notice, Notice::CallReconnecting { call, .. } if *call == id);
    assert!(world.kiosks[0].last_notice.as_ref().is_some_and(is_told), "{:?}", world.kiosks[0].last_notice);
    world.heal();
    assert!(world.run_until(Duration::from_secs(6), are_well));
    let is_told = |notice: &Notice| matches!(notice, Notice::CallResumed { call, .. } if *call == id);
    assert!(world.kiosks[0].last_notice.as_ref().is_some_and(is_told), "{:?}", world.kiosks[0].last_notice);
}
