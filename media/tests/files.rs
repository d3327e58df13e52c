//! The data channel `ksp-file`: a large file arrives byte for byte, and what is on its way does not pile up.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod side;

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use kiosk_call::{Chunk, FileId, MediaCommand};
use kiosk_media::{CameraSource, Options, TestPattern, VideoSettings};

use crate::side::Pair;

/// What a sender may have on the way, docs/protocol.md §6.
const WINDOW: u64 = 128 * 1024;
const MEBIBYTE: u64 = 1024 * 1024;
/// Over what an idle call takes. Both sides are in this process.
const MOST_MEMORY: u64 = 8 * MEBIBYTE;

fn options() -> Options {
    Options {
        camera: CameraSource::Test { pattern: TestPattern::Ball { background: 0x00c0_2020 } },
        video: VideoSettings { width: 320, height: 240, framerate: 15, ..VideoSettings::default() },
        ..Options::default()
    }
}

/// The bytes of the test's file from this offset on: never the same twice in a row.
fn piece(offset: u64, size: u64) -> Vec<u8> {
    let length = (size - offset).min(Chunk::LARGEST as u64);
    let mut state = offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(usize::try_from(length).expect("small") + 8);
    while (bytes.len() as u64) < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(usize::try_from(length).expect("small"));
    bytes
}

/// One side sends a file as the core does: no more than the window beyond what the other has told to have. How long it took.
fn transfer(pair: &mut Pair, from: usize, size: u64) -> Result<()> {
    let id = FileId([u8::try_from(from)?; 16]);
    let (mut sent, mut received) = (0, 0);
    while received < size {
        while sent < size && sent + Chunk::LARGEST as u64 <= received + WINDOW {
            let bytes = piece(sent, size);
            let next = sent + bytes.len() as u64;
            let chunk = Chunk { id, offset: sent, bytes };
            pair.send(from, MediaCommand::SendChunk { call: pair.call, chunk });
            sent = next;
        }
        pair.until("a chunk", |pair| !pair.record[1 - from].chunks.is_empty())?;
        for chunk in std::mem::take(&mut pair.record[1 - from].chunks) {
            ensure!(chunk.id == id && chunk.offset == received, "{chunk:?} where {received} comes next");
            ensure!(chunk.bytes == piece(received, size), "other bytes at {received}");
            received += chunk.bytes.len() as u64;
        }
    }
    Ok(())
}

fn with_file_channel(pair: &mut Pair) -> Result<()> {
    pair.until("the channel for files", |pair| pair.record.iter().all(|record| record.file_channel_open))
}

/// A figure of /proc/self/status, in bytes.
fn memory(name: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name)).context("no such figure")?;
    Ok(line.split_whitespace().nth(1).context("no number")?.parse::<u64>()? * 1024)
}

#[test]
fn a_hundred_mebibytes_arrive_byte_for_byte_in_bounded_memory() -> Result<()> {
    let mut pair = Pair::start(options(), options())?;
    pair.call(1)?;
    with_file_channel(&mut pair)?;
    // Pools and arenas fill once.
    transfer(&mut pair, 0, 4 * MEBIBYTE)?;
    let idle = memory("VmRSS")?;
    fs::write("/proc/self/clear_refs", "5").context("the peak cannot be forgotten")?;
    let began = Instant::now();
    transfer(&mut pair, 0, 100 * MEBIBYTE)?;
    let took = began.elapsed();
    let peak = memory("VmHWM")?;
    let grown = peak.saturating_sub(idle);
    eprintln!("100 MiB in {took:.1?}, {} KiB over {} KiB", grown / 1024, idle / 1024);
    ensure!(grown < MOST_MEMORY, "{grown} bytes over {idle}");
    ensure!(pair.record.iter().all(|record| record.failed.is_none() && !record.gone), "{:?}", pair.record);
    Ok(())
}

#[test]
fn files_go_both_ways_while_texts_go_too() -> Result<()> {
    let mut pair = Pair::start(options(), options())?;
    pair.call(1)?;
    with_file_channel(&mut pair)?;
    for side in [0, 1] {
        pair.send(side, MediaCommand::SendChannel { call: pair.call, text: "before".into() });
        transfer(&mut pair, side, MEBIBYTE + 1)?;
        pair.send(side, MediaCommand::SendChannel { call: pair.call, text: "after".into() });
    }
    pair.until("texts", |pair| pair.record.iter().all(|record| record.texts == ["before", "after"]))
}

/// What was logged: of what is dropped there is no other sign.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn contains(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).contains(words)
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_chunk_passes_while_the_gates_are_shut_and_none_that_is_none_ends_the_call() -> Result<()> {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(Mutex::new(log.clone())).init();
    let mut pair = Pair::start(options(), options())?;
    pair.connect(1)?;
    with_file_channel(&mut pair)?;
    let send = |pair: &Pair, bytes: Vec<u8>| {
        let chunk = Chunk { id: FileId([7; 16]), offset: 0, bytes };
        pair.send(0, MediaCommand::SendChunk { call: pair.call, chunk });
    };
    send(&pair, b"at our shut gate".to_vec());
    pair.send(0, MediaCommand::OpenGates { call: pair.call });
    send(&pair, b"at the peer's shut gate".to_vec());
    pair.until("a chunk at the shut gate", |_| log.contains("a chunk came before the gates were open"))?;
    pair.open_gates();
    pair.until("pictures", |pair| pair.record.iter().all(|record| record.first_frame.is_some()))?;
    send(&pair, Vec::new());
    send(&pair, vec![0; Chunk::LARGEST + 1]);
    send(&pair, b"through".to_vec());
    pair.until("a chunk", |pair| !pair.record[1].chunks.is_empty())?;
    ensure!(pair.record[1].chunks.iter().map(|chunk| &chunk.bytes[..]).eq([b"through"]), "{:?}", pair.record[1].chunks);
    ensure!(pair.record.iter().all(|record| record.failed.is_none()), "{:?}", pair.record);
    Ok(())
}
