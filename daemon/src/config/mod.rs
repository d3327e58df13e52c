//! The config: TOML files one over the other, strict keys, every error with file, line, key and what to do.

mod buttons;
mod camera;
mod chat;
pub mod edit;
mod environment;
mod files;
mod healing;
mod keys;
pub mod last_good;
mod layers;
mod panel;
mod sound;
mod source;
mod values;

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use kiosk_call::{Pin, Target, UnknownPeers};
use kiosk_wire::{Name, PublicKey, Room};
use serde::Deserialize;
use thiserror::Error;
use url::{Host, Url};

#[cfg(test)]
pub(crate) use self::keys::KEYS;
pub use self::{
    buttons::{ButtonsSection, LightsSection},
    camera::CameraSection,
    chat::ChatSection,
    files::{FilesSection, TypeRule},
    healing::HealingSection,
    keys::default_config,
    layers::{Effective, Layers, Origin, Setting, defaults, same_value},
    panel::{ColorsSection, PanelSection},
    sound::SoundSection,
    values::{Binding, CameraSource, Codec, Gesture, Loudspeaker, Microphone, PanelSize},
};
pub(crate) use self::{
    keys::place_of,
    values::{MOST_SERVERS, parse_peer_id},
};

/// What an admin writes, unless `--config` names another file; [`Layers`] says what goes with it.
pub const DEFAULT_FILE: &str = "/etc/kioskd/kioskd.toml";

/// Why a config is not taken.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// No such file, or no right to read it.
    #[error("cannot read the config {}: {source}; make one with 'kioskd --print-default-config', or name another with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What, and what to do.
        message: String,
    },
    /// A variable of the environment is wrong.
    #[error("{name} in the environment: {message}")]
    Variable {
        /// Its name.
        name: String,
        /// What, and what to do.
        message: String,
    },
}

/// The whole config. Defaults, units and ranges: [`default_config`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who this kiosk is.
    pub kiosk: KioskSection,
    /// The signaling server.
    pub server: ServerSection,
    /// Who may call.
    pub trust: TrustSection,
    /// What the call button does.
    pub call: CallSection,
    /// The camera.
    pub camera: CameraSection,
    /// Microphone and loudspeaker.
    pub sound: SoundSection,
    /// The picture that is sent.
    pub video: VideoSection,
    /// What is said in writing.
    pub chat: ChatSection,
    /// What peers send as files.
    pub files: FilesSection,
    /// Buttons by role.
    pub buttons: ButtonsSection,
    /// Lights by role.
    pub lights: LightsSection,
    /// The screen.
    pub panel: PanelSection,
    /// Figures for a monitoring system.
    pub metrics: MetricsSection,
    /// What kioskd does by itself when nothing else helps.
    pub healing: HealingSection,
    /// Files and sockets.
    pub paths: PathsSection,
    /// It is the one of [`last_good`]: what is wrong with the one that was written. The panel says so.
    #[serde(skip)]
    pub instead_of: Option<String>,
}

/// `[kiosk]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KioskSection {
    /// What the kiosk calls itself.
    #[serde(deserialize_with = "values::name")]
    pub name: Name,
    /// The room that it joins.
    #[serde(deserialize_with = "values::room")]
    pub room: Room,
}

impl Default for KioskSection {
    fn default() -> Self {
        Self {
            name: Name::try_from("Kiosk".to_owned()).expect("a short name"),
            room: Room::try_from("lobby".to_owned()).expect("lower-case letters"),
        }
    }
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// URLs, one to four; the kiosk is signed in at all of them.
    #[serde(deserialize_with = "values::urls")]
    pub url: Vec<Url>,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Allow ws:// off loopback.
    pub allow_plain: bool,
}

impl Default for ServerSection {
    fn default() -> Self {
        let url = Url::parse("wss://localhost:3030/signaling").expect("a URL");
        Self { url: vec![url], ca_file: None, allow_plain: false }
    }
}

/// `[trust]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustSection {
    /// What happens to callers that nobody vouches for.
    #[serde(deserialize_with = "values::unknown_peers")]
    pub unknown: UnknownPeers,
    /// Authorities.
    #[serde(deserialize_with = "values::operator_keys")]
    pub operator_keys: Vec<PublicKey>,
    /// File of what authorities say of this kiosk, one membership a line.
    pub memberships: Option<PathBuf>,
    /// Pinned peers.
    #[serde(deserialize_with = "values::pins")]
    pub peer: Vec<Pin>,
    /// Operators that are trusted may start kioskd anew.
    pub allow_restart: bool,
}

