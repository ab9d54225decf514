//! Builds the tree from events, with a stack of its own.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use granit_parser::{Event, ScalarStyle, ScanError, StructureStyle};

use super::super::{Diagnostic, Diagnostics, Entry, Form, Node, Source, Span, Spanned};
use super::{DEPTH, trouble};

/// What comes next in a map.
enum Next {
    Key,
    Value(Spanned<Box<str>>),
    /// The value of a key that was refused.
    Dropped,
}

enum Open {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, names: HashMap<Box<str>, usize, FixedState>, next: Next },
}

struct Level {
    open: Open,
    start: Span,
    flow: bool,
}

pub(super) struct Builder<'a> {
    source: &'a Source,
    diagnostics: &'a mut Diagnostics,
    stack: Vec<Level>,
    root: Option<Node>,
    documents: usize,
}

/// Below this many keys, looking through them is faster than hashing.
const FEW: usize = 12;

impl<'a> Builder<'a> {
    pub(super) fn new(source: &'a Source, diagnostics: &'a mut Diagnostics) -> Self {
        Self { source, diagnostics, stack: Vec::new(), root: None, documents: 0 }
    }

    /// Takes an event; false when the rest of the text is not to be read.
    pub(super) fn event(&mut self, event: Event<'_>, place: &granit_parser::Span) -> bool {
        let span = self.span(place);
        if event.tag().is_some() {
            let tag = place.tag_span().map_or_else(|| span.clone(), |tag| self.span(&tag));
            self.diagnostics.push(trouble::tag(&tag));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.diagnostics.push(trouble::second_document(&span));
                    return false;
                }
            }
            Event::Scalar(text, style, ..) => self.scalar(text, style, span),
            Event::SequenceStart(style, ..) => return self.open(Open::List(Vec::new()), style, span),
            Event::MappingStart(style, ..) => {
                let names = HashMap::with_hasher(FixedState::default());
                return self.open(Open::Map { entries: Vec::new(), names, next: Next::Key }, style, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(&span)),
            Event::Anchor(..) => self.diagnostics.push(trouble::anchor(&span)),
            Event::Alias(_) => {
                self.diagnostics.push(trouble::alias(&span));
                self.put(Node::new(Form::Broken, span));
            }
            Event::UnresolvedAlias(name) => self.star(&name, span),
            _ => {}
        }
        true
    }

    /// Reports what ended the file, and keeps what was open.
    pub(super) fn syntax_error(&mut self, error: &ScanError) {
        self.diagnostics.push(trouble::syntax(self.source, error));
        while let Some(level) = self.stack.last_mut() {
            if let Open::Map { next, .. } = &mut level.open
                && let Next::Value(_) = next
            {
                let span = level.start.clone();
                self.put(Node::new(Form::Broken, span));
            }
            self.close(None);
        }
        if self.root.is_none() {
            self.root = Some(Node { form: Form::Broken, span: self.source.span(0..0), cut: true });
        }
    }

    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    fn span(&self, place: &granit_parser::Span) -> Span {
        self.source.span(place.byte_range().unwrap_or(0..0))
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, span: Span) {
        let plain = matches!(style, ScalarStyle::Plain);
        // The parser gives `~` with an empty place for "nothing written".
        let form =
            if plain && span.range().is_empty() { Form::Nothing } else { Form::Scalar { text: text.into(), plain } };
        self.put(Node::new(form, span));
    }

    /// `*name`: either an alias, or a wildcard that wants quotes. The wildcard's text is taken as meant.
    fn star(&mut self, name: &str, span: Span) {
        if name.contains(['.', '/', '*']) {
            self.diagnostics.push(trouble::wildcard(&span, name));
            let form = Form::Scalar { text: format!("*{name}").into(), plain: false };
            self.put(Node::new(form, span));
        } else {
            self.diagnostics.push(trouble::alias(&span));
            self.put(Node::new(Form::Broken, span));
        }
    }

    fn open(&mut self, open: Open, style: StructureStyle, start: Span) -> bool {
        if self.stack.len() >= DEPTH {
            self.diagnostics.push(trouble::too_deep(&start));
            self.put(Node::new(Form::Broken, start));
            while !self.stack.is_empty() {
                self.close(None);
            }
            return false;
        }
        self.stack.push(Level { open, start, flow: matches!(style, StructureStyle::Flow) });
        true
    }

    /// Ends a list or map; `end` is None where the file broke off in it.
    fn close(&mut self, end: Option<&Span>) {
        let Some(level) = self.stack.pop() else { return };
        let (form, last) = match level.open {
            Open::List(items) => {
                let last = items.last().map(|node| node.span.clone());
                (Form::List(items), last)
            }
            Open::Map { entries, .. } => {
                let last = entries.last().map(|entry| entry.key.span.to(&entry.value.span));
                (Form::Map(entries), last)
            }
        };
        // A block's end as the parser gives it is the next token's start, comments between included.
        let span = match (end, last) {
            (Some(end), _) if level.flow => level.start.to(end),
            (_, Some(last)) => level.start.to(&last),
            _ => level.start,
        };
        self.put(Node { form, span, cut: end.is_none() });
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node) {
        let Some(level) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        let (entries, names, next) = match &mut level.open {
            Open::List(items) => return items.push(node),
            Open::Map { entries, names, next } => (entries, names, next),
        };
        *next = match std::mem::replace(next, Next::Key) {
            Next::Dropped => Next::Key,
            Next::Value(key) => {
                entries.push(Entry { key, value: node });
                Next::Key
            }
            Next::Key => match accept_key(node, entries, names) {
                Ok(key) => Next::Value(key),
                Err(diagnostic) => {
                    self.diagnostics.push(*diagnostic);
                    Next::Dropped
                }
            },
        };
    }
}

/// A key that is a text, no merge key, and not there yet.
fn accept_key(
    node: Node,
    entries: &[Entry],
    names: &mut HashMap<Box<str>, usize, FixedState>,
) -> Result<Spanned<Box<str>>, Box<Diagnostic>> {
    let Form::Scalar { text, plain } = node.form else { return Err(Box::new(trouble::key(&node))) };
    if plain && &*text == "<<" {
        return Err(Box::new(trouble::merge_key(&node.span)));
    }
    let first = if entries.len() < FEW {
        entries.iter().position(|entry| entry.key.value == text)
    } else {
        for (index, entry) in entries.iter().enumerate().skip(names.len()) {
            names.insert(entry.key.value.clone(), index);
        }
        names.get(&text).copied()
    };
    match first {
        Some(index) => Err(Box::new(trouble::duplicate(&text, &node.span, &entries[index].key.span))),
        None => Ok(Spanned::new(text, node.span)),
    }
}
