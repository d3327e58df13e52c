//! What screens are made of: fills, discs, chips, text. A canvas does not paint: it lists what is to be painted and where a finger
//! does something, so that [`super::raster`] can paint what is new.
//!
//! Screens are laid out from left to right. For what is written from right to left the canvas mirrors each place, and icons that have
//! a direction.

use std::sync::Arc;

use kiosk_call::Command;
use kiosk_hal::{compose::Place, panel::Size};
use tiny_skia::Pixmap;

use super::{
    Region,
    catalogue::{Texts, Value},
    icon::Icon,
    raster::{Op, Shape},
    text::{Block, Stand, Typesetter},
    theme::{Color, Face, Palette, Scale},
};

/// Left, top, width, height.
pub(super) type Area = [f32; 4];

/// What canvases have in common.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    pub(super) typesetter: &'a mut Typesetter,
    pub(super) texts: &'a Texts,
    pub(super) palette: &'a Palette,
    pub(super) is_rtl: bool,
    pub(super) large_text: bool,
    /// What the house decided since cannot be taken.
    pub(super) is_last_good: bool,
    /// There is a touch screen: what a finger can do is drawn.
    pub(super) touch: bool,
}

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    tools: Tools<'a>,
    ops: Vec<Op>,
    regions: Vec<Region>,
    /// What nothing may cover from here on, and how many things lie below.
    vital: Option<(Area, usize)>,
    pub(super) scale: Scale,
    /// What will lie over the end of the bottom, if something will: nothing is said there.
    pub(super) corner: Option<Area>,
}

/// What a canvas has become.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) ops: Vec<Op>,
    pub(super) regions: Vec<Region>,
    #[cfg(test)]
    pub(super) vital: Option<(Area, usize)>,
}

/// An icon and a word or a sentence on a coloured pill.
#[derive(Clone, Debug)]
pub(super) struct Chip {
    pub(super) icon: Icon,
    pub(super) text: String,
    pub(super) fill: Color,
    pub(super) ink: Color,
    pub(super) face: Face,
}

/// A chip that is shaped, so that its size is known.
#[derive(Debug)]
pub(super) struct ShapedChip {
    chip: Chip,
    block: Arc<Block>,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl ShapedChip {
    /// Not all of its text is in it.
    pub(super) fn is_cut(&self) -> bool {
        self.block.cut
    }
}

impl<'a> Canvas<'a> {
    /// With nothing on it: transparent.
    pub(super) fn new(size: Size, tools: Tools<'a>, corner: Option<Place>) -> Self {
        let scale = Scale::new(size, tools.large_text);
        let mut canvas = Self { tools, ops: Vec::new(), regions: Vec::new(), vital: None, scale, corner: None };
        canvas.corner = corner.map(|place| {
            let [left, top, width, height] = [place.left, place.top, place.width, place.height].map(super::pixels);
            [canvas.mirrored(left, width), top, width, height]
        });
        canvas
    }

    pub(super) fn finish(self) -> Listed {
        Listed {
            ops: self.ops,
            regions: self.regions,
            #[cfg(test)]
            vital: self.vital,
        }
    }

    pub(super) const fn palette(&self) -> &'a Palette {
        self.tools.palette
    }

    pub(super) const fn touch(&self) -> bool {
        self.tools.touch
    }

    pub(super) const fn is_last_good(&self) -> bool {
        self.tools.is_last_good
    }

    pub(super) fn say(&self, key: &str) -> String {
        self.tools.texts.say(key)
    }

    pub(super) fn tell(&self, key: &str, values: &[(&'static str, Value<'_>)]) -> String {
        self.tools.texts.tell(key, values)
    }

    /// Where something that begins at `left` begins when all is mirrored.
    fn mirrored(&self, left: f32, width: f32) -> f32 {
        if self.tools.is_rtl { self.scale.width - left - width } else { left }
    }

    /// All of the panel.
    pub(super) const fn all(&self) -> Area {
        [0.0, 0.0, self.scale.width, self.scale.height]
    }

    /// How far down a tall panel, and how far right a wide one, is free of what lies over the corner.
    pub(super) fn free(&self) -> (f32, f32) {
        match self.corner {
            None => (self.scale.height, self.scale.width),
            Some([_, top, ..]) if self.scale.is_portrait() => (top, self.scale.width),
            Some([left, ..]) => (self.scale.height, left),
        }
    }

    fn list(&mut self, shape: Shape, [left, top, width, height]: Area) {
        // Anti-aliased edges reach a pixel further.
        self.ops.push(Op::new(shape, [left - 1.0, top - 1.0, width + 2.0, height + 2.0]));
    }

    pub(super) fn fill(&mut self, color: Color) {
        let all = self.all();
        self.list(Shape::Rect { at: all, color }, all);
    }

