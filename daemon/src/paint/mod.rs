//! Painting: from a [`View`] to pixels, and to the places where a finger does something.
//!
//! Equal views paint equal pictures, but for what counts seconds: [`Painter::beat`] says what that is at a moment. A picture is a list
//! of things ([`canvas`]); only those that are not in the picture before are painted ([`raster`]).
//!
//! **Invariant**: while there is a call, nothing covers the way to hang up (`nothing_covers_the_way_to_hang_up`).

mod brand;
mod call;
mod canvas;
mod cards;
mod catalogue;
mod chat;
mod controls;
mod fonts;
mod hero;
mod icon;
mod moment;
mod pairing;
mod raster;
mod screens;
mod shown;
mod support;
mod text;
mod theme;

use std::{collections::BTreeMap, path::PathBuf, time::Instant};

use kiosk_call::{Command, Screen, VideoSource, View};
use kiosk_hal::{
    compose::{self, Place},
    panel::Size,
};
use thiserror::Error;

pub use self::{
    brand::LogoError,
    catalogue::{Language, TextError, UnknownLanguage, check_texts, quick_replies},
    moment::{Beat, Shown},
    shown::FilePicture,
    theme::{Color, Palette, PaletteError},
};
use self::{
    brand::{Brand, Logo},
    call::Call,
    canvas::{Canvas, Listed, Tools},
    catalogue::Texts,
    raster::{Outcome, Raster},
    text::Typesetter,
    theme::Scale,
};

/// Why nothing can be painted.
#[derive(Debug, Error)]
pub enum PaintError {
    /// The system has no font.
    #[error(
        "there is no font below /usr/share/fonts, so the panel could show no text: install fonts-noto-core or fonts-dejavu-core"
    )]
    NoFont,
    /// A text of the config cannot be taken.
    #[error(transparent)]
    Text(#[from] TextError),
    /// No memory for a picture of this size.
    #[error("there is no memory for a picture of {} x {} pixels", .0.width_px, .0.height_px)]
    TooLarge(Size),
}

/// What the house decides about all screens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// In which language they speak.
    pub language: Language,
    /// Text is larger.
    pub large_text: bool,
    /// In these colours.
    pub palette: Palette,
    /// PNG or SVG, at the top of the screens.
    pub logo: Option<PathBuf>,
    /// Beside the logo; None: the kiosk's name, if there is no logo.
    pub title: Option<String>,
    /// In these words, by the keys of the catalogues.
    pub texts: BTreeMap<String, String>,
    /// Where help is; `{kiosk}` and `{code}` are filled in. None: the code to scan says who the kiosk is.
    pub support_url: Option<String>,
    /// The time of the day is shown.
    pub clock: bool,
    /// What the house decided since cannot be taken: the screens say so.
    pub is_last_good: bool,
}

/// What there is beside what is painted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Around {
    /// The large picture will lie below.
    pub picture: bool,
    /// The small one will lie over this place, from [`Painter::inset`]: nothing is said there.
    pub corner: Option<Place>,
    /// The picture of the file that is shown.
    pub file: FilePicture,
    /// There is a touch screen.
    pub touch: bool,
}

/// Where a finger does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// On the picture.
    pub place: Place,
    /// What it does.
    pub command: Command,
}

/// A picture that was painted.
#[derive(Clone, Copy, Debug)]
pub struct Painting<'a> {
    /// Premultiplied, blue first, as [`kiosk_hal::panel::Frame`] has them.
    pub pixels: &'a [u8],
    /// Where a finger does something; the last of those that overlap.
    pub regions: &'a [Region],
    /// Pixels that were painted; 0: the picture is the same as the last.
    pub painted: u64,
}

/// Pixels as a coordinate; no panel has so many that it would matter.
fn pixels(pixels: usize) -> f32 {
    f32::from(u16::try_from(pixels).unwrap_or(u16::MAX))
}

/// Paints views. Keeps fonts, shapes and the last picture.
#[derive(Debug)]
pub struct Painter {
    typesetter: Typesetter,
    texts: Texts,
    look: Look,
    logo: Option<Logo>,
    brand: Brand,
    raster: Raster,
    regions: Vec<Region>,
    started: Instant,
    clock: moment::Clock,
}

