//! A model of media: descriptions, handshakes, gates and data channels, without a single frame.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kiosk_call::{CallId, MediaCommand, MediaEvent, Statistics};
use kiosk_wire::{Candidate, Envelope, Fingerprint};

use super::{World, files};

type Later = (Duration, usize, MediaEvent);

#[derive(Debug, Default)]
struct PeerConnection {
    gates_open: bool,
    secured: bool,
    channel_out: usize,
    packets: u64,
    remote_candidates: usize,
}

#[derive(Debug, Default)]
pub(crate) struct MediaModel {
    connections: BTreeMap<(CallId, usize), PeerConnection>,
    /// Who made the offer, who the answer.
    offerer: BTreeMap<CallId, usize>,
    answerer: BTreeMap<CallId, usize>,
    intercepted: BTreeSet<CallId>,
    /// Whose first word on each channel is lost.
    pub(crate) lost_for_words: BTreeSet<usize>,
    /// Pairs between which nothing passes.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Connections over which nothing ever passes again.
    pub(crate) stale: BTreeSet<CallId>,
    /// Whose last command was to close a connection.
    closed: Option<usize>,
    /// What SCTP sends again when it passes, in order.
    held: Vec<Held>,
}

/// A message or chunk that a cut keeps from its receiver.
#[derive(Debug)]
struct Held {
    from: usize,
    to: usize,
    event: MediaEvent,
}

pub(crate) fn fingerprint(kiosk: usize) -> Fingerprint {
    Fingerprint([u8::try_from(kiosk).unwrap() + 1; 32])
}

fn sdp(kiosk: usize, setup: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
         a=mid:0\r\na=ice-ufrag:ufrag{kiosk}\r\na=ice-pwd:0123456789abcdefghijklmn\r\na=setup:{setup}\r\na=fingerprint:sha-256 {}\r\n",
        fingerprint(kiosk).to_sdp()
    )
}

impl MediaModel {
    pub(crate) fn open_calls(&self, kiosk: usize) -> Vec<CallId> {
        self.connections.keys().filter(|(_, owner)| *owner == kiosk).map(|(call, _)| *call).collect()
    }

