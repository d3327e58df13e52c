//! Text: shaped, wrapped and made into masks by cosmic-text.

use std::{collections::HashMap, ops::Range, sync::Arc};

use cosmic_text::{
    Align, Attrs, Buffer, CacheKey, CacheKeyFlags, Ellipsize, EllipsizeHeightLimit, Family, LayoutGlyph, LayoutRun,
    Metrics, Shaping, SwashCache, SwashContent, SwashImage, Weight, Wrap, fontdb,
};
use tiny_skia::{ColorU8, PixmapMut, PixmapPaint, PixmapRef, Transform};

use super::{
    PaintError,
    fonts::Fonts,
    theme::{Color, Face},
};

/// Height of a line in font sizes.
const LINE_HEIGHT: f32 = 1.3;

/// More glyphs than this are not kept: a stranger who types all of Unicode does not fill the memory.
const KEPT_IMAGES: usize = 2_000;

/// More shaped texts than this are not kept beyond the picture that they are in.
const KEPT_BLOCKS: usize = 256;

/// Shapes and draws text. Keeps what it has shaped.
pub(super) struct Typesetter {
    fonts: Fonts,
    images: SwashCache,
    shaped: HashMap<Wanted, Arc<Block>>,
}

/// A text to be shaped. The same again is not shaped again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    text: String,
    is_bold: bool,
    /// Pixels, as bits.
    size: u32,
    width: u32,
    lines: usize,
}

/// Text that is shaped and wrapped.
#[derive(Debug)]
pub(super) struct Block {
    text: String,
    rows: Vec<Row>,
    /// Of the longest line.
    pub(super) width: f32,
    pub(super) height: f32,
    /// Not all of the text is in it.
    pub(super) cut: bool,
}

#[derive(Debug)]
struct Row {
    glyphs: Vec<Glyph>,
    width: f32,
    baseline: f32,
    is_rtl: bool,
    /// Bytes of the text that stand in it.
    bytes: Range<usize>,
}

/// A glyph and where it is drawn, from the line's start and baseline.
#[derive(Debug)]
struct Glyph {
    font: fontdb::ID,
    id: u16,
    size: f32,
    weight: fontdb::Weight,
    flags: CacheKeyFlags,
    at: (f32, f32),
}

/// How lines stand in the width that they are drawn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Left,
    Right,
    Centre,
    /// Where what is written begins: on the right for what is written from there.
    Natural,
}

impl Block {
    /// Lines in it.
    pub(super) fn lines(&self) -> usize {
        self.rows.len()
    }

    /// What stands in some of its lines. Lines that there are not are left out.
    pub(super) fn piece(&self, lines: Range<usize>) -> &str {
        let rows = self.rows.get(lines.start..lines.end.min(self.rows.len())).unwrap_or_default();
        let from = rows.iter().map(|row| row.bytes.start).min().unwrap_or_default();
        let to = rows.iter().map(|row| row.bytes.end).max().unwrap_or_default();
        self.text.get(from..to).unwrap_or_default()
    }
}

impl Typesetter {
    /// With the system's fonts.
    pub(super) fn new(language: &'static str) -> Result<Self, PaintError> {
        Ok(Self { fonts: Fonts::new(language)?, images: SwashCache::new(), shaped: HashMap::new() })
    }

    /// Shapes a text and breaks it into at most so many lines of at most this width; what is too much ends in "…".
    pub(super) fn set(&mut self, text: &str, face: Face, size: f32, width: f32, lines: usize) -> Arc<Block> {
        let (size, width) = (size.max(1.0), width.max(size).max(1.0));
        let wanted = Wanted {
            // One paragraph: the line limit is of a paragraph.
            text: text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect(),
            is_bold: face.is_bold(),
            size: size.to_bits(),
            width: width.to_bits(),
            lines: lines.max(1),
        };
        if let Some(block) = self.shaped.get(&wanted) {
            return Arc::clone(block);
        }
        let mut block = self.shape(&wanted, size, width);
        if block.has_gaps && self.fonts.load_all() {
            block = self.shape(&wanted, size, width);
        }
        let block = Arc::new(block.block);
        self.shaped.insert(wanted, Arc::clone(&block));
        block
    }

    fn shape(&mut self, wanted: &Wanted, size: f32, width: f32) -> Shaped {
        let mut buffer = self.buffer(wanted, size, width, None);
        if buffer.layout_runs().nth(wanted.lines).is_some() {
            buffer = self.buffer(wanted, size, width, Some(wanted.lines));
        }
        Shaped::new(&buffer, &wanted.text)
    }

