//! The difference for programs: all of it, nothing cut.

use super::{Change, Diff, Edit, Item, Shared, Written};
use serde_json::{Map, Value, json};

impl Diff {
    /// `{"changes", "summary", "routes", "shared", "upstreams", "listeners", "certificates", "settings"}`: things as
    /// `{"name", "change": added | removed | renamed | changed, "was", "is", "at", "edits"}`, edits as
    /// `{"what", "old", "new", "notes"}`, values as `{"value", "at", "from"}`.
    pub fn json(&self) -> Value {
        let items = |items: &[Item]| items.iter().map(item).collect::<Vec<_>>();
        json!({
            "changes": !self.is_empty(),
            "summary": self.summary(),
            "routes": items(&self.routes),
            "shared": self.shared.iter().map(shared).collect::<Vec<_>>(),
            "upstreams": items(&self.upstreams),
            "listeners": items(&self.listeners),
            "certificates": items(&self.certificates),
            "settings": self.settings.iter().map(edit).collect::<Vec<_>>(),
        })
    }
}

fn item(item: &Item) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), item.name.as_str().into());
    let change = match &item.change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
        Change::Renamed { from } => {
            map.insert("was".into(), from.as_str().into());
            "renamed"
        }
    };
    map.insert("change".into(), change.into());
    if !item.is.is_empty() {
        map.insert("is".into(), item.is.as_str().into());
    }
    if let Some(at) = &item.at {
        map.insert("at".into(), at.to_string().into());
    }
    if !item.edits.is_empty() {
        map.insert("edits".into(), item.edits.iter().map(edit).collect());
    }
    map.into()
}

fn shared(shared: &Shared) -> Value {
    let mut value = edit(&shared.edit);
    value["routes"] = shared.routes.as_slice().into();
    value
}

fn edit(edit: &Edit) -> Value {
    let mut map = Map::new();
    map.insert("what".into(), edit.what.as_str().into());
    for (key, side) in [("old", &edit.old), ("new", &edit.new)] {
        if let Some(side) = side {
            map.insert(key.into(), written(side));
        }
    }
    if !edit.notes.is_empty() {
        map.insert("notes".into(), edit.notes.as_slice().into());
    }
    map.into()
}

fn written(side: &Written) -> Value {
    let mut map = Map::new();
    map.insert("value".into(), side.text.as_str().into());
    if let Some(at) = &side.at {
        map.insert("at".into(), at.to_string().into());
    }
    if !side.from.is_empty() {
        map.insert("from".into(), side.from.as_str().into());
    }
    map.into()
}
