//! The end of the handshake: whose certificate it was, whether both sides saw the same call, and only then the gates.

use std::time::Duration;

use kiosk_wire::{Body, Fingerprint, Refusal};

use crate::{
    Kiosk,
    call::{Confirmation, Phase, Secured},
    port::{MediaCommand, Notice, Output},
    timers::Timer,
    view::Ending,
};

/// A ping each second; a peer that is silent for three is gone.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(1);
pub(crate) const SILENCE: Duration = Duration::from_secs(3);

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
        let Some(call) = self.call.as_mut().filter(|call| call.secured.is_none()) else { return };
        let (Some(signed_by_us), Some(signed)) = (&call.local, &call.remote) else { return };
        if !check(signed_by_us.fingerprint(), local) || !check(signed.fingerprint(), remote) {
            return self.not_secure(Refusal::CertificateMismatch);
        }
        call.secured = Some(Secured { local, remote });
        self.try_confirm();
    }

    pub(crate) fn channel_opened(&mut self) {
        if let Some(call) = &mut self.call {
            call.channel_open = true;
        }
        self.try_confirm();
    }

    /// Tells the peer what we saw, as soon as we have seen it all.
    pub(crate) fn try_confirm(&mut self) {
        let Some(call) = self.call.as_mut().filter(|call| call.channel_open && !call.confirm_sent) else { return };
        let Some(Confirmation { local, remote, offer, answer }) = call.seen() else { return };
        call.confirm_sent = true;
        self.send_on_channel(&Body::Confirm { local, remote, offer, answer });
        self.compare_confirmations();
    }

    /// What the peer says it saw.
    pub(crate) fn peer_confirmed(&mut self, confirmation: Confirmation) -> Result<(), Refusal> {
        let Some(call) = self.call.as_mut().filter(|call| call.confirmation.is_none()) else {
            return Err(Refusal::Unexpected);
        };
        call.confirmation = Some(confirmation);
        self.compare_confirmations();
        Ok(())
    }

    fn compare_confirmations(&mut self) {
        let check = self.certificate_check;
        let Some(call) = self.call.as_ref().filter(|call| call.confirm_sent && !call.confirmed()) else { return };
        let (Some(ours), Some(theirs)) = (call.seen(), call.confirmation) else { return };
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
        let Some(call) = &mut self.call else { return };
        let Phase::Connecting { since } = call.phase else { return };
        call.phase = Phase::InCall { since: now };
        let id = call.id;
        self.timers.stop(Timer::Connect);
        self.timers.set(Timer::Ping, self.after(PING_EVERY));
        self.timers.set(Timer::Silence, self.after(SILENCE));
        self.output(Output::Media(MediaCommand::OpenGates { call: id }));
        self.output(Output::Media(MediaCommand::SetSending { audio: !self.muted, video: !self.camera_off }));
        self.tell_sending();
        self.notify(Notice::CallConnected { call: id, after: now.saturating_duration_since(since) });
    }

    fn not_secure(&mut self, refusal: Refusal) {
        let peer = self.call.as_ref().map(crate::call::Call::peer);
        self.refuse(refusal, peer);
        self.end_call(Ending::NotSecure);
    }
}
