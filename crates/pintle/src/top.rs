//! `pintle top`: what a running gateway does, seen again and again: routes and upstreams by rate, errors, p99. Live at a
//! terminal, else as text or JSON after two looks.
//!
//! `look` reads what `/stats` says; `model` makes rows of two looks; `choice` sorts and filters them; `table` says what is
//! in which column, for `plain` and for `draw` alike; `keys` and `state` are what a person does; `live` puts all of it at a
//! terminal, which `screen` takes and gives back.

mod choice;
mod draw;
mod keys;
mod live;
mod look;
mod model;
mod plain;
mod quantile;
mod screen;
mod shown;
mod state;
mod table;

use crate::admin_client::{AdminArguments, AdminClient};
use crate::format::Format;
use crate::run::say;
use choice::{Choice, Sort};
use look::Look;
use model::Model;
use pintle_core::config::Text;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How long an answer may take, and a connection before it.
const LIMIT: Duration = Duration::from_secs(10);
/// Between these a look has to be after the one before.
const EVERY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3600));

/// What is asked of `pintle top`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    gateway: AdminArguments,
    /// How long after one look the next one is.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = every)]
    every: Duration,
    /// Prints what there was between two looks, and ends: what happens as well where there is no terminal.
    #[arg(long)]
    once: bool,
    /// What comes first.
    #[arg(long, value_name = "BY", value_enum, default_value_t)]
    sort: Sort,
    /// Upstreams before routes; in text, upstreams alone.
    #[arg(long)]
    upstreams: bool,
    /// Only routes and upstreams whose names contain this, in large or small letters.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// For people, or for programs; JSON is printed once.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

/// A time between two looks.
fn every(text: &str) -> Result<Duration, String> {
    let every =
        Duration::parse(text).map_err(|why| if why.is_empty() { "a duration such as 1s".into() } else { why })?;
    match every >= EVERY.0 && every <= EVERY.1 {
        true => Ok(every),
        false => Err("between 200ms and 1h".into()),
    }
}

/// Shows what a running gateway does.
pub(crate) fn top(arguments: &Arguments) -> ExitCode {
    let choice = Choice { sort: arguments.sort, reversed: false, filter: arguments.filter.clone() };
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    let has_terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb;
    let is_live = has_terminal && !arguments.once && arguments.format == Format::Text;
    // The first look is before all else: what is wrong with the address or the token is told as by other commands.
    let begun = arguments.gateway.client().and_then(|client| {
        let client = client.within(LIMIT);
        let first = ask(&client)?;
        Ok((client, first))
    });
    let outcome = begun.and_then(|(client, first)| match is_live {
        true => live::run(client, first, arguments, choice),
        false => once(&client, first, arguments, &choice),
    });
    outcome.unwrap_or_else(|why| {
        let is_report = why.starts_with("error[") || why.starts_with("warning[");
        say(format_args!("{}{}", if is_report { "" } else { "error: " }, shown::lines(&why)));
        ExitCode::FAILURE
    })
}

/// Two looks, and what was between them.
fn once(client: &AdminClient, first: Look, arguments: &Arguments, choice: &Choice) -> Result<ExitCode, String> {
    let mut model = Model::default();
    model.take(first);
    wait(arguments.every);
    let view = model.take(ask(client)?);
    let text = match arguments.format {
        Format::Text => plain::text(&view, choice, arguments.upstreams),
        Format::Json => plain::json(&view, choice),
    };
    // Who reads no more, such as `head`, has all it wants.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "no gateway runs here")]
fn wait(time: Duration) {
    thread::sleep(time);
}

/// One look.
fn ask(client: &AdminClient) -> Result<Look, String> {
    let answer = client.call(pintle_admin::STATS, &[])?;
    Some(&answer).filter(|answer| answer.status == 200).and_then(|answer| Look::read(&answer.text)).ok_or_else(|| {
        format!(
            "{} answers with {}, but not as a Pintle does: is it the admin address?",
            client.address(),
            answer.status
        )
    })
}
