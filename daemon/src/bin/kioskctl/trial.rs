//! Our own pictures through the encoder and back: whether each stage works, and how long each takes.

use std::{process::ExitCode, time::Duration};

use kioskd::control::{
    client::{Client, ClientError},
    protocol::{Failure, Method, ScreenshotReply, TryOutReply},
};

use crate::{Arguments, Trouble, print_report};

/// Exit code 1 if a stage does not do its work.
pub(crate) fn selftest(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    let mut client = Client::connect(&arguments.socket)?;
    let reply: TryOutReply = client.get(&Method::TryOut { for_ms: None })?;
    let report = reply.selftest(panel(&mut client));
    print_report(arguments.json, &report, || report.text())?;
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How long pictures take, over so long.
pub(crate) fn latency(arguments: &Arguments, length: Duration) -> Result<(), Trouble> {
    let for_ms = u64::try_from(length.as_millis()).ok();
    let reply: TryOutReply = Client::connect(&arguments.socket)?.get(&Method::TryOut { for_ms })?;
    let none = || Trouble::Daemon(ClientError::Failed(Failure::Unavailable(reply.why_none())));
    let report = reply.latency().ok_or_else(none)?;
    print_report(arguments.json, &report, || report.text())
}

/// Whether the panel makes a picture of what it shows.
fn panel(client: &mut Client) -> Result<(), String> {
    client.get::<ScreenshotReply>(&Method::Screenshot {}).map(drop).map_err(|error| error.to_string())
}
