//! The one expression language and the one template form. A [`Template`] is text with `${CEL}` in it, an
//! [`Expression`] is CEL alone. Both are compiled when the configuration loads: every name is found then or is a
//! [`Fault`], and becomes a [`Variable`] that a [`Scope`] is asked for while a request runs. Evaluation borrows from the
//! request, makes nothing beforehand, and is bounded in length, depth, steps and bytes.
//!
//! Knows the names that there are (`request`, `path`, `client`, …) and nothing of where their values come from.

mod arithmetic;
mod budget;
mod collections;
mod compare;
mod compile;
mod convert;
mod declared;
mod encode;
mod evaluate;
mod expression;
mod fault;
mod format;
mod functions;
mod key;
mod lex;
mod listing;
mod names;
mod node;
mod parse;
mod reads;
mod split;
mod strings;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod time;
mod value;
mod variable;
mod wording;
mod write;

pub use declared::Declared;
pub use expression::Expression;
pub use fault::{EvalError, Fault};
pub use key::Key;
pub use listing::{FUNCTIONS, Function, NAMES, Name};
pub use parse::{is_reserved, with_large_stack};
pub use reads::{Access, Step, Taken};
pub use value::{Entries, Items, Kind, List, Map, Timestamp, Value};
pub use variable::{NoScope, PartField, ProblemField, Root, Scope, TlsField, Variable};

use encode::Encoding;
use split::Split;

/// Where a template stands, which decides how its values are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A path: a value is percent-encoded as one segment, `path.rest` keeps its slashes.
    PathSegment,
    /// A query, or one value of it: a value is percent-encoded.
    Query,
    /// A path up to the first `?`, a query after it; before both, if it begins with `http://` or `https://`, a host.
    Url,
    /// A header's value: a control byte is an error.
    Header,
    /// Text as it is.
    Text,
    /// A page of HTML: a value is text there, or a quoted attribute.
    Html,
    /// A leaf of a JSON tree: one that is a single `${…}` is the value itself, any other is a string.
    Json,
}

