//! Templates that stand in a configuration, compiled with their mistakes shown at their places.

use pintle_core::config::{Diagnostic, Reader, Span, Spanned};
use pintle_core::template::{Declared, Expression, Fault, Place, Root, Scope, Template};
use pintle_core::{Reason, Refusal};
use std::ops::Range;

/// A template whose failure is the client's fault where it names the request alone.
#[derive(Debug)]
pub struct Part {
    template: Template,
    blames_client: bool,
}

impl Part {
    /// Compiles one; what is wrong is reported.
    pub fn compile(text: &Spanned<String>, place: Place, declared: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        Some(Part::new(compile(text, place, declared, reader)?))
    }

    /// One that is compiled.
    pub fn new(template: Template) -> Self {
        let of_client = |root| matches!(root, Root::Request | Root::RequestBody | Root::Path | Root::Client);
        let blames_client = template.names().all(|name| of_client(name.root()));
        Part { template, blames_client }
    }

    /// Appends its text.
    pub fn render(&self, scope: &dyn Scope, out: &mut String) -> Result<(), Refusal> {
        let failed = |error| Refusal::new(self.reason()).internal(format!("a template failed: {error}"));
        self.template.render(scope, out).map_err(failed)
    }

    /// Why a request is refused for which it gives nothing that can be used.
    pub fn reason(&self) -> Reason {
        if self.blames_client { Reason::BadTemplate } else { Reason::Internal }
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.template
    }
}

/// Compiles a template that a configuration holds; what is wrong in it is reported.
pub fn compile(text: &Spanned<String>, place: Place, declared: &Declared<'_>, reader: &mut Reader) -> Option<Template> {
    compile_text(text, &text.span, place, declared, reader)
}

/// As [`compile`], for a text and where it stands.
pub fn compile_text(
    text: &str,
    span: &Span,
    place: Place,
    declared: &Declared<'_>,
    reader: &mut Reader,
) -> Option<Template> {
    match Template::compile(text, place, declared) {
        Ok(template) => Some(template),
        Err(fault) => {
            report(&fault, text, span, reader);
            None
        }
    }
}

/// Compiles an expression that a configuration holds and that wants to be true or false; what is wrong in it is reported.
pub fn compile_condition(text: &Spanned<String>, declared: &Declared<'_>, reader: &mut Reader) -> Option<Expression> {
    match Expression::compile_condition(text, declared) {
        Ok(expression) => Some(expression),
        Err(fault) => {
            report(&fault, text, &text.span, reader);
            None
        }
    }
}

/// Reports what is wrong with an expression or a template, at the part of its place where it is wrong.
pub fn report(fault: &Fault, text: &str, span: &Span, reader: &mut Reader) {
    let help = fault.help.clone().unwrap_or_default();
    let place = narrowed(&fault.range, text, span);
    reader.report(Diagnostic::error("bad-expression", &fault.message, &place).help(help));
}

/// The part of a text's place where that range of it stands, where the text stands there as it is: without escapes, folding
/// or indentation. Else the whole.
pub fn narrowed(range: &Range<usize>, text: &str, span: &Span) -> Span {
    let written = span.text();
    let start = span.range().start;
    let at = match written.strip_prefix(['"', '\'']) {
        None if written == text => start,
        Some(inner) if inner.get(..text.len()) == Some(text) => start + 1,
        _ => return span.clone(),
    };
    span.source().span(at + range.start..at + range.end)
}
