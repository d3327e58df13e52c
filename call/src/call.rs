//! One call: who it is with, how far it is, what has been seen of its security.

use std::time::Instant;

use kiosk_wire::{
    Body, CallId, Candidate, Description, Envelope, Fingerprint, Hash, Message, MessageHeader, PeerId, Recipient,
    Refusal, SessionCertificate, SessionKey, Transport,
};

use crate::{clock::UnixMillis, view::PeerName};

/// Most remote candidates kept until they can be used; more are refused.
const MOST_HELD_CANDIDATES: usize = 128;

/// How far the call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Media makes our offer, or it is out; `ringing`: a person there is being asked.
    RingingOut { ringing: bool },
    /// A person here is being asked.
    RingingIn(Description),
    /// An answer is on its way; nothing passes the gates.
    Connecting { since: Instant },
    /// Confirmed; the gates are open.
    InCall { since: Instant },
}

/// The certificates of the DTLS handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secured {
    pub(crate) local: Fingerprint,
    pub(crate) remote: Fingerprint,
}

/// What the peer says it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) local: Fingerprint,
    pub(crate) remote: Fingerprint,
    pub(crate) offer: Hash,
    pub(crate) answer: Hash,
}

/// Sequence numbers of one transport.
#[derive(Clone, Copy, Debug, Default)]
struct Sequence {
    sent: u32,
    received: u32,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) outgoing: bool,
    pub(crate) phase: Phase,
    pub(crate) name: PeerName,
    /// The peer's session at the start of the call. Every message of the call is of this session and for `me`.
    pub(crate) certificate: SessionCertificate,
    /// Our session at the start of the call; the link may have another one by now, the channel keeps this one.
    key: SessionKey,
    pub(crate) me: Recipient,
    link: Sequence,
    channel: Sequence,
    pub(crate) offer: Option<Hash>,
    pub(crate) answer: Option<Hash>,
    /// Ours, as sent.
    pub(crate) local: Option<Description>,
    /// The peer's, as received.
    pub(crate) remote: Option<Description>,
    /// Remote candidates that came before the remote description was handed to media.
    held: Vec<Candidate>,
    /// Local candidates that came before our description was sent.
    pub(crate) held_local: Vec<Candidate>,
    pub(crate) remote_description_set: bool,
    pub(crate) secured: Option<Secured>,
    pub(crate) channel_open: bool,
    pub(crate) confirm_sent: bool,
    pub(crate) confirmation: Option<Confirmation>,
    pub(crate) peer_audio: bool,
    pub(crate) peer_video: bool,
    pub(crate) pings: u32,
    pub(crate) packets_received: u64,
    /// When media told its figures last.
    pub(crate) measured_at: Option<Instant>,
    /// Media says that the peer is gone.
    pub(crate) gone: bool,
}

/// Both ends of a new call.
pub(crate) struct Ends {
    pub(crate) certificate: SessionCertificate,
    pub(crate) name: PeerName,
    pub(crate) key: SessionKey,
    pub(crate) me: Recipient,
}

impl Call {
    pub(crate) fn outgoing(id: CallId, ends: Ends) -> Self {
        Self::new(id, true, Phase::RingingOut { ringing: false }, ends)
    }

    /// From a verified offer.
    pub(crate) fn incoming(id: CallId, offer: (Hash, Description), ends: Ends) -> Self {
        let mut call = Self::new(id, false, Phase::RingingIn(offer.1.clone()), ends);
        call.offer = Some(offer.0);
        call.remote = Some(offer.1);
        call.link.received = 1;
        call
    }

    fn new(id: CallId, outgoing: bool, phase: Phase, ends: Ends) -> Self {
        let Ends { certificate, name, key, me } = ends;
        Self {
            id,
            outgoing,
            phase,
            name,
            certificate,
            key,
            me,
            link: Sequence::default(),
            channel: Sequence::default(),
            offer: None,
            answer: None,
            local: None,
            remote: None,
            held: Vec::new(),
            held_local: Vec::new(),
            remote_description_set: false,
            secured: None,
            channel_open: false,
            confirm_sent: false,
            confirmation: None,
            peer_audio: true,
            peer_video: true,
            pings: 0,
            packets_received: 0,
            measured_at: None,
            gone: false,
        }
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.certificate.peer()
    }

    pub(crate) const fn confirmed(&self) -> bool {
        matches!(self.phase, Phase::InCall { .. })
    }

    /// The next message to the peer.
    pub(crate) fn seal(&mut self, transport: Transport, body: &Body, wall: UnixMillis) -> Envelope {
        let sequence = match transport {
            Transport::Link => &mut self.link,
            Transport::Channel => &mut self.channel,
        };
        let seq = sequence.sent;
        sequence.sent += 1;
        let re = if matches!(body, Body::Answer(_)) { self.offer } else { None };
        let header = MessageHeader {
            from: self.me.peer,
            to: self.peer(),
            to_session: self.certificate.session(),
            room: self.me.room.clone(),
            call: self.id,
            seq,
            re,
            at: wall.0,
        };
        Message::seal(&self.key, &header, body)
    }

    /// Rule 10: a repeated number is a replay, a skipped one means that messages are missing.
    pub(crate) const fn receive(&mut self, transport: Transport, seq: u32) -> Result<(), Refusal> {
        let sequence = match transport {
            Transport::Link => &mut self.link,
            Transport::Channel => &mut self.channel,
        };
        if seq < sequence.received {
            return Err(Refusal::Replayed);
        }
        if seq > sequence.received {
            return Err(Refusal::OutOfOrder);
        }
        sequence.received += 1;
        Ok(())
    }

    /// Remote candidates that media can have now; else they are held.
    pub(crate) fn candidates(&mut self, candidates: Vec<Candidate>) -> Result<Vec<Candidate>, Refusal> {
        if self.remote_description_set {
            return Ok(candidates);
        }
        if self.held.len() + candidates.len() > MOST_HELD_CANDIDATES {
            return Err(Refusal::BodyLimit);
        }
        self.held.extend(candidates);
        Ok(Vec::new())
    }

    /// Media has, or is about to get, the remote description: everything held may follow it.
    pub(crate) fn release_candidates(&mut self) -> Vec<Candidate> {
        self.remote_description_set = true;
        std::mem::take(&mut self.held)
    }

    /// What we have seen, to be told to the peer. None until all of it is known.
    pub(crate) fn seen(&self) -> Option<Confirmation> {
        let Secured { local, remote } = self.secured?;
        Some(Confirmation { local, remote, offer: self.offer?, answer: self.answer? })
    }
}