impl Default for TrustSection {
    fn default() -> Self {
        Self {
            unknown: UnknownPeers::Refuse,
            operator_keys: Vec::new(),
            memberships: None,
            peer: Vec::new(),
            allow_restart: true,
        }
    }
}

/// `[call]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallSection {
    /// Whom the call button calls.
    #[serde(deserialize_with = "values::target")]
    pub target: Target,
}

impl Default for CallSection {
    fn default() -> Self {
        Self { target: Target::Operator }
    }
}

/// `[video]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VideoSection {
    /// How pictures are encoded.
    #[serde(deserialize_with = "values::codec")]
    pub codec: Codec,
    /// Bits a second.
    #[serde(deserialize_with = "values::bitrate")]
    pub bitrate_bps: u32,
}

impl Default for VideoSection {
    fn default() -> Self {
        Self { codec: Codec::Vp8, bitrate_bps: 1_000_000 }
    }
}

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSection {
    /// Where they can be fetched; None: nowhere.
    #[serde(deserialize_with = "values::listen")]
    pub listen: Option<SocketAddr>,
}

/// `[paths]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathsSection {
    /// Identity key, trusted peers, counters.
    pub state_dir: PathBuf,
    /// Where kioskctl asks.
    pub control_socket: PathBuf,
    /// Who may, beside root and our own user.
    pub control_group: String,
}

impl Default for PathsSection {
    fn default() -> Self {
        Self {
            state_dir: "/var/lib/kioskd".into(),
            control_socket: crate::control::DEFAULT_SOCKET.into(),
            control_group: "kiosk-admin".to_owned(),
        }
    }
}

