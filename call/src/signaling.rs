//! What comes over the link: the server's frames and, inside them, the peers' messages.

use std::time::Duration;

use kiosk_wire::{
    Body, ClientFrame, Description, Envelope, ErrorCode, Hash, Message, MessageHeader, PeerId, Refusal, RejectReason,
    ServerFrame, Transport,
};
use rand_chacha::rand_core::RngCore as _;

use crate::{
    Kiosk,
    call::{Call, Connection, Ends, Phase, Stage},
    calling::Answering,
    clock::Now,
    link::{HASTE, Link, RENEW_AFTER, SIGN_IN_TIMEOUT, Session, State, trusted_seconds},
    port::{CallId, LinkCommand, LinkEvent, MediaCommand, Notice, Output, Pin, Record, ServerId},
    timers::Timer,
    trust::Standing,
    view::{Ending, LinkTrouble, PeerName},
};

/// Most calls offered in one session; beyond, only a new session takes calls, since an id that is forgotten could be replayed.
const MOST_CALLS: usize = 4_096;

/// Between two inputs the clocks go apart by so much only if one is set.
const LARGEST_DRIFT_MS: u64 = 60_000;

impl Kiosk {
    pub(crate) fn link_event(&mut self, server: ServerId, event: LinkEvent) {
        if self.stopped {
            return;
        }
        match event {
            LinkEvent::Opened => {
                if let Some(link) = self.links.link(server) {
                    link.opened();
                }
                if self.reconnecting() {
                    self.limit_link(server);
                }
            }
            LinkEvent::Alive => self.link_is_alive(server),
            LinkEvent::Frame(text) => match ServerFrame::parse(&text) {
                Ok(frame) => self.frame(server, frame),
                Err(refusal) => self.refuse(refusal, None),
            },
            LinkEvent::Closed { trouble, reason } => self.link_down(server, trouble, reason),
        }
    }

    /// The link's deadline: time to try again, or the attempt took too long.
    pub(crate) fn link_due(&mut self, server: ServerId) {
        let Some(link) = self.links.link(server) else { return };
        match link.state {
            State::Down { .. } => {
                let command = link.open();
                self.output(Output::Link(server, command));
                self.limit_link(server);
            }
            State::Opening | State::Opened | State::SigningIn(_) => {
                self.drop_link(server, LinkTrouble::NoServer, "the server did not answer in time")
            }
            State::Up(_) => {}
        }
    }

    /// Are the servers still there? A dead TCP connection does not show by itself for minutes.
    pub(crate) fn probe(&mut self) {
        for server in self.links.ids() {
            if self.links.session(server).is_some() {
                self.output(Output::Link(server, LinkCommand::Probe));
            }
        }
    }

    /// What is under way has to be done by then.
    fn limit_link(&mut self, server: ServerId) {
        let limit = if self.reconnecting() { HASTE } else { SIGN_IN_TIMEOUT };
        self.timers.set(Timer::Link(server), self.after(limit));
    }

    /// When a call waits for the link, and when the network has changed: what is planned is done at once, what hangs is given up soon.
    pub(crate) fn hurry_links(&mut self) {
        for server in self.links.ids() {
            let soon = match self.links.link(server).map(|link| &link.state) {
                Some(State::Down { trouble: LinkTrouble::NoNetwork | LinkTrouble::NoServer, .. }) => Duration::ZERO,
                Some(State::Opening | State::Opened | State::SigningIn(_)) => HASTE,
                Some(State::Down { trouble: LinkTrouble::Replaced, .. } | State::Up(_)) | None => continue,
            };
            if let Some(at) = self.timers.at(Timer::Link(server)) {
                self.timers.set(Timer::Link(server), at.min(self.after(soon)));
            }
        }
    }

    /// A session lives for a day at most. A call that is being set up needs it; one that is confirmed goes on without.
    pub(crate) fn renew(&mut self, server: ServerId) {
        if self.call.as_ref().is_some_and(|call| !call.confirmed() || call.reconnecting()) {
            self.timers.set(Timer::Renewal(server), self.after(SIGN_IN_TIMEOUT));
        } else {
            self.drop_link(server, LinkTrouble::NoServer, "the session is renewed");
        }
    }

    /// Somebody has set the clock: certificates are judged by it, ours and those of the peers, so all are to be seen anew.
    pub(crate) fn clock_moved(&mut self, now: Now) {
        let passed = u64::try_from(now.mono.saturating_duration_since(self.now.mono).as_millis()).unwrap_or(u64::MAX);
        if now.wall.0.abs_diff(self.now.wall.0.saturating_add(passed)) > LARGEST_DRIFT_MS {
            for server in self.links.ids() {
                if self.timers.at(Timer::Renewal(server)).is_some() {
                    self.timers.set(Timer::Renewal(server), now.mono);
                }
            }
        }
    }

