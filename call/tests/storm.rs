//! T1: random operations in bad weather, 2,000 seeds. After each event the invariants of `sim` hold; at the end every call ends and
//! everybody is signed in again. `SEED=n cargo test -p kiosk-call --test storm` replays one, `make storms` has 10,000.

#[expect(dead_code, reason = "it uses its part of the sim")]
mod sim;

use std::{sync::atomic::AtomicU64, sync::atomic::Ordering, time::Duration};

use kiosk_call::{Button, Command, Edge, Input, MediaEvent, Pin};
use sim::{SimKiosk, Weather, World};

const SEEDS: u64 = 2_000;
/// The day after the second that 32 bits count last, milliseconds.
const YEAR_2038: u64 = 2_147_570_048_000;
const OPERATIONS: usize = 24;

fn weather(seed: u64) -> Weather {
    match seed % 5 {
        0 => Weather::default(),
        1 => Weather { loss: 50, ..Weather::default() },
        2 => Weather { duplication: 200, ..Weather::default() },
        3 => Weather { reordering: 100, interception: 300, ..Weather::default() },
        _ => Weather { loss: 20, duplication: 50, reordering: 50, interception: 100 },
    }
}

/// Somebody who talks loses what the call runs over, in one way or another.
fn lose_connection(world: &mut World) {
    let Some(kiosk) = (0..world.kiosks.len()).find(|kiosk| world.connection(*kiosk).is_some()) else { return };
    match world.below(4) {
        0 => world.cut_off(kiosk),
        1 => world.input(kiosk, Input::NetworkChanged),
        2 => world.change_address(kiosk),
        _ => {
            let call = world.connection(kiosk).expect("it was found");
            world.input(kiosk, Input::Media(MediaEvent::Failed { call, reason: "the encoder hangs".to_owned() }));
        }
    }
}

fn operate(world: &mut World) {
    let kiosks = world.kiosks.len();
    let kiosk = usize::try_from(world.below(kiosks as u64)).expect("few kiosks");
    let other = usize::try_from(world.below(kiosks as u64)).expect("few kiosks");
    let peer = world.kiosks[other].peer;
    let pair = (kiosk.min(other), kiosk.max(other));
    let server = u8::try_from(world.below(2)).expect("two at most");
    match world.below(24) {
        0..=4 => world.input(kiosk, Input::Button(Button::Call, Edge::Down)),
        5..=6 => world.command(kiosk, Command::Call(Some(peer))),
        7..=9 => world.input(kiosk, Input::Button(Button::Answer, Edge::Down)),
        10 => world.input(kiosk, Input::Button(Button::HangUp, Edge::Down)),
        11 => {
            world.input(kiosk, Input::Button(Button::Mute, Edge::Down));
            world.input(kiosk, Input::Button(Button::VolumeDown, Edge::Down));
        }
        12..=13 => world.command(kiosk, Command::Chat(None, "line".repeat(1 + other))),
        14 => {
            if !world.media.cut.remove(&pair) {
                world.media.cut.insert(pair);
            }
        }
        15 => {
            if !world.unlinked.remove(&kiosk) {
                world.unlink(kiosk);
            }
        }
        16 => match world.below(4) {
            0 => world.restart_server(server),
            1 => world.command(kiosk, Command::TrustRemove(peer)),
            _ => world.command(kiosk, Command::TrustAdd(Pin { peer, name: "Again".to_owned(), auto_answer: true })),
        },
        17 => world.command(kiosk, Command::Camera(other == 0)),
        18 => match world.below(4) {
            0 => world.cut_power(kiosk),
            1 => world.stop_server(server),
            _ => world.start_servers(),
        },
        19 => {
            let clocks = [Some(1_000_000), Some(YEAR_2038), None, None];
            let clock = clocks[usize::try_from(world.below(4)).expect("few")];
            world.set_clock(kiosk, clock);
        }
        20 => world.heal(),
        _ => lose_connection(world),
    }
    world.verify_invariants();
    let pause = match world.below(10) {
        0 => 20_000,
        1..=3 => 2_000,
        _ => 300,
    };
    let pause = Duration::from_millis(world.below(pause));
    world.run(pause);
}

/// Returns how many calls were connected, and how many went on after they had lost their connection.
fn storm(seed: u64) -> (usize, usize) {
    let kiosks = 2 + usize::try_from(seed / 5 % 4).expect("small");
    let servers = 1 + usize::from(seed.is_multiple_of(2));
    let mut world = World::between(seed, kiosks, servers, weather(seed));
    world.run(Duration::from_secs(3));
    for _ in 0..OPERATIONS {
        operate(&mut world);
    }
    // The sun comes out: all is well again within a minute, and whoever hangs up is done.
    world.weather = Weather::default();
    world.heal();
    world.unlinked.clear();
    world.start_servers();
    (0..kiosks).for_each(|kiosk| world.set_clock(kiosk, None));
    assert!(world.run_until(Duration::from_secs(60), World::all_linked), "seed {seed}: not everybody is signed in");
    let settled = |world: &World| (0..kiosks).all(|kiosk| !world.is_reconnecting(kiosk));
    assert!(world.run_until(Duration::from_secs(60), settled), "seed {seed}: a call neither goes on nor ends");
    for kiosk in 0..kiosks {
        world.input(kiosk, Input::Button(Button::HangUp, Edge::Down));
    }
    let quiet = |world: &World| (0..kiosks).all(|kiosk| world.phase(kiosk) == "none") && world.media.is_empty();
    assert!(world.run_until(Duration::from_secs(60), quiet), "seed {seed}: a call does not end");
    let count = |count: fn(&SimKiosk) -> usize| world.kiosks.iter().map(count).sum();
    (count(|kiosk| kiosk.connected_calls), count(|kiosk| kiosk.resumed_calls))
}

#[test]
fn two_thousand_storms() {
    if let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        storm(seed);
        return;
    }
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let (next, connected, resumed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let (calls, resumptions) = std::panic::catch_unwind(|| storm(seed)).unwrap_or_else(|cause| {
                        next.store(seeds, Ordering::Relaxed);
                        let cause = cause.downcast_ref::<String>().cloned().unwrap_or_default();
                        panic!("seed {seed}: {cause}")
                    });
                    connected.fetch_add(calls as u64, Ordering::Relaxed);
                    resumed.fetch_add(resumptions as u64, Ordering::Relaxed);
                }
            });
        }
    });
    // Storms in which nobody ever talks would prove nothing.
    assert!(connected.load(Ordering::Relaxed) > seeds, "{connected:?} confirmations");
    assert!(resumed.load(Ordering::Relaxed) > seeds / 8, "{resumed:?} resumptions");
}
