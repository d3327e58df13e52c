//! What the room sees: [`View`] and [`Lights`], pure functions of the state, computed once at the end of a turn.

use std::time::{Duration, Instant};

use kiosk_wire::{ChatId, FileId, FileRefusal, PeerId, Wish};

use crate::clock::UnixMillis;

/// Everything a painter needs to know. Equal views paint equal pictures (but for countdowns and clocks, which are instants).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What fills the screen.
    pub screen: Screen,
    /// What this kiosk calls itself.
    pub name: String,
    /// Who this kiosk is; for the support code.
    pub peer_id: PeerId,
    /// Whether we are signed in at the server.
    pub link: Link,
    /// We send no sound.
    pub muted: bool,
    /// We send no picture.
    pub camera_off: bool,
    /// The call waits: neither sound nor pictures go out or are let in.
    pub held: bool,
    /// What is sent as our picture.
    pub source: VideoSource,
    /// What the sent picture is to be good at.
    pub quality: Quality,
    /// The camera.
    pub camera: DeviceState,
    /// The sound card.
    pub sound: DeviceState,
    /// The loudspeaker's volume, percent, for [`View::VOLUME_SHOWN`] after somebody has touched it.
    pub volume: Option<u8>,
    /// Our own picture is the large one, the peer's the small one.
    pub pictures_swapped: bool,
    /// What is said in writing.
    pub chat: ChatView,
    /// A question to the room. Over everything but the way to hang up.
    pub question: Option<Question>,
    /// A received file that fills the screen.
    pub shown: Option<ShownFile>,
    /// Files under way, at most one a direction.
    pub transfers: Vec<Transfer>,
    /// Two people are comparing digits, or about to.
    pub pairing: Option<Pairing>,
    /// Something that was done to this kiosk from afar, for [`View::REMARK_SHOWN`].
    pub remark: Option<Remark>,
    /// An update is being installed, so far, percent.
    pub update: Option<u8>,
}

impl View {
    /// Most lines of chat in a view.
    pub const CHAT_LINES: usize = 8;
    /// How long a change of the volume is shown.
    pub const VOLUME_SHOWN: Duration = Duration::from_secs(2);
    /// How long a remark is shown.
    pub const REMARK_SHOWN: Duration = Duration::from_secs(5);

    /// Before the first turn, when it is not known yet who this kiosk is.
    #[must_use]
    pub fn booting(name: String) -> Self {
        Self {
            screen: Screen::Booting,
            name,
            peer_id: PeerId([0; 32]),
            link: Link::Connecting,
            muted: false,
            camera_off: false,
            held: false,
            source: VideoSource::Camera,
            quality: Quality::Auto,
            camera: DeviceState::Ready,
            sound: DeviceState::Ready,
            volume: None,
            pictures_swapped: false,
            chat: ChatView::default(),
            question: None,
            shown: None,
            transfers: Vec::new(),
            pairing: None,
            remark: None,
            update: None,
        }
    }
}

/// What is sent as our picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VideoSource {
    /// The camera that shows the visitor.
    #[default]
    Camera,
    /// What is on the panel.
    Panel,
    /// The second camera, above a table.
    Document,
}

/// What the sent picture is to be good at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// What the config says.
    #[default]
    Auto,
    /// At most a third of the bits, small and slow.
    DataSaver,
    /// Every detail, at fewer pictures a second: sign language suffers, papers win.
    Sharp,
    /// Every movement, at a smaller size: for sign language.
    Smooth,
}

/// What is said in writing, with one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatView {
    /// The last lines, oldest first, at most [`View::CHAT_LINES`]. Empty: there is nothing to show.
    pub lines: Vec<ChatLine>,
    /// Lines from the peer that nobody here has acknowledged.
    pub unread: usize,
    /// What can be said with one press; empty while nobody is there to be answered.
    pub replies: Vec<String>,
    /// The reply that the next press of "yes" says.
    pub selected: Option<usize>,
    /// How many pages the reader has turned back from the newest; the painter wraps around.
    pub page: usize,
    /// What is being typed on a keyboard; empty: nothing.
    pub draft: String,
}

/// Something that a peer wants and only a person in the room may grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who wants it.
    pub peer: PeerName,
    /// What: never one of those that are done at once.
    pub wish: Wish,
    /// No answer by then is a no.
    pub until: Instant,
}

/// A received file that fills the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFile {
    /// Which.
    pub id: FileId,
    /// Its name, for people.
    pub name: String,
    /// 0: all of it is seen; 1 to [`ShownFile::QUARTERS`]: this quarter, in reading order, twice as large.
    pub zoom: u8,
}

