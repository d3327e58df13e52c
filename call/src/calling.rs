//! Starting, answering and ending calls, and what media says of them until they are secured.

use std::time::Duration;

use kiosk_wire::{Body, ByeReason, Candidate, Description, PeerId, RejectReason, Role, SdpType, Transport};

use crate::{
    ENDED_SHOWN, Ended, Kiosk, Target,
    call::{Call, Connection, Phase, Stage},
    link::trusted_seconds,
    port::{CallId, MediaCommand, MediaEvent, Notice, Output},
    timers::Timer,
    trust::Standing,
    view::Ending,
};

/// How long a person has to answer.
const RING_TIMEOUT: Duration = Duration::from_secs(45);
/// From the answer to the confirmation.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a goodbye may take after the peer connection has closed.
const GOODBYE: Duration = Duration::from_millis(500);
/// Most local candidates kept until the description is out.
const MOST_LOCAL_CANDIDATES: usize = 128;

/// How long an answer without a person is announced, by sight and sound.
const ANNOUNCED: Duration = Duration::from_secs(3);

/// Who answers an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    /// A person.
    ByHand,
    /// The kiosk, as soon as it has said so.
    Announced,
    /// The kiosk: this call was wanted on both sides.
    AtOnce,
}

/// What the peer is told of an end.
enum Farewell {
    Reject(RejectReason),
    Bye(ByeReason),
    Nothing,
}

impl Kiosk {
    pub(crate) fn call_button(&mut self) {
        match self.call.as_ref().map(Call::stage) {
            None => self.call_command(None),
            Some(Stage::RingingIn) => self.answer(),
            Some(Stage::RingingOut { .. } | Stage::Connecting | Stage::InCall(_)) => self.hang_up_command(),
        }
    }

    pub(crate) fn call_command(&mut self, peer: Option<PeerId>) {
        match self.callable(peer) {
            Ok((peer, standing)) => self.start_call(peer, &standing),
            Err(sentence) => self.decline(sentence),
        }
    }

    fn callable(&self, peer: Option<PeerId>) -> Result<(PeerId, Standing), String> {
        if self.stopped {
            return Err("the kiosk is being stopped".to_owned());
        }
        if self.call.is_some() {
            return Err("there is a call already; hang up first".to_owned());
        }
        if !self.links.up() {
            return Err("the kiosk is not signed in at a server; see `kioskctl status`".to_owned());
        }
        let Some(peer) = peer.or_else(|| self.target_peer()) else {
            return Err(match self.target {
                Target::Operator => "no operator that may be called is in the room".to_owned(),
                Target::Peer(peer) => format!("{peer}, whom the call button calls, is not in the room"),
            });
        };
        match self.standing(peer) {
            None => Err(format!("{peer} is not in the room; see `kioskctl peers`")),
            Some(Standing::Refused) => Err(format!("{peer} is not trusted; see `kioskctl trust add`")),
            Some(standing) => Ok((peer, standing)),
        }
    }

    pub(crate) fn standing(&self, peer: PeerId) -> Option<Standing> {
        let found = self.links.peer(peer)?;
        Some(self.trust.standing(&found.certificate, &found.memberships, trusted_seconds(self.now.wall)))
    }

    /// Whom the call button would call now.
    pub(crate) fn target_peer(&self) -> Option<PeerId> {
        match self.target {
            Target::Peer(peer) => self.links.peer(peer).map(|_| peer),
            Target::Operator => {
                let peers = self.links.peers().into_iter();
                let operators = peers.filter(|(_, peer)| peer.certificate.role == Role::Operator);
                let ranked = operators.filter_map(|(id, _)| match self.standing(id)? {
                    Standing::Pinned(_) => Some((0, id)),
                    Standing::Member => Some((1, id)),
                    Standing::Unverified => Some((2, id)),
                    Standing::Refused => None,
                });
                ranked.min().map(|(_, id)| id)
            }
        }
    }

