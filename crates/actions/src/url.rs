//! Paths, hosts and URLs with templates in them: checked as far as possible when the configuration loads, and never
//! rendered into something that could be read in two ways.

use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::template::{Declared, Expression, Place, Scope, Template};
use pintle_core::{Reason, Refusal};
use pintle_policies::template::Part;
use pintle_upstream::Address;

/// A path with an optional query, or a whole URL.
#[derive(Debug)]
pub struct Url {
    part: Part,
    /// What stands around the expressions.
    literals: Box<[Box<str>]>,
}

impl Url {
    /// A path to send to a service, or to redirect to: it begins with `/`.
    pub fn path(text: &Spanned<String>, declared: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        if !text.starts_with('/') {
            let message = format!("a path begins with `/`, this one is `{text}`");
            let help = match () {
                () if text.starts_with("${request.path") => {
                    "the path stays as it is where none is given: leave it out".to_owned()
                }
                () if text.contains("://") => "the path alone stands here; a host has a key of its own".to_owned(),
                () => format!("write `/{text}`"),
            };
            reader.report(Diagnostic::error("bad-path", message, &text.span).help(help));
            return None;
        }
        Url::compile(text, declared, false, reader)
    }

    /// Where to redirect to: a path, or an http or https URL.
    pub fn location(text: &Spanned<String>, declared: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let is_path = text.starts_with('/') && !text.starts_with("//");
        if !(is_path || text.starts_with("http://") || text.starts_with("https://")) {
            let message = format!("`{text}` does not say where to");
            let help = "begin with `https://HOST/`, or with one `/` for a path on the same host";
            reader.report(Diagnostic::error("bad-location", message, &text.span).help(help));
            return None;
        }
        let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        if let Some(wrong) = authority.filter(|authority| !authority.contains("${") && !is_host(authority, true)) {
            let help = "such as `https://shop.example.com/`";
            reader.report(Diagnostic::error("bad-host", format!("`{wrong}` is no host"), &text.span).help(help));
            return None;
        }
        Url::compile(text, declared, true, reader)
    }

    fn compile(text: &Spanned<String>, declared: &Declared<'_>, fragment: bool, reader: &mut Reader) -> Option<Self> {
        let part = Part::compile(text, Place::Url, declared, reader)?;
        if let Some((message, help)) = literals(text, part.template()).find_map(|literal| flaw(literal, fragment)) {
            reader.report(Diagnostic::error("bad-path", message, &text.span).help(help));
            return None;
        }
        let literals = literals(text, part.template()).map(Box::from).collect();
        Some(Url { part, literals })
    }

    /// The URL for a request. Its query is the request's, unless it has one of its own.
    pub fn render(&self, scope: &dyn Scope, query: Option<&str>) -> Result<String, Refusal> {
        let mut out = String::with_capacity(128);
        self.part.render(scope, &mut out)?;
        if !out.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::new(Reason::Internal).internal("a template gave a URL with a character that none has"));
        }
        add_query(&mut out, query);
        Ok(out)
    }

    /// The expression that the path ends in, if it ends in one, and what stands before it; the query plays no part.
    pub(crate) fn last_in_path(&self) -> Option<(&str, &Expression)> {
        let mut last = None;
        let mut pieces = self.literals.iter();
        // In this order, so that the piece after the last expression is left.
        for (expression, literal) in self.template().expressions().zip(pieces.by_ref()) {
            if literal.contains('?') {
                return last.filter(|_| literal.starts_with('?'));
            }
            last = Some((&**literal, expression));
        }
        last.filter(|_| pieces.next().is_some_and(|rest| rest.is_empty() || rest.starts_with('?')))
    }

    /// Its template.
    pub fn template(&self) -> &Template {
        self.part.template()
    }
}

/// Adds a query to a URL that has none, before its fragment.
fn add_query(url: &mut String, query: Option<&str>) {
    let Some(query) = query else { return };
    let end = url.find('#').unwrap_or(url.len());
    if !url[..end].contains('?') {
        let fragment = url.split_off(end);
        url.extend(["?", query, &fragment]);
    }
}

/// What stands in a template's text around its expressions.
fn literals<'t>(text: &'t str, template: &Template) -> impl Iterator<Item = &'t str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    for expression in template.expressions() {
        let Some((before, after)) = rest.split_once(&format!("${{{}}}", expression.text())) else { break };
        pieces.push(before);
        rest = after;
    }
    pieces.push(rest);
    pieces.into_iter()
}

/// What of a literal part can stand in no URL (RFC 3986 2), and the remedy.
fn flaw(literal: &str, fragment: bool) -> Option<(String, &'static str)> {
    if let Some(wrong) = literal.chars().find(|c| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(*c)) {
        return Some((format!("{wrong:?} stands in no URL as it is"), "percent-encode it: a space is `%20`"));
    }
    if literal.contains('#') && !fragment {
        return Some(("`#` begins a fragment, which no service gets".into(), "for the character itself write `%23`"));
    }
    let is_code = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if literal.match_indices('%').any(|(at, _)| !is_code(&literal[at + 1..])) {
        return Some(("`%` begins a code of two hexadecimal digits".into(), "for the character itself write `%25`"));
    }
    let path = literal.split(['?', '#']).next().unwrap_or_default();
    if path.split('/').skip(1).any(|segment| matches!(segment, "." | "..")) {
        return Some(("a path here has no segment `.` or `..`".into(), "write the path that is meant"));
    }
    None
}

/// A host to name, with or without a port.
#[derive(Debug)]
pub struct Host {
    part: Part,
    with_port: bool,
}

impl Host {
    /// Compiles one; what is wrong is reported.
    pub fn build(
        text: &Spanned<String>,
        with_port: bool,
        declared: &Declared<'_>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let part = Part::compile(text, Place::Text, declared, reader)?;
        if let Some(literal) = part.template().literal()
            && !is_host(literal, with_port)
        {
            let help = match with_port {
                true => "such as `orders.internal` or `orders.internal:8080`",
                false => "such as `shop.example.com`; the port has a key of its own",
            };
            reader.report(Diagnostic::error("bad-host", format!("`{literal}` is no host"), &text.span).help(help));
            return None;
        }
        Some(Host { part, with_port })
    }

    /// The host for a request. One that a client's value makes into none is the client's fault.
    pub fn render(&self, scope: &dyn Scope) -> Result<String, Refusal> {
        let mut out = String::new();
        self.part.render(scope, &mut out)?;
        if self.part.template().literal().is_none() && !is_host(&out, self.with_port) {
            let reason = self.part.reason();
            return Err(Refusal::new(reason).internal("a template gave no host"));
        }
        Ok(out)
    }

    /// Its template.
    pub fn template(&self) -> &Template {
        self.part.template()
    }
}

fn is_host(text: &str, with_port: bool) -> bool {
    let name_end = if text.starts_with('[') { text.find(']').unwrap_or(0) } else { 0 };
    text.len() <= 255
        && !text.starts_with("unix:")
        && Address::parse(text, Some(80)).is_ok()
        && (with_port || !text[name_end..].contains(':'))
}

#[cfg(test)]
mod tests;