    pub(super) fn rect(&mut self, [left, top, width, height]: Area, color: Color) {
        let at = [self.mirrored(left, width), top, width, height];
        self.list(Shape::Rect { at, color }, at);
    }

    /// A colour that is full at the first edge and gone at the second, from y to y.
    pub(super) fn fade(&mut self, full: f32, gone: f32, color: Color) {
        let (top, bottom) = (full.min(gone), full.max(gone));
        let at = [0.0, top, self.scale.width, bottom - top];
        self.list(Shape::Fade { at, is_full_at_top: full < gone, color }, at);
    }

    pub(super) fn rounded(&mut self, [left, top, width, height]: Area, radius: f32, color: Color) {
        let at = [self.mirrored(left, width), top, width, height];
        self.list(Shape::Rounded { at, radius, color }, at);
    }

    /// A line along the inside of a rounded area.
    pub(super) fn outline(&mut self, [left, top, width, height]: Area, radius: f32, pen: f32, color: Color) {
        let at = [self.mirrored(left, width), top, width, height];
        self.list(Shape::Outline { at, radius, pen, color }, at);
    }

    pub(super) fn disc(&mut self, (x, y): (f32, f32), radius: f32, color: Color) {
        let side = 2.0 * radius;
        self.rounded([x - radius, y - radius, side, side], radius, color);
    }

    pub(super) fn ring(&mut self, (x, y): (f32, f32), radius: f32, pen: f32, color: Color) {
        let outer = radius + pen / 2.0;
        self.outline([x - outer, y - outer, 2.0 * outer, 2.0 * outer], outer, pen, color);
    }

    pub(super) fn icon(&mut self, icon: Icon, (x, y): (f32, f32), side: f32, color: Color) {
        let left = self.mirrored(x, side);
        let is_flipped = self.tools.is_rtl && icon.has_direction();
        self.list(Shape::Icon { icon, at: (left, y), side, is_flipped, color }, [left, y, side, side]);
    }

    /// A picture with its top left corner there, rounded to whole pixels.
    pub(super) fn picture(&mut self, picture: Arc<Pixmap>, (x, y): (f32, f32)) {
        let (width, height) = (super::pixels(picture.width() as usize), super::pixels(picture.height() as usize));
        let at = (self.mirrored(x, width).round(), y.round());
        self.list(Shape::Picture { picture, at }, [at.0, at.1, width, height]);
    }

    pub(super) fn set(&mut self, text: &str, face: Face, width: f32, lines: usize) -> Arc<Block> {
        self.tools.typesetter.set(text, face, self.scale.font(face), width, lines)
    }

    /// In the first face in which all of the text fits, else cut in the last.
    pub(super) fn set_fitting(&mut self, text: &str, faces: &[Face], width: f32, lines: usize) -> Arc<Block> {
        let mut fitting = self.set(text, faces[0], width, lines);
        for face in &faces[1..] {
            if !fitting.cut {
                break;
            }
            fitting = self.set(text, *face, width, lines);
        }
        fitting
    }

    /// In one line, as small as it must be to fit, down to half of the face's size.
    pub(super) fn set_shrinking(&mut self, text: &str, face: Face, width: f32) -> Arc<Block> {
        let mut size = self.scale.font(face);
        let least = size / 2.0;
        loop {
            let block = self.tools.typesetter.set(text, face, size, width, 1);
            if !block.cut || size <= least {
                return block;
            }
            size *= 0.9;
        }
    }

    /// Bold, in one line, in a size in pixels.
    pub(super) fn set_sized(&mut self, text: &str, size: f32, width: f32) -> Arc<Block> {
        self.tools.typesetter.set(text, Face::Digits, size, width.max(size), 1)
    }

    pub(super) fn text(&mut self, block: &Arc<Block>, (x, y): (f32, f32), (stand, width): (Stand, f32), color: Color) {
        let left = self.mirrored(x, width);
        let stand = match stand {
            Stand::Left if self.tools.is_rtl => Stand::Right,
            Stand::Right if self.tools.is_rtl => Stand::Left,
            Stand::Left | Stand::Right | Stand::Centre | Stand::Natural => stand,
        };
        let [x, y, across, down] = ink(block, (left, y), stand, width);
        // Italics and marks reach over the line's end.
        let reach = down / super::pixels(block.lines().max(1)) / 2.0;
        let at = [x - reach, y - reach, across + 2.0 * reach, down + 2.0 * reach];
        self.list(Shape::Text { block: Arc::clone(block), at: (left, y), stand, width, color }, at);
    }

    /// A text that is never mirrored: digits, whose order is the same everywhere.
    pub(super) fn text_as_it_is(&mut self, block: &Arc<Block>, at: (f32, f32), width: f32, color: Color) {
        let area = [at.0, at.1, width, block.height];
        self.list(Shape::Text { block: Arc::clone(block), at, stand: Stand::Centre, width, color }, area);
    }

