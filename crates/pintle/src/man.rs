//! `pintle man`: the manual, a page for the program and one for each command, made from the command line's own
//! description.

use crate::run::say;
use clap_mangen::Man;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Prints the manual, or writes a file for each page into a folder.
pub(crate) fn man(out: Option<&Path>, command: clap::Command) -> ExitCode {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let written = pages(&command).and_then(|pages| match out {
        None => {
            for (_, page) in &pages {
                let _ = io::stdout().write_all(page);
            }
            Ok(())
        }
        Some(folder) => {
            fs::create_dir_all(folder)?;
            pages.iter().try_for_each(|(name, page)| fs::write(folder.join(name), page))
        }
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let place = out.unwrap_or(Path::new("standard output"));
            say(format_args!("error: the manual cannot be written to {}: {error}", place.display()));
            ExitCode::FAILURE
        }
    }
}

/// Each page with its file's name, the program's own first.
fn pages(command: &clap::Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let man = Man::new(command.clone()).manual("Pintle").source(concat!("pintle ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut all = vec![(man.get_filename(), page)];
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        all.extend(pages(inner)?);
    }
    Ok(all)
}
