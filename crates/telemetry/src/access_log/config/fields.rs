//! `fields: {NAME: EXPRESSION}`.

use super::super::{Fields, KEYS, TUNNEL_KEYS};
use pintle_core::config::{Diagnostic, ExpressionText, Map, Node, Read, Reader, Shape, Spanned};
use pintle_core::template::{Declared, Expression};
use pintle_policies::template::report;

/// So many fields a line may have.
const MOST: usize = 64;
/// So long a name may be.
const LONGEST_NAME: usize = 128;
/// Names that begin so are the gateway's, those to come among them.
const OWN: &str = "pintle.";

/// What expressions may name.
const PLACE: Declared<'static> = Declared::request().any_capture().identity().response();

impl Read for Fields {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let written = Map::<ExpressionText>::read(node, reader)?;
        if let Some((name, _)) = written.0.get(MOST) {
            let message = format!("more than {MOST} fields");
            reader.error("log-field", message, &name.span);
            return None;
        }
        let mut good = true;
        let mut fields = Vec::with_capacity(written.len());
        for (name, text) in written {
            let is_fit = check(&name, reader).is_some();
            match Expression::compile(&text, &PLACE) {
                Ok(expression) => fields.push((name.value, expression)),
                Err(fault) => {
                    report(&fault, &text, &text.span, reader);
                    good = false;
                }
            }
            good &= is_fit;
        }
        good.then(|| Fields::new(fields))
    }

    fn shape() -> Shape {
        Shape::MapOf(ExpressionText::shape)
    }
}

/// Whether a key of a line may be called so.
fn check(name: &Spanned<String>, reader: &mut Reader) -> Option<()> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
    let (message, help) = match name.as_str() {
        own if own.starts_with(OWN) || KEYS.iter().chain(TUNNEL_KEYS).any(|(key, _)| *key == own) => (
            format!("`{name}` is a key of the gateway's own"),
            "give the field another name; keys of a line and names that begin with `pintle.` are taken",
        ),
        odd if odd.is_empty() || !odd.bytes().all(is_part) => {
            (format!("`{name}` cannot be the name of a field"), "letters, digits, `_`, `-`, `.`, `:`, `/` and `@`")
        }
        long if long.len() > LONGEST_NAME => ("the name of this field is too long".to_owned(), "at most 128 letters"),
        _ => return Some(()),
    };
    reader.report(Diagnostic::error("log-field", message, &name.span).help(help));
    None
}
