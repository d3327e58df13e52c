//! What kioskctl says with `--json` is what docs/schemas says of it, and nothing else.

#[expect(dead_code, reason = "it uses its part of the board")]
mod board;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use board::{KIOSKCTL, Kiosk};
use serde_json::Value;

/// Of this name; members that it does not name are not allowed here, though readers have to allow them.
fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/schemas/{name}.json"));
    let mut schema = serde_json::from_str(&fs::read_to_string(path).expect(name)).expect("JSON");
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.contains_key("properties") || members.get("title").is_some_and(|title| title == "Done") {
                members.entry("additionalProperties").or_insert(false.into());
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fits(name: &str, said: &Value) {
    let schema = schema(name);
    if let Err(error) = jsonschema::validate(&schema, said) {
        panic!("{name}: {error}: {said}");
    }
    let stranger = serde_json::json!({ "stranger": 1 });
    assert!(!jsonschema::is_valid(&schema, &stranger), "{name}: the schema takes anything");
}

#[test]
fn what_is_said_is_as_the_schemas_say() {
    let kiosk = Kiosk::start("[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    let path = |name: &str| kiosk.path(name).to_string_lossy().into_owned();
    let config = path("kioskd.toml");
    fs::create_dir_all(kiosk.path("root/etc/kioskd")).expect("it is ours");
    fs::write(kiosk.path("root/etc/kioskd/kioskd.toml"), "").expect("it writes");
    fs::write(kiosk.path("kiosk.toml"), "[kiosk]\nname = \"Ward 3\"\n").expect("it writes");
    let (root, card, bundle, picture) = (path("root"), path("kiosk.toml"), path("bundle.tar.gz"), path("picture.png"));
    let (authority, peer) = (path("authority"), "A".repeat(43));
    for (name, arguments) in [
        ("authority-show", &["authority", "init", &authority][..]),
        ("authority-issue", &["authority", "issue", &authority, "--role", "kiosk", "--peer", &peer]),
        ("authority-issue", &["authority", "revoke", &authority, "--serial", "1"]),
        ("authority-show", &["authority", "show", &authority]),
        ("chat-history", &["chat", "history"]),
        ("config-check", &["config", "check", &config]),
        ("config-diff", &["config", "diff", "--defaults", "--config", &config]),
        ("config-set", &["config", "set", "sound.volume", "30", "--root", &root]),
        ("config-show", &["config", "show", "--config", &config]),
        ("crashes", &["crashes"]),
        ("devices", &["devices"]),
        ("doctor", &["doctor", "--config", &config]),
        ("done", &["volume", "30"]),
        ("done", &["trust", "add", &peer, "--name", "Desk"]),
        ("failure", &["answer"]),
        ("failure", &["config", "set", "sound.volume", "300", "--root", &root]),
        ("files-list", &["files", "list"]),
        ("files-save", &["screenshot", &picture]),
        ("health", &["health"]),
        ("identity", &["identity", "show"]),
        ("peers", &["peers"]),
        ("provision", &["provision", &card, "--root", &root]),
        ("reload", &["reload"]),
        ("selftest", &["selftest"]),
        ("stats", &["stats"]),
        ("status", &["status"]),
        ("support-bundle", &["support-bundle", &bundle, "--config", &config]),
        ("trust-list", &["trust", "list"]),
    ] {
        fits(name, &kiosk.json(arguments).0);
    }
    let kiosk = Kiosk::start("[camera]\nsource = \"auto\"\n");
    fits("latency", &kiosk.json(&["latency", "--seconds", "1"]).0);
}

#[test]
fn lines_are_as_the_schemas_say() {
    let kiosk = Kiosk::start("[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n");
    let lines = |output: &[u8]| -> Vec<Value> {
        String::from_utf8_lossy(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let lit = lines(&kiosk.ctl(&["lights", "test", "--json"]).stdout);
    assert!(!lit.is_empty());
    lit.iter().for_each(|line| fits("lights-test", line));

    let mut following = Command::new(KIOSKCTL);
    following.arg("--socket").arg(kiosk.path("control")).args(["events", "--follow"]);
    let told = || fs::read(kiosk.path("events")).expect("it is there");
    let file = fs::File::create(kiosk.path("events")).expect("it is ours");
    let mut following = following.stdout(file).stderr(Stdio::null()).spawn().expect("it starts");
    kiosk.until("it listens", || told().ends_with(b"\n"));
    kiosk.ctl(&["answer"]);
    kiosk.ctl(&["reload"]);
    kiosk.until("both are told", || told().ends_with(b"\n") && lines(&told()).len() >= 3);
    following.kill().expect("it is ours");
    following.wait().expect("it ends");
    lines(&told()).iter().for_each(|line| fits("events", line));
}
