//! Messages that belong to no call: how we are, chat between calls, pairing, a restart (docs/protocol.md §6).

use kiosk_wire::{
    Body, CallId, ClientFrame, Fault, KioskState, KioskStatus, Message, MessageHeader, PeerId, Refusal, Role, Wish,
};

use crate::{
    Kiosk,
    call::{Call, Stage},
    link::Link,
    port::{LinkCommand, Notice, Output, ServerId},
    trust::Standing,
    view::{DeviceState, Ending},
};

/// Most sessions with which numbers are exchanged; a room has fewer.
const MOST_SESSIONS: usize = 4_096;

/// Numbers of the messages between one session of ours and one of a peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    next_sent: u32,
    next_received: u32,
}

impl Kiosk {
    /// Sends a message outside a call. False: the peer is not in the room, or we are not signed in.
    pub(crate) fn send_outside(&mut self, to: PeerId, body: &Body) -> bool {
        let wall = self.now.wall;
        let Some((server, session)) = self.links.meeting_mut(to) else { return false };
        let Some(peer) = session.peers.get(&to) else { return false };
        let numbers = session.outside.entry(peer.certificate.session()).or_default();
        let header = MessageHeader {
            from: session.me.peer,
            to,
            to_session: peer.certificate.session(),
            room: session.me.room.clone(),
            call: CallId::NONE,
            seq: numbers.next_sent,
            re: None,
            at: wall.0,
        };
        numbers.next_sent += 1;
        let m = Message::seal(&session.key, &header, body);
        self.output(Output::Link(server, LinkCommand::Send(ClientFrame::Msg { to, m }.to_text())));
        true
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "`Body::travels` says what may come outside a call")]
    pub(crate) fn outside_message(
        &mut self,
        (server, from): (ServerId, PeerId),
        standing: &Standing,
        message: Message,
    ) -> Result<(), Refusal> {
        self.number_received((server, from), message.seq)?;
        match message.body {
            Body::PairCommit(_) | Body::PairReveal(_) | Body::PairConfirm | Body::PairCancel => {
                self.pair_message(from, message.body)
            }
            _ if *standing == Standing::Refused => Err(Refusal::Untrusted),
            Body::Chat { id, text } => {
                let name = self.name_of(from, standing).ok_or(Refusal::UnknownPeer)?;
                self.hear(from, name, (id, text));
                self.send_outside(from, &Body::ChatReceived(id));
                Ok(())
            }
            Body::ChatReceived(id) => {
                self.chat_received(from, id);
                Ok(())
            }
            Body::Ask { id, wish: Wish::Restart } => {
                let granted = self.restart_asked(from, standing);
                self.send_outside(from, &Body::Reply { id, granted });
                self.restart_if(granted);
                Ok(())
            }
            // Nothing was asked, and no kiosk is told how another is: what is left comes from a peer that makes no sense.
            _ => Err(Refusal::Unexpected),
        }
    }

    /// Rising, so that nothing is taken twice; gaps are allowed, since the server may drop what comes too fast.
    fn number_received(&mut self, (server, from): (ServerId, PeerId), seq: u32) -> Result<(), Refusal> {
        let session = self.links.link(server).and_then(Link::session_mut).ok_or(Refusal::Unexpected)?;
        let peer = session.peers.get(&from).ok_or(Refusal::UnknownPeer)?.certificate.session();
        if session.outside.len() >= MOST_SESSIONS && !session.outside.contains_key(&peer) {
            return Err(Refusal::BodyLimit);
        }
        let numbers = session.outside.entry(peer).or_default();
        if seq < numbers.next_received {
            return Err(Refusal::Replayed);
        }
        numbers.next_received = seq.saturating_add(1);
        Ok(())
    }

    /// What people here call a peer of the room.
    pub(crate) fn name_of(&self, peer: PeerId, standing: &Standing) -> Option<String> {
        match standing {
            Standing::Pinned(pin) => Some(pin.name.clone()),
            Standing::Member | Standing::Unverified | Standing::Refused => {
                Some(self.links.peer(peer)?.certificate.name.as_str().to_owned())
            }
        }
    }

    /// Whether a peer's wish for a restart is one that we obey.
    pub(crate) fn restart_asked(&mut self, from: PeerId, standing: &Standing) -> bool {
        let is_operator = self.links.peer(from).is_some_and(|peer| peer.certificate.role == Role::Operator);
        let granted = self.allow_restart && is_operator && standing.verified();
        self.notify(Notice::Asked { peer: from, wish: Wish::Restart, granted });
        granted
    }

    pub(crate) fn restart_if(&mut self, granted: bool) {
        if granted {
            self.end_call(Ending::Shutdown);
            self.output(Output::Restart);
        }
    }

    /// Tells every operator that we trust how we are, when that has changed; one that has just come, anyway.
    pub(crate) fn tell_status(&mut self) {
        let status = self.kiosk_status();
        let changed = self.status_told.as_ref() != Some(&status);
        if !changed && self.to_be_told.is_empty() {
            return;
        }
        let told = std::mem::take(&mut self.to_be_told);
        let peers = self.links.peers().into_iter();
        let operators = peers.filter(|(_, peer)| peer.certificate.role == Role::Operator).map(|(id, _)| id);
        let operators: Vec<PeerId> = operators.filter(|id| changed || told.contains(id)).collect();
        for operator in operators {
            if self.standing(operator).is_some_and(|standing| standing != Standing::Refused) {
                self.send_outside(operator, &Body::Status(status.clone()));
            }
        }
        self.status_told = Some(status);
    }

    fn kiosk_status(&self) -> KioskStatus {
        let state = match self.call.as_ref().map(Call::stage) {
            None => KioskState::Idle,
            Some(Stage::RingingOut { .. }) => KioskState::RingingOut,
            Some(Stage::RingingIn) => KioskState::RingingIn,
            Some(Stage::Connecting) => KioskState::Connecting,
            Some(Stage::InCall(_)) => KioskState::InCall,
        };
        let devices = [(&self.camera, Fault::Camera), (&self.sound, Fault::Sound), (&self.panel, Fault::Panel)];
        let missing = devices.into_iter().filter(|(device, _)| matches!(device, DeviceState::Missing(_)));
        KioskStatus {
            state,
            faults: missing.map(|(_, fault)| fault).collect(),
            unread: u32::try_from(self.chat.unread()).unwrap_or(u32::MAX),
        }
    }

    /// There is a call with this peer that was confirmed once.
    pub(crate) fn talks_with(&self, peer: PeerId) -> bool {
        self.call.as_ref().is_some_and(|call| call.peer() == peer && call.talk.is_some())
    }
}
