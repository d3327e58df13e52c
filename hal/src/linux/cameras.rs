//! The cameras that are plugged in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::v4l2::{self, control_flag, control_type};
use crate::camera::{
    self, Camera, Control, ControlKind, Format, FourCc, MenuItem, PictureSize, Rate, Rates, Setting, SizeOffer,
};

/// More formats, sizes, rates, controls or items than this no camera has; a driver that never ends its list does not keep us.
const MOST: u32 = 256;

/// All capture devices, by number. A device that cannot be asked is a line in the log and left out.
///
/// Opens each, asks and closes it: no stream is started, so a camera in use answers too.
#[must_use]
pub fn cameras() -> Vec<Camera> {
    let links = links(&[Path::new("/dev/v4l/by-id"), Path::new("/dev/v4l/by-path")]);
    nodes(Path::new("/dev"))
        .into_iter()
        .filter_map(|path| match ask(&path) {
            Ok(camera) => camera.map(|camera| named(camera, &links, Path::new("/sys/class/video4linux"))),
            Err(error) => {
                tracing::warn!(device = %path.display(), %error, "cannot be asked: is kioskd in the group video?");
                None
            }
        })
        .collect()
}

/// Sets what the config wants of a camera. Returns a sentence for each setting that it did not take.
#[must_use]
pub fn set_controls(camera: &Camera, wanted: &BTreeMap<String, Setting>) -> Vec<String> {
    let mut settled = camera::settle(&camera.controls, wanted);
    if settled.values.is_empty() {
        return settled.complaints;
    }
    match open(&camera.path) {
        Ok(file) => {
            for (control, value) in settled.values {
                if let Err(error) = v4l2::set_value(&file, control.id, value) {
                    settled.complaints.push(format!("{} = {value} is not taken: {error}", control.key()));
                }
            }
        }
        Err(error) => settled.complaints.push(format!("{} cannot be opened: {error}", camera.path.display())),
    }
    settled.complaints
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

/// The links in these directories by the node that they lead to, the first directory's first.
fn links(directories: &[&Path]) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut links: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for directory in directories {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        let found: BTreeSet<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        for link in found {
            if let Ok(node) = fs::canonicalize(&link) {
                links.entry(node).or_default().push(link);
            }
        }
    }
    links
}

/// With its names: those that udev gave it, else what sysfs lets it be called.
fn named(camera: Camera, links: &BTreeMap<PathBuf, Vec<PathBuf>>, class: &Path) -> Camera {
    let links = links.get(&camera.path).map(Vec::as_slice).unwrap_or_default();
    let last = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let mut names: Vec<_> = links.iter().filter_map(last).collect();
    if names.is_empty() {
        names.extend(camera.path.file_name().and_then(|node| name_from_sysfs(&class.join(node))));
    }
    Camera { stable: links.first().cloned(), names, ..camera }
}

/// What udev's rules (60-persistent-v4l.rules) would call a node: after maker, product and serial number of its USB device, else
/// after its place on the platform bus.
fn name_from_sysfs(node: &Path) -> Option<String> {
    let attribute = |path: PathBuf| fs::read_to_string(path).ok().map(|text| plain(text.trim()));
    let index = attribute(node.join("index")).unwrap_or_else(|| "0".to_owned());
    let device = fs::canonicalize(node.join("device")).ok()?;
    let name = match device.ancestors().find(|directory| directory.join("idVendor").exists()) {
        Some(usb) => {
            let either = |name, number| attribute(usb.join(name)).or_else(|| attribute(usb.join(number)));
            let parts =
                [either("manufacturer", "idVendor"), either("product", "idProduct"), attribute(usb.join("serial"))];
            format!("usb-{}", parts.into_iter().flatten().collect::<Vec<_>>().join("_"))
        }
        None => format!("platform-{}", device.file_name()?.to_str()?),
    };
    Some(format!("{name}-video-index{index}"))
}

/// As udev writes it into a file name: letters, digits and a few signs; spaces and all else become underscores.
fn plain(text: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || "#+-.:=@_".contains(c) { c } else { '_' };
    text.split_whitespace().map(|word| word.chars().map(kept).collect::<String>()).collect::<Vec<_>>().join("_")
}

