use std::time::Duration;

use kiosk_call::{DeviceState, Ending, Link, PeerName};
use kiosk_hal::panel::{Newest, Offscreen};

use super::*;

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
    let (panel, newest) = Offscreen::new(size());
    let painter = Painter::new().expect("the system has fonts");
    (Easel::new(Box::new(panel), painter, PictureSlot::default(), Arc::default()), newest)
}

fn view(screen: Screen) -> View {
    View {
        screen,
        link: Link::Up,
        muted: false,
        camera_off: false,
        camera: DeviceState::Ready,
        sound: DeviceState::Ready,
        chat: Vec::new(),
        unread: 0,
    }
}

fn peer() -> PeerName {
    PeerName { name: "Front desk".to_owned(), verified: true }
}

fn in_call(since: Instant, peer_video: bool) -> View {
    view(Screen::InCall { peer: peer(), since, peer_audio: true, peer_video })
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
    easel.pictures.put(Plain::red());
    easel.turn(in_call(now, true), now);
    assert!(shows_red(&newest.frame().expect("presented")), "the test can see red");
    let others = [
        Screen::Booting,
        Screen::Idle { name: "Kiosk".to_owned(), reachable: true },
        Screen::RingingOut { peer: peer(), ringing: true },
        Screen::RingingIn { peer: peer() },
        Screen::Connecting { peer: peer() },
        Screen::Ended { peer: peer(), why: Ending::HungUp },
        Screen::InCall { peer: peer(), since: now, peer_audio: true, peer_video: false },
    ];
    for screen in others {
        easel.pictures.put(Plain::red());
        easel.turn(view(screen.clone()), now);
        assert!(!shows_red(&newest.frame().expect("presented")), "{screen:?}");
        assert!(easel.picture.is_none() && easel.pictures.take().is_none(), "{screen:?} keeps a picture");
        easel.turn(in_call(now, true), now);
        assert!(!shows_red(&newest.frame().expect("presented")), "an old picture after {screen:?}");
        easel.pictures.put(Plain::red());
        easel.turn(in_call(now, true), now);
        assert!(shows_red(&newest.frame().expect("presented")), "no new picture after {screen:?}");
    }
}

#[test]
fn a_call_does_not_show_the_pictures_of_the_last() {
    let (first, second) = (Instant::now(), Instant::now() + Duration::from_millis(1));
    let (mut easel, newest) = easel();
    easel.pictures.put(Plain::red());
    easel.turn(in_call(first, true), second);
    easel.pictures.put(Plain::red());
    easel.turn(in_call(second, true), second);
    assert!(!shows_red(&newest.frame().expect("presented")));
}

#[test]
fn the_same_view_is_not_painted_again() {
    let (mut easel, newest) = easel();
    let now = Instant::now();
    let idle = view(Screen::Idle { name: "Kiosk".to_owned(), reachable: true });
    assert_eq!(easel.turn(idle.clone(), now), None);
    let first = newest.frame().expect("presented");
    easel.turn(idle.clone(), now + Duration::from_secs(5));
    assert!(Arc::ptr_eq(&first, &newest.frame().expect("presented")));
    assert_eq!((easel.painted, easel.shown.frames.load(Ordering::Relaxed)), (1, 1));
    easel.turn(View { muted: true, ..idle }, now);
    assert_eq!(easel.painted, 2);
}

#[test]
fn a_call_is_painted_once_a_second_and_presented_with_each_picture() {
    let (mut easel, _newest) = easel();
    let since = Instant::now();
    let call = in_call(since, true);
    easel.pictures.put(Plain::red());
    let until = easel.turn(call.clone(), since);
    assert_eq!(until, Some(since + Duration::from_secs(1)));
    for step in 1..=10 {
        easel.pictures.put(Plain::red());
        easel.turn(call.clone(), since + Duration::from_millis(50 * step));
    }
    easel.turn(call.clone(), since + Duration::from_millis(999));
    assert_eq!((easel.painted, easel.shown.frames.load(Ordering::Relaxed)), (1, 11));
    easel.turn(call, since + Duration::from_secs(1));
    assert_eq!((easel.painted, easel.shown.frames.load(Ordering::Relaxed)), (2, 12));
}

