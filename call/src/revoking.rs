//! Trust that ends: a peer that people here no longer trust, and what authorities take back.

use kiosk_wire::{Envelope, PeerId};

use crate::{
    Kiosk,
    call::Call,
    port::{Notice, Output, Record},
    trust::Standing,
    view::Ending,
};

impl Kiosk {
    pub(crate) fn trust_no_more(&mut self, peer: PeerId) {
        if self.trust.remove(peer) {
            self.output(Output::Store(Record::TrustRemoved(peer)));
        } else {
            self.decline(format!("{peer} is not a trusted peer; see `kioskctl trust list`"));
        }
    }

    pub(crate) fn revoke(&mut self, peer: PeerId) {
        self.trust.revoke(peer);
        self.output(Output::Store(Record::Revoked(peer)));
        self.end_call_with_the_refused();
    }

    /// A revocation list, from the server or a file. Both are only carriers: its signature and its number count.
    pub(crate) fn revocations(&mut self, envelope: Envelope) {
        match self.trust.learn(&envelope) {
            Ok(Some(list)) => {
                let (authority, number, entries) = (list.op, list.number, list.peers.len() + list.serials.len());
                self.output(Output::Store(Record::RevocationList(authority, Box::new(envelope))));
                self.notify(Notice::RevocationsLearned { authority, number, entries });
                self.end_call_with_the_refused();
            }
            Ok(None) => {}
            Err(refusal) => self.refuse(refusal, None),
        }
    }

    /// Nobody talks on with somebody who was revoked meanwhile.
    fn end_call_with_the_refused(&mut self) {
        let Some(peer) = self.call.as_ref().map(Call::peer) else { return };
        let is_revoked = self.trust.is_revoked(peer) || self.standing(peer) == Some(Standing::Refused);
        if is_revoked {
            self.end_call(Ending::HungUp);
        }
    }
}
