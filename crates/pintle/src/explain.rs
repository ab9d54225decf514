//! `pintle explain`: what would become of a request, and why. Reads the files, and asks and opens nothing else.

use crate::check::tell;
use clap::{Args, ValueEnum};
use pintle_config::explain::{Mistake, Question, explain};
use pintle_config::{World, assemble, describe, load};
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// What is asked.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
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

/// How to say it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Exit code 0 if it could be said, whatever becomes of the request; 1 if the configuration is wrong; 2 if the question is.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let (config, format) = (arguments.config.clone(), arguments.format);
    let wrong = |mistake: Mistake| {
        crate::run::say(mistake);
        ExitCode::from(2)
    };
    let question = match question(arguments) {
        Ok(question) => question,
        Err(mistake) => return wrong(mistake),
    };
    let mut checked = load(&config);
    let world = World { tls: Tls::new(), metrics: Arc::new(Metrics::new(1, 0)), before: None };
    let runtime = checked.document.as_ref().and_then(|document| assemble(document, &world, &mut checked.reader));
    let (Some(document), Some(runtime)) = (&checked.document, runtime) else {
        tell(&mut checked.reader);
        return ExitCode::FAILURE;
    };
    match explain(&runtime, &describe(&checked.root, document), &question) {
        Ok(explanation) => {
            let _ = match format {
                Format::Text => write!(io::stdout(), "{explanation}"),
                Format::Json => writeln!(io::stdout(), "{:#}", explanation.json()),
            };
            ExitCode::SUCCESS
        }
        Err(mistake) => wrong(mistake),
    }
}

fn question(arguments: Arguments) -> Result<Question, Mistake> {
    let mut question = Question::parse(&arguments.request)?;
    arguments.fields.iter().try_for_each(|field| question.field(field))?;
    if let Some(from) = &arguments.from {
        question.from(from)?;
    }
    if let Some(size) = &arguments.body_size {
        question.body_size(size)?;
    }
    question.client_certificate = arguments.client_cert;
    question.listener = arguments.listener;
    Ok(question)
}
