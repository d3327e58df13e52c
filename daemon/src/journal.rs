//! Notices of the core as lines of the journal. Each refusal is counted (by the core); of each reason one line a minute is written.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use kiosk_call::{Ending, Notice, ServerId};
use tracing::{debug, info, warn};

/// One line of each reason in this time.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Refused {
    written_at: Instant,
    since: u64,
}

/// Writes notices.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// By reason code, of which there are about thirty.
    refused: BTreeMap<&'static str, Refused>,
    /// Why a link is gone, once that is written.
    link_lost: BTreeMap<ServerId, String>,
}

impl Journal {
    pub(crate) fn write(&mut self, notice: &Notice, now: Instant) {
        match notice {
            Notice::Linked { server, peers } => {
                self.link_lost.remove(server);
                info!(name: "link-up", server = server.0, peers, "signed in");
            }
            Notice::LinkLost { server, reason, retry_in } => {
                let retry_in_ms = retry_in.as_millis();
                // A server may be away for days: one line when it goes, or when the reason is another.
                if self.link_lost.get(server) == Some(reason) {
                    debug!(server = server.0, %reason, retry_in_ms, "still no link to the server");
                } else {
                    warn!(name: "link-lost", server = server.0, %reason, retry_in_ms, "no link to the server");
                    self.link_lost.insert(*server, reason.clone());
                }
            }
            Notice::CallStarted { call, peer, outgoing } => info!(%call, %peer, outgoing, "call rings"),
            Notice::CallConnected { call, after } => {
                info!(name: "call-connected", %call, after_ms = after.as_millis(), "call connected");
            }
            Notice::CallReconnecting { call, reason } => {
                info!(name: "call-reconnecting", %call, reason = reason.code(), "a call has lost its connection");
            }
            Notice::CallResumed { call, after } => {
                info!(name: "call-resumed", %call, after_ms = after.as_millis(), "a call goes on");
            }
            Notice::CallEnded { call, why: Ending::NotSecure } => {
                warn!(name: "call-not-secure", %call, "call ended: somebody is in the middle");
            }
            Notice::CallEnded { call, why } => info!(name: "call-ended", %call, ?why, "call ended"),
            Notice::Refused { reason, peer } => {
                if let Some(more) = self.line_for(reason, now) {
                    let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
                    warn!(reason, %peer, more, "refused a message");
                }
            }
            Notice::RevocationsLearned { authority, number, entries } => {
                info!(name: "revocations-learned", %authority, number, entries, "an authority has taken something back");
            }
            Notice::IdentityTaken => {
                warn!(name: "identity-taken", "another program signed in with this kiosk's identity");
            }
            Notice::Paired { peer } => info!(%peer, "paired: this peer is trusted from now on"),
            Notice::Asked { peer, wish, granted } => info!(%peer, ?wish, granted, "a peer asked for something"),
            Notice::FileMoved { size, outgoing } => info!(bytes = size, outgoing, "a file has arrived"),
            Notice::Declined(sentence) => info!(%sentence, "declined"),
        }
    }

    /// Whether a line is due for this reason, and how many refusals went unwritten since the last.
    fn line_for(&mut self, reason: &'static str, now: Instant) -> Option<u64> {
        match self.refused.get_mut(reason) {
            None => {
                self.refused.insert(reason, Refused { written_at: now, since: 0 });
                Some(0)
            }
            Some(refused) if now.duration_since(refused.written_at) >= BETWEEN_LINES => {
                refused.written_at = now;
                Some(std::mem::take(&mut refused.since))
            }
            Some(refused) => {
                refused.since += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_and_reason() {
        let mut journal = Journal::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(journal.line_for("signature", at(0)), Some(0));
        assert_eq!(journal.line_for("replay", at(1)), Some(0));
        assert_eq!(journal.line_for("signature", at(2)), None);
        assert_eq!(journal.line_for("signature", at(59)), None);
        assert_eq!(journal.line_for("signature", at(60)), Some(2));
        assert_eq!(journal.line_for("signature", at(61)), None);
        assert_eq!(journal.line_for("signature", at(180)), Some(1));
    }
}
