//! How long a call takes to set up, and how old a picture is when it is shown: `make bench-call`.
//!
//! Two kiosks with real media in one process, at a real server, on the loopback. Warm: after two calls that do not count.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kiosk_call::Button;
use kiosk_tests::{
    room::{MediaKind, Plan, Room},
    sight::Sight,
};

const WARM_UP: usize = 2;
const RUNS: usize = 20;
/// Pictures whose age is measured, each way: twenty seconds at 30 a second.
const PICTURES: usize = 600;

/// Until the first decoded picture of the peer's camera (what stands in for a camera that is being opened does not count):
/// at the caller, at the callee.
type Run = [Duration; 2];

async fn room(auto_answer: bool) -> Result<Room> {
    let room = Room::open(Plan { auto_answer, ..Plan::of(2, MediaKind::Real) }).await?;
    room.all_linked().await?;
    Ok(room)
}

/// Since then, in the call after so many.
async fn pictures(room: &Room, calls: usize, since: Instant) -> Result<Run> {
    let mut run = Run::default();
    for (kiosk, run) in room.kiosks.iter().zip(&mut run) {
        kiosk.until("the peer's camera", |sight| sight.calls > calls && sight.first_camera_picture.is_some()).await?;
        let at = kiosk.see(|sight| sight.first_camera_picture).context("no picture")?;
        *run = at.saturating_duration_since(since);
    }
    Ok(run)
}

/// One call; from which moment it is measured is the caller's word.
async fn run(room: &Room, rings: bool) -> Result<Run> {
    let calls = room.kiosks[0].see(|sight| sight.calls);
    let mut since = Instant::now();
    room.kiosks[0].press(Button::Call);
    if rings {
        room.kiosks[1].until("ringing", |sight| sight.phase == "ringing-in").await?;
        room.kiosks[0].until("ringing at the peer", Sight::rings_there).await?;
        since = Instant::now();
        room.kiosks[1].press(Button::Answer);
    }
    let run = pictures(room, calls, since).await?;
    room.kiosks[0].press(Button::HangUp);
    room.all_idle().await?;
    Ok(run)
}

fn row(name: &str, mut values: Vec<Duration>) {
    values.sort_unstable();
    let at = |percent: usize| values[(values.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!("{name:<58} {:8.1} {:8.1} {:8.1} {:8.1}", at(50), at(0), at(95), at(100));
}

fn rows(from: &str, runs: &[Run]) {
    for (kiosk, who) in ["caller", "callee"].iter().enumerate() {
        row(&format!("{from} → first remote picture at the {who}"), runs.iter().map(|run| run[kiosk]).collect());
    }
}

async fn setups(rings: bool) -> Result<Vec<Run>> {
    let room = room(!rings).await?;
    let mut runs = Vec::new();
    for number in 0..WARM_UP + RUNS {
        let run = run(&room, rings).await?;
        if number >= WARM_UP {
            runs.push(run);
        }
    }
    Ok(runs)
}

async fn ages() -> Result<Vec<Duration>> {
    let room = room(true).await?;
    room.kiosks[0].press(Button::Call);
    let mut ages = Vec::new();
    for kiosk in &room.kiosks {
        kiosk.until("the peer's camera", |sight| sight.first_camera_picture.is_some()).await?;
        let before = kiosk.see(|sight| sight.ages.len());
        kiosk.until_within(Duration::from_secs(60), "pictures", |sight| sight.ages.len() >= before + PICTURES).await?;
        ages.extend(kiosk.see(|sight| sight.ages[before..].to_vec()));
    }
    Ok(ages)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a test: make bench-call"]
async fn call_setup_and_latency() -> Result<()> {
    let (accepted, pressed, ages) = (setups(true).await?, setups(false).await?, ages().await?);
    println!("\n{:<58} {:>8} {:>8} {:>8} {:>8}", "milliseconds", "median", "least", "95 %", "most");
    rows("accept", &accepted);
    rows("button", &pressed);
    row(&format!("age of a picture when shown, 640x480@30, {} pictures", ages.len()), ages);
    Ok(())
}
