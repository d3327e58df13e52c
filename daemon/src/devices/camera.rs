//! Which camera is taken, in which mode, and why.

use kiosk_call::{DeviceState, MediaEvent};
use kiosk_hal::{
    camera::{self, Access, Camera, Wanted},
    linux, sim,
};
use kiosk_media::{self as media, CameraMode, Media, TestPattern};

use crate::{
    config::{CameraSection, CameraSource},
    control::protocol::{DeviceKind, FoundDevice, FoundState},
    start::MediaEvents,
};

/// The cameras, and what was decided about them.
pub(crate) struct Cameras {
    config: CameraSection,
    simulated: bool,
    found: Vec<Camera>,
    decision: Decision,
    /// About the second camera, if the config names one.
    document: Option<Decision>,
    /// Of the config's settings, what the camera does not take: told once.
    complaints: Vec<String>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    source: media::CameraSource,
    /// The device node of the camera that was found and is taken.
    taken: Option<String>,
    /// Why, for people.
    why: String,
    /// There is none and there should be: `why` says what to do.
    is_missing: bool,
}

impl Decision {
    fn has(&self, camera: &Camera) -> bool {
        self.taken.as_deref().is_some_and(|node| camera.path.as_os_str() == node)
    }
}

impl Cameras {
    pub(crate) fn new(config: CameraSection, simulated: bool) -> Self {
        let decision =
            Decision { source: media::CameraSource::None, taken: None, why: String::new(), is_missing: false };
        let found = Vec::new();
        let mut cameras = Self { config, simulated, found, decision, document: None, complaints: Vec::new() };
        cameras.choose();
        cameras
    }

    /// What media is to use.
    pub(crate) fn source(&self) -> media::CameraSource {
        self.decision.source.clone()
    }

    /// What media is to use for documents.
    pub(crate) fn document(&self) -> Option<media::CameraSource> {
        self.document.as_ref().map(|decision| decision.source.clone())
    }

    /// A sentence, if there is no camera and there should be.
    pub(crate) fn state(&self) -> DeviceState {
        if self.decision.is_missing { DeviceState::Missing(self.decision.why.clone()) } else { DeviceState::Ready }
    }

    /// Chooses again, and tells media.
    pub(crate) fn look(&mut self, media: &Media, post: &MediaEvents) {
        self.choose();
        // First what is known of it: what media finds when it opens it counts for more.
        post(MediaEvent::Camera(self.state()));
        media.use_camera(self.source());
        media.use_document_camera(self.document());
    }

    fn choose(&mut self) {
        self.found = if self.simulated { sim::cameras() } else { linux::cameras() };
        let has_libcamera = !self.simulated && media::has_libcamera();
        self.choose_document_camera(has_libcamera);
        let for_documents = self.document.as_ref().and_then(|decision| decision.taken.as_deref());
        let is_free =
            |camera: &&Camera| self.simulated || Some(camera.path.as_os_str()) != for_documents.map(AsRef::as_ref);
        let free: Vec<_> = self.found.iter().filter(is_free).cloned().collect();
        let in_use = self.decision.taken.as_deref();
        let decision = decide(&self.config, self.simulated, &free, in_use, has_libcamera);
        if decision != self.decision {
            let Decision { taken, why, .. } = &decision;
            if decision.is_missing {
                tracing::warn!(name: "device-missing", "{why}");
            } else {
                tracing::info!(name: "device-used", device = taken, why, "camera");
            }
            self.decision = decision;
        }
        self.adjust();
    }

    /// The second camera is named in the config, so it comes first: the other one may be any.
    fn choose_document_camera(&mut self, has_libcamera: bool) {
        let Some(source) = self.config.document.clone() else { return };
        let config = CameraSection { source, ..self.config.clone() };
        let in_use = self.document.as_ref().and_then(|decision| decision.taken.as_deref());
        let decision = decide(&config, self.simulated, &self.found, in_use, has_libcamera);
        if self.document.as_ref() != Some(&decision) {
            let Decision { taken, why, is_missing, .. } = &decision;
            if *is_missing {
                tracing::warn!(name: "device-missing", "document camera: {why}");
            } else {
                tracing::info!(name: "device-used", device = taken, why, "document camera");
            }
            self.document = Some(decision);
        }
    }

