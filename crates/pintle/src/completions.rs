//! `pintle completions`: what a shell needs in order to complete commands and flags, made from the command line's own
//! description.

use clap_complete::{Shell, generate};
use std::io::{self, Write};
use std::process::ExitCode;

/// The shells that are tested.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum For {
    Bash,
    Zsh,
    Fish,
}

/// Prints the completions of a shell.
pub(crate) fn completions(shell: For, mut command: clap::Command) -> ExitCode {
    let shell = match shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    let _ = io::stdout().write_all(&script);
    ExitCode::SUCCESS
}
