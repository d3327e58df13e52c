//! The hardware test of the screen, for `tests/hil/screen.sh`: every way of getting a scene onto a display card is forced, and what
//! the card scans out is read back and compared. To be run as root, with udev, in a guest whose display driver is vkms.
//!
//! `screen EYE` runs it, `screen EYE measure` measures. EYE is `tests/hil/scanout.py`.

#[path = "../tests/contract/panel.rs"]
mod contract;

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use contract::{GRID, Quarters, Seen, bars, event, is_dark, keeps_the_contract, must_show, plain, scene, show};
use kiosk_hal::{
    compose::I420,
    linux::{Abilities, Kms, KmsWish, ModeWish, Rotation, Way},
    panel::{Panel as _, PanelEvent, Size},
};

/// Small: the guest's kernel composes by software, on one processor.
const SIZE: Size = Size { width_px: 640, height_px: 480 };

const ALL: Abilities = Abilities { planes: true, yuv420: true, nv12: true, placed: true, rotation: true };

/// Planes that take red, green and blue only.
const RGB: Abilities = Abilities { yuv420: false, nv12: false, ..ALL };

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let eye = arguments.first().ok_or_else(|| io::Error::other("screen EYE [measure]"))?;
    let mut eye = Eye::open(Path::new(eye))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if arguments.len() > 1 {
            measure().await;
        } else {
            matrix(&mut eye).await;
            lifecycle(&mut eye).await;
        }
        say("passed");
    });
    Ok(())
}

fn say(what: &str) {
    let _ = writeln!(io::stdout(), "screen: {what}");
}

/// Another process that reads what the card scans out, without our code.
struct Eye {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Eye {
    fn open(path: &Path) -> io::Result<Self> {
        let mut child = Command::new(path).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { child, ask, answers })
    }

    fn ask(&mut self, question: &str) -> String {
        writeln!(self.ask, "{question}").expect("the eye listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the eye answers");
        answer.trim().to_owned()
    }

    /// What is seen by someone who stands as the picture is turned.
    fn look(&mut self, rotation: Rotation) -> Seen {
        let (columns, rows) = match rotation {
            Rotation::None | Rotation::Half => GRID,
            Rotation::Quarter | Rotation::ThreeQuarters => (GRID.1, GRID.0),
        };
        let answer = self.ask(&format!("grid {columns} {rows}"));
        if answer == "blank" {
            return None;
        }
        let byte = |at: usize| u8::from_str_radix(&answer[at..at + 2], 16).expect("hexadecimal");
        let points: Vec<_> = (0..answer.len() / 6).map(|point| [0, 2, 4].map(|part| byte(point * 6 + part))).collect();
        let at = |x: usize, y: usize| points[y * columns as usize + x];
        let (wide, high) = (GRID.0 as usize, GRID.1 as usize);
        let seen = (0..high).flat_map(|y| (0..wide).map(move |x| (x, y))).map(|(x, y)| match rotation {
            Rotation::None => at(x, y),
            Rotation::Quarter => at(high - 1 - y, x),
            Rotation::Half => at(wide - 1 - x, high - 1 - y),
            Rotation::ThreeQuarters => at(y, wide - 1 - x),
        });
        Some(seen.collect())
    }

