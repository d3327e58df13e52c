//! The config: what is written, what is in use, and changing it.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Subcommand;
use kioskd::{
    config::{self, Effective, Layers, edit},
    control::{
        client::{Client, ClientError},
        protocol::{ConfigReply, Method, ReloadReply, StatusReply},
    },
    provision::{self, FILES},
    reload::needs_restart,
    reports::{ConfigChecked, ConfigDiff, ConfigEdited, ConfigShown, Difference, ProvisionReport},
};

use crate::{Trouble, human::safe, print, print_report};

/// Longest wait for a kioskd that was asked to end, and for the next one.
const RESTART_PATIENCE: Duration = Duration::from_secs(60);
/// Nobody tells that a socket has come: it is tried again so often.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Every key with its value, as the files and variables say it.
    Show {
        /// What set each: file and line, variable, or default.
        #[arg(long)]
        origin: bool,
        /// This file alone.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Say what is wrong with the config; exit code 78 if anything is.
    Check {
        /// This file alone, in place of those of the system.
        file: Option<PathBuf>,
    },
    /// Set a key, in /etc/kioskd/kioskd.toml.d/90-kioskctl.toml; nothing is written that the kiosk would not start with.
    Set {
        /// With its table, like sound.volume.
        key: String,
        /// Text as it is, all else as TOML.
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Of the system below this directory, such as an image that is being built.
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// Take away what `config set` has set.
    Unset {
        /// With its table, like sound.volume.
        key: String,
        /// Of the system below this directory, such as an image that is being built.
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// What is written and does not run yet.
    Diff {
        /// Against the defaults, not against the running kiosk.
        #[arg(long)]
        defaults: bool,
        /// This file alone, in place of those of the system.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(config: &Config, socket: &Path, json: bool) -> Result<(), Trouble> {
    match config {
        Config::Show { origin, config } => {
            let effective = read(config.as_deref())?;
            let shown = || if *origin { effective.printed() } else { effective.printed_plain() };
            print_report(json, &ConfigShown::of(&effective), shown)
        }
        Config::Check { file } => {
            let checked = ConfigChecked { parts: read(file.as_deref())?.parts().collect() };
            print_report(json, &checked, || checked.parts.iter().map(|part| format!("{part} is fine\n")).collect())
        }
        Config::Set { key, value, root } => edited(json, edit::set(root, key, Some(value))?),
        Config::Unset { key, root } => edited(json, edit::set(root, key, None)?),
        Config::Diff { defaults, config } => {
            let written = read(config.as_deref())?;
            let diff = if *defaults {
                ConfigDiff::to_defaults(&written, &config::defaults())
            } else {
                let running: ConfigReply = Client::connect(socket)?.get(&Method::Config {})?;
                ConfigDiff::to_running(&written, &running)
            };
            print_report(json, &diff, || diff.differences.iter().map(difference).collect())
        }
    }
}

fn read(file: Option<&Path>) -> Result<Effective, Trouble> {
    Layers::read(file).effective().map_err(Trouble::Config)
}

fn edited(json: bool, edited: edit::Edited) -> Result<(), Trouble> {
    let (section, name) = edited.key.rsplit_once('.').unwrap_or_default();
    let report = ConfigEdited {
        restart: needs_restart(section, name),
        file: edited.path.display().to_string(),
        covered_by: edited.covered_by.map(|origin| origin.to_string()),
        key: edited.key,
    };
    print_report(json, &report, || {
        let next = if report.restart { "kioskctl restart" } else { "kioskctl reload" };
        let covered = match &report.covered_by {
            Some(origin) => format!("{} is set there too, which counts more: {origin}\n", report.key),
            None => String::new(),
        };
        format!("written to {}; '{next}' makes it count\n{covered}", report.file)
    })
}

fn difference(found: &Difference) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "none".to_owned(), safe);
    let restart = if found.restart { ", needs a restart" } else { "" };
    format!("{}: {} → {}  ({}{restart})\n", found.key, value(&found.from), value(&found.to), safe(&found.origin))
}

/// Takes what lies on the boot partition.
pub(crate) fn provision(root: &Path, file: Option<&Path>, json: bool) -> Result<(), Trouble> {
    let files = match file {
        Some(file) => vec![file.to_owned()],
        None => FILES.map(PathBuf::from).into_iter().filter(|file| file.exists()).collect(),
    };
    for file in files {
        let renamed = provision::provision(root, &file, |_| ControlFlow::Continue(())).map_err(Trouble::Provision)?;
        let report = ProvisionReport { file: file.display().to_string(), renamed: renamed.display().to_string() };
        print_report(json, &report, || format!("{} is taken, and now called {}\n", report.file, report.renamed))?;
    }
    Ok(())
}

/// What has come of a reload.
pub(crate) fn reloaded(reply: &ReloadReply) -> String {
    let mut out = match reply.applied.as_slice() {
        [] if reply.restart.is_empty() => "nothing has changed\n".to_owned(),
        [] => String::new(),
        applied => format!("taken: {}\n", applied.join(", ")),
    };
    if !reply.restart.is_empty() {
        out.push_str(&format!("after a restart ('kioskctl restart'): {}\n", reply.restart.join(", ")));
    }
    out
}

/// Ends kioskd politely, and waits until the next one answers.
pub(crate) fn restart(socket: &Path, json: bool) -> Result<(), Trouble> {
    let mut client = Client::connect(socket)?;
    client.ask(&Method::Restart {})?;
    client.closed(RESTART_PATIENCE)?;
    let ended = Instant::now();
    loop {
        let answer = Client::connect(socket).and_then(|mut client| client.get::<StatusReply>(&Method::Status {}));
        match answer {
            Ok(status) => {
                return print(&if json { "{}\n".to_owned() } else { format!("kioskd {} runs\n", status.version) });
            }
            // It may be opening the socket this very moment.
            Err(ClientError::NotRunning { .. } | ClientError::NoAnswer { .. })
                if ended.elapsed() < RESTART_PATIENCE =>
            {
                std::thread::sleep(BETWEEN_TRIES);
            }
            Err(ClientError::NotRunning { .. }) => return Err(Trouble::NotBack),
            Err(error) => return Err(error.into()),
        }
    }
}
