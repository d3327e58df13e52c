//! T1: chat in and out of calls. What is said arrives once and in order, whatever happens to links, calls and kiosks.
//! `SEED=n cargo test -p kiosk-call --test chat` replays one storm.

#![expect(clippy::unwrap_used, reason = "a test")]

#[expect(dead_code, reason = "it uses its part of the sim")]
mod sim;

use std::time::Duration;

use kiosk_call::{Button, ChatLine, Command, Edge, Input, LinkEvent, ServerId, Typed};
use sim::{Weather, World};

const LONG: Duration = Duration::from_secs(60);
const SEEDS: u64 = 300;

fn room(kiosks: usize) -> World {
    let mut world = World::new(1, kiosks, Weather::default());
    assert!(world.run_until(LONG, World::all_linked));
    world
}

fn press(world: &mut World, kiosk: usize, button: Button) {
    world.input(kiosk, Input::Button(button, Edge::Down));
    world.input(kiosk, Input::Button(button, Edge::Up));
}

fn say(world: &mut World, kiosk: usize, to: usize, text: &str) {
    let peer = world.kiosks[to].peer;
    world.command(kiosk, Command::Chat(Some(peer), text.to_owned()));
}

/// What a kiosk has heard of another, in order.
fn heard(world: &World, kiosk: usize, of: usize) -> Vec<&str> {
    let peer = world.kiosks[of].peer;
    let is_theirs = |line: &&ChatLine| line.peer == peer && line.from.is_some();
    world.kiosks[kiosk].kept.lines.iter().filter(is_theirs).map(|line| line.text.as_str()).collect()
}

fn undelivered(world: &World) -> usize {
    let own = world.kiosks.iter().flat_map(|kiosk| &kiosk.kept.lines).filter(|line| line.from.is_none());
    own.filter(|line| !line.delivered).count()
}

