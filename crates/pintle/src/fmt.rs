//! `pintle fmt`: configurations in their canonical form. Owns which files are written and what is said about them; what
//! the form is, [`canonical`] knows. It reads the files that are named and no others: what they include is formatted
//! by naming it.

mod canonical;
mod difference;

use crate::replace::replace;
use crate::run::say;
use canonical::canonical;
use difference::difference;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// As much as a configuration may be.
const MOST_BYTES: u64 = 64 << 20;

/// What is to be formatted, and what becomes of it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The files; `-` reads standard input and writes standard output.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Changes nothing: shows what would change, and exits with 1 if anything would.
    #[arg(long)]
    check: bool,
    /// Writes the canonical form to standard output instead of into the file.
    #[arg(long, conflicts_with = "check")]
    stdout: bool,
}

/// What became of one file.
#[derive(PartialEq)]
enum Became {
    /// It had the canonical form, or the form was written where it was asked for.
    Good,
    Changed,
    Refused,
}

/// Formats each file by itself.
pub(crate) fn fmt(arguments: &Arguments) -> ExitCode {
    let became: Vec<_> = arguments.files.iter().map(|file| one(file, arguments)).collect();
    let changed = became.iter().filter(|became| **became == Became::Changed).count();
    let quiet = arguments.stdout || arguments.files.iter().any(|file| is_standard(file));
    if changed == 0 && !quiet && became.iter().all(|became| *became == Became::Good) {
        let plural = if became.len() == 1 { "" } else { "s" };
        print(&format!("{} file{plural}, nothing to change\n", became.len()));
    }
    let failed = became.contains(&Became::Refused) || (arguments.check && changed > 0);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn one(file: &Path, arguments: &Arguments) -> Became {
    let name = if is_standard(file) { "standard input".to_owned() } else { file.display().to_string() };
    let text = match read(file) {
        Ok(text) => text,
        Err(why) => return refused(&format!("error: {name} cannot be read: {why}")),
    };
    let form = match canonical(&name, &text) {
        Ok(form) => form,
        Err(messages) => return refused(&messages),
    };
    if arguments.check {
        if form == text {
            return Became::Good;
        }
        print(&format!("{name} is not in its canonical form:\n{}", difference(&text, &form)));
        return Became::Changed;
    }
    if arguments.stdout || is_standard(file) {
        print(&form);
        return Became::Good;
    }
    if form == text {
        return Became::Good;
    }
    match replace(file, form.as_bytes()) {
        Ok(()) => {
            print(&format!("{name}: formatted\n"));
            Became::Changed
        }
        Err(error) => refused(&format!("error: {name} cannot be written, and is as it was: {error}")),
    }
}

fn refused(why: &str) -> Became {
    say(why);
    Became::Refused
}

/// Whoever no longer reads does not keep the files from being formatted.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn is_standard(file: &Path) -> bool {
    file == Path::new("-")
}

fn read(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let done = if is_standard(file) {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    done.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it has more than {} MiB", MOST_BYTES >> 20));
    }
    String::from_utf8(bytes).map_err(|error| format!("byte {} is no UTF-8", error.utf8_error().valid_up_to() + 1))
}
