//! How a match is read from a configuration: the short form as a text, the long form as a map.

#[cfg(test)]
mod tests;

use crate::pattern::{
    Condition, Fault, HostPattern, Methods, PathPattern, Pattern, Place, Test, sound_name, sound_test,
};
use pintle_core::config::{Diagnostic, Entry, Grammar, Map, Node, OneOrMany, Read, Reader, Shape, Span};
use std::marker::PhantomData;

/// Which requests a route takes. A path is meant whole: `/api/` is that one path, and `/api/**` is it with all that is
/// below. See [which route wins](#which-route-wins).
///
/// ```yaml
/// routes:
///   - {match: "GET,POST shop.example.com/orders/{id}", proxy: orders}
///   - match:
///       host: "*.example.com"
///       path: [/search, /find/**]
///       method: GET
///       header: {x-debug: {present: true}, accept: {regex: "^application/json"}}
///       query: {lang: [de, fr]}
///       cookie: {beta: "1"}
///     proxy: users
/// ```
#[derive(Read)]
#[read(forms, expected = "a match such as `GET shop.example.com/orders/**`, or a map")]
enum Match {
    /// `[METHOD[,METHOD] ][host]/path`, such as `GET shop.example.com/orders/{id}`.
    #[read(text)]
    Short(Short),
    /// Everything given must hold; a list means any of them.
    #[read(map)]
    Long(Box<Long>),
}

/// The short form.
struct Short(Pattern);

#[derive(Read)]
#[read(called = "match")]
struct Long {
    /// The host without port; `*.x.y` is one or more labels before `x.y`. The default is any.
    #[read(default)]
    host: Given<HostPattern>,
    /// The path: `{name}` is one segment that is not empty, `**` at the end is the rest, also none. A trailing slash
    /// counts. The default is any.
    #[read(default)]
    path: Given<PathPattern>,
    /// The methods; `GET` is HEAD too. The default is any.
    #[read(default)]
    method: Given<Methods>,
    /// Conditions on header fields, by name. All must hold; a condition holds if any value of that name meets it.
    #[read(default)]
    header: Conditions<InHeader>,
    /// Conditions on query parameters, decoded.
    #[read(default)]
    query: Conditions<InQuery>,
    /// Conditions on cookies.
    #[read(default)]
    cookie: Conditions<InCookie>,
}

/// One or more; none only where the key was left out. `[]` could mean any or none, so it is refused.
struct Given<T>(Vec<T>);

/// The conditions on one place.
struct Conditions<P>(Vec<Condition>, PhantomData<P>);

trait In {
    const PLACE: Place;
}

struct InHeader;
struct InQuery;
struct InCookie;

impl In for InHeader {
    const PLACE: Place = Place::Header;
}

impl In for InQuery {
    const PLACE: Place = Place::Query;
}

impl In for InCookie {
    const PLACE: Place = Place::Cookie;
}

/// What a condition wants of a value. It holds if any value of that name meets it.
#[derive(Read)]
#[read(forms, expected = "a text, a list of texts, {regex: …} or {present: …}")]
enum Wanted {
    /// This text.
    #[read(text)]
    One(String),
    /// One of these texts.
    #[read(list)]
    Any(Vec<String>),
    /// Another test.
    #[read(map)]
    Other(Other),
}

#[derive(Read)]
#[read(kind, called = "test")]
enum Other {
    /// A regular expression that finds something in the value; `^` and `$` anchor it.
    Regex(String),
    /// Whether there is a value at all.
    Present(bool),
}

impl Read for Pattern {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_list().is_some() {
            let help = "for several paths write `match: {path: […]}`; hosts and methods too may be lists there";
            reader.expected("a match such as `GET shop.example.com/orders/**`, or a map", node, help);
            return None;
        }
        match Match::read(node, reader)? {
            Match::Short(short) => Some(short.0),
            Match::Long(long) => long.pattern(node, reader),
        }
    }

    fn shape() -> Shape {
        Match::shape()
    }
}

