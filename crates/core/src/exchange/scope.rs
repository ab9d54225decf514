//! Where expressions take their values from while a request runs: nothing is made beforehand, and what stands somewhere
//! is borrowed. Text that is not UTF-8 is read with U+FFFD in place of what is wrong; a captured segment that is not is
//! absent, because it would go upstream as something else.

pub mod query;
#[cfg(test)]
mod tests;

use super::{Exchange, Tls};
use crate::template::{Entries, Map, Scope, TlsField, Value, Variable};
use crate::{Fields, Response, names};
use std::borrow::Cow;

impl Scope for Exchange {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        use Variable as V;
        let target = &self.request.target;
        let fields = &self.request.fields;
        Some(match variable {
            V::RequestMethod => Value::text(self.request.method.as_str()),
            V::RequestScheme => Value::text(self.request.scheme.as_str()),
            V::RequestHost => Value::text(target.host()),
            V::RequestPath => Value::text(target.path()),
            V::RequestQuery(name) => Value::Text(query::values(target.query()?, name).next()?),
            V::RequestQueryAll(name) => {
                let mut values = query::values(target.query()?, name).map(Value::Text).peekable();
                values.peek()?;
                Value::list(values)
            }
            V::RequestQueries => Value::Map(query::first_values(target.query().unwrap_or_default())),
            V::RequestQueriesAll => Value::Map(query::all_values(target.query().unwrap_or_default())),
            V::RequestHeader(name) => self.header(name)?,
            V::RequestHeaders => Value::Map(Map::Lent(fields)),
            V::RequestCookie(name) => Value::Text(cookies(fields).find(|(key, _)| **key == **name)?.1),
            V::RequestCookies => Value::Map(query::named(cookies(fields))),
            V::Capture(index) => Value::Text(decoded(self.captures.segment(target.path(), *index)?)?),
            V::CaptureNamed(name) => {
                let index = self.route.captures.iter().position(|capture| **capture == **name)?;
                Value::Text(decoded(self.captures.segment(target.path(), index)?)?)
            }
            V::PathRest => Value::text(self.captures.rest(target.path())),
            V::ClientIp => Value::Text(self.client.ip.to_string().into()),
            V::ClientPort => Value::Int(self.client.port.into()),
            V::ClientTls => Value::Map(tls_map(self.client.tls.as_deref()?)),
            V::ClientTlsField(field) => tls_field(self.client.tls.as_deref()?, *field)?,
            V::RouteName => Value::text(&self.route.name),
            V::RouteLabel(name) => Value::text(self.route.labels.get(&**name)?),
            V::RouteLabels => {
                let labels = self.route.labels.iter();
                Value::Map(Map::named(labels.map(|(name, label)| (Cow::Borrowed(name.as_str()), Value::text(label)))))
            }
            // Bodies are known where a place reads them, the rest where something made them known.
            V::RequestBody => return None,
            V::Claims => Value::Map(Map::Lent(&**self.identity.claims.as_ref()?)),
            V::ConsumerName => Value::text(&self.identity.consumer.as_ref()?.name),
            V::ConsumerGroups => {
                let groups = &self.identity.consumer.as_ref()?.groups;
                Value::list(groups.iter().map(|group| Value::text(group)))
            }
            V::ResponseStatus | V::ResponseHeader(_) | V::ResponseHeaders | V::ResponseBody => return None,
            V::Problem(_) | V::Part(..) | V::PartHeader(..) | V::Item => return None,
        })
    }
}

impl Exchange {
    /// `request.headers[name]`. The host stands in the target, not among the fields.
    fn header(&self, name: &str) -> Option<Value<'_>> {
        if name == names::HOST.as_str() {
            return Some(self.request.target.authority()).filter(|host| !host.is_empty()).map(Value::text);
        }
        joined(&self.request.fields, name)
    }
}

/// A request together with its answer: what expressions on the way out may name.
#[derive(Clone, Copy)]
pub struct ResponseScope<'a> {
    /// The request and all around it.
    pub exchange: &'a Exchange,
    /// Its answer.
    pub response: &'a Response,
}

impl Scope for ResponseScope<'_> {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        match variable {
            Variable::ResponseStatus => Some(Value::Int(self.response.status.as_u16().into())),
            Variable::ResponseHeader(name) => joined(&self.response.fields, name),
            Variable::ResponseHeaders => Some(Value::Map(Map::Lent(&self.response.fields))),
            other => self.exchange.variable(other),
        }
    }
}

/// Fields as expressions see them: a map from names to values joined by ", ".
impl Entries for Fields {
    fn len(&self) -> usize {
        let mut count = 0;
        Entries::each(self, &mut |_, _| count += 1);
        count
    }

    fn get(&self, key: &str) -> Option<Value<'_>> {
        joined(self, key)
    }

    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s str, Value<'s>)) {
        for (at, (name, _)) in self.iter().enumerate() {
            let is_first = self.iter().take(at).all(|(before, _)| before != name);
            if is_first && let Some(value) = joined(self, name.as_str()) {
                visit(name.as_str(), value);
            }
        }
    }
}

/// The values of that name joined by ", "; one value is borrowed.
fn joined<'f>(fields: &'f Fields, name: &str) -> Option<Value<'f>> {
    fields.joined(name).map(|all| Value::Text(text(all)))
}

/// Bytes as text, with U+FFFD for what is no UTF-8.
fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        },
    }
}

/// A percent-encoded segment as text; nothing where it stands for bytes that are no text.
fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    String::from_utf8(query::percent_decoded(segment, false)).ok().map(Cow::Owned)
}

/// Names and values of the cookies.
fn cookies(fields: &Fields) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    fields.cookies().map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
}

fn tls_field(tls: &Tls, field: TlsField) -> Option<Value<'_>> {
    match field {
        TlsField::Version => Some(Value::text(tls.version)),
        TlsField::Cipher => Some(Value::text(&tls.cipher)),
        TlsField::ServerName => tls.server_name.as_deref().map(Value::text),
        TlsField::Alpn => tls.alpn.map(Value::text),
        TlsField::Subject => tls.holder.as_ref().map(|holder| Value::text(&holder.subject)),
        TlsField::San => {
            tls.holder.as_ref().map(|holder| Value::list(holder.names.iter().map(|name| Value::text(name))))
        }
        TlsField::Fingerprint => tls.fingerprint.as_ref().map(|print| Value::Text(hex(print).into())),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn tls_map(tls: &Tls) -> Map<'_> {
    let fields = TlsField::ALL.into_iter();
    Map::named(fields.filter_map(|field| Some((Cow::Borrowed(field.name()), tls_field(tls, field)?))))
}
