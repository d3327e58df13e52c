use std::time::Duration;

use std::sync::atomic::AtomicUsize;

use kiosk_call::{
    Command, DeviceState, Ending, FileId, Link, Pairing, PairingFailure, PeerName, Screen, ShownFile, VideoSource,
};
use kiosk_hal::{
    compose::{Place, Scene},
    panel::{self, Newest, NextEvent, Offscreen, PanelEvent, Size},
};
use kiosk_wire::PeerId;

use super::*;

mod arrangement;

/// A picture of one colour, its rows padded with another.
struct Plain {
    width: u32,
    height: u32,
    planes: [Vec<u8>; 3],
    padding: usize,
}

impl Plain {
    /// BT.601, limited range.
    const RED: [u8; 3] = [81, 90, 240];

    fn new(width: u32, height: u32, color: [u8; 3]) -> Self {
        let padding = 5;
        let plane = |index: usize, value: u8| {
            let shrink = |side: u32| if index == 0 { side } else { side.div_ceil(2) } as usize;
            let row = [vec![value; shrink(width)], vec![255; padding]].concat();
            row.repeat(shrink(height))
        };
        Self { width, height, planes: [plane(0, color[0]), plane(1, color[1]), plane(2, color[2])], padding }
    }

    fn red() -> Self {
        Self::new(64, 48, Self::RED)
    }
}

impl I420 for Plain {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn plane(&self, index: usize) -> (&[u8], usize) {
        let shrink = |side: u32| if index == 0 { side } else { side.div_ceil(2) } as usize;
        (&self.planes[index], shrink(self.width) + self.padding)
    }
}

fn size() -> Size {
    Size::new(320, 200).expect("fits")
}

fn easel() -> (Easel, Newest) {
    easel_with(PanelSettings::default())
}

fn easel_with(settings: PanelSettings) -> (Easel, Newest) {
    let (panel, newest) = Offscreen::new(size());
    let painter = Painter::new(&Look::default()).expect("the system has fonts");
    (Easel::new(Box::new(panel), painter, settings), newest)
}

fn shown(easel: &Easel) -> u64 {
    easel.frames().load(Ordering::Relaxed)
}

fn view(screen: Screen) -> View {
    View { screen, peer_id: PeerId([7; 32]), link: Link::Up, ..View::booting("Kiosk".to_owned()) }
}

fn peer() -> PeerName {
    PeerName { name: "Front desk".to_owned(), verified: true }
}

fn in_call(since: Instant, peer_video: bool) -> View {
    let screen = Screen::InCall {
        peer: peer(),
        since,
        reconnecting: None,
        peer_audio: true,
        peer_video,
        peer_screen: false,
        peer_hold: false,
    };
    view(screen)
}

fn shows_red(frame: &Frame) -> bool {
    let Size { width_px, height_px } = frame.size();
    (0..height_px)
        .flat_map(|y| (0..width_px).map(move |x| (x, y)))
        .filter_map(|(x, y)| frame.rgb(x, y))
        .any(|[red, green, blue]| red > 200 && green < 40 && blue < 40)
}

#[test]
fn a_picture_is_shown_only_in_a_call() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    easel.pictures().put(Plain::red());
    easel.turn(in_call(now, true), now);
    assert!(shows_red(&newest.frame().expect("presented")), "the test can see red");
    let others = [
        Screen::Booting,
        Screen::Idle { reachable: true },
        Screen::RingingOut { peer: peer(), ringing: true },
        Screen::RingingIn { peer: peer(), answered_at: None },
        Screen::Connecting { peer: peer() },
        Screen::Ended { peer: peer(), why: Ending::HungUp },
        Screen::OutOfOrder,
        in_call(now, false).screen,
    ];
    for screen in others {
        easel.pictures().put(Plain::red());
        easel.turn(view(screen.clone()), now);
        assert!(!shows_red(&newest.frame().expect("presented")), "{screen:?}");
        assert!(!easel.has_picture() && easel.pictures().take().is_none(), "{screen:?} keeps a picture");
        easel.turn(in_call(now, true), now);
        assert!(!shows_red(&newest.frame().expect("presented")), "an old picture after {screen:?}");
        easel.pictures().put(Plain::red());
        easel.turn(in_call(now, true), now);
        assert!(shows_red(&newest.frame().expect("presented")), "no new picture after {screen:?}");
    }
}

