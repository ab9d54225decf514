//! `pintle check`: everything that `run` would find in the files, and what is doubtful in them. It needs nothing but the
//! files: it asks no network and no upstream, and opens no log, store or state.
//!
//! People get text on standard error, programs one JSON object a run on standard output: `{version, errors, warnings,
//! files, messages, more}`. A message looks as `pintle_core::config` says; `files` has `{file, good, routes}` for each
//! file that was asked about; `more` is how many messages there were beyond those that are listed. Code hosts get SARIF.

use crate::run::say;
use clap::{Args, ValueEnum};
use pintle_config::{CODES, Verdict};
use pintle_core::config::{Reader, Sarif, Severity};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is to be checked, and how it is told.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration files; each is checked by itself, with all that it includes.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How to tell what was found: text for people, JSON for programs, SARIF for code hosts.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// What is to fail the check besides errors.
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

/// What was found in one file and what it includes.
struct Found<'a> {
    file: &'a Path,
    reader: Reader,
    routes: usize,
}

/// Checks each file by itself.
pub(crate) fn check(arguments: &Arguments) -> ExitCode {
    let mut all = Vec::with_capacity(arguments.files.len());
    let mut good = true;
    for file in &arguments.files {
        let Verdict { reader, routes } = pintle_config::check(file);
        let mut found = Found { file, reader, routes };
        let denied = arguments.deny.is_some() && count(&found.reader, Severity::Warning) > 0;
        good &= !found.reader.diagnostics.has_errors() && !denied;
        if arguments.format == Format::Text {
            tell_people(&mut found, denied);
        }
        all.push(found);
    }
    match arguments.format {
        Format::Text => {}
        Format::Json => print(json(&all)),
        Format::Sarif => print(sarif(&all)),
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell_people(found: &mut Found<'_>, denied: bool) {
    let errors = tell(&mut found.reader);
    let file = found.file.display();
    if denied && errors == 0 {
        say(format_args!("{file}: refused, because warnings are denied"));
    } else if errors == 0 {
        let plural = if found.routes == 1 { "" } else { "s" };
        print(format_args!("{file}: good, {} route{plural}", found.routes));
    }
}

fn json(all: &[Found<'_>]) -> Value {
    let sum = |severity| all.iter().map(|found| count(&found.reader, severity)).sum::<usize>();
    let file = |found: &Found<'_>| {
        let good = !found.reader.diagnostics.has_errors();
        json!({"file": found.file.display().to_string(), "good": good, "routes": found.routes})
    };
    let messages: Vec<Value> = all.iter().flat_map(|found| found.reader.diagnostics.to_json()).collect();
    let more = all.iter().map(|found| found.reader.diagnostics.len()).sum::<usize>() - messages.len();
    json!({
        "version": 1,
        "errors": sum(Severity::Error),
        "warnings": sum(Severity::Warning),
        "files": all.iter().map(file).collect::<Vec<_>>(),
        "messages": messages,
        "more": more,
    })
}

fn sarif(all: &[Found<'_>]) -> Value {
    let log = Sarif { version: env!("CARGO_PKG_VERSION"), rules: CODES };
    log.log(all.iter().flat_map(|found| &found.reader.diagnostics))
}

/// For whoever asked. Who no longer reads does not end it.
fn print(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints what was found, in order; gives the number of errors.
pub(crate) fn tell(reader: &mut Reader) -> usize {
    let messages = report(reader, io::stderr().is_terminal());
    if !messages.is_empty() {
        say(messages);
    }
    count(reader, Severity::Error)
}

/// What was found, in order, and how much; empty if nothing was.
pub(crate) fn report(reader: &mut Reader, colour: bool) -> String {
    reader.diagnostics.sort();
    if reader.diagnostics.is_empty() {
        return String::new();
    }
    let (errors, warnings) = (count(reader, Severity::Error), count(reader, Severity::Warning));
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let found = reader.diagnostics.render(colour);
    format!("{found}\n\n{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings))
}

fn count(reader: &Reader, severity: Severity) -> usize {
    reader.diagnostics.iter().filter(|one| one.severity == severity).count()
}
