//! Replies for people.

use std::fmt::Write as _;

use jiff::Timestamp;
use kioskd::{
    control::{
        client::ClientError,
        protocol::{
            CallReply, ChatHistoryReply, CrashReply, CrashesReply, DeviceKind, DeviceReply, DevicesReply, EventReply,
            FileListReply, FoundState, IdentityReply, LearnKeyReply, LinkReply, LinkState, Method, PairingFailureName,
            PairingPhase, PairingReply, PeersReply, QualityName, SourceName, StatusReply, TransferReply,
            TrustListReply,
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
        Method::Crashes {} => crashes(&parse(reply)?),
        Method::FileList {} => files(&parse(reply)?),
        Method::LearnKey {} => {
            let key: LearnKeyReply = parse(reply)?;
            format!("{} (code {}, of the input device {})\n", key.name, key.code, safe(&key.device))
        }
        Method::Reload {} => crate::settings::reloaded(&parse(reply)?),
        Method::Identity {} | Method::IdentityRotate {} => {
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
        | Method::ChatExport { .. }
        | Method::Hold { .. }
        | Method::Share { .. }
        | Method::Quality { .. }
        | Method::Swap {}
        | Method::Page {}
        | Method::Reply { .. }
        | Method::Yes {}
        | Method::No {}
        | Method::Pair {}
        | Method::Zoom {}
        | Method::Updating { .. }
        | Method::FileBegin { .. }
        | Method::FilePut { .. }
        | Method::FileSend { .. }
        | Method::FileRead { .. }
        | Method::FileRemove { .. }
        | Method::FileShow { .. }
        | Method::Press { .. }
        | Method::Volume { .. }
        | Method::Screenshot {}
        | Method::TryOut { .. }
        | Method::TrustAdd { .. }
        | Method::TrustRemove { .. }
        | Method::Config {}
        | Method::Restart {}
        | Method::Events {}
        | Method::Keys {}
        | Method::TestLights {}
        | Method::TrustRevoke { .. }
        | Method::TrustRevocations { .. } => String::new(),
    })
}

/// Who this kiosk is, and how that is kept.
pub(crate) fn identity(reply: &Value) -> Result<String, ClientError> {
    let IdentityReply { peer_id, public_key, key, mode } = parse(reply)?;
    let mode = mode.map(|mode| format!(" (mode {mode})")).unwrap_or_default();
    Ok(format!("PeerId      {peer_id}\npublic key  {public_key}\nsecret key  {}{mode}\n", safe(&key)))
}

fn status(status: &StatusReply) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{label:<9}{}", safe(text));
    };
    line("kiosk", &format!("{} in room {} ({})", status.name, status.room, status.peer_id));
    line("version", &format!("{}, up {}", status.version, span(status.uptime_ms)));
    line("link", &link(&status.link, status.peers));
    // With one server, the link is the link to it.
    for server in status.servers.iter().filter(|_| status.servers.len() > 1) {
        let state = if server.link.state == LinkState::Up { "up".to_owned() } else { link(&server.link, 0) };
        line("server", &format!("{}: {state}", server.url));
    }
    line("call", &status.call.as_ref().map_or_else(|| "none".to_owned(), call));
    line("sending", &sending(status));
    if let Some(question) = &status.question {
        let wish = question.wish.replace('_', " ");
        line("asked", &format!("{wish}, by {}; yes or no within {}", question.name, span(question.no_in_ms)));
    }
    for transfer in &status.transfers {
        line("file", &under_way(transfer));
    }
    if let Some(id) = &status.shown {
        line("shown", &format!("file {id}"));
    }
    if let Some(stage) = &status.pairing {
        line("pairing", &pairing(stage));
    }
    if let Some(problem) = &status.config_problem {
        line("config", &format!("the last good one is used: {problem}"));
    }
    if let Some(problem) = &status.state_problem {
        line("state", &format!("not kept: {problem}"));
    }
    line("camera", device(&status.camera));
    line("sound", device(&status.sound));
    line("volume", &format!("{} %", status.volume));
    line("chat", &format!("{} unread", status.unread));
    let refused: Vec<String> = status.refusals.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    line("refused", if refused.is_empty() { "nothing".to_owned() } else { refused.join(", ") }.as_str());
    let healed = status.healed.iter().filter(|(_, count)| **count > 0);
    let healed: Vec<String> = healed.map(|(rung, count)| format!("{rung} {count}")).collect();
    line("healed", if healed.is_empty() { "nothing".to_owned() } else { healed.join(", ") }.as_str());
    out
}

