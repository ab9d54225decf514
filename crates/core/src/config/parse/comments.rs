//! The comments of a text, for who writes the text anew: reading takes no notice of them.

use super::super::{Source, Span};
use super::parser_options;
use granit_parser::{Event, Parser};

/// A comment, and what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands, from its `#` to the end of the line.
    pub span: Span,
    /// How many keys and values are written before it.
    pub after: usize,
}

impl Comment {
    /// Every comment of a text that [`Node::parse`](super::super::Node::parse) takes without an error, in order.
    pub fn all(source: &Source) -> Vec<Comment> {
        let mut options = parser_options();
        options.emit_comments = true;
        // A bound of their own would make the parser refuse what it takes without them; the text has one.
        options.max_buffered_comment_events = usize::MAX;
        let (mut comments, mut scalars) = (Vec::new(), Vec::new());
        for event in Parser::new_from_str_with_options(source.text(), options) {
            let Ok((event, place)) = event else { break };
            let range = place.byte_range().unwrap_or(0..0);
            match event {
                Event::Comment(..) => comments.push(source.span(range)),
                Event::Scalar(..) if !range.is_empty() => scalars.push(range.start),
                _ => {}
            }
        }
        comments.sort_by_key(|span| span.range().start);
        let before = |span: &Span| scalars.partition_point(|start| *start < span.range().start);
        comments.into_iter().map(|span| Comment { after: before(&span), span }).collect()
    }
}
