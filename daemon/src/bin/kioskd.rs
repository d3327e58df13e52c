//! The kiosk daemon.
#![forbid(unsafe_code)]

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::Ipv4Addr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser};
use kioskd::{
    Daemon, StartError, assemble,
    config::{self, ConfigError, Effective, Layers},
    crashes,
    files::still,
    journald::Journald,
    manual::Page,
    reload::ConfigSource,
    selftest::{SelftestReport, selftest},
    sim_page::SimPage,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// What the manual page says beside the options.
const PAGE: Page<'_> = Page {
    section: "8",
    files: &[
        (
            "/etc/kioskd/kioskd.toml, /etc/kioskd/kioskd.toml.d/*.toml",
            "The config: kioskd --print-default-config prints every key.",
        ),
        ("/var/lib/kioskd", "The identity key, trust, chat and received files."),
        ("/run/kioskd/control", "The control socket, which kioskctl(1) uses."),
        ("/usr/share/doc/kioskd/operations.md", "The manual for whoever looks after kiosks."),
    ],
    see_also: &["kioskctl(1)", "kiosk-server(8)", "systemd.service(5)"],
};

const EXIT_CODES: &str = "\
Exit codes:
   0  ended as asked
   1  failure: the sentence on stderr says why
   2  wrong usage
  69  another kioskd has the control socket or the state directory
  77  no right to the state directory or the control socket, or the identity key is readable by others
  78  the config is wrong: the sentence on stderr names file, line, key and what to do";

/// Turns this board into a video-call point.
#[derive(Debug, Parser)]
#[command(name = "kioskd", version, after_help = EXIT_CODES)]
struct Arguments {
    /// The config: this file alone, in place of /etc/kioskd/kioskd.toml and those that go with it. Variables like KIOSKD_SERVER_URL count more.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run on a simulated board: panel, buttons and lights are a page on loopback, its address is printed.
    #[arg(long)]
    sim: bool,
    /// Read the config, say what is wrong with it, and end.
    #[arg(long, conflicts_with_all = ["sim", "print_config", "print_default_config"])]
    check_config: bool,
    /// Print every key of the config with its value and what set it, and end.
    #[arg(long, conflicts_with_all = ["sim", "print_default_config"])]
    print_config: bool,
    /// Print every key of the config with its default, as a file to start from, and end.
    #[arg(long, conflicts_with = "sim")]
    print_default_config: bool,
    /// Keep how kioskd ended, by the variables that systemd gives its unit's `ExecStopPost=`, and end.
    #[arg(long, hide = true)]
    note_end: bool,
    /// Take the devices, call yourself, and say which stage of camera, encoder, network, decoder, panel and sound works; then end. No
    /// kioskd may run meanwhile. Nothing is kept and nothing is heard. Exit code 1 if a stage does not work.
    #[arg(long, conflicts_with_all = ["check_config", "print_config", "print_default_config"])]
    selftest: bool,
    /// The outcome of the selftest as one line of JSON.
    #[arg(long, requires = "selftest")]
    json: bool,
    /// Make a picture of the file that is standard input: kioskd starts itself so, shut in, for what peers have sent.
    #[arg(long = still::OPTION, value_name = "WIDTHxHEIGHT+ZOOM", hide = true, value_parser = wish)]
    decode_still: Option<still::Wish>,
    /// Write the manual page and completions of shells into this directory, and end: `make install` does.
    #[arg(long, value_name = "DIR", hide = true)]
    write_manual: Option<PathBuf>,
}

fn wish(text: &str) -> Result<still::Wish, String> {
    still::Wish::from_argument(text).ok_or_else(|| format!("'{text}' is not WIDTHxHEIGHT+ZOOM"))
}

/// With what the kiosk starts.
enum Start {
    /// What is written.
    Written(Effective),
    /// What is written is wrong.
    LastGood(Effective, ConfigError),
}

impl Start {
    /// A simulated kiosk needs no config file; a real one does.
    fn new(layers: Layers, simulated: bool) -> Result<Self, ConfigError> {
        let layers = if simulated { layers.or_defaults() } else { layers };
        let state_dir = layers.state_dir().map(ToOwned::to_owned);
        layers.effective().map(Self::Written).or_else(|error| {
            match state_dir.map(|at| config::last_good::read(&at, &error)) {
                Some(Ok(kept)) => Ok(Self::LastGood(kept, error)),
                Some(Err(_)) | None => Err(error),
            }
        })
    }

