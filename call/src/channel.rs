//! The data channel of a call: confirmation, chat, controls, signs of life.

use std::time::Duration;

use kiosk_wire::{Body, Envelope, Message, Refusal, Transport};

use crate::{
    Kiosk,
    call::{Call, Confirmation, PeerSends},
    port::{Loss, Statistics},
    security::PING_EVERY,
    timers::Timer,
    view::Ending,
};

/// A peer that says nothing for so long is lost.
const SILENCE: Duration = Duration::from_secs(3);

/// Media tells its figures more often than this, every 500 ms, unless it is busy.
const FIGURES: Duration = Duration::from_millis(1_500);

impl Kiosk {
    pub(crate) fn channel_message(&mut self, text: &str) {
        let Err(refusal) = self.open_channel_message(text) else { return };
        let peer = self.call.as_ref().map(Call::peer);
        self.refuse(refusal, peer);
        if refusal == Refusal::OutOfOrder {
            self.end_call(Ending::Protocol);
        }
    }

    fn open_channel_message(&mut self, text: &str) -> Result<(), Refusal> {
        let call = self.call.as_mut().ok_or(Refusal::UnknownCall)?;
        let connection = &mut call.connection;
        let envelope = Envelope::parse(text)?;
        let message = Message::open(&envelope, &connection.certificate, &connection.me, Transport::Channel)?;
        if message.call != connection.id {
            return Err(Refusal::UnknownCall);
        }
        connection.receive(Transport::Channel, message.seq)?;
        match message.body {
            Body::Confirm { local, remote, offer, answer } => {
                return self.peer_confirmed(Confirmation { local, remote, offer, answer });
            }
            Body::Bye(why) => {
                self.peer_said_bye(why);
                return Ok(());
            }
            _ if !call.confirmed() => return Err(Refusal::NotConfirmed),
            Body::Chat { id, text } => {
                let (peer, name) = (call.peer(), call.name.name.clone());
                self.hear(peer, name, (id, text));
                self.send_on_channel(&Body::ChatReceived(id));
            }
            Body::ChatReceived(id) => {
                let peer = call.peer();
                self.chat_received(peer, id);
            }
            Body::Media { audio, video, screen, hold } => call.peer_sends = PeerSends { audio, video, screen, hold },
            Body::Ask { id, wish } => self.asked(id, wish)?,
            // We ask for nothing.
            Body::Reply { .. } => return Err(Refusal::Unexpected),
            Body::FileOffer(_)
            | Body::FileAccept { .. }
            | Body::FileProgress { .. }
            | Body::FileDone(_)
            | Body::FileCancel { .. }
            | Body::Show(_) => self.file_message(message.body)?,
            Body::Ping(n) => self.send_on_channel(&Body::Pong(n)),
            Body::Pong(_) => {}
            // Link messages: `Message::open` has refused them.
            Body::Offer { .. }
            | Body::Ringing
            | Body::Answer(_)
            | Body::Candidates(_)
            | Body::EndOfCandidates
            | Body::Reject(_)
            | Body::PairCommit(_)
            | Body::PairReveal(_)
            | Body::PairConfirm
            | Body::PairCancel
            | Body::Status(_) => return Err(Refusal::WrongTransport),
        }
        self.heard();
        Ok(())
    }

    /// A sign of life. It may be of a connection that was given up already, and is not replaced yet: then all is well again.
    pub(crate) fn heard(&mut self) {
        let now = self.now.mono;
        let Some(connection) = self.connection().filter(|its| its.confirmed() && !its.gone) else { return };
        connection.heard_at = Some(now);
        self.timers.set(Timer::Silence, self.after(SILENCE));
        self.resumed();
    }

    pub(crate) fn measured(&mut self, statistics: Statistics) {
        let now = self.now.mono;
        let Some(connection) = self.connection() else { return };
        connection.measured_at = Some(now);
        if statistics.packets_received > connection.packets_received {
            connection.packets_received = statistics.packets_received;
            self.heard();
        }
        self.statistics = Some(statistics);
    }

    /// Nothing was heard of the peer for too long. While media tells no figures either, it is busy here (a device may take
    /// seconds to open) and it is too early to say; should it hang for good, that is the watchdog's business.
    pub(crate) fn silent(&mut self) {
        let now = self.now.mono;
        let Some(connection) = self.connection() else { return };
        let gone = connection.gone;
        let is_busy = connection.measured_at.is_some_and(|at| now.saturating_duration_since(at) > FIGURES);
        if is_busy && !gone {
            self.timers.set(Timer::Silence, self.after(FIGURES));
        } else {
            self.connection_lost(if gone { Loss::Closed } else { Loss::Silence });
        }
    }

    pub(crate) fn ping(&mut self) {
        let Some(connection) = self.connection().filter(|connection| connection.confirmed()) else { return };
        connection.pings = connection.pings.wrapping_add(1);
        let n = connection.pings;
        self.send_on_channel(&Body::Ping(n));
        self.timers.set(Timer::Ping, self.after(PING_EVERY));
    }
}
