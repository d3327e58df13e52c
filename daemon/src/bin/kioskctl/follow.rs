//! What goes on until somebody ends it: events, pressed keys, figures, the journal.

use std::{
    ffi::OsString,
    ops::ControlFlow,
    os::unix::process::CommandExt as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use kioskd::{
    control::{
        client::{Client, ClientError},
        protocol::{EventName, EventReply, KeyReply, LightReply, Method, StatusReply},
    },
    reports::StatsReport,
};
use serde_json::Value;

use crate::{Trouble, human::safe, print, print_report};

/// Between two looks at the figures, which are gathered twice in this time.
const SAMPLE: Duration = Duration::from_secs(1);
/// The unit that `logs` shows.
const UNIT: &str = "kioskd.service";

/// Prints events as lines of JSON; the next one, or all.
pub(crate) fn events(socket: &Path, all: bool) -> Result<(), Trouble> {
    let mut failed = None;
    Client::connect(socket)?.follow(&Method::Events {}, |event| {
        let is_first = is_event(&event, EventName::Listening);
        if let Err(trouble) = print(&format!("{event}\n")) {
            failed = Some(trouble);
        }
        if failed.is_some() || !(all || is_first) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    failed.map_or(Ok(()), Err)
}

fn is_event(value: &Value, name: EventName) -> bool {
    serde_json::from_value::<EventReply>(value.clone()).is_ok_and(|event| event.event == name)
}

/// Prints the keys that are pressed, and which buttons they are.
pub(crate) fn keys(socket: &Path, json: bool) -> Result<(), Trouble> {
    stream(socket, &Method::Keys {}, json, |key: &KeyReply| {
        let edge = if key.pressed { "pressed" } else { "released" };
        let buttons = if key.buttons.is_empty() { "no button".to_owned() } else { key.buttons.join(", ") };
        format!("{:<20} {edge:<9} {buttons}  ({})\n", key.name, safe(&key.device))
    })
}

/// Lets each light shine for a second.
pub(crate) fn lights(socket: &Path, json: bool) -> Result<(), Trouble> {
    stream(socket, &Method::TestLights {}, json, |lit: &LightReply| match (&lit.light, &lit.led) {
        (Some(light), Some(led)) => format!("{light:<9} {}\n", safe(led)),
        _ => "done; what did not shine 'kioskctl devices' explains\n".to_owned(),
    })
}

fn stream<T: serde::de::DeserializeOwned>(
    socket: &Path,
    method: &Method,
    json: bool,
    text: impl Fn(&T) -> String,
) -> Result<(), Trouble> {
    let mut failed = None;
    Client::connect(socket)?.follow(method, |reply| {
        let line = if json {
            Ok(format!("{reply}\n"))
        } else {
            serde_json::from_value(reply)
                .map(|reply| text(&reply))
                .map_err(|error| Trouble::Daemon(ClientError::Surprise(error.to_string())))
        };
        match line.and_then(|line| print(&line)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(trouble) => {
                failed = Some(trouble);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Prints the status every second, as lines of JSON.
pub(crate) fn status(socket: &Path) -> Result<(), Trouble> {
    let mut client = Client::connect(socket)?;
    loop {
        print(&format!("{}\n", client.ask(&Method::Status {})?))?;
        std::thread::sleep(SAMPLE);
    }
}

/// The figures of the call over a second; once, or again and again.
pub(crate) fn stats(socket: &Path, json: bool, watch: bool) -> Result<(), Trouble> {
    let mut client = Client::connect(socket)?;
    let mut before: StatusReply = client.get(&Method::Status {})?;
    let mut at = Instant::now();
    loop {
        std::thread::sleep(SAMPLE);
        let after: StatusReply = client.get(&Method::Status {})?;
        let took = at.elapsed();
        at = Instant::now();
        let report = StatsReport::between(&before, &after, took);
        print_report(json, &report, || line(&report, watch))?;
        if !watch {
            return Ok(());
        }
        before = after;
    }
}

fn line(report: &StatsReport, short: bool) -> String {
    let StatsReport { connected: true, .. } = report else { return "no call\n".to_owned() };
    let unknown = |figure: Option<f64>| figure.map_or_else(|| "?".to_owned(), |figure| format!("{figure:.0}"));
    let parts = [
        format!(
            "in {} kbit/s, {:.0} pictures/s, {:.1} % lost",
            report.bitrate_in_bps / 1_000,
            report.frames_in_per_s,
            report.lost_percent
        ),
        format!("out {} kbit/s, {:.0} pictures/s", report.bitrate_out_bps / 1_000, report.frames_out_per_s),
        format!("round trip {} ms, jitter {:.0} ms", unknown(report.round_trip_ms), report.jitter_ms),
        format!("echo taken out {} dB, lost sound {}", unknown(report.echo_return_loss_enhancement_db), report.xruns),
        format!("encoder {}", safe(&report.encoder)),
    ];
    if short { format!("{}\n", parts[..3].join("; ")) } else { format!("{}\n", parts.join("\n")) }
}

/// Becomes journalctl.
pub(crate) fn logs(arguments: &[OsString]) -> Trouble {
    let error = Command::new("journalctl").args(["--unit", UNIT]).args(arguments).exec();
    Trouble::NoJournal(error)
}
