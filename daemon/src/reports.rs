//! What kioskctl says in JSON beside the replies of the control socket.

use std::time::Duration;

use kiosk_wire::{PeerId, PublicKey};
use serde::Serialize;

use crate::{
    authority::{Authority, Issued},
    config::{Effective, Origin, Setting, same_value},
    control::protocol::{ConfigReply, SettingReply, StatisticsReply, StatusReply},
    doctor::Finding,
    reload::needs_restart,
};

/// `kioskctl doctor`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoctorReport {
    /// Nothing keeps the kiosk from its work.
    pub works: bool,
    /// All that was looked at.
    pub findings: Vec<Finding>,
}

/// `kioskctl stats`: the figures of the call, over the time between two looks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatsReport {
    /// There is a call whose media flow; all else is 0 if not.
    pub connected: bool,
    /// Payload of what the peer sends, bits a second.
    pub bitrate_in_bps: u64,
    /// Payload of what is sent to it, bits a second.
    pub bitrate_out_bps: u64,
    /// Pictures decoded, a second.
    pub frames_in_per_s: f64,
    /// Pictures encoded, a second.
    pub frames_out_per_s: f64,
    /// Of the peer's packets, 0 to 100.
    pub lost_percent: f64,
    /// Of the peer's pictures, milliseconds.
    pub jitter_ms: f64,
    /// To the peer and back, milliseconds; null: not known yet.
    pub round_trip_ms: Option<f64>,
    /// The GStreamer element.
    pub encoder: String,
    /// How often sound was lost or ran dry, since kioskd's start.
    pub xruns: u64,
    /// How much of the echo is taken out, dB; null: not known.
    pub echo_return_loss_enhancement_db: Option<f64>,
}

impl StatsReport {
    /// What has happened from one status to the next.
    #[must_use]
    pub fn between(before: &StatusReply, after: &StatusReply, took: Duration) -> Self {
        let figures = |status: &StatusReply| {
            status.call.as_ref().and_then(|call| Some((call.id.clone(), call.statistics.clone()?)))
        };
        let Some((call, new)) = figures(after) else { return Self::default() };
        let old = figures(before).filter(|(of, _)| *of == call).map(|(_, old)| old);
        // Of a call that has begun since, everything is new.
        let rise = |of: fn(&StatisticsReply) -> u64| of(&new).saturating_sub(old.as_ref().map_or(0, of));
        let seconds = took.as_secs_f64().max(0.001);
        // A second's figures are exact in an f64.
        let a_second = |rise: u64| rise as f64 / seconds;
        let lost = new.packets_lost.saturating_sub(old.as_ref().map_or(0, |old| old.packets_lost)).max(0) as f64;
        let received = rise(|figures| figures.packets_received) as f64;
        Self {
            connected: true,
            bitrate_in_bps: (a_second(rise(|figures| figures.bytes_received)) * 8.0) as u64,
            bitrate_out_bps: (a_second(rise(|figures| figures.bytes_sent)) * 8.0) as u64,
            frames_in_per_s: a_second(rise(|figures| figures.frames_decoded)),
            frames_out_per_s: a_second(rise(|figures| figures.frames_encoded)),
            lost_percent: if lost > 0.0 { 100.0 * lost / (lost + received) } else { 0.0 },
            jitter_ms: new.jitter * 1_000.0,
            round_trip_ms: new.round_trip_time.map(|seconds| seconds * 1_000.0),
            encoder: new.encoder_implementation,
            xruns: new.xruns,
            echo_return_loss_enhancement_db: new.echo_return_loss_enhancement,
        }
    }
}

/// `kioskctl provision`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProvisionReport {
    /// What was taken.
    pub file: String,
    /// What it is called now.
    pub renamed: String,
}

/// `kioskctl support-bundle`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BundleReport {
    /// Where it is.
    pub file: String,
    /// What is in it.
    pub entries: Vec<String>,
}

/// `kioskctl screenshot` and `files save`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Saved {
    /// Where to.
    pub file: String,
    /// How long it is.
    pub bytes: u64,
}

/// `kioskctl files send`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileSent {
    /// By which it is known in the kiosk, until it has been sent.
    pub id: String,
    /// How long it is.
    pub bytes: u64,
}

/// `kioskctl authority init` and `show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuthorityShown<'a> {
    /// For `operator_keys` of the kiosks' config.
    #[cfg_attr(test, schemars(with = "String"))]
    pub public_key: PublicKey,
    /// Memberships, the oldest first.
    pub issued: &'a [Issued],
    /// Identities that were taken back.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub revoked_peers: &'a [PeerId],
}

impl<'a> AuthorityShown<'a> {
    /// Of this one.
    #[must_use]
    pub fn of(authority: &'a Authority) -> Self {
        Self {
            public_key: authority.public_key(),
            issued: authority.issued(),
            revoked_peers: authority.revoked_peers(),
        }
    }
}

