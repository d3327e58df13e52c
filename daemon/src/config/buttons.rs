//! The sections `[buttons]` and `[lights]`.

use kiosk_call::Button;
use serde::Deserialize;

use super::values::{self, Binding, Gesture};

/// `[buttons]`: the keys of each role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the roles of `kiosk_call::Button`, but for the last five")]
pub struct ButtonsSection {
    #[serde(deserialize_with = "values::bindings")]
    pub call: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub answer: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub hang_up: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub mute: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub camera: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub volume_up: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub volume_down: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub yes: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub no: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub next: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub reply_1: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub reply_2: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub reply_3: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub reply_4: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub page: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub hold: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub share: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub document: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub swap: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub zoom: Vec<Binding>,
    #[serde(deserialize_with = "values::bindings")]
    pub pair: Vec<Binding>,
    /// Layout of a keyboard for chat (xkb); empty: none.
    pub keyboard: String,
    /// Names or paths of input devices; empty: all.
    pub devices: Vec<String>,
    /// Take the devices for kioskd alone.
    pub grab: bool,
    /// From here on a press is a hold, milliseconds.
    #[serde(deserialize_with = "values::hold_ms")]
    pub hold_ms: u32,
    /// Longest time between the two presses of a double press, milliseconds.
    #[serde(deserialize_with = "values::double_ms")]
    pub double_ms: u32,
}

impl Default for ButtonsSection {
    fn default() -> Self {
        let key = |name| Binding {
            code: kiosk_hal::keys::code(name).expect("a key"),
            gesture: Gesture::Press,
            seconds: None,
        };
        Self {
            call: vec![key("KEY_PHONE")],
            answer: Vec::new(),
            hang_up: Vec::new(),
            mute: vec![key("KEY_MICMUTE")],
            camera: vec![key("KEY_CAMERA")],
            volume_up: vec![key("KEY_VOLUMEUP")],
            volume_down: vec![key("KEY_VOLUMEDOWN")],
            yes: vec![key("KEY_OK")],
            no: vec![key("KEY_CANCEL")],
            next: vec![key("KEY_NEXT")],
            reply_1: vec![key("KEY_NUMERIC_1")],
            reply_2: vec![key("KEY_NUMERIC_2")],
            reply_3: vec![key("KEY_NUMERIC_3")],
            reply_4: vec![key("KEY_NUMERIC_4")],
            page: vec![key("KEY_SCROLLDOWN")],
            hold: vec![key("KEY_PAUSE")],
            share: vec![key("KEY_PRESENTATION")],
            document: vec![key("KEY_DOCUMENTS")],
            swap: vec![key("KEY_SWITCHVIDEOMODE")],
            zoom: vec![key("KEY_ZOOM")],
            pair: vec![Binding { gesture: Gesture::Hold, seconds: Some(3), ..key("KEY_CONNECT") }],
            keyboard: "us".to_owned(),
            devices: Vec::new(),
            grab: true,
            hold_ms: 600,
            double_ms: 300,
        }
    }
}

impl ButtonsSection {
    /// Every role and each of its keys, by the role's name in the config.
    pub(crate) fn roles(&self) -> [(&'static str, Button, &[Binding]); 21] {
        [
            ("call", Button::Call, &self.call),
            ("answer", Button::Answer, &self.answer),
            ("hang_up", Button::HangUp, &self.hang_up),
            ("mute", Button::Mute, &self.mute),
            ("camera", Button::Camera, &self.camera),
            ("volume_up", Button::VolumeUp, &self.volume_up),
            ("volume_down", Button::VolumeDown, &self.volume_down),
            ("yes", Button::Yes, &self.yes),
            ("no", Button::No, &self.no),
            ("next", Button::Next, &self.next),
            ("reply_1", Button::Reply(0), &self.reply_1),
            ("reply_2", Button::Reply(1), &self.reply_2),
            ("reply_3", Button::Reply(2), &self.reply_3),
            ("reply_4", Button::Reply(3), &self.reply_4),
            ("page", Button::Page, &self.page),
            ("hold", Button::Hold, &self.hold),
            ("share", Button::Share, &self.share),
            ("document", Button::Document, &self.document),
            ("swap", Button::Swap, &self.swap),
            ("zoom", Button::Zoom, &self.zoom),
            ("pair", Button::Pair, &self.pair),
        ]
    }

    /// Every role and each of its keys.
    pub fn bound(&self) -> impl Iterator<Item = (Button, Binding)> {
        self.roles().into_iter().flat_map(|(_, button, keys)| keys.iter().map(move |binding| (button, *binding)))
    }
}

/// `[lights]`: names of LEDs; empty for none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of `kiosk_call::Lights`")]
pub struct LightsSection {
    pub call: String,
    pub message: String,
    pub mute: String,
    pub on_air: String,
    pub fault: String,
}

impl Default for LightsSection {
    fn default() -> Self {
        Self {
            call: "kiosk:green:call".to_owned(),
            message: "kiosk:blue:message".to_owned(),
            mute: "kiosk:red:mute".to_owned(),
            on_air: "kiosk:red:on-air".to_owned(),
            fault: "kiosk:amber:fault".to_owned(),
        }
    }
}

impl LightsSection {
    /// Every role and its LED.
    #[must_use]
    pub const fn roles(&self) -> [(&'static str, &String); 5] {
        [
            ("call", &self.call),
            ("message", &self.message),
            ("mute", &self.mute),
            ("on_air", &self.on_air),
            ("fault", &self.fault),
        ]
    }
}
