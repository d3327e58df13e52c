//! What was found out about encoders, kept over restarts: trying them takes a second or two of a small board.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use gstreamer as gst;
use serde::{Deserialize, Serialize};

use super::probe::Measured;
use crate::VideoSettings;

/// The file. One that cannot be read, or is of another machine, is as good as none.
#[derive(Debug)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    content: Content,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    /// What all of it depends on.
    of: String,
    /// By factory. Only those that work: one that does not is tried again at the next start.
    works: BTreeMap<String, Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    per_picture_us: u64,
    follows_bitrate: bool,
}

impl Cache {
    pub(super) fn open(path: Option<PathBuf>, settings: &VideoSettings) -> Self {
        Self::of(path, machine(settings))
    }

    fn of(path: Option<PathBuf>, machine: String) -> Self {
        let read = |path: &Path| serde_json::from_slice::<Content>(&fs::read(path).ok()?).ok();
        let content = path.as_deref().and_then(read).filter(|content| content.of == machine);
        Self { path, content: content.unwrap_or(Content { of: machine, works: BTreeMap::new() }) }
    }

    pub(super) fn get(&self, factory: &str) -> Option<Measured> {
        let entry = self.content.works.get(factory)?;
        let per_picture = Duration::from_micros(entry.per_picture_us);
        Some(Measured { per_picture, follows_bitrate: entry.follows_bitrate })
    }

    pub(super) fn put(&mut self, factory: &str, measured: Measured) {
        let per_picture_us = u64::try_from(measured.per_picture.as_micros()).unwrap_or(u64::MAX);
        let entry = Entry { per_picture_us, follows_bitrate: measured.follows_bitrate };
        self.content.works.insert(factory.to_owned(), entry);
        self.write();
    }

    pub(super) fn forget(&mut self, factory: &str) {
        if self.content.works.remove(factory).is_some() {
            self.write();
        }
    }

    /// Beside it, then over it: half a file is never read.
    fn write(&self) {
        let Some(path) = &self.path else { return };
        let beside = path.with_extension("tmp");
        let written = serde_json::to_vec(&self.content)
            .map_err(Into::into)
            .and_then(|bytes| fs::write(&beside, bytes))
            .and_then(|()| fs::rename(&beside, path));
        if let Err(error) = written {
            tracing::info!(path = %path.display(), %error, "encoders will be tried again at the next start");
        }
    }
}

/// Kernel, firmware, GStreamer and the pictures that are encoded.
fn machine(settings: &VideoSettings) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim_matches(['\0', '\n']).to_owned();
    let parts = [
        read("/proc/sys/kernel/osrelease"),
        read("/proc/sys/kernel/version"),
        read("/proc/device-tree/model"),
        read("/proc/device-tree/chosen/bootloader/version"),
        read("/sys/class/dmi/id/bios_version"),
        gst::version_string().to_string(),
        env!("CARGO_PKG_VERSION").to_owned(),
        format!("{}x{}@{}", settings.width, settings.height, settings.framerate),
    ];
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: Measured = Measured { per_picture: Duration::from_micros(1_234), follows_bitrate: true };

    fn scratch(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("kiosk-encoders-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).expect("it is ours");
        directory.join("encoders.json")
    }

    #[test]
    fn what_works_is_kept_until_the_machine_is_another() {
        let path = scratch("kept");
        let open = |machine: &str| Cache::of(Some(path.clone()), machine.to_owned());
        let mut cache = open("kernel 1");
        assert_eq!(cache.get("vp8enc"), None);
        cache.put("vp8enc", MEASURED);
        cache.put("x264enc", MEASURED);
        assert_eq!(open("kernel 1").get("vp8enc"), Some(MEASURED));
        assert_eq!(open("kernel 2").get("vp8enc"), None);
        cache.forget("vp8enc");
        assert_eq!(open("kernel 1").get("vp8enc"), None);
        assert_eq!(open("kernel 1").get("x264enc"), Some(MEASURED));
        fs::remove_dir_all(path.parent().expect("a directory")).expect("it is ours");
    }

    #[test]
    fn rubbish_is_as_good_as_nothing() {
        let path = scratch("rubbish");
        fs::write(&path, "{\"of\": 3").expect("it is ours");
        let mut cache = Cache::of(Some(path.clone()), "kernel 1".to_owned());
        assert_eq!(cache.get("vp8enc"), None);
        cache.put("vp8enc", MEASURED);
        assert_eq!(Cache::of(Some(path.clone()), "kernel 1".to_owned()).get("vp8enc"), Some(MEASURED));
        fs::remove_dir_all(path.parent().expect("a directory")).expect("it is ours");
        Cache::of(Some("/nowhere/encoders.json".into()), String::new()).put("vp8enc", MEASURED);
    }

    #[test]
    fn the_machine_has_a_name() {
        gst::init().expect("GStreamer");
        let machine = machine(&VideoSettings::default());
        assert!(machine.contains("640x480@30") && machine.contains("GStreamer"), "{machine}");
    }
}
