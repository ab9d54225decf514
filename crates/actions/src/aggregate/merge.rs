//! Objects merged deeply, in an order that is written down and never that in which they came.

use super::config::OnConflict;
use pintle_core::template::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What is merged so far.
enum Merged<'v> {
    Value(Value<'v>),
    Object(Object<'v>),
}

/// An object whose members stand in the order in which they first came.
#[derive(Default)]
struct Object<'v> {
    members: Vec<(Cow<'v, str>, Merged<'v>)>,
    places: HashMap<Cow<'v, str>, usize, foldhash::fast::RandomState>,
}

/// Why nothing can be merged: the part, the word for it, and what happened.
type Flaw = (usize, &'static str, String);

/// The merged bodies of these parts, as JSON.
pub(super) fn merged(values: Vec<(usize, Value<'_>)>, on_conflict: OnConflict) -> Result<String, Flaw> {
    let mut all = Object::default();
    for (part, value) in values {
        let Value::Map(map) = value else {
            return Err((part, "not_an_object", format!("`merge` got {}", value.kind())));
        };
        all.add(&map, on_conflict, &mut String::new())
            .map_err(|path| (part, "conflict", format!("`{path}` is there already")))?;
    }
    let mut text = String::new();
    all.write(&mut text).map_err(|why| (0, "expression", why))?;
    Ok(text)
}

impl<'v> Object<'v> {
    /// Takes the members of another one; the path of one that stands in the way is the error.
    fn add(&mut self, map: &Map<'v>, on_conflict: OnConflict, path: &mut String) -> Result<(), String> {
        let mut members = Vec::with_capacity(map.len());
        map.each(&mut |name, value| {
            if let Value::Text(name) = name {
                members.push((name, value));
            }
        });
        for (name, value) in members {
            let before = path.len();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&name);
            self.put(name, value, on_conflict, path)?;
            path.truncate(before);
        }
        Ok(())
    }

    fn put(
        &mut self,
        name: Cow<'v, str>,
        value: Value<'v>,
        on_conflict: OnConflict,
        path: &mut String,
    ) -> Result<(), String> {
        let place = match self.places.entry(name) {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(free) => {
                let name = free.key().clone();
                free.insert(self.members.len());
                self.members.push((name, Merged::Value(value)));
                return Ok(());
            }
        };
        let there = &mut self.members[place].1;
        if let (Merged::Value(Value::Map(_)), Value::Map(_)) = (&*there, &value) {
            let Merged::Value(Value::Map(first)) = std::mem::replace(there, Merged::Object(Object::default())) else {
                return Ok(());
            };
            if let Merged::Object(object) = there {
                object.add(&first, on_conflict, path)?;
            }
        }
        match (there, value) {
            (Merged::Object(object), Value::Map(map)) => object.add(&map, on_conflict, path),
            (there, value) => match on_conflict {
                OnConflict::Error => Err(path.clone()),
                OnConflict::First => Ok(()),
                OnConflict::Last => {
                    *there = Merged::Value(value);
                    Ok(())
                }
            },
        }
    }

    fn write(&self, text: &mut String) -> Result<(), String> {
        text.push('{');
        for (at, (name, value)) in self.members.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            let cannot = |why| format!("the member cannot be written: {why}");
            Value::text(name).write_json(text).map_err(cannot)?;
            text.push(':');
            match value {
                Merged::Value(value) => value.write_json(text).map_err(cannot)?,
                Merged::Object(object) => object.write(text)?,
            }
        }
        text.push('}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::json::{Json, Limits};

    fn merge(texts: &[&str], on_conflict: OnConflict) -> Result<String, Flaw> {
        let limits = Limits { bytes: 1000, depth: 10 };
        let read: Vec<Json> = texts.iter().map(|text| Json::parse(text.as_bytes(), limits).expect("JSON")).collect();
        merged(read.iter().map(Json::value).enumerate().collect(), on_conflict)
    }

    #[test]
    fn objects_are_merged_deeply_and_in_order() {
        let texts = [r#"{"b":1.10,"a":{"x":1}}"#, r#"{"c":[1],"a":{"y":{"z":null}}}"#, r#"{"a":{"y":{"w":"ü"}}}"#];
        let merged = merge(&texts, OnConflict::Error).expect("no conflict");
        assert_eq!(merged, r#"{"b":1.10,"a":{"x":1,"y":{"z":null,"w":"ü"}},"c":[1]}"#);
        assert_eq!(merge(&[], OnConflict::Error).expect("nothing"), "{}");
    }

    #[test]
    fn who_wins_is_said_and_the_place_keeps() {
        let texts = [r#"{"a":{"x":1},"b":2}"#, r#"{"b":3,"a":{"x":[4],"y":5}}"#];
        assert_eq!(merge(&texts, OnConflict::First).expect("first"), r#"{"a":{"x":1,"y":5},"b":2}"#);
        assert_eq!(merge(&texts, OnConflict::Last).expect("last"), r#"{"a":{"x":[4],"y":5},"b":3}"#);
        assert_eq!(merge(&texts, OnConflict::Error), Err((1, "conflict", "`b` is there already".into())));
        let deep = [r#"{"a":{"b":{"c":1}}}"#, r#"{"a":{"b":{"c":1}}}"#];
        assert_eq!(merge(&deep, OnConflict::Error), Err((1, "conflict", "`a.b.c` is there already".into())));
        let object = [r#"{"a":1}"#, r#"{"a":{"b":2}}"#, r#"{"a":{"c":3}}"#];
        assert_eq!(merge(&object, OnConflict::First).expect("first"), r#"{"a":1}"#);
        assert_eq!(merge(&object, OnConflict::Last).expect("last"), r#"{"a":{"b":2,"c":3}}"#);
    }

    #[test]
    fn only_objects_are_merged() {
        assert_eq!(
            merge(&[r#"{"a":1}"#, "[1]"], OnConflict::Last),
            Err((1, "not_an_object", "`merge` got a list".into()))
        );
    }
}
