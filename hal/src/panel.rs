//! The panel: the screen as somewhere to present frames.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

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

/// A screen. Frames are shared, not copied: a painter keeps a few and paints again into one that nobody else holds.
pub trait Panel: fmt::Debug + Send {
    /// The size that frames must have. It may change between two frames.
    fn size(&self) -> Size;

    /// Shows this frame until the next. May block for as long as a page flip takes.
    ///
    /// # Errors
    /// A sentence that names the device, when it does not show the frame. The next one may work.
    fn present(&mut self, frame: &Arc<Frame>) -> io::Result<()>;
}

/// A panel in memory: keeps the newest frame, for [`Newest`] to look at.
#[derive(Debug)]
pub struct Offscreen {
    size: Arc<Mutex<Size>>,
    newest: watch::Sender<Option<Arc<Frame>>>,
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
        (Self { size: Arc::clone(&size), newest: sender }, Newest { size, newest: receiver })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Panel for Offscreen {
    fn size(&self) -> Size {
        *lock(&self.size)
    }

    fn present(&mut self, frame: &Arc<Frame>) -> io::Result<()> {
        self.newest.send_replace(Some(Arc::clone(frame)));
        Ok(())
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

    #[tokio::test]
    async fn the_newest_frame_wins() {
        let (mut panel, mut newest) = Offscreen::new(size());
        assert!(newest.frame().is_none());
        let frames: Vec<_> = (0..3).map(|_| Arc::new(Frame::new(size()))).collect();
        for frame in &frames {
            panel.present(frame).expect("memory takes all");
        }
        assert!(Arc::ptr_eq(&newest.next().await.expect("there is one"), &frames[2]));
        assert!(Arc::ptr_eq(&newest.frame().expect("it stays"), &frames[2]));
        drop(panel);
        assert!(newest.next().await.is_none());
    }
}
