//! How many the signaling server carries: `make bench-load`.
//!
//! Real servers on the loopback, thousands of clients that sign in with keys of their own and stay; meanwhile a few of them call each other;
//! then the servers are killed and started again, and all come back. The same with public signaling servers, for the ratio.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod calls;
mod client;
mod dialect;
mod figures;
mod fleet;
mod ksp;
mod run;
mod servers;

use anyhow::{Result, ensure};
use clap::Parser;

/// Measures signaling servers under load.
#[derive(Debug, Parser)]
enum Command {
    /// Starts servers and clients, measures, prints a table.
    Run(run::Options),
    /// Holds clients; started by `run`, once for as many as a process may have.
    #[command(hide = true)]
    Hold(fleet::Options),
}

/// File descriptors that a process needs for itself.
const OWN_DESCRIPTORS: usize = 64;

/// How many connections a process of ours may have; raises its limit as far as this user may.
fn most_connections() -> Result<usize> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    Ok(usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(OWN_DESCRIPTORS))
}

/// What a server process must be allowed to have.
fn need_connections(wanted: usize) -> Result<()> {
    let most = most_connections()?;
    ensure!(
        wanted <= most,
        "{wanted} connections on one server need {} file descriptors, and a process may have {}: raise RLIMIT_NOFILE (ulimit -Hn), or ask for fewer",
        wanted + OWN_DESCRIPTORS,
        most + OWN_DESCRIPTORS,
    );
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Command::parse() {
        Command::Run(options) => run::run(options).await,
        Command::Hold(options) => fleet::hold(options).await,
    }
}
