//! Which types are explained where: a section for each map, under the path at which a user meets it first.

use super::phrase::key_of;
use crate::schema::is_there;
use pintle_core::config::{Field, Shape};

/// A type with its heading.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) shape: Shape,
    depth: usize,
}

impl Section {
    pub(super) fn new(title: impl Into<String>, place: &str, shape: Shape) -> Self {
        Section { title: title.into(), shape, depth: place.matches('.').count() }
    }
}

/// The type at a path such as `listeners.tls`, and the path as users know it: `listeners[].tls`.
pub(super) fn at(path: &str) -> Option<(String, Shape)> {
    let mut place = (String::new(), super::root());
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let field = fields(&place.1).into_iter().find(|field| field.key == key)?;
        place = opened(joined_title(&place.0, key), (field.shape)());
    }
    Some(place)
}

/// The section of a type, and those of the types below it that have no place of their own.
pub(super) fn below(found: Option<(String, Shape)>, heading: &str, placed: &[&str]) -> Vec<Section> {
    let Some((place, shape)) = found else { return Vec::new() };
    let mut all = vec![Section::new(heading, &place, shape.clone())];
    inside(&place, &shape, placed, &mut all);
    all
}

fn inside(place: &str, shape: &Shape, placed: &[&str], all: &mut Vec<Section>) {
    for field in fields(shape).into_iter().filter(is_there) {
        let (place, shape) = opened(joined_title(place, field.key), (field.shape)());
        let plain: String = place.replace("[]", "").replace(".NAME", "");
        let Some(key) = key_of(&shape) else { continue };
        if let Some(known) = all.iter_mut().find(|section| key_of(&section.shape).as_ref() == Some(&key)) {
            // One type under several keys, as `request` and `response`: it is found by each.
            let is_beside = known.title.starts_with('`') && place.matches('.').count() == known.depth;
            if is_beside {
                known.title.push_str(&format!(", `{place}`"));
            }
            continue;
        }
        if fields(&shape).is_empty() || placed.contains(&plain.as_str()) || is_kinds_of(&plain, placed) {
            continue;
        }
        all.push(Section::new(format!("`{place}`"), &place, shape.clone()));
        inside(&place, &shape, placed, all);
    }
}

/// Whether the path leads into what `{{kinds …}}` explains: lists of policies do, wherever they stand.
fn is_kinds_of(path: &str, placed: &[&str]) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    placed.contains(&last) && path.contains('.')
}

/// The keys that a type has, in whichever form it is a map.
pub(super) fn fields(shape: &Shape) -> Vec<Field> {
    match shape {
        Shape::Map { fields, .. } | Shape::Kinds { kinds: fields, .. } => fields.clone(),
        Shape::Forms { forms, .. } => {
            let of_map = forms.iter().filter(|form| form.key == "map" && is_there(form));
            of_map.flat_map(|form| fields(&(form.shape)())).collect()
        }
        _ => Vec::new(),
    }
}

/// What lies in a list or a map from names, and its path.
pub(super) fn opened(place: String, shape: Shape) -> (String, Shape) {
    match shape {
        Shape::List(item) => opened(place + "[]", item()),
        Shape::OneOrMany(item) => opened(place, item()),
        Shape::MapOf(value) => opened(place + ".NAME", value()),
        shape => (place, shape),
    }
}

pub(super) fn joined_title(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

/// The anchor of a heading, as GitHub makes it.
pub(super) fn anchor(title: &str) -> String {
    let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
