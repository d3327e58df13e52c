use std::time::{Duration, Instant};

use kiosk_call::{ChatView, DeviceState, Link, LinkTrouble, Pairing, PeerName, Question, Remark, ShownFile, Transfer};
use kiosk_wire::{FileId, Wish};

use super::{gallery::*, *};

const SIZES: [(u32, u32); 5] = [(640, 480), (800, 480), (480, 800), (1280, 720), (1080, 1920)];

fn size((width, height): (u32, u32)) -> Size {
    Size::new(width, height).expect("fits")
}

fn painter() -> Painter {
    Painter::new(&Look::default()).expect("the system has fonts")
}

fn over(picture: bool) -> Around {
    Around { picture, ..Around::default() }
}

fn all(now: Instant) -> Vec<Exhibit> {
    exhibits(now, Language::ENGLISH)
}

#[test]
fn every_view_paints_at_every_size() {
    let (mut painter, now) = (painter(), Instant::now());
    for exhibit in all(now) {
        let large = [(3840, 2160)].into_iter().filter(|_| exhibit.name == "call-unverified");
        for at in SIZES[..3].iter().copied().chain(large) {
            let around = around(&painter, &exhibit, size(at));
            let painting = painter.paint(&exhibit.view, size(at), now, &around).expect("there is memory");
            let pixels = || painting.pixels.chunks_exact(4);
            let (seen, count) = (pixels().filter(|pixel| pixel[3] == 255).count(), pixels().len());
            let inks = pixels().filter(|pixel| pixel[1] > 100 && pixel[3] > 150).count();
            let name = exhibit.name;
            assert!(inks * 300 > count, "{name} at {at:?} shows next to nothing: {inks} of {count}");
            assert_eq!(seen == count, !exhibit.picture, "{name} at {at:?}: opaque unless a picture lies below");
        }
    }
}

/// The small picture hides nothing that is said: where it will lie, there is ground or picture.
#[test]
fn nothing_is_said_in_a_corner_that_is_taken() {
    for language in ["en", "ar", "ja"] {
        let language = Language::new(language).expect("is spoken");
        let mut painter = Painter::new(&Look { language, ..Look::default() }).expect("the system has fonts");
        let now = Instant::now();
        for exhibit in exhibits(now, language).into_iter().filter(|exhibit| exhibit.corner) {
            for at in SIZES {
                let around = around(&painter, &exhibit, size(at));
                let Some(corner) = around.corner else { continue };
                let bounds = [corner.left, corner.top, corner.left + corner.width, corner.top + corner.height]
                    .map(|side| i32::try_from(side).expect("small"));
                let listed = painter.list(&exhibit.view, size(at), now, &around);
                let over: Vec<_> = listed.ops.iter().filter_map(|op| raster::meet(op.core()?, bounds)).collect();
                // Volume and remarks lie over everything for a moment.
                let passing = exhibit.view.volume.is_some() || exhibit.view.remark.is_some();
                let what = format!("{} at {at:?} in {}", exhibit.name, language.code());
                assert!(over.is_empty() || passing, "{what}: {over:?} of {bounds:?}");
            }
        }
    }
}

fn mad() -> String {
    "\u{202e}W̷̢̛̹ї͜d̸ê\n\t👩‍👩‍👧‍👦 مرحبا".repeat(40)
}

/// A call in which everything happens at once, said by somebody who means harm.
fn overloaded(now: Instant, screen: Screen) -> View {
    let name = PeerName { name: mad(), verified: false };
    View {
        muted: true,
        camera_off: true,
        camera: DeviceState::Missing(mad()),
        sound: DeviceState::Missing(mad()),
        link: Link::Down { trouble: LinkTrouble::NoServer, reason: mad(), retry_at: now },
        source: VideoSource::Document,
        volume: Some(255),
        chat: ChatView {
            lines: (0..8).map(|number| line(Some(&mad()), &mad(), number)).collect(),
            unread: usize::MAX,
            replies: vec![mad(); 8],
            selected: Some(7),
            page: usize::MAX,
            draft: mad(),
        },
        question: Some(Question { peer: name, wish: Wish::SharePanel, until: now }),
        transfers: [true, false]
            .map(|outgoing| Transfer { id: FileId([0; 16]), name: mad(), outgoing, received: u64::MAX, size: 0 })
            .into(),
        remark: Some(Remark::ShareStoppedByPeer),
        ..view(screen)
    }
}

fn calling(now: Instant) -> [Screen; 4] {
    let name = || PeerName { name: mad(), verified: false };
    [
        Screen::InCall {
            peer: name(),
            since: now + Duration::from_secs(9),
            reconnecting: Some(now + Duration::from_secs(9)),
            peer_audio: false,
            peer_video: true,
            peer_screen: false,
            peer_hold: false,
        },
        Screen::Connecting { peer: name() },
        Screen::RingingOut { peer: name(), ringing: true },
        Screen::RingingIn { peer: name(), answered_at: Some(now) },
    ]
}

