//! From a list of things to pixels. What is the same as in the picture before is not painted again.

use std::sync::Arc;

use tiny_skia::{
    FillRule, IntRect, Pixmap, PixmapMut, PixmapPaint, PixmapRef, PremultipliedColorU8, Stroke, Transform,
};

use super::{
    canvas::Area,
    icon::{Icon, rounded},
    text::{Block, Stand, Typesetter},
    theme::Color,
};

/// Something to be painted, and the pixels that it touches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Op {
    shape: Shape,
    /// Left, top, right, bottom.
    bounds: [i32; 4],
}

/// What can be painted.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Rect { at: Area, color: Color },
    Fade { at: Area, is_full_at_top: bool, color: Color },
    Rounded { at: Area, radius: f32, color: Color },
    Outline { at: Area, radius: f32, pen: f32, color: Color },
    Icon { icon: Icon, at: (f32, f32), side: f32, is_flipped: bool, color: Color },
    Text { block: Arc<Block>, at: (f32, f32), stand: Stand, width: f32, color: Color },
    Picture { picture: Arc<Pixmap>, at: (f32, f32) },
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        use Shape::{Fade, Icon, Outline, Picture, Rect, Rounded, Text};
        match (self, other) {
            (Rect { at, color }, Rect { at: other_at, color: other }) => (at, color) == (other_at, other),
            (Fade { at, is_full_at_top, color }, Fade { at: other_at, is_full_at_top: other_full, color: other }) => {
                (at, is_full_at_top, color) == (other_at, other_full, other)
            }
            (Rounded { at, radius, color }, Rounded { at: other_at, radius: other_radius, color: other }) => {
                (at, radius, color) == (other_at, other_radius, other)
            }
            (
                Outline { at, radius, pen, color },
                Outline { at: other_at, radius: other_radius, pen: other_pen, color: other },
            ) => (at, radius, pen, color) == (other_at, other_radius, other_pen, other),
            (
                Icon { icon, at, side, is_flipped, color },
                Icon { icon: other_icon, at: other_at, side: other_side, is_flipped: flipped, color: other },
            ) => (icon, at, side, is_flipped, color) == (other_icon, other_at, other_side, flipped, other),
            // Text and pictures are the same when they are in the same place of the memory: both are kept.
            (
                Text { block, at, stand, width, color },
                Text { block: other_block, at: other_at, stand: other_stand, width: other_width, color: other },
            ) => {
                Arc::ptr_eq(block, other_block)
                    && (at, stand, width, color) == (other_at, other_stand, other_width, other)
            }
            (Picture { picture, at }, Picture { picture: other, at: other_at }) => {
                Arc::ptr_eq(picture, other) && at == other_at
            }
            (
                Rect { .. }
                | Fade { .. }
                | Rounded { .. }
                | Outline { .. }
                | Icon { .. }
                | Text { .. }
                | Picture { .. },
                _,
            ) => false,
        }
    }
}

