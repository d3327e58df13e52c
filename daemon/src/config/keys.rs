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
    ("sound", "Microphone and loudspeaker."),
    ("video", "The picture that is sent."),
    ("buttons", "Which evdev key (linux/input-event-codes.h) is which button. \"\" for none."),
    ("lights", "Which LED (name below /sys/class/leds) is which light. \"\" for none."),
    ("panel", "The screen."),
    ("paths", "Where kioskd keeps things and listens."),
];

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
        "URL of the signaling server, or a list of URLs, tried in turn.",
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
    key("trust", "operator_keys", "[]", "Public keys (87 characters each) of authorities whose members are trusted."),
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
        "\"auto\" (first camera found), \"test\" (test picture), \"none\", \"file:PATH\" (a media file, repeated) or \"/dev/videoN\".",
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
        "sound",
        "microphone",
        "\"auto\"",
        "\"auto\" (ALSA default), \"test\" (tone), \"none\", \"file:PATH\" (a media file, repeated) or an ALSA PCM like \"plughw:1,0\".",
    ),
    key(
        "sound",
        "loudspeaker",
        "\"auto\"",
        "\"auto\" (ALSA default), \"none\", \"file:PATH\" (a WAV file is written) or an ALSA PCM like \"plughw:1,0\".",
    ),
    key("sound", "test_tone_hz", "440", "Frequency of the test tone, hertz, 20 to 20000."),
    key(
        "video",
        "codec",
        "\"vp8\"",
        "\"vp8\" or \"h264\": which to prefer; the other one is used where this one cannot be.",
    ),
    key("video", "bitrate_bps", "1_000_000", "Bits a second, 100_000 to 20_000_000."),
    key("buttons", "call", "\"KEY_PHONE\"", "Idle: calls. Ringing: answers. In a call: hangs up."),
    key("buttons", "answer", "\"\"", "Answers, nothing else."),
    key("buttons", "hang_up", "\"\"", "Rejects or hangs up, nothing else."),
    key("buttons", "mute", "\"KEY_MICMUTE\"", "Mutes and unmutes the microphone."),
    key("buttons", "camera", "\"KEY_CAMERA\"", "Camera off and on."),
    key("lights", "call", "\"kiosk:green:call\"", "The call button's ring: on = ready, blinking = ringing."),
    key("lights", "mute", "\"kiosk:red:mute\"", "On while muted."),
    key("lights", "on_air", "\"kiosk:red:on-air\"", "On while pictures or sound leave the kiosk."),
    key("lights", "fault", "\"kiosk:amber:fault\"", "Blinks without a server, on without camera or sound."),
    key("panel", "size", "\"1280x720\"", "Pixels, WIDTHxHEIGHT, 320x240 to 3840x2160; of the simulated panel."),
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

/// The whole config with its defaults, as a TOML file to start from.
#[must_use]
pub fn default_config() -> String {
    let mut out = String::from("# kioskd.toml: every key with its default. Keys that are commented out have none.\n");
    for (section, doc) in SECTIONS {
        out.push('\n');
        comment(&mut out, doc);
        let all_optional = KEYS.iter().filter(|key| key.section == *section).all(|key| key.optional);
        let _ = writeln!(out, "{}", if all_optional { format!("#[[{section}]]") } else { format!("[{section}]") });
        for key in KEYS.iter().filter(|key| key.section == *section) {
            comment(&mut out, key.doc);
            let _ = writeln!(out, "{}{} = {}", if key.optional { "#" } else { "" }, key.name, key.value);
        }
    }
    out
}
