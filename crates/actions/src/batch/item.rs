//! One request of a batch, as it was written, becomes one that can be run. What it may not ask is its own fault: it is
//! refused, and the others run.

use super::url;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use pintle_core::media::Media;
use pintle_core::step::{Asked, Whose};
use pintle_core::{Exchange, Method, Reason, Refusal, Scheme, Target};

/// Base64url, with padding or without.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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

impl Kind {
    /// The form of content of that type.
    pub(super) fn of(media: &Media) -> Self {
        match media {
            media if media.is_json() => Kind::Json,
            media if media.is_text() => Kind::Text,
            _ => Kind::Other,
        }
    }
}

/// A request as the batch has it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) url: String,
    /// Names in small letters, none twice.
    pub(super) fields: Vec<(String, String)>,
    /// The body as JSON, and the text that it is if it is one.
    pub(super) body: Option<(String, Option<String>)>,
    /// The places of those that must succeed before.
    pub(super) needs: Vec<usize>,
    /// Whether it has an `if`.
    pub(super) has_condition: bool,
}

/// The URL of the batch.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) scheme: Scheme,
    pub(super) target: Target,
}

impl Around {
    pub(super) fn of(exchange: &Exchange) -> Self {
        Around { scheme: exchange.request.scheme, target: exchange.request.target.clone() }
    }
}

impl Item {
    /// The request that it is; where it can be none, what can be told of it, and why.
    pub(super) fn ask(self, around: &Around) -> Result<Asked, Box<(Asked, Refusal)>> {
        let (method, url) = (self.method.clone(), self.url.clone());
        self.asked(around).map_err(|refusal| Box::new((outline(method, &url, around), refusal)))
    }

    fn asked(self, around: &Around) -> Result<Asked, Refusal> {
        let target = url::resolve(&self.url, around)?;
        let Item { method, mut fields, body, .. } = self;
        fields.iter().try_for_each(|(name, value)| allowed(name, value))?;
        let content = match body {
            None => Bytes::new(),
            Some(_) if matches!(method, Method::GET | Method::DELETE) => {
                return Err(bad("A GET or DELETE of a batch has no body (OData JSON Format 4.01, 19.1)."));
            }
            Some((json, text)) => {
                if !fields.iter().any(|(name, _)| name == "content-type") {
                    fields.push(("content-type".into(), "application/json".into()));
                }
                content(&fields, json, text)?
            }
        };
        Ok(Asked { method, target, fields, content })
    }

    /// The same for one that is not run: what would not do is left out.
    pub(super) fn outline(self, around: &Around) -> Asked {
        outline(self.method, &self.url, around)
    }
}

fn outline(method: Method, url: &str, around: &Around) -> Asked {
    let target = url::resolve(url, around).unwrap_or_else(|_| "/".into());
    Asked { method, target, fields: Vec::new(), content: Bytes::new() }
}

/// Whether a request of a batch may say this.
fn allowed(name: &str, value: &str) -> Result<(), Refusal> {
    if matches!(Whose::of(name), Whose::Outer | Whose::Nobody) {
        let detail = format!("`{}` is not for a request of a batch to say.", shown(name));
        return Err(bad(detail));
    }
    if matches!(name, "if-match" | "if-none-match") && value.starts_with('$') {
        return Err(bad("References to other requests of the batch are not done."));
    }
    Ok(())
}

/// A name that [`Whose`] knows is no one's secret. It may be long, and is cut.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The body as the bytes that it stands for.
fn content(fields: &[(String, String)], json: String, text: Option<String>) -> Result<Bytes, Refusal> {
    let media = fields.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    let media = Media::of(media.as_bytes());
    if media.essence().starts_with("application/grpc") {
        return Err(bad("A call of gRPC has no place in a batch: its answer ends in trailers."));
    }
    match (Kind::of(&media), text) {
        (Kind::Json, _) => Ok(json.into()),
        (Kind::Text, Some(_)) if !media.is_utf8() => {
            Err(bad("Text in another charset than UTF-8 cannot be sent in a batch."))
        }
        (Kind::Text, Some(text)) => Ok(text.into()),
        (Kind::Other, Some(text)) => match BASE64URL.decode(text) {
            Ok(content) => Ok(content.into()),
            Err(_) => Err(bad("The body of content of this type is a text in base64url (RFC 4648 5).")),
        },
        (Kind::Text | Kind::Other, None) => Err(bad("The body of content of this type is a text.")),
    }
}

/// Bytes as base64url.
pub(super) fn encoded(content: &[u8]) -> String {
    BASE64URL.encode(content)
}

fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(Reason::BadRequest).detail(detail)
}