    /// A rounded area that is never mirrored.
    pub(super) fn rounded_as_it_is(&mut self, at: Area, radius: f32, color: Color) {
        self.list(Shape::Rounded { at, radius, color }, at);
    }

    /// A finger there does this. What is listed later lies over what was listed before. Without a touch screen it is nothing.
    pub(super) fn region(&mut self, [left, top, width, height]: Area, command: Command) {
        if !self.tools.touch {
            return;
        }
        let [left, right] = [left, left + width].map(|x| x.clamp(0.0, self.scale.width));
        let [top, bottom] = [top, top + height].map(|y| y.clamp(0.0, self.scale.height));
        let left = self.mirrored(left, right - left);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place on a panel, clamped to it"
        )]
        let [left, top, width, height] = [left, top, right - left, bottom - top].map(|side| side.round() as usize);
        if width > 0 && height > 0 {
            self.regions.push(Region { place: Place { left, top, width, height }, command });
        }
    }

    /// From here on nothing may cover this: the way to hang up.
    pub(super) fn vital(&mut self, [left, top, width, height]: Area) {
        let at = [self.mirrored(left, width), top, width, height];
        self.vital = Some((at, self.ops.len()));
    }

    /// Where what is vital lies.
    pub(super) fn vital_area(&self) -> Option<Area> {
        self.vital.map(|([left, top, width, height], _)| [self.mirrored(left, width), top, width, height])
    }

    /// Covers everything but what is vital.
    pub(super) fn dim(&mut self, color: Color) {
        let (width, height) = (self.scale.width, self.scale.height);
        let Some([left, top, wide, high]) = self.vital_area() else {
            self.fill(color);
            return;
        };
        // On whole pixels: parts that meet on half of one would be seen.
        let (right, bottom) = ((left + wide).ceil().min(width), (top + high).ceil().min(height));
        let [left, top] = [left.floor().max(0.0), top.floor().max(0.0)];
        self.rect([0.0, 0.0, width, top], color);
        self.rect([0.0, bottom, width, height - bottom], color);
        self.rect([0.0, top, left, bottom - top], color);
        self.rect([right, top, width - right, bottom - top], color);
    }

    /// The lowest that something may reach that comes from the top.
    pub(super) fn lowest(&self) -> f32 {
        self.vital.map_or(self.scale.height, |([_, top, ..], _)| top - self.scale.gap() * 0.5)
    }

    /// The edge below which something vital lies; all of the panel if nothing does.
    pub(super) fn above_vital(&self) -> f32 {
        self.vital.map_or(self.scale.height, |([_, top, ..], _)| top - self.scale.gap())
    }

    /// Shapes a chip of at most this width.
    pub(super) fn shape_chip(&mut self, chip: Chip, width: f32, lines: usize) -> ShapedChip {
        let side = icon_side(&chip, &self.scale);
        let padding = side * 0.62;
        let around = padding * 2.2 + side + side * 0.45;
        let block = self.set(&chip.text, chip.face, width - around, lines);
        let height = block.height + padding * 0.9;
        ShapedChip { width: block.width + around, height, chip, block }
    }

    /// Shapes a chip in one line, in its face or the first of these in which all of it fits.
    pub(super) fn shape_chip_fitting(&mut self, chip: Chip, faces: &[Face], width: f32) -> ShapedChip {
        let mut shaped = self.shape_chip(chip.clone(), width, 1);
        for face in faces {
            if !shaped.is_cut() {
                break;
            }
            shaped = self.shape_chip(Chip { face: *face, ..chip.clone() }, width, 1);
        }
        shaped
    }

    pub(super) fn chip(&mut self, shaped: &ShapedChip, (x, y): (f32, f32)) {
        let ShapedChip { chip, block, width, height } = shaped;
        let side = icon_side(chip, &self.scale);
        let padding = side * 0.62;
        let radius = if block.lines() > 1 { side * 0.7 } else { height / 2.0 };
        self.rounded([x, y, *width, *height], radius, chip.fill);
        self.icon(chip.icon, (x + padding, y + (height - side) / 2.0), side, chip.ink);
        let left = x + padding + side + side * 0.45;
        self.text(block, (left, y + (height - block.height) / 2.0), (Stand::Left, block.width), chip.ink);
    }
}

/// Where the lines of a block stand.
pub(super) fn ink(block: &Block, (left, top): (f32, f32), stand: Stand, width: f32) -> Area {
    let indent = match stand {
        Stand::Left => 0.0,
        Stand::Centre => (width - block.width) / 2.0,
        Stand::Right => width - block.width,
        Stand::Natural => return [left, top, width.max(block.width), block.height],
    };
    [left + indent, top, block.width, block.height]
}

fn icon_side(chip: &Chip, scale: &Scale) -> f32 {
    scale.font(chip.face) * 1.12
}
