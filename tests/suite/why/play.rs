//! An incident: a gateway in which something went wrong for one request, and what `pintle why` says of that.

use pintle_testkit::{Answer, Ask, Finished, Gateway, pintle, until};
use std::any::Any;
use std::pin::Pin;

/// The path of the request that an incident is about.
pub(super) const PATH: &str = "/asked";

/// What the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// An incident, and how it is seeded.
pub(super) struct Case {
    pub(super) incident: &'static str,
    /// The one version in which it can come about.
    pub(super) only: Option<Version>,
    pub(super) play: Box<dyn Fn(Version) -> Pin<Box<dyn Future<Output = Incident>>>>,
}

pub(super) fn case<F>(incident: &'static str, play: impl Fn(Version) -> F + 'static) -> Case
where
    F: Future<Output = Incident> + 'static,
{
    Case { incident, only: None, play: Box::new(move |version| Box::pin(play(version))) }
}

impl Case {
    pub(super) fn only(self, version: Version) -> Self {
        Case { only: Some(version), ..self }
    }
}

/// What came of a case.
pub(super) struct Incident {
    gateway: Gateway,
    /// What the client got.
    gets: String,
    /// How it is asked for.
    asked: Vec<String>,
    /// What has to live until then.
    _held: Box<dyn Any>,
}

/// What is held against a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) gets: String,
    pub(super) sentence: String,
}

impl Incident {
    /// The client has an answer, and asks by its id.
    pub(super) fn answered(gateway: Gateway, answer: &Answer, held: impl Any) -> Self {
        let id = answer.get("x-request-id").unwrap_or_else(|| panic!("no x-request-id in {answer:?}")).to_owned();
        Incident { gateway, gets: answer.status.to_string(), asked: vec![id], _held: Box::new(held) }
    }

    /// It is the last one that went wrong, of those that this picks.
    pub(super) fn last(gateway: Gateway, gets: &str, picked: &[&str], held: impl Any) -> Self {
        let picked = picked.iter().map(|argument| (*argument).to_owned());
        let asked = ["--last-error".to_owned()].into_iter().chain(picked).collect();
        Incident { gateway, gets: gets.to_owned(), asked, _held: Box::new(held) }
    }

    /// Asks why, by one command.
    pub(super) async fn ask(self) -> Seen {
        // A client may have its answer before the request is over.
        let said = until(format!("a word about {:?}", self.asked), async || {
            let arguments: Vec<&str> = self.asked.iter().map(String::as_str).collect();
            let said = why(&self.gateway, &arguments).await;
            (said.code == Some(0)).then_some(said)
        })
        .await;
        let sentence = plain(said.stdout.lines().next().unwrap_or_default());
        assert!(said.stdout.contains("\nrequest   ") && said.stdout.contains("\ntime      "), "{said:?}");
        Seen { gets: self.gets, sentence }
    }
}

/// Runs `pintle why`.
pub(super) async fn why(gateway: &Gateway, arguments: &[&str]) -> Finished {
    let admin = gateway.admin().to_string();
    let arguments = [&["why", "--admin", &admin], arguments].concat();
    pintle(gateway.folder().path(), &arguments).await
}

/// A gateway with these routes and further keys; one worker, so that all clients come upon the same connections.
pub(super) async fn start(routes: &str, more: &str) -> Gateway {
    Gateway::start(config(routes, more)).await
}

pub(super) fn config(routes: &str, more: &str) -> String {
    format!(
        "listeners: [{{name: public, address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
workers: 1
{more}
routes: [{routes}]
"
    )
}

/// Sends a request in that version.
pub(super) async fn ask(gateway: &Gateway, version: Version, ask: Ask) -> Answer {
    match version {
        Version::Http1 => gateway.ask(ask).await,
        Version::Http2 => gateway.h2().await.ask(ask).await,
    }
}

/// A sentence with what differs from run to run taken out: addresses, and how long something took.
pub(super) fn plain(sentence: &str) -> String {
    let words: Vec<&str> = sentence.split(' ').collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at];
        let unit = words.get(at + 1).map(|next| next.trim_end_matches([',', ';', ':']));
        let is_time = word.parse::<f64>().is_ok() && matches!(unit, Some("ms" | "µs" | "s"));
        if is_time {
            let rest = words[at + 1].trim_start_matches(|c: char| c.is_alphabetic() || c == 'µ');
            out.push(format!("TIME{rest}"));
            at += 2;
            continue;
        }
        let digits = word.trim_start_matches('(');
        let is_bytes = words.get(at + 1).is_some_and(|next| next.starts_with("bytes"));
        if is_bytes && digits.len() > 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            // As much as buffers took.
            out.push(word.replace(digits, "MANY"));
        // A date in seconds, or a span between two.
        } else if digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push(word.replace(digits, "SECONDS"));
        } else {
            out.push(address(word));
        }
        at += 1;
    }
    out.join(" ")
}

fn address(word: &str) -> String {
    let Some(start) = word.find("127.0.0.") else { return word.to_owned() };
    let end = word[start..]
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'))
        .map_or(word.len(), |end| start + end);
    let end = start + word[start..end].trim_end_matches([':', '.']).len();
    format!("{}ADDRESS{}", &word[..start], &word[end..])
}
