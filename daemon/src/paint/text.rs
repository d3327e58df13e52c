//! Text: shaped and wrapped by cosmic-text, its outlines filled by tiny-skia.

use std::path::{Path, PathBuf};

use cosmic_text::{
    Align, Attrs, Buffer, CacheKey, Command, Ellipsize, EllipsizeHeightLimit, Family, FontSystem, LayoutGlyph,
    LayoutRun, Metrics, Shaping, SwashCache, SwashContent, Weight, Wrap, fontdb,
};
use tiny_skia::{ColorU8, FillRule, PathBuilder, PixmapMut, PixmapPaint, PixmapRef, Transform};

use super::{
    PaintError,
    theme::{Color, Face},
};

/// Where fonts are: Debian's and Yocto's places.
const DIRECTORIES: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts"];

/// Families that the screens are made for, best first: regular and bold.
const FAMILIES: &[[&str; 2]] = &[
    ["NotoSans-Regular.ttf", "NotoSans-Bold.ttf"],
    ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"],
    ["LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"],
    ["FreeSans.ttf", "FreeSansBold.ttf"],
];

/// Height of a line in font sizes.
const LINE_HEIGHT: f32 = 1.28;

/// More glyphs than this are not kept: a stranger who types all of Unicode does not fill the memory.
const KEPT_OUTLINES: usize = 4_000;

/// Shapes and draws text.
pub(super) struct Typesetter {
    fonts: FontSystem,
    family: String,
    cache: SwashCache,
    directories: Vec<PathBuf>,
    /// Fonts for further scripts have been looked for.
    all_loaded: bool,
}

/// Text that is shaped and wrapped.
pub(super) struct Block {
    buffer: Buffer,
    /// Of the longest line.
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) lines: usize,
    /// Not all of the text is in it.
    pub(super) cut: bool,
}

/// How lines stand in the width that they are drawn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Left,
    Centre,
}

impl Typesetter {
    /// With the system's fonts. Only the family that the screens are made for is read now; fonts of other scripts are read
    /// when a text first needs them.
    pub(super) fn new() -> Result<Self, PaintError> {
        Self::with_fonts_in(DIRECTORIES.iter().map(PathBuf::from).collect())
    }

    fn with_fonts_in(directories: Vec<PathBuf>) -> Result<Self, PaintError> {
        let mut files = Vec::new();
        for directory in &directories {
            find(directory, &mut files, 0);
        }
        let mut db = fontdb::Database::new();
        let named = |name: &str| files.iter().find(|file| file.file_name().is_some_and(|last| last == name));
        for [regular, bold] in FAMILIES {
            if let (Some(regular), Some(bold)) = (named(regular), named(bold)) {
                // A font that does not parse is one that is not there.
                let _ = db.load_font_file(regular);
                let _ = db.load_font_file(bold);
                break;
            }
        }
        let all_loaded = db.is_empty();
        if all_loaded {
            load_all(&mut db, &directories);
        }
        let family = db.faces().next().and_then(|face| face.families.first()).map(|(name, _)| name.clone());
        let family = family.ok_or(PaintError::NoFont)?;
        let fonts = FontSystem::new_with_locale_and_db("en-US".to_owned(), db);
        Ok(Self { fonts, family, cache: SwashCache::new(), directories, all_loaded })
    }

    /// Shapes a text and breaks it into at most so many lines of at most this width; what is too much ends in "…".
    pub(super) fn set(&mut self, text: &str, face: Face, unit: f32, width: f32, lines: usize) -> Block {
        let mut buffer = self.shape(text, face, unit, width, None);
        if buffer.layout_runs().nth(lines.max(1)).is_some() {
            buffer = self.shape(text, face, unit, width, Some(lines.max(1)));
        }
        let missing = buffer.layout_runs().any(|run| run.glyphs.iter().any(|glyph| glyph.glyph_id == 0));
        if !missing || self.all_loaded {
            return block(buffer);
        }
        load_all(self.fonts.db_mut(), &self.directories);
        self.all_loaded = true;
        // Font matches are cached inside: a new system is the way to have them looked up again.
        let (locale, db) = std::mem::replace(
            &mut self.fonts,
            FontSystem::new_with_locale_and_db(String::new(), fontdb::Database::new()),
        )
        .into_locale_and_db();
        self.fonts = FontSystem::new_with_locale_and_db(locale, db);
        self.set(text, face, unit, width, lines)
    }

