//! The cameras that are plugged in.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::v4l2;
use crate::camera::{Camera, Format, FourCc, PictureSize};

/// More formats or sizes than this no camera has; a driver that never ends its list does not keep us.
const MOST: u32 = 256;

/// All capture devices, by number. A device that cannot be asked is a line in the log and left out.
///
/// Opens each, asks and closes it: no stream is started, so a camera in use answers too.
#[must_use]
pub fn cameras() -> Vec<Camera> {
    let stable = stable_names(&[Path::new("/dev/v4l/by-id"), Path::new("/dev/v4l/by-path")]);
    nodes(Path::new("/dev"))
        .into_iter()
        .filter_map(|path| match ask(&path) {
            Ok(camera) => camera.map(|camera| Camera { stable: stable.get(&path).cloned(), ..camera }),
            Err(error) => {
                tracing::warn!(device = %path.display(), %error, "cannot be asked: is kioskd in the group video?");
                None
            }
        })
        .collect()
}

/// `video*` below a directory, in the order of their numbers.
fn nodes(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let numbered: BTreeMap<u32, PathBuf> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = path.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?;
            Some((number, path))
        })
        .collect();
    numbered.into_values().collect()
}

/// Where the links in these directories lead, the first directory's word first.
fn stable_names(directories: &[&Path]) -> BTreeMap<PathBuf, PathBuf> {
    let mut names = BTreeMap::new();
    for directory in directories {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        let mut links: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        links.sort();
        for link in links {
            if let Ok(node) = fs::canonicalize(&link) {
                names.entry(node).or_insert(link);
            }
        }
    }
    names
}

/// None: not a camera (a codec, a radio, a metadata node).
fn ask(path: &Path) -> io::Result<Option<Camera>> {
    // Opening for writing is what the ioctls that start a stream would need; a camera that we may only look at is of no use.
    let file = OpenOptions::new().read(true).write(true).custom_flags(nonblock()).open(path)?;
    let capability = v4l2::capability(&file)?;
    let kind = if capability.flags & v4l2::CAP_VIDEO_CAPTURE != 0 {
        v4l2::BUF_TYPE_VIDEO_CAPTURE
    } else if capability.flags & v4l2::CAP_VIDEO_CAPTURE_MPLANE != 0 {
        v4l2::BUF_TYPE_VIDEO_CAPTURE_MPLANE
    } else {
        return Ok(None);
    };
    if capability.flags & v4l2::CAP_STREAMING == 0 {
        return Ok(None);
    }
    Ok(Some(Camera {
        path: path.to_owned(),
        name: capability.card,
        driver: capability.driver,
        bus: capability.bus_info,
        stable: None,
        formats: formats(&file, kind),
    }))
}

/// `O_NONBLOCK`: a device that another program holds must not keep us.
fn nonblock() -> i32 {
    i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("open(2) takes an int")
}

fn formats(file: &File, kind: u32) -> Vec<Format> {
    (0..MOST)
        .map_while(|index| v4l2::format(file, kind, index))
        .map(|(fourcc, description)| Format { fourcc: FourCc(fourcc), description, sizes: sizes(file, fourcc) })
        .collect()
}

fn sizes(file: &File, fourcc: [u8; 4]) -> Vec<PictureSize> {
    (0..MOST)
        .map_while(|index| v4l2::frame_size(file, fourcc, index))
        .map(|size| match size {
            v4l2::FrameSize::Discrete { width, height } => PictureSize::Discrete { width_px: width, height_px: height },
            v4l2::FrameSize::Stepwise { min, max } => PictureSize::Range { min_px: min, max_px: max },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nodes_are_in_the_order_of_their_numbers() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["video10", "video2", "video", "videox", "vbi0", "v4l-subdev0"] {
            fs::write(directory.path().join(name), "").expect("writes");
        }
        let names: Vec<_> =
            nodes(directory.path()).into_iter().map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        assert_eq!(names, [Some("video2".into()), Some("video10".into())]);
        assert!(nodes(Path::new("/nowhere")).is_empty());
    }

    #[test]
    fn a_stable_name_is_by_id_before_by_path() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = fs::canonicalize(directory.path()).expect("is there");
        for name in ["video0", "video1"] {
            fs::write(root.join(name), "").expect("writes");
        }
        let [by_id, by_path] = ["by-id", "by-path"].map(|name| root.join(name));
        fs::create_dir(&by_id).expect("is new");
        fs::create_dir(&by_path).expect("is new");
        symlink("../video0", by_id.join("usb-cam-index0")).expect("links");
        symlink("../video7", by_id.join("usb-gone-index0")).expect("links");
        symlink("../video0", by_path.join("platform-0")).expect("links");
        symlink("../video1", by_path.join("platform-1")).expect("links");
        let names = stable_names(&[&by_id, &by_path, Path::new("/nowhere")]);
        let expected =
            [(root.join("video0"), by_id.join("usb-cam-index0")), (root.join("video1"), by_path.join("platform-1"))];
        assert_eq!(names, BTreeMap::from(expected));
    }

    #[test]
    fn what_is_no_video_device_is_left_out() {
        assert!(ask(Path::new("/dev/null")).is_err());
        let _ = cameras();
    }
}
