//! What an admin may ask at any time.

use std::{collections::BTreeMap, time::Instant};

use kiosk_wire::{PeerId, Role};

use crate::{
    Kiosk,
    call::Phase,
    port::{CallId, Pin, Statistics},
    trust::Standing,
    view::{ChatLine, DeviceState, Link, PeerName},
};

/// The kiosk in one look.
#[derive(Clone, Debug)]
pub struct Status {
    /// Who we are.
    pub peer_id: PeerId,
    /// What we call ourselves.
    pub name: String,
    /// Where.
    pub room: String,
    /// Whether we are signed in.
    pub link: Link,
    /// Peers in the room, without us.
    pub peers: usize,
    /// The call, if any.
    pub call: Option<CallStatus>,
    /// We send no sound.
    pub muted: bool,
    /// We send no picture.
    pub camera_off: bool,
    /// The camera.
    pub camera: DeviceState,
    /// The sound card.
    pub sound: DeviceState,
    /// The loudspeaker's volume, percent.
    pub volume: u8,
    /// Lines of chat that nobody here has acknowledged.
    pub unread: usize,
    /// Refusals since the start, by reason code of docs/protocol.md §8.
    pub refusals: BTreeMap<&'static str, u64>,
}

/// The call in one look.
#[derive(Clone, Debug)]
pub struct CallStatus {
    /// Its id.
    pub call: CallId,
    /// With whom.
    pub peer: PeerId,
    /// Their name.
    pub name: PeerName,
    /// `ringing-out`, `ringing-in`, `connecting` or `in-call`.
    pub phase: &'static str,
    /// We called.
    pub outgoing: bool,
    /// Since when the gates are open.
    pub connected_at: Option<Instant>,
    /// The peer says that it sends sound.
    pub peer_audio: bool,
    /// The peer says that it sends pictures.
    pub peer_video: bool,
    /// The last figures.
    pub statistics: Option<Statistics>,
}

/// A peer in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Who.
    pub peer: PeerId,
    /// Its name: ours if pinned, else its own claim.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Pinned, or a member.
    pub verified: bool,
    /// Pinned.
    pub pinned: bool,
    /// The trust policy lets it call and be called.
    pub trusted: bool,
}

impl Kiosk {
    /// The kiosk in one look.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            peer_id: self.link.peer_id(),
            name: self.link.presence().name.as_str().to_owned(),
            room: self.link.presence().room.as_str().to_owned(),
            link: self.link_for_people(),
            peers: self.link.session().map_or(0, |session| session.peers.len()),
            call: self.call_status(),
            muted: self.muted,
            camera_off: self.camera_off,
            camera: self.camera.clone(),
            sound: self.sound.clone(),
            volume: self.volume.percent(),
            unread: self.chat.unread(),
            refusals: self.refusals.clone(),
        }
    }

    fn call_status(&self) -> Option<CallStatus> {
        let call = self.call.as_ref()?;
        let (phase, connected_at) = match call.phase {
            Phase::RingingOut { .. } => ("ringing-out", None),
            Phase::RingingIn(_) => ("ringing-in", None),
            Phase::Connecting { .. } => ("connecting", None),
            Phase::InCall { since } => ("in-call", Some(since)),
        };
        Some(CallStatus {
            call: call.id,
            peer: call.peer(),
            name: call.name.clone(),
            phase,
            outgoing: call.outgoing,
            connected_at,
            peer_audio: call.peer_audio,
            peer_video: call.peer_video,
            statistics: self.statistics.clone(),
        })
    }

    /// Who else is in the room.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStatus> {
        let Some(session) = self.link.session() else { return Vec::new() };
        let known = session.peers.iter().filter_map(|(peer, found)| Some((*peer, found, self.standing(*peer)?)));
        known
            .map(|(peer, found, standing)| PeerStatus {
                peer,
                name: match &standing {
                    Standing::Pinned(pin) => pin.name.clone(),
                    Standing::Member | Standing::Unverified | Standing::Refused => {
                        found.certificate.name.as_str().to_owned()
                    }
                },
                role: found.certificate.role,
                verified: standing.verified(),
                pinned: matches!(standing, Standing::Pinned(_)),
                trusted: standing != Standing::Refused,
            })
            .collect()
    }

    /// Whom we trust by name.
    #[must_use]
    pub fn pins(&self) -> Vec<Pin> {
        self.trust.pins().cloned().collect()
    }

    /// The chat of this call, or of the last one until the next begins.
    #[must_use]
    pub fn history(&self) -> &[ChatLine] {
        self.chat.lines()
    }
}
