//! Another config in a running kiosk: read and checked whole, then taken, or not at all.
//!
//! Keys that say what is opened at a start (devices, codecs, sockets, directories) count from the next start on; the answer names them.

use std::{fmt, path::PathBuf, sync::Arc};

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::{
    config::{
        ButtonsSection, ChatSection, Config, ConfigError, Effective, Layers, LightsSection, PanelSection,
        ServerSection, Setting, SoundSection, TrustSection, last_good, place_of, same_value,
    },
    control::{
        EventName, EventReply, Events, Request,
        protocol::{ConfigReply, Failure, ReloadReply, SettingReply},
    },
    run::now,
    watchdog::Notifier,
};

/// Makes what is beside the loop ready for another config, on a thread that may block; what comes back carries it out and cannot fail.
/// The error is a sentence.
pub type Prepare = Arc<dyn Fn(&Config) -> Result<Settle, String> + Send + Sync>;

/// Carries out what was prepared.
pub type Settle = Box<dyn FnOnce() + Send>;

/// Where a kiosk's config comes from, and what of it is in use.
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    /// This file alone; None: those of the system.
    pub file: Option<PathBuf>,
    /// A simulated kiosk needs no file.
    pub simulated: bool,
    /// Every key with which the kiosk started.
    pub settings: Vec<Setting>,
}

impl ConfigSource {
    fn read(&self) -> Result<Effective, ConfigError> {
        let layers = Layers::read(self.file.as_deref());
        if self.simulated { layers.or_defaults().effective() } else { layers.effective() }
    }
}

/// Takes another config when it is asked to.
pub struct Reloader {
    prepare: Prepare,
    systemd: Notifier,
    events: Events,
    requests: mpsc::Sender<Request>,
    /// One reload at a time.
    in_use: Mutex<InUse>,
}

struct InUse {
    source: ConfigSource,
    config: Config,
    /// Keys that differ in the files, and count from the next start on.
    waiting: Vec<String>,
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reloader")
    }
}

impl Reloader {
    pub(crate) fn new(
        (source, config): (ConfigSource, Config),
        prepare: Prepare,
        (systemd, events): (Notifier, Events),
        requests: mpsc::Sender<Request>,
    ) -> Self {
        Self { prepare, systemd, events, requests, in_use: Mutex::new(InUse { source, config, waiting: Vec::new() }) }
    }

    /// Reads the config anew and takes what a running kiosk can take: the names of the keys that changed.
    ///
    /// # Errors
    /// A sentence; nothing has changed then.
    pub async fn reload(&self) -> Result<ReloadReply, Failure> {
        self.systemd.reloading();
        let outcome = self.take().await;
        self.systemd.ready();
        match &outcome {
            Ok(ReloadReply { applied, restart }) => {
                let (applied, restart) = (applied.join(" "), restart.join(" "));
                self.events.tell(EventReply::new(EventName::ConfigReloaded, now().wall));
                tracing::info!(name: "config-reloaded", applied, restart, "the config is read again");
            }
            Err(failure) => {
                let error = failure.parts().1;
                let reason = Some(error.to_owned());
                self.events.tell(EventReply { reason, ..EventReply::new(EventName::ConfigRefused, now().wall) });
                tracing::warn!(name: "config-refused", %error, "the config is not taken: nothing has changed");
            }
        }
        outcome
    }

    async fn take(&self) -> Result<ReloadReply, Failure> {
        let mut in_use = self.in_use.lock().await;
        let (source, running, prepare) = (in_use.source.clone(), in_use.config.clone(), Arc::clone(&self.prepare));
        let read = tokio::task::spawn_blocking(move || {
            let effective = source.read().map_err(|error| error.to_string())?;
            let config = applied(&running, &effective.config);
            let settle = prepare(&config)?;
            Ok::<_, String>((effective, config, settle))
        });
        let read = read.await.map_err(|error| Failure::Unavailable(error.to_string()))?;
        let (effective, config, settle) = read.map_err(Failure::Declined)?;
        let (answer, answered) = oneshot::channel();
        let ending = || Failure::Unavailable("kioskd is ending".to_owned());
        self.requests.send(Request::Configure(Box::new(config.clone()), answer)).await.map_err(|_| ending())?;
        answered.await.map_err(|_| ending())?;
        tokio::task::spawn_blocking(settle).await.map_err(|error| Failure::Unavailable(error.to_string()))?;
        let settings = effective.settings();
        let changed = changed(&in_use.source.settings, &settings);
        let (restart, applied): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(needs_restart, _)| *needs_restart);
        let names = |keys: Vec<(bool, String)>| keys.into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        let reply = ReloadReply { applied: names(applied), restart: names(restart) };
        in_use.source.settings = in_use_now(&in_use.source.settings, settings);
        in_use.waiting.clone_from(&reply.restart);
        in_use.config = config;
        let state_dir = in_use.config.paths.state_dir.clone();
        let kept = tokio::task::spawn_blocking(move || last_good::keep(&state_dir, &effective)).await;
        if let Err(error) = kept.map_err(std::io::Error::other).flatten() {
            tracing::warn!(%error, "the config is not kept: a wrong one would keep the kiosk from starting");
        }
        Ok(reply)
    }

    /// The lights of the config that is in use.
    pub(crate) async fn lights(&self) -> LightsSection {
        self.in_use.lock().await.config.lights.clone()
    }

    /// The config that is in use.
    pub(crate) async fn config(&self) -> ConfigReply {
        let in_use = self.in_use.lock().await;
        let setting = |setting: &Setting| SettingReply {
            key: setting.name(),
            value: setting.value.clone(),
            origin: setting.origin.to_string(),
        };
        ConfigReply {
            settings: in_use.source.settings.iter().map(setting).collect(),
            problem: in_use.config.instead_of.clone(),
            restart: in_use.waiting.clone(),
        }
    }
}

