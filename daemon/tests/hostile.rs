//! What a stranger may send: mutated pictures and documents, by the thousand, into the function that decodes them. It runs in workers
//! that are as limited as the real process, so that a decoder that panics, loops or eats memory is counted and not the end of the
//! test. A sample of the worst then goes through the real process.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader},
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Child, Command, Stdio},
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use image::ImageFormat;
use kiosk_hal::panel::Size;
use kiosk_wire::FileId;
use kioskd::{
    files::still::{TIME, Viewer, Wish, decode},
    panel::Stills as _,
};
use nix::sys::resource::{Resource, setrlimit};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

#[path = "side/samples.rs"]
mod samples;

const INPUTS: u64 = 12_000;
const LARGEST: Size = Size { width_px: 320, height_px: 240 };
/// Of address space, beside what the worker begins with: as the real process has it.
const MEMORY: u64 = 1 << 30;
/// Most of the worst that go through the real process too.
const MOST_AGAIN: usize = 24;
/// The real process starts late on a loaded machine.
const WAIT: Duration = Duration::from_secs(60);

const KINDS: [&str; 5] = ["png", "jpeg", "webp", "pdf", "pdf with text and picture in the open"];

fn sample(kind: usize) -> Vec<u8> {
    match kind {
        0 => samples::encoded(samples::quarters(24, 16), ImageFormat::Png),
        1 => samples::encoded(samples::quarters(24, 16), ImageFormat::Jpeg),
        2 => samples::encoded(samples::quarters(24, 16), ImageFormat::WebP),
        3 => samples::pdf(),
        _ => {
            let content = b"1 0 0 rg 0 0 100 50 re f 0 g BT /F 8 Tf 40 48 Td (Kiosk) Tj ET q 9 0 0 9 98 48 cm /X Do Q";
            let dictionary =
                "/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceRGB /BitsPerComponent 8";
            let picture = samples::stream(dictionary, &[0, 90, 255, 255, 9, 255, 255, 255, 8, 7, 0, 1]);
            samples::page("[0 0 200 100]", samples::stream("", content), &[picture])
        }
    }
}

/// The same for the same number.
fn mutated(number: u64) -> (usize, Vec<u8>) {
    let mut random = ChaCha8Rng::seed_from_u64(number);
    let kind = usize::try_from(number).expect("small") % KINDS.len();
    let mut file = sample(kind);
    let mut below = |most: usize| usize::try_from(random.next_u64() % most.max(1) as u64).expect("small");
    for _ in 0..=below(6) {
        let length = file.len();
        let (at, count) = (below(length), 1 + below(24));
        let end = (at + count).min(length);
        match below(9) {
            0 => file[at] ^= 1 << below(8),
            1 => file[at] = [0, 1, 0x7f, 0x80, 0xff, b'0', b'9', b'-'][below(8)],
            2 => drop(file.drain(at..end)),
            3 => file.truncate(at.max(8)),
            4 => {
                let piece = file[at..end].to_vec();
                let place = below(length);
                file.splice(place..place, piece);
            }
            5 => file[at..end].fill(0xff),
            6 => digits(&mut file, at, below(10)),
            7 => {
                let from = below(length);
                let piece: Vec<u8> = file[from..(from + count).min(length)].to_vec();
                let end = (at + piece.len()).min(length);
                file.splice(at..end, piece);
            }
            _ => (at..end).for_each(|place| file[place] = below(256).to_le_bytes()[0]),
        }
        if file.is_empty() {
            file.push(0);
        }
    }
    if number % 2 == 1 && kind == 0 {
        repair(&mut file);
    }
    (kind, file)
}

/// Makes the checksums of a PNG right, so that what is wrong comes further in (ISO/IEC 15948 §5.3).
fn repair(file: &mut [u8]) {
    let mut start = 8;
    while let Some(length) = file.get(start..start + 4) {
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        let Some(end) = start.checked_add(8 + length).filter(|end| end + 4 <= file.len()) else { return };
        let mut checksum = flate2::Crc::new();
        checksum.update(&file[start + 4..end]);
        file[end..end + 4].copy_from_slice(&checksum.sum().to_be_bytes());
        start = end + 4;
    }
}

