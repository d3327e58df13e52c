use kiosk_call::{ChatLine, DeviceState, Ending, PeerName, UnixMillis};

use super::*;

const SIZES: [(u32, u32); 4] = [(800, 480), (480, 800), (1280, 720), (1080, 1920)];

fn view(screen: Screen) -> View {
    View {
        screen,
        link: Link::Up,
        muted: false,
        camera_off: false,
        camera: DeviceState::Ready,
        sound: DeviceState::Ready,
        volume: None,
        chat: Vec::new(),
        unread: 0,
    }
}

fn peer(verified: bool) -> PeerName {
    PeerName { name: "Front desk".to_owned(), verified }
}

fn idle(reachable: bool) -> View {
    view(Screen::Idle { name: "North entrance".to_owned(), reachable })
}

fn in_call(now: Instant, verified: bool, peer_video: bool) -> View {
    let since = now - Duration::from_secs(75);
    view(Screen::InCall { peer: peer(verified), since, peer_audio: true, peer_video })
}

fn line(from: Option<&str>, text: &str) -> ChatLine {
    let from = from.map(str::to_owned);
    ChatLine { id: text.to_owned(), delivered: from.is_none(), from, text: text.to_owned(), at: UnixMillis(0) }
}

fn chat(view: View) -> View {
    let chat = vec![
        line(Some("Front desk"), "Good morning, how can I help you?"),
        line(None, "I am looking for room 214."),
        line(
            Some("Front desk"),
            "Take the lift on your left to the second floor, then it is the third door on the right.",
        ),
    ];
    View { chat, unread: 1, ..view }
}

/// Every screen, with its name, and whether a picture lies below.
fn gallery(now: Instant) -> Vec<(&'static str, View, bool)> {
    let broken = |view: View| View {
        camera: DeviceState::Missing("No camera is plugged in: plug one into a USB port.".to_owned()),
        sound: DeviceState::Missing("The sound card 'Device' is used by another program: close it.".to_owned()),
        ..view
    };
    let down = Link::Down {
        reason: "The server at calls.example.org does not answer (connection refused).".to_owned(),
        retry_at: now + Duration::from_millis(6_500),
    };
    let long =
        PeerName { name: "Donaudampfschifffahrtsgesellschaft Information Centre West".to_owned(), verified: false };
    vec![
        ("booting", view(Screen::Booting), false),
        ("idle", idle(true), false),
        ("idle-nobody", idle(false), false),
        ("idle-signing-in", View { link: Link::Connecting, ..idle(true) }, false),
        ("idle-no-link", View { link: down.clone(), ..idle(false) }, false),
        ("idle-broken", View { muted: true, ..broken(idle(true)) }, false),
        ("ringing-out", view(Screen::RingingOut { peer: peer(true), ringing: true }), false),
        ("ringing-in", view(Screen::RingingIn { peer: peer(true) }), false),
        ("ringing-in-unverified", broken(view(Screen::RingingIn { peer: long.clone() })), false),
        ("connecting", view(Screen::Connecting { peer: peer(true) }), false),
        ("call", chat(in_call(now, true, true)), true),
        (
            "call-unverified",
            View { muted: true, camera_off: true, link: down, ..broken(chat(in_call(now, false, true))) },
            true,
        ),
        ("call-no-video", chat(in_call(now, true, false)), false),
        ("call-waiting", View { muted: true, ..in_call(now, false, true) }, false),
        ("call-new", view(Screen::InCall { peer: long, since: now, peer_audio: false, peer_video: true }), true),
        ("ended", view(Screen::Ended { peer: peer(true), why: Ending::PeerHungUp }), false),
        ("ended-not-secure", view(Screen::Ended { peer: peer(true), why: Ending::NotSecure }), false),
        ("ended-no-answer", view(Screen::Ended { peer: peer(true), why: Ending::NoAnswer }), false),
    ]
}

/// What is painted lies over a picture, or not.
fn over(picture: bool) -> Around {
    Around { picture, corner: None }
}

