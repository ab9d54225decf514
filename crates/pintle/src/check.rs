//! `pintle check`: everything that `run` would find in the files, without opening anything else.

use pintle_config::{World, assemble, load};
use pintle_core::config::{Diagnostic, Reader, Severity};
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
use std::io::IsTerminal;
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
        missing_secrets(document, &mut checked.reader);
    }
    let errors = tell(&mut checked.reader);
    if errors == 0 {
        println!("{}: good, {routes} route{}", file.display(), if routes == 1 { "" } else { "s" });
    }
    errors == 0
}

/// A secret that is not there is the business of the machine that runs, so here it is only a warning.
fn missing_secrets(document: &pintle_config::Document, reader: &mut Reader) {
    if let Some(token) = document.admin.as_ref().and_then(|admin| admin.token.as_ref())
        && let Err(why) = token.resolve()
    {
        reader.report(Diagnostic::warning("no-secret", why, &token.span));
    }
}

/// Prints what was found, in order; gives the number of errors.
pub(crate) fn tell(reader: &mut Reader) -> usize {
    reader.diagnostics.sort();
    if !reader.diagnostics.is_empty() {
        eprintln!("{}\n", reader.diagnostics.render(std::io::stderr().is_terminal()));
    }
    let count = |severity| reader.diagnostics.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if errors + warnings > 0 {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        eprintln!("{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings));
    }
    errors
}
