//! What can be adjusted on a camera, and how the config's words become values.

use std::{collections::BTreeMap, fmt};

/// Something that can be adjusted (Documentation/userspace-api/media/v4l/control.rst).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// `V4L2_CID_…` of `linux/v4l2-controls.h`.
    pub id: u32,
    /// The driver's words for it, such as `Power Line Frequency`.
    pub name: String,
    /// What kind of values it has.
    pub kind: ControlKind,
    /// Least value.
    pub minimum: i32,
    /// Greatest value.
    pub maximum: i32,
    /// Distance of values.
    pub step: i32,
    /// Value after the driver was loaded.
    pub default: i32,
    /// Value now; None: it has none that can be read.
    pub value: Option<i32>,
    /// It cannot be set.
    pub is_read_only: bool,
    /// It has no effect as long as another one, such as automatic exposure, is as it is.
    pub is_inactive: bool,
    /// The values of a menu.
    pub items: Vec<MenuItem>,
}

/// What kind of values a control has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlKind {
    /// Numbers.
    Integer,
    /// 0 or 1.
    Boolean,
    /// One of its items.
    Menu,
    /// Bits.
    Bitmask,
    /// No value; setting it does something.
    Button,
    /// None of these: it cannot be set from the config. The kernel's number of it.
    Other(u32),
}

/// An item of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// Its value.
    pub value: i32,
    /// Its name, such as `50 Hz`; of a menu of numbers the number.
    pub name: String,
}

/// What the config wants a control to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A number, or a menu's item by its value.
    Number(i64),
    /// A menu's item by its name.
    Text(String),
    /// On or off.
    Switch(bool),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Switch(is_on) => is_on.fmt(f),
        }
    }
}

impl Control {
    /// Its name in the config: lower-case letters and digits, all else an underscore, such as `power_line_frequency`; the same
    /// names as v4l2-ctl's.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::new();
        for character in self.name.chars() {
            if character.is_ascii_alphanumeric() {
                key.push(character.to_ascii_lowercase());
            } else if !key.is_empty() && !key.ends_with('_') {
                key.push('_');
            }
        }
        key.truncate(key.trim_end_matches('_').len());
        key
    }

    /// The value of a setting, or a sentence.
    fn value_of(&self, setting: &Setting) -> Result<i32, String> {
        let key = self.key();
        if self.is_read_only {
            return Err(format!("{key} cannot be set"));
        }
        let number = match (self.kind, setting) {
            (ControlKind::Other(_), _) => return Err(format!("{key} is of a kind that cannot be set from the config")),
            (ControlKind::Button, _) => return Err(format!("{key} is a button, not a setting")),
            (ControlKind::Boolean, Setting::Switch(is_on)) => Some(i32::from(*is_on)),
            (ControlKind::Menu, Setting::Text(name)) => {
                self.items.iter().find(|item| alike(&item.name, name)).map(|item| item.value)
            }
            (ControlKind::Menu, Setting::Number(number)) => {
                self.items.iter().map(|item| item.value).find(|value| i64::from(*value) == *number)
            }
            (ControlKind::Integer | ControlKind::Boolean, Setting::Number(number)) => {
                i32::try_from(*number).ok().filter(|number| (self.minimum..=self.maximum).contains(number))
            }
            // The kernel hands out the 32 bits as a signed number.
            (ControlKind::Bitmask, Setting::Number(number)) => u32::try_from(*number).ok().map(u32::cast_signed),
            (ControlKind::Integer | ControlKind::Boolean | ControlKind::Bitmask, Setting::Text(_))
            | (ControlKind::Integer | ControlKind::Menu | ControlKind::Bitmask, Setting::Switch(_)) => None,
        };
        number.ok_or_else(|| format!("{key} = {setting} is not possible; it takes {}", self.choices()))
    }

    fn choices(&self) -> String {
        let items = || self.items.iter().map(|item| format!("\"{}\" ({})", item.name, item.value)).collect::<Vec<_>>();
        match self.kind {
            ControlKind::Boolean => "true or false".to_owned(),
            ControlKind::Menu => items().join(", "),
            ControlKind::Bitmask => "a number of 32 bits".to_owned(),
            ControlKind::Integer | ControlKind::Button | ControlKind::Other(_) => {
                format!("{} to {}", self.minimum, self.maximum)
            }
        }
    }

    /// Modes come before the numbers that they make effective.
    const fn is_mode(&self) -> bool {
        matches!(self.kind, ControlKind::Boolean | ControlKind::Menu)
    }
}

/// Names of items are long and spelled in many ways: `50 Hz`, `50 hz`, `50Hz`.
fn alike(a: &str, b: &str) -> bool {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    plain(a) == plain(b)
}

/// What to set on a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Control and value, in the order in which they are to be set.
    pub values: Vec<(Control, i32)>,
    /// A sentence for each setting that this camera cannot take.
    pub complaints: Vec<String>,
}

