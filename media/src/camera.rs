//! The camera: the live source, the placeholder that stands in for it, and the gate that chooses between them.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use kiosk_call::{DeviceState, MediaEvent};

use crate::{
    CameraSource, MediaError, TestPattern, VideoCodec, VideoSettings,
    device::{self, Kind},
    encoder::raw_caps,
    fanout,
    pipeline::{self, Timeline, capsfilter, chain, element, element_with},
    player::{self, Player},
    queue::{OnEvent, Owner, Post, Trouble},
    stamp,
};

/// Pictures a second of the placeholder.
const PLACEHOLDER_RATE: i32 = 5;
/// A live picture older than this no longer keeps the placeholder away.
const FRESH: gst::ClockTime = gst::ClockTime::from_mseconds(700);
/// A camera that is silent for longer than this has failed, though it has not said so.
const STALLED: Duration = Duration::from_secs(4);

/// Opened for a call only.
pub(crate) struct Camera {
    source: CameraSource,
    settings: VideoSettings,
    timeline: Timeline,
    post: Post,
    events: OnEvent,
    gate: Arc<Gate>,
    placeholder: Option<Placeholder>,
    live: Option<Live>,
    /// Counts the attempts to open the source.
    generation: u64,
    opened: Option<Instant>,
    retry: Option<Instant>,
    state: DeviceState,
}

/// Stands in for the live source.
struct Placeholder {
    pipeline: gst::Pipeline,
    /// Colour bars, else black.
    is_bars: bool,
}

enum Live {
    Device(gst::Pipeline),
    File(Player),
}

impl Camera {
    /// With the placeholder running, so that pictures flow at once.
    pub(crate) fn start(
        source: CameraSource,
        settings: VideoSettings,
        timeline: Timeline,
        post: Post,
        events: OnEvent,
    ) -> Result<Self, MediaError> {
        let gate = Arc::new(Gate::new(timeline.clone(), settings.framerate));
        let mut camera = Self {
            source,
            settings,
            timeline,
            post,
            events,
            gate,
            placeholder: None,
            live: None,
            generation: 0,
            opened: None,
            retry: None,
            state: DeviceState::Ready,
        };
        camera.show()?;
        Ok(camera)
    }

    /// Where encoders get their pictures.
    pub(crate) fn feed(&self, codec: VideoCodec, encoder: gst_app::AppSrc) {
        self.gate.encoders.lock().unwrap_or_else(PoisonError::into_inner).push((codec, encoder));
    }

