//! A peer whose pictures change their size again and again, as a browser's do that shares its screen: nothing is left behind. One test a
//! process: it counts the process's own descriptors and memory.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{env, fs, process::Command};

use anyhow::{Context, Result, ensure};
use kiosk_call::{MediaCommand, VideoSource};
use kiosk_media::{CameraSource, Options, TestPattern, VideoCodec, VideoSettings};

use crate::side::Pair;

const ROUNDS: usize = 24;
/// After so many, pools and arenas are full.
const WARM: usize = 8;
const ARENAS: &str = "MALLOC_ARENA_MAX";
/// Less than a picture of Full HD a round.
const MOST_MEMORY: u64 = 12 * 1920 * 1080 * 3 / 2;

/// Descriptors, threads, and bytes of memory of this process.
fn taken() -> Result<(usize, usize, u64)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).context("no figure")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok((fs::read_dir("/proc/self/fd")?.count(), fs::read_dir("/proc/self/task")?.count(), kilobytes * 1024))
}

#[test]
fn a_peer_that_changes_its_size_leaves_nothing_behind() -> Result<()> {
    // As kioskd's unit has it: else the allocator's arenas, one a thread, grow for so long that a leak would not show.
    if env::var_os(ARENAS).is_none() {
        let name = "a_peer_that_changes_its_size_leaves_nothing_behind";
        let status = Command::new(env::current_exe()?).args([name, "--nocapture"]).env(ARENAS, "2").status()?;
        ensure!(status.success(), "see above");
        return Ok(());
    }
    for codec in [VideoCodec::Vp8, VideoCodec::H264] {
        let options = Options {
            camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
            video: VideoSettings { codec: vec![codec], ..VideoSettings::default() },
            ..Options::default()
        };
        let mut pair = Pair::start(options.clone(), options)?;
        let feed = pair.media[0].panel_feed();
        pair.call(1)?;
        let mut after = Vec::new();
        for round in 0..ROUNDS {
            pair.send(0, MediaCommand::SetSource(VideoSource::Panel));
            pair.until("that frames are wanted", |_| feed.wanted())?;
            feed.put(1920, 1080, 1920 * 4, &vec![u8::try_from(100 + round)?; 1920 * 1080 * 4]);
            pair.until("a screen", |pair| pair.seen[1].size() == (1920, 1080))?;
            pair.send(0, MediaCommand::SetSource(VideoSource::Camera));
            pair.until("the camera", |pair| pair.seen[1].size() == (640, 480))?;
            after.push(taken()?);
        }
        eprintln!("{codec:?}: descriptors, threads, memory: {after:?}");
        let most =
            after[..WARM].iter().fold((0, 0, 0), |most, now| (most.0.max(now.0), most.1.max(now.1), most.2.max(now.2)));
        // The least of the last ones: a picture more may be on its way at one moment, and what leaks is there at all.
        let last = after[ROUNDS - WARM..]
            .iter()
            .fold(after[ROUNDS - 1], |least, now| (least.0.min(now.0), least.1.min(now.1), least.2.min(now.2)));
        // Two: a worker may be on its way out.
        ensure!(last.0 <= most.0 + 2 && last.1 <= most.1 + 2 && last.2 <= most.2 + MOST_MEMORY, "grows: {after:?}");
        for record in &pair.record {
            ensure!(record.descriptions == 1 && record.failed.is_none() && !record.gone, "{record:?}");
        }
    }
    Ok(())
}