    /// All lines, or as many as are said with an ellipsis at the end.
    fn shape(&mut self, text: &str, face: Face, unit: f32, width: f32, lines: Option<usize>) -> Buffer {
        let size = (face.size() * unit).max(1.0);
        let metrics = Metrics::new(size, size * LINE_HEIGHT);
        let mut buffer = Buffer::new(&mut self.fonts, metrics);
        let weight = if face.is_bold() { Weight::BOLD } else { Weight::NORMAL };
        let attrs = Attrs::new().family(Family::Name(&self.family)).weight(weight);
        // One paragraph: the line limit below is of a paragraph.
        let text: String = text
            .chars()
            .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
            .collect();
        buffer.set_wrap(Wrap::WordOrGlyph);
        if let Some(lines) = lines {
            buffer.set_ellipsize(Ellipsize::End(EllipsizeHeightLimit::Lines(lines)));
        }
        buffer.set_size(Some(width.max(size)), None);
        buffer.set_text(&text, &attrs, Shaping::Advanced, Some(Align::Left));
        buffer.shape_until_scroll(&mut self.fonts, false);
        buffer
    }

    /// Draws a block with its top left corner at (`x`, `y`), its lines standing in `width`.
    pub(super) fn draw(
        &mut self,
        pixmap: &mut PixmapMut<'_>,
        block: &Block,
        (x, y): (f32, f32),
        stand: (Stand, f32),
        color: Color,
    ) {
        if self.cache.outline_command_cache.len() > KEPT_OUTLINES {
            self.cache = SwashCache::new();
        }
        let mut path = PathBuilder::new();
        for run in block.buffer.layout_runs() {
            let indent = match stand {
                (Stand::Left, _) => -leading(&run),
                (Stand::Centre, width) => ((width - run.line_w - leading(&run)) / 2.0).max(0.0),
            };
            for glyph in run.glyphs {
                let at = (
                    x + indent + glyph.x + glyph.font_size * glyph.x_offset,
                    // Baselines on whole pixels are sharper.
                    (y + run.line_y).round() + glyph.y - glyph.font_size * glyph.y_offset,
                );
                let key = cache_key(glyph);
                match self.cache.get_outline_commands(&mut self.fonts, key) {
                    Some(commands) => outline(&mut path, commands, at),
                    None => self.draw_picture(pixmap, key, at),
                }
            }
        }
        if let Some(path) = path.finish() {
            pixmap.fill_path(&path, &color.paint(), FillRule::Winding, Transform::identity(), None);
        }
    }

    /// Draws a glyph that is a picture, such as an emoji.
    fn draw_picture(&mut self, pixmap: &mut PixmapMut<'_>, key: CacheKey, (x, y): (f32, f32)) {
        let Some(image) = self.cache.get_image_uncached(&mut self.fonts, key) else { return };
        if image.content != SwashContent::Color {
            return;
        }
        let bytes: Vec<u8> = image
            .data
            .chunks_exact(4)
            .flat_map(|rgba| {
                let color = ColorU8::from_rgba(rgba[2], rgba[1], rgba[0], rgba[3]).premultiply();
                [color.red(), color.green(), color.blue(), color.alpha()]
            })
            .collect();
        let Some(picture) = PixmapRef::from_bytes(&bytes, image.placement.width, image.placement.height) else {
            return;
        };
        #[expect(clippy::cast_possible_truncation, reason = "a place on a panel")]
        let (left, top) = (x.round() as i32 + image.placement.left, y.round() as i32 - image.placement.top);
        pixmap.draw_pixmap(left, top, picture, &PixmapPaint::default(), Transform::identity(), None);
    }
}

impl std::fmt::Debug for Typesetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typesetter").field("family", &self.family).finish_non_exhaustive()
    }
}

