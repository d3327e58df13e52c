//! T1: files between two kiosks through everything that can happen to a call: each arrives once, byte for byte, and never much of it is
//! on the way. `SEED=n cargo test -p kiosk-call --test transfers` replays one storm.

#[expect(dead_code, reason = "it uses its part of the room")]
mod sim;

use std::{collections::BTreeMap, time::Duration};

use kiosk_call::{Button, Command, Edge, FileId, FileOffer, Input, Notice};
use sim::{Weather, World, files::offer};

const LONG: Duration = Duration::from_secs(60);
const STORMS: u64 = 100;
const OPERATIONS: usize = 14;

fn press(world: &mut World, kiosk: usize, button: Button) {
    world.input(kiosk, Input::Button(button, Edge::Down));
    world.input(kiosk, Input::Button(button, Edge::Up));
}

/// Until both are in a call with each other, whatever there was before.
fn connect(world: &mut World) {
    let both = |world: &World, phase: &str| (0..2).all(|kiosk| world.phase(kiosk) == phase);
    for _ in 0..20 {
        world.run_until(LONG, |world| both(world, "in-call") || both(world, "none"));
        world.run_until(LONG, World::all_linked);
        if both(world, "none") {
            press(world, 0, Button::Call);
            world.run_until(Duration::from_secs(5), |world| world.phase(1) == "ringing-in");
            press(world, 1, Button::Answer);
        }
        if world.run_until(Duration::from_secs(20), |world| both(world, "in-call")) {
            return;
        }
        (0..2).for_each(|kiosk| press(world, kiosk, Button::HangUp));
    }
    panic!("no call comes about");
}

fn arrivals(world: &World, kiosk: usize) -> BTreeMap<FileId, usize> {
    world.files.disks.get(&kiosk).map(|disk| disk.arrived.clone()).unwrap_or_default()
}

/// A program beside a kiosk has put a file into its store, and wants it sent.
fn send_file(world: &mut World, kiosk: usize, offer: FileOffer) {
    world.files.disks.entry(kiosk).or_default().ours.insert(offer.id, offer.clone());
    world.command(kiosk, Command::SendFile(offer));
}

/// Nothing is left behind of what did not come.
fn are_clean(world: &World) -> bool {
    world.files.disks.values().all(|disk| disk.ours.is_empty() && disk.incoming.is_empty())
}

/// All of them are there, each once, and nobody has anything left to do.
fn has_come(world: &World, kiosk: usize, offers: &[FileOffer]) -> bool {
    let wanted: BTreeMap<_, _> = offers.iter().map(|offer| (offer.id, 1)).collect();
    arrivals(world, kiosk) == wanted && are_clean(world)
}

fn room(seed: u64) -> World {
    let mut world = World::new(seed, 2, Weather::default());
    assert!(world.run_until(LONG, World::all_linked));
    world
}

#[test]
fn a_file_arrives_is_shown_and_put_away() {
    let mut world = room(1);
    connect(&mut world);
    let picture = offer(1, 300_000, "image/png");
    send_file(&mut world, 0, picture.clone());
    let progress = |world: &World, kiosk: usize| {
        let view = world.kiosks[kiosk].view.as_ref().unwrap();
        view.transfers.first().map(|transfer| (transfer.outgoing, transfer.received, transfer.size))
    };
    let begun = |world: &World| (0..2).all(|kiosk| progress(world, kiosk).is_some_and(|(_, received, _)| received > 0));
    assert!(world.run_until(LONG, begun));
    assert!(matches!(progress(&world, 0), Some((true, received, 300_000)) if received % 3_000 == 0));
    assert!(matches!(progress(&world, 1), Some((false, _, 300_000))));
    assert!(world.run_until(LONG, |world| has_come(world, 1, std::slice::from_ref(&picture))));
    let shown = |world: &World| world.kiosks[1].view.as_ref().unwrap().shown.clone();
    assert_eq!(shown(&world).map(|shown| (shown.id, shown.zoom)), Some((picture.id, 0)));
    for zoom in [1, 2, 3, 4, 0] {
        press(&mut world, 1, Button::Zoom);
        assert_eq!(shown(&world).map(|shown| shown.zoom), Some(zoom));
    }
    press(&mut world, 1, Button::No);
    assert_eq!(shown(&world), None);
    assert_eq!((progress(&world, 0), progress(&world, 1)), (None, None));
    world.command(1, Command::ShowFile(Some(picture.id)));
    assert!(shown(&world).is_some(), "it is still there");
    press(&mut world, 1, Button::HangUp);
    assert_eq!(shown(&world), None, "the next visitor is somebody else");
    for kiosk in &world.kiosks {
        assert!(kiosk.kiosk.status().refusals.is_empty(), "a normal day refuses nothing");
    }
}

