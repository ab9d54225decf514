//! The program: command line, start, reload, drain. What the gateway does is in the rooms below.
#![forbid(unsafe_code)]

mod cause;
mod check;
mod control;
mod demo;
mod differences;
mod explain;
mod guard;
mod history;
mod inputs;
mod needs;
mod run;
mod start;
mod status;
mod trim;
mod watch;

use clap::{Parser, Subcommand};
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
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        /// The folder in which configurations are kept, in place of the one that the file names.
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Checks configurations and says all that is wrong in them. Exit code 0 if nothing is, else 1.
    Check {
        /// The configuration files.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Says what would become of a request, and why: its listener, its route, the policies, what a service would get.
    Explain(explain::Arguments),
    /// Serves the demo: a gateway with three small services behind it, and what to try.
    Demo {
        /// The configuration file; without it the built-in one, written to a file that you can change.
        #[arg(value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run { config, state } => run::run(&config, state.as_deref(), run::Around::default()),
        Command::Check { files } => check::check(&files),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Demo { config } => demo::demo(config),
    }
}
