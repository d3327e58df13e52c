//! `kiosk-server`: the signaling server. Operations: `docs/server.md`.
#![forbid(unsafe_code)]

mod args;
mod manual;

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{CommandFactory as _, Parser as _};
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
    if let Some(directory) = &args.write_manual {
        return manual::write(&Args::command(), directory)
            .with_context(|| format!("cannot write {}", directory.display()));
    }
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?;
    let mut config = args.config()?;
    config.connections = possible(config.connections);
    let server = Server::bind(config).await?;
    let status = format!("Listening on {}", server.local_addr());
    // Without a service manager there is nobody to tell, and that is fine.
    drop(sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(&status)]));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => reload(&server, &status).await,
        }
    }
    info!("draining");
    drop(sd_notify::notify(&[NotifyState::Stopping]));
    server.shutdown().await;
    info!("ended");
    Ok(())
}

/// Reads the files again. The service manager waits for READY after RELOADING; what went wrong is in the status.
async fn reload(server: &Server, status: &str) {
    let mut begun = vec![NotifyState::Reloading];
    // Asked for with RELOADING since systemd 253; older ones pass over it.
    begun.extend(NotifyState::monotonic_usec_now());
    drop(sd_notify::notify(&begun));
    let status = match server.reload().await {
        Ok(()) => {
            info!("reloaded");
            status.to_owned()
        }
        Err(error) => {
            warn!("nothing is changed: {error}");
            format!("{status}; nothing is changed: {error}")
        }
    };
    drop(sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(&status)]));
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
