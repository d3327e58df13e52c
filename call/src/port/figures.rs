//! Figures of a call, and the rungs of self-healing.

use std::time::Duration;

/// What is done about something that stands still, the mildest first. `docs/operations.md`, "Self-healing".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// An encoder, or a pipeline that needs no device, was built anew.
    Branch,
    /// A device was closed, and is opened again.
    Device,
    /// The peer connection was given up, for another one.
    Connection,
    /// kioskd starts anew.
    Restart,
    /// The board starts anew.
    Reboot,
}

impl Rung {
    /// All of them, the mildest first.
    pub const ALL: [Self; 5] = [Self::Branch, Self::Device, Self::Connection, Self::Restart, Self::Reboot];

    /// As figures and replies name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Device => "device",
            Self::Connection => "connection",
            Self::Restart => "restart",
            Self::Reboot => "reboot",
        }
    }
}

/// Figures of one call under the names of W3C webrtc-stats. Counters since the start of the call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// `RTCReceivedRtpStreamStats.packetsReceived`, audio and video together.
    pub packets_received: u64,
    /// `RTCReceivedRtpStreamStats.packetsLost`.
    pub packets_lost: i64,
    /// `RTCSentRtpStreamStats.packetsSent`.
    pub packets_sent: u64,
    /// `RTCInboundRtpStreamStats.bytesReceived`.
    pub bytes_received: u64,
    /// `RTCSentRtpStreamStats.bytesSent`.
    pub bytes_sent: u64,
    /// `RTCInboundRtpStreamStats.framesDecoded`.
    pub frames_decoded: u64,
    /// `RTCVideoSourceStats.frames`: pictures that the camera, the document camera or the panel gave.
    pub frames_captured: u64,
    /// `RTCOutboundRtpStreamStats.framesEncoded`.
    pub frames_encoded: u64,
    /// `RTCOutboundRtpStreamStats.framesSent`.
    pub frames_sent: u64,
    /// `RTCInboundRtpStreamStats.framesReceived`.
    pub frames_received: u64,
    /// `RTCInboundRtpStreamStats.framesRendered`: handed to the screen.
    pub frames_rendered: u64,
    /// `RTCAudioSourceStats.totalSamplesDuration`: sound that was captured, or the silence in its place.
    pub sound_captured: Duration,
    /// Sound that was encoded and sent to the peer.
    pub sound_sent: Duration,
    /// `RTCInboundRtpStreamStats.totalSamplesReceived` as time: sound of the peer that was decoded.
    pub sound_received: Duration,
    /// `RTCAudioPlayoutStats.totalSamplesDuration`: sound of the peer that the loudspeaker's mixer has taken.
    pub sound_played: Duration,
    /// How much later the peer's sound is heard than the picture that belongs to it is handed to the screen, ms; negative: earlier.
    /// The difference of `RTCInboundRtpStreamStats.estimatedPlayoutTimestamp`. None while one of the two is not
    /// there, or no sound card plays.
    pub av_skew_ms: Option<i64>,
    /// `RTCReceivedRtpStreamStats.jitter` of the video.
    pub jitter: Duration,
    /// `RTCRemoteInboundRtpStreamStats.roundTripTime`.
    pub round_trip_time: Option<Duration>,
    /// `RTCOutboundRtpStreamStats.encoderImplementation`: the GStreamer element.
    pub encoder_implementation: String,
    /// `RTCInboundRtpStreamStats.audioLevel` of the peer's sound, 0 to 1 (full scale).
    pub audio_level_in: f64,
    /// `RTCAudioSourceStats.audioLevel` of what is sent, 0 to 1 (full scale).
    pub audio_level_out: f64,
    /// How often captured sound was lost or the loudspeaker ran dry, since kioskd's start.
    pub xruns: u64,
    /// `RTCAudioSourceStats.echoReturnLossEnhancement`, dB; None: nothing is cancelled, or nothing was heard yet.
    pub echo_return_loss_enhancement: Option<f64>,
}
