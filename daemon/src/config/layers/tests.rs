use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::last_good;

const NO_VARIABLES: [(String, String); 0] = [];

/// A system with these files.
fn system(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("a directory");
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the root")).expect("it is ours");
        fs::write(path, text).expect("it writes");
    }
    root
}

fn layers(root: &TempDir, variables: &[(&str, &str)]) -> Layers {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Layers::below(root.path(), None, variables)
}

/// The sentence, without the place of the test.
fn mistake(root: &TempDir, variables: &[(&str, &str)]) -> String {
    let error = layers(root, variables).effective().expect_err("it is wrong").to_string();
    error.replace(&format!("{}/", root.path().display()), "/")
}

fn origin(root: &TempDir, effective: &Effective, section: &str, key: &str) -> (String, String) {
    let settings = effective.settings();
    let setting = settings.iter().find(|setting| setting.section == section && setting.key == key).expect(key);
    let origin = setting.origin.to_string().replace(&format!("{}/", root.path().display()), "/");
    (setting.value.clone(), origin)
}

/// Every layer sets the name, and each one a key that those above it leave alone.
const ALL: &[(&str, &str)] = &[
    ("usr/lib/kioskd/kioskd.toml", "[kiosk]\nname = \"vendor\"\nroom = \"vendor\"\n[sound]\nvolume = 10\n"),
    ("etc/kioskd/kioskd.toml", "[kiosk]\nname = \"admin\"\n[video]\ncodec = \"h264\"\n[sound]\nvolume = 20\n"),
    ("etc/kioskd/kioskd.toml.d/20-b.toml", "kiosk.name = \"b\"\nsound.volume = 40\n"),
    ("etc/kioskd/kioskd.toml.d/10-a.toml", "[kiosk]\nname = \"a\"\n[sound]\nvolume = 30\necho_delay_ms = 7\n"),
    ("etc/kioskd/kioskd.toml.d/30-c.toml.off", "this is no TOML"),
    ("etc/kioskd/kioskd.toml.d/.40-d.toml", "this is no TOML"),
    ("run/kioskd.toml", "[kiosk]\nname = \"run\"\n[panel]\nlanguage = \"de\"\n"),
];

#[test]
fn later_layers_win_key_by_key() {
    let root = system(ALL);
    let config = layers(&root, &[("KIOSKD_KIOSK_NAME", "environment")]).effective().expect("they are fine").config;
    let (name, room) = (config.kiosk.name.as_str(), config.kiosk.room.as_str());
    assert_eq!((name, room), ("environment", "vendor"));
    assert_eq!((config.sound.volume, config.sound.echo_delay_ms), (40, 7));
    assert_eq!(config.panel.language.code(), "de");
    for (path, wins) in [
        (None, "run"),
        (Some("run/kioskd.toml"), "b"),
        (Some("etc/kioskd/kioskd.toml.d/20-b.toml"), "a"),
        (Some("etc/kioskd/kioskd.toml.d/10-a.toml"), "admin"),
        (Some("etc/kioskd/kioskd.toml"), "vendor"),
    ] {
        if let Some(path) = path {
            fs::remove_file(root.path().join(path)).expect("it is there");
        }
        assert_eq!(layers(&root, &[]).effective().expect("they are fine").config.kiosk.name.as_str(), wins);
    }
}

#[test]
fn tables_merge_and_lists_replace() {
    let root = system(&[
        (
            "usr/lib/kioskd/kioskd.toml",
            "[camera.controls]\ngain = 1\n\"odd name\" = 2\n[chat]\nquick_replies = [\"a\", \"b\"]\n",
        ),
        ("etc/kioskd/kioskd.toml", "[camera.controls]\ngain = 3\n[chat]\nquick_replies = [\"c\"]\n"),
    ]);
    let effective = layers(&root, &[]).effective().expect("they are fine");
    assert_eq!(effective.config.chat.quick_replies, ["c"]);
    assert_eq!(effective.config.camera.controls.len(), 2);
    assert_eq!(origin(&root, &effective, "camera.controls", "gain").0, "3");
}

