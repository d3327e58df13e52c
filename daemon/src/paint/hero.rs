//! The layout of a screen with one thing to say: a mark, a title, sentences and perhaps what to press.

use std::sync::Arc;

use kiosk_call::Command;

use super::{
    canvas::{Area, Canvas, Chip, ShapedChip},
    icon::Icon,
    text::{Block, Stand},
    theme::{Color, Face},
};

/// A screen with one thing to say.
#[derive(Debug)]
pub(super) struct Hero {
    pub(super) mark: Mark,
    /// Above the title.
    pub(super) over: Option<(String, Color)>,
    pub(super) title: String,
    /// Below the title.
    pub(super) badge: Option<Chip>,
    pub(super) lines: Vec<(String, Face, Color)>,
    /// What to press, and what a finger there does.
    pub(super) action: Option<(Chip, Option<Command>)>,
    /// How much of something is done, percent.
    pub(super) progress: Option<u8>,
}

/// A disc with something in it, and rings around it.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) sign: Sign,
    pub(super) fill: Color,
    pub(super) ink: Color,
    /// Which of the rings around it is bright; None: they rest.
    pub(super) wave: Option<u64>,
}

/// What is in the disc.
#[derive(Clone, Debug)]
pub(super) enum Sign {
    Icon(Icon),
    /// Seconds that are left.
    Number(u64),
    /// Instead of the disc: this picture, on a white card, with a line below.
    Code(Arc<tiny_skia::Pixmap>, String),
}

impl Mark {
    /// Radius of the outer ring in radii of the disc.
    const OUTER: f32 = 1.66;

    pub(super) const fn still(icon: Icon, fill: Color, ink: Color) -> Self {
        Self { sign: Sign::Icon(icon), fill, ink, wave: None }
    }
}

impl Hero {
    /// With a mark and a title.
    pub(super) const fn new(mark: Mark, title: String) -> Self {
        Self { mark, over: None, title, badge: None, lines: Vec::new(), action: None, progress: None }
    }

    /// With one more sentence.
    pub(super) fn line(mut self, text: String, face: Face, color: Color) -> Self {
        self.lines.push((text, face, color));
        self
    }

    /// Paints it into an area: side by side where that is wide, else one below the other.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, area: Area) {
        let [left, top, width, height] = area;
        let unit = canvas.scale.unit;
        if width > 1.15 * height && width >= 100.0 * unit {
            self.paint_wide(canvas, area);
            return;
        }
        let between = 1.6 * canvas.scale.gap();
        let column = Column { left, width, stand: Stand::Centre };
        let share = if matches!(self.mark.sign, Sign::Code(..)) { 0.6 } else { 0.74 };
        let stack = Stack::fitting(canvas, self, column, height * share);
        let most = (height - stack.height - between) / (2.0 * Mark::OUTER);
        let radius = most.min(canvas.scale.width.min(width) * 0.19).min(20.0 * unit);
        let mark = if radius < 4.0 * unit { 0.0 } else { 2.0 * Mark::OUTER * radius };
        let start = top + (height - stack.height - between - mark).max(0.0) / 2.0;
        if mark > 0.0 {
            paint_mark(canvas, &self.mark, (left + width / 2.0, start + mark / 2.0), radius);
        }
        stack.paint(canvas, start + mark + between);
    }

    fn paint_wide(&self, canvas: &mut Canvas<'_>, [left, top, width, height]: Area) {
        let column = Column { left, width: width * 0.63, stand: Stand::Left };
        let stack = Stack::fitting(canvas, self, column, height);
        let middle = top + height / 2.0;
        let radius = (width * 0.098).min(height / (2.0 * Mark::OUTER));
        let lowest =
            canvas.corner.map_or(f32::MAX, |[_, corner, ..]| corner - canvas.scale.gap() - Mark::OUTER * radius);
        let x = left + width - Mark::OUTER * radius - canvas.scale.gap();
        paint_mark(canvas, &self.mark, (x, middle.min(lowest)), radius);
        stack.paint(canvas, (middle - stack.height / 2.0).max(top));
    }
}

/// A disc with an icon and two rings around it.
fn paint_mark(canvas: &mut Canvas<'_>, mark: &Mark, centre: (f32, f32), radius: f32) {
    if let Sign::Code(picture, below) = &mark.sign {
        paint_code(canvas, picture, below, centre);
        return;
    }
    let pen = (radius * 0.045).max(1.5);
    for (ring, at) in [(1_u64, 1.34), (2, Mark::OUTER - 0.02)] {
        let color = if mark.wave.is_some_and(|wave| wave % 3 == ring) { mark.fill } else { canvas.palette().line };
        canvas.ring(centre, radius * at, pen, color);
    }
    canvas.disc(centre, radius, mark.fill);
    match &mark.sign {
        Sign::Icon(icon) => {
            let side = radius * 1.06;
            canvas.icon(*icon, (centre.0 - side / 2.0, centre.1 - side / 2.0), side, mark.ink);
        }
        Sign::Number(number) => {
            let text = canvas.set_fitting(&number.to_string(), &[Face::Digits, Face::Title], radius * 2.0, 1);
            let at = (centre.0 - radius, centre.1 - text.height / 2.0);
            canvas.text(&text, at, (Stand::Centre, radius * 2.0), mark.ink);
        }
        Sign::Code(..) => {}
    }
}

