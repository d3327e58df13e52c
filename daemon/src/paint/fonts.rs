//! Which fonts are used: Noto by name, in a fixed order, so that the same text looks the same on every kiosk.

use std::path::{Path, PathBuf};

use cosmic_text::{FontSystem, fontdb};

use super::PaintError;

/// Where fonts are: Debian's and Yocto's places.
const DIRECTORIES: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts"];

/// Families that the screens are made for, best first: regular and bold.
const FAMILIES: &[[&str; 2]] = &[
    ["NotoSans-Regular.ttf", "NotoSans-Bold.ttf"],
    ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"],
    ["LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"],
    ["FreeSans.ttf", "FreeSansBold.ttf"],
];

/// What a language needs beside: its tag, the files, and the Debian package that has them.
const SCRIPTS: &[(&str, [&str; 2], &str)] = &[
    ("ar", ["NotoSansArabic-Regular.ttf", "NotoSansArabic-Bold.ttf"], "fonts-noto-core"),
    ("ja", ["NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"], "fonts-noto-cjk"),
];

/// The fonts of the system, as far as they were needed.
pub(super) struct Fonts {
    pub(super) system: FontSystem,
    /// Of all text; what it lacks comes from the family that cosmic-text names for the script, all of them Noto's.
    pub(super) family: String,
    files: Vec<PathBuf>,
    has_all: bool,
}

impl Fonts {
    /// The family that the screens are made for, and what this language needs. Fonts of other scripts are read when a text first
    /// needs them.
    pub(super) fn new(language: &'static str) -> Result<Self, PaintError> {
        let directories: Vec<_> = DIRECTORIES.iter().map(PathBuf::from).collect();
        Self::in_directories(&directories, language)
    }

    pub(super) fn in_directories(directories: &[PathBuf], language: &'static str) -> Result<Self, PaintError> {
        let mut files = Vec::new();
        for directory in directories {
            find(directory, &mut files, 0);
        }
        // A directory has no order of its own.
        files.sort_unstable();
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
        for (_, [regular, bold], package) in SCRIPTS.iter().filter(|(of, ..)| *of == language) {
            match (named(regular), named(bold)) {
                (Some(regular), Some(bold)) => {
                    let _ = db.load_font_file(regular);
                    let _ = db.load_font_file(bold);
                }
                _ => tracing::warn!(language, package, "the panel's language has no fonts of its own: install them"),
            }
        }
        let has_all = db.is_empty();
        if has_all {
            files.iter().for_each(|file| drop(db.load_font_file(file)));
        }
        let family = db.faces().next().and_then(|face| face.families.first()).map(|(name, _)| name.clone());
        let family = family.ok_or(PaintError::NoFont)?;
        // The locale decides which of the Han characters' shapes are meant.
        Ok(Self { system: FontSystem::new_with_locale_and_db(language.to_owned(), db), family, files, has_all })
    }

    /// Reads all fonts that there are. False: they were read before.
    pub(super) fn load_all(&mut self) -> bool {
        if std::mem::replace(&mut self.has_all, true) {
            return false;
        }
        let nothing = FontSystem::new_with_locale_and_db(String::new(), fontdb::Database::new());
        // Font matches are cached inside: a new system is the way to have them looked up again.
        let (locale, mut db) = std::mem::replace(&mut self.system, nothing).into_locale_and_db();
        let known: Vec<_> = db
            .faces()
            .filter_map(|face| match &face.source {
                fontdb::Source::File(path) | fontdb::Source::SharedFile(path, _) => Some(path.clone()),
                fontdb::Source::Binary(_) => None,
            })
            .collect();
        for file in self.files.iter().filter(|file| !known.contains(*file)) {
            // What is no font is left alone.
            let _ = db.load_font_file(file);
        }
        self.system = FontSystem::new_with_locale_and_db(locale, db);
        true
    }
}

/// Files below a directory. Links that go in circles end at a depth.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_font_at_all_is_a_sentence() {
        let error = Fonts::in_directories(&[PathBuf::from("/nowhere")], "en").err().expect("there is nothing");
        assert!(error.to_string().contains("fonts-noto-core"), "{error}");
    }

    #[test]
    fn every_language_has_its_fonts_here() {
        for (language, names, package) in SCRIPTS {
            let fonts = Fonts::new(language).expect("the system has fonts");
            for name in names {
                let is_there = fonts.files.iter().any(|file| file.ends_with(name));
                assert!(is_there, "{name} is missing: scripts/setup runtime installs {package}");
            }
        }
    }
}
