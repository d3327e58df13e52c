//! What is wrong with this kiosk, and what to do: `kioskctl doctor`.
//!
//! Looks at the config, at what the running kioskd says of itself and its devices, and at the board: clock, disk, power, heat,
//! the way to the server. Every finding that is not fine carries advice.

mod health;

use std::{
    io,
    net::{TcpStream, ToSocketAddrs as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kiosk_call::UnknownPeers;
use serde::Serialize;
use url::Url;

use crate::{
    board::{Power, ZONES, hottest_millidegrees},
    config::{Config, ConfigError, Effective, Layers},
    control::{
        client::{Client, ClientError},
        protocol::{
            CrashReply, CrashesReply, DeviceKind, DevicesReply, FoundDevice, FoundState, LinkState, Method, StatusReply,
        },
    },
};

pub use self::health::{HealthReport, HealthState, health, problems};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Fine,
    /// The kiosk works, but somebody should look.
    Warning,
    /// The kiosk does not do its work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What: `config`, `settings` (those in use), `daemon`, `link`, `camera`, `clock` and so on.
    pub area: &'static str,
    /// How bad.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do; empty if it is fine.
    pub advice: String,
}

impl Finding {
    fn fine(area: &'static str, found: impl Into<String>) -> Self {
        Self { area, level: Level::Fine, found: found.into(), advice: String::new() }
    }

    fn warning(area: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { area, level: Level::Warning, found: found.into(), advice: advice.into() }
    }

    fn failed(area: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { area, level: Level::Failed, found: found.into(), advice: advice.into() }
    }
}

/// Looks at everything; at the config of the system, or a file alone. Takes a few seconds where the server cannot be reached.
#[must_use]
pub fn examine(config_file: Option<&Path>, socket: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let effective = Layers::read(config_file).effective();
    findings.push(of_config(effective.as_ref()));
    let config = effective.map(|effective| effective.config);
    let asked = Client::connect(socket).and_then(|mut client| {
        let status: StatusReply = client.get(&Method::Status {})?;
        Ok((status, client.get::<DevicesReply>(&Method::Devices {})?, client.get::<CrashesReply>(&Method::Crashes {})?))
    });
    match &asked {
        Ok((status, devices, crashes)) => {
            findings.push(Finding::fine("daemon", format!("kioskd {} runs", status.version)));
            findings.extend(of_status(status));
            findings.extend(of_devices(&devices.devices));
            findings.extend(of_crashes(&crashes.crashes, SystemTime::now()));
        }
        Err(error) => findings.push(silence(error)),
    }
    let is_up = asked.is_ok_and(|(status, ..)| status.link.state == LinkState::Up);
    if let Ok(config) = &config {
        findings.extend(of_trust(config));
        if !is_up {
            findings.extend(config.server.url.iter().map(of_server));
        }
        findings.extend(of_disk(&config.paths.state_dir));
    }
    findings.push(of_clock(SystemTime::now()));
    findings.extend(Power::read().map(of_power));
    findings.extend(of_heat(Path::new(ZONES)));
    findings
}

fn of_config(effective: Result<&Effective, &ConfigError>) -> Finding {
    match effective {
        Ok(effective) => {
            let parts: Vec<_> = effective.parts().collect();
            Finding::fine("config", format!("{}: fine", parts.join(", ")))
        }
        Err(error) => Finding::failed("config", error.to_string(), "put it right, then 'kioskctl reload'"),
    }
}

/// Why a kiosk does not answer, and what to do.
#[must_use]
pub fn silence(error: &ClientError) -> Finding {
    let advice = match error {
        ClientError::NotRunning { .. } => "see 'systemctl status kioskd' and 'journalctl -u kioskd -b'",
        ClientError::Denied(_) => "run this as root, or join the group of the control socket",
        ClientError::NoAnswer { .. } | ClientError::Failed(_) => {
            "it hangs: see 'journalctl -u kioskd -b', then restart it"
        }
        ClientError::Surprise(_) => "restart kioskd, so that it is of the same version as kioskctl",
    };
    Finding::failed("daemon", error.to_string(), advice)
}

fn of_status(status: &StatusReply) -> Vec<Finding> {
    let link = match status.link.state {
        LinkState::Up => Finding::fine("link", format!("signed in, {} in the room beside us", status.peers)),
        LinkState::Connecting => Finding::warning("link", "is being opened", "wait some seconds, then look again"),
        LinkState::Down => Finding::failed(
            "link",
            status.link.reason.clone().unwrap_or_else(|| "is down".to_owned()),
            "see what is said of the server below, and 'journalctl -u kioskd'",
        ),
    };
    let mut findings = vec![link];
    if let Some(problem) = &status.config_problem {
        let advice = "the last good config is used: put this right, then 'kioskctl reload'";
        findings.push(Finding::warning("settings", problem, advice));
    }
    if let Some(problem) = &status.state_problem {
        let advice = "what changes now is lost by a power cut: make room there, or see to the disk; kioskd tries again by itself";
        findings.push(Finding::failed("state", problem, advice));
    }
    if status.link.state == LinkState::Up {
        let down = status.servers.iter().filter(|server| server.link.state == LinkState::Down);
        findings.extend(down.map(|server| {
            let reason = server.link.reason.as_deref().unwrap_or("is down");
            Finding::warning(
                "link",
                format!("{}: {reason}", server.url),
                "the other server serves meanwhile; see to this one",
            )
        }));
    }
    for (area, device) in [("camera", &status.camera), ("sound", &status.sound)] {
        if let Some(problem) = &device.problem {
            findings.push(Finding::failed(area, problem, "'kioskctl devices' shows what was found"));
        }
    }
    findings
}

fn of_devices(devices: &[FoundDevice]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for device in devices {
        let (area, is_vital) = match device.kind {
            DeviceKind::Camera => ("camera", true),
            DeviceKind::SoundCard => ("sound", true),
            DeviceKind::Panel => ("panel", true),
            DeviceKind::Encoder => ("encoder", true),
            DeviceKind::Decoder => ("decoder", true),
            DeviceKind::Button => ("button", false),
            DeviceKind::Light => ("light", false),
        };
        let name = [device.name.as_str(), device.node.as_str()].join(" ").trim().to_owned();
        match device.state {
            FoundState::Used => findings.push(Finding::fine(area, name)),
            FoundState::Spare | FoundState::Unusable => {}
            // The reason says what to do.
            FoundState::Missing if is_vital => findings.push(Finding::failed(area, name, &*device.why)),
            FoundState::Missing => findings.push(Finding::warning(area, name, &*device.why)),
        }
    }
    findings
}

/// A crash is news for so long.
const NEWS: Duration = Duration::from_secs(7 * 86_400);

fn of_crashes(crashes: &[CrashReply], now: SystemTime) -> Option<Finding> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let lately = |crash: &&CrashReply| now.saturating_sub(Duration::from_millis(crash.at_ms)) < NEWS;
    let count = crashes.iter().filter(lately).count();
    let what = crashes.iter().rfind(lately)?.report.lines().next().unwrap_or_default();
    Some(Finding::warning(
        "crashes",
        format!("{count} in the last 7 days; the last one: {what}"),
        "'kioskctl crashes' prints the reports, 'kioskctl support-bundle' packs them for whoever is to find the cause",
    ))
}

