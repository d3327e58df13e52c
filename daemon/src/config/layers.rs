//! What a config is made of: files and the environment, one over the other, and which of them set what.

use std::{
    env,
    fmt::{self, Write as _},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Config, ConfigError, DEFAULT_FILE, PathsSection, environment,
    keys::{FREE, KEYS, SECTIONS},
    source::{Place, Source},
};

/// Of whoever made the image or the package.
const VENDOR_FILE: &str = "/usr/lib/kioskd/kioskd.toml";
/// Files that end in `.toml`, in the order of their names.
pub(super) const DROP_INS: &str = "/etc/kioskd/kioskd.toml.d";
/// Until the next boot. Not below /run/kioskd: that goes with the service.
const RUNTIME_FILE: &str = "/run/kioskd.toml";

/// The parts of a config, as they are found: later ones win.
#[derive(Debug)]
pub struct Layers {
    sources: Vec<Source>,
    /// What could not be read.
    failure: Option<ConfigError>,
    state_dir: Option<PathBuf>,
}

impl Layers {
    /// The files of the system and the environment; or a file alone and the environment. What is wrong with them
    /// [`Layers::effective`] says.
    #[must_use]
    pub fn read(file: Option<&Path>) -> Self {
        Self::below(Path::new("/"), file, variables())
    }

    /// As [`Layers::read`] without a file, of the system below `root`.
    #[must_use]
    pub fn read_below(root: &Path) -> Self {
        Self::below(root, None, variables())
    }

    /// The files of a system below `root` and the environment, as if its drop-in of this name had this text.
    #[must_use]
    pub(super) fn with_drop_in(root: &Path, name: &str, text: &str) -> Self {
        let mut layers = Self { sources: Vec::new(), failure: None, state_dir: None };
        layers.add_system(root, Some((name, text)));
        layers.add_variables(variables());
        layers
    }

    fn below(root: &Path, file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Self {
        let mut layers = Self { sources: Vec::new(), failure: None, state_dir: None };
        match file {
            Some(file) => {
                let text = fs::read_to_string(file);
                layers.add(file, text);
            }
            None => layers.add_system(root, None),
        }
        layers.add_variables(variables);
        layers.state_dir = layers.find_state_dir(file.is_none());
        layers
    }

    fn add_variables(&mut self, variables: impl Iterator<Item = (String, String)>) {
        match environment::sources(variables) {
            Ok(sources) => self.sources.extend(sources),
            Err(error) => self.fail(error),
        }
    }

    /// A file alone, of which the text is known.
    pub(crate) fn of_text(path: &Path, text: &str) -> Self {
        let source = Source { place: Place::File(path.to_owned()), text: text.to_owned() };
        Self { sources: vec![source], failure: None, state_dir: None }
    }

    /// `candidate`: name and text of a drop-in that is not written yet.
    fn add_system(&mut self, root: &Path, candidate: Option<(&str, &str)>) {
        let at = |path: &str| root.join(path.trim_start_matches('/'));
        let candidate = candidate.map(|(name, text)| (at(DROP_INS).join(name), text));
        let mut drop_ins = match names(&at(DROP_INS)) {
            Ok(names) => names,
            Err(source) => {
                self.fail(ConfigError::Unreadable { path: at(DROP_INS), source });
                Vec::new()
            }
        };
        if let Some((path, _)) = candidate.as_ref().filter(|(path, _)| !drop_ins.contains(path)) {
            drop_ins.push(path.clone());
            drop_ins.sort_unstable();
        }
        let before = [at(VENDOR_FILE), at(DEFAULT_FILE)];
        for path in before.into_iter().chain(drop_ins).chain([at(RUNTIME_FILE)]) {
            if let Some((_, text)) = candidate.as_ref().filter(|(candidate, _)| *candidate == path) {
                self.add(&path, Ok((*text).to_owned()));
                continue;
            }
            match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                text => self.add(&path, text),
            }
        }
        if self.sources.is_empty() {
            self.fail(ConfigError::Unreadable { path: at(DEFAULT_FILE), source: io::ErrorKind::NotFound.into() });
        }
    }

