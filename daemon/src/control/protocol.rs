//! What kioskctl and kioskd say to each other: varlink (<https://varlink.org>), one JSON object and a NUL byte a message.
//!
//! The interface is `org.kiosk.Kioskd.varlink`; these types are its shape in Rust, for both sides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Name of the interface.
pub const INTERFACE: &str = "org.kiosk.Kioskd";

/// The interface's definition, as `varlinkctl introspect` shows it.
pub const DEFINITION: &str = include_str!("org.kiosk.Kioskd.varlink");

/// Largest message that kioskd takes, bytes.
pub const LARGEST_CALL: usize = 65_536;

/// A call on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub struct WireCall {
    /// `interface.Method`.
    pub method: String,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// No reply is wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oneway: bool,
}

/// A reply on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub struct WireReply {
    /// `interface.Error`, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was asked for, or more about the error.
    #[serde(default)]
    pub parameters: Value,
}

/// The methods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", content = "parameters", deny_unknown_fields)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub enum Method {
    Status {},
    Peers {},
    Call {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<String>,
    },
    HangUp {},
    Answer {},
    Mute {},
    Unmute {},
    Camera {
        on: bool,
    },
    ChatSend {
        text: String,
    },
    ChatHistory {},
    Press {
        button: ButtonName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold_ms: Option<u64>,
    },
    LearnKey {},
    Volume {
        percent: u8,
    },
    Devices {},
    Screenshot {},
    TrustList {},
    TrustAdd {
        id: String,
        name: String,
        auto_answer: bool,
    },
    TrustRemove {
        id: String,
    },
    Identity {},
}

/// Roles of buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the roles of `kiosk_call::Button`")]
pub enum ButtonName {
    Call,
    Answer,
    HangUp,
    Mute,
    Camera,
    VolumeUp,
    VolumeDown,
}

impl From<ButtonName> for kiosk_call::Button {
    fn from(name: ButtonName) -> Self {
        match name {
            ButtonName::Call => Self::Call,
            ButtonName::Answer => Self::Answer,
            ButtonName::HangUp => Self::HangUp,
            ButtonName::Mute => Self::Mute,
            ButtonName::Camera => Self::Camera,
            ButtonName::VolumeUp => Self::VolumeUp,
            ButtonName::VolumeDown => Self::VolumeDown,
        }
    }
}

/// Why something was not done: the errors of the interface, each with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It cannot be done.
    Declined(String),
    /// No such peer.
    NotFound(String),
    /// Something that it needs is missing.
    Unavailable(String),
    /// Not now.
    TryAgain(String),
    /// Not you.
    Denied(String),
}

impl Failure {
    /// Name of the error in the interface, and the sentence.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Declined(sentence) => ("Declined", sentence),
            Self::NotFound(sentence) => ("NotFound", sentence),
            Self::Unavailable(sentence) => ("Unavailable", sentence),
            Self::TryAgain(sentence) => ("TryAgain", sentence),
            Self::Denied(sentence) => ("Denied", sentence),
        }
    }
}

/// State of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub enum LinkState {
    Up,
    Connecting,
    Down,
}

/// `type Link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct LinkReply {
    pub state: LinkState,
    pub reason: Option<String>,
    pub retry_in_ms: Option<u64>,
}

/// `type Device`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct DeviceReply {
    pub ready: bool,
    pub problem: Option<String>,
}

/// `type Statistics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct StatisticsReply {
    pub packets_received: u64,
    pub packets_lost: i64,
    pub packets_sent: u64,
    pub bytes_received: u64,
    pub bytes_sent: u64,
    pub frames_decoded: u64,
    pub frames_encoded: u64,
    pub jitter: f64,
    pub round_trip_time: Option<f64>,
    pub encoder_implementation: String,
    pub audio_level_in: f64,
    pub audio_level_out: f64,
    pub xruns: u64,
    pub echo_return_loss_enhancement: Option<f64>,
}

/// `type Call`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct CallReply {
    pub id: String,
    pub peer: String,
    pub name: String,
    pub verified: bool,
    pub phase: String,
    pub outgoing: bool,
    pub connected_for_ms: Option<u64>,
    pub peer_audio: bool,
    pub peer_video: bool,
    pub statistics: Option<StatisticsReply>,
}

/// Reply of `Status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct StatusReply {
    pub healthy: bool,
    pub version: String,
    pub uptime_ms: u64,
    pub peer_id: String,
    pub name: String,
    pub room: String,
    pub link: LinkReply,
    pub peers: u64,
    pub call: Option<CallReply>,
    pub muted: bool,
    pub camera_off: bool,
    pub camera: DeviceReply,
    pub sound: DeviceReply,
    pub volume: u8,
    pub unread: u64,
    pub refusals: BTreeMap<String, u64>,
}

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum DeviceKind {
    Camera,
    SoundCard,
    Panel,
    Button,
    Light,
    Encoder,
    Decoder,
}

/// What is made of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub enum FoundState {
    Used,
    Spare,
    Unusable,
    Missing,
}

/// `type FoundDevice`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct FoundDevice {
    pub kind: DeviceKind,
    pub name: String,
    pub node: String,
    pub state: FoundState,
    pub why: String,
}

/// Reply of `Devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct DevicesReply {
    pub devices: Vec<FoundDevice>,
}

/// Reply of `LearnKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct LearnKeyReply {
    pub name: String,
    pub code: u16,
    pub device: String,
}

/// `type Peer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PeerReply {
    pub id: String,
    pub name: String,
    pub role: kiosk_wire::Role,
    pub verified: bool,
    pub pinned: bool,
    pub trusted: bool,
}

/// Reply of `Peers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PeersReply {
    pub peers: Vec<PeerReply>,
}

/// `type ChatLine`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ChatLineReply {
    pub id: String,
    pub from: Option<String>,
    pub text: String,
    pub at_ms: u64,
    pub delivered: bool,
}

/// Reply of `ChatHistory`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ChatHistoryReply {
    pub lines: Vec<ChatLineReply>,
    pub unread: u64,
}

/// `type Pin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PinReply {
    pub id: String,
    pub name: String,
    pub auto_answer: bool,
    pub configured: bool,
}

/// Reply of `TrustList`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct TrustListReply {
    pub peers: Vec<PinReply>,
}

/// Reply of `Screenshot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ScreenshotReply {
    pub png: String,
}

/// Reply of `Identity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct IdentityReply {
    pub peer_id: String,
    pub public_key: String,
}
