//! Keys: codes of `linux/input-event-codes.h`, pressed and released.

use std::{
    fmt,
    future::poll_fn,
    str::FromStr as _,
    sync::Arc,
    task::{Context, Poll},
};

use evdev::KeyCode;

/// Half of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Pressed.
    Down,
    /// Released.
    Up,
}

/// A finger on (or off) a key. Auto-repeat is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// The code of `linux/input-event-codes.h`, such as 169 for `KEY_PHONE`.
    pub code: u16,
    /// Pressed or released.
    pub edge: Edge,
    /// Name of the input device, such as `gpio-keys`.
    pub device: Arc<str>,
}

impl KeyEvent {
    /// Name of the key, as [`name`] has it.
    #[must_use]
    pub fn name(&self) -> String {
        name(self.code)
    }
}

/// Name of a key as in `linux/input-event-codes.h`, such as `KEY_PHONE` or `BTN_0`; the bare number where it has none.
#[must_use]
pub fn name(code: u16) -> String {
    let name = format!("{:?}", KeyCode::new(code));
    if name.starts_with("KEY_") || name.starts_with("BTN_") { name } else { code.to_string() }
}

/// Code of a key from its name (`KEY_PHONE`, `BTN_0`) or its number (`169`). None: there is no such key.
#[must_use]
pub fn code(name: &str) -> Option<u16> {
    /// `KEY_CNT` of `linux/input-event-codes.h`: codes are below it.
    const KEY_CNT: u16 = 0x300;
    match KeyCode::from_str(name) {
        Ok(key) => Some(key.code()),
        Err(_) => name.parse().ok().filter(|code| *code > 0 && *code < KEY_CNT),
    }
}

/// Where key events come from.
pub trait KeySource: Send {
    /// The next event. `Ready(None)`: no event will ever come again.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<KeyEvent>>;
}

/// The stream of key events. Whoever awaits [`Keys::next`] reads the devices itself: there is no task and no channel between.
pub struct Keys(Box<dyn KeySource>);

impl Keys {
    /// A stream of the events of this source.
    #[must_use]
    pub fn new(source: impl KeySource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// The next event. None: no event will ever come again. Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<KeyEvent> {
        poll_fn(|cx| self.0.poll_next(cx)).await
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_belong_together() {
        for (key, number) in [("KEY_PHONE", 169), ("KEY_MICMUTE", 248), ("BTN_0", 0x100)] {
            assert_eq!(code(key), Some(number));
            assert_eq!(name(number), key);
        }
        assert_eq!(code("169"), Some(169));
        assert_eq!(name(0x2ff), "767");
        assert_eq!(code("767"), Some(0x2ff));
    }

    #[test]
    fn what_is_no_key_has_no_code() {
        for wrong in ["KEY_FOOBAR", "key_phone", "", "0", "768", "-1", "70000"] {
            assert_eq!(code(wrong), None, "{wrong}");
        }
    }
}