#[test]
fn files_go_both_ways_at_once_and_one_after_the_other() {
    let mut world = room(2);
    connect(&mut world);
    let (there, back): (Vec<_>, Vec<_>) = (0..10)
        .map(|seed| (offer(seed, 1 + seed * 16_360, "text/plain"), offer(100 + seed, 40_000, "text/plain")))
        .unzip();
    for (one, other) in there.iter().zip(&back) {
        send_file(&mut world, 0, one.clone());
        send_file(&mut world, 1, other.clone());
    }
    assert!(world.run_until(LONG, |world| has_come(world, 1, &there)));
    assert!(world.run_until(LONG, |world| has_come(world, 0, &back)));
    assert!(world.kiosks.iter().all(|kiosk| kiosk.kiosk.status().refusals.is_empty()));
}

/// Cut after each single message and chunk of a transfer, one after the other.
#[test]
fn a_call_that_is_cut_anywhere_loses_and_doubles_nothing() {
    let mut cuts = 0;
    for sent in 0.. {
        let mut world = room(1_000 + sent);
        connect(&mut world);
        let file = offer(sent, 7 * 16_360 + 1, "application/pdf");
        world.files.cut_after = Some(sent);
        send_file(&mut world, 0, file.clone());
        let come = |world: &World| has_come(world, 1, std::slice::from_ref(&file));
        world.run_until(Duration::from_secs(3), |world| world.files.cut_after.is_none() || come(world));
        if world.files.cut_after.is_some() {
            break;
        }
        cuts += 1;
        world.run(Duration::from_secs(5));
        world.media.cut.clear();
        connect(&mut world);
        assert!(world.run_until(LONG, come), "cut after {sent}");
        world.run(LONG);
        assert_eq!(arrivals(&world, 1).len(), 1, "cut after {sent}");
    }
    assert!(cuts > 12, "{cuts} cuts: an offer, chunks, progress and the end");
}

#[test]
fn a_receiver_whose_power_is_cut_gets_the_rest_and_nothing_twice() {
    let mut shown = 0;
    for pause in (0..2_000).step_by(80) {
        let mut world = room(3 + 3 * pause);
        connect(&mut world);
        let file = offer(pause, 600_000, "image/png");
        send_file(&mut world, 0, file.clone());
        world.run(Duration::from_millis(pause));
        world.cut_power(1);
        connect(&mut world);
        let come = |world: &World| has_come(world, 1, std::slice::from_ref(&file));
        assert!(world.run_until(LONG, come), "cut after {pause} ms");
        shown += usize::from(world.kiosks[1].view.as_ref().unwrap().shown.is_some());
    }
    assert!(shown > 5, "{shown} files were not there before the power was cut");
}

#[test]
fn a_hundred_mebibytes_across_three_reconnects() {
    let mut world = room(4);
    connect(&mut world);
    let size = 100 << 20;
    let file = offer(4, size, "application/octet-stream");
    send_file(&mut world, 0, file.clone());
    let received = |world: &World| {
        let view = world.kiosks[1].view.as_ref().unwrap();
        view.transfers.first().map_or(0, |transfer| transfer.received)
    };
    for quarter in 1..4 {
        assert!(world.run_until(LONG * 60, |world| received(world) >= size / 4 * quarter));
        world.media.cut.insert((0, 1));
        world.run(Duration::from_secs(10));
        world.media.cut.clear();
        connect(&mut world);
        assert!(world.run_until(LONG, |world| received(world) >= size / 4 * quarter), "it goes on where it was");
    }
    assert!(world.run_until(LONG * 60, |world| has_come(world, 1, std::slice::from_ref(&file))));
    let most = world.files.most_on_the_way;
    // The window once, and once more what an ended call has left in the disk's queue.
    assert!((100_000..=2 * 131_072).contains(&most), "{most} bytes on the way");
}

#[test]
fn what_rests_too_long_is_forgotten_on_both_sides() {
    let mut world = room(5);
    connect(&mut world);
    send_file(&mut world, 0, offer(5, 5_000_000, "text/plain"));
    world.run(Duration::from_secs(1));
    press(&mut world, 0, Button::HangUp);
    world.run(Duration::from_secs(590));
    assert!(!are_clean(&world));
    world.run(Duration::from_secs(20));
    assert!(are_clean(&world));
    connect(&mut world);
    world.run(LONG);
    assert_eq!(arrivals(&world, 1).len(), 0);
}

