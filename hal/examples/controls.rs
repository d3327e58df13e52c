//! The hardware test of buttons and lights, for `tests/hil/controls.sh`: gpio-keys, a keyboard by uinput, gpio-leds. To be run as root in a
//! guest whose kernel has gpio-sim wired as `tests/hil/board.dts` says.

#[path = "../tests/contract/controls.rs"]
mod contract;

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use contract::{Hand, keys_keep_the_contract, lights_keep_the_contract, next};
use evdev::{
    AbsInfo, AbsoluteAxisCode, AttributeSet, Device, EventType, InputEvent, KeyCode, PropType, UinputAbsSetup,
    uinput::VirtualDevice,
};
use kiosk_hal::{
    keys::Edge,
    lights::{LightBank as _, Shine},
    linux::{self, KeyDevices, SysfsLights},
    touch::{Fingers, Touch},
};
use tokio::time::timeout;

const LED: &str = "kiosk:green:call";
const PHONE: u16 = KeyCode::KEY_PHONE.code();
const MUTE: u16 = KeyCode::KEY_MICMUTE.code();
const A: u16 = KeyCode::KEY_A.code();
/// What does not come within this does not come.
const QUIET: Duration = Duration::from_millis(300);

fn say(what: &str) {
    let _ = writeln!(io::stdout(), "controls: {what}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    buttons().await?;
    touch().await?;
    lights()?;
    say("passed");
    Ok(())
}

/// Fingers on the buttons that are wired to gpio-sim: 3 mute, 4 call, active low.
struct Buttons(PathBuf);

impl Buttons {
    fn pull(&self, code: u16, pull: &str) {
        let line = if code == PHONE { 4 } else { 3 };
        fs::write(self.0.join(format!("sim_gpio{line}/pull")), pull).expect("gpio-sim takes it");
    }
}

impl Hand for Buttons {
    fn down(&mut self, code: u16) {
        self.pull(code, "pull-down");
    }

    fn up(&mut self, code: u16) {
        self.pull(code, "pull-up");
    }
}

/// A keyboard that is plugged in.
fn keyboard() -> io::Result<VirtualDevice> {
    let keys: AttributeSet<KeyCode> = [KeyCode::KEY_PHONE, KeyCode::KEY_A].into_iter().collect();
    VirtualDevice::builder()?.name("hil keyboard").with_keys(&keys)?.build()
}

fn emit(keyboard: &mut VirtualDevice, code: u16, value: i32) -> io::Result<()> {
    keyboard.emit(&[InputEvent::new(EventType::KEY.0, code, value)])
}

/// A touch screen that is plugged in, of 1000 by 600 steps.
fn touch_screen() -> io::Result<VirtualDevice> {
    let keys: AttributeSet<KeyCode> = [KeyCode::BTN_TOUCH].into_iter().collect();
    let direct: AttributeSet<PropType> = [PropType::DIRECT].into_iter().collect();
    let axis = |axis, steps| UinputAbsSetup::new(axis, AbsInfo::new(0, 0, steps, 0, 0, 0));
    VirtualDevice::builder()?
        .name("hil touch")
        .with_properties(&direct)?
        .with_keys(&keys)?
        .with_absolute_axis(&axis(AbsoluteAxisCode::ABS_X, 1_000))?
        .with_absolute_axis(&axis(AbsoluteAxisCode::ABS_Y, 600))?
        .build()
}

async fn touch() -> io::Result<()> {
    let mut fingers = linux::fingers(&KeyDevices::default());
    assert!(timeout(QUIET, fingers.next()).await.is_err(), "no touch screen is there yet");
    let mut screen = touch_screen()?;
    let next = async |fingers: &mut Fingers| timeout(contract::LIMIT, fingers.next()).await.expect("something comes");
    assert_eq!(next(&mut fingers).await, Some(Touch::Present(true)));
    // The kernel passes on only what changes, so that a finger is never at nought at first.
    for (x, y, down) in [(250, 450, 1), (251, 451, 0)] {
        screen.emit(&[
            InputEvent::new(EventType::ABSOLUTE.0, AbsoluteAxisCode::ABS_X.0, x),
            InputEvent::new(EventType::ABSOLUTE.0, AbsoluteAxisCode::ABS_Y.0, y),
            InputEvent::new(EventType::KEY.0, KeyCode::BTN_TOUCH.code(), down),
        ])?;
    }
    assert_eq!(next(&mut fingers).await, Some(Touch::Tap { x: 0.25, y: 0.75 }));
    drop(fingers);

    let mut fingers = linux::fingers(&KeyDevices::default());
    assert_eq!(next(&mut fingers).await, Some(Touch::Present(true)));
    for down in [1, 0] {
        screen.emit(&[InputEvent::new(EventType::KEY.0, KeyCode::BTN_TOUCH.code(), down)])?;
    }
    let again = Touch::Tap { x: 0.251, y: 451.0 / 600.0 };
    assert_eq!(next(&mut fingers).await, Some(again), "where the last finger was before we listened");
    drop(screen);
    assert_eq!(next(&mut fingers).await, Some(Touch::Present(false)));
    say("a touch screen is heard, lost and missed");
    Ok(())
}

async fn buttons() -> io::Result<()> {
    let chips = fs::read_dir("/sys/devices/platform")?.filter_map(|entry| Some(entry.ok()?.path().join("gpiochip0")));
    let mut hand = Buttons(chips.into_iter().find(|path| path.exists()).expect("gpio-sim is there"));
    let grabbed = KeyDevices { grab: BTreeSet::from([PHONE]), ..KeyDevices::default() };
    let mut keys = linux::keys(&grabbed);
    keys_keep_the_contract(&mut keys, &mut hand, [PHONE, MUTE]).await;
    say("gpio-keys keep the contract");

    let devices = linux::key_devices();
    let gpio = devices.iter().find(|device| device.name == "gpio-keys").expect("it is found");
    assert!(gpio.keys.is_superset(&BTreeSet::from([PHONE, MUTE])));
    assert!(Device::open(&gpio.path)?.grab().is_err(), "what is pressed goes to nobody else");

    // With the last input device its directory goes too.
    driver("gpio-keys", "unbind", "gpio-keys")?;
    assert!(timeout(QUIET, keys.next()).await.is_err(), "nothing is pressed");
    driver("gpio-keys", "bind", "gpio-keys")?;
    let mut heard = timeout(QUIET, keys.next()).await;
    while heard.is_err() {
        hand.down(PHONE);
        heard = timeout(QUIET, keys.next()).await;
        hand.up(PHONE);
    }
    while timeout(QUIET, keys.next()).await.is_ok() {}
    keys_keep_the_contract(&mut keys, &mut hand, [PHONE, MUTE]).await;
    say("buttons that come back are listened to");

    let mut keyboard = keyboard()?;
    // It is noticed when its node comes: until then nobody listens to it.
    while timeout(QUIET, keys.next()).await.is_err() {
        emit(&mut keyboard, A, 1)?;
        emit(&mut keyboard, A, 0)?;
    }
    while timeout(QUIET, keys.next()).await.is_ok() {}
    say("a keyboard that is plugged in is listened to");

    let began = Instant::now();
    for _ in 0..500 {
        emit(&mut keyboard, A, 1)?;
        emit(&mut keyboard, A, 2)?;
        emit(&mut keyboard, A, 0)?;
        assert_eq!([next(&mut keys).await, next(&mut keys).await], [(A, Edge::Down), (A, Edge::Up)]);
    }
    say(&format!("500 presses with auto-repeat arrived once each, in {} ms", began.elapsed().as_millis()));

    emit(&mut keyboard, PHONE, 1)?;
    assert_eq!(next(&mut keys).await, (PHONE, Edge::Down));
    drop(keyboard);
    assert_eq!(next(&mut keys).await, (PHONE, Edge::Up), "nobody holds a key of a keyboard that is gone");
    keys_keep_the_contract(&mut keys, &mut hand, [MUTE, PHONE]).await;
    say("a keyboard that is pulled out lets go of its keys, and the others go on");

    let mut named = linux::keys(&KeyDevices { names: vec!["nothing like it".to_owned()], grab: BTreeSet::new() });
    hand.down(MUTE);
    assert_eq!(next(&mut keys).await, (MUTE, Edge::Down));
    assert!(timeout(QUIET, named.next()).await.is_err(), "a device that was not named is not listened to");
    drop(keys);
    assert!(Device::open(&gpio.path)?.grab().is_ok(), "given back");
    Ok(())
}

fn read(attribute: &str) -> String {
    let text = fs::read_to_string(Path::new("/sys/class/leds").join(LED).join(attribute));
    text.map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn trigger() -> String {
    let triggers = read("trigger");
    let word = triggers.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    word.unwrap_or_default().to_owned()
}

/// How the LED shines, from the kernel's own words.
fn look() -> Option<Shine> {
    match trigger().as_str() {
        "timer" => {
            Some(Shine::Blink { on_ms: read("delay_on").parse().ok()?, off_ms: read("delay_off").parse().ok()? })
        }
        "none" => Some(if read("brightness") == "0" { Shine::Off } else { Shine::On }),
        _ => None,
    }
}

/// A driver goes or comes, as when a board with buttons or LEDs is pulled out and put back.
fn driver(name: &str, action: &str, device: &str) -> io::Result<()> {
    fs::write(Path::new("/sys/bus/platform/drivers").join(name).join(action), device)
}

fn lights() -> io::Result<()> {
    fs::write(Path::new("/sys/class/leds").join(LED).join("trigger"), "default-on")
        .or_else(|_| fs::write(Path::new("/sys/class/leds").join(LED).join("brightness"), "1"))?;
    let before = (trigger(), read("brightness"));
    let mut lights = SysfsLights::default();
    lights_keep_the_contract(&mut lights, LED, look);
    say("gpio-leds keep the contract");

    let blink = Shine::Blink { on_ms: 500, off_ms: 500 };
    lights.set(LED, blink).map_err(io::Error::other)?;
    driver("leds-gpio", "unbind", "gpio-leds")?;
    assert!(lights.set(LED, Shine::On).is_err(), "it is missing, and that is told");
    assert!(lights.set(LED, blink).is_ok(), "once");
    driver("leds-gpio", "bind", "gpio-leds")?;
    lights.look_again();
    assert_eq!(look(), Some(blink), "it shines as if it had never been away");
    say("an LED that comes back shines as it should");

    lights.set(LED, Shine::Off).map_err(io::Error::other)?;
    drop(lights);
    assert_eq!((trigger(), read("brightness")), before, "it is given back as it was found");
    say("LEDs are given back as they were found");
    Ok(())
}