/// A piece of a template.
#[derive(Clone, Copy, Debug)]
pub enum Part<'t> {
    /// Text as it is meant.
    Literal(&'t str),
    /// What is computed there.
    Value(&'t Expression),
}

/// Text with `${CEL}` in it; `$${` is a literal `${`.
#[derive(Debug)]
pub struct Template {
    place: Place,
    pieces: Box<[Piece]>,
}

#[derive(Debug)]
enum Piece {
    Literal(Box<str>),
    Value { expression: Expression, at: usize, encoding: Encoding },
}

impl Template {
    /// Compiles `text`, in whose expressions the names of `declared` may stand. Costs as [`Expression::compile`].
    pub fn compile(text: &str, place: Place, declared: &Declared<'_>) -> Result<Template, Fault> {
        let mut before = String::new();
        let mut pieces = Vec::new();
        for piece in split::split(text)? {
            pieces.push(match piece {
                Split::Literal(literal) => {
                    before.push_str(&literal);
                    Piece::Literal(literal.into())
                }
                Split::Expression(range) => {
                    let at = range.start;
                    let expression =
                        Expression::compile_within(&text[range], declared).map_err(|fault| fault.shifted(at))?;
                    let encoding = encoding(place, &before, &expression);
                    before.push('\u{fffd}');
                    Piece::Value { expression, at, encoding }
                }
            });
        }
        Ok(Template { place, pieces: pieces.into() })
    }

    /// The text, if no expression is in it.
    pub fn literal(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The expression, if the template is a single `${…}`.
    pub fn single(&self) -> Option<&Expression> {
        match &*self.pieces {
            [Piece::Value { expression, .. }] => Some(expression),
            _ => None,
        }
    }

    /// Appends the text, each value encoded for the place. On an error `out` is as it was.
    pub fn render(&self, scope: &dyn Scope, out: &mut String) -> Result<(), EvalError> {
        let start = out.len();
        let rendered = match (self.place, &*self.pieces) {
            (Place::Json, [Piece::Value { expression, at, .. }]) => expression
                .evaluate(scope)
                .and_then(|value| value.write_json(out).map_err(|reason| whole(expression, reason)))
                .map_err(|error| error.shifted(*at)),
            (Place::Json, _) => {
                out.push('"');
                let result = self.pieces(scope, out, Some(Encoding::Json));
                out.push('"');
                result
            }
            _ => self.pieces(scope, out, None),
        };
        if rendered.is_err() {
            out.truncate(start);
        }
        rendered
    }

    /// The value: typed if the template is a single `${…}`, else text that is not encoded for any place.
    pub fn value<'a>(&'a self, scope: &'a dyn Scope) -> Result<Value<'a>, EvalError> {
        match &*self.pieces {
            [Piece::Value { expression, at, .. }] => expression.evaluate(scope).map_err(|error| error.shifted(*at)),
            _ => match self.literal() {
                Some(text) => Ok(Value::text(text)),
                None => {
                    let mut out = String::new();
                    self.pieces(scope, &mut out, Some(Encoding::Text))?;
                    Ok(Value::Text(out.into()))
                }
            },
        }
    }

    /// Every variable that may be asked for; one that several expressions name comes once for each.
    pub fn names(&self) -> impl Iterator<Item = &Variable> {
        self.expressions().flat_map(Expression::names)
    }

    /// Its expressions in order.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value { expression, .. } => Some(expression),
            Piece::Literal(_) => None,
        })
    }

    /// Its pieces in order; two literals never follow one another.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => Part::Literal(text),
            Piece::Value { expression, .. } => Part::Value(expression),
        })
    }

    /// What its expressions read of their variables, as [`Expression::reads`], with places in the template's text.
    pub fn reads(&self) -> impl Iterator<Item = Access<'_>> {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Value { expression, at, .. } => expression.reads().map(|one| one.shifted(*at)).collect(),
            Piece::Literal(_) => Vec::new(),
        })
    }

    fn pieces(&self, scope: &dyn Scope, out: &mut String, everywhere: Option<Encoding>) -> Result<(), EvalError> {
        let start = out.len();
        let mut text = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            let (expression, at, encoding) = match piece {
                Piece::Literal(literal) if everywhere == Some(Encoding::Json) => {
                    write::escape_json(literal, out);
                    continue;
                }
                Piece::Literal(literal) => {
                    out.push_str(literal);
                    continue;
                }
                Piece::Value { expression, at, encoding } => (expression, *at, everywhere.unwrap_or(*encoding)),
            };
            let value = expression.evaluate(scope).map_err(|error| error.shifted(at))?;
            let failed = |reason| whole(expression, reason).shifted(at);
            let value = match &value {
                Value::Text(value) => value,
                other => {
                    text.clear();
                    other.write_text(&mut text).map_err(failed)?;
                    text.as_str()
                }
            };
            if encoding == Encoding::Segment && value.is_empty() && self.alone(index, &out[start..]) {
                return Err(failed("the value is empty, and would be a whole segment of the path".into()));
            }
            encoding.append(value, out).map_err(failed)?;
        }
        match everywhere {
            None => self.no_dots(&out[start..]),
            Some(_) => Ok(()),
        }
    }

    /// Whether the value at `index` would be a segment of the path by itself.
    fn alone(&self, index: usize, before: &str) -> bool {
        let ends = match self.pieces.get(index + 1) {
            None => true,
            Some(Piece::Literal(text)) => text.starts_with(['/', '?', '#']),
            Some(Piece::Value { .. }) => false,
        };
        ends && (before.ends_with('/') || before.is_empty())
    }

    /// A value must not become a dot segment, which the next one to read the path would resolve.
    fn no_dots(&self, rendered: &str) -> Result<(), EvalError> {
        if !matches!(self.place, Place::PathSegment | Place::Url) {
            return Ok(());
        }
        let path = rendered.split(['?', '#']).next().unwrap_or_default();
        if !path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Ok(());
        }
        let first = self.pieces.iter().find_map(|piece| match piece {
            Piece::Value { expression, at, .. } => Some((expression, *at)),
            Piece::Literal(_) => None,
        });
        match first {
            Some((expression, at)) => Err(whole(expression, "the path would hold a dot segment".into()).shifted(at)),
            None => Ok(()),
        }
    }
}

fn whole(expression: &Expression, reason: fault::Reason) -> EvalError {
    EvalError::new(0..expression.text().len(), reason)
}

/// How a value is written after `before`.
fn encoding(place: Place, before: &str, expression: &Expression) -> Encoding {
    let in_path = match expression.variable() {
        Some(Variable::PathRest) => Encoding::Rest,
        _ => Encoding::Segment,
    };
    match place {
        Place::PathSegment => in_path,
        Place::Query => Encoding::Query,
        Place::Header => Encoding::Header,
        Place::Text => Encoding::Text,
        Place::Html => Encoding::Html,
        Place::Json => Encoding::Json,
        Place::Url if before.contains(['?', '#']) => Encoding::Query,
        Place::Url => match before.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') && !rest.contains('/') => Encoding::Authority,
            _ => in_path,
        },
    }
}
