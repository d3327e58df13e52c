//! `kiosk-server`: the signaling server. Operations: `docs/server.md`.
#![forbid(unsafe_code)]

mod args;

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use kiosk_server::{Server, ServerError};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    log();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let Some(known) = error.downcast_ref::<ServerError>() else {
                error!("{error:#}");
                return ExitCode::FAILURE;
            };
            // The sentence names its cause already.
            error!("{known}");
            ExitCode::from(known.exit_code())
        }
    }
}

/// To standard error; the journal adds the time itself.
fn log() {
    let filter = EnvFilter::try_from_env("KIOSK_SERVER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        lines.with_ansi(false).without_time().init();
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).init();
    }
}

async fn run(args: Args) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut config = args.config()?;
    config.connections = possible(config.connections);
    let server = Server::bind(config).await?;
    let status = format!("Listening on {}", server.local_addr());
    // Without a service manager there is nobody to tell, and that is fine.
    drop(sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(&status)]));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("draining");
    drop(sd_notify::notify(&[NotifyState::Stopping]));
    server.shutdown().await;
    info!("ended");
    Ok(())
}

/// How many of the wanted connections there are file descriptors for. Raises the limit as far as this user may.
fn possible(wanted: usize) -> usize {
    /// For the listening socket, the runtime, the journal.
    const OWN: u64 = 64;
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(OWN);
    match rlimit::increase_nofile_limit(needed) {
        Ok(limit) if limit < needed => {
            warn!(
                limit,
                "fewer file descriptors than --max-connections needs: raise LimitNOFILE= of the unit, or ulimit -n"
            );
            usize::try_from(limit.saturating_sub(OWN)).unwrap_or(wanted)
        }
        Ok(_) => wanted,
        Err(error) => {
            warn!(%error, "cannot raise the number of file descriptors");
            wanted
        }
    }
}
