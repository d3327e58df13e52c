//! Does an encoder work here? A factory says nothing about the driver below: only pictures that came out and can be decoded do.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app as gst_app;
use gstreamer_video::{self as gst_video, prelude::*};

use super::{raw_caps, table::Kind};
use crate::{
    MediaError, VideoCodec, VideoSettings, decoder, fanout,
    pipeline::{capsfilter, chain, element},
};

/// Pictures of each of the three parts: as it comes, after a key unit was asked for, after the bit rate was lowered.
const PART: usize = 12;
/// How many pictures an encoder may keep to itself.
const MOST_KEPT: usize = 4;
/// Longest time for a part. A working encoder takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Mean difference of luma between a picture and what is decoded of it. Coding costs some; a green or torn picture differs by 40 and more.
const MOST_DIFFERENT: u64 = 24;

/// What a working encoder has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Time for one picture.
    pub(crate) per_picture: Duration,
    /// Fewer bits came out after it was told to use fewer.
    pub(crate) follows_bitrate: bool,
}

impl Measured {
    /// It keeps up with the camera.
    pub(crate) fn is_quick(&self, settings: &VideoSettings) -> bool {
        self.per_picture * settings.framerate <= Duration::from_secs(1)
    }
}

/// Encodes real pictures and looks at what comes out. Why it does not work, as the end of a sentence.
pub(super) fn try_out(kind: &Kind, settings: &VideoSettings) -> Result<Measured, String> {
    let mut bench = Bench::start(kind, settings).map_err(|error| error.to_string())?;
    let outcome = bench.run(kind, settings);
    // What it was stopped for is known by now.
    let _ = bench.pipeline.set_state(gst::State::Null);
    outcome
}

struct Bench {
    pipeline: gst::Pipeline,
    input: gst_app::AppSrc,
    encoder: gst::Element,
    sink: gst_app::AppSink,
    info: gst_video::VideoInfo,
    out: Vec<gst::Sample>,
    /// When each came out.
    arrivals: Arc<Mutex<Vec<Instant>>>,
}

impl Bench {
    fn start(kind: &Kind, settings: &VideoSettings) -> Result<Self, MediaError> {
        let caps = raw_caps(settings);
        let info = gst_video::VideoInfo::from_caps(&caps).map_err(|error| MediaError::Build(error.to_string()))?;
        let input = gst_app::AppSrc::builder().is_live(true).format(gst::Format::Time).caps(&caps).max_bytes(0).build();
        let parts = kind.build(settings, false)?;
        let sink = fanout::sink();
        // Nothing is dropped: each picture counts.
        sink.set_max_buffers(0);
        let pipeline = gst::Pipeline::new();
        let mut row = vec![input.upcast_ref()];
        row.extend(parts.elements.iter());
        row.push(sink.upcast_ref());
        chain(&pipeline, &row)?;
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            let _ = pipeline.set_state(gst::State::Null);
            return Err(error.into());
        }
        let arrivals = Arc::<Mutex<Vec<Instant>>>::default();
        let noted = Arc::clone(&arrivals);
        if let Some(pad) = sink.static_pad("sink") {
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
                gst::PadProbeReturn::Ok
            });
        }
        Ok(Self { pipeline, input, encoder: parts.encoder, sink, info, out: Vec::new(), arrivals })
    }

    fn run(&mut self, kind: &Kind, settings: &VideoSettings) -> Result<Measured, String> {
        self.part(0)?;
        let per_picture = self.per_picture();
        kind.force_key_unit(&self.encoder);
        self.part(1)?;
        kind.set_bitrate(&self.encoder, settings.bitrate_bps / 4);
        self.part(2)?;
        self.input.end_of_stream().map_err(|error| error.to_string())?;
        self.pull(3 * PART, PATIENCE)?;
        self.check_key_units()?;
        self.check_pictures(kind.codec)?;
        let [_, second, third] = [0, 1, 2].map(|part| self.bytes(part));
        Ok(Measured { per_picture, follows_bitrate: third < second })
    }

    /// Pushes a part's pictures and waits for most of them.
    fn part(&mut self, part: usize) -> Result<(), String> {
        // All first, so that the encoder never waits for one.
        let pictures: Option<Vec<_>> =
            (part * PART..(part + 1) * PART).map(|number| picture(&self.info, number)).collect();
        for buffer in pictures.ok_or("there is no memory for pictures")? {
            self.input.push_buffer(buffer).map_err(|error| format!("takes no pictures ({error})"))?;
        }
        self.pull((part + 1) * PART - MOST_KEPT, PATIENCE)
    }

    /// Waits until so many have come out since the start, or all have.
    fn pull(&mut self, wanted: usize, patience: Duration) -> Result<(), String> {
        let end = Instant::now() + patience;
        while self.out.len() < wanted {
            if let Some(error) = self.error() {
                return Err(error);
            }
            let slice = gst::ClockTime::from_mseconds(50);
            match self.sink.try_pull_sample(slice) {
                Some(sample) => self.out.push(sample),
                None if self.sink.is_eos() => return Err(format!("keeps {} of its pictures", wanted - self.out.len())),
                None if Instant::now() >= end => {
                    return Err(format!("gave {} of {wanted} pictures in {} s", self.out.len(), patience.as_secs()));
                }
                None => {}
            }
        }
        while let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::ZERO) {
            self.out.push(sample);
        }
        Ok(())
    }

    fn error(&self) -> Option<String> {
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        let gst::MessageView::Error(error) = message.view() else { return None };
        Some(error.error().message().to_owned())
    }

    /// From the first that came out to the last that it surely does not keep: opening the device is not counted.
    fn per_picture(&self) -> Duration {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let steps = PART - MOST_KEPT - 1;
        let (Some(first), Some(last)) = (arrivals.first(), arrivals.get(steps)) else { return Duration::MAX };
        last.saturating_duration_since(*first) / u32::try_from(steps).unwrap_or(1)
    }

    fn check_key_units(&self) -> Result<(), String> {
        let is_key = |sample: &gst::Sample| {
            sample.buffer().is_some_and(|buffer| !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT))
        };
        if !self.out.first().is_some_and(is_key) {
            return Err("does not begin with a key unit".to_owned());
        }
        // It may have been working at some pictures when it was asked.
        if !self.out.iter().skip(PART - MOST_KEPT).any(is_key) {
            return Err("gives no key unit when it is asked for one".to_owned());
        }
        Ok(())
    }

    /// Decodes everything in software and compares the last picture with what went in; where there is no decoder, it is believed.
    fn check_pictures(&self, codec: VideoCodec) -> Result<(), String> {
        match decoder::any_software(codec) {
            Some(decoder) => check(decoder, codec, &self.out, &self.info),
            None => Ok(()),
        }
    }

    /// Bytes of a part, without key units.
    fn bytes(&self, part: usize) -> usize {
        let samples = self.out.iter().skip(part * PART).take(PART);
        let buffers = samples.filter_map(|sample| sample.buffer());
        buffers.filter(|buffer| buffer.flags().contains(gst::BufferFlags::DELTA_UNIT)).map(gst::BufferRef::size).sum()
    }
}

