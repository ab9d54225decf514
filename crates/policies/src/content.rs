//! Content that a configuration gives, of `respond`, of error pages and of what a policy asks: known beforehand as far as it holds no template.

use crate::template::{self, Part};
use bytes::Bytes;
use pintle_core::config::{Form, Node, Reader};
use pintle_core::template::{Declared, Place, Scope, Template};
use pintle_core::{Body, Refusal};

/// What a message holds: a text with templates, or a tree with templates as leaves.
#[derive(Debug, Default)]
pub struct Content {
    kind: Option<&'static str>,
    pieces: Box<[Piece]>,
}

#[derive(Debug)]
enum Piece {
    Literal(Bytes),
    Made(Part),
}

impl Content {
    /// From a text or a tree; what is wrong is reported.
    pub fn build(node: &Node, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let mut writer = Writer { literal: String::new(), pieces: Vec::new(), place, reader, good: true };
        let kind = match node.as_text() {
            Some(text) => {
                writer.text(text, node, Place::Text);
                "text/plain; charset=utf-8"
            }
            None => {
                writer.json(node);
                "application/json"
            }
        };
        writer.flush();
        writer.good.then(|| Content { kind: Some(kind), pieces: writer.pieces.into() })
    }

    /// As [`Content::build`], and JSON even where it is a text.
    pub fn json(node: &Node, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let mut writer = Writer { literal: String::new(), pieces: Vec::new(), place, reader, good: true };
        writer.json(node);
        writer.flush();
        writer.good.then(|| Content { kind: Some("application/json"), pieces: writer.pieces.into() })
    }

    /// Its type, if there is content.
    pub fn kind(&self) -> Option<&'static str> {
        self.kind.filter(|_| !self.pieces.is_empty())
    }

    /// Its templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Made(part) => Some(part.template()),
        })
    }

    /// The content for a request. A template that fails is the client's fault where it names the request alone.
    pub fn render(&self, scope: &dyn Scope) -> Result<Body, Refusal> {
        if let [Piece::Literal(bytes)] = &*self.pieces {
            return Ok(Body::Full(bytes.clone()));
        }
        let mut out = String::new();
        self.render_while(0, scope, &mut out, &|_| true).map_err(|(_, refusal)| refusal)?;
        Ok(Body::full(out))
    }

    /// Appends its pieces from that number on, as long as the values are there that their templates name; gives the number of
    /// the first piece that was left. A template that fails is said.
    pub fn render_while(
        &self,
        from: usize,
        scope: &dyn Scope,
        out: &mut String,
        is_known: &dyn Fn(&Template) -> bool,
    ) -> Result<usize, (&Part, Refusal)> {
        for (at, piece) in self.pieces.iter().enumerate().skip(from) {
            match piece {
                // Literals are made of text alone.
                Piece::Literal(bytes) => out.push_str(std::str::from_utf8(bytes).unwrap_or_default()),
                Piece::Made(part) if is_known(part.template()) => {
                    part.render(scope, out).map_err(|refusal| (part, refusal))?;
                }
                Piece::Made(_) => return Ok(at),
            }
        }
        Ok(self.pieces.len())
    }

    /// How many pieces it has.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }
}

struct Writer<'w, 'd> {
    literal: String,
    pieces: Vec<Piece>,
    place: &'w Declared<'d>,
    reader: &'w mut Reader,
    good: bool,
}

impl Writer<'_, '_> {
    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces.push(Piece::Literal(Bytes::from(std::mem::take(&mut self.literal))));
        }
    }

    /// A text that may hold templates.
    fn text(&mut self, text: &str, node: &Node, place: Place) {
        let Some(template) = template::compile_text(text, node.span(), place, self.place, self.reader) else {
            self.good = false;
            return;
        };
        match template.literal() {
            Some(literal) if place == Place::Json => self.string(literal),
            Some(literal) => self.literal.push_str(literal),
            None => {
                self.flush();
                self.pieces.push(Piece::Made(Part::new(template)));
            }
        }
    }

    fn json(&mut self, node: &Node) {
        match node.form() {
            Form::Nothing | Form::Broken => self.literal.push_str("null"),
            Form::Scalar { text, plain: true } if is_json_word(text) => self.literal.push_str(text),
            Form::Scalar { text, plain: true } if &**text == "~" => self.literal.push_str("null"),
            Form::Scalar { text, .. } => self.text(text, node, Place::Json),
            Form::List(items) => {
                self.literal.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.literal.push_str(if at > 0 { "," } else { "" });
                    self.json(item);
                }
                self.literal.push(']');
            }
            Form::Map(entries) => {
                self.literal.push('{');
                for (at, entry) in entries.iter().enumerate() {
                    self.literal.push_str(if at > 0 { "," } else { "" });
                    if entry.key.contains("${") {
                        let message = "a key is a text as it is, without `${…}`";
                        self.reader.error("template-key", message, &entry.key.span);
                        self.good = false;
                    }
                    self.string(&entry.key);
                    self.literal.push(':');
                    self.json(&entry.value);
                }
                self.literal.push('}');
            }
        }
    }

    fn string(&mut self, text: &str) {
        // A text has a form in JSON always.
        let _ = pintle_core::template::Value::text(text).write_json(&mut self.literal);
    }
}

/// Whether a text without quotes is a number, a truth value or null in JSON as well (RFC 8259 3, 6). `0755`, `1_000` and
/// `.5` are texts.
fn is_json_word(text: &str) -> bool {
    matches!(text, "true" | "false" | "null") || is_json_number(text)
}

fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
