//! All deadlines of the kiosk in one small table.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::port::ServerId;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The link is to be tried again, or took too long to sign in.
    Link(ServerId),
    /// The session's certificate runs out.
    Renewal(ServerId),
    /// Nobody answered.
    Ring,
    /// No confirmed connection.
    Connect,
    /// The offerer has not answered our confirmation.
    Confirm,
    /// The next ping.
    Ping,
    /// Nothing was heard of the peer.
    Silence,
    /// The attempt to reconnect takes too long: the next one is due.
    Retry,
    /// A reconnecting call is given up.
    GiveUp,
    /// The end of a call has been shown long enough.
    Ended,
    /// A volume button is still held.
    VolumeStep,
    /// The volume has been shown long enough.
    VolumeShown,
    /// A call is answered by itself.
    AutoAnswer,
    /// Lines of chat without a receipt are sent again.
    ChatResend,
    /// The chat outside a call has been shown long enough.
    ChatShown,
    /// Lines of chat may be too old.
    ChatOld,
    /// Nobody has granted what was asked.
    Question,
    /// A remark has been shown long enough.
    Remark,
    /// The window of a pairing closes, or its outcome has been shown.
    Pairing,
    /// Transfers have rested long enough.
    Files,
}

impl Timer {
    /// Those that end with a call.
    pub(crate) const OF_A_CALL: [Self; 8] = [
        Self::Ring,
        Self::AutoAnswer,
        Self::Connect,
        Self::Confirm,
        Self::Ping,
        Self::Silence,
        Self::Retry,
        Self::GiveUp,
    ];

    const fn reason(self) -> &'static str {
        match self {
            Self::Link(_) => "link",
            Self::Renewal(_) => "renewal",
            Self::Ring => "ring",
            Self::Connect => "connect",
            Self::Confirm => "confirm",
            Self::Ping => "ping",
            Self::Silence => "silence",
            Self::Retry => "retry",
            Self::GiveUp => "give up",
            Self::Ended => "ended",
            Self::VolumeStep => "volume step",
            Self::VolumeShown => "volume shown",
            Self::AutoAnswer => "auto answer",
            Self::ChatResend => "chat resend",
            Self::ChatShown => "chat shown",
            Self::ChatOld => "chat old",
            Self::Question => "question",
            Self::Remark => "remark",
            Self::Pairing => "pairing",
            Self::Files => "files",
        }
    }
}

/// Whether something may happen once more, when it may so often in so long; then it counts as done. `times`: when it was.
pub(crate) fn may_again(times: &mut Vec<Instant>, (most, within): (usize, Duration), now: Instant) -> bool {
    times.retain(|time| now.saturating_duration_since(*time) < within);
    let may = times.len() < most;
    if may {
        times.push(now);
    }
    may
}

/// At most one deadline for each [`Timer`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers(BTreeMap<Timer, Instant>);

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.0.insert(timer, at);
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0.remove(&timer);
    }

    pub(crate) fn at(&self, timer: Timer) -> Option<Instant> {
        self.0.get(&timer).copied()
    }

    /// The earliest deadline and its reason.
    pub(crate) fn next(&self) -> (Option<Instant>, &'static str) {
        let earliest = self.0.iter().min_by_key(|(_, at)| **at);
        earliest.map_or((None, "nothing"), |(timer, at)| (Some(*at), timer.reason()))
    }

    /// Takes one deadline that has passed.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<Timer> {
        let (expired, _) = self.0.iter().find(|(_, at)| **at <= now)?;
        let expired = *expired;
        self.stop(expired);
        Some(expired)
    }
}
