//! `pintle reload` and `pintle status`: asks the admin address of a running gateway, and says what it answered.

mod summary;

use crate::admin_client::{AdminAnswer, AdminArguments, AdminClient};
use crate::format::Format;
use crate::run::say;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;
use summary::Status;

/// What is asked of `pintle status`.
#[derive(clap::Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    gateway: AdminArguments,
    /// Tells of this upstream alone, with all of its endpoints.
    #[arg(long, value_name = "NAME")]
    upstream: Option<String>,
    /// For people, or as the gateway says it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

/// Reads the configuration of a running gateway again.
pub(crate) fn reload(arguments: &AdminArguments) -> ExitCode {
    told(arguments.client().and_then(|client| {
        let answer = client.call(pintle_admin::RELOAD, &[])?;
        match answer.status {
            200 => Ok(format!("{}\n", answer.text.trim_end())),
            // The messages, as `check` would print them.
            422 => Err(format!("{}\n{}: refused, what ran before stays", answer.text.trim_end(), client.address())),
            _ => Err(unexpected(&client, &answer)),
        }
    }))
}

/// Says what a running gateway does.
pub(crate) fn status(arguments: &StatusArguments) -> ExitCode {
    told(arguments.gateway.client().and_then(|client| {
        let upstream = arguments.upstream.as_deref().map(|name| ("upstream", name));
        let answer = client.call(pintle_admin::STATUS, upstream.as_slice())?;
        let status = match answer.status {
            200 => Status::read(&answer.text),
            _ => None,
        };
        match status {
            None => Err(unexpected(&client, &answer)),
            Some(_) if arguments.format == Format::Json => Ok(answer.text),
            Some(status) => Ok(status.summary(SystemTime::now())),
        }
    }))
}

fn unexpected(client: &AdminClient, answer: &AdminAnswer) -> String {
    if answer.status >= 500 {
        return format!("{} answers with {}: {}", client.address(), answer.status, answer.text.trim_end());
    }
    format!("{} answers with {}, but not as a Pintle does: is it the admin address?", client.address(), answer.status)
}

fn told(outcome: Result<String, String>) -> ExitCode {
    match outcome {
        Ok(text) => {
            let _ = io::stdout().write_all(shown(&text).as_bytes());
            ExitCode::SUCCESS
        }
        Err(why) => {
            // What a configuration's reader found says itself how bad it is.
            let is_report = why.starts_with("error[") || why.starts_with("warning[");
            say(format_args!("{}{}", if is_report { "" } else { "error: " }, shown(&why)));
            ExitCode::FAILURE
        }
    }
}

/// What came over a wire does not reach the terminal as more than text.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