fn size((width, height): (u32, u32)) -> Size {
    Size::new(width, height).expect("fits")
}

fn painter() -> Painter {
    Painter::new().expect("the system has fonts")
}

#[test]
fn every_screen_paints_at_every_size() {
    let (mut painter, now) = (painter(), Instant::now());
    for (name, view, picture) in gallery(now) {
        for at in SIZES {
            let pixmap = painter.paint(&view, size(at), now, over(picture)).expect("there is memory");
            let seen = pixmap.pixels().iter().filter(|pixel| pixel.alpha() == 255).count();
            let all = pixmap.pixels().len();
            let inks = pixmap.pixels().iter().filter(|pixel| pixel.red() > 150 && pixel.alpha() > 150).count();
            assert!(inks * 200 > all, "{name} at {at:?} shows next to nothing");
            assert_eq!(seen == all, !picture, "{name} at {at:?}: opaque unless a picture lies below");
        }
    }
}

/// The self-view hides nothing that is said: where it will lie, there is ground or picture.
#[test]
fn nothing_is_said_in_a_corner_that_is_taken() {
    let (mut painter, now) = (painter(), Instant::now());
    let calling = ["ringing-out", "ringing-in", "connecting", "call", "call-no-video", "call-waiting", "call-new"];
    for (name, view, picture) in gallery(now).into_iter().filter(|(name, ..)| calling.contains(name)) {
        for at in SIZES {
            let corner = kiosk_hal::compose::place_self_view((640, 480), size(at));
            let around = Around { picture, corner: Some(corner) };
            let pixmap = painter.paint(&view, size(at), now, around).expect("there is memory");
            let rows = corner.top..corner.top + corner.height;
            let columns = corner.left..corner.left + corner.width;
            let place = rows.flat_map(|y| columns.clone().map(move |x| y * at.0 as usize + x));
            let first = pixmap.pixels()[corner.top * at.0 as usize + corner.left];
            let marks = place.filter(|index| pixmap.pixels()[*index] != first).count();
            assert_eq!(marks, 0, "{name} at {at:?}");
        }
    }
}

/// Sizes that no panel has, and texts that no person writes.
#[test]
fn nothing_makes_it_panic() {
    let (mut painter, now) = (painter(), Instant::now());
    let mad = "\u{202e}W̷̢̛̹ї͜d̸ê\n\t👩‍👩‍👧‍👦".repeat(40);
    let name = PeerName { name: mad.clone(), verified: false };
    let screens = [
        Screen::Idle { name: mad.clone(), reachable: true },
        Screen::RingingIn { peer: name.clone() },
        Screen::InCall { peer: name, since: now + Duration::from_secs(9), peer_audio: false, peer_video: true },
    ];
    for screen in screens {
        let view = View {
            chat: (0..View::CHAT_LINES).map(|_| line(Some(&mad), &mad)).collect(),
            unread: usize::MAX,
            camera: DeviceState::Missing(mad.clone()),
            link: Link::Down { reason: mad.clone(), retry_at: now },
            ..view(screen)
        };
        for at in [(1, 1), (2, 7680), (7680, 2), (16, 9), (320, 240), (1920, 480)] {
            painter.paint(&view, size(at), now, over(true)).expect("there is memory");
        }
    }
}

#[test]
fn equal_views_paint_equal_pictures() {
    let now = Instant::now();
    let (mut one, mut other) = (painter(), painter());
    for (name, view, picture) in gallery(now) {
        let at = size(SIZES[0]);
        let first = one.paint(&view, at, one.started, over(picture)).expect("there is memory");
        let second = other.paint(&view, at, other.started, over(picture)).expect("there is memory");
        let is_timed = matches!(view.screen, Screen::InCall { .. }) || matches!(view.link, Link::Down { .. });
        assert!(is_timed || first == second, "{name}");
    }
}

