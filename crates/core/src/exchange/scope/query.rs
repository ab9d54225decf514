//! A query as names and values (application/x-www-form-urlencoded), decoded as far as is asked for.

use crate::template::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// The values of one parameter in order; `?a` is a value too, an empty one.
pub fn values<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    pairs(query).filter(move |(key, _)| decoded(key) == name).map(|(_, value)| decoded(value))
}

/// Every parameter with its first value.
pub(super) fn first_values(query: &str) -> Map<'_> {
    named(pairs(query).map(|(name, value)| (decoded(name), decoded(value))))
}

/// Every parameter with all its values.
pub(super) fn all_values(query: &str) -> Map<'_> {
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
    let mut all: Vec<(Cow<'_, str>, Vec<Value<'_>>)> = Vec::new();
    for (name, value) in pairs(query) {
        let name = decoded(name);
        let place = *places.entry(name.clone()).or_insert(all.len());
        if place == all.len() {
            all.push((name, Vec::new()));
        }
        all[place].1.push(Value::Text(decoded(value)));
    }
    Map::named(all.into_iter().map(|(name, values)| (name, Value::list(values))))
}

/// A map of the first value of each name. Looks names up by hash: a client chooses how many there are.
pub(super) fn named<'q>(pairs: impl Iterator<Item = (Cow<'q, str>, Cow<'q, str>)>) -> Map<'q> {
    let mut seen = std::collections::HashSet::new();
    let mut first = Vec::new();
    for (name, value) in pairs {
        if seen.insert(name.clone()) {
            first.push((name, Value::Text(value)));
        }
    }
    Map::named(first)
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    super::text(Cow::Owned(percent_decoded(text, true)))
}

/// The bytes that an encoded text stands for. A `%` that begins no code is itself.
pub fn percent_decoded(text: &str, plus_is_space: bool) -> Vec<u8> {
    let hex = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match (byte, tail) {
            (b'+', _) if plus_is_space => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => byte,
        });
    }
    bytes
}
