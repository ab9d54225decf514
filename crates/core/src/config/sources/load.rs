//! Reads the files, includes first to last, each once.

use std::collections::{BTreeSet, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::super::{Diagnostic, Form, Node, Read, Reader, Source, Span, Spanned};
use super::glob;
use super::merge::merge;
use super::{Bounds, Sources, Survey};

impl Sources {
    /// Reads a file and all that it includes, within the usual bounds. What is wrong goes to the reader; the tree holds
    /// what could be read.
    pub fn load(path: &Path, reader: &mut Reader) -> Sources {
        Self::load_within(path, Bounds::default(), reader)
    }

    /// The same with other bounds.
    pub fn load_within(path: &Path, bounds: Bounds, reader: &mut Reader) -> Sources {
        let mut loader = Loader::new(bounds, reader);
        let unread = Source::new(path.display().to_string(), "").span(0..0);
        let file = loader.file(path, &unread);
        loader.finish(file.unwrap_or(unread))
    }

    /// The same, but what files say that are `known` is left out of the tree. They must include nothing.
    pub fn load_unknown(path: &Path, known: &dyn Fn(&Source) -> bool, reader: &mut Reader) -> Sources {
        let mut loader = Loader::new(Bounds::default(), reader);
        loader.known = Some(known);
        let unread = Source::new(path.display().to_string(), "").span(0..0);
        let file = loader.file(path, &unread);
        loader.finish(file.unwrap_or(unread))
    }

    /// The same, with another text in place of the main file's own, as if it stood there: what it includes is read from
    /// where the file is.
    pub fn load_text(path: &Path, text: String, reader: &mut Reader) -> Sources {
        let mut loader = Loader::new(Bounds::default(), reader);
        loader.main = Some(text);
        let unread = Source::new(path.display().to_string(), "").span(0..0);
        let file = loader.file(path, &unread);
        loader.finish(file.unwrap_or(unread))
    }

    /// Texts that were read before, in the order of their reading, the main one first; the disk is not asked. What a
    /// text includes is among them, so they are joined as they were then.
    pub fn from_texts(texts: Vec<Source>, reader: &mut Reader) -> Sources {
        let mut loader = Loader::new(Bounds::default(), reader);
        let mut first = None;
        for source in texts {
            let mut root = Node::parse(&source, &mut loader.reader.diagnostics);
            first.get_or_insert_with(|| root.span.clone());
            include_of(&mut root, loader.reader);
            loader.files.push(source);
            loader.take(root);
        }
        let first = first.unwrap_or_else(|| Source::new("", "").span(0..0));
        loader.finish(first)
    }

    /// One text that is no file, as in tests and for objects of a cluster: what it includes is not read.
    pub fn from_text(name: &str, text: &str, reader: &mut Reader) -> Sources {
        Self::from_texts(vec![Source::new(name, text)], reader)
    }
}

struct Loader<'a> {
    reader: &'a mut Reader,
    bounds: Bounds,
    bytes: u64,
    /// What stands in place of the first file's text.
    main: Option<String>,
    files: Vec<Source>,
    roots: Vec<Node>,
    directories: BTreeSet<PathBuf>,
    /// By their real paths: those read, and those that are being read.
    seen: HashSet<PathBuf>,
    open: Vec<PathBuf>,
    known: Option<&'a dyn Fn(&Source) -> bool>,
    of_one_key: Vec<(Source, Box<str>)>,
    unread: Vec<Source>,
    survey: Survey,
}

impl<'a> Loader<'a> {
    fn new(bounds: Bounds, reader: &'a mut Reader) -> Self {
        let (files, roots, directories) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self {
            reader,
            bounds,
            bytes: 0,
            main: None,
            files,
            roots,
            directories,
            seen: HashSet::new(),
            open: Vec::new(),
            known: None,
            of_one_key: Vec::new(),
            unread: Vec::new(),
            survey: Survey::default(),
        }
    }

    fn finish(self, span: Span) -> Sources {
        let root = merge(self.roots, span, self.reader);
        Sources {
            root,
            files: self.files,
            directories: self.directories.into_iter().collect(),
            of_one_key: self.of_one_key,
            unread: self.unread,
            survey: self.survey,
        }
    }

