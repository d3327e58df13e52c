//! The data channel of a call: confirmation, chat, controls, signs of life.

use std::time::Duration;

use kiosk_wire::{Body, ChatId, Envelope, Message, Refusal, Transport};
use rand_chacha::rand_core::RngCore as _;

use crate::{
    Kiosk,
    call::{Call, Confirmation},
    port::Statistics,
    security::{PING_EVERY, SILENCE},
    timers::Timer,
    view::Ending,
};

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
        let message = Message::open(&Envelope::parse(text)?, &call.certificate, &call.me, Transport::Channel)?;
        if message.call != call.id {
            return Err(Refusal::UnknownCall);
        }
        call.receive(Transport::Channel, message.seq)?;
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
                let name = call.name.name.clone();
                self.chat.hear(id, &name, text, self.now.wall)?;
                self.send_on_channel(&Body::ChatReceived(id));
            }
            Body::ChatReceived(id) => self.chat.delivered(id),
            Body::Media { audio, video } => (call.peer_audio, call.peer_video) = (audio, video),
            Body::Ping(n) => self.send_on_channel(&Body::Pong(n)),
            Body::Pong(_) => {}
            // Link messages: `Message::open` has refused them.
            Body::Offer(_)
            | Body::Ringing
            | Body::Answer(_)
            | Body::Candidates(_)
            | Body::EndOfCandidates
            | Body::Reject(_)
            | Body::PairCommit(_)
            | Body::PairReveal(_)
            | Body::PairConfirm => return Err(Refusal::WrongTransport),
        }
        self.heard();
        Ok(())
    }

    /// A sign of life.
    fn heard(&mut self) {
        if self.call.as_ref().is_some_and(Call::confirmed) {
            self.timers.set(Timer::Silence, self.after(SILENCE));
        }
    }

    pub(crate) fn measured(&mut self, statistics: Statistics) {
        let now = self.now.mono;
        let Some(call) = &mut self.call else { return };
        call.measured_at = Some(now);
        if statistics.packets_received > call.packets_received {
            call.packets_received = statistics.packets_received;
            self.heard();
        }
        self.statistics = Some(statistics);
    }

    /// Nothing was heard of the peer for too long. While media tells no figures either, it is busy here (a device may take
    /// seconds to open) and it is too early to say; should it hang for good, that is the watchdog's business.
    pub(crate) fn silent(&mut self) {
        let now = self.now.mono;
        let is_busy = self.call.as_ref().is_some_and(|call| {
            !call.gone && call.measured_at.is_some_and(|at| now.saturating_duration_since(at) > FIGURES)
        });
        if is_busy {
            self.timers.set(Timer::Silence, self.after(FIGURES));
        } else {
            self.end_call(Ending::PeerLost);
        }
    }

    pub(crate) fn ping(&mut self) {
        let Some(call) = self.call.as_mut().filter(|call| call.confirmed()) else { return };
        call.pings = call.pings.wrapping_add(1);
        let n = call.pings;
        self.send_on_channel(&Body::Ping(n));
        self.timers.set(Timer::Ping, self.after(PING_EVERY));
    }

    pub(crate) fn say(&mut self, text: String) {
        if !self.call.as_ref().is_some_and(Call::confirmed) {
            return self.decline("there is no call to chat in".to_owned());
        }
        let Ok(text) = Body::chat_text(text) else {
            return self.decline("a line of chat has 1 to 4000 characters and at most 8192 bytes".to_owned());
        };
        let mut id = [0; 16];
        self.random.fill_bytes(&mut id);
        let id = ChatId(id);
        self.chat.say(id, text.clone(), self.now.wall);
        self.send_on_channel(&Body::Chat { id, text });
    }
}
