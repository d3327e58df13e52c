//! Server processes: started, measured, killed, started again.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::dialect::Dialect;

/// A kind of server, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    program: PathBuf,
}

impl Kind {
    /// Ours, which lies where this program does.
    pub(crate) fn ours() -> Result<Self> {
        let own = std::env::current_exe()?;
        let program = own.parent().context("no directory")?.join("kiosk-server");
        ensure!(program.exists(), "{} is missing: build it first (make build)", program.display());
        Ok(Self { name: "kiosk-server", dialect: Dialect::Ksp, program })
    }

    /// Public ones, from npm's packages `peer` and `y-webrtc` below this directory.
    pub(crate) fn public(modules: &Path) -> Result<[Self; 2]> {
        let of = |name, dialect, program: &str| {
            let program = modules.join("node_modules/.bin").join(program);
            ensure!(program.exists(), "{} is missing: npm install peer y-webrtc there", program.display());
            Ok(Self { name, dialect, program })
        };
        Ok([
            of("peerjs-server", Dialect::PeerJs, "peerjs")?,
            of("y-webrtc-signaling", Dialect::Topics, "y-webrtc-signaling")?,
        ])
    }

    fn command(&self, port: u16, connections: usize) -> Command {
        let mut command = Command::new(&self.program);
        match self.dialect {
            Dialect::Ksp => {
                command.args(["--bind", &format!("127.0.0.1:{port}"), "--max-connections", &connections.to_string()]);
                // The few who call send as fast as they can at the end.
                command.args(["--rate", "1000000", "--burst", "1000000"]).env("MALLOC_ARENA_MAX", "2");
            }
            Dialect::PeerJs => {
                command.args(["--port", &port.to_string(), "--concurrent_limit", &connections.to_string()]);
            }
            Dialect::Topics => drop(command.env("PORT", port.to_string())),
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// One process. It ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    kind: Kind,
    connections: usize,
    process: Child,
}

impl Server {
    /// Returns when it accepts connections.
    pub(crate) async fn start(kind: &Kind, connections: usize) -> Result<Self> {
        let port = free_port()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let process =
            kind.command(port, connections).spawn().with_context(|| format!("{} does not start", kind.name))?;
        let server = Self { address, kind: kind.clone(), connections, process };
        server.listens().await?;
        Ok(server)
    }

    async fn listens(&self) -> Result<()> {
        let answer = async {
            while TcpStream::connect(self.address).await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), answer).await.with_context(|| format!("{} does not listen", self.kind.name))
    }

    /// As a power cut does it.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    pub(crate) fn start_again(&mut self) -> Result<()> {
        let port = self.address.port();
        self.process = self.kind.command(port, self.connections).spawn()?;
        Ok(())
    }

    fn of_proc(&self, file: &str) -> Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).context("the server has ended")
    }

    /// Proportional set size, KiB: what it alone takes of memory, and its share of what others use too.
    pub(crate) fn memory(&self) -> Result<u64> {
        let text = self.of_proc("smaps_rollup")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Processor time so far, of all its threads. In hundredths of a second (proc_pid_stat(5); USER_HZ is 100 on Linux).
    pub(crate) fn processor(&self) -> Result<Duration> {
        let text = self.of_proc("stat")?;
        let (_, fields) = text.rsplit_once(") ").context("no name")?;
        let ticks = |index| fields.split(' ').nth(index).and_then(|field| field.parse::<u64>().ok()).context("no time");
        Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.kill());
    }
}

/// One that no client will have: public servers listen at all addresses, and the kernel deals ports out from 32768 on
/// (`net.ipv4.ip_local_port_range`), to twenty thousand clients most of them.
fn free_port() -> Result<u16> {
    let first = rand::random_range(10_000..30_000);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    (first..32_000).find(is_free).context("no free port")
}

/// Sum over all of them.
pub(crate) fn sum<T: std::iter::Sum>(servers: &[Server], of: impl Fn(&Server) -> Result<T>) -> Result<T> {
    servers.iter().map(of).sum()
}

/// Waits until they have done what was asked of them: less than a twentieth of a processor for a second.
pub(crate) async fn rest(servers: &[Server]) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    let mut before = sum(servers, Server::processor)?;
    while Instant::now() < patience {
        sleep(Duration::from_secs(1)).await;
        let now = sum(servers, Server::processor)?;
        if now - before < Duration::from_millis(50) {
            break;
        }
        before = now;
    }
    Ok(())
}
