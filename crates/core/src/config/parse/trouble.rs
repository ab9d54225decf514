//! What is wrong with a text before it means anything: syntax errors in plain words, and refused parts of YAML.

use granit_parser::{ErrorKind, ScanError};

use super::super::node::quoted;
use super::super::{Diagnostic, Node, Source, Span};
use super::DEPTH;

pub(super) fn tag(span: &Span) -> Diagnostic {
    let help = "a text that begins with `!` needs quotes; a type is never given, as each key knows its own";
    Diagnostic::error("yaml-tag", format!("{} is a YAML tag, which Pintle does not take", quoted(span.text())), span)
        .help(help)
}

pub(super) fn anchor(span: &Span) -> Diagnostic {
    let message = format!("{} is a YAML anchor, which Pintle does not take", quoted(span.text()));
    Diagnostic::error("yaml-anchor", message, span).help(INSTEAD)
}

pub(super) fn alias(span: &Span) -> Diagnostic {
    let message = format!("{} is a YAML alias, which Pintle does not take", quoted(span.text()));
    Diagnostic::error("yaml-alias", message, span).help(INSTEAD)
}

pub(super) fn merge_key(span: &Span) -> Diagnostic {
    Diagnostic::error("yaml-merge", "`<<` is a YAML merge key, which Pintle does not take", span).help(INSTEAD)
}

const INSTEAD: &str = "share settings by a named policy, a group of routes or `defaults`; \
                       a text that begins with `&` or `*` needs quotes";

pub(super) fn wildcard(span: &Span, name: &str) -> Diagnostic {
    let message = format!("a text that begins with `*` needs quotes: {}", quoted(&format!("*{name}")));
    Diagnostic::error("unquoted-star", message, span).help(format!("write \"*{name}\""))
}

pub(super) fn second_document(span: &Span) -> Diagnostic {
    let help = "put it in a file of its own and name that in `include`";
    Diagnostic::error("yaml-documents", "a second document in one file", span).help(help)
}

pub(super) fn too_deep(span: &Span) -> Diagnostic {
    Diagnostic::error("yaml-depth", too_deep_message(), span)
}

pub(super) fn key(node: &Node) -> Diagnostic {
    let message = match node.found() {
        found if node.is_broken() || found == "nothing" => "a key is missing before `:`".to_owned(),
        found => format!("a key is a text, found {found}"),
    };
    Diagnostic::error("yaml-key", message, node.span())
}

pub(super) fn duplicate(name: &str, span: &Span, first: &Span) -> Diagnostic {
    Diagnostic::error("duplicate-key", format!("{} is there twice", quoted(name)), span)
        .label("again here")
        .also(first, "first here")
}

