//! Asks kioskd over its control socket.
#![forbid(unsafe_code)]

mod human;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::{Parser, Subcommand, ValueEnum};
use kioskd::{
    control::{
        DEFAULT_SOCKET,
        client::{Client, ClientError},
        protocol::{ButtonName, Failure, Method, ScreenshotReply},
    },
    doctor::{self, Level},
};
use serde_json::{Value, json};

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  failure: the sentence on stderr says why; doctor: the kiosk does not do its work
   2  wrong usage
   3  kioskd is not running
   4  no such peer
  69  unavailable: no link to the server, no picture, or kioskd does not answer
  75  try again later: another call is going on
  77  denied: you may not use the control socket
  78  wrong config (kioskd)";

/// Asks a running kioskd, and tells it what to do.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Arguments {
    /// The control socket.
    #[arg(long, global = true, env = "KIOSKD_SOCKET", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,
    /// Print the reply as one line of JSON, with the members of org.kiosk.Kioskd.varlink. Failures are {"error":…,"sentence":…}.
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
        /// The config of kioskd.
        #[arg(long, value_name = "FILE", default_value = kioskd::config::DEFAULT_FILE)]
        config: PathBuf,
    },
}

/// What the daemon answers.
#[derive(Debug, Subcommand)]
enum Question {
    /// The kiosk in one look.
    Status,
    /// Who else is in the room.
    Peers,
    /// Call a peer, or whom the call button calls.
    Call {
        /// `PeerId`, as `kioskctl peers` shows it.
        peer: Option<String>,
    },
    /// Reject what rings, end what runs.
    HangUp,
    /// Answer what rings.
    Answer,
    /// Stop sending sound.
    Mute,
    /// Send sound again.
    Unmute,
    /// Stop or resume sending pictures.
    Camera {
        /// Whether pictures are sent.
        state: Switch,
    },
    /// The chat of the call.
    #[command(subcommand)]
    Chat(Chat),
    /// The loudspeaker's volume.
    Volume {
        /// Percent, 0 to 100.
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// What was found on the board, what was chosen and why.
    Devices,
    /// The keys that are buttons.
    #[command(subcommand)]
    Buttons(Buttons),
    /// Press a button.
    Press {
        /// Which.
        button: Button,
        /// Hold it for so many milliseconds, up to 60000.
        #[arg(long, value_name = "MS")]
        hold: Option<u64>,
    },
    /// Save what the panel shows as a PNG file.
    Screenshot {
        /// Where to; "-" for stdout.
        file: PathBuf,
    },
    /// Whom the kiosk trusts by name.
    #[command(subcommand)]
    Trust(Trust),
    /// Who this kiosk is.
    Identity,
}

#[derive(Debug, Subcommand)]
enum Chat {
    /// Say a line to the peer of the call.
    Send {
        /// 1 to 4000 characters.
        text: String,
    },
    /// The lines of this call, or of the last one; afterwards none is unread.
    History,
}

#[derive(Debug, Subcommand)]
enum Buttons {
    /// Name the next key that somebody presses; it does nothing else.
    Learn,
}

#[derive(Debug, Subcommand)]
enum Trust {
    /// The trusted peers.
    List,
    /// Trust a peer from now on.
    Add {
        /// `PeerId`, 43 characters.
        id: String,
        /// What people here call it.
        #[arg(long)]
        name: String,
        /// Answer its calls without ringing.
        #[arg(long)]
        auto_answer: bool,
    },
    /// No longer trust a peer.
    Remove {
        /// `PeerId`, 43 characters.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Button {
    Call,
    Answer,
    HangUp,
    Mute,
    Camera,
    VolumeUp,
    VolumeDown,
}

impl From<Button> for ButtonName {
    fn from(button: Button) -> Self {
        match button {
            Button::Call => Self::Call,
            Button::Answer => Self::Answer,
            Button::HangUp => Self::HangUp,
            Button::Mute => Self::Mute,
            Button::Camera => Self::Camera,
            Button::VolumeUp => Self::VolumeUp,
            Button::VolumeDown => Self::VolumeDown,
        }
    }
}

impl Question {
    fn method(&self) -> Method {
        match self {
            Self::Status => Method::Status {},
            Self::Peers => Method::Peers {},
            Self::Call { peer } => Method::Call { peer: peer.clone() },
            Self::HangUp => Method::HangUp {},
            Self::Answer => Method::Answer {},
            Self::Mute => Method::Mute {},
            Self::Unmute => Method::Unmute {},
            Self::Camera { state } => Method::Camera { on: matches!(state, Switch::On) },
            Self::Chat(Chat::Send { text }) => Method::ChatSend { text: text.clone() },
            Self::Chat(Chat::History) => Method::ChatHistory {},
            Self::Volume { percent } => Method::Volume { percent: *percent },
            Self::Devices => Method::Devices {},
            Self::Buttons(Buttons::Learn) => Method::LearnKey {},
            Self::Press { button, hold } => Method::Press { button: (*button).into(), hold_ms: *hold },
            Self::Screenshot { .. } => Method::Screenshot {},
            Self::Trust(Trust::List) => Method::TrustList {},
            Self::Trust(Trust::Add { id, name, auto_answer }) => {
                Method::TrustAdd { id: id.clone(), name: name.clone(), auto_answer: *auto_answer }
            }
            Self::Trust(Trust::Remove { id }) => Method::TrustRemove { id: id.clone() },
            Self::Identity => Method::Identity {},
        }
    }
}

/// Why there is nothing to show.
#[derive(Debug)]
enum Trouble {
    Daemon(ClientError),
    File(PathBuf, io::Error),
    Output(io::Error),
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self::Daemon(error)
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
            Self::File(path, error) => ("File", format!("cannot write {}: {error}", path.display()), 1),
            Self::Output(error) => ("Output", format!("cannot print: {error}"), 1),
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    match &arguments.command {
        Command::Ask(question) => ask(arguments, question).map(|()| ExitCode::SUCCESS),
        Command::Doctor { config } => examine(arguments, config),
    }
}

fn print(text: &str) -> Result<(), Trouble> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Trouble::Output)
}

