//! Which members of an answer the client wants: `name,orders(id,total)`, as it stands in a query. What is not there is
//! left out, so that a client may ask all services of a kind the same.
//!
//! Refuses to rename, to filter and to compute: what comes out is a part of what went in, in its order.

use pintle_core::json::{Json, Limits};
use pintle_core::template::{Map, Value};
use std::collections::BTreeMap;

/// How deep parentheses may stand.
const MOST_DEEP: usize = 16;
/// How many names may be asked for.
const MOST: usize = 256;

/// The members that are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Picked {
    /// Each with what is wanted of it. None at all stand for the whole.
    members: BTreeMap<Box<str>, Picked>,
}

impl Picked {
    /// Reads `name,orders(id,total)`, percent-decoded. The error is for the client: what is wrong, and at which character
    /// from 1. A name that is there twice is wanted for both, and whole if one of them is.
    pub(super) fn parse(text: &str) -> Result<Picked, String> {
        let mut parser = Parser { text, at: 0, count: 0 };
        let picked = parser.list(MOST_DEEP)?;
        match parser.rest().is_empty() {
            true => Ok(picked),
            false => parser.wrong("a `)` closes nothing"),
        }
    }

    fn is_whole(&self) -> bool {
        self.members.is_empty()
    }

    /// Adds what `other` wants.
    fn add(&mut self, other: Picked) {
        if self.is_whole() || other.is_whole() {
            self.members.clear();
            return;
        }
        for (name, wanted) in other.members {
            self.member(name, wanted);
        }
    }

    fn member(&mut self, name: Box<str>, wanted: Picked) {
        match self.members.get_mut(&name) {
            Some(known) => known.add(wanted),
            None => drop(self.members.insert(name, wanted)),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    count: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{what} at character {}", self.text[..self.at].chars().count() + 1))
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Names up to the end, or to a `)` that belongs to no name among them.
    fn list(&mut self, depth: usize) -> Result<Picked, String> {
        let mut picked = Picked::default();
        loop {
            let name = self.name()?;
            let mut wanted = Picked::default();
            let opened = self.at;
            if self.take("(") {
                let Some(depth) = depth.checked_sub(1) else {
                    return self.wrong(&format!("parentheses stand more than {MOST_DEEP} deep"));
                };
                wanted = self.list(depth)?;
                if !self.take(")") {
                    self.at = opened;
                    return self.wrong("a `(` is never closed");
                }
            }
            picked.member(name.into(), wanted);
            match self.rest().chars().next() {
                None | Some(')') => return Ok(picked),
                Some(',') => self.at += 1,
                Some(_) => return self.wrong("a `,` is missing"),
            }
        }
    }

    fn name(&mut self) -> Result<&'t str, String> {
        let rest = self.rest();
        let end = rest.find(|char: char| ",()".contains(char) || char.is_whitespace() || char.is_control());
        let name = &rest[..end.unwrap_or(rest.len())];
        if name.is_empty() {
            return match rest.starts_with(|char: char| char.is_whitespace() || char.is_control()) {
                true => self.wrong("white space stands"),
                false => self.wrong("a name is missing"),
            };
        }
        self.at += name.len();
        if self.rest().starts_with(|char: char| char.is_whitespace() || char.is_control()) {
            return self.wrong("white space stands");
        }
        self.count += 1;
        match self.count > MOST {
            true => Err(format!("more than {MOST} names are asked for")),
            false => Ok(name),
        }
    }
}

/// An answer with what is wanted of it: of objects the members, of lists each item so. What is neither, where something
/// of it is wanted, stays. Numbers keep their text.
pub(super) fn pick(picked: &Picked, json: &str) -> Result<String, String> {
    let limits = Limits { bytes: Limits::MOST, depth: Limits::DEEPEST };
    let json = Json::parse(json.as_bytes(), limits).map_err(|fault| fault.to_string())?;
    let mut out = String::new();
    write(picked, &json.value(), &mut out)?;
    Ok(out)
}

fn write(picked: &Picked, value: &Value<'_>, out: &mut String) -> Result<(), String> {
    match value {
        Value::Map(map) if !picked.is_whole() => object(picked, map, out),
        Value::List(list) if !picked.is_whole() => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(picked, &item, out)?;
            }
            out.push(']');
            Ok(())
        }
        whole => whole.write_json_within(out, usize::MAX).map_err(Into::into),
    }
}