    pub(crate) fn drop_link(&mut self, server: ServerId, trouble: LinkTrouble, reason: &str) {
        self.output(Output::Link(server, LinkCommand::Close));
        self.link_down(server, trouble, reason.to_owned());
    }

    fn link_down(&mut self, server: ServerId, trouble: LinkTrouble, reason: String) {
        let in_haste = self.reconnecting();
        let Some(link) = self.links.link(server).filter(|link| !matches!(link.state, State::Down { .. })) else {
            return;
        };
        let retry_in = link.down((trouble, reason.clone()), in_haste, &mut self.random);
        self.timers.set(Timer::Link(server), self.after(retry_in));
        self.timers.stop(Timer::Renewal(server));
        self.notify(Notice::LinkLost { server, reason, retry_in });
        if !self.links.up() {
            self.pair_link_lost();
        }
        // A call that is still being rung cannot go on here: its messages were for this session.
        let call = self.call.as_ref().filter(|call| call.connection.server == server);
        let rings = call.filter(|call| matches!(call.stage(), Stage::RingingOut { .. } | Stage::RingingIn));
        if rings.map(Call::peer).is_some_and(|peer| !self.call_elsewhere(peer)) {
            self.end_call(Ending::LinkLost);
        }
    }

    fn frame(&mut self, server: ServerId, frame: ServerFrame) {
        let Some((presence, link)) = self.links.at(server) else { return };
        let wall = self.now.wall;
        let result = match frame {
            ServerFrame::Hello { v, nonce, aud, limits: _ } => {
                return match link.sign_in(presence, (&v, nonce, aud), wall, &mut self.random) {
                    Ok(auth) => {
                        let epoch = presence.epoch;
                        self.output(Output::Store(Record::Epoch(epoch)));
                        self.output(Output::Link(server, LinkCommand::Send(auth.to_text())));
                    }
                    Err(refusal) => {
                        self.refuse(refusal, None);
                        let reason = "the server is not the one that was dialled, or speaks another version";
                        self.drop_link(server, LinkTrouble::NoServer, reason);
                    }
                };
            }
            ServerFrame::Welcome { you, peers, ice } => match link.welcome(presence, (you, &peers, ice), wall) {
                Ok(refusals) => {
                    refusals.into_iter().for_each(|refusal| self.refuse(refusal, None));
                    self.signed_in(server, peers.len());
                    Ok(())
                }
                Err(refusal) => Err(refusal),
            },
            ServerFrame::Joined { peer } => {
                link.joined(presence, &peer, wall).map(|peer| self.peer_joined((server, peer)))
            }
            ServerFrame::Left { peer } => {
                self.peer_left((server, peer));
                Ok(())
            }
            ServerFrame::Revocations { list } => {
                self.revocations(list);
                Ok(())
            }
            ServerFrame::Msg { from, m } => return self.message((server, from), &m),
            ServerFrame::Err { to, code } => {
                self.server_error(server, to, code);
                Ok(())
            }
        };
        if let Err(refusal) = result {
            self.refuse(refusal, None);
        }
    }

    fn signed_in(&mut self, server: ServerId, peers: usize) {
        self.timers.stop(Timer::Link(server));
        self.timers.set(Timer::Renewal(server), self.after(RENEW_AFTER));
        self.notify(Notice::Linked { server, peers });
        self.status_told = None;
        self.send_waiting_lines(false);
        self.resume_at(server);
    }

    /// A peer came, or came again with another session.
    fn peer_joined(&mut self, (server, peer): (ServerId, PeerId)) {
        self.to_be_told.insert(peer);
        self.pair_joined(peer);
        self.send_next_line(peer, false);
        if self.call.as_ref().is_some_and(|call| call.peer() == peer) {
            self.resume_at(server);
        }
    }

    /// The server's word, so only advice: it ends what still rings, never a call that is connected.
    fn peer_left(&mut self, (server, peer): (ServerId, PeerId)) {
        if let Some(link) = self.links.link(server) {
            link.left(peer);
        }
        if self.links.meeting(peer).is_none() {
            self.pair_left(peer);
        }
        let call = self.call.as_ref().filter(|call| call.connection.server == server && call.peer() == peer);
        match call.map(Call::stage) {
            Some(Stage::RingingOut { .. }) => {
                if !self.call_elsewhere(peer) {
                    self.end_call(Ending::PeerOffline);
                }
            }
            Some(Stage::RingingIn) => self.end_call(Ending::PeerHungUp),
            Some(Stage::Connecting | Stage::InCall(_)) | None => {}
        }
    }

