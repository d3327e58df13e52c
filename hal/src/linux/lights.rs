//! LEDs of `/sys/class/leds` (Documentation/leds/leds-class.rst), written in place.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::lights::{LightBank, LightError, Shine};

/// Where the kernel puts LEDs.
const LEDS: &str = "/sys/class/leds";

/// Triggers that blink (Documentation/leds/leds-class.rst; Documentation/ABI/testing/sysfs-class-led-trigger-pattern). A kernel
/// may have either.
const TIMER: &str = "timer";
const PATTERN: &str = "pattern";

/// LEDs of a sysfs directory. Those that were touched get their trigger and brightness back when this is dropped.
#[derive(Debug)]
pub struct SysfsLights {
    directory: PathBuf,
    leds: BTreeMap<String, Led>,
}

impl Default for SysfsLights {
    fn default() -> Self {
        Self::new(LEDS)
    }
}

/// Names of all LEDs, in order.
#[must_use]
pub fn leds() -> Vec<String> {
    let Ok(entries) = fs::read_dir(LEDS) else { return Vec::new() };
    let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[derive(Debug, Default)]
struct Led {
    before: Option<Before>,
    /// How it should shine.
    wanted: Option<Shine>,
    /// How it shines, as far as the kernel took it.
    shine: Option<Shine>,
    /// It blinks, but not in its rhythm yet: the trigger's files were not ours to write.
    is_awaited: bool,
    /// Its failure has been told.
    told: bool,
}

#[derive(Debug)]
struct Before {
    trigger: String,
    brightness: String,
}

impl SysfsLights {
    /// The LEDs below this directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), leds: BTreeMap::new() }
    }
}

impl LightBank for SysfsLights {
    fn set(&mut self, led: &str, shine: Shine) -> Result<(), LightError> {
        let directory = self.directory.join(led);
        let state = self.leds.entry(led.to_owned()).or_default();
        state.wanted = Some(shine);
        state.shine(&directory, led)
    }

    fn look_again(&mut self) {
        for (led, state) in &mut self.leds {
            let directory = self.directory.join(led);
            if state.shine.is_none_or(|shine| !shines(&directory, shine)) {
                state.shine = None;
                state.is_awaited &= state.wanted.is_some_and(|wanted| shines(&directory, wanted));
                if let Err(error) = state.shine(&directory, led) {
                    tracing::warn!(%error, "light");
                }
            }
        }
    }
}

impl Led {
    fn shine(&mut self, directory: &Path, led: &str) -> Result<(), LightError> {
        let Some(wanted) = self.wanted.filter(|wanted| self.shine != Some(*wanted)) else { return Ok(()) };
        let was_awaited = self.is_awaited;
        self.is_awaited = false;
        let was = if was_awaited && matches!(wanted, Shine::Blink { .. }) { Some(wanted) } else { self.shine };
        match apply(directory, led, wanted, &mut self.before, was) {
            Ok(()) => {
                self.shine = Some(wanted);
                self.told = false;
                Ok(())
            }
            // A trigger's files come with it. udev gives them to us when the kernel has told of them ("change"); then we look again.
            Err(error) if !was_awaited && is_of_the_rhythm(&error) => {
                self.shine = None;
                self.is_awaited = true;
                tracing::debug!(%error, "waits for the trigger's files");
                Ok(())
            }
            Err(error) => {
                self.shine = None;
                if std::mem::replace(&mut self.told, true) { Ok(()) } else { Err(error) }
            }
        }
    }
}

/// Whether the LED does what it was told: one that was unplugged meanwhile does not.
fn shines(directory: &Path, shine: Shine) -> bool {
    let read = |attribute| fs::read_to_string(directory.join(attribute)).unwrap_or_default();
    let trigger = read("trigger");
    match shine {
        Shine::Off | Shine::On => {
            selected(&trigger) == "none" && (read("brightness").trim() != "0") == (shine == Shine::On)
        }
        Shine::Blink { .. } => [TIMER, PATTERN].contains(&selected(&trigger)),
    }
}

impl Drop for SysfsLights {
    fn drop(&mut self) {
        for (led, state) in &self.leds {
            if let Some(before) = &state.before {
                let write = |attribute, value: &str| fs::write(self.directory.join(led).join(attribute), value);
                // The LED may be gone, and nobody is left to be told.
                let _ = write("trigger", "none");
                let _ = write("brightness", &before.brightness);
                if before.trigger != "none" {
                    let _ = write("trigger", &before.trigger);
                }
            }
        }
    }
}