    fn add(&mut self, path: &Path, text: io::Result<String>) {
        match text {
            Ok(text) => self.sources.push(Source { place: Place::File(path.to_owned()), text }),
            Err(source) => self.fail(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// The first failure is the one to be put right first.
    fn fail(&mut self, error: ConfigError) {
        self.failure.get_or_insert(error);
    }

    /// That there is no file at all is no mistake: the defaults hold.
    #[must_use]
    pub fn or_defaults(mut self) -> Self {
        let is_missing = |error: &ConfigError| {
            matches!(error, ConfigError::Unreadable { source, path }
                if source.kind() == io::ErrorKind::NotFound && path == Path::new(DEFAULT_FILE))
        };
        self.failure = self.failure.filter(|error| !is_missing(error));
        self
    }

    /// Where the state is, as far as a config that may be wrong says so. None: a file was named that does not.
    #[must_use]
    pub fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }

    fn find_state_dir(&self, has_default: bool) -> Option<PathBuf> {
        let of = |source: &Source| {
            let table: toml::Table = toml::from_str(&source.text).ok()?;
            Some(PathBuf::from(table.get("paths")?.get("state_dir")?.as_str()?))
        };
        let found = self.sources.iter().rev().find_map(of);
        found.or_else(|| has_default.then(|| PathsSection::default().state_dir))
    }

    /// The config that they make together.
    ///
    /// # Errors
    /// [`ConfigError`], each a sentence that names the file, the line (or the variable) and what to do.
    pub fn effective(self) -> Result<Effective, ConfigError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let mut merged = toml::Table::new();
        for source in &self.sources {
            merge(&mut merged, source.read()?);
        }
        let config: Config = merged.clone().try_into().map_err(|error| self.at(&[], error.to_string()))?;
        config.refuse(&self)?;
        Ok(Effective { config, layers: self, merged })
    }

    /// An error at a key, in the part that has set it; else in the last that has set something beside it.
    pub(super) fn at(&self, path: &[&str], message: String) -> ConfigError {
        let longest_first = (1..=path.len()).rev().filter_map(|length| path.get(..length));
        for path in longest_first {
            let found = self.sources.iter().rev().find_map(|source| Some((source, source.find(path)?)));
            if let Some((source, span)) = found {
                return source.error(Some(span), message);
            }
        }
        match self.sources.last() {
            Some(source) => source.error(None, message),
            None => ConfigError::Wrong { path: DEFAULT_FILE.into(), line: 1, message },
        }
    }

    /// How late a key was set: its part and its line. None: nowhere.
    pub(super) fn rank(&self, path: &[&str]) -> Option<(usize, usize)> {
        let last = self.sources.iter().enumerate().rev();
        last.filter_map(|(index, source)| Some((index, source.find(path)?.start))).next()
    }

    fn origin(&self, path: &[&str]) -> Origin {
        let found = self.sources.iter().rev().find_map(|source| Some((source, source.find(path)?)));
        match found.map(|(source, span)| (&source.place, source.line(span.start))) {
            Some((Place::File(path), line)) => Origin::File { path: path.clone(), line },
            Some((Place::Variable(name), _)) => Origin::Environment { variable: name.clone() },
            None => Origin::Default,
        }
    }
}

fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// The drop-ins of a directory, if there is one.
fn names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let is_drop_in = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml") && !is_hidden(path);
    let mut paths: Vec<_> = paths?.into_iter().filter(is_drop_in).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// Tables by key; all else replaces what was there.
fn merge(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => merge(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

/// A config that was taken, and where each key of it comes from.
#[derive(Debug)]
pub struct Effective {
    /// The config.
    pub config: Config,
    layers: Layers,
    merged: toml::Table,
}

/// What set a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing: it is built in.
    Default,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// The environment.
    Environment {
        /// The name of the variable.
        variable: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { variable } => write!(f, "environment, {variable}"),
        }
    }
}

/// A key of a config that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Table, as in its header; for a pinned peer `trust`.
    pub section: &'static str,
    /// Name in the table; for pinned peers `peer`: all of them are one list.
    pub key: String,
    /// As TOML, in one expression.
    pub value: String,
    /// What set it.
    pub origin: Origin,
}

