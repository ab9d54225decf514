//! Edits of header fields, ready to run: names in small letters, values literal or compiled.

use super::Edits;
use crate::field::{Side, Value};
use pintle_core::Fields;
use pintle_core::config::{Map, Reader, Spanned, TemplateText};
use pintle_core::template::{Declared, Scope};
use smallvec::SmallVec;
use std::ops::Range;

/// The edits of one level.
pub(crate) struct Changes {
    remove: Box<[Box<str>]>,
    given: Box<[Given]>,
}

/// A field that gets a value.
struct Given {
    name: Box<str>,
    value: Value,
    /// Beside what the name has, not in its place.
    is_added: bool,
}

/// The values that are made for one message, one after the other.
pub(crate) struct Made {
    text: String,
    /// Where each template's value is, in their order; none where it failed.
    places: SmallVec<[Option<Range<usize>>; 4]>,
}

impl Changes {
    /// Compiles edits whose names are known to be good.
    pub(super) fn build(edits: &Edits, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let set = edits.set.iter().map(|(name, value)| (name, value, false));
        let add = edits.add.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value, true)));
        let mut given = Some(Vec::new());
        for (name, value, is_added) in set.chain(add) {
            match (Value::build(value, place, reader), &mut given) {
                (Some(value), Some(given)) => given.push(Given { name: lower(name), value, is_added }),
                (Some(_), None) => {}
                (None, _) => given = None,
            }
        }
        let remove = edits.remove.iter().map(lower).collect();
        Some(Changes { remove, given: given?.into() })
    }

    /// Compiles fields that are set on the way to the service, names and all; what is wrong is reported.
    pub(crate) fn set(set: &Map<TemplateText>, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let edits = Edits { set: set.clone(), ..Edits::default() };
        if !edits.check(Side::Request, reader) {
            return None;
        }
        Self::build(&edits, place, reader)
    }

    /// The names of which nothing of a client's own is left.
    pub(super) fn owned(&self) -> impl Iterator<Item = &Box<str>> {
        let set = self.given.iter().filter(|given| !given.is_added);
        set.map(|given| &given.name).chain(&self.remove)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.given.is_empty()
    }

    /// Evaluates every template. Costs nothing where there is none.
    pub(crate) fn make(&self, scope: &dyn Scope) -> Made {
        let mut made = Made { text: String::new(), places: SmallVec::new() };
        for given in self.given.iter().filter(|given| given.value.template().is_some()) {
            let start = made.text.len();
            let alone = given.value.template().filter(|template| template.single().is_some());
            let sound = match alone {
                None => given.value.render(scope, &mut made.text).is_ok(),
                // A field has no white space at its ends (RFC 9110 5.5): a value that has some would arrive as another
                // one, such as somebody else's name.
                Some(template) => {
                    let rendered = template.render(scope, &mut made.text).is_ok();
                    rendered && made.text[start..].trim_matches([' ', '\t']) == &made.text[start..]
                }
            };
            if !sound {
                made.text.truncate(start);
            }
            made.places.push(sound.then_some(start..made.text.len()));
        }
        made
    }

    /// Edits the fields of a message with the values that were made for it.
    pub(crate) fn apply(&self, made: &Made, side: Side, fields: &mut Fields) {
        for name in &self.remove {
            take_away(name, side, fields);
        }
        let mut places = made.places.iter();
        for Given { name, value, is_added } in &self.given {
            let value = match value {
                Value::Literal(text) => Some(&**text),
                Value::Template(_) => places.next().cloned().flatten().map(|range| &made.text[range]),
            };
            match value {
                Some(value) if *is_added => fields.append(&**name, value),
                Some(value) => {
                    take_away(name, side, fields);
                    fields.append(&**name, value);
                }
                None if *is_added && side == Side::Response => {}
                None => take_away(name, side, fields),
            }
        }
    }
}

/// Removes a name. In a request all marks count as one: many services (CGI, WSGI, PHP) cannot tell them apart, and would take
/// the client's `x_user` or `x.user` for the gateway's `x-user`.
pub(crate) fn take_away(name: &str, side: Side, fields: &mut Fields) {
    if side == Side::Response || name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        fields.remove(name);
        return;
    }
    fields.retain(|other, _| !is_same(name, other.as_str()));
}

/// Whether two names in small letters are one to a service that makes `_` of all that is no letter and no digit (RFC 3875 4.1.18
/// asks it of `-`, PHP does it to `.`, others to whatever no variable's name may have).
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

fn lower(name: &Spanned<String>) -> Box<str> {
    name.to_ascii_lowercase().into()
}
