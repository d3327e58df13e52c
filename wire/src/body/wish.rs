//! What a peer may want of the room.

use crate::Refusal;

/// What a peer may want of the room (docs/protocol.md §6, "Ask").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Send no sound. Done at once.
    Mute,
    /// Send sound. A person is asked.
    Unmute,
    /// Send no picture. Done at once.
    CameraOff,
    /// Send pictures. A person is asked.
    CameraOn,
    /// A still picture of the camera, as a file. A person is asked.
    SnapshotCamera,
    /// A still picture of the screen, as a file. A person is asked.
    SnapshotPanel,
    /// The screen instead of the camera. A person is asked.
    SharePanel,
    /// The document camera instead of the camera. A person is asked.
    ShareDocument,
    /// The camera again. Done at once.
    ShareStop,
    /// The loudspeaker's volume, percent, 0 to 100. Done at once.
    Volume(u8),
    /// Start the kiosk anew.
    Restart,
}

impl Wish {
    /// As it is on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::CameraOff => "camera-off",
            Self::CameraOn => "camera-on",
            Self::SnapshotCamera => "snapshot-camera",
            Self::SnapshotPanel => "snapshot-panel",
            Self::SharePanel => "share-panel",
            Self::ShareDocument => "share-document",
            Self::ShareStop => "share-stop",
            Self::Volume(_) => "volume",
            Self::Restart => "restart",
        }
    }

    pub(super) const fn value(self) -> Option<u8> {
        if let Self::Volume(percent) = self { Some(percent) } else { None }
    }

    pub(super) fn new(what: &str, value: Option<u8>) -> Result<Self, Refusal> {
        let wish = match what {
            "mute" => Self::Mute,
            "unmute" => Self::Unmute,
            "camera-off" => Self::CameraOff,
            "camera-on" => Self::CameraOn,
            "snapshot-camera" => Self::SnapshotCamera,
            "snapshot-panel" => Self::SnapshotPanel,
            "share-panel" => Self::SharePanel,
            "share-document" => Self::ShareDocument,
            "share-stop" => Self::ShareStop,
            "volume" => Self::Volume(value.filter(|percent| *percent <= 100).ok_or(Refusal::BodyLimit)?),
            "restart" => Self::Restart,
            _ => return Err(Refusal::PayloadSyntax),
        };
        if wish.value() == value { Ok(wish) } else { Err(Refusal::BodyLimit) }
    }
}
