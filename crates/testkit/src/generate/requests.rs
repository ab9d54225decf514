//! Requests that fit a generated configuration: for each route one that it takes, and others that miss it by a little.

use fastrand::Rng;

/// A request to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedRequest {
    /// Which listener it goes to, by its place in the configuration.
    pub listener: usize,
    /// The method.
    pub method: String,
    /// The Host field.
    pub host: String,
    /// The target: path and query.
    pub target: String,
    /// Further fields.
    pub headers: Vec<(String, String)>,
}

/// What a route takes, to make requests of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) methods: Vec<&'static str>,
    pub(crate) host: Option<&'static str>,
    /// `/a/{x}/**`
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) query: String,
    pub(crate) listener: Option<usize>,
}

const ODD: [&str; 8] = ["a%2Fb", "ü", "a%20b", "%41bc", "x;y=1", "a+b", "~.x", "a%2fb"];

/// A request that the route takes, as far as no better one is there.
pub(crate) fn fitting(taken: &Taken, listeners: usize, rng: &mut Rng) -> GeneratedRequest {
    let segments: Vec<String> = taken.path[1..].split('/').map(|segment| filled(segment, rng)).collect();
    let path = format!("/{}", segments.join("/"));
    let query = match (taken.query.is_empty(), rng.bool()) {
        (false, _) => format!("?{}", taken.query),
        (true, true) => String::new(),
        (true, false) => "?page=2&sort=%C3%BCber".into(),
    };
    let host = match taken.host {
        None => "any.example.net".into(),
        Some(host) => host.replacen("*.", if rng.bool() { "one." } else { "two.one." }, 1),
    };
    GeneratedRequest {
        listener: taken.listener.unwrap_or_else(|| rng.usize(..listeners)),
        method: rng.choice(&taken.methods).copied().unwrap_or("DELETE").into(),
        host: if rng.u8(..4) == 0 { host.to_uppercase() } else { host },
        target: escaped(&format!("{path}{query}")),
        headers: taken.headers.clone(),
    }
}

fn filled(segment: &str, rng: &mut Rng) -> String {
    match segment {
        "**" => (0..rng.usize(..4)).map(|at| format!("r{at}")).collect::<Vec<_>>().join("/"),
        name if name.starts_with('{') && rng.u8(..3) == 0 => rng.choice(ODD).unwrap_or("v").into(),
        name if name.starts_with('{') => format!("v{}", rng.u8(..)),
        literal => literal.into(),
    }
}

/// Bytes that may not stand in a target as they are.
fn escaped(target: &str) -> String {
    target.replace('ü', "%C3%BC")
}

/// The request with one thing changed.
pub(crate) fn missing(mut request: GeneratedRequest, rng: &mut Rng) -> GeneratedRequest {
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path.to_owned(), format!("?{query}")),
        None => (request.target.clone(), String::new()),
    };
    match rng.u8(..10) {
        0 => request.method = "PATCH".into(),
        1 => request.method = "HEAD".into(),
        2 => request.method = "OPTIONS".into(),
        3 => request.host = "elsewhere.example.org".into(),
        4 => request.target = format!("{path}/more{query}"),
        5 => request.target = format!("{path}/{query}"),
        6 => request.target = format!("/x/..{path}{query}"),
        7 => request.target = format!("/{path}{query}"),
        8 => request.target = format!("{path}%zz"),
        _ => {
            request.headers.pop();
            request.headers.push(("x-other".into(), "1".into()));
        }
    }
    request
}
