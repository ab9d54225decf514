//! Sets of methods. `GET` matches HEAD too (semantics, "Match").

use super::fault::{Fault, fault};
use http::Method;

/// A set of methods; in a match, none given is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Methods {
    known: u16,
    /// Those without a bit, sorted.
    other: Box<[Method]>,
}

/// How well a match's methods fit a request's. The order is the one of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// It lists the method.
    Listed,
    /// It lists GET, the request is HEAD.
    Implied,
    /// It lists none.
    Open,
}

const KNOWN: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];
const GET: u16 = 1;
const HEAD: u16 = 2;

fn bit(method: &Method) -> Option<u16> {
    Some(match *method {
        Method::GET => GET,
        Method::HEAD => HEAD,
        Method::POST => 1 << 2,
        Method::PUT => 1 << 3,
        Method::PATCH => 1 << 4,
        Method::DELETE => 1 << 5,
        Method::OPTIONS => 1 << 6,
        Method::TRACE => 1 << 7,
        _ => return None,
    })
}

impl Methods {
    /// Reads `METHOD[,METHOD]`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut methods = Methods::default();
        for name in text.split(',') {
            methods.insert(&Methods::parse_one(name)?);
        }
        Ok(methods)
    }

    /// Reads one method's name.
    pub fn parse_one(name: &str) -> Result<Method, Fault> {
        if name.is_empty() {
            return Err(fault("a method's name is missing", "write METHOD,METHOD without spaces"));
        }
        if name == "CONNECT" {
            return Err(fault("`CONNECT` is never routed", "it is answered with 501; a WebSocket is a GET"));
        }
        // Methods are case-sensitive (RFC 9110 9.1); one in small letters is a slip.
        if !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')) {
            let remedy = match name.to_ascii_uppercase() {
                capitals if name.bytes().all(|b| b.is_ascii_alphabetic()) => format!("write {capitals}"),
                _ => "methods are capitals, as in GET,POST".into(),
            };
            return Err(fault(format!("`{name}` is no method"), remedy));
        }
        Method::from_bytes(name.as_bytes()).map_err(|_| fault(format!("`{name}` is no method"), "use a shorter name"))
    }

    /// Adds one.
    pub fn insert(&mut self, method: &Method) {
        match bit(method) {
            Some(bit) => self.known |= bit,
            None if self.other.contains(method) => {}
            None => {
                let mut other = std::mem::take(&mut self.other).into_vec();
                other.push(method.clone());
                other.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                self.other = other.into();
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known == 0 && self.other.is_empty()
    }

    /// Whether it lists the method itself.
    pub fn lists(&self, method: &Method) -> bool {
        match bit(method) {
            Some(bit) => self.known & bit != 0,
            None => self.other.contains(method),
        }
    }

    /// Whether both list one same method.
    pub(crate) fn overlap(&self, other: &Methods) -> bool {
        self.known & other.known != 0 || self.other.iter().any(|method| other.other.contains(method))
    }

    /// How a match with these methods takes a request with that one, if it does.
    pub(crate) fn rank(&self, method: &Method) -> Option<Rank> {
        if self.is_empty() {
            Some(Rank::Open)
        } else if self.lists(method) {
            Some(Rank::Listed)
        } else {
            (*method == Method::HEAD && self.known & GET != 0).then_some(Rank::Implied)
        }
    }

    /// Adds all of `other`.
    pub(crate) fn add(&mut self, other: &Methods) {
        self.known |= other.known;
        other.other.iter().for_each(|method| self.insert(method));
    }

    /// Adds all of `other`, and HEAD where there is GET: what `Allow` tells (RFC 9110 10.2.1).
    pub(crate) fn allow(&mut self, other: &Methods) {
        self.add(other);
        if self.known & GET != 0 {
            self.known |= HEAD;
        }
    }

    /// What meets both, where none given is any; None if nothing does.
    pub(crate) fn meet(&self, other: &Methods) -> Option<Methods> {
        if self.is_empty() || other.is_empty() {
            return Some(if self.is_empty() { other.clone() } else { self.clone() });
        }
        let implied = |methods: &Methods| methods.known | if methods.known & GET != 0 { HEAD } else { 0 };
        let mut known = implied(self) & implied(other);
        if known & GET != 0 && (self.known & other.known) & HEAD == 0 {
            known &= !HEAD;
        }
        let other: Box<[Method]> = self.other.iter().filter(|method| other.other.contains(method)).cloned().collect();
        Some(Methods { known, other }).filter(|methods| !methods.is_empty())
    }

    /// Every one, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Method> {
        KNOWN.iter().filter(|method| self.lists(method)).chain(&self.other)
    }

    /// Their names with `between` between them: ", " is what an `Allow` field holds.
    pub fn join(&self, between: &str) -> String {
        let names: Vec<&str> = self.iter().map(Method::as_str).collect();
        names.join(between)
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(all: I) -> Self {
        let mut methods = Methods::default();
        all.into_iter().for_each(|method| methods.insert(&method));
        methods
    }
}
