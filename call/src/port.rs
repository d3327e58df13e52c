//! The ports of the kiosk: everything that can happen to it ([`Input`]) and everything it can want ([`Output`]).
//!
//! Plain data, no I/O. The daemon maps devices, the WebSocket and `kioskctl` to inputs; media and hal carry the outputs out.

use std::time::{Duration, Instant};

use kiosk_wire::PeerId;
pub use kiosk_wire::{CallId, Candidate, Fingerprint, IceServer};

use crate::view::{DeviceState, Lights, View};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A finger on (or off) a button.
    Button(Button, Edge),
    /// A person or program at the control socket wants something.
    Command(Command),
    /// The WebSocket.
    Link(LinkEvent),
    /// The media thread.
    Media(MediaEvent),
    /// The daemon is asked to end: say bye, then be done.
    Stop,
    /// The deadline of the last [`Output::Timeout`] has passed.
    Timeout,
}

impl Input {
    /// Name for the log line of a slow turn.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Button(..) => "button",
            Self::Command(_) => "command",
            Self::Link(_) => "link",
            Self::Media(_) => "media",
            Self::Stop => "stop",
            Self::Timeout => "timeout",
        }
    }
}

/// The role of a button, bound to evdev keys by the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Button {
    /// Idle: call. Ringing in: answer. Ringing out or in a call: hang up.
    Call,
    /// Answers, nothing else.
    Answer,
    /// Rejects or hangs up, nothing else.
    HangUp,
    /// Mutes and unmutes the microphone.
    Mute,
    /// Camera off and on.
    Camera,
    /// Louder, again and again while it is held.
    VolumeUp,
    /// Quieter, again and again while it is held.
    VolumeDown,
}

/// Half of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Pressed.
    Down,
    /// Released.
    Up,
}

/// What the control socket asks for. Answers to questions (status, peers, history) are read from the state instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call this peer, or (None) whom the call button would call.
    Call(Option<PeerId>),
    /// Answer what rings.
    Answer,
    /// Reject what rings, end what runs.
    HangUp,
    /// Stop sending sound.
    Mute,
    /// Send sound again. Only the room may do this, never a peer.
    Unmute,
    /// Stop or resume sending pictures.
    Camera(bool),
    /// Set the loudspeaker's volume, percent; more than 100 is 100.
    Volume(u8),
    /// Say this line to the peer of the call.
    Chat(String),
    /// A person has seen the chat: nothing is unread.
    ChatRead,
    /// From now on trust this peer, under this name.
    TrustAdd(Pin),
    /// No longer trust this peer.
    TrustRemove(PeerId),
}

/// A pinned peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Who.
    pub peer: PeerId,
    /// What people here call it; shown on the screen instead of the name that the peer gives itself.
    pub name: String,
    /// Answer its calls without ringing.
    pub auto_answer: bool,
}

/// What the link (our WebSocket to the server) tells.
#[derive(Clone, Debug)]
pub enum LinkEvent {
    /// Open; the server's hello comes next.
    Opened,
    /// One text frame, not yet looked at.
    Frame(String),
    /// Not open any more, or could not be opened. The reason is for people.
    Closed(String),
}

/// What the kiosk wants of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Open a WebSocket to this URL; answered by `Opened` or `Closed`.
    Connect(String),
    /// Send one text frame.
    Send(String),
    /// Close; not answered.
    Close,
}

/// What the kiosk wants of the media thread. Commands of an unknown or closed call are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaCommand {
    /// Build a peer connection with its gates shut and make an offer: answered by [`MediaEvent::LocalDescription`].
    Offer {
        /// The call.
        call: CallId,
        /// STUN and TURN servers.
        ice: Vec<IceServer>,
    },
    /// Build a peer connection with its gates shut for this remote offer and make an answer: answered by [`MediaEvent::LocalDescription`].
    Answer {
        /// The call.
        call: CallId,
        /// The remote offer.
        sdp: String,
        /// STUN and TURN servers.
        ice: Vec<IceServer>,
    },
    /// The remote answer to our offer.
    AcceptAnswer {
        /// The call.
        call: CallId,
        /// The remote answer.
        sdp: String,
    },
    /// A remote candidate; only sent once the remote description is set.
    AddCandidate {
        /// The call.
        call: CallId,
        /// The candidate.
        candidate: Candidate,
    },
    /// The peer is who it says it is: let media pass, both ways, and force a key unit.
    OpenGates {
        /// The call.
        call: CallId,
    },
    /// One text message on the data channel `ksp`.
    SendChannel {
        /// The call.
        call: CallId,
        /// The message, at most 16 KiB.
        text: String,
    },
    /// What is captured and sent: `false` sends silence or black, so that the streams stay alive.
    SetSending {
        /// Microphone.
        audio: bool,
        /// Camera.
        video: bool,
    },
    /// Play this tone, without a call too, until the next such command.
    SetTone(Option<Tone>),
    /// Tear the peer connection down, off the loop.
    Close {
        /// The call.
        call: CallId,
    },
}