    pub(crate) fn start_call(&mut self, peer: PeerId, standing: &Standing) {
        let id = self.new_call_id();
        let Some((server, session)) = self.links.meeting(peer) else { return };
        let ice = session.ice.clone();
        let Some((ends, name)) = self.ends((server, peer), standing) else { return };
        self.begin(Call::new(name, Connection::outgoing(id, ends)));
        self.output(Output::Media(MediaCommand::Offer { call: id, ice }));
    }

    /// An offer that may ring.
    pub(crate) fn ring(&mut self, call: Call, answering: Answering) {
        self.begin(call);
        if answering == Answering::AtOnce {
            return self.answer();
        }
        self.send_on_link(&Body::Ringing);
        if answering == Answering::Announced {
            self.timers.set(Timer::AutoAnswer, self.after(ANNOUNCED));
        }
    }

    fn begin(&mut self, call: Call) {
        self.notify(Notice::CallStarted { call: call.id, peer: call.peer(), outgoing: call.outgoing });
        if self.ended.take().is_some() {
            self.put_chat_away();
        }
        self.timers.stop(Timer::Ended);
        // What was written before the call belongs to it, if it was written with the same peer.
        if !self.chat.is_with(call.peer()) {
            self.put_chat_away();
        }
        self.timers.stop(Timer::ChatShown);
        self.pair_no();
        self.sending_before_call = self.sending;
        self.call = Some(call);
        self.timers.set(Timer::Ring, self.after(RING_TIMEOUT));
    }

    pub(crate) fn answer_command(&mut self) {
        if self.rings() {
            self.answer();
        } else {
            self.decline("nobody is calling; `kioskctl status` shows a call that rings".to_owned());
        }
    }

    /// The button answers what rings; when nothing does, it says yes to what the screen asks.
    pub(crate) fn answer_button(&mut self) {
        if self.call.is_some() && !self.rings() {
            self.yes();
        } else {
            self.answer_command();
        }
    }

    /// A person here is being asked.
    fn rings(&self) -> bool {
        matches!(self.call.as_ref().map(Call::stage), Some(Stage::RingingIn))
    }

    pub(crate) fn answer(&mut self) {
        let since = self.now.mono;
        let Some(connection) = self.call.as_mut().map(|call| &mut call.connection) else { return };
        let ice = self.links.session(connection.server).map(|session| session.ice.clone()).unwrap_or_default();
        let Phase::Asked(offer) = &connection.phase else { return };
        let (id, sdp) = (connection.id, offer.sdp().to_owned());
        connection.phase = Phase::Connecting { since };
        let held = connection.release_candidates();
        self.output(Output::Media(MediaCommand::Answer { call: id, sdp, ice }));
        self.add_candidates(id, held);
        self.is_connecting();
    }

    /// The peer answered our offer.
    pub(crate) fn answered(&mut self, description: Description) {
        let since = self.now.mono;
        let Some(connection) = self.connection() else { return };
        let (id, sdp) = (connection.id, description.sdp().to_owned());
        connection.remote = Some(description);
        connection.phase = Phase::Connecting { since };
        let held = connection.release_candidates();
        self.output(Output::Media(MediaCommand::AcceptAnswer { call: id, sdp }));
        self.add_candidates(id, held);
        self.is_connecting();
    }

    /// The wait for a person is over, that for the confirmation begins; a call that reconnects has its own limits.
    fn is_connecting(&mut self) {
        self.timers.stop(Timer::Ring);
        self.timers.stop(Timer::AutoAnswer);
        if !self.reconnecting() {
            self.timers.set(Timer::Connect, self.after(CONNECT_TIMEOUT));
        }
    }

    fn add_candidates(&mut self, call: CallId, candidates: Vec<Candidate>) {
        for candidate in candidates {
            self.output(Output::Media(MediaCommand::AddCandidate { call, candidate }));
        }
    }

    pub(crate) fn hang_up_command(&mut self) {
        match self.call.as_ref().map(Call::stage) {
            None => self.decline("there is no call; `kioskctl call` makes one".to_owned()),
            Some(Stage::RingingIn) => self.end_call(Ending::Declined),
            Some(Stage::RingingOut { .. } | Stage::Connecting | Stage::InCall(_)) => self.end_call(Ending::HungUp),
        }
    }

