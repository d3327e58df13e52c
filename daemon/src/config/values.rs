//! Values of the config: from TOML to what the program means, with a sentence for each that does not fit.

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use kiosk_call::{Pin, Retention, Target, UnknownPeers};
use kiosk_hal::{
    camera::Setting,
    linux::{ModeWish, Rotation},
};
use kiosk_wire::{Name, PeerId, PublicKey, Room};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

/// Where pictures come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraSource {
    /// The first camera found.
    #[default]
    Auto,
    /// A test picture.
    Test,
    /// No camera.
    None,
    /// A media file, repeated.
    File(PathBuf),
    /// A V4L2 capture device, by path.
    Device(PathBuf),
    /// A V4L2 capture device, by what it is called.
    Named(String),
    /// By libcamera: the camera with this id, or its first.
    Libcamera(Option<String>),
}

/// Where sound comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Microphone {
    /// The best card.
    #[default]
    Auto,
    /// The card of this id, or with this in its name.
    Named(String),
    /// A test tone.
    Test,
    /// No microphone.
    None,
    /// A media file, repeated.
    File(PathBuf),
    /// An ALSA PCM.
    Pcm(String),
}

/// Where sound goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Loudspeaker {
    /// The best card.
    #[default]
    Auto,
    /// The card of this id, or with this in its name.
    Named(String),
    /// No loudspeaker.
    None,
    /// A WAV file is written.
    File(PathBuf),
    /// An ALSA PCM.
    Pcm(String),
}

/// How pictures are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// VP8 (RFC 6386).
    #[default]
    Vp8,
    /// H.264 constrained baseline.
    H264,
}

/// Size of the panel, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanelSize {
    /// 320 to 3840.
    pub width: u32,
    /// 240 to 2160.
    pub height: u32,
}

impl Default for PanelSize {
    fn default() -> Self {
        Self { width: 1280, height: 720 }
    }
}

fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A name for people.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    text(deserializer, parse_name)
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::try_from(text.to_owned()).map_err(|_| {
        format!("'{}' is not a name: 1 to 64 characters, none of them a control character", text.escape_debug())
    })
}

pub(super) fn room<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Room, D::Error> {
    text(deserializer, |text| {
        Room::try_from(text.to_owned()).map_err(|_| {
            format!("'{text}' is not a room: 1 to 63 of a-z, 0-9, '.', '_', '-', the first a letter or digit")
        })
    })
}

/// Each server costs every kiosk a link.
pub(crate) const MOST_SERVERS: usize = 4;

pub(super) fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Url>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a URL or a list of URLs")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let urls = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(url) => vec![url],
        OneOrMany::Many(urls) => urls,
    };
    let urls: Vec<Url> = urls.iter().map(|url| parse_url(url).map_err(D::Error::custom)).collect::<Result<_, _>>()?;
    if !(1..=MOST_SERVERS).contains(&urls.len()) {
        return Err(D::Error::custom(format!("expected 1 to {MOST_SERVERS} URLs")));
    }
    // A server lets only the newest sign-in of a peer stand.
    match urls.iter().enumerate().find(|(index, url)| urls[..*index].contains(url)) {
        Some((_, twice)) => Err(D::Error::custom(format!("'{twice}' is there twice"))),
        None => Ok(urls),
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "ws" | "wss") && url.host().is_some() && url.username().is_empty())
        .ok_or_else(|| format!("'{text}' is not a signaling URL; write it like wss://host:3030/signaling"))
}

pub(super) fn unknown_peers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnknownPeers, D::Error> {
    text(deserializer, |text| match text {
        "refuse" => Ok(UnknownPeers::Refuse),
        "ring-unverified" => Ok(UnknownPeers::RingUnverified),
        _ => Err(format!("'{text}' is neither \"refuse\" nor \"ring-unverified\"")),
    })
}