impl Op {
    pub(super) fn new(shape: Shape, [left, top, width, height]: Area) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a place near a panel; what is far away is cut off")]
        let bounds =
            [left.floor() as i32, top.floor() as i32, (left + width).ceil() as i32, (top + height).ceil() as i32];
        Self { shape, bounds }
    }

    /// Left, top, right, bottom, pixels.
    pub(super) const fn bounds(&self) -> [i32; 4] {
        self.bounds
    }

    /// Where it is more than ground: text, an icon, a picture, a mark.
    #[cfg(test)]
    pub(super) fn core(&self) -> Option<[i32; 4]> {
        let [left, top, right, bottom] = self.bounds;
        match &self.shape {
            Shape::Rect { .. } | Shape::Fade { .. } => None,
            Shape::Rounded { .. } | Shape::Outline { .. } | Shape::Icon { .. } | Shape::Picture { .. } => {
                Some([left + 2, top + 2, right - 2, bottom - 2])
            }
            Shape::Text { block, at, stand, width, .. } => {
                let [left, top, width, height] = super::canvas::ink(block, *at, *stand, *width);
                #[expect(clippy::cast_possible_truncation, reason = "a place on a panel")]
                let core = [left as i32, top as i32, (left + width) as i32, (top + height) as i32];
                Some(core)
            }
        }
    }

    /// Whether it hides all that is below, everywhere in this part.
    fn hides(&self, part: [i32; 4]) -> bool {
        match &self.shape {
            Shape::Rect { at: [left, top, width, height], color } => {
                #[expect(clippy::cast_precision_loss, reason = "a place on a panel")]
                let [from_x, from_y, to_x, to_y] = part.map(|side| side as f32);
                color.is_opaque() && *left <= from_x && *top <= from_y && left + width >= to_x && top + height >= to_y
            }
            Shape::Fade { .. }
            | Shape::Rounded { .. }
            | Shape::Outline { .. }
            | Shape::Icon { .. }
            | Shape::Text { .. }
            | Shape::Picture { .. } => false,
        }
    }

    /// Paints it into a part of the panel that begins at this pixel.
    fn paint(&self, pixmap: &mut PixmapMut<'_>, (dx, dy): (f32, f32), type_: &mut Typesetter) {
        let identity = Transform::identity();
        match &self.shape {
            Shape::Rect { at: [x, y, width, height], color } => {
                rect(pixmap, [x - dx, y - dy, *width, *height], *color);
            }
            Shape::Fade { at, is_full_at_top, color } => fade(pixmap, (*at, (dx, dy)), *is_full_at_top, *color),
            Shape::Rounded { at: [x, y, width, height], radius, color } => {
                if let Some(path) = rounded([x - dx, y - dy, *width, *height, *radius]) {
                    pixmap.fill_path(&path, &color.paint(), FillRule::Winding, identity, None);
                }
            }
            Shape::Outline { at: [x, y, width, height], radius, pen, color } => {
                let inside = [x - dx + pen / 2.0, y - dy + pen / 2.0, width - pen, height - pen, radius - pen / 2.0];
                if let Some(path) = rounded(inside) {
                    let stroke = Stroke { width: *pen, ..Stroke::default() };
                    pixmap.stroke_path(&path, &color.paint(), &stroke, identity, None);
                }
            }
            Shape::Icon { icon, at: (x, y), side, is_flipped, color } => {
                icon.draw(pixmap, (x - dx, y - dy), *side, *is_flipped, *color);
            }
            Shape::Text { block, at: (x, y), stand, width, color } => {
                type_.draw(pixmap, block, (x - dx, y - dy), (*stand, *width), *color);
            }
            Shape::Picture { picture, at: (x, y) } => {
                #[expect(clippy::cast_possible_truncation, reason = "a place near a panel")]
                let (left, top) = ((x - dx) as i32, (y - dy) as i32);
                pixmap.draw_pixmap(left, top, picture.as_ref().as_ref(), &PixmapPaint::default(), identity, None);
            }
        }
    }
}

/// Fills whole pixels, those that the area is nearest to. The rasteriser would take ten times as long where much is covered a little.
fn rect(pixmap: &mut PixmapMut<'_>, [left, top, width, height]: Area, color: Color) {
    let ink = color.swapped().premultiply().to_color_u8();
    let ink = [ink.red(), ink.green(), ink.blue(), ink.alpha()];
    let rest = u16::from(255 - ink[3]);
    let (all_wide, all_high) = (pixmap.width() as usize, pixmap.height() as usize);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place on a panel, and 0 at least")]
    let pixel = |at: f32, most: usize| (at.round().max(0.0) as usize).min(most);
    let (from, to) = (pixel(left, all_wide), pixel(left + width, all_wide));
    let (first, last) = (pixel(top, all_high), pixel(top + height, all_high));
    if from >= to || first >= last {
        return;
    }
    let rows = pixmap.data_mut().chunks_exact_mut(all_wide * 4).take(last).skip(first);
    for row in rows {
        let pixels = &mut row[from * 4..to * 4];
        if rest == 0 {
            pixels.chunks_exact_mut(4).for_each(|pixel| pixel.copy_from_slice(&ink));
            continue;
        }
        for pixel in pixels.chunks_exact_mut(4) {
            for (below, above) in pixel.iter_mut().zip(ink) {
                // Divides by 255, rounded; no sum is larger than a byte or two, and checks would keep this from being done 16 at a time.
                let product = u16::from(*below).wrapping_mul(rest).wrapping_add(128);
                let [kept, _] = product.wrapping_add(product >> 8).to_be_bytes();
                *below = above.saturating_add(kept);
            }
        }
    }
}

/// Rows of one colour, each covering a little less than the one before.
fn fade(pixmap: &mut PixmapMut<'_>, (at, (dx, dy)): (Area, (f32, f32)), is_full_at_top: bool, color: Color) {
    let [x, y, width, height] = at;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a panel")]
    let rows = height.max(0.0).round() as u16;
    for row in 0..rows {
        let share = (f32::from(row) + 0.5) / f32::from(rows);
        let share = if is_full_at_top { 1.0 - share } else { share };
        // Slow at both ends, so that no edge is seen.
        let share = share * share * (3.0 - 2.0 * share);
        rect(pixmap, [x - dx, (y - dy).round() + f32::from(row), width, 1.0], color.share(share));
    }
}

