//! `pintle explain`: what would become of a request, and why. Reads the files, and asks and opens nothing else; or asks a
//! running gateway.

use crate::admin_client::{AdminArguments, Credentials};
use crate::check::tell;
use crate::remote::shown;
use clap::{Args, ValueEnum};
use pintle_admin::{ExplainAsk, NO_CHART};
use pintle_config::explain::{Mistake, Question, explain};
use pintle_config::{World, assemble, describe, load};
use pintle_engine::socket::Address;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The calls of an aggregate as a flowchart for Mermaid.
    Mermaid,
}

impl Format {
    /// The word for it at the admin address.
    fn word(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Mermaid => "mermaid",
        }
    }
}

/// What is asked.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration file. With --admin: the one that says by which token and certificates to ask.
    #[arg(short, long, value_name = "FILE", required_unless_present = "admin")]
    config: Option<PathBuf>,
    /// Asks the gateway at this admin address, `IP:PORT` or `unix:/path`: by what runs there.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    #[command(flatten)]
    credentials: Credentials,
    /// The request, such as 'GET https://shop.example.com/orders/1'.
    #[arg(value_name = "REQUEST")]
    request: String,
    /// A header field, such as 'accept: text/html'; may stand several times.
    #[arg(short = 'H', long = "header", value_name = "FIELD")]
    fields: Vec<String>,
    /// Who asks, by address; the default is a client on this machine.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The certificate that the client shows, PEM.
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// The listener, where scheme and port do not say which.
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// How much content comes with it, such as 2MiB.
    #[arg(long, value_name = "SIZE")]
    body_size: Option<String>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Exit code 0 if it could be said, whatever becomes of the request; 1 if the configuration is wrong, or the gateway cannot be
/// asked; 2 if the question is wrong.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let format = arguments.format;
    let (config, admin, credentials) =
        (arguments.config.clone(), arguments.admin.clone(), arguments.credentials.clone());
    let asked = match asked(arguments) {
        Ok(asked) => asked,
        Err(mistake) => return wrong(&mistake),
    };
    match (admin, config) {
        (None, Some(config)) => local(&config, &asked, format),
        (admin, config) => remote(&AdminArguments::new(config, admin, credentials), &asked, format),
    }
}

fn wrong(mistake: &Mistake) -> ExitCode {
    crate::run::say(mistake);
    ExitCode::from(2)
}

/// By what the files say.
fn local(config: &Path, asked: &ExplainAsk, format: Format) -> ExitCode {
    let question = match question(asked) {
        Ok(question) => question,
        Err(mistake) => return wrong(&mistake),
    };
    let mut checked = load(config);
    let world = World::idle();
    let runtime = checked.document.as_ref().and_then(|document| assemble(document, &world, &mut checked.reader));
    let (Some(document), Some(runtime)) = (&checked.document, runtime) else {
        tell(&mut checked.reader);
        return ExitCode::FAILURE;
    };
    match explain(&runtime, &describe(&checked.root, document), &question) {
        Ok(explanation) => {
            let said = match format {
                Format::Text => Some(explanation.to_string()),
                Format::Json => Some(format!("{:#}\n", explanation.json())),
                Format::Mermaid => explanation.mermaid(),
            };
            let Some(said) = said else {
                crate::run::say(format_args!("error: {NO_CHART}"));
                return ExitCode::from(2);
            };
            let _ = io::stdout().write_all(said.as_bytes());
            ExitCode::SUCCESS
        }
        Err(mistake) => wrong(&mistake),
    }
}

/// By what a gateway runs.
fn remote(gateway: &AdminArguments, asked: &ExplainAsk, format: Format) -> ExitCode {
    let mut parameters = vec![("request", &*asked.request)];
    parameters.extend(asked.fields.iter().map(|field| ("header", &**field)));
    let optional = [
        ("from", &asked.from),
        ("listener", &asked.listener),
        ("body_size", &asked.body_size),
        ("client_certificate", &asked.client_certificate),
    ];
    parameters.extend(optional.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
    parameters.push(("format", format.word()));
    let answer = gateway.client().and_then(|client| client.call(pintle_admin::EXPLAIN, &parameters));
    match answer {
        Ok(answer) if answer.status == 200 => {
            let _ = io::stdout().write_all(shown(&answer.text).as_bytes());
            ExitCode::SUCCESS
        }
        Ok(answer) if answer.status == 400 => {
            crate::run::say(format_args!("error: {}", shown(answer.text.trim_end())));
            ExitCode::from(2)
        }
        Ok(answer) => {
            crate::run::say(format_args!("error: {}: {}", answer.status, shown(answer.text.trim_end())));
            ExitCode::FAILURE
        }
        Err(why) => {
            crate::run::say(format_args!("error: {}", shown(&why)));
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks. Reads the file of a client's certificate.
fn asked(arguments: Arguments) -> Result<ExplainAsk, Mistake> {
    let client_certificate = match &arguments.client_cert {
        None => None,
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| Mistake {
            what: format!("{} cannot be read: {error}", file.display()),
            help: "it wants PEM, BEGIN CERTIFICATE".into(),
        })?),
    };
    Ok(ExplainAsk {
        request: arguments.request,
        fields: arguments.fields,
        from: arguments.from,
        listener: arguments.listener,
        body_size: arguments.body_size,
        client_certificate,
        version: None,
    })
}

/// What is asked, read.
pub(crate) fn question(asked: &ExplainAsk) -> Result<Question, Mistake> {
    let mut question = Question::parse(&asked.request)?;
    asked.fields.iter().try_for_each(|field| question.field(field))?;
    if let Some(from) = &asked.from {
        question.from(from)?;
    }
    if let Some(size) = &asked.body_size {
        question.body_size(size)?;
    }
    question.client_certificate = asked.client_certificate.clone();
    question.listener = asked.listener.clone();
    Ok(question)
}