    fn server_error(&mut self, server: ServerId, to: Option<PeerId>, code: ErrorCode) {
        match code {
            ErrorCode::Offline => {
                if let Some(peer) = to {
                    self.peer_left((server, peer));
                }
            }
            ErrorCode::Gone => {
                self.notify(Notice::IdentityTaken);
                let reason = "another program signed in with this kiosk's identity";
                self.drop_link(server, LinkTrouble::Replaced, reason);
            }
            ErrorCode::Full => self.drop_link(server, LinkTrouble::NoServer, "the server has no place for us"),
            ErrorCode::Rate | ErrorCode::TooBig | ErrorCode::BadSig | ErrorCode::BadFrame => {
                // Something of ours was dropped: the peer will see a gap.
                self.decline(format!("the server refused a frame: {code:?}"));
            }
        }
    }

    fn message(&mut self, (server, from): (ServerId, PeerId), envelope: &Envelope) {
        if let Err(refusal) = self.open_message((server, from), envelope) {
            self.refuse(refusal, Some(from));
            if refusal == Refusal::OutOfOrder {
                self.end_call(Ending::Protocol);
            }
        }
    }

    /// Rules 2 to 12 of docs/protocol.md §7.
    fn open_message(&mut self, (server, from): (ServerId, PeerId), envelope: &Envelope) -> Result<(), Refusal> {
        let session = self.links.session(server).ok_or(Refusal::Unexpected)?;
        let sender = session.peers.get(&from).ok_or(Refusal::UnknownPeer)?;
        let message = Message::open(envelope, &sender.certificate, &session.me, Transport::Link)?;
        let standing = self.trust.standing(&sender.certificate, &sender.memberships, trusted_seconds(self.now.wall));
        if message.call == CallId::NONE {
            return self.outside_message((server, from), &standing, message);
        }
        if let Body::Offer { description, resume } = message.body {
            let offer = (message.hash, description);
            return self.offered((server, from), standing, (message.call, message.seq), (offer, resume));
        }
        let sender_session = sender.certificate.session();
        let me_now = session.me.session;
        let connection = self.connection().filter(|its| its.id == message.call).ok_or(Refusal::UnknownCall)?;
        let theirs = &connection.certificate;
        if theirs.peer() != from || theirs.session() != sender_session || connection.me.session != me_now {
            return Err(Refusal::UnknownCall);
        }
        connection.receive(Transport::Link, message.seq)?;
        self.call_message(message)
    }

    fn offered(
        &mut self,
        (server, from): (ServerId, PeerId),
        standing: Standing,
        (id, seq): (CallId, u32),
        (offer, resume): ((Hash, Description), Option<CallId>),
    ) -> Result<(), Refusal> {
        let session = self.links.link(server).and_then(Link::session_mut).ok_or(Refusal::Unexpected)?;
        if session.calls_seen.contains(&id) || session.calls_seen.len() >= MOST_CALLS {
            return Err(Refusal::CallReused);
        }
        if seq != 0 {
            return Err(Refusal::OutOfOrder);
        }
        session.calls_seen.insert(id);
        if standing == Standing::Refused {
            self.reject_offer((server, from), id, RejectReason::Untrusted);
            self.resume_refused(from, resume);
            return Err(Refusal::Untrusted);
        }
        let (ends, name) = self.ends((server, from), &standing).ok_or(Refusal::UnknownPeer)?;
        if let Some(first) = resume {
            self.resume_offered((server, from), first, (id, offer), (ends, name));
            return Ok(());
        }
        let mut answering = match standing {
            Standing::Pinned(Pin { auto_answer: true, .. }) => Answering::Announced,
            Standing::Pinned(_) | Standing::Member | Standing::Unverified | Standing::Refused => Answering::ByHand,
        };
        if let Some(current) = &self.call {
            let same_peer = current.peer() == from;
            // Who still had the call would offer to go on with it.
            let renewed = same_peer && (!self.is_current_session(&current.connection) || current.reconnecting());
            match current.stage() {
                // Perfect negotiation: the lower PeerId is polite and takes the other's offer; both wanted this call.
                Stage::RingingOut { .. } if same_peer && !renewed => {
                    if self.links.peer_id() > from {
                        return Ok(());
                    }
                    self.forget_call();
                    answering = Answering::AtOnce;
                }
                // A peer with a new session has lost the call that it had in the old one; one that does not want to go on, too.
                _ if renewed => self.end_call(Ending::PeerLost),
                Stage::RingingOut { .. } | Stage::RingingIn | Stage::Connecting | Stage::InCall(_) => {
                    self.reject_offer((server, from), id, RejectReason::Busy);
                    return Ok(());
                }
            }
        }
        self.ring(Call::new(name, Connection::incoming(id, offer, ends)), answering);
        Ok(())
    }

