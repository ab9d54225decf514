//! The functions of the language: CEL's standard ones and the strings extension. One table says what each takes, for
//! the check when the configuration loads, the one when it runs, and the messages of both.

use std::fmt;
use std::ops::Range;

use regex::{Regex, RegexBuilder};
use smallvec::SmallVec;

use super::budget::Budget;
use super::compare::Amount;
use super::fault::{Fault, Reason};
use super::value::{Kind, Value};
use super::{convert, format, strings, time};

/// The arguments of one call, the receiver first.
pub(super) type Args<'a> = SmallVec<[Value<'a>; 3]>;
/// What a function does. Called with arguments that its signature takes, of which it may take what it keeps.
pub(super) type Body = for<'a> fn(&Signature, &mut [Value<'a>], &mut Budget) -> Result<Value<'a>, Reason>;

/// A set of types.
#[derive(Clone, Copy)]
pub(super) struct Kinds(u16);

impl Kinds {
    const fn and(self, kind: Kind) -> Kinds {
        Kinds(self.0 | 1 << kind as u16)
    }

    pub(super) fn has(self, kind: Kind) -> bool {
        kind == Kind::Any || self.0 & (1 << kind as u16) != 0
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Kind as K;
        let all = [
            K::Text,
            K::Bytes,
            K::Int,
            K::Uint,
            K::Double,
            K::Bool,
            K::List,
            K::Map,
            K::Timestamp,
            K::Duration,
            K::Null,
            K::Type,
        ];
        let mut known = all.into_iter().filter(|kind| self.has(*kind)).peekable();
        let mut first = true;
        while let Some(kind) = known.next() {
            let between = match (first, known.peek()) {
                (true, _) => "",
                (_, None) => " or ",
                _ => ", ",
            };
            write!(f, "{between}{kind}")?;
            first = false;
        }
        Ok(())
    }
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `f(x)`
    Global,
    /// `x.f()`
    Method,
    Both,
}

pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// The types of each argument, the receiver first.
    pub(super) takes: &'static [Kinds],
    /// How many of them must be there.
    pub(super) least: usize,
    pub(super) result: Kind,
    /// A number out of JSON is passed as it is.
    pub(super) exact: bool,
    pub(super) body: Body,
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const NONE: Kinds = Kinds(0);
const TEXT: Kinds = NONE.and(Kind::Text);
const INT: Kinds = NONE.and(Kind::Int);
const LIST: Kinds = NONE.and(Kind::List);
const SIZED: Kinds = TEXT.and(Kind::Bytes).and(Kind::List).and(Kind::Map);
const NUMBER: Kinds = INT.and(Kind::Uint).and(Kind::Double);
const TIME: Kinds = NONE.and(Kind::Timestamp);
const SPAN: Kinds = TIME.and(Kind::Duration);
const ANY: Kinds = Kinds(u16::MAX);

const fn method(name: &'static str, takes: &'static [Kinds], least: usize, result: Kind, body: Body) -> Signature {
    Signature { name, form: Form::Method, takes, least, result, exact: false, body }
}

const fn global(name: &'static str, takes: &'static [Kinds], result: Kind, body: Body) -> Signature {
    Signature { name, form: Form::Global, takes, least: takes.len(), result, exact: false, body }
}

static TABLE: [Signature; 43] = [
    Signature { form: Form::Both, ..global("size", &[SIZED], Kind::Int, strings::size) },
    Signature { form: Form::Both, ..global("matches", &[TEXT, TEXT], Kind::Bool, strings::matches) },
    method("contains", &[TEXT, TEXT], 2, Kind::Bool, strings::contains),
    method("startsWith", &[TEXT, TEXT], 2, Kind::Bool, strings::starts_with),
    method("endsWith", &[TEXT, TEXT], 2, Kind::Bool, strings::ends_with),
    method("charAt", &[TEXT, INT], 2, Kind::Text, strings::char_at),
    method("indexOf", &[TEXT, TEXT, INT], 2, Kind::Int, strings::index_of),
    method("lastIndexOf", &[TEXT, TEXT, INT], 2, Kind::Int, strings::last_index_of),
    method("lowerAscii", &[TEXT], 1, Kind::Text, strings::lower_ascii),
    method("upperAscii", &[TEXT], 1, Kind::Text, strings::upper_ascii),
    method("trim", &[TEXT], 1, Kind::Text, strings::trim),
    method("reverse", &[TEXT], 1, Kind::Text, strings::reverse),
    method("replace", &[TEXT, TEXT, TEXT, INT], 3, Kind::Text, strings::replace),
    method("substring", &[TEXT, INT, INT], 2, Kind::Text, strings::substring),
    method("split", &[TEXT, TEXT, INT], 2, Kind::List, strings::split),
    method("join", &[LIST, TEXT], 1, Kind::Text, strings::join),
    method("format", &[TEXT, LIST], 2, Kind::Text, format::format),
    global("strings.quote", &[TEXT], Kind::Text, strings::quote),
    global("int", &[NUMBER.and(Kind::Text).and(Kind::Timestamp)], Kind::Int, convert::int),
    global("uint", &[NUMBER.and(Kind::Text)], Kind::Uint, convert::uint),
    Signature { exact: true, ..global("double", &[NUMBER.and(Kind::Text)], Kind::Double, convert::double) },
    Signature {
        exact: true,
        ..global(
            "string",
            &[NUMBER.and(Kind::Text).and(Kind::Bytes).and(Kind::Bool).and(Kind::Timestamp).and(Kind::Duration)],
            Kind::Text,
            convert::string,
        )
    },
    global("bytes", &[TEXT.and(Kind::Bytes)], Kind::Bytes, convert::bytes),
    global("bool", &[TEXT.and(Kind::Bool)], Kind::Bool, convert::bool),
    global("timestamp", &[TEXT.and(Kind::Int).and(Kind::Timestamp)], Kind::Timestamp, convert::timestamp),
    global("duration", &[TEXT.and(Kind::Duration)], Kind::Duration, convert::duration),
    global("type", &[ANY], Kind::Type, convert::type_of),
    Signature { exact: true, ..global("dyn", &[ANY], Kind::Any, convert::dynamic) },
    method("getFullYear", &[TIME, TEXT], 1, Kind::Int, time::field),
    method("getMonth", &[TIME, TEXT], 1, Kind::Int, time::field),
    method("getDate", &[TIME, TEXT], 1, Kind::Int, time::field),
    method("getDayOfMonth", &[TIME, TEXT], 1, Kind::Int, time::field),
    method("getDayOfWeek", &[TIME, TEXT], 1, Kind::Int, time::field),
    method("getDayOfYear", &[TIME, TEXT], 1, Kind::Int, time::field),
    method("getHours", &[SPAN, TEXT], 1, Kind::Int, time::field),
    method("getMinutes", &[SPAN, TEXT], 1, Kind::Int, time::field),
    method("getSeconds", &[SPAN, TEXT], 1, Kind::Int, time::field),
    method("getMilliseconds", &[SPAN, TEXT], 1, Kind::Int, time::field),
    // Macros, named here for the messages: with the right number of arguments the parser has replaced them.
    macro_named("has", Form::Global),
    macro_named("all", Form::Method),
    macro_named("exists", Form::Method),
    macro_named("map", Form::Method),
    macro_named("filter", Form::Method),
];