impl Setting {
    /// With its table, as a dotted key.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, quoted(&self.key))
    }
}

/// Whether two values are the same, however they are written: `1_000` is `1000`.
#[must_use]
pub fn same_value(one: &str, other: &str) -> bool {
    let parse = |text: &str| text.parse::<toml::Value>().ok();
    one == other || parse(one).is_some_and(|one| parse(other) == Some(one))
}

impl Effective {
    /// Every key that has a value, in the order of [`super::default_config`].
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (section, _) in SECTIONS.iter().filter(|(section, _)| *section != PEERS.join(".")) {
            let table = section.split('.').try_fold(&self.merged, |table, part| table.get(part)?.as_table());
            if FREE.contains(section) {
                for (key, value) in table.into_iter().flatten() {
                    settings.push(self.setting(section, key, value));
                }
                continue;
            }
            for key in KEYS.iter().filter(|key| key.section == *section) {
                match table.and_then(|table| table.get(key.name)) {
                    Some(value) => settings.push(self.setting(section, key.name, value)),
                    None if key.optional => {}
                    None => settings.push(Setting {
                        section,
                        key: key.name.to_owned(),
                        value: key.value.to_owned(),
                        origin: Origin::Default,
                    }),
                }
            }
            if *section == PEERS[0]
                && let Some(peers) = table.and_then(|table| table.get(PEERS[1]))
            {
                settings.push(self.setting(section, PEERS[1], peers));
            }
        }
        settings
    }

    fn setting(&self, section: &'static str, key: &str, value: &toml::Value) -> Setting {
        let path: Vec<_> = section.split('.').chain([key]).collect();
        Setting { section, key: key.to_owned(), value: value.to_string(), origin: self.layers.origin(&path) }
    }

    /// All of it as one TOML file, each key with its origin.
    #[must_use]
    pub fn printed(&self) -> String {
        printed(&self.settings(), true)
    }

    /// All of it as one TOML file.
    #[must_use]
    pub fn printed_plain(&self) -> String {
        printed(&self.settings(), false)
    }

    /// What is not as it is built in, as one TOML file, each key with its origin.
    #[must_use]
    pub fn printed_changes(&self) -> String {
        let is_set = |setting: &Setting| setting.origin != Origin::Default;
        printed(&self.settings().into_iter().filter(is_set).collect::<Vec<_>>(), true)
    }

    /// The files and variables that it is made of, the strongest last.
    pub fn parts(&self) -> impl Iterator<Item = String> {
        self.layers.sources.iter().map(|source| match &source.place {
            Place::File(path) => path.display().to_string(),
            Place::Variable(name) => name.clone(),
        })
    }
}

/// What holds where nothing is written.
#[must_use]
pub fn defaults() -> Effective {
    let layers = Layers { sources: Vec::new(), failure: None, state_dir: None };
    layers.effective().expect("the defaults are a config")
}

/// The pinned peers: a list of tables, and so one value.
const PEERS: [&str; 2] = ["trust", "peer"];

fn printed(settings: &[Setting], with_origin: bool) -> String {
    let mut out = String::new();
    let mut section = "";
    for setting in settings {
        if setting.section != section {
            section = setting.section;
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}[{section}]");
        }
        let origin = if with_origin { format!("  # {}", setting.origin) } else { String::new() };
        let _ = writeln!(out, "{} = {}{origin}", quoted(&setting.key), setting.value);
    }
    out
}

/// A key as TOML: some names of cameras' controls need quotes, and those of JSON are TOML's.
fn quoted(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { key.to_owned() } else { serde_json::Value::from(key).to_string() }
}

#[cfg(test)]
mod tests;
