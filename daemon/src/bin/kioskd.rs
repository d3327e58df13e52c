//! The kiosk daemon.
#![forbid(unsafe_code)]

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use kioskd::{
    Daemon, StartError, assemble,
    config::{self, Config, ConfigError},
    sim_page::SimPage,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

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
    /// The config.
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// Run on a simulated board: panel, buttons and lights are a page on loopback, its address is printed.
    #[arg(long)]
    sim: bool,
    /// Read the config, say what is wrong with it, and end.
    #[arg(long, conflicts_with_all = ["sim", "print_default_config"])]
    check_config: bool,
    /// Print every key of the config with its default, as a file to start from, and end.
    #[arg(long, conflicts_with = "sim")]
    print_default_config: bool,
}

impl Arguments {
    /// A simulated kiosk needs no config file; a real one does.
    fn read_config(&self) -> Result<Config, ConfigError> {
        match Config::load(&self.config) {
            Err(ConfigError::Unreadable { source, .. })
                if self.sim
                    && self.config == Path::new(config::DEFAULT_FILE)
                    && source.kind() == io::ErrorKind::NotFound =>
            {
                Ok(Config::default())
            }
            read => read,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.print_default_config {
        return say(&config::default_config());
    }
    let config = match arguments.read_config() {
        Ok(config) => config,
        Err(error) => return fail(&StartError::from(error)),
    };
    if arguments.check_config {
        return say(&format!("{} is fine\n", arguments.config.display()));
    }
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("the system gives no threads: {error}"), 1),
    };
    match runtime.block_on(run(&config, arguments.sim)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn run(config: &Config, simulated: bool) -> Result<ExitCode, StartError> {
    let assembled = assemble(config, simulated)?;
    let daemon = Daemon::start(config, assembled.surroundings)?;
    if let Some(sim) = assembled.sim {
        show_page(SimPage::new(sim, config)).await.map_err(StartError::SimPage)?;
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
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

/// Serves the simulated board on a free port of loopback, and prints where.
async fn show_page(page: SimPage) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(page.serve(listener));
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "panel http://{address}/")?;
    stdout.flush()
}

/// The journal adds the time; a terminal does not miss it.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).without_time();
    tracing_subscriber::registry().with(filter).with(lines).init();
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
