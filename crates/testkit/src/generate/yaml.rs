//! A tree that writes itself as YAML in one of many ways: block or flow, quoted or plain, with comments and blank lines.
//! The ways differ, what is said does not.

use fastrand::Rng;

/// A value to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// A text; one that could be taken for something else is quoted.
    Text(String),
    /// A list.
    List(Vec<Yaml>),
    /// A map.
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Yaml::Text(text.into())
    }

    pub(crate) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Yaml::List(texts.into_iter().map(Yaml::text).collect())
    }

    pub(crate) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Yaml)>) -> Self {
        Yaml::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Writes it as a document. `way` decides how it looks.
    pub fn write(&self, way: u64) -> String {
        let mut rng = Rng::with_seed(way);
        let mut out = String::new();
        block(self, 0, &mut rng, &mut out);
        out
    }

    /// The same with the entries of each map, and the items of lists whose order means nothing, in another order.
    pub fn shuffled(&self, seed: u64) -> Self {
        shuffled(self, "", &mut Rng::with_seed(seed))
    }
}

/// The lists whose order means nothing. Of `listeners` it does: requests name one by its place.
const UNORDERED: [&str; 1] = ["routes"];

fn shuffled(value: &Yaml, key: &str, rng: &mut Rng) -> Yaml {
    match value {
        // An answer has its keys as they were written.
        _ if key == "body" => value.clone(),
        Yaml::Text(_) => value.clone(),
        Yaml::List(items) => {
            let mut items: Vec<Yaml> = items.iter().map(|item| shuffled(item, "", rng)).collect();
            if UNORDERED.contains(&key) {
                rng.shuffle(&mut items);
            }
            Yaml::List(items)
        }
        Yaml::Map(entries) => {
            let mut entries: Vec<_> =
                entries.iter().map(|(key, value)| (key.clone(), shuffled(value, key, rng))).collect();
            rng.shuffle(&mut entries);
            Yaml::Map(entries)
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn comment(depth: usize, rng: &mut Rng, out: &mut String) {
    match rng.u8(..20) {
        0 => {
            indent(depth, out);
            out.push_str("# a remark: with [brackets], 'quotes' and ümlauts\n");
        }
        1 => out.push('\n'),
        _ => {}
    }
}

fn end(rng: &mut Rng, out: &mut String) {
    out.push_str(if rng.u8(..16) == 0 { "   # why it is so\n" } else { "\n" });
}

/// Whether a value is to stand on one line.
fn is_small(value: &Yaml, rng: &mut Rng) -> bool {
    match value {
        Yaml::Text(_) => true,
        Yaml::List(items) if items.is_empty() => true,
        Yaml::Map(entries) if entries.is_empty() => true,
        _ => size(value) < 12 && rng.bool(),
    }
}

fn size(value: &Yaml) -> usize {
    match value {
        Yaml::Text(_) => 1,
        Yaml::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Yaml::Map(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
    }
}

fn block(value: &Yaml, depth: usize, rng: &mut Rng, out: &mut String) {
    match value {
        Yaml::Text(_) => unreachable!("a text stands on its line"),
        Yaml::List(items) => {
            for item in items {
                comment(depth, rng, out);
                indent(depth, out);
                out.push_str("- ");
                if is_small(item, rng) {
                    flow(item, rng, out);
                    end(rng, out);
                } else {
                    // The first line stands beside the dash.
                    let mut inner = String::new();
                    block(item, depth + 1, rng, &mut inner);
                    let start = inner.lines().take_while(|line| is_remark(line)).map(|line| line.len() + 1).sum();
                    out.push_str(inner.split_at(start).1.trim_start_matches(' '));
                }
            }
        }
        Yaml::Map(entries) => {
            for (key, value) in entries {
                comment(depth, rng, out);
                indent(depth, out);
                scalar(key, rng, out);
                out.push(':');
                if is_small(value, rng) {
                    out.push(' ');
                    flow(value, rng, out);
                    end(rng, out);
                } else {
                    end(rng, out);
                    block(value, depth + 1, rng, out);
                }
            }
        }
    }
}

fn is_remark(line: &str) -> bool {
    line.is_empty() || line.trim_start().starts_with('#')
}

fn flow(value: &Yaml, rng: &mut Rng, out: &mut String) {
    match value {
        Yaml::Text(text) => scalar(text, rng, out),
        Yaml::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                flow(item, rng, out);
            }
            out.push(']');
        }
        Yaml::Map(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                scalar(key, rng, out);
                out.push_str(": ");
                flow(value, rng, out);
            }
            out.push('}');
        }
    }
}

fn scalar(text: &str, rng: &mut Rng, out: &mut String) {
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'%' | b'*' | b' '))
        && !text.ends_with(' ')
        && text != "null";
    if text == "none" {
        // In quotes it is a text like any other.
        return out.push_str(text);
    }
    let single = !text.contains(['\'', '\n']);
    match rng.u8(..10) {
        0 if single => *out += &format!("'{text}'"),
        1 => *out += &double(text),
        _ if plain => out.push_str(text),
        _ => *out += &double(text),
    }
}

fn double(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