#[test]
fn views_that_differ_paint_other_pictures() {
    let (mut painter, now) = (painter(), Instant::now());
    let mut seen: Vec<(&str, Pixmap)> = Vec::new();
    for (name, view, picture) in gallery(now) {
        let pixmap = painter.paint(&view, size(SIZES[0]), now, over(picture)).expect("there is memory");
        for (other, before) in &seen {
            assert!(*before != pixmap, "{name} looks like {other}");
        }
        seen.push((name, pixmap));
    }
}

#[test]
fn a_peer_without_proof_cannot_look_verified() {
    let (mut painter, now) = (painter(), Instant::now());
    let warn = theme::WARN.channels();
    let amber = |pixmap: &Pixmap| {
        let is = |pixel: &tiny_skia::PremultipliedColorU8| [pixel.blue(), pixel.green(), pixel.red()] == warn;
        pixmap.pixels().iter().filter(|pixel| is(pixel)).count()
    };
    let of = |verified: bool| {
        let peer = || peer(verified);
        [
            view(Screen::RingingIn { peer: peer() }),
            view(Screen::RingingOut { peer: peer(), ringing: true }),
            view(Screen::Connecting { peer: peer() }),
            in_call(now, verified, true),
        ]
    };
    for (stranger, friend) in of(false).into_iter().zip(of(true)) {
        for at in SIZES {
            let mut paint = |view: &View| painter.paint(view, size(at), now, over(false)).expect("there is memory");
            let share = amber(&paint(&stranger)) * 1_000 / (at.0 * at.1) as usize;
            assert!(share >= 10, "{:?} at {at:?}: {share} per mille is amber", stranger.screen);
            assert_eq!(amber(&paint(&friend)), 0);
        }
    }
}

#[test]
fn countdowns_and_clocks_say_when_they_change() {
    let painter = painter();
    let start = Instant::now();
    let at = |ms: u64| start + Duration::from_millis(ms);
    let waiting = View { link: Link::Down { reason: String::new(), retry_at: at(2_500) }, ..idle(false) };
    let shown = |ms| painter.beat(&waiting, at(ms));
    assert_eq!(shown(0), Beat { shown: 3, until: Some(at(500)) });
    assert_eq!(shown(500), Beat { shown: 2, until: Some(at(1_500)) });
    assert_eq!(shown(2_499), Beat { shown: 1, until: Some(at(2_500)) });
    assert_eq!(shown(2_500), Beat { shown: 0, until: None });
    assert_eq!(shown(9_000), Beat { shown: 0, until: None });
    let call = view(Screen::InCall { peer: peer(true), since: start, peer_audio: true, peer_video: true });
    assert_eq!(painter.beat(&call, at(61_200)), Beat { shown: 61, until: Some(at(62_000)) });
    assert_eq!(painter.beat(&idle(true), start).until, None);
}

/// Writes every screen as a PNG to look at: `KIOSK_GALLERY=DIRECTORY cargo test -p kioskd --lib gallery -- --ignored`.
#[test]
#[ignore = "writes pictures for people"]
fn gallery_for_people() {
    let directory = std::env::var("KIOSK_GALLERY").expect("KIOSK_GALLERY names a directory");
    let (mut painter, now) = (painter(), Instant::now());
    for (name, view, picture) in gallery(now) {
        for (width, height) in SIZES {
            let at = size((width, height));
            let pixmap = painter.paint(&view, at, now, over(picture)).expect("there is memory");
            let mut frame = kiosk_hal::panel::Frame::new(at);
            for (pixel, (index, above)) in
                frame.pixels_mut().chunks_exact_mut(4).zip(pixmap.data().chunks_exact(4).enumerate())
            {
                // A grey ramp stands for the remote picture.
                let below = u32::try_from(60 + index % width as usize * 160 / width as usize).expect("a byte");
                for (channel, above_channel) in pixel.iter_mut().zip(above) {
                    let mixed = u32::from(*above_channel) + below * (255 - u32::from(above[3])) / 255;
                    *channel = u8::try_from(mixed.min(255)).expect("a byte");
                }
            }
            let file = format!("{directory}/{name}-{width}x{height}.png");
            std::fs::write(file, frame.png().expect("encodes")).expect("writes");
        }
    }
}
