//! What a media type makes of content in a batch: JSON stands as it is, text as a text, all else as base64url.

/// A media type, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// In small letters, without parameters.
    essence: String,
    /// In small letters, if it is given.
    charset: Option<String>,
}

/// The form of content in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its value.
    Json,
    /// A text.
    Text,
    /// A text in base64url.
    Other,
}

impl Media {
    /// Of what `content-type` says (RFC 9110 8.3.1).
    pub(super) fn of(value: &[u8]) -> Media {
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_owned();
        let charset =
            parts.find_map(|part| part.strip_prefix("charset=")).map(|name| name.trim_matches('"').to_owned());
        Media { essence, charset }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.essence.split_once('/') {
            Some(("application", "json")) => Kind::Json,
            Some((_, subtype)) if subtype.ends_with("+json") => Kind::Json,
            Some(("text", _)) => Kind::Text,
            _ => Kind::Other,
        }
    }

    /// Whether it is JSON as a batch is sent.
    pub(super) fn is_plain_json(&self) -> bool {
        self.essence == "application/json"
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }

    pub(super) fn is_grpc(&self) -> bool {
        self.essence.starts_with("application/grpc")
    }

    /// Whether its text is UTF-8, as it is where nothing else is said.
    pub(super) fn is_utf8(&self) -> bool {
        matches!(self.charset.as_deref(), None | Some("utf-8" | "utf8" | "us-ascii"))
    }

    /// Whether each of its bytes is the character of that number.
    pub(super) fn is_latin1(&self) -> bool {
        matches!(self.charset.as_deref(), Some("iso-8859-1" | "latin1"))
    }
}
