//! The screen as text, compared with daemon/tests/terminal. `KIOSK_GOLDEN=write cargo test -p kioskd --bin kioskctl` writes them anew.

use std::{fs, path::PathBuf, time::Instant};

use ratatui::{Terminal, backend::TestBackend};
use serde_json::{Value, json};

use super::*;

fn status(seconds: u64, call: &Value) -> StatusReply {
    let mut call = call.clone();
    if let Some(statistics) = call.get_mut("statistics") {
        // The bit rate grows by 8 kbit/s each second; every fourth second a packet is lost.
        let bytes = seconds * 62_500 + seconds * seconds * 500;
        *statistics = json!({
            "packetsReceived": 100 * seconds, "packetsLost": seconds / 4, "packetsSent": 100 * seconds, "bytesReceived": bytes,
            "bytesSent": bytes / 2, "framesCaptured": 30 * seconds, "framesEncoded": 30 * seconds, "framesSent": 30 * seconds,
            "framesReceived": 25 * seconds, "framesDecoded": 25 * seconds, "framesRendered": 25 * seconds, "soundCaptured": 1.0,
            "soundSent": 1.0, "soundReceived": 1.0, "soundPlayed": 1.0, "avSkew": null, "jitter": 0.004,
            "roundTripTime": 0.020 + 0.001 * (seconds % 7) as f64, "encoderImplementation": "vp8enc", "audioLevelIn": 0.1,
            "audioLevelOut": 0.1, "xruns": 0, "echoReturnLossEnhancement": 12.0,
        });
    }
    let up = json!({ "state": "up", "reason": null, "retry_in_ms": null });
    let down = json!({ "state": "down", "reason": "refused", "retry_in_ms": 2000 });
    let status = json!({
        "healthy": false, "version": "1", "uptime_ms": 5, "peer_id": "A".repeat(43), "name": "Ward 3", "room": "lobby", "link": up,
        "servers": [{ "url": "wss://a.example/signaling", "link": up }, { "url": "wss://b.example/signaling", "link": down }],
        "peers": 2, "call": call, "muted": true, "camera_off": false, "held": false, "source": "camera", "quality": "auto",
        "pictures_swapped": false, "question": null, "shown": null, "transfers": [], "pairing": null,
        "camera": { "ready": false, "problem": "no camera was found" }, "sound": { "ready": true, "problem": null }, "volume": 70,
        "unread": 0, "refusals": {}, "config_problem": null, "healed": {},
    });
    serde_json::from_value(status).expect("it is a status")
}

fn call() -> Value {
    // Names are the peers' own claims.
    json!({
        "id": "C", "peer": "P", "name": "Desk\u{1b}[2J", "verified": true, "phase": "in_call", "outgoing": true, "connected_for_ms": 61_000,
        "given_up_in_ms": null, "peer_audio": true, "peer_video": true, "peer_screen": false, "peer_hold": false, "statistics": null,
    })
}

fn finding(area: &'static str, level: Level, found: &str, advice: &str) -> Finding {
    Finding { area, level, found: found.to_owned(), advice: advice.to_owned() }
}

/// A screen that has seen these seconds of a kiosk.
fn watched(view: View, seconds: u64, call: &Value) -> Screen {
    let mut screen = Screen::new(view);
    let began = Instant::now();
    for second in 0..seconds {
        let at = began + std::time::Duration::from_secs(second);
        let wrong = vec![
            finding("camera", Level::Failed, "no camera was found", "'kioskctl devices' shows what was found"),
            finding("link", Level::Warning, "wss://b.example/signaling: refused", "see to this server"),
        ];
        screen.seen(Seen { status: status(second, call), wrong, at, is_sample: true });
    }
    for (at_ms, more) in [
        (
            1_767_229_323_000_u64,
            json!({ "event": "device_missing", "device": "camera", "reason": "no camera was found" }),
        ),
        (1_767_229_340_000, json!({ "event": "asked", "wish": "share_screen", "granted": false, "peer": "P" })),
    ] {
        let mut event = more;
        event["at_ms"] = at_ms.into();
        screen.happened(&serde_json::from_value(event).expect("an event"));
    }
    screen
}

fn text(screen: &Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("it is memory");
    terminal.draw(|frame| screen.draw(frame)).expect("it is memory");
    let rows = terminal.backend().buffer().content().chunks(width.into());
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n").collect()
}

fn golden(name: &str, screen: &Screen) {
    for (width, height) in [(80, 24), (40, 12)] {
        let at = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/terminal");
        let path = PathBuf::from(at).join(format!("{name}-{width}x{height}.txt"));
        let is = text(screen, width, height);
        if std::env::var("KIOSK_GOLDEN").is_ok_and(|wish| wish == "write") {
            fs::write(&path, &is).expect("it writes");
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        assert!(is == wanted, "{} is not what is drawn:\n{is}", path.display());
    }
}

#[test]
fn a_call_is_drawn() {
    golden("call", &watched(View::Kiosk, 60, &call()));
}

#[test]
fn the_figures_of_a_call_are_drawn() {
    golden("figures", &watched(View::Figures, 60, &call()));
}

#[test]
fn a_kiosk_that_nobody_calls_is_drawn() {
    golden("idle", &watched(View::Kiosk, 2, &Value::Null));
}

#[test]
fn a_kiosk_that_does_not_answer_is_drawn() {
    let mut screen = watched(View::Kiosk, 60, &call());
    for _ in 0..3 {
        screen.silent(finding("daemon", Level::Failed, "kioskd is not running", "see 'systemctl status kioskd'"));
    }
    golden("silent", &screen);
    // It is back.
    screen.seen(Seen { status: status(1, &Value::Null), wrong: Vec::new(), at: Instant::now(), is_sample: true });
    let text = text(&screen, 80, 24);
    assert!(text.contains("Ward 3 in room lobby") && text.contains("nothing is wrong"), "{text}");
}

#[test]
fn figures_count_the_time_between_their_looks() {
    let mut screen = Screen::new(View::Kiosk);
    let began = Instant::now();
    for (ms, seconds, is_sample) in [(0, 0, true), (900, 1, false), (1_000, 2, true)] {
        let at = began + std::time::Duration::from_millis(ms);
        screen.seen(Seen { status: status(seconds, &call()), wrong: Vec::new(), at, is_sample });
    }
    assert_eq!(
        screen.incoming.samples,
        [Some(1_016), None],
        "127,000 bytes in a second; an event's look counts nothing"
    );
    assert_eq!(screen.figures.frames_in_per_s.round() as u64, 50);
}

/// No size is too small to be drawn.
#[test]
fn any_terminal_does() {
    for view in [View::Kiosk, View::Figures] {
        let screen = watched(view, 3, &call());
        for (width, height) in [(1, 1), (5, 3), (21, 7), (300, 100)] {
            text(&screen, width, height);
        }
    }
}
