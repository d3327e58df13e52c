//! What an idle connection costs. Measured, not asserted: `cargo test -p kiosk-server --test server -- --ignored --nocapture idle`.

use std::{fs, time::Instant};

use crate::{
    client::Link,
    peer::Peer,
    program::{Log, Running},
};

const CONNECTIONS: u32 = 5000;
const PEERS_PER_ROOM: u32 = 4;

fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of proc_pid_status(5)");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: opens 5,000 sockets"]
async fn idle_connections_cost_little() {
    let mut running = Running::start(&["--bind", "127.0.0.1:0", "--max-rooms", "100000"]);
    let log = Log::of(&mut running);
    let address = log.listening();
    let first = Link::sign_in(address, &Peer::new(1, 0)).await;
    let (before, start) = (resident_kib(running.0.id()), Instant::now());
    let mut links = vec![first];
    for number in 2..CONNECTIONS + 2 {
        let mut link = Link::open(address).await;
        link.enter_room(&Peer::new(number, 0), &format!("room-{}", number / PEERS_PER_ROOM)).await;
        links.push(link);
    }
    let taken = start.elapsed();
    let grown = resident_kib(running.0.id()) - before;
    println!(
        "{CONNECTIONS} signed in one after another in {taken:?}; {grown} KiB more, {:.1} KiB a connection",
        f64::from(u32::try_from(grown).expect("below 4 TiB")) / f64::from(CONNECTIONS)
    );
}