#[test]
fn a_call_does_not_show_the_pictures_of_the_last() {
    let (first, second) = (Instant::now(), Instant::now() + Duration::from_millis(1));
    let (mut easel, newest) = easel();
    easel.pictures().put(Plain::red());
    easel.turn(in_call(first, true), second);
    easel.pictures().put(Plain::red());
    easel.turn(in_call(second, true), second);
    assert!(!shows_red(&newest.frame().expect("presented")));
}

#[test]
fn the_same_view_is_not_painted_again() {
    let (mut easel, newest) = easel();
    let now = Instant::now();
    let idle = view(Screen::Idle { reachable: true });
    assert_eq!(easel.turn(idle.clone(), now), None);
    let first = newest.frame().expect("presented");
    easel.turn(idle.clone(), now + Duration::from_secs(5));
    assert!(Arc::ptr_eq(&first, &newest.frame().expect("presented")));
    assert_eq!((easel.painted, shown(&easel)), (1, 1));
    easel.turn(View { muted: true, ..idle }, now);
    assert_eq!(easel.painted, 2);
}

#[test]
fn a_call_is_painted_once_a_second_and_presented_with_each_picture() {
    let (mut easel, _newest) = easel();
    let since = Instant::now();
    let call = in_call(since, true);
    easel.pictures().put(Plain::red());
    let until = easel.turn(call.clone(), since);
    assert_eq!(until, Some(since + Duration::from_secs(1)));
    for step in 1..=10 {
        easel.pictures().put(Plain::red());
        easel.turn(call.clone(), since + Duration::from_millis(50 * step));
    }
    easel.turn(call.clone(), since + Duration::from_millis(999));
    assert_eq!((easel.painted, shown(&easel)), (1, 11));
    easel.turn(call, since + Duration::from_secs(1));
    assert_eq!((easel.painted, shown(&easel)), (2, 12));
}

#[test]
fn a_picture_lies_in_the_middle_with_bars_beside() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    easel.pictures().put(Plain::new(100, 100, Plain::RED));
    easel.turn(in_call(now, true), now);
    let frame = newest.frame().expect("presented");
    let [blue, green, red, _] = Painter::new(&Look::default()).expect("the system has fonts").beside_a_picture();
    // 200 wide in the middle of 320.
    for (x, is_picture) in [(0, false), (59, false), (60, true), (160, true), (259, true), (260, false), (319, false)] {
        let rgb = frame.rgb(x, 110).expect("inside");
        if is_picture {
            assert!(rgb[0] > 245 && rgb[1] < 10 && rgb[2] < 10, "{x}: {rgb:?}");
        } else {
            assert_eq!(rgb, [red, green, blue], "{x}");
        }
    }
}

#[test]
fn the_layer_lies_over_the_picture() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    easel.pictures().put(Plain::new(320, 200, Plain::RED));
    easel.turn(in_call(now, true), now);
    let frame = newest.frame().expect("presented");
    let [red, green, blue] = frame.rgb(160, 2).expect("inside");
    assert!((40..90).contains(&red) && green < 60 && blue < 60, "a scrim of the picture: {red} {green} {blue}");
}

#[test]
fn pictures_that_lie_about_their_size_are_not_shown() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    let mut short = Plain::red();
    short.planes[2].truncate(20);
    let empty = Plain { width: 0, ..Plain::red() };
    let huge = Plain { width: 100_000, ..Plain::red() };
    for wrong in [short, empty, huge] {
        easel.pictures().put(wrong);
        easel.turn(in_call(now, true), now);
        assert!(!easel.has_picture());
        assert!(!shows_red(&newest.frame().expect("presented")));
    }
    easel.pictures().put(Plain::new(33, 17, Plain::RED));
    easel.turn(in_call(now, true), now);
    assert!(shows_red(&newest.frame().expect("presented")), "odd sizes are fine");
}

#[test]
fn a_panel_that_changes_its_size_gets_frames_that_fit() {
    let (mut easel, newest) = easel();
    let idle = view(Screen::Idle { reachable: true });
    easel.turn(idle.clone(), Instant::now());
    let larger = Size::new(480, 800).expect("fits");
    newest.resize(larger);
    easel.turn(idle, Instant::now());
    assert_eq!(newest.frame().expect("presented").size(), larger);
}

fn idle() -> View {
    view(Screen::Idle { reachable: true })
}

const GREEN: [u8; 3] = [145, 54, 34];

