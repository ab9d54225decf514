//! XML as a tree of JSON: an object with the root's name. Attributes are `@name`, text is `#text` and comes last; an
//! element with text alone is that text, an empty one `null`, several of one name a list where the first stood. White
//! space alone between elements is nothing. Prefixes stay as they are written, and their declarations are attributes.

mod parse;

use super::Undecodable;
use parse::Element;
use pintle_core::template::Value;
use std::collections::HashMap;

/// What stands for "deeper than allowed", as JSON says it.
const TOO_DEEP: &str = "it is nested more deeply than allowed";

/// The tree as JSON's text; `depth` objects and lists may stand in each other.
pub(super) fn tree(text: &str, depth: usize) -> Result<String, Undecodable> {
    let root = parse::document(text, depth)?;
    let mut out = String::with_capacity(text.len());
    let Some(depth) = depth.checked_sub(1) else { return Err(Undecodable::At(TOO_DEEP, root.at)) };
    out.push('{');
    name("", root.name, &mut out);
    value(&root, depth, &mut out)?;
    out.push('}');
    Ok(out)
}

fn value(element: &Element<'_>, depth: usize, out: &mut String) -> Result<(), Undecodable> {
    if element.attributes.is_empty() && element.children.is_empty() {
        match element.text.is_empty() {
            true => out.push_str("null"),
            false => string(&element.text, out),
        }
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else { return Err(Undecodable::At(TOO_DEEP, element.at)) };
    let mut next = '{';
    let mut member = |prefix: &str, named: &str, out: &mut String| {
        out.push(std::mem::replace(&mut next, ','));
        name(prefix, named, out);
    };
    for (named, text) in &element.attributes {
        member("@", named, out);
        string(text, out);
    }
    for (named, children) in by_name(&element.children) {
        member("", named, out);
        match &children[..] {
            [only] => value(only, depth, out)?,
            several => list(several, depth, out)?,
        }
    }
    let is_layout = !element.children.is_empty() && element.text.bytes().all(parse::is_space);
    if !is_layout && !element.text.is_empty() {
        member("#", "text", out);
        string(&element.text, out);
    }
    out.push('}');
    Ok(())
}

fn list(elements: &[&Element<'_>], depth: usize, out: &mut String) -> Result<(), Undecodable> {
    let Some(depth) = depth.checked_sub(1) else { return Err(Undecodable::At(TOO_DEEP, elements[0].at)) };
    let mut next = '[';
    for element in elements {
        out.push(std::mem::replace(&mut next, ','));
        value(element, depth, out)?;
    }
    out.push(']');
    Ok(())
}

/// The elements of each name, in the order of their first ones.
fn by_name<'e, 'x>(elements: &'e [Element<'x>]) -> Vec<(&'x str, Vec<&'e Element<'x>>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Vec<&Element<'_>>)> = Vec::new();
    for element in elements {
        let place = *places.entry(element.name).or_insert(groups.len());
        if place == groups.len() {
            groups.push((element.name, Vec::new()));
        }
        groups[place].1.push(element);
    }
    groups
}

/// No name of XML has anything that JSON would escape (XML 1.0 2.3).
fn name(prefix: &str, name: &str, out: &mut String) {
    out.push('"');
    out.push_str(prefix);
    out.push_str(name);
    out.push_str("\":");
}

fn string(text: &str, out: &mut String) {
    let written = Value::text(text).write_json_within(out, usize::MAX);
    written.expect("a text has a form in JSON, and this one no bound");
}
