//! Every key of the config, with its default and meaning: one table for `--print-default-config` and for the names of unknown keys.

use std::fmt::Write as _;

/// A key of the config file.
pub(crate) struct Key {
    /// Table, as in its header.
    pub(crate) section: &'static str,
    /// Name in the table.
    pub(crate) name: &'static str,
    /// As TOML. Printed commented out where `optional`.
    pub(crate) value: &'static str,
    /// There is no default: `value` is an example.
    pub(crate) optional: bool,
    /// Meaning, unit and range.
    pub(crate) doc: &'static str,
}

const fn key(section: &'static str, name: &'static str, value: &'static str, doc: &'static str) -> Key {
    Key { section, name, value, optional: false, doc }
}

const fn optional(section: &'static str, name: &'static str, value: &'static str, doc: &'static str) -> Key {
    Key { section, name, value, optional: true, doc }
}

/// The tables, in the order of the printed file.
pub(crate) const SECTIONS: &[(&str, &str)] = &[
    ("kiosk", "Who this kiosk is."),
    ("server", "The signaling server."),
    ("trust", "Who may call. A pinned peer comes first, then a member under an operator key, then `unknown`."),
    ("trust.peer", "A pinned peer; one table each. `kioskctl trust add` pins peers without touching this file."),
    ("call", "What the call button does."),
    ("camera", "The camera. It is opened for a call only."),
    (
        "camera.controls",
        "What to adjust on the camera: names and values as `v4l2-ctl --list-ctrls-menus` shows them, of which these are examples. What the camera does not take is a line in the log.",
    ),
    ("sound", "Microphone and loudspeaker."),
    ("video", "The picture that is sent."),
    ("chat", "What is said in writing, and what visitors can answer with one press."),
    ("files", "What peers send as files, and what is sent to them."),
    ("buttons", "Which evdev key (linux/input-event-codes.h) is which button."),
    ("lights", "Which LED (name below /sys/class/leds) is which light. \"\" for none."),
    ("panel", "The screen."),
    ("panel.colors", "The colours of the house. What could not be read in them (WCAG 2.2 AA) is refused."),
    (
        "panel.texts",
        "The words of the house: the key of a text in daemon/locales, and what is said instead, in the panel's language. These are examples.",
    ),
    ("metrics", "Figures for a monitoring system (Prometheus)."),
    ("healing", "What kioskd does by itself when all else has not helped. docs/operations.md, \"Self-healing\"."),
    ("paths", "Where kioskd keeps things and listens."),
];

/// Tables whose keys are not ours to know; those of [`KEYS`] are examples.
pub(crate) const FREE: &[&str] = &["camera.controls", "panel.texts"];

