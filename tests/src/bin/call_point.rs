//! A kiosk in a process of its own, so that a test can kill it: `call_point NUMBER URL FILE`. It trusts kiosk 0, answers it at
//! once, writes what it hears to the file, and ends when its standard input does.

use std::{env, io, path::Path};

use anyhow::{Context as _, Result};
use kiosk_tests::{
    kiosk::{Character, Conduct, TestKiosk},
    studio,
};

#[tokio::main]
async fn main() -> Result<()> {
    let [number, url, file] = env::args().skip(1).collect::<Vec<_>>().try_into().ok().context("NUMBER URL FILE")?;
    let number = number.parse()?;
    let _kiosk = TestKiosk::start(Character {
        number,
        url,
        trusts: vec![0],
        auto_answer: true,
        check: None,
        conduct: Conduct::Honest,
        media: studio::media(number, Path::new(&file)),
    })?;
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    Ok(())
}
