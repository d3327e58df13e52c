//! Puts the built console (`console/dist`) into the binary: writes a table of its files for `src/page.rs`.
//! A console that was not built does not stop the build: the page says so.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>No console</title>\n\
    <h1>The operator\u{2019}s page is not in this server</h1>\n\
    <p>It was built without it. In the source tree, run <code>make console</code>, then <code>cargo build -p kiosk-server</code>.\n\
    <p>Signaling works all the same.\n</html>\n";

fn main() -> io::Result<()> {
    let directory = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other("cargo sets it"));
    let (out, here) = (directory("OUT_DIR")?, directory("CARGO_MANIFEST_DIR")?);
    let dist = here.join("../console/dist");
    // While the directory is missing, cargo runs this each time: so the console is seen as soon as it is there.
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        walk(&dist, &mut files)?;
    } else {
        let page = out.join("index.html");
        fs::write(&page, NOT_BUILT)?;
        files.push(page);
    }
    files.sort();
    let root = if files.first().is_some_and(|file| file.starts_with(&dist)) { &dist } else { &out };
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(root).map_err(io::Error::other)?;
        writeln!(table, "    ({:?}, include_bytes!({:?})),", name, file).map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(out.join("console.rs"), table)
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
