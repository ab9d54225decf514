//! "Did you mean …?"

use super::{Field, Shape};

/// What others call it: nginx, HAProxy, Envoy, Traefik, and what we do. Taken where ours is known at the place alone.
const ELSEWHERE: &[(&str, &str)] = &[
    ("alias", "root"),
    ("autoindex", "listing"),
    ("backend", "to"),
    ("backends", "endpoints"),
    ("brotli", "br"),
    ("fail_timeout", "for"),
    ("fall", "down_after"),
    ("grpc", "http2"),
    ("gz", "gzip"),
    ("gzip", "compress"),
    ("gzip_static", "precompressed"),
    ("h2", "http2"),
    ("h2c", "http2"),
    ("healthy_threshold", "up_after"),
    ("interval", "every"),
    ("keepalive", "keep"),
    ("least_conn", "least_requests"),
    ("leastconn", "least_requests"),
    ("location", "match"),
    ("max_fails", "after"),
    ("maxconn", "max"),
    ("min_length", "min_size"),
    ("proxy_pass", "proxy"),
    ("read", "response"),
    ("return", "respond"),
    ("rewrite", "path"),
    ("rise", "up_after"),
    ("roundrobin", "round_robin"),
    ("server", "endpoints"),
    ("servers", "endpoints"),
    ("targets", "endpoints"),
    ("try_files", "fallback"),
    ("unhealthy_threshold", "down_after"),
    ("zst", "zstd"),
];

/// The known name that is nearest to one that is unknown, if any is near enough to be a slip, or what others call so.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (unknown.chars().count() / 3).clamp(1, 3);
    let spelled = unknown.replace('-', "_").to_lowercase();
    let known: Vec<&str> = known.into_iter().collect();
    let ours = ELSEWHERE.iter().filter(|(theirs, _)| *theirs == spelled).map(|(_, ours)| *ours);
    if let Some(ours) = { ours }.find_map(|ours| known.iter().find(|name| **name == ours)) {
        return Some(ours);
    }
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&spelled, &name.replace('-', "_").to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Where a key belongs that stands a level too high.
pub(super) struct Belongs {
    /// The key that it belongs into.
    pub(super) key: &'static str,
    /// Says so.
    pub(super) help: String,
}

/// Where a key belongs that is none of a map: into which of the map's own keys.
pub(super) fn place_of(key: &str, map: &Shape) -> Option<Belongs> {
    let Shape::Map { fields, .. } = map else { return None };
    fields.iter().filter(|field| !field.later).find_map(|field| {
        let name = field.key;
        let help = match within(&(field.shape)(), key)? {
            Within::Map => format!("it belongs into `{name}`: `{name}: {{{key}: …}}`"),
            Within::List => format!("it belongs into `{name}`: `{name}: [{{{key}: …}}]`"),
        };
        Some(Belongs { key: name, help })
    })
}

enum Within {
    Map,
    List,
}

/// How a key stands in a value, if it does: in a map, or in the maps of a list.
fn within(shape: &Shape, key: &str) -> Option<Within> {
    let has = |fields: &[Field]| fields.iter().any(|field| field.key == key && !field.later);
    match shape {
        Shape::Map { fields, .. } | Shape::Kinds { kinds: fields, .. } => has(fields).then_some(Within::Map),
        Shape::Forms { forms, .. } => forms.iter().find_map(|form| within(&(form.shape)(), key)),
        Shape::OneOrMany(item) => within(&item(), key),
        Shape::List(item) => within(&item(), key).map(|_| Within::List),
        _ => None,
    }
}

/// The names as a message lists them: `a`, `b`, `c`, not over 16.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 16;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(", …");
    }
    text
}

/// What a map is, as a message says where a key is not known: "a route", "an upstream's tls"; a key that is no word for
/// one thing stands for itself: "`limits`", "`access_log`".
pub(super) fn in_words(called: &str) -> String {
    let is_word = called.contains(' ') || !(called.ends_with('s') || called.contains('_'));
    match called.chars().next() {
        Some('`') => called.to_owned(),
        _ if !is_word => format!("`{called}`"),
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {called}"),
        _ => format!("a {called}"),
    }
}

/// Whether a key's value may be a secret, by the key's name. What has no meaning is shown in messages, and must not
/// be if it is a password under a key that was mistyped or is there twice.
pub(super) fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "passw", "token", "key", "credential"].iter().any(|word| key.contains(word))
}
