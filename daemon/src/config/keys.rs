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
    ("buttons", "Which evdev key (linux/input-event-codes.h) is which button."),
    ("lights", "Which LED (name below /sys/class/leds) is which light. \"\" for none."),
    ("panel", "The screen."),
    ("paths", "Where kioskd keeps things and listens."),
];

/// Tables whose keys are not ours to know; those of [`KEYS`] are examples.
pub(crate) const FREE: &[&str] = &["camera.controls"];

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
        "buttons",
        "call",
        "\"KEY_PHONE\"",
        "Idle: calls. Ringing: answers. In a call: hangs up. A key, \"KEY_PHONE hold\", \"KEY_PHONE double\" or a list of such; \"\" for none. `kioskctl buttons learn` names a key.",
    ),
    key("buttons", "answer", "\"\"", "Answers, nothing else."),
    key("buttons", "hang_up", "\"\"", "Rejects or hangs up, nothing else."),
    key("buttons", "mute", "\"KEY_MICMUTE\"", "Mutes and unmutes the microphone."),
    key("buttons", "camera", "\"KEY_CAMERA\"", "Camera off and on."),
    key("buttons", "volume_up", "\"KEY_VOLUMEUP\"", "Louder, again and again while it is held."),
    key("buttons", "volume_down", "\"KEY_VOLUMEDOWN\"", "Quieter, again and again while it is held."),
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
    key("lights", "mute", "\"kiosk:red:mute\"", "On while muted."),
    key("lights", "on_air", "\"kiosk:red:on-air\"", "On while pictures or sound leave the kiosk."),
    key("lights", "fault", "\"kiosk:amber:fault\"", "Blinks without a server, on without camera or sound."),
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
