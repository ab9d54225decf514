//! One generated route: its match, its policies, its action.

use super::requests::Taken;
use super::yaml::Yaml;
use fastrand::Rng;

/// What routes may name.
pub(crate) struct Names<'n> {
    pub(crate) upstreams: &'n [String],
    pub(crate) policies: &'n [String],
    pub(crate) urls: &'n [String],
}

const HOSTS: [Option<&str>; 5] =
    [None, None, Some("shop.example.com"), Some("*.example.com"), Some("api.shop.example.com")];

/// Routes of one path that differ by methods or conditions, so that none is another's equal and each can be reached.
pub(crate) fn family(place: usize, listeners: &[&str], names: &Names<'_>, rng: &mut Rng) -> Vec<(Yaml, Taken)> {
    let shape = rng.choice(["", "/{id}", "/{id}/items", "/{id}/items/{item}", "/**", "/{id}/**", "/"]).unwrap_or("");
    let mut base = Taken { path: format!("/r{place}{shape}"), ..Taken::default() };
    base.host = rng.choice(HOSTS).flatten();
    if listeners.len() > 1 && rng.u8(..5) == 0 {
        base.listener = Some(rng.usize(..listeners.len()));
    }
    let listener = base.listener.map(|at| listeners[at]);
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let members = [
        Taken { methods: vec!["GET"], ..base.clone() },
        Taken { methods: vec!["POST", "PUT"], ..base.clone() },
        Taken { headers: header("x-canary", "1"), ..base.clone() },
        Taken { headers: header("x-canary", "2"), ..base.clone() },
        Taken { methods: vec!["GET"], query: "dry_run=1".into(), headers: header("x-tenant", "acme"), ..base.clone() },
        base,
    ];
    let one = rng.usize(..members.len());
    let all = rng.u8(..3) == 0;
    let members = members.into_iter().enumerate().filter(|(at, _)| all || *at == one).map(|(_, member)| member);
    members
        .map(|taken| {
            let captures: Vec<&str> =
                taken.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
            let mut entries = vec![("match".to_owned(), pattern(&taken, rng))];
            if rng.u8(..3) == 0 {
                let name = format!("route {place} {} {}", taken.methods.join(" "), taken.headers.len());
                let canary = taken.headers.first().map_or("", |(_, value)| value);
                entries.insert(0, ("name".into(), Yaml::text(format!("{name}{canary}"))));
            }
            if let Some(listener) = listener {
                entries.push(("listener".into(), Yaml::text(listener)));
            }
            if rng.u8(..4) == 0 {
                entries.push(("labels".into(), Yaml::map([("team", Yaml::text("storefront"))])));
            }
            let rest = taken.path.ends_with("**");
            if let Some(policies) = policies(names, &captures, rng) {
                entries.push(("policies".into(), policies));
            }
            entries.push(action(names, &captures, rest, rng));
            (Yaml::Map(entries), taken)
        })
        .collect()
}

fn pattern(taken: &Taken, rng: &mut Rng) -> Yaml {
    let simple = taken.headers.is_empty() && taken.query.is_empty();
    if simple && rng.bool() {
        let methods = taken.methods.join(",");
        let space = if methods.is_empty() { "" } else { " " };
        return Yaml::text(format!("{methods}{space}{}{}", taken.host.unwrap_or(""), taken.path));
    }
    let mut entries = vec![("path".to_owned(), one_or_list(&[&taken.path], rng))];
    if let Some(host) = taken.host {
        entries.push(("host".into(), one_or_list(&[host], rng)));
    }
    if !taken.methods.is_empty() {
        entries.push(("method".into(), one_or_list(&taken.methods, rng)));
    }
    if !taken.headers.is_empty() {
        // Two expressions on one name would be equal: nobody can tell that no value meets both.
        let header = taken.headers.iter().map(|(name, value)| match rng.u8(..3) {
            0 if value != "2" => (name.clone(), Yaml::map([("regex", Yaml::text(format!("^{value}$")))])),
            1 => (name.clone(), Yaml::texts([value])),
            _ => (name.clone(), Yaml::text(value)),
        });
        entries.push(("header".into(), Yaml::map(header)));
    }
    if !taken.query.is_empty() {
        let present = Yaml::map([("present", Yaml::text("true"))]);
        entries.push(("query".into(), Yaml::map([("dry_run", present)])));
    }
    Yaml::Map(entries)
}

