//! The routes by the files that they were written in: those that are built, and those that are taken over.

use super::World;
use crate::document::{Document, RouteConfig};
use crate::maybe::Maybe;
use crate::written::{Holds, Written, known};
use pintle_core::config::{Node, Read, Reader, Source, Spanned};
use pintle_engine::{RouteFile, Runtime};

/// Routes as they were written.
type Routes = Vec<Maybe<Spanned<RouteConfig>>>;

/// The routes of one file.
pub(super) enum Batch<'d> {
    /// To be built. The file, if it holds routes alone.
    Written(Option<&'d Source>, Vec<&'d Spanned<RouteConfig>>),
    /// Taken over from the configuration before.
    Known(&'d Source, &'d RouteFile, &'d Runtime),
}

/// The routes of files that were left unread because they were known, and are not known now: read late.
pub(super) struct Late<'d> {
    /// The configuration that knows what is unread.
    before: Option<&'d Runtime>,
    routes: Vec<Routes>,
}

impl<'d> Late<'d> {
    /// `same` says whether what the routes before lead to is what they would lead to now.
    pub(super) fn read(written: &Written, world: &'d World, same: bool, reader: &mut Reader) -> Self {
        let before = world.before.as_deref().filter(|before| same && written.since == Some(before.version));
        if before.is_some() {
            return Late { before, routes: Vec::new() };
        }
        let unread = written.files.iter().filter(|(_, holds)| *holds == Holds::Known);
        Late { before: None, routes: unread.map(|(source, _)| routes_of(source, reader)).collect() }
    }

    /// All routes, in the order of the files.
    pub(super) fn batches(&'d self, document: &'d Document, written: &'d Written) -> Vec<Batch<'d>> {
        let mut batches = Vec::with_capacity(written.files.len() + 1);
        let mut routes = document.routes.iter().filter_map(Maybe::get).peekable();
        let mut late = self.routes.iter();
        let files = self.before.map(known).unwrap_or_default();
        for (source, holds) in &written.files {
            let alone = (*holds != Holds::Anything).then_some(source);
            let mut here = Vec::new();
            while let Some(route) = routes.next_if(|route| route.span.source() == source) {
                here.push(route);
            }
            match (holds, self.before, files.get(source.name())) {
                (Holds::Known, Some(before), Some(file)) => {
                    batches.push(Batch::Known(source, file, before));
                    continue;
                }
                (Holds::Known, ..) => here.extend(late.next().into_iter().flatten().filter_map(Maybe::get)),
                _ => {}
            }
            batches.push(Batch::Written(alone, here));
        }
        batches.push(Batch::Written(None, routes.collect()));
        batches
    }
}

fn routes_of(source: &Source, reader: &mut Reader) -> Routes {
    let root = Node::parse(source, &mut reader.diagnostics);
    root.get("routes").and_then(|routes| Read::read(routes, reader)).unwrap_or_default()
}