fn block(buffer: Buffer) -> Block {
    let (mut width, mut height, mut lines) = (0.0_f32, 0.0_f32, 0);
    for run in buffer.layout_runs() {
        width = width.max(run.line_w);
        height = height.max(run.line_top + run.line_height);
        lines += 1;
    }
    let cut = buffer.layout_runs().last().is_some_and(|run| {
        let shown = run.glyphs.iter().map(|glyph| glyph.end).max().unwrap_or(0);
        shown < run.text.trim_end().len()
    });
    Block { buffer, width, height, lines, cut }
}

/// Width of the blanks that a line which ends in an ellipsis begins with.
fn leading(run: &LayoutRun<'_>) -> f32 {
    let is_blank =
        |glyph: &&LayoutGlyph| run.text.get(glyph.start..glyph.end).is_some_and(|text| text.trim().is_empty());
    if run.rtl { 0.0 } else { run.glyphs.iter().take_while(is_blank).map(|glyph| glyph.w).sum() }
}

/// The key of a glyph's outline, which does not depend on where it is drawn.
fn cache_key(glyph: &LayoutGlyph) -> CacheKey {
    let (key, _, _) = CacheKey::new(
        glyph.font_id,
        glyph.glyph_id,
        glyph.font_size,
        (0.0, 0.0),
        glyph.font_weight,
        glyph.cache_key_flags | cosmic_text::CacheKeyFlags::DISABLE_HINTING,
    );
    key
}

fn outline(path: &mut PathBuilder, commands: &[Command], (x, y): (f32, f32)) {
    for command in commands {
        match command {
            Command::MoveTo(p) => path.move_to(x + p.x, y - p.y),
            Command::LineTo(p) => path.line_to(x + p.x, y - p.y),
            Command::QuadTo(c, p) => path.quad_to(x + c.x, y - c.y, x + p.x, y - p.y),
            Command::CurveTo(c, d, p) => path.cubic_to(x + c.x, y - c.y, x + d.x, y - d.y, x + p.x, y - p.y),
            Command::Close => path.close(),
        }
    }
}

/// Font files below a directory. Links that go in circles end at a depth.
fn find(directory: &Path, files: &mut Vec<PathBuf>, depth: u32) {
    const DEEPEST: u32 = 6;
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if depth < DEEPEST {
                find(&path, files, depth + 1);
            }
        } else {
            files.push(path);
        }
    }
}

fn load_all(db: &mut fontdb::Database, directories: &[PathBuf]) {
    for directory in directories {
        db.load_fonts_dir(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_font_at_all_is_a_sentence() {
        let error = Typesetter::with_fonts_in(vec![PathBuf::from("/nowhere")]).expect_err("there is nothing");
        assert!(error.to_string().contains("fonts-noto-core"), "{error}");
    }

    #[test]
    fn text_is_wrapped_and_cut() {
        let mut type_ = Typesetter::new().expect("the system has fonts");
        let short = type_.set("Hello", Face::Body, 5.0, 500.0, 2);
        assert_eq!((short.lines, short.cut), (1, false));
        assert!(short.width > 20.0 && short.width < 500.0);
        let long = "word ".repeat(200);
        let cut = type_.set(&long, Face::Body, 5.0, 300.0, 2);
        assert_eq!((cut.lines, cut.cut), (2, true));
        assert!(cut.width <= 301.0, "{}", cut.width);
        let endless = type_.set(&"x".repeat(3_000), Face::Body, 5.0, 300.0, 3);
        assert_eq!(endless.lines, 3);
        assert_eq!(type_.set("two\nparagraphs\u{2029}three", Face::Body, 5.0, 900.0, 4).lines, 1);
        assert_eq!(type_.set("", Face::Body, 5.0, 300.0, 3).width, 0.0);
    }

    #[test]
    fn whatever_a_stranger_types_is_drawn_or_not_but_does_no_harm() {
        let mut type_ = Typesetter::new().expect("the system has fonts");
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
            let block = type_.set(text, Face::Body, 5.0, 280.0, 2);
            type_.draw(&mut pixmap.as_mut(), &block, (0.0, 0.0), (Stand::Centre, 280.0), crate::paint::theme::INK);
        }
        assert!(pixmap.pixels().iter().any(|pixel| pixel.alpha() > 0));
    }
}
