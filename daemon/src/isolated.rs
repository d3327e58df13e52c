//! Tests that need a network or mounts of their own.

use std::{env, path::Path, process::Command};

/// Set in the process that has them.
const INSIDE: &str = "KIOSKD_TEST_IS_ISOLATED";

/// Runs the test of this name (with its modules) once more, in new namespaces (options of unshare(1)) in which it is root, and there `test`.
pub(crate) fn isolated(name: &str, namespaces: &[&str], test: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return test();
    }
    let mut again = Command::new("unshare");
    again.args(["--user", "--map-root-user"]).args(namespaces).arg(env::current_exe().expect("this program"));
    again.args(["--exact", name, "--nocapture"]).env(INSIDE, "yes");
    assert!(again.status().expect("unshare, of util-linux").success(), "see above");
}

/// In a test with `--mount`: a disk of 256 KiB.
pub(crate) fn small_disk() -> &'static Path {
    // Each system has this directory, and nothing of ours is there.
    let disk = Path::new("/mnt");
    mount(&["-t", "tmpfs", "-o", "size=256k", "disk"], disk);
    disk
}

/// mount(8)
pub(crate) fn mount(how: &[&str], at: &Path) {
    assert!(Command::new("mount").args(how).arg(at).status().expect("mount, of util-linux").success());
}