fn examine(arguments: &Arguments, config: &Path) -> Result<ExitCode, Trouble> {
    let findings = doctor::examine(config, &arguments.socket);
    let works = findings.iter().all(|finding| finding.level != Level::Failed);
    let text = if arguments.json {
        format!("{}\n", json!({ "works": works, "findings": findings }))
    } else {
        human::findings(&findings)
    };
    print(&text)?;
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask(arguments: &Arguments, question: &Question) -> Result<(), Trouble> {
    let method = question.method();
    let reply = Client::connect(&arguments.socket)?.ask(&method)?;
    let shown = if let Question::Screenshot { file } = question {
        let bytes = save_screenshot(&reply, file)?;
        if file.as_os_str() == "-" {
            return Ok(());
        }
        json!({ "file": file, "bytes": bytes })
    } else {
        reply
    };
    print(&if arguments.json { format!("{shown}\n") } else { human::text(&method, &shown)? })
}

fn save_screenshot(reply: &Value, file: &PathBuf) -> Result<usize, Trouble> {
    let surprise = |error: String| Trouble::Daemon(ClientError::Surprise(error));
    let reply: ScreenshotReply = serde_json::from_value(reply.clone()).map_err(|error| surprise(error.to_string()))?;
    let png = BASE64_STANDARD.decode(reply.png).map_err(|error| surprise(error.to_string()))?;
    if file.as_os_str() == "-" {
        io::stdout().lock().write_all(&png).map_err(Trouble::Output)?;
    } else {
        std::fs::write(file, &png).map_err(|error| Trouble::File(file.clone(), error))?;
    }
    Ok(png.len())
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
        let _ = writeln!(io::stdout(), "{}", json!({ "error": name, "sentence": sentence }));
    }
    let _ = writeln!(io::stderr(), "kioskctl: {sentence}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
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
            (Trouble::File("/f".into(), error()), 1),
        ] {
            assert_eq!(trouble.parts().2, code, "{trouble:?}");
            assert!(EXIT_CODES.contains(&format!("\n{code:>4}  ")), "{code} is not in --help");
        }
    }
}