/// What the loudspeaker says of a call without words (ITU-T E.180).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Somebody calls here.
    Ring,
    /// It rings there.
    Ringback,
    /// The peer is in another call, or does not want this one.
    Busy,
}

/// What the media thread tells.
#[derive(Clone, Debug)]
pub enum MediaEvent {
    /// Our offer or answer is set locally and may be sent.
    LocalDescription {
        /// The call.
        call: CallId,
        /// The description.
        sdp: String,
    },
    /// A local candidate.
    LocalCandidate {
        /// The call.
        call: CallId,
        /// The candidate.
        candidate: Candidate,
    },
    /// All local candidates are gathered.
    EndOfCandidates {
        /// The call.
        call: CallId,
    },
    /// DTLS is done on every transport of the call. Both certificates' SHA-256 as used in the handshake.
    Secured {
        /// The call.
        call: CallId,
        /// Ours.
        local: Fingerprint,
        /// The peer's.
        remote: Fingerprint,
    },
    /// The data channel `ksp` is open.
    ChannelOpen {
        /// The call.
        call: CallId,
    },
    /// A text message on the data channel.
    ChannelMessage {
        /// The call.
        call: CallId,
        /// Not yet looked at.
        text: String,
    },
    /// The first decoded picture of the peer reached the frame sink.
    FirstFrame {
        /// The call.
        call: CallId,
    },
    /// Every 500 ms in a call.
    Statistics {
        /// The call.
        call: CallId,
        /// The figures.
        statistics: Statistics,
    },
    /// The peer closed its side of the peer connection, or ICE lost it for good.
    PeerGone {
        /// The call.
        call: CallId,
    },
    /// The peer connection cannot go on for a reason on this side. The reason is for people.
    Failed {
        /// The call.
        call: CallId,
        /// Why.
        reason: String,
    },
    /// The camera came, went or failed.
    Camera(DeviceState),
    /// The sound card (microphone and loudspeaker) came, went or failed.
    Sound(DeviceState),
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
    /// `RTCOutboundRtpStreamStats.framesEncoded`.
    pub frames_encoded: u64,
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

/// Something wanted.
#[derive(Clone, Debug)]
pub enum Output {
    /// Set the lights.
    Lights(Lights),
    /// Paint this.
    View(View),
    /// To the media thread.
    Media(MediaCommand),
    /// To the link task.
    Link(LinkCommand),
    /// Set the loudspeaker's volume, percent, 0 to 100.
    Volume(u8),
    /// Keep on disk before anything else happens.
    Store(Record),
    /// Tell the admin (journal, counters).
    Notify(Notice),
    /// Nothing more until the next input, or [`Input::Timeout`] at this instant (None: only an input), with its reason for the log.
    Timeout(Option<Instant>, &'static str),
}

/// What must survive a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The identity's sign-in counter, before it is used.
    Epoch(u64),
    /// A peer is trusted from now on.
    TrustAdded(Pin),
    /// A peer is no longer trusted.
    TrustRemoved(PeerId),
    /// The loudspeaker's volume, percent.
    Volume(u8),
}

/// What an admin wants to know of a normal day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Signed in.
    Linked {
        /// Peers in the room.
        peers: usize,
    },
    /// The link is gone.
    LinkLost {
        /// Why, for people.
        reason: String,
        /// When we try again.
        retry_in: Duration,
    },
    /// A call rings, here or there.
    CallStarted {
        /// The call.
        call: CallId,
        /// With whom.
        peer: PeerId,
        /// We called.
        outgoing: bool,
    },
    /// Both sides are confirmed, the gates are open.
    CallConnected {
        /// The call.
        call: CallId,
        /// From the answer to here.
        after: Duration,
    },
    /// A call is over.
    CallEnded {
        /// The call.
        call: CallId,
        /// Why.
        why: crate::view::Ending,
    },
    /// Something was refused; the journal rate-limits, the counter counts each.
    Refused {
        /// A reason code of docs/protocol.md §8.
        reason: &'static str,
        /// Who sent it, as far as known.
        peer: Option<PeerId>,
    },
    /// A command could not be carried out; a sentence.
    Declined(String),
}
