//! Calls one after the other, and calls that end too early. One test a process: it counts the process's own descriptors.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use kiosk_call::MediaCommand;
use kiosk_media::{CameraSource, MicrophoneSource, Options, TestPattern, VideoSettings};

use crate::side::Pair;

/// Rounds of calls.
const ROUNDS: u8 = 40;
/// So many of the first connect; the rest end while they do.
const COMPLETE: u8 = 15;

/// What a process has: descriptors, threads, resident memory (KiB).
#[derive(Clone, Copy, Debug)]
struct Has {
    descriptors: usize,
    threads: usize,
    resident: usize,
}

impl Has {
    fn now() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let resident = resident.context("no VmRSS in /proc/self/status")?.parse()?;
        Ok(Self { descriptors: count("/proc/self/fd")?, threads: count("/proc/self/task")?, resident })
    }

    /// A call before may be on its way out at one moment or another.
    fn median(of: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> usize| {
            let mut figures: Vec<_> = of.iter().map(figure).collect();
            figures.sort_unstable();
            figures[figures.len() / 2]
        };
        Self {
            descriptors: median(|has| has.descriptors),
            threads: median(|has| has.threads),
            resident: median(|has| has.resident),
        }
    }
}

fn options() -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x0020_2020 } },
        microphone: MicrophoneSource::Test { frequency_hz: 440 },
        video: VideoSettings { width: 320, height: 240, framerate: 15, ..VideoSettings::default() },
        ..Options::default()
    }
}

fn count(directory: &str) -> Result<usize> {
    Ok(fs::read_dir(directory)?.count())
}

#[test]
fn calls_leave_nothing_behind() -> Result<()> {
    let mut pair = Pair::start(options(), options())?;
    let mut after = Vec::new();
    for number in 1..=ROUNDS {
        if number > COMPLETE {
            pair.ring(number);
            pair.until("a description", |pair| pair.record[1].description.is_some())?;
        } else {
            pair.call(number)?;
        }
        pair.close();
        // A call that can only be offered once the one before is closed: commands are done one after the other.
        pair.ring(100 + number);
        pair.until("a description", |pair| pair.record[0].description.is_some())?;
        pair.close();
        pair.carries = false;
        pair.ring(200 + number);
        pair.until("a description", |pair| pair.record[0].description.is_some())?;
        after.push((count("/proc/self/fd")?, count("/proc/self/task")?));
        pair.send(0, MediaCommand::Close { call: pair.call });
        pair.carries = true;
    }
    eprintln!("descriptors and threads: {after:?}");
    // The first calls fill pools; after that it must not grow. Two: a worker of the last call may be on its way out.
    let least = |rounds: &[(usize, usize)]| {
        rounds.iter().fold((usize::MAX, usize::MAX), |least, now| (least.0.min(now.0), least.1.min(now.1)))
    };
    let early = after[4..8].iter().fold((0, 0), |most, now| (most.0.max(now.0), most.1.max(now.1)));
    let late = least(&after[after.len() - 4..]);
    ensure!(late.0 <= early.0 + 2 && late.1 <= early.1 + 2, "grows: {after:?}");
    Ok(())
}

/// `SOAK_CALLS` of them, with pictures both ways, looked at forty times.
#[test]
#[ignore = "a soak of 2,000 calls: make soak"]
fn thousands_of_calls_leave_nothing_behind() -> Result<()> {
    let calls: u32 = env::var("SOAK_CALLS").map_or(Ok(2_000), |calls| calls.parse())?;
    ensure!(calls >= 4, "SOAK_CALLS is too small: its quarters are compared");
    let mut pair = Pair::start(options(), options())?;
    let mut has = Vec::new();
    for number in 1..=calls {
        let number_in_turn = u8::try_from(number % 200)?;
        pair.call(number_in_turn).with_context(|| format!("call {number}"))?;
        pair.close();
        pair.ring(201);
        pair.until("a description", |pair| pair.record[0].description.is_some())?;
        pair.close();
        if number % (calls / 40).max(1) == 0 {
            has.push(Has::now()?);
            eprintln!("{number} calls: {:?}", has[has.len() - 1]);
        }
    }
    let quarter = has.len() / 4;
    let (early, late) = (Has::median(&has[quarter..2 * quarter]), Has::median(&has[3 * quarter..]));
    ensure!(late.descriptors <= early.descriptors + 2, "descriptors grow: {early:?}, {late:?}");
    ensure!(late.threads <= early.threads + 2, "threads grow: {early:?}, {late:?}");
    ensure!(late.resident * 100 <= early.resident * 105, "memory grows: {early:?}, {late:?}");
    Ok(())
}
