//! Pictures of received files: who makes them, where they come, and which of them is shown.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use kiosk_call::{FileId, View};
use kiosk_hal::panel::{Frame, Size};
use tiny_skia::{IntSize, Pixmap};
use tokio::sync::Notify;

use super::lock;
use crate::paint::FilePicture;

/// A received file as a picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Still {
    /// Of which file.
    pub id: FileId,
    /// Of all of it (0), or of which quarter: [`kiosk_call::ShownFile::zoom`].
    pub zoom: u8,
    /// Not larger than was wanted, proportions kept.
    pub size: Size,
    /// Premultiplied, in the order of [`Frame`], [`Size::frame_bytes`] of them.
    pub pixels: Vec<u8>,
}

impl fmt::Debug for Still {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { width_px, height_px } = self.size;
        write!(f, "Still({} zoom {}, {width_px}x{height_px})", self.id, self.zoom)
    }
}

/// Who makes pictures of received files.
pub trait Stills: Send {
    /// From now on this picture is wanted: of which file, [`Still::zoom`], and the largest size, pixels. None: no picture is. Returns
    /// at once; the picture is put into the [`StillSlot`] when it is made.
    fn want(&mut self, wanted: Option<(FileId, u8, Size)>);
}

/// A picture, or which file makes none and why.
type Made = Result<Still, (FileId, String)>;

/// Where pictures of files are put, from any thread. Clones are the same slot.
#[derive(Clone, Default)]
pub struct StillSlot(Arc<Slot>);

#[derive(Default)]
struct Slot {
    newest: Mutex<Option<Made>>,
    came: Notify,
}

impl StillSlot {
    /// Puts a picture, or why there is none, in place of what was not yet taken. Never waits for the panel.
    pub fn put(&self, made: Made) {
        *lock(&self.0.newest) = Some(made);
        self.0.came.notify_one();
    }

    pub(super) async fn came(&self) {
        self.0.came.notified().await;
    }

    fn take(&self) -> Option<Made> {
        lock(&self.0.newest).take()
    }
}

impl fmt::Debug for StillSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StillSlot")
    }
}

/// The picture of the file that is shown.
#[derive(Default)]
pub(super) struct FileFeed {
    pub(super) slot: StillSlot,
    maker: Option<Box<dyn Stills>>,
    wanted: Option<(FileId, u8, Size)>,
    pub(super) picture: FilePicture,
}

impl FileFeed {
    /// From now on this makes them.
    pub(super) fn connect(&mut self, mut maker: Box<dyn Stills>) {
        maker.want(self.wanted);
        self.maker = Some(maker);
    }

    /// Asks for what the view shows, if that is something new, and takes what has come. `room` is the largest size that can be shown.
    pub(super) fn take(&mut self, view: &View, room: Option<Size>) {
        let wanted = view.shown.as_ref().zip(room).map(|(file, room)| (file.id, file.zoom, room));
        if self.wanted != wanted {
            self.wanted = wanted;
            self.picture = FilePicture::Coming;
            if let Some(maker) = &mut self.maker {
                maker.want(wanted);
            }
        }
        match (self.slot.take(), self.wanted) {
            (Some(Ok(still)), Some((id, zoom, room))) if (still.id, still.zoom) == (id, zoom) => {
                self.picture = picture(still, room).map_or(FilePicture::Failed, FilePicture::Here);
            }
            (Some(Err((failed, reason))), Some((id, ..))) if failed == id => {
                tracing::debug!(%reason, "the file cannot be shown");
                self.picture = FilePicture::Failed;
            }
            // Of a file that is not shown any more.
            (Some(_) | None, _) => {}
        }
    }
}

/// None: it is not what was wanted.
fn picture(mut still: Still, room: Size) -> Option<Arc<Pixmap>> {
    let Size { width_px, height_px } = still.size;
    if width_px > room.width_px || height_px > room.height_px || still.pixels.len() != still.size.frame_bytes() {
        tracing::warn!(?still, "a picture of a file is not as it was wanted");
        return None;
    }
    // Over black: what is premultiplied is that already.
    still.pixels.chunks_exact_mut(Frame::PIXEL_BYTES).for_each(|pixel| pixel[3] = 255);
    Pixmap::from_vec(still.pixels, IntSize::from_wh(width_px, height_px)?).map(Arc::new)
}
