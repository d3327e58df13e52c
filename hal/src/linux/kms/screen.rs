//! A monitor that is there: how scenes become what planes show.

use std::{io, sync::Arc};

use drm::control::{Mode, connector};

use super::{
    buffer::{Buffer, Format},
    card::Card,
    choice::Rotation,
    pipe::{Aim, Pipe, Role, Shown},
};
use crate::{
    compose::{self, Composer, I420, Layer, Matrix, PictureError, Place, Scene},
    panel::{Frame, Size},
};

/// What of the display controller may be used, if it has it. All of it, unless a driver promises more than it keeps; tests
/// force every way so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// More than one plane.
    pub planes: bool,
    /// Planes that take luma and chroma in three parts, and scale.
    pub yuv420: bool,
    /// Planes that take luma and chroma in two parts, and scale.
    pub nv12: bool,
    /// A lower plane smaller than the screen.
    pub placed: bool,
    /// Planes that turn.
    pub rotation: bool,
}

impl Default for Abilities {
    fn default() -> Self {
        Self { planes: true, yuv420: true, nv12: true, placed: true, rotation: true }
    }
}

/// How the scene on the screen got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One plane, composed by software.
    Composed {
        /// Turned by software too.
        is_turned: bool,
    },
    /// The picture in a plane, in luma and chroma, scaled by the controller; the rest in a plane above.
    Scaled,
    /// The picture in a plane, scaled by software; the rest in a plane above.
    Placed,
    /// The picture and what is beside it in a plane, scaled by software; the rest in a plane above.
    Beside,
}

/// Two buffers: the front is on the screen, or on its way there; the back may be written to.
#[derive(Debug)]
struct Swap {
    buffers: [Buffer; 2],
    /// The index of the front.
    front: usize,
}

impl Swap {
    fn new(card: &Arc<Card>, size: Size, format: Format) -> io::Result<Self> {
        Ok(Self { buffers: [Buffer::new(card, size, format)?, Buffer::new(card, size, format)?], front: 0 })
    }

    const fn back(&mut self) -> &mut Buffer {
        &mut self.buffers[1 - self.front]
    }

    /// How a plane shows the back.
    const fn shown(&self, at: Place, rotation: Rotation, matrix: Matrix) -> Shown {
        self.buffer_shown(1 - self.front, at, rotation, matrix)
    }

    const fn buffer_shown(&self, index: usize, at: Place, rotation: Rotation, matrix: Matrix) -> Shown {
        let buffer = &self.buffers[index];
        Shown { framebuffer: buffer.framebuffer, size: buffer.size, at, rotation, matrix }
    }

    const fn swap(&mut self) {
        self.front = 1 - self.front;
    }
}

/// The plane of the picture.
#[derive(Debug)]
struct Lower {
    swap: Swap,
    /// Size of the pictures that it was made for.
    picture: (u32, u32),
    /// Where they lie in the scene.
    place: Place,
    way: Way,
}

/// The plane of what lies over the picture.
#[derive(Debug)]
struct Upper {
    swap: Swap,
    /// What it shows.
    frame: Frame,
    /// Layer, and the places of the picture and of the self-view.
    made_of: Option<(Arc<Layer>, Place, Option<Place>)>,
    /// Counts what it was made of, and which of that is in each buffer.
    version: u64,
    versions: [u64; 2],
}

/// Why a scene is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error(transparent)]
    Device(#[from] io::Error),
}

/// A connected monitor with our mode on it.
#[derive(Debug)]
pub(super) struct Screen {
    card: Arc<Card>,
    pub(super) pipe: Pipe,
    /// The connector's.
    pub(super) name: String,
    abilities: Abilities,
    rotation: Rotation,
    /// The rotation is done by software.
    is_turned: bool,
    composer: Composer,
    /// The composed scene.
    frame: Frame,
    primary: Swap,
    lower: Option<Lower>,
    upper: Option<Upper>,
    /// On the screen until the next flip: a framebuffer that goes while it is shown takes its plane with it.
    retired: Vec<Swap>,
    /// Size of pictures that the planes do not take.
    refused: Option<(u32, u32)>,
    way: Way,
}

