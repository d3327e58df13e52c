//! What was measured, and the table of it.

use std::{fmt, time::Duration};

use serde::Serialize;

/// Of many durations.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spread {
    /// How many.
    pub(crate) count: usize,
    /// Seconds.
    pub(crate) median: f64,
    /// Seconds.
    pub(crate) p99: f64,
    /// Seconds.
    pub(crate) longest: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<Duration>) -> Self {
        values.sort_unstable();
        let at = |percent: usize| {
            let index = values.len().saturating_sub(1) * percent / 100;
            values.get(index).map_or(0.0, Duration::as_secs_f64)
        };
        Self { count: values.len(), median: at(50), p99: at(99), longest: at(100) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} / {:.1}", self.median * 1e3, self.p99 * 1e3)
    }
}

/// Of one kind of server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    /// Which.
    pub(crate) server: String,
    /// Processes of it.
    pub(crate) processes: usize,
    /// Clients that stay signed in.
    pub(crate) clients: usize,
    /// Until all were signed in, seconds.
    pub(crate) signing_in: f64,
    /// Of the server's processor time, for each of them, seconds.
    pub(crate) processor_per_sign_in: f64,
    /// Proportional set size more than empty, for each of them, KiB (proc_pid_smaps_rollup(5)).
    pub(crate) memory_per_client: f64,
    /// From the offer to the answer, while all others idle.
    pub(crate) set_up: Spread,
    /// One message, from peer to peer.
    pub(crate) relay: Spread,
    /// As many as it passes on.
    pub(crate) messages_per_second: f64,
    /// Of the server's processor time, for each of them, seconds.
    pub(crate) processor_per_message: f64,
    /// From the kill of the servers until signed in again.
    pub(crate) back: Spread,
    /// Attempts that failed meanwhile, by reason.
    pub(crate) refused: std::collections::BTreeMap<String, u64>,
}

/// What it is called, how it is shown, and what of it is compared.
type Row = (&'static str, fn(&Outcome) -> String, Option<fn(&Outcome) -> f64>);

const ROWS: &[Row] = &[
    ("idle clients", |of| of.clients.to_string(), None),
    ("server processes", |of| of.processes.to_string(), None),
    ("all signed in, s", |of| format!("{:.1}", of.signing_in), Some(|of| of.signing_in / whole(of.clients))),
    (
        "sign-ins a second",
        |of| format!("{:.0}", whole(of.clients) / of.signing_in),
        Some(|of| whole(of.clients) / of.signing_in),
    ),
    (
        "server's processor time a sign-in, ms",
        |of| format!("{:.2}", of.processor_per_sign_in * 1e3),
        Some(|of| of.processor_per_sign_in),
    ),
    ("memory an idle client, KiB", |of| format!("{:.1}", of.memory_per_client), Some(|of| of.memory_per_client)),
    ("call set-up, median / p99, ms", |of| of.set_up.to_string(), Some(|of| of.set_up.median)),
    ("one message, median / p99, ms", |of| of.relay.to_string(), Some(|of| of.relay.median)),
    ("messages a second", |of| format!("{:.0}", of.messages_per_second), Some(|of| of.messages_per_second)),
    (
        "server's processor time a message, ms",
        |of| format!("{:.3}", of.processor_per_message * 1e3),
        Some(|of| of.processor_per_message),
    ),
    (
        "back after a kill, median / p99 / last, s",
        |of| format!("{:.1} / {:.1} / {:.1}", of.back.median, of.back.p99, of.back.longest),
        Some(|of| of.back.longest),
    ),
    ("attempts refused meanwhile", |of| of.refused.values().sum::<u64>().to_string(), None),
];

pub(crate) fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Markdown: a row a figure, a column a server, in brackets how many times the first one's it is.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let Some(first) = outcomes.first() else { return String::new() };
    let mut text = String::from("| |");
    for outcome in outcomes {
        text += &format!(" {} |", outcome.server);
    }
    text += &format!("\n|---|{}\n", "---|".repeat(outcomes.len()));
    for (name, show, compare) in ROWS {
        text += &format!("| {name} |");
        for (index, outcome) in outcomes.iter().enumerate() {
            text += &format!(" {}", show(outcome));
            if let Some(value) = compare.filter(|_| index > 0 && outcome.processes == first.processes) {
                text += &format!(" (×{:.2})", value(outcome) / value(first));
            }
            text += " |";
        }
        text.push('\n');
    }
    text
}
