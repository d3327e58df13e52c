//! A config that somebody has put beside the boot files of a card: taken once, as the drop-in `50-provisioned.toml`.
//!
//! Each step leaves a state from which the next boot goes on: the drop-in is written whole and on the disk before the file is renamed, the
//! explanation of a bad file before that is. FAT knows no owners and no atomic replacing, so that nothing there is written over but the explanation.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::config::edit::{EditError, write_drop_in};

/// Where a Raspberry Pi's and other boards' boot partition is.
pub const FILES: [&str; 2] = ["/boot/firmware/kiosk.toml", "/boot/kiosk.toml"];
/// What it becomes: before what an admin has set by `kioskctl config set`.
const DROP_IN: &str = "50-provisioned.toml";
/// Larger files are no config.
const LARGEST: u64 = 256 << 10;

/// Why it was not taken.
#[derive(Debug, Error)]
pub enum ProvisionError {
    /// The kiosk would not start with it. It was renamed.
    #[error("{wrong}; it is now {}, put it right and name it kiosk.toml again", renamed.display())]
    Bad {
        /// Line, key and what to do.
        wrong: String,
        /// What it is called now.
        renamed: PathBuf,
    },
    /// The system's config cannot be written; the next boot tries again.
    #[error(transparent)]
    Edit(EditError),
    /// The boot partition cannot be read or written; the next boot tries again.
    #[error("cannot {what} {}: {source}; is the boot partition mounted, and not read-only?", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A test has cut the power.
    #[error("cut off")]
    Cut,
}

/// A step that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The drop-in is on the disk.
    Written,
    /// The explanation of a bad file is on the disk.
    Explained,
    /// The file has its other name.
    Renamed,
}

/// Takes `file` into the system below `root`: what it is called now. `done` is told each step and may stop there, as a power cut would.
///
/// # Errors
/// [`ProvisionError`].
pub fn provision(
    root: &Path,
    file: &Path,
    mut done: impl FnMut(Step) -> ControlFlow<()>,
) -> Result<PathBuf, ProvisionError> {
    let mut step = |step| match done(step) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ProvisionError::Cut),
    };
    let explanation = beside(file, "error.txt");
    match take(root, file)? {
        Ok(()) => {
            step(Step::Written)?;
            let renamed = rename(file, "done")?;
            step(Step::Renamed)?;
            // Of a file that was bad before this one.
            let _ = fs::remove_file(explanation);
            Ok(renamed)
        }
        Err(wrong) => {
            write(&explanation, &format!("kiosk.toml was not taken:\r\n\r\n{wrong}\r\n"))
                .map_err(failed("write", &explanation))?;
            step(Step::Explained)?;
            let renamed = rename(file, "bad")?;
            step(Step::Renamed)?;
            Err(ProvisionError::Bad { wrong, renamed })
        }
    }
}

