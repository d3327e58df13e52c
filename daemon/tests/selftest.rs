//! `kioskd --selftest`, and `kioskctl selftest` of a kiosk that runs: all stages of a simulated kiosk work, what is missing is named, and
//! nothing is left behind.

#[expect(dead_code, reason = "it uses its part of the board")]
mod board;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use board::{KIOSKD, Kiosk, write};
use serde_json::Value;

fn selftest(directory: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(KIOSKD);
    command.args(["--sim", "--selftest", "--config"]).arg(directory.join("kioskd.toml")).args(more);
    for variable in ["NOTIFY_SOCKET", "JOURNAL_STREAM"] {
        command.env_remove(variable);
    }
    command.output().expect("it starts")
}

fn stages(output: &Output) -> Vec<(String, bool)> {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let stages = report["stages"].as_array().expect("stages");
    let name = |stage: &Value| stage["stage"].as_str().expect("a name").to_owned();
    stages.iter().map(|stage| (name(stage), stage["passed"] == true)).collect()
}

#[test]
fn a_simulated_kiosk_calls_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths =
        format!("[paths]\nstate_dir = \"{0}/state\"\ncontrol_socket = \"{0}/control\"\n", directory.path().display());
    fs::write(directory.path().join("kioskd.toml"), paths).expect("it writes");
    let output = selftest(directory.path(), &["--json"]);
    let stages = stages(&output);
    assert!(stages.len() == 11 && stages.iter().all(|(_, passed)| *passed), "{output:?}");
    assert_eq!(output.status.code(), Some(0));
    let left: Vec<_> = fs::read_dir(directory.path()).expect("it is there").filter_map(Result::ok).collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_camera_that_gives_nothing_is_the_stage_that_fails() {
    let directory = tempfile::tempdir().expect("a directory");
    write(&directory, "[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    let path = directory.path().join("kioskd.toml");
    let text = fs::read_to_string(&path).expect("it is there");
    fs::write(&path, text.replace("source = \"none\"", "source = \"/dev/video250\"")).expect("it writes");
    let output = selftest(directory.path(), &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.lines().any(|line| line.starts_with("FAILED  camera")), "{said}");
    assert!(said.lines().any(|line| line.starts_with("ok      connection")), "{said}");
}

#[test]
fn it_is_refused_while_a_kioskd_runs() {
    let kiosk = Kiosk::start("[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    let output = selftest(kiosk.directory.path(), &[]);
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another kioskd listens at"), "{output:?}");
}

/// The simulated camera and microphone, as they are without a word about them.
const SIMULATED: &str = "[camera]\nsource = \"auto\"\n";

#[test]
fn a_kiosk_that_runs_tries_its_stages_and_says_how_long_pictures_take() {
    let kiosk = Kiosk::start(SIMULATED);
    let output = kiosk.ctl(&["selftest", "--json"]);
    let passed = stages(&output);
    let names: Vec<_> = passed.iter().map(|(stage, _)| stage.as_str()).collect();
    assert_eq!(names, ["camera", "encoder", "decoder", "panel", "microphone", "sound encoder"]);
    assert!(passed.iter().all(|(_, passed)| *passed) && output.status.code() == Some(0), "{output:?}");
    let (latency, code) = kiosk.json(&["latency", "--seconds", "1"]);
    assert_eq!(code, Some(0), "{latency}");
    let of = |stage: usize, member: &str| latency["stages"][stage][member].as_f64().expect("milliseconds");
    assert!(latency["pictures"].as_u64().is_some_and(|pictures| pictures > 5), "{latency}");
    assert!(of(1, "p50_ms") > 0.0 && of(2, "p50_ms") > 0.0, "encoding and decoding takes its time: {latency}");
    assert!(of(3, "p99_ms") >= of(3, "p95_ms") && of(3, "p95_ms") >= of(3, "p50_ms"), "{latency}");
    assert!(of(3, "p99_ms") >= of(1, "p50_ms") + of(2, "p50_ms"), "{latency}");
    assert!(kiosk.says(&["status"]).contains("call     none"), "it is what it was");
}

#[test]
fn a_kiosk_that_runs_names_the_stage_that_fails() {
    let kiosk =
        Kiosk::start("[camera]\nsource = \"/dev/video250\"\n[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    let output = kiosk.ctl(&["selftest"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.lines().any(|line| line.starts_with("FAILED  camera") && line.contains("/dev/video250")), "{said}");
    assert!(said.lines().any(|line| line.starts_with("ok      decoder")), "{said}");
    let output = kiosk.ctl(&["latency", "--seconds", "1"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("/dev/video250"), "{output:?}");
}
