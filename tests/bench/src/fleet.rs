//! A process that holds idle clients. Whoever loses its server comes back by itself, as a kiosk does.
//!
//! Each time that all are signed in it prints a line of JSON, [`Gathered`]. It ends with its standard input.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use clap::Args;
use kiosk_call::retry_wait;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::LocalSet,
    time::{sleep, timeout},
};

use crate::{
    client::{ROOM, Socket, Who},
    dialect::Dialect,
    ksp::Keys,
    most_connections,
};

/// Longest time from opening to signed in, as a kiosk has it.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(15);

/// What `run` says to it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    #[arg(long)]
    pub(crate) dialect: Dialect,
    /// A room is at one of them.
    #[arg(long, value_delimiter = ',')]
    pub(crate) servers: Vec<SocketAddr>,
    /// Number of the first client.
    #[arg(long)]
    pub(crate) first: u32,
    #[arg(long)]
    pub(crate) count: u32,
    /// How many are signing in at once.
    #[arg(long)]
    pub(crate) at_once: usize,
}

/// All are signed in.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Gathered {
    /// When each signed in, Unix microseconds.
    pub(crate) at: Vec<u64>,
    /// Attempts that failed meanwhile, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
}

enum News {
    In,
    Out,
    Refused(String),
}

/// Unix microseconds.
pub(crate) fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

pub(crate) async fn hold(options: Options) -> Result<()> {
    most_connections()?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let turns = Arc::new(Semaphore::new(options.at_once));
    let clients = LocalSet::new();
    for number in options.first..options.first + options.count {
        let who = Who::idle(number);
        let at = usize::try_from(who.room)? % options.servers.len();
        let server = *options.servers.get(at).context("no server")?;
        let (sender, turns) = (sender.clone(), Arc::clone(&turns));
        clients.spawn_local(live(options.dialect, server, who, sender, turns));
    }
    let (ends, end) = oneshot::channel();
    std::thread::spawn(move || {
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
        ends.send(()).ok();
    });
    let count = usize::try_from(options.count)?;
    let ended = clients.run_until(async {
        tokio::select! {
            told = tell(receiver, count) => told,
            _ = end => Ok(()),
        }
    });
    ended.await
}

async fn tell(mut news: mpsc::UnboundedReceiver<News>, count: usize) -> Result<()> {
    let (mut present, mut gathered) = (0, Gathered::default());
    while let Some(news) = news.recv().await {
        match news {
            News::Out => present -= 1,
            News::Refused(reason) => *gathered.refused.entry(reason).or_default() += 1,
            News::In => {
                present += 1;
                gathered.at.push(clock());
                if present == count {
                    println!("{}", serde_json::to_string(&std::mem::take(&mut gathered))?);
                }
            }
        }
    }
    Ok(())
}

/// Signs in, stays, comes back.
async fn live(
    dialect: Dialect,
    server: SocketAddr,
    who: Who,
    news: mpsc::UnboundedSender<News>,
    turns: Arc<Semaphore>,
) {
    let mut keys = dialect.keys(who);
    let mut failures = 0;
    loop {
        let turn = turns.acquire().await;
        let entered = timeout(SIGN_IN_TIMEOUT, Box::pin(enter(dialect, server, who, keys.as_ref()))).await;
        drop(turn);
        match entered {
            Ok(Ok(mut socket)) => {
                failures = 0;
                drop(news.send(News::In));
                if let Some(keys) = &mut keys {
                    keys.renew();
                }
                socket.idle(dialect.heartbeat()).await;
                drop(news.send(News::Out));
            }
            Ok(Err(error)) => {
                failures += 1;
                drop(news.send(News::Refused(error.to_string())));
            }
            Err(_) => {
                failures += 1;
                drop(news.send(News::Refused("timeout".to_owned())));
            }
        }
        sleep(retry_wait(failures, false, rand::random())).await;
    }
}

async fn enter(dialect: Dialect, server: SocketAddr, who: Who, keys: Option<&Keys>) -> Result<Socket> {
    let mut socket = Socket::open(dialect, server, who).await?;
    dialect.sign_in(&mut socket, who, keys).await?;
    Ok(socket)
}

/// Whole rooms, as many as a process may hold.
pub(crate) fn shares(clients: u32, most: usize) -> Vec<(u32, u32)> {
    let most = u32::try_from(most).unwrap_or(u32::MAX) / ROOM * ROOM;
    let share = clients.div_ceil(clients.div_ceil(most).max(1)).div_ceil(ROOM) * ROOM;
    let firsts = (0..clients).step_by(usize::try_from(share.max(1)).unwrap_or(usize::MAX));
    firsts.map(|first| (first, share.min(clients - first))).collect()
}
