//! What an admin may ask at any time.

use std::{collections::BTreeMap, time::Instant};

use kiosk_wire::{PeerId, RevocationList, Role};

use crate::{
    Kiosk,
    call::Stage,
    port::{CallId, Pin, Statistics},
    trust::Standing,
    view::{ChatLine, DeviceState, Link, Pairing, PeerName, Quality, Question, ShownFile, Transfer, VideoSource},
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
    /// Whether we are signed in, at one server at least.
    pub link: Link,
    /// The URL of each server and the link to it, in the order of the config.
    pub servers: Vec<(String, Link)>,
    /// Peers in the room, without us.
    pub peers: usize,
    /// The call, if any.
    pub call: Option<CallStatus>,
    /// We send no sound.
    pub muted: bool,
    /// We send no picture.
    pub camera_off: bool,
    /// The call waits.
    pub held: bool,
    /// What is sent as our picture.
    pub source: VideoSource,
    /// What the sent picture is to be good at.
    pub quality: Quality,
    /// Our own picture is the large one.
    pub pictures_swapped: bool,
    /// What the room is asked.
    pub question: Option<Question>,
    /// A received file that fills the screen.
    pub shown: Option<ShownFile>,
    /// Files under way, at most one a direction.
    pub transfers: Vec<Transfer>,
    /// How far a pairing is, while that is on the screen.
    pub pairing: Option<Pairing>,
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
    /// When it was confirmed first.
    pub connected_at: Option<Instant>,
    /// The id of the peer connection whose gates are open: the call's own, or another one once it was lost and resumed. None: no gate is.
    pub connection: Option<CallId>,
    /// Its connection is lost, and a new one is tried until then.
    pub given_up_at: Option<Instant>,
    /// The peer says that it sends sound.
    pub peer_audio: bool,
    /// The peer says that it sends pictures.
    pub peer_video: bool,
    /// The peer says that its picture is a screen or a document.
    pub peer_screen: bool,
    /// The peer says that it has put the call on hold.
    pub peer_hold: bool,
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
            peer_id: self.links.peer_id(),
            name: self.links.presence.name.as_str().to_owned(),
            room: self.links.presence.room.as_str().to_owned(),
            link: self.link_for_people(),
            servers: self.links_for_people().map(|(server, link)| (server.to_owned(), link)).collect(),
            peers: self.links.peers().len(),
            call: self.call_status(),
            muted: self.sending.muted,
            camera_off: self.sending.camera_off,
            held: self.sending.held,
            source: self.sending.source,
            quality: self.quality,
            pictures_swapped: self.pictures_swapped,
            question: self.question.as_ref().map(|asked| asked.question.clone()),
            shown: self.shown_file(),
            transfers: self.transfers(),
            pairing: self.pairing_view(),
            camera: self.camera.clone(),
            sound: self.sound.clone(),
            volume: self.volume.percent(),
            unread: self.chat.unread(),
            refusals: self.refusals.clone(),
        }
    }

    fn call_status(&self) -> Option<CallStatus> {
        let call = self.call.as_ref()?;
        let (phase, connected_at) = match call.stage() {
            Stage::RingingOut { .. } => ("ringing-out", None),
            Stage::RingingIn => ("ringing-in", None),
            Stage::Connecting => ("connecting", None),
            Stage::InCall(talk) => ("in-call", Some(talk.since)),
        };
        Some(CallStatus {
            call: call.id,
            peer: call.peer(),
            name: call.name.clone(),
            phase,
            outgoing: call.outgoing,
            connected_at,
            connection: call.confirmed().then_some(call.connection.id),
            given_up_at: self.given_up_at(),
            peer_audio: call.peer_sends.audio,
            peer_video: call.peer_sends.video,
            peer_screen: call.peer_sends.screen,
            peer_hold: call.peer_sends.hold,
            statistics: self.statistics.clone(),
        })
    }

    /// Who else is in the room.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStatus> {
        let known = self.links.peers().into_iter();
        let known = known.filter_map(|(peer, found)| Some((peer, found, self.standing(peer)?)));
        known
            .map(|(peer, found, standing)| PeerStatus {
                peer,
                name: self.name_of(peer, &standing).unwrap_or_default(),
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

    /// Whom people here have revoked.
    #[must_use]
    pub fn revoked(&self) -> Vec<PeerId> {
        self.trust.revoked().collect()
    }

    /// The newest revocation list of each pinned authority that has one.
    #[must_use]
    pub fn revocation_lists(&self) -> Vec<RevocationList> {
        self.trust.lists().cloned().collect()
    }

    /// What the chat still has, oldest first; with [`crate::Retention::For`] the disk has more.
    #[must_use]
    pub fn history(&self) -> &[ChatLine] {
        self.chat.lines()
    }
}
