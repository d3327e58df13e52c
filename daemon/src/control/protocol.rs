//! What kioskctl and kioskd say to each other: varlink (<https://varlink.org>), one JSON object and a NUL byte a message.
//!
//! The interface is `org.kiosk.Kioskd.varlink`; these types are its shape in Rust, for both sides.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::events::{EventName, EventReply};
pub use super::status::{
    CallReply, DeviceReply, LinkReply, LinkState, PairingFailureName, PairingPhase, PairingReply, QuestionReply,
    ServerReply, StatisticsReply, StatusReply, TransferReply,
};
pub use crate::crashes::{CrashReply, CrashesReply};
pub use crate::trial::{DelayReply, TryOutReply};

/// Name of the interface.
pub const INTERFACE: &str = "org.kiosk.Kioskd";

/// The interface's definition, as `varlinkctl introspect` shows it.
pub const DEFINITION: &str = include_str!("org.kiosk.Kioskd.varlink");

/// Largest message that kioskd takes, bytes.
pub const LARGEST_CALL: usize = 65_536;

/// Most bytes of a file in a [`Method::FilePut`]: in base64 they fit into a message.
pub const LARGEST_PUT: usize = 45_000;

/// Most lines in the reply to a [`Method::ChatExport`].
pub const MOST_EXPORTED: u32 = 500;

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
    /// Any number of replies is wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
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
    /// There are more replies to the same call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<String>,
    },
    ChatHistory {},
    ChatExport {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since_ms: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<i64>,
    },
    Hold {
        on: bool,
    },
    Share {
        source: SourceName,
    },
    Quality {
        quality: QualityName,
    },
    Swap {},
    Page {},
    Reply {
        number: u64,
    },
    Yes {},
    No {},
    Pair {},
    Zoom {},
    Updating {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
    },
    FileList {},
    FileBegin {
        name: String,
        size: u64,
    },
    FilePut {
        id: String,
        offset: u64,
        data: String,
    },
    FileSend {
        id: String,
    },
    FileRead {
        id: String,
        offset: u64,
    },
    FileRemove {
        id: String,
    },
    FileShow {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
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
    TryOut {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_ms: Option<u64>,
    },
    Crashes {},
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
    TrustRevoke {
        id: String,
    },
    TrustRevocations {
        list: String,
    },
    Identity {},
    Config {},
    Reload {},
    Restart {},
    Events {},
    Keys {},
    TestLights {},
    IdentityRotate {},
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
    Yes,
    No,
    Next,
    #[serde(rename = "reply_1")]
    Reply1,
    #[serde(rename = "reply_2")]
    Reply2,
    #[serde(rename = "reply_3")]
    Reply3,
    #[serde(rename = "reply_4")]
    Reply4,
    Page,
    Hold,
    Share,
    Document,
    Swap,
    Zoom,
    Pair,
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
            ButtonName::Yes => Self::Yes,
            ButtonName::No => Self::No,
            ButtonName::Next => Self::Next,
            ButtonName::Reply1 => Self::Reply(0),
            ButtonName::Reply2 => Self::Reply(1),
            ButtonName::Reply3 => Self::Reply(2),
            ButtonName::Reply4 => Self::Reply(3),
            ButtonName::Page => Self::Page,
            ButtonName::Hold => Self::Hold,
            ButtonName::Share => Self::Share,
            ButtonName::Document => Self::Document,
            ButtonName::Swap => Self::Swap,
            ButtonName::Zoom => Self::Zoom,
            ButtonName::Pair => Self::Pair,
        }
    }
}

/// What can be sent as our picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the sources of `kiosk_call::VideoSource`")]
pub enum SourceName {
    Camera,
    Panel,
    Document,
}

impl From<SourceName> for kiosk_call::VideoSource {
    fn from(name: SourceName) -> Self {
        match name {
            SourceName::Camera => Self::Camera,
            SourceName::Panel => Self::Panel,
            SourceName::Document => Self::Document,
        }
    }
}

