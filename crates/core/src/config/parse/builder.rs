//! Builds the tree from events, with a stack of its own.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use granit_parser::{Event, ScalarStyle, ScanError, StructureStyle};

use super::super::suggest::sounds_secret;
use super::super::{Diagnostic, Diagnostics, Entry, Form, Node, Source, Span, Spanned};
use super::{DEPTH, trouble};

/// What comes next in a map.
enum Next {
    Key,
    Value(Spanned<Box<str>>),
    /// The value of a key that was refused.
    Dropped {
        secret: bool,
    },
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
        let tagged = event.tag().is_some();
        if tagged {
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
            // `!a && b` is a tag and what is left of the text: nothing to read any meaning into.
            Event::Scalar(..) if tagged => self.put(Node::new(Form::Broken, span)),
            Event::Scalar(text, style, anchor, _) => self.scalar(text, style, anchor, span),
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
            Event::UnresolvedAlias(name) => return self.star(&name, span),
            _ => {}
        }
        true
    }

    /// Reports what ended the file, and keeps what was open.
    pub(super) fn syntax_error(&mut self, error: &ScanError) {
        self.diagnostics.push(trouble::syntax(self.source, error));
        let at = error.marker().byte_offset().unwrap_or(usize::MAX);
        let source = self.source;
        if let Some(last) = self.last_scalar() {
            let between = source.text().get(last.span.range().end..at);
            if between.is_some_and(|text| text.bytes().all(|byte| byte == b' ')) {
                // The text stopped short at the error: `a: b: c`, `{call: /x?${…}}`. Half of it means nothing.
                last.form = Form::Broken;
            }
        }
        if self.stack.is_empty() && !matches!(self.root, Some(Node { form: Form::Map(_), .. })) {
            self.root = Some(Node::new(Form::Broken, self.source.span(0..0)));
        }
    }

    pub(super) fn finish(mut self) -> Option<Node> {
        while let Some(level) = self.stack.last() {
            if let Open::Map { next: Next::Value(key), .. } = &level.open {
                let span = key.span.clone();
                self.put(Node::new(Form::Broken, span));
            }
            self.close(None);
        }
        self.root
    }

    /// The scalar that was put last, in the innermost list or map.
    fn last_scalar(&mut self) -> Option<&mut Node> {
        let node = match &mut self.stack.last_mut()?.open {
            Open::List(items) => items.last_mut()?,
            Open::Map { entries, next: Next::Key, .. } => &mut entries.last_mut()?.value,
            Open::Map { .. } => return None,
        };
        node.as_text().is_some().then_some(node)
    }

    fn span(&self, place: &granit_parser::Span) -> Span {
        self.source.span(place.byte_range().unwrap_or(0..0))
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, anchor: usize, span: Span) {
        let plain = matches!(style, ScalarStyle::Plain);
        // The parser gives `~` with an empty place for "nothing written".
        let form = match plain && span.range().is_empty() {
            true if anchor == 0 => Form::Nothing,
            true => Form::Broken,
            false => Form::Scalar { text: text.into(), plain },
        };
        self.put(Node::new(form, span));
    }

    /// `*name`: either an alias, or a wildcard that wants quotes. The wildcard's text is taken as meant; as a key it
    /// has swallowed its colon, and what follows cannot be read.
    fn star(&mut self, name: &str, span: Span) -> bool {
        if let Some(key) = name.strip_suffix(':') {
            self.diagnostics.push(trouble::wildcard(&span, key));
            if self.stack.is_empty() {
                self.root = Some(Node { form: Form::Broken, span, cut: true });
            }
            return false;
        }
        if name.contains(['.', '/', '*']) {
            self.diagnostics.push(trouble::wildcard(&span, name));
            let form = Form::Scalar { text: format!("*{name}").into(), plain: false };
            self.put(Node::new(form, span));
        } else {
            self.diagnostics.push(trouble::alias(&span));
            self.put(Node::new(Form::Broken, span));
        }
        true
    }

    fn open(&mut self, open: Open, style: StructureStyle, start: Span) -> bool {
        if self.stack.len() >= DEPTH {
            self.diagnostics.push(trouble::too_deep(&start));
            self.put(Node::new(Form::Broken, start));
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
            Next::Dropped { secret } => {
                if secret {
                    self.diagnostics.hide(&node.span);
                }
                Next::Key
            }
            Next::Value(key) => {
                entries.push(Entry { key, value: node });
                Next::Key
            }
            Next::Key => match accept_key(node, entries, names) {
                Ok(key) => Next::Value(key),
                Err(diagnostic) => {
                    let secret = sounds_secret(diagnostic.span.text());
                    self.diagnostics.push(*diagnostic);
                    Next::Dropped { secret }
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
