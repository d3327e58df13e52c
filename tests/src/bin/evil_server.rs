//! A hostile signaling server for tests of other languages: `evil_server [ATTACK]`.
//!
//! Prints its origin, one line; the operator's page is there, too. Kiosk 0 of [`attacks`] is whoever signs in first, kiosk 1 the
//! second. Without ATTACK it is honest; a name that is none prints all names. Then one line of JSON for each frame that it sees:
//! which way, of whom, its type, and the type of the message in it. It ends when its standard input does.

use std::{env, io};

use anyhow::{Result, bail};
use kiosk_tests::{
    attacks,
    proxy::{Attack, Face, Proxy, honest},
    room,
};
use serde_json::json;
use tokio::net::TcpListener;

fn attack(name: Option<String>) -> Result<Attack> {
    let Some(name) = name else { return Ok(honest()) };
    let attempts: Vec<_> = attacks::all().into_iter().filter(|attempt| !attempt.after_a_call).collect();
    match attempts.iter().find(|attempt| attempt.name == name) {
        Some(attempt) => Ok((attempt.attack)(&[])),
        None => bail!("attacks: {:#?}", attempts.iter().map(|attempt| &attempt.name).collect::<Vec<_>>()),
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "who starts it reads this")]
async fn main() -> Result<()> {
    let mut attack = attack(env::args().nth(1))?;
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