const fn macro_named(name: &'static str, form: Form) -> Signature {
    Signature { name, form, takes: &[], least: usize::MAX, result: Kind::Any, exact: false, body: never }
}

fn never<'a>(_: &Signature, _: &mut [Value<'a>], _: &mut Budget) -> Result<Value<'a>, Reason> {
    Err("a macro is no function".into())
}

/// Every name.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|signature| signature.name)
}

/// The names that follow a dot.
pub(super) fn method_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(|signature| signature.form != Form::Global).map(|signature| signature.name)
}

/// The function of this name, or what is said where there is none.
pub(super) fn find(name: &str, method: bool, range: Range<usize>) -> Result<&'static Signature, Fault> {
    let Some(found) = TABLE.iter().find(|signature| signature.name == name) else {
        let fault = Fault::new(range, format!("there is no function `{name}`"));
        let other = match name {
            "toLowerCase" | "lower" | "toLower" | "lowercase" => Some("lowerAscii"),
            "toUpperCase" | "upper" | "toUpper" | "uppercase" => Some("upperAscii"),
            "length" | "len" | "count" => Some("size"),
            "regex" | "match" | "test" => Some("matches"),
            "includes" => Some("contains"),
            "some" | "any" => Some("exists"),
            _ => None,
        };
        return Err(match other {
            Some(other) => fault.help(format!("did you mean `{other}`?")),
            None => fault.suggest(name, TABLE.iter().map(|signature| signature.name)),
        });
    };
    if found.least == usize::MAX {
        let fault = Fault::new(range, format!("`{name}` is not called like this"));
        return Err(fault.help(match name {
            "has" => "has() asks for a field: has(request.headers.cookie)",
            "map" => "write list.map(item, value) or list.map(item, condition, value)",
            _ => "write list.exists(item, condition), and all(…) and filter(…) alike",
        }));
    }
    match (found.form, method) {
        (Form::Global, true) => Err(Fault::new(range, format!("`{name}` is called with its value in parentheses"))
            .help(format!("write {name}(value)"))),
        (Form::Method, false) => Err(Fault::new(range, format!("`{name}` is called on a value, after a dot"))
            .help(format!("write value.{name}(…)"))),
        _ => Ok(found),
    }
}

/// Calls a function with arguments of any types.
pub(super) fn call<'a>(signature: &Signature, mut args: Args<'a>, budget: &mut Budget) -> Result<Value<'a>, Reason> {
    for (arg, takes) in args.iter_mut().zip(signature.takes) {
        if let (Value::Number(text), false) = (&*arg, signature.exact) {
            *arg = settled(text)?;
        }
        if !takes.has(arg.kind()) {
            return Err(format!("`{}` takes {takes} here, found {}", signature.name, arg.kind()).into());
        }
    }
    (signature.body)(signature, &mut args, budget)
}

/// A number out of JSON as one of CEL.
pub(super) fn settled<'a>(text: &str) -> Result<Value<'a>, Reason> {
    match Amount::of_text(text) {
        Some(Amount::Int(int)) => Ok(Value::Int(int)),
        Some(Amount::Uint(uint)) => Ok(Value::Uint(uint)),
        Some(Amount::Double(double)) => Ok(Value::Double(double)),
        None => Err("this number fits neither an int nor a double".into()),
    }
}

/// A regular expression within bounds on its size.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    const SIZE: usize = 256 << 10;
    RegexBuilder::new(pattern).size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(64).build().map_err(|error| match error
    {
        regex::Error::CompiledTooBig(_) => "this regular expression becomes too large".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("this is no regular expression: {}", last.trim_start_matches("error: "))
        }
    })
}
