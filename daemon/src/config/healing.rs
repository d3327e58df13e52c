//! The section `[healing]`.

use serde::Deserialize;

use super::{ConfigError, Layers, values};

/// `[healing]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealingSection {
    /// kioskd may start anew by itself.
    pub restart: bool,
    /// Least time between two such restarts, minutes.
    #[serde(deserialize_with = "values::restart_pause_min")]
    pub restart_pause_min: u32,
    /// After so many of them the board starts anew instead; 0: never.
    #[serde(deserialize_with = "values::reboot_after")]
    pub reboot_after: u32,
    /// They count for so long, hours.
    #[serde(deserialize_with = "values::reboot_within_h")]
    pub reboot_within_h: u32,
}

impl Default for HealingSection {
    fn default() -> Self {
        Self { restart: true, restart_pause_min: 60, reboot_after: 0, reboot_within_h: 24 }
    }
}

impl HealingSection {
    /// What could never come about.
    pub(super) fn refuse(&self, layers: &Layers) -> Result<(), ConfigError> {
        let (takes_min, within_min) = (self.reboot_after * self.restart_pause_min, self.reboot_within_h * 60);
        if takes_min < within_min || self.reboot_after == 0 {
            return Ok(());
        }
        let message = format!(
            "{} restarts, one in {} minutes, are never within {} hours; set a smaller reboot_after or a larger reboot_within_h",
            self.reboot_after, self.restart_pause_min, self.reboot_within_h
        );
        Err(layers.at(&["healing", "reboot_after"], message))
    }
}