/// Whether the middle of the self-view's place is green.
fn shows_green(newest: &Newest) -> bool {
    let painter = Painter::new(&Look::default()).expect("the system has fonts");
    let at = painter.inset(&in_call(Instant::now(), true), size(), false, (64, 48)).expect("has a place");
    let (x, y) = (at.left + at.width / 2, at.top + at.height / 2);
    let frame = newest.frame().expect("presented");
    let [red, green, blue] = frame.rgb(x.try_into().expect("small"), y.try_into().expect("small")).expect("inside");
    red < 10 && green > 245 && blue < 10
}

#[test]
fn the_self_view_is_shown_only_with_a_call_and_a_camera() {
    let now = Instant::now();
    let (mut easel, newest) = easel_with(PanelSettings { self_view: true, ..PanelSettings::default() });
    let mut turn = |view: View| {
        easel.self_views().put(Plain::new(64, 48, GREEN));
        easel.turn(view, now);
        shows_green(&newest)
    };
    let calling = || view(Screen::RingingOut { peer: peer(), ringing: true });
    let call = || in_call(now, true);
    for shows in [calling(), view(Screen::Connecting { peer: peer() }), call()] {
        assert!(turn(shows.clone()), "{shows:?}");
        let missing = View { camera: DeviceState::Missing("gone".to_owned()), ..shows.clone() };
        for hides in [View { camera_off: true, ..shows.clone() }, missing, idle(), view(Screen::Booting)] {
            assert!(!turn(hides.clone()), "{hides:?}");
        }
    }
    let ended = view(Screen::Ended { peer: peer(), why: Ending::HungUp });
    assert!(turn(call()) && !turn(ended));
    let (mut unasked, newest) = easel_with(PanelSettings::default());
    unasked.self_views().put(Plain::new(64, 48, GREEN));
    unasked.turn(call(), now);
    assert!(!shows_green(&newest), "it is off in the config");
}

#[test]
fn self_views_ride_with_the_remote_pictures() {
    let now = Instant::now();
    let at = |ms| now + Duration::from_millis(ms);
    let (mut easel, _newest) = easel_with(PanelSettings { self_view: true, ..PanelSettings::default() });
    easel.pictures().put(Plain::red());
    easel.self_views().put(Plain::new(64, 48, GREEN));
    easel.turn(in_call(now, true), now);
    assert_eq!(shown(&easel), 1);
    easel.self_views().put(Plain::new(64, 48, GREEN));
    assert_eq!(easel.turn(in_call(now, true), at(20)), Some(at(66)), "it waits for a picture");
    assert_eq!(shown(&easel), 1);
    easel.pictures().put(Plain::red());
    easel.turn(in_call(now, true), at(33));
    easel.turn(in_call(now, true), at(99));
    assert_eq!(shown(&easel), 2, "both are shown");
    easel.self_views().put(Plain::new(64, 48, GREEN));
    easel.turn(in_call(now, true), at(110));
    assert_eq!(shown(&easel), 3, "there was no picture for long");
}

#[test]
fn the_screen_goes_dark_when_idle_and_wakes() {
    let start = Instant::now();
    let at = |s| start + Duration::from_secs(s);
    let (mut easel, newest) =
        easel_with(PanelSettings { blank_after: Some(Duration::from_secs(60)), ..PanelSettings::default() });
    let is_dark = || newest.frame().expect("presented").pixels().iter().all(|byte| *byte == 0);
    easel.told(&idle(), at(0));
    assert_eq!(easel.turn(idle(), at(0)), Some(at(60)));
    easel.turn(idle(), at(59));
    assert!(!is_dark());
    easel.turn(idle(), at(60));
    assert!(is_dark());
    assert!(easel.screenshot().expect("dark is a picture").pixels().iter().all(|byte| *byte == 0));
    let lost = View { link: Link::Connecting, ..view(Screen::Idle { reachable: false }) };
    easel.told(&lost, at(61));
    easel.turn(lost.clone(), at(61));
    assert!(is_dark(), "nobody is woken by a lost link");
    easel.told(&lost, at(62));
    easel.turn(lost.clone(), at(62));
    assert!(!is_dark(), "a button was pressed");
    easel.turn(lost, at(122));
    assert!(is_dark());
    let ringing = view(Screen::RingingIn { peer: peer(), answered_at: None });
    easel.told(&ringing, at(123));
    easel.turn(ringing.clone(), at(123));
    easel.turn(ringing, at(999));
    assert!(!is_dark(), "it rings");
    easel.told(&idle(), at(1_000));
    easel.turn(idle(), at(1_059));
    assert!(!is_dark());
    easel.turn(idle(), at(1_060));
    assert!(is_dark());
}

