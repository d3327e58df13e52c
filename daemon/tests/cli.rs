//! The programs as people meet them: sentences and exit codes of what goes wrong, and a kiosk that runs without anything.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use kiosk_call::{ChatId, ChatLine, UnixMillis};
use kiosk_wire::PeerId;
use kioskd::history::History;
use serde_json::Value;
use tempfile::TempDir;

const KIOSKD: &str = env!("CARGO_BIN_EXE_kioskd");
const KIOSKCTL: &str = env!("CARGO_BIN_EXE_kioskctl");

fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env_remove("KIOSKD_SOCKET").env_remove("RUST_LOG").env_remove("NOTIFY_SOCKET");
    command.output().expect("it starts")
}

/// Fails with this code and, as the last line of stderr, one sentence that has all of these in it.
fn fails(output: &Output, code: i32, says: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let sentence = stderr.lines().last().expect("it says why");
    for word in says {
        assert!(sentence.contains(word), "'{word}' is not in: {sentence}");
    }
}

fn place(more: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let text = format!(
        "[server]\nurl = \"ws://127.0.0.1:9/signaling\"\n[camera]\nsource = \"none\"\n[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n\
         [paths]\nstate_dir = \"{0}/state\"\ncontrol_socket = \"{0}/control\"\n{more}",
        directory.path().display()
    );
    fs::write(directory.path().join("kioskd.toml"), text).expect("it writes");
    directory
}

fn kioskd(directory: &Path) -> Output {
    run(KIOSKD, &["--sim", "--config", &directory.join("kioskd.toml").to_string_lossy()])
}

#[test]
fn a_wrong_config_is_78_and_names_file_and_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kioskd.toml");
    let name = file.to_string_lossy();
    fails(
        &run(KIOSKD, &["--config", &name]),
        78,
        &["cannot read the config", &name, "No such file", "--print-default-config"],
    );
    fs::write(&file, "[kiosk]\nnmae = \"x\"\n").expect("it writes");
    for flags in [&["--check-config", "--config", &*name][..], &["--config", &*name], &["--sim", "--config", &*name]] {
        fails(&run(KIOSKD, flags), 78, &[&format!("{name}:2: unknown key 'nmae' in [kiosk]; did you mean 'name'?")]);
    }
    fs::write(&file, "[server]\nca_file = \"/nonexistent.pem\"\n").expect("it writes");
    assert!(run(KIOSKD, &["--check-config", "--config", &name]).status.success());
}

