//! Which picture is seen where, what files and fingers do, and who else sees it.

use super::*;

/// What the large picture is, red or green, where nothing lies over it; None: neither.
fn large(newest: &Newest) -> Option<&'static str> {
    let [red, green, _] = newest.frame().expect("presented").rgb(120, 90).expect("inside");
    match (red > 200, green > 200) {
        (true, false) => Some("red"),
        (false, true) => Some("green"),
        _ => None,
    }
}

#[test]
fn the_pictures_are_swapped_when_both_are_there() {
    let now = Instant::now();
    let (mut easel, newest) = easel_with(PanelSettings { self_view: true, ..PanelSettings::default() });
    let swapped = View { pictures_swapped: true, ..in_call(now, true) };
    easel.pictures().put(Plain::red());
    easel.turn(swapped.clone(), now);
    assert_eq!(large(&newest), Some("red"), "there is nothing to swap it with");
    easel.self_views().put(Plain::new(64, 48, GREEN));
    easel.turn(swapped.clone(), now + Duration::from_millis(100));
    assert_eq!(large(&newest), Some("green"));
    easel.turn(in_call(now, true), now + Duration::from_millis(200));
    assert_eq!(large(&newest), Some("red"));
    assert!(shows_green(&newest));
    easel.turn(View { camera_off: true, ..swapped }, now + Duration::from_millis(300));
    assert_eq!(large(&newest), Some("red"), "ours is gone");
}

#[test]
fn a_shared_screen_is_shown_whole_between_what_is_said() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    let mut view = in_call(now, true);
    if let Screen::InCall { peer_screen, .. } = &mut view.screen {
        *peer_screen = true;
    }
    let Place { top, height, .. } = Painter::new(&Look::default())
        .expect("the system has fonts")
        .room(&view, size(), false)
        .expect("it has its own");
    easel.pictures().put(Plain::new(320, 200, Plain::RED));
    easel.turn(view, now);
    let frame = newest.frame().expect("presented");
    let is_red =
        |y: usize| frame.rgb(160, y.try_into().expect("small")).is_some_and(|[red, green, _]| red > 245 && green < 10);
    let rows: Vec<usize> = (0..200).filter(|y| is_red(*y)).collect();
    assert_eq!((rows.first(), rows.last()), (Some(&top), Some(&(top + height - 1))), "nothing covers it");
}

#[test]
fn what_waits_or_is_covered_shows_no_pictures() {
    let now = Instant::now();
    let (mut easel, newest) = easel_with(PanelSettings { self_view: true, ..PanelSettings::default() });
    let call = || in_call(now, true);
    let mut on_hold = call();
    if let Screen::InCall { peer_hold, .. } = &mut on_hold.screen {
        *peer_hold = true;
    }
    let file = ShownFile { id: FileId([1; 16]), name: "a".to_owned(), zoom: 0 };
    let covered = [
        View { held: true, ..call() },
        on_hold,
        View { shown: Some(file), ..call() },
        View { pairing: Some(Pairing::Failed(PairingFailure::Cancelled)), ..call() },
    ];
    for view in covered {
        easel.pictures().put(Plain::red());
        easel.self_views().put(Plain::new(64, 48, GREEN));
        easel.turn(call(), now);
        assert!(shows_red(&newest.frame().expect("presented")) && shows_green(&newest));
        easel.pictures().put(Plain::red());
        easel.self_views().put(Plain::new(64, 48, GREEN));
        easel.turn(view.clone(), now);
        let frame = newest.frame().expect("presented");
        assert!(!shows_red(&frame) && !shows_green(&newest), "{view:?}");
    }
    let sharing = View { source: VideoSource::Panel, ..call() };
    easel.self_views().put(Plain::new(64, 48, GREEN));
    easel.turn(sharing, now);
    assert!(!shows_green(&newest), "a picture of the panel on the panel");
}

type Wanted = Option<(FileId, u8, Size)>;

/// Remembers what was wanted.
#[derive(Clone, Default)]
struct Wishes(Arc<Mutex<Vec<Wanted>>>);

impl Stills for Wishes {
    fn want(&mut self, wanted: Wanted) {
        lock(&self.0).push(wanted);
    }
}