#[test]
fn what_rests_is_for_the_peer_that_it_was_for() {
    let mut world = World::new(7, 3, Weather::default());
    assert!(world.run_until(LONG, World::all_linked));
    connect(&mut world);
    let file = offer(6, 2_000_000, "text/plain");
    send_file(&mut world, 0, file.clone());
    world.run(Duration::from_secs(1));
    press(&mut world, 0, Button::HangUp);
    world.run(Duration::from_secs(5));
    let third = world.kiosks[2].peer;
    world.command(0, Command::Call(Some(third)));
    world.run_until(LONG, |world| world.phase(2) == "ringing-in");
    press(&mut world, 2, Button::Answer);
    assert!(world.run_until(LONG, |world| world.phase(0) == "in-call"));
    world.run(Duration::from_secs(20));
    assert!(arrivals(&world, 2).is_empty() && world.kiosks[0].view.as_ref().unwrap().transfers.is_empty());
    press(&mut world, 0, Button::HangUp);
    world.run(Duration::from_secs(5));
    connect(&mut world);
    assert!(world.run_until(LONG, |world| has_come(world, 1, std::slice::from_ref(&file))));
}

#[test]
fn who_stops_a_transfer_leaves_nothing_behind() {
    for (stopper, pause) in [(0, 0), (0, 50), (0, 900), (1, 100), (1, 900)] {
        let mut world = room(8);
        connect(&mut world);
        let (first, second) = (offer(7, 1_000_000, "text/plain"), offer(8, 100_000, "text/plain"));
        send_file(&mut world, 0, first.clone());
        send_file(&mut world, 0, second.clone());
        world.run(Duration::from_millis(pause));
        world.command(stopper, Command::StopFile(first.id));
        assert!(world.run_until(LONG, |world| has_come(world, 1, std::slice::from_ref(&second))), "{stopper} {pause}");
        world.run(LONG);
        let refusals: Vec<_> = world.kiosks.iter().map(|kiosk| kiosk.kiosk.status().refusals).collect();
        assert!(refusals.iter().all(BTreeMap::is_empty), "what crosses a stop is no offence: {refusals:?}");
    }
}

/// One wild afternoon: files, cuts, hang-ups, a server that comes and goes.
fn storm(seed: u64) -> usize {
    let mut world = room(seed);
    let mut sent: [Vec<FileOffer>; 2] = [Vec::new(), Vec::new()];
    connect(&mut world);
    for operation in 0..OPERATIONS {
        match world.below(10) {
            0..=3 => {
                let kiosk = usize::from(world.chance(400));
                let size = [1, 16_360, 16_361, 131_072, 700_000][usize::try_from(world.below(5)).expect("small")];
                let file = offer(seed * 1_000 + operation as u64, size, "text/plain");
                if (0..2).all(|kiosk| world.phase(kiosk) == "in-call") {
                    send_file(&mut world, kiosk, file.clone());
                    sent[kiosk].push(file);
                }
            }
            4 => world.files.cut_after = Some(world.below(40)),
            5 => {
                world.media.cut.insert((0, 1));
            }
            6 => world.media.cut.clear(),
            7 => {
                let kiosk = usize::from(world.chance(500));
                press(&mut world, kiosk, Button::HangUp);
            }
            8 => world.restart_server(0),
            _ => {
                world.media.cut.clear();
                world.files.cut_after = None;
                connect(&mut world);
            }
        }
        let pause = Duration::from_millis(world.below(2_000));
        world.run(pause);
    }
    world.media.cut.clear();
    world.files.cut_after = None;
    connect(&mut world);
    let done = |world: &World| has_come(world, 1, &sent[0]) && has_come(world, 0, &sent[1]);
    for _ in 0..3 {
        // A call that was torn apart at the last moment has to end by itself first.
        if world.run_until(LONG, done) {
            break;
        }
        connect(&mut world);
    }
    assert!(done(&world), "seed {seed}: {:?} and {:?} of {sent:?}", arrivals(&world, 0), arrivals(&world, 1));
    let most = world.files.most_on_the_way;
    assert!(most < 1 << 20, "seed {seed}: {most} bytes on the way");
    let moved = |kiosk: usize| world.kiosks[kiosk].moved;
    let all = sent[0].len() + sent[1].len();
    assert_eq!((moved(0), moved(1)), ((sent[0].len(), sent[1].len()), (sent[1].len(), sent[0].len())), "seed {seed}");
    all
}

#[test]
fn storms_lose_and_double_nothing() {
    if let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        storm(seed);
        return;
    }
    let files: usize = std::thread::scope(|scope| {
        let half = |from: u64| move || (from..STORMS).step_by(2).map(storm).sum::<usize>();
        let halves = [scope.spawn(half(0)), scope.spawn(half(1))];
        halves.into_iter().map(|half| half.join().expect("see the other thread")).sum()
    });
    assert!(files > 200, "{files} files: storms without files would prove nothing");
}

#[test]
fn a_notice_tells_of_each_file_once() {
    let mut world = room(11);
    connect(&mut world);
    send_file(&mut world, 1, offer(9, 10, "text/plain"));
    world.run(LONG);
    assert_eq!((world.kiosks[0].moved, world.kiosks[1].moved), ((0, 1), (1, 0)));
    assert!(matches!(world.kiosks[0].last_notice, Some(Notice::FileMoved { size: 10, outgoing: false })));
}
