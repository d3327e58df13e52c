//! docs/security.md and the tests that it names: every row has one, and every one is there.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

const PAGE: &str = include_str!("../../docs/security.md");

/// What stands in `backticks` and has `::` in it: a file, and what is to be found there.
fn named(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")).collect()
}

/// Cells of the rows of all tables; heads and rules are none.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines: Vec<_> = page.lines().collect();
    let is_rule = |line: &str| line.starts_with("|---");
    let is_head = |index: usize| lines.get(index + 1).is_some_and(|next| is_rule(next));
    let is_row = |index: &usize| lines[*index].starts_with('|') && !is_rule(lines[*index]) && !is_head(*index);
    let cells = |index: usize| lines[index].trim_matches('|').split(" | ").map(str::trim).collect();
    (0..lines.len()).filter(is_row).map(cells).collect()
}

/// Whether `text`, of a file of this name, has a test of this name; of a file that is no program of a test framework, whether it says this.
fn has(file: &str, text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => {
            let defines = |line: &str| line.contains(&format!("fn {name}("));
            let is_test = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            // Attributes stand between.
            let place = lines.iter().position(|line| defines(line));
            place.is_some_and(|place| lines[..place].iter().rev().take_while(|line| !line.is_empty()).any(is_test))
                || inside_macro(&lines, name)
        }
        Some("py") => lines.iter().any(|line| line.contains(&format!("def {name}("))),
        Some("js" | "ts") => {
            let starts = ["it('", "it(\"", "it(`", "test('", "test(\""];
            let is_test = |line: &str| starts.iter().any(|start| line.starts_with(start));
            lines.iter().any(|line| is_test(line) && line.contains(name))
        }
        _ => text.contains(name),
    }
}

/// proptest writes its tests within a macro: an attribute, then a function with arguments.
fn inside_macro(lines: &[&str], name: &str) -> bool {
    lines.windows(2).any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {name}(")))
}

/// One sentence for each row without a test and for each test that is not there.
fn missing(page: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    for row in rows(page) {
        let names = row.last().map(|cell| named(cell)).unwrap_or_default();
        if names.is_empty() {
            found.push(format!("no test is named for: {}", row.first().copied().unwrap_or_default()));
        }
        for (file, name) in names {
            match read(file) {
                None => found.push(format!("{file} is not there")),
                Some(text) if !has(file, &text, name) => found.push(format!("{file} has no test {name}")),
                Some(_) => {}
            }
        }
    }
    found
}

#[test]
fn every_threat_has_its_tests() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("tests/ lies in the workspace")?;
    let missing = missing(PAGE, |file| fs::read_to_string(workspace.join(file)).ok());
    ensure!(missing.is_empty(), "{}", missing.join("\n"));
    ensure!(rows(PAGE).len() > 35, "the tables were not read: {} rows", rows(PAGE).len());
    Ok(())
}

#[test]
fn what_is_missing_is_named() {
    let read = |file: &str| match file {
        "a.rs" => Some("#[test]\n#[ignore]\nfn one() {}\n\nfn two() {}\n".to_owned()),
        "b.js" => Some("  it('does three', async () => {\n// four\n".to_owned()),
        "c.py" => Some("def test_five(self):\n".to_owned()),
        "run" => Some("echo six\n".to_owned()),
        _ => None,
    };
    let found = |cell: &str| missing(&format!("| who | shown by |\n|---|---|\n| somebody | {cell} |\n"), read);
    for fine in ["`a.rs::one`", "`b.js::does three` · `c.py::test_five`", "with words: `run::echo six`"] {
        assert!(found(fine).is_empty(), "{fine}: {:?}", found(fine));
    }
    for wrong in
        ["`a.rs::two`", "`a.rs::on`", "`b.js::four`", "`c.py::six`", "`run::seven`", "`d.rs::one`", "by nothing", ""]
    {
        assert_eq!(found(wrong).len(), 1, "{wrong}");
    }
}