    fn state(&mut self) -> String {
        self.ask("state")
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wish(rotation: Rotation, abilities: Abilities) -> KmsWish {
    KmsWish { mode: ModeWish::Size { size: SIZE, hertz: None }, rotation, abilities, ..KmsWish::new(SIZE) }
}

/// A panel that has found its monitor.
async fn panel(wish: KmsWish) -> Kms {
    let mut panel = Kms::new(wish, Box::new(|_| {}));
    assert_eq!(event(&mut panel).await, PanelEvent::Changed, "it finds its monitor");
    panel
}

/// The checksum that the kernel makes of what it has composed (Documentation/gpu/drm-uapi.rst, "Display CRC support").
async fn checksum() -> String {
    tokio::task::spawn_blocking(|| {
        let directory = Path::new("/sys/kernel/debug/dri/0/crtc-0/crc");
        std::fs::write(directory.join("control"), "auto").expect("there are checksums");
        let file = std::fs::File::open(directory.join("data")).expect("there are checksums");
        // The first ones may be of what was before.
        let line = BufReader::new(file).lines().nth(3).expect("they go on").expect("they are text");
        line.split_whitespace().nth(1).expect("frame and checksum").to_owned()
    })
    .await
    .expect("it is read")
}

/// Every way, in every rotation: pixels as the software composes them, and for a scene without half tones the very same
/// checksum of what the kernel has composed, so that the order of planes and their blending are the kernel's own word.
async fn matrix(eye: &mut Eye) {
    let ways = [
        ("composed", Abilities { planes: false, ..ALL }),
        ("composed, turned by software", Abilities { planes: false, rotation: false, ..ALL }),
        ("planes, luma and chroma", ALL),
        ("planes, luma and chroma by turns", Abilities { yuv420: false, ..ALL }),
        ("planes, the picture in its place", RGB),
        ("planes, the picture and what is beside", Abilities { placed: false, ..RGB }),
    ];
    for (degrees, rotation) in
        [(0, Rotation::None), (90, Rotation::Quarter), (180, Rotation::Half), (270, Rotation::ThreeQuarters)]
    {
        let mut checksums = Vec::new();
        for (name, abilities) in ways {
            let mut panel = panel(wish(rotation, abilities)).await;
            let wants_chroma = abilities.planes && (abilities.yuv420 || abilities.nv12);
            if wants_chroma && !luma_and_chroma(eye, &mut panel, rotation).await {
                say(&format!("{degrees} degrees, {name}: this driver has no such plane"));
                continue;
            }
            keeps_the_contract(&mut panel, || eye.look(rotation)).await;
            let (layer, picture, own) = (bars(panel.size(), 255), Quarters::new(64, 64, 0), Quarters::new(64, 64, 1));
            show(&mut panel, &scene(&layer, Some(&picture), Some(&own))).await;
            let way = panel.way().expect("there is a monitor");
            let checksum = checksum().await;
            say(&format!("{degrees} degrees, {name}: {way:?}, checksum {checksum}"));
            assert_eq!(matches!(way, Way::Composed { .. }), !abilities.planes, "{name}: {way:?}");
            checksums.push(checksum);
        }
        checksums.dedup();
        assert_eq!(checksums.len(), 1, "all ways show the same: {checksums:?}");
    }
}

/// Gives planes that take luma and chroma a picture that needs no scaling, for vkms does not scale. False: there are none, as
/// with vkms before Linux 6.16.
async fn luma_and_chroma(eye: &mut Eye, panel: &mut Kms, rotation: Rotation) -> bool {
    let Size { width_px, height_px } = panel.size();
    let layer = bars(panel.size(), 128);
    let pictures =
        [(Quarters::new(width_px, height_px, 1), "BT.601"), (Quarters::hd(width_px, height_px, 2), "BT.709")];
    for (picture, name) in pictures {
        let scene = scene(&layer, Some(&picture), None);
        for _ in 0..2 {
            show(panel, &scene).await;
            must_show(&scene, &eye.look(rotation), name);
        }
        if panel.way() != Some(Way::Scaled) {
            return false;
        }
    }
    true
}

/// Writes to the connector, and has udev tell of it: vkms does not by itself.
fn monitor(status: &str) {
    std::fs::write("/sys/class/drm/card0-Virtual-1/status", status).expect("the connector can be forced");
    std::fs::write("/sys/class/drm/card0/uevent", "change").expect("a uevent can be sent");
}

const UNTURNED: Rotation = Rotation::None;

async fn lifecycle(eye: &mut Eye) {
    let before = (eye.state(), eye.look(UNTURNED));
    say(&format!("before: {}", before.0));
    assert!(!is_dark(&before.1), "something is to be put back");
    let first = off_and_on(eye, &before.0).await;
    one_at_a_time(eye, first, &before).await;
    later(eye).await;
    a_lost_flip(eye).await;
    other_modes(eye).await;
}

/// A monitor goes in the middle of it, and comes back.
async fn off_and_on(eye: &mut Eye, before: &str) -> Kms {
    let (red, half) = (plain(SIZE, [250, 10, 20]), bars(SIZE, 128));
    let (picture, own) = (Quarters::new(160, 90, 0), Quarters::new(64, 64, 1));
    let (red, full) = (scene(&red, None, None), scene(&half, Some(&picture), Some(&own)));
    let mut panel = panel(wish(UNTURNED, ALL)).await;
    show(&mut panel, &red).await;
    assert_ne!(eye.state(), before);
    monitor("off");
    assert_eq!(event(&mut panel).await, PanelEvent::Changed, "the monitor is gone");
    assert_eq!((panel.way(), panel.size()), (None, SIZE));
    for _ in 0..3 {
        assert!(panel.is_free());
        panel.present(&red).expect("it is taken");
    }
    assert_eq!(eye.state(), "blank");
    let back = Instant::now();
    monitor("detect");
    assert_eq!(event(&mut panel).await, PanelEvent::Changed, "the monitor is back");
    show(&mut panel, &full).await;
    let took = back.elapsed();
    must_show(&full, &eye.look(UNTURNED), "the monitor is back");
    say(&format!("a monitor that is back shows the newest scene after {} ms", took.as_millis()));
    panel
}

/// Nobody else takes the card while it is held, and it is given back as it was found.
async fn one_at_a_time(eye: &mut Eye, first: Kms, before: &(String, Seen)) {
    let held = eye.look(UNTURNED);
    let red = plain(SIZE, [250, 10, 20]);
    let red = scene(&red, None, None);
    let mut second = Kms::new(wish(UNTURNED, ALL), Box::new(|found| found.iter().for_each(|screen| say(&screen.why))));
    assert!(
        tokio::time::timeout(Duration::from_millis(1_500), second.next_event()).await.is_err(),
        "the card is taken"
    );
    second.present(&red).expect("it is taken");
    assert_eq!(eye.look(UNTURNED), held);
    drop(first);
    assert_eq!(&(eye.state(), eye.look(UNTURNED)), before, "the screen is left as it was found");
    assert_eq!(event(&mut second).await, PanelEvent::Changed, "the card is free");
    show(&mut second, &red).await;
    must_show(&red, &eye.look(UNTURNED), "the second panel's scene");
    drop(second);
    assert_eq!(&(eye.state(), eye.look(UNTURNED)), before, "the screen is left as it was found");
    say("a card is one panel's alone, and left as it was found");
}

/// There is no monitor at first; and nobody tells that one has come, or gone.
async fn later(eye: &mut Eye) {
    let status = |status| std::fs::write("/sys/class/drm/card0-Virtual-1/status", status).expect("it can be forced");
    let red = plain(SIZE, [250, 10, 20]);
    let red = scene(&red, None, None);
    monitor("off");
    let mut early = Kms::new(wish(UNTURNED, ALL), Box::new(|found| found.iter().for_each(|screen| say(&screen.why))));
    assert!(tokio::time::timeout(Duration::from_millis(1_500), early.next_event()).await.is_err(), "no monitor");
    early.present(&red).expect("it is taken");
    monitor("detect");
    assert_eq!(event(&mut early).await, PanelEvent::Changed, "the monitor has come");
    show(&mut early, &red).await;
    must_show(&red, &eye.look(UNTURNED), "the monitor has come");
    status("off");
    assert_eq!(event(&mut early).await, PanelEvent::Changed, "seen without a uevent");
    status("detect");
    assert_eq!(event(&mut early).await, PanelEvent::Changed, "seen without a uevent");
    show(&mut early, &red).await;
    must_show(&red, &eye.look(UNTURNED), "the monitor has come again");
    say("a monitor may come later, unannounced");
}

/// The end of a commit is never told.
async fn a_lost_flip(eye: &mut Eye) {
    let (red, green) = (plain(SIZE, [250, 10, 20]), plain(SIZE, [10, 250, 20]));
    let mut panel = panel(wish(UNTURNED, ALL)).await;
    show(&mut panel, &scene(&red, None, None)).await;
    panel.present(&scene(&green, None, None)).expect("it is taken");
    assert_eq!(eye.ask(&format!("steal {}", std::process::id())), "32", "one event is taken away");
    let lost = Instant::now();
    assert_eq!(event(&mut panel).await, PanelEvent::Changed, "it is not waited for");
    show(&mut panel, &scene(&green, None, None)).await;
    must_show(&scene(&green, None, None), &eye.look(UNTURNED), "after a lost flip");
    say(&format!("after a lost flip the next scene is shown after {} ms", lost.elapsed().as_millis()));
}

async fn other_modes(eye: &mut Eye) {
    for (text, size) in [("800x600", (800, 600)), ("850x500@60", (848, 480)), ("auto", (1_024, 768))] {
        let wish = KmsWish { mode: text.parse().expect("a mode"), ..wish(UNTURNED, ALL) };
        let mut panel = panel(wish).await;
        let size = Size::new(size.0, size.1).expect("fits");
        assert_eq!(panel.size(), size, "{text}");
        let (layer, picture) = (bars(size, 128), Quarters::new(640, 360, 3));
        show(&mut panel, &scene(&layer, Some(&picture), None)).await;
        must_show(&scene(&layer, Some(&picture), None), &eye.look(UNTURNED), text);
    }
    say("other modes are taken");
}

/// How long the processor is busy with a scene, without the wait for the flip: the median of 20.
async fn measure() {
    let size = Size::new(1_920, 1_080).expect("fits");
    let ways = [
        ("composed", Abilities { planes: false, ..ALL }),
        ("luma and chroma", ALL),
        ("luma and chroma by turns", Abilities { yuv420: false, ..ALL }),
        ("in its place", RGB),
        ("and what is beside", Abilities { placed: false, ..RGB }),
    ];
    for (name, abilities) in ways {
        let wish = KmsWish { mode: ModeWish::Size { size, hertz: None }, ..wish(UNTURNED, abilities) };
        let mut panel = panel(wish).await;
        let (layer, own) = (bars(size, 128), Quarters::new(320, 180, 1));
        for (width, height) in [(1_280, 720), (1_920, 1_080)] {
            let picture = Quarters::new(width, height, 0);
            for (what, own) in [("alone", None), ("with a self-view", Some(&own as &dyn I420))] {
                let scene = scene(&layer, Some(&picture), own);
                let mut took = Vec::new();
                for _ in 0..20 {
                    contract::free(&mut panel).await;
                    let began = Instant::now();
                    panel.present(&scene).expect("it is taken");
                    took.push(began.elapsed());
                }
                took.sort();
                let (way, ms) = (panel.way(), took[10].as_secs_f64() * 1e3);
                say(&format!("{width}x{height} on 1920x1080 {what}, {name}: {way:?}, {ms:.1} ms"));
            }
        }
        contract::free(&mut panel).await;
    }
}
