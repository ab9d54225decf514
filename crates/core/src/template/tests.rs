//! The language by example, its faults by their words, its templates, and the interpreter of `cel` as an oracle.

mod faults;
mod language;
mod listing;
mod oracle;
mod reads;
mod templates;

use std::collections::HashMap;

use super::*;

/// A scope whose values stand in a map.
#[derive(Default)]
struct MapScope(HashMap<Variable, Value<'static>>);

impl Scope for MapScope {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        self.0.get(variable).map(Value::lend)
    }
}

impl MapScope {
    fn with(mut self, variable: Variable, value: Value<'static>) -> MapScope {
        self.0.insert(variable, value);
        self
    }
}

fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}

fn map(entries: &[(&str, Value<'static>)]) -> Value<'static> {
    Value::Map(Map::named(entries.iter().map(|(name, value)| ((*name).to_owned().into(), value.clone()))))
}

const CAPTURES: [&str; 2] = ["id", "user"];

/// Everything that a place may name.
fn declared() -> Declared<'static> {
    Declared::request()
        .path(&CAPTURES, true)
        .identity()
        .response()
        .with(Root::RequestBody)
        .parts(&["profile", "orders"])
        .item("order")
}

/// One request.
fn request() -> MapScope {
    use Variable as V;
    let headers = [("x-tenant", text("Acme")), ("accept", text("a, b")), ("ä", text("ö"))];
    let body = map(&[
        ("count", Value::Number("3".into())),
        ("price", Value::Number("1.10".into())),
        ("long", Value::Number("12345678901234567890123".into())),
        ("items", Value::list([text("a"), Value::Number("2".into()), Value::Null])),
    ]);
    let mut scope = MapScope::default()
        .with(V::RequestMethod, text("GET"))
        .with(V::RequestPath, text("/a%2Fb/c"))
        .with(V::RequestHeaders, map(&headers))
        .with(V::RequestQueries, map(&[("q", text("a b&c")), ("empty", text(""))]))
        .with(V::RequestQuery("q".into()), text("a b&c"))
        .with(V::RequestQuery("empty".into()), text(""))
        .with(V::RequestQueryAll("q".into()), Value::list([text("a b&c"), text("d")]))
        .with(V::RequestCookie("session".into()), text("s"))
        .with(V::Capture(0), text("7/8"))
        .with(V::Capture(1), text(".."))
        .with(V::PathRest, text("x/y%20z"))
        .with(V::ClientIp, text("192.0.2.1"))
        .with(V::ClientPort, Value::Int(4711))
        .with(V::Claims, map(&[("sub", text("u1")), ("scope", text("orders:read orders:write"))]))
        .with(V::ConsumerGroups, Value::list([text("partners")]))
        .with(V::ResponseStatus, Value::Int(200))
        .with(V::RequestBody, body.clone())
        .with(V::Item, map(&[("item", Value::Number("42".into()))]))
        .with(V::Part(0, PartField::Body), body)
        .with(V::Part(0, PartField::State), text("ok"))
        .with(V::Part(1, PartField::Body), Value::Null);
    for (name, value) in headers {
        scope = scope.with(V::RequestHeader(name.into()), value);
    }
    scope
}

/// The value in a form to compare: JSON, with its type where JSON has none, or the error after `!`.
fn shown(expression: &Expression, scope: &dyn Scope) -> String {
    match expression.evaluate(scope) {
        Ok(Value::Uint(value)) => format!("{value}u"),
        Ok(Value::Bytes(bytes)) => format!("b{bytes:?}"),
        Ok(Value::Type(kind)) => kind.name().to_owned(),
        Ok(value) => {
            let mut out = String::new();
            match value.write_json(&mut out) {
                Ok(()) if matches!(value, Value::Double(_)) => format!("{out}d"),
                Ok(()) => out,
                Err(_) => format!("{value:?}"),
            }
        }
        Err(error) => format!("!{error}"),
    }
}

fn run(source: &str) -> String {
    match Expression::compile(source, &declared()) {
        Ok(expression) => shown(&expression, &request()),
        Err(fault) => format!("?{fault}"),
    }
}
