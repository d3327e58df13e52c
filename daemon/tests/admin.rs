//! kioskctl as an admin uses it: is all well, what is configured, and a kiosk that takes another config while it runs.

mod board;

use std::{
    fs,
    process::{Command, Stdio},
};

use board::{KIOSKCTL, KIOSKD, Kiosk, write};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

#[test]
fn another_config_is_taken_or_refused_whole() {
    let kiosk = Kiosk::start("[kiosk]\nname = \"Ward 3\"\n[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    let config = kiosk.path("kioskd.toml").to_string_lossy().into_owned();
    assert_eq!(kiosk.says(&["reload"]), "nothing has changed\n");
    assert_eq!(kiosk.says(&["config", "diff", "--config", &config]), "");
    assert!(
        kiosk
            .says(&["config", "diff", "--defaults", "--config", &config])
            .contains("kiosk.name: \"Kiosk\" → \"Ward 3\"")
    );

    let sound = "[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n";
    write(&kiosk.directory, &format!("[panel]\nlangauge = \"de\"\n[kiosk]\nname = \"Ward 4\"\n{sound}"));
    let output = kiosk.ctl(&["reload"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("{config}:9: unknown key 'langauge' in [panel]; did you mean 'language'?")),
        "{said}"
    );
    assert!(kiosk.says(&["status"]).contains("Ward 3 in room"), "nothing has changed");

    let texts = "[panel]\nlanguage = \"de\"\n[panel.colors]\naccent = \"#ffd100\"\n";
    write(&kiosk.directory, &format!("{texts}[kiosk]\nname = \"Ward 4\"\n[video]\nbitrate_bps = 500_000\n{sound}"));
    let diff = kiosk.says(&["config", "diff", "--config", &config]);
    assert!(
        diff.contains("panel.language: \"en\" → \"de\"") && diff.contains("bitrate_bps: 1_000_000 → 500000"),
        "{diff}"
    );
    assert!(diff.contains("needs a restart)"), "{diff}");
    let before = kiosk.path("before.png").to_string_lossy().into_owned();
    kiosk.says(&["screenshot", &before]);
    assert_eq!(
        kiosk.says(&["reload"]),
        "taken: kiosk.name, panel.language, panel.colors.accent\nafter a restart ('kioskctl restart'): video.bitrate_bps\n"
    );
    let after = kiosk.path("after.png").to_string_lossy().into_owned();
    kiosk.until("the panel looks otherwise", || {
        kiosk.says(&["screenshot", &after]);
        fs::read(&before).expect("it is there") != fs::read(&after).expect("it is there")
    });
    kiosk.until("it has the new name", || kiosk.says(&["status"]).contains("Ward 4 in room"));
    let kept = fs::read_to_string(kiosk.path("state/config.last-good.toml")).expect("it is kept");
    assert!(kept.contains("name = \"Ward 4\""), "{kept}");

    write(&kiosk.directory, &format!("[kiosk]\nname = \"Ward 5\"\n{sound}"));
    kill(kiosk.pid(), Signal::SIGHUP).expect("it is ours");
    kiosk.until("it has the name of the config", || kiosk.says(&["status"]).contains("Ward 5 in room"));
}

#[test]
fn what_is_wrong_has_a_line_and_an_exit_code() {
    let kiosk = Kiosk::start("[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    kiosk.until("the link is down", || kiosk.says(&["status"]).contains("down: "));
    let (health, code) = kiosk.json(&["health"]);
    assert_eq!((&health["health"], code), (&"degraded".into(), Some(1)), "{health}");
    let areas: Vec<_> = health["problems"].as_array().expect("problems").iter().map(|found| &found["area"]).collect();
    assert!(areas.contains(&&"link".into()), "{health}");
    let said = kiosk.ctl(&["health"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("FAILED  link     cannot reach 127.0.0.1:9"), "{said}");
    let output =
        Command::new(KIOSKCTL).args(["--socket", "/nonexistent/control", "health"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("kioskd is not running"), "{output:?}");
}

#[test]
fn the_last_good_config_is_told_and_left_by_a_reload() {
    let sound = "[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n";
    let mut kiosk = Kiosk::start(sound);
    kill(kiosk.pid(), Signal::SIGTERM).expect("it is ours");
    assert_eq!(kiosk.running.wait().expect("it ends").code(), Some(0));
    write(&kiosk.directory, "[kiosk]\nnmae = \"x\"\n");
    let config = kiosk.path("kioskd.toml");
    let again = Command::new(KIOSKD)
        .args(["--sim", "--config"])
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    kiosk.running = again.expect("it starts");
    kiosk.until("it answers", || kiosk.ctl(&["status"]).status.success());
    let sentence = "unknown key 'nmae' in [kiosk]; did you mean 'name'?";
    assert!(
        kiosk
            .says(&["status"])
            .contains(&format!("config   the last good one is used: {}:9: {sentence}", config.display()))
    );
    let (health, _) = kiosk.json(&["health"]);
    let problems = health["problems"].as_array().expect("problems");
    assert!(
        problems.iter().any(|found| found["area"] == "settings" && found["found"].to_string().contains(sentence)),
        "{health}"
    );
    write(&kiosk.directory, &format!("[kiosk]\nname = \"x\"\n{sound}"));
    kiosk.says(&["reload"]);
    assert!(!kiosk.says(&["status"]).contains("last good"));
}

#[test]
fn keys_are_set_in_a_file_of_their_own() {
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(root.path().join("etc/kioskd")).expect("it is ours");
    fs::write(root.path().join("etc/kioskd/kioskd.toml"), "[kiosk]\nname = \"Ward 3\"\n").expect("it writes");
    let at = root.path().to_string_lossy().into_owned();
    let ctl = |arguments: &[&str]| {
        let output = Command::new(KIOSKCTL).args(arguments).args(["--root", &at]).output().expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, said, _) = ctl(&["config", "set", "sound.volume", "30"]);
    assert_eq!((code, said.contains("'kioskctl reload' makes it count")), (Some(0), true), "{said}");
    let (code, said, _) = ctl(&["config", "set", "video.codec", "h264", "--json"]);
    let said: Value = serde_json::from_str(&said).expect("one line of JSON");
    assert_eq!((code, &said["restart"], &said["key"]), (Some(0), &true.into(), &"video.codec".into()));
    let (code, _, said) = ctl(&["config", "set", "sound.volume", "300"]);
    assert!(code == Some(78) && said.contains("300 is not in 0 to 100 percent; nothing was written"), "{said}");
    let written =
        fs::read_to_string(root.path().join("etc/kioskd/kioskd.toml.d/90-kioskctl.toml")).expect("it is there");
    assert!(written.contains("volume = 30") && written.contains("codec = \"h264\""), "{written}");
    assert_eq!(ctl(&["config", "unset", "sound.volume"]).0, Some(0));
    assert_eq!(ctl(&["config", "unset", "sound.volume"]).0, Some(4));
}
