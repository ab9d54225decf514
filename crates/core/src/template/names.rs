//! From `request.headers['x']` to a [`Variable`]: which names there are, and what is said about one that is not.

use std::ops::Range;

use super::declared::Declared;
use super::fault::Fault;
use super::variable::{PartField, ProblemField, Root, TlsField, Variable};

/// One name of a chain, and where it stands.
pub(super) type Step<'e> = (&'e str, Range<usize>);

const ROOTS: [(&str, Root); 9] = [
    ("request", Root::Request),
    ("path", Root::Path),
    ("client", Root::Client),
    ("claims", Root::Claims),
    ("consumer", Root::Consumer),
    ("route", Root::Route),
    ("parts", Root::Parts),
    ("response", Root::Response),
    ("problem", Root::Problem),
];

/// The variable that the first names of a chain stand for, and how many names it takes.
pub(super) fn resolve(steps: &[Step<'_>], declared: &Declared<'_>) -> Result<(Variable, usize), Fault> {
    let (root, range) = &steps[0];
    if declared.item == Some(root) {
        return Ok((Variable::Item, 1));
    }
    let Some((_, known)) = ROOTS.iter().find(|(name, _)| name == root) else {
        return Err(unknown_root(root, range.clone(), declared));
    };
    if !declared.has(*known) {
        return Err(elsewhere(*known, root, range.clone()));
    }
    let field = steps.get(1).map(|(name, _)| *name);
    let third = steps.get(2).map(|(name, _)| *name);
    let chain = Chain { steps, declared };
    match known {
        Root::Request => chain.request(field, third),
        Root::Path => chain.path(field),
        Root::Client => chain.client(field, third),
        Root::Consumer => chain.consumer(field),
        Root::Route => chain.route(field, third),
        Root::Parts => chain.part(field, third),
        Root::Response => chain.response(field, third),
        Root::Problem => chain.problem(field),
        _ => Ok((Variable::Claims, 1)),
    }
}

fn unknown_root(name: &str, range: Range<usize>, declared: &Declared<'_>) -> Fault {
    let fault = Fault::new(range, format!("unknown name `{name}`"));
    match name {
        "and" => return fault.help("write `&&`"),
        "or" => return fault.help("write `||`"),
        "not" => return fault.help("write `!`"),
        "True" | "False" | "None" | "nil" => {
            return fault
                .help(format!("write `{}`", name.to_ascii_lowercase().replace("none", "null").replace("nil", "null")));
        }
        _ => {}
    }
    if name == "env" {
        return fault.help("nothing but a secret is taken from the environment: {env: NAME}");
    }
    if looks_like_environment(name) {
        return fault.help(environment(name));
    }
    for (root, fields) in [
        (Root::Request, &["headers", "header", "method", "query", "cookies", "host"][..]),
        (Root::Client, &["ip", "tls", "remote_addr"]),
    ] {
        if declared.has(root) && fields.contains(&name) {
            return match name {
                "header" => fault.help("did you mean `request.headers`?"),
                "remote_addr" => fault.help("did you mean `client.ip`?"),
                _ if root == Root::Client => fault.help(format!("did you mean `client.{name}`?")),
                _ => fault.help(format!("did you mean `request.{name}`?")),
            };
        }
    }
    let known = ROOTS.iter().filter(|(_, root)| declared.has(*root)).map(|(name, _)| *name);
    if declared.has(Root::Path) && declared.captures.contains(&name) {
        return fault.help(format!("did you mean `path.{name}`?"));
    }
    let listed = known.clone().chain(declared.item).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let fault = fault.suggest(name, known.chain(declared.item));
    if fault.help.is_some() { fault } else { fault.help(format!("there are {listed}")) }
}

/// What is said of a name that shells and other programs would fill in.
pub(super) fn environment(name: &str) -> String {
    format!("use {{env: {name}}} where a secret is wanted; nothing else is taken from the environment")
}

/// Whether a bare name is written as environment variables are.
pub(super) fn looks_like_environment(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.len() > 1
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn elsewhere(root: Root, name: &str, range: Range<usize>) -> Fault {
    let fault = Fault::new(range, format!("`{name}` cannot be named here"));
    match root {
        Root::Path => fault.help("there is no match with captures around this place"),
        Root::Claims => fault.help("claims are known where a token was checked before"),
        Root::Consumer => fault.help("the consumer is known where an authentication policy ran before"),
        Root::Parts => fault.help("parts are those of an aggregate"),
        Root::Response => fault.help("the response is known on the way back alone"),
        Root::Problem => fault.help("a problem is what the pages of `errors` tell of"),
        _ => fault,
    }
}

struct Chain<'c, 'e> {
    steps: &'c [Step<'e>],
    declared: &'c Declared<'c>,
}

type Found = Result<(Variable, usize), Fault>;

impl Chain<'_, '_> {
    fn request(&self, field: Option<&str>, name: Option<&str>) -> Found {
        const FIELDS: [&str; 9] =
            ["method", "scheme", "host", "path", "query", "query_all", "headers", "cookies", "body"];
        use Variable as V;
        Ok(match (field, name) {
            (Some("method"), _) => (V::RequestMethod, 2),
            (Some("scheme"), _) => (V::RequestScheme, 2),
            (Some("host"), _) => (V::RequestHost, 2),
            (Some("path"), _) => (V::RequestPath, 2),
            (Some("query"), Some(name)) => (V::RequestQuery(name.into()), 3),
            (Some("query"), None) => (V::RequestQueries, 2),
            (Some("query_all"), Some(name)) => (V::RequestQueryAll(name.into()), 3),
            (Some("query_all"), None) => (V::RequestQueriesAll, 2),
            (Some("headers"), Some(name)) => (V::RequestHeader(name.to_ascii_lowercase().into()), 3),
            (Some("headers"), None) => (V::RequestHeaders, 2),
            (Some("cookies"), Some(name)) => (V::RequestCookie(name.into()), 3),
            (Some("cookies"), None) => (V::RequestCookies, 2),
            (Some("body"), _) if self.declared.has(Root::RequestBody) => (V::RequestBody, 2),
            (Some("body"), _) => return Err(self.undeclared("request.body")),
            _ => return Err(self.unknown(&FIELDS)),
        })
    }

    fn path(&self, field: Option<&str>) -> Found {
        let Some(name) = field else { return Err(self.unknown(self.declared.captures)) };
        if let Some(at) = self.declared.captures.iter().position(|capture| *capture == name) {
            return Ok((Variable::Capture(at), 2));
        }
        if name == "rest" {
            if self.declared.rest || self.declared.takes_any_capture() {
                return Ok((Variable::PathRest, 2));
            }
            let fault = Fault::new(self.whole(2), "`path.rest` is what `**` stands for, and the match has none");
            return Err(fault.help("end the match's path in `/**`"));
        }
        if self.declared.takes_any_capture() {
            return Ok((Variable::CaptureNamed(name.into()), 2));
        }
        let fault = Fault::new(self.whole(2), format!("the match captures no `{name}`"));
        let known = self.declared.captures.iter().copied().chain(self.declared.rest.then_some("rest"));
        Err(match known.clone().next() {
            None => fault.help(format!("write `{{{name}}}` for a segment of the match's path")),
            Some(_) => {
                let list = known.clone().map(|name| format!("`path.{name}`")).collect::<Vec<_>>().join(", ");
                let plain = fault.clone().help(format!("there is {list}"));
                let suggested = fault.suggest(name, known);
                if suggested.help.is_some() { suggested } else { plain }
            }
        })
    }

    fn client(&self, field: Option<&str>, name: Option<&str>) -> Found {
        match (field, name) {
            (Some("ip"), _) => Ok((Variable::ClientIp, 2)),
            (Some("port"), _) => Ok((Variable::ClientPort, 2)),
            (Some("tls"), None) => Ok((Variable::ClientTls, 2)),
            (Some("tls"), Some(name)) => match TlsField::ALL.into_iter().find(|field| field.name() == name) {
                Some(field) => Ok((Variable::ClientTlsField(field), 3)),
                None => Err(self.unknown_at(2, TlsField::ALL.into_iter().map(TlsField::name))),
            },
            _ => Err(self.unknown(&["ip", "port", "tls"])),
        }
    }

    fn consumer(&self, field: Option<&str>) -> Found {
        match field {
            Some("name") => Ok((Variable::ConsumerName, 2)),
            Some("groups") => Ok((Variable::ConsumerGroups, 2)),
            _ => Err(self.unknown(&["name", "groups"])),
        }
    }

    fn route(&self, field: Option<&str>, name: Option<&str>) -> Found {
        match (field, name) {
            (Some("name"), _) => Ok((Variable::RouteName, 2)),
            (Some("labels"), Some(name)) => Ok((Variable::RouteLabel(name.into()), 3)),
            (Some("labels"), None) => Ok((Variable::RouteLabels, 2)),
            _ => Err(self.unknown(&["name", "labels"])),
        }
    }

    fn response(&self, field: Option<&str>, name: Option<&str>) -> Found {
        match (field, name) {
            (Some("status"), _) => Ok((Variable::ResponseStatus, 2)),
            (Some("headers"), Some(name)) => Ok((Variable::ResponseHeader(name.to_ascii_lowercase().into()), 3)),
            (Some("headers"), None) => Ok((Variable::ResponseHeaders, 2)),
            (Some("body"), _) if self.declared.has(Root::ResponseBody) => Ok((Variable::ResponseBody, 2)),
            (Some("body"), _) => Err(self.undeclared("response.body")),
            _ => Err(self.unknown(&["status", "headers", "body"])),
        }
    }

    fn problem(&self, field: Option<&str>) -> Found {
        match ProblemField::ALL.into_iter().find(|known| field == Some(known.name())) {
            Some(field) => Ok((Variable::Problem(field), 2)),
            None => Err(self.unknown(&ProblemField::ALL.map(ProblemField::name))),
        }
    }

    fn part(&self, part: Option<&str>, field: Option<&str>) -> Found {
        let Some(part) = part else { return Err(self.unknown(self.declared.parts)) };
        let Some(at) = self.declared.parts.iter().position(|name| *name == part) else {
            let fault = Fault::new(self.steps[1].1.clone(), format!("there is no part `{part}`"));
            return Err(fault.suggest(part, self.declared.parts.iter().copied()));
        };
        let field = match field {
            None => return Ok((Variable::Part(at, PartField::Whole), 2)),
            Some("state") => PartField::State,
            Some("status") => PartField::Status,
            Some("headers") => match self.steps.get(3) {
                Some((name, _)) => return Ok((Variable::PartHeader(at, name.to_ascii_lowercase().into()), 4)),
                None => PartField::Headers,
            },
            Some("body") => PartField::Body,
            Some("reason") => PartField::Reason,
            Some(_) => return Err(self.unknown_at(2, ["state", "status", "headers", "body", "reason"])),
        };
        Ok((Variable::Part(at, field), 3))
    }

    /// Where the first `count` names stand.
    fn whole(&self, count: usize) -> Range<usize> {
        let last = &self.steps[count.min(self.steps.len()) - 1].1;
        self.steps[0].1.start..last.end
    }

    fn undeclared(&self, name: &str) -> Fault {
        Fault::new(self.whole(2), format!("`{name}` is not read here"))
            .help("a body is known only where the reference says that it is")
    }

    /// The second name is none of `fields`, or missing.
    fn unknown(&self, fields: &[&str]) -> Fault {
        let root = self.steps[0].0;
        if self.steps.len() > 1 {
            return self.unknown_at(1, fields.iter().copied());
        }
        let fault = Fault::new(self.whole(1), format!("`{root}` is no value by itself"));
        match fields {
            [] => fault,
            _ => fault.help(format!("name one of its fields: {}", fields.join(", "))),
        }
    }

    fn unknown_at<'n>(&self, at: usize, fields: impl IntoIterator<Item = &'n str> + Clone) -> Fault {
        let (name, range) = &self.steps[at];
        let before = self.steps[..at].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(".");
        let fault = Fault::new(range.clone(), format!("`{before}` has no `{name}`"));
        let list = fields.clone().into_iter().collect::<Vec<_>>().join(", ");
        let plain = fault.clone().help(format!("it has: {list}"));
        let suggested = fault.suggest(name, fields);
        if suggested.help.is_some() { suggested } else { plain }
    }
}