    /// Reads a file that is named at a place; gives the place of its tree.
    fn file(&mut self, path: &Path, named: &Span) -> Option<Span> {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if self.open.contains(&real) {
            // The files on the way, without the first one of the loop, which is this.
            let way = self.open.iter().skip_while(|open| **open != real).skip(1);
            let way: Vec<String> =
                way.map(|file| format!("`{}`", file.file_name().unwrap_or_default().to_string_lossy())).collect();
            let by = if way.is_empty() { String::new() } else { format!(", by way of {}", way.join(", ")) };
            let message = format!("`{}` includes itself{by}", path.display());
            self.reader.error("include-loop", message, named);
            return None;
        }
        if self.open.len() >= MOST_DEEP {
            let message = format!("files include each other more than {MOST_DEEP} deep");
            self.reader.error("include-depth", message, named);
            return None;
        }
        if !self.seen.insert(real.clone()) {
            return None;
        }
        let text = match self.text(path) {
            Ok(text) => text,
            Err(why) => {
                let message = format!("cannot read `{}`: {why}", path.display());
                self.reader.error("unreadable", message, named);
                self.survey.unreadable();
                self.roots.push(Node::new(Form::Broken, named.clone()));
                return None;
            }
        };
        self.survey.file(path, &text);
        let source = Source::new(path.display().to_string(), text);
        self.files.push(source.clone());
        if self.known.is_some_and(|known| known(&source)) {
            self.unread.push(source.clone());
            return Some(source.span(0..0));
        }
        let mut root = Node::parse(&source, &mut self.reader.diagnostics);
        let span = root.span.clone();
        if let Form::Map(entries) = &root.form
            && let [only] = &entries[..]
            && &*only.key.value != "include"
        {
            self.of_one_key.push((source.clone(), only.key.value.clone()));
        }
        let include = include_of(&mut root, self.reader);
        self.take(root);
        self.open.push(real);
        for pattern in include {
            self.include(&source, &pattern);
        }
        self.open.pop();
        Some(span)
    }

    /// Keeps a file's tree, which must be a map; an empty file is one without keys.
    fn take(&mut self, root: Node) {
        match root.form {
            Form::Map(_) | Form::Broken | Form::Nothing => self.roots.push(root),
            Form::Scalar { .. } | Form::List(_) => {
                self.reader.expected("a map with keys such as `listeners` and `routes`", &root, "");
                self.roots.push(Node { form: Form::Broken, ..root });
            }
        }
    }

    fn include(&mut self, source: &Source, pattern: &Spanned<String>) {
        let found = glob::find(source.directory(), pattern);
        self.survey.pattern(source.directory(), pattern, &found.files);
        self.directories.extend(found.directories);
        if found.files.is_empty() {
            let message = format!("no file is named `{}`", pattern.value);
            self.reader.report(Diagnostic::warning("include-nothing", message, &pattern.span));
        }
        let wild = pattern.contains(['*', '?']);
        for path in found.files {
            // A pattern never means the file that it stands in.
            let itself = wild && path.canonicalize().ok().as_ref() == self.open.last();
            if !itself {
                self.file(&path, &pattern.span);
            }
        }
    }

    fn text(&mut self, path: &Path) -> Result<String, String> {
        if self.files.len() >= self.bounds.files {
            return Err(format!("a configuration has at most {} files", self.bounds.files));
        }
        let left = self.bounds.bytes - self.bytes;
        let bytes = match self.main.take() {
            Some(text) => text.into_bytes(),
            None => {
                let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
                let mut bytes = Vec::new();
                file.take(left + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
                bytes
            }
        };
        if bytes.len() as u64 > left {
            return Err(format!("a configuration has at most {} bytes", self.bounds.bytes));
        }
        self.bytes += bytes.len() as u64;
        String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = memchr::memchr_iter(b'\n', good).count() + 1;
            format!("line {line} is not UTF-8")
        })
    }
}

/// How long a chain of includes may be: each one is a level of the stack.
const MOST_DEEP: usize = 16;

/// Takes `include` out of a file's tree.
fn include_of(root: &mut Node, reader: &mut Reader) -> Vec<Spanned<String>> {
    let Form::Map(entries) = &mut root.form else { return Vec::new() };
    let Some(index) = entries.iter().position(|entry| &*entry.key.value == "include") else { return Vec::new() };
    Vec::read(&entries.remove(index).value, reader).unwrap_or_default()
}
