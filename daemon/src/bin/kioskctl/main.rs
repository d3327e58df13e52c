//! Asks kioskd over its control socket.
#![forbid(unsafe_code)]

mod authority;
mod bundle;
mod export;
mod files;
mod follow;
mod human;
mod questions;
#[cfg(test)]
mod schemas;
mod settings;
mod trial;
mod watch;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::{CommandFactory as _, Parser, Subcommand};
use kioskd::{
    authority::AuthorityError,
    config::{ConfigError, edit::EditError},
    control::{
        DEFAULT_SOCKET,
        client::{Client, ClientError},
        protocol::{Failure, Method, ScreenshotReply},
    },
    doctor::{self, HealthState, Level},
    manual::Page,
    provision::ProvisionError,
    reports::{DoctorReport, FailureReport, Saved},
};
use serde::Serialize;

use self::{
    questions::{Chat, Files, Identity, Question},
    settings::Config,
};

/// What the manual pages say beside the options.
const PAGE: Page<'_> = Page {
    section: "1",
    files: &[
        ("/run/kioskd/control", "The control socket: for root, and for members of the group kiosk-admin."),
        ("/etc/kioskd/kioskd.toml.d/90-kioskctl.toml", "What kioskctl config set has written."),
        ("/usr/share/doc/kioskd/operations.md", "The manual for whoever looks after kiosks."),
    ],
    see_also: &["kioskd(8)", "kiosk-server(8)", "journalctl(1)"],
};

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  failure: the sentence on stderr says why; doctor: the kiosk does not do its work; health: something is wrong;
      selftest: a stage does not do its work
   2  wrong usage; health: kioskd does not run or does not answer
   3  kioskd is not running
   4  no such peer, or no such file
  69  unavailable: no link to the server, no picture, or kioskd does not answer
  75  try again later: another call (selftest, latency: a call) is going on, or the store of files is busy
  77  denied: you may not use the control socket
  78  wrong config: the sentence names file, line, key and what to do";