/// All keys.
pub(crate) const KEYS: &[Key] = &[
    key("kiosk", "name", "\"Kiosk\"", "What the kiosk calls itself: 1 to 64 characters."),
    key(
        "kiosk",
        "room",
        "\"lobby\"",
        "The room that it joins: 1 to 63 of a-z, 0-9, '.', '_', '-'; first a letter or digit.",
    ),
    key(
        "server",
        "url",
        "\"wss://localhost:3030/signaling\"",
        "URL of the signaling server, or a list of up to four: the kiosk is signed in at all of them, and goes on while one is there.",
    ),
    optional(
        "server",
        "ca_file",
        "\"/etc/kioskd/server.pem\"",
        "PEM file of certificates to trust beside the system's: authorities, or the server's own self-signed certificate.",
    ),
    key("server", "allow_plain", "false", "Allow ws:// (no TLS) to a server that is not on this machine."),
    key(
        "trust",
        "unknown",
        "\"refuse\"",
        "A caller that nobody vouches for: \"refuse\", or \"ring-unverified\" (rings with a warning on the screen; for demonstrations).",
    ),
    key(
        "trust",
        "allow_restart",
        "true",
        "Operators that are trusted (pinned or members) may start kioskd anew from their page.",
    ),
    key("trust", "operator_keys", "[]", "Public keys (87 characters each) of authorities whose members are trusted."),
    optional(
        "trust",
        "memberships",
        "\"/etc/kioskd/memberships\"",
        "File of memberships of this kiosk, one a line, as `kioskctl authority issue` prints them; at most four.",
    ),
    optional("trust.peer", "id", "\"<PeerId, 43 characters>\"", "Who, as `kioskctl identity` or the page shows it."),
    optional("trust.peer", "name", "\"Help desk\"", "What people here call it: 1 to 64 characters."),
    optional("trust.peer", "auto_answer", "false", "Answer its calls without ringing."),
    key(
        "call",
        "target",
        "\"operator\"",
        "Whom the call button calls: \"operator\" (any operator in the room) or a PeerId.",
    ),
    key(
        "camera",
        "source",
        "\"auto\"",
        "\"auto\" (first camera found), \"test\" (test picture), \"none\", \"file:PATH\" (a media file, repeated), \"/dev/videoN\", \"name:NAME\" (its name, its name below /dev/v4l/by-id or by-path, or its bus), \"libcamera\" or \"libcamera:ID\".",
    ),
    key("camera", "width", "640", "Pixels, even, 64 to 3840."),
    key("camera", "height", "480", "Pixels, even, 64 to 2160."),
    key("camera", "framerate", "30", "Frames a second, 9 to 60."),
    key(
        "camera",
        "test_colour",
        "\"#2060a0\"",
        "Colour behind the test picture's ball, #RRGGBB: it tells kiosks apart.",
    ),
    key(
        "camera",
        "document",
        "\"none\"",
        "A second camera, above a table or a counter, that can be shared in a call: named as source is, but not \"auto\".",
    ),
    optional("camera.controls", "brightness", "10", "A number."),
    optional("camera.controls", "power_line_frequency", "\"50 Hz\"", "A menu's item, by name or number."),
    optional("camera.controls", "white_balance_automatic", "true", "True or false."),
    key(
        "sound",
        "microphone",
        "\"auto\"",
        "\"auto\" (the best card), \"name:CARD\" (the card of this id or with this in its name), \"test\" (tone), \"none\", \"file:PATH\" (a media file, repeated) or an ALSA PCM like \"plughw:1,0\".",
    ),
    key(
        "sound",
        "loudspeaker",
        "\"auto\"",
        "\"auto\" (the best card), \"name:CARD\", \"none\", \"file:PATH\" (a WAV file is written) or an ALSA PCM like \"plughw:1,0\".",
    ),
    key(
        "sound",
        "volume",
        "70",
        "Of the loudspeaker, percent, 0 to 100, until somebody sets it by a button or `kioskctl volume`.",
    ),
    key(
        "sound",
        "echo_cancellation",
        "true",
        "Take out of what the microphone hears what the loudspeaker plays. Needed unless a headset is plugged in.",
    ),
    key(
        "sound",
        "echo_delay_ms",
        "0",
        "Delay from loudspeaker to microphone beyond what the devices tell, milliseconds, 0 to 500. Only for one over 400 ms.",
    ),
    key("sound", "noise_suppression", "true", "Take steady noise out of what the microphone hears."),
    key("sound", "gain_control", "true", "Make quiet voices louder, by up to 24 dB."),
    key("sound", "test_tone_hz", "440", "Frequency of the test tone, hertz, 20 to 20000."),
    key(
        "video",
        "codec",
        "\"vp8\"",
        "\"vp8\" or \"h264\": which to prefer; the other one is used where this one cannot be.",
    ),
    key("video", "bitrate_bps", "1_000_000", "Bits a second, 100_000 to 20_000_000."),
    key(
        "chat",
        "keep",
        "\"call\"",
        "How long what was said is kept: \"call\" (until the call ends, never on the disk), or a time such as \"7d\" or \"12h\".",
    ),
    key(
        "chat",
        "quick_replies",
        "[]",
        "Up to 8 lines that can be said with one press; [] for four common answers in the panel's language.",
    ),
    key(
        "buttons",
        "call",
        "\"KEY_PHONE\"",
        "Idle: calls. Ringing: answers. In a call: hangs up. A key, \"KEY_PHONE hold\", \"KEY_PHONE hold 3s\", \"KEY_PHONE double\" or a list of such; \"\" for none. `kioskctl buttons learn` names a key.",
    ),
    key("buttons", "answer", "\"\"", "Answers, nothing else."),
    key("buttons", "hang_up", "\"\"", "Rejects or hangs up, nothing else."),
    key("buttons", "mute", "\"KEY_MICMUTE\"", "Mutes and unmutes the microphone."),
    key("buttons", "camera", "\"KEY_CAMERA\"", "Camera off and on."),
    key("buttons", "volume_up", "\"KEY_VOLUMEUP\"", "Louder, again and again while it is held."),
    key("buttons", "volume_down", "\"KEY_VOLUMEDOWN\"", "Quieter, again and again while it is held."),
    key(
        "buttons",
        "yes",
        "\"KEY_OK\"",
        "Grants what the screen asks for, agrees to the digits of a pairing, says the selected reply. The answer button does so too.",
    ),
    key(
        "buttons",
        "no",
        "\"KEY_CANCEL\"",
        "Refuses what the screen asks for, ends a pairing, closes what is shown, stops a file under way. Never ends a call.",
    ),
    key("buttons", "next", "\"KEY_NEXT\"", "Selects the next quick reply."),
    key("buttons", "reply_1", "\"KEY_NUMERIC_1\"", "Says the first quick reply."),
    key("buttons", "reply_2", "\"KEY_NUMERIC_2\"", "Says the second quick reply."),
    key("buttons", "reply_3", "\"KEY_NUMERIC_3\"", "Says the third quick reply."),
    key("buttons", "reply_4", "\"KEY_NUMERIC_4\"", "Says the fourth quick reply."),
    key("buttons", "page", "\"KEY_SCROLLDOWN\"", "Turns a page of the chat back; after the last comes the newest."),
    key("buttons", "hold", "\"KEY_PAUSE\"", "Puts the call on hold and takes it back."),
    key(
        "buttons",
        "share",
        "\"KEY_PRESENTATION\"",
        "Sends what is on the screen instead of the camera's picture, and stops it.",
    ),
    key("buttons", "document", "\"KEY_DOCUMENTS\"", "Sends the document camera's picture instead, and stops it."),
    key("buttons", "swap", "\"KEY_SWITCHVIDEOMODE\"", "Swaps the large and the small picture."),
    key("buttons", "zoom", "\"KEY_ZOOM\"", "Zooms into what is shown: all of it, its quarters, all of it."),
    key(
        "buttons",
        "pair",
        "\"KEY_CONNECT hold 3s\"",
        "Opens a pairing: 60 seconds in which a peer can be trusted by comparing six digits.",
    ),
    key(
        "buttons",
        "keyboard",
        "\"us\"",
        "Layout of a keyboard on which visitors may write, as xkb names it: \"us\", \"de\", \"ch(fr)\"; \"\" for none.",
    ),
    key("buttons", "devices", "[]", "Input devices to listen to, by name (\"gpio-keys\") or path; [] for all."),
    key(
        "buttons",
        "grab",
        "true",
        "Input devices that have one of these keys are for kioskd alone: what is pressed there is not typed on the console too.",
    ),
    key("buttons", "hold_ms", "600", "A key that is kept down this long is held: milliseconds, 200 to 5000."),
    key(
        "buttons",
        "double_ms",
        "300",
        "Longest time between the two presses of a double press: milliseconds, 100 to 1000.",
    ),
    key("lights", "call", "\"kiosk:green:call\"", "The call button's ring: on = ready, blinking = ringing."),
    key(
        "lights",
        "message",
        "\"kiosk:blue:message\"",
        "Blinks while a line of chat is unread or the screen asks something.",
    ),
    key("lights", "mute", "\"kiosk:red:mute\"", "On while muted."),
    key("lights", "on_air", "\"kiosk:red:on-air\"", "On while pictures or sound leave the kiosk."),
    key(
        "lights",
        "fault",
        "\"kiosk:amber:fault\"",
        "Blinks without a server, on without camera or sound, short flashes with old settings (see A wrong config).",
    ),
    key(
        "panel",
        "size",
        "\"1280x720\"",
        "Pixels, WIDTHxHEIGHT, 320x240 to 3840x2160; of the simulated panel, and while no monitor is there.",
    ),
    key(
        "panel",
        "connector",
        "\"auto\"",
        "\"auto\" (the first with a monitor), or its name below /sys/class/drm, like \"HDMI-A-1\" or \"card1-HDMI-A-1\".",
    ),
    key(
        "panel",
        "mode",
        "\"auto\"",
        "\"auto\" (the monitor's own, or the largest up to 1920x1200 where that is larger), or WIDTHxHEIGHT or WIDTHxHEIGHT@HERTZ: this mode, or the largest that fits.",
    ),
    key("panel", "rotation", "0", "Degrees clockwise that the picture is turned: 0, 90, 180 or 270."),
    key(
        "panel",
        "planes",
        "true",
        "Let the display controller lay the remote picture below the rest, where it can; false: always by software.",
    ),
    key(
        "panel",
        "blank_after_s",
        "0",
        "Idle seconds, up to 86400, after which the screen goes dark, until a button, a call or a message; 0: never.",
    ),
    key(
        "panel",
        "cec",
        "true",
        "Switch a television on and off with the screen, by HDMI-CEC where there is a /dev/cec*.",
    ),
    key("panel", "self_view", "true", "People see themselves in a corner in a call."),
    key("panel", "language", "\"en\"", "What it speaks: \"en\", \"de\", \"fr\", \"es\", \"ja\" or \"ar\"."),
    key("panel", "large_text", "false", "Larger text, for those who see less well."),
    key("panel", "clock", "true", "Show the time of the day while nobody calls."),
    key("panel", "logo", "\"\"", "PNG or SVG file at the top of the screen; \"\" for none."),
    key(
        "panel",
        "title",
        "\"\"",
        "Beside the logo, up to 64 characters; \"\" for the kiosk's name, where there is no logo.",
    ),
    key(
        "panel",
        "support_url",
        "\"\"",
        "What the code to scan says when the kiosk is out of order, up to 200 bytes: a URL, in which {kiosk} (its PeerId) and {code} (the support code) are filled in. \"\" for the PeerId.",
    ),
    key("panel.colors", "accent", "\"#54d3c6\"", "What can be done, #RRGGBB."),
    key("panel.colors", "ground", "\"#0c1722\"", "Behind everything, dark or light, #RRGGBB."),
    optional("panel.colors", "text", "\"#f4f8fb\"", "Text, #RRGGBB; without: light or dark, as the ground wants it."),
    optional("panel.texts", "idle", "\"Ask a nurse\"", "What the screen is about while nobody calls."),
    optional("panel.texts", "somebody", "\"We are here for you\"", "Somebody can answer."),
    key("files", "accept", "true", "Take files from peers."),
    key("files", "largest_mb", "100", "The largest file that is taken or sent: MiB, 1 to 1048576."),
    key(
        "files",
        "types",
        "[\"image/*\", \"application/pdf\", \"text/plain\"]",
        "What is taken, by what is in it and not by its name: media types, \"image/*\" for all images, \"*/*\" for everything. PNG, JPEG, WebP and PDF are shown, the rest is only kept.",
    ),
    key("files", "quota_mb", "500", "All received files together: MiB, 1 to 1048576."),
    key("files", "keep_free_mb", "200", "So much of the disk stays free: MiB, 0 to 1048576."),
    key(
        "files",
        "replace_oldest",
        "false",
        "The oldest received files make room for new ones; false: the new one is refused.",
    ),
    key(
        "files",
        "keep",
        "\"call\"",
        "How long received files are kept: \"call\" (until the call ends), or a time like \"7d\" or \"12h\", at most 3650 days.",
    ),
    key(
        "metrics",
        "listen",
        "\"\"",
        "Where they can be fetched as http://ADDRESS:PORT/metrics, like \"127.0.0.1:9843\"; \"\": nowhere. There is no authentication: whoever reaches the port reads them.",
    ),
    key("healing", "restart", "true", "kioskd may start anew by itself, but never in a call that has sound."),
    key("healing", "restart_pause_min", "60", "Least time between two such restarts: minutes, 10 to 10080."),
    key(
        "healing",
        "reboot_after",
        "0",
        "After so many such restarts the board starts anew instead: 0 (never) to 20. systemd does it at most once in 6 hours.",
    ),
    key("healing", "reboot_within_h", "24", "A restart counts for so long: hours, 1 to 720."),
    key("paths", "state_dir", "\"/var/lib/kioskd\"", "Identity key, trusted peers, counters. Made with mode 0700."),
    key("paths", "control_socket", "\"/run/kioskd/control\"", "Where kioskctl asks."),
    key(
        "paths",
        "control_group",
        "\"kiosk-admin\"",
        "Members of this group may use the control socket, if the group exists.",
    ),
];