fn of_trust(config: &Config) -> Option<Finding> {
    let nobody = config.trust.unknown == UnknownPeers::Refuse
        && config.trust.operator_keys.is_empty()
        && config.trust.peer.is_empty();
    nobody.then(|| {
        Finding::warning(
            "trust",
            "the config trusts nobody, so that only peers of 'kioskctl trust list' can call or be called",
            "pin a peer with 'kioskctl trust add', or set operator_keys in [trust]",
        )
    })
}

/// Longest wait for the server to take a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

fn of_server(url: &Url) -> Finding {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(3030));
    // An IPv6 address of a URL is in brackets.
    let addresses = match (host.trim_matches(['[', ']']), port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => {
            let advice =
                "is the network up ('ip address'), does a name server answer ('resolvectl query'), is the name right?";
            return Finding::failed("server", format!("{host} has no address: {error}"), advice);
        }
    };
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Finding::fine("server", format!("{host} takes connections at port {port}")),
            Err(error) => last = error,
        }
    }
    let advice = "is kiosk-server running there, does a firewall let port and protocol through?";
    Finding::failed("server", format!("{host} takes no connection at port {port}: {last}"), advice)
}

/// Less than this is too little for a write to be sure.
const LEAST_FREE_BYTES: u64 = 16 << 20;

fn of_disk(state_dir: &Path) -> Option<Finding> {
    let found = nix::sys::statvfs::statvfs(state_dir).ok()?;
    let free = found.blocks_available() * found.fragment_size();
    let place = state_dir.display();
    Some(if found.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY) {
        Finding::failed(
            "disk",
            format!("{place} is read-only"),
            "trust and the identity cannot be kept: mount a writable data partition there",
        )
    } else if free < LEAST_FREE_BYTES {
        Finding::warning("disk", format!("{place} has {} KiB free", free >> 10), "remove what is not needed there")
    } else {
        Finding::fine("disk", format!("{place} has {} MiB free", free >> 20))
    })
}

/// 2026-01-01: no kiosk ran before.
const FIRST_KIOSK: Duration = Duration::from_secs(1_767_225_600);

fn of_clock(now: SystemTime) -> Finding {
    match now.duration_since(UNIX_EPOCH) {
        Ok(since_1970) if since_1970 >= FIRST_KIOSK => Finding::fine("clock", "is set"),
        Ok(_) | Err(_) => Finding::warning(
            "clock",
            "is years behind, as after a boot without network",
            "certificates of wss:// servers are refused until it is set: see 'timedatectl'",
        ),
    }
}

