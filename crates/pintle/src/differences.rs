//! What differs between two configurations, by name: what of each section came, went, or is not what it was.

use pintle_core::config::{Form, Node};
use serde_json::{Map, Value, json};

/// The differences from `old` to `new`, both joined trees; an empty object where there are none.
pub(crate) fn changes(old: &Node, new: &Node) -> Value {
    let mut sections: Vec<&str> = Vec::new();
    for root in [old, new] {
        for entry in root.as_map().unwrap_or_default() {
            let key: &str = &entry.key.value;
            if !sections.contains(&key) {
                sections.push(key);
            }
        }
    }
    let differ = |section: &&str| old.get(section) != new.get(section);
    let differences = sections.into_iter().filter(differ);
    let differences =
        differences.map(|section| (section.to_owned(), section_changes(old.get(section), new.get(section))));
    Value::Object(differences.collect::<Map<_, _>>())
}

fn section_changes(old: Option<&Node>, new: Option<&Node>) -> Value {
    let (old, new) = (members(old), members(new));
    let (Some(old), Some(new)) = (old, new) else { return json!("changed") };
    let find = |among: &[(String, &Node)], name: &str| among.iter().position(|(other, _)| other == name);
    let names = |from: &[(String, &Node)], keep: &dyn Fn(&str, &Node) -> bool| -> Vec<String> {
        from.iter().filter(|(name, node)| keep(name, node)).map(|(name, _)| name.clone()).collect()
    };
    json!({
        "added": names(&new, &|name, _| find(&old, name).is_none()),
        "removed": names(&old, &|name, _| find(&new, name).is_none()),
        "changed": names(&new, &|name, node| find(&old, name).is_some_and(|at| old[at].1 != node)),
    })
}

/// What a section holds, by name. None of one that is no collection.
fn members(section: Option<&Node>) -> Option<Vec<(String, &Node)>> {
    match section.map(Node::form) {
        None | Some(Form::Nothing) => Some(Vec::new()),
        Some(Form::Map(entries)) => {
            Some(entries.iter().map(|entry| (entry.key.value.to_string(), &entry.value)).collect())
        }
        Some(Form::List(items)) => Some(items.iter().map(|item| (name(item), item)).collect()),
        Some(Form::Scalar { .. } | Form::Broken) => None,
    }
}

/// What an item of a list is called: by its name, or by what is there in its place.
fn name(item: &Node) -> String {
    let named = ["name", "match", "address"].iter().find_map(|key| item.get(key));
    named.map_or_else(String::new, |named| named.span().text().split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::{Reader, Sources};

    fn tree(text: &str) -> Node {
        let mut reader = Reader::new();
        Sources::from_text("pintle.yaml", text, &mut reader).root
    }

    #[test]
    fn what_came_went_and_changed_is_named() {
        let old = tree("routes: [{match: /a, proxy: a}, {match: /b, proxy: b}, {name: c, match: /c}]\nworkers: 2\n");
        let new = tree("routes: [{name: c, match: /d}, {match: /b, proxy: b}, {match: /e}]\nworkers: 3\n");
        let expected = json!({
            "routes": {"added": ["/e"], "removed": ["/a"], "changed": ["c"]},
            "workers": "changed",
        });
        assert_eq!(changes(&old, &new), expected);
        assert_eq!(changes(&new, &new), json!({}));
    }

    #[test]
    fn a_section_that_is_new_has_all_that_it_holds_added() {
        let new = tree("upstreams: {a: {}, b: {}}\n");
        let expected = json!({"upstreams": {"added": ["a", "b"], "removed": [], "changed": []}});
        assert_eq!(changes(&tree(""), &new), expected);
    }
}