impl Screen {
    /// Nothing is seen of it until a scene is presented.
    pub(super) fn new(
        card: &Arc<Card>,
        connector: &connector::Info,
        mode: Mode,
        rotation: Rotation,
        abilities: Abilities,
    ) -> io::Result<Self> {
        let mut pipe = Pipe::new(card, connector, mode)?;
        let size = rotation.turn(pipe.size());
        let plane_turns = if rotation != Rotation::None && abilities.rotation && pipe.can_turn() {
            let swap = Swap::new(card, size, Format::Xrgb)?;
            let shown = swap.shown(whole(size), rotation, Matrix::Bt601);
            pipe.commit(Aim::Test, &[(Role::Primary, shown)]).is_ok().then_some(swap)
        } else {
            None
        };
        let is_turned = rotation != Rotation::None && plane_turns.is_none();
        let primary = match plane_turns {
            Some(swap) => swap,
            None => Swap::new(card, pipe.size(), Format::Xrgb)?,
        };
        Ok(Self {
            card: Arc::clone(card),
            pipe,
            name: connector.to_string(),
            abilities,
            rotation,
            is_turned,
            composer: Composer::default(),
            frame: Frame::new(size),
            primary,
            lower: None,
            upper: None,
            retired: Vec::new(),
            refused: None,
            way: Way::Composed { is_turned },
        })
    }

    /// The size of scenes.
    pub(super) const fn size(&self) -> Size {
        self.frame.size()
    }

    /// How the last scene got onto the screen.
    pub(super) const fn way(&self) -> Way {
        self.way
    }

    /// Shows a scene from the next vertical blank on. Does not wait for it. The one before must be on the screen.
    pub(super) fn present(&mut self, scene: &Scene<'_>) -> Result<(), Failure> {
        if let Some(picture) = scene.picture {
            compose::check(picture)?;
            if self.prepare_planes(picture, scene.room)? {
                match self.present_planes(scene, picture) {
                    Err(Failure::Device(error)) if error.kind() != io::ErrorKind::ResourceBusy => {
                        tracing::info!(%error, "the planes do not take what they seemed to: software composes");
                        self.refuse((picture.width(), picture.height()));
                    }
                    done => return done,
                }
            }
        }
        self.present_composed(scene)
    }

    /// The last scene is on the screen.
    pub(super) fn flipped(&mut self) {
        self.retired.clear();
    }

    /// Pictures of this size are not for planes.
    fn refuse(&mut self, picture: (u32, u32)) {
        self.retired.extend(self.lower.take().map(|lower| lower.swap));
        self.refused = Some(picture);
    }

    fn present_composed(&mut self, scene: &Scene<'_>) -> Result<(), Failure> {
        self.composer.compose(&mut self.frame, scene)?;
        let back = self.primary.back();
        let rotation = if self.is_turned {
            back.write_turned(&self.frame, self.rotation);
            Rotation::None
        } else {
            back.write(&self.frame);
            self.rotation
        };
        let shown = self.primary.shown(whole(self.primary.buffers[0].size), rotation, Matrix::Bt601);
        self.pipe.commit(Aim::Show, &[(Role::Primary, shown)])?;
        self.primary.swap();
        self.way = Way::Composed { is_turned: self.is_turned };
        Ok(())
    }

    /// Whether planes show pictures of this size; makes their buffers, if so.
    fn prepare_planes(&mut self, picture: &dyn I420, room: Option<Place>) -> io::Result<bool> {
        let size = (picture.width(), picture.height());
        if !self.abilities.planes || self.is_turned || !self.pipe.has_pair() || self.refused == Some(size) {
            return Ok(false);
        }
        let place = compose::place_in(room, size, self.size());
        if self.lower.as_ref().is_some_and(|lower| lower.picture == size && lower.place == place) {
            return Ok(true);
        }
        self.retired.extend(self.lower.take().map(|lower| lower.swap));
        let scene = self.size();
        if self.upper.is_none() {
            let swap = Swap::new(&self.card, scene, Format::Argb)?;
            self.upper = Some(Upper { swap, frame: Frame::new(scene), made_of: None, version: 0, versions: [0; 2] });
        }
        for (way, format, buffer, at) in self.candidates(size, place) {
            let swap = Swap::new(&self.card, buffer, format)?;
            let lower = (Role::Lower, swap.shown(at, self.rotation, picture.matrix()));
            let upper = self
                .upper
                .iter()
                .map(|upper| (Role::Upper, upper.swap.shown(whole(scene), self.rotation, Matrix::Bt601)));
            let shown: Vec<_> = [lower].into_iter().chain(upper).collect();
            match self.pipe.commit(Aim::Test, &shown) {
                Ok(()) => {
                    tracing::debug!(?way, ?format, picture = ?size, "the display controller lays the picture below the rest");
                    self.lower = Some(Lower { swap, picture: size, place, way });
                    return Ok(true);
                }
                Err(error) => tracing::debug!(?way, ?format, picture = ?size, %error, "the planes do not take it"),
            }
        }
        self.refuse(size);
        Ok(false)
    }

