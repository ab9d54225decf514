//! Which files a configuration was written in, so that a reload leaves those of routes unread that did not change, and
//! takes over what came of them. Knows what holds routes alone; what routes mean it does not know.
//!
//! What a route is built of besides its own text are the surroundings: every text that holds anything but routes, and
//! the files that such texts name. Where these differ, nothing is taken over. A file of which there was anything to say,
//! or that names other files, is read each time.

use crate::Document;
use foldhash::quality::FixedState;
use pintle_core::config::{FILE_LIMIT, Reader, Source, Sources, read_file};
use pintle_engine::{RouteFile, Runtime};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// The files of a configuration. The default is none, of which nothing can be taken over.
#[derive(Debug, Default)]
pub struct Written {
    /// A number that differs where the surroundings do.
    pub(crate) surroundings: u64,
    /// All files in the order of their reading.
    pub(crate) files: Vec<(Source, Holds)>,
    /// The version of the configuration of which the unread ones are known.
    pub(crate) since: Option<u64>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Part of the surroundings.
    Anything,
    /// Routes alone.
    Routes,
    /// Routes alone that are known; it was not read.
    Known,
}

impl Written {
    pub(crate) fn new(sources: &Sources, document: Option<&Document>, since: Option<u64>) -> Self {
        let mut files: Vec<_> = sources.files.iter().map(|source| (source.clone(), Holds::Anything)).collect();
        // Both are parts of all files, in the same order.
        let of_routes = sources.of_one_key.iter().filter(|(_, key)| &**key == "routes").map(|(source, _)| source);
        for (some, holds) in
            [(of_routes.collect::<Vec<_>>(), Holds::Routes), (sources.unread.iter().collect(), Holds::Known)]
        {
            let mut some = some.into_iter().peekable();
            for file in &mut files {
                if some.next_if(|one| **one == file.0).is_some() {
                    file.1 = holds;
                }
            }
        }
        let mut hasher = FixedState::default().build_hasher();
        for (source, _) in files.iter().filter(|(_, holds)| *holds == Holds::Anything) {
            hasher.write(source.name().as_bytes());
            hasher.write(&[0xff]);
            hasher.write_u64(source.digest());
        }
        for path in document.into_iter().flat_map(Document::other_files) {
            hasher.write(path.as_os_str().as_encoded_bytes());
            let digest = |bytes: Vec<u8>| FixedState::default().hash_one(bytes);
            hasher.write_u64(read_file(&path, FILE_LIMIT).map_or(0, digest));
        }
        Written { surroundings: hasher.finish(), files, since }
    }
}

/// Which files the next configuration may leave unread: those of which there was nothing to say, and that name no files.
pub(crate) fn sound(reader: &Reader) -> impl Fn(&Source) -> bool + use<> {
    let said = &reader.diagnostics;
    let about = said.iter().flat_map(|one| [&one.span].into_iter().chain(one.also.iter().map(|(span, _)| span)));
    let mut not: Vec<Source> = about.map(|span| span.source().clone()).chain(reader.naming().iter().cloned()).collect();
    not.dedup();
    // Past so many they are only counted.
    let all_are_kept = said.len() == said.iter().count();
    move |source| all_are_kept && !not.contains(source)
}

/// The files of routes that a configuration knows, by name.
pub(crate) fn known(before: &Runtime) -> HashMap<&str, &RouteFile> {
    before.origin.files.iter().map(|file| (&*file.name, file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::{ConfigPath, Diagnostic, Node, Read};

    #[test]
    fn what_there_was_anything_to_say_of_is_read_again() {
        let mut reader = Reader::new();
        let texts: Vec<Source> = ["a", "b", "c", "d"].map(|name| Source::new(name, "page.html")).into();
        let warning = Diagnostic::warning("certificate", "doubtful", &texts[0].span(0..1));
        reader.report(warning.also(&texts[1].span(0..1), "because of this"));
        let named = Node::parse(&texts[2], &mut reader.diagnostics);
        assert!(ConfigPath::read(&named, &mut reader).is_some());
        let is_sound = sound(&reader);
        assert_eq!(texts.iter().map(is_sound).collect::<Vec<_>>(), [false, false, false, true]);
        for _ in 0..20_000 {
            reader.report(Diagnostic::warning("certificate", "doubtful", &texts[0].span(0..1)));
        }
        let is_sound = sound(&reader);
        assert!(!is_sound(&texts[3]), "what is only counted may have been about anything");
    }
}