#[test]
fn nothing_covers_the_way_to_hang_up() {
    let (mut painter, now) = (painter(), Instant::now());
    let shown = Some(ShownFile { id: FileId([1; 16]), name: mad(), zoom: 250 });
    let pairing = Some(Pairing::Compare { name: mad(), digits: u32::MAX, confirmed: false, until: now });
    for screen in calling(now) {
        let plain = overloaded(now, screen);
        let views = [
            plain.clone(),
            View { held: true, ..plain.clone() },
            View { shown: shown.clone(), ..plain.clone() },
            View { pairing: pairing.clone(), ..plain },
        ];
        for (view, touch) in views.iter().flat_map(|view| [(view, false), (view, true)]) {
            for at in SIZES {
                let corner = painter.inset(view, size(at), touch, (640, 480));
                let around = Around { picture: true, corner, touch, ..Around::default() };
                let listed = painter.list(view, size(at), now, &around);
                let shows = (view.held, view.shown.is_some(), view.pairing.is_some());
                let what = format!("{at:?}, touch {touch}, shows {shows:?}");
                let ([left, top, width, height], below) = listed.vital.expect("there is a way to hang up");
                #[expect(clippy::cast_possible_truncation, reason = "a place on a panel")]
                let vital = [left + 1.0, top + 1.0, left + width - 1.0, top + height - 1.0].map(|side| side as i32);
                let [wide, high] = [at.0, at.1].map(|side| i32::try_from(side).expect("small"));
                assert!(vital[0] >= 0 && vital[1] >= 0 && vital[2] <= wide && vital[3] <= high, "{what}: {vital:?}");
                let over = listed.ops[below..]
                    .iter()
                    .filter(|op| raster::meet(op.core().unwrap_or_else(|| op.bounds()), vital).is_some());
                let over: Vec<_> = over.map(raster::Op::bounds).collect();
                assert!(over.is_empty(), "{what}: {over:?} over {vital:?}");
                let small = corner.map(|at| [at.left, at.top, at.left + at.width, at.top + at.height]);
                let small = small.map(|sides| sides.map(|side| i32::try_from(side).expect("small")));
                assert!(small.is_none_or(|small| raster::meet(small, vital).is_none()), "{what}: the small picture");
                if touch {
                    let middle = [(vital[0] + vital[2]) / 2, (vital[1] + vital[3]) / 2];
                    let middle = middle.map(|side| usize::try_from(side).expect("inside"));
                    assert_eq!(hit(&listed.regions, middle), Some(Command::HangUp), "{what}");
                }
            }
        }
    }
}

fn hit(regions: &[Region], [x, y]: [usize; 2]) -> Option<Command> {
    let inside = |at: Place| (at.left..at.left + at.width).contains(&x) && (at.top..at.top + at.height).contains(&y);
    regions.iter().rev().find(|region| inside(region.place)).map(|region| region.command.clone())
}

#[test]
fn a_finger_finds_all_that_it_can_do_and_nothing_is_too_small_for_it() {
    let (mut painter, now) = (painter(), Instant::now());
    let wanted: [(&str, &[Command]); 8] = [
        ("touch-idle", &[Command::Call(None)]),
        ("touch-ringing-in", &[Command::Answer, Command::HangUp]),
        (
            "touch-call",
            &[
                Command::Mute,
                Command::Camera(false),
                Command::Hold(true),
                Command::HangUp,
                Command::Swap,
                Command::Reply(0),
                Command::Reply(3),
            ],
        ),
        ("touch-call-busy", &[Command::Unmute, Command::Share(VideoSource::Camera), Command::HangUp]),
        ("touch-question", &[Command::Yes, Command::No, Command::HangUp]),
        ("touch-shown", &[Command::Zoom, Command::ShowFile(None), Command::HangUp]),
        ("touch-transfers", &[Command::StopFile(FileId([4; 16])), Command::StopFile(FileId([5; 16])), Command::HangUp]),
        ("touch-pairing", &[Command::Yes, Command::No]),
    ];
    for exhibit in all(now) {
        for at in SIZES {
            let around = around(&painter, &exhibit, size(at));
            let least = pixels(at.0.min(at.1) as usize) / 100.0 * 11.0 - 1.0;
            let painting = painter.paint(&exhibit.view, size(at), now, &around).expect("there is memory");
            let name = exhibit.name;
            assert!(exhibit.touch || painting.regions.is_empty(), "{name} has buttons that nobody can touch");
            for Region { place, command } in painting.regions {
                let side = pixels(place.width.min(place.height));
                assert!(side >= least, "{name} at {at:?}: {command:?} is {place:?}, and needs {least}");
            }
            for (_, commands) in wanted.iter().filter(|(of, _)| *of == name) {
                for command in *commands {
                    let region = painting.regions.iter().find(|region| region.command == *command);
                    let Place { left, top, width, height } =
                        region.unwrap_or_else(|| panic!("{name}: {command:?}")).place;
                    let middle = [left + width / 2, top + height / 2];
                    assert_eq!(hit(painting.regions, middle), Some(command.clone()), "{name} at {at:?}: covered");
                }
            }
        }
    }
}