impl From<kiosk_call::VideoSource> for SourceName {
    fn from(source: kiosk_call::VideoSource) -> Self {
        match source {
            kiosk_call::VideoSource::Camera => Self::Camera,
            kiosk_call::VideoSource::Panel => Self::Panel,
            kiosk_call::VideoSource::Document => Self::Document,
        }
    }
}

/// What the sent picture can be good at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of `kiosk_call::Quality`")]
pub enum QualityName {
    Auto,
    DataSaver,
    Sharp,
    Smooth,
}

impl From<QualityName> for kiosk_call::Quality {
    fn from(name: QualityName) -> Self {
        match name {
            QualityName::Auto => Self::Auto,
            QualityName::DataSaver => Self::DataSaver,
            QualityName::Sharp => Self::Sharp,
            QualityName::Smooth => Self::Smooth,
        }
    }
}

impl From<kiosk_call::Quality> for QualityName {
    fn from(quality: kiosk_call::Quality) -> Self {
        match quality {
            kiosk_call::Quality::Auto => Self::Auto,
            kiosk_call::Quality::DataSaver => Self::DataSaver,
            kiosk_call::Quality::Sharp => Self::Sharp,
            kiosk_call::Quality::Smooth => Self::Smooth,
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

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct DevicesReply {
    pub devices: Vec<FoundDevice>,
}

/// Reply of `LearnKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct LearnKeyReply {
    pub name: String,
    pub code: u16,
    pub device: String,
}

/// `type Peer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PeerReply {
    pub id: String,
    pub name: String,
    #[cfg_attr(test, schemars(with = "String"))]
    pub role: kiosk_wire::Role,
    pub verified: bool,
    pub pinned: bool,
    pub trusted: bool,
}

/// Reply of `Peers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PeersReply {
    pub peers: Vec<PeerReply>,
}

/// `type ChatLine`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ChatHistoryReply {
    pub lines: Vec<ChatLineReply>,
    pub unread: u64,
}

/// `type ExportedLine`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ExportedLine {
    pub number: i64,
    pub peer: String,
    pub id: String,
    pub from: Option<String>,
    pub text: String,
    pub at_ms: u64,
    pub delivered: bool,
}

/// Reply of `ChatExport`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ChatExportReply {
    pub lines: Vec<ExportedLine>,
}

/// `type File`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct FileReply {
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub size: u64,
    pub received: u64,
    pub outgoing: bool,
    pub at_ms: u64,
    pub can_be_shown: bool,
}

/// Reply of `FileList`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct FileListReply {
    pub files: Vec<FileReply>,
}

/// Reply of `FileBegin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct FileBeginReply {
    pub id: String,
}

/// Reply of `FileRead`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct FileReadReply {
    pub data: String,
    pub size: u64,
}

/// `type Pin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PinReply {
    pub id: String,
    pub name: String,
    pub auto_answer: bool,
    pub configured: bool,
}

/// Reply of `TrustList`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct TrustListReply {
    pub peers: Vec<PinReply>,
    pub revoked: Vec<String>,
    pub lists: Vec<RevocationListReply>,
}

/// `type RevocationList`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct RevocationListReply {
    pub authority: String,
    pub number: u64,
    pub peers: Vec<String>,
    pub serials: Vec<u64>,
}

/// Reply of `Screenshot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ScreenshotReply {
    pub png: String,
}

/// Reply of `Keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct KeyReply {
    pub name: String,
    pub code: u16,
    pub device: String,
    pub pressed: bool,
    pub buttons: Vec<String>,
}

/// Reply of `TestLights`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct LightReply {
    pub light: Option<String>,
    pub led: Option<String>,
}

/// `type Setting`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct SettingReply {
    pub key: String,
    pub value: String,
    pub origin: String,
}

/// Reply of `Config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ConfigReply {
    pub settings: Vec<SettingReply>,
    pub problem: Option<String>,
    pub restart: Vec<String>,
}

/// Reply of `Reload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ReloadReply {
    pub applied: Vec<String>,
    pub restart: Vec<String>,
}

/// Reply of `Identity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct IdentityReply {
    pub peer_id: String,
    pub public_key: String,
    pub key: String,
    pub mode: Option<String>,
}