fn object(picked: &Picked, map: &Map<'_>, out: &mut String) -> Result<(), String> {
    let mut done = Ok(());
    let mut next = '{';
    map.each(&mut |name, value| {
        let Value::Text(text) = &name else { return };
        let Some(wanted) = picked.members.get(&**text) else { return };
        if done.is_ok() {
            out.push(std::mem::replace(&mut next, ','));
            done = name.write_json_within(out, usize::MAX).map_err(Into::into).and_then(|()| {
                out.push(':');
                write(wanted, &value, out)
            });
        }
    });
    if next == '{' {
        out.push('{');
    }
    out.push('}');
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(fields: &str, json: &str) -> String {
        match Picked::parse(fields).and_then(|fields| pick(&fields, json)) {
            Ok(text) => text,
            Err(why) => format!("!{why}"),
        }
    }

    const ANSWER: &str = r#"{"name":"Ada","id":9007199254740993,"orders":[{"id":1,"total":1.10,"lines":[{"sku":"a","n":2}]},{"id":2,"total":2.50}],"tier":null,"a\"b":true}"#;

    // Rule: aggregate-fields
    #[test]
    fn objects_keep_what_is_named_in_their_own_order() {
        for (fields, expected) in [
            ("id", r#"{"id":9007199254740993}"#),
            ("id,name", r#"{"name":"Ada","id":9007199254740993}"#),
            ("orders(total)", r#"{"orders":[{"total":1.10},{"total":2.50}]}"#),
            ("orders(lines(n),id)", r#"{"orders":[{"id":1,"lines":[{"n":2}]},{"id":2}]}"#),
            ("orders(id),orders(total)", r#"{"orders":[{"id":1,"total":1.10},{"id":2,"total":2.50}]}"#),
            ("orders(lines(n)),orders(lines(sku))", r#"{"orders":[{"lines":[{"sku":"a","n":2}]},{}]}"#),
            ("nothing,tier", r#"{"tier":null}"#),
            ("nothing", "{}"),
            ("name(first),tier(x)", r#"{"name":"Ada","tier":null}"#),
            ("a\"b", r#"{"a\"b":true}"#),
        ] {
            assert_eq!(picked(fields, ANSWER), expected, "{fields}");
        }
        let whole = r#"{"orders":[{"id":1,"total":1.10,"lines":[{"sku":"a","n":2}]},{"id":2,"total":2.50}]}"#;
        for twice in ["orders,orders(id)", "orders(id),orders", "orders"] {
            assert_eq!(picked(twice, ANSWER), whole, "{twice}");
        }
        assert_eq!(picked("id", "[[{\"id\":1,\"b\":2}],3,null]"), "[[{\"id\":1}],3,null]");
        assert_eq!(picked("id", "1.50"), "1.50");
        assert_eq!(picked("id", "{"), "!it is no JSON at byte 1");
    }

    #[test]
    fn what_is_no_list_of_names_is_refused() {
        for (fields, expected) in [
            ("", "a name is missing at character 1"),
            (",", "a name is missing at character 1"),
            ("a,", "a name is missing at character 3"),
            ("a,,b", "a name is missing at character 3"),
            ("a()", "a name is missing at character 3"),
            ("(a)", "a name is missing at character 1"),
            ("a(b", "a `(` is never closed at character 2"),
            ("a(b))", "a `)` closes nothing at character 5"),
            ("a)", "a `)` closes nothing at character 2"),
            ("a(b)c", "a `,` is missing at character 5"),
            ("\u{e4}, b", "white space stands at character 3"),
            ("a b", "white space stands at character 2"),
            ("a\u{0}", "white space stands at character 2"),
            (" ", "white space stands at character 1"),
        ] {
            assert_eq!(picked(fields, "{}"), format!("!{expected}"), "{fields:?}");
        }
        let deep = |depth: usize| "a(".repeat(depth) + "a" + &")".repeat(depth);
        assert_eq!(picked(&deep(16), "{}"), "{}");
        assert_eq!(picked(&deep(17), "{}"), "!parentheses stand more than 16 deep at character 35");
        let many = |count: usize| vec!["a"; count].join(",");
        assert_eq!(picked(&many(256), "{}"), "{}");
        assert_eq!(picked(&many(257), "{}"), "!more than 256 names are asked for");
    }
}
