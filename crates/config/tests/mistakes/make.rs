//! The mistakes: each kind looks for all places where it can be made, and takes one of them.

use super::lines::Place;
use fastrand::Rng;
use pintle_testkit::generate::Yaml;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Delete,
    Misspell,
    Swap,
    Retype,
    Dangle,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] = [Kind::Delete, Kind::Misspell, Kind::Swap, Kind::Retype, Kind::Dangle];
}

/// A tree with a mistake in it.
pub(crate) struct Mistake {
    pub(crate) tree: Yaml,
    /// Where it may be told.
    pub(crate) places: Vec<Place>,
    pub(crate) what: String,
}

/// Maps whose keys are names of the user's choice, or no configuration of ours.
const NAMED: [&str; 10] =
    ["upstreams", "labels", "header", "query", "cookie", "set", "add", "split", "headers", "body"];

const ACTIONS: [&str; 4] = ["proxy", "redirect", "respond", "files"];

/// Keys with values of different kinds, such that neither can be the other's.
const UNLIKE: [(&str, &str); 10] = [
    ("listeners", "limits"),
    ("routes", "upstreams"),
    ("name", "address"),
    ("match", "proxy"),
    ("match", "redirect"),
    ("match", "respond"),
    ("match", "policies"),
    ("path", "method"),
    ("to", "status"),
    ("status", "body"),
];

/// A value that a key cannot have.
const WRONG: [(&str, &str); 17] = [
    ("address", "nowhere"),
    ("balance", "sometimes"),
    ("body_limit", "lots"),
    ("endpoints", "127.0.0.1:9001"),
    ("labels", "storefront"),
    ("limits", "10MiB"),
    ("listeners", "127.0.0.1:8080"),
    ("match", "anything"),
    ("method", "fetch"),
    ("policies", "common"),
    ("redirect", "/elsewhere"),
    ("respond", "hello"),
    ("routes", "all"),
    ("status", "fine"),
    ("timeout", "5"),
    ("trusted_proxies", "everybody"),
    ("weight", "heavy"),
];

pub(crate) fn mistake(tree: &Yaml, kind: Kind, rng: &mut Rng) -> Mistake {
    let mut all = Vec::new();
    walk(tree, &mut Vec::new(), &mut |place, value| match kind {
        Kind::Delete => delete(place, value, &mut all),
        Kind::Misspell => misspell(place, value, &mut all),
        Kind::Swap => swap(place, value, &mut all),
        Kind::Retype => retype(place, value, &mut all),
        Kind::Dangle => dangle(place, value, &mut all),
    });
    let Some(Change { place, value, told, what }) = rng.choice(all) else { panic!("no place for {kind:?}") };
    let mut tree = tree.clone();
    *at(&mut tree, &place) = value;
    let what = format!("{} at {}", what, place.join("."));
    Mistake { tree, places: told, what }
}

/// Another value at a place.
struct Change {
    place: Place,
    value: Yaml,
    told: Vec<Place>,
    what: String,
}

fn walk(value: &Yaml, place: &mut Place, visit: &mut impl FnMut(&Place, &Yaml)) {
    visit(place, value);
    let inner: Vec<(String, &Yaml)> = match value {
        Yaml::Text(_) => vec![],
        Yaml::List(items) => items.iter().enumerate().map(|(number, item)| (number.to_string(), item)).collect(),
        Yaml::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
    };
    for (step, value) in inner {
        place.push(step);
        walk(value, place, visit);
        place.pop();
    }
}

fn at<'t>(tree: &'t mut Yaml, place: &[String]) -> &'t mut Yaml {
    let Some((step, rest)) = place.split_first() else { return tree };
    let inner = match tree {
        Yaml::List(items) => &mut items[step.parse::<usize>().expect("a number")],
        Yaml::Map(entries) => &mut entries.iter_mut().find(|(key, _)| key == step).expect("a key").1,
        Yaml::Text(_) => panic!("nothing is in a text"),
    };
    at(inner, rest)
}

fn inner(place: &Place, step: &str) -> Place {
    place.iter().cloned().chain([step.to_owned()]).collect()
}

/// Whether the keys of the map at a place are known to the program. All of a body is the user's, and so are the names
/// under the top-level `policies`; `headers` is a policy too, whose own keys are known.
fn has_known_keys(place: &Place) -> bool {
    let last = place.last().map(String::as_str);
    let in_a_list = place.len() >= 2 && place[place.len() - 2].parse::<usize>().is_ok();
    let is_policy = last == Some("headers") && (in_a_list || place.first().is_some_and(|first| first == "policies"));
    place[..] != ["policies"]
        && !place.iter().any(|step| step == "body")
        && (is_policy || !last.is_some_and(|last| NAMED.contains(&last)))
}