#[test]
fn a_picture_lies_in_the_middle_with_bars_beside() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    easel.pictures.put(Plain::new(100, 100, Plain::RED));
    easel.turn(in_call(now, true), now);
    let frame = newest.frame().expect("presented");
    let [blue, green, red, _] = crate::paint::beside_a_picture();
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
    easel.pictures.put(Plain::new(320, 200, Plain::RED));
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
        easel.pictures.put(wrong);
        easel.turn(in_call(now, true), now);
        assert!(easel.picture.is_none());
        assert!(!shows_red(&newest.frame().expect("presented")));
    }
    easel.pictures.put(Plain::new(33, 17, Plain::RED));
    easel.turn(in_call(now, true), now);
    assert!(shows_red(&newest.frame().expect("presented")), "odd sizes are fine");
}

#[test]
fn a_panel_that_changes_its_size_gets_frames_that_fit() {
    let (mut easel, newest) = easel();
    let idle = view(Screen::Idle { name: "Kiosk".to_owned(), reachable: true });
    easel.turn(idle.clone(), Instant::now());
    let larger = Size::new(480, 800).expect("fits");
    newest.resize(larger);
    easel.turn(idle, Instant::now());
    assert_eq!(newest.frame().expect("presented").size(), larger);
}

#[test]
fn frames_are_used_again_when_nobody_holds_them() {
    let mut frames = Vec::new();
    let first = free_frame(&mut frames, size());
    frames.push(Arc::clone(&first));
    assert!(!Arc::ptr_eq(&first, &free_frame(&mut frames, size())), "it is held");
    let held = Arc::as_ptr(&first);
    drop(first);
    assert_eq!(Arc::as_ptr(&free_frame(&mut frames, size())), held);
}

#[test]
fn the_thread_paints_counts_and_ends() {
    let (panel, mut newest) = Offscreen::new(size());
    let (views, watched) = crate::start::views();
    let thread = PanelThread::start(Box::new(panel), watched, Pulse::default()).expect("it starts");
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
    assert!(next().expect("the panel is gone").is_none());
}

/// How long it takes: `cargo test -p kioskd --lib painting_takes -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn painting_takes() {
    for (width, height) in [(1280, 720), (1920, 1080)] {
        let size = Size::new(width, height).expect("fits");
        let (panel, _newest) = Offscreen::new(size);
        let painter = Painter::new().expect("the system has fonts");
        let mut easel = Easel::new(Box::new(panel), painter, PictureSlot::default(), Arc::default());
        let since = Instant::now();
        easel.turn(in_call(since, true), since);
        let mean = |easel: &mut Easel, step: &mut dyn FnMut(&mut Easel, u32)| {
            let start = Instant::now();
            (0..20).for_each(|turn| step(easel, turn));
            start.elapsed() / 20
        };
        let paint = mean(&mut easel, &mut |easel, turn| {
            let idle = Screen::Idle { name: format!("Kiosk {turn}"), reachable: true };
            easel.turn(view(idle), since);
        });
        let overlay = mean(&mut easel, &mut |easel, turn| {
            easel.pictures.put(Plain::new(640, 480, Plain::RED));
            easel.turn(in_call(since, true), since + Duration::from_secs(u64::from(turn)));
        });
        let compose = mean(&mut easel, &mut |easel, _| {
            easel.pictures.put(Plain::new(640, 480, Plain::RED));
            easel.turn(in_call(since, true), since + Duration::from_secs(19));
        });
        let frame = lock(&easel.shown.newest).clone().expect("presented");
        let png = mean(&mut easel, &mut |_, _| drop(frame.png()));
        println!("{width}x{height}: idle {paint:?}, overlay {overlay:?}, picture alone {compose:?}, PNG {png:?}");
    }
}