/// Finds the controls that are wanted, by their [`key`](Control::key), and the values for them.
#[must_use]
pub fn settle(controls: &[Control], wanted: &BTreeMap<String, Setting>) -> Settled {
    let mut settled = Settled::default();
    for (key, setting) in wanted {
        let control = controls.iter().find(|control| control.key() == *key);
        match control.map(|control| (control, control.value_of(setting))) {
            Some((control, Ok(value))) => settled.values.push((control.clone(), value)),
            Some((_, Err(complaint))) => settled.complaints.push(complaint),
            None => {
                let settable = controls.iter().filter(|control| !control.is_read_only);
                let known =
                    settable.filter(|control| !matches!(control.kind, ControlKind::Other(_) | ControlKind::Button));
                let known: Vec<_> = known.map(Control::key).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                settled.complaints.push(format!("there is no control {key}; this camera has {known}"));
            }
        }
    }
    settled.values.sort_by_key(|(control, _)| !control.is_mode());
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(name: &str, kind: ControlKind, minimum: i32, maximum: i32) -> Control {
        let items = match kind {
            ControlKind::Menu => [(0, "Disabled"), (1, "50 Hz"), (2, "60 Hz")]
                .map(|(value, name)| MenuItem { value, name: name.to_owned() })
                .to_vec(),
            ControlKind::Integer
            | ControlKind::Boolean
            | ControlKind::Bitmask
            | ControlKind::Button
            | ControlKind::Other(_) => Vec::new(),
        };
        Control {
            id: 1,
            name: name.to_owned(),
            kind,
            minimum,
            maximum,
            step: 1,
            default: 0,
            value: Some(0),
            is_read_only: name == "Serial",
            is_inactive: false,
            items,
        }
    }

    fn controls() -> Vec<Control> {
        vec![
            control("Brightness", ControlKind::Integer, -64, 64),
            control("White Balance, Automatic", ControlKind::Boolean, 0, 1),
            control("Power Line Frequency", ControlKind::Menu, 0, 2),
            control("Serial", ControlKind::Integer, 0, 9),
            control("Bits", ControlKind::Bitmask, 0, -1),
            control("Focus Now", ControlKind::Button, 0, 0),
            control("Region", ControlKind::Other(0x107), 0, 0),
        ]
    }

    fn settled(settings: &[(&str, Setting)]) -> (Vec<(String, i32)>, Vec<String>) {
        let wanted = settings.iter().map(|(key, setting)| ((*key).to_owned(), setting.clone())).collect();
        let Settled { values, complaints } = settle(&controls(), &wanted);
        (values.into_iter().map(|(control, value)| (control.key(), value)).collect(), complaints)
    }

    fn text(text: &str) -> Setting {
        Setting::Text(text.to_owned())
    }

    #[test]
    fn keys_are_those_of_v4l2_ctl() {
        let key = |name| control(name, ControlKind::Integer, 0, 1).key();
        assert_eq!(key("White Balance, Automatic"), "white_balance_automatic");
        assert_eq!(key("Y'CbCr Encoding"), "y_cbcr_encoding");
        assert_eq!(key("Limited RGB Range (16-235)"), "limited_rgb_range_16_235");
        assert_eq!(key(" Ä "), "");
    }

    #[test]
    fn numbers_names_and_switches_become_values() {
        let wanted = [
            ("brightness", Setting::Number(-10)),
            ("power_line_frequency", text("50hz")),
            ("white_balance_automatic", Setting::Switch(true)),
            ("bits", Setting::Number(0xffff_fffe)),
        ];
        let (values, complaints) = settled(&wanted);
        let expected = [("power_line_frequency", 1), ("white_balance_automatic", 1), ("bits", -2), ("brightness", -10)];
        assert_eq!(values, expected.map(|(key, value)| (key.to_owned(), value)), "modes before numbers");
        assert!(complaints.is_empty(), "{complaints:?}");
        assert_eq!(settled(&[("power_line_frequency", Setting::Number(2))]).0[0].1, 2);
        assert_eq!(settled(&[("white_balance_automatic", Setting::Number(0))]).0[0].1, 0);
    }

    #[test]
    fn what_cannot_be_set_is_said_with_what_can() {
        for (key, setting, sentence) in [
            ("brightness", Setting::Number(65), "brightness = 65 is not possible; it takes -64 to 64"),
            ("brightness", Setting::Number(i64::MAX), "it takes -64 to 64"),
            ("brightness", text("dark"), "brightness = \"dark\" is not possible"),
            ("power_line_frequency", text("55 Hz"), "it takes \"Disabled\" (0), \"50 Hz\" (1), \"60 Hz\" (2)"),
            ("power_line_frequency", Setting::Number(3), "power_line_frequency = 3 is not possible"),
            ("white_balance_automatic", text("on"), "it takes true or false"),
            ("bits", Setting::Number(-1), "it takes a number of 32 bits"),
            ("serial", Setting::Number(1), "serial cannot be set"),
            ("focus_now", Setting::Switch(true), "focus_now is a button, not a setting"),
            ("region", Setting::Number(1), "region is of a kind that cannot be set"),
            (
                "brightnes",
                Setting::Number(1),
                "there is no control brightnes; this camera has brightness, white_balance_automatic, power_line_frequency, bits",
            ),
        ] {
            let (values, complaints) = settled(&[(key, setting)]);
            assert!(values.is_empty() && complaints.len() == 1, "{key}: {values:?} {complaints:?}");
            assert!(complaints[0].contains(sentence), "{:?} lacks {sentence:?}", complaints[0]);
        }
        let none = settle(&[], &BTreeMap::from([("gain".to_owned(), Setting::Number(1))]));
        assert_eq!(none.complaints, ["there is no control gain; this camera has none"]);
    }
}
