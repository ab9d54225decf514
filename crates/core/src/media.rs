//! What a content-type says of content (RFC 9110 8.3.1): its media type, and the charset of what is text. What is made of it is for
//! who asks.

/// A media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    essence: String,
    charset: Charset,
}

/// A charset, as far as any is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, or none: what is text has no other without saying so.
    Utf8,
    /// US-ASCII.
    Ascii,
    /// ISO-8859-1: each byte is the character of that number.
    Latin1,
    /// Another, or two that differ.
    Other,
}

impl Media {
    /// What a field says. One that is malformed has a type that nobody knows.
    pub fn of(content_type: &[u8]) -> Media {
        let end = content_type.iter().position(|byte| *byte == b';').unwrap_or(content_type.len());
        let (essence, parameters) = content_type.split_at(end);
        let essence = String::from_utf8_lossy(essence.trim_ascii()).to_ascii_lowercase();
        Media { essence, charset: charset(parameters) }
    }

    /// Type and subtype in small letters, without parameters.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The charset.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Whether its text is UTF-8, of which US-ASCII is a part.
    pub fn is_utf8(&self) -> bool {
        matches!(self.charset, Charset::Utf8 | Charset::Ascii)
    }

    /// Whether it is JSON (RFC 8259 11, RFC 6839 3.1).
    pub fn is_json(&self) -> bool {
        matches!(&*self.essence, "application/json" | "text/json") || self.ends("+json")
    }

    /// Whether it is XML (RFC 7303).
    pub fn is_xml(&self) -> bool {
        matches!(&*self.essence, "application/xml" | "text/xml") || self.ends("+xml")
    }

    /// Whether it is of the type `text`.
    pub fn is_text(&self) -> bool {
        self.essence.starts_with("text/")
    }

    fn ends(&self, suffix: &str) -> bool {
        self.essence.ends_with(suffix) && self.essence.contains('/')
    }
}

fn charset(mut parameters: &[u8]) -> Charset {
    let mut found = None;
    while let Some((name, value, rest)) = parameter(parameters) {
        parameters = rest;
        if !name.eq_ignore_ascii_case(b"charset") {
            continue;
        }
        let charset = match &value.to_ascii_lowercase()[..] {
            b"utf-8" | b"utf8" => Charset::Utf8,
            b"us-ascii" | b"ascii" => Charset::Ascii,
            b"iso-8859-1" | b"latin1" => Charset::Latin1,
            _ => Charset::Other,
        };
        match found {
            Some(other) if other != charset => return Charset::Other,
            _ => found = Some(charset),
        }
    }
    found.unwrap_or(Charset::Utf8)
}

/// The next parameter after its `;`, and what follows it. A value in quotes may hold anything.
fn parameter(text: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let text = text.strip_prefix(b";")?.trim_ascii_start();
    let end = text.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = name.trim_ascii();
    let Some(rest) = rest.strip_prefix(b"=") else { return Some((name, Vec::new(), rest)) };
    let rest = rest.trim_ascii_start();
    let mut value = Vec::new();
    let mut at = 0;
    if rest.starts_with(b"\"") {
        at = 1;
        while let Some(&byte) = rest.get(at).filter(|byte| **byte != b'"') {
            at += usize::from(byte == b'\\');
            value.extend(rest.get(at));
            at += 1;
        }
    }
    let end = rest[at.min(rest.len())..].iter().position(|byte| *byte == b';').map_or(rest.len(), |length| at + length);
    if value.is_empty() {
        value = rest[..end].trim_ascii().to_vec();
    }
    Some((name, value, &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_whatever_its_parameters() {
        let media = |text: &str| Media::of(text.as_bytes());
        assert!(media("Application/JSON; charset=UTF-8").is_json() && media("text/json").is_json());
        assert!(media("application/problem+json;a=b").is_json() && !media("+json").is_json());
        assert!(media("image/svg+xml").is_xml() && media("text/xml").is_xml() && !media("text/plain").is_xml());
        assert!(media("text/plain").is_text() && !media("application/octet-stream").is_text());
        assert_eq!(media("text/html ; x=1").essence(), "text/html");
    }

    #[test]
    fn a_charset_is_one_that_is_said_once_or_alike() {
        let charset = |parameters: &str| Media::of(format!("text/plain{parameters}").as_bytes()).charset();
        assert_eq!(charset(""), Charset::Utf8);
        assert_eq!(charset("; Charset=\"utf-8\""), Charset::Utf8);
        assert_eq!(charset(";x=\"; charset=latin1\"; charset = us-ascii"), Charset::Ascii);
        assert_eq!(charset("; charset=ISO-8859-1"), Charset::Latin1);
        assert_eq!(charset("; charset=utf-8; charset=utf8"), Charset::Utf8);
        assert_eq!(charset("; charset=utf-8; charset=latin1"), Charset::Other);
        assert_eq!(charset("; charset=koi8-r"), Charset::Other);
    }
}