/// Sizes that no panel has, and texts that no person writes.
#[test]
fn nothing_makes_it_panic() {
    let (mut painter, now) = (painter(), Instant::now());
    let screens = calling(now).into_iter().chain([Screen::Idle { reachable: true }, Screen::OutOfOrder]);
    for (index, screen) in screens.enumerate() {
        let view = overloaded(now, screen);
        let sizes = [(1, 1), (2, 7680), (7680, 2), (16, 9), (320, 240), (1920, 480)];
        for at in &sizes[..if index == 0 { sizes.len() } else { 4 }] {
            for touch in [false, true] {
                let around = Around { picture: index == 0, touch, ..Around::default() };
                painter.paint(&view, size(*at), now, &around).expect("there is memory");
            }
        }
    }
}

#[test]
fn equal_views_paint_equal_pictures_and_others_do_not() {
    let now = Instant::now();
    let (mut one, mut other) = (painter(), painter());
    other.started = one.started;
    let mut seen: Vec<(&str, Vec<u8>)> = Vec::new();
    for exhibit in all(now) {
        let (at, name) = (size(SIZES[1]), exhibit.name);
        let around = around(&one, &exhibit, at);
        let first = one.paint(&exhibit.view, at, now, &around).expect("there is memory").pixels.to_vec();
        assert_eq!(
            one.paint(&exhibit.view, at, now, &around).expect("there is memory").painted,
            0,
            "{name} is the same"
        );
        assert_eq!(other.paint(&exhibit.view, at, now, &around).expect("there is memory").pixels, first, "{name}");
        for (before, pixels) in &seen {
            assert!(*pixels != first, "{name} looks like {before}");
        }
        seen.push((name, first));
    }
}

/// What is painted over the picture before is what is painted on an empty panel.
#[test]
fn painting_what_changed_makes_the_whole_picture() {
    let now = Instant::now();
    let mut painter = painter();
    let at = size(SIZES[1]);
    for exhibit in all(now) {
        let around = around(&painter, &exhibit, at);
        let changed = painter.paint(&exhibit.view, at, now, &around).expect("there is memory").pixels.to_vec();
        painter.raster = Raster::default();
        let whole = painter.paint(&exhibit.view, at, now, &around).expect("there is memory").pixels;
        let off = changed.iter().zip(whole).map(|(one, other)| one.abs_diff(*other)).max().unwrap_or_default();
        // One of the four rows of samples of a pixel.
        assert!(off <= 64, "{} is off by {off}", exhibit.name);
    }
}

#[test]
fn a_second_in_a_call_paints_next_to_nothing() {
    let now = Instant::now();
    let mut painter = painter();
    let (view, at) = (in_call(now, true, true), size((1920, 1080)));
    painter.paint(&view, at, now, &over(true)).expect("there is memory");
    let next = painter.paint(&view, at, now + Duration::from_secs(1), &over(true)).expect("there is memory");
    assert!((1..1920 * 1080 / 50).contains(&next.painted), "{} pixels", next.painted);
}

#[test]
fn a_peer_without_proof_cannot_look_verified() {
    let (mut painter, now) = (painter(), Instant::now());
    let warn = Palette::default().warn.channels();
    let amber = |pixels: &[u8]| pixels.chunks_exact(4).filter(|pixel| [pixel[2], pixel[1], pixel[0]] == warn).count();
    let of = |verified: bool| {
        [
            view(Screen::RingingIn { peer: peer(verified), answered_at: None }),
            view(Screen::RingingOut { peer: peer(verified), ringing: true }),
            view(Screen::Connecting { peer: peer(verified) }),
            in_call(now, verified, true),
        ]
    };
    for (stranger, friend) in of(false).into_iter().zip(of(true)) {
        for at in SIZES {
            let mut count =
                |view: &View| amber(painter.paint(view, size(at), now, &over(false)).expect("there is memory").pixels);
            let share = count(&stranger) * 1_000 / (at.0 * at.1) as usize;
            assert!(share >= 10, "{:?} at {at:?}: {share} per mille is amber", stranger.screen);
            assert_eq!(count(&friend), 0);
        }
    }
}

