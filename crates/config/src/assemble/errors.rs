//! The pages of `errors`: files are read, templates compiled. What a file holds is read once, however many pages name it.

use super::listeners::Doors;
use crate::document::Document;
use crate::errors::ErrorsConfig;
use pintle_core::Body;
use pintle_core::config::{ConfigPath, Diagnostic, Node, Reader, Source, Spanned, open_file};
use pintle_core::step::Step;
use pintle_core::template::{Declared, Place};
use pintle_engine::pages::{self, Content, Level, Page, Pages, Replacing};
use pintle_policies::content::Content as Tree;
use pintle_policies::template;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file of a page, in bytes. It is held in memory, and written for each answer that it stands for.
const LONGEST: u64 = 1 << 20;

/// The pages of a configuration.
pub(super) struct ErrorPages {
    /// None where one is broken, which was reported.
    files: HashMap<PathBuf, Option<Content>>,
    /// Of each listener by its name, those of all listeners among them.
    listeners: Arc<[(Arc<str>, Pages)]>,
}

impl ErrorPages {
    /// Those of the top level and of the listeners.
    pub(super) fn new(document: &Document, doors: &Doors<'_>, reader: &mut Reader) -> Self {
        let mut pages = ErrorPages { files: HashMap::new(), listeners: [].into() };
        let top = pages.level(&document.errors, reader);
        let of_one = |(name, config): (&Arc<str>, &ErrorsConfig)| {
            let levels = pages.level(config, reader).into_iter().chain(top.clone()).collect();
            (Arc::clone(name), Pages::new(levels))
        };
        let listeners = doors.names().zip(doors.configs().map(|config| &config.errors)).map(of_one).collect();
        pages.listeners = listeners;
        pages
    }

    /// Those of a listener.
    pub(super) fn of_listener(&self, name: &str) -> Pages {
        self.listeners.iter().find(|(known, _)| **known == *name).map(|(_, pages)| pages.clone()).unwrap_or_default()
    }

    /// One place's; none where it says nothing.
    pub(super) fn level(&mut self, config: &ErrorsConfig, reader: &mut Reader) -> Option<Arc<Level>> {
        let mut pages = Vec::with_capacity(config.0.len());
        for (statuses, page) in &config.0 {
            let html = page.html.as_ref().and_then(|file| self.html(file, reader));
            let json = page.json.as_ref().and_then(|tree| json(tree, reader));
            pages.push((*statuses, Page { html, json, upstream: page.upstream }));
        }
        (!pages.is_empty()).then(|| Arc::new(Level::new(pages)))
    }

    /// What replaces the answers of services on a route with these pages of its own, if anything does.
    pub(super) fn replacing(&self, own: &Pages) -> Option<Step> {
        let any = own.any_for_services() || self.listeners.iter().any(|(_, pages)| pages.any_for_services());
        let replacing = Replacing { own: own.clone(), listeners: Arc::clone(&self.listeners) };
        any.then(|| Step::Edit(Box::new(move |exchange, response| replacing.replace(exchange, response))))
    }

    fn html(&mut self, file: &Spanned<ConfigPath>, reader: &mut Reader) -> Option<Content> {
        if let Some(known) = self.files.get(&***file) {
            return known.clone();
        }
        let content = match text(file) {
            Ok(text) => html(file, text, reader),
            Err(error) => {
                let message = format!("{} cannot be read: {error}", file.display());
                reader.report(Diagnostic::error("unreadable", message, &file.span));
                None
            }
        };
        self.files.insert(file.to_path_buf(), content.clone());
        content
    }
}

/// What the pages' expressions may name. They stand for routes of all kinds, so the captures of none.
fn names() -> Declared<'static> {
    Declared::request().response().problem()
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    open_file(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("it is larger than 1 MiB, and each such answer would carry all of it"));
    }
    String::from_utf8(text).map_err(|_| io::Error::other("it is not UTF-8"))
}

fn html(path: &Path, text: String, reader: &mut Reader) -> Option<Content> {
    // Mistakes are shown where they are: in the page.
    let source = Source::new(path.display().to_string(), text);
    let span = source.span(0..source.text().len());
    let template = template::compile_text(source.text(), &span, Place::Html, &names(), reader)?;
    if let Some(literal) = template.literal() {
        return Some(pages::fixed(literal.to_owned()));
    }
    Some(Arc::new(move |scope| {
        let mut out = String::new();
        template.render(scope, &mut out).ok()?;
        Some(Body::full(out))
    }))
}

fn json(tree: &Node, reader: &mut Reader) -> Option<Content> {
    let content = Tree::build(tree, &names(), reader)?;
    Some(Arc::new(move |scope| content.render(scope).ok()))
}
