//! T1: two kiosks pair through the real room logic of the server, in every order, with a third one in the room.

#[expect(dead_code, reason = "it uses its part of the room")]
mod sim;

use std::time::Duration;

use kiosk_call::{Button, Command, Edge, Input, Pairing, PairingFailure};
use sim::{Weather, World};

const LONG: Duration = Duration::from_secs(60);

fn press(world: &mut World, kiosk: usize, button: Button) {
    world.input(kiosk, Input::Button(button, Edge::Down));
    world.input(kiosk, Input::Button(button, Edge::Up));
}

fn pairing(world: &World, kiosk: usize) -> Option<Pairing> {
    world.kiosks[kiosk].view.as_ref()?.pairing.clone()
}

fn digits(world: &World, kiosk: usize) -> Option<u32> {
    if let Some(Pairing::Compare { digits, .. }) = pairing(world, kiosk) { Some(digits) } else { None }
}

/// Kiosks 0 and 1 refuse strangers, and are strangers to each other.
fn strangers(seed: u64, weather: Weather) -> World {
    let mut world = World::new(seed, 3, weather);
    assert!(world.run_until(LONG, World::all_linked));
    for (kiosk, other) in [(0, 1), (1, 0)] {
        let peer = world.kiosks[other].peer;
        world.command(kiosk, Command::TrustRemove(peer));
    }
    world
}

fn is_pinned(world: &World, kiosk: usize, other: usize) -> bool {
    world.kiosks[kiosk].kiosk.pins().iter().any(|pin| pin.peer == world.kiosks[other].peer)
}

/// Opens both windows, `apart` from one another; true when both show the same digits.
fn meet(world: &mut World, first: usize, apart: Duration) -> bool {
    press(world, first, Button::Pair);
    world.run(apart);
    press(world, 1 - first, Button::Pair);
    world.run_until(Duration::from_secs(2), |world| digits(world, 0).is_some() && digits(world, 1).is_some())
        && digits(world, 0) == digits(world, 1)
}

#[test]
fn two_kiosks_pair_in_any_order_and_call_each_other() {
    for seed in 0..24 {
        let mut world = strangers(1 + 3 * seed, Weather::default());
        let (one, other) = (world.kiosks[0].peer, world.kiosks[1].peer);
        world.command(0, Command::Call(Some(other)));
        assert_eq!(world.phase(0), "none", "strangers are not called");
        let apart = Duration::from_millis([0, 1, 30, 60, 120, 20_000][usize::try_from(seed % 6).expect("small")]);
        assert!(meet(&mut world, usize::try_from(seed % 2).expect("small"), apart), "seed {seed}");
        let by = usize::try_from(seed / 2 % 2).expect("small");
        press(&mut world, by, Button::Yes);
        world.run(Duration::from_secs(seed % 3));
        assert!(!is_pinned(&world, 0, 1) && !is_pinned(&world, 1, 0), "one alone cannot pin anybody");
        press(&mut world, 1 - by, Button::Yes);
        assert!(world.run_until(LONG, |world| is_pinned(world, 0, 1) && is_pinned(world, 1, 0)));
        let name = "Kiosk 1".to_owned();
        assert_eq!(pairing(&world, 0), Some(Pairing::Done { name }));
        assert!(!is_pinned(&world, 2, 0) && pairing(&world, 2).is_none());
        world.run(Duration::from_secs(6));
        world.command(1, Command::Call(Some(one)));
        assert!(world.run_until(LONG, |world| world.phase(0) == "ringing-in"));
        press(&mut world, 0, Button::Answer);
        assert!(world.run_until(LONG, |world| world.phase(0) == "in-call" && world.phase(1) == "in-call"));
        assert!(world.kiosks[0].kiosk.status().call.is_some_and(|call| call.name.verified));
        let refused = world.kiosks[..2].iter().any(|kiosk| !kiosk.kiosk.status().refusals.is_empty());
        assert!(!refused, "seed {seed}: an honest pairing refuses nothing");
    }
}

#[test]
fn a_server_that_loses_and_repeats_makes_no_pin_of_one_side_s_word() {
    let mut pinned = 0;
    for seed in 0..60 {
        let weather = Weather { loss: 100, duplication: 200, reordering: 200, ..Weather::default() };
        let mut world = strangers(seed, weather);
        if meet(&mut world, 0, Duration::from_millis(100)) {
            press(&mut world, 0, Button::Yes);
            world.run(Duration::from_secs(4));
            assert!(!is_pinned(&world, 0, 1) && !is_pinned(&world, 1, 0));
            press(&mut world, 1, Button::Yes);
        }
        assert!(digits(&world, 0).is_none() || digits(&world, 1).is_none() || digits(&world, 0) == digits(&world, 1));
        world.run(LONG + Duration::from_secs(6));
        assert_eq!((pairing(&world, 0), pairing(&world, 1)), (None, None), "seed {seed}: a window closes");
        pinned += usize::from(is_pinned(&world, 0, 1) && is_pinned(&world, 1, 0));
    }
    assert!(pinned > 10, "{pinned} pairings");
}

#[test]
fn three_at_once_pin_nobody_whom_no_person_has_compared() {
    for seed in 0..30 {
        let mut world = strangers(seed, Weather::default());
        for kiosk in 0..3 {
            press(&mut world, kiosk, Button::Pair);
        }
        world.run(Duration::from_secs(3));
        let shown: Vec<_> = (0..3).filter_map(|kiosk| digits(&world, kiosk)).collect();
        // Either two have found each other, or all wait for one another until their windows close.
        assert!(
            matches!(shown.as_slice(), []) || matches!(shown.as_slice(), [one, other] if one == other),
            "{shown:?}"
        );
        world.run(LONG);
        let failed = |kiosk| pairing(&world, kiosk) == Some(Pairing::Failed(PairingFailure::TimedOut));
        assert!((0..3).any(failed) || (0..3).all(|kiosk| pairing(&world, kiosk).is_some()));
        world.run(LONG);
        assert!(!is_pinned(&world, 0, 1) && !is_pinned(&world, 1, 0) && !is_pinned(&world, 2, 0));
    }
}

#[test]
fn a_lost_link_or_a_new_session_ends_it() {
    let mut world = strangers(1, Weather::default());
    assert!(meet(&mut world, 0, Duration::from_millis(100)));
    press(&mut world, 0, Button::Yes);
    world.unlink(1);
    assert_eq!(pairing(&world, 1), Some(Pairing::Failed(PairingFailure::NoLink)));
    assert!(world.run_until(LONG, |world| pairing(world, 0) == Some(Pairing::Failed(PairingFailure::Cancelled))));
    world.unlinked.clear();
    assert!(world.run_until(LONG, World::all_linked));
    assert!(meet(&mut world, 1, Duration::from_millis(100)), "the next try is as good as the first");
    press(&mut world, 0, Button::Yes);
    press(&mut world, 1, Button::Yes);
    assert!(world.run_until(LONG, |world| is_pinned(world, 0, 1) && is_pinned(world, 1, 0)));
}
