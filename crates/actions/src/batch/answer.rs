//! The answer of a batch: one response object for each request, in the requests' order, whatever came first (OData JSON
//! Format 4.01, 19.4).

use super::item::{Kind, encoded};
use bytes::Bytes;
use pintle_core::json::{self, Json};
use pintle_core::media::{Charset, Media};
use pintle_core::step::Answered;
use pintle_core::template::Value;
use pintle_core::{Body, BodyError, BodySource, Fields, Frame, Reason, Refusal, Response, StatusCode, names};
use pintle_policies::held::Share;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// What is said of a connection, or of how content is framed in it. Cookies go into the batch's own head.
const LEFT_OUT: [&str; 8] =
    ["connection", "content-length", "keep-alive", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade"];

/// From how many bytes on a piece is sent by itself.
const LARGE: usize = 16 * 1024;

/// A response object, and what it takes.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) share: Option<Share>,
}

/// The response object of an answer. Fails where its content cannot stand in JSON.
pub(super) fn write(id: &str, answered: &Answered, depth: usize) -> Result<String, Refusal> {
    let mut text = head(id, answered);
    if !answered.content.is_empty() {
        text.push_str(",\"body\":");
        body(&mut text, answered, depth)?;
    }
    text.push('}');
    Ok(text)
}

/// The same without its content.
pub(super) fn write_bare(id: &str, answered: &Answered) -> String {
    let mut text = head(id, answered);
    text.push('}');
    text
}

fn head(id: &str, answered: &Answered) -> String {
    let mut text = String::with_capacity(512 + answered.content.len());
    text.push_str("{\"id\":");
    push_text(&mut text, id);
    text.push_str(",\"status\":");
    text.push_str(answered.status.as_str());
    text.push_str(",\"headers\":{");
    let mut written: Vec<&str> = Vec::with_capacity(answered.fields.len());
    for (name, _) in answered.fields.iter() {
        let name = name.as_str();
        if LEFT_OUT.contains(&name) || written.contains(&name) {
            continue;
        }
        if !written.is_empty() {
            text.push(',');
        }
        push_text(&mut text, name);
        text.push(':');
        let value = answered.fields.joined(name).unwrap_or_default();
        // What is no UTF-8 is as old as ISO-8859-1 (RFC 9110 5.5).
        push_text(&mut text, &std::str::from_utf8(&value).map_or_else(|_| latin1(&value), Cow::Borrowed));
        written.push(name);
    }
    text.push('}');
    text
}

fn body(text: &mut String, answered: &Answered, depth: usize) -> Result<(), Refusal> {
    let content = &answered.content[..];
    let bad = |why: String| {
        let detail = "The service's answer cannot stand in a batch: its content is not what its type says.";
        Refusal::new(Reason::UpstreamMalformed).detail(detail).internal(why)
    };
    let media = Media::of(answered.fields.get(names::CONTENT_TYPE).unwrap_or_default());
    let is_coded =
        answered.fields.list(names::CONTENT_ENCODING).any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    match Kind::of(&media) {
        _ if is_coded => push_text(text, &encoded(content)),
        Kind::Json => {
            let limits = json::Limits { bytes: content.len(), depth };
            let json = Json::parse(content, limits).map_err(|fault| bad(format!("the answer's JSON: {fault}")))?;
            text.push_str(json.source().trim_ascii());
        }
        Kind::Text if media.is_utf8() => match std::str::from_utf8(content) {
            Ok(content) => push_text(text, content),
            Err(_) => return Err(bad("the answer's text is no UTF-8".into())),
        },
        Kind::Text if media.charset() == Charset::Latin1 => push_text(text, &latin1(content)),
        Kind::Text => return Err(bad("the answer's text is in a charset that is not known".into())),
        Kind::Other => push_text(text, &encoded(content)),
    }
    Ok(())
}

fn push_text(out: &mut String, text: &str) {
    // A text has a form in JSON always.
    let _ = Value::text(text).write_json_within(out, usize::MAX);
}

fn latin1(bytes: &[u8]) -> Cow<'static, str> {
    Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect())
}