/// Opens a device for asking and adjusting. For writing too: a camera that we may only look at is of no use. Without waiting:
/// a device that another program holds must not keep us.
fn open(path: &Path) -> io::Result<File> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("open(2) takes an int");
    OpenOptions::new().read(true).write(true).custom_flags(nonblock).open(path)
}

/// None: not a camera (a codec, a radio, a metadata node).
fn ask(path: &Path) -> io::Result<Option<Camera>> {
    let file = open(path)?;
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
        names: Vec::new(),
        formats: formats(&file, kind),
        controls: controls(&file),
    }))
}

fn formats(file: &File, kind: u32) -> Vec<Format> {
    (0..MOST)
        .map_while(|index| v4l2::format(file, kind, index))
        .map(|(fourcc, description)| {
            // A driver may list dozens of formats, each with hundreds of sizes and rates.
            let sizes = if FourCc(fourcc).is_usable() { sizes(file, fourcc) } else { Vec::new() };
            Format { fourcc: FourCc(fourcc), description, sizes }
        })
        .collect()
}

fn sizes(file: &File, fourcc: [u8; 4]) -> Vec<SizeOffer> {
    (0..MOST)
        .map_while(|index| v4l2::frame_size(file, fourcc, index))
        .map(|size| {
            let (size, largest) = match size {
                v4l2::FrameSize::Discrete { width, height } => {
                    (PictureSize::Discrete { width_px: width, height_px: height }, (width, height))
                }
                v4l2::FrameSize::Stepwise { min, max, step } => {
                    let step_px = (step.0.max(1), step.1.max(1));
                    (PictureSize::Range { min_px: min, max_px: max, step_px }, max)
                }
            };
            SizeOffer { size, rates: rates(file, fourcc, largest) }
        })
        .collect()
}

/// A rate is the inverse of an interval, so the longest interval is the lowest rate.
fn rates(file: &File, fourcc: [u8; 4], size: (u32, u32)) -> Vec<Rates> {
    let rate = |(numerator, denominator)| Rate::new(denominator, numerator);
    (0..MOST)
        .map_while(|index| v4l2::frame_interval(file, fourcc, size, index))
        .filter_map(|interval| match interval {
            v4l2::FrameInterval::Discrete(interval) => rate(interval).map(Rates::Discrete),
            v4l2::FrameInterval::Stepwise { min, max } => {
                rate(min).zip(rate(max)).map(|(most, least)| Rates::Range { least, most })
            }
        })
        .collect()
}

fn controls(file: &File) -> Vec<Control> {
    let mut after = 0;
    let list = std::iter::from_fn(|| {
        let info = v4l2::next_control(file, after).filter(|info| info.id > after)?;
        after = info.id;
        Some(info)
    });
    list.take(usize::try_from(MOST).unwrap_or(usize::MAX))
        .filter(|info| info.kind != control_type::CLASS && info.flags & control_flag::DISABLED == 0)
        .map(|info| control(file, info))
        .collect()
}

fn control(file: &File, info: v4l2::ControlInfo) -> Control {
    let kind = match info.kind {
        control_type::INTEGER => ControlKind::Integer,
        control_type::BOOLEAN => ControlKind::Boolean,
        control_type::MENU | control_type::INTEGER_MENU => ControlKind::Menu,
        control_type::BITMASK => ControlKind::Bitmask,
        control_type::BUTTON => ControlKind::Button,
        other => ControlKind::Other(other),
    };
    let has_value = !matches!(kind, ControlKind::Button | ControlKind::Other(_));
    Control {
        id: info.id,
        kind,
        minimum: info.minimum,
        maximum: info.maximum,
        step: info.step,
        default: info.default,
        value: has_value.then(|| v4l2::value(file, info.id).ok()).flatten(),
        is_read_only: info.flags & control_flag::READ_ONLY != 0,
        is_inactive: info.flags & control_flag::INACTIVE != 0,
        items: if kind == ControlKind::Menu { items(file, &info) } else { Vec::new() },
        name: info.name,
    }
}