#[test]
fn the_printed_config_is_a_config() {
    let printed = run(KIOSKD, &["--print-default-config"]);
    assert!(printed.status.success());
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kioskd.toml");
    fs::write(&file, &printed.stdout).expect("it writes");
    let checked = run(KIOSKD, &["--check-config", "--config", &file.to_string_lossy()]);
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn what_is_set_and_by_what_can_be_printed() {
    let directory = place("");
    let file = directory.path().join("kioskd.toml").to_string_lossy().into_owned();
    let ask = |flag: &str| {
        let mut command = Command::new(KIOSKD);
        command.args([flag, "--config", &file]).env("KIOSKD_KIOSK_NAME", "Ward 3").env_remove("KIOSKD_SOCKET");
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let printed = ask("--print-config");
    for line in [
        "name = \"Ward 3\"  # environment, KIOSKD_KIOSK_NAME".to_owned(),
        format!("url = \"ws://127.0.0.1:9/signaling\"  # {file}:2"),
        "bitrate_bps = 1_000_000  # default".to_owned(),
    ] {
        assert!(printed.lines().any(|printed| printed == line), "'{line}' is not in:\n{printed}");
    }
    assert_eq!(ask("--check-config"), format!("{file} is fine\nKIOSKD_KIOSK_NAME is fine\n"));
}

#[test]
fn a_bad_edit_leaves_the_kiosk_with_the_last_good_config() {
    let directory = place("[kiosk]\nname = \"Ward 3\"\n");
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let (config, socket, log) = (path("kioskd.toml"), path("control"), path("log"));
    // Starts, is asked for its picture, and ends.
    let start = || {
        let stderr = fs::File::create(&log).expect("it is ours");
        let mut command = Command::new(KIOSKD);
        command.args(["--sim", "--config", &config]).stdout(Stdio::null()).stderr(stderr).env_remove("RUST_LOG");
        let mut running = Running(command.spawn().expect("it starts"));
        let started = Instant::now();
        while !run(KIOSKCTL, &["--socket", &socket, "status"]).status.success() {
            assert_eq!(running.0.try_wait().expect("it is ours"), None, "{:?}", fs::read_to_string(&log));
            assert!(started.elapsed() < Duration::from_secs(30), "it does not start");
            std::thread::yield_now();
        }
        let pid = nix::unistd::Pid::from_raw(i32::try_from(running.0.id()).expect("pids are small"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it is ours");
        assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
        fs::read_to_string(&log).expect("it is there")
    };
    let good = fs::read_to_string(&config).expect("it is there");
    assert!(!start().contains("last good"));
    let kept = fs::read_to_string(path("state/config.last-good.toml")).expect("it is kept");
    assert!(kept.contains("name = \"Ward 3\""), "{kept}");

    let bad = good.replace("[kiosk]\nname", "[kiosk]\nnmae");
    fs::write(&config, &bad).expect("it writes");
    let sentence = "unknown key 'nmae' in [kiosk]; did you mean 'name'?";
    let said = start();
    let line = said.lines().find(|line| line.contains("the config is wrong: the last good one is used"));
    assert!(line.is_some_and(|line| line.contains("WARN") && line.contains(sentence)), "{said}");
    assert_eq!(fs::read_to_string(path("state/config.last-good.toml")).expect("it is kept"), kept);
    fails(&run(KIOSKD, &["--check-config", "--config", &config]), 78, &[sentence]);
    fails(&run(KIOSKD, &["--print-config", "--config", &config]), 78, &[sentence]);

    fs::write(path("state/config.last-good.toml"), "[kio").expect("it writes");
    fails(&kioskd(directory.path()), 78, &[&config, sentence]);
}

#[test]
fn a_ca_file_that_is_missing_is_78() {
    let directory = place("");
    let file = directory.path().join("kioskd.toml");
    let text =
        fs::read_to_string(&file).expect("it is there").replace("[camera]", "ca_file = \"/nonexistent.pem\"\n[camera]");
    fs::write(&file, text).expect("it writes");
    fails(&kioskd(directory.path()), 78, &["cannot read ca_file /nonexistent.pem: No such file", "[server]"]);
}

#[test]
fn a_key_that_others_can_read_is_77() {
    let directory = place("");
    let state = directory.path().join("state");
    fs::create_dir(&state).expect("it is ours");
    let key = state.join("identity.key");
    fs::write(&key, [7; 32]).expect("it writes");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
    fails(&kioskd(directory.path()), 77, &[&key.to_string_lossy(), "can be read by others (mode 0644)", "chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("it is ours");
    fs::write(&key, "short").expect("it writes");
    fails(&kioskd(directory.path()), 1, &[&key.to_string_lossy(), "damaged (5 bytes instead of 32)"]);
}

#[test]
fn a_place_without_rights_is_77() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kioskd.toml");
    let paths =
        format!("[paths]\nstate_dir = \"/sys/kioskd\"\ncontrol_socket = \"{}/control\"\n", directory.path().display());
    fs::write(&file, paths).expect("it writes");
    fails(&kioskd(directory.path()), 77, &["cannot make /sys/kioskd: "]);
}

#[test]
fn a_taken_control_socket_is_69() {
    let directory = place("");
    let path = directory.path().join("control");
    let _other = UnixListener::bind(&path).expect("it binds");
    fails(&kioskd(directory.path()), 69, &["another kioskd listens at", &path.to_string_lossy(), "[paths]"]);
}

#[test]
fn wrong_usage_is_2_and_nobody_there_is_3() {
    for arguments in [&["explode"][..], &[], &["camera", "maybe"], &["trust", "add", "id"], &["press", "nose"]] {
        assert_eq!(run(KIOSKCTL, arguments).status.code(), Some(2), "{arguments:?}");
    }
    let output = run(KIOSKCTL, &["--socket", "/nonexistent/control", "status"]);
    fails(&output, 3, &["kioskctl: kioskd is not running: nobody listens at /nonexistent/control", "--socket"]);
    assert!(output.stdout.is_empty());
    let output = run(KIOSKCTL, &["--json", "--socket", "/nonexistent/control", "status"]);
    fails(&output, 3, &["kioskd is not running"]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["error"], "NotRunning");
    assert!(String::from_utf8_lossy(&run(KIOSKCTL, &["--help"]).stdout).contains("75  try again"));
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_kiosk_without_camera_sound_and_server_runs_and_says_so() {
    let directory = place("");
    let config = directory.path().join("kioskd.toml").to_string_lossy().into_owned();
    let socket = directory.path().join("control").to_string_lossy().into_owned();
    let child =
        Command::new(KIOSKD).args(["--sim", "--config", &config]).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut running = Running(child.expect("it starts"));
    let ctl = |arguments: &[&str]| run(KIOSKCTL, &[&["--socket", &socket], arguments].concat());
    let started = Instant::now();
    let status = loop {
        let output = ctl(&["status", "--json"]);
        if let Ok(status) = serde_json::from_slice::<Value>(&output.stdout)
            && status["link"]["state"] == "down"
        {
            break status;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{output:?}");
        std::thread::yield_now();
    };
    assert_eq!(status["healthy"], false);
    assert!(
        status["link"]["reason"].as_str().is_some_and(|reason| reason.starts_with("cannot reach 127.0.0.1:9")),
        "{status}"
    );
    fails(&ctl(&["call"]), 69, &["kioskctl: "]);
    fails(&ctl(&["answer"]), 1, &["nobody is calling"]);
    fails(&ctl(&["call", &"A".repeat(43)]), 69, &["kioskctl: "]);
    fails(&ctl(&["trust", "remove", &"A".repeat(43)]), 4, &["is not a trusted peer"]);
    assert!(ctl(&["mute"]).status.success());
    let human = ctl(&["status"]);
    let human = String::from_utf8_lossy(&human.stdout);
    assert!(human.contains("link     down: cannot reach 127.0.0.1:9") && human.contains("muted"), "{human}");
    let png = directory.path().join("panel.png");
    assert!(ctl(&["screenshot", &png.to_string_lossy()]).status.success());
    assert!(fs::read(&png).expect("it is there").starts_with(b"\x89PNG"));

    let pid = nix::unistd::Pid::from_raw(i32::try_from(running.0.id()).expect("pids are small"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it is ours");
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
    assert!(!Path::new(&socket).exists(), "the socket's file goes with it");
}

#[test]
fn files_and_what_was_said_come_out_of_a_kiosk() {
    let directory = place("[files]\nkeep = \"3650d\"\n[chat]\nkeep = \"3650d\"\n");
    let state = directory.path().join("state");
    let incoming = state.join("files/incoming");
    fs::create_dir_all(&incoming).expect("it is ours");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let id = "AQEBAQEBAQEBAQEBAQEBAQ";
    let card = format!(
        "{{\"name\":\"menu\\u001b[2J.txt\",\"size\":12,\"sha256\":\"{}\",\"at\":1900000000000,\"synced\":12,\"found\":\"text/plain\"}}",
        "A".repeat(43)
    );
    fs::write(incoming.join(format!("{id}.json")), card).expect("it writes");
    fs::write(incoming.join(format!("{id}.data")), "soup\nbread\n\n").expect("it writes");
    let history = History::open(&state).expect("it opens");
    let line = ChatLine {
        id: ChatId([1; 16]),
        peer: PeerId([2; 32]),
        from: Some("Ann".to_owned()),
        text: "Come in".to_owned(),
        at: UnixMillis(1_900_000_000_000),
        delivered: true,
    };
    history.add(&line).expect("it is kept");
    drop(history);

    let config = directory.path().join("kioskd.toml").to_string_lossy().into_owned();
    let socket = directory.path().join("control").to_string_lossy().into_owned();
    let child =
        Command::new(KIOSKD).args(["--sim", "--config", &config]).stderr(Stdio::null()).stdout(Stdio::null()).spawn();
    let _running = Running(child.expect("it starts"));
    let ctl = |arguments: &[&str]| run(KIOSKCTL, &[&["--socket", &socket], arguments].concat());
    let says = |arguments: &[&str]| {
        let output = ctl(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let started = Instant::now();
    while !ctl(&["identity"]).status.success() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not start");
        std::thread::yield_now();
    }
    let list = says(&["files", "list"]);
    assert!(list.contains(id) && list.contains("text/plain") && list.contains("menu\u{fffd}[2J.txt"), "{list}");
    assert_eq!(says(&["files", "save", id, "-"]), "soup\nbread\n\n");
    let copy = directory.path().join("copy.txt");
    says(&["files", "save", id, &copy.to_string_lossy()]);
    assert_eq!(fs::read(&copy).expect("it is there").len(), 12);
    fails(&ctl(&["files", "send", &copy.to_string_lossy()]), 1, &["there is no call to send a file in"]);
    fails(&ctl(&["files", "send", "/nonexistent"]), 1, &["cannot read /nonexistent"]);
    fails(&ctl(&["files", "show", id]), 1, &["is no received file that can be shown"]);
    says(&["files", "remove", id]);
    fails(&ctl(&["files", "remove", id]), 4, &["there is no file", id]);
    assert_eq!(says(&["files", "list"]), "");
    assert_eq!(fs::read_dir(&incoming).expect("it is there").count(), 0);

    let said: Value = serde_json::from_str(&says(&["chat", "export", "--format", "json"])).expect("one line of JSON");
    assert_eq!(
        (&said["from"], &said["text"], &said["at"]),
        (&"Ann".into(), &"Come in".into(), &"2030-03-17T17:46:40Z".into())
    );
    assert!(says(&["chat", "export", "--since", "2030-01-01"]).ends_with("  Ann: Come in\n"));
    assert_eq!(says(&["chat", "export", "--since", "2031-01-01"]), "");
    assert_eq!(says(&["chat", "export", "--peer", &"A".repeat(43)]), "");
    says(&["quality", "data-saver"]);
    assert_eq!(fs::read(state.join("quality")).expect("it is kept"), b"data-saver\n");
}
