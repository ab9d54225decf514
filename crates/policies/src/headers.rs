//! `headers: {request: {set, add, remove}, response: {…}}`: fields that are set, added or removed on the way to the
//! service and on the way to the client.
//!
//! All levels apply, outer ones first: where two set the same name, the inner one stays. On the way out the edits apply
//! to the gateway's own answers too. The values of one level are made of the message as it came to that level, so that
//! `set` may name what `remove` takes away. A value that fails to evaluate is left out; on the way in the client's own
//! field of that name goes with it, so that nobody passes for what the gateway says, and with `set` also on the way out.
//! For the same reason what is set or removed on the way in takes the client's other spellings with it: `x_user` for `x-user`.

mod changes;
#[cfg(test)]
mod tests;

use crate::build::Building;
use crate::field::{self, Side};
use crate::layers::{Layers, Levels};
use crate::trailers;
pub(crate) use changes::{Changes, is_same, take_away};
use pintle_core::config::{Diagnostic, Form, Map, Node, OneOrMany, Read, Reader, Spanned, TemplateText};
use pintle_core::exchange::ResponseScope;
use pintle_core::step::Step;
use pintle_core::template::Declared;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::All;

/// Header fields that are set, added or removed. All levels apply, outer ones first. A value whose template fails is
/// left out; on the way to the service the client's own field of that name goes with it.
///
/// ```yaml
/// routes:
///   - match: /users/{id}
///     policies:
///       - headers:
///           request: {set: {x-user: "${path.id}", x-client: "${client.ip}"}, remove: [cookie, x-debug]}
///           response: {set: {cache-control: no-store}, add: {vary: [accept, origin]}, remove: server}
///     proxy: users
/// ```
#[derive(Clone, Debug, Default, PartialEq, Read)]
#[read(called = "headers", check)]
pub struct Headers {
    /// On the way to the service.
    #[read(default)]
    pub request: Edits,
    /// On the way to the client, on every answer, the gateway's own too.
    #[read(default)]
    pub response: Edits,
}

/// What is done to the header fields of a message: first `remove`, then `set`, then `add`.
#[derive(Clone, Debug, Default, PartialEq, Read)]
#[read(called = "set of header edits")]
pub struct Edits {
    /// Values, by name, that stand in place of all that the name had.
    #[read(default)]
    pub set: Map<TemplateText>,
    /// Values, by name, that are added to what the name has.
    #[read(default)]
    pub add: Map<OneOrMany<TemplateText>>,
    /// Names that are taken away.
    #[read(default)]
    pub remove: OneOrMany<Spanned<String>>,
}

/// What is said for the way to the service (`request`) or to the client (`response`), if anything is.
pub(crate) fn part(settings: &Node, part: &str) -> Option<Node> {
    settings.get(part).filter(|part| says_something(part)).cloned()
}

fn says_something(node: &Node) -> bool {
    match node.form() {
        Form::Map(entries) => entries.iter().any(|entry| says_something(&entry.value)),
        Form::List(items) => !items.is_empty(),
        Form::Nothing | Form::Broken => false,
        Form::Scalar { .. } => true,
    }
}

impl Headers {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let request = self.request.check(Side::Request, reader);
        let response = self.response.check(Side::Response, reader);
        (request && response).then_some(self)
    }
}

impl Edits {
    /// Whether every name and every value can be a header's, and no name is given two meanings.
    fn check(&self, side: Side, reader: &mut Reader) -> bool {
        let mut good = true;
        let mut set = BTreeMap::new();
        for (name, value) in &self.set {
            good &= field::check_value(value, reader).is_some();
            let known = field::name_to_set(name, side, reader);
            good &= known.is_some();
            if let Some(first) = known.and_then(|known| set.insert(known, &name.span)) {
                let twice = Diagnostic::error("header-twice", format!("`{name}` is set twice"), &name.span);
                reader.report(twice.also(first, "first here").help("capitals make no difference in a header's name"));
                good = false;
            }
        }
        let mut added = BTreeSet::new();
        for (name, values) in &self.add {
            good &= values.iter().filter(|value| field::check_value(value, reader).is_none()).count() == 0;
            match field::name_to_set(name, side, reader) {
                Some(known) => drop(added.insert(known)),
                None => good = false,
            }
        }
        for name in &self.remove {
            let Some(known) = field::name(name, side, reader) else {
                good = false;
                continue;
            };
            if set.contains_key(&known) || added.contains(&known) {
                let message = format!("`{name}` is removed and given a value at once");
                let help = "`set` alone puts the value in place of what was there";
                reader.report(Diagnostic::error("header-twice", message, &name.span).help(help));
                good = false;
            }
        }
        good
    }
}

/// The edits of all levels, outer ones first.
fn compiled<'e>(
    edits: impl Iterator<Item = &'e Edits>,
    place: &Declared<'_>,
    reader: &mut Reader,
) -> Option<Box<[Changes]>> {
    let mut all = Some(Vec::new());
    for edits in edits {
        match (Changes::build(edits, place, reader), &mut all) {
            (Some(changes), Some(all)) if !changes.is_empty() => all.push(changes),
            (Some(_), _) => {}
            (None, _) => all = None,
        }
    }
    all.map(Vec::into_boxed_slice)
}

/// Changes requests.
pub(crate) fn request(layers: &Layers<'_, Headers>, building: &mut Building<'_, '_>) -> Option<()> {
    let all = compiled(layers.all().map(|headers| &headers.request), building.place, building.reader)?;
    if !all.is_empty() {
        // Of what the gateway sets, a client's own does not pass as a trailer either.
        let owned: Arc<[Box<str>]> = all.iter().flat_map(Changes::owned).cloned().collect();
        building.steps.push(Step::Check(Box::new(move |exchange| {
            trailers::withhold(&owned, &mut exchange.request);
            for changes in &all {
                let made = changes.make(exchange);
                changes.apply(&made, Side::Request, &mut exchange.request.fields);
            }
            Ok(())
        })));
    }
    Some(())
}

/// Changes answers.
pub(crate) fn response(layers: &Layers<'_, Headers>, building: &mut Building<'_, '_>) -> Option<()> {
    let place = building.place.response();
    let all = compiled(layers.all().map(|headers| &headers.response), &place, building.reader)?;
    if !all.is_empty() {
        building.steps.push(Step::Edit(Box::new(move |exchange, response| {
            for changes in &all {
                let made = changes.make(&ResponseScope { exchange, response });
                changes.apply(&made, Side::Response, &mut response.fields);
            }
        })));
    }
    Some(())
}