    /// No more pictures for this encoder.
    pub(crate) fn forget(&self, codec: VideoCodec) {
        self.gate.encoders.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| *of != codec);
    }

    /// `false`: black instead of what the camera sees.
    pub(crate) fn set_sending(&mut self, sending: bool) {
        self.gate.sending.store(sending, Ordering::Release);
        self.refresh();
    }

    /// Black when the camera is off or has not been heard of yet, colour bars when there is none.
    ///
    /// A new pipeline for a new pattern: videotestsrc 1.22 crashes when its pattern is changed while it makes a picture.
    fn show(&mut self) -> Result<(), MediaError> {
        let is_missing = self.state != DeviceState::Ready || self.source == CameraSource::None;
        let is_bars = is_missing && self.gate.sending.load(Ordering::Acquire);
        if self.placeholder.as_ref().is_some_and(|placeholder| placeholder.is_bars == is_bars) {
            return Ok(());
        }
        if let Some(placeholder) = self.placeholder.take() {
            pipeline::end(&placeholder.pipeline);
        }
        let pattern = if is_bars { "smpte100" } else { "black" };
        let source = element_with("videotestsrc", &[("is-live", "true"), ("pattern", pattern)])?;
        let mut caps = raw_caps(&self.settings);
        caps.make_mut().set("framerate", gst::Fraction::new(PLACEHOLDER_RATE, 1));
        let sink = fanout::sink();
        let pipeline = self.timeline.pipeline("placeholder", Owner::Placeholder, self.post.clone());
        chain(&pipeline, &[&source, &capsfilter(&caps)?, sink.upcast_ref()])?;
        let gate = Arc::clone(&self.gate);
        on_buffer(&sink, move |buffer| gate.placeholder(buffer));
        pipeline.set_state(gst::State::Playing)?;
        self.placeholder = Some(Placeholder { pipeline, is_bars });
        Ok(())
    }

    fn refresh(&mut self) {
        if let Err(error) = self.show() {
            tracing::error!(%error, "no placeholder picture");
        }
    }

    /// Opens the live source. Blocks as long as the device does.
    pub(crate) fn open(&mut self) {
        self.generation += 1;
        self.retry = None;
        let owner = Owner::Camera(self.generation);
        let opened = match &self.source {
            CameraSource::None => return,
            CameraSource::Test { pattern } => self.open_test(*pattern, owner).map_err(|error| error.to_string()),
            CameraSource::File(path) => self.open_file(path, owner),
            CameraSource::V4l2(path) => self.open_v4l2(path, owner),
        };
        match opened {
            Ok(live) => {
                self.live = Some(live);
                self.opened = Some(Instant::now());
            }
            Err(sentence) => self.fail(sentence),
        }
    }

    fn open_test(&self, pattern: TestPattern, owner: Owner) -> Result<Live, MediaError> {
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
        let filter = capsfilter(&raw_caps(&self.settings))?;
        let sink = fanout::sink();
        let pipeline = self.timeline.pipeline("camera", owner, self.post.clone());
        chain(&pipeline, &[&source, &filter, sink.upcast_ref()])?;
        let gate = Arc::clone(&self.gate);
        // I420 of GStreamer's default layout: luma first, its stride the width rounded up to 4.
        let stride = usize::try_from(self.settings.width.next_multiple_of(4)).unwrap_or_default();
        on_buffer(&sink, move |mut buffer| {
            if let Ok(mut map) = buffer.make_mut().map_writable() {
                stamp::write(&mut map, stride, stamp::now());
            }
            gate.live(buffer);
        });
        pipeline.set_state(gst::State::Playing)?;
        Ok(Live::Device(pipeline))
    }

    fn open_file(&self, path: &Path, owner: Owner) -> Result<Live, String> {
        if let Some(sentence) = player::unreadable(path) {
            return Err(sentence);
        }
        let gate = Arc::clone(&self.gate);
        let timeline = self.timeline.clone();
        Player::start(path, &raw_caps(&self.settings), owner, &self.post, move |mut buffer| {
            // The file's time starts anew with every round.
            buffer.make_mut().set_pts(timeline.now());
            gate.live(buffer);
        })
        .map(Live::File)
        .map_err(|error| error.to_string())
    }

    fn open_v4l2(&self, path: &Path, owner: Owner) -> Result<Live, String> {
        let device = path.display().to_string();
        let source = element("v4l2src").map_err(|error| error.to_string())?;
        source.set_property("device", &device);
        device::open_alone(&source).map_err(|error| device::sentence(Kind::Camera, &device, &error))?;
        let built = self.build_v4l2(&source, owner);
        if built.is_err() {
            // Still open by itself.
            let _ = source.set_state(gst::State::Null);
        }
        built.map_err(|error| error.to_string())
    }

    fn build_v4l2(&self, source: &gst::Element, owner: Owner) -> Result<Live, MediaError> {
        let offered = source.static_pad("src").map_or_else(gst::Caps::new_any, |pad| pad.query_caps(None));
        let chosen = choose_mode(&offered, &self.settings);
        let compressed = chosen.structure(0).is_some_and(|structure| structure.name() == "image/jpeg");
        let mut row = vec![source.clone(), capsfilter(&chosen)?];
        if compressed {
            row.push(element("jpegdec")?);
        }
        // No videorate: it waits for the next picture before it lets one go.
        row.extend([element("videoconvert")?, element("videoscale")?]);
        let mut caps = raw_caps(&self.settings);
        caps.make_mut().structure_mut(0).into_iter().for_each(|structure| structure.remove_field("framerate"));
        row.push(capsfilter(&caps)?);
        let sink = fanout::sink();
        row.push(sink.clone().upcast());
        let pipeline = self.timeline.pipeline("camera", owner, self.post.clone());
        chain(&pipeline, &row.iter().collect::<Vec<_>>())?;
        let gate = Arc::clone(&self.gate);
        on_buffer(&sink, move |buffer| gate.live(buffer));
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            pipeline::end(&pipeline);
            return Err(error.into());
        }
        Ok(Live::Device(pipeline))
    }

    /// An error of the source of this generation.
    pub(crate) fn broken(&mut self, generation: u64, trouble: &Trouble) {
        if generation != self.generation || self.live.is_none() {
            return;
        }
        tracing::debug!(element = trouble.element, error = %trouble.error, details = ?trouble.details, "camera");
        let sentence = match &self.source {
            CameraSource::V4l2(path) => device::sentence(Kind::Camera, &path.display().to_string(), &trouble.error),
            CameraSource::File(path) => format!(
                "The file {} cannot be played ({}). Give a media file with pictures.",
                path.display(),
                trouble.error.message()
            ),
            CameraSource::Test { .. } | CameraSource::None => {
                format!("The test camera has failed ({}).", trouble.error.message())
            }
        };
        self.fail(sentence);
    }

    /// The file of this generation is at its end.
    pub(crate) fn ended(&self, generation: u64) {
        if generation == self.generation
            && let Some(Live::File(player)) = &self.live
        {
            player.rewind();
        }
    }

    fn fail(&mut self, sentence: String) {
        self.close();
        self.retry = Some(Instant::now() + device::RETRY);
        self.tell(DeviceState::Missing(sentence));
    }

    fn tell(&mut self, state: DeviceState) {
        if self.state != state {
            self.state = state.clone();
            self.refresh();
            (self.events)(MediaEvent::Camera(state));
        }
    }

    /// Looks after the source: says when it works again, notices when it has fallen silent, tries again when it is time.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.retry.is_some_and(|at| at <= now) {
            self.open();
        } else if self.live.is_some() {
            if self.gate.is_fresh() {
                self.opened = Some(now);
                self.tell(DeviceState::Ready);
            } else if self.opened.is_some_and(|opened| now.duration_since(opened) > STALLED) {
                self.fail(format!(
                    "The camera {} gives no pictures. Unplug it and plug it in again.",
                    match &self.source {
                        CameraSource::V4l2(path) | CameraSource::File(path) => path.display().to_string(),
                        CameraSource::Test { .. } | CameraSource::None => "of the test".to_owned(),
                    }
                ));
            }
        }
    }

    fn close(&mut self) {
        match self.live.take() {
            Some(Live::Device(pipeline)) => pipeline::end(&pipeline),
            Some(Live::File(player)) => player.stop(),
            None => {}
        }
        self.opened = None;
    }

    pub(crate) fn stop(mut self) {
        self.close();
        if let Some(placeholder) = self.placeholder.take() {
            pipeline::end(&placeholder.pipeline);
        }
    }
}

