//! The manual page and completions of shells, made of the options themselves: nothing here is written twice.

use std::{fs, io, path::Path};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Writes `man/NAME.8` and `completions/` below this directory.
pub(crate) fn write(command: &Command, directory: &Path) -> io::Result<()> {
    let (pages, completions) = (directory.join("man"), directory.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    // Without what is hidden, which clap_complete would offer.
    let offered = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    let mut offered = Command::new("kiosk-server").args(offered);
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut offered, command.get_name(), &completions)?;
    }
    Man::new(command.clone()).section("8").manual("Kiosk").generate_to(pages).map(drop)
}