impl Config {
    /// From a file alone and the environment.
    ///
    /// # Errors
    /// [`ConfigError`], each a sentence that names the file, the line and what to do.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Ok(Layers::read(Some(path)).effective()?.config)
    }

    /// From the text of a file; `path` is for the errors.
    ///
    /// # Errors
    /// [`ConfigError::Wrong`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Ok(Layers::of_text(path, text).effective()?.config)
    }

    /// What no key says alone, but two do together.
    fn refuse(&self, layers: &Layers) -> Result<(), ConfigError> {
        self.refuse_plain(layers)?;
        self.refuse_two_roles(layers)?;
        self.healing.refuse(layers)?;
        self.panel.refuse(layers)
    }

    /// A key that is pressed means one thing.
    fn refuse_two_roles(&self, layers: &Layers) -> Result<(), ConfigError> {
        let mut taken = BTreeMap::new();
        for (role, _, keys) in self.buttons.roles() {
            for binding in keys {
                if let Some(other) = taken.insert(*binding, role)
                    && other != role
                {
                    // The one that was set later is to be changed; a default that is in its way was there before.
                    let is_before = layers.rank(&["buttons", other]) <= layers.rank(&["buttons", role]);
                    let (other, role) = if is_before { (other, role) } else { (role, other) };
                    let message = format!("'{binding}' is {other} already; one of the two needs another key");
                    return Err(layers.at(&["buttons", role], message));
                }
            }
        }
        Ok(())
    }

    /// Signaling without TLS shows everybody on the way who calls whom, and lets them drop it.
    fn refuse_plain(&self, layers: &Layers) -> Result<(), ConfigError> {
        let plain = |url: &&Url| url.scheme() == "ws" && !is_loopback(url);
        match self.server.url.iter().find(plain) {
            Some(url) if !self.server.allow_plain => Err(layers.at(
                &["server", "url"],
                format!(
                    "'{url}' has no TLS and is not on this machine; use wss://, or set allow_plain = true in [server]"
                ),
            )),
            Some(_) | None => Ok(()),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_defaults_are_the_defaults() {
        let printed = Config::parse(Path::new("kioskd.toml"), &default_config()).expect("it parses");
        assert_eq!(printed, Config::default());
    }

    #[test]
    fn every_key_is_read() {
        let mut text = String::new();
        let id = "A".repeat(43);
        for line in default_config().lines() {
            let line = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
            text.push_str(&line.replace("<PeerId, 43 characters>", &id));
            text.push('\n');
        }
        let config = Config::parse(Path::new("kioskd.toml"), &text).expect("it parses");
        assert_eq!(config.trust.peer.len(), 1);
        assert!(config.server.ca_file.is_some());
    }

    #[test]
    fn every_key_is_in_the_manual() {
        let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md"))
            .expect("docs/operations.md");
        for key in KEYS {
            assert!(
                manual.contains(&format!("`{}`", key.name)),
                "docs/operations.md lacks {}.{}",
                key.section,
                key.name
            );
        }
    }

    /// Each mistake, the line that is named, and the sentence.
    const MISTAKES: &[(&str, usize, &str)] = &[
        ("[kiosk]\nnmae = \"x\"", 2, "unknown key 'nmae' in [kiosk]; did you mean 'name'?"),
        ("\n\n[kisok]\n", 3, "unknown section [kisok]; did you mean 'kiosk'?"),
        ("[trust]\nzzz = 1", 2, "unknown key 'zzz' in [trust]; known are unknown, allow_restart, operator_keys"),
        ("name = \"x\"", 1, "key 'name' is in no section; put it below [kiosk]"),
        ("[zzz]", 1, "unknown section [zzz]; known are kiosk, server, trust, call, camera"),
        ("[[trust.peer]]\nidd = \"x\"", 2, "unknown key 'idd' in [trust.peer]; did you mean 'id'?"),
        ("[kiosk]\nname = 7", 2, "name: invalid type: integer `7`, expected a string"),
        ("[kiosk]\nname = \"\"", 2, "name: '' is not a name: 1 to 64 characters"),
        ("[kiosk]\nname = \"a\\nb\"", 2, "name: 'a\\nb' is not a name"),
        ("[kiosk]\nroom = \"Lobby 2\"", 2, "room: 'Lobby 2' is not a room: 1 to 63 of a-z"),
        ("[kiosk]\nroom = \"a\"\nroom = \"b\"", 3, "duplicate key"),
        ("[kiosk\n", 1, "unclosed table, expected `]`"),
        (
            "[server]\nurl = \"http://a.example\"",
            2,
            "url: 'http://a.example' is not a signaling URL; write it like wss://host:3030/signaling",
        ),
        ("[server]\nurl = 3", 2, "url: expected a URL or a list of URLs"),
        ("[server]\nurl = []", 2, "url: expected 1 to 4 URLs"),
        (
            "[server]\nurl = [\"wss://a.example/s\", \"wss://A.example:443/s\"]",
            2,
            "url: 'wss://a.example/s' is there twice",
        ),
        (
            "[server]\nca_file = \"/x\"\nurl = [\"wss://a.example/\", \"ws://b.example/signaling\"]",
            3,
            "'ws://b.example/signaling' has no TLS and is not on this machine; use wss://, or set allow_plain = true in [server]",
        ),
        ("[trust]\nunknown = \"allow\"", 2, "unknown: 'allow' is neither \"refuse\" nor \"ring-unverified\""),
        ("[trust]\noperator_keys = [\"x\"]", 2, "operator_keys: 'x' is not a public key: 87 characters"),
        ("[[trust.peer]]\nid = \"short\"\nname = \"a\"", 2, "id: 'short' is not a PeerId: 43 characters"),
        ("[[trust.peer]]\nname = \"a\"", 1, "missing field `id`"),
        ("[call]\ntarget = \"anyone\"", 2, "target: 'anyone' is neither \"operator\" nor a PeerId"),
        (
            "[camera]\nsource = \"webcam\"",
            2,
            "source: 'webcam' is not a camera; write \"auto\", \"test\", \"none\", \"file:PATH\"",
        ),
        ("[camera]\nsource = \"name:\"", 2, "source: 'name:' is not a camera"),
        ("[camera.controls]\ngain = 1.5", 2, "gain: expected a number, the name of a menu's item, or true or false"),
        ("[camera]\nsource = \"file:\"", 2, "source: 'file:' is not a camera"),
        ("[camera]\nwidth = 641", 2, "width: 641 is not in 64 to 3840 pixels, even"),
        ("[camera]\nheight = -2", 2, "height: -2 is not in 64 to 2160 pixels, even"),
        ("[camera]\nframerate = 5", 2, "framerate: 5 is not in 9 to 60 frames a second"),
        ("[camera]\ntest_colour = \"red\"", 2, "test_colour: 'red' is not a colour; write #RRGGBB"),
        ("[sound]\nmicrophone = \"mic\"", 2, "microphone: 'mic' is not a microphone"),
        ("[sound]\nloudspeaker = \"test\"", 2, "loudspeaker: 'test' is not a loudspeaker"),
        ("[sound]\nmicrophone = \"name:\"", 2, "microphone: 'name:' is not a microphone"),
        ("[sound]\necho_delay_ms = 501", 2, "echo_delay_ms: 501 is not in 0 to 500 milliseconds"),
        ("[sound]\ntest_tone_hz = 5", 2, "test_tone_hz: 5 is not in 20 to 20000 hertz"),
        ("[video]\ncodec = \"av1\"", 2, "codec: 'av1' is neither \"vp8\" nor \"h264\""),
        ("[video]\nbitrate_bps = 1", 2, "bitrate_bps: 1 is not in 100000 to 20000000 bits a second"),
        (
            "[buttons]\ncall = \"KEY_FONE\"",
            2,
            "call: 'KEY_FONE' is not a key; write its name in linux/input-event-codes.h",
        ),
        (
            "[buttons]\ncall = \"KEY_PHONE twice\"",
            2,
            "call: 'twice' is neither \"hold\", \"hold 3s\" (1 to 10 seconds) nor \"double\"",
        ),
        (
            "[buttons]\ncall = \"KEY_A\"\nmute = [\"KEY_B\", \"KEY_A\"]",
            3,
            "'KEY_A' is call already; one of the two needs another key",
        ),
        ("[buttons]\nhold_ms = 5", 2, "hold_ms: 5 is not in 200 to 5000 milliseconds"),
        ("[panel]\nsize = \"big\"", 2, "size: 'big' is not a size; write WIDTHxHEIGHT, 320x240 to 3840x2160"),
        ("[panel]\nmode = \"4K\"", 2, "mode: '4K' is not a mode; write \"auto\", WIDTHxHEIGHT or WIDTHxHEIGHT@HERTZ"),
        ("[panel]\nrotation = 45", 2, "rotation: 45 is not 0, 90, 180 or 270"),
        ("[panel]\nblank_after_s = -1", 2, "blank_after_s: -1 is not in 0 to 86400 seconds"),
        ("[panel]\nconnector = \"\"", 2, "connector: '' is not a connector"),
        ("[files]\ntypes = [\"png\"]", 2, "types: 'png' is not a media type; write it like image/png, image/* or */*"),
        ("[files]\nlargest_mb = 0", 2, "largest_mb: 0 is not in 1 to 1048576 MiB"),
        ("[files]\nquota_mb = 0", 2, "quota_mb: 0 is not in 1 to 1048576 MiB"),
        ("[files]\nkeep_free_mb = -1", 2, "keep_free_mb: -1 is not in 0 to 1048576 MiB"),
        ("[files]\nkeep = \"forever\"", 2, "keep: 'forever' is neither \"call\" nor a time like \"7d\""),
        (
            "[metrics]\nlisten = \"9843\"",
            2,
            "listen: '9843' is not an address; write it like 127.0.0.1:9843, or \"\" for none",
        ),
        ("paths = 3", 1, "paths: invalid type: integer `3`"),
    ];

    #[test]
    fn every_mistake_is_named_with_its_line() {
        for (text, line, sentence) in MISTAKES {
            let error = Config::parse(Path::new("/etc/kioskd/kioskd.toml"), text).expect_err(text).to_string();
            let start = format!("/etc/kioskd/kioskd.toml:{line}: ");
            assert!(error.starts_with(&start) && error.contains(sentence), "{text:?} gives {error:?}");
        }
    }

    #[test]
    fn plain_web_sockets_are_for_loopback_or_the_brave() {
        for text in
            ["url = \"ws://127.0.0.1:3030/signaling\"", "url = \"ws://b.example/signaling\"\nallow_plain = true"]
        {
            let parsed = Config::parse(Path::new("kioskd.toml"), &format!("[server]\n{text}"));
            assert!(parsed.is_ok(), "{parsed:?}");
        }
    }

    #[test]
    fn loopback_in_all_its_forms() {
        for (url, loopback) in [
            ("ws://127.0.0.1:3030/signaling", true),
            ("ws://127.9.9.9/", true),
            ("ws://[::1]:3030/", true),
            ("ws://localhost/", true),
            ("ws://localhost.example/", false),
            ("ws://10.0.0.1/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), loopback, "{url}");
        }
    }
}
