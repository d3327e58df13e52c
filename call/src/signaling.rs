//! What comes over the link: the server's frames and, inside them, the peers' messages.

use kiosk_wire::{
    Body, ClientFrame, Envelope, ErrorCode, Message, MessageHeader, PeerId, Refusal, RejectReason, ServerFrame,
    Transport,
};
use rand_chacha::rand_core::RngCore as _;

use crate::{
    Kiosk,
    call::{Call, Ends, Phase},
    link::{RENEW_AFTER, SIGN_IN_TIMEOUT, Session, State, trusted_seconds},
    port::{CallId, LinkCommand, LinkEvent, MediaCommand, Notice, Output, Record},
    timers::Timer,
    trust::Standing,
    view::{Ending, PeerName},
};

/// Most calls offered in one session; beyond, only a new session takes calls, since an id that is forgotten could be replayed.
const MOST_CALLS: usize = 4_096;

impl Kiosk {
    pub(crate) fn link_event(&mut self, event: LinkEvent) {
        if self.stopped {
            return;
        }
        match event {
            LinkEvent::Opened => self.link.opened(),
            LinkEvent::Frame(text) => match ServerFrame::parse(&text) {
                Ok(frame) => self.frame(frame),
                Err(refusal) => self.refuse(refusal, None),
            },
            LinkEvent::Closed(reason) => self.link_down(reason, false),
        }
    }

    /// The link's deadline: time to try again, or the attempt took too long.
    pub(crate) fn link_due(&mut self) {
        match self.link.state {
            State::Down { .. } => {
                if let Some(command) = self.link.open() {
                    self.output(Output::Link(command));
                    self.timers.set(Timer::Link, self.after(SIGN_IN_TIMEOUT));
                }
            }
            State::Opening | State::Opened | State::SigningIn(_) => {
                self.drop_link("the server did not answer in time", false)
            }
            State::Up(_) => {}
        }
    }

    /// A session lives for a day at most; it is renewed between calls.
    pub(crate) fn renew(&mut self) {
        if self.call.is_some() {
            self.timers.set(Timer::Renewal, self.after(SIGN_IN_TIMEOUT));
        } else {
            self.drop_link("the session is renewed", false);
        }
    }

    fn drop_link(&mut self, reason: &str, replaced: bool) {
        self.output(Output::Link(LinkCommand::Close));
        self.link_down(reason.to_owned(), replaced);
    }

    fn link_down(&mut self, reason: String, replaced: bool) {
        if matches!(self.link.state, State::Down { .. }) {
            return;
        }
        let retry_in = self.link.down(reason.clone(), replaced, &mut self.random);
        self.timers.set(Timer::Link, self.after(retry_in));
        self.timers.stop(Timer::Renewal);
        self.calls_seen.clear();
        self.notify(Notice::LinkLost { reason, retry_in });
        // A call that is still being rung cannot go on: its messages were for this session.
        if self.call.as_ref().is_some_and(|call| matches!(call.phase, Phase::RingingOut { .. } | Phase::RingingIn(_))) {
            self.end_call(Ending::LinkLost);
        }
    }

    fn frame(&mut self, frame: ServerFrame) {
        let wall = self.now.wall;
        let result = match frame {
            ServerFrame::Hello { v, nonce, aud, limits: _ } => {
                let answer = self.link.sign_in((&v, nonce, aud), wall, &mut self.random);
                return match answer {
                    Ok((epoch, auth)) => {
                        self.output(Output::Store(Record::Epoch(epoch)));
                        self.output(Output::Link(LinkCommand::Send(auth.to_text())));
                    }
                    Err(refusal) => {
                        self.refuse(refusal, None);
                        self.drop_link("the server is not the one that was dialled, or speaks another version", false);
                    }
                };
            }
            ServerFrame::Welcome { you, peers, ice } => match self.link.welcome((you, &peers, ice), wall) {
                Ok(refusals) => {
                    refusals.into_iter().for_each(|refusal| self.refuse(refusal, None));
                    self.timers.stop(Timer::Link);
                    self.timers.set(Timer::Renewal, self.after(RENEW_AFTER));
                    self.notify(Notice::Linked { peers: peers.len() });
                    Ok(())
                }
                Err(refusal) => Err(refusal),
            },
            ServerFrame::Joined { peer } => self.link.joined(&peer, wall).map(|_| ()),
            ServerFrame::Left { peer } => {
                self.peer_left(peer);
                Ok(())
            }
            ServerFrame::Msg { from, m } => return self.message(from, &m),
            ServerFrame::Err { to, code } => {
                self.server_error(to, code);
                Ok(())
            }
        };
        if let Err(refusal) = result {
            self.refuse(refusal, None);
        }
    }