#[test]
fn each_key_has_its_origin() {
    let root = system(ALL);
    let peer = format!("[{{ id = \"{}\", name = \"Desk\" }}]", "A".repeat(43));
    let effective =
        layers(&root, &[("KIOSKD_KIOSK_NAME", "x"), ("KIOSKD_TRUST_PEER", &peer)]).effective().expect("they are fine");
    for (section, key, value, from) in [
        ("kiosk", "name", "\"x\"", "environment, KIOSKD_KIOSK_NAME"),
        ("kiosk", "room", "\"vendor\"", "/usr/lib/kioskd/kioskd.toml:3"),
        ("sound", "volume", "40", "/etc/kioskd/kioskd.toml.d/20-b.toml:2"),
        ("sound", "echo_delay_ms", "7", "/etc/kioskd/kioskd.toml.d/10-a.toml:5"),
        ("video", "codec", "\"h264\"", "/etc/kioskd/kioskd.toml:4"),
        ("panel", "language", "\"de\"", "/run/kioskd.toml:4"),
        ("panel", "rotation", "0", "default"),
    ] {
        assert_eq!(origin(&root, &effective, section, key), (value.to_owned(), from.to_owned()), "{section}.{key}");
    }
    assert_eq!(origin(&root, &effective, "trust", "peer").1, "environment, KIOSKD_TRUST_PEER");
    let parts: Vec<_> = effective.parts().collect();
    assert_eq!(parts.len(), 7, "{parts:?}");
    assert!(parts[0].ends_with("/usr/lib/kioskd/kioskd.toml") && parts[6] == "KIOSKD_TRUST_PEER", "{parts:?}");
}

#[test]
fn what_is_printed_is_the_same_config() {
    let peer = format!("[[trust.peer]]\nid = \"{}\"\nname = \"Desk\"\nauto_answer = true\n", "A".repeat(43));
    let text =
        format!("{peer}[camera.controls]\n\"odd\\tname\" = \"50 Hz\"\n[panel.texts]\nidle = \"one\\ntwo # three\"\n");
    let root = system(&[("etc/kioskd/kioskd.toml", &text), ALL[0]]);
    let effective = layers(&root, &[]).effective().expect("they are fine");
    for printed in [effective.printed(), effective.printed_changes()] {
        let read = Config::parse(Path::new("printed"), &printed);
        assert_eq!(read.as_ref().ok(), Some(&effective.config), "{read:?}\n{printed}");
    }
    assert!(effective.printed().contains("\nrotation = 0  # default\n"), "{}", effective.printed());
    assert!(!effective.printed_changes().contains("# default"));
}

#[test]
fn each_part_is_checked_with_its_own_lines() {
    for (name, text, sentence) in [
        (
            "usr/lib/kioskd/kioskd.toml",
            "\n[kiosk]\nnmae = \"x\"",
            ":3: unknown key 'nmae' in [kiosk]; did you mean 'name'?",
        ),
        ("etc/kioskd/kioskd.toml.d/10-a.toml", "[sound]\nvolume = 101", ":2: volume: 101 is not in 0 to 100 percent"),
        ("etc/kioskd/kioskd.toml.d/20-b.toml", "[sound\n", ":1: unclosed table, expected `]`"),
        ("run/kioskd.toml", "\nkiosk.room = 7", ":2: kiosk.room: invalid type: integer `7`"),
    ] {
        let files: Vec<_> = ALL.iter().copied().filter(|(path, _)| *path != name).chain([(name, text)]).collect();
        let error = mistake(&system(&files), &[]);
        assert!(error.starts_with(&format!("/{name}{sentence}")), "{error}");
    }
    let root = system(ALL);
    assert_eq!(
        mistake(&root, &[("KIOSKD_SOUND_VOLUME", "101")]),
        "KIOSKD_SOUND_VOLUME in the environment: 101 is not in 0 to 100 percent"
    );
    fs::write(root.path().join("run/kioskd.toml"), [0xff]).expect("it writes");
    assert!(mistake(&root, &[]).starts_with("cannot read the config /run/kioskd.toml: "));
}

