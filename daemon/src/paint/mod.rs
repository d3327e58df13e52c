//! Painting: from a [`View`] to pixels.
//!
//! Equal views paint equal pictures, but for what counts seconds: [`Painter::beat`] says what that is at a moment.

mod call;
mod canvas;
mod icon;
mod screens;
mod text;
mod theme;
mod volume;
mod words;

use std::time::{Duration, Instant};

use kiosk_call::{Link, Screen, View};
use kiosk_hal::{compose::Place, panel::Size};
use thiserror::Error;
use tiny_skia::Pixmap;

use self::{call::Call, canvas::Canvas, text::Typesetter};

/// Why nothing can be painted.
#[derive(Debug, Error)]
pub enum PaintError {
    /// The system has no font.
    #[error(
        "there is no font below /usr/share/fonts, so the panel could show no text: install fonts-noto-core or fonts-dejavu-core"
    )]
    NoFont,
    /// No memory for a picture of this size.
    #[error("there is no memory for a picture of {} x {} pixels", .0.width_px, .0.height_px)]
    TooLarge(Size),
}

/// The seconds that a picture shows or moves with, and when they are others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Seconds.
    pub shown: u64,
    /// When the picture is out of date; None: never.
    pub until: Option<Instant>,
}

/// The colour beside a picture that does not fill the panel: blue, green, red and opaque.
#[must_use]
pub fn beside_a_picture() -> [u8; 4] {
    let color = theme::GROUND.swapped().to_color_u8();
    [color.red(), color.green(), color.blue(), color.alpha()]
}

/// What there is beside what is painted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The remote picture will lie below.
    pub picture: bool,
    /// Something will lie over the bottom right corner, from here on: nothing is said there.
    pub corner: Option<Place>,
}

/// Pixels as a coordinate; no panel has so many that it would matter.
fn pixels(pixels: usize) -> f32 {
    f32::from(u16::try_from(pixels).unwrap_or(u16::MAX))
}

/// Paints views. Keeps fonts and shapes between pictures.
#[derive(Debug)]
pub struct Painter {
    text: Typesetter,
    started: Instant,
}

impl Painter {
    /// A painter with the system's fonts.
    ///
    /// # Errors
    /// If there are none.
    pub fn new() -> Result<Self, PaintError> {
        Ok(Self { text: Typesetter::new()?, started: Instant::now() })
    }

    /// What a picture of this view would show of the time now.
    #[must_use]
    pub fn beat(&self, view: &View, now: Instant) -> Beat {
        let up = |since: Instant| {
            let shown = now.saturating_duration_since(since).as_secs();
            Beat { shown, until: since.checked_add(Duration::from_secs(shown + 1)) }
        };
        match &view.screen {
            Screen::InCall { since, .. } => up(*since),
            Screen::Booting | Screen::RingingOut { .. } | Screen::RingingIn { .. } | Screen::Connecting { .. } => {
                up(self.started)
            }
            Screen::Idle { .. } => match &view.link {
                Link::Up => Beat { shown: 0, until: None },
                Link::Connecting => up(self.started),
                Link::Down { retry_at, .. } => down(*retry_at, now),
            },
            Screen::Ended { .. } => Beat { shown: 0, until: None },
        }
    }

    /// Paints a view. With a picture below what does not hide it is transparent, else all is opaque. Only a call with a picture has
    /// any below.
    ///
    /// The pixels are premultiplied, blue first, as [`kiosk_hal::panel::Frame`] has them.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn paint(&mut self, view: &View, size: Size, now: Instant, around: Around) -> Result<Pixmap, PaintError> {
        let beat = self.beat(view, now).shown;
        let mut canvas = Canvas::new(size, &mut self.text).ok_or(PaintError::TooLarge(size))?;
        canvas.corner = around.corner.map(|at| (pixels(at.left), pixels(at.top)));
        let hero = match &view.screen {
            Screen::Booting => Some(screens::booting(beat)),
            Screen::Idle { name, reachable } => Some(screens::idle(name, *reachable, &view.link, beat, beat)),
            Screen::RingingOut { peer, ringing } => Some(screens::ringing_out(peer, *ringing, beat)),
            Screen::RingingIn { peer } => Some(screens::ringing_in(peer, beat)),
            Screen::Connecting { peer } => Some(screens::connecting(peer, beat)),
            Screen::Ended { peer, why } => Some(screens::ended(peer, *why)),
            Screen::InCall { peer, peer_audio, peer_video, .. } => {
                let picture = around.picture && *peer_video;
                let call = Call { peer, peer_audio: *peer_audio, peer_video: *peer_video, seconds: beat, picture };
                call::paint(&mut canvas, call, view);
                None
            }
        };
        if let Some(hero) = hero {
            screens::paint(&mut canvas, &hero, view);
        }
        if let Some(percent) = view.volume {
            volume::paint(&mut canvas, percent);
        }
        Ok(canvas.finish())
    }
}

/// Seconds until an instant, begun ones counted in full.
fn down(to: Instant, now: Instant) -> Beat {
    let left = to.saturating_duration_since(now);
    let shown = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let until = (shown > 0).then(|| to.checked_sub(Duration::from_secs(shown - 1))).flatten();
    Beat { shown, until }
}

#[cfg(test)]
mod tests;