    /// All lines, or as many as are said with an ellipsis at the end.
    fn buffer(&mut self, wanted: &Wanted, size: f32, width: f32, lines: Option<usize>) -> Buffer {
        let fonts = &mut self.fonts.system;
        let mut buffer = Buffer::new(fonts, Metrics::new(size, size * LINE_HEIGHT));
        let weight = if wanted.is_bold { Weight::BOLD } else { Weight::NORMAL };
        let attrs = Attrs::new().family(Family::Name(&self.fonts.family)).weight(weight);
        buffer.set_wrap(Wrap::WordOrGlyph);
        if let Some(lines) = lines {
            buffer.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(lines)));
        }
        buffer.set_size(Some(width), None);
        buffer.set_text(&wanted.text, &attrs, Shaping::Advanced, Some(Align::Left));
        buffer.shape_until_scroll(fonts, false);
        buffer
    }

    /// Forgets what is in no picture any more, if it is much.
    pub(super) fn tidy(&mut self) {
        if self.shaped.len() > KEPT_BLOCKS {
            self.shaped.retain(|_, block| Arc::strong_count(block) > 1);
        }
        if self.images.image_cache.len() > KEPT_IMAGES {
            self.images = SwashCache::new();
        }
    }

    /// Draws a block with its top left corner at (`x`, `y`), its lines standing in `width`.
    pub(super) fn draw(
        &mut self,
        pixmap: &mut PixmapMut<'_>,
        block: &Block,
        (x, y): (f32, f32),
        (stand, width): (Stand, f32),
        color: Color,
    ) {
        for row in &block.rows {
            let indent = match stand {
                Stand::Centre => (width - row.width) / 2.0,
                Stand::Right => width - row.width,
                Stand::Natural if row.is_rtl => width - row.width,
                Stand::Left | Stand::Natural => 0.0,
            };
            for glyph in &row.glyphs {
                // Baselines on whole pixels are sharper.
                let at = (grid(x + indent + glyph.at.0), grid((y + row.baseline).round() + glyph.at.1));
                let (key, left, top) = CacheKey::new(glyph.font, glyph.id, glyph.size, at, glyph.weight, glyph.flags);
                let Some(image) = self.images.get_image(&mut self.fonts.system, key) else { continue };
                let (left, top) = (left + image.placement.left, top - image.placement.top);
                match image.content {
                    SwashContent::Mask => stamp(pixmap, image, (left, top), color),
                    SwashContent::Color => picture(pixmap, image, (left, top)),
                    SwashContent::SubpixelMask => {}
                }
            }
        }
    }
}

/// The nearest place on a grid of 64 a pixel, so that glyphs look the same in every part of the panel.
fn grid(at: f32) -> f32 {
    (at * 64.0).round() / 64.0
}

/// Where a picture of some width and height lies within another: for each of its rows that is inside, the pixels of the other, and
/// which of its own they are.
fn rows_within<'a>(
    pixmap: &'a mut PixmapMut<'_>,
    (left, top): (i32, i32),
    (width, height): (u32, u32),
) -> impl Iterator<Item = (&'a mut [u8], Range<usize>)> {
    let (all_wide, all_high) = (i64::from(pixmap.width()), i64::from(pixmap.height()));
    let (from_x, to_x) = (i64::from(left).max(0), (i64::from(left) + i64::from(width)).min(all_wide));
    let (from_y, to_y) = (i64::from(top).max(0), (i64::from(top) + i64::from(height)).min(all_high));
    let is_inside = from_x < to_x && from_y < to_y;
    let index = |value: i64| usize::try_from(value).unwrap_or_default();
    let (stride, columns) = (index(all_wide) * 4, index(from_x) * 4..index(to_x) * 4);
    let skipped = (index(from_y - i64::from(top)), index(from_x - i64::from(left)));
    let (count, own, wide) = (index(to_y - from_y), columns.len() / 4, width as usize);
    let rows = pixmap.data_mut().chunks_exact_mut(stride.max(4)).skip(index(from_y));
    let rows = rows.take(if is_inside { count } else { 0 });
    rows.enumerate().map(move |(row, pixels)| {
        let start = (skipped.0 + row) * wide + skipped.1;
        (&mut pixels[columns.clone()], start..start + own)
    })
}

