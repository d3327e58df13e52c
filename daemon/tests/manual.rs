//! Manual pages and completions, as `make install` has them written.

use std::{fs, path::Path, process::Command};

fn written(program: &str, option: &str, directory: &Path) {
    let status = Command::new(program).arg(option).arg(directory).status().expect("it starts");
    assert!(status.success(), "{status}");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is there").filter_map(Result::ok);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// All that is written, without what roff escapes.
fn text(directory: &Path) -> String {
    let read = |name| fs::read_to_string(directory.join(name)).expect("UTF-8");
    names(directory).into_iter().map(read).collect::<String>().replace('\\', "")
}

#[test]
fn every_command_has_a_page() {
    let directory = tempfile::tempdir().expect("a directory");
    written(env!("CARGO_BIN_EXE_kioskctl"), "write-manual", directory.path());
    let (man, completions) = (directory.path().join("man"), directory.path().join("completions"));
    let pages = names(&man);
    for page in ["kioskctl.1", "kioskctl-status.1", "kioskctl-config-set.1", "kioskctl-authority-issue.1"] {
        assert!(pages.iter().any(|name| name == page), "{page} is not in {pages:?}");
    }
    assert!(pages.iter().all(|name| name.ends_with(".1") && !name.contains("write-manual")), "{pages:?}");
    let whole = fs::read_to_string(man.join("kioskctl.1")).expect("UTF-8").replace('\\', "");
    for part in [".SH \"EXIT STATUS\"", ".SH FILES", "kioskctl-status(1)", "kioskd(8)", "KIOSKD_SOCKET", "denied"] {
        assert!(whole.contains(part), "'{part}' is not in:\n{whole}");
    }
    let of_one = fs::read_to_string(man.join("kioskctl-config-set.1")).expect("UTF-8").replace('\\', "");
    assert!(of_one.contains("kioskctl config set") && of_one.contains("kioskctl(1)"), "{of_one}");
    let mut shells = names(&completions);
    shells.sort_unstable();
    assert_eq!(shells, ["_kioskctl", "kioskctl.bash", "kioskctl.fish"]);
}

#[test]
fn what_is_not_for_people_is_in_no_page() {
    let directory = tempfile::tempdir().expect("a directory");
    written(env!("CARGO_BIN_EXE_kioskd"), "--write-manual", directory.path());
    let page = text(&directory.path().join("man"));
    assert!(page.contains(".TH kioskd 8") && page.contains("--print-default-config"), "{page}");
    let completions = text(&directory.path().join("completions"));
    assert!(completions.contains("print-default-config"), "{completions}");
    for hidden in ["decode-still", "write-manual"] {
        assert!(!page.contains(hidden) && !completions.contains(hidden), "{hidden}: {page}{completions}");
    }
}