fn shown(world: &World, kiosk: usize) -> Vec<&str> {
    let view = world.kiosks[kiosk].view.as_ref().unwrap();
    view.chat.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn a_line_outside_a_call_is_shown_answered_with_a_button_and_put_away() {
    let mut world = room(2);
    say(&mut world, 1, 0, "Can I help you?");
    assert!(world.run_until(LONG, |world| undelivered(world) == 0));
    assert_eq!(shown(&world, 0), ["Can I help you?"]);
    let view = |world: &World| world.kiosks[0].view.clone().unwrap();
    assert_eq!((view(&world).chat.unread, view(&world).chat.selected), (1, None));
    press(&mut world, 0, Button::Next);
    press(&mut world, 0, Button::Next);
    assert_eq!((view(&world).chat.unread, view(&world).chat.selected), (0, Some(1)));
    press(&mut world, 0, Button::Yes);
    assert!(world.run_until(LONG, |world| heard(world, 1, 0) == ["No"]));
    assert_eq!(shown(&world, 0), ["Can I help you?", "No"]);
    world.run(Duration::from_secs(601));
    assert_eq!(shown(&world, 0), [""; 0], "the next visitor sees nothing of it");
    assert_eq!(world.kiosks[0].kiosk.history().len(), 2, "the history has it");
}

#[test]
fn what_was_written_before_a_call_stays_on_the_screen_and_goes_with_it() {
    let mut world = room(2);
    say(&mut world, 1, 0, "Press the button, please.");
    assert!(world.run_until(LONG, |world| undelivered(world) == 0));
    press(&mut world, 0, Button::Call);
    assert!(world.run_until(LONG, |world| world.phase(1) == "ringing-in"));
    press(&mut world, 1, Button::Call);
    assert!(world.run_until(LONG, |world| world.phase(0) == "in-call" && world.phase(1) == "in-call"));
    world.command(0, Command::Reply(0));
    assert!(world.run_until(LONG, |world| undelivered(world) == 0));
    assert_eq!(shown(&world, 0), ["Press the button, please.", "Yes"]);
    press(&mut world, 0, Button::HangUp);
    world.run(Duration::from_secs(5));
    assert_eq!(shown(&world, 0), [""; 0]);
    assert!(world.kiosks.iter().all(|kiosk| kiosk.kiosk.status().refusals.is_empty()));
}

#[test]
fn a_keyboard_writes_a_line() {
    let mut world = room(2);
    let keys = |world: &mut World, text: &str| {
        for letter in text.chars() {
            world.command(0, Command::Type(Typed::Text(letter.to_string())));
        }
    };
    keys(&mut world, "to nobody");
    assert_eq!(world.kiosks[0].view.as_ref().unwrap().chat.draft, "", "there is nobody to write to");
    say(&mut world, 1, 0, "Who are you?");
    assert!(world.run_until(LONG, |world| undelivered(world) == 0));
    keys(&mut world, "Jürgem");
    world.command(0, Command::Type(Typed::Backspace));
    keys(&mut world, "n");
    assert_eq!(world.kiosks[0].view.as_ref().unwrap().chat.draft, "Jürgen");
    world.command(0, Command::Type(Typed::Enter));
    assert_eq!(world.kiosks[0].view.as_ref().unwrap().chat.draft, "");
    assert!(world.run_until(LONG, |world| heard(world, 1, 0) == ["Jürgen"]));
}

#[test]
fn a_stranger_is_not_heard_and_nobody_writes_to_one() {
    let mut world = room(2);
    let stranger = world.kiosks[1].peer;
    world.command(0, Command::TrustRemove(stranger));
    say(&mut world, 1, 0, "Let me in");
    world.run(LONG);
    assert_eq!(heard(&world, 0, 1), [""; 0]);
    assert!(world.kiosks[0].kiosk.status().refusals["untrusted"] > 0);
    say(&mut world, 0, 1, "No");
    assert_eq!(world.kiosks[0].kiosk.history().len(), 0);
}

#[test]
fn a_line_that_comes_twice_is_shown_once() {
    let mut world = room(2);
    world.weather = Weather { duplication: 1_000, ..Weather::default() };
    for line in ["one", "two", "three"] {
        say(&mut world, 1, 0, line);
    }
    assert!(world.run_until(LONG, |world| undelivered(world) == 0));
    assert_eq!(heard(&world, 0, 1), ["one", "two", "three"]);
    assert!(world.kiosks[0].kiosk.status().refusals["replayed"] > 0);
}

fn operate(world: &mut World, said: &mut [Vec<String>; 2], number: usize) {
    let kiosk = usize::from(world.below(2) == 0);
    match world.below(16) {
        0..=7 => {
            let text = format!("line {number}");
            let before = world.kiosks[kiosk].kiosk.history().len();
            say(world, kiosk, 1 - kiosk, &text);
            // Who is not in the room cannot be written to, and whoever writes is told so.
            if world.kiosks[kiosk].kiosk.history().len() > before {
                said[kiosk].push(text);
            }
        }
        8..=9 => press(world, kiosk, Button::Call),
        10 => press(world, kiosk, Button::HangUp),
        11 => {
            if !world.media.cut.remove(&(0, 1)) {
                world.media.cut.insert((0, 1));
            }
        }
        12 => {
            if !world.unlinked.remove(&kiosk) {
                world.unlink(kiosk);
            }
        }
        13 => world.restart_server(0),
        14 => world.cut_power(kiosk),
        _ => world.input(kiosk, Input::Link(ServerId(0), LinkEvent::Frame("{\"t\":\"noise\"}".to_owned()))),
    }
    let pause = if world.below(4) == 0 { 5_000 } else { 200 };
    let pause = Duration::from_millis(world.below(pause));
    world.run(pause);
}

fn storm(seed: u64) -> usize {
    let weather = match seed % 3 {
        0 => Weather::default(),
        1 => Weather { loss: 200, ..Weather::default() },
        _ => Weather { loss: 50, duplication: 200, reordering: 200, ..Weather::default() },
    };
    let mut world = World::new(seed, 2, weather);
    world.run(Duration::from_secs(3));
    let mut said = [Vec::new(), Vec::new()];
    for number in 0..60 {
        operate(&mut world, &mut said, number);
    }
    world.weather = Weather::default();
    world.media.cut.clear();
    world.unlinked.clear();
    assert!(
        world.run_until(2 * LONG, |world| world.all_linked() && undelivered(world) == 0),
        "seed {seed}: a line is lost"
    );
    assert_eq!(heard(&world, 1, 0), said[0], "seed {seed}: order, and once each");
    assert_eq!(heard(&world, 0, 1), said[1], "seed {seed}: order, and once each");
    said.iter().map(Vec::len).sum()
}

#[test]
fn nothing_said_is_lost_doubled_or_overtaken() {
    if let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        storm(seed);
        return;
    }
    let said: usize = (0..SEEDS).map(storm).sum();
    assert!(said > 5 * usize::try_from(SEEDS).unwrap(), "{said} lines prove little");
}