/// Whether a key is read at a start only.
#[must_use]
pub fn needs_restart(section: &str, key: &str) -> bool {
    match section {
        "camera" | "camera.controls" | "video" | "metrics" | "healing" | "paths" => true,
        "sound" => key != "volume",
        "server" => key == "ca_file",
        "trust" => key == "memberships",
        "chat" => key == "keep",
        "buttons" => matches!(key, "devices" | "grab"),
        "panel" => matches!(key, "size" | "connector" | "mode" | "rotation" | "planes" | "cec"),
        _ => false,
    }
}

/// What of a new config a running kiosk can take, over what it runs with.
fn applied(running: &Config, new: &Config) -> Config {
    let new = new.clone();
    Config {
        server: ServerSection { ca_file: running.server.ca_file.clone(), ..new.server },
        trust: TrustSection { memberships: running.trust.memberships.clone(), ..new.trust },
        camera: running.camera.clone(),
        sound: SoundSection { volume: new.sound.volume, ..running.sound.clone() },
        video: running.video.clone(),
        chat: ChatSection { keep: running.chat.keep, ..new.chat },
        buttons: ButtonsSection { devices: running.buttons.devices.clone(), grab: running.buttons.grab, ..new.buttons },
        panel: PanelSection {
            size: running.panel.size,
            connector: running.panel.connector.clone(),
            mode: running.panel.mode,
            rotation: running.panel.rotation,
            planes: running.panel.planes,
            cec: running.panel.cec,
            ..new.panel
        },
        metrics: running.metrics.clone(),
        healing: running.healing.clone(),
        paths: running.paths.clone(),
        ..new
    }
}

/// Keys whose values differ, and whether they need a restart; in the order of the config.
fn changed(before: &[Setting], after: &[Setting]) -> Vec<(bool, String)> {
    let is_in = |setting: &Setting, settings: &[Setting]| {
        settings.iter().any(|other| same_key(other, setting) && same_value(&other.value, &setting.value))
    };
    let new = after.iter().filter(|setting| !is_in(setting, before));
    let gone = before.iter().filter(|setting| !after.iter().any(|other| same_key(other, setting)));
    new.chain(gone).map(|setting| (needs_restart(setting.section, &setting.key), setting.name())).collect()
}

fn same_key(one: &Setting, other: &Setting) -> bool {
    (one.section, &one.key) == (other.section, &other.key)
}