fn one_or_list(texts: &[&str], rng: &mut Rng) -> Yaml {
    match texts {
        [one] if rng.bool() => Yaml::text(*one),
        texts => Yaml::texts(texts.iter().copied()),
    }
}

/// Some policies, written in the order in which they run.
pub(crate) fn policies(names: &Names<'_>, captures: &[&str], rng: &mut Rng) -> Option<Yaml> {
    let mut list = Vec::new();
    if rng.u8(..4) == 0 {
        let set = Yaml::map([("x-served-by", Yaml::text("pintle")), ("x-route", Yaml::text("${route.name}"))]);
        let response = Yaml::map([("set", set), ("remove", Yaml::texts(["server"]))]);
        list.push(Yaml::map([("headers", Yaml::map([("response", response)]))]));
    }
    if rng.u8(..4) == 0 {
        list.push(Yaml::map([("timeout", Yaml::text(rng.choice(["5s", "1m", "none"]).unwrap_or("5s")))]));
    }
    if rng.u8(..4) == 0 {
        list.push(Yaml::map([("body_limit", Yaml::text(rng.choice(["1MiB", "64KiB"]).unwrap_or("1MiB")))]));
    }
    if rng.u8(..3) == 0 {
        let name = rng.choice(names.policies).cloned().unwrap_or_default();
        list.push(match rng.u8(..3) {
            0 => {
                let add = Yaml::map([("x-extra", Yaml::texts(["a", "b"]))]);
                let request = Yaml::map([("add", add)]);
                let changed = Yaml::map([("use", Yaml::text(name)), ("request", request)]);
                Yaml::map([("headers", changed)])
            }
            _ => Yaml::text(name),
        });
    }
    if rng.u8(..3) == 0 {
        let value = match captures.first() {
            Some(capture) => format!("${{path.{capture}}}"),
            None => "${request.method.lowerAscii()}-${request.host}".into(),
        };
        let request =
            Yaml::map([("set", Yaml::map([("x-what", Yaml::text(value))])), ("remove", Yaml::texts(["x-debug"]))]);
        list.push(Yaml::map([("headers", Yaml::map([("request", request)]))]));
    }
    (!list.is_empty()).then_some(Yaml::List(list))
}

/// An action and its key.
pub(crate) fn action(names: &Names<'_>, captures: &[&str], rest: bool, rng: &mut Rng) -> (String, Yaml) {
    let service = |rng: &mut Rng| {
        let names = if rng.u8(..4) == 0 { names.urls } else { names.upstreams };
        rng.choice(names).cloned().unwrap_or_default()
    };
    let path = match (captures.first(), rest) {
        (_, true) => "/v2/${path.rest}".to_owned(),
        (Some(capture), false) => format!("/v2/${{path.{capture}}}/x"),
        (None, false) => "/v2".into(),
    };
    let (key, value) = match rng.u8(..10) {
        0..4 => ("proxy", Yaml::text(service(rng))),
        4..6 => {
            let mut entries = vec![("to".to_owned(), Yaml::text(service(rng))), ("path".into(), Yaml::text(path))];
            if rng.bool() {
                entries.push(("host".into(), Yaml::text("inner.example.internal")));
            }
            ("proxy", Yaml::Map(entries))
        }
        6 if names.upstreams.len() > 1 => {
            let split = [(&names.upstreams[0], Yaml::text("90")), (&names.upstreams[1], Yaml::text("10"))];
            ("proxy", Yaml::map([("split", Yaml::map(split.map(|(name, weight)| (name.clone(), weight))))]))
        }
        7 => {
            let to = Yaml::text(format!("https://www.example.com{path}"));
            let status = rng.choice(["301", "302", "307"]).unwrap_or("302");
            ("redirect", Yaml::map([("to", to), ("status", Yaml::text(status))]))
        }
        8 => ("redirect", Yaml::map([("scheme", Yaml::text("https"))])),
        _ if rng.bool() => {
            let body = Yaml::map([
                ("path", Yaml::text("${request.path}")),
                ("fixed", Yaml::texts(["a", "b c"])),
                ("nested", Yaml::map([("deep", Yaml::text("yes, it is: deep"))])),
            ]);
            let headers = Yaml::map([("x-kind", Yaml::text("tree"))]);
            ("respond", Yaml::map([("status", Yaml::text("200")), ("headers", headers), ("body", body)]))
        }
        _ => {
            let body = Yaml::text("hello ${request.host}\n# no remark\n");
            ("respond", Yaml::map([("status", Yaml::text("203")), ("body", body)]))
        }
    };
    (key.to_owned(), value)
}
