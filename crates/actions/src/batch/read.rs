//! The text of a batch becomes its requests (OData JSON Format 4.01, 19.1). What breaks the format is the whole batch's
//! fault, told with its place and before anything has run; what one request may not ask is that request's alone, and is
//! found in `item.rs`.

use super::item::Item;
use pintle_core::json::{Array, Json, Limits, Object};
use pintle_core::template::{Entries, Items, Value};
use pintle_core::{Method, Reason, Refusal};
use std::collections::HashMap;

/// The longest id, in bytes.
const LONGEST_ID: usize = 128;

/// How much a batch may ask of its reader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) requests: usize,
    pub(super) depth: usize,
}

/// The requests of a batch, in its order; what they need stands before them.
pub(super) fn read(text: &[u8], bounds: Bounds) -> Result<Vec<Item>, Refusal> {
    let limits = Limits { bytes: text.len(), depth: bounds.depth };
    let json = Json::parse(text, limits).map_err(|fault| bad(format!("The batch cannot be read: {fault}.")))?;
    let batch = json.into_object().ok_or_else(|| bad("The batch is no JSON object."))?;
    known(&batch, "the batch", |name| name == "requests")?;
    let requests = match batch.array("requests") {
        Some(requests) => requests,
        None if batch.has("requests") => return Err(bad("`requests` is no list.")),
        None => return Err(bad("The batch has no `requests`.")),
    };
    let count = requests.len();
    if count > bounds.requests {
        let detail = format!("The batch has {count} requests; the limit is {}.", bounds.requests);
        return Err(Refusal::new(Reason::BodyTooLarge).detail(detail));
    }
    objects(requests)
        .enumerate()
        .try_fold(Reading::default(), |reading, (at, request)| {
            let request = request.ok_or_else(|| bad(format!("`requests[{at}]` is no object.")))?;
            reading.with(Place(at), request)
        })
        .map(|reading| reading.items)
}

/// The items of a list, each that is none an object as none.
fn objects(list: &Array) -> impl Iterator<Item = Option<&Object>> {
    let mut objects = list.objects();
    (0..list.len()).map(move |at| match list.get(at) {
        Some(Value::Map(_)) => objects.next(),
        _ => None,
    })
}

/// A request's place in the batch.
#[derive(Clone, Copy)]
struct Place(usize);

impl Place {
    fn bad(self, what: &str) -> Refusal {
        bad(format!("`requests[{}]` {what}.", self.0))
    }

    fn bad_member(self, member: &str, what: &str) -> Refusal {
        bad(format!("`requests[{}].{member}` {what}.", self.0))
    }

    /// A member that must be a text.
    fn text(self, request: &Object, name: &str) -> Result<String, Refusal> {
        match request.text(name) {
            Some(text) => Ok(text.to_owned()),
            None if request.has(name) => Err(self.bad_member(name, "is no text")),
            None => Err(self.bad(&format!("has no `{name}`"))),
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    items: Vec<Item>,
    ids: HashMap<String, usize, foldhash::fast::RandomState>,
}

impl Reading {
    fn with(mut self, place: Place, request: &Object) -> Result<Self, Refusal> {
        if request.has("atomicityGroup") {
            let what = "is not done: requests to several services cannot succeed or fail as one";
            return Err(place.bad_member("atomicityGroup", what));
        }
        let members = ["id", "method", "url", "headers", "body", "dependsOn", "if"];
        known(request, &format!("`requests[{}]`", place.0), |name| members.contains(&name))?;
        let id = place.text(request, "id")?;
        if !is_id(&id) {
            let what = "is 1 to 128 letters, digits and `-._~` (RFC 3986 2.3)";
            return Err(place.bad_member("id", what));
        }
        let method = method(&place.text(request, "method")?)
            .ok_or_else(|| place.bad_member("method", "is none of `delete`, `get`, `patch`, `post` and `put`"))?;
        let url = place.text(request, "url")?;
        let needs = self.needs(place, request)?;
        let fields = fields(place, request)?;
        // A body that is null is as none.
        let body = request.json("body").filter(|body| *body != "null");
        let text = request.text("body").map(str::to_owned);
        let has_condition = match request.has("if") {
            true => place.text(request, "if").map(|_| true)?,
            false => false,
        };
        if let Some(before) = self.ids.insert(id.clone(), place.0) {
            return Err(place.bad_member("id", &format!("is also that of `requests[{before}]`")));
        }
        let body = body.map(|body| (body.into_owned(), text));
        self.items.push(Item { id, method, url, fields, body, needs, has_condition });
        Ok(self)
    }

    /// The places of the requests that it waits for, all of them before it.
    fn needs(&self, place: Place, request: &Object) -> Result<Vec<usize>, Refusal> {
        let named = match request.array("dependsOn") {
            Some(named) => {
                named.texts().ok_or_else(|| place.bad_member("dependsOn", "holds something else than texts"))?
            }
            None if request.has("dependsOn") => return Err(place.bad_member("dependsOn", "is no list")),
            None => Vec::new(),
        };
        let of = |(at, id): (usize, &&str)| {
            let member = || format!("dependsOn[{at}]");
            match self.ids.get(*id) {
                Some(needed) => Ok(*needed),
                None if request.text("id") == Some(*id) => Err(place.bad_member(&member(), "names its own request")),
                None => Err(place.bad_member(&member(), "names no request that stands before this one")),
            }
        };
        named.iter().enumerate().map(of).collect()
    }
}

/// The fields of a request, names in small letters.
fn fields(place: Place, request: &Object) -> Result<Vec<(String, String)>, Refusal> {
    let Some(headers) = request.object("headers") else {
        // As an absent one.
        let is_absent = request.json("headers").is_none_or(|headers| headers == "null");
        return if is_absent { Ok(Vec::new()) } else { Err(place.bad_member("headers", "is no object")) };
    };
    let mut fields: Vec<(String, String)> = Vec::with_capacity(headers.len());
    let mut wrong = None;
    headers.each(&mut |name, value| match value {
        Value::Text(value) => fields.push((name.to_ascii_lowercase(), value.into_owned())),
        _ => wrong = Some("holds something else than texts"),
    });
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    if names.windows(2).any(|two| two[0] == two[1]) {
        wrong = Some("has a name twice");
    }
    match wrong {
        Some(wrong) => Err(place.bad_member("headers", wrong)),
        None => Ok(fields),
    }
}

/// Annotations (`@` in the name) may be anywhere, and mean nothing here.
fn known(object: &Object, what: &str, is_known: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let mut has_other = false;
    object.each(&mut |name, _| has_other |= !is_known(name) && !name.contains('@'));
    match has_other {
        true => Err(bad(format!("{} has a member that the format does not know.", capital(what)))),
        false => Ok(()),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn is_id(id: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(unreserved)
}

/// The five literals of the format, in any case.
fn method(text: &str) -> Option<Method> {
    let methods = [Method::DELETE, Method::GET, Method::PATCH, Method::POST, Method::PUT];
    methods.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text))
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(Reason::BadBatch).detail(detail.into())
}