    /// Everything that a connection with this peer is made of, and what people here call the peer.
    pub(crate) fn ends(&self, (server, peer): (ServerId, PeerId), standing: &Standing) -> Option<(Ends, PeerName)> {
        let Session { key, me, peers, .. } = self.links.session(server)?;
        let certificate = peers.get(&peer)?.certificate.clone();
        let name = self.name_of(peer, standing)?;
        let name = PeerName { name, verified: standing.verified() };
        Some((Ends { server, certificate, key: key.clone(), me: me.clone() }, name))
    }

    /// Both are still signed in as they were when this connection began. At two servers a peer has two sessions, so that another one
    /// does not mean that this one is gone.
    pub(crate) fn is_current_session(&self, connection: &Connection) -> bool {
        self.links.session(connection.server).is_some_and(|session| {
            let met = session.peers.get(&connection.peer());
            session.me.session == connection.me.session
                && met.is_some_and(|met| met.certificate.session() == connection.certificate.session())
        })
    }

    /// What rings there is lost with the way there; the peer may be at another server too.
    fn call_elsewhere(&mut self, peer: PeerId) -> bool {
        let rings_there = matches!(self.call.as_ref().map(Call::stage), Some(Stage::RingingOut { .. }));
        let Some(standing) = self.standing(peer).filter(|standing| rings_there && *standing != Standing::Refused)
        else {
            return false;
        };
        self.forget_call();
        self.start_call(peer, &standing);
        true
    }

    /// Says no to an offer that never becomes a call.
    pub(crate) fn reject_offer(&mut self, (server, peer): (ServerId, PeerId), call: CallId, why: RejectReason) {
        let Some(session) = self.links.session(server) else { return };
        let Some(to) = session.peers.get(&peer) else { return };
        let header = MessageHeader {
            from: session.me.peer,
            to: peer,
            to_session: to.certificate.session(),
            room: session.me.room.clone(),
            call,
            seq: 0,
            re: None,
            at: self.now.wall.0,
        };
        let m = Message::seal(&session.key, &header, &Body::Reject(why));
        self.output(Output::Link(server, LinkCommand::Send(ClientFrame::Msg { to: peer, m }.to_text())));
    }

    /// Sends a message of the connection over the link, if the link is still in the session that the connection began in.
    pub(crate) fn send_on_link(&mut self, body: &Body) -> Option<Envelope> {
        let wall = self.now.wall;
        let connection = &mut self.call.as_mut()?.connection;
        let server = connection.server;
        self.links.session(server).filter(|session| session.me.session == connection.me.session)?;
        let m = connection.seal(Transport::Link, body, wall);
        let frame = ClientFrame::Msg { to: connection.peer(), m: m.clone() };
        self.output(Output::Link(server, LinkCommand::Send(frame.to_text())));
        Some(m)
    }

    /// A message of the current connection, in order.
    fn call_message(&mut self, message: Message) -> Result<(), Refusal> {
        let resumes = self.call.as_ref().is_some_and(|call| call.talk.is_some());
        let connection = self.connection().ok_or(Refusal::UnknownCall)?;
        match (message.body, &mut connection.phase) {
            (Body::Ringing, Phase::Offered { ringing }) => *ringing = true,
            (Body::Answer(description), Phase::Offered { .. }) => {
                if message.re.is_none() || message.re != connection.offer {
                    return Err(Refusal::AnswerMismatch);
                }
                connection.answer = Some(message.hash);
                self.answered(description);
            }
            (Body::Candidates(candidates), _) => {
                let id = connection.id;
                for candidate in connection.candidates(candidates)? {
                    self.output(Output::Media(MediaCommand::AddCandidate { call: id, candidate }));
                }
            }
            (Body::EndOfCandidates, _) => {}
            (Body::Reject(why), Phase::Offered { .. }) if resumes => self.resume_rejected(why),
            (Body::Reject(why), Phase::Offered { .. }) => self.end_call(match why {
                RejectReason::Declined => Ending::Rejected,
                RejectReason::Busy => Ending::Busy,
                RejectReason::Timeout => Ending::NoAnswer,
                RejectReason::Untrusted => Ending::Untrusted,
                RejectReason::Media => Ending::MediaFailed,
                RejectReason::Gone => return Err(Refusal::Unexpected),
            }),
            (Body::Bye(why), _) => self.peer_said_bye(why),
            _ => return Err(Refusal::Unexpected),
        }
        Ok(())
    }

    pub(crate) fn new_call_id(&mut self) -> CallId {
        let mut id = [0; 16];
        self.random.fill_bytes(&mut id);
        CallId(id)
    }
}
