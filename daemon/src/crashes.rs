//! Crash reports: ends that nobody asked for, kept over restarts. A thread that panics writes its own; how systemd saw kioskd end
//! otherwise, it says to `kioskd --note-end`, which the unit runs after each end (`ExecStopPost=`, systemd.service(5)).

use std::{
    any::Any,
    backtrace::Backtrace,
    env, fs, io,
    os::unix::fs::DirBuilderExt as _,
    panic,
    path::{Path, PathBuf},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::store::{self, write_whole};

/// In the state directory; one file for each crash, named by its time.
const DIRECTORY: &str = "crashes";
/// The newest are kept.
const MOST: usize = 10;
/// Bytes of a report; what is beyond is cut off.
const LONGEST: usize = 64 * 1024;

/// Reply of `Crashes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CrashesReply {
    /// The oldest first.
    pub crashes: Vec<CrashReply>,
}

/// An end that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CrashReply {
    /// When, milliseconds since 1970, as the board's clock said.
    pub at_ms: u64,
    /// In a sentence, its first line; then whatever is known.
    pub report: String,
}

/// From now on a panic of any thread is logged and kept.
pub fn keep_panics(state_dir: PathBuf) {
    panic::set_hook(Box::new(move |info| {
        let thread = thread::current();
        let thread = thread.name().unwrap_or("without a name");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let what = format!("the thread {thread} panicked at {place}: {}", message(info.payload()));
        tracing::error!(name: "crash", %what, "this is a bug: 'kioskctl support-bundle' packs what is known of it");
        keep(&state_dir, now_ms(), &format!("{what}\n{}", Backtrace::force_capture()));
    }));
}

/// Removes what a power cut left of a report that was being written. For whoever has the state directory to itself.
pub(crate) fn clear_leftovers(state_dir: &Path) {
    let directory = state_dir.join(DIRECTORY);
    match store::clear_leftovers(&directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, directory = %directory.display(), "crash reports cannot be looked through");
        }
        Ok(()) | Err(_) => {}
    }
}

/// Keeps how systemd saw kioskd end, by the variables of systemd.exec(5); an end that kioskd has explained itself is none.
pub fn note_end(state_dir: &Path) {
    let variable = |name| env::var(name).unwrap_or_default();
    let (result, code, status) = (variable("SERVICE_RESULT"), variable("EXIT_CODE"), variable("EXIT_STATUS"));
    if let Some(what) = unasked(&result, &code, &status) {
        keep(state_dir, now_ms(), &what);
    }
}

fn unasked(result: &str, code: &str, status: &str) -> Option<String> {
    let why = match result {
        "watchdog" => "it did not feed systemd's watchdog",
        "oom-kill" => "the memory was used up",
        "timeout" => "it did not start or end in time",
        "signal" | "core-dump" => "a signal ended it",
        _ => return None,
    };
    Some(format!("kioskd ended: {why} ({result}, {code}, {status})\n"))
}

/// What is kept, the oldest first.
///
/// # Errors
/// If the directory or a report cannot be read.
pub(crate) fn kept(state_dir: &Path) -> io::Result<Vec<CrashReply>> {
    let directory = state_dir.join(DIRECTORY);
    let read = |(at_ms, path): (u64, PathBuf)| {
        let report = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        Ok(CrashReply { at_ms, report })
    };
    reports(&directory)?.into_iter().map(read).collect()
}

fn message(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("it does not say why")
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis().try_into().unwrap_or(u64::MAX))
}

fn keep(state_dir: &Path, at_ms: u64, report: &str) {
    let directory = state_dir.join(DIRECTORY);
    if let Err(error) = write(&directory, at_ms, report) {
        tracing::warn!(%error, directory = %directory.display(), "a crash report is not kept");
    }
}

fn write(directory: &Path, at_ms: u64, report: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut existing = reports(directory)?;
    // Two in the same millisecond, or a clock that was set back: the newest stays the last.
    let at_ms = existing.last().map_or(at_ms, |(last, _)| at_ms.max(last + 1));
    let end = report.floor_char_boundary(LONGEST);
    write_whole(directory, &format!("{at_ms:013}.txt"), &report.as_bytes()[..end])?;
    let surplus = (existing.len() + 1).saturating_sub(MOST);
    existing.drain(..surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

/// The files and their times, the oldest first; none if there is no directory.
fn reports(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let time = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        Some((name.strip_suffix(".txt")?.parse().ok()?, path))
    };
    let mut reports: Vec<_> = paths.into_iter().filter_map(time).collect();
    reports.sort_unstable();
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_in_their_order_also_when_the_clock_is_set_back() {
        let state = tempfile::tempdir().expect("a directory");
        assert_eq!(kept(state.path()).expect("none"), []);
        for (at, report) in [(5_000, "first"), (5_000, "same time"), (100, "in 1970")] {
            keep(state.path(), at, report);
        }
        let said = |crashes: &[CrashReply]| crashes.iter().map(|crash| crash.report.clone()).collect::<Vec<_>>();
        assert_eq!(said(&kept(state.path()).expect("reports")), ["first", "same time", "in 1970"]);
        for number in 0..20 {
            keep(state.path(), 1_795_000_000_000 + number, &number.to_string());
        }
        let crashes = kept(state.path()).expect("reports");
        assert_eq!(said(&crashes), (10..20).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(crashes[9].at_ms, 1_795_000_000_019);
    }

    #[test]
    fn what_a_power_cut_left_of_a_report_is_removed_at_the_next_start() {
        let state = tempfile::tempdir().expect("a directory");
        let start = || store::Store::open(state.path(), kiosk_call::Retention::UntilCallEnds).expect("it opens");
        drop(start());
        keep(state.path(), 1, "whole");
        let half = state.path().join(DIRECTORY).join("0000000000002.txt.tmp");
        fs::write(&half, "ha").expect("it writes");
        let _running = start();
        assert!(!half.exists());
        assert_eq!(kept(state.path()).expect("reports").len(), 1, "what is whole stays");
    }

    #[test]
    fn a_long_report_is_cut_where_a_character_ends() {
        let state = tempfile::tempdir().expect("a directory");
        keep(state.path(), 1, &format!("x{}", "ä".repeat(LONGEST)));
        let report = kept(state.path()).expect("a report").remove(0).report;
        assert_eq!(report.len(), LONGEST - 1);
    }

    #[test]
    fn a_panic_is_kept_with_its_thread_and_its_place() {
        let state = tempfile::tempdir().expect("a directory");
        let before = panic::take_hook();
        keep_panics(state.path().to_owned());
        let ended =
            thread::Builder::new().name("panel".to_owned()).spawn(|| panic!("no {}", "brush")).expect("a thread");
        assert!(ended.join().is_err());
        panic::set_hook(before);
        let report = kept(state.path()).expect("a report").remove(0).report;
        assert!(report.starts_with("the thread panel panicked at daemon/src/crashes.rs:"), "{report}");
        assert!(report.lines().next().is_some_and(|line| line.ends_with(": no brush")), "{report}");
        assert!(report.lines().count() > 2, "where it came from: {report}");
    }

    #[test]
    fn only_what_kioskd_has_not_explained_itself_is_a_crash() {
        for explained in ["success", "exit-code", "exec-condition", "start-limit-hit", ""] {
            assert_eq!(unasked(explained, "exited", "78"), None, "{explained}");
        }
        let said = unasked("signal", "killed", "SEGV").expect("a crash");
        assert_eq!(said, "kioskd ended: a signal ended it (signal, killed, SEGV)\n");
        assert!(unasked("watchdog", "killed", "ABRT").is_some());
    }
}