    const fn effective(&self) -> &Effective {
        match self {
            Self::Written(effective) | Self::LastGood(effective, _) => effective,
        }
    }

    fn keep(&self) {
        match self {
            Self::Written(effective) => {
                if let Err(error) = config::last_good::keep(&effective.config.paths.state_dir, effective) {
                    tracing::warn!(%error, "the config is not kept: a wrong one would keep the kiosk from starting");
                }
            }
            Self::LastGood(_, error) => {
                tracing::warn!(name: "config-last-good", %error, "the config is wrong: the last good one is used");
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(wish) = arguments.decode_still {
        return still::child(wish);
    }
    if let Some(directory) = &arguments.write_manual {
        return match PAGE.write(&Arguments::command(), directory) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&format!("cannot write {}: {error}", directory.display()), 1),
        };
    }
    if arguments.print_default_config {
        return say(&config::default_config());
    }
    let layers = Layers::read(arguments.config.as_deref());
    if arguments.check_config || arguments.print_config {
        return match layers.effective() {
            Ok(effective) if arguments.print_config => say(&effective.printed()),
            Ok(effective) => say(&effective.parts().map(|part| format!("{part} is fine\n")).collect::<String>()),
            Err(error) => fail(&StartError::from(error)),
        };
    }
    if arguments.note_end {
        layers.state_dir().into_iter().for_each(crashes::note_end);
        return ExitCode::SUCCESS;
    }
    let start = match Start::new(layers, arguments.sim) {
        Ok(start) => start,
        Err(error) => return fail(&StartError::from(error)),
    };
    log();
    crashes::keep_panics(start.effective().config.paths.state_dir.clone());
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("the system gives no threads: {error}"), 1),
    };
    if arguments.selftest {
        return match runtime.block_on(selftest(&start.effective().config, arguments.sim)) {
            Ok(report) => tell(&report, arguments.json),
            Err(error) => fail(&error),
        };
    }
    let source =
        ConfigSource { file: arguments.config, simulated: arguments.sim, settings: start.effective().settings() };
    let ended = runtime.block_on(run(&start, source));
    // What still waits for a disk that hangs has been told off already.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| fail(&error))
}

async fn run(start: &Start, source: ConfigSource) -> Result<ExitCode, StartError> {
    let config = &start.effective().config;
    // Before anybody can know that it runs: who ends it then finds it ending as it should.
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(StartError::Signals)?;
    let assembled = assemble(config, source.simulated)?;
    let daemon = Daemon::start(config, source, assembled.surroundings)?;
    start.keep();
    daemon.show_files_on(&assembled.panel)?;
    if let Some(sim) = assembled.sim {
        show_page(SimPage::new(sim, config)).await.map_err(StartError::SimPage)?;
    }
    let reloader = daemon.reloader();
    tokio::spawn(async move {
        while hang_up.recv().await.is_some() {
            // The journal has the outcome.
            let _ = reloader.reload().await;
        }
    });
    let stop = daemon.stopper();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop();
    });
    let fine = daemon.finished().await;
    drop(assembled.panel);
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(report: &SelftestReport, json: bool) -> ExitCode {
    let json = json.then(|| serde_json::to_string(report).expect("it has no maps") + "\n");
    let said = say(&json.unwrap_or_else(|| report.text()));
    if report.passed { said } else { ExitCode::FAILURE }
}

/// Serves the simulated board on a free port of loopback, and prints where.
async fn show_page(page: SimPage) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(page.serve(listener));
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "panel http://{address}/")?;
    stdout.flush()
}

/// To the journal, or to standard error. The journal adds the time; a terminal does not miss it.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().without_time();
    match Journald::of_service() {
        Some(journald) => registry.with(lines.with_ansi(false).with_writer(journald)).init(),
        None => registry.with(lines.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr)).init(),
    }
}

fn say(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(error: &StartError) -> ExitCode {
    refuse(&error.to_string(), error.exit_code())
}

fn refuse(sentence: &str, code: u8) -> ExitCode {
    // Where not even this can be written, the exit code is all that is left.
    let _ = writeln!(io::stderr(), "kioskd: {sentence}");
    ExitCode::from(code)
}