    pub(crate) fn nobody_answered(&mut self) {
        self.end_call(Ending::NoAnswer);
    }

    /// Ends the call, if there is one, and tells the peer.
    pub(crate) fn end_call(&mut self, why: Ending) {
        let Some(call) = &self.call else { return };
        let body = match farewell(why, self.rings()) {
            Farewell::Reject(why) => Some(Body::Reject(why)),
            // The peer knows nothing of a connection whose offer was never sent.
            Farewell::Bye(why) => call.connection.offer.map(|_| Body::Bye(why)),
            Farewell::Nothing => None,
        };
        if let Some(body) = body
            && self.send_on_link(&body).is_none()
            && matches!(body, Body::Bye(_))
        {
            self.send_on_channel(&body);
        }
        self.finish_call(why);
    }

    pub(crate) fn peer_said_bye(&mut self, why: ByeReason) {
        let connected = !self.rings();
        self.finish_call(match why {
            ByeReason::HangUp => Ending::PeerHungUp,
            ByeReason::Timeout if connected => Ending::NoConnection,
            ByeReason::Timeout => Ending::NoAnswer,
            ByeReason::Lost => Ending::PeerLost,
            ByeReason::Media => Ending::MediaFailed,
            ByeReason::Security => Ending::NotSecure,
            ByeReason::Protocol => Ending::Protocol,
            ByeReason::Shutdown => Ending::Shutdown,
        });
    }

    fn finish_call(&mut self, why: Ending) {
        let Some(call) = self.forget_call() else { return };
        let peer = call.peer();
        self.notify(Notice::CallEnded { call: call.id, why });
        self.files_call_ended(peer);
        self.send_next_line(peer, false);
        self.ended = Some(Ended { name: call.name, why });
        self.timers.set(Timer::Ended, self.after(ENDED_SHOWN));
    }

    /// The call is gone without a word; polite peers do this to their own offer.
    pub(crate) fn forget_call(&mut self) -> Option<Call> {
        let call = self.call.take()?;
        for timer in Timer::OF_A_CALL {
            self.timers.stop(timer);
        }
        self.statistics = None;
        self.reset_sending();
        let Connection { id, phase, .. } = &call.connection;
        if !matches!(phase, Phase::Asked(_)) {
            self.output(Output::Media(MediaCommand::Close { call: *id }));
        }
        Some(call)
    }

