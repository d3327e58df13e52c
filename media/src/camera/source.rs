//! The live sources: how each is opened, and what ends in the gate.

use std::{path::Path, sync::Arc};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;

use super::caps;
use crate::{
    CameraMode, CameraSource, MediaError, TestPattern, VideoSettings,
    device::{self, Kind},
    encoder::raw_caps,
    fanout,
    pipeline::{self, Timeline, capsfilter, chain, element, element_with},
    player::{self, Player},
    queue::{Owner, Post, Trouble},
    stamp,
};

/// The element for cameras behind an image signal processor, of libcamera's own plugin. It is found at run time, not linked.
const LIBCAMERA: &str = "libcamerasrc";

/// An open source.
pub(super) enum Live {
    Device(gst::Pipeline),
    File(Player),
}

impl Live {
    /// Waits until every thread and every buffer of it is gone: the next one starts with buffers of its own.
    pub(super) fn stop(self) {
        match self {
            Self::Device(pipeline) => pipeline::end(&pipeline),
            Self::File(player) => player.stop(),
        }
    }

    /// The file is at its end.
    pub(super) fn ended(&self) {
        if let Self::File(player) = self {
            player.rewind();
        }
    }
}

/// Whether cameras can be had through libcamera. Starts GStreamer if need be.
pub(crate) fn has_libcamera() -> bool {
    gst::init().is_ok() && gst::ElementFactory::find(LIBCAMERA).is_some()
}

/// Where a source's pictures go.
pub(super) type OnBuffer = Arc<dyn Fn(gst::Buffer) + Send + Sync>;

/// What is needed to open a source.
pub(super) struct Opening<'a> {
    /// Size and rate of the pictures that are handed over, I420.
    pub(super) settings: &'a VideoSettings,
    pub(super) timeline: &'a Timeline,
    pub(super) post: &'a Post,
    pub(super) owner: Owner,
    pub(super) out: OnBuffer,
}

impl Opening<'_> {
    /// Opens a source; None: there is none. Blocks as long as the device does. The error is a sentence.
    pub(super) fn open(&self, source: &CameraSource) -> Result<Option<Live>, String> {
        match source {
            CameraSource::None => return Ok(None),
            CameraSource::Test { pattern } => self.test(*pattern).map_err(|error| error.to_string()),
            CameraSource::File(path) => self.file(path),
            CameraSource::V4l2 { path, mode } => self.v4l2(path, mode.as_ref()),
            CameraSource::Libcamera { name } => self.libcamera(name.as_deref()),
        }
        .map(Some)
    }

    fn pipeline(&self) -> gst::Pipeline {
        self.timeline.pipeline("camera", self.owner, self.post.clone())
    }

    fn test(&self, pattern: TestPattern) -> Result<Live, MediaError> {
        let source = element_with("videotestsrc", &[("is-live", "true"), ("do-timestamp", "true")])?;
        match pattern {
            TestPattern::Ball { background } => {
                source.set_property_from_str("pattern", "ball");
                source.set_property("background-color", 0xff00_0000 | background);
            }
            TestPattern::ZonePlate => {
                for (name, value) in [("pattern", "zone-plate"), ("kx2", "20"), ("ky2", "20"), ("kt", "1")] {
                    source.set_property_from_str(name, value);
                }
            }
        }
        let filter = capsfilter(&raw_caps(self.settings))?;
        let sink = fanout::sink();
        let pipeline = self.pipeline();
        chain(&pipeline, &[&source, &filter, sink.upcast_ref()])?;
        let out = Arc::clone(&self.out);
        // I420 of GStreamer's default layout: luma first, its stride the width rounded up to 4.
        let stride = usize::try_from(self.settings.width.next_multiple_of(4)).unwrap_or_default();
        on_buffer(&sink, move |mut buffer| {
            if let Ok(mut map) = buffer.make_mut().map_writable() {
                stamp::write(&mut map, stride, stamp::now());
            }
            out(buffer);
        });
        pipeline.set_state(gst::State::Playing)?;
        Ok(Live::Device(pipeline))
    }

    fn file(&self, path: &Path) -> Result<Live, String> {
        if let Some(sentence) = player::unreadable(path) {
            return Err(sentence);
        }
        let (out, timeline) = (Arc::clone(&self.out), self.timeline.clone());
        Player::start(path, &raw_caps(self.settings), self.owner, self.post, move |mut buffer| {
            // The file's time starts anew with every round.
            buffer.make_mut().set_pts(timeline.now());
            out(buffer);
        })
        .map(Live::File)
        .map_err(|error| error.to_string())
    }

    fn v4l2(&self, path: &Path, mode: Option<&CameraMode>) -> Result<Live, String> {
        let source = element("v4l2src").map_err(|error| error.to_string())?;
        source.set_property("device", path.display().to_string());
        self.device(&source, &path.display().to_string(), |source| {
            let pad = source.static_pad("src");
            let offered =
                |filter: Option<&gst::Caps>| pad.as_ref().map_or_else(gst::Caps::new_any, |pad| pad.query_caps(filter));
            caps::choose(offered, mode, self.settings)
        })
    }

    fn libcamera(&self, name: Option<&str>) -> Result<Live, String> {
        let source = element(LIBCAMERA).map_err(|error| error.to_string())?;
        if let Some(name) = name {
            source.set_property("camera-name", name);
        }
        self.device(&source, name.unwrap_or("of libcamera"), |_| caps::of_libcamera(self.settings))
    }

    /// Opens the device by itself, so that it can be told what is wrong with it, then builds what turns its pictures into ours.
    fn device(
        &self,
        source: &gst::Element,
        name: &str,
        ask: impl FnOnce(&gst::Element) -> gst::Caps,
    ) -> Result<Live, String> {
        device::open_alone(source).map_err(|error| device::sentence(Kind::Camera, name, &error))?;
        let built = self.build(source, &ask(source));
        if built.is_err() {
            // Still open by itself.
            let _ = source.set_state(gst::State::Null);
        }
        built.map_err(|error| error.to_string())
    }

    fn build(&self, source: &gst::Element, asked: &gst::Caps) -> Result<Live, MediaError> {
        tracing::debug!(caps = %asked, "camera");
        let is_jpeg = asked.structure(0).is_some_and(|structure| structure.name() == "image/jpeg");
        let mut row = vec![source.clone(), capsfilter(asked)?];
        if is_jpeg {
            row.push(element("jpegdec")?);
        }
        // No videorate: it waits for the next picture before it lets one go.
        row.extend([element("videoconvert")?, element("videoscale")?]);
        let mut caps = raw_caps(self.settings);
        caps.make_mut().structure_mut(0).into_iter().for_each(|structure| structure.remove_field("framerate"));
        row.push(capsfilter(&caps)?);
        let sink = fanout::sink();
        row.push(sink.clone().upcast());
        let pipeline = self.pipeline();
        chain(&pipeline, &row.iter().collect::<Vec<_>>())?;
        let out = Arc::clone(&self.out);
        on_buffer(&sink, move |buffer| out(released(buffer)));
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        Ok(Live::Device(pipeline))
    }
}

