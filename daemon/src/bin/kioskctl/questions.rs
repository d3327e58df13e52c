//! What can be asked of a running kioskd, as arguments. Ids are base64url (RFC 4648 §5): one in 64 begins with a hyphen and is no option.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use kioskd::control::protocol::{ButtonName, Method, QualityName, SourceName};

/// What the daemon answers.
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// The kiosk in one look.
    Status {
        /// On the whole terminal, as it changes, until q, Esc or Ctrl-C; with --json a line a second.
        #[arg(long, short)]
        watch: bool,
    },
    /// Who else is in the room.
    Peers,
    /// Call a peer, or whom the call button calls.
    Call {
        /// `PeerId`, as `kioskctl peers` shows it.
        #[arg(allow_hyphen_values = true)]
        peer: Option<String>,
    },
    /// Reject what rings, end what runs.
    HangUp,
    /// Answer what rings.
    Answer,
    /// Stop sending sound.
    Mute,
    /// Send sound again.
    Unmute,
    /// Stop or resume sending pictures.
    Camera {
        /// Whether pictures are sent.
        state: Switch,
    },
    /// The chat of the call.
    #[command(subcommand)]
    Chat(Chat),
    /// Files from and to peers.
    #[command(subcommand)]
    Files(Files),
    /// Put the call on hold, or take it back.
    Hold {
        /// Whether it waits.
        state: Switch,
    },
    /// Send this as our picture.
    Share {
        /// What.
        source: Source,
    },
    /// What the sent picture is to be good at; kept.
    Quality {
        /// At what.
        quality: Quality,
    },
    /// Swap the large and the small picture.
    Swap,
    /// Turn a page of the chat back; after the last comes the newest.
    Page,
    /// Say one of the replies on the screen.
    Reply {
        /// Which, from 1.
        number: u64,
    },
    /// Grant what the screen asks for, or agree to the digits of a pairing.
    Yes,
    /// Refuse what the screen asks for, end a pairing, close what is shown, stop a file that is under way.
    No,
    /// Pair with a peer: six digits on both screens.
    Pair,
    /// Zoom into what is shown: all of it, its four quarters, all of it.
    Zoom,
    /// Show that an update is being installed.
    Updating {
        /// So far, percent, 0 to 100; without: no longer.
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: Option<u8>,
    },
    /// The loudspeaker's volume.
    Volume {
        /// Percent, 0 to 100.
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// What was found on the board, what was chosen and why.
    Devices,
    /// Ends of kioskd, or of a part of it, that nobody asked for: the ten newest, each with its report.
    Crashes,
    /// Press a button.
    Press {
        /// Which.
        button: Button,
        /// Hold it for so many milliseconds, up to 60000.
        #[arg(long, value_name = "MS")]
        hold: Option<u64>,
    },
    /// Save what the panel shows as a PNG file.
    Screenshot {
        /// Where to; "-" for stdout.
        file: PathBuf,
    },
    /// Whom the kiosk trusts by name.
    #[command(subcommand)]
    Trust(Trust),
    /// Take what the config says now: all of it, or nothing if anything is wrong. Says what counts from the next start on.
    Reload,
    /// Refuse a peer from now on, whoever vouches for it, and end a call with it. `trust add` takes that back.
    Revoke {
        /// `PeerId`, 43 characters.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Who this kiosk is: its PeerId.
    Identity {
        #[command(subcommand)]
        what: Option<Identity>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Chat {
    /// Say a line to the peer of the call, or to whom the last line went or came from.
    Send {
        /// 1 to 4000 characters.
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// To this peer of the room: its `PeerId`.
        #[arg(long, value_name = "PEER", allow_hyphen_values = true)]
        to: Option<String>,
    },
    /// The lines of this call, or of the last one; afterwards none is unread.
    History,
    /// Print what was said and is kept (`keep` in `[chat]`), oldest first.
    Export {
        /// Only what was said then or later: 2026-11-23, 2026-11-23T08:30, or with a zone as in RFC 3339.
        #[arg(long, value_parser = crate::export::since)]
        since: Option<u64>,
        /// Only with this peer: its `PeerId`.
        #[arg(long, allow_hyphen_values = true)]
        peer: Option<String>,
        /// Lines of JSON, or of text for people.
        #[arg(long, default_value = "text")]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Identity {
    /// Also its public key, where the secret one is, and who may read that.
    Show,
    /// Make a new identity key and start kioskd anew with it. Whoever trusted the old one has to be told the new one.
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// The trusted peers.
    List,
    /// Trust a peer from now on.
    Add {
        /// `PeerId`, 43 characters.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// What people here call it.
        #[arg(long)]
        name: String,
        /// Answer its calls without ringing.
        #[arg(long)]
        auto_answer: bool,
    },
    /// No longer trust a peer.
    Remove {
        /// `PeerId`, 43 characters.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Take the revocation list of an authority, as `kioskctl authority revoke` prints it. Servers hand such lists out too.
    Revocations {
        /// The line.
        list: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Files {
    /// The files that are here.
    List,
    /// Send a file to the peer of the call.
    Send {
        /// Which.
        file: PathBuf,
    },
    /// Show a received file on the screen.
    Show {
        /// Its id, as `kioskctl files list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Show no file.
    Hide,
    /// Stop the transfer of a file and forget it.
    Remove {
        /// Its id, as `kioskctl files list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Copy a file out of the kiosk.
    Save {
        /// Its id, as `kioskctl files list` shows it.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Where to; "-" for stdout.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Json,
    Text,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Source {
    Camera,
    Panel,
    Document,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Quality {
    Auto,
    DataSaver,
    Sharp,
    Smooth,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Button {
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
    #[value(name = "reply-1")]
    Reply1,
    #[value(name = "reply-2")]
    Reply2,
    #[value(name = "reply-3")]
    Reply3,
    #[value(name = "reply-4")]
    Reply4,
    Page,
    Hold,
    Share,
    Document,
    Swap,
    Zoom,
    Pair,
}

impl From<Button> for ButtonName {
    fn from(button: Button) -> Self {
        match button {
            Button::Call => Self::Call,
            Button::Answer => Self::Answer,
            Button::HangUp => Self::HangUp,
            Button::Mute => Self::Mute,
            Button::Camera => Self::Camera,
            Button::VolumeUp => Self::VolumeUp,
            Button::VolumeDown => Self::VolumeDown,
            Button::Yes => Self::Yes,
            Button::No => Self::No,
            Button::Next => Self::Next,
            Button::Reply1 => Self::Reply1,
            Button::Reply2 => Self::Reply2,
            Button::Reply3 => Self::Reply3,
            Button::Reply4 => Self::Reply4,
            Button::Page => Self::Page,
            Button::Hold => Self::Hold,
            Button::Share => Self::Share,
            Button::Document => Self::Document,
            Button::Swap => Self::Swap,
            Button::Zoom => Self::Zoom,
            Button::Pair => Self::Pair,
        }
    }
}

impl From<Source> for SourceName {
    fn from(source: Source) -> Self {
        match source {
            Source::Camera => Self::Camera,
            Source::Panel => Self::Panel,
            Source::Document => Self::Document,
        }
    }
}

impl From<Quality> for QualityName {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Auto => Self::Auto,
            Quality::DataSaver => Self::DataSaver,
            Quality::Sharp => Self::Sharp,
            Quality::Smooth => Self::Smooth,
        }
    }
}

impl Question {
    /// What it asks, or, where that takes several questions, the first of them.
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Status { .. } => Method::Status {},
            Self::Peers => Method::Peers {},
            Self::Call { peer } => Method::Call { peer: peer.clone() },
            Self::HangUp => Method::HangUp {},
            Self::Answer => Method::Answer {},
            Self::Mute => Method::Mute {},
            Self::Unmute => Method::Unmute {},
            Self::Camera { state } => Method::Camera { on: matches!(state, Switch::On) },
            Self::Chat(Chat::Send { text, to }) => Method::ChatSend { text: text.clone(), peer: to.clone() },
            Self::Chat(Chat::History) => Method::ChatHistory {},
            Self::Chat(Chat::Export { since, peer, .. }) => {
                Method::ChatExport { since_ms: *since, peer: peer.clone(), after: None }
            }
            Self::Files(files) => files.method(),
            Self::Hold { state } => Method::Hold { on: matches!(state, Switch::On) },
            Self::Share { source } => Method::Share { source: (*source).into() },
            Self::Quality { quality } => Method::Quality { quality: (*quality).into() },
            Self::Swap => Method::Swap {},
            Self::Page => Method::Page {},
            Self::Reply { number } => Method::Reply { number: *number },
            Self::Yes => Method::Yes {},
            Self::No => Method::No {},
            Self::Pair => Method::Pair {},
            Self::Zoom => Method::Zoom {},
            Self::Updating { percent } => Method::Updating { percent: *percent },
            Self::Volume { percent } => Method::Volume { percent: *percent },
            Self::Devices => Method::Devices {},
            Self::Crashes => Method::Crashes {},
            Self::Press { button, hold } => Method::Press { button: (*button).into(), hold_ms: *hold },
            Self::Screenshot { .. } => Method::Screenshot {},
            Self::Trust(Trust::List) => Method::TrustList {},
            Self::Trust(Trust::Add { id, name, auto_answer }) => {
                Method::TrustAdd { id: id.clone(), name: name.clone(), auto_answer: *auto_answer }
            }
            Self::Trust(Trust::Remove { id }) => Method::TrustRemove { id: id.clone() },
            Self::Reload => Method::Reload {},
            Self::Trust(Trust::Revocations { list }) => Method::TrustRevocations { list: list.clone() },
            Self::Revoke { id } => Method::TrustRevoke { id: id.clone() },
            Self::Identity { what: None | Some(Identity::Show) } => Method::Identity {},
            Self::Identity { what: Some(Identity::Rotate) } => Method::IdentityRotate {},
        }
    }
}

impl Files {
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::List => Method::FileList {},
            Self::Send { .. } => Method::FileBegin { name: String::new(), size: 0 },
            Self::Show { id } => Method::FileShow { id: Some(id.clone()) },
            Self::Hide => Method::FileShow { id: None },
            Self::Remove { id } => Method::FileRemove { id: id.clone() },
            Self::Save { id, .. } => Method::FileRead { id: id.clone(), offset: 0 },
        }
    }
}
