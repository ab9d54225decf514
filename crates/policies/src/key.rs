//! What requests are counted by: the client's address, or what an expression gives. Used by `rate_limit`, `concurrency`
//! and `quota`.
//!
//! An IPv6 client counts as its /64, of which everyone has as many addresses as he likes. Where an expression fails, or
//! gives nothing, the address stands in its place, and apart from the same text as an expression's value.

use crate::build::Building;
use crate::template;
use aws_lc_rs::digest::{Context, SHA256};
use foldhash::quality::RandomState;
use pintle_core::Exchange;
use pintle_core::config::{Diagnostic, ExpressionText, Node, Reader};
use pintle_core::template::{Declared, Expression, Kind, Root, Value, Variable};
use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

/// What requests are counted by.
#[derive(Debug)]
pub(crate) enum Key {
    /// All together.
    Everyone,
    /// The client's address.
    Client,
    /// What that gives.
    Expression(Box<Expression>),
}

/// A request's key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Keyed<'a> {
    Everyone,
    Address(u128),
    Text(Cow<'a, str>),
    /// One of which the name alone is known.
    Name([u64; 2]),
}

impl Key {
    /// Compiles a key; what is wrong with it is reported.
    pub(crate) fn build(text: &ExpressionText, building: &mut Building<'_, '_>) -> Option<Self> {
        let expression = compile(text, building.place, building.reader)?;
        if matches!(expression.kind(), Kind::List | Kind::Map | Kind::Null | Kind::Type) {
            let message = format!("this gives {}, and requests are counted by a text or a number", expression.kind());
            building.reader.report(Diagnostic::error("bad-expression", message, &text.span));
            return None;
        }
        Some(match expression.variable() {
            Some(Variable::ClientIp) => Key::Client,
            _ => Key::Expression(Box::new(expression)),
        })
    }

    /// The key of a request, and whether the expression failed for it.
    pub(crate) fn of<'a>(&'a self, exchange: &'a Exchange) -> (Keyed<'a>, bool) {
        match self {
            Key::Everyone => (Keyed::Everyone, false),
            Key::Client => (Keyed::address(exchange.client.ip), false),
            Key::Expression(expression) => match text(expression, exchange) {
                Some(text) => (Keyed::Text(text), false),
                None => (Keyed::address(exchange.client.ip), true),
            },
        }
    }
}

fn text<'a>(expression: &'a Expression, exchange: &'a Exchange) -> Option<Cow<'a, str>> {
    let text = match expression.evaluate(exchange).ok()? {
        Value::Text(text) => text,
        other => {
            let mut text = String::new();
            other.write_text(&mut text).ok()?;
            text.into()
        }
    };
    (!text.is_empty()).then_some(text)
}

impl Keyed<'_> {
    fn address(ip: IpAddr) -> Self {
        Keyed::Address(match ip.to_canonical() {
            IpAddr::V4(ip) => ip.to_bits().into(),
            // The half that says whose it is; the other half is its owner's to choose. Never an IPv4 address' number.
            IpAddr::V6(ip) => ip.to_bits() >> 64 | 1 << 64,
        })
    }

    /// A number for it, within this process alone.
    pub(crate) fn fingerprint(&self, salt: &RandomState) -> u64 {
        salt.hash_one(self)
    }

    /// A number for it that is the same at every replica, and that nobody finds another key for.
    pub(crate) fn name(&self) -> [u64; 2] {
        let mut context = Context::new(&SHA256);
        match self {
            Keyed::Name(name) => return *name,
            Keyed::Everyone => {}
            Keyed::Address(address) => {
                context.update(b"a");
                context.update(&address.to_be_bytes());
            }
            Keyed::Text(text) => {
                context.update(b"t");
                context.update(text.as_bytes());
            }
        }
        let digest = context.finish();
        let half = |at: usize| {
            let bytes = digest.as_ref()[at..at + 8].iter();
            bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        [half(0), half(8)]
    }
}

impl Hash for Keyed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Keyed::Everyone => state.write_u8(0),
            Keyed::Address(address) => state.write_u128(*address),
            Keyed::Text(text) => state.write(text.as_bytes()),
            Keyed::Name(name) => name.hash(state),
        }
    }
}

/// Compiles an expression of a limit.
pub(crate) fn compile(text: &ExpressionText, place: &Declared<'_>, reader: &mut Reader) -> Option<Expression> {
    match Expression::compile(text, place) {
        Ok(expression) => Some(expression),
        Err(fault) => {
            template::report(&fault, text, &text.span, reader);
            None
        }
    }
}

/// Whether an expression asks who it is.
pub(crate) fn names_identity(expression: &Expression) -> bool {
    expression.names().any(|name| matches!(name.root(), Root::Claims | Root::Consumer))
}

/// The part of a limit that its settings belong to: `identity` where one of these keys asks who it is, else `request`.
pub(crate) fn part(settings: &Node, part: &str, keys: &[&str]) -> Option<Node> {
    let place = Declared::request().any_capture().identity();
    let asks = |key: &&str| {
        let text = settings.get(key).and_then(Node::as_text).unwrap_or_default();
        Expression::compile(text, &place).is_ok_and(|expression| names_identity(&expression))
    };
    let is_identity = keys.iter().any(asks);
    (is_identity == (part == "identity")).then(|| settings.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_counts_as_its_64() {
        let of = |text: &str| Keyed::address(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_ne!(of("::c000:201:0:0:0:1"), of("192.0.2.1"));
    }

    #[test]
    fn an_address_is_no_text_of_the_same_letters() {
        let (address, text) = (Keyed::address([192, 0, 2, 1].into()), Keyed::Text("192.0.2.1".into()));
        assert_ne!(address.name(), text.name());
        assert_eq!(text.name(), Keyed::Text("192.0.2.1".into()).name());
        let salt = RandomState::default();
        assert_ne!(address.fingerprint(&salt), text.fingerprint(&salt));
    }
}
