//! `pintle diff`: what changes from one configuration to another, or from the one that a gateway runs, and what becomes of
//! the requests in an access log.

use crate::admin_client::{AdminArguments, Credentials};
use crate::check::tell;
use crate::format::Format;
use crate::run::say;
use pintle_config::describe::Description;
use pintle_config::replay::{Side, replay};
use pintle_config::{Bundle, Checked, World, assemble, describe, diff, load, load_bundle};
use pintle_engine::Runtime;
use pintle_engine::socket::Address;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Nothing changes.
const SAME: u8 = 0;
/// Something does.
const DIFFERENT: u8 = 1;
/// It cannot be said: a configuration has errors, or a file or a gateway cannot be read.
const TROUBLE: u8 = 2;

/// What to compare, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The configuration as it is. Left out against a running gateway, so that NEW stands alone.
    #[arg(value_name = "OLD")]
    first: PathBuf,
    /// The configuration as it would be.
    #[arg(value_name = "NEW")]
    second: Option<PathBuf>,
    /// Against the gateway that runs this configuration: its `admin.address` and `admin.token` are used.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Against the gateway at this admin address, `IP:PORT` or `unix:/path`.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    #[command(flatten)]
    credentials: Credentials,
    /// How to print.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// An access log of OLD, in JSON or the combined format: which of its requests would go elsewhere, be refused or be
    /// let in.
    #[arg(long, value_name = "LOG")]
    requests: Option<PathBuf>,
}

/// A configuration without errors.
struct Loaded {
    description: Description,
    /// What it would run as, if that was asked for.
    runtime: Option<Runtime>,
}

/// Compares and prints. Exit code 0 if nothing changes, 1 if something does, 2 if that cannot be said.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match compare(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            if !why.is_empty() {
                say(why);
            }
            ExitCode::from(TROUBLE)
        }
    }
}

/// The exit code, or what is in the way, if that was not said yet.
fn compare(arguments: &Arguments) -> Result<u8, String> {
    let runs = arguments.config.is_some() || arguments.admin.is_some();
    let asks = arguments.requests.is_some();
    // Both are looked at before any message ends it, so that one run finds all mistakes.
    let (old, new) = match (&arguments.first, &arguments.second) {
        (new, None) if runs => (good(running(arguments, new)?, asks), good(load(new), true)),
        (old, Some(new)) if !runs => (good(load(old), true), good(load(new), true)),
        (_, None) => return Err("name two configurations, or a running gateway by `--admin` or `-c`".into()),
        _ => return Err("a running gateway is the old configuration: name the new one alone".into()),
    };
    let (Some(old), Some(new)) = (old, new) else { return Err(String::new()) };
    let difference = diff(&old.description, &new.description);
    let replayed = match (&arguments.requests, &old.runtime, &new.runtime) {
        (Some(log), Some(before), Some(after)) => {
            let sides = (Side::new(&old.description, before), Side::new(&new.description, after));
            let read = File::open(log).and_then(|file| replay(&sides.0, &sides.1, BufReader::new(file)));
            Some(read.map_err(|error| format!("cannot read {}: {error}", log.display()))?)
        }
        _ => None,
    };
    let text = match arguments.format {
        Format::Text => {
            let requests = replayed.map_or(String::new(), |replayed| replayed.to_string());
            format!("{difference}{requests}")
        }
        Format::Json => {
            let mut value = difference.json();
            if let Some(replayed) = &replayed {
                value["requests"] = replayed.json();
            }
            format!("{value:#}\n")
        }
    };
    // Whoever reads it may have read enough.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(if difference.is_empty() { SAME } else { DIFFERENT })
}

/// The configuration that a gateway runs. Its relative paths are taken from where the new one stands: that is the same
/// place, where the new one takes the old one's.
fn running(arguments: &Arguments, new: &Path) -> Result<Checked, String> {
    let Arguments { config, admin, credentials, .. } = arguments;
    let client = AdminArguments::new(config.clone(), admin.clone(), credentials.clone()).client()?;
    let answer = client.call(pintle_admin::CONFIG, &[])?;
    let value = serde_json::from_str(&answer.text).ok().filter(|_| answer.status == 200);
    let bundle = value.as_ref().and_then(Bundle::from_json);
    let bundle = bundle.ok_or_else(|| format!("{} does not say which configuration is in force", client.address()))?;
    Ok(load_bundle(&bundle, new.parent().unwrap_or(Path::new(""))))
}

/// Looks at a configuration as `check` does, and prints what is wrong with it; warnings are `check`'s to print. One that
/// runs somewhere is good, and its certificates may be out of reach: it is put together where requests are asked of it.
fn good(mut checked: Checked, whole: bool) -> Option<Loaded> {
    let document = checked.document.take();
    let world = World::idle();
    let whole = document.as_ref().filter(|_| whole);
    let runtime = whole.and_then(|document| assemble(document, &world, &mut checked.reader));
    match document {
        Some(document) if !checked.reader.diagnostics.has_errors() => {
            Some(Loaded { description: describe(&checked.root, &document), runtime })
        }
        _ => {
            tell(&mut checked.reader);
            None
        }
    }
}