/// A line of `kioskctl chat export --format json`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChatExported<'a> {
    /// Of the line, rising.
    pub number: i64,
    /// When it was said, RFC 3339, UTC.
    pub at: String,
    /// The same, milliseconds since 1970.
    pub at_ms: u64,
    /// `PeerId` of whom it was said to or by.
    pub peer: &'a str,
    /// Of the line, between the two.
    pub id: &'a str,
    /// The peer's name; null: it was said here.
    pub from: Option<&'a str>,
    /// What was said.
    pub text: &'a str,
    /// The peer has it, if it was said here.
    pub delivered: bool,
}

/// What is said in place of all these when something fails.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailureReport {
    /// Its name, for programs.
    pub error: &'static str,
    /// What is wrong and what to do, for people.
    pub sentence: String,
}

/// `kioskctl config show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigShown {
    /// Every key that has a value, in the order of the manual.
    pub settings: Vec<SettingReply>,
}

/// `kioskctl config check`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigChecked {
    /// The files and variables that were read, the strongest last: all of them are fine.
    pub parts: Vec<String>,
}

/// `kioskctl config set` and `kioskctl config unset`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigEdited {
    /// The key, with its table.
    pub key: String,
    /// Where it was written.
    pub file: String,
    /// What sets it too, and counts more: `FILE:LINE`, or a variable.
    pub covered_by: Option<String>,
    /// It counts from the next start on; else from the next reload.
    pub restart: bool,
}

/// `kioskctl config diff`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfigDiff {
    /// Keys that differ.
    pub differences: Vec<Difference>,
}

/// A key whose value is another one in the files than elsewhere.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// The key, with its table.
    pub key: String,
    /// In the running kiosk, or by default, as TOML; null: it has no value there.
    pub from: Option<String>,
    /// In the files, as TOML; null: it has no value there.
    pub to: Option<String>,
    /// What sets it in the files: `FILE:LINE`, a variable, or `default`.
    pub origin: String,
    /// It counts from the next start on; else from the next reload.
    pub restart: bool,
}

impl ConfigShown {
    /// Of a config that was taken.
    #[must_use]
    pub fn of(effective: &Effective) -> Self {
        Self { settings: effective.settings().iter().map(setting).collect() }
    }
}

fn setting(setting: &Setting) -> SettingReply {
    SettingReply { key: setting.name(), value: setting.value.clone(), origin: setting.origin.to_string() }
}

impl ConfigDiff {
    /// What is written against what runs.
    #[must_use]
    pub fn to_running(written: &Effective, running: &ConfigReply) -> Self {
        Self::between(running.settings.clone(), &written.settings())
    }

    /// What is written against what is built in.
    #[must_use]
    pub fn to_defaults(written: &Effective, defaults: &Effective) -> Self {
        Self::between(defaults.settings().iter().map(setting).collect(), &written.settings())
    }

    fn between(before: Vec<SettingReply>, after: &[Setting]) -> Self {
        let mut before = before;
        let mut differences = Vec::new();
        for new in after {
            let key = new.name();
            let place = before.iter().position(|old| old.key == key);
            let from = place.map(|place| before.remove(place).value);
            if from.as_deref().is_none_or(|from| !same_value(from, &new.value)) {
                let (to, origin) = (Some(new.value.clone()), new.origin.to_string());
                differences.push(Difference { key, from, to, origin, restart: needs_restart(new.section, &new.key) });
            }
        }
        differences.extend(before.into_iter().map(|old| Difference {
            restart: old.key.rsplit_once('.').is_some_and(|(section, key)| needs_restart(section, key)),
            key: old.key,
            from: Some(old.value),
            to: None,
            origin: Origin::Default.to_string(),
        }));
        Self { differences }
    }
}

#[cfg(test)]
mod schemas;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Layers;

    #[test]
    fn differences_are_told_with_their_origin() {
        let parse = |text: &str| Layers::of_text(Path::new("kioskd.toml"), text).effective().expect("it is fine");
        let (old, new) =
            (parse("[server]\nca_file = \"/a\"\n"), parse("[video]\nbitrate_bps = 2000000\n[sound]\nvolume = 70\n"));
        let found = ConfigDiff::to_defaults(&new, &old).differences;
        let said: Vec<_> = found
            .iter()
            .map(|found| (found.key.as_str(), found.from.as_deref(), found.to.as_deref(), found.restart))
            .collect();
        let expected = [
            ("video.bitrate_bps", Some("1_000_000"), Some("2000000"), true),
            ("server.ca_file", Some("\"/a\""), None, true),
        ];
        assert_eq!((said, found[0].origin.as_str()), (expected.to_vec(), "kioskd.toml:2"));
    }
}
