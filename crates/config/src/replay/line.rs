//! A line of an access log: one of ours in JSON, or one of the combined format that all servers write.

use pintle_core::Method;
use serde_json::Value;
use std::net::IpAddr;

/// What a value of a query holds in the place of a credential.
const REDACTED: &str = "REDACTED";
/// What stands at the end of a value that the log cut.
const CUT: char = '…';

/// A request as its log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) method: Method,
    /// Whether it came by TLS; not told by every log.
    pub(super) is_https: Option<bool>,
    /// Without port; not told by every log.
    pub(super) host: Option<String>,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) client: IpAddr,
    pub(super) listener: Option<String>,
    pub(super) user_agent: UserAgent,
    /// What became of it; not told by every log.
    pub(super) end: Option<End>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) status: u16,
    pub(super) route: Option<String>,
    pub(super) reason: Option<String>,
    /// Bytes of content that came.
    pub(super) received: u64,
}

/// The one header field that a log has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UserAgent {
    Unknown,
    Absent,
    Is(String),
}

impl Line {
    /// Reads a line; the error says why it is none.
    pub(super) fn read(text: &[u8]) -> Result<Line, &'static str> {
        let text = std::str::from_utf8(text).map_err(|_| "it is no text")?;
        if text.starts_with('{') { json(text) } else { combined(text) }
    }

    /// Whether the log has the whole path.
    pub(super) fn has_path(&self) -> bool {
        !self.path.ends_with(CUT)
    }

    /// Whether the log has the whole query, as it was sent.
    pub(super) fn has_query(&self) -> bool {
        self.query.as_ref().is_none_or(|query| !query.contains(REDACTED) && !query.ends_with(CUT))
    }

    /// Whether the log has every value of a parameter: none is a credential, and nothing was cut off.
    pub(super) fn has_parameter(&self, name: &str) -> bool {
        let Some(query) = &self.query else { return true };
        let is_hidden = |pair: &str| match pair.split_once('=') {
            Some((key, value)) => value.contains(REDACTED) && may_be(key, name),
            None => false,
        };
        !query.ends_with(CUT) && !query.split('&').any(is_hidden)
    }

    /// Whether a parameter is there, of which the log may hide the value.
    pub(super) fn names_parameter(&self, name: &str) -> bool {
        let query = self.query.as_deref().unwrap_or_default();
        let pairs =
            query.strip_suffix(CUT).map_or(query, |whole| whole.rsplit_once('&').map_or("", |(whole, _)| whole));
        pairs.split('&').any(|pair| pair.split('=').next() == Some(name) && !name.is_empty())
    }
}

/// Whether a key as it is written may mean this name; one with escapes may mean any.
fn may_be(key: &str, name: &str) -> bool {
    key == name || key.contains(['%', '+'])
}

fn json(text: &str) -> Result<Line, &'static str> {
    let value: Value = serde_json::from_str(text).map_err(|_| "it is no JSON object")?;
    let get = |key: &str| value.get(key).and_then(Value::as_str);
    let owned = |key: &str| get(key).map(str::to_owned);
    if get("network.transport").is_some() {
        return Err("it tells of a tunnel");
    }
    let method = get("http.request.method").ok_or("it has no `http.request.method`")?;
    let client = get("client.address").and_then(|client| client.parse().ok()).ok_or("it has no `client.address`")?;
    let status =
        value.get("http.response.status_code").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
    let received = value.get("http.request.body.size").and_then(Value::as_u64).unwrap_or(0);
    Ok(Line {
        method: Method::from_bytes(method.as_bytes()).map_err(|_| "its method is none")?,
        is_https: get("url.scheme").map(|scheme| scheme == "https"),
        host: Some(owned("server.address").ok_or("it has no `server.address`")?),
        path: owned("url.path").ok_or("it has no `url.path`")?,
        query: owned("url.query"),
        client,
        listener: Some(owned("pintle.listener").ok_or("it has no `pintle.listener`")?),
        user_agent: match owned("user_agent.original") {
            None => UserAgent::Absent,
            // Not as it was sent: cut, or with bytes that are no text.
            Some(agent) if agent.ends_with(CUT) || agent.contains('\u{fffd}') => UserAgent::Unknown,
            Some(agent) => UserAgent::Is(agent),
        },
        end: Some(End {
            status: status.ok_or("it has no `http.response.status_code`")?,
            route: owned("pintle.route"),
            reason: owned("pintle.reason"),
            received,
        }),
    })
}

/// `client - user [time] "METHOD target HTTP/version" status bytes …`.
fn combined(text: &str) -> Result<Line, &'static str> {
    const NONE: &str = "it is neither JSON nor the combined format";
    let (client, rest) = text.split_once(' ').ok_or(NONE)?;
    let (_, request) = rest.split_once("] \"").ok_or(NONE)?;
    let (request, _) = request.split_once('"').ok_or(NONE)?;
    let mut words = request.split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("its request line is broken");
    };
    if !version.starts_with("HTTP/") || target.contains("\\x") {
        return Err("its request line is broken");
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    // Other servers write the path as it was sent.
    let path = match path {
        "*" => path.to_owned(),
        path => pintle_router::normalise(path).map_err(|_| "its path is not acceptable")?.into_owned(),
    };
    Ok(Line {
        method: Method::from_bytes(method.as_bytes()).map_err(|_| "its method is none")?,
        is_https: None,
        host: None,
        path,
        query,
        client: client.parse().map_err(|_| "its client has no address")?,
        listener: None,
        user_agent: UserAgent::Unknown,
        end: None,
    })
}
