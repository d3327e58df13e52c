//! The reply to `Status`: the kiosk in one look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::protocol::{QualityName, SourceName};

/// State of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub enum LinkState {
    Up,
    Connecting,
    Down,
}

/// `type Link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct LinkReply {
    pub state: LinkState,
    pub reason: Option<String>,
    pub retry_in_ms: Option<u64>,
}

/// `type Server`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct ServerReply {
    pub url: String,
    pub link: LinkReply,
}

/// `type Device`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct DeviceReply {
    pub ready: bool,
    pub problem: Option<String>,
}

/// `type Statistics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct StatisticsReply {
    pub packets_received: u64,
    pub packets_lost: i64,
    pub packets_sent: u64,
    pub bytes_received: u64,
    pub bytes_sent: u64,
    pub frames_captured: u64,
    pub frames_encoded: u64,
    pub frames_sent: u64,
    pub frames_received: u64,
    pub frames_decoded: u64,
    pub frames_rendered: u64,
    pub sound_captured: f64,
    pub sound_sent: f64,
    pub sound_received: f64,
    pub sound_played: f64,
    pub av_skew: Option<f64>,
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct CallReply {
    pub id: String,
    pub peer: String,
    pub name: String,
    pub verified: bool,
    pub phase: String,
    pub outgoing: bool,
    pub connected_for_ms: Option<u64>,
    pub given_up_in_ms: Option<u64>,
    pub peer_audio: bool,
    pub peer_video: bool,
    pub peer_screen: bool,
    pub peer_hold: bool,
    pub statistics: Option<StatisticsReply>,
}

/// `type Question`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct QuestionReply {
    pub wish: String,
    pub name: String,
    pub verified: bool,
    pub no_in_ms: u64,
}

/// `type Transfer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct TransferReply {
    pub id: String,
    pub name: String,
    pub outgoing: bool,
    pub received: u64,
    pub size: u64,
}

/// How far a pairing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub enum PairingPhase {
    Waiting,
    Compare,
    Done,
    Failed,
}

/// Why a pairing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of `kiosk_call::PairingFailure`")]
pub enum PairingFailureName {
    TimedOut,
    Cancelled,
    Mismatch,
    TooManyTries,
    NoLink,
}

/// `type Pairing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct PairingReply {
    pub phase: PairingPhase,
    pub name: Option<String>,
    pub digits: Option<String>,
    pub confirmed: bool,
    pub closes_in_ms: Option<u64>,
    pub failure: Option<PairingFailureName>,
}

/// Reply of `Status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct StatusReply {
    pub healthy: bool,
    pub version: String,
    pub uptime_ms: u64,
    pub peer_id: String,
    pub name: String,
    pub room: String,
    pub link: LinkReply,
    pub servers: Vec<ServerReply>,
    pub peers: u64,
    pub call: Option<CallReply>,
    pub muted: bool,
    pub camera_off: bool,
    pub held: bool,
    pub source: SourceName,
    pub quality: QualityName,
    pub pictures_swapped: bool,
    pub question: Option<QuestionReply>,
    pub shown: Option<String>,
    pub transfers: Vec<TransferReply>,
    pub pairing: Option<PairingReply>,
    pub camera: DeviceReply,
    pub sound: DeviceReply,
    pub volume: u8,
    pub unread: u64,
    pub refusals: BTreeMap<String, u64>,
    pub config_problem: Option<String>,
    pub state_problem: Option<String>,
    pub healed: BTreeMap<String, u64>,
}
