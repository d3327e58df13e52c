//! What pictures show of the time.

use std::time::{Duration, Instant};

use kiosk_call::{Link, Pairing, Screen, View};

/// The seconds that a picture shows or moves with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Of what fills the screen: how long it has lasted, or how long it still will.
    pub screen: u64,
    /// Left to answer a question.
    pub question: u64,
    /// Left for a pairing.
    pub pairing: u64,
    /// Left to find a new connection.
    pub reconnecting: u64,
    /// Hour and minute of the day; None: not shown.
    pub clock: Option<(u8, u8)>,
}

/// What a picture shows of the time, and when that is something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// What it shows.
    pub shown: Shown,
    /// When the picture is out of date; None: never.
    pub until: Option<Instant>,
}

/// Tells hour, minute and second of the day.
pub(super) type Clock = fn() -> (u8, u8, u8);

/// Seconds, and when they are others.
type Ticking = (u64, Option<Instant>);

/// What a picture of this view shows of the time now. `clock` tells hour, minute and second of the day.
pub(super) fn beat(view: &View, now: Instant, started: Instant, clock: Option<Clock>) -> Beat {
    let screen = match &view.screen {
        Screen::InCall { since, .. } => up(*since, now),
        Screen::RingingIn { answered_at: Some(at), .. } => down(*at, now),
        Screen::Booting | Screen::RingingOut { .. } | Screen::RingingIn { .. } | Screen::Connecting { .. } => {
            up(started, now)
        }
        Screen::Idle { .. } => match &view.link {
            Link::Up if view.update.is_some() => up(started, now),
            Link::Up => (0, None),
            Link::Connecting => up(started, now),
            Link::Down { retry_at, .. } => down(*retry_at, now),
        },
        Screen::OutOfOrder | Screen::Ended { .. } => (0, None),
    };
    let question = view.question.as_ref().map_or((0, None), |question| down(question.until, now));
    let pairing = match &view.pairing {
        Some(Pairing::Waiting { until } | Pairing::Compare { until, .. }) => down(*until, now),
        Some(Pairing::Done { .. } | Pairing::Failed(_)) | None => (0, None),
    };
    let reconnecting = match &view.screen {
        Screen::InCall { reconnecting: Some(at), .. } => down(*at, now),
        Screen::InCall { reconnecting: None, .. }
        | Screen::Booting
        | Screen::Idle { .. }
        | Screen::RingingOut { .. }
        | Screen::RingingIn { .. }
        | Screen::Connecting { .. }
        | Screen::OutOfOrder
        | Screen::Ended { .. } => (0, None),
    };
    let has_clock = matches!(view.screen, Screen::Idle { .. } | Screen::OutOfOrder);
    let (clock, minute) = match clock.filter(|_| has_clock) {
        None => (None, None),
        Some(clock) => {
            let (hour, minute, second) = clock();
            let left = Duration::from_secs(60_u64.saturating_sub(u64::from(second)).max(1));
            (Some((hour, minute)), now.checked_add(left))
        }
    };
    let until = [screen.1, question.1, pairing.1, reconnecting.1, minute].into_iter().flatten().min();
    let shown =
        Shown { screen: screen.0, question: question.0, pairing: pairing.0, reconnecting: reconnecting.0, clock };
    Beat { shown, until }
}

/// Whole seconds since an instant.
fn up(since: Instant, now: Instant) -> Ticking {
    let shown = now.saturating_duration_since(since).as_secs();
    (shown, since.checked_add(Duration::from_secs(shown + 1)))
}

/// Seconds until an instant, begun ones counted in full.
fn down(to: Instant, now: Instant) -> Ticking {
    let left = to.saturating_duration_since(now);
    let shown = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let until = (shown > 0).then(|| to.checked_sub(Duration::from_secs(shown - 1))).flatten();
    (shown, until)
}

/// Hour, minute and second where this kiosk stands.
pub(super) fn time_of_day() -> (u8, u8, u8) {
    let now = jiff::Zoned::now();
    let part = |value: i8| u8::try_from(value).unwrap_or_default();
    (part(now.hour()), part(now.minute()), part(now.second()))
}