/// The first of these that the device offers: raw at our size, raw at any, JPEG at our size, JPEG at any; not faster than we
/// encode, if it can be slow.
fn choose_mode(offered: &gst::Caps, settings: &VideoSettings) -> gst::Caps {
    let rate = i32::try_from(settings.framerate).unwrap_or(30);
    let slow = gst::FractionRange::new(gst::Fraction::new(1, 1), gst::Fraction::new(rate, 1));
    let width = i32::try_from(settings.width).unwrap_or(640);
    let height = i32::try_from(settings.height).unwrap_or(480);
    for kind in ["video/x-raw", "image/jpeg"] {
        let any = || gst::Caps::builder(kind).field("framerate", slow);
        let sized = any().field("width", width).field("height", height).build();
        for wanted in [sized, any().build(), gst::Caps::builder(kind).build()] {
            if offered.can_intersect(&wanted) {
                return wanted;
            }
        }
    }
    gst::Caps::new_any()
}

fn on_buffer(sink: &gst_app::AppSink, out: impl Fn(gst::Buffer) + Send + 'static) {
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

/// Chooses, picture by picture, what the encoders get: the live source, or the placeholder while the live source is off, not
/// there yet, or silent. To the encoders it is one stream whose time never goes back.
struct Gate {
    timeline: Timeline,
    sending: AtomicBool,
    /// Running time of the newest live picture, in ns; 0: none yet.
    newest: AtomicU64,
    /// Time stamp of the last picture that was let through.
    last: Mutex<Option<gst::ClockTime>>,
    /// Pictures closer together than this are too many.
    least: gst::ClockTime,
    encoders: Mutex<Vec<(VideoCodec, gst_app::AppSrc)>>,
}

impl Gate {
    fn new(timeline: Timeline, framerate: u32) -> Self {
        Self {
            timeline,
            sending: AtomicBool::new(true),
            newest: AtomicU64::new(0),
            last: Mutex::new(None),
            // Half a period, not a whole one: capture jitters.
            least: gst::ClockTime::SECOND / (2 * u64::from(framerate.max(1))),
            encoders: Mutex::new(Vec::new()),
        }
    }

    fn is_fresh(&self) -> bool {
        let newest = gst::ClockTime::from_nseconds(self.newest.load(Ordering::Acquire));
        newest > gst::ClockTime::ZERO && self.timeline.now().saturating_sub(newest) < FRESH
    }

    fn live(&self, buffer: gst::Buffer) {
        self.newest.store(self.timeline.now().nseconds(), Ordering::Release);
        if self.sending.load(Ordering::Acquire) {
            self.pass(buffer);
        }
    }

    fn placeholder(&self, buffer: gst::Buffer) {
        if !self.sending.load(Ordering::Acquire) || !self.is_fresh() {
            self.pass(buffer);
        }
    }

    fn pass(&self, buffer: gst::Buffer) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pts) = buffer.pts() else { return };
        if last.is_some_and(|last| pts < last + self.least) {
            return;
        }
        *last = Some(pts);
        for (codec, encoder) in self.encoders.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Err(error) = encoder.push_buffer(buffer.clone()) {
                tracing::trace!(?codec, ?error, "the encoder takes no more");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_at_our_size_is_preferred() {
        gst::init().expect("GStreamer");
        let settings = VideoSettings::default();
        let chosen = |offered: &str| choose_mode(&offered.parse::<gst::Caps>().expect("caps"), &settings).to_string();
        let raw = "video/x-raw,format=YUY2,width=640,height=480,framerate=30/1";
        let jpeg = "image/jpeg,width=640,height=480,framerate=30/1";
        let other = "video/x-raw,format=YUY2,width=1920,height=1080,framerate=5/1";
        assert!(chosen(&format!("{jpeg};{raw}")).starts_with("video/x-raw"));
        assert!(chosen(jpeg).starts_with("image/jpeg"));
        assert!(chosen(&format!("{other};{raw}")).contains("640"));
        assert!(!chosen(other).contains("640"));
        assert_eq!(chosen("image/jpeg,framerate=60/1"), "image/jpeg");
        assert_eq!(chosen("video/x-bayer"), "ANY");
    }
}
