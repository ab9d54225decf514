//! Which operation a call asks for.

use crate::operation::{Operation, Verb, Who};
use crate::operations::OPERATIONS;
use crate::trouble::{NO_PATH, Trouble, WRONG_METHOD};
use pintle_core::{Method, names};

/// What stands in a path in place of its parameters.
pub(crate) type Captured<'p> = Vec<(&'static str, &'p str)>;

/// What a call asks for.
pub(crate) enum Found<'p> {
    /// This.
    One(&'static Operation, Captured<'p>),
    /// Something that these methods ask for.
    Otherwise(Vec<&'static Operation>),
    /// Nothing that there is.
    Nothing,
}

/// Looks for the operation of a path and a method. Paths without parameters come first.
pub(crate) fn find<'p>(path: &'p str, method: &Method) -> Found<'p> {
    let all = OPERATIONS.iter().filter_map(|one| Some((*one, one.captures(path)?)));
    let all: Vec<_> = all.collect();
    let fewest = all.iter().map(|(_, captured)| captured.len()).min().unwrap_or(0);
    let mut others = Vec::new();
    for (operation, captured) in all.into_iter().filter(|(_, captured)| captured.len() == fewest) {
        if operation.verb.is(method) {
            return Found::One(operation, captured);
        }
        others.push(operation);
    }
    if others.is_empty() { Found::Nothing } else { Found::Otherwise(others) }
}

impl<'p> Found<'p> {
    /// Who may learn more than that it was asked for.
    pub(crate) fn who(&self) -> Who {
        match self {
            Found::One(operation, _) => operation.who,
            Found::Otherwise(all) if all.iter().all(|one| one.who == Who::Anyone) => Who::Anyone,
            Found::Otherwise(_) | Found::Nothing => Who::Reader,
        }
    }

    /// The operation, if there is one.
    pub(crate) fn operation(&self) -> Option<&'static Operation> {
        match self {
            Found::One(operation, _) => Some(operation),
            Found::Otherwise(_) | Found::Nothing => None,
        }
    }

    /// The operation and what stands in its path; else what to say.
    pub(crate) fn one(self) -> Result<(&'static Operation, Captured<'p>), Trouble> {
        match self {
            Found::One(operation, captured) => Ok((operation, captured)),
            Found::Otherwise(all) => {
                let allow = allow(&all);
                Err(Trouble::new(WRONG_METHOD, format!("it is asked for by {allow}")).field(names::ALLOW, allow))
            }
            Found::Nothing => {
                let there: Vec<String> =
                    OPERATIONS.iter().map(|one| format!("{} {}", one.verb.word(), one.path)).collect();
                Err(Trouble::new(NO_PATH, format!("there are: {}", there.join(", "))))
            }
        }
    }
}

fn allow(all: &[&Operation]) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for one in all {
        methods.push(one.verb.word());
        if one.verb == Verb::Get {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_finds_its_operation_or_what_there_is() {
        let id = |method: &str, path| {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            match find(path, &method).one() {
                Ok((operation, _)) => operation.id.to_owned(),
                Err(trouble) => {
                    format!("{} {}", trouble.kind.status, trouble.field.unwrap_or((names::ALLOW, "".into())).1)
                }
            }
        };
        assert_eq!(id("GET", "/config"), "config");
        assert_eq!(id("HEAD", "/config"), "config");
        assert_eq!(id("PUT", "/config"), "put_config");
        assert_eq!(id("DELETE", "/config"), "405 GET, HEAD, PUT");
        assert_eq!(id("GET", "/reload"), "405 POST");
        assert_eq!(id("get", "/config"), "405 GET, HEAD, PUT");
        for nothing in ["/", "", "/config/", "//config", "/Config", "/config%2Fhistory", "*", "/healthz/x"] {
            assert_eq!(id("GET", nothing), "404 ", "{nothing}");
        }
    }
}
