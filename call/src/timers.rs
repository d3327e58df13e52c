//! All deadlines of the kiosk in one small table.

use std::time::Instant;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The link is to be tried again, or took too long to sign in.
    Link,
    /// The session's certificate runs out.
    Renewal,
    /// Nobody answered.
    Ring,
    /// No confirmed connection.
    Connect,
    /// The next ping.
    Ping,
    /// Nothing was heard of the peer.
    Silence,
    /// The end of a call has been shown long enough.
    Ended,
    /// A volume button is still held.
    VolumeStep,
    /// The volume has been shown long enough.
    VolumeShown,
}

const ALL: [Timer; 9] = [
    Timer::Link,
    Timer::Renewal,
    Timer::Ring,
    Timer::Connect,
    Timer::Ping,
    Timer::Silence,
    Timer::Ended,
    Timer::VolumeStep,
    Timer::VolumeShown,
];

impl Timer {
    const fn reason(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Renewal => "renewal",
            Self::Ring => "ring",
            Self::Connect => "connect",
            Self::Ping => "ping",
            Self::Silence => "silence",
            Self::Ended => "ended",
            Self::VolumeStep => "volume step",
            Self::VolumeShown => "volume shown",
        }
    }
}

/// At most one deadline for each [`Timer`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers([Option<Instant>; ALL.len()]);

impl Timers {
    pub(crate) const fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(crate) const fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) const fn at(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// The earliest deadline and its reason.
    pub(crate) fn next(&self) -> (Option<Instant>, &'static str) {
        let earliest = ALL.iter().filter_map(|timer| self.at(*timer).map(|at| (at, *timer))).min_by_key(|(at, _)| *at);
        earliest.map_or((None, "nothing"), |(at, timer)| (Some(at), timer.reason()))
    }

    /// Takes one deadline that has passed.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<Timer> {
        let expired = ALL.into_iter().find(|timer| self.at(*timer).is_some_and(|at| at <= now))?;
        self.stop(expired);
        Some(expired)
    }
}
