//! A file with a consumer on each line, as JSON. One line at a time becomes the tree that YAML would give and is read by
//! the same types, so that nothing but the consumers themselves is held.

use super::ConsumerConfig;
use pintle_core::config::{
    ConfigPath, Diagnostic, Entry, FILE_LIMIT, Form, Node, Read, Reader, Shape, Source, Span, Spanned, read_file,
};
use pintle_core::json::{Json, Limits};
use pintle_core::template::Value;

/// The path of a file with a consumer on each line.
#[derive(Clone, Debug, PartialEq)]
pub struct FileOfConsumers(pub Spanned<ConfigPath>);

impl Read for FileOfConsumers {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Spanned::read(node, reader).map(Self)
    }

    fn shape() -> Shape {
        ConfigPath::shape()
    }
}

/// What one consumer may need; a list of keys is some thousand bytes long.
pub(super) const LINE: Limits = Limits { bytes: 64 * 1024, depth: 8 };

/// What is done with each consumer; false if something was reported.
type Take<'t> = &'t mut dyn FnMut(&ConsumerConfig, &Span, &mut Reader) -> bool;

impl FileOfConsumers {
    /// Hands each line's consumer to `take`. None if anything was reported: the whole file, or lines, each by its number.
    pub(super) fn each(&self, reader: &mut Reader, take: Take<'_>) -> Option<()> {
        let text = match self.text() {
            Ok(text) => text,
            Err(why) => {
                let message = format!("cannot read `{}`: {why}", self.0.display());
                reader.error("unreadable", message, &self.0.span);
                return None;
            }
        };
        let source = Source::new(self.0.display().to_string(), text);
        let mut good = Some(());
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let end = start + line.trim_end().len();
            let begin = start + line.len() - line.trim_start().len();
            start += line.len();
            // An empty line, or a comment.
            if begin >= end || line.trim_start().starts_with('#') {
                continue;
            }
            let at = source.span(begin..end);
            // Of its own, as every good line may hold something to hide.
            let mut own = Reader::new();
            let is_good = one(&at, &mut own).is_some_and(|config| take(&config, &at, &mut own));
            // An unknown key is reported, and the rest is read all the same.
            let is_good = is_good && !own.diagnostics.has_errors();
            if !own.diagnostics.is_empty() {
                // A line may hold a secret anywhere, where it is not what it should be.
                own.diagnostics.hide(&at);
                reader.diagnostics.extend(own.diagnostics);
            }
            good = good.filter(|()| is_good);
        }
        good
    }

    fn text(&self) -> Result<String, String> {
        let bytes = read_file(&self.0, FILE_LIMIT).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            format!("line {} is not UTF-8", good.iter().filter(|byte| **byte == b'\n').count() + 1)
        })
    }
}

/// The consumer that stands on a line.
fn one(at: &Span, reader: &mut Reader) -> Option<ConsumerConfig> {
    let json = match Json::parse(at.text().as_bytes(), LINE) {
        Ok(json) => json,
        Err(fault) => {
            let message = format!("this line is no consumer: {fault}");
            let help = "each line is a consumer as a JSON object, such as {\"name\": \"acme\", \"api_keys\": [{\"sha256\": \"…\"}]}";
            reader.report(Diagnostic::error("consumer", message, at).help(help));
            return None;
        }
    };
    let config = ConsumerConfig::read(&node(json.value(), at), reader)?;
    if config.files().next().is_some() {
        let message = format!("`{}` names a file, and this file's own files are not watched", config.name.value);
        let help = "give a key by its digest; put a consumer with keys of `hmac` into the configuration";
        reader.report(Diagnostic::error("consumer", message, at).help(help));
        return None;
    }
    Some(config)
}

/// A value as the tree that its YAML would give. Everything stands where the line does.
fn node(value: Value<'_>, at: &Span) -> Node {
    let scalar = |text: &str, plain| Form::Scalar { text: text.into(), plain };
    let form = match value {
        Value::Bool(value) => scalar(if value { "true" } else { "false" }, true),
        Value::Number(text) => scalar(&text, true),
        Value::Text(text) => scalar(&text, false),
        Value::List(items) => Form::List(items.iter().map(|item| node(item, at)).collect()),
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            map.each(&mut |key, value| {
                if let Value::Text(key) = key {
                    let key = Spanned { value: key.as_ref().into(), span: at.clone() };
                    entries.push(Entry { key, value: node(value, at) });
                }
            });
            Form::Map(entries)
        }
        // JSON has nothing else.
        _ => Form::Nothing,
    };
    Node::new(form, at.clone())
}