fn apply(
    directory: &Path,
    led: &str,
    shine: Shine,
    before: &mut Option<Before>,
    was: Option<Shine>,
) -> Result<(), LightError> {
    if led.is_empty() || led.starts_with('.') || led.contains('/') {
        return Err(LightError::Name { led: led.to_owned() });
    }
    if before.is_none() {
        *before = Some(remember(directory, led)?);
    }
    if !directory.exists() {
        return Err(LightError::Missing { led: led.to_owned() });
    }
    let failed = |attribute| move |source| failure(led, attribute, source);
    let write = |attribute, value: &str| fs::write(directory.join(attribute), value).map_err(failed(attribute));
    match shine {
        Shine::Off | Shine::On => {
            if !matches!(was, Some(Shine::Off | Shine::On)) {
                write("trigger", "none")?;
            }
            let brightness = if shine == Shine::On { brightest(directory) } else { "0".to_owned() };
            write("brightness", &brightness)
        }
        Shine::Blink { on_ms, off_ms } => {
            // The trigger blinks at the brightness that the LED has, at full when it was dark.
            if !matches!(was, Some(Shine::Blink { .. })) {
                write("trigger", "none")?;
                write("brightness", "0")?;
                if write("trigger", TIMER).is_err() {
                    write("trigger", PATTERN)?;
                }
            }
            let triggers = fs::read_to_string(directory.join("trigger")).unwrap_or_default();
            if selected(&triggers) == PATTERN {
                let bright = brightest(directory);
                // A step of no time ends each brightness, so that it does not fade into the next.
                return write("pattern", &format!("{bright} {on_ms} {bright} 0 0 {off_ms} 0 0"));
            }
            write("delay_on", &on_ms.to_string())?;
            write("delay_off", &off_ms.to_string())
        }
    }
}

fn failure(led: &str, attribute: &'static str, source: io::Error) -> LightError {
    let led = led.to_owned();
    if source.kind() == io::ErrorKind::NotFound && attribute == "brightness" {
        LightError::Missing { led }
    } else {
        LightError::Write { led, attribute, source }
    }
}

/// Whether the trigger was taken, and its files are not there yet or not ours yet.
fn is_of_the_rhythm(error: &LightError) -> bool {
    let LightError::Write { attribute, source, .. } = error else { return false };
    ["delay_on", "delay_off", "pattern"].contains(attribute)
        && matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound)
}

/// `max_brightness`, or 1, which every LED takes.
fn brightest(directory: &Path) -> String {
    let text = fs::read_to_string(directory.join("max_brightness")).unwrap_or_default();
    text.trim().parse::<u32>().map_or_else(|_| "1".to_owned(), |max| max.to_string())
}

fn remember(directory: &Path, led: &str) -> Result<Before, LightError> {
    let brightness =
        fs::read_to_string(directory.join("brightness")).map_err(|error| failure(led, "brightness", error))?;
    let triggers = fs::read_to_string(directory.join("trigger")).unwrap_or_default();
    Ok(Before { trigger: selected(&triggers).to_owned(), brightness: brightness.trim().to_owned() })
}