/// Draws a glyph that is a mask, in a colour.
fn stamp(pixmap: &mut PixmapMut<'_>, image: &SwashImage, at: (i32, i32), color: Color) {
    let ink = color.swapped().to_color_u8();
    let [one, two, three, alpha] = [ink.red(), ink.green(), ink.blue(), ink.alpha()].map(u32::from);
    for (pixels, own) in rows_within(pixmap, at, (image.placement.width, image.placement.height)) {
        let Some(mask) = image.data.get(own) else { return };
        for (pixel, covered) in pixels.chunks_exact_mut(4).zip(mask) {
            if *covered == 0 {
                continue;
            }
            let cover = divide(u32::from(*covered) * alpha);
            for (below, above) in pixel.iter_mut().zip([one, two, three, 255]) {
                let mixed = above * cover + u32::from(*below) * (255 - cover);
                *below = u8::try_from(divide(mixed)).unwrap_or(u8::MAX);
            }
        }
    }
}

/// By 255, rounded, for all products of two bytes.
const fn divide(product: u32) -> u32 {
    let product = product + 128;
    (product + (product >> 8)) >> 8
}

/// Draws a glyph that is a picture, such as an emoji.
fn picture(pixmap: &mut PixmapMut<'_>, image: &SwashImage, (left, top): (i32, i32)) {
    let bytes: Vec<u8> = image
        .data
        .chunks_exact(4)
        .flat_map(|rgba| {
            let color = ColorU8::from_rgba(rgba[2], rgba[1], rgba[0], rgba[3]).premultiply();
            [color.red(), color.green(), color.blue(), color.alpha()]
        })
        .collect();
    let Some(picture) = PixmapRef::from_bytes(&bytes, image.placement.width, image.placement.height) else { return };
    pixmap.draw_pixmap(left, top, picture, &PixmapPaint::default(), Transform::identity(), None);
}

impl std::fmt::Debug for Typesetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typesetter").field("family", &self.fonts.family).finish_non_exhaustive()
    }
}

fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

struct Shaped {
    block: Block,
    /// A glyph is missing.
    has_gaps: bool,
}

impl Shaped {
    fn new(buffer: &Buffer, text: &str) -> Self {
        let mut block = Block { text: text.to_owned(), rows: Vec::new(), width: 0.0, height: 0.0, cut: false };
        let mut has_gaps = false;
        for run in buffer.layout_runs() {
            let leading = leading(&run);
            let glyph = |glyph: &LayoutGlyph| {
                let x = glyph.x + glyph.font_size * glyph.x_offset - leading;
                Glyph {
                    font: glyph.font_id,
                    id: glyph.glyph_id,
                    size: glyph.font_size,
                    weight: glyph.font_weight,
                    flags: glyph.cache_key_flags | CacheKeyFlags::DISABLE_HINTING,
                    at: (x, glyph.y - glyph.font_size * glyph.y_offset),
                }
            };
            // Marks that only keep a direction have nothing to be seen.
            let seen = |glyph: &&LayoutGlyph| !is_mark(run.text.get(glyph.start..glyph.end).unwrap_or_default());
            let glyphs = run.glyphs.iter().filter(seen);
            has_gaps |= glyphs.clone().any(|glyph| glyph.glyph_id == 0);
            let ends = run.glyphs.iter().map(|glyph| (glyph.start, glyph.end));
            let (from, to) = ends.fold((usize::MAX, 0), |(from, to), (start, end)| (from.min(start), to.max(end)));
            let width = run.line_w - leading;
            block.rows.push(Row {
                glyphs: glyphs.map(glyph).collect(),
                width,
                baseline: run.line_y,
                is_rtl: run.rtl,
                bytes: from.min(to)..to,
            });
            block.width = block.width.max(width);
            block.height = block.height.max(run.line_top + run.line_height);
            block.cut = to < run.text.trim_end().len();
        }
        Self { block, has_gaps }
    }
}

/// Isolates and embeddings (Unicode UAX #9 §2): Fluent puts them around what stands in a text.
fn is_mark(text: &str) -> bool {
    let is = |c: char| matches!(c, '\u{2066}'..='\u{2069}' | '\u{202a}'..='\u{202e}' | '\u{200e}' | '\u{200f}');
    !text.is_empty() && text.chars().all(is)
}

