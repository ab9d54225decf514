//! `forward_auth` as it is written.

use super::ServiceCall;
use crate::authenticate::Credentials;
use pintle_core::config::{
    ByteSize, Diagnostic, ExpressionText, Map, Node, Read, Reader, Spanned, TemplateText, TemplateTree,
};
use std::time::Duration;

/// Another service decides. It is asked before the request goes on, and 2xx lets through; what `copy` names goes from its
/// answer to the service behind, which never gets the client's own fields of those names. Its 401 is what nobody gets; other
/// answers of 3xx and 4xx go to the client whole, with `location`, `www-authenticate`, `set-cookie` and content. Where it
/// cannot be asked, or fails (5xx), the request is refused with 503.
///
/// It gets the request's fields (of `pass_headers`, or all but those of content, conditions and ranges), no content, and what is asked
/// for in the words of two conventions: `x-forwarded-method`, `-proto`, `-host`, `-uri` and `-for`, and `x-original-method`, `-url`, `-uri`.
/// Expressions know the fields that were copied as `claims`.
///
/// ```yaml
/// routes:
///   - match: /app/**
///     policies: [{forward_auth: {call: "GET http://127.0.0.1:9100/check", copy: [x-user, x-roles]}}]
///     proxy: http://127.0.0.1:9001
///   - match: /data/**
///     policies:
///       - forward_auth:
///           call: POST http://127.0.0.1:8181/v1/data/gateway/allow
///           send: {input: {method: "${request.method}", path: "${request.path}"}}
///           allow: response.body.result == true
///     proxy: http://127.0.0.1:9001
///   - match: /shop/**
///     policies:
///       - forward_auth:
///           call: auth:/verify
///           pass_headers: [authorization, cookie]
///           headers: {x-path: "${request.path}"}
///           copy: [x-user]
///           to_client: [set-cookie]
///           forward: {x-name: "${claims['x-user']}"}
///           cache: {by: [authorization, cookie], ttl: 10s, entries: 1000}
///           timeout: 2s
///           optional: true
///     proxy: http://127.0.0.1:9001
///   - match: POST /hooks
///     policies: [{forward_auth: {call: POST auth:/signed, body: 64KiB}}]
///     proxy: http://127.0.0.1:9001
/// upstreams: {auth: {endpoints: [127.0.0.1:9100]}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "forward_auth", check)]
pub struct ForwardAuth {
    /// What is asked: a method, which is GET unless it is said, and a URL with its path, or an upstream's name with one, as
    /// `POST agent:/decide`. Host is the service's own.
    pub call: Spanned<ServiceCall>,
    /// Fields of an answer that lets through which the service behind gets. The client's own of these names never go there.
    #[read(default)]
    pub copy: Vec<Spanned<String>>,
    /// Fields of an answer that lets through which the client gets with its own answer, such as `set-cookie`.
    #[read(default)]
    pub to_client: Vec<Spanned<String>>,
    /// The client's fields that go along, in place of all but those of content, conditions and ranges.
    pub pass_headers: Option<Vec<Spanned<String>>>,
    /// More fields that go along. One whose template fails is left out.
    #[read(default)]
    pub headers: Map<TemplateText>,
    /// Content that is sent: a text, or a tree that becomes JSON. Excludes `body`.
    pub send: Option<TemplateTree>,
    /// Sends the client's own content along, up to so much; 413 beyond it. Without it none of it is sent.
    pub body: Option<ByteSize>,
    /// What must hold of an answer of 2xx besides. It knows `response`, with `response.body` read as JSON; 403 where it does not
    /// hold or cannot be worked out.
    pub allow: Option<ExpressionText>,
    /// How long the answer may take in all; 503 beyond it.
    #[read(default = "5s")]
    pub timeout: Duration,
    /// Remembers that somebody was let through; without it each request asks.
    pub cache: Option<Spanned<CacheConfig>>,
    /// Lets a request pass that gets 401, as nobody.
    #[read(default = "false")]
    pub optional: bool,
    /// More fields that the service behind gets, by name; they may name `claims`, the fields that were copied.
    #[read(default)]
    pub forward: Map<TemplateText>,
}

/// What is remembered of a service's answers: that a request was let through, and what was copied. An answer with
/// `cache-control: no-store` is not remembered, and none for longer than its `max-age`.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "cache", check)]
pub struct CacheConfig {
    /// The request's fields on which the answer depends, beside method, host, path, query, `headers` and `send`. What is left out
    /// here must change nothing, or one is let through for another.
    pub by: Vec<Spanned<String>>,
    /// For how long.
    pub ttl: Duration,
    /// How many are remembered at most. Where there are so many, no other is until one is over.
    #[read(default = "10000")]
    pub entries: u32,
}

impl CacheConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        if self.by.is_empty() {
            let at = node.get("by").unwrap_or(node);
            reader.expected("the fields that it depends on", at, "such as `[authorization, cookie]`");
            good = false;
        }
        for (key, is_none) in [("entries", self.entries == 0), ("ttl", self.ttl.is_zero())] {
            if is_none {
                reader.zero(node, key);
                good = false;
            }
        }
        good.then_some(self)
    }
}

impl ForwardAuth {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        if self.timeout.is_zero() {
            reader.zero(node, "timeout");
            good = false;
        }
        let content = node.get("body").filter(|_| self.body.is_some());
        for (other, what) in [
            (self.send.is_some(), "`send` is other content"),
            (self.cache.is_some(), "an answer about content is not remembered for other content"),
        ] {
            if let (Some(content), true) = (content, other) {
                let message = "`body` cannot stand here";
                reader.report(
                    Diagnostic::error("two-contents", message, content.span()).help(format!("{what}: leave one out")),
                );
                good = false;
            }
        }
        good.then_some(self)
    }
}

impl Credentials for ForwardAuth {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}