pub(super) fn operator_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PublicKey>, D::Error> {
    let parse = |text: &String| {
        PublicKey::from_str(text).map_err(|_| {
            D::Error::custom(format!("'{text}' is not a public key: 87 characters, base64url of 65 bytes, P-256"))
        })
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(parse).collect()
}

/// A PeerId, or a sentence.
pub(crate) fn parse_peer_id(text: &str) -> Result<PeerId, String> {
    PeerId::from_str(text)
        .map_err(|_| format!("'{text}' is not a PeerId: 43 characters, as 'kioskctl identity' shows it"))
}

pub(super) fn pins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pin>, D::Error> {
    fn peer_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PeerId, D::Error> {
        text(deserializer, parse_peer_id)
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Peer {
        #[serde(deserialize_with = "peer_id")]
        id: PeerId,
        #[serde(deserialize_with = "name")]
        name: Name,
        #[serde(default)]
        auto_answer: bool,
    }
    let pin = |peer: Peer| Pin { peer: peer.id, name: peer.name.into(), auto_answer: peer.auto_answer };
    Ok(Vec::<Peer>::deserialize(deserializer)?.into_iter().map(pin).collect())
}

pub(super) fn target<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Target, D::Error> {
    text(deserializer, |text| match text {
        "operator" => Ok(Target::Operator),
        _ => parse_peer_id(text)
            .map(Target::Peer)
            .map_err(|_| format!("'{text}' is neither \"operator\" nor a PeerId (43 characters)")),
    })
}

pub(super) fn camera_source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CameraSource, D::Error> {
    text(deserializer, camera)
}

/// A camera that is named, or `"none"`.
pub(super) fn second_camera<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CameraSource>, D::Error> {
    text(deserializer, |text| match camera(text)? == CameraSource::Auto {
        true => Err("a second camera has to be named; write \"name:NAME\" or \"/dev/videoN\"".to_owned()),
        false => camera(text).map(|camera| (camera != CameraSource::None).then_some(camera)),
    })
}

fn camera(text: &str) -> Result<CameraSource, String> {
    match text {
        "auto" => Ok(CameraSource::Auto),
        "test" => Ok(CameraSource::Test),
        "none" => Ok(CameraSource::None),
        "libcamera" => Ok(CameraSource::Libcamera(None)),
        _ if text.starts_with("/dev/") => Ok(CameraSource::Device(text.into())),
        _ => match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(CameraSource::File(path.into())),
            Some(("name", name)) if !name.is_empty() => Ok(CameraSource::Named(name.to_owned())),
            Some(("libcamera", id)) if !id.is_empty() => Ok(CameraSource::Libcamera(Some(id.to_owned()))),
            Some(_) | None => Err(format!(
                "'{text}' is not a camera; write \"auto\", \"test\", \"none\", \"file:PATH\", \"/dev/videoN\", \"name:NAME\" or \"libcamera\""
            )),
        },
    }
}

/// Names of controls, each with a number, a menu's item or true or false.
pub(super) fn controls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Setting>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a number, the name of a menu's item, or true or false")]
    enum Value {
        Switch(bool),
        Number(i64),
        Text(String),
    }
    let controls = BTreeMap::<String, Value>::deserialize(deserializer)?;
    let setting = |value| match value {
        Value::Switch(is_on) => Setting::Switch(is_on),
        Value::Number(number) => Setting::Number(number),
        Value::Text(text) => Setting::Text(text),
    };
    Ok(controls.into_iter().map(|(name, value)| (name, setting(value))).collect())
}

pub(super) fn microphone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Microphone, D::Error> {
    text(deserializer, |text| match text {
        "auto" => Ok(Microphone::Auto),
        "test" => Ok(Microphone::Test),
        "none" => Ok(Microphone::None),
        _ => match (text.strip_prefix("file:"), text.strip_prefix("name:")) {
            (Some(path), _) if !path.is_empty() => Ok(Microphone::File(path.into())),
            (_, Some(name)) if !name.is_empty() => Ok(Microphone::Named(name.to_owned())),
            (None, None) if is_pcm(text) => Ok(Microphone::Pcm(text.to_owned())),
            _ => Err(format!(
                "'{text}' is not a microphone; write \"auto\", \"test\", \"none\", \"name:CARD\", \"file:PATH\" or an ALSA PCM like \"plughw:1,0\""
            )),
        },
    })
}

