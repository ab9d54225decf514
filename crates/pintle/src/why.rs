//! `pintle why`: what became of a request, asked of a running gateway.

use crate::admin_client::{AdminArguments, AdminClient};
use crate::format::Format;
use crate::remote::shown;
use clap::Args;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

/// What is asked.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The request: its id as its answer, a problem or the log has it; its trace's; or the first eight characters of either.
    #[arg(value_name = "ID", required_unless_present_any = ["last_error", "list"], conflicts_with_all = ["last_error", "list"])]
    id: Option<String>,
    /// The last one that went wrong.
    #[arg(long, conflicts_with = "list")]
    last_error: bool,
    /// The last ones, a line each.
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "20")]
    list: Option<u16>,
    #[command(flatten)]
    wanted: WantedArguments,
    #[command(flatten)]
    gateway: AdminArguments,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which of the last ones.
#[derive(Args)]
struct WantedArguments {
    /// Those that went wrong alone.
    #[arg(long, conflicts_with = "id")]
    errors: bool,
    /// Those of this route.
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    route: Option<String>,
    /// Those of this status, 404, or of such a one, 5xx.
    #[arg(long, value_name = "STATUS", conflicts_with = "id")]
    status: Option<String>,
    /// Those for this reason, such as breaker_open.
    #[arg(long, value_name = "REASON", conflicts_with = "id")]
    reason: Option<String>,
    /// Those that were sent to this upstream.
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    upstream: Option<String>,
    /// Those whose path begins so.
    #[arg(long, value_name = "PREFIX", conflicts_with = "id")]
    path: Option<String>,
    /// Those of the client with this address.
    #[arg(long, value_name = "IP", conflicts_with = "id")]
    client: Option<IpAddr>,
}

/// Exit code 0 if it could be said; 1 if there is no such request, or the gateway cannot be asked; 2 if the question is wrong.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match arguments.gateway.client().map_err(Wrong::failed).and_then(|client| said(arguments, &client)) {
        Ok(text) => {
            let _ = io::stdout().write_all(shown(&text).as_bytes());
            ExitCode::SUCCESS
        }
        Err(Wrong { code, why }) => {
            crate::run::say(format_args!("error: {}", shown(why.trim_end())));
            ExitCode::from(code)
        }
    }
}

struct Wrong {
    code: u8,
    why: String,
}

impl Wrong {
    fn failed(why: String) -> Self {
        Wrong { code: 1, why }
    }
}

fn said(arguments: &Arguments, client: &AdminClient) -> Result<String, Wrong> {
    let format = arguments.format;
    if let Some(id) = &arguments.id {
        return one(client, id, format);
    }
    let last = arguments.list.unwrap_or(1).to_string();
    let WantedArguments { errors, route, status, reason, upstream, path, client: from } = &arguments.wanted;
    let from = from.map(|ip| ip.to_string());
    let mut parameters = vec![("last", &*last)];
    if *errors || arguments.last_error {
        parameters.push(("errors", "true"));
    }
    let optional = [
        ("route", route),
        ("status", status),
        ("reason", reason),
        ("upstream", upstream),
        ("path", path),
        ("client", &from),
    ];
    parameters.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
    let listed = arguments.list.is_some();
    parameters.push(("format", if listed { format.word() } else { "json" }));
    let answer = client.call(pintle_admin::WHYS, &parameters).map_err(Wrong::failed)?;
    let text = good(answer.status, answer.text)?;
    if listed {
        return Ok(text);
    }
    let found: serde_json::Value = serde_json::from_str(&text)
        .map_err(|_| Wrong::failed(format!("{} does not answer as a Pintle does", client.address())))?;
    match found["requests"][0]["request_id"].as_str() {
        Some(id) => one(client, id, format),
        None => {
            let kept = found["kept"].as_u64().unwrap_or(0);
            let oldest = found["oldest"].as_str().map(|oldest| format!(", the oldest of {oldest}")).unwrap_or_default();
            Err(Wrong::failed(format!("none of the {kept} requests that are kept is such a one{oldest}")))
        }
    }
}

fn one(client: &AdminClient, id: &str, format: Format) -> Result<String, Wrong> {
    let answer = client.call_with(pintle_admin::WHY, id, &[("format", format.word())]).map_err(Wrong::failed)?;
    good(answer.status, answer.text)
}

fn good(status: u16, text: String) -> Result<String, Wrong> {
    match status {
        200 => Ok(text),
        400 => Err(Wrong { code: 2, why: text }),
        404 => Err(Wrong::failed(text)),
        _ => Err(Wrong::failed(format!("{status}: {text}"))),
    }
}