/// A picture that needed no conversion still lies in the driver's buffer. Encoders would hold on to that, and a device whose
/// buffers are held cannot be closed and opened anew.
fn released(buffer: gst::Buffer) -> gst::Buffer {
    let is_drivers = buffer.iter_memories().any(|memory| memory.is_type("V4l2Memory") || memory.is_type("dmabuf"));
    if is_drivers { buffer.copy_deep().unwrap_or(buffer) } else { buffer }
}

/// What an error of an open source means, for people.
pub(super) fn sentence(source: &CameraSource, trouble: &Trouble) -> String {
    match source {
        CameraSource::V4l2 { .. } | CameraSource::Libcamera { .. } => {
            device::sentence(Kind::Camera, &name(source), &trouble.error)
        }
        CameraSource::File(path) => format!(
            "The file {} cannot be played ({}). Give a media file with pictures.",
            path.display(),
            trouble.error.message()
        ),
        CameraSource::Test { .. } | CameraSource::None => {
            format!("The test camera has failed ({}).", trouble.error.message())
        }
    }
}

/// Whether it is a device that the system has, whatever else is wrong with it.
pub(super) fn is_present(source: &CameraSource) -> bool {
    match source {
        CameraSource::V4l2 { path, .. } => path.exists(),
        CameraSource::Libcamera { .. } => true,
        CameraSource::File(_) | CameraSource::Test { .. } | CameraSource::None => false,
    }
}

/// What a source is called in sentences.
pub(super) fn name(source: &CameraSource) -> String {
    match source {
        CameraSource::V4l2 { path, .. } | CameraSource::File(path) => path.display().to_string(),
        CameraSource::Libcamera { name } => name.clone().unwrap_or_else(|| "of libcamera".to_owned()),
        CameraSource::Test { .. } | CameraSource::None => "of the test".to_owned(),
    }
}

/// Hands over every buffer of a sink.
pub(super) fn on_buffer(sink: &gst_app::AppSink, out: impl Fn(gst::Buffer) + Send + 'static) {
    sink.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                // The sample is dropped first, so that the buffer may be written to without a copy.
                let buffer = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?.buffer_owned();
                buffer.into_iter().for_each(&out);
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
}
