//! What comes over the wire, kept as it came: fields in their order and spelling, nothing joined or normalised.

use serde_json::Value;
use std::fmt;

/// Header or trailer fields, in the order and spelling of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The value of a field that stands there once.
    ///
    /// # Panics
    /// When it stands there more than once.
    pub fn get(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} stands there {} times: {all:?}", all.len());
        all.first().copied()
    }

    /// All values under a name, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a field stands there.
    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }
}

impl From<&http::HeaderMap> for Fields {
    fn from(map: &http::HeaderMap) -> Self {
        Fields(map.iter().map(|(name, value)| (name.to_string(), latin1(value.as_bytes()))).collect())
    }
}

/// The head of an HTTP/1 message: its first line and its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The request line or status line.
    pub line: String,
    /// The fields.
    pub fields: Fields,
}

impl Head {
    /// Reads a head as RFC 9112 writes it, without any of its leniency. `text` ends before the empty line.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let text = latin1(text);
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut fields = Fields::default();
        for field in lines {
            let (name, value) = field.split_once(':').ok_or_else(|| format!("a field without colon: {field:?}"))?;
            if name.is_empty() || name.contains([' ', '\t']) || value.contains(['\r', '\n', '\0']) {
                return Err(format!("a malformed field: {field:?}"));
            }
            fields.push(name, value.trim_matches([' ', '\t']));
        }
        Ok(Head { line, fields })
    }

    fn word(&self, index: usize) -> &str {
        self.line.splitn(3, ' ').nth(index).unwrap_or_else(|| panic!("no word {index} in {:?}", self.line))
    }

    /// The method of a request.
    pub fn method(&self) -> &str {
        self.word(0)
    }

    /// The target of a request.
    pub fn target(&self) -> &str {
        self.word(1)
    }

    /// The status of an answer.
    ///
    /// # Panics
    /// When the first line is not a status line of HTTP/1.1 or 1.0.
    pub fn status(&self) -> u16 {
        let word = self.line.strip_prefix("HTTP/1.1 ").or_else(|| self.line.strip_prefix("HTTP/1.0 "));
        let status = word.and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("not a status line: {:?}", self.line))
    }

    /// The value of a field that stands there once.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Whether a field stands there.
    pub fn has(&self, name: &str) -> bool {
        self.fields.has(name)
    }
}

/// A whole answer, in whatever protocol it came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub fields: Fields,
    /// The content, without its framing.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// Interim answers (1xx) that came before.
    pub interim: Vec<Head>,
}

impl Answer {
    /// The value of a header field that stands there once.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Whether a header field stands there.
    pub fn has(&self, name: &str) -> bool {
        self.fields.has(name)
    }

    /// The content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The content as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Checks that this is a problem (RFC 9457) with this status and reason, and gives it.
    ///
    /// # Panics
    /// When it is anything else.
    pub fn problem(&self, status: u16, reason: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.get("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:?}");
        assert_eq!(problem["reason"], reason, "{self:?}");
        assert_eq!(problem["request_id"].as_str(), self.get("x-request-id"), "{self:?}");
        problem
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.fields.0 {
            writeln!(f, "{name}: {value}")?;
        }
        let start = self.body.get(..2000).unwrap_or(&self.body);
        writeln!(f, "\n{} ({} bytes) {:?}", String::from_utf8_lossy(start), self.body.len(), self.trailers)
    }
}

/// Bytes as text, each byte a character: nothing is lost.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
