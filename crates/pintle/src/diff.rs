//! `pintle diff`: what changes from one configuration to another, and what becomes of the requests in an access log.

use crate::check::tell;
use crate::run::say;
use clap::ValueEnum;
use pintle_config::describe::Description;
use pintle_config::replay::{Side, replay};
use pintle_config::{World, assemble, describe, diff, load};
use pintle_engine::Runtime;
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Nothing changes.
const SAME: u8 = 0;
/// Something does.
const DIFFERENT: u8 = 1;
/// It cannot be said: a configuration has errors, or a file cannot be read.
const TROUBLE: u8 = 2;

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON object.
    Json,
}

/// What to compare, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The configuration as it is.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The configuration as it would be.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// An access log of OLD, in JSON or the combined format: which of its requests would go elsewhere, be refused or be
    /// let in.
    #[arg(long, value_name = "LOG")]
    requests: Option<PathBuf>,
}

/// A configuration without errors.
struct Loaded {
    description: Description,
    runtime: Runtime,
}

/// Compares and prints. Exit code 0 if nothing changes, 1 if something does, 2 if that cannot be said.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    // Both are read before any message ends it, so that one run finds all mistakes.
    let (old, new) = (read(&arguments.old), read(&arguments.new));
    let (Some(old), Some(new)) = (old, new) else { return ExitCode::from(TROUBLE) };
    let difference = diff(&old.description, &new.description);
    let replayed = match &arguments.requests {
        None => None,
        Some(log) => {
            let sides = (Side::new(&old.description, &old.runtime), Side::new(&new.description, &new.runtime));
            match File::open(log).and_then(|file| replay(&sides.0, &sides.1, BufReader::new(file))) {
                Ok(replayed) => Some(replayed),
                Err(error) => {
                    say(format!("cannot read {}: {error}", log.display()));
                    return ExitCode::from(TROUBLE);
                }
            }
        }
    };
    let text = match arguments.format {
        Format::Text => {
            let mut text = difference.to_string();
            if let Some(replayed) = &replayed {
                text.push_str(&replayed.to_string());
            }
            text
        }
        Format::Json => {
            let mut value = difference.json();
            if let Some(replayed) = &replayed {
                value["requests"] = replayed.json();
            }
            format!("{value}\n")
        }
    };
    // Whoever reads it may have read enough.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(if difference.is_empty() { SAME } else { DIFFERENT })
}

/// Reads one configuration whole, as `check` does, and prints what is wrong with it; warnings are `check`'s to print.
fn read(file: &Path) -> Option<Loaded> {
    let mut checked = load(file);
    let document = checked.document.take();
    let world = World { tls: Tls::new(), metrics: Arc::new(Metrics::new(1, 0)), before: None };
    let runtime = document.as_ref().and_then(|document| assemble(document, &world, &mut checked.reader));
    match (document, runtime) {
        (Some(document), Some(runtime)) if !checked.reader.diagnostics.has_errors() => {
            Some(Loaded { description: describe(&checked.root, &document), runtime })
        }
        _ => {
            tell(&mut checked.reader);
            None
        }
    }
}
