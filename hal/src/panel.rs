//! The panel: the screen as somewhere to present frames.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::compose::{Composer, PictureError, Scene};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// 1 and up.
    pub width_px: u32,
    /// 1 and up.
    pub height_px: u32,
}

impl Size {
    /// Longest side of a panel: 8K.
    pub const MAX_PX: u32 = 7680;

    /// A size; None unless both sides are in 1..=[`Size::MAX_PX`].
    #[must_use]
    pub fn new(width_px: u32, height_px: u32) -> Option<Self> {
        let fits = |side| (1..=Self::MAX_PX).contains(&side);
        (fits(width_px) && fits(height_px)).then_some(Self { width_px, height_px })
    }

    /// Bytes of a frame of this size.
    #[must_use]
    pub fn frame_bytes(self) -> usize {
        self.width_px as usize * self.height_px as usize * Frame::PIXEL_BYTES
    }

    /// Bytes of a row of a frame of this size.
    #[must_use]
    pub fn stride_bytes(self) -> usize {
        self.width_px as usize * Frame::PIXEL_BYTES
    }
}

/// A picture for the panel: `DRM_FORMAT_XRGB8888` (`drm_fourcc.h`), so in memory blue, green, red and a byte that nobody looks
/// at, rows from top to bottom without padding.
pub struct Frame {
    size: Size,
    pixels: Vec<u8>,
}

impl Frame {
    /// Bytes of a pixel.
    pub const PIXEL_BYTES: usize = 4;

    /// A black frame.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self { size, pixels: vec![0; size.frame_bytes()] }
    }

    /// Its size.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// All its bytes, [`Size::frame_bytes`] of them.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All its bytes, to be painted.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Red, green and blue of a pixel; None outside of the frame.
    #[must_use]
    pub fn rgb(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        let inside = x < self.size.width_px && y < self.size.height_px;
        let at = (y as usize * self.size.width_px as usize + x as usize) * Self::PIXEL_BYTES;
        let pixel = self.pixels.get(at..at + 3).filter(|_| inside)?;
        Some([pixel[2], pixel[1], pixel[0]])
    }

    /// The frame as a PNG file.
    ///
    /// # Errors
    /// If the encoder fails, which it has no reason to.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let mut rgb = Vec::with_capacity(self.pixels.len() / Self::PIXEL_BYTES * 3);
        for pixel in self.pixels.chunks_exact(Self::PIXEL_BYTES) {
            rgb.extend_from_slice(&[pixel[2], pixel[1], pixel[0]]);
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.size.width_px, self.size.height_px);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&rgb)?;
        writer.finish()?;
        Ok(file)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}x{})", self.size.width_px, self.size.height_px)
    }
}

/// Why a panel does not show a scene. The next one may work.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// Something is wrong with the scene.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Something is wrong with the device: a sentence that names it.
    #[error("{0}")]
    Device(String),
}

/// What a panel tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelEvent {
    /// It takes the next scene.
    Free,
    /// It is another screen now, perhaps of another size, and shows nothing of what was presented: present again.
    Changed,
}

/// The next of a panel's events, as it comes.
pub type NextEvent<'a> = Pin<Box<dyn Future<Output = PanelEvent> + Send + 'a>>;

/// A screen.
///
/// It never waits for the device: who presents first sees that it [`Panel::is_free`], and otherwise waits for
/// [`Panel::next_event`]. So the newest scene wins, and none is begun before the last one is on the screen.
pub trait Panel: fmt::Debug + Send {
    /// The size that scenes must have. It may change between two scenes.
    fn size(&self) -> Size;

    /// Whether the last scene has reached the screen.
    fn is_free(&self) -> bool;

    /// Shows this scene until the next. Where no screen is connected it is taken all the same.
    ///
    /// # Errors
    /// If the scene does not become visible.
    fn present(&mut self, scene: &Scene<'_>) -> Result<(), PanelError>;

    /// Makes the screen dark, and lets it save power, until the next scene is presented.
    fn blank(&mut self);

    /// Waits for what happens next. A dropped future loses nothing. To be awaited in a tokio runtime with I/O and time.
    fn next_event(&mut self) -> NextEvent<'_>;
}

/// Frames that are kept to be painted into again: one is the newest, one or two are looked at, one is painted.
const KEPT_FRAMES: usize = 4;

/// A panel in memory: composes each scene and keeps the newest frame, for [`Newest`] to look at.
#[derive(Debug)]
pub struct Offscreen {
    size: Arc<Mutex<Size>>,
    newest: watch::Sender<Option<Arc<Frame>>>,
    composer: Composer,
    frames: Vec<Arc<Frame>>,
}

/// What an [`Offscreen`] panel shows. Clones look at the same panel.
#[derive(Clone, Debug)]
pub struct Newest {
    size: Arc<Mutex<Size>>,
    newest: watch::Receiver<Option<Arc<Frame>>>,
}

impl Offscreen {
    /// A panel of this size, and the eye that looks at it.
    #[must_use]
    pub fn new(size: Size) -> (Self, Newest) {
        let (sender, receiver) = watch::channel(None);
        let size = Arc::new(Mutex::new(size));
        let eye = Newest { size: Arc::clone(&size), newest: receiver };
        (Self { size, newest: sender, composer: Composer::default(), frames: Vec::new() }, eye)
    }

