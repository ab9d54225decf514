//! The program: command line, start, reload, drain. What the gateway does is in the rooms below.
#![forbid(unsafe_code)]

mod admin_client;
mod cause;
mod check;
mod completions;
mod control;
mod cost;
mod demo;
mod diff;
mod explain;
mod explainer;
mod fmt;
mod format;
mod gauges;
mod guard;
mod hash;
mod history;
mod init;
mod inputs;
mod man;
mod needs;
mod remote;
mod replace;
mod run;
mod start;
mod stats;
mod status;
mod terminal;
mod top;
mod trim;
mod watch;
mod why;

use clap::{CommandFactory, Parser, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An API gateway: one endpoint in front of many services.
#[derive(Parser)]
#[command(name = "pintle", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a configuration. SIGHUP reads it again, SIGTERM drains and ends, a second SIGTERM ends at once.
    Run {
        /// The configuration file; it is watched, with all that it includes.
        #[arg(short, long, value_name = "FILE", required_unless_present = "file")]
        config: Option<PathBuf>,
        /// The same, without `-c`.
        #[arg(value_name = "FILE", conflicts_with = "config")]
        file: Option<PathBuf>,
        /// The folder in which configurations are kept, in place of the one that the file names.
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Checks configurations and says all that is wrong in them. Exit code 0 if nothing is, else 1.
    Check(check::Arguments),
    /// Says what changes from one configuration to another: routes, policies in effect, upstreams, listeners, certificates.
    /// Exit code 0 if nothing does, 1 if something does, 2 if a configuration has errors.
    Diff(diff::Arguments),
    /// Says what would become of a request, and why: its listener, its route, the policies, what a service would get.
    Explain(explain::Arguments),
    /// Puts configurations into their canonical form, comments kept; refuses to write what would mean something else.
    Fmt(fmt::Arguments),
    /// Writes a first configuration, from three questions or from flags.
    Init(init::Arguments),
    /// Makes of a secret the line that a consumer holds.
    #[command(subcommand)]
    Hash(hash::Hash),
    /// Makes a running gateway read its configuration again, and says what is in force or why it was refused.
    Reload(admin_client::AdminArguments),
    /// Says what a running gateway does: configuration, listeners, upstreams.
    Status(remote::StatusArguments),
    /// Shows live what a running gateway does: routes and upstreams by rate, errors, p99. Without a terminal it prints them.
    Top(top::Arguments),
    /// Says what became of a request, and why: its route and what ruled others out, the policies, the endpoints that were
    /// tried, where the time went. Asks a running gateway, which keeps the last requests.
    Why(why::Arguments),
    /// Prints what a shell needs in order to complete commands and flags: `source <(pintle completions bash)`.
    Completions {
        /// Which shell.
        #[arg(value_name = "SHELL")]
        shell: completions::For,
    },
    /// Prints the manual.
    Man {
        /// Writes a file for each page into this folder instead.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Prints the JSON Schema of configurations, by which an editor completes and explains keys.
    Schema,
    /// Serves the demo: a gateway with four small services behind it, and what to try.
    Demo {
        /// The configuration file; without it the built-in one, written to a file that you can change.
        #[arg(value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run { config, file, state } => match config.or(file) {
            Some(config) => run::run(&config, state.as_deref(), run::Around::default()),
            None => ExitCode::FAILURE,
        },
        Command::Check(arguments) => check::check(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Fmt(arguments) => fmt::fmt(&arguments),
        Command::Init(arguments) => init::init(&arguments),
        Command::Hash(what) => hash::hash(&what),
        Command::Reload(gateway) => remote::reload(&gateway),
        Command::Status(arguments) => remote::status(&arguments),
        Command::Top(arguments) => top::top(&arguments),
        Command::Why(arguments) => why::run(&arguments),
        Command::Completions { shell } => completions::completions(shell, Arguments::command()),
        Command::Man { out } => man::man(out.as_deref(), Arguments::command()),
        Command::Schema => print(&pintle_config::schema()),
        Command::Demo { config } => demo::demo(config),
    }
}