pub(super) fn loudspeaker<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Loudspeaker, D::Error> {
    text(deserializer, |text| match text {
        "auto" => Ok(Loudspeaker::Auto),
        "none" => Ok(Loudspeaker::None),
        _ => match (text.strip_prefix("file:"), text.strip_prefix("name:")) {
            (Some(path), _) if !path.is_empty() => Ok(Loudspeaker::File(path.into())),
            (_, Some(name)) if !name.is_empty() => Ok(Loudspeaker::Named(name.to_owned())),
            (None, None) if is_pcm(text) => Ok(Loudspeaker::Pcm(text.to_owned())),
            _ => Err(format!(
                "'{text}' is not a loudspeaker; write \"auto\", \"none\", \"name:CARD\", \"file:PATH\" or an ALSA PCM like \"plughw:1,0\""
            )),
        },
    })
}

/// ALSA names with a card or arguments have a colon; `default` and `sysdefault` have none.
fn is_pcm(text: &str) -> bool {
    text == "default" || text == "sysdefault" || (text.contains(':') && !text.starts_with(':'))
}

/// What a finger does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gesture {
    /// Presses it.
    Press,
    /// Keeps it down.
    Hold,
    /// Presses it twice.
    Double,
}

/// A key of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The evdev key's code.
    pub code: u16,
    /// What a finger does with it.
    pub gesture: Gesture,
    /// How long it is held, seconds; None: as long as any.
    pub seconds: Option<u8>,
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&kiosk_hal::keys::name(self.code))?;
        match self.gesture {
            Gesture::Press => Ok(()),
            Gesture::Hold => match self.seconds {
                None => f.write_str(" hold"),
                Some(seconds) => write!(f, " hold {seconds}s"),
            },
            Gesture::Double => f.write_str(" double"),
        }
    }
}

/// `"KEY_PHONE"`, `"KEY_PHONE hold"`, `"KEY_PHONE hold 3s"`, a list of such, or nothing.
pub(super) fn bindings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Binding>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a key or a list of keys")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let keys = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(key) if key.is_empty() => Vec::new(),
        OneOrMany::One(key) => vec![key],
        OneOrMany::Many(keys) => keys,
    };
    keys.iter().map(|key| binding(key).map_err(D::Error::custom)).collect()
}

fn binding(text: &str) -> Result<Binding, String> {
    let (key, gesture) = text.split_once(' ').unwrap_or((text, ""));
    let code = kiosk_hal::keys::code(key).ok_or_else(|| {
        format!("'{key}' is not a key; write its name in linux/input-event-codes.h, like KEY_PHONE, or its number")
    })?;
    let (gesture, seconds) = match gesture.trim_start() {
        "" => (Gesture::Press, None),
        "hold" => (Gesture::Hold, None),
        "double" => (Gesture::Double, None),
        other => {
            let seconds = other.strip_prefix("hold ").and_then(|time| time.strip_suffix('s')?.parse().ok());
            let seconds = seconds.filter(|seconds| (1..=10).contains(seconds));
            let wrong = || format!("'{other}' is neither \"hold\", \"hold 3s\" (1 to 10 seconds) nor \"double\"");
            (Gesture::Hold, Some(seconds.ok_or_else(wrong)?))
        }
    };
    Ok(Binding { code, gesture, seconds })
}

/// `"call"`, or days as in `"7d"`, or hours as in `"12h"`.
pub(super) fn retention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Retention, D::Error> {
    text(deserializer, |text| {
        let wrong = || format!("'{text}' is neither \"call\" nor a time like \"7d\" or \"12h\", at most 3650 days");
        if text == "call" {
            return Ok(Retention::UntilCallEnds);
        }
        let hours = match (text.strip_suffix('d'), text.strip_suffix('h')) {
            (Some(days), _) => days.parse::<u32>().ok().and_then(|days| days.checked_mul(24)),
            (_, Some(hours)) => hours.parse::<u32>().ok(),
            (None, None) => None,
        };
        let hours = hours.filter(|hours| (1..=3_650 * 24).contains(hours)).ok_or_else(wrong)?;
        Ok(Retention::For(Duration::from_secs(u64::from(hours) * 3_600)))
    })
}