/// Widest line of a comment.
const COMMENT_WIDTH: usize = 110;

fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > COMMENT_WIDTH {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

/// Where a key stands in the config: its table, then itself. Keys that are not ours to know come in the order of their names.
pub(crate) fn place_of<'a>(section: &str, key: &'a str) -> (usize, usize, &'a str) {
    let table = SECTIONS.iter().position(|(known, _)| *known == section).unwrap_or(SECTIONS.len());
    let is_free = FREE.contains(&section);
    let place = KEYS.iter().position(|known| known.section == section && known.name == key && !is_free);
    (table, place.unwrap_or(KEYS.len()), key)
}

/// The whole config with its defaults, as a TOML file to start from.
#[must_use]
pub fn default_config() -> String {
    let mut out = String::from("# kioskd.toml: every key with its default. Keys that are commented out have none.\n");
    for (section, doc) in SECTIONS {
        out.push('\n');
        comment(&mut out, doc);
        let all_optional = KEYS.iter().filter(|key| key.section == *section).all(|key| key.optional);
        let header = match (all_optional, FREE.contains(section)) {
            (true, true) => format!("#[{section}]"),
            (true, false) => format!("#[[{section}]]"),
            (false, _) => format!("[{section}]"),
        };
        let _ = writeln!(out, "{header}");
        for key in KEYS.iter().filter(|key| key.section == *section) {
            comment(&mut out, key.doc);
            let _ = writeln!(out, "{}{} = {}", if key.optional { "#" } else { "" }, key.name, key.value);
        }
    }
    out
}