/// The answers so far, within a bound on all together. Which of them stand depends on their sizes and their order in the
/// batch, and not on when they came: from the first on that does not fit, none does.
#[derive(Debug)]
pub(super) struct Answers {
    all: Vec<Option<Written>>,
    /// The cookies that each sets.
    cookies: Vec<Vec<String>>,
    size: usize,
    most: usize,
    /// From here on none fits.
    cut: usize,
}

impl Answers {
    pub(super) fn new(count: usize, most: usize) -> Self {
        let all = std::iter::repeat_with(|| None).take(count).collect();
        Answers { all, cookies: vec![Vec::new(); count], size: 0, most, cut: count }
    }

    /// Adds what became of one. What does not fit is dropped at once.
    pub(super) fn put(&mut self, at: usize, written: Written, cookies: Vec<String>) {
        self.cookies[at] = cookies;
        if at >= self.cut {
            return;
        }
        self.size += written.text.len();
        self.all[at] = Some(written);
        while self.size > self.most {
            let Some(last) = self.all.iter().rposition(Option::is_some) else { return };
            self.size -= self.all[last].take().map_or(0, |written| written.text.len());
            self.cut = last;
        }
    }

    /// The places of those that did not fit.
    pub(super) fn left_out(&self) -> std::ops::Range<usize> {
        self.cut..self.all.len()
    }

    /// The whole answer; `replaced` stands in place of those that did not fit.
    pub(super) fn whole(self, replaced: Vec<String>) -> Response {
        let mut response = Response::new(StatusCode::OK);
        response.fields = Fields::new();
        response.fields.append(names::CONTENT_TYPE, "application/json");
        response.fields.append(names::CACHE_CONTROL, "no-store");
        for cookie in self.cookies.iter().flatten() {
            response.fields.append(names::SET_COOKIE, cookie.as_bytes());
        }
        let mut pieces = Pieces::default();
        let replaced = replaced.into_iter().map(|text| Written { text, share: None });
        pieces.put("{\"responses\":[".into());
        for (at, written) in self.all.into_iter().take(self.cut).flatten().chain(replaced).enumerate() {
            if at > 0 {
                pieces.put(",".into());
            }
            pieces.put(written.text);
            if let Some(share) = written.share {
                response.hold(share);
            }
        }
        pieces.put("]}".into());
        pieces.end();
        let length = pieces.all.iter().map(|piece| piece.len() as u64).sum();
        response.body = Body::stream(pieces, Some(length));
        response
    }
}

/// What is sent piece by piece, so that it need not stand in one place. Small ones are joined: peers take many small frames
/// for an attack.
#[derive(Default)]
struct Pieces {
    all: VecDeque<Bytes>,
    small: String,
}

impl Pieces {
    fn put(&mut self, text: String) {
        if text.len() >= LARGE {
            self.end();
            self.all.push_back(text.into());
            return;
        }
        self.small.push_str(&text);
        if self.small.len() >= LARGE {
            self.end();
        }
    }

    fn end(&mut self) {
        if !self.small.is_empty() {
            self.all.push_back(std::mem::take(&mut self.small).into());
        }
    }
}

impl BodySource for Pieces {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        Poll::Ready(self.all.pop_front().map(|piece| Ok(Frame::Data(piece))))
    }
}

/// What an answer's cookies are for the client: one without a path is for the path that the request's own answer would have
/// given it (RFC 6265 5.1.4), and not for the batch's.
pub(super) fn cookies(answered: &Answered, path: &str) -> Vec<String> {
    // What the client wrote becomes no attribute of a cookie, and no path that is another one to a browser.
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_~!$&'()*+,=:@".contains(&byte));
    let default = match path.rfind('/').filter(|_| is_plain) {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    };
    let of = |value: &[u8]| {
        let value = std::str::from_utf8(value).map_or_else(|_| latin1(value), Cow::Borrowed);
        let attributes = value.split(';').skip(1).filter_map(|one| one.trim().split_once('='));
        // The last one counts (RFC 6265 5.2.4, 5.3).
        let path = attributes.filter(|(name, _)| name.trim().eq_ignore_ascii_case("path")).last();
        match path {
            Some((_, path)) if path.trim().starts_with('/') => value.into_owned(),
            _ => format!("{value}; Path={default}"),
        }
    };
    answered.fields.get_all(names::SET_COOKIE).map(of).collect()
}
