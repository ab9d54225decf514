//! What a policy has to do with who asks: whether it finds that out, and whether it wants to know.

use crate::{Policy, Setting};
use pintle_core::config::{Form, Grammar, Node, Shape};
use pintle_core::template::{Declared, Expression, Place, Root, Template};

/// What may be named where nobody is known.
const NOBODY: Declared<'static> = Declared::request().any_capture().response().with(Root::RequestBody);

impl Policy {
    /// Whether it is an authentication, and not switched off.
    pub fn is_authentication(&self) -> bool {
        self.replaces_authentications()
    }

    /// The groups that an `authorize` lets in.
    pub fn groups(&self) -> &[String] {
        match self {
            Policy::Authorize(Setting::On { value, .. }) => value.groups.as_ref().map_or(&[], |groups| &groups.0),
            _ => &[],
        }
    }

    /// `claims` or `consumer`, if one of its expressions names it, or it lets groups of consumers in.
    pub fn names_identity(&self) -> Option<&'static str> {
        // What an authentication forwards is known where it stands.
        if self.is_authentication() {
            return None;
        }
        if !self.groups().is_empty() {
            return Some("consumer");
        }
        let view = self.view();
        let (Setting::On { written, .. } | Setting::Use { changes: written, .. }) = &view.setting else { return None };
        named((view.shape)(), written)
    }
}

/// The name that an expression in a tree of this shape asks for.
fn named(shape: Shape, node: &Node) -> Option<&'static str> {
    match shape {
        Shape::Text { grammar, .. } => in_text(grammar, node.as_text()?),
        Shape::List(item) | Shape::OneOrMany(item) => match node.form() {
            Form::List(items) => items.iter().find_map(|one| named(item(), one)),
            _ => named(item(), node),
        },
        Shape::MapOf(value) => node.as_map()?.iter().find_map(|entry| named(value(), &entry.value)),
        Shape::Map { fields, .. } | Shape::Kinds { kinds: fields, .. } => node.as_map()?.iter().find_map(|entry| {
            let field = fields.iter().find(|field| *field.key == *entry.key.value)?;
            named((field.shape)(), &entry.value)
        }),
        Shape::Forms { forms, .. } => {
            let form = match node.form() {
                Form::Scalar { .. } => "text",
                Form::List(_) => "list",
                Form::Map(_) => "map",
                Form::Nothing | Form::Broken => return None,
            };
            forms.iter().find(|one| one.key == form).and_then(|one| named((one.shape)(), node))
        }
        Shape::Any | Shape::Later | Shape::Bool | Shape::Whole { .. } | Shape::Words { .. } => None,
    }
}

fn in_text(grammar: Grammar, text: &str) -> Option<&'static str> {
    let fault = match grammar {
        Grammar::Template => Template::compile(text, Place::Text, &NOBODY).err()?,
        Grammar::Expression => Expression::compile(text, &NOBODY).err()?,
        _ => return None,
    };
    let is = |name: &&str| fault.message == format!("`{name}` cannot be named here");
    ["claims", "consumer"].into_iter().find(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read;

    #[test]
    fn who_asks_is_found_in_expressions_and_templates_alone() {
        for (policy, name) in [
            ("{headers: {request: {set: {x-user: '${consumer.name}'}}}}", Some("consumer")),
            ("{headers: {response: {add: {x-a: [b, '${claims.sub}']}}}}", Some("claims")),
            ("{headers: {request: {set: {x-user: 'consumer.name', x-b: '${request.host}'}}}}", None),
            ("{headers: {request: {remove: [consumer]}}}", None),
            ("{timeout: 5s}", None),
            ("{headers: none}", None),
            ("{api_key: {header: x, forward: {x-user: '${consumer.name}'}}}", None),
        ] {
            assert_eq!(read::<Policy>(policy).names_identity(), name, "{policy}");
        }
    }
}
