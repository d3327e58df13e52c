//! A lost connection does not end a confirmed call: a new one is offered and confirmed like a first one, but nothing rings, and all
//! that people see and have said stays (docs/protocol.md §7, "A lost connection").

use std::time::{Duration, Instant};

use kiosk_wire::{CallId, Description, Hash, PeerId, RejectReason};

use crate::{
    Kiosk,
    call::{Connection, Ends, Phase},
    port::{Loss, MediaCommand, Notice, Output, ServerId},
    timers::{Timer, may_again},
    trust::Standing,
    view::{Ending, PeerName},
};

/// So long after its loss a call waits for a confirmed connection.
const PATIENCE: Duration = Duration::from_secs(45);
/// An attempt that is not confirmed by then is followed by the next.
const ATTEMPT: Duration = Duration::from_secs(5);
/// After a change of the network a peer that says nothing for so long is lost.
const SILENCE_AFTER_A_CHANGE: Duration = Duration::from_secs(1);
/// Media may fail so often in a minute; once more ends the call.
const MOST_FAILURES: usize = 2;
/// Most offers of new connections that are taken from a peer in a minute: each costs a handshake, and none that is meant well
/// comes more often than every 5 s, but after a change of sessions.
const MOST_TAKEN: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// What a call is since its first confirmation, whatever carries it.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) since: Instant,
    pub(crate) lost: Option<Lost>,
    /// When media failed in it, and when offers of new connections were taken: in the last minute.
    failed: Vec<Instant>,
    taken: Vec<Instant>,
}

/// It has no connection, or one of which nothing is heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost {
    since: Instant,
    /// The link was asked for a sign of life; when it gives one, a new connection is offered.
    probing: bool,
}

impl Talk {
    pub(crate) const fn new(since: Instant) -> Self {
        Self { since, lost: None, failed: Vec::new(), taken: Vec::new() }
    }
}

