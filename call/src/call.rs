//! One call: who it is with and how long it lasts, and the peer connection that carries it now. The first outlives the second: a call
//! whose connection is lost gets a new one (docs/protocol.md §7, "A lost connection").

use std::time::Instant;

use kiosk_wire::{
    Body, CallId, Candidate, Description, Envelope, Fingerprint, Hash, Message, MessageHeader, PeerId, Recipient,
    Refusal, SessionCertificate, SessionKey, Transport,
};

use crate::{clock::UnixMillis, port::ServerId, reconnecting::Talk, view::PeerName};

/// Most remote candidates kept until they can be used; more are refused.
const MOST_HELD_CANDIDATES: usize = 128;

/// How far the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Media makes our offer, or it is out; `ringing`: a person there is being asked.
    Offered { ringing: bool },
    /// The peer's offer is here, and not answered yet.
    Asked(Description),
    /// An answer is on its way; nothing passes the gates.
    Connecting { since: Instant },
    /// The gates are open.
    Confirmed,
}

/// How far the call is, for people.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage<'a> {
    /// We called; `ringing`: a person there is being asked.
    RingingOut { ringing: bool },
    /// A person here is being asked.
    RingingIn,
    /// Answered, and not confirmed yet.
    Connecting,
    /// It was confirmed once, whatever has become of its connection.
    InCall(&'a Talk),
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

/// What the peer says that it sends (docs/protocol.md §6, `media`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerSends {
    pub(crate) audio: bool,
    pub(crate) video: bool,
    pub(crate) screen: bool,
    pub(crate) hold: bool,
}

/// Sequence numbers of one transport.
#[derive(Clone, Copy, Debug, Default)]
struct Sequence {
    sent: u32,
    received: u32,
}

#[derive(Debug)]
pub(crate) struct Call {
    /// That of the first connection, which both sides know, however often there was a new one.
    pub(crate) id: CallId,
    /// We called.
    pub(crate) outgoing: bool,
    pub(crate) name: PeerName,
    pub(crate) peer_sends: PeerSends,
    /// Since the first confirmation.
    pub(crate) talk: Option<Talk>,
    /// The only one: an earlier one is closed.
    pub(crate) connection: Connection,
}

/// One peer connection, from its offer on, and all that was signed for it.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The `call` of its messages.
    pub(crate) id: CallId,
    /// We offered it.
    pub(crate) outgoing: bool,
    /// Where both met.
    pub(crate) server: ServerId,
    pub(crate) phase: Phase,
    /// The peer's session at its start. Every message of the connection is of this session and for `me`.
    pub(crate) certificate: SessionCertificate,
    /// Our session at its start; the link may have another one by now, the channel keeps this one.
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
    pub(crate) pings: u32,
    pub(crate) packets_received: u64,
    /// The last sign of life of the peer.
    pub(crate) heard_at: Option<Instant>,
    /// When media told its figures last.
    pub(crate) measured_at: Option<Instant>,
    /// Media says that the peer is gone, or that it cannot go on here.
    pub(crate) gone: bool,
}

/// Both ends of a new connection.
pub(crate) struct Ends {
    pub(crate) server: ServerId,
    pub(crate) certificate: SessionCertificate,
    pub(crate) key: SessionKey,
    pub(crate) me: Recipient,
}

impl Call {
    pub(crate) const fn new(name: PeerName, connection: Connection) -> Self {
        Self {
            id: connection.id,
            outgoing: connection.outgoing,
            name,
            peer_sends: PeerSends { audio: true, video: true, screen: false, hold: false },
            talk: None,
            connection,
        }
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.connection.peer()
    }

    pub(crate) const fn stage(&self) -> Stage<'_> {
        match (&self.talk, &self.connection.phase) {
            (Some(talk), _) => Stage::InCall(talk),
            (None, Phase::Offered { ringing }) => Stage::RingingOut { ringing: *ringing },
            (None, Phase::Asked(_)) => Stage::RingingIn,
            (None, Phase::Connecting { .. } | Phase::Confirmed) => Stage::Connecting,
        }
    }

    /// The gates are open.
    pub(crate) const fn confirmed(&self) -> bool {
        self.connection.confirmed()
    }

    /// It was confirmed once, and its connection is lost.
    pub(crate) fn reconnecting(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.lost.is_some())
    }
}

impl Connection {
    pub(crate) fn outgoing(id: CallId, ends: Ends) -> Self {
        Self::new(id, true, Phase::Offered { ringing: false }, ends)
    }

    /// From a verified offer.
    pub(crate) fn incoming(id: CallId, (hash, description): (Hash, Description), ends: Ends) -> Self {
        let mut connection = Self::new(id, false, Phase::Asked(description.clone()), ends);
        connection.offer = Some(hash);
        connection.remote = Some(description);
        connection.link.received = 1;
        connection
    }

    fn new(id: CallId, outgoing: bool, phase: Phase, ends: Ends) -> Self {
        let Ends { server, certificate, key, me } = ends;
        Self {
            id,
            outgoing,
            server,
            phase,
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
            pings: 0,
            packets_received: 0,
            heard_at: None,
            measured_at: None,
            gone: false,
        }
    }

    pub(crate) fn peer(&self) -> PeerId {
        self.certificate.peer()
    }

    pub(crate) const fn confirmed(&self) -> bool {
        matches!(self.phase, Phase::Confirmed)
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

    /// Rule 10: a repeated number is a replay, a skipped one means that messages are missing. What the peer says on the channel
    /// before its first confirmation that arrives may be lost: stacks lose data while an SCTP association is being set up.
    pub(crate) const fn receive(&mut self, transport: Transport, seq: u32) -> Result<(), Refusal> {
        let (sequence, may_skip) = match transport {
            Transport::Link => (&mut self.link, false),
            Transport::Channel => (&mut self.channel, self.confirmation.is_none()),
        };
        if seq < sequence.received {
            return Err(Refusal::Replayed);
        }
        if seq > sequence.received && !may_skip {
            return Err(Refusal::OutOfOrder);
        }
        sequence.received = seq.saturating_add(1);
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