impl Long {
    fn pattern(self, node: &Node, reader: &mut Reader) -> Option<Pattern> {
        // With a key that is not known the match says less than was meant, and what it equals would only follow.
        const KEYS: [&str; 6] = ["host", "path", "method", "header", "query", "cookie"];
        if node.as_map().unwrap_or_default().iter().any(|entry| !KEYS.contains(&&**entry.key)) {
            return None;
        }
        let conditions = [self.header.0, self.query.0, self.cookie.0].concat();
        let mut methods = Methods::default();
        self.method.0.iter().for_each(|one| methods.add(one));
        if node.as_map().is_some_and(<[_]>::is_empty) {
            let empty = Diagnostic::error("match", "the match says nothing", node.span());
            reader.report(empty.help("write `match: /**` for every request"));
            return None;
        }
        told(Pattern::new(self.host.0, self.path.0, methods, conditions), node.span(), reader)
    }
}

impl<T> Default for Given<T> {
    fn default() -> Self {
        Given(Vec::new())
    }
}

impl<T: Read> Read for Given<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let all = OneOrMany::read(node, reader)?.0;
        if all.is_empty() {
            let empty = Diagnostic::error("match", "the list is empty", node.span());
            reader.report(empty.help("leave the key out for any"));
            return None;
        }
        Some(Given(all))
    }

    fn shape() -> Shape {
        OneOrMany::<T>::shape()
    }
}

impl<P> Default for Conditions<P> {
    fn default() -> Self {
        Conditions(Vec::new(), PhantomData)
    }
}

impl<P: In> Read for Conditions<P> {
    /// By hand, so that a fault in one does not hide those of the others.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            Map::<Wanted>::read(node, reader)?;
            return None;
        };
        let all: Vec<Option<Condition>> = entries.iter().map(|entry| condition(P::PLACE, entry, reader)).collect();
        all.into_iter().collect::<Option<_>>().map(|all| Conditions(all, PhantomData))
    }

    fn shape() -> Shape {
        Map::<Wanted>::shape()
    }
}

fn condition(place: Place, entry: &Entry, reader: &mut Reader) -> Option<Condition> {
    let name = told(sound_name(place, &entry.key.value), &entry.key.span, reader);
    let test = match Wanted::read(&entry.value, reader)? {
        Wanted::One(text) => Test::Exact(vec![text.into()]),
        Wanted::Any(texts) => Test::Exact(texts.into_iter().map(String::into_boxed_str).collect()),
        Wanted::Other(Other::Regex(text)) => Test::Regex(text.into()),
        Wanted::Other(Other::Present(present)) => Test::Present(present),
    };
    let test = told(sound_test(test), entry.value.span(), reader);
    Some(Condition::of_sound(place, name?, test?))
}

/// What was made, or its fault as a diagnostic.
fn told<T>(made: Result<T, Fault>, span: &Span, reader: &mut Reader) -> Option<T> {
    made.map_err(|fault| reader.report(Diagnostic::error("match", fault.what, span).help(fault.remedy))).ok()
}

macro_rules! read_from_text {
    ($type:ty, $parse:expr, $name:literal, $expected:literal, $doc:literal) => {
        impl Read for $type {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                match node.as_text() {
                    Some(text) => told($parse(text), node.span(), reader),
                    None => {
                        reader.expected($expected, node, "");
                        None
                    }
                }
            }

            fn shape() -> Shape {
                Shape::Text { name: $name, doc: $doc, expected: $expected, grammar: Grammar::Free }
            }
        }
    };
}

read_from_text!(
    Short,
    |text: &str| Pattern::short(text).map(Short),
    "ShortMatch",
    "a match such as `GET shop.example.com/orders/**`",
    "`[METHOD[,METHOD] ][host]/path`"
);
read_from_text!(
    HostPattern,
    HostPattern::parse,
    "HostPattern",
    "a host such as shop.example.com or *.example.com",
    "A host without port, or `*.` and a host for one or more labels before it."
);
read_from_text!(
    PathPattern,
    PathPattern::parse,
    "PathPattern",
    "a path such as /orders/{id} or /orders/**",
    "A path. `{name}` is one segment that is not empty, `**` at the end is the rest, also none; a trailing slash counts."
);
read_from_text!(Methods, Methods::parse, "Methods", "a method such as GET", "A method's name in capitals.");