/// A code to scan, on white and with a margin, as ISO/IEC 18004 wants it.
fn paint_code(canvas: &mut Canvas<'_>, picture: &Arc<tiny_skia::Pixmap>, below: &str, (x, y): (f32, f32)) {
    let (side, gap) = (super::pixels(picture.width() as usize), canvas.scale.gap());
    let label = canvas.set(below, Face::Label, side * 1.5, 1);
    let height = side + gap + label.height;
    let (left, top) = (x - side / 2.0, y - height / 2.0);
    canvas.picture(Arc::clone(picture), (left, top));
    let quiet = canvas.palette().quiet;
    canvas.text(&label, (x - side * 0.75, top + side + gap * 0.6), (Stand::Centre, side * 1.5), quiet);
}

/// How much is said, and how large.
struct Density {
    /// Of the title, the first in which it fits.
    faces: &'static [Face],
    title_lines: usize,
    /// Quiet sentences are said too.
    asides: bool,
    /// Gaps above what to press.
    above_action: f32,
}

impl Density {
    /// From airy to tight.
    const ALL: [Self; 4] = [
        Self { faces: &[Face::Display, Face::Title], title_lines: 2, asides: true, above_action: 2.0 },
        Self { faces: &[Face::Title], title_lines: 2, asides: true, above_action: 1.4 },
        Self { faces: &[Face::Title, Face::Heading], title_lines: 1, asides: false, above_action: 1.2 },
        Self { faces: &[Face::BodyBold], title_lines: 1, asides: false, above_action: 0.5 },
    ];
}

/// Where text stands.
#[derive(Clone, Copy, Debug)]
struct Column {
    left: f32,
    width: f32,
    stand: Stand,
}

enum Item {
    Text(Arc<Block>, Color),
    Chip(ShapedChip, Option<Command>),
    Bar(f32, u8),
}

impl Item {
    fn size(&self, column: Column) -> (f32, f32) {
        match self {
            Self::Text(block, _) => (block.width, block.height),
            Self::Chip(chip, _) => (chip.width, chip.height),
            Self::Bar(height, _) => (column.width, *height),
        }
    }
}

/// The text of a screen, shaped, from top to bottom with the distance before each.
struct Stack {
    column: Column,
    items: Vec<(f32, Item)>,
    height: f32,
}

impl Stack {
    /// As large as fits into this height.
    fn fitting(canvas: &mut Canvas<'_>, hero: &Hero, column: Column, height: f32) -> Self {
        let mut stack = Self::new(canvas, hero, column, &Density::ALL[0]);
        for density in &Density::ALL[1..] {
            if stack.height <= height {
                break;
            }
            stack = Self::new(canvas, hero, column, density);
        }
        stack
    }

    fn new(canvas: &mut Canvas<'_>, hero: &Hero, column: Column, density: &Density) -> Self {
        let (gap, ink, quiet) = (canvas.scale.gap(), canvas.palette().ink, canvas.palette().quiet);
        let mut items = Vec::new();
        if let Some((over, color)) = &hero.over {
            items.push((0.0, Item::Text(canvas.set(over, Face::BodyBold, column.width, 1), *color)));
        }
        let title = canvas.set_fitting(&hero.title, density.faces, column.width, density.title_lines);
        items.push((gap * 0.2, Item::Text(title, ink)));
        if let Some(badge) = &hero.badge {
            items.push((gap * 0.8, Item::Chip(canvas.shape_chip(badge.clone(), column.width, 2), None)));
        }
        let lines = hero.lines.iter().filter(|(_, _, color)| density.asides || *color != quiet);
        for (index, (line, face, color)) in lines.enumerate() {
            let distance = if index == 0 { gap } else { gap * 0.3 };
            items.push((distance, Item::Text(canvas.set(line, *face, column.width, 3), *color)));
        }
        if let Some(percent) = hero.progress {
            items.push((gap * 1.6, Item::Bar(2.4 * canvas.scale.unit, percent)));
        }
        if let Some((chip, command)) = &hero.action {
            let chip = Item::Chip(canvas.shape_chip(chip.clone(), column.width, 2), command.clone());
            items.push((gap * density.above_action, chip));
        }
        let height = items.iter().map(|(distance, item)| distance + item.size(column).1).sum();
        Self { column, items, height }
    }

    fn paint(&self, canvas: &mut Canvas<'_>, top: f32) {
        let Column { left, width, stand } = self.column;
        let mut y = top;
        for (distance, item) in &self.items {
            y += distance;
            let (item_width, item_height) = item.size(self.column);
            match item {
                Item::Text(block, color) => canvas.text(block, (left, y), (stand, width), *color),
                Item::Chip(chip, command) => {
                    let indent = if stand == Stand::Centre { (width - item_width) / 2.0 } else { 0.0 };
                    canvas.chip(chip, (left + indent, y));
                    if let Some(command) = command {
                        let more = (canvas.scale.finger() - item_height).max(0.0) / 2.0;
                        let at = [left + indent, y - more, item_width, item_height + 2.0 * more];
                        canvas.region(at, command.clone());
                    }
                }
                Item::Bar(height, percent) => {
                    let share = width * 0.86;
                    let indent = if stand == Stand::Centre { (width - share) / 2.0 } else { 0.0 };
                    progress(canvas, [left + indent, y, share, *height], *percent);
                }
            }
            y += item_height;
        }
    }
}

/// A bar that is filled so far, percent.
pub(super) fn progress(canvas: &mut Canvas<'_>, [left, top, width, height]: Area, percent: u8) {
    let (track, fill) = (canvas.palette().line, canvas.palette().accent);
    canvas.rounded([left, top, width, height], height / 2.0, track);
    let filled = (width * f32::from(percent.min(100)) / 100.0).max(height);
    if percent > 0 {
        canvas.rounded([left, top, filled, height], height / 2.0, fill);
    }
}