/// Time from one picture to the next.
const STEP: gst::ClockTime = gst::ClockTime::from_mseconds(33);

/// A moving ramp with some noise, so that there is something to encode.
fn picture(info: &gst_video::VideoInfo, number: usize) -> Option<gst::Buffer> {
    let mut buffer = gst::Buffer::with_size(info.size()).ok()?;
    {
        let buffer = buffer.get_mut()?;
        buffer.set_pts(STEP * u64::try_from(number).ok()?);
        buffer.set_duration(STEP);
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, info).ok()?;
        let stride = usize::try_from(frame.plane_stride()[0]).ok()?;
        let shift = number * 4;
        let mut noise = 0x2545_f491_u32.wrapping_mul(u32::try_from(number).ok()? + 1);
        for (y, row) in frame.plane_data_mut(0).ok()?.chunks_exact_mut(stride).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *pixel =
                    u8::try_from(((x + y + shift) / 4 % 192) + usize::from(noise.to_be_bytes()[0] >> 4)).ok()? + 16;
            }
        }
        for plane in [1, 2] {
            frame.plane_data_mut(plane).ok()?.fill(if plane == 1 { 90 } else { 160 });
        }
    }
    Some(buffer)
}

/// Mean difference of luma.
fn difference(info: &gst_video::VideoInfo, original: &gst::Buffer, decoded: &gst::Sample) -> Option<u64> {
    let other = gst_video::VideoInfo::from_caps(decoded.caps()?).ok()?;
    if (other.width(), other.height()) != (info.width(), info.height()) {
        return None;
    }
    let ours = gst_video::VideoFrameRef::from_buffer_ref_readable(original, info).ok()?;
    let theirs = gst_video::VideoFrameRef::from_buffer_ref_readable(decoded.buffer()?, &other).ok()?;
    let width = usize::try_from(info.width()).ok()?;
    let rows = |frame: &gst_video::VideoFrameRef<&gst::BufferRef>| -> Option<(Vec<u8>, usize)> {
        Some((frame.plane_data(0).ok()?.to_vec(), usize::try_from(frame.plane_stride()[0]).ok()?))
    };
    let ((ours, our_stride), (theirs, their_stride)) = (rows(&ours)?, rows(&theirs)?);
    let pairs = ours.chunks(our_stride).zip(theirs.chunks(their_stride)).take(usize::try_from(info.height()).ok()?);
    let sum: u64 = pairs
        .flat_map(|(one, other)| one[..width].iter().zip(&other[..width]))
        .map(|(one, other)| u64::from(one.abs_diff(*other)))
        .sum();
    Some(sum / (u64::from(info.width()) * u64::from(info.height())))
}