    pub(crate) fn gates(&self, kiosk: usize) -> Option<CallId> {
        let open = |((call, owner), connection): (&(CallId, usize), &PeerConnection)| {
            (*owner == kiosk && connection.gates_open).then_some(*call)
        };
        self.connections.iter().find_map(open)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    fn other(&self, call: CallId, kiosk: usize) -> Option<usize> {
        let (offerer, answerer) = (*self.offerer.get(&call)?, *self.answerer.get(&call)?);
        Some(if kiosk == offerer { answerer } else { offerer })
    }

    fn reaches(&self, a: usize, b: usize) -> bool {
        !self.cut.contains(&(a.min(b), a.max(b)))
    }

    pub(crate) fn figures(&mut self) -> Vec<(usize, MediaEvent)> {
        let keys: Vec<_> = self.connections.keys().copied().collect();
        let mut events = Vec::new();
        for (call, kiosk) in keys {
            let reached = self.other(call, kiosk).filter(|other| self.reaches(kiosk, *other));
            let sending = reached.filter(|_| !self.stale.contains(&call)).is_some_and(|other| {
                self.connections.get(&(call, other)).is_some_and(|connection| connection.gates_open)
            });
            let Some(connection) = self.connections.get_mut(&(call, kiosk)) else { continue };
            if connection.gates_open {
                connection.packets += if sending { 15 } else { 0 };
                let statistics = Statistics { packets_received: connection.packets, ..Statistics::default() };
                events.push((kiosk, MediaEvent::Statistics { call, statistics }));
            }
        }
        events
    }

    pub(crate) fn command(world: &mut World, kiosk: usize, command: MediaCommand) -> Vec<Later> {
        let has_closed = world.media.closed.take() == Some(kiosk);
        if let MediaCommand::Offer { .. } | MediaCommand::Answer { .. } = command {
            let goes_on = world.phase(kiosk) == "in-call";
            assert!(has_closed || !goes_on, "the new connection follows the old one directly");
        }
        match command {
            MediaCommand::Offer { call, ice: _ } => {
                assert!(world.media.offerer.insert(call, kiosk).is_none(), "a call is offered once");
                Self::describe(world, kiosk, call, "actpass")
            }
            MediaCommand::Answer { call, sdp, ice: _ } => {
                assert!(sdp.contains("actpass"), "an offer is answered");
                assert!(world.media.answerer.insert(call, kiosk).is_none(), "a call is answered once");
                Self::describe(world, kiosk, call, "active")
            }
            MediaCommand::AcceptAnswer { call, sdp } => {
                assert!(sdp.contains("active"), "an answer is accepted");
                Self::shake_hands(world, call)
            }
            MediaCommand::AddCandidate { call, candidate } => {
                assert!(candidate.candidate.starts_with("candidate:"));
                if let Some(connection) = world.media.connections.get_mut(&(call, kiosk)) {
                    connection.remote_candidates += 1;
                    assert!(connection.remote_candidates <= 128, "candidates are bounded");
                }
                Vec::new()
            }
            MediaCommand::OpenGates { call } => {
                world.media.open_gates(call, kiosk);
                Vec::new()
            }
            MediaCommand::SendChannel { call, text } => Self::send(world, kiosk, call, text),
            MediaCommand::SendChunk { call, chunk } => {
                let gates_open = world.media.connections.get(&(call, kiosk)).is_some_and(|own| own.gates_open);
                assert!(
                    gates_open || !world.media.connections.contains_key(&(call, kiosk)),
                    "a chunk before the gates"
                );
                let Some(to) = world.media.other(call, kiosk) else { return Vec::new() };
                world.count_down(kiosk, to);
                let event = world.chunk_sent(chunk, call);
                if world.media.holds_back(kiosk, to, &event) {
                    return Vec::new();
                }
                vec![(world.chunk_arrives(call, to), to, event)]
            }
            MediaCommand::SetSending { .. }
            | MediaCommand::SetSource(_)
            | MediaCommand::SetQuality(_)
            | MediaCommand::SetReceiving(_) => Vec::new(),
            MediaCommand::SetTone(tone) => {
                assert_ne!(world.kiosks[kiosk].tone, tone, "a tone is set when it changes");
                world.kiosks[kiosk].tone = tone;
                Vec::new()
            }
            MediaCommand::Close { call } => {
                world.media.closed = Some(kiosk);
                let is_stale = world.media.stale.contains(&call);
                let other = world.media.other(call, kiosk).filter(|other| world.media.reaches(kiosk, *other));
                let was_secured =
                    world.media.connections.remove(&(call, kiosk)).is_some_and(|connection| connection.secured);
                world.forget_held(call, kiosk);
                let gone = other.filter(|_| was_secured && !is_stale);
                gone.map(|other| (Duration::from_millis(40), other, MediaEvent::PeerGone { call }))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn describe(world: &mut World, kiosk: usize, call: CallId, setup: &str) -> Vec<Later> {
        world.media.connections.insert((call, kiosk), PeerConnection::default());
        let ready = world.delay();
        let candidate = Candidate {
            candidate: format!("candidate:1 1 UDP 2015363327 192.0.2.{kiosk} 40000 typ host"),
            sdp_mid: Some("0".to_owned()),
            sdp_m_line_index: Some(0),
            username_fragment: None,
        };
        let early = world.chance(200);
        let candidate_at = if early { ready / 2 } else { ready + Duration::from_millis(5) };
        vec![
            (ready, kiosk, MediaEvent::LocalDescription { call, sdp: sdp(kiosk, setup) }),
            (candidate_at, kiosk, MediaEvent::LocalCandidate { call, candidate }),
            (ready + Duration::from_millis(30), kiosk, MediaEvent::EndOfCandidates { call }),
        ]
    }

    /// DTLS: a man in the middle shows his own certificate to both.
    fn shake_hands(world: &mut World, call: CallId) -> Vec<Later> {
        let (Some(offerer), Some(answerer)) =
            (world.media.offerer.get(&call).copied(), world.media.answerer.get(&call).copied())
        else {
            return Vec::new();
        };
        if !world.media.reaches(offerer, answerer) {
            return Vec::new();
        }
        let intercepted = world.chance(world.weather.interception);
        if intercepted {
            world.media.intercepted.insert(call);
        }
        let (mut events, mut opening) = (Vec::new(), Vec::new());
        for (kiosk, other) in [(offerer, answerer), (answerer, offerer)] {
            let Some(connection) = world.media.connections.get_mut(&(call, kiosk)) else { continue };
            connection.secured = true;
            let remote = if intercepted { Fingerprint([0xee; 32]) } else { fingerprint(other) };
            let (secured, open) = (world.delay(), world.delay());
            events.push((secured, kiosk, MediaEvent::Secured { call, local: fingerprint(kiosk), remote }));
            events.push((open, kiosk, MediaEvent::ChannelOpen { call }));
            opening.push(kiosk);
        }
        events.extend(opening.into_iter().map(|kiosk| files::channel_opens(world, call, kiosk)));
        events
    }

    fn open_gates(&mut self, call: CallId, kiosk: usize) {
        assert!(!self.intercepted.contains(&call), "gates opened to a man in the middle");
        let other = self.other(call, kiosk).expect("gates opened without a peer");
        let heard = self.connections.get(&(call, other)).is_none_or(|theirs| theirs.channel_out > 0);
        assert!(heard, "gates opened before the peer confirmed");
        let connection = self.connections.get_mut(&(call, kiosk)).expect("gates of no connection");
        assert!(connection.secured && connection.channel_out > 0, "gates opened before we confirmed");
        connection.gates_open = true;
    }

    fn send(world: &mut World, kiosk: usize, call: CallId, text: String) -> Vec<Later> {
        assert!(text.len() <= 16_384 && Envelope::parse(&text).is_ok(), "the channel carries envelopes");
        let Some(connection) = world.media.connections.get_mut(&(call, kiosk)) else { return Vec::new() };
        connection.channel_out += 1;
        if connection.channel_out == 1 && world.media.lost_for_words.contains(&kiosk) {
            return Vec::new();
        }
        let Some(other) = world.media.other(call, kiosk) else { return Vec::new() };
        world.count_down(kiosk, other);
        let event = MediaEvent::ChannelMessage { call, text };
        if world.media.holds_back(kiosk, other, &event) {
            return Vec::new();
        }
        vec![(Duration::from_millis(20), other, event)]
    }

    /// What cannot pass, or follows on what could not, waits.
    fn holds_back(&mut self, from: usize, to: usize, event: &MediaEvent) -> bool {
        let waits = |held: &Held| (held.from, held.to) == (from, to);
        let is_stale = call_of(event).is_some_and(|call| self.stale.contains(&call));
        let is_held = is_stale || !self.reaches(from, to) || self.held.iter().any(waits);
        if is_held {
            self.held.push(Held { from, to, event: event.clone() });
        }
        is_held
    }

    /// What passes by now, in order.
    pub(crate) fn released(&mut self) -> Vec<(usize, MediaEvent)> {
        let cut = &self.cut;
        let stale = |held: &Held| call_of(&held.event).is_some_and(|call| self.stale.contains(&call));
        let passes = |held: &mut Held| !stale(held) && !cut.contains(&(held.from.min(held.to), held.from.max(held.to)));
        self.held.extract_if(.., passes).map(|held| (held.to, held.event)).collect()
    }
}

impl World {
    /// What a kiosk had still to send in a call goes with its peer connection.
    fn forget_held(&mut self, call: CallId, kiosk: usize) {
        let is_of = |held: &mut Held| held.from == kiosk && call_of(&held.event) == Some(call);
        let gone: Vec<_> = self.media.held.extract_if(.., is_of).collect();
        gone.iter().for_each(|held| self.chunk_came(&held.event));
    }
}

fn call_of(event: &MediaEvent) -> Option<CallId> {
    if let MediaEvent::ChannelMessage { call, .. } | MediaEvent::Chunk { call, .. } = event {
        Some(*call)
    } else {
        None
    }
}
