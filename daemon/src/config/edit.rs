//! The config as programs change it: drop-ins in `/etc/kioskd/kioskd.toml.d`, checked before they are written, written whole or not at all.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    ConfigError, Effective, Layers, Origin,
    environment::value_like,
    keys::{FREE, KEYS, SECTIONS},
    layers::DROP_INS,
    source::nearest,
};
use crate::store::write_whole_with;

/// The drop-in of `kioskctl config set`: after those that other programs write.
pub const OWN_DROP_IN: &str = "90-kioskctl.toml";
const HEAD: &str = "# Written by 'kioskctl config set', which keeps no comments.\n\n";

/// Why the config was not changed. Each is a sentence that says what to do.
#[derive(Debug, Error)]
pub enum EditError {
    /// No such key.
    #[error("there is no key '{key}'; {advice}")]
    Unknown {
        /// What was named.
        key: String,
        /// What could be meant.
        advice: String,
    },
    /// What was given is no value.
    #[error("'{value}' is not TOML; write it like {example}")]
    Value {
        /// What was given.
        value: String,
        /// A value that is one.
        example: &'static str,
    },
    /// There is nothing to be taken away.
    #[error("{key} is not set in {}; 'kioskctl config show --origin' tells what sets it", path.display())]
    NotSet {
        /// Which.
        key: String,
        /// The drop-in.
        path: PathBuf,
    },
    /// The kiosk would not start with it.
    #[error("{0}; nothing was written")]
    Refused(#[from] ConfigError),
    /// The file system says no.
    #[error("cannot write {}: {source}; {}", path.display(), advice_on(source))]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn advice_on(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if kind == io::ErrorKind::PermissionDenied {
        "run this as root"
    } else if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "make room there, and try again"
    } else {
        "'journalctl -k' tells what is wrong with the disk"
    }
}

/// What was written.
#[derive(Debug)]
pub struct Edited {
    /// The drop-in.
    pub path: PathBuf,
    /// The key, with its table.
    pub key: String,
    /// What sets it all the same, and counts more.
    pub covered_by: Option<Origin>,
}

/// Sets a key (`sound.volume`) in the system below `root`, or takes what was set here away.
///
/// # Errors
/// [`EditError`]; the config stays as it was.
pub fn set(root: &Path, key: &str, value: Option<&str>) -> Result<Edited, EditError> {
    let (section, name, example) = find(key)?;
    let path = directory(root).join(OWN_DROP_IN);
    let mut table = read(root, &path)?;
    match value {
        Some(value) => {
            let parsed = value_like(example, value);
            let parsed = parsed.ok_or_else(|| EditError::Value { value: value.to_owned(), example })?;
            let inner = section.split('.').try_fold(&mut table, |table, part| {
                table.entry(part).or_insert_with(|| toml::Table::new().into()).as_table_mut()
            });
            inner.expect("a section of a config that was read is a table").insert(name.clone(), parsed);
        }
        None => {
            let inner = section.split('.').try_fold(&mut table, |table, part| table.get_mut(part)?.as_table_mut());
            let not_set = || EditError::NotSet { key: key.to_owned(), path: path.clone() };
            inner.and_then(|table| table.remove(&name)).ok_or_else(not_set)?;
        }
    }
    let text = format!("{HEAD}{table}");
    let effective = write_drop_in(root, OWN_DROP_IN, &text)?;
    let origin = effective.settings().into_iter().find(|setting| setting.section == section && setting.key == name);
    let is_elsewhere = |origin: &Origin| match origin {
        Origin::Default => false,
        Origin::File { path: found, .. } => *found != path,
        Origin::Environment { .. } => true,
    };
    let covered_by = origin.map(|setting| setting.origin).filter(|origin| value.is_some() && is_elsewhere(origin));
    Ok(Edited { path, key: format!("{section}.{name}"), covered_by })
}

/// Writes a drop-in, if the system below `root` would start with it: the config that it is then.
///
/// # Errors
/// [`EditError`]; the config stays as it was.
pub fn write_drop_in(root: &Path, name: &str, text: &str) -> Result<Effective, EditError> {
    let effective = Layers::with_drop_in(root, name, text).effective()?;
    let directory = directory(root);
    let failed = |source| EditError::Io { path: directory.join(name), source };
    make_directory(&directory)
        .and_then(|()| write_whole_with(&directory, name, text.as_bytes(), 0o644))
        .map_err(failed)?;
    Ok(effective)
}

/// Where a drop-in of this name is.
#[must_use]
pub fn drop_in(root: &Path, name: &str) -> PathBuf {
    directory(root).join(name)
}

fn directory(root: &Path) -> PathBuf {
    root.join(DROP_INS.trim_start_matches('/'))
}

/// A new directory survives a power cut only if the one above is synced too.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    directory.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
}

/// What the drop-in has so far; one that is wrong is refused with the rest.
fn read(root: &Path, path: &Path) -> Result<toml::Table, EditError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(toml::Table::new()),
        Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }.into()),
        Ok(text) => text,
    };
    Layers::read_below(root).effective()?;
    let wrong = |error: toml::de::Error| ConfigError::Wrong {
        path: path.to_owned(),
        line: 1,
        message: error.message().to_owned(),
    };
    Ok(text.parse::<toml::Table>().map_err(wrong)?)
}

