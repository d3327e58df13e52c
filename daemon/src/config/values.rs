//! Values of the config: from TOML to what the program means, with a sentence for each that does not fit.

use std::{path::PathBuf, str::FromStr};

use kiosk_call::{Pin, Target, UnknownPeers};
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
    /// A V4L2 capture device.
    Device(PathBuf),
}

/// Where sound comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Microphone {
    /// ALSA's default PCM.
    #[default]
    Auto,
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
    /// ALSA's default PCM.
    #[default]
    Auto,
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
    urls.iter().map(|url| parse_url(url).map_err(D::Error::custom)).collect()
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
    text(deserializer, |text| match text {
        "auto" => Ok(CameraSource::Auto),
        "test" => Ok(CameraSource::Test),
        "none" => Ok(CameraSource::None),
        _ => match (text.strip_prefix("file:"), text.starts_with("/dev/")) {
            (Some(path), _) if !path.is_empty() => Ok(CameraSource::File(path.into())),
            (None, true) => Ok(CameraSource::Device(text.into())),
            _ => Err(format!(
                "'{text}' is not a camera; write \"auto\", \"test\", \"none\", \"file:PATH\" or \"/dev/videoN\""
            )),
        },
    })
}

pub(super) fn microphone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Microphone, D::Error> {
    text(deserializer, |text| match text {
        "auto" => Ok(Microphone::Auto),
        "test" => Ok(Microphone::Test),
        "none" => Ok(Microphone::None),
        _ => match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(Microphone::File(path.into())),
            None if is_pcm(text) => Ok(Microphone::Pcm(text.to_owned())),
            _ => Err(format!(
                "'{text}' is not a microphone; write \"auto\", \"test\", \"none\", \"file:PATH\" or an ALSA PCM like \"plughw:1,0\""
            )),
        },
    })
}

pub(super) fn loudspeaker<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Loudspeaker, D::Error> {
    text(deserializer, |text| match text {
        "auto" => Ok(Loudspeaker::Auto),
        "none" => Ok(Loudspeaker::None),
        _ => match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Ok(Loudspeaker::File(path.into())),
            None if is_pcm(text) => Ok(Loudspeaker::Pcm(text.to_owned())),
            _ => Err(format!(
                "'{text}' is not a loudspeaker; write \"auto\", \"none\", \"file:PATH\" or an ALSA PCM like \"plughw:1,0\""
            )),
        },
    })
}

/// ALSA names with a card or arguments have a colon; `default` and `sysdefault` have none.
fn is_pcm(text: &str) -> bool {
    text == "default" || text == "sysdefault" || (text.contains(':') && !text.starts_with(':'))
}

/// Name of an evdev key, or nothing.
pub(super) fn key_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer, |text| {
        if text.is_empty() || kiosk_hal::keys::code(text).is_some() {
            Ok(text.to_owned())
        } else {
            Err(format!(
                "'{text}' is not a key; write its name in linux/input-event-codes.h, like KEY_PHONE, or its number"
            ))
        }
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

pub(super) fn panel_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PanelSize, D::Error> {
    text(deserializer, |text| {
        let size = text
            .split_once('x')
            .and_then(|(width, height)| Some(PanelSize { width: width.parse().ok()?, height: height.parse().ok()? }));
        size.filter(|size| (320..=3_840).contains(&size.width) && (240..=2_160).contains(&size.height))
            .ok_or_else(|| format!("'{text}' is not a size; write WIDTHxHEIGHT, 320x240 to 3840x2160"))
    })
}