impl Painter {
    /// A painter with the system's fonts. A logo that cannot be read is a line in the log.
    ///
    /// # Errors
    /// If there are no fonts, or a text of the config cannot be taken.
    pub fn new(look: &Look) -> Result<Self, PaintError> {
        let logo = look.logo.as_ref().and_then(|path| match Logo::read(path) {
            Ok(logo) => Some(logo),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the screen has no logo");
                None
            }
        });
        Ok(Self {
            typesetter: Typesetter::new(look.language.code())?,
            texts: Texts::new(look.language, &look.texts)?,
            look: look.clone(),
            logo,
            brand: Brand::new(look.title.clone()),
            raster: Raster::default(),
            regions: Vec::new(),
            started: Instant::now(),
            clock: moment::time_of_day,
        })
    }

    /// The colour beside a picture that does not fill the panel: blue, green, red and opaque.
    #[must_use]
    pub fn beside_a_picture(&self) -> [u8; 4] {
        let color = self.look.palette.ground.swapped().to_color_u8();
        [color.red(), color.green(), color.blue(), color.alpha()]
    }

    /// What a picture of this view would show of the time now.
    #[must_use]
    pub fn beat(&self, view: &View, now: Instant) -> Beat {
        let clock = self.look.clock.then_some(self.clock);
        moment::beat(view, now, self.started, clock)
    }

    /// Where the large picture lies; None: anywhere on the panel. A screen that is shared is not covered by what is said.
    #[must_use]
    pub fn room(&self, view: &View, size: Size, touch: bool) -> Option<Place> {
        let Screen::InCall { peer, peer_screen, .. } = &view.screen else { return None };
        let is_whole = if view.pictures_swapped { view.source != VideoSource::Camera } else { *peer_screen };
        if !is_whole {
            return None;
        }
        let scale = Scale::new(size, self.look.large_text);
        let below = controls::height(&scale, touch);
        // The warning about a stranger's name has a strip of its own.
        let warning = if peer.verified { 0.0 } else { scale.font(theme::Face::LabelBold) * 2.6 + scale.gap() };
        let top = call::bar_height(&scale) + warning;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the panel")]
        let (top, height) = (top.ceil() as usize & !1, (scale.height - top - below).max(2.0) as usize & !1);
        Some(Place { left: 0, top, width: size.width_px as usize, height })
    }

    /// Where the small picture of these proportions lies: at the end of the bottom, above what a finger can do there. None: a question
    /// needs the room.
    #[must_use]
    pub fn inset(&self, view: &View, size: Size, touch: bool, picture: (u32, u32)) -> Option<Place> {
        if view.question.is_some() {
            return None;
        }
        let scale = Scale::new(size, self.look.large_text);
        let short = size.width_px.min(size.height_px);
        let is_small = matches!(&view.screen, Screen::InCall { peer_screen: true, .. }) && !view.pictures_swapped;
        let (width, height) = ((size.width_px / 5).max(short / 3), size.height_px / 3);
        let (width, height) = if is_small { (width * 3 / 5, height * 3 / 5) } else { (width, height) };
        let most = Size { width_px: width.max(1), height_px: height.max(1) };
        let Place { width, height, .. } = compose::place(picture, most);
        let margin = short as usize / 32;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the panel")]
        let bar = controls::height(&scale, touch).ceil() as usize;
        let has_bar = controls::is_seen(view) && (touch || scale.is_portrait() || is_small);
        let below = if has_bar { bar } else { margin };
        let top = (size.height_px as usize).saturating_sub(height + below) & !1;
        let end = (size.width_px as usize).saturating_sub(width + margin) & !1;
        let left = if self.look.language.is_rtl() { margin.min(end) & !1 } else { end };
        Some(Place { left, top, width, height })
    }

    /// The largest picture of a file that can be shown.
    #[must_use]
    pub fn file_room(&self, size: Size, touch: bool) -> Option<Size> {
        shown::room(size, self.look.large_text, touch)
    }

    /// Paints a view. With a picture below what does not hide it is transparent, else all is opaque. Only a call with a picture has
    /// any below.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn paint(
        &mut self,
        view: &View,
        size: Size,
        now: Instant,
        around: &Around,
    ) -> Result<Painting<'_>, PaintError> {
        let Listed { ops, regions, .. } = self.list(view, size, now, around);
        self.typesetter.tidy();
        let outcome = self.raster.paint((size.width_px, size.height_px), ops, &mut self.typesetter);
        self.regions = regions;
        let painted = match outcome {
            Outcome::Same => 0,
            Outcome::Painted(pixels) => pixels,
            Outcome::NoMemory => return Err(PaintError::TooLarge(size)),
        };
        Ok(Painting { pixels: self.raster.pixels(), regions: &self.regions, painted })
    }

    /// What there is to be painted.
    fn list(&mut self, view: &View, size: Size, now: Instant, around: &Around) -> Listed {
        let shown = self.beat(view, now).shown;
        let help = support::help(view, self.look.support_url.as_deref());
        self.brand.fit(size, self.logo.as_ref(), &help);
        let tools = Tools {
            typesetter: &mut self.typesetter,
            texts: &self.texts,
            palette: &self.look.palette,
            is_rtl: self.look.language.is_rtl(),
            large_text: self.look.large_text,
            is_last_good: self.look.is_last_good,
            touch: around.touch,
        };
        let mut canvas = Canvas::new(size, tools, around.corner);
        let top = if let Some(pairing) = &view.pairing {
            pairing::paint(&mut canvas, pairing, view, &shown)
        } else if let Some(file) = &view.shown {
            shown::paint(&mut canvas, file, &around.file, view, &shown)
        } else if let Screen::InCall { peer, reconnecting, peer_audio, peer_video, peer_screen, peer_hold, .. } =
            &view.screen
        {
            let call = Call {
                peer,
                is_lost: reconnecting.is_some(),
                peer_audio: *peer_audio,
                peer_video: *peer_video,
                peer_screen: *peer_screen,
                peer_hold: *peer_hold,
                picture: around.picture,
            };
            call::paint(&mut canvas, call, view, &shown)
        } else {
            screens::paint(&mut canvas, view, &shown, &self.brand)
        };
        cards::paint(&mut canvas, view, &shown, top);
        canvas.finish()
    }
}

#[cfg(test)]
mod gallery;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod tests;
