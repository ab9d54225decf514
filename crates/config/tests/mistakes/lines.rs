//! A tree written so that it is known in which line each value stands: every key and every item in a line of its own.

use pintle_testkit::generate::Yaml;
use std::collections::HashMap;

/// A place in a tree: keys, and the numbers of items.
pub(crate) type Place = Vec<String>;

/// A text, and where the values of its tree stand.
pub(crate) struct Lines {
    pub(crate) text: String,
    /// The line of each key or item, and the line where its value begins.
    at: HashMap<Place, (usize, usize)>,
    line: usize,
}

impl Lines {
    pub(crate) fn of(tree: &Yaml) -> Self {
        let mut lines = Lines { text: String::new(), at: HashMap::new(), line: 1 };
        lines.at.insert(Vec::new(), (1, 1));
        lines.block(tree, 0, &mut Vec::new());
        lines
    }

    /// The lines in which a place is: of its key, and of its value's begin.
    pub(crate) fn of_place(&self, place: &Place) -> Vec<usize> {
        let (key, value) = self.at[place];
        vec![key, value]
    }

    fn end(&mut self) {
        self.text.push('\n');
        self.line += 1;
    }

    fn indent(&mut self, depth: usize) {
        // Behind a dash the first key stands already.
        if self.text.is_empty() || self.text.ends_with('\n') {
            self.text.push_str(&"  ".repeat(depth));
        }
    }

    fn block(&mut self, value: &Yaml, depth: usize, place: &mut Place) {
        match value {
            Yaml::Map(entries) => {
                for (key, value) in entries {
                    self.indent(depth);
                    self.text.push_str(&quoted(key));
                    self.text.push(':');
                    place.push(key.clone());
                    let line = self.line;
                    if self.inline(value) {
                        self.end();
                        self.at.insert(place.clone(), (line, line));
                    } else {
                        self.end();
                        self.at.insert(place.clone(), (line, self.line));
                        self.block(value, depth + 1, place);
                    }
                    place.pop();
                }
            }
            Yaml::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.indent(depth);
                    self.text.push('-');
                    place.push(number.to_string());
                    self.at.insert(place.clone(), (self.line, self.line));
                    if self.inline(item) {
                        self.end();
                    } else {
                        self.text.push(' ');
                        self.block(item, depth + 1, place);
                    }
                    place.pop();
                }
            }
            Yaml::Text(_) => unreachable!("a text stands in its line"),
        }
    }

    /// Writes what stands in its line.
    fn inline(&mut self, value: &Yaml) -> bool {
        let text = match value {
            Yaml::Text(text) => quoted(text),
            Yaml::List(items) if items.is_empty() => "[]".into(),
            Yaml::Map(entries) if entries.is_empty() => "{}".into(),
            _ => return false,
        };
        self.text.push(' ');
        self.text.push_str(&text);
        true
    }
}

fn quoted(text: &str) -> String {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && !text.is_empty() && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
