//! An operation, and what its answers hold.

use super::schema::{self, Field};
use super::{Document, Node};
use pintle_core::template::Step;

/// An operation of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'d> {
    document: &'d Document,
    node: &'d Node,
}

impl<'d> Operation<'d> {
    pub(super) fn new(document: &'d Document, node: &'d Node) -> Self {
        Operation { document, node }
    }

    /// Whether the JSON of its answers has what is read there. Only answers with a status that is accepted count; where none
    /// of them is described, `default` stands for them.
    pub(crate) fn field(&self, steps: &[Step<'_>], accepts: &dyn Fn(u16) -> bool) -> Field<'d> {
        let responses = self.node.get("responses").and_then(Node::as_map).unwrap_or_default();
        let mut described: Vec<(&str, &Node)> = Vec::new();
        for entry in responses {
            if has(&entry.key, accepts) {
                described.push((&entry.key, &entry.value));
            }
        }
        if described.is_empty() {
            described.extend(responses.iter().filter(|one| &*one.key.value == "default").map(|one| ("", &one.value)));
        }
        let (mut schemas, mut is_open) = (Vec::new(), false);
        for (status, response) in described {
            match self.document.target(response).map(json) {
                Some(Content::Json(schema)) => schemas.push(schema),
                Some(Content::Nothing) if matches!(status, "204" | "205" | "304") => {}
                _ => is_open = true,
            }
        }
        match schema::look(self.document, &schemas, steps) {
            Field::Unknown(_) if is_open => Field::CannotSay,
            field => field,
        }
    }
}

/// Whether a key of `responses` is for a status that is accepted.
fn has(key: &str, accepts: &dyn Fn(u16) -> bool) -> bool {
    let class = key.to_ascii_uppercase();
    match class.strip_suffix("XX").and_then(|class| class.parse::<u16>().ok()) {
        Some(class @ 1..=5) => (class * 100..(class + 1) * 100).any(accepts),
        _ => key.parse().is_ok_and(accepts),
    }
}

enum Content<'d> {
    Json(&'d Node),
    Nothing,
    /// It is described as something else, or not at all.
    Other,
}

/// What a response says of its JSON.
fn json(response: &Node) -> Content<'_> {
    let Some(content) = response.get("content").and_then(Node::as_map) else { return Content::Nothing };
    let is_json = |media: &str| {
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(&*media, "application/json" | "text/json" | "application/*" | "*/*") || media.ends_with("+json")
    };
    match content.iter().find(|entry| is_json(&entry.key)) {
        Some(entry) => entry.value.get("schema").map_or(Content::Other, Content::Json),
        None if content.is_empty() => Content::Nothing,
        None => Content::Other,
    }
}
