//! What explains by a configuration that is or was in force: its texts, read and put together once more beside what runs, and
//! gone when the answer is made. Owns no texts and opens nothing but the files that they name; what runs is not touched.

use crate::run::Around;
use pintle_config::describe::Description;
use pintle_config::explain::{Explanation, Mistake, Question, explain};
use pintle_config::{Bundle, World, assemble, describe, load_bundle};
use pintle_engine::Runtime;
use std::path::Path;

/// A configuration, to explain by. As large as the one that runs.
pub(crate) struct Explainer {
    /// Which one it is.
    pub(crate) version: u64,
    /// What it runs as; it serves nothing, and what it counts nobody sees.
    pub(crate) runtime: Runtime,
    /// What it says.
    pub(crate) description: Description,
}

impl Explainer {
    /// Puts texts together as they were in force, in the directory of the main file. None if that cannot be any more, as a
    /// file that they name is gone. Reads files and takes seconds for a large one: not for a worker's thread.
    pub(crate) fn new(version: u64, bundle: &Bundle, directory: &Path, around: &Around) -> Option<Self> {
        let mut checked = load_bundle(bundle, directory);
        let document = checked.document.as_mut()?;
        around.adjust(document);
        let world = World::idle();
        let runtime = assemble(document, &world, &mut checked.reader)?;
        let description = describe(&checked.root, document);
        Some(Explainer { version, runtime: Runtime { version, ..runtime }, description })
    }

    /// What would become of a request under it.
    pub(crate) fn explain(&self, question: &Question) -> Result<Explanation, Mistake> {
        explain(&self.runtime, &self.description, question)
    }
}
