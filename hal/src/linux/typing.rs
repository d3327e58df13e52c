//! From keys to text: a keyboard's layout, its modifiers and dead keys (xkbcommon).

use thiserror::Error;
use xkbcommon::xkb::{self, Keycode, Keysym, compose};

use crate::keys::{Edge, KeyEvent};

/// evdev's codes are X11's less this (xkb_keycode_t).
const OFFSET: u32 = 8;

/// What a key has typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// This text.
    Text(String),
    /// Takes the last character away.
    Backspace,
    /// Says it.
    Enter,
    /// Takes all of it away.
    Escape,
}

/// Why nothing can be typed.
#[derive(Debug, Error)]
#[error(
    "there is no keyboard layout {layout:?}: name one of /usr/share/X11/xkb/rules/base.lst (package xkb-data), such as \"de\" or \"us(intl)\""
)]
pub struct NoLayout {
    /// What was asked for.
    pub layout: String,
}

/// All keyboards, as if they were one.
pub struct Typing {
    state: xkb::State,
    compose: Option<compose::State>,
}

impl Typing {
    /// With a layout of xkb-data, such as `us`, `de` or `ch(fr)`.
    ///
    /// # Errors
    /// If there is no such layout.
    pub fn new(layout: &str) -> Result<Self, NoLayout> {
        let context = xkb::Context::new(xkb::CONTEXT_NO_ENVIRONMENT_NAMES);
        let (name, variant) =
            layout.split_once('(').map_or((layout, ""), |(name, variant)| (name, variant.trim_end_matches(')')));
        let known = !name.is_empty() && !layout.contains('\0');
        let keymap = known
            .then(|| {
                xkb::Keymap::new_from_names(
                    &context,
                    "evdev",
                    "pc105",
                    name,
                    variant,
                    None,
                    xkb::KEYMAP_COMPILE_NO_FLAGS,
                )
            })
            .flatten()
            .ok_or_else(|| NoLayout { layout: layout.to_owned() })?;
        // Dead keys of all Latin languages are in this one; without it, accents cannot be typed on layouts that have dead keys.
        let table = compose::Table::new_from_locale(&context, "en_US.UTF-8".as_ref(), compose::COMPILE_NO_FLAGS).ok();
        let compose = table.map(|table| compose::State::new(&table, compose::STATE_NO_FLAGS));
        Ok(Self { state: xkb::State::new(&keymap), compose })
    }

    /// What this key types, if it does.
    pub fn key(&mut self, event: &KeyEvent) -> Option<Typed> {
        let code = Keycode::new(u32::from(event.code) + OFFSET);
        let direction = match event.edge {
            Edge::Down => xkb::KeyDirection::Down,
            Edge::Up => xkb::KeyDirection::Up,
        };
        let typed = (event.edge == Edge::Down).then(|| self.typed(code)).flatten();
        self.state.update_key(code, direction);
        typed
    }

    fn typed(&mut self, code: Keycode) -> Option<Typed> {
        let symbol = self.state.key_get_one_sym(code);
        match symbol {
            Keysym::Return | Keysym::KP_Enter => return Some(Typed::Enter),
            Keysym::BackSpace => return Some(Typed::Backspace),
            Keysym::Escape => return Some(Typed::Escape),
            _ => {}
        }
        let text = match &mut self.compose {
            Some(compose) => {
                compose.feed(symbol);
                match compose.status() {
                    compose::Status::Composing => None,
                    compose::Status::Composed => {
                        let text = compose.utf8();
                        compose.reset();
                        text
                    }
                    compose::Status::Cancelled => {
                        compose.reset();
                        None
                    }
                    compose::Status::Nothing => Some(self.state.key_get_utf8(code)),
                }
            }
            None => Some(self.state.key_get_utf8(code)),
        }?;
        let printable = !text.is_empty() && !text.contains(char::is_control);
        printable.then_some(Typed::Text(text))
    }
}

// SAFETY: libxkbcommon has no state outside of its objects (its documentation, "Threading"), and their counts of references are
// touched by whoever holds them alone. All objects that these two refer to were made in `new` and are held by nothing else, so that
// they move from thread to thread together; `&mut self` keeps two threads from using them at once.
#[expect(unsafe_code, reason = "the bindings leave it to whoever holds all of the objects")]
unsafe impl Send for Typing {}

impl std::fmt::Debug for Typing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(layout: &str, keys: &[(&str, Edge)]) -> Vec<Typed> {
        let mut typing = Typing::new(layout).expect("xkb-data has it");
        let event = |(name, edge): &(&str, Edge)| KeyEvent {
            code: crate::keys::code(name).expect("a key"),
            edge: *edge,
            device: "keyboard".into(),
        };
        keys.iter().filter_map(|key| typing.key(&event(key))).collect()
    }

    fn press(name: &'static str) -> [(&'static str, Edge); 2] {
        [(name, Edge::Down), (name, Edge::Up)]
    }

    fn text(text: &str) -> Typed {
        Typed::Text(text.to_owned())
    }

    #[test]
    fn letters_depend_on_layout_and_shift() {
        assert_eq!(typed("us", &press("KEY_Y")), [text("y")]);
        assert_eq!(typed("de", &press("KEY_Y")), [text("z")]);
        assert_eq!(typed("de", &press("KEY_SEMICOLON")), [text("ö")]);
        assert_eq!(typed("ara", &press("KEY_F")), [text("ب")]);
        let shifted = [
            ("KEY_LEFTSHIFT", Edge::Down),
            ("KEY_A", Edge::Down),
            ("KEY_A", Edge::Up),
            ("KEY_LEFTSHIFT", Edge::Up),
            ("KEY_A", Edge::Down),
        ];
        assert_eq!(typed("us", &shifted), [text("A"), text("a")]);
    }

    #[test]
    fn dead_keys_compose() {
        let keys = [press("KEY_EQUAL"), press("KEY_E")].concat();
        assert_eq!(typed("de", &keys), [text("é")]);
    }

    #[test]
    fn what_edits_is_told_apart_and_the_rest_types_nothing() {
        assert_eq!(
            typed("us", &[press("KEY_ENTER"), press("KEY_BACKSPACE"), press("KEY_ESC")].concat()),
            [Typed::Enter, Typed::Backspace, Typed::Escape]
        );
        assert_eq!(
            typed("us", &[press("KEY_F1"), press("KEY_LEFTCTRL"), press("KEY_PHONE"), press("KEY_TAB")].concat()),
            []
        );
    }

    #[test]
    fn a_layout_that_is_none_is_refused() {
        for wrong in ["", "klingon-does-not-exist", "us(nothing-of-the-kind)", "u\0s"] {
            assert!(Typing::new(wrong).is_err(), "{wrong:?}");
        }
    }
}
