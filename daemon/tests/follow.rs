//! What an admin follows, and what is given to somebody who helps.

#[expect(dead_code, reason = "it uses its part of the board")]
mod board;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use board::{KIOSKCTL, Kiosk};
use flate2::read::GzDecoder;
use serde_json::Value;

const SILENT: &str = "[sound]\nmicrophone = \"none\"\nloudspeaker = \"none\"\n";

#[test]
fn events_are_told_as_they_happen() {
    let kiosk = Kiosk::start(SILENT);
    let mut command = Command::new(KIOSKCTL);
    command.arg("--socket").arg(kiosk.path("control")).args(["events", "--follow"]).stdout(Stdio::piped());
    let mut following = command.spawn().expect("it starts");
    let mut lines = BufReader::new(following.stdout.take().expect("it is piped")).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("UTF-8")).expect("JSON") };
    assert_eq!(next()["event"], "listening");
    kiosk.ctl(&["answer"]);
    kiosk.says(&["reload"]);
    let mut seen = Vec::new();
    while !seen.contains(&Value::from("config_reloaded")) {
        let event = next();
        if event["event"] == "declined" {
            assert!(event["reason"].to_string().contains("nobody is calling"), "{event}");
        }
        assert!(event["at_ms"].as_u64().is_some_and(|at| at > 1_700_000_000_000), "{event}");
        seen.push(event["event"].clone());
    }
    assert!(seen.contains(&"declined".into()), "{seen:?}");
    following.kill().expect("it is ours");
    following.wait().expect("it ends");
}

#[test]
fn figures_identity_and_the_journal() {
    let kiosk = Kiosk::start(SILENT);
    assert_eq!(kiosk.says(&["stats"]), "no call\n");
    let (stats, code) = kiosk.json(&["stats"]);
    assert_eq!((&stats["connected"], code), (&false.into(), Some(0)));
    let shown = kiosk.says(&["identity", "show"]);
    let key = kiosk.path("state/identity.key");
    assert!(shown.contains(&format!("secret key  {} (mode 0600)", key.display())), "{shown}");
    assert_eq!(kiosk.says(&["identity"]).len(), 44);

    // A journalctl that says what it was asked for.
    let tool = kiosk.path("bin/journalctl");
    fs::create_dir(kiosk.path("bin")).expect("it is ours");
    fs::write(&tool, "#!/bin/sh\necho \"$@\"\n").expect("it writes");
    fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
    let logs = |path: &str| {
        let command = Command::new(KIOSKCTL).args(["logs", "-n", "50", "--grep", "link"]).env("PATH", path).output();
        command.expect("it starts")
    };
    let path = format!("{}:/usr/bin:/bin", kiosk.path("bin").display());
    assert_eq!(String::from_utf8_lossy(&logs(&path).stdout), "--unit kioskd.service -n 50 --grep link\n");
    let missing = logs("/nonexistent");
    assert_eq!(missing.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("journalctl cannot be run"), "{missing:?}");
}

#[test]
fn nothing_secret_is_in_the_support_bundle() {
    let secrets =
        ["pl4nted-password", "pl4nted-query", "pl4nted-link", "pl4nted-support", "pl4nted-journal", "pl4nted-token"];
    let kiosk = Kiosk::start(&format!("{SILENT}[panel]\nsupport_url = \"https://help.example/?key={}\"\n", secrets[3]));
    let config = kiosk.path("kioskd.toml");
    let text = fs::read_to_string(&config).expect("it is there");
    let url = format!("ws://kiosk:{}@127.0.0.1:9/signaling?t={}", secrets[0], secrets[1]);
    fs::write(&config, text.replace("ws://127.0.0.1:9/signaling", &url)).expect("it writes");
    // A URL with a password is refused; the sentence that says so names it.
    fs::create_dir(kiosk.path("bin")).expect("it is ours");
    let tool = kiosk.path("bin/journalctl");
    let said = format!(
        "#!/bin/sh\necho 'cannot reach wss://a:{}@b/'\necho 'token={}'\necho 'password: \"{}\"'\n",
        secrets[2], secrets[5], secrets[4]
    );
    fs::write(&tool, said).expect("it writes");
    fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");

    let bundle = kiosk.path("bundle.tar.gz");
    let mut command = Command::new(KIOSKCTL);
    command.arg("--socket").arg(kiosk.path("control")).arg("support-bundle").arg(&bundle).arg("--config").arg(&config);
    let path = format!("{}:/usr/bin:/bin", kiosk.path("bin").display());
    let output = command.env("PATH", path).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&bundle).expect("it is there")) & 0o777, 0o600);
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(&bundle).expect("it is there")));
    let key = fs::read(kiosk.path("state/identity.key")).expect("it is there");
    let mut found = Vec::new();
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("it reads");
        assert!(!bytes.windows(key.len()).any(|window| window == key), "the key is in {name}");
        let text = String::from_utf8(bytes).expect("UTF-8");
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {name}:\n{text}");
        }
        if name.ends_with(".json") {
            serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        }
        found.push((name, text));
    }
    let entry = |name: &str| &found.iter().find(|(found, _)| *found == format!("kiosk-support/{name}")).expect(name).1;
    assert!(entry("config.toml").contains("REDACTED@127.0.0.1:9/signaling"), "{}", entry("config.toml"));
    assert!(entry("versions.txt").contains("Linux") && entry("status.json").contains("\"link\""));
    assert!(entry("config-in-use.json").contains("https://help.example/?key=REDACTED"));
    assert!(entry("journal.txt").contains("cannot reach wss://REDACTED@b/"));
}