    pub(crate) fn media_event(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Camera(state) => self.camera = state,
            MediaEvent::Sound(state) => self.sound = state,
            MediaEvent::LocalDescription { call, sdp } if self.is_current(call) => self.local_description(sdp),
            MediaEvent::LocalCandidate { call, candidate } if self.is_current(call) => self.local_candidate(candidate),
            MediaEvent::EndOfCandidates { call } if self.is_current(call) => {
                self.send_on_link(&Body::EndOfCandidates);
            }
            MediaEvent::Secured { call, local, remote } if self.is_current(call) => self.secured(local, remote),
            MediaEvent::ChannelOpen { call } if self.is_current(call) => self.channel_opened(),
            MediaEvent::ChannelMessage { call, text } if self.is_current(call) => self.channel_message(&text),
            MediaEvent::FileChannelOpen { call } if self.is_current(call) => self.file_channel_opened(),
            MediaEvent::Chunk { call, chunk } if self.is_current(call) => self.chunk(chunk),
            MediaEvent::Statistics { call, statistics } if self.is_current(call) => self.measured(statistics),
            // Its goodbye may still be on the way over the link: that says more than silence does.
            MediaEvent::PeerGone { call } if self.is_current(call) => self.peer_gone(),
            MediaEvent::Failed { call, reason } if self.is_current(call) => {
                self.decline(format!("media failed: {reason}"));
                self.media_failed();
            }
            // Of a call that ended while media was still talking, or of no consequence here.
            MediaEvent::LocalDescription { .. }
            | MediaEvent::LocalCandidate { .. }
            | MediaEvent::EndOfCandidates { .. }
            | MediaEvent::Secured { .. }
            | MediaEvent::ChannelOpen { .. }
            | MediaEvent::ChannelMessage { .. }
            | MediaEvent::FileChannelOpen { .. }
            | MediaEvent::Chunk { .. }
            | MediaEvent::FirstFrame { .. }
            | MediaEvent::Statistics { .. }
            | MediaEvent::PeerGone { .. }
            | MediaEvent::Failed { .. }
            | MediaEvent::Healing { .. } => {}
        }
    }

    fn peer_gone(&mut self) {
        let Some(connection) = self.connection() else { return };
        connection.gone = true;
        self.timers.set(Timer::Silence, self.after(GOODBYE));
    }

    fn is_current(&self, id: CallId) -> bool {
        self.call.as_ref().is_some_and(|call| call.connection.id == id)
    }

    fn local_description(&mut self, sdp: String) {
        let Some(call) = self.call.as_mut().filter(|call| call.connection.local.is_none()) else { return };
        let resume = call.talk.is_some().then_some(call.id);
        let connection = &mut call.connection;
        let kind = if connection.outgoing { SdpType::Offer } else { SdpType::Answer };
        let description = match Description::new(sdp, kind) {
            Ok(description) => description,
            Err(refusal) => {
                self.decline(format!("media made a description that breaks the SDP policy: {refusal}"));
                return self.media_failed();
            }
        };
        connection.local = Some(description.clone());
        let held = std::mem::take(&mut connection.held_local);
        let body = if connection.outgoing { Body::Offer { description, resume } } else { Body::Answer(description) };
        let sent = self.send_on_link(&body).map(|envelope| envelope.hash());
        let Some(connection) = self.connection() else { return };
        match (sent, connection.outgoing) {
            (Some(_), true) => connection.offer = sent,
            (Some(_), false) => connection.answer = sent,
            // The next attempt begins when the link is back.
            (None, _) if resume.is_some() => return,
            (None, _) => return self.end_call(Ending::LinkLost),
        }
        if !held.is_empty() {
            self.send_on_link(&Body::Candidates(held));
        }
        self.try_confirm();
    }

    fn local_candidate(&mut self, candidate: Candidate) {
        let Some(connection) = self.connection() else { return };
        if connection.local.is_some() {
            self.send_on_link(&Body::Candidates(vec![candidate]));
        } else if connection.held_local.len() < MOST_LOCAL_CANDIDATES {
            connection.held_local.push(candidate);
        }
    }

    pub(crate) fn send_on_channel(&mut self, body: &Body) {
        let wall = self.now.wall;
        let Some(connection) = self.connection().filter(|connection| connection.channel_open) else { return };
        let text = connection.seal(Transport::Channel, body, wall).to_text();
        let call = connection.id;
        self.output(Output::Media(MediaCommand::SendChannel { call, text }));
    }
}

const fn farewell(why: Ending, ringing_in: bool) -> Farewell {
    match why {
        Ending::HungUp => Farewell::Bye(ByeReason::HangUp),
        Ending::Declined => Farewell::Reject(RejectReason::Declined),
        Ending::NoAnswer if ringing_in => Farewell::Reject(RejectReason::Timeout),
        Ending::NoAnswer | Ending::NoConnection => Farewell::Bye(ByeReason::Timeout),
        Ending::PeerLost => Farewell::Bye(ByeReason::Lost),
        Ending::NotSecure => Farewell::Bye(ByeReason::Security),
        Ending::Protocol => Farewell::Bye(ByeReason::Protocol),
        Ending::MediaFailed if ringing_in => Farewell::Reject(RejectReason::Media),
        Ending::MediaFailed => Farewell::Bye(ByeReason::Media),
        Ending::Shutdown => Farewell::Bye(ByeReason::Shutdown),
        Ending::PeerHungUp
        | Ending::Rejected
        | Ending::Busy
        | Ending::PeerOffline
        | Ending::LinkLost
        | Ending::Untrusted => Farewell::Nothing,
    }
}