    /// The server's word, so only advice: it ends what still rings, never a call that is connected.
    fn peer_left(&mut self, peer: PeerId) {
        self.link.left(peer);
        let Some(call) = self.call.as_ref().filter(|call| call.peer() == peer) else { return };
        match call.phase {
            Phase::RingingOut { .. } => self.end_call(Ending::PeerOffline),
            Phase::RingingIn(_) => self.end_call(Ending::PeerHungUp),
            Phase::Connecting { .. } | Phase::InCall { .. } => {}
        }
    }

    fn server_error(&mut self, to: Option<PeerId>, code: ErrorCode) {
        match code {
            ErrorCode::Offline => {
                if let Some(peer) = to {
                    self.peer_left(peer);
                }
            }
            ErrorCode::Gone => self.drop_link("another program signed in with this kiosk's identity", true),
            ErrorCode::Full => self.drop_link("the server has no place for us", false),
            ErrorCode::Rate | ErrorCode::TooBig | ErrorCode::BadSig | ErrorCode::BadFrame => {
                // Something of ours was dropped: the peer will see a gap.
                self.decline(format!("the server refused a frame: {code:?}"));
            }
        }
    }

    fn message(&mut self, from: PeerId, envelope: &Envelope) {
        if let Err(refusal) = self.open_message(from, envelope) {
            self.refuse(refusal, Some(from));
            if refusal == Refusal::OutOfOrder {
                self.end_call(Ending::Protocol);
            }
        }
    }

    /// Rules 2 to 12 of docs/protocol.md §7.
    fn open_message(&mut self, from: PeerId, envelope: &Envelope) -> Result<(), Refusal> {
        let session = self.link.session().ok_or(Refusal::Unexpected)?;
        let sender = session.peers.get(&from).ok_or(Refusal::UnknownPeer)?;
        let message = Message::open(envelope, &sender.certificate, &session.me, Transport::Link)?;
        let standing = self.trust.standing(&sender.certificate, &sender.memberships, trusted_seconds(self.now.wall));
        if let Body::Offer(_) = message.body {
            return self.offered(from, standing, message);
        }
        let sender_session = sender.certificate.session();
        let me_now = session.me.session;
        let call = self.call.as_mut().filter(|call| call.id == message.call).ok_or(Refusal::UnknownCall)?;
        if call.peer() != from || call.certificate.session() != sender_session || call.me.session != me_now {
            return Err(Refusal::UnknownCall);
        }
        call.receive(Transport::Link, message.seq)?;
        self.call_message(message)
    }

