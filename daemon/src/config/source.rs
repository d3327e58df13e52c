//! The text of a config file or of a variable: where in it something is, and which keys it should not have.

use std::{ops::Range, path::PathBuf};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Config, ConfigError,
    keys::{FREE, KEYS, SECTIONS},
};

/// How alike two names must be to be taken for each other, 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.8;

/// Where a part of the config comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    /// Of the environment; the text is its value, made a line of TOML.
    Variable(String),
}

/// A part of the config.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) place: Place,
    pub(super) text: String,
}

impl Source {
    /// An error at a byte of the text.
    pub(super) fn error(&self, span: Option<Range<usize>>, message: String) -> ConfigError {
        match &self.place {
            Place::File(path) => {
                let line = self.line(span.map_or(0, |span| span.start));
                ConfigError::Wrong { path: path.clone(), line, message }
            }
            Place::Variable(name) => ConfigError::Variable { name: name.clone(), message },
        }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        let before = self.text.as_bytes().get(..byte.min(self.text.len())).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// What this part says. It is checked as if it were the whole config, so that every error names its line.
    pub(super) fn read(&self) -> Result<toml::Table, ConfigError> {
        self.refuse_unknown_keys()?;
        toml::from_str::<Config>(&self.text).map_err(|error| self.wrong(&error))?;
        toml::from_str(&self.text).map_err(|error| self.wrong(&error))
    }

    /// An error of the TOML parser or of a value, with the key it stands under.
    fn wrong(&self, error: &toml::de::Error) -> ConfigError {
        let start = error.span().map_or(0, |span| span.start).min(self.text.len());
        let line = self.text.get(..start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let message = error.message().replace('\n', ", ");
        match line.split_once('=') {
            // A variable's own name says it.
            Some((key, _)) if matches!(self.place, Place::File(_)) => {
                self.error(error.span(), format!("{}: {message}", key.trim()))
            }
            Some(_) | None => self.error(error.span(), message),
        }
    }

    /// The value of a key; None: it is not here.
    pub(super) fn find(&self, path: &[&str]) -> Option<Range<usize>> {
        find(DeTable::parse(&self.text).ok()?.get_ref(), path)
    }

    /// Names each key that the table of keys lacks, and the nearest that it has.
    fn refuse_unknown_keys(&self) -> Result<(), ConfigError> {
        let table = DeTable::parse(&self.text).map_err(|error| self.wrong(&error))?;
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
    match nearest(known.iter().copied(), name) {
        Some(nearest) => format!("{what}; did you mean '{nearest}'?"),
        None => format!("{what}; known are {}", known.join(", ")),
    }
}

/// What somebody may have meant by a name that is not known.
pub(super) fn nearest<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let alike = known.map(|known| (strsim::jaro_winkler(known, name), known));
    alike.filter(|(alike, _)| *alike >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, nearest)| nearest)
}
