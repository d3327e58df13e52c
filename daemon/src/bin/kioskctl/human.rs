//! Replies for people.

use std::fmt::Write as _;

use kioskd::{
    control::{
        client::ClientError,
        protocol::{
            CallReply, ChatHistoryReply, DeviceKind, DeviceReply, DevicesReply, FoundState, IdentityReply,
            LearnKeyReply, LinkReply, LinkState, Method, PeersReply, StatusReply, TrustListReply,
        },
    },
    doctor::{Finding, Level},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn parse<T: DeserializeOwned>(reply: &Value) -> Result<T, ClientError> {
    serde_json::from_value(reply.clone()).map_err(|error| ClientError::Surprise(error.to_string()))
}

/// The reply to a method, as lines of text; nothing where there is nothing to say.
pub(crate) fn text(method: &Method, reply: &Value) -> Result<String, ClientError> {
    Ok(match method {
        Method::Status {} => status(&parse(reply)?),
        Method::Peers {} => peers(&parse(reply)?),
        Method::ChatHistory {} => history(&parse(reply)?),
        Method::TrustList {} => trusted(&parse(reply)?),
        Method::Devices {} => devices(&parse(reply)?),
        Method::LearnKey {} => {
            let key: LearnKeyReply = parse(reply)?;
            format!("{} (code {}, of the input device {})\n", key.name, key.code, safe(&key.device))
        }
        Method::Identity {} => {
            let identity: IdentityReply = parse(reply)?;
            format!("{}\n", identity.peer_id)
        }
        Method::Call { .. }
        | Method::HangUp {}
        | Method::Answer {}
        | Method::Mute {}
        | Method::Unmute {}
        | Method::Camera { .. }
        | Method::ChatSend { .. }
        | Method::Press { .. }
        | Method::Volume { .. }
        | Method::Screenshot {}
        | Method::TrustAdd { .. }
        | Method::TrustRemove { .. } => String::new(),
    })
}

fn status(status: &StatusReply) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{label:<9}{}", safe(text));
    };
    line("kiosk", &format!("{} in room {} ({})", status.name, status.room, status.peer_id));
    line("version", &format!("{}, up {}", status.version, span(status.uptime_ms)));
    line("link", &link(&status.link, status.peers));
    line("call", &status.call.as_ref().map_or_else(|| "none".to_owned(), call));
    line(
        "sending",
        match (status.muted, status.camera_off) {
            (false, false) => "sound and pictures",
            (true, false) => "pictures (muted)",
            (false, true) => "sound (camera off)",
            (true, true) => "nothing (muted, camera off)",
        },
    );
    line("camera", device(&status.camera));
    line("sound", device(&status.sound));
    line("volume", &format!("{} %", status.volume));
    line("chat", &format!("{} unread", status.unread));
    let refused: Vec<String> = status.refusals.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    line("refused", if refused.is_empty() { "nothing".to_owned() } else { refused.join(", ") }.as_str());
    out
}

fn link(link: &LinkReply, peers: u64) -> String {
    match link.state {
        LinkState::Up => format!("up, {peers} in the room beside us"),
        LinkState::Connecting => "signing in".to_owned(),
        LinkState::Down => format!(
            "down: {}; next attempt in {}",
            link.reason.as_deref().unwrap_or("unknown"),
            span(link.retry_in_ms.unwrap_or_default())
        ),
    }
}

fn call(call: &CallReply) -> String {
    let verified = if call.verified { "" } else { " (not verified)" };
    let since = call.connected_for_ms.map(|ms| format!(" for {}", span(ms))).unwrap_or_default();
    format!("{}{since} with {}{verified}", call.phase.replace('_', " "), call.name)
}

fn device(device: &DeviceReply) -> &str {
    device.problem.as_deref().unwrap_or("ready")
}

/// One line a finding, and another for what to do.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Fine => "ok",
            Level::Warning => "look",
            Level::Failed => "FAILED",
        };
        let _ = writeln!(out, "{level:<7} {:<8} {}", finding.area, safe(&finding.found));
        if !finding.advice.is_empty() {
            let _ = writeln!(out, "{:<16} → {}", "", safe(&finding.advice));
        }
    }
    out
}

fn devices(reply: &DevicesReply) -> String {
    let mut out = String::new();
    let mut shown = None;
    for device in &reply.devices {
        if shown.replace(device.kind) != Some(device.kind) {
            let _ = writeln!(out, "{}", plural(device.kind));
        }
        let state = match device.state {
            FoundState::Used => "used",
            FoundState::Spare => "spare",
            FoundState::Unusable => "unusable",
            FoundState::Missing => "MISSING",
        };
        let words = [device.name.as_str(), device.node.as_str()].map(safe);
        let words: Vec<_> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        let why = if device.why.is_empty() { String::new() } else { format!(": {}", safe(&device.why)) };
        let _ = writeln!(out, "  {state:<9} {}{why}", words.join("  "));
    }
    out
}

const fn plural(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "cameras",
        DeviceKind::SoundCard => "sound cards",
        DeviceKind::Panel => "panels",
        DeviceKind::Button => "buttons",
        DeviceKind::Light => "lights",
        DeviceKind::Encoder => "encoders",
        DeviceKind::Decoder => "decoders",
    }
}

fn peers(reply: &PeersReply) -> String {
    let mut out = String::new();
    for peer in &reply.peers {
        let standing = match (peer.pinned, peer.verified, peer.trusted) {
            (true, _, _) => "pinned",
            (false, true, _) => "member",
            (false, false, true) => "unverified",
            (false, false, false) => "not trusted",
        };
        let role = match peer.role {
            kiosk_wire::Role::Kiosk => "kiosk",
            kiosk_wire::Role::Operator => "operator",
        };
        let _ = writeln!(out, "{}  {role:<8}  {standing:<11}  {}", peer.id, safe(&peer.name));
    }
    out
}

fn trusted(reply: &TrustListReply) -> String {
    let mut out = String::new();
    for peer in &reply.peers {
        let answers = if peer.auto_answer { "  answered without ringing" } else { "" };
        let configured = if peer.configured { "  (config file)" } else { "" };
        let _ = writeln!(out, "{}  {}{answers}{configured}", peer.id, safe(&peer.name));
    }
    out
}

fn history(reply: &ChatHistoryReply) -> String {
    let mut out = String::new();
    for line in &reply.lines {
        let mark = if line.from.is_none() && !line.delivered { " (not delivered)" } else { "" };
        let who = line.from.as_deref().unwrap_or("here");
        let _ = writeln!(out, "{}  {}: {}{mark}", clock(line.at_ms), safe(who), safe(&line.text));
    }
    out
}

/// What peers say is shown on a terminal: no escape sequences of theirs.
fn safe(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// Time of day, UTC.
fn clock(unix_ms: u64) -> String {
    let seconds = unix_ms / 1_000 % 86_400;
    format!("{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_cannot_write_to_the_terminal() {
        assert_eq!(safe("a\u{1b}[2Jb\r\n"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(clock(1_767_225_600_000 + 3_723_000), "01:02:03Z");
        for (ms, text) in [(999, "0 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min"), (90_000_000, "1 d 1 h")] {
            assert_eq!(span(ms), text);
        }
    }
}