/// Width of the blanks that a line which ends in an ellipsis begins with.
fn leading(run: &LayoutRun<'_>) -> f32 {
    let is_blank =
        |glyph: &&LayoutGlyph| run.text.get(glyph.start..glyph.end).is_some_and(|text| text.trim().is_empty());
    if run.rtl { 0.0 } else { run.glyphs.iter().take_while(is_blank).map(|glyph| glyph.w).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Color = Color::rgb(0xFF_FFFF);

    fn typesetter() -> Typesetter {
        Typesetter::new("en").expect("the system has fonts")
    }

    #[test]
    fn text_is_wrapped_and_cut() {
        let mut type_ = typesetter();
        let short = type_.set("Hello", Face::Body, 28.0, 500.0, 2);
        assert_eq!((short.lines(), short.cut), (1, false));
        assert!(short.width > 20.0 && short.width < 500.0);
        let long = "word ".repeat(200);
        let cut = type_.set(&long, Face::Body, 28.0, 300.0, 2);
        assert_eq!((cut.lines(), cut.cut), (2, true));
        assert!(cut.width <= 301.0, "{}", cut.width);
        let endless = type_.set(&"x".repeat(3_000), Face::Body, 28.0, 300.0, 3);
        assert_eq!(endless.lines(), 3);
        assert_eq!(type_.set("two\nparagraphs\u{2029}three", Face::Body, 28.0, 900.0, 4).lines(), 1);
        assert!(type_.set("", Face::Body, 28.0, 300.0, 3).width.abs() < 0.01);
    }

    #[test]
    fn the_lines_of_a_text_are_all_of_it() {
        let mut type_ = typesetter();
        for text in [
            "one two three four five six seven eight nine ten",
            "واحد اثنان ثلاثة أربعة خمسة ستة",
            "いろはにほへとちりぬるを",
        ] {
            let block = type_.set(text, Face::Body, 28.0, 160.0, 99);
            assert!(block.lines() > 1);
            assert_eq!(block.piece(0..99), text);
            let halves = [block.piece(0..1), block.piece(1..99)];
            assert!(halves.iter().all(|half| !half.is_empty()), "{halves:?}");
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(letters(&halves.concat()), letters(text));
            assert_eq!(block.piece(99..100), "");
        }
    }

    #[test]
    fn the_same_text_is_not_shaped_again_and_many_are_not_kept() {
        let mut type_ = typesetter();
        let first = type_.set("Hello", Face::Body, 28.0, 500.0, 2);
        assert!(Arc::ptr_eq(&first, &type_.set("Hello", Face::Body, 28.0, 500.0, 2)));
        for number in 0..1_000 {
            type_.set(&format!("{number}"), Face::Body, 28.0, 500.0, 2);
        }
        type_.tidy();
        assert_eq!(type_.shaped.len(), 1, "what is held by somebody");
    }

    #[test]
    fn text_from_right_to_left_stands_on_the_right() {
        let mut type_ = typesetter();
        let mut inked = |text: &str, stand| {
            let mut pixmap = tiny_skia::Pixmap::new(300, 60).expect("is small");
            let block = type_.set(text, Face::Body, 28.0, 280.0, 1);
            type_.draw(&mut pixmap.as_mut(), &block, (0.0, 0.0), (stand, 300.0), INK);
            let columns =
                (0..300).filter(|x| (0..60).any(|y| pixmap.pixel(*x, y).is_some_and(|pixel| pixel.alpha() > 0)));
            (columns.clone().min().expect("ink"), columns.max().expect("ink"))
        };
        assert!(inked("مرحبا", Stand::Natural).0 > 200);
        assert!(inked("Hello", Stand::Natural).1 < 100);
        assert!(inked("Hello", Stand::Right).0 > 200);
        assert!(inked("مرحبا", Stand::Left).0 < 20);
        // What keeps a direction is not seen.
        assert_eq!(inked("\u{2068}Hello\u{2069}", Stand::Left), inked("Hello", Stand::Left));
    }

    #[test]
    fn whatever_a_stranger_types_is_drawn_or_not_but_does_no_harm() {
        let mut type_ = typesetter();
        let mut pixmap = tiny_skia::Pixmap::new(300, 120).expect("is small");
        for text in [
            "שלום עולם",
            "مرحبا بالعالم",
            "नमस्ते",
            "你好",
            "👩‍👩‍👧 🏳️‍🌈",
            "\u{0}\u{7}\u{202e}abc\u{feff}",
            "e\u{301}\u{301}\u{301}\u{301}",
        ] {
            let block = type_.set(text, Face::Body, 28.0, 280.0, 2);
            type_.draw(&mut pixmap.as_mut(), &block, (0.0, 0.0), (Stand::Centre, 280.0), INK);
        }
        assert!(pixmap.pixels().iter().any(|pixel| pixel.alpha() > 0));
    }
}