/// A menu may have gaps.
fn items(file: &File, info: &v4l2::ControlInfo) -> Vec<MenuItem> {
    (info.minimum..=info.maximum)
        .take(usize::try_from(MOST).unwrap_or(usize::MAX))
        .filter_map(|value| Some(MenuItem { value, name: v4l2::menu_item(file, info, u32::try_from(value).ok()?)? }))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn camera(path: PathBuf) -> Camera {
        let empty = String::new;
        Camera {
            path,
            name: empty(),
            driver: empty(),
            bus: empty(),
            stable: None,
            names: Vec::new(),
            formats: Vec::new(),
            controls: Vec::new(),
        }
    }

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
        for name in ["video0", "video1", "video2"] {
            fs::write(root.join(name), "").expect("writes");
        }
        let [by_id, by_path] = ["by-id", "by-path"].map(|name| root.join(name));
        fs::create_dir(&by_id).expect("is new");
        fs::create_dir(&by_path).expect("is new");
        symlink("../video0", by_id.join("usb-cam-index0")).expect("links");
        symlink("../video7", by_id.join("usb-gone-index0")).expect("links");
        symlink("../video0", by_path.join("platform-0")).expect("links");
        symlink("../video1", by_path.join("platform-1")).expect("links");
        let links = links(&[&by_id, &by_path, Path::new("/nowhere")]);
        let named = |node: &str| {
            let camera = named(camera(root.join(node)), &links, Path::new("/nowhere"));
            (camera.stable, camera.names)
        };
        assert_eq!(
            named("video0"),
            (Some(by_id.join("usb-cam-index0")), vec!["usb-cam-index0".to_owned(), "platform-0".to_owned()])
        );
        assert_eq!(named("video1"), (Some(by_path.join("platform-1")), vec!["platform-1".to_owned()]));
        assert_eq!(named("video2"), (None, Vec::new()));
    }

    /// `/sys` with a node `video0` of the device at `place`, whose USB device, if it is one, has these attributes.
    fn sysfs(place: &str, attributes: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        let device = root.path().join("devices").join(place);
        let node = root.path().join("class/video0");
        fs::create_dir_all(&device).expect("is new");
        fs::create_dir_all(&node).expect("is new");
        fs::write(node.join("index"), "0\n").expect("writes");
        symlink(&device, node.join("device")).expect("links");
        for (name, value) in attributes {
            fs::write(device.join("..").join(name), value).expect("writes");
        }
        root
    }

    #[test]
    fn without_udev_sysfs_gives_the_name() {
        let usb = |attributes| {
            let root = sysfs("usb1/1-1/1-1:1.0", attributes);
            named(camera("/dev/video0".into()), &BTreeMap::new(), &root.path().join("class")).names
        };
        assert_eq!(
            usb(&[
                ("idVendor", "046d\n"),
                ("manufacturer", "Logitech, Inc.\n"),
                ("product", "HD  Pro/C920\n"),
                ("serial", "A1\n")
            ]),
            ["usb-Logitech__Inc._HD_Pro_C920_A1-video-index0"]
        );
        assert_eq!(usb(&[("idVendor", "046d\n"), ("idProduct", "082d\n")]), ["usb-046d_082d-video-index0"]);
        let root = sysfs("platform/vivid.0", &[]);
        let camera = named(camera("/dev/video0".into()), &BTreeMap::new(), &root.path().join("class"));
        assert_eq!(camera.names, ["platform-vivid.0-video-index0"]);
        assert!(camera.is_called("platform-vivid.0-video-index0"));
    }

    #[test]
    fn what_is_no_video_device_is_left_out() {
        assert!(ask(Path::new("/dev/null")).is_err());
        let _ = cameras();
    }

    #[test]
    fn settings_of_a_camera_that_is_gone_are_complaints() {
        let mut gone = camera("/nowhere/video0".into());
        let wanted = BTreeMap::from([("gain".to_owned(), Setting::Number(1))]);
        assert_eq!(set_controls(&gone, &wanted), ["there is no control gain; this camera has none"]);
        gone.controls.push(Control {
            id: 0x0098_0913,
            name: "Gain".to_owned(),
            kind: ControlKind::Integer,
            minimum: 0,
            maximum: 9,
            step: 1,
            default: 0,
            value: None,
            is_read_only: false,
            is_inactive: false,
            items: Vec::new(),
        });
        let complaints = set_controls(&gone, &wanted);
        assert!(complaints.len() == 1 && complaints[0].contains("cannot be opened"), "{complaints:?}");
    }
}
