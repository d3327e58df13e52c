//! What happens in a kiosk, told as it happens to whoever follows at the control socket.

use kiosk_call::{DeviceState, Notice, UnixMillis, View};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// Events that wait for a follower who is slow; of more than these it is told how many it has missed.
const WAITING: usize = 256;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub enum EventName {
    Listening,
    Missed,
    Linked,
    LinkLost,
    CallStarted,
    CallConnected,
    CallReconnecting,
    CallResumed,
    CallEnded,
    Refused,
    Paired,
    RevocationsLearned,
    IdentityTaken,
    Asked,
    FileMoved,
    Declined,
    DeviceWorks,
    DeviceMissing,
    ConfigReloaded,
    ConfigRefused,
}

/// `type Event`: what does not belong to it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the interface definition documents each")]
pub struct EventReply {
    pub at_ms: u64,
    pub event: EventName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl EventReply {
    pub(crate) const fn new(event: EventName, at: UnixMillis) -> Self {
        Self {
            at_ms: at.0,
            event,
            call: None,
            peer: None,
            outgoing: None,
            reason: None,
            after_ms: None,
            count: None,
            wish: None,
            granted: None,
            device: None,
        }
    }

    fn of_notice(notice: &Notice, at: UnixMillis) -> Self {
        let event = |name| Self::new(name, at);
        let millis = |duration: &std::time::Duration| Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        match notice {
            Notice::Linked { server: _, peers } => {
                Self { count: u64::try_from(*peers).ok(), ..event(EventName::Linked) }
            }
            Notice::LinkLost { server: _, reason, retry_in } => {
                Self { reason: Some(reason.clone()), after_ms: millis(retry_in), ..event(EventName::LinkLost) }
            }
            Notice::CallStarted { call, peer, outgoing } => Self {
                call: Some(call.to_string()),
                peer: Some(peer.to_string()),
                outgoing: Some(*outgoing),
                ..event(EventName::CallStarted)
            },
            Notice::CallConnected { call, after } => {
                Self { call: Some(call.to_string()), after_ms: millis(after), ..event(EventName::CallConnected) }
            }
            Notice::CallReconnecting { call, reason } => {
                let reason = Some(reason.code().to_owned());
                Self { call: Some(call.to_string()), reason, ..event(EventName::CallReconnecting) }
            }
            Notice::CallResumed { call, after } => {
                Self { call: Some(call.to_string()), after_ms: millis(after), ..event(EventName::CallResumed) }
            }
            Notice::CallEnded { call, why } => {
                let reason = Some(why.code().to_owned());
                Self { call: Some(call.to_string()), reason, ..event(EventName::CallEnded) }
            }
            Notice::Refused { reason, peer } => Self {
                reason: Some((*reason).to_owned()),
                peer: peer.map(|peer| peer.to_string()),
                ..event(EventName::Refused)
            },
            Notice::Paired { peer } => Self { peer: Some(peer.to_string()), ..event(EventName::Paired) },
            Notice::RevocationsLearned { authority: _, number, entries: _ } => {
                Self { count: Some(*number), ..event(EventName::RevocationsLearned) }
            }
            Notice::IdentityTaken => event(EventName::IdentityTaken),
            Notice::Asked { peer, wish, granted } => Self {
                peer: Some(peer.to_string()),
                wish: Some(wish.name().to_owned()),
                granted: Some(*granted),
                ..event(EventName::Asked)
            },
            Notice::FileMoved { size, outgoing } => {
                Self { count: Some(*size), outgoing: Some(*outgoing), ..event(EventName::FileMoved) }
            }
            Notice::Declined(sentence) => Self { reason: Some(sentence.clone()), ..event(EventName::Declined) },
        }
    }
}

/// Where events are told. Clones tell the same followers.
#[derive(Clone, Debug)]
pub(crate) struct Events(broadcast::Sender<EventReply>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::channel(WAITING).0)
    }
}

impl Events {
    pub(crate) fn tell(&self, event: EventReply) {
        // Nobody follows: nothing to do about it.
        let _ = self.0.send(event);
    }

    pub(crate) fn notice(&self, notice: &Notice, at: UnixMillis) {
        if self.0.receiver_count() > 0 {
            self.tell(EventReply::of_notice(notice, at));
        }
    }

    /// Devices that have come or gone from one view to the next.
    pub(crate) fn view(&self, before: &View, after: &View, at: UnixMillis) {
        for (name, before, after) in [("camera", &before.camera, &after.camera), ("sound", &before.sound, &after.sound)]
        {
            if before != after {
                let (event, reason) = match after {
                    DeviceState::Ready => (EventName::DeviceWorks, None),
                    DeviceState::Missing(why) => (EventName::DeviceMissing, Some(why.clone())),
                };
                self.tell(EventReply { device: Some(name.to_owned()), reason, ..EventReply::new(event, at) });
            }
        }
    }

    pub(crate) fn follow(&self) -> broadcast::Receiver<EventReply> {
        self.0.subscribe()
    }
}
