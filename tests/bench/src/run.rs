//! The measurement from its beginning to its table.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::sync::mpsc;

use crate::{
    calls::Callers,
    dialect::Dialect,
    figures::{Outcome, Spread, table, whole},
    fleet::{Gathered, clock, shares},
    most_connections, need_connections,
    servers::{Kind, Server, rest, sum},
};

/// Couples that call while the others idle.
const COUPLES: u32 = 6;

/// What is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Idle clients at one server; the public ones get as many. 0: leave it out.
    #[arg(long, env = "LOAD_ONE", default_value_t = 20_000)]
    one: u32,
    /// Idle clients at three servers together. 0: leave it out.
    #[arg(long, env = "LOAD_THREE", default_value_t = 50_000)]
    three: u32,
    /// Calls, and single messages, that are timed.
    #[arg(long, env = "LOAD_CALLS", default_value_t = 1_000)]
    calls: usize,
    /// Clients that are signing in at once: one machine stands for all of theirs. Those that wait for their turn count as not back.
    #[arg(long, env = "LOAD_AT_ONCE", default_value_t = 900)]
    at_once: usize,
    /// Where npm's packages `peer` and `y-webrtc` are installed; without it ours is measured alone.
    #[arg(long, env = "LOAD_PUBLIC")]
    public: Option<PathBuf>,
    /// Writes the figures there too, as JSON.
    #[arg(long, env = "LOAD_OUT")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let ours = Kind::ours()?;
    let public = options.public.as_deref().map(Kind::public).transpose()?;
    let mut outcomes = Vec::new();
    if options.one > 0 {
        for kind in std::iter::once(&ours).chain(public.iter().flatten()) {
            outcomes.push(measure(kind, 1, options.one, &options).await?);
        }
    }
    if options.three > 0 {
        outcomes.push(measure(&ours, 3, options.three, &options).await?);
    }
    println!("{}", table(&outcomes));
    for outcome in &outcomes {
        println!("{} ({}): refused meanwhile {:?}", outcome.server, outcome.clients, outcome.refused);
    }
    if let Some(out) = &options.out {
        std::fs::write(out, serde_json::to_string_pretty(&outcomes)?)?;
    }
    Ok(())
}

async fn measure(kind: &Kind, processes: usize, clients: u32, options: &Options) -> Result<Outcome> {
    let many = usize::try_from(clients)?;
    // A room more: they are dealt out whole; and those who call.
    let each = many.div_ceil(processes) + 64;
    need_connections(each)?;
    // Those that are being closed count too.
    let each = most_connections()?.min(2 * each);
    let mut servers = Vec::new();
    for _ in 0..processes {
        servers.push(Server::start(kind, each).await?);
    }
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    rest(&servers).await?;
    let (empty, idle) = (sum(&servers, Server::memory)?, sum(&servers, Server::processor)?);

    let began = clock();
    let mut fleet = Fleet::start(kind.dialect, &addresses, clients, options.at_once)?;
    let came = fleet.gathered().await?;
    let signing_in = came.after(began).longest;
    rest(&servers).await?;
    let processor_per_sign_in = (sum(&servers, Server::processor)? - idle).as_secs_f64() / whole(many);
    let memory = sum(&servers, Server::memory)?.saturating_sub(empty);
    println!("{}: {clients} signed in after {signing_in:.1} s", kind.name);

    // Anew for each: who is not read from is soon taken for dead.
    let gather = |turn: u32| Callers::gather(kind.dialect, &addresses, turn * COUPLES..(turn + 1) * COUPLES);
    let set_up = gather(0).await?.call(options.calls).await?;
    let relay = gather(1).await?.relay(options.calls).await?;
    let mut callers = gather(2).await?;
    let before = sum(&servers, Server::processor)?;
    let (messages, took) = callers.flood().await?;
    let processor_per_message = (sum(&servers, Server::processor)? - before).as_secs_f64() / whole(messages);
    drop(callers);

    let (killed, back) = storm(&mut servers, &mut fleet).await?;
    let back_after = back.after(killed);
    println!("{}: all back {:.1} s after the kill", kind.name, back_after.longest);
    Ok(Outcome {
        server: if processes == 1 { kind.name.to_owned() } else { format!("{processes} × {}", kind.name) },
        processes,
        clients: many,
        signing_in,
        processor_per_sign_in,
        memory_per_client: whole(usize::try_from(memory)?) / whole(many),
        set_up,
        relay,
        messages_per_second: whole(messages) / took.as_secs_f64(),
        processor_per_message,
        back: back_after,
        refused: back.refused,
    })
}

/// All servers are killed, and started again at once.
async fn storm(servers: &mut [Server], fleet: &mut Fleet) -> Result<(u64, Gathered)> {
    let killed = clock();
    for server in &mut *servers {
        server.kill()?;
    }
    for server in &mut *servers {
        server.start_again()?;
    }
    Ok((killed, fleet.gathered().await?))
}

impl Gathered {
    fn after(&self, since: u64) -> Spread {
        Spread::of(self.at.iter().map(|at| Duration::from_micros(at.saturating_sub(since))).collect())
    }
}

/// The processes that hold the clients.
struct Fleet {
    holders: Vec<Child>,
    told: mpsc::UnboundedReceiver<Result<Gathered>>,
}

impl Fleet {
    fn start(dialect: Dialect, servers: &[SocketAddr], clients: u32, at_once: usize) -> Result<Self> {
        let shares = shares(clients, most_connections()?);
        let (sender, told) = mpsc::unbounded_channel();
        let mut fleet = Self { holders: Vec::new(), told };
        let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
        let dialect = clap::ValueEnum::to_possible_value(&dialect).context("no name")?;
        for (first, count) in &shares {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["hold", "--dialect", dialect.get_name(), "--servers", &servers.join(",")]);
            command.args(["--first", &first.to_string(), "--count", &count.to_string()]);
            command.args(["--at-once", &at_once.div_ceil(shares.len()).to_string()]);
            let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            let output = holder.stdout.take().context("piped")?;
            let sender = sender.clone();
            std::thread::spawn(move || listen(output, &sender));
            fleet.holders.push(holder);
        }
        Ok(fleet)
    }

    /// Waits until everybody is signed in.
    async fn gathered(&mut self) -> Result<Gathered> {
        let mut all = Gathered::default();
        for _ in 0..self.holders.len() {
            let one = self.told.recv().await.context("a holder of clients has ended")??;
            all.at.extend(one.at);
            for (reason, count) in one.refused {
                *all.refused.entry(reason).or_default() += count;
            }
        }
        Ok(all)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for holder in &mut self.holders {
            // It may have ended already.
            drop(holder.kill());
            drop(holder.wait());
        }
    }
}

fn listen(output: ChildStdout, sender: &mpsc::UnboundedSender<Result<Gathered>>) {
    for line in BufReader::new(output).lines() {
        let gathered = line.map_err(Into::into).and_then(|line| Ok(serde_json::from_str(&line)?));
        if sender.send(gathered).is_err() {
            return;
        }
    }
    drop(sender.send(Err(anyhow::anyhow!("a holder of clients has ended"))));
}