/// The last picture, and what it is of.
#[derive(Debug, Default)]
pub(super) struct Raster {
    pixmap: Option<Pixmap>,
    ops: Vec<Op>,
}

/// What painting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The picture is as it was.
    Same,
    /// There is no memory for it.
    NoMemory,
    /// So many pixels were painted.
    Painted(u64),
}

impl Raster {
    /// The picture, once one was painted.
    pub(super) fn pixels(&self) -> &[u8] {
        self.pixmap.as_ref().map_or(&[], Pixmap::data)
    }

    /// Makes the picture one of these things.
    pub(super) fn paint(&mut self, size: (u32, u32), ops: Vec<Op>, type_: &mut Typesetter) -> Outcome {
        let all = [0, 0, size.0, size.1].map(|side| i32::try_from(side).unwrap_or(i32::MAX));
        if self.pixmap.as_ref().is_none_or(|pixmap| (pixmap.width(), pixmap.height()) != size) {
            self.ops.clear();
            self.pixmap = Pixmap::new(size.0, size.1);
            let Some(pixmap) = &mut self.pixmap else { return Outcome::NoMemory };
            paint_part(pixmap, all, &ops, type_);
            self.ops = ops;
            return Outcome::Painted(area(all));
        }
        let Some(pixmap) = &mut self.pixmap else { return Outcome::NoMemory };
        let parts = damage(&self.ops, &ops, all);
        self.ops = ops;
        if parts.is_empty() {
            return Outcome::Same;
        }
        for part in &parts {
            paint_part(pixmap, *part, &self.ops, type_);
        }
        Outcome::Painted(parts.iter().copied().map(area).sum())
    }
}

fn area([left, top, right, bottom]: [i32; 4]) -> u64 {
    let side = |from: i32, to: i32| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
    side(left, right) * side(top, bottom)
}

pub(super) fn meet(one: [i32; 4], other: [i32; 4]) -> Option<[i32; 4]> {
    let both = [one[0].max(other[0]), one[1].max(other[1]), one[2].min(other[2]), one[3].min(other[3])];
    (both[0] < both[2] && both[1] < both[3]).then_some(both)
}

fn around(one: [i32; 4], other: [i32; 4]) -> [i32; 4] {
    [one[0].min(other[0]), one[1].min(other[1]), one[2].max(other[2]), one[3].max(other[3])]
}

/// The parts of the panel in which two lists of things look different: the places of all things that are only in one of them, or not
/// in the same order. No two of the parts overlap.
fn damage(before: &[Op], after: &[Op], all: [i32; 4]) -> Vec<[i32; 4]> {
    let mut parts = Vec::new();
    let mut next = 0;
    for op in after {
        match before[next..].iter().position(|old| old == op) {
            Some(skipped) => {
                parts.extend(before[next..next + skipped].iter().map(Op::bounds));
                next += skipped + 1;
            }
            None => parts.push(op.bounds),
        }
    }
    parts.extend(before[next..].iter().map(Op::bounds));
    let mut apart: Vec<[i32; 4]> = Vec::new();
    for part in parts.into_iter().filter_map(|part| meet(part, all)) {
        let mut part = part;
        // What overlaps becomes one, which may overlap more.
        while let Some(index) = apart.iter().position(|other| meet(*other, part).is_some()) {
            part = around(part, apart.swap_remove(index));
        }
        apart.push(part);
    }
    apart
}

/// Paints all things anew in a part of the panel, and touches nothing else.
fn paint_part(pixmap: &mut Pixmap, part: [i32; 4], ops: &[Op], type_: &mut Typesetter) {
    // What is below something that hides it all need not be painted.
    let first = ops.iter().rposition(|op| op.hides(part)).unwrap_or(0);
    let seen = ops[first..].iter().filter(|op| meet(op.bounds, part).is_some());
    let [left, top, right, bottom] = part;
    let is_all = (i32::try_from(pixmap.width()), i32::try_from(pixmap.height())) == (Ok(right), Ok(bottom));
    if (left, top) == (0, 0) && is_all {
        if !ops[first..].first().is_some_and(|op| op.hides(part)) {
            pixmap.data_mut().fill(0);
        }
        let mut pixmap = pixmap.as_mut();
        seen.for_each(|op| op.paint(&mut pixmap, (0.0, 0.0), type_));
        return;
    }
    let side = |from: i32, to: i32| u32::try_from(to - from).unwrap_or(0);
    let Some(mut tile) = Pixmap::new(side(left, right), side(top, bottom)) else { return };
    #[expect(clippy::cast_precision_loss, reason = "a place on a panel")]
    let offset = (left as f32, top as f32);
    seen.for_each(|op| op.paint(&mut tile.as_mut(), offset, type_));
    copy(pixmap, tile.as_ref(), part);
}

