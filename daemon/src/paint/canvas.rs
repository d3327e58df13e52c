//! What screens are made of: fills, discs, chips, text.

use kiosk_hal::panel::Size;
use tiny_skia::{FillRule, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::{
    icon::{Icon, rounded},
    text::{Block, Stand, Typesetter},
    theme::{Color, Face, Scale},
};

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    pixmap: Pixmap,
    text: &'a mut Typesetter,
    pub(super) scale: Scale,
    /// Left and top of what will lie over the bottom right corner, if something will.
    pub(super) corner: Option<(f32, f32)>,
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
pub(super) struct ShapedChip {
    chip: Chip,
    block: Block,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl<'a> Canvas<'a> {
    /// Transparent all over. None: there is no memory for it.
    pub(super) fn new(size: Size, text: &'a mut Typesetter) -> Option<Self> {
        Some(Self { pixmap: Pixmap::new(size.width_px, size.height_px)?, text, scale: Scale::new(size), corner: None })
    }

    /// How far down a tall panel, and how far right a wide one, is free of what lies over the corner.
    pub(super) fn free(&self) -> (f32, f32) {
        match self.corner {
            None => (self.scale.height, self.scale.width),
            Some((_, top)) if self.scale.is_portrait() => (top, self.scale.width),
            Some((left, _)) => (self.scale.height, left),
        }
    }

    pub(super) fn finish(self) -> Pixmap {
        self.pixmap
    }

    pub(super) fn fill(&mut self, color: Color) {
        self.pixmap.fill(color.swapped());
    }

    pub(super) fn rect(&mut self, [x, y, width, height]: [f32; 4], color: Color) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.pixmap.fill_rect(rect, &color.paint(), Transform::identity(), None);
        }
    }

    pub(super) fn rounded(&mut self, [x, y, width, height]: [f32; 4], radius: f32, color: Color) {
        if let Some(path) = rounded([x, y, width, height, radius]) {
            self.pixmap.fill_path(&path, &color.paint(), FillRule::Winding, Transform::identity(), None);
        }
    }

    pub(super) fn disc(&mut self, (x, y): (f32, f32), radius: f32, color: Color) {
        if let Some(path) = PathBuilder::from_circle(x, y, radius) {
            self.pixmap.fill_path(&path, &color.paint(), FillRule::Winding, Transform::identity(), None);
        }
    }

    pub(super) fn ring(&mut self, (x, y): (f32, f32), radius: f32, width: f32, color: Color) {
        if let Some(path) = PathBuilder::from_circle(x, y, radius) {
            let stroke = Stroke { width, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &color.paint(), &stroke, Transform::identity(), None);
        }
    }

    pub(super) fn icon(&mut self, icon: Icon, (x, y): (f32, f32), side: f32, color: Color) {
        icon.draw(&mut self.pixmap.as_mut(), x, y, side, color);
    }

    pub(super) fn set(&mut self, text: &str, face: Face, width: f32, lines: usize) -> Block {
        self.text.set(text, face, self.scale.unit, width, lines)
    }

    /// In the first face in which all of the text fits, else cut in the last.
    pub(super) fn set_fitting(&mut self, text: &str, faces: &[Face], width: f32, lines: usize) -> Block {
        let mut fitting = self.set(text, faces[0], width, lines);
        for face in &faces[1..] {
            if !fitting.cut {
                break;
            }
            fitting = self.set(text, *face, width, lines);
        }
        fitting
    }

    pub(super) fn text(&mut self, block: &Block, at: (f32, f32), stand: (Stand, f32), color: Color) {
        self.text.draw(&mut self.pixmap.as_mut(), block, at, stand, color);
    }

    /// Shapes a chip of at most this width.
    pub(super) fn shape_chip(&mut self, chip: Chip, width: f32, lines: usize) -> ShapedChip {
        let side = icon_side(&chip, self.scale.unit);
        let padding = side * 0.62;
        let around = padding * 2.2 + side + side * 0.45;
        let block = self.set(&chip.text, chip.face, width - around, lines);
        let height = block.height + padding * 0.9;
        ShapedChip { width: block.width + around, height, chip, block }
    }

    pub(super) fn chip(&mut self, shaped: &ShapedChip, (x, y): (f32, f32)) {
        let ShapedChip { chip, block, width, height } = shaped;
        let side = icon_side(chip, self.scale.unit);
        let padding = side * 0.62;
        let radius = if block.lines > 1 { side * 0.7 } else { height / 2.0 };
        self.rounded([x, y, *width, *height], radius, chip.fill);
        self.icon(chip.icon, (x + padding, y + (height - side) / 2.0), side, chip.ink);
        let left = x + padding + side + side * 0.45;
        self.text(block, (left, y + (height - block.height) / 2.0), (Stand::Left, block.width), chip.ink);
    }
}

fn icon_side(chip: &Chip, unit: f32) -> f32 {
    chip.face.size() * unit * 1.12
}