#[test]
fn a_shown_file_is_wanted_once_and_painted_when_it_comes() {
    let now = Instant::now();
    let (mut easel, newest) = easel();
    let wishes = Wishes::default();
    easel.make_stills_by(Box::new(wishes.clone()));
    let file = |id, zoom| View {
        shown: Some(ShownFile { id: FileId([id; 16]), name: "a".to_owned(), zoom }),
        ..in_call(now, true)
    };
    let (one, other) = (FileId([1; 16]), FileId([2; 16]));
    easel.turn(file(1, 0), now);
    easel.turn(file(1, 0), now);
    let asked = lock(&wishes.0).clone();
    let Some(Some((id, zoom, largest))) = asked.last().copied() else { panic!("{asked:?}") };
    assert_eq!((asked.len(), id, zoom), (2, one, 0), "nothing when it was connected, then the file, once");
    let still = |id, zoom, size: Size| Still { id, zoom, size, pixels: [0, 0, 250, 0].repeat(size.frame_bytes() / 4) };
    let small = Size::new(40, 20).expect("fits");
    let mut shows = |made, view: View| {
        easel.stills().put(made);
        easel.turn(view, now);
        shows_red(&newest.frame().expect("presented"))
    };
    assert!(!shows(Ok(still(other, 0, small)), file(1, 0)), "of another file");
    assert!(!shows(Ok(still(one, 1, small)), file(1, 0)), "another part");
    assert!(shows(Ok(still(one, 0, small)), file(1, 0)));
    assert!(!shows(Err((one, "it is no picture".to_owned())), file(1, 0)));
    let larger = Size::new(largest.width_px + 1, 20).expect("fits");
    assert!(!shows(Ok(still(one, 0, larger)), file(1, 0)), "larger than its room");
    assert!(shows(Ok(still(one, 2, small)), file(1, 2)));
    assert!(!shows(Ok(still(one, 2, small)), in_call(now, false)), "it is closed");
    assert_eq!(lock(&wishes.0).last(), Some(&None));
}

/// Looks at the panel when it wants to.
#[derive(Default)]
struct Onlooker {
    wants: std::sync::atomic::AtomicBool,
    seen: AtomicUsize,
}

impl PanelSink for Onlooker {
    fn wanted(&self) -> bool {
        self.wants.load(Ordering::Relaxed)
    }

    fn put(&self, frame: &Frame) {
        assert_eq!(frame.size(), size());
        self.seen.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_panel_is_shown_to_whom_it_is_shared_with() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let (mut easel, _newest) = easel();
    let onlooker = Arc::new(Onlooker::default());
    easel.show_to(Arc::clone(&onlooker) as Arc<dyn PanelSink>);
    let seen = || onlooker.seen.load(Ordering::Relaxed);
    easel.turn(idle(), start);
    assert_eq!(seen(), 0, "nobody wants it");
    onlooker.wants.store(true, Ordering::Relaxed);
    easel.turn(idle(), at(1));
    assert_eq!(seen(), 1, "one as soon as it is wanted");
    easel.turn(idle(), at(500));
    assert_eq!(seen(), 1, "nothing has changed");
    let muted = View { muted: true, ..idle() };
    easel.turn(muted.clone(), at(510));
    assert_eq!(seen(), 2);
    let due = easel.turn(idle(), at(530));
    assert_eq!((seen(), due), (2, Some(at(610))), "ten a second");
    easel.turn(idle(), at(610));
    assert_eq!(seen(), 3);
    onlooker.wants.store(false, Ordering::Relaxed);
    easel.turn(muted, at(900));
    assert_eq!(seen(), 3);
}

#[test]
fn what_can_be_touched_is_what_is_seen() {
    let now = Instant::now();
    let settings = PanelSettings {
        touch: true,
        blank_after: Some(Duration::from_secs(60)),
        self_view: true,
        ..PanelSettings::default()
    };
    let (mut easel, _newest) = easel_with(settings);
    let touches = easel.touches();
    let found = || {
        let points = || (0..40).flat_map(|row| (0..40).map(move |column| (column, row)));
        let hits = points().filter_map(|(x, y)| touches.at(f64::from(x) / 40.0, f64::from(y) / 40.0));
        hits.fold(Vec::new(), |mut all, command| {
            if !all.contains(&command) {
                all.push(command);
            }
            all
        })
    };
    easel.told(&idle(), now);
    easel.turn(idle(), now);
    assert_eq!(found(), [Command::Call(None)]);
    easel.turn(idle(), now + Duration::from_secs(60));
    assert!(found().is_empty(), "it is dark");
    let call = in_call(now, true);
    easel.pictures().put(Plain::red());
    easel.self_views().put(Plain::new(64, 48, GREEN));
    easel.told(&call, now);
    easel.turn(call.clone(), now);
    for command in [Command::Mute, Command::HangUp, Command::Swap] {
        assert!(found().contains(&command), "{command:?}");
    }
    touches.set_present(false);
    easel.turn(call, now);
    assert!(found().is_empty(), "there is no touch screen");
}
