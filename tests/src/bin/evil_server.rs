//! A hostile signaling server for tests of other languages: `evil_server [ATTACK]`.
//!
//! Prints its origin, one line; the operator's page is there, too. Kiosk 0 of [`attacks`] is whoever signs in first, kiosk 1 the
//! second. Without ATTACK it is honest; `--list` prints all attacks, one line of JSON each: name, who refuses with which reason
//! code, what becomes of it. Then one line of JSON for each frame that it sees: which way, of whom, its type, and the type of the
//! message in it. It ends when its standard input does.

use std::{env, io};

use anyhow::{Result, bail};
use kiosk_tests::{
    attacks::{self, Attempt},
    proxy::{Attack, Face, Proxy, honest},
    room,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Those that need no third kiosk and no call before.
fn attempts() -> Vec<Attempt> {
    attacks::all().into_iter().filter(|attempt| !attempt.after_a_call && attempt.kiosks == 2).collect()
}

fn listed(attempt: &Attempt) -> Value {
    let refusals: Vec<_> = attempt.refusals.iter().map(|(by, reason)| json!([format!("{by:?}"), reason])).collect();
    let verdict = format!("{:?}", attempt.verdict);
    json!({ "name": attempt.name, "refusals": refusals, "verdict": verdict, "rings": attempt.rings })
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "who starts it reads this")]
async fn main() -> Result<()> {
    let mut attack = match env::args().nth(1) {
        None => honest(),
        Some(name) if name == "--list" => {
            attempts().iter().for_each(|attempt| println!("{}", listed(attempt)));
            return Ok(());
        }
        Some(name) => match attempts().iter().find(|attempt| attempt.name == name) {
            Some(attempt) => (attempt.attack)(&[]),
            None => bail!("no attack is called '{name}'; see --list"),
        },
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = room::server(&[address]).await?;
    let told: Attack = Box::new(move |frame| {
        let (kind, message) = (frame.kind(), frame.payload()["t"].clone());
        let sends = attack(frame);
        println!("{}", json!({ "way": format!("{:?}", frame.way), "who": frame.who, "t": kind, "message": message }));
        sends
    });
    let _proxy = Proxy::start(listener, server.local_addr(), Face::Own, Vec::new(), told)?;
    println!("http://{address}");
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    Ok(())
}