fn of_power(power: Power) -> Finding {
    let advice = "use the power supply made for this board, and a short cable";
    if power.is_low() || power.was_low() {
        let when = if power.is_low() { "now" } else { "since the boot" };
        Finding::warning("power", format!("the voltage is or was too low ({when})"), advice)
    } else if power.is_slowed_down() || power.was_slowed_down() {
        Finding::warning(
            "power",
            "the processor is or was slowed down since the boot",
            "cool the board, or give it air",
        )
    } else {
        Finding::fine("power", "is enough")
    }
}

/// Boards slow down soon after.
const HOT_MILLIDEGREES: i64 = 80_000;

fn of_heat(zones: &Path) -> Option<Finding> {
    let hottest = hottest_millidegrees(zones)?;
    let found = format!("{} °C", hottest / 1_000);
    Some(if hottest > HOT_MILLIDEGREES {
        Finding::warning("heat", found, "cool the board, or give it air")
    } else {
        Finding::fine("heat", found)
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, net::TcpListener};

    use super::*;

    fn levels(findings: &[Finding]) -> Vec<(&'static str, Level)> {
        findings.iter().map(|finding| (finding.area, finding.level)).collect()
    }

    #[test]
    fn whatever_is_not_fine_has_advice() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("kioskd.toml");
        fs::write(
            &file,
            format!("[server]\nurl = \"ws://127.0.0.1:1/\"\n[paths]\nstate_dir = \"{}\"", directory.path().display()),
        )
        .expect("it writes");
        let findings = examine(Some(&file), &directory.path().join("control"));
        let found = levels(&findings);
        assert!(found.contains(&("config", Level::Fine)), "{findings:?}");
        assert!(found.contains(&("daemon", Level::Failed)), "{findings:?}");
        assert!(found.contains(&("server", Level::Failed)), "{findings:?}");
        assert!(found.contains(&("trust", Level::Warning)), "{findings:?}");
        for finding in &findings {
            assert_eq!(finding.level == Level::Fine, finding.advice.is_empty(), "{finding:?}");
        }
        let findings = examine(Some(&directory.path().join("none.toml")), &directory.path().join("control"));
        assert_eq!((findings[0].area, findings[0].level), ("config", Level::Failed));
    }

    #[test]
    fn a_server_that_listens_is_found() {
        let listener = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).expect("loopback");
        let url = format!("ws://{}/signaling", listener.local_addr().expect("it is bound"));
        assert_eq!(of_server(&Url::parse(&url).expect("a URL")).level, Level::Fine, "{url}");
    }

    #[test]
    fn what_is_missing_is_a_failure_where_the_kiosk_needs_it() {
        let device =
            |kind, state| FoundDevice { kind, name: "x".into(), node: String::new(), state, why: "do this".into() };
        let findings = of_devices(&[
            device(DeviceKind::Camera, FoundState::Missing),
            device(DeviceKind::Light, FoundState::Missing),
            device(DeviceKind::Panel, FoundState::Used),
            device(DeviceKind::Camera, FoundState::Spare),
        ]);
        assert_eq!(levels(&findings), [("camera", Level::Failed), ("light", Level::Warning), ("panel", Level::Fine)]);
    }

    #[test]
    fn a_crash_is_news_for_a_week() {
        let now = Duration::from_secs(1_795_000_000);
        let days_ago = |days: u64| CrashReply {
            at_ms: (now - Duration::from_secs(86_400 * days)).as_millis().try_into().expect("it fits"),
            report: format!("{days} days ago\nand more"),
        };
        let told = |crashes: &[CrashReply]| of_crashes(crashes, UNIX_EPOCH + now).map(|finding| finding.found);
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[days_ago(8), days_ago(7)]), None);
        let said = told(&[days_ago(9), days_ago(6), days_ago(1)]).expect("a finding");
        assert_eq!(said, "2 in the last 7 days; the last one: 1 days ago");
    }

    #[test]
    fn boards_tell_of_power_heat_and_time() {
        for (word, level) in
            [("0x0\n", Level::Fine), ("50005", Level::Warning), ("0x50000", Level::Warning), ("e0000", Level::Warning)]
        {
            assert_eq!(Power::parse(word).map(|power| of_power(power).level), Some(level), "{word}");
        }
        assert_eq!(Power::parse("rubbish"), None);
        let zones = tempfile::tempdir().expect("a directory");
        assert_eq!(of_heat(zones.path()), None);
        for (name, temperature) in [("thermal_zone0", "43210\n"), ("thermal_zone1", "81000\n")] {
            fs::create_dir(zones.path().join(name)).expect("is new");
            fs::write(zones.path().join(name).join("temp"), temperature).expect("it writes");
        }
        assert_eq!(
            of_heat(zones.path()).map(|finding| (finding.level, finding.found)),
            Some((Level::Warning, "81 °C".into()))
        );
        assert_eq!(of_clock(UNIX_EPOCH).level, Level::Warning);
        assert_eq!(of_clock(UNIX_EPOCH + FIRST_KIOSK).level, Level::Fine);
    }
}
