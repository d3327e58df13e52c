//! A kiosk that runs without devices and without a server, and kioskctl to ask it.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const KIOSKD: &str = env!("CARGO_BIN_EXE_kioskd");
pub(crate) const KIOSKCTL: &str = env!("CARGO_BIN_EXE_kioskctl");

/// A kiosk without devices and without a server; it ends with the test.
pub(crate) struct Kiosk {
    pub(crate) directory: TempDir,
    pub(crate) running: Child,
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

impl Kiosk {
    pub(crate) fn start(more: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        write(&directory, more);
        let mut command = Command::new(KIOSKD);
        command.args(["--sim", "--config"]).arg(directory.path().join("kioskd.toml"));
        command.stdout(Stdio::null()).stderr(fs::File::create(directory.path().join("log")).expect("it is ours"));
        for variable in ["RUST_LOG", "NOTIFY_SOCKET", "JOURNAL_STREAM"] {
            command.env_remove(variable);
        }
        let kiosk = Self { running: command.spawn().expect("it starts"), directory };
        kiosk.until("it answers", || kiosk.ctl(&["status"]).status.success());
        kiosk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn ctl(&self, arguments: &[&str]) -> Output {
        let socket = self.path("control");
        let mut command = Command::new(KIOSKCTL);
        command.arg("--socket").arg(socket).args(arguments).env_remove("KIOSKD_SOCKET");
        command.output().expect("it starts")
    }

    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.ctl(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> (Value, Option<i32>) {
        let output = self.ctl(&[arguments, &["--json"]].concat());
        (serde_json::from_slice(&output.stdout).expect("one line of JSON"), output.status.code())
    }

    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            let log = fs::read_to_string(self.path("log"));
            assert!(began.elapsed() < Duration::from_secs(30), "waited in vain until {what}: {log:?}");
            std::thread::yield_now();
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.running.id()).expect("pids are small"))
    }
}

/// Writes the config, with more in it; without a camera, unless there is one in that.
pub(crate) fn write(directory: &TempDir, more: &str) {
    let camera = if more.contains("[camera]") { "" } else { "[camera]\nsource = \"none\"\n" };
    let text = format!(
        "[server]\nurl = \"ws://127.0.0.1:9/signaling\"\n{camera}\
         [paths]\nstate_dir = \"{0}/state\"\ncontrol_socket = \"{0}/control\"\n{more}",
        directory.path().display()
    );
    fs::write(directory.path().join("kioskd.toml"), text).expect("it writes");
}
