//! All that can be said of a configuration from its files alone: no network is asked, and nothing is opened but what the
//! configuration names as its own parts.

use crate::advise::advise;
use crate::assemble::{World, assemble};
use crate::load::load;
use pintle_core::config::Reader;
use pintle_core::template::with_large_stack;
use pintle_engine::Runtime;
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    /// Errors and warnings, in the order of the files.
    pub reader: Reader,
    /// How many routes there are; 0 with an error.
    pub routes: usize,
}

/// Checks a configuration with all that it includes.
pub fn check(path: &Path) -> Verdict {
    with_large_stack(|| look(path))
}

fn look(path: &Path) -> Verdict {
    let mut checked = load(path);
    let mut routes = 0;
    if let Some(document) = &checked.document {
        let world = World { tls: Tls::new(), metrics: Arc::new(Metrics::new(1, 0)), before: None };
        let runtime = assemble(document, &world, &mut checked.reader);
        advise(document, runtime.as_ref(), &mut checked.reader);
        routes = runtime.map_or(0, |runtime| written(&runtime));
    }
    checked.reader.diagnostics.sort();
    Verdict { reader: checked.reader, routes }
}

/// How many routes there are for whoever wrote them: one that differs by its listeners' policies is one.
fn written(runtime: &Runtime) -> usize {
    runtime.table.values().iter().map(|route| &*route.facts.name).collect::<HashSet<&str>>().len()
}
