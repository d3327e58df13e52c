//! Is all well? For scripts: `kioskctl health`. Quick, and without a look at the network beyond what kioskd says.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::Serialize;

use super::{Finding, Level, of_clock, of_devices, of_disk, of_status, silence};
use crate::control::{
    client::{Client, ClientError},
    protocol::{ConfigReply, DevicesReply, Method, StatusReply},
};

/// How a kiosk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// As it should be.
    Well,
    /// It runs, and something is wrong.
    Degraded,
    /// It does not run, or does not answer.
    Down,
}

/// How a kiosk is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HealthReport {
    /// In a word.
    pub health: HealthState,
    /// All that is wrong; empty if all is well.
    pub problems: Vec<Finding>,
}

/// Devices that a kiosk is worth little without; a board need not have every button and light of the config.
const VITAL: [&str; 5] = ["camera", "sound", "panel", "encoder", "decoder"];

/// Asks the kiosk at `socket`, and looks at clock and disk.
#[must_use]
pub fn health(socket: &Path) -> HealthReport {
    match look(socket) {
        Err(error) => HealthReport { health: HealthState::Down, problems: vec![silence(&error)] },
        Ok(problems) => {
            let health = if problems.is_empty() { HealthState::Well } else { HealthState::Degraded };
            HealthReport { health, problems }
        }
    }
}

fn look(socket: &Path) -> Result<Vec<Finding>, ClientError> {
    let mut client = Client::connect(socket)?;
    let status: StatusReply = client.get(&Method::Status {})?;
    let devices: DevicesReply = client.get(&Method::Devices {})?;
    let config: ConfigReply = client.get(&Method::Config {})?;
    Ok(problems(&status, &devices, &config))
}

/// All that is wrong with a kiosk that answers so, and with its clock and disk.
#[must_use]
pub fn problems(status: &StatusReply, devices: &DevicesReply, config: &ConfigReply) -> Vec<Finding> {
    let mut findings = of_status(status);
    for finding in of_devices(&devices.devices) {
        // What kioskd itself says of a device says it all.
        let is_told = findings.iter().any(|told| told.area == finding.area && told.level != Level::Fine);
        if VITAL.contains(&finding.area) && !is_told {
            findings.push(finding);
        }
    }
    findings.extend(state_dir(config).and_then(|path| of_disk(&path)));
    findings.push(of_clock(SystemTime::now()));
    findings.retain(|finding| finding.level != Level::Fine);
    findings
}

fn state_dir(config: &ConfigReply) -> Option<PathBuf> {
    let setting = config.settings.iter().find(|setting| setting.key == "paths.state_dir")?;
    let value: toml::Value = setting.value.parse().ok()?;
    value.as_str().map(PathBuf::from)
}