/// Asks a running kioskd, and tells it what to do.
#[derive(Debug, Parser)]
#[command(name = "kioskctl", version, after_help = EXIT_CODES)]
struct Arguments {
    /// The control socket.
    #[arg(long, global = true, env = "KIOSKD_SOCKET", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,
    /// Print the reply as one line of JSON, as docs/schemas says. Failures are {"error":…,"sentence":…}.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Ask(Question),
    /// What is wrong with this kiosk and what to do. Exit code 1 if it does not do its work.
    Doctor {
        /// This file alone is kioskd's config, in place of those of the system.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Whether all is well: exit code 0, 1 (something is wrong: a line each) or 2 (kioskd does not answer).
    Health,
    /// Whether camera, encoder, decoder, panel and microphone do their work, stage by stage: our own pictures go through the encoder and
    /// back, for two seconds. Nothing leaves the kiosk. Not in a call. Exit code 1 if a stage does not.
    Selftest,
    /// How long our own pictures take from the camera through the encoder and back: 50, 95 and 99 of 100. Not in a call.
    Latency {
        /// For so long.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
        seconds: u64,
    },
    /// What is written as config, what of it is in use, and changing it.
    #[command(subcommand)]
    Config(Config),
    /// What happens, as lines of JSON: the next event, or all of them.
    Events {
        /// Until this is ended.
        #[arg(long, short)]
        follow: bool,
    },
    /// The figures of the call, taken over a second.
    Stats {
        /// As curves on the whole terminal, until q, Esc or Ctrl-C; with --json, or into a file or a pipe, a line a second.
        #[arg(long, short)]
        watch: bool,
    },
    /// What kioskd has written to the journal: `journalctl -u kioskd`.
    Logs {
        /// Options of journalctl, such as -f, -n 50 or -p warning.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        options: Vec<OsString>,
    },
    /// The LEDs that are lights.
    #[command(subcommand)]
    Lights(Lights),
    /// The keys that are buttons: which are pressed, until this is ended.
    Buttons {
        #[command(subcommand)]
        what: Option<Buttons>,
    },
    /// All that somebody who helps needs to know, in one file, without what is secret.
    SupportBundle {
        /// Where to; without: kiosk-support-PEERID-TIME.tar.gz here.
        file: Option<PathBuf>,
        /// This file alone is kioskd's config, in place of those of the system.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Take a config from a boot partition, once: kioskd-provision.service does so at every boot.
    Provision {
        /// Which; without: /boot/firmware/kiosk.toml and /boot/kiosk.toml, if they are there.
        file: Option<PathBuf>,
        /// Into the system below this directory.
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// End a call and kioskd politely, and wait until systemd has started it again.
    Restart,
    /// Write the manual pages and completions of shells into a directory: `make install` does.
    #[command(hide = true)]
    WriteManual {
        /// Where to.
        directory: PathBuf,
    },
    /// Memberships and revocations, signed by an operator key. Needs no kiosk.
    #[command(subcommand)]
    Authority(authority::Errand),
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Lights {
    /// Let each light shine for a second, then all as before.
    Test,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Buttons {
    /// Name the next key that somebody presses; it does nothing else.
    Learn,
}

/// Why there is nothing to show.
#[derive(Debug)]
enum Trouble {
    Daemon(ClientError),
    /// The config is wrong.
    Config(ConfigError),
    /// It was not changed.
    Edit(EditError),
    /// A config of a boot partition was not taken.
    Provision(ProvisionError),
    /// There is nothing to draw on.
    NoTerminal,
    /// There is no journalctl.
    NoJournal(io::Error),
    /// kioskd has ended and nobody has started it again.
    NotBack,
    Authority(AuthorityError),
    /// Verb, file, why.
    File(&'static str, PathBuf, io::Error),
    Output(io::Error),
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self::Daemon(error)
    }
}

impl From<EditError> for Trouble {
    fn from(error: EditError) -> Self {
        Self::Edit(error)
    }
}

impl Trouble {
    /// Name of the error in `--json`, the sentence, the exit code.
    fn parts(&self) -> (&'static str, String, u8) {
        match self {
            Self::Daemon(error) => {
                let (name, code) = match error {
                    ClientError::NotRunning { .. } => ("NotRunning", 3),
                    ClientError::Denied(_) => ("Denied", 77),
                    ClientError::NoAnswer { .. } => ("Unavailable", 69),
                    ClientError::Surprise(_) => ("Surprise", 1),
                    ClientError::Failed(failure) => {
                        let code = match failure {
                            Failure::Declined(_) => 1,
                            Failure::NotFound(_) => 4,
                            Failure::Unavailable(_) => 69,
                            Failure::TryAgain(_) => 75,
                            Failure::Denied(_) => 77,
                        };
                        (failure.parts().0, code)
                    }
                };
                (name, error.to_string(), code)
            }
            Self::Config(error) => ("Config", error.to_string(), 78),
            Self::Edit(error @ EditError::NotSet { .. }) => ("NotFound", error.to_string(), 4),
            Self::Edit(error @ (EditError::Refused(_) | EditError::Unknown { .. } | EditError::Value { .. })) => {
                ("Config", error.to_string(), 78)
            }
            Self::Edit(error @ EditError::Io { source, .. }) => {
                let code = if source.kind() == io::ErrorKind::PermissionDenied { 77 } else { 1 };
                ("File", error.to_string(), code)
            }
            Self::Provision(ProvisionError::Edit(error)) => ("File", error.to_string(), 1),
            Self::Provision(error @ ProvisionError::Bad { .. }) => ("Config", error.to_string(), 78),
            Self::Provision(error @ (ProvisionError::Io { .. } | ProvisionError::Cut)) => {
                ("File", error.to_string(), 1)
            }
            Self::NoTerminal => {
                let advice = "leave --watch out, or add --json for a line a second";
                ("Usage", format!("standard output is no terminal that could be drawn on: {advice}"), 2)
            }
            Self::NoJournal(error) => {
                let advice =
                    "it comes with systemd; a kioskd that systemd has not started writes to its standard error";
                ("Unavailable", format!("journalctl cannot be run ({error}): {advice}"), 69)
            }
            Self::NotBack => {
                let sentence = "kioskd has ended and is not back: was it systemd that had started it? See 'systemctl status kioskd'";
                ("NotRunning", sentence.to_owned(), 3)
            }
            Self::Authority(error) => ("Authority", error.to_string(), 1),
            Self::File(what, path, error) => {
                ("File", format!("cannot {what} {}: {error}; {}", path.display(), advice_on(error)), 1)
            }
            Self::Output(error) => ("Output", format!("cannot print: {error}"), 1),
        }
    }
}

/// What to do about a file.
fn advice_on(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        "is its name right?"
    } else if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        "run this as root, or choose another place"
    } else if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "make room there, or choose another place"
    } else {
        "choose another place"
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    match &arguments.command {
        Command::Ask(Question::Status { watch: true }) => {
            watch::status(&arguments.socket, arguments.json).map(|()| ExitCode::SUCCESS)
        }
        Command::Ask(question) => ask(arguments, question).map(|()| ExitCode::SUCCESS),
        Command::Doctor { config } => examine(arguments, config.as_deref()),
        Command::Health => health(arguments),
        Command::Selftest => trial::selftest(arguments),
        Command::Latency { seconds } => {
            trial::latency(arguments, Duration::from_secs(*seconds)).map(|()| ExitCode::SUCCESS)
        }
        Command::Config(config) => settings::run(config, &arguments.socket, arguments.json).map(|()| ExitCode::SUCCESS),
        Command::Events { follow } => follow::events(&arguments.socket, *follow).map(|()| ExitCode::SUCCESS),
        Command::Stats { watch } => watch::stats(&arguments.socket, arguments.json, *watch).map(|()| ExitCode::SUCCESS),
        Command::Logs { options } => Err(follow::logs(options)),
        Command::Lights(Lights::Test) => follow::lights(&arguments.socket, arguments.json).map(|()| ExitCode::SUCCESS),
        Command::Buttons { what: None } => follow::keys(&arguments.socket, arguments.json).map(|()| ExitCode::SUCCESS),
        Command::Buttons { what: Some(Buttons::Learn) } => {
            let mut client = Client::connect(&arguments.socket)?;
            let reply = client.ask(&Method::LearnKey {})?;
            print(&if arguments.json { format!("{reply}\n") } else { human::text(&Method::LearnKey {}, &reply)? })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::SupportBundle { file, config } => {
            bundle::make(arguments, file.as_deref(), config.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Command::Provision { file, root } => {
            settings::provision(root, file.as_deref(), arguments.json).map(|()| ExitCode::SUCCESS)
        }
        Command::Restart => settings::restart(&arguments.socket, arguments.json).map(|()| ExitCode::SUCCESS),
        Command::WriteManual { directory } => {
            let written = PAGE.write(&Arguments::command(), directory);
            written.map(|()| ExitCode::SUCCESS).map_err(|error| Trouble::File("write", directory.clone(), error))
        }
        Command::Authority(errand) => {
            print(&authority::run(errand, arguments.json).map_err(Trouble::Authority)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print(text: &str) -> Result<(), Trouble> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Trouble::Output)
}

/// As one line of JSON, or as text for people.
fn print_report(json: bool, report: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Trouble> {
    let surprise = |error: serde_json::Error| Trouble::Daemon(ClientError::Surprise(error.to_string()));
    print(&if json { format!("{}\n", serde_json::to_string(report).map_err(surprise)?) } else { text() })
}

fn health(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    let report = doctor::health(&arguments.socket);
    print_report(arguments.json, &report, || match report.health {
        HealthState::Well => "all is well\n".to_owned(),
        HealthState::Degraded | HealthState::Down => human::findings(&report.problems),
    })?;
    Ok(ExitCode::from(match report.health {
        HealthState::Well => 0,
        HealthState::Degraded => 1,
        HealthState::Down => 2,
    }))
}

fn examine(arguments: &Arguments, config: Option<&Path>) -> Result<ExitCode, Trouble> {
    let findings = doctor::examine(config, &arguments.socket);
    let works = findings.iter().all(|finding| finding.level != Level::Failed);
    let report = DoctorReport { works, findings };
    print_report(arguments.json, &report, || human::findings(&report.findings))?;
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask(arguments: &Arguments, question: &Question) -> Result<(), Trouble> {
    let method = question.method();
    let mut client = Client::connect(&arguments.socket)?;
    let nothing = String::new;
    if let Question::Chat(Chat::Export { format, .. }) = question {
        return export::chat(&mut client, method, *format);
    } else if let Question::Files(Files::Send { file }) = question {
        return print_report(arguments.json, &files::send(&mut client, file)?, nothing);
    } else if let Question::Files(Files::Save { id, file }) = question {
        let saved = files::save(&mut client, id, file)?;
        return if file.as_os_str() == "-" { Ok(()) } else { print_report(arguments.json, &saved, nothing) };
    } else if let Question::Screenshot { file } = question {
        let saved = save_screenshot(client.get(&method)?, file)?;
        return if file.as_os_str() == "-" { Ok(()) } else { print_report(arguments.json, &saved, nothing) };
    }
    let reply = client.ask(&method)?;
    let is_whole = matches!(question, Question::Identity { what: Some(Identity::Show) });
    print(&match () {
        () if arguments.json => format!("{reply}\n"),
        () if is_whole => human::identity(&reply)?,
        () => human::text(&method, &reply)?,
    })
}

fn save_screenshot(reply: ScreenshotReply, file: &PathBuf) -> Result<Saved, Trouble> {
    let surprise = |error: base64::DecodeError| Trouble::Daemon(ClientError::Surprise(error.to_string()));
    let png = BASE64_STANDARD.decode(reply.png).map_err(surprise)?;
    if file.as_os_str() == "-" {
        io::stdout().lock().write_all(&png).map_err(Trouble::Output)?;
    } else {
        std::fs::write(file, &png).map_err(|error| Trouble::File("write", file.clone(), error))?;
    }
    Ok(Saved { file: file.display().to_string(), bytes: png.len() as u64 })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let trouble = match run(&arguments) {
        Ok(code) => return code,
        Err(trouble) => trouble,
    };
    let (name, sentence, code) = trouble.parts();
    if arguments.json {
        // Where not even this can be written, the exit code is all that is left.
        let report = FailureReport { error: name, sentence: sentence.clone() };
        let _ = print_report(true, &report, String::new);
    }
    let _ = writeln!(io::stderr(), "kioskctl: {sentence}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn ids_that_begin_with_a_hyphen_are_no_options() {
        let file = "-pQ0X3kzl1hVJ_8aTn2w-g";
        let peer = "-hVJsb1nT8aRk3Xq0pQ-w2zL5m_7dYcE4fGuIoNvBtA";
        for words in [
            vec!["files", "save", file, "-"],
            vec!["files", "show", file],
            vec!["files", "remove", file],
            vec!["call", peer],
            vec!["trust", "add", peer, "--name", "Desk"],
            vec!["trust", "remove", peer],
            vec!["chat", "send", "-5 °C outside", "--to", peer],
            vec!["chat", "export", "--peer", peer],
        ] {
            let all = ["kioskctl"].into_iter().chain(words.clone()).chain(["--json"]);
            let parsed = Arguments::try_parse_from(all).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert!(parsed.json, "{words:?}: options are still options");
        }
        let parsed = Arguments::try_parse_from(["kioskctl", "call", "--json"]).expect("whom the button calls");
        assert!(parsed.json && matches!(parsed.command, Command::Ask(Question::Call { peer: None })));
    }

    #[test]
    fn every_failure_has_its_documented_exit_code() {
        let failed = |failure| Trouble::Daemon(ClientError::Failed(failure));
        let error = || io::Error::from(io::ErrorKind::NotFound);
        for (trouble, code) in [
            (failed(Failure::Declined("a".into())), 1),
            (failed(Failure::NotFound("a".into())), 4),
            (failed(Failure::Unavailable("a".into())), 69),
            (failed(Failure::TryAgain("a".into())), 75),
            (failed(Failure::Denied("a".into())), 77),
            (Trouble::Daemon(ClientError::NotRunning { path: "/s".into(), source: error() }), 3),
            (Trouble::Daemon(ClientError::Denied("/s".into())), 77),
            (Trouble::Daemon(ClientError::NoAnswer { path: "/s".into(), source: error() }), 69),
            (Trouble::File("write", "/f".into(), error()), 1),
            (Trouble::NotBack, 3),
            (Trouble::Edit(EditError::Io { path: "/f".into(), source: error() }), 1),
        ] {
            assert_eq!(trouble.parts().2, code, "{trouble:?}");
            assert!(EXIT_CODES.contains(&format!("\n{code:>4}  ")), "{code} is not in --help");
        }
    }
}