/// How it is with a link, and how many others are in the room.
pub(crate) fn link(link: &LinkReply, peers: u64) -> String {
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

/// A call, in a line.
pub(crate) fn call(call: &CallReply) -> String {
    let verified = if call.verified { "" } else { " (not verified)" };
    let since = call.connected_for_ms.map(|ms| format!(" for {}", span(ms))).unwrap_or_default();
    let screen = if call.peer_screen { ", who shares a screen" } else { "" };
    let hold = if call.peer_hold { ", who has put it on hold" } else { "" };
    let lost = match call.given_up_in_ms {
        Some(ms) => format!("; the connection is lost, a new one is tried for {} yet", span(ms)),
        None => String::new(),
    };
    format!("{}{since} with {}{verified}{screen}{hold}{lost}", call.phase.replace('_', " "), call.name)
}

/// What is sent in a call, and what is not as usual about it.
pub(crate) fn sending(status: &StatusReply) -> String {
    let pictures = match status.source {
        SourceName::Camera => "pictures",
        SourceName::Panel => "the screen",
        SourceName::Document => "the document camera",
    };
    // A camera that is off is no matter while something else is sent.
    let camera_off = status.camera_off && status.source == SourceName::Camera;
    let sent = match (status.muted || status.held, camera_off || status.held) {
        (false, false) => format!("sound and {pictures}"),
        (true, false) => pictures.to_owned(),
        (false, true) => "sound".to_owned(),
        (true, true) => "nothing".to_owned(),
    };
    let quality = match status.quality {
        QualityName::Auto => "",
        QualityName::DataSaver => "data saver",
        QualityName::Sharp => "sharp",
        QualityName::Smooth => "smooth",
    };
    let unusual = [
        (status.held, "on hold"),
        (status.muted, "muted"),
        (status.camera_off, "camera off"),
        (!quality.is_empty(), quality),
        (status.pictures_swapped, "pictures swapped"),
    ];
    let unusual: Vec<_> = unusual.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect();
    if unusual.is_empty() { sent } else { format!("{sent} ({})", unusual.join(", ")) }
}

fn under_way(transfer: &TransferReply) -> String {
    let way = if transfer.outgoing { "sending" } else { "receiving" };
    let percent = transfer.received.saturating_mul(100) / transfer.size.max(1);
    format!("{way} {}, {percent} % of {} (id {})", transfer.name, bytes(transfer.size), transfer.id)
}

fn pairing(pairing: &PairingReply) -> String {
    let name = pairing.name.as_deref().unwrap_or_default();
    let closes = pairing.closes_in_ms.map(|ms| format!("; closes in {}", span(ms))).unwrap_or_default();
    match pairing.phase {
        PairingPhase::Waiting => format!("waiting for the other side{closes}"),
        PairingPhase::Compare => {
            let confirmed = if pairing.confirmed { ", confirmed here" } else { "" };
            format!("{} with {name}{confirmed}{closes}", pairing.digits.as_deref().unwrap_or_default())
        }
        PairingPhase::Done => format!("done with {name}"),
        PairingPhase::Failed => match pairing.failure {
            Some(PairingFailureName::TimedOut) => "failed: nobody confirmed in time",
            Some(PairingFailureName::Cancelled) => "failed: one side said no or left",
            Some(PairingFailureName::Mismatch) => "failed: the other side did not keep to its digits",
            Some(PairingFailureName::TooManyTries) => "failed: three tries in ten minutes are used up",
            Some(PairingFailureName::NoLink) => "failed: no link",
            None => "failed",
        }
        .to_owned(),
    }
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

fn crashes(reply: &CrashesReply) -> String {
    if reply.crashes.is_empty() {
        return "no crash is known\n".to_owned();
    }
    let mut out = String::new();
    for CrashReply { at_ms, report } in &reply.crashes {
        let at = i64::try_from(*at_ms).ok().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default();
        let mut lines = report.lines();
        let what = lines.next().unwrap_or_default();
        let _ = writeln!(out, "{}  {}", at.strftime("%Y-%m-%d %H:%M:%SZ"), safe(what));
        for line in lines {
            let _ = writeln!(out, "  {}", safe(line));
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
    for peer in &reply.revoked {
        let _ = writeln!(out, "{peer}  revoked here");
    }
    for list in &reply.lists {
        let (peers, serials) = (list.peers.len(), list.serials.len());
        let _ = writeln!(
            out,
            "authority {}: list {}, {peers} identities, {serials} memberships",
            list.authority, list.number
        );
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

fn files(reply: &FileListReply) -> String {
    let mut out = String::new();
    for file in &reply.files {
        let way = if file.outgoing { "to be sent" } else { "received" };
        let state = match (file.media_type.as_str(), file.size) {
            ("", size) => format!("{} %", file.received.saturating_mul(100) / size.max(1)),
            (media_type, _) => media_type.to_owned(),
        };
        let shown = if file.can_be_shown { "can be shown" } else { "" };
        let _ = writeln!(
            out,
            "{}  {way:<10}  {:>11}  {:<24}  {shown:<12}  {}",
            safe(&file.id),
            bytes(file.size),
            safe(&state),
            safe(&file.name)
        );
    }
    out
}

fn bytes(number: u64) -> String {
    match number {
        0..10_000 => format!("{number} bytes"),
        10_000..10_000_000 => format!("{} kB", number / 1_000),
        _ => format!("{} MB", number / 1_000_000),
    }
}

/// Something that has happened, in a line.
pub(crate) fn event(event: &EventReply) -> String {
    let name = serde_json::to_value(event.event).ok().and_then(|name| name.as_str().map(|name| name.replace('_', " ")));
    let wish = event.wish.as_ref().map(|wish| wish.replace('_', " "));
    let granted = event.granted.map(|granted| if granted { "granted" } else { "refused" }.to_owned());
    let count = event.count.map(|count| count.to_string());
    let words = [name, event.device.clone(), wish, granted, event.reason.clone(), count];
    format!("{}  {}", clock(event.at_ms), words.into_iter().flatten().collect::<Vec<_>>().join(": "))
}

/// What peers say is shown on a terminal: no escape sequences of theirs.
pub(crate) fn safe(text: &str) -> String {
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
    fn what_is_under_way_is_said_in_a_line() {
        let transfer = TransferReply {
            id: "A".repeat(22),
            name: "map.png".to_owned(),
            outgoing: false,
            received: 2_100_000,
            size: 4_200_000,
        };
        assert_eq!(under_way(&transfer), format!("receiving map.png, 50 % of 4200 kB (id {})", "A".repeat(22)));
        let compare = PairingReply {
            phase: PairingPhase::Compare,
            name: Some("Desk".to_owned()),
            digits: Some("040917".to_owned()),
            confirmed: true,
            closes_in_ms: Some(48_000),
            failure: None,
        };
        assert_eq!(pairing(&compare), "040917 with Desk, confirmed here; closes in 48 s");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(clock(1_767_225_600_000 + 3_723_000), "01:02:03Z");
        for (ms, text) in [(999, "0 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min"), (90_000_000, "1 d 1 h")] {
            assert_eq!(span(ms), text);
        }
    }
}