    /// Sets the config's controls. A camera forgets them when it is unplugged, so this is done each time.
    fn adjust(&mut self) {
        let taken = self.found.iter().find(|camera| self.is_taken(camera));
        let Some(camera) = taken.filter(|_| !self.simulated && !self.config.controls.is_empty()) else { return };
        let complaints = linux::set_controls(camera, &self.config.controls);
        if complaints != self.complaints {
            for complaint in &complaints {
                tracing::warn!(camera = camera.name, "[camera.controls]: {complaint}");
            }
            self.complaints = complaints;
        }
    }

    fn is_taken(&self, camera: &Camera) -> bool {
        self.decision.has(camera)
    }

    /// For `kioskctl devices`.
    pub(super) fn found(&self) -> Vec<FoundDevice> {
        let row = |camera: &Camera| {
            let (state, why) = if self.is_taken(camera) {
                (FoundState::Used, self.decision.why.clone())
            } else if let Some(document) = self.document.as_ref().filter(|document| document.has(camera)) {
                (FoundState::Used, format!("for documents: {}", document.why))
            } else {
                match camera.access() {
                    Some(Access::V4l2) => (FoundState::Spare, String::new()),
                    Some(Access::Libcamera) => (FoundState::Spare, "a bare sensor, to be had by libcamera".to_owned()),
                    None => (FoundState::Unusable, "none of its formats can become a call".to_owned()),
                }
            };
            let (name, node) = (camera.name.clone(), camera.path.display().to_string());
            FoundDevice { kind: DeviceKind::Camera, name, node, state, why }
        };
        let mut rows: Vec<_> = self.found.iter().map(row).collect();
        if let DeviceState::Missing(why) = self.state() {
            let (name, node) = (String::new(), String::new());
            rows.push(FoundDevice { kind: DeviceKind::Camera, name, node, state: FoundState::Missing, why });
        }
        rows
    }
}

/// What to use of what was found.
fn decide(
    config: &CameraSection,
    simulated: bool,
    found: &[Camera],
    in_use: Option<&str>,
    has_libcamera: bool,
) -> Decision {
    let as_configured =
        |source| Decision { source, taken: None, why: "the config says so".to_owned(), is_missing: false };
    let test = media::CameraSource::Test { pattern: TestPattern::Ball { background: config.test_colour } };
    match &config.source {
        CameraSource::Auto if simulated => Decision {
            source: test,
            taken: found.first().map(|camera| camera.path.display().to_string()),
            why: "the board is simulated".to_owned(),
            is_missing: false,
        },
        CameraSource::Auto => camera::choose(found, None, in_use, has_libcamera).map_or_else(
            || missing(no_camera(found, has_libcamera)),
            |chosen| take(config, chosen, "the first usable one"),
        ),
        CameraSource::Device(path) => {
            let chosen = path.to_str().and_then(|name| camera::choose(found, Some(name), in_use, has_libcamera));
            chosen.map_or_else(
                // What was found may not be all: media tries this path by itself.
                || Decision {
                    source: media::CameraSource::V4l2 { path: path.clone(), mode: None },
                    ..missing(format!(
                        "The camera {} is not there. Plug it in, or name another one in [camera].",
                        path.display()
                    ))
                },
                |chosen| take(config, chosen, "the config names it"),
            )
        }
        CameraSource::Named(name) => camera::choose(found, Some(name), in_use, has_libcamera)
            .map_or_else(|| missing(not_called(name, found)), |chosen| take(config, chosen, "the config names it")),
        CameraSource::Libcamera(_) if !has_libcamera => missing(NO_LIBCAMERA.to_owned()),
        CameraSource::Libcamera(name) => as_configured(media::CameraSource::Libcamera { name: name.clone() }),
        CameraSource::Test => as_configured(test),
        CameraSource::None => as_configured(media::CameraSource::None),
        CameraSource::File(path) => as_configured(media::CameraSource::File(path.clone())),
    }
}

