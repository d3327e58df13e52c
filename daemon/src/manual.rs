//! Manual pages and completions of shells, made of the options themselves: nothing here is written twice.

use std::{fs, io, path::Path};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

/// What the manual pages of a program say beside what its options say.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Of the manual: `"1"` for commands, `"8"` for daemons.
    pub section: &'a str,
    /// What lies where.
    pub files: &'a [(&'a str, &'a str)],
    /// Other pages, with their section in parentheses.
    pub see_also: &'a [&'a str],
}

impl Page<'_> {
    /// Writes `man/NAME.SECTION`, a page for each subcommand beside it, and `completions/`, below this directory.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn write(&self, command: &Command, directory: &Path) -> io::Result<()> {
        let (pages, completions) = (directory.join("man"), directory.join("completions"));
        fs::create_dir_all(&pages)?;
        fs::create_dir_all(&completions)?;
        let mut offered = visible(command);
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            clap_complete::generate_to(shell, &mut offered, command.get_name(), &completions)?;
        }
        let mut built = command.clone().disable_help_subcommand(true);
        built.build();
        self.write_pages(&built, command, &pages)
    }

    fn write_pages(&self, command: &Command, whole: &Command, directory: &Path) -> io::Result<()> {
        let man = Man::new(command.clone()).section(self.section).manual("Kiosk").source(source(whole));
        let mut page = Vec::new();
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if command.get_subcommands().any(|below| !below.is_hide_set()) {
            man.render_subcommands_section(&mut page)?;
        }
        let is_whole = command.get_name() == whole.get_name();
        self.rest(whole, is_whole).to_writer(&mut page)?;
        fs::write(directory.join(man.get_filename()), page)?;
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            self.write_pages(below, whole, directory)?;
        }
        Ok(())
    }

    /// Exit codes, files, other pages; of a subcommand's page only that of the program.
    fn rest(&self, whole: &Command, is_whole: bool) -> Roff {
        let mut roff = Roff::new();
        if is_whole {
            let codes = whole.get_after_help().map(ToString::to_string).unwrap_or_default();
            let codes: Vec<_> = codes.lines().filter_map(|line| line.trim().split_once("  ")).collect();
            if !codes.is_empty() {
                roff.control("SH", ["EXIT STATUS"]);
            }
            for (code, meaning) in codes {
                roff.control("TP", ["6"]).text([bold(code)]).text([roman(meaning)]);
            }
            roff.control("SH", ["FILES"]);
            for (path, what) in self.files {
                roff.control("TP", []).text([bold(*path)]).text([roman(*what)]);
            }
        }
        let own = format!("{}({})", whole.get_name(), self.section);
        let others: Vec<_> = if is_whole { self.see_also.to_vec() } else { vec![own.as_str()] };
        roff.control("SH", ["SEE ALSO"]).text([roman(others.join(", "))]);
        roff
    }
}

/// Without what is hidden, which clap_complete would offer.
fn visible(command: &Command) -> Command {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).map(visible);
    // clap wants names that live for ever, and the program ends after this.
    let name: &'static str = command.get_name().to_owned().leak();
    let mut shown = Command::new(name)
        .args(command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned())
        .subcommands(below);
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    if let Some(version) = command.get_version() {
        let version: &'static str = version.to_owned().leak();
        shown = shown.version(version);
    }
    shown
}

fn source(whole: &Command) -> String {
    format!("{} {}", whole.get_name(), whole.get_version().unwrap_or_default())
}