/// The inner error: what is wrong with it.
fn take(root: &Path, file: &Path) -> Result<Result<(), String>, ProvisionError> {
    let size = fs::metadata(file).map_err(failed("read", file))?.len();
    if size > LARGEST {
        return Ok(Err(format!("{}: it has {size} bytes, which is no config", file.display())));
    }
    let bytes = fs::read(file).map_err(failed("read", file))?;
    // Editors of other systems begin with a byte order mark.
    let Ok(text) = str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)) else {
        return Ok(Err(format!("{}: it is not UTF-8 text", file.display())));
    };
    match write_drop_in(root, DROP_IN, text) {
        Ok(_) => Ok(Ok(())),
        // It is not written yet: what is named is the file that was read.
        Err(EditError::Refused(wrong)) => {
            let drop_in = crate::config::edit::drop_in(root, DROP_IN).display().to_string();
            Ok(Err(wrong.to_string().replace(&drop_in, &file.display().to_string())))
        }
        Err(error) => Err(ProvisionError::Edit(error)),
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProvisionError {
    let path = path.to_owned();
    move |source| ProvisionError::Io { what, path, source }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn rename(file: &Path, ending: &str) -> Result<PathBuf, ProvisionError> {
    let renamed = beside(file, ending);
    let sync = || file.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all());
    fs::rename(file, &renamed).and_then(|()| sync()).map_err(failed("rename", file))?;
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::config::Layers;

    /// A system and a boot partition with this file.
    fn board(text: &[u8]) -> (TempDir, PathBuf) {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("etc/kioskd")).expect("it is ours");
        fs::create_dir_all(root.path().join("boot/firmware")).expect("it is ours");
        fs::write(root.path().join("etc/kioskd/kioskd.toml"), "[kiosk]\nroom = \"ward\"\n").expect("it writes");
        let file = root.path().join("boot/firmware/kiosk.toml");
        fs::write(&file, text).expect("it writes");
        (root, file)
    }

    fn name(root: &TempDir) -> String {
        let config = Layers::read_below(root.path()).effective().expect("every boot comes up").config;
        assert_eq!(config.kiosk.room.as_str(), "ward");
        config.kiosk.name.as_str().to_owned()
    }

    fn files(root: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(root.path().join("boot/firmware")).expect("it is there").filter_map(Result::ok);
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    const fn on(_: Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn a_good_file_is_taken_once() {
        let (root, file) = board(b"\xef\xbb\xbf[kiosk]\r\nname = \"Ward 3\"\r\n");
        provision(root.path(), &file, on).expect("it is good");
        assert_eq!((name(&root).as_str(), files(&root)), ("Ward 3", vec!["kiosk.toml.done".to_owned()]));
        assert!(matches!(provision(root.path(), &file, on), Err(ProvisionError::Io { what: "read", .. })));
    }

    #[test]
    fn a_bad_file_is_explained_and_changes_nothing() {
        for (text, said) in [
            (&b"[kiosk]\nnmae = \"x\"\n"[..], "kiosk.toml:2: unknown key 'nmae' in [kiosk]; did you mean 'name'?"),
            (b"[kiosk\n", "kiosk.toml:1: "),
            (b"\xff\xfe[\0k\0", "it is not UTF-8 text"),
            (&[b' '; 300_000], "it has 300000 bytes"),
        ] {
            let (root, file) = board(text);
            let Err(ProvisionError::Bad { wrong, .. }) = provision(root.path(), &file, on) else { panic!("{said}") };
            assert!(wrong.contains(said), "{wrong}");
            assert_eq!(
                (name(&root).as_str(), files(&root)),
                ("Kiosk", vec!["kiosk.toml.bad".to_owned(), "kiosk.toml.error.txt".to_owned()])
            );
            let explained = fs::read_to_string(beside(&file, "error.txt")).expect("it is there");
            assert!(explained.contains(said), "{explained}");
            // The next one is right: the explanation goes.
            fs::write(&file, "[kiosk]\nname = \"Ward 3\"\n").expect("it writes");
            provision(root.path(), &file, on).expect("it is good");
            assert_eq!(files(&root), ["kiosk.toml.bad", "kiosk.toml.done"]);
        }
    }

    #[test]
    fn a_power_cut_at_any_step_is_made_good_by_the_next_boot() {
        for (text, last, expected) in [
            (&b"[kiosk]\nname = \"Ward 3\"\n"[..], "kiosk.toml.done", "Ward 3"),
            (b"[kiosk]\nnmae = \"x\"\n", "kiosk.toml.bad", "Kiosk"),
        ] {
            for cut in 0..3 {
                let (root, file) = board(text);
                let mut steps = 0;
                let first = provision(root.path(), &file, |_| {
                    steps += 1;
                    if steps > cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                assert_eq!(matches!(first, Err(ProvisionError::Cut)), cut < 2, "{first:?}");
                name(&root);
                if file.exists() {
                    let _ = provision(root.path(), &file, on);
                }
                assert_eq!(name(&root), expected);
                assert!(files(&root).contains(&last.to_owned()) && !file.exists(), "{cut}: {:?}", files(&root));
            }
        }
    }
}