impl Kiosk {
    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        self.call.as_mut().map(|call| &mut call.connection)
    }

    fn talk(&mut self) -> Option<&mut Talk> {
        self.call.as_mut()?.talk.as_mut()
    }

    pub(crate) fn reconnecting(&self) -> bool {
        self.call.as_ref().is_some_and(crate::call::Call::reconnecting)
    }

    /// When a reconnecting call is given up.
    pub(crate) fn given_up_at(&self) -> Option<Instant> {
        self.timers.at(Timer::GiveUp)
    }

    /// The connection is of no use any more, or nothing is heard of the peer. A call that was never confirmed ends.
    pub(crate) fn connection_lost(&mut self, reason: Loss) {
        if self.talk().is_none() {
            self.end_call(Ending::PeerLost);
        } else if self.lose(reason) {
            self.try_again();
        }
    }

    /// False: it was lost already.
    fn lose(&mut self, reason: Loss) -> bool {
        let now = self.now.mono;
        let Some(talk) = self.talk().filter(|talk| talk.lost.is_none()) else { return false };
        talk.lost = Some(Lost { since: now, probing: false });
        self.timers.stop(Timer::Silence);
        self.timers.set(Timer::GiveUp, self.after(PATIENCE));
        self.hurry_links();
        if let Some(call) = self.call.as_ref().map(|call| call.id) {
            self.notify(Notice::CallReconnecting { call, reason });
        }
        true
    }

    /// The next attempt begins as soon as the link has shown that it is alive: what is lost may be the network, and then the old
    /// connection, which the offer of a new one ends, is the first that comes back.
    pub(crate) fn try_again(&mut self) {
        if let Some(lost) = self.talk().and_then(|talk| talk.lost.as_mut()) {
            lost.probing = true;
            self.timers.set(Timer::Retry, self.after(ATTEMPT));
            self.probe();
        }
    }

    /// The link has answered.
    pub(crate) fn link_is_alive(&mut self, server: ServerId) {
        if self.talk().and_then(|talk| talk.lost).is_some_and(|lost| lost.probing) {
            self.offer_anew(server);
        }
    }

    /// Offers the peer of a reconnecting call a new connection through this server, if the peer is there.
    pub(crate) fn offer_anew(&mut self, server: ServerId) {
        let Some(peer) = self.call.as_ref().filter(|call| call.reconnecting()).map(crate::call::Call::peer) else {
            return;
        };
        // Trust is judged anew. A peer that is not there is offered one when it joins.
        let Some(standing) = self.standing(peer) else { return };
        if standing == Standing::Refused {
            return self.end_call(Ending::Untrusted);
        }
        let id = self.new_call_id();
        let Some((ends, name)) = self.ends((server, peer), &standing) else { return };
        self.replace_connection(Connection::outgoing(id, ends), name);
        let ice = self.links.session(server).map(|session| session.ice.clone()).unwrap_or_default();
        self.output(Output::Media(MediaCommand::Offer { call: id, ice }));
    }

    /// Who is at this server, or with which session, is news: unless an attempt is under way that it does not touch, the next one begins.
    pub(crate) fn resume_at(&mut self, server: ServerId) {
        if self.call.as_ref().is_some_and(|call| call.confirmed() || !self.is_current_session(&call.connection)) {
            self.offer_anew(server);
        }
    }

    /// A peer that is trusted offers a new connection for the call `first`. It never rings.
    pub(crate) fn resume_offered(
        &mut self,
        (server, from): (ServerId, PeerId),
        first: CallId,
        (id, offer): (CallId, (Hash, Description)),
        (ends, name): (Ends, PeerName),
    ) {
        let (now, ours) = (self.now.mono, self.links.peer_id());
        let is_current = self.call.as_ref().is_some_and(|call| self.is_current_session(&call.connection));
        let found = self.call.as_mut().filter(|call| call.id == first && call.peer() == from);
        let Some((connection, talk)) = found.and_then(|call| Some((&call.connection, call.talk.as_mut()?))) else {
            return self.reject_offer((server, from), id, RejectReason::Gone);
        };
        // Glare: the impolite side waits for the answer to its own offer, if that is on the way to where the peer is now.
        let is_out = matches!(connection.phase, Phase::Offered { .. }) && connection.offer.is_some();
        if is_out && is_current && ours > from {
            return;
        }
        if !may_again(&mut talk.taken, (MOST_TAKEN, MINUTE), now) {
            return self.reject_offer((server, from), id, RejectReason::Busy);
        }
        self.lose(Loss::Peer);
        self.replace_connection(Connection::incoming(id, offer, ends), name);
        self.answer();
    }

    /// A peer that is not trusted any more wanted to go on with this call: nothing of it is left there.
    pub(crate) fn resume_refused(&mut self, from: PeerId, first: Option<CallId>) {
        if self.call.as_ref().is_some_and(|call| Some(call.id) == first && call.peer() == from && call.talk.is_some()) {
            self.end_call(Ending::Untrusted);
        }
    }

    /// From here on the call has this connection. [`MediaCommand::Close`] of the old one is the last output: the caller's next one
    /// makes the new one, so that media keeps camera and encoder between the two.
    fn replace_connection(&mut self, new: Connection, name: PeerName) {
        let Some(call) = &mut self.call else { return };
        let peer = call.peer();
        call.name = name;
        let old = std::mem::replace(&mut call.connection, new).id;
        if let Some(lost) = self.talk().and_then(|talk| talk.lost.as_mut()) {
            lost.probing = false;
        }
        for timer in [Timer::Confirm, Timer::Ping, Timer::Silence] {
            self.timers.stop(timer);
        }
        self.timers.set(Timer::Retry, self.after(ATTEMPT));
        self.statistics = None;
        self.withdraw_question();
        self.files_connection_gone(peer);
        self.output(Output::Media(MediaCommand::Close { call: old }));
    }

    /// The peer is heard: over the connection that seemed lost, or over the new one, which is confirmed.
    pub(crate) fn resumed(&mut self) {
        let now = self.now.mono;
        let Some(lost) = self.talk().and_then(|talk| talk.lost.take()) else { return };
        self.timers.stop(Timer::GiveUp);
        self.timers.stop(Timer::Retry);
        if let Some(call) = self.call.as_ref().map(|call| call.id) {
            self.notify(Notice::CallResumed { call, after: now.saturating_duration_since(lost.since) });
        }
    }

    /// The peer does not take our offer of a new connection.
    pub(crate) fn resume_rejected(&mut self, why: RejectReason) {
        match why {
            RejectReason::Gone => self.end_call(Ending::PeerLost),
            RejectReason::Untrusted => self.end_call(Ending::Untrusted),
            // The next attempt may find it in another mood.
            RejectReason::Declined | RejectReason::Busy | RejectReason::Timeout | RejectReason::Media => {}
        }
    }

    /// Media cannot go on with the connection. A new one may do; should it fail again and again, the fault is here. An attempt that
    /// fails is followed by the next one in its time.
    pub(crate) fn media_failed(&mut self) {
        let now = self.now.mono;
        let Some(connection) = self.connection() else { return };
        connection.gone = true;
        let was_confirmed = connection.confirmed();
        let may_go_on =
            self.talk().is_some_and(|talk| !was_confirmed || may_again(&mut talk.failed, (MOST_FAILURES, MINUTE), now));
        if !may_go_on {
            self.end_call(Ending::MediaFailed);
        } else if was_confirmed {
            self.lose(Loss::Media);
            self.try_again();
        }
    }

    /// The kernel tells of a new address or way: a dead link and a dead connection are noticed sooner.
    pub(crate) fn network_changed(&mut self) {
        self.probe();
        self.hurry_links();
        let heard_at = self.connection().and_then(|connection| connection.heard_at);
        if let (Some(heard_at), Some(at)) = (heard_at, self.timers.at(Timer::Silence)) {
            self.timers.set(Timer::Silence, at.min(heard_at + SILENCE_AFTER_A_CHANGE));
        }
    }
}
