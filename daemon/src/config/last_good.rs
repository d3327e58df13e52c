//! The last config with which the kiosk started, for the day on which the one in /etc is wrong.

use std::{fs, io, path::Path};

use super::{ConfigError, Effective, Layers};
use crate::store::write_whole;

/// In the state directory.
const FILE: &str = "config.last-good.toml";
const HEAD: &str = "# With this kioskd started last. It starts with it again if the config is wrong. Written by kioskd at every start.\n\n";

/// Keeps a config with which the kiosk has started. A power cut leaves the one before or this one.
///
/// # Errors
/// If the disk does not take it; the one before stays.
pub fn keep(state_dir: &Path, taken: &Effective) -> io::Result<()> {
    let text = format!("{HEAD}{}", taken.printed_changes());
    if fs::read(state_dir.join(FILE)).is_ok_and(|kept| kept == text.as_bytes()) {
        return Ok(());
    }
    write_whole(state_dir, FILE, text.as_bytes())
}

/// The config that was kept, in place of one that is wrong.
///
/// # Errors
/// [`ConfigError`], if there is none or it is damaged.
pub fn read(state_dir: &Path, wrong: &ConfigError) -> Result<Effective, ConfigError> {
    let path = state_dir.join(FILE);
    let text = fs::read_to_string(&path);
    let text = text.map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
    let mut kept = Layers::of_text(&path, &text).effective()?;
    kept.config.instead_of = Some(wrong.to_string());
    Ok(kept)
}
