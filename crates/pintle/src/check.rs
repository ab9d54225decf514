//! `pintle check`: everything that `run` would find in the files, without opening anything else.

use crate::needs;
use crate::run::say;
use pintle_config::{World, assemble, load};
use pintle_core::config::{Reader, Severity};
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Checks each file by itself.
pub(crate) fn check(files: &[PathBuf]) -> ExitCode {
    let mut good = true;
    for file in files {
        good &= check_one(file);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check_one(file: &Path) -> bool {
    let mut checked = load(file);
    let mut routes = 0;
    if let Some(document) = &checked.document {
        let world = World { tls: Tls::new(), metrics: Arc::new(Metrics::new(1, 0)), before: None };
        if let Some(runtime) = assemble(document, &world, &mut checked.reader) {
            routes = runtime.table.len();
        }
        needs::warn_of_secrets(document, &mut checked.reader);
    }
    let errors = tell(&mut checked.reader);
    if errors == 0 {
        let plural = if routes == 1 { "" } else { "s" };
        let _ = writeln!(io::stdout(), "{}: good, {routes} route{plural}", file.display());
    }
    errors == 0
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
