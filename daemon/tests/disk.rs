//! A kiosk whose disk hangs: a pipe in place of the file that is written, which nobody reads.

#[expect(dead_code, reason = "each test program uses its own part of it")]
mod board;

use std::{
    fs::File,
    process::{Command, Stdio},
};

use board::{KIOSKCTL, Kiosk};
use nix::{sys::stat::Mode, unistd::mkfifo};

#[test]
fn a_disk_that_hangs_holds_up_only_who_relies_on_it() {
    let kiosk = Kiosk::start("[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\nvolume = 70\n");
    let hanging = kiosk.path("state/volume.tmp");
    mkfifo(&hanging, Mode::S_IRUSR | Mode::S_IWUSR).expect("it is made");
    let mut setting = Command::new(KIOSKCTL);
    setting.arg("--socket").arg(kiosk.path("control")).args(["volume", "40"]);
    let setting = setting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    kiosk.until("everybody hears the new volume", || kiosk.json(&["status"]).0["volume"] == 40);
    let said = setting.wait_with_output().expect("it is ours");
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("the disk has not taken it yet"), "{said}");
    kiosk.says(&["trust", "list"]);

    // A pipe cannot be synced: from here on it is a disk that takes nothing.
    let pipe = File::open(hanging).expect("it opens");
    kiosk.until("it says which file", || {
        kiosk.json(&["status"]).0["state_problem"].as_str().is_some_and(|problem| problem.contains("/volume"))
    });
    drop(pipe);
}
