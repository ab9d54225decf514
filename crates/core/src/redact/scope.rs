//! A request and its answer as expressions may show them to people: what is a credential by its name is `REDACTED`,
//! whether it is asked for by name or as one of many.

use super::{Names, REDACTED};
use crate::template::{Entries, Map, Scope, Value, Variable};
use crate::{Exchange, Fields, StatusCode};
use std::borrow::Cow;

/// The scope of a request, with its answer where there was one, that gives no credential away.
pub struct Redacted<'a> {
    exchange: &'a Exchange,
    names: &'a Names,
    sent: Headers<'a>,
    answer: Option<(StatusCode, Headers<'a>)>,
}

impl<'a> Redacted<'a> {
    /// The request, and the status and fields of its answer.
    pub fn new(exchange: &'a Exchange, answer: Option<(StatusCode, &'a Fields)>, names: &'a Names) -> Self {
        let headers = |fields| Headers { fields, names };
        let answer = answer.map(|(status, fields)| (status, headers(fields)));
        Redacted { exchange, names, sent: headers(&exchange.request.fields), answer }
    }
}

impl Scope for Redacted<'_> {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        use Variable as V;
        let names = self.names;
        let inner = || self.exchange.variable(variable);
        Some(match variable {
            V::RequestHeader(name) | V::RequestCookie(name) | V::RequestQuery(name) => shown(names, name, inner()?),
            V::RequestQueryAll(name) => shown(names, name, inner()?),
            V::RequestHeaders => Value::Map(Map::Lent(&self.sent)),
            V::RequestCookies | V::RequestQueries | V::RequestQueriesAll => all_shown(names, inner()?),
            V::ResponseStatus => Value::Int(self.answer.as_ref()?.0.as_u16().into()),
            V::ResponseHeader(name) => self.answer.as_ref()?.1.get(name)?,
            V::ResponseHeaders => Value::Map(Map::Lent(&self.answer.as_ref()?.1)),
            _ => inner()?,
        })
    }
}

/// Fields that stand somewhere, without their credentials.
struct Headers<'a> {
    fields: &'a Fields,
    names: &'a Names,
}

impl Entries for Headers<'_> {
    fn len(&self) -> usize {
        Entries::len(self.fields)
    }

    fn get(&self, key: &str) -> Option<Value<'_>> {
        Entries::get(self.fields, key).map(|value| shown(self.names, key, value))
    }

    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s str, Value<'s>)) {
        Entries::each(self.fields, &mut |name, value| visit(name, shown(self.names, name, value)));
    }
}

/// The value that goes under `name`: a text, or a list of them.
fn shown<'v>(names: &Names, name: &str, value: Value<'v>) -> Value<'v> {
    let is_credential = names.is_credential(name);
    let text = |value| match value {
        _ if is_credential => Value::text(REDACTED),
        Value::Text(Cow::Borrowed(text)) => Value::Text(names.value(text)),
        Value::Text(Cow::Owned(text)) => match names.value(&text) {
            Cow::Owned(shown) => Value::Text(Cow::Owned(shown)),
            Cow::Borrowed(_) => Value::Text(Cow::Owned(text)),
        },
        other => other,
    };
    match value {
        Value::List(list) => Value::list(list.iter().map(text)),
        other => text(other),
    }
}

fn all_shown<'v>(names: &Names, value: Value<'v>) -> Value<'v> {
    let Value::Map(map) = value else { return value };
    let mut all = Vec::with_capacity(map.len());
    map.each(&mut |key, value| {
        if let Value::Text(name) = key {
            let value = shown(names, &name, value);
            all.push((name, value));
        }
    });
    Value::Map(Map::named(all))
}
