//! Where an expression stands. The parser keeps one token for each node, so the rest is found in the text around it.

use std::ops::Range;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators};

use super::{Compiler, is_test};
use crate::template::lex;

impl Compiler<'_> {
    /// Where an expression stands: its operator's token and its operands, with the name or bracket that belongs to it.
    pub(super) fn range(&self, expr: &IdedExpr) -> Range<usize> {
        let mut range = match self.parsed.places.offset_for(expr.id) {
            Some((start, end)) => start as usize..(end as usize + 1).max(start as usize),
            None => 0..self.text.len(),
        };
        let mut cover = |part: &IdedExpr| {
            let part = self.range(part);
            range = range.start.min(part.start)..range.end.max(part.end);
        };
        match &expr.expr {
            Expr::Select(select) => {
                cover(&select.operand);
                range.end = self.field_end(expr, &select.operand, &select.field).max(range.end);
            }
            Expr::Call(call) => {
                call.target.iter().for_each(|target| cover(target));
                call.args.iter().for_each(&mut cover);
                if lex::is_word(&call.func_name) && call.target.is_none() {
                    range.start = self
                        .text
                        .get(..range.start)
                        .and_then(|before| before.rfind(&*call.func_name))
                        .unwrap_or(range.start);
                }
                if lex::is_word(&call.func_name) || call.func_name == operators::INDEX {
                    range.end = self.past(range.end, [')', ']']);
                }
            }
            Expr::List(list) => {
                list.elements.iter().for_each(&mut cover);
                range.end = self.past(range.end, [']', ']']);
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        cover(&entry.value);
                    }
                }
                range.end = self.past(range.end, ['}', '}']);
            }
            Expr::Comprehension(fold) => {
                cover(&fold.iter_range);
                cover(&fold.loop_step);
                range.end = self.past(range.end, [')', ')']);
            }
            _ => {}
        }
        floor(self.text, range.start)..floor(self.text, range.end.min(self.text.len()))
    }

    /// The end of the field's name after the dot; a test's own token is its macro's, so look after the operand.
    fn field_end(&self, expr: &IdedExpr, operand: &IdedExpr, field: &str) -> usize {
        let dot = match (is_test(expr), self.parsed.places.offset_for(expr.id)) {
            (false, Some((_, end))) => end as usize + 1,
            _ => self.range(operand).end,
        };
        let rest = self.text.get(dot..).unwrap_or_default();
        rest.find(field).map_or(dot, |at| dot + at + field.len())
    }

    /// One closing bracket after `at`, with the white space before it.
    fn past(&self, at: usize, closing: [char; 2]) -> usize {
        let Some(rest) = self.text.get(at..) else { return at };
        let trimmed = rest.trim_start_matches([' ', '\n', '\t', '\r', ',']);
        if trimmed.starts_with(closing) { at + rest.len() - trimmed.len() + 1 } else { at }
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