/// To be installed beside GStreamer; Debian calls it `gstreamer1.0-libcamera`.
const NO_LIBCAMERA: &str =
    "The camera needs libcamera. Install libcamera's plugin for GStreamer (gstreamer1.0-libcamera).";

fn missing(why: String) -> Decision {
    Decision { source: media::CameraSource::None, taken: None, why, is_missing: true }
}

fn no_camera(found: &[Camera], has_libcamera: bool) -> String {
    let is_bare = |camera: &Camera| camera.access() == Some(Access::Libcamera);
    if !has_libcamera && found.iter().any(is_bare) {
        NO_LIBCAMERA.to_owned()
    } else {
        "No camera was found. Plug one in, or set source in [camera].".to_owned()
    }
}

fn not_called(name: &str, found: &[Camera]) -> String {
    let names: Vec<_> =
        found.iter().filter(|camera| camera.access().is_some()).map(|camera| camera.name.as_str()).collect();
    let there = if names.is_empty() { "there is none".to_owned() } else { format!("there is {}", names.join(", ")) };
    format!("No camera is called '{name}': {there}. Plug it in, or name another one in [camera].")
}

/// Takes a camera in the mode that has the least to be done to it. By its node, not by a link to it: udev makes those some time
/// after the node is there, and the same camera by another name would be opened anew.
fn take(config: &CameraSection, (camera, access): (&Camera, Access), reason: &str) -> Decision {
    let wanted = Wanted { width_px: config.width, height_px: config.height, framerate: config.framerate };
    let mode = camera::choose_mode(&camera.formats, wanted);
    let taken = Some(camera.path.display().to_string());
    match (access, mode) {
        (Access::Libcamera, _) => {
            let why = format!("{reason}; a bare sensor, by libcamera");
            Decision { source: media::CameraSource::Libcamera { name: None }, taken, why, is_missing: false }
        }
        (Access::V4l2, None) => Decision {
            source: media::CameraSource::V4l2 { path: camera.path.clone(), mode: None },
            taken,
            why: format!("{reason}; it does not say which sizes it has"),
            is_missing: false,
        },
        (Access::V4l2, Some(mode)) => {
            let rate = mode.rate.map(|rate| format!(" {rate}/s")).unwrap_or_default();
            let why = format!("{reason}; {} {}x{}{rate}: {}", mode.fourcc, mode.width_px, mode.height_px, mode.why);
            let mode = CameraMode {
                fourcc: mode.fourcc.0,
                width: mode.width_px,
                height: mode.height_px,
                framerate: mode.rate.map(|rate| (rate.numerator, rate.denominator)),
            };
            let source = media::CameraSource::V4l2 { path: camera.path.clone(), mode: Some(mode) };
            Decision { source, taken, why, is_missing: false }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiosk_hal::camera::{Format, FourCc, PictureSize, Rate, Rates, SizeOffer};

    fn camera(number: u32, name: &str, driver: &str) -> Camera {
        let rates = vec![Rates::Discrete(Rate::new(30, 1).expect("not 0"))];
        let sizes = vec![SizeOffer { size: PictureSize::Discrete { width_px: 640, height_px: 480 }, rates }];
        let fourcc = FourCc(if driver == "unicam" { *b"pBAA" } else { *b"YUYV" });
        Camera {
            path: format!("/dev/video{number}").into(),
            name: name.to_owned(),
            driver: driver.to_owned(),
            bus: format!("usb-{number}"),
            stable: Some(format!("/dev/v4l/by-id/{name}").into()),
            names: vec![name.to_owned()],
            formats: vec![Format { fourcc, description: String::new(), sizes }],
            controls: Vec::new(),
        }
    }

    fn config(source: CameraSource) -> CameraSection {
        CameraSection { source, ..CameraSection::default() }
    }

    fn v4l2(path: &str) -> media::CameraSource {
        let mode = CameraMode { fourcc: *b"YUYV", width: 640, height: 480, framerate: Some((30, 1)) };
        media::CameraSource::V4l2 { path: path.into(), mode: Some(mode) }
    }

    #[test]
    fn the_first_camera_is_taken_with_its_mode() {
        let found = [camera(0, "One", "uvcvideo"), camera(2, "Two", "uvcvideo")];
        let decision = decide(&config(CameraSource::Auto), false, &found, None, false);
        assert_eq!(decision.source, v4l2("/dev/video0"));
        assert_eq!(decision.taken.as_deref(), Some("/dev/video0"));
        assert_eq!(
            decision.why,
            "the first usable one; YUYV 640x480 30/s: the wanted size, fast enough, colour halved"
        );
        let kept = decide(&config(CameraSource::Auto), false, &found, Some("/dev/video2"), false);
        assert_eq!(kept.source, v4l2("/dev/video2"), "one in use is not left for another");
    }

    #[test]
    fn a_camera_is_named_by_path_or_by_what_it_is_called() {
        let found = [camera(0, "One", "uvcvideo"), camera(2, "Two", "uvcvideo")];
        let two = v4l2("/dev/video2");
        for path in ["/dev/video2", "/dev/v4l/by-id/Two"] {
            assert_eq!(decide(&config(CameraSource::Device(path.into())), false, &found, None, false).source, two);
        }
        for name in ["Two", "usb-2"] {
            assert_eq!(decide(&config(CameraSource::Named(name.into())), false, &found, None, false).source, two);
        }
        let gone = decide(&config(CameraSource::Device("/dev/video9".into())), false, &found, None, false);
        assert!(gone.is_missing && gone.why.contains("/dev/video9 is not there"), "{gone:?}");
        assert_eq!(gone.source, media::CameraSource::V4l2 { path: "/dev/video9".into(), mode: None });
        let unknown = decide(&config(CameraSource::Named("Three".into())), false, &found, None, false);
        assert!(unknown.is_missing && unknown.why.contains("'Three': there is One, Two."), "{unknown:?}");
        assert_eq!(unknown.source, media::CameraSource::None, "a wish is not replaced");
    }

    #[test]
    fn a_bare_sensor_is_had_by_libcamera_where_that_is() {
        let found = [camera(0, "unicam", "unicam")];
        let with = decide(&config(CameraSource::Auto), false, &found, None, true);
        assert_eq!(with.source, media::CameraSource::Libcamera { name: None });
        let without = decide(&config(CameraSource::Auto), false, &found, None, false);
        assert!(without.is_missing && without.why.contains("gstreamer1.0-libcamera"), "{without:?}");
        let named = config(CameraSource::Libcamera(Some("/base/imx708".into())));
        assert_eq!(
            decide(&named, false, &[], None, true).source,
            media::CameraSource::Libcamera { name: Some("/base/imx708".into()) }
        );
        assert!(decide(&named, false, &[], None, false).is_missing);
    }

    #[test]
    fn no_camera_is_missing_unless_none_is_wanted() {
        assert!(decide(&config(CameraSource::Auto), false, &[], None, true).is_missing);
        assert!(!decide(&config(CameraSource::None), false, &[], None, true).is_missing);
        assert!(!decide(&config(CameraSource::Auto), true, &[], None, true).is_missing);
    }

    #[test]
    fn a_simulated_board_shows_the_test_picture() {
        let cameras = Cameras::new(config(CameraSource::Auto), true);
        assert!(matches!(cameras.source(), media::CameraSource::Test { .. }));
        assert_eq!(cameras.state(), DeviceState::Ready);
        let states: Vec<_> = cameras.found().into_iter().map(|device| device.state).collect();
        assert_eq!(states, [FoundState::Used]);
    }
}
