//! The end of the handshake: whose certificate it was, whether both sides saw the same call, and only then the gates.

use std::time::Duration;

use kiosk_wire::{Body, Fingerprint, Refusal};

use crate::{
    Kiosk,
    call::{Confirmation, Phase, Secured},
    port::{MediaCommand, Notice, Output},
    reconnecting::Talk,
    timers::Timer,
    view::Ending,
};

/// A ping each second.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(1);

/// The answerer's confirmation is said again after so long.
const CONFIRM_AGAIN: Duration = Duration::from_millis(500);

/// Says whether the certificate seen in the handshake is the signed one: (signed, seen).
pub type CertificateCheck = fn(Fingerprint, Fingerprint) -> bool;

/// The only check that the product has.
pub(crate) fn certificates_agree(signed: Fingerprint, seen: Fingerprint) -> bool {
    signed == seen
}

impl Kiosk {
    /// DTLS is done. webrtcbin takes any certificate (GStreamer before 1.28): it is for us to compare it with the signed one.
    pub(crate) fn secured(&mut self, local: Fingerprint, remote: Fingerprint) {
        let check = self.certificate_check;
        let Some(connection) = self.connection().filter(|connection| connection.secured.is_none()) else { return };
        let (Some(signed_by_us), Some(signed)) = (&connection.local, &connection.remote) else { return };
        if !check(signed_by_us.fingerprint(), local) || !check(signed.fingerprint(), remote) {
            return self.not_secure(Refusal::CertificateMismatch);
        }
        connection.secured = Some(Secured { local, remote });
        self.try_confirm();
    }

    pub(crate) fn channel_opened(&mut self) {
        if let Some(connection) = self.connection() {
            connection.channel_open = true;
        }
        self.try_confirm();
    }

    /// Tells the peer what we saw, as soon as we have seen it all. The offerer waits for the answerer's word: so nothing else is
    /// said before both words have passed.
    pub(crate) fn try_confirm(&mut self) {
        let Some(connection) = self.connection().filter(|its| its.channel_open && !its.confirm_sent) else { return };
        if connection.seen().is_none() || (connection.outgoing && connection.confirmation.is_none()) {
            return;
        }
        connection.confirm_sent = true;
        self.say_confirm();
        self.compare_confirmations();
    }

    fn say_confirm(&mut self) {
        let Some(connection) = self.connection() else { return };
        let Some(Confirmation { local, remote, offer, answer }) = connection.seen() else { return };
        if !connection.outgoing {
            self.timers.set(Timer::Confirm, self.after(CONFIRM_AGAIN));
        }
        self.send_on_channel(&Body::Confirm { local, remote, offer, answer });
    }

    /// The offerer has not answered our word: it may be lost.
    pub(crate) fn confirm_again(&mut self) {
        if self.connection().is_some_and(|connection| connection.confirm_sent && !connection.confirmed()) {
            self.say_confirm();
        }
    }

    /// What the peer says it saw.
    pub(crate) fn peer_confirmed(&mut self, confirmation: Confirmation) -> Result<(), Refusal> {
        let Some(connection) = self.connection() else { return Err(Refusal::UnknownCall) };
        if *connection.confirmation.get_or_insert(confirmation) != confirmation {
            return Err(Refusal::Unexpected);
        }
        if connection.confirmed() {
            // The answerer says it again, so it has not heard ours.
            if connection.outgoing {
                self.say_confirm();
            }
        } else if connection.confirm_sent {
            self.compare_confirmations();
        } else {
            self.try_confirm();
        }
        Ok(())
    }

    fn compare_confirmations(&mut self) {
        let check = self.certificate_check;
        let Some(connection) = self.connection().filter(|its| its.confirm_sent && !its.confirmed()) else { return };
        let (Some(ours), Some(theirs)) = (connection.seen(), connection.confirmation) else { return };
        let agreed = check(ours.remote, theirs.local)
            && check(ours.local, theirs.remote)
            && ours.offer == theirs.offer
            && ours.answer == theirs.answer;
        if agreed {
            self.connected();
        } else {
            self.not_secure(Refusal::ConfirmMismatch);
        }
    }

    /// The one place where the gates are opened.
    fn connected(&mut self) {
        let now = self.now.mono;
        let Some(connection) = self.connection() else { return };
        let Phase::Connecting { since } = connection.phase else { return };
        connection.phase = Phase::Confirmed;
        let gates = MediaCommand::OpenGates { call: connection.id };
        self.timers.stop(Timer::Connect);
        self.timers.stop(Timer::Confirm);
        self.timers.set(Timer::Ping, self.after(PING_EVERY));
        self.output(Output::Media(gates));
        self.heard();
        if let Some(call) = self.call.as_mut().filter(|call| call.talk.is_none()) {
            call.talk = Some(Talk::new(now));
            let after = now.saturating_duration_since(since);
            let notice = Notice::CallConnected { call: call.id, after };
            self.notify(notice);
        }
        self.set_sending(self.sending);
        self.files_call_connected();
        self.send_waiting_lines(false);
    }

    fn not_secure(&mut self, refusal: Refusal) {
        let peer = self.call.as_ref().map(crate::call::Call::peer);
        self.refuse(refusal, peer);
        self.end_call(Ending::NotSecure);
    }
}