/// A stream to try decoders with: some pictures, encoded.
pub(crate) fn stream(kind: &Kind, settings: &VideoSettings) -> Result<Vec<gst::Sample>, String> {
    let mut bench = Bench::start(kind, settings).map_err(|error| error.to_string())?;
    let made = bench.part(0).and_then(|()| {
        bench.input.end_of_stream().map_err(|error| error.to_string())?;
        bench.pull(PART, PATIENCE)
    });
    let _ = bench.pipeline.set_state(gst::State::Null);
    made.map(|()| bench.out)
}

/// Decodes a stream of [`stream`]'s pictures and compares the last one. Why it does not work, as the end of a sentence.
pub(crate) fn check(
    decoder: gst::Element,
    codec: VideoCodec,
    samples: &[gst::Sample],
    info: &gst_video::VideoInfo,
) -> Result<(), String> {
    let (count, decoded) = decode(decoder, codec, samples).map_err(|error| error.to_string())?;
    // Not by their time: x264enc shifts that by 1,000 hours.
    if count != samples.len() {
        return Err(format!("{count} of {} pictures can be decoded", samples.len()));
    }
    let original = picture(info, count - 1).ok_or("there is no memory for a picture")?;
    let difference = difference(info, &original, &decoded).ok_or("the pictures have another size")?;
    if difference > MOST_DIFFERENT {
        return Err(format!("other pictures come out than went in (by {difference} of 255)"));
    }
    Ok(())
}

/// How many pictures can be decoded, and the last one.
fn decode(
    decoder: gst::Element,
    codec: VideoCodec,
    samples: &[gst::Sample],
) -> Result<(usize, gst::Sample), MediaError> {
    let input = gst_app::AppSrc::builder().format(gst::Format::Time).max_bytes(0).build();
    let sink = fanout::sink();
    sink.set_max_buffers(0);
    let mut row = vec![input.clone().upcast()];
    if codec == VideoCodec::H264 {
        row.push(element("h264parse")?);
    }
    let caps = gst::Caps::builder("video/x-raw").field("format", "I420").build();
    row.extend([decoder, element("videoconvert")?, capsfilter(&caps)?, sink.clone().upcast()]);
    let pipeline = gst::Pipeline::new();
    chain(&pipeline, &row.iter().collect::<Vec<_>>())?;
    let decoded = pipeline.set_state(gst::State::Playing).map_err(MediaError::from).map(|_| {
        for sample in samples {
            // A decoder that takes no more has failed: then nothing comes out.
            let _ = input.push_sample(sample);
        }
        let _ = input.end_of_stream();
        let (mut count, mut last) = (0, None);
        while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(3)) {
            count += 1;
            last = Some(sample);
        }
        Some(count).zip(last)
    });
    let _ = pipeline.set_state(gst::State::Null);
    decoded?.ok_or_else(|| MediaError::Build("nothing can be decoded".into()))
}

#[cfg(test)]
mod tests {
    use super::{super::table::KINDS, *};

    #[test]
    fn software_encoders_pass_and_are_measured() {
        gst::init().expect("GStreamer");
        for settings in
            [VideoSettings::default(), VideoSettings { width: 322, height: 242, ..VideoSettings::default() }]
        {
            for kind in KINDS.iter().filter(|kind| !kind.is_hardware()) {
                let measured = try_out(kind, &settings).unwrap_or_else(|why| panic!("{} {why}", kind.factory));
                assert!(measured.follows_bitrate, "{}", kind.factory);
                assert!(measured.per_picture > Duration::from_micros(50), "{} {measured:?}", kind.factory);
            }
        }
    }

    #[test]
    fn other_pictures_are_noticed() {
        gst::init().expect("GStreamer");
        let info = gst_video::VideoInfo::from_caps(&raw_caps(&VideoSettings::default())).expect("caps");
        let sample = |number| {
            let buffer = picture(&info, number).expect("memory");
            gst::Sample::builder().buffer(&buffer).caps(&raw_caps(&VideoSettings::default())).build()
        };
        let original = picture(&info, 3).expect("memory");
        let difference = |other| difference(&info, &original, &other).expect("the same size");
        assert_eq!(difference(sample(3)), 0);
        assert!(difference(sample(4)) < MOST_DIFFERENT, "noise and a small step are no other picture");
        let mut green = gst::Buffer::with_size(info.size()).expect("memory");
        green.get_mut().expect("is ours").set_pts(gst::ClockTime::ZERO);
        let green = gst::Sample::builder().buffer(&green).caps(&raw_caps(&VideoSettings::default())).build();
        assert!(difference(green) > MOST_DIFFERENT);
    }
}
