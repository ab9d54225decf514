//! `errors` as its user writes it: which page stands for which status.

use pintle_core::config::{ConfigPath, Diagnostic, Form, Map, Node, Read, Reader, Shape, Spanned, TemplateTree};
use pintle_engine::pages::Statuses;

/// Pages in place of what the gateway says by itself, by status: `404`, a class such as `5xx`, or `default` for the rest.
///
/// They hold for all that the gateway answers without a service: no route, a refusal, a service that cannot be reached.
/// A route's stand before its group's, those before its listener's, those before the top level's; within one place the
/// status comes before its class and the class before `default`. Status and header fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorsConfig(pub Vec<(Statuses, Spanned<PageConfig>)>);

/// A page. Who asks for HTML before JSON, as browsers do, gets the one, all others the other; a form
/// that is left out, or in which a template fails, is what it would be without this page.
///
/// ```yaml
/// errors:
///   404: {html: pages/not-found.html}
///   5xx: {html: pages/sorry.html, upstream: true}
///   default:
///     json: {error: "${problem.reason}", message: "${problem.title}", id: "${problem.request_id}"}
/// routes:
///   - match: /shop/**
///     errors: {503: {json: {closed: true}}}
///     proxy: orders
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "error page", check)]
pub struct PageConfig {
    /// A file of HTML, of at most 1 MiB; it is watched. In it `${…}` are templates, escaped for text and for quoted
    /// attributes: `problem.status`, `problem.title`, `problem.detail`, `problem.reason`, `problem.request_id`, and all
    /// that `request`, `client`, `route` and `response` have. `$${` is a literal `${`.
    pub html: Option<Spanned<ConfigPath>>,
    /// A tree that becomes JSON, with templates as its leaves, which may name the same.
    pub json: Option<TemplateTree>,
    /// Whether it also stands in place of what services answer with such a status. What describes their content
    /// (`content-type`, `etag` and the like) goes with it, all other header fields stay.
    #[read(default = "false")]
    pub upstream: bool,
}

impl PageConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Some(json) = &self.json
            && !matches!(json.form(), Form::Map(_) | Form::List(_))
        {
            reader.expected("a tree", json, "such as `{error: \"${problem.title}\"}`");
            return None;
        }
        if self.html.is_none() && self.json.is_none() {
            let help = "add `html: FILE`, `json: {…}` or both";
            reader.report(Diagnostic::error("empty-page", "this page has no content", node.span()).help(help));
            return None;
        }
        Some(self)
    }
}

impl Read for ErrorsConfig {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let written = Map::<Spanned<PageConfig>>::read(node, reader)?;
        let mut pages = Some(Vec::with_capacity(written.len()));
        for (name, page) in written {
            match (statuses(&name), &mut pages) {
                (Ok(statuses), Some(pages)) => pages.push((statuses, page)),
                (Ok(_), None) => {}
                (Err(help), _) => {
                    let message = format!("expected a status of an error, found `{name}`");
                    reader.report(Diagnostic::error("unexpected", message, &name.span).help(help));
                    pages = None;
                }
            }
        }
        pages.map(ErrorsConfig)
    }

    fn shape() -> Shape {
        Map::<PageConfig>::shape()
    }
}

fn statuses(text: &str) -> Result<Statuses, String> {
    let usual = "a status such as `404`, a class (`4xx`, `5xx`) or `default`";
    match text {
        "default" => return Ok(Statuses::Rest),
        "4xx" => return Ok(Statuses::Class(4)),
        "5xx" => return Ok(Statuses::Class(5)),
        "4XX" | "5XX" => return Err(format!("write `{}`", text.to_ascii_lowercase())),
        _ => {}
    }
    match text.parse::<u16>() {
        Ok(status @ 400..=599) if text.len() == 3 => Ok(Statuses::One(status)),
        Ok(100..400) => Err(format!("errors are 400 to 599; write {usual}")),
        _ => Err(format!("write {usual}")),
    }
}

impl ErrorsConfig {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &Spanned<ConfigPath>> {
        self.0.iter().filter_map(|(_, page)| page.html.as_ref())
    }
}