    fn show(&mut self, frame: Arc<Frame>) {
        self.newest.send_replace(Some(Arc::clone(&frame)));
        self.frames.push(frame);
    }
}

/// A frame of this size that nobody else holds.
fn free_frame(frames: &mut Vec<Arc<Frame>>, size: Size) -> Arc<Frame> {
    frames.retain(|frame| frame.size() == size);
    if let Some(index) = frames.iter_mut().position(|frame| Arc::get_mut(frame).is_some()) {
        return frames.swap_remove(index);
    }
    frames.truncate(KEPT_FRAMES - 1);
    Arc::new(Frame::new(size))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Panel for Offscreen {
    fn size(&self) -> Size {
        *lock(&self.size)
    }

    fn is_free(&self) -> bool {
        true
    }

    fn present(&mut self, scene: &Scene<'_>) -> Result<(), PanelError> {
        let size = self.size();
        let mut frame = free_frame(&mut self.frames, size);
        let pixels = Arc::get_mut(&mut frame).expect("nobody else holds it");
        let composed = self.composer.compose(pixels, scene);
        match composed {
            Ok(()) => self.show(frame),
            Err(_) => self.frames.push(frame),
        }
        Ok(composed?)
    }

    fn blank(&mut self) {
        self.show(Arc::new(Frame::new(self.size())));
    }

    fn next_event(&mut self) -> NextEvent<'_> {
        Box::pin(std::future::pending())
    }
}

impl Newest {
    /// The frame that was presented last; None before the first.
    #[must_use]
    pub fn frame(&self) -> Option<Arc<Frame>> {
        self.newest.borrow().clone()
    }

    /// Counts the newest frame as waited for: [`Newest::next`] waits for a later one.
    pub fn seen(&mut self) {
        self.newest.mark_unchanged();
    }

    /// Waits for a frame that this clone has not yet waited for, and takes it. None: the panel is gone.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        loop {
            self.newest.changed().await.ok()?;
            let frame = self.newest.borrow_and_update().clone();
            if frame.is_some() {
                return frame;
            }
        }
    }

    /// The panel's size.
    #[must_use]
    pub fn size(&self) -> Size {
        *lock(&self.size)
    }

    /// Gives the panel another size, as a plugged monitor would.
    pub fn resize(&self, size: Size) {
        *lock(&self.size) = size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Layer;

    fn size() -> Size {
        Size::new(3, 2).expect("fits")
    }

    #[test]
    fn sizes_have_bounds() {
        assert!(Size::new(0, 1).is_none());
        assert!(Size::new(1, Size::MAX_PX + 1).is_none());
        assert!(Size::new(1920, 1080).is_some());
    }

    #[test]
    fn a_png_holds_the_pixels_in_order() {
        let mut frame = Frame::new(size());
        frame.pixels_mut()[4 * 4..4 * 4 + 3].copy_from_slice(&[30, 20, 10]);
        assert_eq!(frame.rgb(1, 1), Some([10, 20, 30]));
        assert_eq!(frame.rgb(3, 0), None);
        assert_eq!(frame.rgb(0, 2), None);
        let file = frame.png().expect("encodes");
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("is a PNG");
        let mut rgb = vec![0; reader.output_buffer_size().expect("is small")];
        reader.next_frame(&mut rgb).expect("has a picture");
        let mut expected = [0; 18];
        expected[12..15].copy_from_slice(&[10, 20, 30]);
        assert_eq!(rgb, expected);
    }

    fn layer(shade: u8) -> Arc<Layer> {
        Arc::new(Layer::new(size(), vec![shade; size().frame_bytes()]).expect("is as large"))
    }

    fn scene(layer: &Arc<Layer>) -> Scene<'_> {
        Scene { layer, picture: None, room: None, inset: None, beside: [0; 4] }
    }

    #[tokio::test]
    async fn the_newest_frame_wins() {
        let (mut panel, mut newest) = Offscreen::new(size());
        assert!(newest.frame().is_none());
        for shade in 1..=3 {
            panel.present(&scene(&layer(shade))).expect("memory takes all");
        }
        assert_eq!(newest.next().await.expect("there is one").rgb(0, 0), Some([3; 3]));
        assert_eq!(newest.frame().expect("it stays").rgb(2, 1), Some([3; 3]));
        panel.blank();
        assert_eq!(newest.next().await.expect("dark").rgb(0, 0), Some([0; 3]));
        drop(panel);
        assert!(newest.next().await.is_none());
    }

    #[test]
    fn a_scene_of_another_size_is_refused() {
        let (mut panel, newest) = Offscreen::new(size());
        newest.resize(Size::new(5, 5).expect("fits"));
        assert!(matches!(panel.present(&scene(&layer(1))), Err(PanelError::Picture(_))));
        assert!(newest.frame().is_none());
    }

    #[test]
    fn frames_are_used_again_when_nobody_holds_them() {
        let mut frames = Vec::new();
        let first = free_frame(&mut frames, size());
        frames.push(Arc::clone(&first));
        assert!(!Arc::ptr_eq(&first, &free_frame(&mut frames, size())), "it is held");
        let held = Arc::as_ptr(&first);
        drop(first);
        assert_eq!(Arc::as_ptr(&free_frame(&mut frames, size())), held);
    }
}