    /// Ways to show a picture in planes, the one with the least work first: what is in the lower plane's buffer, how large the
    /// buffer is, and where the plane lies.
    fn candidates(&self, picture: (u32, u32), place: Place) -> Vec<(Way, Format, Size, Place)> {
        let mut candidates = Vec::new();
        let formats = [(Format::Yuv420, self.abilities.yuv420), (Format::Nv12, self.abilities.nv12)];
        if let Some(size) = Size::new(picture.0 & !1, picture.1 & !1) {
            let usable = formats.into_iter().filter(|(format, is_wanted)| *is_wanted && self.pipe.takes(*format));
            candidates.extend(usable.map(|(format, _)| (Way::Scaled, format, size, place)));
        }
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(Size::MAX_PX);
        if self.abilities.placed
            && let Some(size) = Size::new(side(place.width), side(place.height))
        {
            candidates.push((Way::Placed, Format::Xrgb, size, place));
        }
        candidates.push((Way::Beside, Format::Xrgb, self.size(), whole(self.size())));
        candidates
    }

    fn present_planes(&mut self, scene: &Scene<'_>, picture: &dyn I420) -> Result<(), Failure> {
        let (Some(lower), Some(upper)) = (&mut self.lower, &mut self.upper) else { return Ok(()) };
        let place = lower.place;
        let back = lower.swap.back();
        match lower.way {
            Way::Scaled | Way::Composed { .. } => back.write_picture(picture),
            Way::Placed => {
                let (pixels, pitch) = back.pixels();
                self.composer.draw_at(pixels, pitch, picture, (place.width, place.height), false)?;
            }
            Way::Beside => {
                let (pixels, pitch) = back.pixels();
                let start = place.top * pitch + place.left * Frame::PIXEL_BYTES;
                self.composer.draw_at(&mut pixels[start..], pitch, picture, (place.width, place.height), false)?;
            }
        }
        let is_new = upper.write(&mut self.composer, scene, place)?;
        let all = whole(upper.frame.size());
        let lower_at = if lower.way == Way::Beside { all } else { place };
        let index = if is_new { 1 - upper.swap.front } else { upper.swap.front };
        let shown = [
            (Role::Lower, lower.swap.shown(lower_at, self.rotation, picture.matrix())),
            (Role::Upper, upper.swap.buffer_shown(index, all, self.rotation, Matrix::Bt601)),
        ];
        self.pipe.commit(Aim::Show, &shown)?;
        lower.swap.swap();
        upper.swap.front = index;
        self.way = lower.way;
        Ok(())
    }
}

impl Upper {
    /// Writes what lies over the picture into the back. False: the front shows it already.
    fn write(&mut self, composer: &mut Composer, scene: &Scene<'_>, place: Place) -> Result<bool, PictureError> {
        let own = scene.inset.map(|inset| inset.at);
        let is_same = self.made_of.as_ref().is_some_and(|(layer, picture, self_view)| {
            Arc::ptr_eq(layer, scene.layer) && *picture == place && *self_view == own
        });
        if !is_same {
            Composer::overlay(&mut self.frame, scene, place)?;
            self.made_of = Some((Arc::clone(scene.layer), place, own));
            self.version += 1;
        }
        composer.draw_inset(&mut self.frame, scene)?;
        let (front, back) = (self.swap.front, 1 - self.swap.front);
        match own {
            None if self.versions[front] == self.version => return Ok(false),
            Some(at) if self.versions[back] == self.version => {
                let bytes = at.left * Frame::PIXEL_BYTES..(at.left + at.width) * Frame::PIXEL_BYTES;
                self.swap.back().write_part(&self.frame, at.top..at.top + at.height, bytes);
            }
            None | Some(_) => self.swap.back().write(&self.frame),
        }
        self.versions[back] = self.version;
        Ok(true)
    }
}

const fn whole(size: Size) -> Place {
    Place { left: 0, top: 0, width: size.width_px as usize, height: size.height_px as usize }
}
