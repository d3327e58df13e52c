//! The schemas of what kioskctl says with `--json`: docs/schemas has them, as the types say it.
//! `KIOSK_GOLDEN=write cargo test -p kioskd --lib schemas` writes them anew.

use std::{collections::BTreeSet, fs, path::PathBuf};

use schemars::{JsonSchema, Schema, schema_for};

use crate::{
    control::protocol::{
        ChatHistoryReply, CrashesReply, DevicesReply, EventReply, FileListReply, IdentityReply, KeyReply,
        LearnKeyReply, LightReply, PeersReply, ReloadReply, StatusReply, TrustListReply,
    },
    doctor::HealthReport,
    reports::{
        AuthorityShown, BundleReport, ChatExported, ConfigChecked, ConfigDiff, ConfigEdited, ConfigShown, DoctorReport,
        FailureReport, FileSent, ProvisionReport, Saved, StatsReport,
    },
    selftest::SelftestReport,
    trial::LatencyReport,
};

/// Of whatever is only done.
#[derive(JsonSchema)]
struct Done {}

/// What an authority signs (flattened JWS, RFC 7515 §7.2.2); the payload, in base64url, is in docs/protocol.md.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "its shape is all there is to it")]
struct Signed {
    protected: String,
    payload: String,
    signature: String,
}

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("authority-issue", schema_for!(Signed)),
        ("authority-show", schema_for!(AuthorityShown<'_>)),
        ("buttons", schema_for!(KeyReply)),
        ("buttons-learn", schema_for!(LearnKeyReply)),
        ("chat-export", schema_for!(ChatExported<'_>)),
        ("chat-history", schema_for!(ChatHistoryReply)),
        ("config-check", schema_for!(ConfigChecked)),
        ("config-diff", schema_for!(ConfigDiff)),
        ("config-set", schema_for!(ConfigEdited)),
        ("config-show", schema_for!(ConfigShown)),
        ("crashes", schema_for!(CrashesReply)),
        ("devices", schema_for!(DevicesReply)),
        ("doctor", schema_for!(DoctorReport)),
        ("done", schema_for!(Done)),
        ("events", schema_for!(EventReply)),
        ("failure", schema_for!(FailureReport)),
        ("files-list", schema_for!(FileListReply)),
        ("files-save", schema_for!(Saved)),
        ("files-send", schema_for!(FileSent)),
        ("health", schema_for!(HealthReport)),
        ("identity", schema_for!(IdentityReply)),
        ("kioskd-selftest", schema_for!(SelftestReport)),
        ("latency", schema_for!(LatencyReport)),
        ("lights-test", schema_for!(LightReply)),
        ("peers", schema_for!(PeersReply)),
        ("provision", schema_for!(ProvisionReport)),
        ("reload", schema_for!(ReloadReply)),
        ("selftest", schema_for!(SelftestReport)),
        ("stats", schema_for!(StatsReport)),
        ("status", schema_for!(StatusReply)),
        ("support-bundle", schema_for!(BundleReport)),
        ("trust-list", schema_for!(TrustListReply)),
    ]
}

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schemas"))
}

#[test]
fn the_schemas_are_what_the_types_say() {
    let is_writing = std::env::var("KIOSK_GOLDEN").is_ok_and(|wish| wish == "write");
    let mut names = BTreeSet::new();
    for (name, schema) in schemas() {
        let text = serde_json::to_string_pretty(&schema).expect("it is JSON") + "\n";
        let path = directory().join(format!("{name}.json"));
        if is_writing {
            fs::create_dir_all(directory()).expect("is made");
            fs::write(&path, &text).expect("is written");
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "docs/schemas/{name}.json is not what the types say: run 'make schemas'");
        names.insert(format!("{name}.json"));
    }
    let there = fs::read_dir(directory()).expect("is there").filter_map(Result::ok);
    let there: BTreeSet<_> = there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, names, "a schema of nothing: remove it");
}