/// A syntax error in plain words, with the remedy for the usual slips.
pub(super) fn syntax(source: &Source, error: &ScanError) -> Diagnostic {
    let text = source.text();
    let mut start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let (lines, _) = source.lines_around(start..start);
    let line = &text[lines.clone()];
    let (code, message, help) = explain(error, line);
    if code == "yaml-tab" {
        // The parser stops somewhere behind it.
        start = line.find('\t').map_or(start, |offset| lines.start + offset);
    }
    let end = start + text[start..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    Diagnostic::error(code, message, &source.span(start..end)).help(help)
}

const QUOTES: &str = "put the text in quotes: \"…\", or '…' where it has double quotes itself";
const INDENTED: &str = "is the line indented like those before it?";

fn explain(error: &ScanError, line: &str) -> (&'static str, String, &'static str) {
    use ErrorKind as E;
    if let Some(known) = explain_flow(error.kind(), line) {
        return ("yaml-syntax", known.0.into(), known.1);
    }
    let (message, help) = match error.kind() {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => {
            return ("yaml-tab", "a tab where only spaces may stand".into(), "indent with spaces");
        }
        E::RecursionLimitExceeded => return ("yaml-depth", too_deep_message(), ""),
        E::DirectiveDisallowed => ("a line that begins with `%` is a YAML directive", "remove it"),
        E::ExpectedTagBang
        | E::InvalidGlobalTagCharacter
        | E::InvalidTagTerminator
        | E::UndeclaredTagHandle
        | E::MissingTagUri
        | E::UnclosedVerbatimTag
        | E::InvalidTagEscape => ("a text that begins with `!` needs quotes", QUOTES),
        E::MappingValueNotAllowed => ("a `: ` within a text", QUOTES),
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => {
            ("text goes on after the closing quote", "put the whole value in quotes of the other kind")
        }
        E::UnclosedQuotedScalar => ("a quote is never closed", ""),
        E::UnexpectedCharacter { character: '@' | '`' | '%' } => ("a text cannot begin with this character", QUOTES),
        E::UnexpectedCharacter { character } => {
            let message = format!("the character `{}` may not stand here", character.escape_default());
            return ("yaml-syntax", message, "");
        }
        E::UnknownQuotedScalarEscape => {
            ("not an escape that double quotes know", "in single quotes a backslash is itself")
        }
        E::MissingAnchorOrAliasName => ("a text that begins with `*` or `&` needs quotes", QUOTES),
        E::ExpectedBlockMappingKey => ("expected a key here", INDENTED),
        E::ExpectedBlockSequenceEntry if line.trim_start().starts_with("- ") => {
            ("this `-` does not stand below the one of the item before it", "indent both the same")
        }
        E::ExpectedBlockSequenceEntry => ("expected `- ` here", INDENTED),
        E::BlockSequenceEntryNotAllowed => {
            ("a list cannot begin on the line of its key", "put `- ` on the next line, or write `[…]`")
        }
        E::ExpectedDocumentStart => ("expected the end of the file here", INDENTED),
        E::InvalidIndentation => ("the line is not indented like those before it", ""),
        E::SimpleKeyExpected | E::InvalidSimpleKey => ("expected `:` after a key on this line", ""),
        _ => return ("yaml-syntax", error.info(), ""),
    };
    ("yaml-syntax", message.into(), help)
}

/// What goes wrong within `{…}` and `[…]`: mostly a template or a capture without quotes.
fn explain_flow(kind: &ErrorKind, line: &str) -> Option<(&'static str, &'static str)> {
    use ErrorKind as E;
    let known = match kind {
        E::ExpectedFlowMappingSeparator => ("expected `,` or `}` here", ""),
        E::ExpectedFlowSequenceSeparator => ("expected `,` or `]` here", ""),
        E::MismatchedFlowCollectionEnd { open: '{', .. } => ("a `{` is closed by `]`", ""),
        E::MismatchedFlowCollectionEnd { .. } => ("a `[` is closed by `}`", ""),
        E::MisplacedFlowCollectionEnd => ("a closing bracket that nothing opened", ""),
        E::UnexpectedEofFlowMapping | E::UnclosedFlowCollection { open: '{' } => ("a `{` is never closed", ""),
        E::UnexpectedEofFlowSequence | E::UnclosedFlowCollection { .. } => ("a `[` is never closed", ""),
        E::InvalidColonPlacement | E::UnexpectedEofImplicitFlowMapping => {
            ("a `:` in the middle of a list", "is a `]` or `}` missing before it?")
        }
        E::BlockEntryInFlowCollection => ("`- ` within `[…]` or `{…}`", "items are separated by commas there"),
        _ => return None,
    };
    if line.contains("${") {
        return Some((BRACES, "write \"…${…}…\""));
    }
    if line.contains("/{") {
        return Some((BRACES, "write \"…/{…}\""));
    }
    Some(known)
}

const BRACES: &str = "within `{…}` or `[…]` a text with a brace or bracket of its own needs quotes";

fn too_deep_message() -> String {
    format!("lists and maps stand in each other more than {DEPTH} deep")
}
