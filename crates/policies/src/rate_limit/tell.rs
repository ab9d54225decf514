//! What a client is told of its limits: the fields `RateLimit` and `RateLimit-Policy` of
//! draft-ietf-httpapi-ratelimit-headers-11. Every limit of the route stands in the one, the tightest in the other.

use pintle_core::{Exchange, Fields, Name};
use smallvec::SmallVec;
use std::sync::Arc;

/// What one limit said of a request.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// Its name as a string of structured fields, quotes and all.
    pub(crate) name: Arc<str>,
    /// How many may come at once, and the seconds after which as many may come again.
    pub(crate) quota: u64,
    pub(crate) window: u64,
    /// How many may come still, and the seconds after which all may.
    pub(crate) left: u64,
    pub(crate) full: u64,
}

/// What the limits of one place said of a request, kept for its answer. Places are numbered outer to inner: `rate_limit`
/// by request and by identity, `quota`.
#[derive(Debug)]
pub(crate) struct Told<const PLACE: u8>(pub(crate) SmallVec<[Said; 2]>);

/// What a place has said.
fn said<const PLACE: u8>(exchange: &Exchange) -> &[Said] {
    exchange.kept.get::<Told<PLACE>>().map_or(&[], |told| &told.0)
}

/// Puts the fields into an answer, where no place further out will. What a service says of limits of its own stays beside them.
pub(crate) fn tell<const PLACE: u8>(exchange: &Exchange, fields: &mut Fields) {
    let places = [said::<0>(exchange), said::<1>(exchange), said::<2>(exchange)];
    if places.iter().position(|said| !said.is_empty()) != Some(PLACE.into()) {
        return;
    }
    let all = || places.into_iter().flatten();
    let Some(tightest) = all().min_by_key(|said| said.left) else { return };
    let mut value = String::with_capacity(64);
    for (at, one) in all().enumerate() {
        value.push_str(if at == 0 { "" } else { ", " });
        item(&mut value, &one.name, [(";q=", one.quota), (";w=", one.window)]);
    }
    fields.append(Name::from("ratelimit-policy"), &value);
    value.clear();
    item(&mut value, &tightest.name, [(";r=", tightest.left), (";t=", tightest.full)]);
    fields.append(Name::from("ratelimit"), &value);
}

/// Writes a name and its parameters. Without `write!`, which takes as long as all the rest of a limit.
fn item(to: &mut String, name: &str, parameters: [(&str, u64); 2]) {
    to.push_str(name);
    for (key, value) in parameters {
        to.push_str(key);
        to.push_str(itoa::Buffer::new().format(value));
    }
}

/// A name as a string of structured fields (RFC 9651 3.3.3), in which there is printable ASCII alone.
pub(crate) fn quoted(name: &str) -> Arc<str> {
    let mut text = String::from("\"");
    for letter in name.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            ' '..='~' => text.push(letter),
            _ => text.push('?'),
        }
    }
    text.push('"');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_string_of_structured_fields() {
        assert_eq!(&*quoted("partner-quota"), "\"partner-quota\"");
        assert_eq!(&*quoted("a\"b\\c\u{e9}\n"), "\"a\\\"b\\\\c??\"");
    }
}