/// A panel that takes its time.
#[derive(Debug)]
struct Slow(Arc<AtomicUsize>, bool);

impl Panel for Slow {
    fn size(&self) -> Size {
        size()
    }

    fn is_free(&self) -> bool {
        self.1
    }

    fn present(&mut self, _scene: &Scene<'_>) -> Result<(), panel::PanelError> {
        assert!(self.1);
        self.1 = false;
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn blank(&mut self) {}

    fn next_event(&mut self) -> NextEvent<'_> {
        self.1 = true;
        Box::pin(std::future::ready(PanelEvent::Free))
    }
}

#[tokio::test]
async fn nothing_is_presented_to_a_panel_that_is_not_free() {
    let now = Instant::now();
    let presented = Arc::new(AtomicUsize::new(0));
    let count = || presented.load(Ordering::Relaxed);
    let panel = Slow(Arc::clone(&presented), true);
    let mut easel = Easel::new(
        Box::new(panel),
        Painter::new(&Look::default()).expect("the system has fonts"),
        PanelSettings::default(),
    );
    for _ in 0..3 {
        easel.pictures().put(Plain::red());
        easel.turn(in_call(now, true), now);
    }
    assert_eq!(count(), 1);
    assert!(easel.pictures().take().is_some(), "the newest waits");
    easel.pictures().put(Plain::red());
    let event = easel.panel_event().await;
    easel.happened(event);
    easel.turn(in_call(now, true), now);
    assert_eq!(count(), 2);
    easel.panel_event().await;
    easel.turn(in_call(now, true), now);
    assert_eq!(count(), 2, "nothing is new");
    easel.happened(PanelEvent::Changed);
    easel.turn(in_call(now, true), now);
    assert_eq!(count(), 3, "another monitor shows it again");
}

#[test]
fn the_thread_paints_counts_and_ends() {
    let (panel, mut newest) = Offscreen::new(size());
    let (views, watched) = crate::start::views(&crate::config::Config::default());
    let thread =
        PanelThread::start(Box::new(panel), watched, Pulse::default(), PanelSettings::default()).expect("it starts");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut next = || runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), newest.next()).await });
    next().expect("booting is painted").expect("a frame");
    let screenshot = thread.screenshots();
    views.send_replace(in_call(Instant::now(), true));
    thread.pictures().put(Plain::red());
    while !shows_red(&next().expect("frames come").expect("a frame")) {
        thread.pictures().put(Plain::red());
    }
    assert!(screenshot().expect("encodes").starts_with(b"\x89PNG"));
    // Counted after it is presented: the one before the last is.
    assert!(thread.frames_shown() >= 1);
    drop(thread);
    // One that was shown after the red one may not have been taken yet.
    while next().expect("the panel is gone").is_some() {}
}

/// How long it takes: `make bench-panel`.
#[test]
#[ignore = "a measurement"]
fn presenting_takes() {
    for (width, height) in [(1280, 720), (1920, 1080)] {
        let size = Size::new(width, height).expect("fits");
        let (panel, newest) = Offscreen::new(size);
        let painter = Painter::new(&Look::default()).expect("the system has fonts");
        let mut easel = Easel::new(Box::new(panel), painter, PanelSettings::default());
        let since = Instant::now();
        easel.turn(in_call(since, true), since);
        let mean = |easel: &mut Easel, step: &mut dyn FnMut(&mut Easel, u32)| {
            let start = Instant::now();
            (0..20).for_each(|turn| step(easel, turn));
            start.elapsed() / 20
        };
        let paint = mean(&mut easel, &mut |easel, turn| {
            let idle = Screen::Idle { reachable: true };
            easel.turn(View { name: format!("Kiosk {turn}"), ..view(idle) }, since);
        });
        let overlay = mean(&mut easel, &mut |easel, turn| {
            easel.pictures().put(Plain::new(640, 480, Plain::RED));
            easel.turn(in_call(since, true), since + Duration::from_secs(u64::from(turn)));
        });
        let compose = mean(&mut easel, &mut |easel, _| {
            easel.pictures().put(Plain::new(640, 480, Plain::RED));
            easel.turn(in_call(since, true), since + Duration::from_secs(19));
        });
        let frame = newest.frame().expect("presented");
        let png = mean(&mut easel, &mut |_, _| drop(frame.png()));
        println!("{width}x{height}: idle {paint:?}, overlay {overlay:?}, picture alone {compose:?}, PNG {png:?}");
    }
}
