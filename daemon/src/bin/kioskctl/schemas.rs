//! Every command has its schema in docs/schemas. What they say is the types' affair, and that it is so the one of tests/schemas.rs.

use std::path::Path;

use clap::{Command, CommandFactory as _};

use crate::Arguments;

/// Commands that say what another says.
const SAME: [(&str, &str); 7] = [
    ("authority-init", "authority-show"),
    ("authority-revocations", "authority-issue"),
    ("authority-revoke", "authority-issue"),
    ("config-unset", "config-set"),
    ("identity-rotate", "identity"),
    ("identity-show", "identity"),
    ("screenshot", "files-save"),
];
/// Commands that say no more than that it is done.
const DONE: &str = "answer call camera chat-send files-hide files-remove files-show hang-up hold mute no page pair press quality reply \
    restart revoke share swap trust-add trust-remove trust-revocations unmute updating volume yes zoom";

/// Names of what can be asked: words of the command line, with hyphens.
fn leaves(command: &Command, name: &str, found: &mut Vec<String>) {
    let below: Vec<_> = command.get_subcommands().filter(|below| !below.is_hide_set()).collect();
    if below.is_empty() || !command.is_subcommand_required_set() {
        found.push(name.to_owned());
    }
    for below in below {
        leaves(below, format!("{name}-{}", below.get_name()).trim_start_matches('-'), found);
    }
}

#[test]
fn every_command_has_a_schema() {
    let mut commands = Vec::new();
    leaves(&Arguments::command(), "", &mut commands);
    // What journalctl writes is its own.
    commands.retain(|name| name != "logs");
    assert!(commands.len() > 50, "{commands:?}");
    for name in commands {
        let same = SAME.iter().find(|(command, _)| *command == name).map(|(_, same)| *same);
        let done = DONE.split_whitespace().any(|done| done == name).then_some("done");
        let schema = same.or(done).unwrap_or(&name);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/schemas/{schema}.json"));
        assert!(path.exists(), "what 'kioskctl {name} --json' says is told nowhere: {}", path.display());
    }
}