/// The new settings, but for those that wait for the next start.
fn in_use_now(before: &[Setting], after: Vec<Setting>) -> Vec<Setting> {
    let waits = |setting: &&Setting| needs_restart(setting.section, &setting.key);
    let taken = after.into_iter().filter(|setting| !waits(&setting));
    let mut settings: Vec<_> = taken.chain(before.iter().filter(waits).cloned()).collect();
    settings.sort_by(|one, other| place_of(one.section, &one.key).cmp(&place_of(other.section, &other.key)));
    settings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::KEYS;

    /// Another value than the default for every key; the tables whose keys are not ours have one each.
    const OTHERS: &[(&str, &str, &str)] = &[
        ("kiosk", "name", "\"Other\""),
        ("kiosk", "room", "\"other\""),
        ("server", "url", "\"wss://other.example/signaling\""),
        ("server", "ca_file", "\"/other.pem\""),
        ("server", "allow_plain", "true"),
        ("trust", "unknown", "\"ring-unverified\""),
        ("trust", "allow_restart", "false"),
        ("trust", "memberships", "\"/memberships\""),
        ("trust", "peer", "[{ id = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", name = \"Desk\" }]"),
        ("call", "target", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
        ("camera", "source", "\"none\""),
        ("camera", "width", "320"),
        ("camera", "height", "240"),
        ("camera", "framerate", "15"),
        ("camera", "test_colour", "\"#ffffff\""),
        ("camera", "document", "\"test\""),
        ("camera.controls", "brightness", "11"),
        ("sound", "microphone", "\"none\""),
        ("sound", "loudspeaker", "\"none\""),
        ("sound", "volume", "30"),
        ("sound", "echo_cancellation", "false"),
        ("sound", "echo_delay_ms", "10"),
        ("sound", "noise_suppression", "false"),
        ("sound", "gain_control", "false"),
        ("sound", "test_tone_hz", "880"),
        ("video", "codec", "\"h264\""),
        ("video", "bitrate_bps", "500000"),
        ("chat", "keep", "\"7d\""),
        ("chat", "quick_replies", "[\"Yes\"]"),
        ("buttons", "keyboard", "\"de\""),
        ("buttons", "devices", "[\"gpio-keys\"]"),
        ("buttons", "grab", "false"),
        ("buttons", "hold_ms", "700"),
        ("buttons", "double_ms", "400"),
        ("panel", "size", "\"800x480\""),
        ("panel", "connector", "\"HDMI-A-1\""),
        ("panel", "mode", "\"1280x720\""),
        ("panel", "rotation", "90"),
        ("panel", "planes", "false"),
        ("panel", "blank_after_s", "60"),
        ("panel", "cec", "false"),
        ("panel", "self_view", "false"),
        ("panel", "language", "\"de\""),
        ("panel", "large_text", "true"),
        ("panel", "clock", "false"),
        ("panel", "logo", "\"/logo.svg\""),
        ("panel", "title", "\"Other\""),
        ("panel", "support_url", "\"https://help.example/\""),
        ("panel.colors", "accent", "\"#ffd100\""),
        ("panel.colors", "ground", "\"#101820\""),
        ("panel.colors", "text", "\"#ffffff\""),
        ("panel.texts", "idle", "\"Ask a nurse\""),
        ("files", "accept", "false"),
        ("files", "largest_mb", "50"),
        ("files", "types", "[\"*/*\"]"),
        ("files", "quota_mb", "50"),
        ("files", "keep_free_mb", "50"),
        ("files", "replace_oldest", "true"),
        ("files", "keep", "\"7d\""),
        ("metrics", "listen", "\"127.0.0.1:1\""),
        ("healing", "restart", "false"),
        ("healing", "restart_pause_min", "120"),
        ("healing", "reboot_after", "3"),
        ("healing", "reboot_within_h", "48"),
        ("paths", "state_dir", "\"/other\""),
        ("paths", "control_socket", "\"/other/control\""),
        ("paths", "control_group", "\"other\""),
    ];

    fn parse(text: &str) -> Effective {
        let path = Path::new("kioskd.toml");
        Layers::of_text(path, text).effective().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_key_is_taken_or_said_to_need_a_restart() {
        let defaults = Config::default();
        for key in KEYS {
            let is_listed = OTHERS.iter().any(|(section, name, _)| *section == key.section && *name == key.name);
            let is_alike = matches!(key.section, "trust.peer" | "lights" | "camera.controls" | "panel.texts")
                || (key.section == "buttons" && !matches!(key.name, "keyboard" | "devices" | "grab"));
            assert!(is_listed || is_alike || key.name == "operator_keys", "{}.{} is not tried", key.section, key.name);
        }
        let lights = [("lights", "call", "\"other\""), ("buttons", "call", "\"KEY_F1\"")];
        for (section, key, value) in OTHERS.iter().chain(&lights) {
            let new = parse(&format!("[{section}]\n{key} = {value}\n"));
            assert_ne!(new.config, defaults, "{section}.{key}: {value} is the default");
            let is_taken = applied(&defaults, &new.config) == new.config;
            let is_left = applied(&defaults, &new.config) == defaults;
            let expected = if needs_restart(section, key) { (false, true) } else { (true, false) };
            assert_eq!((is_taken, is_left), expected, "{section}.{key}");
            let found = changed(&parse("").settings(), &new.settings());
            assert_eq!(found, [(needs_restart(section, key), format!("{section}.{key}"))]);
        }
    }

    #[test]
    fn what_waits_for_a_restart_is_not_in_use() {
        let before = parse("[video]\nbitrate_bps = 500000\n[sound]\nvolume = 40\n").settings();
        let after = parse("[video]\nbitrate_bps = 600000\n[kiosk]\nname = \"Other\"\n").settings();
        let now = in_use_now(&before, after.clone());
        let value = |key: &str| now.iter().find(|setting| setting.name() == key).map(|setting| setting.value.as_str());
        assert_eq!(value("video.bitrate_bps"), Some("500000"));
        assert_eq!((value("kiosk.name"), value("sound.volume")), (Some("\"Other\""), Some("70")));
        assert_eq!(changed(&now, &after), [(true, "video.bitrate_bps".to_owned())], "it still waits");
        let order: Vec<_> = after.iter().map(Setting::name).collect();
        assert_eq!(now.iter().map(Setting::name).collect::<Vec<_>>(), order);
    }
}