/// At most eight lines that can be said.
pub(super) fn quick_replies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let replies = Vec::<String>::deserialize(deserializer)?;
    let sayable = |reply: &String| !reply.trim().is_empty() && reply.chars().count() <= 80;
    if replies.len() > 8 || !replies.iter().all(sayable) {
        return Err(D::Error::custom("expected at most 8 replies of 1 to 80 characters"));
    }
    Ok(replies)
}

pub(super) fn hold_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (200, 5_000), "milliseconds", 1)
}

pub(super) fn double_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (100, 1_000), "milliseconds", 1)
}

pub(super) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    number(deserializer, (0, 100), "percent", 1).map(|number| u8::try_from(number).expect("at most 100"))
}

pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    text(deserializer, |text| match text {
        "" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|_| format!("'{text}' is not an address; write it like 127.0.0.1:9843, or \"\" for none")),
    })
}

pub(super) fn codec<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Codec, D::Error> {
    text(deserializer, |text| match text {
        "vp8" => Ok(Codec::Vp8),
        "h264" => Ok(Codec::H264),
        _ => Err(format!("'{text}' is neither \"vp8\" nor \"h264\"")),
    })
}

fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    (least, most): (u32, u32),
    unit: &str,
    step: u32,
) -> Result<u32, D::Error> {
    let number = i64::deserialize(deserializer)?;
    u32::try_from(number).ok().filter(|number| (least..=most).contains(number) && number % step == 0).ok_or_else(|| {
        let even = if step == 2 { ", even" } else { "" };
        D::Error::custom(format!("{number} is not in {least} to {most} {unit}{even}"))
    })
}

pub(super) fn width<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (64, 3_840), "pixels", 2)
}

pub(super) fn height<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (64, 2_160), "pixels", 2)
}

pub(super) fn framerate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (9, 60), "frames a second", 1)
}

pub(super) fn bitrate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (100_000, 20_000_000), "bits a second", 1)
}

pub(super) fn echo_delay_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (0, 500), "milliseconds", 1)
}

pub(super) fn restart_pause_min<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (10, 10_080), "minutes", 1)
}

pub(super) fn reboot_after<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (0, 20), "restarts", 1)
}

pub(super) fn reboot_within_h<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (1, 720), "hours", 1)
}

pub(super) fn tone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (20, 20_000), "hertz", 1)
}

/// `#RRGGBB` as `0xRRGGBB`.
pub(super) fn colour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    text(deserializer, |text| {
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| format!("'{text}' is not a colour; write #RRGGBB"))
    })
}

/// None for "auto".
pub(super) fn connector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, |text| match text {
        "auto" => Ok(None),
        _ if text.contains('-') && !text.contains(['/', ' ']) => Ok(Some(text.to_owned())),
        _ => Err(format!("'{text}' is not a connector; write \"auto\", or a name like \"HDMI-A-1\"")),
    })
}

pub(super) fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ModeWish, D::Error> {
    text(deserializer, |text| {
        text.parse().map_err(|_| {
            format!("'{text}' is not a mode; write \"auto\", WIDTHxHEIGHT or WIDTHxHEIGHT@HERTZ, like \"1920x1080@60\"")
        })
    })
}

pub(super) fn rotation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rotation, D::Error> {
    let degrees = i64::deserialize(deserializer)?;
    Rotation::from_degrees(degrees).ok_or_else(|| D::Error::custom(format!("{degrees} is not 0, 90, 180 or 270")))
}

pub(super) fn blank_after<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number(deserializer, (0, 86_400), "seconds", 1)
}

pub(super) fn panel_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PanelSize, D::Error> {
    text(deserializer, |text| {
        let size = text
            .split_once('x')
            .and_then(|(width, height)| Some(PanelSize { width: width.parse().ok()?, height: height.parse().ok()? }));
        size.filter(|size| (320..=3_840).contains(&size.width) && (240..=2_160).contains(&size.height))
            .ok_or_else(|| format!("'{text}' is not a size; write WIDTHxHEIGHT, 320x240 to 3840x2160"))
    })
}