/// Section, name and an example of a key as it is written with dots.
fn find(key: &str) -> Result<(&'static str, String, &'static str), EditError> {
    let sections = SECTIONS.iter().map(|(section, _)| *section);
    let within = |section: &str| key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
    if key == "trust.peer" {
        return Ok(("trust", "peer".to_owned(), "[{ id = \"…\", name = \"…\" }]"));
    }
    // The longest table that fits: `panel.texts.idle` is of [panel.texts].
    let fits =
        sections.filter_map(|section| Some((section, within(section)?))).max_by_key(|(section, _)| section.len());
    if let Some((section, name)) = fits {
        let known = KEYS.iter().find(|known| known.section == section && known.name == name);
        match known {
            Some(_) if section == "trust.peer" => {}
            Some(known) => return Ok((section, name.to_owned(), known.value)),
            None if section == "panel.texts" => return Ok((section, name.to_owned(), "\"Ask a nurse\"")),
            None if FREE.contains(&section) => return Ok((section, name.to_owned(), "10")),
            None => {}
        }
    }
    let names: Vec<_> = KEYS.iter().map(|key| format!("{}.{}", key.section, key.name)).collect();
    let advice = match nearest(names.iter().map(String::as_str), key) {
        Some("trust.peer.id" | "trust.peer.name" | "trust.peer.auto_answer") => {
            "use 'kioskctl trust add', or set trust.peer as a whole".to_owned()
        }
        Some(nearest) => format!("did you mean '{nearest}'?"),
        None => "write it like sound.volume; 'kioskctl config show' lists all".to_owned(),
    };
    Err(EditError::Unknown { key: key.to_owned(), advice })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn system() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("etc/kioskd")).expect("it is ours");
        fs::write(root.path().join("etc/kioskd/kioskd.toml"), "[kiosk]\nname = \"Ward 3\"\n").expect("it writes");
        root
    }

    fn effective(root: &tempfile::TempDir) -> crate::config::Config {
        Layers::read_below(root.path()).effective().expect("it is fine").config
    }

    #[test]
    fn what_is_set_is_there_and_can_be_taken_away() {
        let root = system();
        for (key, value) in [
            ("sound.volume", "30"),
            ("kiosk.name", "Ward \"4\""),
            ("server.url", "[\"wss://a.example/\", \"wss://b.example/\"]"),
            ("panel.texts.idle", "Ask a nurse"),
            ("camera.controls.gain", "7"),
            ("trust.peer", "[{ id = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", name = \"Desk\" }]"),
        ] {
            let edited = set(root.path(), key, Some(value)).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert!(edited.covered_by.is_none(), "{key}");
        }
        let config = effective(&root);
        assert_eq!((config.sound.volume, config.kiosk.name.as_str()), (30, "Ward \"4\""));
        assert_eq!((config.server.url.len(), config.trust.peer.len()), (2, 1));
        assert_eq!(config.panel.texts.get("idle").map(String::as_str), Some("Ask a nurse"));
        let file = root.path().join("etc/kioskd/kioskd.toml.d").join(OWN_DROP_IN);
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o644);
        set(root.path(), "kiosk.name", None).expect("it is set here");
        assert_eq!(effective(&root).kiosk.name.as_str(), "Ward 3");
        assert!(matches!(set(root.path(), "kiosk.name", None), Err(EditError::NotSet { .. })));
    }

    #[test]
    fn what_the_kiosk_would_not_start_with_is_not_written() {
        let root = system();
        set(root.path(), "sound.volume", Some("30")).expect("it is taken");
        let before = fs::read(root.path().join("etc/kioskd/kioskd.toml.d").join(OWN_DROP_IN)).expect("it is there");
        for (key, value, said) in [
            ("sound.volume", "101", "101 is not in 0 to 100 percent; nothing was written"),
            ("sound.volume", "loud", "'loud' is not TOML; write it like 70"),
            ("sound.volum", "3", "there is no key 'sound.volum'; did you mean 'sound.volume'?"),
            ("trust.peer.name", "x", "there is no key 'trust.peer.name'; use 'kioskctl trust add'"),
            ("zzz", "3", "there is no key 'zzz'; write it like sound.volume"),
            ("buttons.mute", "KEY_PHONE", "'KEY_PHONE' is call already"),
            ("panel.texts.idel", "x", "there is no text 'idel'; did you mean 'idle'?"),
        ] {
            let error = set(root.path(), key, Some(value)).expect_err(key).to_string();
            assert!(error.contains(said), "{error}");
        }
        let now = fs::read(root.path().join("etc/kioskd/kioskd.toml.d").join(OWN_DROP_IN)).expect("it is there");
        assert_eq!(now, before);
    }

    #[test]
    fn what_counts_more_is_named() {
        let root = system();
        fs::create_dir_all(root.path().join("run")).expect("it is ours");
        fs::write(root.path().join("run/kioskd.toml"), "[sound]\nvolume = 5\n").expect("it writes");
        let edited = set(root.path(), "sound.volume", Some("30")).expect("it is taken");
        let covered = edited.covered_by.expect("the other one counts more").to_string();
        assert!(covered.ends_with("run/kioskd.toml:2"), "{covered}");
    }

    #[test]
    fn root_is_asked_for_only_where_that_helps() {
        let says = |kind: io::ErrorKind| {
            let (path, source) = (PathBuf::from("/etc/kioskd"), io::Error::from(kind));
            EditError::Io { path, source }.to_string()
        };
        assert!(says(io::ErrorKind::PermissionDenied).ends_with("; run this as root"));
        assert!(says(io::ErrorKind::StorageFull).ends_with("; make room there, and try again"));
        assert!(says(io::ErrorKind::ReadOnlyFilesystem).contains("journalctl -k"));
    }
}
