//! The self-view: what the camera sees, small, for people to see themselves by.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use gstreamer as gst;
use gstreamer_video as gst_video;

use crate::Picture;

/// Widest self-view, pixels.
const WIDEST: u32 = 320;
/// Pictures closer together than this are too many: 15 a second, and half a picture less, for cameras jitter.
const LEAST: gst::ClockTime = gst::ClockTime::from_mseconds(50);

/// Where self-views go.
pub(crate) type OnSelfView = Arc<dyn Fn(Picture) + Send + Sync>;

/// Makes self-views of the camera's pictures, if anybody wants them.
#[derive(Default)]
pub(crate) struct SelfView(Mutex<State>);

#[derive(Default)]
struct State {
    show: Option<OnSelfView>,
    /// Time stamp of the last picture that was shown.
    last: Option<gst::ClockTime>,
    scaler: Option<Scaler>,
}

impl fmt::Debug for SelfView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelfView")
    }
}

impl SelfView {
    /// Hands self-views over from now on.
    pub(crate) fn show(&self, on_picture: OnSelfView) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).show = Some(on_picture);
    }

    /// A picture of the camera, as encoders get it: I420 of this size. Runs on the camera's thread.
    pub(crate) fn offer(&self, buffer: &gst::Buffer, size: (u32, u32)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { show: Some(show), last, scaler } = &mut *state else { return };
        let Some(now) = buffer.pts() else { return };
        if last.is_some_and(|last| now >= last && now < last + LEAST) {
            return;
        }
        *last = Some(now);
        match scaled(scaler, buffer, size) {
            Ok(picture) => show(picture),
            Err(error) => tracing::debug!(%error, "a self-view cannot be made"),
        }
    }
}

/// Scales pictures of one size.
struct Scaler {
    converter: gst_video::VideoConverter,
    from: gst_video::VideoInfo,
    to: gst_video::VideoInfo,
}

impl Scaler {
    fn new(width: u32, height: u32) -> Result<Self, gst::glib::BoolError> {
        let (small_width, small_height) = small(width, height);
        let from = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height).build()?;
        // The same colours: the sizes alone would make them differ.
        let to = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, small_width, small_height)
            .colorimetry(&from.colorimetry())
            .build()?;
        let converter = gst_video::VideoConverter::new(&from, &to, None)?;
        Ok(Self { converter, from, to })
    }
}

/// The size of the self-view: at most [`WIDEST`] wide, sides even.
fn small(width: u32, height: u32) -> (u32, u32) {
    let wide = width.min(WIDEST);
    (wide & !1, ((height * wide / width.max(1)) & !1).max(2))
}

fn scaled(
    scaler: &mut Option<Scaler>,
    buffer: &gst::Buffer,
    (width, height): (u32, u32),
) -> Result<Picture, gst::glib::BoolError> {
    if scaler.as_ref().is_none_or(|scaler| (scaler.from.width(), scaler.from.height()) != (width, height)) {
        *scaler = Some(Scaler::new(width, height)?);
    }
    let Scaler { converter, from, to } = scaler.as_mut().expect("it was just made");
    let refused = |_| gst::glib::bool_error!("the memory of a picture cannot be mapped");
    let source = gst_video::VideoFrame::from_buffer_readable(buffer.clone(), from).map_err(refused)?;
    let memory = gst::Buffer::with_size(to.size())?;
    let mut target = gst_video::VideoFrame::from_buffer_writable(memory, to).map_err(refused)?;
    converter.frame(&source, &mut target);
    let readable = gst_video::VideoFrame::from_buffer_readable(target.into_buffer(), to).map_err(refused)?;
    Ok(Picture::new(readable))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn picture((width, height): (u32, u32), at: gst::ClockTime, luma: u8) -> gst::Buffer {
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height);
        let size = info.build().expect("a size").size();
        let mut bytes = vec![128; size];
        bytes[..(width * height) as usize].fill(luma);
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        buffer.get_mut().expect("it is ours").set_pts(at);
        buffer
    }

    #[test]
    fn sizes_keep_their_proportions() {
        assert_eq!(small(640, 480), (320, 240));
        assert_eq!(small(1280, 720), (320, 180));
        assert_eq!(small(160, 120), (160, 120));
        assert_eq!(small(64, 2160), (64, 2160));
        assert_eq!(small(3840, 64), (320, 4));
    }

    #[test]
    fn self_views_are_small_few_and_of_the_same_colours() {
        gst::init().expect("GStreamer");
        let (sender, shown) = mpsc::channel();
        let self_view = SelfView::default();
        let size = (1280, 720);
        let offer = |ms: u64, luma| {
            let at = gst::ClockTime::from_mseconds(ms);
            self_view.offer(&picture(size, at, luma), size);
        };
        offer(0, 10);
        self_view.show(Arc::new(move |picture| sender.send(picture).expect("the test looks")));
        // 30 pictures a second.
        (1..=30).for_each(|index| offer(index * 1_000 / 30, 77));
        let pictures: Vec<_> = shown.try_iter().collect();
        assert_eq!(pictures.len(), 15);
        let first = &pictures[0];
        assert_eq!((first.width(), first.height()), (320, 180));
        let (luma, stride) = first.plane(0);
        assert!(luma.iter().take(stride).all(|value| value.abs_diff(77) <= 1));
    }
}
