//! The load generator with few clients: everybody signs in, calls, and comes back after a kill. How fast is not looked at.
//! It starts the `kiosk-server` that lies beside it, which the server's own tests and `make build` build.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

#[test]
fn five_hundred_sign_in_call_and_come_back() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let out = directory.path().join("figures.json");
    let run = Command::new(env!("CARGO_BIN_EXE_kiosk-load"))
        .args(["run", "--one", "500", "--three", "600", "--calls", "50", "--out"])
        .arg(&out)
        .env_remove("LOAD_PUBLIC")
        .output()?;
    ensure!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let outcomes: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&out)?)?;
    ensure!(outcomes.len() == 2, "one server, then three: {outcomes:?}");
    for (outcome, clients) in outcomes.iter().zip([500, 600]) {
        let count = |pointer: &str| outcome.pointer(pointer).and_then(Value::as_u64).context("a count");
        ensure!(count("/clients")? == clients && count("/back/count")? >= clients, "all are back: {outcome}");
        ensure!(count("/set_up/count")? == 50 && count("/relay/count")? == 50, "all calls are answered: {outcome}");
    }
    let table = String::from_utf8(run.stdout)?;
    ensure!(table.contains("| idle clients | 500 | 600 |"), "{table}");
    Ok(())
}
