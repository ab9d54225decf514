//! Talks to the admin address of a running gateway. Owns how it is found, how a caller shows who it is, and one request
//! with its answer; what the answers mean, the commands know. Blocking, with a limit on the whole exchange and on the
//! size of an answer, and a connection for each request. A token is shown to the admin address and to nobody else.

mod arguments;
mod exchange;
mod tls;

pub(crate) use arguments::{AdminArguments, Credentials};

use exchange::exchange;
use pintle_admin::Operation;
use pintle_core::Method;
use pintle_core::secret::Secret;
use pintle_engine::socket::Address;
use std::time::Duration;
use tls::Trust;

/// How long an exchange may take in all. A reload reads a hundred thousand routes in some seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// A running gateway's admin API.
pub(crate) struct AdminClient {
    address: Address,
    token: Option<Secret>,
    /// Why there is no token although the configuration names one.
    no_token: Option<String>,
    /// Whom to trust, where TLS is spoken.
    trust: Option<Trust>,
    limit: Duration,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct AdminAnswer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl AdminClient {
    pub(crate) fn new(address: Address, token: Option<Secret>) -> Self {
        AdminClient { address, token, no_token: None, trust: None, limit: LIMIT }
    }

    /// The same with less time for an exchange.
    pub(crate) fn within(self, limit: Duration) -> Self {
        AdminClient { limit, ..self }
    }

    /// Where it is, for messages.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for an operation, with parameters of its query. Any status is an answer, but for those that say that one may not
    /// ask, or that nothing of the kind is there: they are errors, and say what to do.
    pub(crate) fn call(&self, operation: &Operation, parameters: &[(&str, &str)]) -> Result<AdminAnswer, String> {
        self.ask(&operation.verb.method(), &format!("{}{}", operation.path, query(parameters)), "")
    }

    /// As [`Self::call`], for an operation whose path ends in a parameter. That there is nothing of that name is an answer.
    pub(crate) fn call_with(
        &self,
        operation: &Operation,
        last: &str,
        parameters: &[(&str, &str)],
    ) -> Result<AdminAnswer, String> {
        let before = operation.path.rsplit_once('/').map_or("", |(before, _)| before);
        let path = format!("{before}/{}{}", encoded(last), query(parameters));
        let answer = exchange(self, (&operation.verb.method(), &path), "")?;
        match self.refusal(&answer, before) {
            // A path that is not known at all is answered by what there is.
            Some(why) if answer.status != 404 || answer.text.starts_with("there are: ") => Err(why),
            _ => Ok(answer),
        }
    }

    /// As [`Self::call`], for any path.
    pub(crate) fn ask(&self, method: &Method, path: &str, body: &str) -> Result<AdminAnswer, String> {
        let answer = exchange(self, (method, path), body)?;
        match self.refusal(&answer, path) {
            Some(why) => Err(why),
            None => Ok(answer),
        }
    }

    /// What an answer means that says nothing about what was asked.
    fn refusal(&self, answer: &AdminAnswer, path: &str) -> Option<String> {
        let address = &self.address;
        let said = answer.text.trim();
        Some(match answer.status {
            401 if self.token.is_some() => format!("{address} refuses the token: it is not the one that it wants"),
            401 => match &self.no_token {
                Some(why) => format!("{address} wants the admin token, and {why}"),
                None => format!("{address} wants the admin token: give --token-file, or set PINTLE_ADMIN_TOKEN"),
            },
            403 => format!("{address} refuses this to everyone: {said}"),
            421 => format!("{address}: {said}"),
            404 | 405 => {
                let asked = path.split('?').next().unwrap_or(path);
                format!("{address} has no {asked}: it is not the admin address of a Pintle, or of one that has it")
            }
            _ => return None,
        })
    }
}

/// A query of these parameters, with its `?`; nothing of none.
fn query(parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A value as it stands in a query (RFC 3986 2.1).
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
