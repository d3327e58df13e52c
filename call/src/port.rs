//! The ports of the kiosk: everything that can happen to it ([`Input`]) and everything it can want ([`Output`]).
//!
//! Plain data, no I/O. The daemon maps devices, the WebSocket and `kioskctl` to inputs; media and hal carry the outputs out.

mod figures;
mod files;
mod notice;

use std::time::Instant;

pub use figures::{Rung, Statistics};
pub use files::{Chunk, FileCommand, FileEvent};
pub use kiosk_wire::{CallId, Candidate, ChatId, FileId, FileOffer, FileRefusal, Fingerprint, IceServer};
use kiosk_wire::{Envelope, PeerId};
pub use notice::{Loss, Notice, Record};

use crate::{
    Config,
    view::{DeviceState, Lights, LinkTrouble, Quality, VideoSource, View},
};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A finger on (or off) a button.
    Button(Button, Edge),
    /// A person or program at the control socket wants something.
    Command(Command),
    /// The WebSocket.
    Link(ServerId, LinkEvent),
    /// The media thread.
    Media(MediaEvent),
    /// The store of files.
    File(FileEvent),
    /// The screen came, went or failed.
    Panel(DeviceState),
    /// The integrator has decided otherwise.
    Configure(Box<Decided>),
    /// The kernel tells of a new address or default route: what the link and the peer connection ran over may be gone.
    NetworkChanged,
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
            Self::Link(..) => "link",
            Self::Media(_) => "media",
            Self::File(_) => "file",
            Self::Panel(_) => "panel",
            Self::Configure(_) => "configure",
            Self::NetworkChanged => "network",
            Self::Stop => "stop",
            Self::Timeout => "timeout",
        }
    }
}

/// What the integrator decides, for a kiosk that runs.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its `retention` and `document_camera` count at a start only.
    pub config: Config,
    /// All trusted peers from now on.
    pub pins: Vec<Pin>,
    /// The loudspeaker's volume, percent; None: it stays.
    pub volume: Option<u8>,
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
    /// Grants what the screen asks for, agrees to the digits of a pairing, says the selected reply.
    Yes,
    /// Refuses what the screen asks for, ends a pairing, closes a shown file. Never ends a call.
    No,
    /// Selects the next reply.
    Next,
    /// Says the first, second, third, fourth reply (0 to 3).
    Reply(u8),
    /// Turns a page of the chat back; after the last comes the newest.
    Page,
    /// Puts the call on hold and takes it back.
    Hold,
    /// Shares the panel, and stops it.
    Share,
    /// Shows the document camera instead of the camera, and stops it.
    Document,
    /// Swaps the large and the small picture.
    Swap,
    /// Zooms into what is shown: all of it, its four quarters in reading order, all of it.
    Zoom,
    /// Opens the window for a pairing.
    Pair,
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
    /// Put the call on hold, or take it back.
    Hold(bool),
    /// Send this as our picture.
    Share(VideoSource),
    /// Make the sent picture good at this.
    Quality(Quality),
    /// Swap the large and the small picture.
    Swap,
    /// Say this line to this peer; None: to whom the last line of the chat went or came from, or the peer of the call.
    Chat(Option<PeerId>, String),
    /// Somebody types on a keyboard.
    Type(Typed),
    /// Say this reply of [`crate::ChatView::replies`].
    Reply(usize),
    /// Turn a page of the chat back; after the last comes the newest.
    Page,
    /// Grant what the screen asks for, or agree to the digits.
    Yes,
    /// Refuse what the screen asks for, or end the pairing, or close what is shown.
    No,
    /// Open the window for a pairing.
    Pair,
    /// Show this received file, or none.
    ShowFile(Option<FileId>),
    /// Zoom into what is shown.
    Zoom,
    /// Send this file, which the store has, to the peer of the call.
    SendFile(FileOffer),
    /// Stop this transfer.
    StopFile(FileId),
    /// An update is being installed, so far, percent; None: no longer.
    Updating(Option<u8>),
    /// A person has seen the chat: nothing is unread.
    ChatRead,
    /// From now on trust this peer, under this name.
    TrustAdd(Pin),
    /// No longer trust this peer.
    TrustRemove(PeerId),
    /// From now on refuse this peer, whoever vouches for it.
    Revoke(PeerId),
    /// An authority's revocation list, from a file.
    Revocations(Box<Envelope>),
}

/// What a key of a keyboard does to the line that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Adds this.
    Text(String),
    /// Takes the last character away.
    Backspace,
    /// Says it.
    Enter,
    /// Takes all of it away.
    Escape,
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

/// One of the configured servers, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerId(pub u8);

impl ServerId {
    /// Their numbers, as many as there may be.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }
}

/// What a link (our WebSocket to one server) tells.
#[derive(Clone, Debug)]
pub enum LinkEvent {
    /// Open; the server's hello comes next.
    Opened,
    /// One text frame, not yet looked at.
    Frame(String),
    /// The server has answered a [`LinkCommand::Probe`].
    Alive,
    /// Not open any more, or could not be opened.
    Closed {
        /// What kind of trouble.
        trouble: LinkTrouble,
        /// Why, for an admin.
        reason: String,
    },
}

/// What the kiosk wants of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Open a WebSocket to this URL; answered by `Opened` or `Closed`.
    Connect(String),
    /// Send one text frame.
    Send(String),
    /// Ask the server for a sign of life (a WebSocket ping): answered within 2 s, by `Alive` or `Closed`.
    Probe,
    /// Close; not answered.
    Close,
}

/// What the kiosk wants of the media thread. `call`, here and in [`MediaEvent`], is the id of one peer connection: that of its offer on
/// the wire. Commands of an unknown or closed one are ignored. A `Close` directly followed by an `Offer` or `Answer` gives a call that
/// goes on a new peer connection: camera and encoder need not stop in between.
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
    /// A chunk of a file on the data channel `ksp-file`.
    SendChunk {
        /// The call.
        call: CallId,
        /// The chunk.
        chunk: Chunk,
    },
    /// What is sent as our picture, from now on and in later calls.
    SetSource(VideoSource),
    /// What the sent picture is to be good at, from now on and in later calls.
    SetQuality(Quality),
    /// What the peers send is neither heard nor shown.
    SetReceiving(bool),
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
    /// A call is about to be answered by itself.
    Announcement,
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
    /// The data channel `ksp-file` is open.
    FileChannelOpen {
        /// The call.
        call: CallId,
    },
    /// A chunk came on the data channel `ksp-file`.
    Chunk {
        /// The call.
        call: CallId,
        /// The chunk.
        chunk: Chunk,
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
    /// Something stood still: this is done about it. [`Rung::Restart`] is only wanted, as what is below it has not helped.
    Healing {
        /// What is done.
        rung: Rung,
        /// What stood still, for an admin.
        reason: String,
    },
}

/// Something wanted.
#[derive(Clone, Debug)]
pub enum Output {
    /// Set the lights.
    Lights(Lights),
    /// Paint this.
    View(Box<View>),
    /// To the media thread.
    Media(MediaCommand),
    /// To the link task of this server.
    Link(ServerId, LinkCommand),
    /// To the store of files.
    File(FileCommand),
    /// Start kioskd anew: an operator asked for it.
    Restart,
    /// Set the loudspeaker's volume, percent, 0 to 100.
    Volume(u8),
    /// Keep on disk before anything else happens.
    Store(Record),
    /// Tell the admin (journal, counters).
    Notify(Notice),
    /// Nothing more until the next input, or [`Input::Timeout`] at this instant (None: only an input), with its reason for the log.
    Timeout(Option<Instant>, &'static str),
}