    fn offered(&mut self, from: PeerId, standing: Standing, message: Message) -> Result<(), Refusal> {
        if self.calls_seen.contains(&message.call) || self.calls_seen.len() >= MOST_CALLS {
            return Err(Refusal::CallReused);
        }
        if message.seq != 0 {
            return Err(Refusal::OutOfOrder);
        }
        self.calls_seen.insert(message.call);
        if standing == Standing::Refused {
            self.reject_offer(from, message.call, RejectReason::Untrusted);
            return Err(Refusal::Untrusted);
        }
        let (auto_answer, ends) = self.ends(from, &standing).ok_or(Refusal::UnknownPeer)?;
        let mut answer_at_once = auto_answer;
        if let Some(current) = &self.call {
            let same_peer = current.peer() == from;
            let renewed = same_peer && current.certificate.session() != ends.certificate.session();
            match current.phase {
                // Perfect negotiation: the lower PeerId is polite and takes the other's offer; both wanted this call.
                Phase::RingingOut { .. } if same_peer && !renewed => {
                    if self.link.peer_id() > from {
                        return Ok(());
                    }
                    self.forget_call();
                    answer_at_once = true;
                }
                // A peer with a new session has lost the call that it had in the old one.
                _ if renewed => self.end_call(Ending::PeerLost),
                Phase::RingingOut { .. } | Phase::RingingIn(_) | Phase::Connecting { .. } | Phase::InCall { .. } => {
                    self.reject_offer(from, message.call, RejectReason::Busy);
                    return Ok(());
                }
            }
        }
        let Body::Offer(description) = message.body else { return Err(Refusal::Unexpected) };
        self.ring(Call::incoming(message.call, (message.hash, description), ends), answer_at_once);
        Ok(())
    }

    /// Everything that a call with this peer is made of, and whether it is answered without ringing.
    pub(crate) fn ends(&self, peer: PeerId, standing: &Standing) -> Option<(bool, Ends)> {
        let Session { key, me, peers, .. } = self.link.session()?;
        let certificate = peers.get(&peer)?.certificate.clone();
        let (name, auto_answer) = match standing {
            Standing::Pinned(pin) => (pin.name.clone(), pin.auto_answer),
            Standing::Member | Standing::Unverified | Standing::Refused => {
                (certificate.name.as_str().to_owned(), false)
            }
        };
        let name = PeerName { name, verified: standing.verified() };
        Some((auto_answer, Ends { certificate, name, key: key.clone(), me: me.clone() }))
    }

    /// Says no to an offer that never becomes a call.
    fn reject_offer(&mut self, peer: PeerId, call: CallId, why: RejectReason) {
        let Some(session) = self.link.session() else { return };
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
        self.output(Output::Link(LinkCommand::Send(ClientFrame::Msg { to: peer, m }.to_text())));
    }

    /// Sends a message of the call over the link, if the link is still in the session that the call began in.
    pub(crate) fn send_on_link(&mut self, body: &Body) -> Option<Envelope> {
        let session = self.link.session()?.me.session;
        let call = self.call.as_mut().filter(|call| call.me.session == session)?;
        let m = call.seal(Transport::Link, body, self.now.wall);
        let frame = ClientFrame::Msg { to: call.peer(), m: m.clone() };
        self.output(Output::Link(LinkCommand::Send(frame.to_text())));
        Some(m)
    }

    /// A message of the current call, in order.
    fn call_message(&mut self, message: Message) -> Result<(), Refusal> {
        let call = self.call.as_mut().ok_or(Refusal::UnknownCall)?;
        match (message.body, &mut call.phase) {
            (Body::Ringing, Phase::RingingOut { ringing }) => *ringing = true,
            (Body::Answer(description), Phase::RingingOut { .. }) => {
                if message.re.is_none() || message.re != call.offer {
                    return Err(Refusal::AnswerMismatch);
                }
                call.answer = Some(message.hash);
                self.answered(description);
            }
            (Body::Candidates(candidates), _) => {
                let id = call.id;
                for candidate in call.candidates(candidates)? {
                    self.output(Output::Media(MediaCommand::AddCandidate { call: id, candidate }));
                }
            }
            (Body::EndOfCandidates, _) => {}
            (Body::Reject(why), Phase::RingingOut { .. }) => self.end_call(match why {
                RejectReason::Declined => Ending::Rejected,
                RejectReason::Busy => Ending::Busy,
                RejectReason::Timeout => Ending::NoAnswer,
                RejectReason::Untrusted => Ending::Untrusted,
                RejectReason::Media => Ending::MediaFailed,
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