impl ShownFile {
    /// The last zoom; one more press shows all of it again.
    pub const QUARTERS: u8 = 4;
}

/// A file under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub id: FileId,
    /// Its name, for people.
    pub name: String,
    /// From here to the peer.
    pub outgoing: bool,
    /// Bytes that the receiver has, in steps of a hundredth.
    pub received: u64,
    /// Bytes in all.
    pub size: u64,
}

/// How far a pairing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Waiting for the other side to begin too.
    Waiting {
        /// The window closes.
        until: Instant,
    },
    /// Compare these digits with those of the other side.
    Compare {
        /// What the other side calls itself; nobody vouches for it yet.
        name: String,
        /// Six digits, shown with leading zeros.
        digits: u32,
        /// Somebody here has said that they agree.
        confirmed: bool,
        /// The window closes.
        until: Instant,
    },
    /// Both sides have confirmed.
    Done {
        /// The name under which the peer is pinned.
        name: String,
    },
    /// Nothing came of it.
    Failed(PairingFailure),
}

/// Why a pairing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairingFailure {
    /// Nobody else opened a pairing in time, or nobody confirmed.
    TimedOut,
    /// A person here or there said no, or the other side left.
    Cancelled,
    /// What the other side revealed is not what it had committed to.
    Mismatch,
    /// Three tries in ten minutes are used up.
    TooManyTries,
    /// The kiosk is not signed in.
    NoLink,
}

/// Something that was done to this kiosk from afar; people must see that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The peer muted us.
    MutedByPeer,
    /// The peer turned our camera off.
    CameraOffByPeer,
    /// The peer changed the volume.
    VolumeByPeer,
    /// The peer stopped our share.
    ShareStoppedByPeer,
    /// What the room was asked for was granted here.
    Granted(Wish),
    /// A file was refused, or failed.
    FileFailed(FileRefusal),
    /// A file is there, whole, and cannot be shown.
    FileReceived,
    /// A file has arrived there, whole.
    FileSent,
}

/// What fills the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Nothing has happened yet.
    Booting,
    /// Press the button to call.
    Idle {
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
        /// It is answered by itself then; None: a person has to.
        answered_at: Option<Instant>,
    },
    /// Answered; pictures come next.
    Connecting {
        /// With whom.
        peer: PeerName,
    },
    /// The call was confirmed; the gates are open, but while it reconnects.
    InCall {
        /// With whom.
        peer: PeerName,
        /// Since when.
        since: Instant,
        /// The connection is lost, and a new one is tried until then. The last picture of the peer stays.
        reconnecting: Option<Instant>,
        /// The peer says that it sends sound.
        peer_audio: bool,
        /// The peer says that it sends pictures. While false, the remote picture is not shown.
        peer_video: bool,
        /// The peer's picture is a screen or a document: shown whole.
        peer_screen: bool,
        /// The peer has put the call on hold.
        peer_hold: bool,
    },
    /// Neither camera nor sound, or another device has this kiosk's identity: nobody can be called.
    OutOfOrder,
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
        /// What kind of trouble.
        trouble: LinkTrouble,
        /// Why, for an admin.
        reason: String,
        /// When we try again.
        retry_at: Instant,
    },
}

/// What keeps us from the server, as far as people can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkTrouble {
    /// This kiosk has no network: no address, no route, no name server.
    NoNetwork,
    /// The network is there, the server does not answer, or not as it should.
    NoServer,
    /// Another device has signed in with this kiosk's identity.
    Replaced,
}

/// One line of chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// Made by who said it.
    pub id: ChatId,
    /// With whom.
    pub peer: PeerId,
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
    /// The peer went silent, and no new connection came about within 45 s.
    PeerLost,
    /// The peer is not signed in.
    PeerOffline,
    /// Our link went away before the call was connected.
    LinkLost,
    /// The peer does not trust us; or, in a call that was to go on, one of the two no longer trusts the other.
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

impl Ending {
    /// For programs: metrics count endings by it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HungUp => "hung-up",
            Self::PeerHungUp => "peer-hung-up",
            Self::Rejected => "rejected",
            Self::Declined => "declined",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::NoConnection => "no-connection",
            Self::PeerLost => "peer-lost",
            Self::PeerOffline => "peer-offline",
            Self::LinkLost => "link-lost",
            Self::Untrusted => "untrusted",
            Self::NotSecure => "not-secure",
            Self::Protocol => "protocol",
            Self::MediaFailed => "media-failed",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The state of each light role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lights {
    /// Ring of the call button: on = ready, blink = ringing, pulse = connecting, reconnecting or in need of an answer.
    pub call: Pattern,
    /// Blinks while a line of chat is unread, or a question waits.
    pub message: Pattern,
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
