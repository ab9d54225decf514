//! `pintle init`: a first configuration, from three questions or from flags. Owns what is asked and in which words, and
//! that what is written passes the check; how the file looks, [`template`] knows.

mod template;

use crate::replace::replace;
use crate::run::say;
use crate::terminal;
use pintle_config::check_text;
use pintle_core::config::{Diagnostic, Severity};
use pintle_engine::socket::Address;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;
use template::{Answers, Certificate};

/// What is written where. Whoever gives an answer as a flag is not asked for it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = "gateway.yaml")]
    file: PathBuf,
    /// Where clients come in: `IP:PORT` or `unix:/path` [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the service behind is: `http://HOST:PORT`, `https://HOST` or `unix:/path` [default: http://127.0.0.1:9001].
    #[arg(long, value_name = "URL")]
    service: Option<String>,
    /// A TLS certificate with its chain, as PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Where operators ask for health, status and metrics: `IP:PORT` or `unix:/path`.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9900")]
    admin: String,
    /// Asks nothing, and takes the defaults for what no flag says. So it is when standard input is no terminal.
    #[arg(short, long)]
    yes: bool,
    /// Overwrites a file that is there.
    #[arg(long)]
    force: bool,
}

const LISTEN: &str = "127.0.0.1:8080";
const SERVICE: &str = "http://127.0.0.1:9001";

/// Writes a configuration.
pub(crate) fn init(arguments: &Arguments) -> ExitCode {
    match written(arguments) {
        Ok(next) => {
            let _ = io::stdout().write_all(next.as_bytes());
            ExitCode::SUCCESS
        }
        Err(why) => {
            say(format_args!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn written(arguments: &Arguments) -> Result<String, String> {
    let file = &arguments.file;
    // Before anyone answers questions in vain.
    if file.exists() && !arguments.force {
        return Err(format!("{} is there already: name another file, or overwrite it by --force", file.display()));
    }
    let mut answers = Answers {
        listen: arguments.listen.clone().unwrap_or_else(|| LISTEN.into()),
        service: service(arguments.service.as_deref().unwrap_or(SERVICE)),
        certificate: arguments.cert.as_deref().zip(arguments.key.as_deref()).map(|pair| certificate(file, pair)),
        admin: arguments.admin.clone(),
    };
    if let Some(fault) = fault(file, &answers) {
        return Err(fault);
    }
    if !arguments.yes && io::stdin().is_terminal() {
        ask(arguments, &mut answers)?;
    }
    write(arguments, &template::render(file, &answers))
        .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    let warned = warnings(file, &answers);
    Ok(format!("{warned}{}", template::next(file, &answers)))
}

/// Asks for what no flag said, each until it is right.
fn ask(arguments: &Arguments, answers: &mut Answers) -> Result<(), String> {
    let file = &arguments.file;
    say(format_args!("Three questions; Enter takes what stands in brackets. The answers go to {}.", file.display()));
    if arguments.listen.is_none() {
        let question = "\nWhere do clients come in? IP:PORT, or unix:/path";
        until_right(file, answers, |answers| {
            answers.listen = asked(question, Some(LISTEN))?;
            Ok(())
        })?;
    }
    if arguments.service.is_none() {
        let question = "\nWhere is the service behind? http://HOST:PORT, https://HOST or unix:/path";
        until_right(file, answers, |answers| {
            answers.service = service(&asked(question, Some(SERVICE))?);
            Ok(())
        })?;
    }
    if arguments.cert.is_none() {
        until_right(file, answers, |answers| {
            let question = "\nFor HTTPS, which certificate? A PEM file; nothing is plain HTTP";
            let cert = PathBuf::from(asked(question, None)?);
            if cert.as_os_str().is_empty() {
                answers.certificate = None;
                return Ok(());
            }
            let beside = cert.with_extension("key");
            let key = PathBuf::from(asked("And its private key?", beside.to_str())?);
            answers.certificate = Some(certificate(file, (&cert, &key)));
            Ok(())
        })?;
    }
    Ok(())
}

fn until_right(
    file: &Path,
    answers: &mut Answers,
    mut ask: impl FnMut(&mut Answers) -> Result<(), String>,
) -> Result<(), String> {
    loop {
        ask(answers)?;
        match fault(file, answers) {
            None => return Ok(()),
            Some(why) => say(why),
        }
    }
}

fn asked(question: &str, default: Option<&str>) -> Result<String, String> {
    let default = default.unwrap_or("");
    let answer = match terminal::line(&format!("{question} [{default}]: ")) {
        Ok(Some(answer)) => answer,
        Ok(None) => return Err("the answers ended before the questions: nothing was written".into()),
        Err(error) => return Err(format!("the terminal cannot be read: {error}")),
    };
    Ok(if answer.is_empty() { default.to_owned() } else { answer })
}

/// The first thing that is wrong with a configuration of these answers, with its remedy.
fn fault(file: &Path, answers: &Answers) -> Option<String> {
    if answers.listen.parse().is_ok_and(|address| matches!(address, Address::AnyPort(..))) {
        return Some("port 0 is another port at each start: choose one, such as 8080".into());
    }
    let found = checked(file, answers);
    found.iter().find(|one| one.severity == Severity::Error).map(told)
}

/// What the check would warn of, if anything.
fn warnings(file: &Path, answers: &Answers) -> String {
    let found = checked(file, answers);
    let warnings = found.iter().filter(|one| one.severity == Severity::Warning);
    warnings.map(|one| format!("warning: {}\n", told(one))).collect()
}

fn told(one: &Diagnostic) -> String {
    let help = one.help.as_ref().map_or_else(String::new, |help| format!(": {help}"));
    format!("{}{help}", one.message)
}

/// What the check finds in the file before it is written.
fn checked(file: &Path, answers: &Answers) -> Vec<Diagnostic> {
    let verdict = check_text(file, template::render(file, answers));
    verdict.reader.diagnostics.iter().cloned().collect()
}

/// A service as `proxy` takes it: what has no scheme is meant as plain HTTP.
fn service(answer: &str) -> String {
    match answer {
        // As browsers write it.
        url if url.contains("://") => url.strip_suffix('/').filter(|url| !url.ends_with('/')).unwrap_or(url).to_owned(),
        path if path.starts_with("unix:") => path.to_owned(),
        answer => format!("http://{answer}"),
    }
}

/// The files as the configuration names them. There, paths are relative to its folder, and here to the current one.
fn certificate(file: &Path, (cert, key): (&Path, &Path)) -> Certificate {
    let here = file.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let named = |path: &Path| if here { path.to_owned() } else { absolute(path).unwrap_or_else(|_| path.to_owned()) };
    Certificate { cert: named(cert), key: named(key) }
}

fn write(arguments: &Arguments, text: &str) -> io::Result<()> {
    let file = &arguments.file;
    if arguments.force && file.exists() {
        return replace(file, text.as_bytes());
    }
    // It may have come into being while questions were answered: then it stays.
    let mut new = OpenOptions::new().write(true).create_new(true).open(file)?;
    new.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a file is none, and would be in the way of the next try.
        let _ = fs::remove_file(file);
    })
}
