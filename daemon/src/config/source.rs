//! The text of a config file: where in it something is, and which keys it should not have.

use std::{ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    ConfigError,
    keys::{FREE, KEYS, SECTIONS},
};

/// How alike two names must be to be taken for each other, 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.8;

/// A config file.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at a byte of the text.
    fn error(&self, span: Option<Range<usize>>, message: String) -> ConfigError {
        let start = span.map_or(0, |span| span.start).min(self.text.len());
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        ConfigError::Wrong { path: self.path.to_owned(), line, message }
    }

    /// An error of the TOML parser or of a value, with the key it stands under.
    pub(super) fn wrong(&self, error: &toml::de::Error) -> ConfigError {
        let start = error.span().map_or(0, |span| span.start).min(self.text.len());
        let line = self.text.get(..start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let message = error.message().replace('\n', ", ");
        match line.split_once('=') {
            Some((key, _)) => self.error(error.span(), format!("{}: {message}", key.trim())),
            None => self.error(error.span(), message),
        }
    }

    /// An error at the value of a key.
    pub(super) fn at(&self, path: &[&str], message: String) -> ConfigError {
        let span = DeTable::parse(self.text).ok().and_then(|table| find(table.get_ref(), path));
        self.error(span, message)
    }

    /// Names each key that the table of keys lacks, and the nearest that it has.
    pub(super) fn refuse_unknown_keys(&self) -> Result<(), ConfigError> {
        let table = DeTable::parse(self.text).map_err(|error| self.wrong(&error))?;
        self.check(table.get_ref(), "")
    }

    fn check(&self, table: &DeTable<'_>, section: &str) -> Result<(), ConfigError> {
        // The order of the file, so that the first error is the first in the file.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name: &str = key.get_ref();
            let inner = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            let is_section = SECTIONS.iter().any(|(known, _)| *known == inner);
            if FREE.contains(&inner.as_str()) {
                continue;
            }
            if is_section {
                self.check_inner(value, &inner)?;
            } else if !KEYS.iter().any(|key| key.section == section && key.name == name) {
                let stray = section.is_empty() && value.get_ref().as_table().is_none();
                let message = if stray { no_section(name) } else { unknown(section, name) };
                return Err(self.error(Some(key.span()), message));
            }
        }
        Ok(())
    }

    fn check_inner(&self, value: &Spanned<DeValue<'_>>, section: &str) -> Result<(), ConfigError> {
        let values = match value.get_ref() {
            DeValue::Array(entries) => entries.iter().collect(),
            // A scalar where a table belongs: the values' own errors say so.
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => vec![value],
        };
        let tables = values.into_iter().filter_map(|value| value.get_ref().as_table());
        tables.into_iter().try_for_each(|table| self.check(table, section))
    }
}

fn find(table: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (_, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    match value.get_ref().as_table() {
        Some(inner) if !rest.is_empty() => find(inner, rest),
        Some(_) | None => Some(value.span()),
    }
}

fn no_section(name: &str) -> String {
    match KEYS.iter().find(|key| key.name == name) {
        Some(key) => format!("key '{name}' is in no section; put it below [{}]", key.section),
        None => format!("unknown key '{name}'"),
    }
}

fn unknown(section: &str, name: &str) -> String {
    let known: Vec<&str> = if section.is_empty() {
        SECTIONS.iter().map(|(known, _)| *known).filter(|known| !known.contains('.')).collect()
    } else {
        KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect()
    };
    let what = if section.is_empty() {
        format!("unknown section [{name}]")
    } else {
        format!("unknown key '{name}' in [{section}]")
    };
    let nearest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), *known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, nearest)) => format!("{what}; did you mean '{nearest}'?"),
        None => format!("{what}; known are {}", known.join(", ")),
    }
}
