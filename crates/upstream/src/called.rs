//! `GET http://host:port/path`, `POST NAME:/path`: the three parts of what is called, as a configuration writes it.

use pintle_core::Method;
use pintle_core::config::Text;

/// A method, a service, and a path there; what each of the latter may be is for who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called<'t> {
    /// The method; GET where none is written.
    pub method: Method,
    /// An upstream's name, or a URL without a path.
    pub service: &'t str,
    /// Path and query; `/` where none is written.
    pub target: String,
}

impl<'t> Called<'t> {
    /// Takes a text apart.
    pub fn split(text: &'t str) -> Result<Self, String> {
        // A template's expression may have spaces.
        let literal = text.split("${").next().unwrap_or_default();
        let (method, rest) = match literal.split_once(' ') {
            Some((method, _)) => (<Method as Text>::parse(method)?, text[method.len() + 1..].trim()),
            None => (Method::GET, text),
        };
        if rest.starts_with("unix:") {
            return Err("for a unix socket name an upstream, and write `NAME:/path` here".into());
        }
        let (service, target) = match rest.split_once("://") {
            Some((scheme, place)) if !scheme.contains("${") => {
                let end = place.find(['/', '?', '#']).unwrap_or(place.len());
                rest.split_at(scheme.len() + 3 + end)
            }
            _ => match rest.split_once(":/") {
                Some((name, _)) => (name, &rest[name.len() + 1..]),
                None => (rest, ""),
            },
        };
        let target = match target {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            target => target.to_owned(),
        };
        Ok(Called { method, service, target })
    }
}