fn without(entries: &[(String, Yaml)], key: &str) -> Yaml {
    Yaml::Map(entries.iter().filter(|(name, _)| name != key).cloned().collect())
}

fn delete(place: &Place, value: &Yaml, all: &mut Vec<Change>) {
    let Yaml::Map(entries) = value else { return };
    let has = |key: &str| entries.iter().any(|(name, _)| name == key);
    let is_route = has("match");
    for (key, _) in entries.iter().filter(|_| has_known_keys(place)) {
        let needed = match key.as_str() {
            "match" | "listeners" | "endpoints" | "address" => true,
            "routes" => is_route,
            // The other key of a redirect is its status.
            "to" => !entries.iter().any(|(name, _)| matches!(name.as_str(), "scheme" | "host" | "port")),
            key => is_route && ACTIONS.contains(&key),
        };
        if needed {
            // That a route has no action is told at its match.
            let told = if is_route && key != "match" { inner(place, "match") } else { place.clone() };
            let what = format!("`{key}` is taken out");
            all.push(Change { place: place.clone(), value: without(entries, key), told: vec![told], what });
        }
    }
}

fn misspell(place: &Place, value: &Yaml, all: &mut Vec<Change>) {
    let Yaml::Map(entries) = value else { return };
    for (number, (key, _)) in entries.iter().enumerate().filter(|_| has_known_keys(place)) {
        let letters: Vec<char> = key.chars().collect();
        let middle = letters.len() / 2;
        let mut doubled = letters.clone();
        doubled.insert(middle, letters[middle]);
        let mut left_out = letters.clone();
        left_out.remove(middle);
        let mut exchanged = letters.clone();
        exchanged.swap(middle - 1, middle);
        for wrong in [doubled, left_out, exchanged] {
            let wrong: String = wrong.into_iter().collect();
            if wrong == *key {
                continue;
            }
            let mut entries = entries.clone();
            entries[number].0.clone_from(&wrong);
            let (told, what) = (inner(place, &wrong), format!("`{key}` is written `{wrong}`"));
            all.push(Change { place: place.clone(), value: Yaml::Map(entries), told: vec![told], what });
        }
    }
}

fn swap(place: &Place, value: &Yaml, all: &mut Vec<Change>) {
    let Yaml::Map(entries) = value else { return };
    let find = |key: &str| entries.iter().position(|(name, _)| name == key);
    for (one, other) in UNLIKE.iter().filter(|_| has_known_keys(place)) {
        if let (Some(first), Some(second)) = (find(one), find(other)) {
            let mut entries = entries.clone();
            let kept = entries[first].1.clone();
            entries[first].1 = std::mem::replace(&mut entries[second].1, kept);
            let (told, what) =
                (vec![inner(place, one), inner(place, other)], format!("`{one}` and `{other}` are swapped"));
            all.push(Change { place: place.clone(), value: Yaml::Map(entries), told, what });
        }
    }
}

fn retype(place: &Place, value: &Yaml, all: &mut Vec<Change>) {
    let Some((key, map)) = place.split_last() else { return };
    let wrong = WRONG.iter().find(|(name, _)| name == key).filter(|_| has_known_keys(&map.to_vec()));
    let wrongs = wrong.map(|(_, text)| Yaml::Text((*text).to_owned())).into_iter();
    // A list of lists is nothing anywhere.
    let lists = wrong.map(|_| Yaml::List(vec![Yaml::List(vec![])])).into_iter();
    for changed in wrongs.chain(lists).filter(|changed| changed != value) {
        let what = format!("`{key}` is {changed:?}");
        all.push(Change { place: place.clone(), value: changed, told: vec![place.clone()], what });
    }
}

fn dangle(place: &Place, value: &Yaml, all: &mut Vec<Change>) {
    let Yaml::Text(text) = value else { return };
    let step = |back: usize| place.len().checked_sub(back).map_or("", |at| place[at].as_str());
    let is_reference = match (step(2), step(1)) {
        (_, "proxy" | "to") => text.starts_with("service-"),
        (_, "listener" | "use") => true,
        ("policies", _) => place.len() > 2,
        _ => false,
    };
    if is_reference {
        let value = Yaml::Text("nobody-has-this-name".into());
        let what = format!("`{text}` becomes a name that leads nowhere");
        all.push(Change { place: place.clone(), value, told: vec![place.clone()], what });
    }
    if text.contains("${path.") && !text.contains("${path.rest}") {
        let value = Yaml::Text(text.replace("${path.", "${path.no_such_"));
        let what = format!("`{text}` names a capture that is not there");
        all.push(Change { place: place.clone(), value, told: vec![place.clone()], what });
    }
}
