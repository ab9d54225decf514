//! Text to tree, over granit-parser's events. The only place that knows the parser.
//!
//! YAML without what makes it hard to read and dangerous to load: anchors, aliases, merge keys, tags, directives and
//! second documents are refused, each with the remedy, and reading goes on. A syntax error ends the file; what was
//! read before it stays, marked as cut. Depth is bounded by [`DEPTH`].

mod builder;
mod comments;
mod trouble;

use granit_parser::{Options, Parser, options};

use self::builder::Builder;
pub use self::comments::Comment;
use super::{Diagnostics, Form, Node, Source};

/// How deep lists and maps may stand in each other.
pub(super) const DEPTH: usize = 64;

impl Node {
    /// Reads a text into a tree. Everything refused is reported; the tree holds what could be understood.
    pub fn parse(source: &Source, diagnostics: &mut Diagnostics) -> Node {
        let mut builder = Builder::new(source, diagnostics);
        for event in Parser::new_from_str_with_options(source.text(), parser_options()) {
            match event {
                Ok((event, span)) => {
                    if !builder.event(event, &span) {
                        break;
                    }
                }
                Err(error) => {
                    builder.syntax_error(&error);
                    break;
                }
            }
        }
        builder.finish().unwrap_or_else(|| Node::new(Form::Nothing, source.span(0..0)))
    }
}

fn parser_options() -> Options {
    options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        // Comments mean nothing here, and some 100 of them after a key would stop the parser.
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    }
}