fn copy(pixmap: &mut Pixmap, tile: PixmapRef<'_>, [left, top, ..]: [i32; 4]) {
    let Some(place) = IntRect::from_xywh(left, top, tile.width(), tile.height()) else { return };
    let (width, stride) = (tile.width() as usize, pixmap.width() as usize);
    let (Ok(left), Ok(top)) = (usize::try_from(place.left()), usize::try_from(place.top())) else { return };
    let rows: &mut [PremultipliedColorU8] = pixmap.pixels_mut();
    for (row, pixels) in tile.pixels().chunks_exact(width).enumerate() {
        let start = (top + row) * stride + left;
        rows[start..start + width].copy_from_slice(pixels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(at: Area, color: u32) -> Op {
        Op::new(Shape::Rect { at, color: Color::rgb(color) }, at)
    }

    const ALL: [i32; 4] = [0, 0, 100, 80];

    #[test]
    fn only_what_changed_is_damaged() {
        let [ground, red, blue] =
            [rect([0.0, 0.0, 100.0, 80.0], 1), rect([5.0, 5.0, 10.0, 10.0], 2), rect([50.0, 50.0, 10.0, 10.0], 3)];
        let moved = rect([52.0, 50.0, 10.0, 10.0], 3);
        let of = |before: &[&Op], after: &[&Op]| {
            let list = |ops: &[&Op]| ops.iter().map(|op| (*op).clone()).collect::<Vec<_>>();
            damage(&list(before), &list(after), ALL)
        };
        assert_eq!(of(&[&ground, &red, &blue], &[&ground, &red, &blue]), Vec::<[i32; 4]>::new());
        assert_eq!(of(&[&ground, &red, &blue], &[&ground, &red]), [[50, 50, 60, 60]]);
        assert_eq!(of(&[&ground, &red, &blue], &[&ground, &red, &moved]), [[50, 50, 62, 60]]);
        assert_eq!(of(&[&ground, &red], &[&ground, &blue, &red]), [[50, 50, 60, 60]]);
        assert_eq!(of(&[&ground], &[&rect([0.0, 0.0, 100.0, 80.0], 9)]), [ALL]);
        let order = of(&[&ground, &red, &blue], &[&ground, &blue, &red]);
        assert!(!order.is_empty(), "what lay below lies above");
        let outside = rect([95.0, 70.0, 50.0, 50.0], 5);
        assert_eq!(of(&[&ground], &[&ground, &outside]), [[95, 70, 100, 80]]);
    }

    #[test]
    fn parts_that_overlap_become_one() {
        let ops = [rect([0.0, 0.0, 10.0, 10.0], 1), rect([30.0, 0.0, 10.0, 10.0], 1), rect([5.0, 5.0, 30.0, 4.0], 1)];
        assert_eq!(damage(&[], &ops, ALL), [[0, 0, 40, 10]]);
    }

    #[test]
    fn what_is_not_damaged_is_not_touched() {
        let mut type_ = Typesetter::new("en").expect("the system has fonts");
        let mut raster = Raster::default();
        let ground = rect([0.0, 0.0, 100.0, 80.0], 0x10_2030);
        let dot = rect([5.0, 5.0, 10.0, 10.0], 0xFF_FFFF);
        assert_eq!(raster.paint((100, 80), vec![ground.clone()], &mut type_), Outcome::Painted(8_000));
        assert_eq!(raster.paint((100, 80), vec![ground.clone()], &mut type_), Outcome::Same);
        assert_eq!(raster.paint((100, 80), vec![ground.clone(), dot], &mut type_), Outcome::Painted(100));
        assert_eq!(&raster.pixels()[(6 * 100 + 6) * 4..][..4], [255; 4]);
        assert_eq!(raster.paint((100, 80), vec![ground], &mut type_), Outcome::Painted(100));
        assert_eq!(&raster.pixels()[(6 * 100 + 6) * 4..][..4], [0x30, 0x20, 0x10, 255]);
        assert_eq!(raster.paint((0, 80), Vec::new(), &mut type_), Outcome::NoMemory);
    }
}