#[test]
fn what_two_parts_make_wrong_together_names_the_one_that_set_it() {
    let etc = |text| ("etc/kioskd/kioskd.toml", text);
    let drop_in = |text| ("etc/kioskd/kioskd.toml.d/10-a.toml", text);
    for (files, sentence) in [
        (
            [etc("[server]\nallow_plain = true\nurl = \"ws://b.example/\""), drop_in("[server]\nallow_plain = false")],
            "/etc/kioskd/kioskd.toml:3: 'ws://b.example/' has no TLS",
        ),
        (
            [etc("[server]\nurl = \"wss://a.example/\""), drop_in("[server]\n\nurl = \"ws://b.example/\"")],
            "/etc/kioskd/kioskd.toml.d/10-a.toml:3: 'ws://b.example/' has no TLS",
        ),
        (
            [etc("[buttons]\nmute = \"KEY_A\""), drop_in("[buttons]\n\ncall = \"KEY_A\"")],
            "/etc/kioskd/kioskd.toml.d/10-a.toml:3: 'KEY_A' is mute already",
        ),
        (
            [etc("[buttons]\n\ncall = \"KEY_MICMUTE\""), drop_in("")],
            "/etc/kioskd/kioskd.toml:3: 'KEY_MICMUTE' is mute already",
        ),
        (
            [etc("[panel.colors]\n\nground = \"#777777\""), drop_in("[panel.colors]\naccent = \"#005eb8\"")],
            "/etc/kioskd/kioskd.toml:3: ground: ",
        ),
        (
            [etc("[panel.texts]\nidle = \"a\""), drop_in("[panel.texts]\nidel = \"a\"")],
            "/etc/kioskd/kioskd.toml.d/10-a.toml:2: there is no text 'idel'",
        ),
    ] {
        let error = mistake(&system(&files), &[]);
        assert!(error.starts_with(sentence), "{error}");
    }
    let root = system(&[etc("")]);
    let error = mistake(&root, &[("KIOSKD_SERVER_URL", "ws://b.example/")]);
    assert!(error.starts_with("KIOSKD_SERVER_URL in the environment: 'ws://b.example/' has no TLS"), "{error}");
}

#[test]
fn a_real_kiosk_needs_a_file() {
    let root = system(&[]);
    let error = mistake(&root, &[]);
    assert!(error.starts_with("cannot read the config /etc/kioskd/kioskd.toml: "), "{error}");
    let other = system(&[("kioskd.toml", "[kiosk]\nname = \"alone\"\n"), ALL[1]]);
    let file = other.path().join("kioskd.toml");
    let alone = Layers::below(other.path(), Some(&file), NO_VARIABLES.into_iter()).effective().expect("it is fine");
    assert_eq!((alone.config.kiosk.name.as_str(), alone.parts().count()), ("alone", 1));
}

#[test]
fn the_state_is_found_in_a_config_that_is_wrong() {
    let root = system(&[
        ("etc/kioskd/kioskd.toml", "[paths]\nstate_dir = \"/data\"\n[kiosk]\nnmae = 1"),
        ("run/kioskd.toml", "[paths\n"),
    ]);
    assert_eq!(layers(&root, &[]).state_dir(), Some(Path::new("/data")));
    assert_eq!(layers(&system(&[]), &[]).state_dir(), Some(Path::new("/var/lib/kioskd")));
    let file = root.path().join("run/kioskd.toml");
    assert_eq!(Layers::below(root.path(), Some(&file), NO_VARIABLES.into_iter()).state_dir(), None);
}

#[test]
fn the_last_good_config_is_kept_whole() {
    let root = system(ALL);
    let state = root.path();
    let effective = |variables: &[(&str, &str)]| layers(&root, variables).effective().expect("they are fine");
    let wrong = ConfigError::Variable { name: "KIOSKD_X".to_owned(), message: "is wrong".to_owned() };
    let read = || last_good::read(state, &wrong).map(|kept| kept.config);
    assert!(read().is_err());
    let first = effective(&[]);
    last_good::keep(state, &first).expect("it writes");
    let kept = read().expect("it is there");
    assert_eq!(kept.instead_of, Some(wrong.to_string()));
    assert_eq!(Config { instead_of: None, ..kept }, first.config);

    // A power cut while the next one is written: half of it lies beside, and does not count.
    let half = state.join("config.last-good.toml.tmp");
    fs::write(&half, "[kio").expect("it writes");
    assert_eq!(read().expect("it is there").kiosk, first.config.kiosk);
    let second = effective(&[("KIOSKD_KIOSK_NAME", "second")]);
    last_good::keep(state, &second).expect("it writes");
    assert_eq!(read().expect("it is there").kiosk, second.config.kiosk);
    assert!(!half.exists());

    // No wear where nothing has changed.
    let file = state.join("config.last-good.toml");
    let written = |file: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).expect("it is there"));
    let before = written(&file);
    last_good::keep(state, &second).expect("it is kept");
    assert_eq!(written(&file), before);
    fs::write(&file, "[kio").expect("it writes");
    assert!(read().is_err());
}
