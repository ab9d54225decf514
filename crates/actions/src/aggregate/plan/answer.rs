//! What a plan says of the answer.

use super::super::config::OnConflict;
use super::PartSet;
use crate::made::Made;
use pintle_core::StatusCode;
use pintle_core::template::Template;
use pintle_policies::content::Content;

/// The answer, as it is planned.
#[derive(Debug)]
pub(in super::super) struct AnswerPlan {
    pub(in super::super) status: StatusCode,
    pub(in super::super) headers: Made,
    /// Fields in place of those, in a partial answer.
    pub(in super::super) partial: Made,
    pub(in super::super) built: Built,
    pub(in super::super) stream: bool,
    pub(in super::super) fields: bool,
    pub(in super::super) etag: bool,
}

/// What the content is built of.
#[derive(Debug)]
pub(in super::super) enum Built {
    /// What is written, or every part's body under the part's name.
    Content(Content),
    /// The bodies of these parts, merged.
    Merged(Box<[usize]>, OnConflict),
    /// Nothing: `respond` gives no body.
    Nothing,
}

impl AnswerPlan {
    /// Its templates.
    pub(in super::super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let content = match &self.built {
            Built::Content(content) => Some(content),
            Built::Merged(..) | Built::Nothing => None,
        };
        let headers = self.headers.templates().chain(self.partial.templates());
        headers.chain(content.into_iter().flat_map(Content::templates))
    }

    /// The parts that it names.
    pub(in super::super) fn needs(&self) -> PartSet {
        let named = self.templates().map(PartSet::of_template).fold(PartSet::default(), PartSet::and);
        match &self.built {
            Built::Merged(parts, _) => parts.iter().fold(named, |set, part| set.with(*part)),
            Built::Content(_) | Built::Nothing => named,
        }
    }
}