#[test]
fn countdowns_and_clocks_say_when_they_change() {
    let painter = painter();
    let start = Instant::now();
    let at = |ms: u64| start + Duration::from_millis(ms);
    let link = Link::Down { trouble: LinkTrouble::NoNetwork, reason: String::new(), retry_at: at(2_500) };
    let waiting = View { link, ..idle(false) };
    let shown = |ms| {
        let beat = painter.beat(&waiting, at(ms));
        (beat.shown.screen, beat.until)
    };
    assert_eq!(shown(0), (3, Some(at(500))));
    assert_eq!(shown(500), (2, Some(at(1_500))));
    assert_eq!(shown(2_499), (1, Some(at(2_500))));
    assert_eq!(shown(2_500), (0, None));
    assert_eq!(shown(9_000), (0, None));
    let call = in_call(at(75_000), true, true);
    let beat = painter.beat(&call, at(61_200));
    assert_eq!((beat.shown.screen, beat.until), (61, Some(at(62_000))));
    assert_eq!(painter.beat(&idle(true), start).until, None);
    let asked = View {
        question: Some(Question { peer: peer(true), wish: Wish::Unmute, until: at(61_900) }),
        pairing: Some(Pairing::Waiting { until: at(61_700) }),
        ..call
    };
    let beat = painter.beat(&asked, at(61_200));
    assert_eq!((beat.shown.question, beat.shown.pairing, beat.until), (1, 1, Some(at(61_700))));
}

#[test]
fn the_clock_is_seen_while_nobody_calls_and_changes_each_minute() {
    let mut painter = Painter::new(&Look { clock: true, ..Look::default() }).expect("the system has fonts");
    painter.clock = || (9, 59, 48);
    let now = Instant::now();
    let beat = painter.beat(&idle(true), now);
    assert_eq!((beat.shown.clock, beat.until), (Some((9, 59)), Some(now + Duration::from_secs(12))));
    assert_eq!(painter.beat(&view(Screen::Connecting { peer: peer(true) }), now).shown.clock, None);
}

#[test]
fn large_text_is_larger() {
    let now = Instant::now();
    let mut large = Painter::new(&Look { large_text: true, ..Look::default() }).expect("the system has fonts");
    let mut plain = painter();
    for exhibit in all(now) {
        for at in SIZES {
            let around = around(&large, &exhibit, size(at));
            large.paint(&exhibit.view, size(at), now, &around).expect("there is memory");
        }
    }
    let view = in_call(now, true, false);
    let inked = |painter: &mut Painter| {
        let painting = painter.paint(&view, size(SIZES[1]), now, &over(false)).expect("there is memory");
        painting.pixels.chunks_exact(4).filter(|pixel| pixel[..3].iter().all(|channel| *channel > 200)).count()
    };
    assert!(inked(&mut large) > inked(&mut plain) * 6 / 5);
}

/// How long it takes, the shortest of 20 times, for a machine has other things to do: `make bench-panel`.
#[test]
#[ignore = "a measurement"]
fn painting_takes() {
    let at = size((1920, 1080));
    let now = Instant::now();
    let mut painter = painter();
    println!("1920x1080, one core; from another view | the next second | the same again");
    for exhibit in all(now) {
        let around = around(&painter, &exhibit, at);
        let mut shortest = [Duration::MAX; 3];
        for turn in 0..20 {
            painter.paint(&idle(turn % 2 == 0), at, now, &over(false)).expect("there is memory");
            for (index, shortest) in shortest.iter_mut().enumerate() {
                let now = now + Duration::from_secs(u64::from(index > 0));
                let start = Instant::now();
                painter.paint(&exhibit.view, at, now, &around).expect("there is memory");
                *shortest = start.elapsed().min(*shortest);
            }
        }
        let [other, second, same] = shortest.map(|time| time.as_secs_f64() * 1_000.0);
        println!("{:24} {other:6.2} ms | {second:5.2} ms | {same:5.2} ms", exhibit.name);
    }
}

#[test]
fn old_settings_are_said_in_every_language() {
    let now = Instant::now();
    for language in ["en", "de", "fr", "es", "ja", "ar"] {
        let look = Look { language: Language::new(language).expect("is spoken"), ..Look::default() };
        let mut plain = Painter::new(&look).expect("the system has fonts");
        let mut old = Painter::new(&Look { is_last_good: true, ..look }).expect("the system has fonts");
        for at in SIZES {
            let count =
                |painter: &mut Painter, view: &View| painter.list(view, size(at), now, &Around::default()).ops.len();
            let idle = idle(true);
            assert!(count(&mut old, &idle) > count(&mut plain, &idle), "{language} at {at:?}");
            let booting = View { screen: Screen::Booting, ..idle };
            assert_eq!(count(&mut old, &booting), count(&mut plain, &booting), "{language} at {at:?}");
        }
    }
}