/// The word in brackets in a line like `none [timer] heartbeat`.
fn selected(triggers: &str) -> &str {
    triggers.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']')).unwrap_or("none")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LED: &str = "kiosk:green:call";

    struct Fake(tempfile::TempDir);

    impl Fake {
        fn new() -> Self {
            let fake = Self(tempfile::tempdir().expect("a directory"));
            fs::create_dir(fake.0.path().join(LED)).expect("is new");
            let attributes = [
                ("brightness", "3\n"),
                ("max_brightness", "255\n"),
                ("trigger", "none timer [heartbeat] default-on\n"),
                ("delay_on", "500\n"),
                ("delay_off", "500\n"),
            ];
            for (name, value) in attributes {
                fake.write(name, value);
            }
            fake
        }

        fn lights(&self) -> SysfsLights {
            SysfsLights::new(self.0.path())
        }

        fn write(&self, attribute: &str, value: &str) {
            fs::write(self.0.path().join(LED).join(attribute), value).expect("writes");
        }

        fn read(&self, attribute: &str) -> String {
            fs::read_to_string(self.0.path().join(LED).join(attribute)).expect("reads")
        }
    }

    #[test]
    fn an_led_shines_and_is_given_back() {
        let fake = Fake::new();
        let mut lights = fake.lights();
        lights.set(LED, Shine::On).expect("is there");
        assert_eq!((fake.read("trigger"), fake.read("brightness")), ("none".into(), "255".into()));
        lights.set(LED, Shine::Blink { on_ms: 100, off_ms: 900 }).expect("is there");
        assert_eq!(fake.read("trigger"), "timer");
        assert_eq!((fake.read("delay_on"), fake.read("delay_off")), ("100".into(), "900".into()));
        lights.set(LED, Shine::Off).expect("is there");
        assert_eq!((fake.read("trigger"), fake.read("brightness")), ("none".into(), "0".into()));
        drop(lights);
        assert_eq!((fake.read("trigger"), fake.read("brightness")), ("heartbeat".into(), "3".into()));
    }

    #[test]
    fn the_same_again_is_not_written() {
        let fake = Fake::new();
        let mut lights = fake.lights();
        lights.set(LED, Shine::On).expect("is there");
        fake.write("brightness", "untouched");
        lights.set(LED, Shine::On).expect("is there");
        assert_eq!(fake.read("brightness"), "untouched");
    }

    #[test]
    fn a_missing_led_is_told_once_and_found_when_it_comes() {
        let fake = Fake::new();
        let gone = fake.0.path().join("gone");
        fs::rename(fake.0.path().join(LED), &gone).expect("moves");
        let mut lights = fake.lights();
        let error = lights.set(LED, Shine::On).expect_err("is gone");
        assert!(matches!(&error, LightError::Missing { led } if led == LED), "{error}");
        lights.set(LED, Shine::Off).expect("was told");
        fs::rename(gone, fake.0.path().join(LED)).expect("moves");
        lights.set(LED, Shine::On).expect("is there");
        assert_eq!(fake.read("brightness"), "255");
    }

    #[test]
    fn an_led_that_was_replaced_shines_again_and_the_others_are_left_alone() {
        let fake = Fake::new();
        let mut lights = fake.lights();
        lights.set(LED, Shine::On).expect("is there");
        fake.write("trigger", "[none] timer heartbeat\n");
        fake.write("max_brightness", "99\n");
        lights.look_again();
        assert_eq!(fake.read("brightness"), "255", "it shines as it should: nothing is written");
        fake.write("brightness", "0\n");
        lights.look_again();
        assert_eq!(fake.read("brightness"), "99");
        fs::remove_dir_all(fake.0.path().join(LED)).expect("is there");
        lights.look_again();
        drop(lights);
    }

    #[test]
    fn an_led_without_the_timer_trigger_says_so() {
        let fake = Fake::new();
        let trigger = fake.0.path().join(LED).join("trigger");
        fs::remove_file(&trigger).expect("is there");
        fs::create_dir(&trigger).expect("is free");
        let error = fake.lights().set(LED, Shine::Blink { on_ms: 1, off_ms: 1 }).expect_err("takes no trigger");
        assert!(error.to_string().starts_with("LED 'kiosk:green:call' takes no trigger: "), "{error}");
    }

    #[test]
    fn the_files_of_a_trigger_are_awaited_once() {
        let fake = Fake::new();
        let mut lights = fake.lights();
        let rhythm = fake.0.path().join(LED).join("delay_on");
        fs::remove_file(&rhythm).expect("is there");
        fs::create_dir_all(rhythm.join("not")).expect("is free");
        let blink = Shine::Blink { on_ms: 100, off_ms: 900 };
        assert!(lights.set(LED, blink).is_err(), "no right is missing: it will not come");
        let mut lights = fake.lights();
        fs::remove_dir_all(&rhythm).expect("is there");
        std::os::unix::fs::symlink("../nowhere/delay_on", &rhythm).expect("is free");
        lights.set(LED, blink).expect("awaits the file");
        fake.write("trigger", "none [timer] heartbeat\n");
        fake.write("brightness", "untouched");
        fs::remove_file(&rhythm).expect("is there");
        fake.write("delay_on", "");
        lights.look_again();
        assert_eq!((fake.read("delay_on"), fake.read("delay_off")), ("100".into(), "900".into()));
        assert_eq!(fake.read("brightness"), "untouched", "the trigger is not set anew: its files would go again");
    }

    #[test]
    fn an_awaited_led_can_be_told_otherwise() {
        let fake = Fake::new();
        let mut lights = fake.lights();
        let rhythm = fake.0.path().join(LED).join("delay_on");
        fs::remove_file(&rhythm).expect("is there");
        std::os::unix::fs::symlink("../nowhere/delay_on", &rhythm).expect("is free");
        let blink = Shine::Blink { on_ms: 100, off_ms: 900 };
        lights.set(LED, blink).expect("awaits the file");
        lights.set(LED, Shine::Off).expect("needs no file of the trigger");
        assert_eq!(fake.read("trigger"), "none");
        lights.set(LED, blink).expect("awaits it again");
        assert!(lights.set(LED, Shine::Blink { on_ms: 1, off_ms: 1 }).is_err(), "still not there: somebody is told");
    }

    #[test]
    fn names_stay_in_the_directory() {
        let fake = Fake::new();
        for name in ["", "..", ".", "a/b", "../../etc"] {
            assert!(matches!(fake.lights().set(name, Shine::On), Err(LightError::Name { .. })), "{name}");
        }
    }
}
