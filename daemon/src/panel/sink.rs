//! Who else sees what the panel shows: the peer, while the panel is shared.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kiosk_hal::{
    compose::{Composer, PictureError, Scene},
    panel::Frame,
};

/// Least time between two frames.
const PERIOD: Duration = Duration::from_millis(100);

/// Who else sees what the panel shows.
pub trait PanelSink: Send + Sync {
    /// Whether frames are wanted now. Asked at least every second, and when [`super::PanelThread::look_again`] is called.
    fn wanted(&self) -> bool;
    /// A frame: one as soon as they are wanted, then one for each change, at most ten a second. Must not wait.
    fn put(&self, frame: &Frame);
}

/// Composes frames for a sink, as often as there is something new.
#[derive(Default)]
pub(super) struct Mirror {
    sink: Option<Arc<dyn PanelSink>>,
    composer: Composer,
    frame: Option<Frame>,
    /// When the last frame was put; None: none was, since they are wanted.
    put: Option<Instant>,
    /// There is something that was not put.
    is_stale: bool,
}

impl Mirror {
    /// From now on this one sees it.
    pub(super) fn connect(&mut self, sink: Arc<dyn PanelSink>) {
        self.sink = Some(sink);
        self.put = None;
    }

    /// Something else is shown now.
    pub(super) const fn changed(&mut self) {
        self.is_stale = true;
    }

    /// Puts a frame if one is due. Returns when the next will be, if something waits.
    pub(super) fn turn(&mut self, scene: Option<&Scene<'_>>, now: Instant) -> Result<Option<Instant>, PictureError> {
        let Some(sink) = self.sink.as_ref().filter(|sink| sink.wanted()) else {
            // Nobody looks: the memory is of use elsewhere.
            (self.put, self.frame) = (None, None);
            return Ok(None);
        };
        let Some(scene) = scene else { return Ok(None) };
        if self.put.is_some() && !self.is_stale {
            return Ok(None);
        }
        if let Some(due) = self.put.map(|put| put + PERIOD).filter(|due| *due > now) {
            return Ok(Some(due));
        }
        let size = scene.layer.size();
        let frame = match &mut self.frame {
            Some(frame) if frame.size() == size => frame,
            other => other.insert(Frame::new(size)),
        };
        self.composer.compose(frame, scene)?;
        sink.put(frame);
        (self.put, self.is_stale) = (Some(now), false);
        Ok(None)
    }
}
