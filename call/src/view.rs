//! What the room sees: [`View`] and [`Lights`], pure functions of the state, computed once at the end of a turn.

use std::time::{Duration, Instant};

use crate::clock::UnixMillis;

/// Everything a painter needs to know. Equal views paint equal pictures (but for countdowns and clocks, which are instants).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What fills the screen.
    pub screen: Screen,
    /// Whether we are signed in at the server.
    pub link: Link,
    /// We send no sound.
    pub muted: bool,
    /// We send no picture.
    pub camera_off: bool,
    /// The camera.
    pub camera: DeviceState,
    /// The sound card.
    pub sound: DeviceState,
    /// The loudspeaker's volume, percent, for [`View::VOLUME_SHOWN`] after somebody has touched it.
    pub volume: Option<u8>,
    /// The last lines of the call's chat, oldest first, at most [`View::CHAT_LINES`].
    pub chat: Vec<ChatLine>,
    /// Lines from the peer that nobody here has acknowledged.
    pub unread: usize,
}

impl View {
    /// Most lines of chat in a view.
    pub const CHAT_LINES: usize = 8;
    /// How long a change of the volume is shown.
    pub const VOLUME_SHOWN: Duration = Duration::from_secs(2);
}

/// What fills the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Nothing has happened yet.
    Booting,
    /// Press the button to call.
    Idle {
        /// The name of this kiosk.
        name: String,
        /// Somebody is there to be called.
        reachable: bool,
    },
    /// We call and wait for a person.
    RingingOut {
        /// Whom.
        peer: PeerName,
        /// It said that it rings there.
        ringing: bool,
    },
    /// Somebody calls.
    RingingIn {
        /// Who.
        peer: PeerName,
    },
    /// Answered; pictures come next.
    Connecting {
        /// With whom.
        peer: PeerName,
    },
    /// The gates are open.
    InCall {
        /// With whom.
        peer: PeerName,
        /// Since when.
        since: Instant,
        /// The peer says that it sends sound.
        peer_audio: bool,
        /// The peer says that it sends pictures. While false, the remote picture is not shown.
        peer_video: bool,
    },
    /// Shown for some seconds after a call.
    Ended {
        /// With whom.
        peer: PeerName,
        /// Why.
        why: Ending,
    },
}

/// A device as media finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceState {
    /// Works, or has not been tried.
    #[default]
    Ready,
    /// None there, or busy, or broken: a sentence that names it and says what to do.
    Missing(String),
}

/// The name of a peer, and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName {
    /// For people.
    pub name: String,
    /// We know who this is (pinned, or a member); else the name is its own claim and the screen must say so.
    pub verified: bool,
}

/// The link, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Signed in.
    Up,
    /// Opening or signing in.
    Connecting,
    /// Waiting to try again.
    Down {
        /// Why.
        reason: String,
        /// When we try again.
        retry_at: Instant,
    },
}

/// One line of chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// 16 random bytes, base64url.
    pub id: String,
    /// The peer's name; None: said here.
    pub from: Option<String>,
    /// What was said.
    pub text: String,
    /// When it was said or came.
    pub at: UnixMillis,
    /// Said here and received there.
    pub delivered: bool,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// We hung up.
    HungUp,
    /// The peer hung up.
    PeerHungUp,
    /// The peer (a person there) rejected it.
    Rejected,
    /// We rejected it.
    Declined,
    /// The peer is in another call.
    Busy,
    /// Nobody answered within 45 s.
    NoAnswer,
    /// No connection within 15 s.
    NoConnection,
    /// The peer went silent for 3 s.
    PeerLost,
    /// The peer is not signed in.
    PeerOffline,
    /// Our link went away before the call was connected.
    LinkLost,
    /// The peer does not trust us.
    Untrusted,
    /// The peer's certificate or confirmation is not what it signed: somebody is in the middle.
    NotSecure,
    /// Messages of the call were lost, repeated or made no sense.
    Protocol,
    /// Media failed, here or there.
    MediaFailed,
    /// This kiosk, or the peer, was shut down.
    Shutdown,
}

/// The state of each light role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lights {
    /// Ring of the call button: on = ready, blink = ringing, pulse = connecting or in need of an answer.
    pub call: Pattern,
    /// On while muted.
    pub mute: Pattern,
    /// On while pictures or sound leave this kiosk.
    pub on_air: Pattern,
    /// Something is wrong: blinks without a link, on without camera or sound.
    pub fault: Pattern,
}

/// How a light shines; blinking is the kernel's (`timer`, `pattern` triggers), never ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Dark.
    Off,
    /// Lit.
    On,
    /// 500 ms on, 500 ms off.
    Blink,
    /// 100 ms on, 900 ms off.
    Pulse,
}
