//! `rate_limit` as it is written.

use pintle_core::config::{Diagnostic, ExpressionText, Node, Rate, Read, Reader, Spanned};
use std::num::NonZeroU32;

/// How many requests may come in a time; 429 beyond that, with `Retry-After`. A bucket of `burst` is filled by `rate`, and each request
/// takes its `cost` out of it (GCRA). All levels apply, and the tightest decides; what one of them refuses is counted by none.
/// Whoever asks is told in `RateLimit` and `RateLimit-Policy` what is left.
///
/// ```yaml
/// listeners:
///   - {address: 127.0.0.1:8080, policies: [{rate_limit: {rate: 100/s, burst: 200}}]}
/// policies:
///   search:
///     rate_limit:
///       rate: 600/min
///       burst: 50
///       key: 'request.headers["x-api-key"]'
///       cost: 'request.method == "POST" ? 5 : 1'
/// routes:
///   - {match: /search, policies: [search], proxy: orders}
///   - {match: /beta/**, policies: [{rate_limit: {rate: 5/s, mode: report, headers: false}}], proxy: orders}
///   - match: /partners/**
///     policies: [{rate_limit: {rate: 1000/min, shared: true, exact: true, when_store_fails: closed}}]
///     proxy: orders
/// stores: {shared: "redis://127.0.0.1:6379"}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "rate limit", check)]
pub struct RateLimit {
    /// How many in what time: `100/s`, `1000/min`, `20/h`, `5/d`.
    pub rate: Rate,
    /// How many may come at once. Without it as many as the rate's number.
    pub burst: Option<u32>,
    /// What requests are counted by. One that names `claims` or `consumer` counts after authentication and `authorize`, any
    /// other before. An IPv6 client counts as its /64. Where it fails or gives nothing the client's address stands for it.
    #[read(default = "client.ip")]
    pub key: ExpressionText,
    /// What a request takes: a whole number, 0 for nothing. Where it fails it is 1.
    #[read(default = "1")]
    pub cost: ExpressionText,
    /// What becomes of requests over the limit.
    #[read(default = "enforce")]
    pub mode: Mode,
    /// Whether the answer tells what is left, in `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11).
    #[read(default = "true")]
    pub headers: bool,
    /// Counts together with all replicas that have the same `stores.shared`. Each decides by itself, and what all took is
    /// exchanged in the background some ten times a second.
    #[read(default = "false")]
    pub shared: Spanned<bool>,
    /// With `shared`: the store is asked each time, which costs a round trip and is exact.
    #[read(default = "false")]
    pub exact: bool,
    /// With `shared`: what holds while the store cannot be asked.
    pub when_store_fails: Option<WhenStoreFails>,
}

/// What becomes of requests over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Mode {
    /// They are refused.
    Enforce,
    /// They pass, and are counted as what would have been refused. Clients are told nothing.
    Report,
}

/// What holds while a store cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Read)]
#[read(word)]
pub enum WhenStoreFails {
    /// Every replica counts for itself, each with the whole limit.
    #[default]
    Local,
    /// Everything passes.
    Open,
    /// Nothing does: 503.
    Closed,
}

impl RateLimit {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        if self.burst == Some(0) {
            reader.zero(node, "burst");
            good = false;
        }
        for (key, there) in [("exact", self.exact), ("when_store_fails", self.when_store_fails.is_some())] {
            if there && !*self.shared {
                let at = node.get(key).unwrap_or(node).span();
                let message = format!("`{key}` is for limits that replicas share");
                let help = format!("add `shared: true`, or leave `{key}` out");
                reader.report(Diagnostic::error("not-shared", message, at).help(help));
                good = false;
            }
        }
        good.then_some(self)
    }

    /// How many may come at once.
    pub(crate) fn burst(&self) -> NonZeroU32 {
        self.burst.and_then(NonZeroU32::new).unwrap_or(self.rate.count)
    }
}
