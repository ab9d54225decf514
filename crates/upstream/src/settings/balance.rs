//! Whom an upstream asks next, as its user writes it.

use crate::balance::Balance;
use pintle_core::config::{ExpressionText, Node, Read, Reader, Text};
use std::time::Duration;

/// Which instance gets the next request.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "`round_robin`, `least_requests`, `peak_ewma`, `random` or `{hash: EXPRESSION}`")]
pub enum BalanceConfig {
    /// `least_requests`: of two random instances the one with fewer requests under way for its weight. `round_robin`: each in
    /// turn. `peak_ewma`: of two random ones the one that is likely to answer sooner, by the time of its latest answers, slow
    /// ones above all, and the requests under way. `random`: by weight alone.
    #[read(text)]
    Word(Balance),
    /// A way by something of the request.
    #[read(map)]
    By(BalanceBy),
}

/// A way to balance by something of the request.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(kind, called = "balance")]
pub enum BalanceBy {
    /// The same instance for the same value, as long as it is well and has no more than its share and a quarter under
    /// way. One instance more or less moves its own share alone. Where the value is absent, `least_requests` holds.
    Hash(ExpressionText),
}

impl BalanceConfig {
    /// The same without the text that it was written in.
    pub(super) fn detached(&self) -> Self {
        match self {
            BalanceConfig::Word(balance) => BalanceConfig::Word(*balance),
            BalanceConfig::By(BalanceBy::Hash(key)) => {
                BalanceConfig::By(BalanceBy::Hash(ExpressionText(key.0.detached())))
            }
        }
    }
}

/// Keeps a client with the instance that answered it, as long as that is well; where it is not, another one answers, and the
/// client stays there. The cookie holds a hash of the instance's address, so that every replica of the gateway reads it, and
/// that it still holds when the instance comes back. It is set with `Path=/; HttpOnly; SameSite=Lax`, over TLS with `Secure`.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "sticky", instead = "such as `{cookie: shop}`", check)]
pub struct StickyConfig {
    /// The cookie's name.
    pub cookie: CookieName,
    /// How long the client keeps it, counted from the answer that sets it; the default is until the browser is closed.
    pub ttl: Option<Duration>,
}

impl StickyConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
            reader.expected("a time of a second or more", node.get("ttl").unwrap_or(node), "");
            return None;
        }
        Some(self)
    }
}

/// A cookie's name: a token (RFC 6265 4.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a cookie's name such as shop_instance")]
pub struct CookieName(pub String);

impl Text for CookieName {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || !text.bytes().all(pintle_core::fields::is_token) {
            return Err("letters, digits, `-` and `_`".into());
        }
        Ok(CookieName(text.to_owned()))
    }
}