/// Numbers of documents are words: the next one becomes another.
fn digits(file: &mut Vec<u8>, at: usize, which: usize) {
    const NUMBERS: [&str; 10] =
        ["0", "-1", "1", "3", "6", "65536", "2147483647", "4294967296", "99999999999999999999", "0.0000001"];
    let Some(start) = file[at..].iter().position(u8::is_ascii_digit).map(|place| at + place) else { return };
    let length = file[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    file.splice(start..start + length, NUMBERS[which].bytes());
}

fn wish(number: u64) -> Wish {
    Wish { largest: LARGEST, zoom: u8::try_from(number % 5).expect("small") }
}

/// Decodes the inputs from the number in FROM on, and says how each of them ended. Run by the test below.
#[test]
#[ignore = "the worker of mutated_files_cost_an_error_message_at_most"]
fn works_through_mutated_files() {
    static WHERE: Mutex<String> = Mutex::new(String::new());
    let from: u64 = env::var("FROM").expect("the test sets it").parse().expect("a number");
    let pages = std::fs::read_to_string("/proc/self/statm").expect("it reads");
    let used = pages.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4_096;
    setrlimit(Resource::RLIMIT_AS, used + MEMORY, used + MEMORY).expect("it can only become less");
    setrlimit(Resource::RLIMIT_CORE, 0, 0).expect("it can only become less");
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| {
            let parts: Vec<_> = place.file().rsplit('/').take(3).collect();
            format!("{}:{}", parts.into_iter().rev().collect::<Vec<_>>().join("/"), place.line())
        });
        *WHERE.lock().expect("one thread") = place.unwrap_or_default();
    }));
    for number in from..INPUTS {
        let (_, file) = mutated(number);
        println!("begin {number}");
        let began = Instant::now();
        let end = match catch_unwind(AssertUnwindSafe(|| decode(file, wish(number)))) {
            Ok(Ok(_)) => "shown".to_owned(),
            Ok(Err(_)) => "refused".to_owned(),
            Err(_) => format!("panicked at {}", WHERE.lock().expect("one thread")),
        };
        println!("end {number} {} {end}", began.elapsed().as_millis());
    }
    println!("all");
}

struct Worker {
    child: Child,
    lines: mpsc::Receiver<String>,
}

fn worker(from: u64) -> Worker {
    let mut child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "works_through_mutated_files", "--ignored", "--nocapture"])
        .env("FROM", from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    Worker { child, lines }
}

/// How each input ended, and how long it took, milliseconds.
fn work() -> BTreeMap<u64, (String, u64)> {
    let mut ends = BTreeMap::new();
    let mut next = 0;
    while next < INPUTS {
        let Worker { mut child, lines } = worker(next);
        let mut at_work = false;
        let why = loop {
            // A worker that has not begun is starting, on a machine that may be loaded.
            let line = lines.recv_timeout(if at_work { TIME } else { WAIT });
            let Ok(line) = line else {
                break if line == Err(mpsc::RecvTimeoutError::Timeout) { "too slow" } else { "died" };
            };
            // The first one follows the words of the test harness.
            let words: Vec<_> = line.split(' ').skip_while(|word| !["begin", "end", "all"].contains(word)).collect();
            match words.as_slice() {
                ["begin", number] => (next, at_work) = (number.parse().expect("a number"), true),
                ["end", number, took, how @ ..] => {
                    ends.insert(number.parse().expect("a number"), (how.join(" "), took.parse().expect("a number")));
                    (next, at_work) = (next + 1, false);
                }
                ["all"] => break "all",
                _ => {}
            }
        };
        child.kill().expect("it runs or has ended");
        child.wait().expect("it ends");
        if why != "all" {
            assert!(at_work, "the worker {why} before it began {next}");
            ends.insert(next, (why.to_owned(), 0));
            next += 1;
        }
    }
    ends
}

#[test]
fn mutated_files_cost_an_error_message_at_most() {
    let began = Instant::now();
    let ends = work();
    assert_eq!(ends.len() as u64, INPUTS);
    let mut counts: BTreeMap<(usize, &str), u32> = BTreeMap::new();
    for (number, (end, _)) in &ends {
        *counts.entry((usize::try_from(*number).expect("small") % KINDS.len(), end)).or_default() += 1;
    }
    for ((kind, end), count) in &counts {
        println!("{count:>6}  {:<38} {end}", KINDS[*kind]);
    }
    let (slowest, (_, took)) = ends.iter().max_by_key(|(_, (_, took))| *took).expect("there are some");
    println!("slowest that ended: {took} ms (input {slowest}); all in {} s", began.elapsed().as_secs());

    // Whatever ended badly there costs the real kiosk an error message, and the next file is shown.
    let bad = |end: &str| !["shown", "refused"].contains(&end);
    let mut seen = BTreeMap::new();
    for (number, (end, _)) in ends.iter().filter(|(_, (end, _))| bad(end)) {
        seen.entry(end).or_insert_with(Vec::new).push(*number);
    }
    let worst = seen.values().flat_map(|numbers| numbers.iter().take(3)).copied().take(MOST_AGAIN);
    let plain = (0..8).map(|step| step * INPUTS / 8);
    let directory = tempfile::tempdir().expect("a directory");
    let (put, made) = mpsc::channel();
    let put = Box::new(move |still| drop(put.send(still)));
    let kioskd = env!("CARGO_BIN_EXE_kioskd").into();
    let mut viewer = Viewer::start(kioskd, directory.path().to_owned(), put).expect("it starts");
    for number in worst.chain(plain) {
        let id = FileId(u128::from(number).to_be_bytes());
        std::fs::write(directory.path().join(format!("{id}.data")), mutated(number).1).expect("it writes");
        viewer.want(Some((id, wish(number).zoom, LARGEST)));
        let result = made.recv_timeout(WAIT).expect("it answers");
        let end = &ends[&number].0;
        println!("{number}: {end}, in its own process: {:?}", result.as_ref().map_err(|(_, sentence)| sentence));
        assert!(!end.starts_with("panicked") || result.is_err(), "{number}");
    }
}
