//! What a test sees of a kiosk: its state after each turn, and what came out of its screen and loudspeaker.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use kiosk_call::{CallId, Ending, Kiosk, Link, Notice, Screen, Status, View};

/// A picture that reached the screen, as far as a test wants to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Mean of the luma in the lower half, where nothing moves most of the time, and of both chroma planes.
    pub colour: [u8; 3],
    /// Changes when anything in the picture moves.
    pub hash: u64,
}

/// The kiosk in one look. Counters only grow.
#[derive(Debug, Default)]
pub struct Sight {
    /// `none`, `ringing-out`, `ringing-in`, `connecting` or `in-call`.
    pub phase: &'static str,
    /// The call has lost its connection.
    pub reconnecting: bool,
    /// What the screen shows.
    pub view: Option<View>,
    /// Signed in.
    pub linked: bool,
    /// Peers in the room.
    pub peers: usize,
    /// Times it signed in.
    pub sign_ins: usize,
    /// Why links ended.
    pub link_losses: Vec<String>,
    /// The current or last call.
    pub call: Option<CallId>,
    /// Calls that rang, here or there.
    pub calls: usize,
    /// Calls whose gates were opened.
    pub connected: usize,
    /// Peer connections of media that are open.
    pub peer_connections: usize,
    /// How calls ended.
    pub endings: Vec<Ending>,
    /// By reason code.
    pub refusals: BTreeMap<&'static str, u64>,
    /// What the kiosk said it would not do.
    pub declined: Vec<String>,
    /// Lines of chat that came from peers: id and text.
    pub heard: BTreeSet<(String, String)>,
    /// Lines of chat said here that the peer has received.
    pub delivered: BTreeSet<String>,
    /// Lines that nobody has read.
    pub unread: usize,
    /// The peer says that it sends sound and pictures.
    pub peer_sends: (bool, bool),
    /// How often media told its figures: every 500 ms.
    pub measured: u64,
    /// Most packets that left in one call.
    pub packets_sent: u64,
    /// Pictures that came out of the gate.
    pub pictures: u64,
    /// The last of them.
    pub shown: Option<Shown>,
    /// How often a picture differed from the one before.
    pub changes: u64,
    /// When the first picture of the peer's camera was shown, in the current or last call. What stands in for a camera that is
    /// being opened does not count.
    pub first_camera_picture: Option<Instant>,
    /// Age of each picture when it was shown, by its stamp.
    pub ages: Vec<Duration>,
    /// Sound that came out of a gate of simulated media, buffers.
    pub sounds: u64,
}

impl Sight {
    /// Idle, and media holds nothing any more.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.phase == "none" && self.peer_connections == 0
    }

    /// The screen says that it rings at the peer.
    #[must_use]
    pub fn rings_there(&self) -> bool {
        self.view.as_ref().is_some_and(|view| matches!(view.screen, Screen::RingingOut { ringing: true, .. }))
    }

    /// How often this reason was counted.
    #[must_use]
    pub fn refused(&self, reason: &str) -> u64 {
        self.refusals.get(reason).copied().unwrap_or_default()
    }

    pub(crate) fn look(&mut self, kiosk: &Kiosk) {
        let Status { link, peers, call, unread, refusals, .. } = kiosk.status();
        self.linked = link == Link::Up;
        self.peers = peers;
        self.unread = unread;
        self.refusals = refusals;
        self.phase = call.as_ref().map_or("none", |call| call.phase);
        self.reconnecting = call.as_ref().is_some_and(|call| call.given_up_at.is_some());
        if let Some(call) = call {
            self.peer_sends = (call.peer_audio, call.peer_video);
            let packets_sent = call.statistics.map_or(0, |statistics| statistics.packets_sent);
            self.packets_sent = self.packets_sent.max(packets_sent);
        }
        for line in kiosk.history() {
            match &line.from {
                Some(_) => drop(self.heard.insert((line.id.to_string(), line.text.clone()))),
                None if line.delivered => drop(self.delivered.insert(line.text.clone())),
                None => {}
            }
        }
    }

    pub(crate) fn note(&mut self, notice: Notice) {
        match notice {
            Notice::Linked { .. } => self.sign_ins += 1,
            Notice::LinkLost { reason, .. } => self.link_losses.push(reason),
            Notice::CallStarted { call, .. } => {
                self.calls += 1;
                self.call = Some(call);
                self.first_camera_picture = None;
            }
            Notice::CallConnected { .. } => self.connected += 1,
            Notice::CallEnded { why, .. } => self.endings.push(why),
            Notice::Declined(sentence) => self.declined.push(sentence),
            Notice::CallReconnecting { .. } | Notice::CallResumed { .. } => {}
            Notice::Refused { .. }
            | Notice::Paired { .. }
            | Notice::RevocationsLearned { .. }
            | Notice::IdentityTaken
            | Notice::Asked { .. }
            | Notice::FileMoved { .. } => {}
        }
    }

    pub(crate) fn picture(&mut self, call: CallId, shown: Shown, age: Option<Duration>, at: Instant) {
        self.pictures += 1;
        // One of the call before may still come.
        if self.call == Some(call) && age.is_some() {
            self.first_camera_picture.get_or_insert(at);
        }
        self.changes += u64::from(self.shown.is_some_and(|before| before.hash != shown.hash));
        self.shown = Some(shown);
        self.ages.extend(age);
    }
}
