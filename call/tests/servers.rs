//! T1: kiosks that are signed in at two servers, of which either may die.

#[expect(dead_code, reason = "it uses its part of the sim")]
mod sim;

use std::time::Duration;

use kiosk_call::{Button, Command, Edge, Input, Link};
use sim::{Weather, World};

/// Longer than anything here takes, in virtual time.
const SOON: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

/// Two kiosks that ring by hand, and two servers.
fn world() -> World {
    let mut world = World::between(1, 2, 2, Weather::default());
    assert!(world.run_until(MINUTE, World::all_linked));
    world
}

fn press(world: &mut World, kiosk: usize, button: Button) {
    world.input(kiosk, Input::Button(button, Edge::Down));
}

fn both(world: &World, phase: &str) -> bool {
    (0..2).all(|kiosk| world.phase(kiosk) == phase)
}

fn call(world: &mut World) {
    press(world, 0, Button::Call);
    assert!(world.run_until(SOON, |world| world.phase(1) == "ringing-in"));
    press(world, 1, Button::Answer);
    assert!(world.run_until(SOON, |world| both(world, "in-call")));
}

#[test]
fn everybody_is_signed_in_at_both() {
    let world = world();
    for kiosk in &world.kiosks {
        let status = kiosk.kiosk.status();
        assert!(status.link == Link::Up && status.servers.iter().all(|(_, link)| *link == Link::Up));
        assert_eq!((status.servers.len(), status.peers), (2, 1), "one peer, whom it meets twice");
    }
}

#[test]
fn either_server_may_be_dead() {
    for dead in 0..2 {
        let mut world = world();
        world.stop_server(dead);
        world.run(SOON);
        let status = world.kiosks[0].kiosk.status();
        assert!(
            status.link == Link::Up
                && matches!(status.servers[usize::from(dead)].1, Link::Down { .. } | Link::Connecting)
        );
        call(&mut world);
        world.start_servers();
        assert!(world.run_until(MINUTE, World::all_linked), "it is signed in again, in the call");
        assert!(both(&world, "in-call"));
    }
}

#[test]
fn what_rings_over_a_server_that_dies_rings_over_the_other() {
    let mut world = world();
    press(&mut world, 0, Button::Call);
    assert!(world.run_until(SOON, |world| world.phase(1) == "ringing-in"));
    world.stop_server(0);
    assert!(world.run_until(SOON, |world| world.phase(0) == "ringing-out" && world.phase(1) == "ringing-in"));
    press(&mut world, 1, Button::Answer);
    assert!(world.run_until(SOON, |world| both(world, "in-call")));
}

#[test]
fn two_who_call_each_other_over_different_servers_meet() {
    let mut world = world();
    // Kiosk 0 sees kiosk 1 at the second server only, and the reverse.
    world.kill_link(0, 0);
    press(&mut world, 0, Button::Call);
    press(&mut world, 1, Button::Call);
    assert!(world.run_until(SOON, |world| both(world, "in-call")));
}

#[test]
fn a_call_goes_on_over_the_server_that_is_left() {
    let mut world = world();
    call(&mut world);
    let before = world.connection(0);
    world.stop_server(0);
    world.media.cut.insert((0, 1));
    assert!(world.run_until(MINUTE, |world| world.is_reconnecting(0)));
    world.command(0, Command::Chat(None, "Are you there?".to_owned()));
    world.heal();
    world.change_address(0);
    assert!(world.run_until(Duration::from_secs(10), |world| (0..2).all(|kiosk| !world.is_reconnecting(kiosk))));
    assert!(both(&world, "in-call") && world.connection(0) != before);
    world.run(SOON);
    let heard = world.kiosks[1].kiosk.history().iter().filter(|line| line.text == "Are you there?").count();
    assert_eq!(heard, 1);
}

#[test]
fn a_clock_that_is_set_costs_nobody_the_room() {
    let mut world = world();
    world.set_clock(0, Some(2_147_570_048_000));
    world.input(0, Input::Timeout);
    world.run(SOON);
    assert_eq!(world.kiosks[0].kiosk.status().peers, 0, "all certificates have run out");
    world.set_clock(0, None);
    world.input(0, Input::Timeout);
    assert!(world.run_until(MINUTE, World::all_linked));
    world.set_clock(0, Some(1_000_000));
    world.input(0, Input::Timeout);
    world.run(SOON);
    assert!(world.all_linked(), "1970: the clock was never set, and counts for nothing");
}
